"""Data that the pages share: opened, assessed and measured once for all sessions."""

import contextlib
import datetime as dt
import gc
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from geo.care.american import in_english_of
from geo.care.assessed import Assessed, assess_pack, narrow
from geo.care.entry import Procedure
from geo.care.filters import Filters, choices
from geo.care.find import LISTED, SHOW
from geo.care.library import own_folder, whole_library
from geo.coverage.coverage import (
    Supplied,
    demand_measures,
    pack_times,
    supply_pack,
    with_placements,
)
from geo.errors import CareReachError, DataError
from geo.output.cells import Places
from geo.output.coverage_map import people_points
from geo.output.maps import Ground
from geo.packs.build import public_path
from geo.packs.ground import GROUND, STREETS, attribution_of
from geo.packs.names import Place, PlaceMatch
from geo.packs.pack import BUNDLED, Pack, list_packs, open_pack, pack_folder, read_descriptor
from geo.packs.people import count_by, other_placements
from geo.packs.suggestions import Suggestions
from geo.packs.tables import DESCRIPTOR, sha256_of
from geo.paths import STATIC, VENDOR
from geo.progress import Step
from geo.travel.measure import OVER_TERRAIN, Measures, pack_measures
from geo.travel.road_table import RoadTable
from geo.travel.terrain import Terrain, terrain_for
from geo.travel.times import MODES, ROAD_TILES, Route, Times, engine_for, isochrone, route
from geo.travel.valhalla import REST_S, Engine, RoadsDownError

Ints = npt.NDArray[np.intp]

#: Seconds between two collections of garbage, at least.
TIDY_S = 60
#: What takes longer shows how far it is.
MOMENT_S = 0.5
#: What tells whether the folder of one's own entries is another, or has changed.
OwnFiles = tuple[object, ...]


def pack(name: str) -> Pack:
    """A pack, opened once for all sessions and again when it has changed; never altered."""
    folder = pack_folder(name)
    descriptor = folder / DESCRIPTOR
    return _pack(folder, descriptor.stat().st_mtime_ns)


def pack_or(name: str, otherwise: str) -> Pack:
    """A pack, or a bundled one where it cannot be opened, whatever became of the user's copy."""
    for known in (name, otherwise):
        with contextlib.suppress(CareReachError):
            return pack(known)
    return _pack(BUNDLED / otherwise, 0)


@st.cache_resource(show_spinner="Opening the data …", max_entries=8)
def _pack(folder: Path, changed: int) -> Pack:
    opened = open_pack(folder)
    _settle_memory()
    return opened


def _settle_memory() -> None:
    """Take an opened pack out of the way of the garbage collector.

    A full collection looks through all its objects, longer than a rerun takes, and none of them is
    garbage while it is cached. Streamlit would make one after every run; `.streamlit/config.toml`
    turns that off, and `tidy_memory` makes one a minute. What was frozen before is looked through
    again each time, so that nothing evicted from a cache, and nothing that a visitor left behind,
    stays for good.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False, ttl=TIDY_S)
def tidy_memory() -> None:
    """Collect garbage, once a minute at most: what a visitor leaves behind is large, not many."""
    gc.collect()


def countries() -> list[str]:
    """Of which countries or areas there is data, as the packs' descriptors say it."""
    found = []
    for folder in list_packs().values():
        with contextlib.suppress(CareReachError):
            found.append(str(read_descriptor(folder)["country"]))
    return list(dict.fromkeys(found))


def pack_key(of: Pack) -> tuple[str, str, str]:
    """What tells packs apart: two folders may hold copies of one descriptor."""
    return str(of.folder), of.hash, of.people


@st.cache_resource(
    show_spinner="Reading where people live …", max_entries=8, hash_funcs={Pack: pack_key}
)
def counted(of: Pack, people: str) -> Pack:
    """A pack with the people of one of its grids, by its name, in place of its own points."""
    return count_by(of, people)


def emergency_numbers() -> list[tuple[str, str]]:
    """Countries and their emergency numbers, as far as the packs' descriptors have one."""
    found = []
    for folder in list_packs().values():
        with contextlib.suppress(CareReachError):
            about = read_descriptor(folder)
            if about.get("emergency_number"):
                found.append((str(about["country"]), str(about["emergency_number"])))
    return list(dict.fromkeys(found))


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: pack_key})
def _suggestions(of: Pack) -> Suggestions:
    return Suggestions(of.gazetteer)


@st.cache_resource(show_spinner=False, max_entries=4096, hash_funcs={Pack: pack_key})
def suggested(of: Pack, typed: str) -> tuple[Place, ...]:
    """Places that what was typed may become; what was typed last stands in every later run too."""
    return _suggestions(of).suggest(typed)


@st.cache_resource(show_spinner=False, max_entries=4096, hash_funcs={Pack: pack_key})
def place_match(of: Pack, text: str) -> PlaceMatch:
    """The place that a text names: the same text stands in every later run, too."""
    return of.gazetteer.find(text)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: pack_key})
def people(of: Pack) -> tuple[list[tuple[float, float, int]], bool]:
    """Where the people of a pack live, for its map."""
    return people_points(of.demand)


def library(country: str = "") -> dict[str, Procedure]:
    """The procedure library in the English of a country, British where none is given.

    It is read once, and again when the folder of one's own has changed.
    """
    return _library_in(country, files_of(own_folder()))


@st.cache_resource(show_spinner=False, max_entries=8)
def _library_in(country: str, own: OwnFiles) -> dict[str, Procedure]:
    return in_english_of(country, _library(own)[0])


def country_of(name: str) -> str:
    """The country of a pack, by its descriptor alone; "" where there is none."""
    folder = list_packs().get(name)
    with contextlib.suppress(CareReachError):
        return str(read_descriptor(folder).get("country", "")) if folder else ""
    return ""


def specialty_labels(country: str) -> dict[str, str]:
    """Specialties that entries name, as a country writes them."""
    entries = library(country).values()
    return {word: label for entry in entries for word, label in entry.labels.items()}


def library_problems() -> tuple[DataError, ...]:
    """Entries of one's own that were left out, and why."""
    return _library(files_of(own_folder()))[1]


def files_of(*folders: Path | None) -> OwnFiles:
    """Folders of one's own, and their files with the times of change: another key, other files."""
    found: list[Any] = [*folders]
    for folder in filter(None, folders):
        with contextlib.suppress(OSError):
            paths = sorted(folder.iterdir())
            found += [(str(p), p.stat().st_mtime_ns if p.exists() else None) for p in paths]
    return tuple(found)


@st.cache_resource(show_spinner=False, max_entries=2)
def _library(own: OwnFiles) -> tuple[dict[str, Procedure], tuple[DataError, ...]]:
    return whole_library()


def assessed(of: Pack, slug: str, today: dt.date) -> Assessed:
    """A pack seen with one procedure; a new day makes a new one."""
    return _assessed(of, slug, today, files_of(own_folder()))


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: pack_key})
def _assessed(of: Pack, slug: str, today: dt.date, own: OwnFiles) -> Assessed:
    return assess_pack(of, library(of.country)[slug], today)


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs={Pack: pack_key})
def _listed(of: Pack, slug: str, today: dt.date, show: str, own: OwnFiles) -> tuple[Ints, Places]:
    seen = assessed(of, slug, today)
    shown = [status for status in LISTED if status in SHOW[show]]
    tier = pd.Index(shown).get_indexer(pd.Index(seen.found.verdicts["status"]))[seen.found.number]
    rows = np.flatnonzero(tier >= 0)
    return rows, Places(seen.index.lat[rows], seen.index.lon[rows], tier[rows])


def listed(of: Pack, slug: str, today: dt.date, show: str) -> tuple[Ints, Places]:
    """Which of those who may do a procedure are shown, and these ready for a map of any view."""
    return _listed(of, slug, today, show, files_of(own_folder()))


def narrowed(of: Pack, slug: str, today: dt.date, filters: Filters, now: dt.datetime) -> Assessed:
    """A pack seen with one procedure, and only those who pass the filters at that time."""
    if not filters:
        return assessed(of, slug, today)
    # Opening hours change at round times: five minutes' views are shared.
    minute = now.minute - now.minute % 5 if filters.open_now else 0
    when = now.replace(minute=minute, second=0, microsecond=0)
    if not filters.open_now:
        when = when.replace(hour=0)
    return _narrowed(of, slug, today, filters, when, files_of(own_folder()))


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs={Pack: pack_key})
def _narrowed(
    of: Pack, slug: str, today: dt.date, filters: Filters, now: dt.datetime, own: OwnFiles
) -> Assessed:
    return narrow(assessed(of, slug, today), filters, now)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: pack_key})
def filter_choices(of: Pack) -> dict[str, tuple[str, ...]]:
    """The filters that a pack has data for, each with its values."""
    return choices(of.alike)


def engine(of: Pack) -> tuple[Engine | None, str]:
    """What measures minutes for a pack, opened once; or why there is nothing."""
    return _engine(of, os.environ.get("CAREREACH_VALHALLA", ""))


def road_key(of: Pack) -> tuple[str, ...]:
    """What ways depend on; a statement more or less changes none of it."""
    files = (of.files.get(ROAD_TILES), of.files.get("demand"))
    return str(of.folder), of.version, of.people, *map(str, files)


#: Roads that a service has may become others.
@st.cache_resource(show_spinner=False, max_entries=8, ttl="12h", hash_funcs={Pack: road_key})
def _engine(of: Pack, service: str) -> tuple[Engine | None, str]:
    return engine_for(of)


@st.cache_resource(show_spinner=False, max_entries=128, ttl="12h", hash_funcs={Pack: road_key})
def reached(
    of: Pack, lat: float, lon: float, within_min: float, mode: str
) -> dict[str, Any] | None:
    """The area within so many minutes of a place, as GeoJSON; None where there is none."""
    measured_by, _ = engine(of)
    area = isochrone(measured_by, (lat, lon), within_min, mode) if measured_by else None
    if area is None or area.is_empty:
        return None
    # A corner for each few hundredths of its width is as much as anybody sees.
    west, _, east, _ = area.bounds
    drawn = shapely.set_precision(area.simplify((east - west) / 400), 1e-5)
    geojson: dict[str, Any] = json.loads(shapely.to_geojson(drawn))
    return geojson


@st.cache_resource(show_spinner=False, max_entries=256, ttl="12h", hash_funcs={Pack: road_key})
def way_to(
    of: Pack, origin: tuple[float, float], destination: tuple[float, float], mode: str
) -> Route | None:
    """The quickest way from a place to one provider."""
    measured_by, _ = engine(of)
    return route(measured_by, origin, destination, mode) if measured_by else None


def times(of: Pack) -> dict[str, Times]:
    """Minutes from a pack's demand points, each way measured once for all sessions."""
    return _times(of, os.environ.get("CAREREACH_VALHALLA", ""))


@st.cache_resource(show_spinner=False, max_entries=8, ttl="12h", hash_funcs={Pack: road_key})
def _times(of: Pack, service: str) -> dict[str, Times]:
    measured_by, _ = engine(of)
    return pack_times(of, measured_by) if measured_by else {}


def measures(of: Pack) -> Measures:
    """What a pack can be measured by, from one place."""
    measured_by, why = engine(of)
    lacking = f"{why} Distances are shown instead."
    return pack_measures(of, _road_table(of), measured_by, lacking, terrain=terrain(of))


def terrain(of: Pack) -> Terrain | None:
    """What measures minutes over a pack's terrain."""
    return terrain_for(of)[0]


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: pack_key})
def _road_table(of: Pack) -> RoadTable | None:
    return RoadTable.from_frames(of.roads, of.road_nodes, of.detour)


@dataclass(frozen=True)
class WhatIf:
    """What is supposed against a pack: places (lat, lon) added, and provider ids removed."""

    added: tuple[tuple[float, float], ...] = ()
    removed: tuple[str, ...] = ()


AS_IT_IS = WhatIf()


def supplied(
    of: Pack, slug: str, today: dt.date, what_if: WhatIf = AS_IT_IS, *, by: str = ""
) -> Supplied:
    """A pack's providers of a procedure, or a what-if of them, and how far people are.

    By minutes on roads it shows how far it is, and raises `CareReachError` where they cannot be
    had.
    """
    if by in MODES:
        seen = assessed(of, slug, today).index
        lats = [*seen.lat, *(lat for lat, _ in what_if.added)]
        lons = [*seen.lon, *(lon for _, lon in what_if.added)]
        bar = _Bar()
        try:
            for table in times(of).values():
                table.learn(lats, lons, bar.show)
        finally:
            bar.clear()
    ways = "roads" if by in MODES else by if by == OVER_TERRAIN else ""
    return _supplied(of, slug, today, what_if, ways, files_of(own_folder()))


class _Bar:
    """A bar that appears when a long task takes longer than a moment."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._bar: DeltaGenerator | None = None

    def show(self, step: Step) -> None:
        if self._bar is None and time.monotonic() - self._began > MOMENT_S:
            self._bar = st.progress(0.0)
        if self._bar is not None:
            count = f": {step.done:,.0f} of {step.whole:,.0f}" if step.whole else ""
            self._bar.progress(step.share or 0.0, f"{step.doing}{count}")

    def clear(self) -> None:
        if self._bar is not None:
            self._bar.empty()


@st.cache_resource(
    show_spinner="Measuring every way …", max_entries=32, hash_funcs={Pack: pack_key}
)
def _supplied(
    of: Pack, slug: str, today: dt.date, what_if: WhatIf, ways: str, own: OwnFiles
) -> Supplied:
    seen = assessed(of, slug, today)
    measured_by, _ = engine(of) if ways == "roads" else (None, "")
    by = None if measured_by is None else demand_measures(seen, measured_by, times(of))
    if ways == OVER_TERRAIN:
        by = pack_measures(of, _road_table(of), terrain=terrain(of))
    there = supply_pack(seen, what_if.added, what_if.removed, by)
    return with_placements(there, _placements(of))


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs={Pack: pack_key})
def _placements(of: Pack) -> dict[str, pd.DataFrame]:
    return other_placements(of)


def wait_for_roads(of: Pack) -> None:
    """While the road service is down: look again by and by, and begin anew when it is back."""
    measured_by, _ = engine(of)

    @st.fragment(run_every=REST_S)
    def look() -> None:
        try:
            if measured_by is not None and not measured_by.resting:
                measured_by.ask("status", {})
                st.rerun()
        except RoadsDownError:
            pass

    look()


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: pack_key})
def area_note(of: Pack, level: int) -> str:
    """Whose areas the map shows."""
    shapes = of.files.get(f"areas_{level}")
    if shapes is None:
        return "No areas of these regions are known."
    if '"boundary":"approximate"' in shapes.read_text("utf-8"):
        if of.areas:
            return f"Areas: {of.areas}. They decide nothing."
        return (
            "Areas are approximate: the land nearest to where people live, not official "
            "boundaries. They decide nothing."
        )
    return "Areas are the boundaries given with the data. They decide nothing."


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: pack_key})
def drawn(of: Pack, resource: str) -> str | dict[str, Any] | None:
    """Where a map of a pack lies below `static/`, or itself where it is not public."""
    own = of.files.get(resource)
    if own is None:
        return None
    public = STATIC / public_path(of.name, resource)
    if public.exists() and own.read_bytes() == public.read_bytes():
        return f"{public_path(of.name, resource)}?v={of.hash[:8]}"
    shapes: dict[str, Any] = json.loads(own.read_text("utf-8"))
    return shapes


def ground(of: Pack, *, lines: bool = False) -> Ground:
    """What a map of a pack stands on, for a light or a dark page."""
    dark = st.context.theme.type == "dark"
    service, credit, _ = tile_service()
    if service:
        return Ground(credit=credit, service=service, dark=dark, lines=lines)
    tiles, credit = _tiles(of)
    return Ground(drawn(of, "base_map"), tiles, credit, dark=dark, lines=lines)


def tile_service() -> tuple[str, str, str]:
    """A tile service that the deployer chose: its address, its attribution, and what is wrong."""
    asked = os.environ.get("CAREREACH_TILES", "").strip()
    credit = os.environ.get("CAREREACH_TILES_ATTRIBUTION", "").strip()
    if not asked:
        return "", "", ""
    if not re.fullmatch(r"https?://[^\s\"<>]+", asked) or not all(
        part in asked for part in ("{z}", "{x}", "{y}")
    ):
        return "", "", "CAREREACH_TILES is not an address with {z}, {x} and {y}: it is not used."
    if not credit:
        return "", "", "CAREREACH_TILES needs CAREREACH_TILES_ATTRIBUTION: it is not used."
    return asked, credit, ""


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: pack_key})
def _tiles(of: Pack) -> tuple[tuple[str | None, ...], str]:
    """Where a pack's tiles lie below `static/`, and whose data they are; none where it has none."""
    files = [of.files.get(resource) for resource in (GROUND, STREETS)]
    public = tuple(_published(file) if file else None for file in files)
    if not any(public):
        return (), ""
    return public, "; ".join(attribution_of(file) for file in files if file)


def _published(own: Path) -> str | None:
    """Tiles of a pack below `static/`; None where that folder cannot be written.

    The browser reads parts of the file, which Streamlit allows for files in its folder only (a link
    out of it is refused): they are copied there under a name that nobody can guess, and are public.
    """
    name = f"ground-{sha256_of(own)[:32]}.pmtiles"
    try:
        if not (VENDOR / name).exists():
            VENDOR.mkdir(parents=True, exist_ok=True)
            beside = VENDOR / f"{name}.{os.getpid()}.part"
            shutil.copyfile(own, beside)
            os.replace(beside, VENDOR / name)
    except OSError:
        return None
    return f"vendor/{name}"
