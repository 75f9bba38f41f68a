"""What a reader can change on the Find page, and what was not understood."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from geo.care.find import Answer
from geo.output.answer_text import threshold_text
from geo.packs.gazetteer import Place
from geo.text import escape
from pages import _address, _cached, _components, _places
from pages._address import FindView
from pages._components import plain
from pages._places import Problem

SHOW_LABELS, FILTER_LABELS = _components.LABELS["show"], _components.LABELS["filters"]
MEANINGS = Path(__file__).parent / "meanings.html"
ORDER_LABELS = {"evidence": "Strongest evidence", "distance": "Nearest"}
PURPOSE = (
    "Who near you may do a procedure, how sure is that, and who says so? Say what for and where "
    "you are; below is an example."
)
FILTER_ANY = "Any"
FILTER_NOTE = "Only what is on record counts: who does not say is left out, and counted."


def title(view: FindView) -> None:
    """The browser's title, one per view."""
    where = view.match.place.label if view.match.place else view.near
    st.set_page_config(page_title=f"{view.procedure.title} near {where} · CareReach")


def picked_procedure() -> None:
    """A title from the list, or any words for it."""
    view = _address.read_find()[0]
    typed = st.session_state["w_procedure"]
    _address.pick_procedure(typed, view.procedure, view.pack, _address.change_find, provider="")


def typed_place() -> None:
    """A place by any spelling; what nobody knows stays in the box."""
    typed = st.session_state["w_near"]
    view, _ = _address.read_find()
    shown = view.near if view.match.place else ""
    here = _places.here_problem(typed)
    if here is not None:
        _address.tell(here, w_near=typed)
        return
    match = _cached.place_match(view.pack, typed)
    notes = match.notes(typed)
    if _places.home_of(typed, view.pack) is not None:
        _address.go_to(typed)
        return
    # What another pack has by this very name is meant rather than a similar one of this.
    away = _places.elsewhere(typed, view.pack) if match.corrected or not match.every else []
    if match.place and not away:
        _address.change_find(near=match.place.label, provider="")
        if notes:
            _address.tell(Problem(" ".join(notes)))
    elif match.choices and not away:
        _address.change_find(near=typed, provider="")
    else:
        _address.tell(_places.unknown_place(match, typed, away, shown), w_near=typed)


def located() -> None:
    """The browser said where the reader is."""
    spot = st.session_state["locate"].spot
    if spot:
        _address.go_to(spot)


def controls(view: FindView) -> None:
    """Procedure, place, radius, and the one switch."""
    first_visit = not st.query_params
    # Always a container: if what comes after moved, the browser would draw the map anew.
    with st.container(key="ask"):
        if first_visit:
            st.html(f'<p class="cr-note">{PURPOSE}</p>')
    # An example is no answer of the reader's: on a first visit the boxes ask.
    _address.show_value("w_procedure", "" if first_visit else view.procedure.title)
    _address.show_value("w_near", "" if first_visit else view.near)
    _address.show_value("w_radius", view.radius_km)
    _address.show_value("w_within_min", view.within_min)
    _address.show_value("w_order", view.order)
    with st.container(key="controls"):
        what, where, within, first = st.columns([28, 28, 24, 30])
        with what:
            _components.procedure_box("w_procedure", "What for?", view.pack, picked_procedure)
        with where, st.container(key="box_w_near"):
            _components.place_box(view.pack, typed_place)
            _components.locate_button("locate", located)
        minutes = view.measure.unit == "min"
        _components.threshold_slider(
            within,
            "w_within_min" if minutes else "w_radius",
            view.measure,
            view.units,
            view.search(1).within(view.measure),
            lambda chosen: _address.change_find(
                **{"within_min" if minutes else "radius_km": chosen}
            ),
        )
        first.radio(
            "Show first",
            list(ORDER_LABELS),
            key="w_order",
            format_func=ORDER_LABELS.__getitem__,
            horizontal=True,
            on_change=lambda: _address.change_find(order=st.session_state["w_order"]),
        )


def problems(view: FindView, unclear: Sequence[Problem], answer: Answer | None = None) -> None:
    """What was not understood, one sentence each, with what to click instead."""
    # Always a container: if what comes after moved, the browser would draw the map anew.
    with st.container(key="problems"):
        if answer is not None and answer.reason and not answer.outside_km:
            stand_in = f"Shown instead: within {threshold_text(answer)}."
            st.warning(plain(f"{answer.reason} {stand_in}"))
            if answer.down:
                _cached.wait_for_roads(view.pack)
        for number, problem in enumerate(unclear):
            st.warning(plain(problem.sentence))
            if problem.offers:
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.html(f"<span>{problem.before_offers}</span>", width="content")
                    for label, changes in problem.offers:
                        st.button(
                            plain(label),
                            key=f"offer_{number}_{label}",
                            on_click=_address.change_find,
                            kwargs=changes,
                        )


def more_choices(view: FindView) -> None:
    """What is seldom needed: the measure, and who is shown."""
    _address.show_value("w_measure", view.measure.name)
    _address.show_value("w_show", view.show)
    with st.popover("More choices"):
        st.radio(
            "Measure",
            list(_cached.measures(view.pack).by_name),
            key="w_measure",
            format_func=_components.MEASURE_LABELS.__getitem__,
            on_change=lambda: _address.change_find(measure=st.session_state["w_measure"]),
        )
        engine, why = _cached.engine(view.pack)
        if engine is None:
            st.caption(plain(why))
        _address.show_value("w_units", view.units)
        _components.units_choice("w_units", _address.change_find)
        st.radio(
            "Show",
            list(SHOW_LABELS),
            key="w_show",
            format_func=SHOW_LABELS.__getitem__,
            on_change=lambda: _address.change_find(show=st.session_state["w_show"]),
        )
    with st.popover("What the words mean"):
        st.html(MEANINGS)


def filters(view: FindView) -> None:
    """What the list can be narrowed to, where the pack has the data."""
    known = _cached.filter_choices(view.pack)
    if not known:
        return
    labels = _cached.specialty_labels(view.pack.country)
    said = _address.filter_address(view.filters)
    on = sum(bool(value) for value in said.values())
    with st.popover(f"Filters ({on})" if on else "Filters"):
        for name, values in known.items():
            parameter = _address.NAMES.get(name, name)
            key = f"w_filter_{name}"
            _address.show_value(key, getattr(view.filters, name))
            told: dict[str, Any] = {"key": key, "on_change": filtered, "args": (parameter, key)}
            if values:
                shown = {"": FILTER_ANY, **{v: value_text(name, v, labels) for v in values}}
                words = shown.__getitem__
                st.selectbox(FILTER_LABELS[name], list(shown), format_func=words, **told)
            else:
                st.checkbox(FILTER_LABELS[name], **told)
        st.html(f'<p class="cr-note">{escape(FILTER_NOTE)}</p>')
        if on:
            st.button("Clear all", on_click=_address.change_find, kwargs=dict.fromkeys(said, ""))


def filtered(parameter: str, key: str) -> None:
    """A filter was set or let go."""
    value = st.session_state[key]
    if isinstance(value, bool):
        value = _address.ON.get(key.removeprefix("w_filter_"), "yes") if value else ""
    _address.change_find(**{parameter: value, "provider": ""})


def value_text(name: str, value: str, specialties: Mapping[str, str]) -> str:
    """A filter's value for a reader."""
    if name == "specialty":
        return specialties.get(value, value.replace("-", " ").capitalize())
    return {"facility": "Hospitals and other places", "practitioner": "Doctors and others"}.get(
        value, value.capitalize()
    )


def which_one(view: FindView, seen: Callable[[Place], tuple[str, str] | None]) -> None:
    """A name that means several places is asked about, never guessed."""
    st.html(
        f'<div class="cr-head"><h1>Which {escape(view.near.strip())}?</h1>'
        f"<p>{escape(view.match.problem)}</p></div>"
    )
    for choice in view.match.choices:
        with st.container(border=True, width=520):
            st.button(
                plain(f"{choice.label} ({choice.kind})"),
                key=f"choice_{choice.place_id}",
                on_click=_address.change_find,
                kwargs={"near": choice.label, "provider": ""},
            )
            hospital = seen(choice)
            if hospital:
                st.html(
                    f'<p class="cr-note">Nearest hospital: {escape(hospital[0])}, '
                    f"{escape(hospital[1])}.</p>"
                )
