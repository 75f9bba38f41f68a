"""What stands around every page: its files, header and footer, and the way between pages."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st
from streamlit.navigation.page import Page

from geo.errors import CareReachError
from geo.packs.database import store_address
from geo.packs.shared import store_problem
from geo.paths import VENDOR
from geo.text import escape
from pages import _cached
from pages._session import Key

LEAFLET = ("leaflet.js", "leaflet.css")
_FRAME = '[title^="streamlit_folium"]'
_COLUMN = '[data-testid="stColumn"]'
_BARE = (
    ".st-key-nav, .st-key-foot, .cr-footer, .st-key-phone_switch, .st-key-downloads "
    "{ display: none !important; }"
)
#: What an embedded page shows of itself (`embed=true&part=map`), as styles.
PARTS = {
    "map": f"{_BARE} .st-key-controls, .st-key-choices, .cr-urgent, .cr-figures, "
    f"{_COLUMN}:not(:has(iframe{_FRAME})):not(.st-key-controls *) {{ display: none !important; }}",
    "list": f"{_BARE} {_COLUMN}:has(iframe{_FRAME}), "
    f"{_COLUMN}:has(.cr-panel) {{ display: none !important; }}",
}


@dataclass(frozen=True)
class SitePage:
    """A page of the app: its file, its title, and its address."""

    file: str
    title: str
    url_path: str


#: The pages, in the order of the header; the first is the one without an address of its own.
PAGES = (
    SitePage("pages/find.py", "Find care", ""),
    SitePage("pages/procedures.py", "Procedures", "procedures"),
    SitePage("pages/coverage.py", "Coverage", "coverage"),
    SitePage("pages/stories.py", "Stories", "stories"),
    SitePage("pages/data.py", "Data", "data"),
    SitePage("pages/method.py", "Method", "method"),
)
#: Pages that the footer leads to.
IN_FOOTER = ("Method",)


@st.cache_resource(show_spinner=False)
def serve_leaflet() -> None:
    """Put Leaflet from the installed package where the browser can fetch it from the app."""
    import js_lib_leaflet

    source = Path(js_lib_leaflet.__file__).parent / "static" / "js_lib_leaflet"
    try:
        VENDOR.mkdir(parents=True, exist_ok=True)
        for name in LEAFLET:
            beside = VENDOR / f"{name}.{os.getpid()}.part"
            shutil.copyfile(source / name, beside)
            os.replace(beside, VENDOR / name)
    except OSError as error:
        if not all((VENDOR / name).exists() for name in LEAFLET):
            raise CareReachError(
                f"The map's files cannot be written to static/vendor ({error.strerror}); make that "
                "folder writable once, or copy leaflet.js and leaflet.css there."
            ) from error


def may_write() -> bool:
    """Whether visitors may change the packs of this server (`CAREREACH_UPLOADS=off` forbids it)."""
    return os.environ.get("CAREREACH_UPLOADS", "on").lower() != "off"


def header(pages: list[Page]) -> None:
    """Name and pages, visible at every width; Streamlit's own menu hides on a phone."""
    # Imported and not inlined: the browser fetches it once, instead of with every run.
    st.html('<style>@import url("app/static/page.css");</style>')
    part = st.query_params.get("part") or st.session_state.get(Key.PART)
    if part in PARTS:
        st.session_state[Key.PART] = part
        st.html(f"<style>{PARTS[part]}</style>")
    with st.container(horizontal=True, key="nav", vertical_alignment="center", gap="small"):
        st.html('<span class="cr-brand">CareReach</span>', width="content")
        for page in pages:
            if page.title not in IN_FOOTER:
                st.page_link(page)


def need_router() -> None:
    """Begin again where a page was run without app.py.

    Streamlit takes `pages/` for its own older kind of app until `st.navigation` has been called
    once: the first visitor of a fresh server who follows a link to a page would get it bare.
    """
    if Key.PAGE not in st.session_state:
        st.navigation(site(), position="hidden")
        st.rerun()


def site() -> list[Page]:
    """The pages for Streamlit's router."""
    return [
        st.Page(
            page.file, title=page.title, url_path=page.url_path or None, default=page is PAGES[0]
        )
        for page in PAGES
    ]


def keep_address(page: str) -> None:
    """Write the address of a link within a page into the browser.

    `st.page_link` to the page one is on reruns it with the new address and leaves the old one in
    the browser, so that reload, Back and the next click would go astray. Only what such links
    change is looked at: a run that the map sent before the browser had the newest address must
    not bring an older one back.
    """
    now = (page, st.query_params.to_dict())
    seen = st.session_state.get(Key.LAST_ADDRESS, now)
    st.session_state[Key.LAST_ADDRESS] = now
    linked = ("procedure", "view", "q", "specialty", "story", "step")
    if page == seen[0] and any(now[1].get(key) != seen[1].get(key) for key in linked):
        st.query_params.from_dict(now[1])


def entered(page: str, url_path: str) -> None:
    """Remember which page was shown before this one, and at which address."""
    if page not in IN_FOOTER:
        asked = urlencode(st.query_params.to_dict())
        st.session_state[Key.CAME_AT] = f"/{url_path}?{asked}" if asked else f"/{url_path}"
    st.session_state[Key.CAME_FROM] = st.session_state.get(Key.PAGE)
    st.session_state[Key.PAGE] = page


def report_link(at: str) -> str:
    """Where an error is reported, with the page it is about; "" where nobody has named a place.

    `CAREREACH_CONTACT` is a mail address, or an `https://` address that takes `title` and `body`
    (a new issue, say).
    """
    contact = os.environ.get("CAREREACH_CONTACT", "").strip()
    subject, body = "CareReach: an error", f"On the page: {at or '/'}\n\nWhat is wrong: "
    if re.fullmatch(r"(mailto:)?[^\s@:/<>\"]+@[^\s@/<>\"]+", contact):
        words = urlencode({"subject": subject, "body": body}, quote_via=quote)
        return escape(f"mailto:{contact.removeprefix('mailto:')}?{words}")
    if re.fullmatch(r"https?://[^\s<>\"]+", contact):
        joint = "&" if "?" in contact else "?"
        return escape(contact + joint + urlencode({"title": subject, "body": body}))
    return ""


def footer() -> None:
    """Who says all this, and what leaves the server."""
    with st.container(horizontal=True, key="foot", gap="small"):
        st.page_link("pages/method.py", label="Method, privacy and how to report an error")
    service, _, trouble = _cached.tile_service()
    who = "your browser, this server and its database"
    asks = (
        "This page asks no third party for anything: your place and your search stay between "
        f"{who if store_address() else 'your browser and this server'}."
    )
    if service:
        asks = (
            f"The pictures of the map come from {urlsplit(service).hostname}, which sees your "
            "internet address and which part of the map you look at. Nothing else leaves "
            f"{'this server and its database' if store_address() else 'this server'}."
        )
    st.html(
        '<footer class="cr-footer">No substitute for medical care. Every statement names its '
        "source and date; the Data page lists them all. Nothing is sponsored. "
        f"{escape(' '.join(filter(None, (asks, trouble, store_problem()))))}</footer>"
    )
