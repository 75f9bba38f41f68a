"""How far 10 million points are from 8 million providers, in this process and on two workers.

    PYTHONPATH=. python -m tests.bench.bench_people [--rows 8000000] [--people 10000000]

All providers count, in four statuses; both are points of `bench_query` from a seed. Peak memory is
that of this process; workers have their own.
"""

import argparse
import platform
import resource
import time
from typing import Any

import distributed
import numpy as np
import pandas as pd

from geo.coverage.parts import Cluster, reach_in_parts
from geo.coverage.reach import SUPPLIES, share_within, weighted_quantile
from geo.travel.measure import StraightLine
from tests.bench.bench_query import points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--people", type=int, default=10_000_000)
    options = parser.parse_args()
    lats, lons, status = points(options.rows)
    rows = pd.DataFrame({"lat": lats, "lon": lons})
    rows["status"] = np.array(SUPPLIES, object)[status]
    rng = np.random.default_rng(3)
    lat, lon, _ = points(options.people)
    lat, lon = lat + rng.normal(0, 0.02, len(lat)), lon + rng.normal(0, 0.02, len(lon))
    # In the order of a grid: neighbours near each other.
    order = np.lexsort((lon, np.round(4 * lat)))
    lat, lon, people = lat[order], lon[order], rng.integers(1, 60, len(lat)).astype(float)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{options.rows:,} providers, {options.people:,} points", flush=True)
    start = time.perf_counter()
    here = reach_in_parts(lat, lon, rows, [StraightLine()]).far["straight"]
    took = time.perf_counter() - start
    for supply, km in zip(SUPPLIES, here, strict=True):
        share, half = share_within(km, people, 50), weighted_quantile(km, people, 0.5)
        print(f"  {supply}: {share:.4f} within 50 km, half within {half:.2f} km")
    whole = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"here: {took:.1f} s, with the figures {whole:.1f} s, {peak:.2f} GB", flush=True)
    local: Any = distributed.LocalCluster
    with local(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as workers:
        cluster = Cluster(workers.scheduler_address)
        start = time.perf_counter()
        there = cluster.find_reach(lat, lon, rows, [StraightLine()]).far["straight"]
        took = time.perf_counter() - start
        cluster.close()
    print(f"two workers: {took:.1f} s; equal: {np.array_equal(here, there)}")


if __name__ == "__main__":
    main()
