"""Points in regions, nearest of many, and E2SFCA, beside other libraries in the same run.

`PYTHONPATH=. python tests/bench/bench_coverage.py [million points]`. Each engine runs in a process
of its own, so that its peak memory is its own; times are of the work, not of making the data.
"""

import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Callable
from multiprocessing.queues import Queue
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.coverage.catchments import floating_catchments
from geo.distance import nearest_of_each, region_of_each
from geo.packs.pack import open_pack, read_shapes
from geo.travel.measure import StraightLine

warnings.simplefilter("ignore")


def clustered(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points around 6,000 settlements within the contiguous states."""
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(26, 48, 6000), rng.uniform(-122, -70, 6000)
    pick = rng.integers(0, 6000, n)
    return lat[pick] + rng.normal(0, 0.15, n), lon[pick] + rng.normal(0, 0.15, n)


def counties() -> gpd.GeoDataFrame:
    return read_shapes(open_pack("us").files["boundaries"])


def regions_here(n: int) -> float:
    shapes = counties().geometry.to_numpy()
    lat, lon = clustered(n, 1)
    start = time.perf_counter()
    found = region_of_each(lat, lon, shapes)
    np.bincount(found[found >= 0], minlength=len(shapes))
    return time.perf_counter() - start


def regions_sjoin(n: int) -> float:
    shapes = counties()
    lat, lon = clustered(n, 1)
    start = time.perf_counter()
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326)
    points.sjoin(shapes, predicate="intersects").groupby("index_right").size()
    return time.perf_counter() - start


def nearest_here(n: int) -> float:
    (lat, lon), (lats, lons) = clustered(n, 2), clustered(50_000, 3)
    start = time.perf_counter()
    nearest_of_each(lat, lon, lats, lons)
    return time.perf_counter() - start


def nearest_sjoin(n: int) -> float:
    (lat, lon), (lats, lons) = clustered(n, 2), clustered(50_000, 3)
    start = time.perf_counter()
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326).to_crs(5070)
    targets = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lons, lats), crs=4326).to_crs(5070)
    points.sjoin_nearest(targets, distance_col="m")
    return time.perf_counter() - start


def scores_here(n: int) -> float:
    """Seconds for each million pairs."""
    (lat, lon), (lats, lons) = clustered(n, 4), clustered(n // 2, 5)
    start = time.perf_counter()
    pairs = StraightLine().pairs((lat, lon), (lats, lons), 30)
    floating_catchments(np.ones(n), np.ones(n // 2), pairs, 30)
    took = time.perf_counter() - start
    return took / sum(len(i) for i, _, _ in pairs()) * 1e6


def scores_access(n: int) -> float:
    """Seconds for each million pairs; the table of costs is made before the clock starts."""
    from access import Access, weights

    (lat, lon), (lats, lons) = clustered(n, 4), clustered(n // 2, 5)
    rows = list(StraightLine().pairs((lat, lon), (lats, lons), 30)())
    i, j, km = (np.concatenate([row[part] for row in rows]) for part in range(3))
    ids = pd.Index([f"s{k}" for k in range(n // 2)])
    people = pd.DataFrame({"id": np.arange(n), "people": 1})
    supply = pd.DataFrame({"id": ids, "supply": 1})
    cost = pd.DataFrame({"o": i, "d": ids[j], "cost": km})
    start = time.perf_counter()
    Access(
        demand_df=people,
        demand_index="id",
        demand_value="people",
        supply_df=supply,
        supply_index="id",
        supply_value=["supply"],
        cost_df=cost,
        cost_origin="o",
        cost_dest="d",
        cost_name="cost",
    ).enhanced_two_stage_fca(
        name="e", max_cost=30, weight_fn=weights.step_fn({10: 1, 20: 0.68, 30: 0.22})
    )
    return (time.perf_counter() - start) / len(i) * 1e6


def run(work: Callable[[int], float], n: int, out: Queue[Any]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = work(n)
    out.put((took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def measured(work: Callable[[int], float], n: int) -> tuple[float, float]:
    queue: Queue[Any] = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(target=run, args=(work, n, queue))
    process.start()
    found: tuple[float, float] = queue.get()
    process.join()
    return found


def main() -> None:
    n = int(float(sys.argv[1] if len(sys.argv) > 1 else 8) * 1e6)
    shapely.__version__  # noqa: B018  # imported before anything is measured
    for title, ours, theirs, size, unit in (
        (f"{n:,} points in counties", regions_here, regions_sjoin, n, "s"),
        ("nearest of 50,000 for 1,000,000", nearest_here, nearest_sjoin, 1_000_000, "s"),
        ("E2SFCA, 100,000 x 50,000 here, 25,000 x 12,500 access", None, None, 0, ""),
    ):
        if ours is None:
            a, b = measured(scores_here, 100_000), measured(scores_access, 25_000)
            unit = "s per million pairs"
        else:
            a, b = measured(ours, size), measured(theirs, size)  # type: ignore[arg-type]
        print(
            f"{title}: {a[0]:.3f} against {b[0]:.3f} {unit} (1/{b[0] / a[0]:.1f}), "
            f"memory {a[1]:.0f} against {b[1]:.0f} MB (1/{b[1] / max(a[1], 1):.1f})"
        )


if __name__ == "__main__":
    main()
