"""Who near me does this procedure, how sure are we?"""

import datetime as dt

import streamlit as st
from streamlit_folium import st_folium

from geo import maps, words
from geo.find import Answer, find_care
from geo.places import Place
from geo.travel import MODES
from pages import _results, _state, _ui

_ui.need_router()

_state.restore("Find care")
view = _state.read_view()
pack, procedure, place = view.pack, view.procedure, view.found.place
# What another page leads back to: this view, understood; nothing to keep of a bare first visit.
st.session_state["find_address"] = view.address() if st.query_params else {}
now = dt.datetime.now(dt.UTC)
today = dt.date.today()


def answer_for(origin: Place) -> Answer:
    return find_care(
        _ui.narrowed(pack, procedure.slug, today, view.filters, now),
        origin,
        view.radius_km,
        measure=view.measure,
        within_min=view.within_min,
        engine=_ui.engine(pack)[0] if view.measure in MODES else None,
        order_by=view.order,
        show=view.show,
        limit=_results.MOST_ROWS,
    )


def clicked_map() -> None:
    """A marker selects its row; a click elsewhere moves the place."""
    value = st.session_state.get("map") or {}
    seen, st.session_state["map_seen"] = st.session_state.get("map_seen", {}), value
    if value.get("last_object_clicked_count") != seen.get("last_object_clicked_count"):
        if value.get("last_object_clicked_tooltip"):
            _state.go(provider=value["last_object_clicked_tooltip"])
    elif value.get("last_clicked") and value["last_clicked"] != seen.get("last_clicked"):
        spot = value["last_clicked"]
        _state.go(near=f"{round(spot['lat'], 4)}, {round(spot['lng'], 4)}", provider="")


def picked_row() -> None:
    """A row chosen in the list; chosen again, it is let go."""
    _state.go(provider=st.session_state["rows"].select or "")


def results(answer: Answer) -> None:
    """Everything that follows from one known place."""
    lines = words.describe(answer, now)
    _ui.urgent(procedure, pack, words.seen_at_words(answer))
    _results.problems(view, answer)
    _results.headline(view, answer)
    rows, chart, panel = st.columns([31, 34, 31], gap="medium")
    with rows:
        _ui.result_list(_results.list_data(view, answer, lines), "rows", picked_row)
        _results.downloads(view, answer, lines, today)
    with chart:
        area, radius_km = _results.reached(answer)
        st_folium(
            maps.base_map(_ui.drawn(pack, "base_map"), pack.outline, pack.view),
            key="map",
            height=520,
            use_container_width=True,
            feature_group_to_add=maps.search_layer(
                (place.lat, place.lon),
                "Your place" if place.kind == "point" else place.name,
                radius_km,
                _results.markers(lines),
                view.provider,
                area,
                _results.way_drawn(view, answer, lines),
            ),
            returned_objects=[
                "last_clicked",
                "last_object_clicked_tooltip",
                "last_object_clicked_count",
            ],
            on_change=clicked_map,
        )
        _results.caption(answer, shaded=area is not None)
    with panel, st.container(border=True):
        library = _ui.library()
        _ui.explainer(
            procedure,
            {
                library[slug].title: view.address(procedure=slug, provider="")
                for slug in procedure.treated_by
                if slug in library
            },
        )


_results.title(view)
if place and view.printing:
    _results.printed(view, answer_for(place), today)
else:
    _results.controls(view)
    if place:
        results(answer_for(place))
    else:
        _ui.urgent(procedure, pack, None)
        _results.problems(view)
        _results.which_one(view, lambda choice: words.seen_at_words(answer_for(choice)))
