"""What the Find page shows of an answer."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from geo.care.american import language
from geo.care.find import SHOW, Answer
from geo.output import downloads, handouts, maps, reports
from geo.output.answer_text import (
    STATUS_LABELS,
    Row,
    Statement,
    answer_rows,
    count_text,
    farther_text,
    outside_text,
    seen_at_text,
    threshold_text,
)
from geo.output.easy_read import easy_read_html
from geo.output.pictures import answer_picture
from geo.packs.gazetteer import Place
from geo.sources.roads import SOURCE as ROADS_SOURCE
from geo.text import escape
from geo.travel.measure import OVER_TERRAIN
from geo.travel.times import MODES
from geo.travel.valhalla import RoadsDownError
from geo.units import threshold_number
from pages import _address, _cached, _components
from pages._address import FindView
from pages._components import plain
from pages._find_controls import filters, more_choices

MOST_ROWS = 100
#: So many places of the same name are offered beside the one that is shown.
MOST_OTHERS = 4
#: So many rows can be opened in a map app: the positions of all would weigh too much.
MOST_PLACED = 30
#: What can be printed.
_SHEETS = {
    _address.PRINT: "One-page leaflet",
    _address.LARGE: "Large print",
    _address.EASY: "Easy read",
}


def headline(view: FindView, answer: Answer) -> None:
    """What is asked, how many were found, and what else could be asked."""
    lead, rest = count_text(answer)
    more = f" Listed: the first {len(answer.results)}." if _unlisted(answer) else ""
    more += " The map shows the others too." if more_in_view(view, answer) else ""
    silent = answer.assessed.silent if view.filters else 0
    if silent:
        more += f" Filters are on; {silent:,} in the whole data do not say what you ask for and"
        more += " are left out."
    st.html(
        f'<div class="cr-head"><h1>{escape(view.procedure.title)} near '
        f"{escape(answer.place.shown)}</h1>"
        f'<p role="status"><strong>{escape(lead)}</strong> {escape(rest)}'
        f"{more}</p></div>"
    )
    with st.container(key="outside"):
        if answer.outside_km:
            countries = " and ".join(_cached.countries())
            st.info(plain(f"{outside_text(answer)} There is data for {countries}."))
            st.button(
                plain(f"Back to {view.pack.default_place}"),
                on_click=_address.change_find,
                kwargs={"near": view.pack.default_place, "provider": ""},
            )
    with st.container(horizontal=True, key="choices", vertical_alignment="center", gap="small"):
        _other_places(answer, _namesakes(view, answer))
        more_choices(view)
        filters(view)
    _examples(view)


def _unlisted(answer: Answer) -> int:
    """How many within the threshold are not in the list."""
    counted = sum(answer.counts[s] for s in SHOW[answer.search.show] if s in answer.counts)
    return max(counted - len(answer.results), 0)


def more_in_view(view: FindView, answer: Answer) -> str:
    """What the map asks for to draw those who are not listed; "" where it need not, or cannot."""
    if not _unlisted(answer) or view.filters:
        return ""
    asked = {"pack": view.pack.name, "procedure": view.procedure.slug, "show": answer.search.show}
    return urlencode(asked)


def _examples(view: FindView) -> None:
    """On a first visit, other questions to try."""
    with st.container(horizontal=True, key="examples", vertical_alignment="center", gap="small"):
        if st.query_params:
            return
        st.html("<span>Or try:</span>", width="content")
        library = _cached.library(view.pack.country)
        known = [e for e in view.pack.examples if e["procedure"] in library]
        for number, example in enumerate(known):
            title = library[example["procedure"]].title
            st.button(
                plain(f"{title} near {example['near']}"),
                key=f"example_{number}",
                type="tertiary",
                on_click=_address.change_find,
                kwargs={**example, "provider": ""},
            )


def _other_places(answer: Answer, namesakes: Sequence[Place]) -> None:
    """One click to another place of the same name."""
    name = answer.place.name
    one = len(namesakes) == 1
    if not namesakes:
        return
    with st.container() if one else st.popover(plain(f"Not this {name}?")):
        for other in namesakes:
            words = f"Not the {name} in {other.within}? Switch" if one else other.label
            st.button(
                plain(words),
                key=f"other_{other.place_id}",
                type="tertiary",
                on_click=_address.change_find,
                kwargs={"near": other.label, "provider": ""},
            )


def _namesakes(view: FindView, answer: Answer) -> list[Place]:
    """Other places of the same name, which the reader may have meant."""
    if answer.place.kind == "point":
        return []
    match = _cached.place_match(view.pack, answer.place.name)
    return [c for c in match.every if c.place_id != answer.place.place_id and c.within][
        :MOST_OTHERS
    ]


LIST, MAP = "List", "Map"


def phone_switch() -> None:
    """List or map: on a phone one of them is shown, elsewhere both are, side by side."""
    with st.container(key="phone_switch"):
        chosen = st.segmented_control(
            "Show",
            [LIST, MAP],
            default=LIST,
            key="w_phone",
            label_visibility="collapsed",
            width="stretch",
        )
    # Out of sight and out of reach, but as wide as it was: a map without a size cannot be drawn.
    hidden = (
        ".st-key-charted { visibility: hidden; max-height: 0; flex: none !important; "
        "overflow: hidden; }"
    )
    if chosen == MAP:
        hidden = ".st-key-listed { display: none; }"
    st.html(f"<style>@media (max-width: 640px) {{ {hidden} }}</style>")


def list_data(answer: Answer, rows: Sequence[Row], selected: str | None) -> dict[str, Any]:
    """The list as plain values for the component.

    Words that many rows share travel once, in `texts`, and what a row lacks does not travel.
    """
    texts: dict[str | None, int] = {None: 0}

    def shared(text: str | None) -> int:
        return texts.setdefault(text, len(texts))

    def statements(said: Iterable[Statement]) -> list[list[int]]:
        return [[shared(s.text), shared(s.source), shared(s.url)] for s in said]

    sent = []
    for row in rows:
        values = {
            "id": row.provider_id,
            "name": row.name,
            "status": row.status,
            "badges": [[kind, shared(badge)] for kind, badge in row.badges],
            "distance": row.distance,
            "detail": row.detail,
            "reason": shared(row.reason),
            "source": [shared(row.source), shared(row.source_url)],
            "against": statements(row.against),
            "notices": statements(row.notices),
            "basis": statements(row.basis),
            "history": statements(s for s in row.history if s not in row.against),
            "related": statements(row.related),
            "services": statements(row.services if row.provider_id == selected else ()),
            "others": len(row.services),
            "note": row.note,
            "facts": row.facts,
            "reach": shared(row.reach),
            "phone": row.phone,
            "phoneShown": row.phone_shown,
            "page": row.record_url,
            "farther": row.farther,
            "at": [round(row.lat, 5), round(row.lon, 5)] if row.number <= MOST_PLACED else None,
        }
        sent.append({key: value for key, value in values.items() if value})
    return {
        "selected": selected,
        "farther": farther_text(answer),
        "empty": _empty(answer, rows) if answer.results.empty else None,
        "words": STATUS_LABELS,
        "texts": list(texts),
        "rows": sent,
    }


def _empty(answer: Answer, shown: Sequence[Row]) -> dict[str, Any]:
    """The designed answer where nobody is near."""
    seen = seen_at_text(answer)
    within = threshold_text(answer)
    if sum(answer.counts.values()) and answer.search.show != "not_offered":
        return {
            "title": "Nobody of the kind you chose",
            "lines": [f"Others are known within {within}: under More choices, show everybody."],
        }
    if answer.assessed.narrowed:
        lines = ["Others may be near: let go of a filter to see them."]
        lines += ["Farther away, below, are the nearest who pass."] if shown else []
        if answer.pack.emergency_number and not answer.outside_km:
            lines.append(f"In an emergency call {answer.pack.emergency_number}.")
        return {"title": f"Nobody within {within} passes your filters", "lines": lines}
    if answer.search.show == "not_offered":
        return {"title": "Nobody is on record as not doing it", "lines": [f"Within {within}."]}
    lines = []
    if seen:
        lines.append(f"The nearest hospital where you can be seen is {seen[0]}, {seen[1]}.")
    if shown:
        lines.append("Farther away, below, are the nearest who may do it.")
    if answer.pack.emergency_number and not answer.outside_km:
        lines.append(f"In an emergency call {answer.pack.emergency_number}.")
    return {"title": f"Nobody within {within}", "lines": lines}


def caption(answer: Answer, *, shaded: bool, more: bool) -> None:
    """What the map's signs mean, and how far it looks."""
    far = f"{threshold_number(answer.radius_km, answer.units)} {answer.units}"
    if answer.measure.name == OVER_TERRAIN:
        bound = (
            f"Nothing outside the circle ({far} in a straight line) can be reached in "
            f"{threshold_text(answer)}. {escape(str(answer.pack.terrain.get('title', '')))}."
        )
    elif answer.measure.unit == "min":
        source = answer.pack.sources.get(ROADS_SOURCE)
        roads = f"{source.title}, {source.as_of or 'no date'}" if source else "© OpenStreetMap"
        area = (
            f"Shaded: what can be reached in {threshold_text(answer)}, without traffic or waiting."
            if shaded
            else "The area that can be reached is not drawn: the road service gave none."
        )
        bound = f"{area} {roads}."
    elif answer.measure.is_bound:
        bound = f"The circle is {far} in a straight line."
    else:
        bound = (
            f"Nothing outside the circle ({far} in a straight line) can be within {far} by road."
        )
    others = ""
    if more:
        others = (
            " Small signs are others on record, within reach or not; +12 stands for 12 of them, "
            "with the frame of the strongest."
        )
    borders = f" Borders: {escape(answer.pack.borders)}." if answer.pack.borders else ""
    ground = "Hatched: no data." if answer.pack.outline is not None else "Land is not drawn."
    st.html(
        '<p class="cr-note">Numbers match the list. Square = confirmed, double ring = reported, '
        f"filled = likely, dashed = unknown.{others} {escape(bound)} {ground} Click the map to "
        f"search from there.{borders} Drawn here; no map service sees your search.</p>"
    )


def search_map(view: FindView, answer: Answer, rows: Sequence[Row]) -> maps.SearchMap:
    """What the map draws: with minutes the area that can be reached, and the way to the row."""
    place = answer.place
    drawn = replace(maps.SearchMap.of(answer, rows), selected=view.provider)
    if answer.measure.name not in MODES:
        return drawn
    mode = answer.measure.name
    chosen = next((row for row in rows if row.provider_id == view.provider), None)
    try:
        area = _cached.reached(answer.pack, place.lat, place.lon, answer.within, mode)
        ends = chosen and ((place.lat, place.lon), (chosen.lat, chosen.lon))
        way = _cached.way_to(answer.pack, *ends, mode) if ends else None
    except RoadsDownError:
        return drawn
    line = tuple((round(lat, 5), round(lon, 5)) for lat, lon in way.line) if way else ()
    return replace(drawn, area=area, way=line)


def take_along(view: FindView, answer: Answer, drawn: maps.SearchMap, today: dt.date) -> None:
    """The list to take along."""
    rows = list(drawn.rows)
    place = re.sub(r"[^a-z0-9]+", "-", view.near.lower()).strip("-")
    name = f"carereach-{view.procedure.slug}-{place}"
    with st.container(horizontal=True, key="downloads"):
        st.link_button("Print leaflet", "?" + urlencode(view.address(view=_address.PRINT)))
        # Made with every run, so that a click needs no further answer from the server.
        csv, geojson = downloads.answer_csv(answer, rows), downloads.answer_geojson(answer, rows)
        _components.download("Download CSV", csv, f"{name}.csv")
        _components.download("Download GeoJSON", geojson, f"{name}.geojson")
        # Made when it is asked for: the map's script is in it.
        _components.download(
            "Download page for offline",
            lambda: reports.patient_report(answer, replace(drawn, selected=None), today),
            f"{name}.html",
        )
        if answer.pack.outline is not None:
            _components.pictures(name, lambda: answer_picture(answer, rows))
        _components.browser_button(
            "copy",
            "Copy link",
            "navigator.clipboard.writeText(location.href)"
            '.then(() => { button.textContent = "Copied"; });',
        )


def printed(view: FindView, answer: Answer, today: dt.date) -> None:
    """The print view: nothing but what belongs on paper, and a way to print and back."""
    with st.container(horizontal=True, key="downloads", vertical_alignment="center"):
        _components.browser_button("print", "Print", "window.print();")
        for form, label in _SHEETS.items():
            if form != view.printing and (form != _address.EASY or view.procedure.easy):
                other = view.address(view=form)
                st.page_link("pages/find.py", label=label, query_params=other)
        st.page_link("pages/find.py", label="Back to the list", query_params=view.address())
    rows = answer_rows(answer)
    if view.printing == _address.EASY and view.procedure.easy:
        _components.read_aloud("speak_easy", language(answer.pack.country))
        st.html(easy_read_html(answer, rows, today))
    else:
        large = view.printing == _address.LARGE
        st.html(handouts.leaflet_html(answer, rows, today, large=large))
