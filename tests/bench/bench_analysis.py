"""People from a grid, least-cost times and catchments, each beside its peer, in one run.

    python -m tests.bench.bench_analysis [--large]

`--large` adds a surface of 220 million cells, which needs 5 GB and some minutes.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio.transform import from_origin
from scipy.ndimage import gaussian_filter
from skimage.graph import MCP_Geometric

from geo.coverage.catchments import floating_catchments
from geo.distance import pairs_within
from geo.sources.grid import read_people_grid
from geo.travel.least_cost import least_minutes
from geo.travel.surface import Surface

_CELL_DEG = 100 / 111_195


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def say(what: str, seconds: float, more: str = "") -> None:
    """A line of the table; the most memory of the process so far."""
    most_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| {what} | {seconds:.1f} s | {most_gb:.2f} GB | {more} |", flush=True)


def surface(height: int, width: int, *, steep: bool = False) -> Surface:
    """Land from quick to slow, with 2 % of its cells where nobody can go."""
    rng = np.random.default_rng(0)
    part = np.exp(gaussian_filter(rng.standard_normal((1000, 1000)), 3) * 5) * 0.012
    cost = np.tile(part.astype(np.float32), (height // 1000 + 1, width // 1000 + 1))
    cost = np.ascontiguousarray(cost[:height, :width])
    lost = cost.size // 50
    cost[rng.integers(0, height, lost), rng.integers(0, width, lost)] = 0
    heights = None
    if steep:
        hills = (gaussian_filter(rng.standard_normal((1000, 1000)), 20) * 20_000).astype(np.float32)
        heights = np.tile(hills, (height // 1000 + 1, width // 1000 + 1))[:height, :width]
    walked = np.broadcast_to(np.True_, cost.shape)
    return Surface(cost, heights, walked, 10.0, 0.0, (_CELL_DEG, _CELL_DEG))


def least_cost(*, large: bool) -> None:
    """6 million cells from 50 places, beside scikit-image; 220 million from 226."""
    land = surface(2000, 3000)
    rng = np.random.default_rng(1)
    places = rng.integers(0, 6_000_000, 50)
    least_minutes(surface(50, 50), np.array([3]), neighbours=8)  # compiled
    least_minutes(surface(50, 50, steep=True), np.array([3]))
    eight = timed(lambda: least_minutes(land, places, neighbours=8))
    say("least cost, 6 M cells, 8 neighbours", eight)
    say("the same, 16 neighbours", timed(lambda: least_minutes(land, places)))
    hills = surface(2000, 3000, steep=True)
    say("the same, 16 neighbours and slopes", timed(lambda: least_minutes(hills, places)))
    grid = np.where(land.friction > 0, land.friction.astype(float) * 100, -1.0)
    starts = [(p // 3000, p % 3000) for p in places if grid.flat[p] > 0]
    peer = timed(lambda: MCP_Geometric(grid).find_costs(starts))
    say("scikit-image, 8 neighbours", peer, f"{peer / eight:.1f} times as long")
    if large:
        wide = surface(15_000, 14_700)
        places = rng.integers(0, wide.friction.size, 226)
        eight = timed(lambda: least_minutes(wide, places, neighbours=8))
        say("least cost, 220 M cells, 226 places, 8 neighbours", eight)
        cut = timed(lambda: least_minutes(wide, places, neighbours=8, limit_min=120))
        say("the same, cut at two hours", cut)


def people() -> None:
    """100 million cells to points, in 400 regions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.tif"
        rng = np.random.default_rng(0)
        part = np.where(rng.random((500, 500)) < 0.3, rng.random((500, 500)), 0).astype(np.float32)
        with rasterio.open(
            path, "w", driver="GTiff", count=1, height=10_000, width=10_000, dtype="float32",
            crs="EPSG:4326", transform=from_origin(85, 33, 1 / 1200, 1 / 1200), tiled=True,
            compress="deflate",
        ) as file:  # fmt: skip
            for row in range(0, 10_000, 500):
                file.write(np.tile(part, (1, 20)), 1, window=((row, row + 500), (0, 10_000)))
        side = 10_000 / 1200 / 20
        boxes = [
            shapely.box(85 + x * side, 33 - (y + 1) * side, 85 + (x + 1) * side, 33 - y * side)
            for y in range(20)
            for x in range(20)
        ]
        regions = gpd.GeoDataFrame(
            {"region_id": [f"r{n}" for n in range(400)]}, geometry=boxes, crs=4326
        )
        found = []
        seconds = timed(lambda: found.append(read_people_grid(path, regions)))
        say("people, 100 M cells", seconds, f"{len(found[0].points):,} points")


def catchments() -> None:
    """100,000 points and 5,000 places: three steps, beside the enhanced two of PySAL."""
    rng = np.random.default_rng(0)
    lat, lon = rng.uniform(45, 50, 100_000), rng.uniform(5, 15, 100_000)
    lats, lons = rng.uniform(45, 50, 5_000), rng.uniform(5, 15, 5_000)
    count = sum(len(i) for i, _, _ in pairs_within(lat, lon, lats, lons, 30.0))
    ours = timed(
        lambda: floating_catchments(
            np.ones(100_000),
            np.ones(5_000),
            lambda: pairs_within(lat, lon, lats, lons, 30.0),
            30.0,
            "3sfca",
        )
    )
    say(f"three-step, 100,000 x 5,000, {count:,} pairs", ours, "pairs found, too")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from access import fca, weights

        i, j, far = (
            np.concatenate(c)
            for c in zip(*pairs_within(lat, lon, lats, lons, 30.0), strict=True)
        )  # fmt: skip
        cost = pd.DataFrame({"origin": i, "dest": j, "cost": far})
        demand = pd.DataFrame({"geoid": np.arange(100_000), "demand": np.ones(100_000)})
        place = pd.DataFrame({"geoid": np.arange(5_000), "supply": np.ones(5_000)})
        zones = weights.step_fn({10: 1, 20: 0.68, 30: 0.22})
        peer = timed(
            lambda: fca.two_stage_fca(
                demand,
                place.set_index("geoid"),
                cost,
                30,
                demand_index="geoid",
                supply_index=True,
                weight_fn=zones,
            )
        )
    say("PySAL access, enhanced two-step", peer, f"{peer / ours:.1f} times as long")


def main() -> None:
    """Write the table."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--large", action="store_true")
    asked = words.parse_args()
    python = platform.python_version()
    print(f"{os.cpu_count()} cores, Python {python}, {time.strftime('%Y-%m-%d')}")
    print("\n| work | time | memory so far | |\n|---|---|---|---|")
    people()
    catchments()
    least_cost(large=asked.large)


if __name__ == "__main__":
    main()
