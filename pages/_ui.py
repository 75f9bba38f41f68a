"""What the pages share: data opened once, styles, the list component, small HTML."""

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from geo import report
from geo.errors import CareReachError
from geo.find import Assessed, assess_pack
from geo.packs import Pack, open_pack
from geo.procedures import Procedure, open_library
from geo.text import escape

HERE = Path(__file__).parent
STATIC = HERE.parent / "static"
VENDOR = STATIC / "vendor"
LEAFLET = ("leaflet.js", "leaflet.css")


@st.cache_resource(show_spinner=False)
def pack(name: str) -> Pack:
    """A pack, opened once for all sessions; never changed."""
    return open_pack(name)


@st.cache_resource(show_spinner=False)
def library() -> dict[str, Procedure]:
    """The procedure library, read once."""
    return open_library()


@st.cache_resource(show_spinner=False, max_entries=32)
def assessed(pack_name: str, slug: str, today: dt.date) -> Assessed:
    """A pack seen with one procedure; a new day makes a new one."""
    return assess_pack(pack(pack_name), library()[slug], today)


def style() -> None:
    """The app's own name and styles, for light and dark alike."""
    dark = st.context.theme.type == "dark"
    st.logo(str(STATIC / f"logo-{'dark' if dark else 'light'}.svg"), size="medium")
    st.html(HERE / "_page.css")


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


def ground(of: Pack) -> str | None:
    """Where a pack's base map lies below `static/`; new with each version of the pack."""
    name = f"geo/{of.name}.json"
    return f"{name}?v={of.hash[:8]}" if (STATIC / name).exists() else None


def entered(page: str) -> None:
    """Remember which page was shown before this one."""
    if st.session_state.get("page") != page:
        st.session_state["came_from"] = st.session_state.get("page")
    else:
        st.session_state["came_from"] = page
    st.session_state["page"] = page


def footer() -> None:
    """Who says all this, and what leaves the server."""
    st.html(
        '<footer class="cr-footer">No substitute for medical care. Every statement names its '
        "source and date; nothing is sponsored. This page asks no third party for anything: your "
        "place and your search stay between your browser and this server.</footer>"
    )


def urgent(procedure: Procedure, answer_pack: Pack, seen: tuple[str, str] | None) -> None:
    """Red flags with the emergency number, and the first step, side by side."""
    st.html(report.urgent_html(procedure, answer_pack, seen))


def explainer(procedure: Procedure) -> None:
    """The short form of an entry, for the panel beside the map."""
    st.html(f'<div class="cr-panel">{report.short_form_html(procedure)}</div>')
    st.page_link(
        "pages/procedures.py",
        label="Full text with sources",
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


def print_button() -> None:
    """A button that opens the browser's own print dialogue."""
    component = st.components.v2.component(
        "carereach_print",
        html='<button type="button">Print</button>',
        css="button { font: 600 1rem var(--st-font); padding: .5rem 1.2rem; cursor: pointer;"
        " color: var(--st-text-color); background: var(--st-secondary-background-color);"
        " border: 1px solid currentColor; border-radius: 8px; }",
        js="""
export default function ({ parentElement }) {
  parentElement.querySelector("button").onclick = () => window.print();
}
""",
    )
    component(key="print", width="content")
