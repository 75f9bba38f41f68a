"""What readers bring, put into a pack: merged, placed in regions, checked, in place in one step.

The bundled packs are never touched: a change goes into the user's copy, and a new pack is the
user's own.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.build import build_pack
from geo.edits import add_resource, change_pack, region_ids, write_table
from geo.errors import CareReachError, UnknownNameError
from geo.evidence import assess
from geo.find import OUTSIDE_KM
from geo.packs import (
    DESCRIPTOR,
    Pack,
    open_pack,
    pack_folder,
    read_descriptor,
    read_shapes,
    read_table,
    resource_path,
)
from geo.places import find_place, outside_km
from geo.procedures import whole_library
from geo.query import distance_km, region_of_each
from geo.schema import EVIDENCE, PROVIDERS
from geo.sources.brought import Brought, Note, Report, frame_of
from geo.sources.merge import Decision, merge_places, merge_providers

__all__ = [
    "Imported",
    "NewPack",
    "Progress",
    "import_demand",
    "import_into",
    "name_problem",
]

Progress = Callable[[str, float], None]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: Two statements that have these in common are one, said again.
_SAID_ONCE = ("provider_id", "procedure", "specialty", "service", "url", "as_of", "source_kind")
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


@dataclass(frozen=True)
class Imported:
    """What an import did, or would do.

    Attributes
    ----------
    pack
        The pack's name.
    reports
        One for each source, in order.
    decisions
        Rows that were taken for one provider.
    providers, evidence
        How many rows the pack has now.
    folder
        Where it lies; None after a dry run.
    """

    pack: str
    reports: tuple[Report, ...]
    decisions: tuple[Decision, ...]
    providers: int
    evidence: int
    folder: Path | None = None
    lost_evidence: int = 0

    def lines(self) -> list[str]:
        """The report in sentences."""
        said = [line for report in self.reports for line in report.lines()]
        if self.lost_evidence:
            said.append(f"{self.lost_evidence:,} statements are about nobody in the pack.")
        said.append(
            f"The pack {self.pack} has {self.providers:,} providers and "
            f"{self.evidence:,} statements."
        )
        return said

    def csv(self) -> str:
        """Row by row, the decisions on same providers included."""
        whole = Report()
        for report in self.reports:
            whole.notes += report.notes
            whole.counts += report.counts
        # The reports count these already.
        whole.notes += [
            Note("", None, "merged", d.reason, d.kept, d.merged) for d in self.decisions
        ]
        return whole.csv()


@dataclass
class _Tables:
    """A pack's tables while they grow."""

    providers: pd.DataFrame
    evidence: pd.DataFrame
    places: pd.DataFrame
    decisions: list[Decision] = field(default_factory=list)
    lost: int = 0


def name_problem(name: str) -> str:
    """Why a pack cannot be called so, in one sentence; "" where it can."""
    if _NAME.fullmatch(name):
        return ""
    return f"A pack cannot be called {name!r}: use small letters, digits and hyphens, 40 at most."


def import_into(
    name: str,
    brought: Sequence[Brought],
    new: NewPack | None = None,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Put what readers brought into a pack, all or nothing.

    Parameters
    ----------
    name
        The pack; made where there is none.
    brought
        What was read, the most trusted source first.
    new
        For a pack that does not exist yet.
    dry_run
        Do everything but put it in place.
    progress
        Called with words and a share of the work done.

    Raises
    ------
    CareReachError
        If the name cannot be one, nothing was brought, or the base is not known.
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    problem = name_problem(name)
    if problem:
        raise CareReachError(problem)
    say = progress or (lambda words, share: None)
    found: list[_Tables] = []
    made: list[bool] = []

    def begin(folder: Path) -> None:
        if not sum(len(b.providers) for b in brought):
            raise CareReachError(
                f"There is no pack called {name!r}, and nothing was read to make one of."
            )
        _begin(folder, brought, new or NewPack())
        made.append(True)

    def change(folder: Path) -> None:
        say("Comparing with what is known", 0.2)
        found.append(_grown(folder, brought))
        say("Writing", 0.6)
        _write(folder, found[0], brought)
        if made:
            _settle(folder, found[0])
        say("Drawing and checking", 0.75)

    change_pack(name, change, begin=begin, dry_run=dry_run)
    say("Done", 1.0)
    tables = found[0]
    return Imported(
        pack=name,
        reports=tuple(b.report for b in brought),
        decisions=tuple(tables.decisions),
        providers=len(tables.providers),
        evidence=len(tables.evidence),
        folder=None if dry_run else pack_folder(name),
        lost_evidence=tables.lost,
    )


def _grown(folder: Path, brought: Sequence[Brought]) -> _Tables:
    """The pack's tables with everything merged in."""
    about = read_descriptor(folder)
    pack = open_pack(folder)
    tables = _Tables(
        providers=read_table(folder, about, "providers"),
        evidence=read_table(folder, about, "evidence"),
        places=read_table(folder, about, "places"),
    )
    land = _land(pack, about)
    known = set(read_table(folder, about, "regions")["region_id"])
    for one in brought:
        inside = _inside(land, one)
        lost = ~inside["region_id"].isin(known)
        inside = inside.assign(region_id=inside["region_id"].mask(lost))
        merged = merge_providers(tables.providers, inside, adds_places=one.adds_places)
        one.report.kept -= len(merged.decisions)
        one.report.count("merged", "known already from another source", len(merged.decisions))
        tables.decisions += merged.decisions
        tables.providers = merged.providers
        tables.evidence = _with_evidence(tables, one, merged.id_of)
        near = [
            land is None or outside_km(land, lat, lon) <= OUTSIDE_KM
            for lat, lon in zip(one.places["lat"], one.places["lon"], strict=True)
        ]
        tables.places = merge_places(tables.places, one.places[np.array(near, bool)])
    tables.providers["region_id"] = region_ids(folder, tables.providers)
    return tables


def _land(pack: Pack, about: Mapping[str, Any]) -> BaseGeometry | None:
    """Where the pack's rows should lie: its given shapes, which an import does not widen."""
    for resource in ("boundaries", "region_shapes"):
        path = resource_path(pack.folder, about, resource)
        if path is not None and path.exists():
            land: BaseGeometry = read_shapes(path).geometry.union_all()
            shapely.prepare(land)
            return land
    return pack.outline


def _inside(land: BaseGeometry | None, one: Brought) -> pd.DataFrame:
    """The rows that do not lie far from the pack's land."""
    frame = one.providers
    if land is None or frame.empty:
        return frame
    out = ~shapely.intersects_xy(land, frame["lon"], frame["lat"])
    away = np.zeros(len(frame), bool)
    ids, lats, lons = (frame[c].to_list() for c in ("provider_id", "lat", "lon"))
    for i in np.flatnonzero(out):
        away[i] = outside_km(land, lats[i], lons[i]) > OUTSIDE_KM
        if away[i]:
            why = f"lies more than {OUTSIDE_KM:.0f} km outside the pack's area"
            one.report.note("dropped", why, value=ids[i])
    one.report.kept -= int(away.sum())
    return frame[~away]


def _with_evidence(tables: _Tables, one: Brought, id_of: Mapping[str, str]) -> pd.DataFrame:
    """Statements under the ids that providers have in the pack, each once."""
    new = one.evidence.copy()
    if new.empty:
        return tables.evidence
    new["provider_id"] = new["provider_id"].map(lambda i: id_of.get(i, i)).astype(str)
    known = new["provider_id"].isin(tables.providers["provider_id"])
    tables.lost += int((~known).sum())
    new = _everywhere(new[known], tables.providers)
    old = tables.evidence
    # The same source on the same thing and time: the newer import says it anew.
    said = set(zip(*(new[c].fillna("") for c in _SAID_ONCE), strict=True))
    again = [key in said for key in zip(*(old[c].fillna("") for c in _SAID_ONCE), strict=True)]
    old = old[~np.array(again, bool)] if len(old) else old
    both = [old, new] if len(old) else [new]
    whole = pd.concat(both, ignore_index=True)
    return whole.drop_duplicates(list(EVIDENCE.columns)).reset_index(drop=True)


def _everywhere(evidence: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """What is said of a clinician holds wherever they work: each place with their NPI has it."""
    npi = providers.set_index("provider_id")["npi"].dropna()
    places = npi.reset_index().groupby("npi")["provider_id"].agg(list)
    every = [places[npi[i]] if i in npi.index else [i] for i in evidence["provider_id"]]
    return (
        evidence.assign(provider_id=pd.Series(every, index=evidence.index))
        .explode("provider_id")
        .reset_index(drop=True)
    )


def _write(folder: Path, tables: _Tables, brought: Sequence[Brought]) -> None:
    for name in ("providers", "evidence", "places"):
        frame = getattr(tables, name)
        if len(frame):
            write_table(folder, name, frame)
    about = read_descriptor(folder)
    origins = {o.name: o for one in brought for o in one.origins}
    kept = [s for s in about.get("sources", []) if s["name"] not in origins]
    about["sources"] = kept + [o.entry() for o in origins.values()]
    publishers = about.setdefault("publishers", {})
    for one in brought:
        publishers |= one.publishers
        for url in one.evidence["url"].dropna():
            # Who publishes there is not known: the host itself.
            host = (urlsplit(url).hostname or "").removeprefix("www.")
            if host and not any(f".{host}".endswith(f".{k.split('/')[0]}") for k in publishers):
                publishers[host] = host
    titles = {entry["title"] for entry in about.setdefault("licenses", [])}
    about["licenses"] += [
        {"title": f"{o.title}: {o.license}"}
        for o in origins.values()
        if o.license and f"{o.title}: {o.license}" not in titles
    ]
    if "providers" in about.get("totals", {}):
        about["totals"]["providers"] = len(tables.providers)
    _descriptor(folder, about)


def _descriptor(folder: Path, about: Mapping[str, Any]) -> None:
    (folder / DESCRIPTOR).write_text(json.dumps(about, ensure_ascii=False, indent=1), "utf-8")


def _begin(folder: Path, brought: Sequence[Brought], new: NewPack) -> None:
    """A pack with nobody in it yet, or a base cut to one of its regions."""
    origins = [o for one in brought for o in one.origins]
    retrieved = max(str(d) for one in brought for d in one.providers["retrieved"])
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
        "default_radius_km": 30,
        "measure": "straight",
        "licenses": [],
        "publishers": {},
        "sources": [],
        "resources": [],
    }
    if new.base:
        about = _cut(folder, new, about)
    _descriptor(folder, about)


def _cut(folder: Path, new: NewPack, about: dict[str, Any]) -> dict[str, Any]:
    """A base pack's tables, cut to a region."""
    base = open_pack(new.base)
    source = read_descriptor(base.folder)
    regions = base.regions
    if new.within:
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
        while True:
            more = set(regions.loc[regions["parent_id"].isin(wanted), "region_id"]) - wanted
            if not more:
                break
            wanted |= more
        regions = regions[regions["region_id"].isin(wanted)].reset_index(drop=True)
        regions.loc[~regions["parent_id"].isin(wanted), "parent_id"] = pd.NA
        first = int(regions["level"].min())
        regions["level"] -= first - 1
        names_of = source.get("levels", {})
        about["levels"] = {
            str(int(level) - first + 1): words
            for level, words in names_of.items()
            if int(level) >= first
        }
    ids = set(regions["region_id"])
    frames = {"regions": regions}
    frames["demand"] = base.demand[base.demand["region_id"].isin(ids)].reset_index(drop=True)
    own = base.providers[list(PROVIDERS.columns)]
    frames["providers"] = own[own["region_id"].isin(ids) | (not new.within)].reset_index(drop=True)
    places = base.places
    about["sources"] = source.get("sources", [])
    about["licenses"] = source.get("licenses", [])
    about["publishers"] = source.get("publishers", {})
    about["borders"] = source.get("borders", "")
    about["country"] = about["country"] if new.country else source["country"]
    about["emergency_number"] = about["emergency_number"] or source["emergency_number"]
    about["default_radius_km"] = source["default_radius_km"]
    _descriptor(folder, about)
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
    frames["places"] = places
    frames["evidence"] = base.evidence[
        base.evidence["provider_id"].isin(frames["providers"]["provider_id"])
    ].reset_index(drop=True)
    for table, frame in frames.items():
        if len(frame):
            write_table(folder, table, frame)
    build_pack(folder, folder.parent / "static")  # its outline says who is outside
    return read_descriptor(folder)


def _region_called(regions: pd.DataFrame, text: str) -> pd.DataFrame:
    """Regions by id, by name, or by "name, region above"."""
    words = text.casefold().strip()
    above = dict(zip(regions["region_id"], regions["name"], strict=True))
    name = regions["name"].str.casefold()
    whole = name + ", " + regions["parent_id"].map(above).fillna("").str.casefold()
    by_id = regions[regions["region_id"].str.casefold() == words]
    return by_id if len(by_id) else regions[(name == words) | (whole == words)]


def _settle(folder: Path, tables: _Tables) -> None:
    """What a new pack asks first: where most providers are, and what most is known of."""
    about = read_descriptor(folder)
    about["default_place"] = _default_place(tables)
    about["default_procedure"] = _default_procedure(tables)
    if resource_path(folder, about, "boundaries") is None:
        lat, lon = tables.providers["lat"], tables.providers["lon"]
        # Some far row must not make the first view useless.
        corners = [[some.quantile(q) for some in (lat, lon)] for q in (0.005, 0.995)]
        about["view"] = [[round(float(a), 3), round(float(b), 3)] for a, b in corners]
        (south, west), (north, east) = corners
        across = float(distance_km(float(south), float(west), [north], [east])[0])
        about["default_radius_km"] = next((r for r in (5, 10) if across < 4 * r), 30)
    _descriptor(folder, about)


def _default_place(tables: _Tables) -> str:
    """A place that many providers are near, under a name that means only it."""
    providers, places = tables.providers, tables.places
    cell = providers["lat"].round(1).astype(str) + "," + providers["lon"].round(1).astype(str)
    most = str(cell.value_counts().sort_index().idxmax())
    some = providers[cell == most]
    lat, lon = float(some["lat"].median()), float(some["lon"].median())
    towns = places[places["kind"].isin(["town", "village", "suburb", "gewog"])]
    near = ((towns["lat"] - lat) ** 2 + (towns["lon"] - lon) ** 2).sort_values()
    for i in near.index[:10]:
        for label in (
            str(places["name"][i]),
            f"{places['name'][i]}, {places['within'][i]}",
        ):
            found = find_place(places, label).place
            if found is not None and abs(found.lat - lat) < 1 and abs(found.lon - lon) < 1:
                return found.label
    return f"{lat:.3f}, {lon:.3f}"


def _default_procedure(tables: _Tables) -> str:
    """The entry about which the most is known here, the strongest statuses first."""
    library, _ = whole_library()
    providers = tables.providers.head(_SAMPLE)
    evidence = tables.evidence[tables.evidence["provider_id"].isin(providers["provider_id"])]
    latest = pd.Timestamp(max(map(str, providers["retrieved"]))).date()

    def known(slug: str) -> tuple[int, int, str]:
        status = assess(providers, evidence, library[slug], latest)["status"]
        sure = int(status.isin(["confirmed", "reported"]).sum())
        return sure, int((status == "likely").sum()), slug

    asked = [slug for slug, entry in library.items() if entry.kind != "condition"]
    return max(asked, key=known, default="hospital-care")


def import_demand(
    name: str, table: pd.DataFrame, source: str, report: Report, *, dry_run: bool = False
) -> int:
    """Put people into a pack: populated points, each in a region.

    Parameters
    ----------
    name
        The pack.
    table
        `name`, `lat`, `lon`, `population`, `region` (a name or id; NA where not known), `row`
        (in its file): see `geo.sources.table.read_demand`.
    source
        What the report calls the file.
    report
        Gets a note for each row.
    dry_run
        Do everything but put it in place.

    Returns
    -------
    int
        How many people were placed.

    Raises
    ------
    CareReachError
        If no row can be placed in a region.
    """
    placed: list[int] = []

    def change(folder: Path) -> None:
        about = read_descriptor(folder)
        regions = read_table(folder, about, "regions")
        if regions.empty:
            whole = {"region_id": "whole", "name": about["country"], "level": 1, "boundary": "none"}
            regions = frame_of([whole], "regions")
        ids = _demand_regions(folder, about, regions, table)
        land = _land(open_pack(folder), about)
        if land is not None:
            far = [
                outside_km(land, lat, lon) > OUTSIDE_KM
                for lat, lon in zip(table["lat"], table["lon"], strict=True)
            ]
            ids[np.array(far, bool)] = None
        for i in np.flatnonzero(pd.isna(ids)):
            report.note(
                "dropped",
                "it lies in no region of the pack",
                file=source,
                row=int(table["row"].to_numpy()[i]),
            )
        kept = table[~pd.isna(ids)].reset_index(drop=True)
        if kept.empty:
            raise CareReachError("No row lies in a region of the pack, or names one.")
        demand = frame_of(
            kept.assign(
                region_id=ids[~pd.isna(ids)],
                demand_id=[f"demand:{i + 1}" for i in range(len(kept))],
            ),
            "demand",
        )
        report.kept = len(demand)
        placed.append(int(demand["population"].sum()))
        write_table(folder, "demand", demand)
        write_table(folder, "regions", _with_people(regions, demand))
        about = read_descriptor(folder)
        if "demand_population" in about.get("totals", {}):
            about["totals"]["demand_population"] = placed[0]
        _descriptor(folder, about)

    change_pack(name, change, dry_run=dry_run)
    return placed[0]


def _demand_regions(
    folder: Path, about: Mapping[str, Any], regions: pd.DataFrame, table: pd.DataFrame
) -> "np.ndarray":
    """The lowest region of each row: the one it names, else by surveyed boundaries."""
    lowest = regions[regions["level"] == regions["level"].max()]
    if len(lowest) == 1:
        return np.full(len(table), lowest["region_id"].iloc[0], dtype=object)
    names = {str(i).casefold(): i for i in lowest["region_id"]}
    unique = lowest[~lowest["name"].str.casefold().duplicated(keep=False)]
    names |= {
        str(n).casefold(): i for n, i in zip(unique["name"], unique["region_id"], strict=True)
    }
    said = table["region"] if "region" in table else pd.Series(pd.NA, index=table.index)
    found = said.map(lambda n: names.get(str(n).casefold())).to_numpy(object)
    path = resource_path(folder, about, "boundaries")
    if path is not None and path.exists():
        shapes: gpd.GeoDataFrame = read_shapes(path)
        at = region_of_each(table["lat"], table["lon"], shapes.geometry.to_numpy())
        known = shapes["region_id"].to_list()
        inside = np.array([known[i] if i >= 0 else None for i in at], object)
        found = np.where(pd.isna(found), inside, found)
    return found


def _with_people(regions: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Regions with the people of their demand points, level by level."""
    people = demand.groupby("region_id")["population"].sum()
    parent = dict(zip(regions["region_id"], regions["parent_id"], strict=True))
    regions = regions.copy()
    for level in sorted(regions["level"].unique(), reverse=True):
        here = regions["level"] == level
        regions.loc[here, "population"] = regions.loc[here, "region_id"].map(people).fillna(0)
        up = people.groupby(people.index.map(parent)).sum()
        people = up
    regions["population"] = regions["population"].astype("Int64")
    return regions
