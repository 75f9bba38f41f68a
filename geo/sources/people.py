"""Other accounts of where people live, put into a pack beside its own: grids, and groups."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geo.errors import CareReachError
from geo.packs.gazetteer import OUTSIDE_KM
from geo.packs.grids import RESOURCE
from geo.packs.pack import read_descriptor, read_shapes
from geo.packs.people import OWN
from geo.packs.store import add_resource, change_pack, write_descriptor
from geo.packs.tables import read_table, resource_path
from geo.sources.batch import Origin, with_origin
from geo.sources.grid import GriddedPeople
from geo.text import normalise

#: A grid of a group counts fewer than everybody; one of everybody within this factor of the pack's.
_TIMES = 2.0
#: And one that differs more is no count of the same people.
MOST_TIMES = 100.0


@dataclass(frozen=True)
class PeopleSaid:
    """What an account of people says of itself.

    Attributes
    ----------
    name
        What it is asked for by; letters, digits and dashes.
    origin
        Where it comes from.
    group
        Whom it counts; everybody where empty.
    """

    name: str
    origin: Origin
    group: str = ""


@dataclass(frozen=True)
class PlacedPeople:
    """What was put into a pack, or would be.

    Attributes
    ----------
    grid
        What was read.
    pack_people
        How many people the pack itself counts; 0 where it has none.
    largest
        The lowest region whose people differ most from the pack's own, and how many the grid and
        the pack have there; None where there is nothing to compare.
    unofficial
        Whose areas parted the people into regions, where these are not boundaries of the pack.
    """

    grid: GriddedPeople
    pack_people: float
    largest: tuple[str, float, float] | None
    unofficial: str

    def lines(self, group: str = "") -> list[str]:
        """The report in sentences."""
        grid = self.grid
        said = [
            f"Read {grid.made_text()}",
            f"{grid.people:,.0f} {group or 'people'} at {len(grid.points):,} points in "
            f"{grid.points['region_id'].nunique():,} regions.",
            f"{grid.outside:,.0f} more live outside every region"
            + ("" if grid.cell_km is None else f", up to {OUTSIDE_KM:g} km away,")
            + " and are left out.",
        ]
        if grid.reach_beyond:
            said.append(
                f"{grid.reach_beyond:,} regions reach beyond the grid: some of their people may be "
                "missing."
            )
        if grid.below_zero:
            said.append(f"{grid.below_zero:,} cells below 0 were read as 0.")
        if self.unofficial:
            said.append(f"Regions are told by areas that are not official: {self.unofficial}.")
        if self.pack_people and not group:
            ratio = grid.people / self.pack_people
            said.append(
                f"The pack counts {self.pack_people:,.0f} people itself: the grid has "
                f"{ratio:.2f} times as many."
            )
            if not 1 / _TIMES <= ratio <= _TIMES:
                said.append("Is the grid a density, of another year, or of a group (--group)?")
        if self.largest and not group:
            name, there, own = self.largest
            said.append(
                f"The largest difference is in {name}: {there:,.0f} people by the grid, {own:,.0f} "
                "by the pack."
            )
        return said


def grid_name(text: str) -> str:
    """A name for a grid from a title or a file's name.

    Examples
    --------
    >>> grid_name("btn_ppp_2020_UNadj.tif")
    'btn-ppp-2020-unadj'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", normalise(text.rsplit(".", 1)[0])).strip("-")[:40]
    return plain or "grid"


def import_people(
    pack: str,
    read: Callable[[gpd.GeoDataFrame], GriddedPeople],
    said: PeopleSaid,
    *,
    dry_run: bool = False,
) -> PlacedPeople:
    """Put an account of where people live into a pack, beside those it has.

    Parameters
    ----------
    pack
        Its regions say who lives where; one of the same name is replaced.
    read
        Reads the people of some regions (`region_id` and geometry, EPSG:4326).
    said
        What it is called.
    dry_run
        Do everything but put it in place.

    Raises
    ------
    CareReachError
        If the pack has no areas of its lowest regions, or the name cannot be one.
    DataError
        If the file is not one that can be read.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", said.name) or said.name == OWN:
        raise CareReachError(
            f"{said.name!r} cannot be a name: small letters, digits and dashes, and not “{OWN}”."
        )

    def change(folder: Path) -> PlacedPeople:
        about = read_descriptor(folder)
        regions = read_table(folder, about, "regions")
        shapes, unofficial = _lowest_shapes(folder, about, regions)
        grid = read(shapes)
        if grid.points.empty:
            raise CareReachError(f"{said.origin.title} has nobody in the regions of {pack}.")
        demand = read_table(folder, about, "demand")
        own = float(demand["population"].sum())
        if own and not said.group and not 1 / MOST_TIMES <= grid.people / own <= MOST_TIMES:
            raise CareReachError(
                f"{said.origin.title} has {grid.people:,.0f} people in the regions of {pack}, "
                f"which counts {own:,.0f} itself: that is no count of the same people. If it is "
                "of a group, say which with --group."
            )
        file = f"{RESOURCE}{said.name}.parquet"
        grid.points.to_parquet(folder / file, index=False, compression="zstd")
        add_resource(folder, RESOURCE + said.name, file)
        about = with_origin(read_descriptor(folder), said.origin)
        others = [entry for entry in about.get("people", []) if entry["name"] != said.name]
        about["people"] = [*others, _entry(grid, said)]
        write_descriptor(folder, about)
        largest = _largest(grid.points, demand, regions)
        return PlacedPeople(grid, own, largest, unofficial)

    return change_pack(pack, change, f"People from {said.origin.title}", dry_run=dry_run)


def _entry(grid: GriddedPeople, said: PeopleSaid) -> dict[str, Any]:
    """What a descriptor says of a grid."""
    note = f"{grid.made_text()} {grid.outside:,.0f} people outside every region are left out."
    return {
        "name": said.name,
        "title": said.origin.title,
        **({"group": said.group} if said.group else {}),
        "people": round(grid.people, 3),
        "points": len(grid.points),
        "note": note,
    }


def _lowest_shapes(
    folder: Path, about: Mapping[str, Any], regions: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, str]:
    """The areas of the lowest regions, and whose they are where they are not the pack's boundaries.

    Raises
    ------
    CareReachError
        If there are none.
    """
    lowest = set(regions.loc[regions["level"] == regions["level"].max(), "region_id"])
    for resource in ("boundaries", "region_shapes"):
        path = resource_path(folder, about, resource)
        if path is None or not path.exists():
            continue
        shapes = read_shapes(path)
        shapes = shapes[shapes["region_id"].isin(lowest)].reset_index(drop=True)
        if len(shapes):
            whose = "" if resource == "boundaries" else str(about.get("areas") or "no source said")
            return shapes[["region_id", "geometry"]], whose
    raise CareReachError(
        f"The pack {about['name']} has no boundaries to part people by: bring them with “carereach "
        f"import boundaries FILE --pack {about['name']}”."
    )


def _largest(
    points: pd.DataFrame, demand: pd.DataFrame, regions: pd.DataFrame
) -> tuple[str, float, float] | None:
    """Where a grid and a pack's own points differ by the most people."""
    if demand.empty:
        return None
    sums = [frame.groupby("region_id")["population"].sum() for frame in (points, demand)]
    grid, own = (s.astype(float) for s in sums)
    apart = grid.sub(own, fill_value=0.0).abs()
    at = str(apart.idxmax())
    names = dict(zip(regions["region_id"], regions["name"], strict=True))
    return str(names.get(at, at)), float(grid.get(at, 0.0)), float(own.get(at, 0.0))


def points_as_grid(points: pd.DataFrame, regions: gpd.GeoDataFrame) -> GriddedPeople:
    """Populated points or hexagons of a table as `import_people` takes them.

    Parameters
    ----------
    points
        `population`, `lat`, `lon`.
    regions
        `region_id` and geometry, EPSG:4326; a point counts for the one that holds it.
    """
    spots = gpd.GeoDataFrame(
        {"population": points["population"].astype(float).to_numpy()},
        geometry=gpd.points_from_xy(points["lon"], points["lat"]),
        crs=4326,
    )
    joined = spots.sjoin(regions, how="left", predicate="intersects")
    # On a border, the first of its regions.
    joined = joined[~joined.index.duplicated()]
    inside = joined["region_id"].notna().to_numpy()
    frame = pd.DataFrame(
        {
            "region_id": joined["region_id"].to_numpy(object)[inside],
            "population": spots["population"].to_numpy()[inside],
            "lat": points["lat"].to_numpy(float)[inside],
            "lon": points["lon"].to_numpy(float)[inside],
        }
    ).astype({"region_id": "str"})
    outside = float(spots["population"].to_numpy()[~inside].sum())
    return GriddedPeople(frame, len(points), None, outside, 0, (1, 1))
