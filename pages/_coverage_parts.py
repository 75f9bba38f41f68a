"""The parts of the Coverage page."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from geo.coverage.coverage import ADDED, Coverage, Supplied, in_supply, region_at
from geo.coverage.reach import SUPPLIES, weighted_quantile
from geo.distance import distance_km
from geo.errors import CareReachError
from geo.output import maps
from geo.output.answer_text import plain_rows
from geo.output.coverage_map import COLORS, MOST_SPOTS
from geo.output.coverage_text import (
    SUPPLY_PHRASES,
    band_text,
    distance_bands,
    far_text,
    lead_text,
    percent_text,
    within_text,
)
from geo.text import escape
from geo.travel.measure import IN_MINUTES, Measure
from geo.travel.valhalla import RoadsDownError
from geo.units import Units, shown
from pages import _address, _asked, _cached, _components
from pages._address import (
    MOST_ADDED,
    MOST_CORNERS,
    CoverageView,
    change_coverage,
    points_text,
    read_coverage,
)
from pages._components import plain
from pages._places import Problem
from pages._session import Key

SUPPLY_LABELS = {
    "confirmed": "Confirmed only",
    "reported": "Reported or better",
    "likely": "Likely or better",
    "unknown": "All that could do it",
}
MEASURE_LABELS = _components.MEASURE_LABELS | {"road": "by road (estimate)"}
#: What the distance on the map is.
MAP_LABELS = {"road": "Distance by road", "straight": "Straight-line distance"} | {
    mode: MEASURE_LABELS[mode].capitalize() for mode in IN_MINUTES
}
#: So many rows of a table are shown; all of them are in the download.
MOST_ROWS = 12
#: What the marks of places on the map mean.
SPOT_LABELS = {
    "confirmed": "confirmed",
    "reported": "reported",
    "likely": "likely",
    "unknown": "unknown, could do it",
    "added": "added by you",
}
#: So many places of one name are offered.
MOST_CHOICES = 4
#: What a click on the map does.
CHOOSE, ADD, DRAW = "Choose a region", "Add a place", "Draw an area"


def problems(
    view: CoverageView, unclear: Sequence[Problem], trouble: CareReachError | None = None
) -> None:
    """What was not understood, one sentence each, with what to click instead."""
    # Always a container: if what comes after moved, the browser would draw the map anew.
    with st.container(key="problems"):
        if trouble is not None:
            st.warning(plain(f"{trouble} Distances are shown instead."))
            if isinstance(trouble, RoadsDownError):
                _cached.wait_for_roads(view.pack)
        for number, problem in enumerate(unclear):
            st.warning(plain(problem.sentence))
            with st.container(horizontal=True, gap="small"):
                for label, changes in problem.offers:
                    st.button(
                        plain(label),
                        key=f"cover_offer_{number}_{label}",
                        on_click=change_coverage,
                        kwargs={"procedure": changes["procedure"]},
                    )


def controls(view: CoverageView) -> None:
    """Procedure, threshold, measure, supply, level."""
    levels = sorted(int(level) for level in view.pack.regions["level"].unique())
    names = view.pack.level_names
    for key, value in {
        "procedure": view.procedure.title,
        "within": view.within_km,
        "within_min": view.within_min,
        "measure": view.measure.name,
        "supply": view.supply,
        "level": view.level,
    }.items():
        _address.show_value(f"w_cover_{key}", value)
    with st.container(key="controls"):
        what, within, how, who, by = st.columns([30, 24, 20, 20, 16])
        with what:
            _components.procedure_box("w_cover_procedure", "Of what?", view.pack, picked_procedure)
        minutes = view.measure.unit == "min"
        _components.threshold_slider(
            within,
            "w_cover_within_min" if minutes else "w_cover_within",
            view.measure,
            view.units,
            view.within(view.measure),
            lambda chosen: change_coverage(**{"within_min" if minutes else "within_km": chosen}),
        )
        how.selectbox(
            "Measured",
            list(_cached.measures(view.pack).by_name),
            key="w_cover_measure",
            format_func=MEASURE_LABELS.__getitem__,
            on_change=lambda: change_coverage(measure=st.session_state["w_cover_measure"]),
        )
        who.selectbox(
            "Count as supply",
            SUPPLIES,
            key="w_cover_supply",
            format_func=SUPPLY_LABELS.__getitem__,
            on_change=lambda: change_coverage(supply=st.session_state["w_cover_supply"]),
        )
        by.selectbox(
            "Table by",
            levels,
            key="w_cover_level",
            format_func=lambda level: names.get(level, f"Level {level}"),
            on_change=lambda: change_coverage(
                level=str(st.session_state["w_cover_level"]), region=""
            ),
        )


def headline(view: CoverageView, coverage: Coverage) -> None:
    """The question, what is known, what follows, and what moves it most."""
    first, second, cause = lead_text(coverage)
    title = f"Where in {view.pack.country} might {view.procedure.in_a_sentence} be within reach?"
    st.html(
        f'<div class="cr-head"><h1>{escape(title)}</h1>'
        f'<p role="status"><strong>{escape(first)}</strong> {escape(second)} {escape(cause)}</p>'
        "</div>"
    )


def figures(coverage: Coverage, against: Coverage | None) -> None:
    """Four figures with their range; against today where something was changed."""
    kind = _nearest_kind(coverage)
    low, high = coverage.ranges.get("travel", (np.nan, np.nan))
    span = ""
    if high > low:
        cause = "from all on foot to all by car" if coverage.unit == "min" else "depending on roads"
        span = f"; {_span(low, high)} {cause}"
    beyond = coverage.people_beyond
    none = np.isnan(coverage.median)
    median = far_text(coverage.median, coverage.shown_unit)
    cards = [
        (percent_text((against or coverage).share["reported"]), "confirmed or reported"),
        (percent_text(coverage.share[coverage.supply]), SUPPLY_PHRASES[coverage.supply] + span),
        (
            "not known" if beyond is None else f"{beyond:,}",
            f"people beyond {within_text(coverage)} of a {kind} place",
        ),
        (
            median,
            f"no {kind} place that the median person could reach"
            if none
            else f"to the nearest {kind} place for the median person",
        ),
    ]
    if against is not None:
        gain = coverage.covered[coverage.supply] - against.covered[against.supply]
        old = percent_text(against.share[against.supply])
        cards[1] = (cards[1][0], f"{cards[1][1]}; today {old}")
        change = f"{abs(gain):,} {'fewer' if gain >= 0 else 'more'} than today"
        cards[2] = (cards[2][0], f"{cards[2][1]}; {change}")
    body = "".join(
        f'<div class="cr-figure{" cr-unknown" * (figure == "not known")}">'
        f"<strong>{escape(figure)}</strong><span>{escape(said)}</span></div>"
        for figure, said in cards
    )
    st.html(f'<div class="cr-figures">{body}</div>')


def _span(low: float, high: float) -> str:
    return f"{percent_text(low).removesuffix(' %')} to {percent_text(high)}"


def legend(view: CoverageView, coverage: Coverage, drawn: maps.AreaMap) -> None:
    """What the colours mean; classes that no region is in are left out."""
    words = [*band_text(coverage), "no such place" if coverage.on_record else "not known"]
    statuses = dict.fromkeys(place.status for place in drawn.places)
    spot = "".join(
        f' <span><i class="cr-key cr-{status}"></i>{escape(SPOT_LABELS[status])}</span>'
        for status in SPOT_LABELS
        if status in statuses
    )
    many = int(coverage.providers[coverage.supply])
    sums = " Each mark stands for all places of that status around it." if many > MOST_SPOTS else ""
    lives = " <span>● where people live (larger dots, more people)</span>" if drawn.people else ""
    present = sorted({number for number, _ in drawn.classes.values()})
    boxes = "".join(
        f'<span><i style="background:{COLORS[n]}"></i>{escape(words[n])}</span>' for n in present
    )
    areas = _cached.area_note(view.pack, view.level)
    lead = "Places on record:"
    if drawn.classes:
        how, kind = MAP_LABELS[coverage.measure.name], escape(_nearest_kind(coverage))
        lead = f"{how} to the nearest {kind} place, median person:"
    st.html(
        f'<p class="cr-legend"><strong>{lead}</strong> {boxes}{spot}{lives}</p>'
        f'<p class="cr-note">{escape(areas)} Hatched: no data.{sums}</p>'
    )


def _nearest_kind(coverage: Coverage) -> str:
    if coverage.providers[coverage.supply] == coverage.providers["reported"] > 0:
        return "known"
    return {"unknown": "possible", "reported": "known"}.get(coverage.supply, coverage.supply)


def area_map(
    view: CoverageView, coverage: Coverage, brought: BaseGeometry | None = None
) -> maps.AreaMap:
    """What the map draws; an area from a file stands in for the one that was drawn."""
    pack = coverage.pack
    lowest = int(max(pack.regions["level"], default=view.level))
    larger = min(view.level, max(lowest - 1, 1))
    return replace(
        _asked.drawn(coverage, view.region),
        areas=_cached.drawn(pack, f"areas_{lowest}"),
        outlines=_cached.drawn(pack, f"areas_{larger}"),
        selected=view.region,
        drawn=() if brought else view.area,
        brought=json.loads(shapely.to_geojson(brought)) if brought else None,
    )


EVERYWHERE = "Everywhere"


def _within(view: CoverageView, rows: pd.DataFrame) -> pd.DataFrame:
    """Only the regions of the larger region that was chosen, where one was."""
    larger = sorted(int(n) for n in view.pack.regions["level"].unique() if n < view.level)
    if not larger:
        return rows.assign(label=rows["name"])
    regions = view.pack.regions[view.pack.regions["level"] == larger[-1]]
    names = dict(zip(regions["region_id"], regions["name"], strict=True))
    rows = rows.assign(label=rows["name"] + ", " + rows["parent_id"].map(names).fillna(""))
    parent = dict(zip(rows["region_id"], rows["parent_id"], strict=True))
    larger_one = view.region if view.region in names else parent.get(view.region, "")
    _address.show_value("w_cover_region", larger_one)
    st.selectbox(
        "Only in",
        ["", *names],
        key="w_cover_region",
        format_func=lambda region: names.get(region, EVERYWHERE),
        on_change=lambda: change_coverage(region=st.session_state["w_cover_region"]),
        width=320,
    )
    return rows[rows["parent_id"] == larger_one] if larger_one else rows


def gap_table(view: CoverageView, coverage: Coverage) -> None:
    """Regions with people beyond; a row chosen in it is chosen on the map."""
    rows = _within(view, coverage.level(view.level))
    gaps = rows[rows["people_beyond"] > 0]
    shown = gaps.head(MOST_ROWS)
    chosen = rows[rows["region_id"] == view.region]
    if not chosen.empty and view.region not in set(shown["region_id"]):
        shown = pd.concat([shown, chosen])
    name = view.pack.level_names.get(view.level, "Region")
    data = {
        "caption": "Largest gaps",
        "columns": [name, "People beyond", "Covered", f"Median {coverage.shown_unit}"],
        "selected": view.region,
        "rows": [
            [
                row["region_id"],
                f"{row['label']} (small)" if row["small"] else row["label"],
                f"{row['people_beyond']:,}",
                percent_text(row["share"]),
                _short(row["median"], coverage.shown_unit),
            ]
            for row in plain_rows(shown)
        ],
        "more": None,
    }
    hidden = len(gaps) - int(gaps["region_id"].isin(shown["region_id"]).sum())
    if hidden:
        data["more"] = f"{hidden:,} more have gaps: see All regions, below."
    if not coverage.on_record:
        data["more"] = "Nobody of this supply is on record, so gaps are not known."
    elif gaps.empty:
        data["more"] = "No region has people beyond the threshold."
    _components.rows(
        "table", data, "gaps", lambda: change_coverage(region=st.session_state["gaps"].select or "")
    )


def calls_table(view: CoverageView, calls: pd.DataFrame) -> None:
    """Whom to ring first: the people who would be reached by a yes."""
    chosen = st.session_state.get(Key.CALL)
    data = {
        "caption": "Which call would change this map most?",
        "columns": ["Ask", "Now", "People reached if yes"],
        "selected": chosen,
        "rows": [
            [row["provider_id"], row["name"], row["status"], f"+{row['people']:,}"]
            for row in plain_rows(calls.head(6))
        ],
        "more": None if len(calls) else "Nobody outside this supply would reach more people.",
    }
    _components.rows("table", data, "calls", _opened_call)


def _opened_call() -> None:
    """A row of the calls opens its script below."""
    st.session_state[Key.CALL] = st.session_state["calls"].select
    st.session_state["w_cover_more"] = "Calls"


def region_detail(view: CoverageView, coverage: Coverage) -> None:
    """One region: its people by distance, its providers, and its nearest ones."""
    if view.region is None:
        return
    row = coverage.regions[coverage.regions["region_id"] == view.region]
    if row.empty:
        st.info("Nobody lives in this region, as far as the data says.")
        return
    figures_of = row.iloc[0]
    pack, level = view.pack, int(figures_of["level"])
    inside = region_at(pack.regions, pack.demand["region_id"], level) == view.region
    demand, far = pack.demand[inside.fillna(False)], coverage.far[inside.fillna(False).to_numpy()]
    edges = [0.0, *distance_bands(coverage), np.inf]
    people = demand["population"].to_numpy(float)
    bands = [people[(far > a) & (far <= b)].sum() for a, b in pairwise(edges)]
    bands[0] += people[far == 0].sum()
    total = max(people.sum(), 1)
    bars = "".join(
        f'<li><span>{escape(words)}</span><b style="width:{60 * n / total:.1f}%;'
        f'background:{COLORS[i]}"></b>{n:,.0f}</li>'
        for i, (words, n) in enumerate(zip(band_text(coverage), bands, strict=True))
    )
    bends = ""
    if coverage.detours is not None and pd.notna(figures_of["circuity"]):
        bends = f" Their way is {figures_of['circuity']:.2g} times as long as the straight line."
    rows = coverage.supplied.rows
    here = rows[(region_at(pack.regions, rows["region_id"], level) == view.region).fillna(False)]
    start = demand.iloc[int(people.argmax())]
    supply = in_supply(rows, coverage.supply)
    straight = distance_km(start["lat"], start["lon"], supply["lat"], supply["lon"])
    near = supply.assign(km=straight).nsmallest(3, "km")
    st.html(
        f'<section class="cr-region"><h2>{escape(figures_of["name"])}</h2><p>'
        f"{int(figures_of['population']):,} people, "
        f"{percent_text(figures_of['share'])} within {within_text(coverage)}"
        f"{'; fewer than 100 people, so the share says little' if figures_of['small'] else ''}. "
        f"Half of them have somebody within "
        f"{_half_text(weighted_quantile(far, people, 0.5), coverage.shown_unit)}.{bends}</p>"
        f"<h3>People by {'time' if coverage.unit == 'min' else 'distance'}</h3>"
        f'<ul class="cr-bands">{bars}</ul>'
        f"<h3>On record here</h3>{_listed(here)}"
        f"<h3>Nearest from {escape(start['name'])}, in a straight line</h3>"
        f"{_listed(near, coverage.units)}</section>"
    )


def _half_text(far: float, unit: str) -> str:
    return "no distance at all" if np.isnan(far) else far_text(far, unit)


def _short(far: float, unit: str) -> str:
    """A figure of a table, whose heading has the unit."""
    return far_text(far, unit).removesuffix(f" {unit}")


def _listed(rows: pd.DataFrame, units: Units | None = None) -> str:
    """Providers in a list; with their distance (`km`) where units are given."""
    if rows.empty:
        return "<p>Nobody.</p>"
    items = "".join(
        f"<li>{escape(name)}: {escape(str(status).replace('_', ' '))}"
        f"{f', {shown(km, units):.0f} {units}' if units else ''}</li>"
        for name, status, km in zip(
            rows["name"],
            rows["status"].mask(rows["provider_id"].str.startswith(ADDED), "added"),
            rows.get("km", [0.0] * len(rows)),
            strict=True,
        )
    )
    return f"<ul>{items}</ul>"


def tools() -> str:
    """What a click on the map does."""
    tool = st.segmented_control(
        "A click on the map", [CHOOSE, ADD, DRAW], default=CHOOSE, key="w_cover_tool"
    )
    return tool or CHOOSE


def looked_for(view: CoverageView) -> tuple[tuple[float, float], str] | None:
    """A town, hospital or other place that the reader looks for on the map: where, and its name."""
    _address.show_value("w_cover_place", view.near)
    st.text_input(
        "Find on the map",
        key="w_cover_place",
        placeholder="Town, hospital or region",
        width=280,
        on_change=lambda: change_coverage(near=st.session_state["w_cover_place"].strip()),
    )
    if not view.near:
        return None
    match = _cached.place_match(view.pack, view.near)
    if match.place:
        return (match.place.lat, match.place.lon), match.place.name
    st.caption(plain(match.problem))
    for choice in match.choices[:MOST_CHOICES]:
        st.button(
            plain(choice.label),
            key=f"cover_place_{choice.place_id}",
            type="tertiary",
            on_click=change_coverage,
            kwargs={"near": choice.label},
        )
    return None


def clicked(tool: str, lat: float, lon: float) -> None:
    """A click with a tool in hand."""
    if tool == ADD:
        view, _ = read_coverage()
        points = (*view.add, (lat, lon))[-MOST_ADDED:]
        change_coverage(add=points_text(points))
    else:
        view, _ = read_coverage()
        change_coverage(area=points_text((*view.area, (lat, lon))[-MOST_CORNERS:]))


def supplied_for(
    view: CoverageView, today: dt.date
) -> tuple[Supplied, Measure, CareReachError | None]:
    """The pack as supposed, the measure it can be read by, and why not by the one asked for."""
    asked = (view.pack, view.procedure.slug, today, _cached.WhatIf(view.add, view.remove))
    if view.measure.unit == "km":
        return _cached.supplied(*asked), view.measure, None
    try:
        return _cached.supplied(*asked, by=view.measure.name), view.measure, None
    except CareReachError as error:
        supplied = _cached.supplied(*asked)
        return supplied, supplied.measures.kilometres, error


def picked_procedure() -> None:
    """A title from the list, or any words for it."""
    view = read_coverage()[0]
    typed = st.session_state["w_cover_procedure"]
    _address.pick_procedure(typed, view.procedure, view.pack, change_coverage, remove="", sites="")
