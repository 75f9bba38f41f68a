"""What a browser has before any script has run."""

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from pages._first_bytes import ASSET, OWN, FirstBytes, first_page, shell
from pages._frame import PAGES


async def streamlits(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b"Streamlit's"})


def get(path: str, query: str = "", accepts: str = "gzip") -> tuple[dict[str, str], bytes]:
    """The headers, all in small letters, and the body of an answer."""
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"accept-encoding", accepts.encode())],
    }
    # In a thread of its own: a browser that tests share keeps an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(FirstBytes(streamlits)(scope, receive, send))).result()
    headers = {key.decode(): value.decode() for key, value in said[0]["headers"]}
    return headers, b"".join(message.get("body", b"") for message in said)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_a_page_begins_with_its_title_and_every_countrys_number(page: Any) -> None:
    headers, body = get(f"/{page.url_path}")
    text = body.decode("utf-8")
    assert headers["content-type"].startswith("text/html")
    assert f"<title>{page.title} · CareReach</title>" in text
    assert 'Bhutan <a href="tel:112">112</a>' in text
    assert 'the United States <a href="tel:911">911</a>' in text
    assert '<div id="root"></div>' in text  # where Streamlit draws


def test_the_procedure_of_the_address_is_named_and_nonsense_is_not() -> None:
    assert "Haemodialysis near you" in first_page("", "Find care", "haemodialysis")
    assert "Hemodialysis near you" in first_page("", "Find care", "haemodialysis", "us")
    assert "Haemodialysis near you" in first_page("", "Find care", "haemodialysis", "nonsense")
    assert "Haemodialysis: who is left out?" in first_page("coverage", "Coverage", "haemodialysis")
    for nonsense in ("nobody", "<script>alert(1)</script>", "../x", "\0"):
        _, body = get("/", f"procedure={nonsense}&near={nonsense}")
        assert body == get("/")[1]


def test_all_else_is_streamlits() -> None:
    for path in (
        "/_stcore/health",
        "/nobody",
        "/coverage/",
        "/static/js/nobody.js",
        "/static/../x",
    ):
        assert get(path)[1] == b"Streamlit's", path
    assert not ASSET.fullmatch("static/js/../../config.py")


def test_streamlits_scripts_are_sent_compressed_to_whom_takes_it() -> None:
    file = max((OWN / "static/js").glob("*.js"), key=lambda path: path.stat().st_size)
    headers, body = get(f"/static/js/{file.name}")
    assert gzip.decompress(body) == file.read_bytes()
    assert headers["content-encoding"] == "gzip"
    assert "javascript" in headers["content-type"]
    assert "immutable" in headers["cache-control"]
    assert get(f"/static/js/{file.name}", accepts="identity")[1] == b"Streamlit's"


def test_what_is_asked_for_at_once_exists() -> None:
    class Links(HTMLParser):
        found: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "link" and dict(attrs).get("rel") in ("preload", "modulepreload"):
                self.found.append(str(dict(attrs)["href"]))

    Links().feed(shell())
    own = [at for at in Links.found if not at.startswith("./app/static/")]
    assert len(own) > 60
    assert len(own) == len(set(own))
    assert [at for at in own if not (OWN / at).is_file()] == []
