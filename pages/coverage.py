"""Who is left out, which call would change it most, and where the next one should be."""

import datetime as dt

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from geo import coverage as cover
from geo import maps
from geo.travel import MODES
from pages import _cover, _cover_more, _cover_state, _state, _ui

_ui.need_router()
_state.restore("Coverage", "cover_address")
_cover_state.begin_with_what_was_found()
view = _cover_state.read_view()
st.session_state["cover_address"] = view.address() if st.query_params else {}
today = dt.date.today()
st.set_page_config(
    page_title=f"Coverage: {view.procedure.title} in {view.pack.country} · CareReach"
)


def clicked_map() -> None:
    """An area selects its region; with a tool in hand a click sets a point."""
    value = st.session_state.get("cover_map") or {}
    seen, st.session_state["cover_seen"] = st.session_state.get("cover_seen", {}), value
    tool = st.session_state.get("w_cover_tool", _cover.CHOOSE)
    spot = value.get("last_clicked")
    if tool != _cover.CHOOSE:
        if spot and spot != seen.get("last_clicked"):
            _cover.clicked(tool, round(spot["lat"], 4), round(spot["lng"], 4))
    elif value.get("last_object_clicked_count") != seen.get("last_object_clicked_count"):
        clicked = value.get("last_object_clicked_tooltip")
        if clicked:
            now = _cover_state.read_view()
            region = cover.region_at(now.pack.regions, pd.Series([clicked]), now.level).iloc[0]
            _cover_state.go(region="" if pd.isna(region) or region == now.region else region)


_cover.controls(view)
# Always a container: the bar in it must not move the map.
with st.container(key="measuring"):
    supplied, measure, trouble = _cover.supplied_for(view, today)
within = view.within(measure)
found = cover.measure_coverage(supplied, within, measure=measure, supply=view.supply)
today_only = None
if view.add or view.remove:
    base = _ui.supplied(view.pack, view.procedure.slug, today, timed=measure in MODES)
    today_only = cover.measure_coverage(base, within, measure=measure, supply=view.supply)

_cover.problems(view, trouble)
_cover.headline(view, found)
_cover.figures(found, today_only)
calls = cover.find_calls(found)
chart, tables = st.columns([57, 43], gap="medium")
with chart:
    lowest = int(max(view.pack.regions["level"], default=view.level))
    spots = _cover.places(found)
    used = _cover.classes(found, lowest)
    tool = _cover.tools()
    st_folium(
        maps.base_map(
            _ui.drawn(view.pack, "base_map"), view.pack.outline, view.pack.view, locate=False
        ),
        key="cover_map",
        height=500,
        use_container_width=True,
        feature_group_to_add=maps.area_layer(
            _ui.drawn(view.pack, f"areas_{lowest}"),
            _ui.drawn(view.pack, f"areas_{min(view.level, max(lowest - 1, 1))}"),
            used,
            _cover.COLORS,
            spots,
            view.region,
            st.session_state.get("drawn_area", []),
            clicks=tool != _cover.CHOOSE,
        ),
        returned_objects=[
            "last_clicked",
            "last_object_clicked_tooltip",
            "last_object_clicked_count",
        ],
        on_change=clicked_map,
    )
    _cover.legend(view, found, used, drawn=bool(spots))
    _cover.region_detail(view, found)
with tables:
    _cover.gap_table(view, found)
    _cover.calls_table(view, calls)
_cover_more.more(view, found, calls, today)
