"""What a browser is sent first: Streamlit's own page is blank until its scripts have come and run.

On a slow line that takes long, and the emergency number must not wait for it. Streamlit sends its
scripts as they are, three times as large as they need be; here they are sent compressed.
"""

import functools
import gzip
import mimetypes
import re
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

import streamlit
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from pages import _cached
from pages._frame import PAGES

OWN = Path(streamlit.__file__).parent / "static"
SHELL = OWN / "index.html"
#: Streamlit's scripts and styles; their names have a hash, so that a browser may keep them.
ASSET = re.compile(r"static/(js|css)/[\w.-]+\.(js|css)")
KEEP = "public, immutable, max-age=31536000"
TITLE = "<title>Streamlit</title>"
ROOT = '<div id="root"></div>'
#: Streamlit's parts that a list is made of. It asks for them once the script has run, and for what
#: they import after that; asked for at once they save a slow line several ways there and back.
PARTS = ("Html", "PageLink", "Selectbox", "TextInput", "BidiComponent", "Slider", "Radio")
IMPORTED = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
STYLES = ("page", "list")
#: A font may come after the words that it is for.
FONT = re.compile(r'<link\s+rel="preload"[^>]*as="font"[^>]*>')
#: What two of the pages ask: in general, and of a procedure or condition.
QUESTIONS = {
    "": ("Who near you does this procedure, and how sure is that?", "{} near you"),
    "coverage": ("Who is left out?", "{}: who is left out?"),
}
#: As many countries' numbers fit on a phone.
MOST_NUMBERS = 6
#: Shown until the page has a heading, its foot, or something to say.
BODY = """
<style>
  #cr-first { position: fixed; inset: 0; z-index: 1000000; padding: 1.2rem 1rem;
    font: 1rem/1.5 system-ui, sans-serif; background: #fff; color: #12312d; }
  #cr-first p { margin: 0 0 .6rem; max-width: 40rem; }
  #cr-first .title { font-size: 1.4rem; font-weight: 700; line-height: 1.25; }
  #cr-first a { color: inherit; font-weight: 700; }
  @media (prefers-color-scheme: dark) { #cr-first { background: #10211e; color: #eef5f3; } }
  @media print { #cr-first { display: none; } }
</style>
<div id="cr-first"><p><b>CareReach</b></p><p class="title">%s</p>%s<p>%s</p></div>
<script>
  new MutationObserver(function (_, observer) {
    if (!document.querySelector(".cr-head, .st-key-foot, [role=alert], [role=dialog]")) return;
    document.getElementById("cr-first").remove();
    observer.disconnect();
  }).observe(document.getElementById("root"), { childList: true, subtree: true });
</script>
"""
LOADING = "Loading … The first time this can take half a minute on a slow line."


class FirstBytes:
    """Middleware that answers for the app's pages; everything else is Streamlit's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            base = str(config.get_option("server.baseUrlPath") or "").strip("/")
            path = scope["path"].lstrip("/").removeprefix(base).lstrip("/")
            answer = page_answer(path, scope) or asset_answer(path, scope)
        await (answer or self.app)(scope, receive, send)


def page_answer(path: str, scope: Scope) -> Response | None:
    """One of the app's pages; None for any other path."""
    page = next((page for page in PAGES if page.url_path == path), None)
    if page is None:
        return None
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    procedure, pack = (asked.get(name, [""])[-1] for name in ("procedure", "pack"))
    whole = first_page(path, page.title, procedure, pack)
    return HTMLResponse(whole, headers={"Cache-Control": "no-cache"})


def asset_answer(path: str, scope: Scope) -> Response | None:
    """One of Streamlit's scripts and styles, compressed; None for what it sends itself."""
    takes = Headers(scope=scope).get("accept-encoding", "")
    file = OWN / path
    if "gzip" not in takes or not ASSET.fullmatch(path) or not file.is_file():
        return None
    kind, _ = mimetypes.guess_type(file.name)
    headers = {"Cache-Control": KEEP, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(compressed(file), media_type=kind, headers=headers)


@functools.lru_cache(maxsize=512)
def compressed(file: Path) -> bytes:
    """A file of an installed package, which does not change while the server runs."""
    return gzip.compress(file.read_bytes(), mtime=0)


def first_page(url_path: str, title: str, procedure: str = "", pack: str = "") -> str:
    """Streamlit's page with a title, the emergency numbers and what is loading in it.

    Parameters
    ----------
    url_path, title
        Of the page.
    procedure
        The slug in the address; one that nobody knows is not shown.
    pack
        The name in the address: its country says in which English the procedure is called.
    """
    entry = _cached.library(_cached.country_of(pack)).get(procedure)
    asked, of_entry = QUESTIONS.get(url_path, (title, ""))
    if entry is not None and of_entry:
        asked = of_entry.format(entry.title)
    numbers = [
        f'{escape(country)} <a href="tel:{escape(number)}">{escape(number)}</a>'
        for country, number in _cached.emergency_numbers()[:MOST_NUMBERS]
    ]
    help_now = f"<p>Emergency number: {', '.join(numbers)}</p>" if numbers else ""
    body = BODY % (escape(asked), help_now, LOADING)
    head = f"<title>{escape(title)} · CareReach</title>"
    return shell().replace(TITLE, head).replace(ROOT, ROOT + body)


@functools.cache
def shell() -> str:
    """Streamlit's page, which asks at once for all scripts that a list needs."""
    page = FONT.sub("", SHELL.read_text("utf-8"))
    found = [file for part in PARTS for file in sorted((OWN / "static/js").glob(f"{part}.*.js"))]
    for file in found:  # which grows
        names = IMPORTED.findall(file.read_text("utf-8"))
        found += [path for name in names if (path := file.with_name(name)) not in found]
    wanted = [f"./static/js/{file.name}" for file in found] + ["./app/static/list.js"]
    links = [
        f'<link rel="modulepreload" crossorigin href="{at}">' for at in wanted if at not in page
    ]
    links += [f'<link rel="preload" as="style" href="./app/static/{name}.css">' for name in STYLES]
    return page.replace("</head>", "".join(links) + "</head>")
