"""The parts of the Find page."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from geo import report, words
from geo.find import Answer
from geo.places import Place, find_place, outside_km
from geo.procedures import Library
from geo.text import escape
from pages import _state, _ui
from pages._state import View

ORDER_WORDS = {"evidence": "Strongest evidence", "distance": "Nearest"}
MEASURE_WORDS = {"road": "by road", "straight": "in a straight line"}
SHOW_WORDS = {
    "all": "Everybody who may do it",
    "likely": "Likely or better",
    "reported": "Reported or confirmed",
    "confirmed": "Confirmed only",
    "not_offered": "Only those on record as not doing it",
}
OUTSIDE_KM = 20
MOST_ROWS = 100


def title(view: View) -> None:
    """The browser's title, one per view."""
    where = view.found.place.label if view.found.place else view.near
    st.set_page_config(page_title=f"{view.procedure.title} near {where} · CareReach")


def controls(
    view: View,
    library: Library,
    picked_procedure: Callable[[], None],
    typed_place: Callable[[], None],
) -> None:
    """Procedure, place, radius, the one switch, and what is seldom needed."""
    titles = [entry.title for entry in library.values()]
    radii = sorted({*_state.RADII_KM, view.radius_km})
    _state.show_value("w_procedure", view.procedure.title)
    _state.show_value("w_near", view.near)
    _state.show_value("w_radius", view.radius_km)
    _state.show_value("w_order", view.order)
    with st.container(key="controls"):
        what, where, within, first = st.columns([28, 28, 24, 30])
        what.selectbox(
            "Procedure or condition",
            titles,
            key="w_procedure",
            accept_new_options=True,
            on_change=picked_procedure,
        )
        where.text_input("Near", key="w_near", on_change=typed_place)
        within.select_slider(
            f"Within {view.radius_km:g} km {MEASURE_WORDS[view.measure]}",
            radii,
            key="w_radius",
            format_func=lambda km: f"{km:g} km",
            on_change=lambda: _state.go(view, radius_km=f"{st.session_state['w_radius']:g}"),
        )
        first.radio(
            "Show first",
            list(ORDER_WORDS),
            key="w_order",
            format_func=ORDER_WORDS.__getitem__,
            horizontal=True,
            on_change=lambda: _state.go(view, order=st.session_state["w_order"]),
        )


def more_choices(view: View) -> None:
    """What is seldom needed: the measure, and who is shown."""
    _state.show_value("w_measure", view.measure)
    _state.show_value("w_show", view.show)
    with st.popover("More choices"):
        st.radio(
            "Measure",
            list(MEASURE_WORDS),
            key="w_measure",
            format_func=MEASURE_WORDS.__getitem__,
            on_change=lambda: _state.go(view, measure=st.session_state["w_measure"]),
        )
        st.radio(
            "Show",
            list(SHOW_WORDS),
            key="w_show",
            format_func=SHOW_WORDS.__getitem__,
            on_change=lambda: _state.go(view, show=st.session_state["w_show"]),
        )


def which_one(view: View, seen: Callable[[Place], tuple[str, str] | None]) -> None:
    """A name that means several places is asked about, never guessed."""
    st.html(
        f'<div class="cr-head"><h1>Which {escape(view.near.strip())}?</h1>'
        f"<p>{escape(view.found.problem)}</p></div>"
    )
    for choice in view.found.choices:
        with st.container(border=True, width=520):
            st.button(
                plain(f"{choice.label} ({choice.kind})"),
                key=f"choice_{choice.place_id}",
                on_click=_state.go,
                args=(view,),
                kwargs={"near": choice.label, "provider": ""},
            )
            hospital = seen(choice)
            if hospital:
                st.html(
                    f'<p class="cr-note">Nearest hospital: {escape(hospital[0])}, '
                    f"{escape(hospital[1])}.</p>"
                )


def plain(text: str) -> str:
    """Text for a label that Streamlit reads as Markdown: every mark is taken literally."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$&" else c for c in text)


def headline(view: View, answer: Answer) -> None:
    """What is asked, how many were found, and what else the name could have meant."""
    lead, rest = words.count_words(answer)
    st.html(
        f'<div class="cr-head"><h1>{escape(view.procedure.title)} near '
        f"{escape(answer.place.label)}</h1>"
        f"<p><strong>{escape(lead)}</strong> {escape(rest)}</p></div>"
    )
    away = outside_km(view.pack.outline, answer.place.lat, answer.place.lon)
    if away > OUTSIDE_KM:
        st.info(
            f"This place is about {away:.0f} km outside {view.pack.country}. Nothing is known "
            "here beyond its border."
        )
    _examples(view, answer)


def _examples(view: View, answer: Answer) -> None:
    """Namesakes of the place; on a first visit, other questions to try."""
    others = _namesakes(view, answer)
    examples = () if st.query_params else view.pack.examples
    with st.container(horizontal=True, key="examples", vertical_alignment="center", gap="small"):
        for other in others:
            st.button(
                plain(f"Not the {answer.place.name} in {other.within}? Switch"),
                key=f"other_{other.place_id}",
                type="tertiary",
                on_click=_state.go,
                args=(view,),
                kwargs={"near": other.label, "provider": ""},
            )
        more_choices(view)
        if examples:
            st.html("<span>Or try:</span>", width="content")
        for number, example in enumerate(examples):
            title = _ui.library()[example["procedure"]].title
            st.button(
                plain(f"{title} near {example['near']}"),
                key=f"example_{number}",
                type="tertiary",
                on_click=_state.go,
                args=(view,),
                kwargs={**example, "provider": ""},
            )


def _namesakes(view: View, answer: Answer) -> list:
    if answer.place.kind == "point":
        return []
    found = find_place(view.pack.places, answer.place.name)
    return [c for c in found.choices if c.place_id != answer.place.place_id and c.within][:2]


def list_data(view: View, answer: Answer, lines: list[words.Line]) -> dict:
    """The list as plain values for the component.

    Words that many rows share travel once, in `texts`, and what a row lacks does not travel.
    """
    texts: dict[str | None, int] = {}

    def shared(text: str | None) -> int:
        return texts.setdefault(text, len(texts))

    def statements(said: tuple[words.Statement, ...]) -> list:
        return [[shared(s.text), shared(s.source), shared(s.url)] for s in said]

    rows = []
    for line in lines:
        row = {
            "id": line.provider_id,
            "name": line.name,
            "status": line.status,
            "badges": [[kind, shared(words)] for kind, words in line.badges],
            "distance": line.distance,
            "detail": line.detail,
            "reason": shared(line.reason),
            "source": [shared(line.source), shared(line.source_url)],
            "against": statements(line.against),
            "notices": statements(line.notices),
            "basis": statements(line.basis),
            "history": statements(tuple(s for s in line.history if s not in line.against)),
            "reach": shared(line.reach),
            "phone": line.phone,
            "farther": line.farther,
        }
        rows.append({key: value for key, value in row.items() if value or value == 0})
    return {
        "selected": view.provider,
        "farther": words.farther_words(answer),
        "empty": _empty(answer) if answer.results.empty else None,
        "words": words.STATUS_WORDS,
        "texts": list(texts),
        "rows": rows,
    }


def _empty(answer: Answer) -> dict:
    """The designed answer where nobody is near."""
    seen = words.seen_at_words(answer)
    within = f"{answer.radius_km:g} km {MEASURE_WORDS[answer.measure]}"
    if sum(answer.counts.values()):
        return {
            "title": "Nobody of the kind you chose",
            "lines": [
                f"Others are known within {within}: choose Everybody under More to see them."
            ],
        }
    lines = []
    if seen:
        lines.append(f"The nearest hospital where you can be seen is {seen[0]}, {seen[1]}.")
    lines.append("Farther away, below, are the nearest who may do it.")
    lines.append(f"In an emergency ring {answer.pack.emergency_number}.")
    return {"title": f"Nobody within {within}", "lines": lines}


def markers(lines: list[words.Line]) -> list[list]:
    """Rows for the map."""
    return [
        [line.provider_id, line.number, line.name, line.status, line.distance, line.lat, line.lon]
        for line in lines
    ]


def caption(answer: Answer) -> None:
    """What the map's signs mean."""
    bound = (
        f"Nothing outside the circle ({answer.radius_km:g} km in a straight line) can be within "
        f"{answer.radius_km:g} km by road."
        if answer.measure == "road"
        else f"The circle is {answer.radius_km:g} km in a straight line."
    )
    st.html(
        '<p class="cr-note">Numbers match the list. Square = confirmed, double ring = reported, '
        f"filled = likely, dashed = unknown. {escape(bound)} Hatched: no data. Click the map to "
        "search from there. Borders: Natural Earth, approximate. Drawn here; no map service sees "
        "your search.</p>"
    )


def downloads(view: View, answer: Answer) -> None:
    """The list to take along."""
    name = f"carereach-{view.procedure.slug}"
    with st.container(horizontal=True, key="downloads"):
        st.link_button("Print list + leaflet", "?" + urlencode(view.address(view="print")))
        st.download_button(
            "Download CSV",
            lambda: report.answer_csv(answer),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
        )
        st.download_button(
            "GeoJSON",
            lambda: report.answer_geojson(answer),
            f"{name}.geojson",
            "application/geo+json",
            on_click="ignore",
        )


def printed(view: View, answer: Answer, today: dt.date) -> None:
    """The print view: nothing but what belongs on paper, and a way to print and back."""
    st.html("<style>header, .cr-footer, [data-testid=stHeader] {display: none !important}</style>")
    with st.container(horizontal=True, key="downloads", vertical_alignment="center"):
        _ui.print_button()
        st.page_link("pages/find.py", label="Back to the list", query_params=view.address())
    st.html(report.print_html(answer, today))
