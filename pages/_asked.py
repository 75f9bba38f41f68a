"""What was asked and answered: counted once, for a click on a row or an area asks nothing new."""

from typing import Any

import pandas as pd
import streamlit as st

from geo.care.assessed import Assessed
from geo.care.find import Answer, Search, find_care
from geo.coverage.calls import find_calls
from geo.coverage.capacity import CapacityFigures, measure_capacity
from geo.coverage.coverage import Coverage, Supplied, measure_coverage
from geo.coverage.growth import share_by_distance
from geo.output.coverage_map import coverage_map
from geo.output.maps import AreaMap
from geo.packs.names import Place
from geo.packs.pack import Pack
from geo.travel.times import MODES
from geo.units import Units
from pages import _cached

#: So many answers of each kind are kept, and so long: each holds its pack.
MOST_KEPT, KEPT_FOR = 64, "1h"


def _assessed_key(seen: Assessed) -> tuple[Any, ...]:
    """What tells one assessment from another, where no filters narrow it."""
    return *_cached.pack_key(seen.pack), seen.entry_hash, seen.today


def answer(seen: Assessed, place: Place, search: Search) -> Answer:
    """Who is there: asked once, for a click on a row or a marker asks nothing new."""
    if search.measure in MODES:  # ways may be back, or gone, at the next click
        return find_care(seen, place, search, _cached.engine(seen.pack)[0])
    return _find(seen, place, search) if seen.narrowed else _answer(seen, place, search)


def _find(seen: Assessed, place: Place, search: Search) -> Answer:
    return find_care(seen, place, search, terrain=_cached.terrain(seen.pack))


@st.cache_resource(
    show_spinner=False, max_entries=MOST_KEPT, ttl=KEPT_FOR, hash_funcs={Assessed: _assessed_key}
)
def _answer(seen: Assessed, place: Place, search: Search) -> Answer:
    return _find(seen, place, search)


def _supplied_key(of: Supplied) -> tuple[Any, ...]:
    """What tells one supply from another."""
    changed = (of.added, of.removed, tuple(of.measures.by_name))
    return *_assessed_key(of.assessed), *changed


def _coverage_key(of: Coverage) -> tuple[Any, ...]:
    """What tells one coverage from another."""
    asked = (of.within, of.measure.name, of.supply, of.units)
    return *_supplied_key(of.supplied), *asked


@st.cache_resource(
    show_spinner=False, max_entries=MOST_KEPT, ttl=KEPT_FOR, hash_funcs={Supplied: _supplied_key}
)
def coverage(of: Supplied, within: float, measure: str, supply: str, units: Units) -> Coverage:
    """Who is within reach."""
    return measure_coverage(of, within=within, measure=measure, supply=supply, units=units)


@st.cache_resource(
    show_spinner=False, max_entries=MOST_KEPT, ttl=KEPT_FOR, hash_funcs={Coverage: _coverage_key}
)
def calls(of: Coverage) -> pd.DataFrame:
    """Which calls would change it most."""
    return find_calls(of)


@st.cache_resource(
    show_spinner=False, max_entries=MOST_KEPT, ttl=KEPT_FOR, hash_funcs={Coverage: _coverage_key}
)
def drawn(of: Coverage, region: str | None) -> AreaMap:
    """What its map draws, without the areas."""
    return coverage_map(of, _cached.people(of.pack), region)


@st.cache_resource(
    show_spinner=False, max_entries=MOST_KEPT, ttl=KEPT_FOR, hash_funcs={Coverage: _coverage_key}
)
def growth(of: Coverage) -> pd.DataFrame:
    """How its share grows with the distance."""
    return share_by_distance(of)


@st.cache_resource(
    show_spinner="Counting who is served …",
    max_entries=MOST_KEPT,
    ttl=KEPT_FOR,
    hash_funcs={Coverage: _coverage_key},
)
def capacity(of: Coverage, per_unit: float) -> CapacityFigures:
    """Who is served when the nearest place is full: by the beds of the pack."""
    return measure_capacity(of, beds(of.pack), per_unit)


def beds(pack: Pack) -> "pd.Series[float]":
    """The beds of a pack's places, by id; those that are known."""
    return pack.providers.set_index("provider_id")["beds"].dropna().astype(float)
