"""Small parts that several pages show: components of our own, and HTML around entries."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
import yaml
from streamlit.delta_generator import DeltaGenerator

from geo.care.entry import Procedure
from geo.care.library import suggest_procedures
from geo.errors import CareReachError
from geo.output import entry_html
from geo.output.answer_text import BY, min_text
from geo.output.handouts import rows_html
from geo.output.pictures import as_png
from geo.packs.pack import Pack, list_packs, pack_folder, read_descriptor
from geo.paths import STATIC
from geo.text import escape
from geo.travel.measure import IN_MINUTES, Measure
from geo.units import KM_PER_MI, UNITS, Units, threshold_number
from pages import _cached

_BUTTON_CSS = (STATIC / "button.css").read_text("utf-8")
_SUGGEST_CSS = (STATIC / "suggest.css").read_text("utf-8")
LABELS: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "labels.yaml").read_text("utf-8")
)
MEASURE_LABELS = {m: f"minutes {by}" if m in IN_MINUTES else by for m, by in BY.items()}
RADII_KM = (2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500)
#: The same for miles, as kilometres of the precision that an address has.
RADII_MI_KM = tuple(
    float(f"{KM_PER_MI * miles:g}")
    for miles in (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300)
)
#: What a place is, where the word of the data says little to a reader.
_PLACE_KINDS = {"facility": "hospital or practice"}
MINUTES = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 420, 600)


#: Inside addresses, arrows, signs of comparison and :names:.
_MADE_OF_TEXT = re.compile(
    r"(?<=:)(?=[/\w])|(?<=@)(?=\w)|(?<=www)(?=\.)|(?<=[-<>=~])(?=[-<>=~])", re.IGNORECASE
)


def plain(text: str) -> str:
    """Text where Streamlit reads Markdown: every mark is taken literally.

    Streamlit makes links, arrows and its own sign of what Markdown has understood already: a word
    joiner, which nobody sees, stands where it looks for them.
    """
    parted = _MADE_OF_TEXT.sub("\u2060", " ".join(text.split()))
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$&@/=" else c for c in parted)


def urgent(
    procedure: Procedure,
    of: Pack,
    seen: tuple[str, str] | None,
    *,
    here: bool = True,
    opens: bool = False,
) -> None:
    """Red flags with the emergency number, and the first step, side by side."""
    st.html(entry_html.urgent_html(procedure, of, seen, here=here, opens=opens))


def explainer(procedure: Procedure, treatments: Mapping[str, dict[str, str]]) -> None:
    """The short form of an entry beside the map; treatments: title to the address that asks."""
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


_LIST_JS = """
export default async function (component) {
  const list = await import(new URL("app/static/list.js", document.baseURI).href);
  list.default(component);
}
"""


def rows(kind: str, data: Mapping[str, Any], key: str, on_select: Callable[[], None]) -> None:
    """Rows to choose from ("list" or "table"): JSON in, text nodes shown, the chosen id back."""
    # Only this travels with each run; script and styles are fetched once from `static/`.
    html = f'<link rel="stylesheet" href="app/static/{kind}.css"><div id="root"></div>'
    script = _LIST_JS.replace("list", kind)
    component = st.components.v2.component(f"carereach_{kind}", html=html, js=script)
    component(data=data, key=key, on_select_change=on_select)


@dataclass(frozen=True)
class Suggested:
    """What a text box suggests: label, what it is, and what choosing it types (the label)."""

    rows: Sequence[tuple[str, ...]]
    noun: str
    #: Whether a click into the box shows all there is.
    whole: bool = False


def suggestions(box: str, suggest: Callable[[str], Suggested]) -> None:
    """A list under the text box of that key, for what is being typed there.

    The caller is a fragment, so that typing runs nothing else.
    """
    key = f"suggested_{box}"
    typed = (st.session_state.get(f"{key}_list") or {}).get("typed") or ""
    found = suggest(typed)
    nouns = f"{found.noun} is" if len(found.rows) == 1 else f"{found.noun}s are"
    component = st.components.v2.component(
        f"carereach_{key}",
        html=f'<ul id="cr-{box}" class="cr-suggested" role="listbox" '
        f'aria-label="{found.noun.capitalize()}s" hidden></ul>'
        '<p class="cr-told" role="status"></p>',
        css=_SUGGEST_CSS,
        js=_LIST_JS.replace("list", "suggest"),
        # In the page itself: the box must be able to name the list that belongs to it.
        isolate_styles=False,
    )
    data = {
        "box": box,
        "typed": typed,
        "suggested": found.rows,
        "whole": found.whole,
        "told": f"{len(found.rows)} {nouns} suggested. Use the arrow keys.",
    }
    with st.container(key=key):
        component(data=data, key=f"{key}_list", on_typed_change=lambda: None)


def place_box(of: Pack, on_change: Callable[[], None]) -> None:
    """The text box "Near", which suggests places."""

    @st.fragment
    def suggested() -> None:
        suggestions("w_near", lambda typed: Suggested(place_rows(of, typed), "place"))

    st.text_input("Near", key="w_near", placeholder="Where are you?", on_change=on_change)
    suggested()


def place_rows(of: Pack, typed: str) -> list[tuple[str, ...]]:
    """Places that what was typed may become, each with where or what it is."""
    return [
        (place.label, place.near or _PLACE_KINDS.get(place.kind, place.kind))
        for place in _cached.suggested(of, typed)
    ]


def procedure_box(key: str, asks: str, of: Pack, on_change: Callable[[], None]) -> None:
    """The text box for a procedure or condition, which finds it by every name it goes by."""

    @st.fragment
    def suggested() -> None:
        suggestions(
            key, lambda typed: Suggested(procedure_rows(typed, of), "procedure", whole=True)
        )

    with st.container(key=f"box_{key}"):
        st.text_input("Procedure or condition", key=key, placeholder=asks, on_change=on_change)
        suggested()


def procedure_rows(typed: str, of: Pack) -> list[tuple[str, ...]]:
    """Entries that what was typed may mean, each with its name that says so; or a search."""
    found = suggest_procedures(_cached.library(of.country), typed)
    rows: list[tuple[str, ...]] = [
        (entry.title, name if name != entry.title else "") for entry, name in found
    ]
    return rows or [(f"Search for “{typed.strip()}”", "", typed.strip())]


def locate_button(key: str, on_spot: Callable[[], None]) -> None:
    """A button that asks the browser where it is; its state's `spot` is "latitude, longitude"."""
    component = st.components.v2.component(
        f"carereach_{key}",
        html='<button type="button">Use my location</button><p role="status"></p>',
        css=(STATIC / "locate.css").read_text("utf-8"),
        js=_LIST_JS.replace("list", "locate"),
    )
    with st.container(key=f"{key}_box"):
        component(key=key, on_spot_change=on_spot)


#: Streamlit keeps how far a page was scrolled when other content takes its place.
_TOP_JS = """
export default function ({ parentElement }) {
  if (parentElement.begun) return;
  parentElement.begun = true;
  if (!location.hash) document.querySelector('[data-testid="stMain"]').scrollTo(0, 0);
}
"""


def begin_at_top(key: str) -> None:
    """Show the top of the page once for each key, unless the address names a section."""
    st.components.v2.component("carereach_top", html="<span></span>", js=_TOP_JS)(key=key)


def read_aloud(key: str, language: str) -> None:
    """Buttons that have the browser read the page aloud, in a language such as "en-GB"."""
    begun = {"back": "Previous sentence", "on": "Next sentence", "stop": "Stop"}
    buttons = '<button type="button" data-do="play">Read aloud</button>' + "".join(
        f'<button type="button" data-do="{name}" hidden>{label}</button>'
        for name, label in begun.items()
    )
    component = st.components.v2.component(
        "carereach_speak",
        html=f'<div role="group" aria-label="Read aloud">{buttons}'
        '<span role="status"></span></div>',
        css=_BUTTON_CSS,
        js=_LIST_JS.replace("list", "speak"),
    )
    component(key=key, data={"language": language})


def download(label: str, data: Any, name: str, **more: Any) -> None:
    """A download that needs no further run; its kind follows from the name's ending."""
    kind = LABELS["downloads"][name.rpartition(".")[2]]
    st.download_button(label, data, name, kind, on_click="ignore", **more)


def pictures(name: str, draw: Callable[[], str], what: str = "map") -> None:
    """A map or chart as PNG and as SVG, drawn when it is asked for."""
    download(f"Download {what} as PNG", lambda: as_png(draw()), f"{name}-{what}.png")
    download(f"Download {what} as SVG", draw, f"{name}-{what}.svg")


def pack_choice(key: str, first: str) -> str:
    """One of the packs, by its name; the first is chosen until the reader chooses."""
    names = list(list_packs())
    return st.selectbox(
        "Data",
        names,
        index=names.index(first) if first in names else 0,
        format_func=pack_title,
        key=key,
    )


def pack_title(name: str) -> str:
    """What a pack is called; its name where that cannot be read."""
    try:
        return str(read_descriptor(pack_folder(name))["title"])
    except CareReachError:
        return name


def table(title: str, columns: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    """A table of text; on a phone it is moved sideways, by keyboard too."""
    head = "".join(f"<th scope='col'>{escape(words)}</th>" for words in columns)
    st.html(
        f'<div class="cr-scroll" role="region" aria-label="{escape(title)}" tabindex="0">'
        f'<table class="cr-table"><thead><tr>{head}</tr></thead><tbody>{rows_html(rows)}</tbody>'
        "</table></div>"
    )


def browser_button(key: str, label: str, action: str) -> None:
    """A button for what only the browser can do; in the JavaScript, `button` is the element."""
    component = st.components.v2.component(
        f"carereach_{key}",
        html=f'<button type="button">{escape(label)}</button>',
        css=_BUTTON_CSS,
        js="export default function ({ parentElement }) {"
        ' const button = parentElement.querySelector("button");'
        f" button.onclick = () => {{ {action} }}; }}",
    )
    component(key=key, width="content")


def threshold_steps(unit: str) -> tuple[Sequence[float], Callable[[float], str]]:
    """Thresholds to choose from, in km or minutes, and how each is told in "km", "mi" or "min"."""
    if unit == "min":
        return MINUTES, min_text
    steps = RADII_MI_KM if unit == "mi" else RADII_KM
    return steps, lambda km: f"{threshold_number(km, unit)} {unit}"


def units_choice(key: str, change: Callable[..., None]) -> None:
    """Kilometres or miles."""
    st.radio(
        "Distances in",
        UNITS,
        key=key,
        format_func={"km": "Kilometres", "mi": "Miles"}.__getitem__,
        horizontal=True,
        on_change=lambda: change(units=st.session_state[key]),
    )


def threshold_slider(
    column: DeltaGenerator,
    key: str,
    measure: Measure,
    units: Units,
    within: float,
    change: Callable[[str], None],
) -> None:
    """How far: a slider of kilometres, miles or minutes, which tells what was chosen."""
    minutes = measure.unit == "min"
    by = f" {BY[measure.name]}" if minutes else ""
    steps, words = threshold_steps("min" if minutes else units)
    column.select_slider(
        f"Within {words(within)}{by}",
        sorted({*steps, within}),
        key=key,
        format_func=words,
        on_change=lambda: change(f"{st.session_state[key]:g}"),
    )
