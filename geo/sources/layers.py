"""What a surface is made of, each laid on its grid: friction, land cover, heights, lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyogrio

from geo.errors import DataError
from geo.rasters import open_raster
from geo.reading import understood
from geo.sources.speeds import MOST_KM_H, Speed, minutes_a_metre

Single = npt.NDArray[np.float32]
#: West, south, east and north, degrees.
Area = tuple[float, float, float, float]
#: A surface of more cells does not fit into the memory of a usual machine.
MOST_CELLS = 250_000_000
#: Friction of a ready surface beyond this is no minutes a metre: slower than 50 m an hour.
MOST_FRICTION = 1.2
#: Land lies between these heights, metres.
LOWEST_M, HIGHEST_M = -500.0, 9_000.0


@dataclass(frozen=True)
class Onto:
    """The grid of a surface: rows and columns, where they lie, and the area, degrees."""

    shape: tuple[int, int]
    transform: Any
    area: Area


def _read(path: Path, onto: Onto) -> tuple[Single, Any, Any]:
    """The part of a raster around an area: its cells, NaN where it says nothing; where; and how."""
    with open_raster(path) as grid:
        return _part(grid, path.name, onto)


def _part(grid: Any, name: str, onto: Onto) -> tuple[Single, Any, Any]:
    from affine import Affine
    from rasterio.warp import transform_bounds

    if grid.count != 1:
        raise DataError(name, f"has {grid.count} bands; keep the one that is meant")
    at = grid.transform
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


def _laid(cells: Single, where: Any, crs: Any, onto: Onto, how: str) -> Single:
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


def friction_of(path: Path, onto: Onto) -> tuple[Single, npt.NDArray[np.bool_]]:
    """A ready surface; and where it says anything. A cell of which half is closed is closed."""
    cells, where, crs = _read(path, onto)
    passable = cells > 0
    quick, slow = minutes_a_metre(MOST_KM_H), MOST_FRICTION
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


def heights_of(path: Path, onto: Onto) -> Single:
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


def land_of_speeds(
    path: Path, onto: Onto, speeds: Sequence[Speed]
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
        friction[here] = minutes_a_metre(speed.km_h)
        walked[here] = speed.walked
    if missing:
        raise DataError(
            path.name, f"has classes that the table of speeds lacks: {', '.join(missing[:12])}"
        )
    return friction, walked, np.isfinite(classes)


def shapes_in(path: Path, area: Area, column: str = "") -> gpd.GeoDataFrame:
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


def burned(shapes: gpd.GeoDataFrame, onto: Onto) -> npt.NDArray[np.bool_]:
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


def roads_of(
    path: Path, column: str, speeds: Sequence[Speed], onto: Onto
) -> tuple[Single, npt.NDArray[np.bool_], dict[str, int]]:
    """Roads as cells; of several in one the fastest counts.

    Parameters
    ----------
    path, column
        Lines, and where their kind stands.
    speeds
        The table.
    onto
        Where they are laid.

    Returns
    -------
    tuple
        Friction, NaN where there is no road; where one walks on it; and kinds without a speed,
        with how many lines each has.
    """
    lines = shapes_in(path, onto.area, column)
    kinds = lines[column].astype(str)
    known = sorted((s for s in speeds if s.kind == "road"), key=lambda s: s.km_h)
    friction, walked = np.full(onto.shape, np.nan, np.float32), np.zeros(onto.shape, bool)
    for speed in known:
        here = burned(lines[kinds == speed.value], onto)
        friction[here], walked[here] = minutes_a_metre(speed.km_h), speed.walked
    counts = kinds[~kinds.isin([s.value for s in known])].value_counts()
    return friction, walked, {str(kind): int(n) for kind, n in counts.items()}
