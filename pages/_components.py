"""Small parts that several pages show: components of our own, and HTML around entries."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from geo.care.entry import Procedure
from geo.output import entry_html
from geo.output.answer_text import BY, min_text
from geo.packs.pack import Pack
from geo.text import escape
from geo.travel.measure import Measure

RADII_KM = (2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500)
MINUTES = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 420, 600)


def plain(text: str) -> str:
    """Text where Streamlit reads Markdown: every mark is taken literally."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$&@/" else c for c in text)


def urgent(
    procedure: Procedure, of: Pack, seen: tuple[str, str] | None, *, opens: bool = False
) -> None:
    """Red flags with the emergency number, and the first step, side by side."""
    st.html(entry_html.urgent_html(procedure, of, seen, opens=opens))


def explainer(procedure: Procedure, treatments: Mapping[str, dict[str, str]]) -> None:
    """The short form of an entry, for the panel beside the map.

    Parameters
    ----------
    procedure
        The entry.
    treatments
        Titles of the procedures that treat it, each with the address that asks who does it here.
    """
    st.html(f'<div class="cr-panel">{entry_html.short_form_html(procedure)}</div>')
    st.page_link(
        "pages/procedures.py",
        label="Full text with all sources",
        query_params={"procedure": procedure.slug},
    )
    for title, address in treatments.items():
        label = plain(f"Find who does this near here: {title}")
        st.page_link("pages/find.py", label=label, query_params=address)
    st.html(f'<p class="cr-note">{escape(entry_html.reviewed_text(procedure))}</p>')


#: Only this travels with each run; the script and its styles are fetched once from `static/`.
_LIST_HTML = '<link rel="stylesheet" href="app/static/list.css"><div id="root"></div>'
_LIST_JS = """
export default async function (component) {
  const list = await import(new URL("app/static/list.js", document.baseURI).href);
  list.default(component);
}
"""


def result_list(data: Mapping[str, Any], key: str, on_select: Callable[[], None]) -> None:
    """The list of results: JSON in, text nodes on screen, the chosen row's id back."""
    component = st.components.v2.component("carereach_list", html=_LIST_HTML, js=_LIST_JS)
    component(data=data, key=key, on_select_change=on_select)


_TABLE_HTML = '<link rel="stylesheet" href="app/static/table.css"><div id="root"></div>'
_TABLE_JS = _LIST_JS.replace("list", "table")


def table(data: Mapping[str, Any], key: str, on_select: Callable[[], None]) -> None:
    """A table whose rows can be chosen: JSON in, text nodes on screen, the chosen row's id back."""
    component = st.components.v2.component("carereach_table", html=_TABLE_HTML, js=_TABLE_JS)
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


def threshold_slider(
    column: DeltaGenerator, key: str, measure: Measure, within: float, change: Callable[[str], None]
) -> None:
    """How far: a slider of kilometres or of minutes, which tells what was chosen."""
    minutes = measure.unit == "min"
    by = f" {BY[measure.name]}" if minutes else ""
    words: Callable[[float], str] = min_text if minutes else "{:g} km".format
    column.select_slider(
        f"Within {words(within)}{by}",
        sorted({*(MINUTES if minutes else RADII_KM), within}),
        key=key,
        format_func=words,
        on_change=lambda: change(f"{st.session_state[key]:g}"),
    )
