"""A pack that does not exist yet: what it begins with, and what it asks first."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from geo.care.assessment import assess
from geo.care.library import whole_library
from geo.distance import distance_km, region_of_each
from geo.errors import UnknownNameError
from geo.packs.build import build_pack
from geo.packs.gazetteer import find_place
from geo.packs.ground import GROUND
from geo.packs.pack import open_pack, read_descriptor, read_shapes
from geo.packs.place_words import country_code
from geo.packs.schema import COLUMNS
from geo.packs.store import add_resource, write_descriptor, write_table
from geo.packs.tables import resource_path
from geo.sources.batch import Batch
from geo.units import KM_PER_MI, Units

#: Where roads are signed in miles.
IN_MILES = frozenset({"US", "GB"})
#: Looked at to choose what a new pack asks first.
_SAMPLE = 5_000


@dataclass(frozen=True)
class NewPack:
    """What a pack that does not exist yet says of itself.

    Attributes
    ----------
    title, country, emergency_number
        As shown; the sources' own where empty.
    base
        A pack to start from: its regions, people, places and facilities.
    within
        A region of `base` to cut it to; the whole pack where empty.
    """

    title: str = ""
    country: str = ""
    emergency_number: str = ""
    base: str = ""
    within: str = ""


def begin_pack(folder: Path, batch: Sequence[Batch], new: NewPack) -> None:
    """Fill a folder with a pack that has nobody in it yet, or with a base cut to a region.

    Parameters
    ----------
    folder
        Empty; its name is the pack's.
    batch
        What will be put in: it says country, emergency number and date.
    new
        What the pack says of itself.

    Raises
    ------
    UnknownNameError
        If the base, or the region in it, is not known or not one.
    """
    origins = [o for one in batch for o in one.origins]
    retrieved = max(str(d) for one in batch for d in one.providers["retrieved"].unique())
    country = new.country or next((o.country for o in origins if o.country), "")
    number = new.emergency_number or next((o.emergency_number for o in origins if o.country), "")
    about: dict[str, Any] = {
        "name": folder.name,
        "title": new.title or folder.name,
        "version": retrieved,
        "country": country or new.title or folder.name,
        "emergency_number": number,
        "default_procedure": "hospital-care",
        "default_place": "0, 0",
        **_first_radius(10_000, "mi" if country_code(country) in IN_MILES else "km"),
        "measure": "straight",
        "licenses": [],
        "publishers": {},
        "sources": [],
        "resources": [],
    }
    if new.base:
        about = _cut(folder, new, about)
    write_descriptor(folder, about)


def _cut(folder: Path, new: NewPack, about: dict[str, Any]) -> dict[str, Any]:
    """Fill a folder with a base pack's tables, cut to a region; its descriptor then."""
    base = open_pack(new.base)
    source = read_descriptor(base.folder)
    regions, levels = base.regions, about.get("levels", {})
    if new.within:
        regions, levels = _regions_within(base.regions, new, source.get("levels", {}))
    ids = set(regions["region_id"])
    taken = {key: source.get(key, []) for key in ("sources", "licenses")}
    about = {
        **about,
        **taken,
        **({"levels": levels} if levels else {}),
        "publishers": source.get("publishers", {}),
        "borders": source.get("borders", ""),
        "country": about["country"] if new.country else source["country"],
        "emergency_number": about["emergency_number"] or source["emergency_number"],
        "default_radius_km": source["default_radius_km"],
        **({"units": source["units"]} if "units" in source else {}),
    }
    write_descriptor(folder, about)
    if GROUND in base.files:
        shutil.copyfile(base.files[GROUND], folder / f"{GROUND}.pmtiles")
        add_resource(folder, GROUND, f"{GROUND}.pmtiles")
    places = base.places
    for resource in ("boundaries", "region_shapes"):
        path = resource_path(base.folder, source, resource)
        if path is None or not path.exists():
            continue
        shapes = read_shapes(path)
        shapes = shapes[shapes["region_id"].isin(ids)]
        (folder / f"{resource}.geojson").write_text(shapes.to_json(drop_id=True), "utf-8")
        add_resource(folder, resource, f"{resource}.geojson")
        if new.within:
            at = region_of_each(places["lat"], places["lon"], shapes.geometry.to_numpy())
            places = places[at >= 0].reset_index(drop=True)
    own = base.providers[list(COLUMNS["providers"])]
    providers = own[own["region_id"].isin(ids) | (not new.within)]
    known = base.evidence["provider_id"].isin(providers["provider_id"])
    tables = {
        "regions": regions,
        "demand": base.demand[base.demand["region_id"].isin(ids)],
        "providers": providers,
        "places": places,
        "evidence": base.evidence[known],
    }
    for table, frame in tables.items():
        if len(frame):
            write_table(folder, table, frame.reset_index(drop=True))
    build_pack(folder, folder.parent / "static")  # its outline says who is outside
    return read_descriptor(folder)


def _regions_within(
    regions: pd.DataFrame, new: NewPack, level_names: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """A region of a base pack with all below it, as level 1 and on; and the levels' names."""
    top = _region_called(regions, new.within)
    if len(top) > 1:
        raise UnknownNameError(
            f"The pack {new.base} has several regions called {new.within!r}; give the id.",
            tuple(top["region_id"]),
        )
    if top.empty:
        names = regions.loc[regions["level"] == 1, "name"]
        raise UnknownNameError(
            f"The pack {new.base} has no region called {new.within!r}.", tuple(names)
        )
    wanted = {str(top["region_id"].iloc[0])}
    while more := set(regions.loc[regions["parent_id"].isin(wanted), "region_id"]) - wanted:
        wanted |= more
    inside = regions[regions["region_id"].isin(wanted)].reset_index(drop=True)
    first = int(inside["level"].min())
    inside = inside.assign(
        parent_id=inside["parent_id"].where(inside["parent_id"].isin(wanted), pd.NA),
        level=inside["level"] - (first - 1),
    )
    names_from_first = {
        str(int(level) - first + 1): name
        for level, name in level_names.items()
        if int(level) >= first
    }
    return inside, names_from_first


def _region_called(regions: pd.DataFrame, text: str) -> pd.DataFrame:
    """Regions by id, by name, or by "name, region above"."""
    words = text.casefold().strip()
    above = dict(zip(regions["region_id"], regions["name"], strict=True))
    name = regions["name"].str.casefold()
    whole = name + ", " + regions["parent_id"].map(above).fillna("").str.casefold()
    by_id = regions[regions["region_id"].str.casefold() == words]
    return by_id if len(by_id) else regions[(name == words) | (whole == words)]


def settle_pack(
    folder: Path, providers: pd.DataFrame, evidence: pd.DataFrame, places: pd.DataFrame
) -> None:
    """Choose what a new pack asks first: where most providers are, and what most is known of.

    Parameters
    ----------
    folder
        The staged pack.
    providers, evidence, places
        Its tables.
    """
    about = read_descriptor(folder)
    about["default_place"] = _default_place(providers, places)
    about["default_procedure"] = _default_procedure(providers, evidence)
    if resource_path(folder, about, "boundaries") is None:
        lat, lon = providers["lat"], providers["lon"]
        # Some far row must not make the first view useless.
        corners = [[some.quantile(q) for some in (lat, lon)] for q in (0.005, 0.995)]
        about["view"] = [[round(float(a), 3), round(float(b), 3)] for a, b in corners]
        (south, west), (north, east) = corners
        across = float(distance_km(float(south), float(west), [north], [east])[0])
        about |= _first_radius(across, "mi" if about.get("units") == "mi" else "km")
    write_descriptor(folder, about)


def _first_radius(across_km: float, units: Units) -> dict[str, object]:
    """How far a pack so wide is searched at first: a round number of its readers' units."""
    miles = units == "mi"
    steps, one_km = ((3, 5, 20), KM_PER_MI) if miles else ((5, 10, 30), 1.0)
    chosen = next((r for r in steps[:2] if across_km < 4 * r * one_km), steps[2])
    if not miles:
        return {"default_radius_km": chosen}
    return {"default_radius_km": float(f"{chosen * one_km:g}"), "units": units}


def _default_place(providers: pd.DataFrame, places: pd.DataFrame) -> str:
    """A place that many providers are near, under a name that means only it."""
    cell = providers["lat"].round(1).astype(str) + "," + providers["lon"].round(1).astype(str)
    most = str(cell.value_counts().sort_index().idxmax())
    some = providers[cell == most]
    lat, lon = float(some["lat"].median()), float(some["lon"].median())
    towns = places[places["kind"].isin(["town", "village", "suburb", "gewog"])]
    near = ((towns["lat"] - lat) ** 2 + (towns["lon"] - lon) ** 2).sort_values(kind="stable")
    for i in near.index[:10]:
        for label in (str(places["name"][i]), f"{places['name'][i]}, {places['within'][i]}"):
            found = find_place(places, label).place
            if found is not None and abs(found.lat - lat) < 1 and abs(found.lon - lon) < 1:
                return found.label
    return f"{lat:.3f}, {lon:.3f}"


def _default_procedure(providers: pd.DataFrame, evidence: pd.DataFrame) -> str:
    """The entry about which the most is known here, the strongest statuses first."""
    library, _ = whole_library()
    providers = providers.head(_SAMPLE)
    evidence = evidence[evidence["provider_id"].isin(providers["provider_id"])]
    latest = pd.Timestamp(max(map(str, providers["retrieved"]))).date()

    def known(slug: str) -> tuple[int, int, str]:
        status = assess(providers, evidence, library[slug], latest)["status"]
        sure = int(status.isin(["confirmed", "reported"]).sum())
        return sure, int((status == "likely").sum()), slug

    asked = [slug for slug, entry in library.items() if entry.kind != "condition"]
    return max(asked, key=known, default="hospital-care")
