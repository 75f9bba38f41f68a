"""Who near me does this procedure, how sure are we?"""

import datetime as dt
from dataclasses import replace

import streamlit as st
from streamlit_folium import st_folium

from geo.care.find import Answer
from geo.output import maps
from geo.output.answer_text import answer_rows, seen_at_text
from geo.packs.gazetteer import Place
from pages import _address, _asked, _cached, _components, _find_controls, _find_parts, _frame
from pages._session import Key

_frame.need_router()

_address.restore("Find care")
view, unclear = _address.read_find()
pack, procedure, place = view.pack, view.procedure, view.match.place
# What another page leads back to: this view, understood; nothing to keep of a bare first visit.
st.session_state[Key.FIND_ADDRESS] = view.address() if st.query_params else {}
now = dt.datetime.now(dt.UTC)
today = dt.date.today()


def answer_for(origin: Place) -> Answer:
    """The answer from a place."""
    seen = _cached.narrowed(pack, procedure.slug, today, view.filters, now)
    return _asked.answer(seen, origin, view.search(_find_parts.MOST_ROWS))


def clicked_map() -> None:
    """A marker selects its row; a click elsewhere moves the place."""
    value = st.session_state.get("map") or {}
    seen = st.session_state.get(Key.FIND_MAP_SEEN, {})
    st.session_state[Key.FIND_MAP_SEEN] = value
    if value.get("last_object_clicked_count") != seen.get("last_object_clicked_count"):
        if value.get("last_object_clicked_tooltip"):
            _address.change_find(provider=value["last_object_clicked_tooltip"])
    elif value.get("last_clicked") and value["last_clicked"] != seen.get("last_clicked"):
        spot = value["last_clicked"]
        near = f"{round(spot['lat'], 4)}, {round(spot['lng'], 4)}"
        _address.go_to(near)


def picked_row() -> None:
    """A row chosen in the list; chosen again, it is let go."""
    _address.change_find(provider=st.session_state["rows"].select or "")


def show(answer: Answer) -> None:
    """Everything that follows from one known place."""
    rows = answer_rows(answer, now)
    drawn = _find_parts.search_map(view, answer, rows)
    more = _find_parts.more_in_view(view, answer)
    _components.urgent(procedure, pack, seen_at_text(answer), here=not answer.outside_km)
    _find_controls.problems(view, unclear, answer)
    _find_parts.headline(view, answer)
    _find_parts.phone_switch()
    listed, chart, panel = st.columns([31, 34, 31], gap="medium")
    with listed, st.container(key="listed"):
        data = _find_parts.list_data(answer, rows, view.provider)
        _components.rows("list", data, "rows", picked_row)
        _find_parts.take_along(view, answer, drawn, today)
    with chart, st.container(key="charted"):
        label = "Your place" if answer.place.kind == "point" else answer.place.name
        st_folium(
            maps.base_map(_cached.ground(pack), pack.outline, pack.view, units=view.units),
            key="map",
            height=520,
            use_container_width=True,
            feature_group_to_add=maps.layer(replace(drawn, label=label, more=more)),
            returned_objects=[
                "last_clicked",
                "last_object_clicked_tooltip",
                "last_object_clicked_count",
            ],
            on_change=clicked_map,
        )
        _find_parts.caption(answer, shaded=drawn.area is not None, more=bool(more))
    with panel, st.container(border=True):
        library = _cached.library(view.pack.country)
        treatments = {
            library[slug].title: view.address(procedure=slug, provider="")
            for slug in procedure.treated_by
            if slug in library
        }
        _components.explainer(procedure, treatments)


_find_controls.title(view)
if place and view.printing:
    _find_parts.printed(view, answer_for(place), today)
else:
    _find_controls.controls(view)
    if place:
        show(answer_for(place))
    else:
        _components.urgent(procedure, pack, None)
        _find_controls.problems(view, unclear)
        _find_controls.which_one(view, lambda choice: seen_at_text(answer_for(choice)))
