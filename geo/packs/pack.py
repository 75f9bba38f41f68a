"""Packs: a folder of data plus provenance, opened as a frozen bundle of frames.

A pack is a Data Package (`datapackage.json` and its resources). Bundled packs live in `data/`;
packs of the user live in the platform's data folder, or in `CAREREACH_DATA`, and shadow a
bundled pack of the same name.
"""

import functools
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import platformdirs
import shapely
from shapely.geometry.base import BaseGeometry

from geo.distance import Index
from geo.errors import DataError, UnknownNameError
from geo.packs.alike import Alike, alike_rows
from geo.packs.detour import Detour, measure_detour
from geo.packs.gazetteer import Gazetteer
from geo.packs.grids import PeopleGrid, grids_of
from geo.packs.place_words import country_code
from geo.packs.schema import COLUMNS, HOSPITAL_TYPES
from geo.packs.shared import copies_in, copy_anew, is_copy, spots_of_copy
from geo.packs.stored_index import Spots
from geo.packs.tables import DESCRIPTOR, open_table, resource_path
from geo.paths import DATA
from geo.reading import understood
from geo.units import UNITS, Units

BUNDLED = DATA
#: How the note of a statement without an address begins: the answer to a call.
ASKED = "asked: "
#: Nobody's way takes so many times as long.
MOST_SLOWER = 20.0
#: So begins the note of a statement out of a file without an address; then the source's name.
FROM_LIST = "listed in: "


@dataclass(frozen=True)
class Source:
    """Where rows come from."""

    name: str
    title: str
    as_of: str | None = None
    path: str | None = None
    description: str | None = None
    license: str | None = None
    kind: str | None = None
    #: The page of one record, with `{record}` where its id goes.
    record_url: str | None = None


@dataclass(frozen=True)
class Slower:
    """How many times as long as on free roads in dry weather a way may take, and who says so.

    The default is CareReach's own assumption, and has no source; in a town it can be far more.
    """

    factor: float = 1.5
    source: str = ""


@dataclass(frozen=True)
class Pack:
    """One country's or region's data. The frames are shared: never change them in place.

    `providers` carries four derived columns beside the contract's: `source_title`, `source_as_of`,
    `source_url` and `source_kind` (a register where it is not said), those of the first of its
    sources. `kinds` says which of them are alike, where that is known. `hash` is the SHA-256 of the
    descriptor, which holds those of the files. `files` says where each resource lies; those that
    are not tables (`areas_1`, `base_map`) are read when needed. `view` is what a map shows first:
    southwest and northeast corner as (lat, lon), else the outline; `insets` are parts far from it,
    by name. `borders` and `areas` say whose lines are drawn. `detour` is what the descriptor
    states, else what the legs of the road table give. `units` is what readers there measure in.
    `grids` are other accounts of where people live; where `demand` is one of them, `people` names
    it and `own_demand` is the pack's own. `terrain` says how its surface of travel came about, and
    `slower` how much longer ways may take.
    """

    name: str
    title: str
    version: str
    country: str
    emergency_number: str
    emergency_name: str
    default_procedure: str
    default_place: str
    default_radius_km: float
    measure: str
    folder: Path
    providers: pd.DataFrame
    evidence: pd.DataFrame
    regions: pd.DataFrame
    demand: pd.DataFrame
    places: pd.DataFrame
    roads: pd.DataFrame
    road_nodes: pd.DataFrame
    survey: pd.DataFrame
    outline: BaseGeometry | None
    sources: Mapping[str, Source] = field(default_factory=dict)
    publishers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    examples: tuple[Mapping[str, str], ...] = ()
    licenses: tuple[str, ...] = ()
    level_names: Mapping[int, str] = field(default_factory=dict)
    view: tuple[tuple[float, float], ...] = ()
    insets: tuple[tuple[str, tuple[tuple[float, float], ...]], ...] = ()
    borders: str = ""
    areas: str = ""
    description: str = ""
    hash: str = ""
    detour: Detour | None = None
    units: Units = "km"
    kinds: Alike | None = None
    grids: Mapping[str, PeopleGrid] = field(default_factory=dict)
    people: str = ""
    own_demand: pd.DataFrame | None = None
    terrain: Mapping[str, Any] = field(default_factory=dict)
    slower: Slower = field(default_factory=Slower)

    def spots(self) -> Spots | None:
        """Where a database has the providers of a pack that many machines share, as of now."""
        return spots_of_copy(self.folder, self.hash)

    @functools.cached_property
    def gazetteer(self) -> Gazetteer:
        """The pack's places and facilities, to be searched; made when first asked for."""
        return Gazetteer(self.places, self.providers, country_code(self.country))

    @functools.cached_property
    def alike(self) -> Alike:
        """Which providers are alike in what bears on a procedure."""
        known = self.kinds
        return known if known and known.frame is self.providers else alike_rows(self.providers)

    @functools.cached_property
    def hospitals(self) -> npt.NDArray[np.intp]:
        """Which rows of `providers` are hospitals of any kind, where one can at least be seen."""
        is_hospital = self.providers["facility_type"].iloc[self.alike.first].isin(HOSPITAL_TYPES)
        return np.flatnonzero(is_hospital.to_numpy(bool)[self.alike.number])

    @functools.cached_property
    def hospital_index(self) -> Index:
        """Over `hospitals`."""
        lat, lon = (self.providers[c].to_numpy(float) for c in ("lat", "lon"))
        return Index(lat[self.hospitals], lon[self.hospitals])


def user_folder() -> Path:
    """Where packs of the user lie: `CAREREACH_DATA`, or the platform's data folder."""
    chosen = os.environ.get("CAREREACH_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("carereach")) / "packs"


def list_packs() -> dict[str, Path]:
    """Name every pack that can be opened, and its folder.

    The user's shadow the bundled, and those of the store that `CAREREACH_STORE` names shadow both.

    Returns
    -------
    dict
        Pack name to folder, by name.
    """
    found: dict[str, Path] = {}
    for home in filter(None, (BUNDLED, user_folder(), copies_in(user_folder()))):
        for descriptor in sorted(home.glob(f"*/{DESCRIPTOR}")):
            found[descriptor.parent.name] = descriptor.parent
    return dict(sorted(found.items()))


def pack_folder(name: str) -> Path:
    """Find the folder of a pack by its name.

    Raises
    ------
    UnknownNameError
        If there is no such pack.
    """
    packs = list_packs()
    if name not in packs:
        raise UnknownNameError(f"There is no pack called {name!r}.", tuple(packs))
    return packs[name]


def open_pack(name_or_folder: str | Path, *, check: bool = False) -> Pack:
    """Open a pack by name or folder.

    A table is checked against the contract where it has changed since `geo.packs.build` checked it
    and wrote down its hash.

    Parameters
    ----------
    name_or_folder
        A name from `list_packs`, or the folder itself. A pack is called as its folder is.
    check
        Check every table all the same.

    Raises
    ------
    UnknownNameError
        If there is no pack of that name.
    DataError
        If a file is missing or a row breaks the contract.
    """
    folder = name_or_folder if isinstance(name_or_folder, Path) else pack_folder(name_or_folder)
    while True:
        raw = _descriptor_bytes(folder)
        try:
            about = _descriptor(folder, raw)
            with understood(DESCRIPTOR):
                return _open(folder, about, hashlib.sha256(raw).hexdigest(), check)
        except DataError:
            # Put in place meanwhile: the files that this descriptor named may be gone.
            if _descriptor_bytes(folder) == raw:
                if is_copy(folder):
                    copy_anew(folder)
                raise


def _open(folder: Path, about: Mapping[str, Any], digest: str, check: bool) -> Pack:
    read = {table: open_table(folder, about, table, check=check) for table in COLUMNS}
    tables: dict[str, Any] = {table: frame for table, (frame, _) in read.items()}
    nodes = set(tables["road_nodes"]["node"])
    for column in ("from", "to"):
        lost = ~tables["roads"][column].isin(nodes)
        if lost.any():
            row = int(lost.to_numpy().argmax())
            raise DataError("roads", "leads to no node", row=row + 2, column=column)
    sources = {s["name"]: _source(s) for s in about.get("sources", [])}
    kinds = read["providers"][1] or alike_rows(tables["providers"])
    tables["providers"] = _with_source(kinds, sources)
    return Pack(
        name=folder.resolve().name,
        **{key: about[key] for key in _SETTINGS},
        emergency_name=about.get("emergency_name", ""),
        folder=folder,
        **tables,
        outline=land_of(folder, about, "outline"),
        sources=sources,
        publishers=about.get("publishers", {}),
        files=_files(folder, about),
        examples=tuple(about.get("examples", ())),
        licenses=tuple(licence["title"] for licence in about.get("licenses", ())),
        borders=str(about.get("borders", "")),
        areas=str(about.get("areas", "")),
        units=_units(about),
        description=str(about.get("description", "")),
        view=_corners(about.get("view", [])),
        insets=_insets(about),
        level_names={int(k): str(v) for k, v in about.get("levels", {}).items()},
        hash=digest,
        detour=_detour(about) or measure_detour(tables["roads"], tables["road_nodes"]),
        kinds=replace(kinds, frame=tables["providers"]),
        grids=grids_of(folder, about),
        terrain=about.get("terrain", {}),
        slower=_slower(about),
    )


def _insets(about: Mapping[str, Any]) -> tuple[tuple[str, tuple[tuple[float, float], ...]], ...]:
    """Parts that are drawn small beside the rest: their name and corners."""
    try:
        return tuple((str(i["name"]), _corners(i["view"])) for i in about.get("insets", []))
    except (KeyError, TypeError, ValueError):
        raise DataError(
            DESCRIPTOR, "each of insets must have a name, and a view of two corners [lat, lon]"
        ) from None


def _corners(view: list[list[float]]) -> tuple[tuple[float, float], ...]:
    """Southwest and northeast corner."""
    return tuple((float(lat), float(lon)) for lat, lon in view)


def _detour(about: Mapping[str, Any]) -> Detour | None:
    """The detour that a descriptor states."""
    stated = about.get("detour")
    try:
        return (
            Detour(*(float(stated[key]) for key in ("low", "median", "high"))) if stated else None
        )
    except (KeyError, TypeError, ValueError):
        raise DataError(DESCRIPTOR, "detour must have the numbers low, median and high") from None


def _slower(about: Mapping[str, Any]) -> Slower:
    """How much longer ways may take, as a descriptor states it."""
    stated = about.get("slower")
    try:
        made = Slower(float(stated["factor"]), str(stated["source"])) if stated else Slower()
    except (KeyError, TypeError, ValueError):
        raise DataError(DESCRIPTOR, "slower must have a factor and its source") from None
    if not 1 <= made.factor <= MOST_SLOWER:
        raise DataError(DESCRIPTOR, f"the factor of slower can be 1 to {MOST_SLOWER:g}")
    return made


def _units(about: Mapping[str, Any]) -> Units:
    """What readers of a pack measure in."""
    said = about.get("units", "km")
    known = next((units for units in UNITS if units == said), None)
    if known is None:
        raise DataError(DESCRIPTOR, f"units is {said!r}; it can be {' or '.join(UNITS)}")
    return known


#: What a descriptor must say, and of which type.
_TEXTS = ("title", "version", "country", "emergency_number", "default_procedure", "default_place")
_SETTINGS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys((*_TEXTS, "measure"), str),
    "default_radius_km": (int, float),
}

_MEASURES = ("road", "straight", "drive", "walk", "terrain")
_OPTIONAL: Mapping[str, type] = {
    **dict.fromkeys(("resources", "sources", "licenses", "examples"), list),
    **dict.fromkeys(("view", "insets", "people"), list),
    **dict.fromkeys(("publishers", "totals", "detour", "levels", "terrain", "slower"), dict),
}
#: What each entry of a list must name.
_ENTRIES = {
    "resources": ("name", "path"),
    "sources": ("name",),
    "licenses": ("title",),
    "examples": ("procedure", "near"),
}


def _source(about: Mapping[str, Any]) -> Source:
    known = {f.name: about.get(f.name) for f in fields(Source) if f.name not in ("name", "title")}
    return Source(name=str(about["name"]), title=str(about.get("title", about["name"])), **known)


def read_descriptor(folder: Path) -> dict[str, Any]:
    """Read a pack's `datapackage.json`.

    Raises
    ------
    DataError
        If it is missing, is not JSON, or lacks a setting.
    """
    return _descriptor(folder, _descriptor_bytes(folder))


def _descriptor_bytes(folder: Path) -> bytes:
    try:
        return (folder / DESCRIPTOR).read_bytes()
    except FileNotFoundError:
        raise DataError(str(folder / DESCRIPTOR), "the file is missing") from None


def _descriptor(folder: Path, raw: bytes) -> dict[str, Any]:
    """A descriptor's content, checked."""
    path = folder / DESCRIPTOR
    try:
        about: dict[str, Any] = json.loads(raw.decode("utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(str(path), f"is not JSON: {error.msg}", row=error.lineno) from None
    except UnicodeDecodeError:
        raise DataError(str(path), "is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise DataError(str(path), f"is not JSON that can be read: {error}") from None
    if not isinstance(about, dict):
        raise DataError(str(path), "is not a JSON object")
    for problem in _setting_problems(about):
        raise DataError(str(path), problem)
    return about


def _setting_problems(about: Mapping[str, Any]) -> Iterator[str]:
    """Settings that are missing, or of the wrong type."""
    for key, kind in _SETTINGS.items():
        if not isinstance(about.get(key), kind):
            yield f"the setting {key} is missing or of the wrong type"
    if about["measure"] not in _MEASURES:
        yield f"measure is {about['measure']!r}; it can be {', '.join(_MEASURES)}"
    for key, kind in _OPTIONAL.items():
        if not isinstance(about.get(key, kind()), kind):
            yield f"the setting {key} is of the wrong type"
    for key, needed in _ENTRIES.items():
        for entry in about.get(key, []):
            if not (isinstance(entry, dict) and all(isinstance(entry.get(f), str) for f in needed)):
                yield f"an entry of {key} lacks {' or '.join(needed)}"


def _files(folder: Path, about: Mapping[str, Any]) -> dict[str, Path]:
    paths = {e["name"]: resource_path(folder, about, e["name"]) for e in about.get("resources", [])}
    return {name: path for name, path in paths.items() if path is not None and path.exists()}


def _with_source(kinds: Alike, sources: Mapping[str, Source]) -> pd.DataFrame:
    """Providers with what is said of the first source of each."""
    providers = kinds.frame
    # Those that are alike have the same sources.
    first = [s[0] if isinstance(s, list) else "" for s in providers["sources"].iloc[kinds.first]]
    known = [sources.get(name) for name in first]

    def column(told: list[str | None]) -> pd.Categorical:
        codes, values = pd.factorize(np.array(told, object))
        return pd.Categorical.from_codes(codes[kinds.number], pd.Index(values, dtype="str"))

    return providers.assign(
        source_title=column([s.title if s else None for s in known]),
        source_as_of=column([s.as_of if s else None for s in known]),
        source_url=column([s.path if s else None for s in known]),
        source_kind=column([s.kind or "registry" if s else None for s in known]),
    )


def record_page(pack: Pack, provider_id: str, sources: object) -> str | None:
    """The page of a provider in the first of its sources; None where that has none."""
    source = pack.sources.get(sources[0]) if isinstance(sources, list) else None
    if source is None or not source.record_url:
        return None
    return source.record_url.replace("{record}", quote(provider_id.split(":", 1)[1]))


def land_of(folder: Path, about: Mapping[str, Any], *resources: str) -> BaseGeometry | None:
    """The area of the first of these resources that a pack has, prepared; None without any."""
    paths = (resource_path(folder, about, resource) for resource in resources)
    path = next((path for path in paths if path is not None and path.exists()), None)
    if path is None:
        return None
    land: BaseGeometry = read_shapes(path).geometry.union_all()
    shapely.prepare(land)
    return land


def lowest_areas(pack: Pack) -> Path | None:
    """The areas of a pack's lowest regions; None where it has none."""
    return pack.files.get(f"areas_{max(pack.regions['level'], default=0)}")


def read_shapes(path: Path) -> gpd.GeoDataFrame:
    """Read GeoJSON as a GeoDataFrame in EPSG:4326.

    Raises
    ------
    DataError
        If the file is missing or is not GeoJSON.
    """
    if not path.is_file():  # nor an address, which GDAL would fetch
        raise DataError(path.name, "the file is missing")
    with understood(path.name):
        return gpd.read_file(path)


def publisher(pack: Pack, url: str | None) -> str:
    """Name who published a page, from the pack's list of publishers; else the host itself.

    Parameters
    ----------
    pack
        The pack whose list is asked.
    url
        The page's address; NA gives "".
    """
    if not isinstance(url, str):
        return ""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    for known, title in pack.publishers.items():
        site, _, path = known.partition("/")
        if f".{host}".endswith(f".{site}") and parts.path.startswith(f"/{path}"):
            return title
    return host
