"""A surface of how fast one gets on: a ready one, or of land cover, roads, rivers and heights."""

import csv
import io
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyogrio
from shapely.geometry.base import BaseGeometry

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
from geo.travel.terrain import NEEDED, SPEEDS, TERRAIN

#: How wide the cells are by default, and the least and the most that can be asked for.
CELL_M, LEAST_M, MOST_M = 1000.0, 10.0, 5_000.0
#: A surface of more cells does not fit into the memory of a usual machine.
MOST_CELLS = 250_000_000
#: Friction of a ready surface beyond this is no minutes a metre: slower than 50 m an hour.
MOST_FRICTION = 1.2
#: Land lies between these heights, metres.
LOWEST_M, HIGHEST_M = -500.0, 9_000.0
#: A raster that lacks more of a pack's land does not cover it.
MOST_LACKING = 0.5
#: Less than this part is not worth a sentence.
_LITTLE = 0.005
#: Nobody gets on faster.
MOST_KM_H = 300.0
_M_PER_DEG = 111_195.0
Single = npt.NDArray[np.float32]
#: West, south, east and north, degrees.
_Area = tuple[float, float, float, float]
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
    need_rasters("A surface of terrain", NEEDED)
    speeds = read_speeds(asked.speeds) if asked.speeds is not None else []

    def change(folder: Path) -> MadeSurface:
        about = read_descriptor(folder)
        area = _area(folder, about)
        made, bands, transform = _made(area, pack_land(folder), asked, speeds, progress)
        _write(folder / f"{TERRAIN}.tif", bands, transform)
        add_resource(folder, TERRAIN, f"{TERRAIN}.tif")
        if speeds:
            (folder / f"{SPEEDS}.csv").write_text(_speeds_csv(speeds), "utf-8")
            add_resource(folder, SPEEDS, f"{SPEEDS}.csv")
        about = with_source(read_descriptor(folder), origin.entry())
        if not speeds:  # of another surface
            kept = [entry for entry in about["resources"] if entry["name"] != SPEEDS]
            about["resources"] = kept
        note = " ".join(made.lines())
        about["terrain"] = {"title": origin.title, "note": note, "slopes": made.slopes}
        licence = f"{origin.title}: {origin.license}"
        titles = {entry["title"] for entry in about.setdefault("licenses", [])}
        if origin.license and licence not in titles:
            about["licenses"].append({"title": licence})
        write_descriptor(folder, about)
        return made

    return change_pack(pack, change, f"Terrain from {origin.title}", dry_run=dry_run)


def _area(folder: Path, about: Mapping[str, Any]) -> _Area:
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
    area: _Area,
    land: BaseGeometry | None,
    asked: SurfaceAsked,
    speeds: Sequence[Speed],
    progress: Progress,
) -> tuple[MadeSurface, Single, Any]:
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
    onto = _Onto(shape, transform, area)
    bands = np.zeros((3, *shape), np.float32)
    bands[1] = np.nan
    unknown: dict[str, int] = {}
    roads = np.zeros(shape, bool)
    first = asked.friction or asked.land_cover
    assert first is not None
    if asked.friction is not None:
        progress(Step("Reading the surface", 0, 1))
        bands[0], said = _of_friction(asked.friction, onto)
    else:
        progress(Step("Reading the land cover", 0, 3))
        bands[0], bands[2], said = _of_land(first, onto, speeds)
    lacking = _lacking(said, land, onto)
    if lacking > MOST_LACKING:
        raise DataError(first.name, f"says nothing of {100 * lacking:.0f} % of the pack's land")
    if asked.elevation is not None:
        progress(Step("Reading heights", 1, 3))
        bands[1] = _heights(asked.elevation, onto)
    if asked.barriers is not None:
        bands[0][_burned(_shapes(asked.barriers, area), onto)] = 0.0
    if asked.roads is not None:
        progress(Step("Drawing roads", 2, 3))
        unknown = _draw_roads(bands, roads, asked, speeds, onto)
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


@dataclass(frozen=True)
class _Onto:
    """The grid of a surface: rows and columns, where they lie, and the area, degrees."""

    shape: tuple[int, int]
    transform: Any
    area: _Area


def _lacking(said: npt.NDArray[np.bool_], land: BaseGeometry | None, onto: _Onto) -> float:
    """The share of a pack's land about which nothing is said."""
    if land is None:
        return 0.0
    inside = _burned(gpd.GeoDataFrame(geometry=[land], crs=4326), onto)
    return float((inside & ~said).sum() / max(inside.sum(), 1))


def _read(path: Path, onto: _Onto) -> tuple[Single, Any, Any]:
    """The part of a raster around an area: its cells, NaN where it says nothing; where; and how."""
    rasterio = need_rasters("A surface of terrain", NEEDED)
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    with understood(path.name), warnings.catch_warnings():
        # One that does not say where it lies is refused below.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            with rasterio.open(path, driver="GTiff") as grid:
                return _part(grid, path.name, onto)
        except rasterio.errors.RasterioError as error:
            said = " ".join(str(error).split())[:120]
            raise DataError(path.name, f"cannot be read as a GeoTIFF: {said}") from None


def _part(grid: Any, name: str, onto: _Onto) -> tuple[Single, Any, Any]:
    from affine import Affine
    from rasterio.warp import transform_bounds

    if grid.crs is None or grid.transform.is_identity:
        raise DataError(name, "does not say its projection, or where it lies")
    if grid.count != 1:
        raise DataError(name, f"has {grid.count} bands; keep the one that is meant")
    at = grid.transform
    if at.b or at.d or at.e >= 0 or at.a <= 0:
        raise DataError(name, "is turned or upside down; warp it to north up first (gdalwarp)")
    west, south, east, north = transform_bounds("EPSG:4326", grid.crs, *onto.area)
    # A cell more all around, for what is drawn from one's neighbours.
    left, right = (west - at.c) / at.a - 2, (east - at.c) / at.a + 2
    top, bottom = (north - at.f) / at.e - 2, (south - at.f) / at.e + 2
    first, last = max(0, math.floor(left)), min(grid.width, math.ceil(right))
    upper, lower = max(0, math.floor(top)), min(grid.height, math.ceil(bottom))
    if last <= first or lower <= upper:
        raise DataError(name, "does not reach the pack's area")
    if (last - first) * (lower - upper) > MOST_CELLS:
        raise DataError(name, f"has more than {MOST_CELLS:,} cells there; warp it to wider ones")
    raw = grid.read(1, window=((upper, lower), (first, last)), masked=True)
    cells = raw.filled(0).astype(np.float32) * np.float32(grid.scales[0])
    cells += np.float32(grid.offsets[0])
    cells[np.ma.getmaskarray(raw)] = np.nan
    where = Affine(at.a, 0.0, at.c + at.a * first, 0.0, at.e, at.f + at.e * upper)
    return cells, where, grid.crs


def _laid(cells: Single, where: Any, crs: Any, onto: _Onto, how: str) -> Single:
    """Cells on the grid of a surface; NaN where they say nothing."""
    from rasterio.warp import Resampling, reproject

    out = np.full(onto.shape, np.nan, np.float32)
    reproject(
        cells,
        out,
        src_transform=where,
        src_crs=crs,
        src_nodata=np.nan,
        dst_transform=onto.transform,
        dst_crs="EPSG:4326",
        dst_nodata=np.nan,
        resampling=Resampling[how],
    )
    return out


def _of_friction(path: Path, onto: _Onto) -> tuple[Single, npt.NDArray[np.bool_]]:
    """A ready surface; and where it says anything. A cell of which half is closed is closed."""
    cells, where, crs = _read(path, onto)
    passable = cells > 0
    quick, slow = _minutes_a_metre(MOST_KM_H), MOST_FRICTION
    wrong = passable & ~((cells >= quick) & (cells <= slow))
    if wrong.any():
        raise DataError(
            path.name,
            f"has {cells[wrong][0]:.3g} minutes a metre: is it another unit, or does it stand for "
            "“nobody can go”, for which 0 stands here?",
        )
    share = np.where(np.isfinite(cells), passable, np.nan).astype(np.float32)
    share = _laid(share, where, crs, onto, "average")
    friction = _laid(np.where(passable, cells, np.nan), where, crs, onto, "average")
    closed = ~(share >= 0.5) | ~np.isfinite(friction)
    return np.where(closed, np.float32(0), friction), np.isfinite(share)


def _heights(path: Path, onto: _Onto) -> Single:
    """Heights in metres."""
    cells, where, crs = _read(path, onto)
    wrong = (cells < LOWEST_M) | (cells > HIGHEST_M)
    if wrong.any():
        raise DataError(
            path.name,
            f"has a height of {cells[wrong][0]:g} m, which is no land: is that its word for "
            "“nothing said”, and the file does not say so (nodata)?",
        )
    return _laid(cells, where, crs, onto, "bilinear")


def _of_land(
    path: Path, onto: _Onto, speeds: Sequence[Speed]
) -> tuple[Single, Single, npt.NDArray[np.bool_]]:
    """Friction, where one walks, and where anything is said; by the most frequent class."""
    classes = _laid(*_read(path, onto), onto, "mode")
    known = {int(s.value): s for s in speeds if s.kind == "land"}
    friction, walked = np.zeros(onto.shape, np.float32), np.zeros(onto.shape, np.float32)
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
    return friction, walked, np.isfinite(classes)


def _minutes_a_metre(km_h: float) -> float:
    return 60 / (1000 * km_h) if km_h > 0 else 0.0


def _shapes(path: Path, area: _Area, column: str = "") -> gpd.GeoDataFrame:
    """Lines or areas of a file that lie in an area, EPSG:4326, with a column where one is asked."""
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    layer = "lines" if path.name.endswith(".pbf") else None
    with understood(path.name):
        try:
            about = pyogrio.read_info(path, layer=layer)
            if column and column not in about["fields"]:
                raise DataError(path.name, "the column is missing", column=column)
            found = pyogrio.read_dataframe(path, layer=layer, columns=[column] if column else [])
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            said = " ".join(str(error).split())[:120]
            raise DataError(path.name, f"cannot be read as lines or areas: {said}") from None
    if not isinstance(found, gpd.GeoDataFrame) or found.crs is None:
        raise DataError(path.name, "does not say its projection")
    if column:
        found = found[found[column].notna()]
    west, south, east, north = area
    drawn = found[found.geometry.notna() & (found.geometry.count_coordinates() > 1)].to_crs(4326)
    shapes: gpd.GeoDataFrame = drawn.cx[west:east, south:north].reset_index(drop=True)
    if shapes.empty:
        raise DataError(path.name, "has no line and no area in the pack's area")
    return shapes


def _burned(shapes: gpd.GeoDataFrame, onto: _Onto) -> npt.NDArray[np.bool_]:
    """The cells that shapes touch: so a line has no gap that one could slip through."""
    from rasterio.features import rasterize

    if shapes.empty:
        return np.zeros(onto.shape, bool)
    cells = rasterize(
        shapes.geometry,
        out_shape=onto.shape,
        transform=onto.transform,
        all_touched=True,
        dtype="uint8",
    )
    return np.asarray(cells > 0)


def _draw_roads(
    bands: Single,
    roads: npt.NDArray[np.bool_],
    asked: SurfaceAsked,
    speeds: Sequence[Speed],
    onto: _Onto,
) -> dict[str, int]:
    """Lay roads over the land, the fastest last; bridges cross what is a barrier."""
    assert asked.roads is not None
    lines = _shapes(asked.roads, onto.area, asked.road_column)
    kinds = lines[asked.road_column].astype(str)
    known = sorted((s for s in speeds if s.kind == "road"), key=lambda s: s.km_h)
    for speed in known:
        here = _burned(lines[kinds == speed.value], onto)
        bands[0][here], bands[2][here] = _minutes_a_metre(speed.km_h), speed.walked
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
