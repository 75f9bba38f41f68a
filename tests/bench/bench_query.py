"""Radius queries on 8 million points, side by side with GeoPandas, in one run.

    python tests/bench/bench_query.py [--rows 8000000] [--queries 200]

Ratios are what counts; milliseconds depend on the machine. The points are synthetic, from a
seed: 6,000 settlements of very unequal size, 30 % of the points at a shared address.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo.distance import Index, distance_km, within_radius

TOP = 50
STATUSES = 4


def points(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20261122)
    lat, lon = rng.uniform(25, 49, 6000), rng.uniform(-124, -67, 6000)
    size = rng.pareto(1.0, 6000) + 0.05
    place = rng.choice(6000, rows, p=size / size.sum())
    spread = rng.choice([0.03, 0.1], rows)
    lats, lons = lat[place] + rng.normal(0, spread), lon[place] + rng.normal(0, spread)
    shared = np.flatnonzero(rng.random(rows) < 0.3)
    twin = rng.integers(0, rows, len(shared))
    lats[shared], lons[shared] = lats[twin], lons[twin]
    return lats, lons, rng.choice(STATUSES, rows, p=[0.01, 0.04, 0.25, 0.7])


def timed(ask: Callable[[int], object], queries: int) -> np.ndarray:
    took = np.empty(queries)
    for i in range(queries):
        start = time.perf_counter()
        ask(i)
        took[i] = 1000 * (time.perf_counter() - start)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    lat, lon, status = points(options.rows)
    rng = np.random.default_rng(5)
    centres = rng.integers(0, options.rows, options.queries)
    q_lat = lat[centres] + rng.normal(0, 0.05, options.queries)
    q_lon = lon[centres] + rng.normal(0, 0.05, options.queries)

    start = time.perf_counter()
    index = Index(lat, lon, status)
    built = time.perf_counter() - start
    start = time.perf_counter()
    frame = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(3857)
    frame.sindex.query(shapely.Point(0, 0))
    gpd_built = time.perf_counter() - start
    spots = gpd.GeoSeries(gpd.points_from_xy(q_lon, q_lat), crs=4326).to_crs(3857)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{options.rows:,} rows; built in {built:.1f} s, GeoPandas in {gpd_built:.1f} s")

    out = {}
    for radius in (10, 50):

        def ours(i: int, radius: float = radius) -> Any:
            return within_radius(index, q_lat[i], q_lon[i], radius, TOP)

        def sindex(i: int, radius: float = radius) -> Any:
            reach = 1000 * radius / np.cos(np.radians(q_lat[i])) * 1.01
            rows = frame.sindex.query(spots.iloc[i], predicate="dwithin", distance=reach)
            km = distance_km(q_lat[i], q_lon[i], lat[rows], lon[rows])
            rows, km = rows[km <= radius], km[km <= radius]
            counts = np.bincount(status[rows], minlength=STATUSES)
            return rows[np.argsort(km)[:TOP]], counts

        def every_row(i: int, radius: float = radius) -> object:
            far = frame.distance(spots.iloc[i]).to_numpy()
            rows = np.flatnonzero(far <= 1000 * radius / np.cos(np.radians(q_lat[i])))
            counts = np.bincount(status[rows], minlength=STATUSES)
            return rows[np.argsort(far[rows])[:TOP]], counts

        for i in range(min(20, options.queries)):  # both find the same
            mine, theirs = ours(i), sindex(i)
            assert mine.counts.tolist() == theirs[1].tolist()
            assert mine.counts.sum() < TOP or len(theirs[0]) == TOP
        a, b = timed(ours, options.queries), timed(sindex, options.queries)
        c = timed(every_row, min(20, options.queries))
        row = {
            "median_ms": np.median(a),
            "p99_ms": np.quantile(a, 0.99),
            "sindex_median_x": np.median(b) / np.median(a),
            "sindex_p99_x": np.quantile(b, 0.99) / np.quantile(a, 0.99),
            "distance_median_x": np.median(c) / np.median(a),
        }
        out[f"R = {radius} km"] = {key: round(float(value), 3) for key, value in row.items()}
        print(f"R = {radius} km", json.dumps(out[f"R = {radius} km"]))


if __name__ == "__main__":
    main()
