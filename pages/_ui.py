"""What the pages share: data opened once, header and footer, components, small HTML."""

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from geo import report
from geo.errors import CareReachError
from geo.find import Assessed, assess_pack
from geo.packs import BASE_MAP, DESCRIPTOR, Pack, open_pack, pack_folder
from geo.places import Gazetteer
from geo.procedures import Procedure, open_library
from geo.text import escape

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
LEAFLET = ("leaflet.js", "leaflet.css")


def pack(name: str) -> Pack:
    """A pack, opened once for all sessions and again when it has changed; never altered."""
    folder = pack_folder(name)
    descriptor = folder / DESCRIPTOR
    return _pack(folder, descriptor.stat().st_mtime_ns)


@st.cache_resource(show_spinner=False, max_entries=8)
def _pack(folder: Path, changed: int) -> Pack:
    return open_pack(folder)


def _key(of: Pack) -> tuple[str, str]:
    """What tells packs apart: two folders may hold copies of one descriptor."""
    return str(of.folder), of.hash


@st.cache_resource(show_spinner=False)
def library() -> dict[str, Procedure]:
    """The procedure library, read once."""
    return open_library()


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: _key})
def gazetteer(of: Pack) -> Gazetteer:
    """A pack's places, ready to be searched."""
    return Gazetteer(of.places)


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: _key})
def assessed(of: Pack, slug: str, today: dt.date) -> Assessed:
    """A pack seen with one procedure; a new day makes a new one."""
    return assess_pack(of, library()[slug], today)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: _key})
def ground(of: Pack) -> str | dict | None:
    """Where a pack's base map lies below `static/`, or itself where it is not public."""
    name = f"geo/{of.name}.json"
    own = of.folder / BASE_MAP
    if not own.exists():
        return None
    if (STATIC / name).exists() and own.read_bytes() == (STATIC / name).read_bytes():
        return f"{name}?v={of.hash[:8]}"
    return json.loads(own.read_text("utf-8"))


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


def header(pages: list) -> None:
    """Name and pages, visible at every width; Streamlit's own menu hides on a phone."""
    # Imported and not inlined: the browser fetches it once, instead of with every run.
    st.html('<style>@import url("app/static/page.css");</style>')
    with st.container(horizontal=True, key="nav", vertical_alignment="center", gap="small"):
        st.html('<span class="cr-brand">CareReach</span>', width="content")
        for page in pages:
            st.page_link(page)


def entered(page: str) -> None:
    """Remember which page was shown before this one."""
    st.session_state["came_from"] = st.session_state.get("page")
    st.session_state["page"] = page


def footer() -> None:
    """Who says all this, and what leaves the server."""
    st.html(
        '<footer class="cr-footer">No substitute for medical care. Every statement names its '
        "source and date; the Data page lists them all. Nothing is sponsored. This page asks no "
        "third party for anything: your place and your search stay between your browser and this "
        "server.</footer>"
    )


def plain(text: str) -> str:
    """Text where Streamlit reads Markdown: every mark is taken literally."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$&@/" else c for c in text)


def urgent(procedure: Procedure, of: Pack, seen: tuple[str, str] | None) -> None:
    """Red flags with the emergency number, and the first step, side by side."""
    st.html(report.urgent_html(procedure, of, seen))


def explainer(procedure: Procedure) -> None:
    """The short form of an entry, for the panel beside the map."""
    st.html(f'<div class="cr-panel">{report.short_form_html(procedure)}</div>')
    st.page_link(
        "pages/procedures.py",
        label="Full text with all sources",
        query_params={"procedure": procedure.slug},
    )
    st.html(f'<p class="cr-note">{escape(report.reviewed_words(procedure))}</p>')


#: Only this travels with each run; the script and its styles are fetched once from `static/`.
_LIST_HTML = '<link rel="stylesheet" href="app/static/list.css"><div id="root"></div>'
_LIST_JS = """
export default async function (component) {
  const list = await import(new URL("app/static/list.js", document.baseURI).href);
  list.default(component);
}
"""


def result_list(data: dict, key: str, on_select: Callable[[], None]) -> None:
    """The list of results: JSON in, text nodes on screen, the chosen row's id back."""
    component = st.components.v2.component("carereach_list", html=_LIST_HTML, js=_LIST_JS)
    component(data=data, key=key, on_select_change=on_select)


def browser_button(key: str, label: str, action: str) -> None:
    """A button for what only the browser can do.

    Parameters
    ----------
    key
        Of the component.
    label
        On the button.
    action
        JavaScript; `button` is the element.
    """
    component = st.components.v2.component(
        f"carereach_{key}",
        html=f'<button type="button">{escape(label)}</button>',
        css="button { font: 400 1rem var(--st-font); min-height: 2.5rem; padding: .25rem .75rem;"
        " cursor: pointer; color: var(--st-text-color); background: none; border-radius: 8px;"
        " border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }"
        "button:focus-visible { outline: 3px solid var(--st-primary-color); }",
        js="export default function ({ parentElement }) {"
        ' const button = parentElement.querySelector("button");'
        f" button.onclick = () => {{ {action} }}; }}",
    )
    component(key=key, width="content")
