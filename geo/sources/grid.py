"""People from a grid: a GeoTIFF of how many live in each cell becomes points, region by region."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.errors import CareReachError, DataError
from geo.packs.gazetteer import OUTSIDE_KM
from geo.progress import Progress, Step, silent
from geo.rasters import need_rasters, open_raster

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NEEDED = ("rasterio", "exactextract")
#: So far apart are the points by default.
POINT_KM = 1.0
#: So many cells are in memory at once.
STRIP_CELLS = 2_000_000
#: A grid of more cells in the pack's area is not read.
MOST_CELLS = 2_000_000_000
#: More points are more than anybody needs.
MOST_POINTS = 5_000_000
#: Rows of one block of cells are in memory together, so many cells at most.
MOST_STRIP = 50_000_000
#: Nowhere do more people live on a square kilometre.
MOST_PER_KM2 = 1_000_000
#: Cells wider than this are parted among regions by where these lie in them.
WIDE_KM = 2.0
_KM_PER_DEG = 111.32
#: Covers are known to so much: exactextract has them in single precision.
_WHOLE = 1e-6


@dataclass(frozen=True)
class GriddedPeople:
    """What a grid says of where people live.

    Attributes
    ----------
    points
        `region_id`, `population` (not whole), `lat`, `lon` (the centre of gravity of the people it
        stands for): a row for each block of cells and region in it.
    cells
        How many cells, or points of a table, were read.
    cell_km
        How wide and high they are about the middle; None of points.
    outside
        People of the cells that were read who live in no region.
    below_zero
        Cells that say less than 0, which count as 0.
    blocks
        Cells to a point, down and across.
    reach_beyond
        Regions that reach beyond the grid, so that some of their people may be missing.
    """

    points: pd.DataFrame
    cells: int
    cell_km: tuple[float, float] | None
    outside: float
    below_zero: int
    blocks: tuple[int, int]
    reach_beyond: int = 0

    @property
    def people(self) -> float:
        """How many live in the regions."""
        return float(self.points["population"].sum())

    def made_text(self) -> str:
        """How the points came about, in a sentence."""
        if self.cell_km is None:
            return f"{self.cells:,} points of a table."
        wide, high = self.cell_km
        down, across = self.blocks
        return (
            f"{self.cells:,} cells of about {wide:g} by {high:g} km; {across} by {down} of them "
            "make a point at the middle of their people, one for each region."
        )


@dataclass(frozen=True)
class _Blocks:
    """Cells to a point, down and across, and blocks in a row of them."""

    down: int
    across: int
    in_a_row: int


def is_grid(path: Path) -> bool:
    """Whether a file is a TIFF, by its first bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(4)
    return start[:2] in (b"II", b"MM") and 42 <= int.from_bytes(
        start[2:], "little" if start[:2] == b"II" else "big"
    ) <= 43  # fmt: skip


def read_people_grid(
    path: Path,
    regions: gpd.GeoDataFrame,
    *,
    point_km: float = POINT_KM,
    band: int | None = None,
    progress: Progress = silent,
) -> GriddedPeople:
    """Read how many people live in each cell of a grid, strip by strip.

    A cell across a border counts for each region by the share of its area that lies there, as
    `exactextract` has it; no cell counts for more people than it has, however shapes overlap.

    Parameters
    ----------
    path
        A GeoTIFF of counts, in any projection; not of densities.
    regions
        `region_id` and geometry, EPSG:4326.
    point_km
        The cells of a block about so wide become one point for each region in it.
    band
        From 1; not needed where there is one.
    progress
        Told how many rows of cells are read.

    Raises
    ------
    CareReachError
        If what reads grids is not installed, or a number is out of its range.
    DataError
        If the file is not such a grid, or does not reach the regions.
    """
    if not 0 < point_km <= 100:
        raise CareReachError(f"Points can be above 0 and up to 100 km apart, not {point_km:g}.")
    need_rasters("A grid of people", NEEDED)
    with open_raster(path) as grid:
        return _read(grid, path.name, regions, point_km, band, progress)


def _read(
    grid: Any,
    name: str,
    regions: gpd.GeoDataFrame,
    point_km: float,
    band: int | None,
    progress: Progress,
) -> GriddedPeople:
    number = _band(grid, name, band)
    shapes = regions.to_crs(grid.crs)
    window = _window(grid, name, shapes)
    across_km, down_km = _cell_km(grid, window)
    across, down = (max(1, round(point_km / km)) for km in (across_km, down_km))
    top, left, height, width = window
    if down * width > MOST_STRIP:
        raise DataError(name, f"has cells too small for points {point_km:g} km apart")
    most = MOST_PER_KM2 * max(across_km * down_km, 0.01)
    blocks = _Blocks(down, across, width // across + 1)
    found: list[pd.DataFrame] = []
    outside, below, points_so_far = 0.0, 0, 0
    # In a wide cell its middle may lie in another region.
    wide = across == down == 1 and max(across_km, down_km) > WIDE_KM
    for start, cells in _strips(grid, number, window, down):
        if cells.max(initial=0.0) > most:
            raise DataError(
                name,
                f"has a cell of {cells.max():.4g} people, which cannot be: is that its word for "
                "“nothing said”, and the file does not say so (nodata)?",
            )
        below += int((cells < 0).sum())
        cells = np.maximum(cells, 0.0)
        box = _box(grid.transform, start, left, *cells.shape)
        part = _gathered(cells, box, shapes, blocks)
        if wide:
            part = _in_their_region(part, box, cells.shape, shapes)
        outside += float(cells.sum() - part["people"].sum())
        part["x"] = grid.transform.c + (part["x"] + left + 0.5) * grid.transform.a
        part["y"] = grid.transform.f + (part["y"] + start + 0.5) * grid.transform.e
        found.append(part)
        points_so_far += len(part)
        if points_so_far > MOST_POINTS:
            raise DataError(
                name,
                f"would become more than {MOST_POINTS:,} points; give a larger --point-km than "
                f"{point_km:g}",
            )
        progress(Step("Reading rows of cells", start + len(cells) - top, height))
    points = pd.concat(found, ignore_index=True)
    if points.empty:
        raise DataError(name, "has nobody in the regions of the pack")
    to_degrees = pyproj.Transformer.from_crs(grid.crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform(points["x"].to_numpy(), points["y"].to_numpy())
    ids = regions["region_id"].to_numpy(object)[points["region"].to_numpy(int)]
    table = {"region_id": ids, "population": points["people"].to_numpy(), "lat": lat, "lon": lon}
    frame = pd.DataFrame(table).astype({"region_id": "str"})
    # Rounding may leave a hair of what is all inside.
    outside = outside if outside > 1e-9 * frame["population"].sum() else 0.0
    cell_km = (round(across_km, 3), round(down_km, 3))
    extent = shapely.box(*_box(grid.transform, 0, 0, grid.height, grid.width))
    beyond = int((~shapes.geometry.within(extent)).sum())
    return GriddedPeople(frame, height * width, cell_km, outside, below, (down, across), beyond)


def _band(grid: Any, name: str, band: int | None) -> int:
    """Which band is read."""
    if band is None and grid.count > 1:
        raise DataError(name, f"has {grid.count} bands; say with --band which counts people")
    number = 1 if band is None else band
    if not 1 <= number <= grid.count:
        raise DataError(name, f"has no band {number}; it has {grid.count}")
    if np.dtype(grid.dtypes[number - 1]).kind not in "iuf":
        raise DataError(name, f"holds {grid.dtypes[number - 1]} where numbers should be")
    return number


def _window(grid: Any, name: str, shapes: gpd.GeoDataFrame) -> tuple[int, int, int, int]:
    """The rows and columns around the regions: first row and column, height and width.

    What lies farther outside than a place may lie outside a pack is not read.
    """
    west, south, east, north = shapes.total_bounds
    if not all(map(math.isfinite, (west, south, east, north))):
        raise DataError(name, "is in a projection that does not reach the pack's area")
    per_km = 1 / _KM_PER_DEG if grid.crs.is_geographic else 1000 / grid.crs.linear_units_factor[1]
    more = OUTSIDE_KM * per_km
    at = grid.transform
    left, right = ((x - at.c) / at.a for x in (west - more, east + more))
    top, bottom = ((y - at.f) / at.e for y in (north + more, south - more))
    first_row, last_row = max(0, math.floor(top)), min(grid.height, math.ceil(bottom))
    first, last = max(0, math.floor(left)), min(grid.width, math.ceil(right))
    if last_row <= first_row or last <= first:
        raise DataError(name, "does not reach the pack's area")
    height, width = last_row - first_row, last - first
    if height * width > MOST_CELLS:
        raise DataError(name, f"has {height * width:,} cells there, more than {MOST_CELLS:,}")
    return first_row, first, height, width


def _cell_km(grid: Any, window: tuple[int, int, int, int]) -> tuple[float, float]:
    """How wide and high a cell in the middle of a window is."""
    top, left, height, width = window
    row, column = top + height / 2, left + width / 2
    at = grid.transform
    xs = [at.c + at.a * x for x in (column, column + 1, column)]
    ys = [at.f + at.e * y for y in (row, row, row + 1)]
    to_degrees = pyproj.Transformer.from_crs(grid.crs, 4326, always_xy=True)
    lons, lats = to_degrees.transform(xs, ys)
    geod = pyproj.Geod(ellps="WGS84")
    _, _, far = geod.inv([lons[0]] * 2, [lats[0]] * 2, lons[1:], lats[1:])
    if not np.isfinite(far).all() or min(far) <= 0:
        raise CareReachError("The middle of the grid is not a place on a map.")
    return far[0] / 1000, far[1] / 1000


def _strips(
    grid: Any, band: int, window: tuple[int, int, int, int], down: int
) -> Iterator[tuple[int, Floats]]:
    """Whole blocks of rows: the first row, and what each cell says; nothing said is 0."""
    top, left, height, width = window
    rows = max(down, STRIP_CELLS // width // down * down)
    scale, offset = grid.scales[band - 1], grid.offsets[band - 1]
    for start in range(top, top + height, rows):
        high = min(rows, top + height - start)
        raw = grid.read(band, window=((start, start + high), (left, left + width)), masked=True)
        cells = raw.filled(0).astype(np.float64)
        cells = np.where(np.ma.getmaskarray(raw), 0.0, cells * scale + offset)
        cells[~np.isfinite(cells)] = 0.0
        yield start, cells


def _box(
    transform: Any, row: int, column: int, height: int, width: int
) -> tuple[float, float, float, float]:
    """West, south, east and north of some rows and columns."""
    west, north = transform.c + transform.a * column, transform.f + transform.e * row
    return west, north + transform.e * height, west + transform.a * width, north


def _gathered(
    cells: Floats, box: tuple[float, float, float, float], shapes: gpd.GeoDataFrame, blocks: _Blocks
) -> pd.DataFrame:
    """A row for each block and region: `region` (its position), `people`, and their middle as
    `x` (columns) and `y` (rows) of the strip.
    """
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    west, south, east, north = box
    bounds = shapes.bounds
    near = np.flatnonzero(
        ((bounds["minx"] < east) & (bounds["maxx"] > west))
        & ((bounds["miny"] < north) & (bounds["maxy"] > south))
    )
    if not len(near) or not cells.any():
        return pd.DataFrame({"region": [], "people": [], "x": [], "y": []})
    source = NumPyRasterSource(cells, xmin=west, ymin=south, xmax=east, ymax=north)
    some = shapes.iloc[near].reset_index(drop=True)
    found = exact_extract(source, some, ["cell_id", "coverage"], output="pandas")
    whole = np.zeros(cells.size)
    for ids, cover in zip(found["cell_id"], found["coverage"], strict=True):
        whole[ids] += cover
    # A cell that is covered is parted without a rest, and without more than there is of it.
    each = cells.ravel() / np.where(whole > 1 - _WHOLE, whole, 1.0)
    parts = []
    for region, ids, cover in zip(near, found["cell_id"], found["coverage"], strict=True):
        people = each[ids] * cover
        row, column = np.divmod(ids[people > 0], cells.shape[1])
        people = people[people > 0]
        block = row // blocks.down * blocks.in_a_row + column // blocks.across
        sums = np.bincount(block, people)
        at = np.flatnonzero(sums)
        middle = (np.bincount(block, people * axis)[at] / sums[at] for axis in (column, row))
        x, y = middle
        parts.append(pd.DataFrame({"region": region, "people": sums[at], "x": x, "y": y}))
    return pd.concat(parts, ignore_index=True)


def _in_their_region(
    part: pd.DataFrame,
    box: tuple[float, float, float, float],
    shape: tuple[int, ...],
    shapes: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Cells that are points themselves, each moved to the middle of what its region has of it."""
    west, south, east, north = box
    height, width = shape
    wide, high = (east - west) / width, (north - south) / height
    left, upper = west + part["x"].to_numpy(float) * wide, north - part["y"].to_numpy(float) * high
    cells = shapely.box(left, upper - high, left + wide, upper)
    regions = shapes.geometry.to_numpy()[part["region"].to_numpy(int)]
    middle = shapely.centroid(shapely.intersection(cells, regions))
    known = ~shapely.is_empty(middle)
    x, y = shapely.get_x(middle), shapely.get_y(middle)
    return part.assign(
        x=np.where(known, (x - west) / wide - 0.5, part["x"]),
        y=np.where(known, (north - y) / high - 0.5, part["y"]),
    )
