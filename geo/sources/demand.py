"""Where people live: populated points, each in a region of a pack."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.errors import CareReachError
from geo.packs.gazetteer import OUTSIDE_KM, outside_km
from geo.packs.pack import read_descriptor
from geo.packs.store import change_pack, pack_land, regions_at, write_descriptor, write_table
from geo.packs.tables import read_table, resource_path
from geo.sources.batch import Report, frame_of
from geo.sources.table import PopulatedPoints


@dataclass(frozen=True)
class ImportedPeople:
    """What an import of people did, or would do.

    Attributes
    ----------
    people
        How many people were placed.
    report
        What became of each row.
    """

    people: int
    report: Report


def import_demand(
    name: str, points: PopulatedPoints, source: str, *, dry_run: bool = False
) -> ImportedPeople:
    """Put people into a pack: populated points, each in a region.

    Parameters
    ----------
    name
        The pack.
    points
        From `geo.sources.table.read_population`; not changed.
    source
        What the report calls the file.
    dry_run
        Do everything but put it in place.

    Raises
    ------
    CareReachError
        If no row can be placed in a region.
    """
    table = points.frame

    def change(folder: Path) -> ImportedPeople:
        report = points.report.copy()
        about = read_descriptor(folder)
        regions = read_table(folder, about, "regions")
        if regions.empty:
            whole = {"region_id": "whole", "name": about["country"], "level": 1, "boundary": "none"}
            regions = frame_of([whole], "regions")
        ids = _demand_regions(folder, about, regions, table)
        land = pack_land(folder)
        if land is not None:
            far = [
                outside_km(land, lat, lon) > OUTSIDE_KM
                for lat, lon in zip(table["lat"], table["lon"], strict=True)
            ]
            ids[np.array(far, bool)] = None
        rows = table["row"].to_numpy()
        for i in np.flatnonzero(pd.isna(ids)):
            why = "it lies in no region of the pack"
            report.note("dropped", why, file=source, row=int(rows[i]))
        kept = table[~pd.isna(ids)].reset_index(drop=True)
        if kept.empty:
            raise CareReachError("No row lies in a region of the pack, or names one.")
        numbered = [f"demand:{i + 1}" for i in range(len(kept))]
        demand = frame_of(kept.assign(region_id=ids[~pd.isna(ids)], demand_id=numbered), "demand")
        report.kept = len(demand)
        people = int(demand["population"].sum())
        write_table(folder, "demand", demand)
        write_table(folder, "regions", _with_people(regions, demand))
        about = read_descriptor(folder)
        if "demand_population" in about.get("totals", {}):
            about["totals"]["demand_population"] = people
        write_descriptor(folder, about)
        return ImportedPeople(people, report)

    return change_pack(name, change, f"People from {source}", dry_run=dry_run)


def _demand_regions(
    folder: Path, about: Mapping[str, Any], regions: pd.DataFrame, table: pd.DataFrame
) -> "np.ndarray":
    """The lowest region of each row: the one it names, else by surveyed boundaries."""
    lowest = regions[regions["level"] == regions["level"].max()]
    if resource_path(folder, about, "boundaries") is None and len(lowest) == 1:
        return np.full(len(table), lowest["region_id"].iloc[0], dtype=object)
    names = {str(i).casefold(): i for i in lowest["region_id"]}
    unique = lowest[~lowest["name"].str.casefold().duplicated(keep=False)]
    names |= dict(zip(unique["name"].str.casefold(), unique["region_id"], strict=True))
    said = table["region"] if "region" in table else pd.Series(pd.NA, index=table.index)
    found = said.map(lambda n: names.get(str(n).casefold())).to_numpy(object)
    return np.where(pd.isna(found), regions_at(folder, table["lat"], table["lon"]), found)


def _with_people(regions: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Regions with the people of their demand points, level by level."""
    people = demand.groupby("region_id")["population"].sum()
    parent = dict(zip(regions["region_id"], regions["parent_id"], strict=True))
    regions = regions.copy()
    for level in sorted(regions["level"].unique(), reverse=True):
        here = regions["level"] == level
        regions.loc[here, "population"] = regions.loc[here, "region_id"].map(people).fillna(0)
        people = people.groupby(people.index.map(parent)).sum()
    regions["population"] = regions["population"].astype("Int64")
    return regions
