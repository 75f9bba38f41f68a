"""Minutes by road: a matrix of 1,000 x 50 and the coverage of 200 places, in Helsinki.

`PYTHONPATH=. python tests/bench/bench_roads.py`, on Python 3.12 or later with
`requirements-roads.txt`. Times are of the work, after one question that opens the tiles.
"""

import datetime as dt
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from geo.care.assessed import assess_pack
from geo.care.library import open_library
from geo.coverage import coverage as cover
from geo.distance import distance_km
from geo.packs.pack import open_pack
from geo.sources.batch import Report
from geo.sources.demand import import_demand
from geo.sources.into_pack import import_into
from geo.sources.new_pack import NewPack
from geo.sources.osm import read_osm
from geo.sources.roads import import_roads
from geo.sources.table import PopulatedPoints
from geo.travel.times import minutes, route
from geo.travel.valhalla import open_engine

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.roads.helsinki import EXTRACT, STATION, demand_table

TODAY = dt.date(2026, 11, 22)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CAREREACH_DATA"] = folder
        import_into("helsinki", [read_osm(EXTRACT, TODAY.isoformat())], NewPack("H", "Finland"))
        grid = PopulatedPoints(demand_table(200), Report(read=200, kept=200))
        import_demand("helsinki", grid, "a grid")
        start = time.perf_counter()
        import_roads("helsinki", EXTRACT)
        print(f"roads of {EXTRACT.name}: {time.perf_counter() - start:.2f} s")
        pack = open_pack("helsinki")
        engine = open_engine(Path(pack.files["road_tiles"]))
        assert engine is not None
        route(engine, STATION, STATION)
        spots = np.random.default_rng(1)
        points = np.column_stack(
            [spots.uniform(60.16, 60.176, 1000), spots.uniform(24.926, 24.96, 1000)]
        )
        before = peak_mb()
        for mode in ("drive", "walk"):
            start = time.perf_counter()
            minutes(engine, points, points[:50], mode)
            took = time.perf_counter() - start
            start = time.perf_counter()
            for lat, lon in points[:50]:
                distance_km(lat, lon, points[:, 0], points[:, 1])
            line = time.perf_counter() - start
            start = time.perf_counter()
            for point in points[:100]:
                route(engine, (point[0], point[1]), (points[0, 0], points[0, 1]), mode)
            each = (time.perf_counter() - start) / 100
            print(
                f"1,000 x 50 {mode}: {took:.2f} s, {took / line:.0f} times the straight lines, "
                f"1/{each * 50_000 / took:.0f} of as many single routes; "
                f"{peak_mb() - before:.0f} MB more"
            )
        assessed = assess_pack(pack, open_library()["primary-care"], TODAY)
        start = time.perf_counter()
        supplied = cover.supply_pack(assessed, measures=cover.demand_measures(assessed, engine))
        first = time.perf_counter() - start
        start = time.perf_counter()
        cover.measure_coverage(supplied, 5, measure="drive")
        print(
            f"coverage of 200 places x {len(assessed.rows)}, both modes: {first:.2f} s, a new "
            f"threshold {1000 * (time.perf_counter() - start):.0f} ms; peak {peak_mb():.0f} MB"
        )


if __name__ == "__main__":
    main()
