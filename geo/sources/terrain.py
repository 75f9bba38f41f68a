"""A surface of how fast one gets on: a ready one, or of land cover, roads, rivers and heights."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyogrio

from geo.errors import CareReachError, DataError
from geo.packs.gazetteer import OUTSIDE_KM
from geo.packs.pack import read_descriptor
from geo.packs.store import add_resource, change_pack, pack_land, with_source, write_descriptor
from geo.packs.tables import read_table
from geo.progress import Progress, Step, silent
from geo.reading import understood
from geo.sources.batch import Origin
from geo.sources.coordinates import number_of
from geo.sources.grid import need_rasters
from geo.sources.sheets import read_sheet
from geo.sources.vocabulary import NO, YES
from geo.text import normalise
from geo.travel.terrain import SPEEDS, TERRAIN

#: How wide the cells are by default, and the least and the most that can be asked for.
CELL_M, LEAST_M, MOST_M = 1000.0, 10.0, 20_000.0
#: A surface of more cells does not fit into the memory of a usual machine.
MOST_CELLS = 250_000_000
#: Friction of a ready surface beyond this is no minutes a metre: slower than 50 m an hour.
MOST_FRICTION = 1.2
#: Nobody gets on faster.
MOST_KM_H = 300.0
_M_PER_DEG = 111_195.0
_COLUMNS = ("kind", "value", "label", "km_h", "walked")
_KINDS = ("land", "road")


@dataclass(frozen=True)
class Speed:
    """How fast one gets on in one kind of land, or on one kind of road.

    Attributes
    ----------
    kind
        "land" or "road".
    value
        The number of a class of land cover, or the word of a kind of road.
    label
        As shown.
    km_h
        On the flat; 0 where nobody can go.
    walked
        Whether slopes count there.
    """

    kind: str
    value: str
    label: str
    km_h: float
    walked: bool


@dataclass(frozen=True)
class SurfaceAsked:
    """What a surface is made from.

    Attributes
    ----------
    friction
        A ready surface, minutes a metre; then nothing else but `cell_m` and `barriers`.
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
        made = [self.land_cover, self.roads, self.speeds, self.elevation]
        if self.friction is not None and any(made):
            raise CareReachError(
                "A ready surface of friction has land, roads and slopes in it: give --friction "
                "alone, or the others without it."
            )
        if self.friction is None and self.land_cover is None:
            raise CareReachError("Give --friction, or --land-cover with --speeds.")
        if self.friction is None and self.speeds is None:
            raise CareReachError(
                f"Give --speeds: a table with {', '.join(_COLUMNS)} for every class of the land "
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
    """

    shape: tuple[int, int]
    cell_m: float
    impassable: float
    on_roads: float
    unknown_roads: Mapping[str, int]
    slopes: bool

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
        if self.unknown_roads:
            some = ", ".join(f"{kind} {n:,}" for kind, n in list(self.unknown_roads.items())[:8])
            said.append(f"Roads that the table of speeds does not name were left out: {some}.")
        return said


def read_speeds(path: Path) -> list[Speed]:
    """Read a table of speeds.

    Parameters
    ----------
    path
        A table with the columns kind (land or road), value (class or word), label, km_h (0 where
        nobody can go) and walked (yes or no: whether slopes count).

    Raises
    ------
    DataError
        If it lacks a column, or a cell is not what it should be.
    """
    sheet = read_sheet(path, header=1)
    names = list(sheet.columns)
    for column in _COLUMNS:
        if column not in names:
            raise DataError(path.name, "the column is missing", column=column)
    table = zip(*(sheet.cells[names.index(column)] for column in _COLUMNS), strict=True)
    found: dict[tuple[str, str], Speed] = {}
    for number, cells in zip(sheet.rows, table, strict=True):
        speed, column, why = _speed(*cells)
        if speed is not None and (speed.kind, speed.value) in found:
            speed, column, why = None, "value", f"{cells[1]!r} stands here twice"
        if speed is None:
            raise DataError(path.name, why, row=int(number), column=column)
        found[speed.kind, speed.value] = speed
    return list(found.values())


def _speed(
    kind: str, value: str, label: str, km_h: str, walked: str
) -> tuple[Speed | None, str, str]:
    """One row of a table of speeds; or None, the column that is wrong, and why."""
    kind, value, number = kind.strip().casefold(), value.strip(), number_of(km_h)
    on_foot = normalise(walked)
    if kind not in _KINDS:
        return None, "kind", f"{kind!r} is neither land nor road"
    if not value:
        return None, "value", "is empty and must not be"
    if kind == "land":
        if not number_of(value).is_integer():
            return None, "value", f"{value!r} is not the whole number of a class"
        value = str(int(number_of(value)))
    if not 0 <= number <= MOST_KM_H:
        return None, "km_h", f"{km_h!r} is not a speed from 0 to {MOST_KM_H:g} km/h"
    if on_foot not in YES and on_foot not in NO:
        return None, "walked", f"{walked!r} is neither yes nor no"
    return Speed(kind, value, label.strip() or value, number, on_foot in YES), "", ""


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
    need_rasters("A surface of terrain")
    speeds = read_speeds(asked.speeds) if asked.speeds is not None else []

    def change(folder: Path) -> MadeSurface:
        about = read_descriptor(folder)
        made, bands, transform = _made(_area(folder, about), asked, speeds, progress)
        _write(folder / f"{TERRAIN}.tif", bands, transform)
        add_resource(folder, TERRAIN, f"{TERRAIN}.tif")
        if speeds:
            (folder / f"{SPEEDS}.csv").write_text(_speeds_csv(speeds), "utf-8")
            add_resource(folder, SPEEDS, f"{SPEEDS}.csv")
        about = with_source(read_descriptor(folder), origin.entry())
        if not speeds:  # of another surface
            kept = [entry for entry in about["resources"] if entry["name"] != SPEEDS]
            about["resources"] = kept
        about["terrain"] = {"title": origin.title, "note": " ".join(made.lines())}
        licence = f"{origin.title}: {origin.license}"
        titles = {entry["title"] for entry in about.setdefault("licenses", [])}
        if origin.license and licence not in titles:
            about["licenses"].append({"title": licence})
        write_descriptor(folder, about)
        return made

    return change_pack(pack, change, f"Terrain from {origin.title}", dry_run=dry_run)


def _area(folder: Path, about: Mapping[str, Any]) -> tuple[float, float, float, float]:
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
    more = 1000 * OUTSIDE_KM / _M_PER_DEG
    wider = more / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
    return west - wider, max(south - more, -90), east + wider, min(north + more, 90)


def _made(
    area: tuple[float, float, float, float],
    asked: SurfaceAsked,
    speeds: Sequence[Speed],
    progress: Progress,
) -> tuple[MadeSurface, "npt.NDArray[np.float32]", Any]:
    """The three bands of a surface, and where they lie."""
    from affine import Affine

    west, south, east, north = area
    cell = asked.cell_m / _M_PER_DEG
    shape = math.ceil((north - south) / cell), math.ceil((east - west) / cell)
    if shape[0] * shape[1] > MOST_CELLS:
        raise CareReachError(
            f"Cells of {asked.cell_m:g} m would be {shape[0] * shape[1]:,}, more than "
            f"{MOST_CELLS:,}; give a larger --cell-m."
        )
    transform = Affine(cell, 0.0, west, 0.0, -cell, north)
    bands = np.zeros((3, *shape), np.float32)
    bands[1] = np.nan
    unknown: dict[str, int] = {}
    roads = np.zeros(shape, bool)
    if asked.friction is not None:
        progress(Step("Reading the surface", 0, 1))
        found = _laid(asked.friction, shape, transform, "average")
        if np.nanmax(found, initial=0.0) > MOST_FRICTION:
            raise DataError(
                asked.friction.name,
                f"has {np.nanmax(found):.3g} minutes a metre: is it another unit?",
            )
        bands[0] = np.where(found > 0, found, 0.0)
    else:
        assert asked.land_cover is not None
        progress(Step("Reading the land cover", 0, 3))
        bands[0], bands[2] = _of_land(asked.land_cover, shape, transform, speeds)
        if asked.elevation is not None:
            progress(Step("Reading heights", 1, 3))
            bands[1] = _laid(asked.elevation, shape, transform, "bilinear")
    if asked.barriers is not None:
        bands[0][_burned(_shapes(asked.barriers, area), shape, transform)] = 0.0
    if asked.roads is not None:
        progress(Step("Drawing roads", 2, 3))
        unknown = _draw_roads(bands, roads, asked, speeds, area, transform)
    if not (bands[0] > 0).any():
        raise CareReachError("Nobody could go anywhere on this surface: is it of another area?")
    made = MadeSurface(
        shape,
        asked.cell_m,
        float((bands[0] <= 0).mean()),
        float(roads.mean()),
        unknown,
        bool(np.isfinite(bands[1]).any()),
    )
    return made, bands, transform


def _laid(
    path: Path, shape: tuple[int, int], transform: Any, how: str
) -> "npt.NDArray[np.float32]":
    """The first band of a raster, on the grid of a surface; NaN where it says nothing."""
    rasterio = need_rasters("A surface of terrain")
    from rasterio.warp import Resampling, reproject

    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    out = np.full(shape, np.nan, np.float32)
    with understood(path.name):
        try:
            with rasterio.open(path, driver="GTiff") as grid:
                if grid.crs is None or grid.transform.is_identity:
                    raise DataError(path.name, "does not say its projection, or where it lies")
                reproject(
                    rasterio.band(grid, 1),
                    out,
                    dst_transform=transform,
                    dst_crs="EPSG:4326",
                    dst_nodata=np.nan,
                    resampling=Resampling[how],
                )
        except rasterio.errors.RasterioError as error:
            said = " ".join(str(error).split())[:120]
            raise DataError(path.name, f"cannot be read as a GeoTIFF: {said}") from None
    if not np.isfinite(out).any():
        raise DataError(path.name, "does not reach the pack's area")
    return out


def _of_land(
    path: Path, shape: tuple[int, int], transform: Any, speeds: Sequence[Speed]
) -> tuple["npt.NDArray[np.float32]", "npt.NDArray[np.float32]"]:
    """Friction and where one walks, by classes of land cover: the most frequent of a cell."""
    classes = _laid(path, shape, transform, "mode")
    known = {int(s.value): s for s in speeds if s.kind == "land"}
    friction, walked = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    missing = []
    for number in np.unique(classes[np.isfinite(classes)]):
        speed = known.get(int(number)) if float(number).is_integer() else None
        if speed is None:
            missing.append(f"{number:g}")
            continue
        here = classes == number
        friction[here] = _minutes_a_metre(speed.km_h)
        walked[here] = speed.walked
    if missing:
        raise DataError(
            path.name, f"has classes that the table of speeds lacks: {', '.join(missing[:12])}"
        )
    return friction, walked


def _minutes_a_metre(km_h: float) -> float:
    return 60 / (1000 * km_h) if km_h > 0 else 0.0


def _shapes(
    path: Path, area: tuple[float, float, float, float], column: str = ""
) -> gpd.GeoDataFrame:
    """Lines or areas of a file that lie in an area, EPSG:4326, with a column where one is asked."""
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    layer = "lines" if path.name.endswith(".pbf") else None
    with understood(path.name):
        try:
            about = pyogrio.read_info(path, layer=layer)
            if column and column not in about["fields"]:
                raise DataError(path.name, "the column is missing", column=column)
            where = f"{column} IS NOT NULL" if column else None
            found = pyogrio.read_dataframe(
                path, layer=layer, columns=[column] if column else [], where=where
            )
        except pyogrio.errors.DataSourceError as error:
            said = " ".join(str(error).split())[:120]
            raise DataError(path.name, f"cannot be read as lines or areas: {said}") from None
    if found.crs is None:
        raise DataError(path.name, "does not say its projection")
    west, south, east, north = area
    shapes: gpd.GeoDataFrame = found[found.geometry.notna()].to_crs(4326)
    return shapes.cx[west:east, south:north].reset_index(drop=True)


def _burned(
    shapes: gpd.GeoDataFrame, shape: tuple[int, int], transform: Any
) -> npt.NDArray[np.bool_]:
    """The cells that shapes touch: so a line has no gap that one could slip through."""
    from rasterio.features import rasterize

    if shapes.empty:
        return np.zeros(shape, bool)
    cells = rasterize(
        shapes.geometry, out_shape=shape, transform=transform, all_touched=True, dtype="uint8"
    )
    return np.asarray(cells > 0)


def _draw_roads(
    bands: "npt.NDArray[np.float32]",
    roads: npt.NDArray[np.bool_],
    asked: SurfaceAsked,
    speeds: Sequence[Speed],
    area: tuple[float, float, float, float],
    transform: Any,
) -> dict[str, int]:
    """Lay roads over the land, the fastest last; bridges cross what is a barrier."""
    assert asked.roads is not None
    lines = _shapes(asked.roads, area, asked.road_column)
    kinds = lines[asked.road_column].astype(str)
    known = sorted((s for s in speeds if s.kind == "road"), key=lambda s: s.km_h)
    for speed in known:
        here = _burned(lines[kinds == speed.value], roads.shape, transform)
        quicker = _minutes_a_metre(speed.km_h)
        bands[0][here], bands[2][here] = quicker, speed.walked
        roads |= here
    counts = kinds[~kinds.isin([s.value for s in known])].value_counts()
    return {str(kind): int(n) for kind, n in counts.items()}


def _speeds_csv(speeds: Sequence[Speed]) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    for s in speeds:
        table.writerow([s.kind, s.value, s.label, f"{s.km_h:g}", "yes" if s.walked else "no"])
    return out.getvalue()


def _write(path: Path, bands: "npt.NDArray[np.float32]", transform: Any) -> None:
    """A surface as its GeoTIFF, tiled and packed."""
    rasterio = need_rasters("A surface of terrain")
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
