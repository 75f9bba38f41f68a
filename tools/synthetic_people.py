"""Spreads a pack's people over the land of their regions: a grid to try things with, no data.

The people of each lowest region are spread over the cells of its area, the more the nearer a cell
lies to one of the region's own points: by 1 / (1 + (d / 2 km)^2). Totals of regions stay as they
are; where in them people live is made up, and what is made says so.

    python -m tools.synthetic_people bhutan people-synthetic.tif
    python -m geo import people people-synthetic.tif --pack bhutan --source-title "Synthetic grid"
"""

import argparse
from pathlib import Path

import geopandas as gpd
import numpy as np

from geo.distance import nearest_of_each
from geo.packs.pack import open_pack, read_shapes
from geo.rasters import need_rasters

#: How wide a cell is, and how near to its point half of the weight is left.
CELL_DEG, HALF_KM = 1 / 120, 2.0


def main() -> None:
    """Write the grid."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("pack")
    words.add_argument("out", type=Path)
    asked = words.parse_args()
    pack = open_pack(asked.pack)
    path = pack.files.get("boundaries") or pack.files["region_shapes"]
    shapes = read_shapes(path)
    west, south, east, north = shapes.total_bounds
    height, width = (int(np.ceil(d / CELL_DEG)) for d in (north - south, east - west))
    cells = np.zeros((height, width))
    lat = north - CELL_DEG * (np.arange(height) + 0.5)
    lon = west + CELL_DEG * (np.arange(width) + 0.5)
    for region, points in pack.demand.groupby("region_id"):
        area = shapes[shapes["region_id"] == region]
        rows, columns = _inside(area, lat, lon)
        people = float(points["population"].sum())
        _, km = nearest_of_each(lat[rows], lon[columns], points["lat"], points["lon"])
        weight = 1 / (1 + (km / HALF_KM) ** 2)
        cells[rows, columns] += people * weight / weight.sum()
    rasterio = need_rasters("A grid of people", ["rasterio"])
    with rasterio.open(
        asked.out,
        "w",
        driver="GTiff",
        count=1,
        height=height,
        width=width,
        dtype="float64",
        crs="EPSG:4326",
        transform=rasterio.Affine(CELL_DEG, 0, west, 0, -CELL_DEG, north),
        compress="deflate",
    ) as file:
        file.write(cells, 1)
        file.update_tags(TIFFTAG_IMAGEDESCRIPTION="Synthetic: where people live is made up")


def _inside(
    area: gpd.GeoDataFrame, lat: np.ndarray, lon: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The cells whose middle lies in an area; the one nearest to its middle where none does."""
    west, south, east, north = area.total_bounds
    rows = np.flatnonzero((lat >= south) & (lat <= north))
    columns = np.flatnonzero((lon >= west) & (lon <= east))
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    spots = gpd.GeoSeries(gpd.points_from_xy(lon[x], lat[y]), crs=4326)
    within = spots.within(area.union_all()).to_numpy()
    if not within.any():
        inner = area.union_all().representative_point()
        return np.array([np.abs(lat - inner.y).argmin()]), np.array(
            [np.abs(lon - inner.x).argmin()]
        )
    return y[within], x[within]


if __name__ == "__main__":
    main()
