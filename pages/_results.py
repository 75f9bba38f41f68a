"""The parts of the Find page."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import streamlit as st

from geo import explain, offline, report, words
from geo.find import SHOW, Answer
from geo.places import Place, find_place
from geo.procedures import find_procedure
from geo.road_edits import SOURCE as ROADS_SOURCE
from geo.roads import RoadsDownError
from geo.text import escape
from geo.travel import MODES
from pages import _state, _ui
from pages._state import Problem, View

ORDER_WORDS = {"evidence": "Strongest evidence", "distance": "Nearest"}
MEASURE_WORDS = {
    "road": "by road",
    "straight": "in a straight line",
    "drive": "minutes by car",
    "walk": "minutes on foot",
}
SHOW_WORDS = {
    "all": "Everybody who may do it",
    "likely": "Likely or better",
    "reported": "Reported or confirmed",
    "confirmed": "Confirmed only",
    "not_offered": "Only those on record as not doing it",
}
FILTER_WORDS = {
    "kind": "Who",
    "specialty": "Specialty",
    "language": "Language",
    "gender": "Gender",
    "telehealth": "By video or telephone",
    "accepting": "Takes new patients",
    "wheelchair": "Wheelchair access",
    "emergency": "Emergency department",
    "open_now": "Open now",
}
FILTER_ANY = "Any"
FILTER_NOTE = "Only what is on record counts: who does not say is left out, and counted."
MOST_ROWS = 100
#: So many rows can be opened in a map app: the positions of all would weigh too much.
MOST_PLACED = 30
PURPOSE = (
    "CareReach shows who may do a procedure near you, how sure that is, and who says so. "
    "This is an example; change anything above."
)
MEANINGS = """<dl class="cr-words">
<dt>Confirmed</dt><dd>An official page, a register or payment records say that it is done here, at
most 3 years ago. For hospital and primary care: the register lists the place as such.</dd>
<dt>Reported</dt><dd>Somebody else says so, or it was said longer ago.</dd>
<dt>Likely</dt><dd>The doctors it takes are on record here. Nobody has said that it is done.</dd>
<dt>Unknown</dt><dd>A place of a kind that could do it. Nothing decisive is on record.</dd>
<dt>Old, no date</dt><dd>What this rests on is more than 3 years old, or has no date.</dd>
<dt>Another source disagrees</dt><dd>An older or undated statement says the opposite.</dd>
<dt>Related service</dt><dd>Something close to it is done here, which makes it more likely.</dd>
<dt>About, estimates</dt><dd>Road kilometres are published only between towns. The way to and from
them is estimated.</dd></dl>"""


def title(view: View) -> None:
    """The browser's title, one per view."""
    where = view.found.place.label if view.found.place else view.near
    st.set_page_config(page_title=f"{view.procedure.title} near {where} · CareReach")


def picked_procedure() -> None:
    """A title from the list, or any words for it."""
    typed = st.session_state["w_procedure"] or ""
    match = find_procedure(_ui.library(), typed)
    if match.procedure:
        _state.go(procedure=match.procedure.slug, provider="")
        if match.corrected:
            _state.tell(Problem(f"“{typed}” was read as {match.procedure.title}."))
    elif typed:
        _state.tell(_state.unknown_procedure(typed, match, _state.read_view().procedure))


def typed_place() -> None:
    """A place by any spelling; what nobody knows stays in the box."""
    typed = st.session_state["w_near"]
    view = _state.read_view()
    found = find_place(_ui.gazetteer(view.pack), typed)
    if found.place:
        _state.go(near=found.place.label, provider="")
        if found.corrected:
            _state.tell(Problem(f"“{typed}” was read as {found.place.label}."))
    elif found.choices:
        _state.go(near=typed, provider="")
    else:
        shown = view.near if view.found.place else ""
        _state.tell(_state.unknown_place(found, shown), w_near=typed)


def controls(view: View) -> None:
    """Procedure, place, radius, and the one switch."""
    titles = [entry.title for entry in _ui.library().values()]
    radii = sorted({*_state.RADII_KM, view.radius_km})
    _state.show_value("w_procedure", view.procedure.title)
    _state.show_value("w_near", view.near)
    _state.show_value("w_radius", view.radius_km)
    _state.show_value("w_within_min", view.within_min)
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
        where.text_input(
            "Near", key="w_near", placeholder="Place, or latitude, longitude", on_change=typed_place
        )
        if view.measure in MODES:
            within.select_slider(
                f"Within {words.min_words(view.within_min)} {words.BY[view.measure]}",
                sorted({*_state.MINUTES, view.within_min}),
                key="w_within_min",
                format_func=words.min_words,
                on_change=lambda: _state.go(within_min=f"{st.session_state['w_within_min']:g}"),
            )
        else:
            within.select_slider(
                f"Within {view.radius_km:g} km",
                radii,
                key="w_radius",
                format_func=lambda km: f"{km:g} km",
                on_change=lambda: _state.go(radius_km=f"{st.session_state['w_radius']:g}"),
            )
        first.radio(
            "Show first",
            list(ORDER_WORDS),
            key="w_order",
            format_func=ORDER_WORDS.__getitem__,
            horizontal=True,
            on_change=lambda: _state.go(order=st.session_state["w_order"]),
        )


def problems(view: View, answer: Answer | None = None) -> None:
    """What was not understood, one sentence each, with what to click instead."""
    # Always a container: if what comes after moved, the browser would draw the map anew.
    with st.container(key="problems"):
        if answer is not None and answer.trouble and not answer.outside_km:
            stand_in = f"Shown instead: within {words.threshold_words(answer)}."
            st.warning(_ui.plain(f"{answer.trouble} {stand_in}"))
            if answer.down:
                _ui.wait_for_roads(view.pack)
        for number, problem in enumerate(view.problems):
            st.warning(_ui.plain(problem.sentence))
            if problem.offers:
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.html("<span>Did you mean:</span>", width="content")
                    for label, changes in problem.offers:
                        st.button(
                            _ui.plain(label),
                            key=f"offer_{number}_{label}",
                            on_click=_state.go,
                            kwargs=changes,
                        )


def more_choices(view: View) -> None:
    """What is seldom needed: the measure, and who is shown."""
    _state.show_value("w_measure", view.measure)
    _state.show_value("w_show", view.show)
    with st.popover("More choices"):
        st.radio(
            "Measure",
            _state.measures_of(view.pack),
            key="w_measure",
            format_func=MEASURE_WORDS.__getitem__,
            on_change=lambda: _state.go(measure=st.session_state["w_measure"]),
        )
        engine, why = _ui.engine(view.pack)
        if engine is None:
            st.caption(_ui.plain(why))
        st.radio(
            "Show",
            list(SHOW_WORDS),
            key="w_show",
            format_func=SHOW_WORDS.__getitem__,
            on_change=lambda: _state.go(show=st.session_state["w_show"]),
        )
    with st.popover("What the words mean"):
        st.html(MEANINGS)


def filters(view: View) -> None:
    """What the list can be narrowed to, where the pack has the data."""
    known = _ui.filter_choices(view.pack)
    if not known:
        return
    labels = _ui.specialty_labels()
    said = _state.filter_address(view.filters)
    on = sum(bool(value) for value in said.values())
    with st.popover(f"Filters ({on})" if on else "Filters"):
        for name, values in known.items():
            parameter = _state.NAMES.get(name, name)
            key = f"w_filter_{name}"
            if values:
                shown = {"": FILTER_ANY, **{v: value_words(name, v, labels) for v in values}}
                _state.show_value(key, getattr(view.filters, name))
                st.selectbox(
                    FILTER_WORDS[name],
                    list(shown),
                    key=key,
                    format_func=shown.__getitem__,
                    on_change=filtered,
                    args=(parameter, key),
                )
            else:
                _state.show_value(key, getattr(view.filters, name))
                st.checkbox(FILTER_WORDS[name], key=key, on_change=filtered, args=(parameter, key))
        st.html(f'<p class="cr-note">{escape(FILTER_NOTE)}</p>')
        if on:
            st.button("Clear all", on_click=_state.go, kwargs=dict.fromkeys(said, ""))


def filtered(parameter: str, key: str) -> None:
    """A filter was set or let go."""
    value = st.session_state[key]
    if isinstance(value, bool):
        value = _state.ON.get(key.removeprefix("w_filter_"), "yes") if value else ""
    _state.go(**{parameter: value, "provider": ""})


def value_words(name: str, value: str, specialties: Mapping[str, str]) -> str:
    """A filter's value for a reader."""
    if name == "specialty":
        return specialties.get(value, value.replace("-", " ").capitalize())
    return {"facility": "Hospitals and other places", "practitioner": "Doctors and others"}.get(
        value, value.capitalize()
    )


def filter_note(answer: Answer, view: View) -> str:
    """What the filters left out for want of data."""
    if not view.filters or not answer.silent:
        return ""
    return (
        f" Filters are on; {answer.silent:,} in the whole data do not say what you ask for and "
        "are left out."
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
                _ui.plain(f"{choice.label} ({choice.kind})"),
                key=f"choice_{choice.place_id}",
                on_click=_state.go,
                kwargs={"near": choice.label, "provider": ""},
            )
            hospital = seen(choice)
            if hospital:
                st.html(
                    f'<p class="cr-note">Nearest hospital: {escape(hospital[0])}, '
                    f"{escape(hospital[1])}.</p>"
                )


def headline(view: View, answer: Answer) -> None:
    """What is asked, how many were found, and what else could be asked."""
    lead, rest = words.count_words(answer)
    hidden = sum(answer.counts[s] for s in SHOW[answer.show] if s in answer.counts)
    hidden -= len(answer.results)
    more = f" Shown: the first {len(answer.results)}." if hidden > 0 else ""
    purpose = "" if st.query_params else f'<p class="cr-note">{PURPOSE}</p>'
    st.html(
        f'<div class="cr-head">{purpose}<h1>{escape(view.procedure.title)} near '
        f"{escape(answer.place.label)}</h1>"
        f'<p role="status"><strong>{escape(lead)}</strong> {escape(rest)}'
        f"{more}{escape(filter_note(answer, view))}</p></div>"
    )
    with st.container(key="outside"):
        if answer.outside_km:
            st.info(_ui.plain(words.outside_words(answer)))
            st.button(
                _ui.plain(f"Back to {view.pack.default_place}"),
                on_click=_state.go,
                kwargs={"near": view.pack.default_place, "provider": ""},
            )
    with st.container(horizontal=True, key="choices", vertical_alignment="center", gap="small"):
        for other in _namesakes(view, answer):
            st.button(
                _ui.plain(f"Not the {answer.place.name} in {other.within}? Switch"),
                key=f"other_{other.place_id}",
                type="tertiary",
                on_click=_state.go,
                kwargs={"near": other.label, "provider": ""},
            )
        more_choices(view)
        filters(view)
    _examples(view)


def _examples(view: View) -> None:
    """On a first visit, other questions to try."""
    with st.container(horizontal=True, key="examples", vertical_alignment="center", gap="small"):
        if st.query_params:
            return
        st.html("<span>Or try:</span>", width="content")
        library = _ui.library()
        known = [e for e in view.pack.examples if e["procedure"] in library]
        for number, example in enumerate(known):
            title = library[example["procedure"]].title
            st.button(
                _ui.plain(f"{title} near {example['near']}"),
                key=f"example_{number}",
                type="tertiary",
                on_click=_state.go,
                kwargs={**example, "provider": ""},
            )


def _namesakes(view: View, answer: Answer) -> list[Place]:
    """Other places of the same name, which the reader may have meant."""
    if answer.place.kind == "point":
        return []
    found = find_place(_ui.gazetteer(view.pack), answer.place.name)
    return [c for c in found.choices if c.place_id != answer.place.place_id and c.within][:2]


def list_data(view: View, answer: Answer, lines: list[words.Line]) -> dict:
    """The list as plain values for the component.

    Words that many rows share travel once, in `texts`, and what a row lacks does not travel.
    """
    texts: dict[str | None, int] = {None: 0}

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
            "badges": [[kind, shared(badge)] for kind, badge in line.badges],
            "distance": line.distance,
            "detail": line.detail,
            "reason": shared(line.reason),
            "source": [shared(line.source), shared(line.source_url)],
            "against": statements(line.against),
            "notices": statements(line.notices),
            "basis": statements(line.basis),
            "history": statements(tuple(s for s in line.history if s not in line.against)),
            "related": statements(line.related),
            "services": statements(line.services if line.provider_id == view.provider else ()),
            "others": len(line.services),
            "note": line.note,
            "facts": line.facts,
            "reach": shared(line.reach),
            "phone": line.phone,
            "farther": line.farther,
            "at": [round(line.lat, 5), round(line.lon, 5)] if line.number <= MOST_PLACED else None,
        }
        rows.append({key: value for key, value in row.items() if value})
    return {
        "selected": view.provider,
        "farther": words.farther_words(answer),
        "empty": _empty(answer, lines) if answer.results.empty else None,
        "words": words.STATUS_WORDS,
        "texts": list(texts),
        "rows": rows,
    }


def _empty(answer: Answer, shown: list[words.Line]) -> dict:
    """The designed answer where nobody is near."""
    seen = words.seen_at_words(answer)
    within = words.threshold_words(answer)
    if sum(answer.counts.values()) and answer.show != "not_offered":
        return {
            "title": "Nobody of the kind you chose",
            "lines": [f"Others are known within {within}: under More choices, show everybody."],
        }
    if answer.narrowed:
        lines = ["Others may be near: let go of a filter to see them."]
        lines += ["Farther away, below, are the nearest who pass."] if shown else []
        if answer.pack.emergency_number:
            lines.append(f"In an emergency ring {answer.pack.emergency_number}.")
        return {"title": f"Nobody within {within} passes your filters", "lines": lines}
    if answer.show == "not_offered":
        return {"title": "Nobody is on record as not doing it", "lines": [f"Within {within}."]}
    lines = []
    if seen:
        lines.append(f"The nearest hospital where you can be seen is {seen[0]}, {seen[1]}.")
    if shown:
        lines.append("Farther away, below, are the nearest who may do it.")
    lines.append(f"In an emergency ring {answer.pack.emergency_number}.")
    return {"title": f"Nobody within {within}", "lines": lines}


def markers(lines: list[words.Line]) -> list[list]:
    """Rows for the map."""
    return [
        [line.provider_id, line.number, line.name, line.status, line.distance, line.lat, line.lon]
        for line in lines
    ]


def caption(answer: Answer, *, shaded: bool) -> None:
    """What the map's signs mean."""
    if answer.within_min is not None:
        _timed_caption(answer, shaded=shaded)
        return
    bound = (
        f"Nothing outside the circle ({answer.radius_km:g} km in a straight line) can be within "
        f"{answer.radius_km:g} km by road."
        if answer.measure == "road"
        else f"The circle is {answer.radius_km:g} km in a straight line."
    )
    _legend(answer, bound)


def _timed_caption(answer: Answer, *, shaded: bool) -> None:
    """The same where the list is cut by minutes."""
    source = answer.pack.sources.get(ROADS_SOURCE)
    roads = f"{source.title}, {source.as_of or 'no date'}" if source else "© OpenStreetMap"
    area = (
        f"Shaded: what can be reached in {words.threshold_words(answer)}, without traffic or "
        "waiting."
        if shaded
        else "The area that can be reached is not drawn: the road service gave none."
    )
    _legend(answer, f"{area} {roads}.")


def _legend(answer: Answer, bound: str) -> None:
    """What the map's signs mean, and how far it looks."""
    borders = f" Borders: {escape(answer.pack.borders)}." if answer.pack.borders else ""
    ground = "Hatched: no data." if answer.pack.outline is not None else "Land is not drawn."
    st.html(
        '<p class="cr-note">Numbers match the list. Square = confirmed, double ring = reported, '
        f"filled = likely, dashed = unknown. {escape(bound)} {ground} Click the map to "
        f"search from there.{borders} Drawn here; no map service sees your search.</p>"
    )


def reached(answer: Answer) -> tuple[dict | None, float]:
    """What the map shades: the area within the minutes, or a circle's radius in km."""
    if answer.within_min is None:
        return None, answer.radius_km
    place = answer.place
    try:
        area = _ui.reached(answer.pack, place.lat, place.lon, answer.within_min, answer.measure)
    except RoadsDownError:
        area = None
    return area, 0.0


def way_drawn(view: View, answer: Answer, lines: list[words.Line]) -> list[tuple[float, float]]:
    """The way to the row that was chosen, where minutes are measured."""
    chosen = [line for line in lines if line.provider_id == view.provider]
    if answer.within_min is None or not chosen:
        return []
    ends = (answer.place.lat, answer.place.lon), (chosen[0].lat, chosen[0].lon)
    try:
        way = _ui.way_to(answer.pack, *ends, answer.measure)
    except RoadsDownError:
        return []
    return [(round(lat, 5), round(lon, 5)) for lat, lon in way.line] if way else []


def downloads(view: View, answer: Answer, lines: list[words.Line], today: dt.date) -> None:
    """The list to take along."""
    place = re.sub(r"[^a-z0-9]+", "-", view.near.lower()).strip("-")
    name = f"carereach-{view.procedure.slug}-{place}"
    with st.container(horizontal=True, key="downloads"):
        st.link_button("Print leaflet", "?" + urlencode(view.address(view=_state.PRINT)))
        # Made with every run, so that a click needs no further answer from the server.
        for label, content, ending, kind in (
            ("CSV", report.answer_csv, "csv", "text/csv"),
            ("GeoJSON", report.answer_geojson, "geojson", "application/geo+json"),
        ):
            st.download_button(
                f"Download {label}",
                content(answer, lines),
                f"{name}.{ending}",
                kind,
                on_click="ignore",
            )
        # Made when it is asked for: the map's script is in it.
        st.download_button(
            "Download page for offline",
            lambda: offline.patient_report(
                answer, lines, today, reached(answer)[0], way_drawn(view, answer, lines)
            ),
            f"{name}.html",
            "text/html",
            on_click="ignore",
        )
        _ui.browser_button(
            "copy",
            "Copy link",
            "navigator.clipboard.writeText(location.href)"
            '.then(() => { button.textContent = "Copied"; });',
        )


def printed(view: View, answer: Answer, today: dt.date) -> None:
    """The print view: nothing but what belongs on paper, and a way to print and back."""
    with st.container(horizontal=True, key="downloads", vertical_alignment="center"):
        _ui.browser_button("print", "Print", "window.print();")
        st.page_link("pages/find.py", label="Back to the list", query_params=view.address())
    st.html(explain.leaflet_html(answer, words.describe(answer), today))
