"""Who near me does this procedure, how sure are we?"""

import datetime as dt

import streamlit as st
from streamlit_folium import st_folium

from geo import maps, words
from geo.find import Answer, find_care
from geo.places import Place, find_place
from geo.procedures import find_procedure
from pages import _results, _state, _ui

_state.restore("Find care")
library = _ui.library()
view = _state.read_view(_ui.pack, library)
pack, procedure, place = view.pack, view.procedure, view.found.place
st.session_state["find_address"] = st.query_params.to_dict()


def picked_procedure() -> None:
    typed = st.session_state["w_procedure"] or ""
    match = find_procedure(library, typed)
    if match.procedure:
        _state.go(view, procedure=match.procedure.slug, provider="")
    elif typed:
        _state.tell(_state.unknown_procedure(typed, match.suggestions))


def typed_place() -> None:
    found = find_place(pack.places, st.session_state["w_near"])
    if found.place or found.choices:
        near = found.place.label if found.place else st.session_state["w_near"]
        _state.go(view, near=near, provider="")
    else:
        _state.tell(_state.unknown_place(found))


def clicked_map() -> None:
    """A marker selects its row; a click elsewhere moves the place."""
    value = st.session_state.get("map") or {}
    seen, st.session_state["map_seen"] = st.session_state.get("map_seen", {}), value
    if value.get("last_object_clicked_count") != seen.get("last_object_clicked_count"):
        if value.get("last_object_clicked_tooltip"):
            _state.go(view, provider=value["last_object_clicked_tooltip"])
    elif value.get("last_clicked") and value["last_clicked"] != seen.get("last_clicked"):
        spot = value["last_clicked"]
        _state.go(view, near=f"{round(spot['lat'], 4)}, {round(spot['lng'], 4)}", provider="")


def picked_row() -> None:
    _state.go(view, provider=st.session_state["rows"].select or "")


_results.title(view)
if not view.printing:
    _results.controls(view, library, picked_procedure, typed_place)
for sentence in view.problems:
    st.warning(sentence)
today = dt.date.today()


def answer_for(place: Place) -> Answer:
    return find_care(
        _ui.assessed(pack.name, procedure.slug, today),
        place,
        view.radius_km,
        measure=view.measure,
        order_by=view.order,
        show=view.show,
        limit=_results.MOST_ROWS,
    )


if place is None:
    _ui.urgent(procedure, pack, None)
    _results.which_one(view, lambda choice: words.seen_at_words(answer_for(choice)))
    st.stop()

answer = answer_for(place)
if view.printing:
    _results.printed(view, answer, today)
    st.stop()

lines = words.describe(answer)
_ui.urgent(procedure, pack, words.seen_at_words(answer))
_results.headline(view, answer)
rows, chart, panel = st.columns([31, 34, 31], gap="medium")
with rows:
    _ui.result_list(_results.list_data(view, answer, lines), "rows", picked_row)
    _results.downloads(view, answer)
with chart:
    ground = maps.base_map(_ui.ground(pack), pack.outline)
    layer = maps.search_layer(
        (place.lat, place.lon), place.name, answer.radius_km, _results.markers(lines), view.provider
    )
    st_folium(
        ground,
        key="map",
        height=520,
        use_container_width=True,
        feature_group_to_add=layer,
        returned_objects=[
            "last_clicked",
            "last_object_clicked_tooltip",
            "last_object_clicked_count",
        ],
        on_change=clicked_map,
    )
    _results.caption(answer)
with panel, st.container(border=True):
    _ui.explainer(procedure)
