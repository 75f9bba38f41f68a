"""A surface of how fast one gets on: a ready one, or of land cover, roads, rivers and heights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from geo.errors import CareReachError, DataError
from geo.packs.gazetteer import OUTSIDE_KM
from geo.packs.pack import read_descriptor
from geo.packs.store import add_resource, change_pack, pack_land, write_descriptor
from geo.packs.tables import read_table
from geo.progress import Progress, Step, silent
from geo.rasters import need_rasters
from geo.sources.batch import Origin, with_origin
from geo.sources.layers import (
    MOST_CELLS,
    Area,
    Onto,
    Single,
    burned,
    friction_of,
    heights_of,
    land_of_speeds,
    roads_of,
    shapes_in,
)
from geo.sources.speeds import COLUMNS, Speed, read_speeds, speeds_csv
from geo.travel.surface import M_PER_DEG
from geo.travel.terrain import NEEDED, SPEEDS, TERRAIN

#: How wide the cells are by default, and the least and the most that can be asked for.
CELL_M, LEAST_M, MOST_M = 1000.0, 10.0, 5_000.0
#: A raster that lacks more of a pack's land does not cover it.
MOST_LACKING = 0.5
#: Less than this part is not worth a sentence.
_LITTLE = 0.005


@dataclass(frozen=True)
class SurfaceAsked:
    """What a surface is made from.

    Attributes
    ----------
    friction
        A ready surface, minutes a metre; then nothing else but `cell_m`.
    land_cover
        Classes of land cover.
    elevation
        Heights in metres: where one walks, uphill is slower.
    roads
        Lines, with their kind in `road_column`.
    barriers
        Rivers and lakes that nobody crosses but on a road.
    speeds
        The table of speeds.
    """

    friction: Path | None = None
    land_cover: Path | None = None
    elevation: Path | None = None
    roads: Path | None = None
    barriers: Path | None = None
    speeds: Path | None = None
    road_column: str = "highway"
    cell_m: float = CELL_M

    def check(self) -> None:
        """Refuse what does not go together.

        Raises
        ------
        CareReachError
            If it does not.
        """
        if not LEAST_M <= self.cell_m <= MOST_M:
            raise CareReachError(
                f"Cells can be {LEAST_M:g} to {MOST_M:,.0f} m wide, not {self.cell_m:g}."
            )
        made = [self.land_cover, self.roads, self.speeds, self.elevation, self.barriers]
        if self.friction is not None and any(made):
            raise CareReachError(
                "A ready surface of friction has land, roads, rivers and slopes in it: give "
                "--friction alone, or the others without it."
            )
        if self.barriers is not None and self.barriers.name.endswith(".pbf"):
            raise CareReachError(
                "An OpenStreetMap extract holds roads beside rivers: save the rivers and lakes "
                "that are barriers into a file of their own."
            )
        if self.friction is None and self.land_cover is None:
            raise CareReachError("Give --friction, or --land-cover with --speeds.")
        if self.friction is None and self.speeds is None:
            raise CareReachError(
                f"Give --speeds: a table with {', '.join(COLUMNS)} for every class of the land "
                "cover, and every kind of road."
            )


@dataclass(frozen=True)
class MadeSurface:
    """What a surface became.

    Attributes
    ----------
    shape
        Rows and columns.
    cell_m
        How high a cell is.
    impassable
        The share of cells where nobody can go.
    on_roads
        The share of cells with a road.
    unknown_roads
        Kinds of road that the table does not name, which were left out, and how many of each.
    slopes
        Whether heights count.
    lacking
        The share of the pack's land about which the land cover, or the ready surface, says nothing.
    """

    shape: tuple[int, int]
    cell_m: float
    impassable: float
    on_roads: float
    unknown_roads: Mapping[str, int]
    slopes: bool
    lacking: float = 0.0

    def lines(self) -> list[str]:
        """The report in sentences."""
        height, width = self.shape
        said = [
            f"{height * width:,} cells, {self.cell_m:g} m high; {100 * self.impassable:.1f} % of "
            f"them where nobody can go, {100 * self.on_roads:.1f} % with a road.",
            "Uphill is slower where one walks (Tobler's hiking function)."
            if self.slopes
            else "Heights do not count.",
        ]
        if self.lacking > _LITTLE:
            said.append(
                f"Of {100 * self.lacking:.1f} % of the pack's land nothing is said: nobody can go "
                "there."
            )
        if self.unknown_roads:
            some = ", ".join(f"{kind} {n:,}" for kind, n in list(self.unknown_roads.items())[:8])
            said.append(f"Roads that the table of speeds does not name were left out: {some}.")
        return said


def import_terrain(
    pack: str,
    asked: SurfaceAsked,
    origin: Origin,
    *,
    dry_run: bool = False,
    progress: Progress = silent,
) -> MadeSurface:
    """Put a surface into a pack, so that everything can be measured in minutes over its terrain.

    Parameters
    ----------
    pack
        Its area, and 20 km around it, is covered.
    asked
        What it is made from.
    origin
        Where that comes from.
    dry_run
        Do everything but put it in place.
    progress
        Told what is being made.

    Raises
    ------
    CareReachError
        If what was asked for does not go together, or has too many cells.
    DataError
        If a file cannot be read, or a class of land has no speed.
    """
    asked.check()
    need_rasters("A surface of terrain", NEEDED)
    speeds = read_speeds(asked.speeds) if asked.speeds is not None else []

    def change(folder: Path) -> MadeSurface:
        about = read_descriptor(folder)
        area = _area(folder, about)
        made, bands, transform = _made(area, pack_land(folder), asked, speeds, progress)
        _write(folder / f"{TERRAIN}.tif", bands, transform)
        add_resource(folder, TERRAIN, f"{TERRAIN}.tif")
        if speeds:
            (folder / f"{SPEEDS}.csv").write_text(speeds_csv(speeds), "utf-8")
            add_resource(folder, SPEEDS, f"{SPEEDS}.csv")
        about = with_origin(read_descriptor(folder), origin)
        if not speeds:  # of another surface
            kept = [entry for entry in about["resources"] if entry["name"] != SPEEDS]
            about["resources"] = kept
        note = " ".join(made.lines())
        about["terrain"] = {"title": origin.title, "note": note, "slopes": made.slopes}
        write_descriptor(folder, about)
        return made

    return change_pack(pack, change, f"Terrain from {origin.title}", dry_run=dry_run)


def _area(folder: Path, about: Mapping[str, Any]) -> Area:
    """West, south, east and north of a pack, with what may lie outside it."""
    land = pack_land(folder)
    if land is not None:
        west, south, east, north = land.bounds
    else:
        points = read_table(folder, about, "providers")
        if points.empty:
            raise CareReachError(f"The pack {about['name']} has no area yet: import places first.")
        west, east = points["lon"].min(), points["lon"].max()
        south, north = points["lat"].min(), points["lat"].max()
    more = 1000 * OUTSIDE_KM / M_PER_DEG
    wider = more / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
    return west - wider, max(south - more, -90), east + wider, min(north + more, 90)


def _made(
    area: Area,
    land: BaseGeometry | None,
    asked: SurfaceAsked,
    speeds: Sequence[Speed],
    progress: Progress,
) -> tuple[MadeSurface, Single, Any]:
    """The three bands of a surface, and where they lie."""
    from affine import Affine

    west, south, east, north = area
    cell = asked.cell_m / M_PER_DEG
    shape = math.ceil((north - south) / cell), math.ceil((east - west) / cell)
    if shape[0] * shape[1] > MOST_CELLS:
        raise CareReachError(
            f"Cells of {asked.cell_m:g} m would be {shape[0] * shape[1]:,}, more than "
            f"{MOST_CELLS:,}; give a larger --cell-m."
        )
    transform = Affine(cell, 0.0, west, 0.0, -cell, north)
    onto = Onto(shape, transform, area)
    bands = np.zeros((3, *shape), np.float32)
    bands[1] = np.nan
    unknown: dict[str, int] = {}
    roads = np.zeros(shape, bool)
    first = asked.friction or asked.land_cover
    assert first is not None
    if asked.friction is not None:
        progress(Step("Reading the surface", 0, 1))
        bands[0], said = friction_of(asked.friction, onto)
    else:
        progress(Step("Reading the land cover", 0, 3))
        bands[0], bands[2], said = land_of_speeds(first, onto, speeds)
    lacking = _lacking(said, land, onto)
    if lacking > MOST_LACKING:
        raise DataError(first.name, f"says nothing of {100 * lacking:.0f} % of the pack's land")
    if asked.elevation is not None:
        progress(Step("Reading heights", 1, 3))
        bands[1] = heights_of(asked.elevation, onto)
    if asked.barriers is not None:
        bands[0][burned(shapes_in(asked.barriers, area), onto)] = 0.0
    if asked.roads is not None:
        progress(Step("Drawing roads", 2, 3))
        quick, on_foot, unknown = roads_of(asked.roads, asked.road_column, speeds, onto)
        roads = np.isfinite(quick)
        # Over the land, and over what is a barrier: bridges cross it.
        bands[0][roads], bands[2][roads] = quick[roads], on_foot[roads]
    if not (bands[0] > 0).any():
        raise CareReachError("Nobody could go anywhere on this surface: is it of another area?")
    made = MadeSurface(
        shape,
        asked.cell_m,
        float((bands[0] <= 0).mean()),
        float(roads.mean()),
        unknown,
        bool(np.isfinite(bands[1]).any()),
        lacking,
    )
    return made, bands, transform


def _lacking(said: npt.NDArray[np.bool_], land: BaseGeometry | None, onto: Onto) -> float:
    """The share of a pack's land about which nothing is said."""
    if land is None:
        return 0.0
    inside = burned(gpd.GeoDataFrame(geometry=[land], crs=4326), onto)
    return float((inside & ~said).sum() / max(inside.sum(), 1))


def _write(path: Path, bands: Single, transform: Any) -> None:
    """A surface as its GeoTIFF, tiled and packed."""
    rasterio = need_rasters("A surface of terrain", NEEDED)
    count, height, width = bands.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype="float32",
        crs="EPSG:4326",
        transform=transform,
        compress="deflate",
        predictor=3,
        tiled=True,
    ) as file:
        file.write(bands)
        for number, name in enumerate(("minutes a metre", "metres above sea", "walked"), 1):
            file.set_band_description(number, name)
