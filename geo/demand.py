"""Where people live: populated points, each in a region of a pack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.edits import change_pack, pack_land, write_descriptor, write_table
from geo.errors import CareReachError
from geo.find import OUTSIDE_KM
from geo.packs import read_descriptor, read_shapes, read_table, resource_path
from geo.places import outside_km
from geo.query import region_of_each
from geo.sources.brought import Report, frame_of

__all__ = ["import_demand"]


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
        land = pack_land(folder)
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
        write_descriptor(folder, about)

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
