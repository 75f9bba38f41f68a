"""Who is left out, which call would change it most, and where the next one should be."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import shapely
import streamlit as st
from streamlit_folium import st_folium

from geo.coverage.coverage import region_at
from geo.output import maps
from pages import _address, _asked, _cached, _coverage_more, _coverage_parts, _frame
from pages._coverage_parts import CHOOSE
from pages._session import Key

_frame.need_router()
_address.restore("Coverage")
view, unclear = _address.read_coverage()
pack = view.pack
st.session_state[Key.COVERAGE_ADDRESS] = view.address() if st.query_params else {}
today = dt.date.today()
st.set_page_config(page_title=f"Coverage: {view.procedure.title} in {pack.country} · CareReach")


def clicked_map() -> None:
    """An area selects its region; with a tool in hand a click sets a point."""
    value = st.session_state.get("cover_map") or {}
    seen = st.session_state.get(Key.COVERAGE_MAP_SEEN, {})
    st.session_state[Key.COVERAGE_MAP_SEEN] = value
    tool = st.session_state.get("w_cover_tool", CHOOSE)
    spot = value.get("last_clicked")
    if tool != CHOOSE:
        if spot and spot != seen.get("last_clicked"):
            _coverage_parts.clicked(tool, round(spot["lat"], 4), round(spot["lng"], 4))
    elif value.get("last_object_clicked_count") != seen.get("last_object_clicked_count"):
        clicked = value.get("last_object_clicked_tooltip")
        if clicked:
            now, _ = _address.read_coverage()
            region = region_at(now.pack.regions, pd.Series([clicked]), now.level).iloc[0]
            chosen = "" if pd.isna(region) or region == now.region else region
            _address.change_coverage(region=chosen)


_coverage_parts.controls(view)
# Always a container: the bar in it must not move the map.
with st.container(key="measuring"):
    supplied, measure, trouble = _coverage_parts.supplied_for(view, today)
within = view.within(measure)
asked = (within, measure.name, view.supply, view.units)
coverage = _asked.coverage(supplied, *asked)
as_it_is = None
if view.add or view.remove:
    base = _cached.supplied(pack, view.procedure.slug, today, by=measure.name)
    as_it_is = _asked.coverage(base, *asked)

_coverage_parts.problems(view, unclear, trouble)
_coverage_parts.headline(view, coverage)
# Where nobody knows where people live there is a map of the places, and no figures.
counted_people = coverage.population > 0
if counted_people:
    _coverage_parts.figures(coverage, as_it_is)
chart, tables = st.columns([57, 43] if counted_people else [99, 1], gap="medium")
with chart:
    brought = _coverage_more.brought_areas()
    together = shapely.union_all(list(brought.areas.values())) if brought.areas else None
    drawn = _coverage_parts.area_map(view, coverage, together)
    with st.container(horizontal=True, key="map_tools", vertical_alignment="bottom"):
        tool = _coverage_parts.tools()
        shown = _coverage_parts.looked_for(view)
    st_folium(
        maps.base_map(
            _cached.ground(pack, lines=True),
            pack.outline,
            pack.view,
            locate=False,
            units=view.units,
        ),
        key="cover_map",
        height=500,
        use_container_width=True,
        feature_group_to_add=maps.layer(replace(drawn, clicks=tool != CHOOSE, shown=shown)),
        returned_objects=[
            "last_clicked",
            "last_object_clicked_tooltip",
            "last_object_clicked_count",
        ],
        on_change=clicked_map,
    )
    _coverage_parts.legend(view, coverage, drawn)
    _coverage_parts.region_detail(view, coverage)
if counted_people:
    calls = _asked.calls(coverage)
    with tables:
        _coverage_parts.gap_table(view, coverage)
        _coverage_parts.calls_table(view, calls)
    _coverage_more.more(view, coverage, calls, brought, today)
