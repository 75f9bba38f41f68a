"""The 50 nearest within a radius and how many there are, asked of six engines in one run.

    PYTHONPATH=. python -m tests.bench.bench_engines [--rows 1000000] [--check 10000]

Beside ours: PostGIS (of its own, started here), the index in PostGIS that the app uses, GeoPandas'
spatial index, and, where they are installed, DuckDB with its extension `spatial` (packages duckdb,
duckdb-extensions, duckdb-extension-spatial) and SedonaDB (sedonadb). `--check` compares our two
indexes in so many random queries first. The points are those of `bench_query`.

All answers are compared. PostGIS' `<->` orders by distance on a sphere, up to 0.6 % off.
"""

import argparse
import importlib
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.distance import Index, distance_km
from geo.packs.database import Database, writing
from geo.packs.shared_loading import _prepare, load_rows
from geo.packs.stored_index import Spots, StoredIndex, hash_of_kinds
from geo.progress import silent
from tests import postgres
from tests.bench.bench_query import STATUSES, TOP, points, timed

#: Answers one question: the kilometres of the nearest, and how many there are.
Engine = Callable[[float, float, float], tuple[np.ndarray, int]]
#: Degrees of latitude that a kilometre spans at most, and the same of longitude at the equator.
_DEGREE_KM = 110.5


def box(lat: float, lon: float, km: float) -> tuple[float, float, float, float]:
    """West, south, east and north of what may lie within a radius; away from poles."""
    high = km / _DEGREE_KM
    wide = high / np.cos(np.radians(abs(lat) + high))
    return lon - wide, lat - high, lon + wide, lat + high


def memory(lat: np.ndarray, lon: np.ndarray, status: np.ndarray) -> tuple[Engine, Index]:
    index = Index(lat, lon, status)

    def ask(at_lat: float, at_lon: float, km: float) -> tuple[np.ndarray, int]:
        hits = index.within_radius(at_lat, at_lon, km, TOP)
        return hits.distance_km[:TOP], int(hits.counts.sum())

    return ask, index


def in_postgis(
    address: str, lat: np.ndarray, lon: np.ndarray, status: np.ndarray
) -> tuple[Engine, Engine, StoredIndex]:
    frame = pd.DataFrame(
        {
            "provider_id": [f"p:{i}" for i in range(len(lat))],
            **dict.fromkeys(("name", "kind", "facility_type", "region_id"), "x"),
            "lat": lat,
            "lon": lon,
        }
    )
    kinds = status.astype(np.int32)
    database = Database(address)
    spots = Spots(database, 1, "0" * 64, hash_of_kinds(kinds))
    with writing(address) as connection:
        _prepare(connection)
        load_rows(connection, (1, spots.table), frame, kinds, silent)
    with writing(address) as connection:
        connection.execute(f"ANALYZE {spots.table}")
    index = StoredIndex(lambda: spots, kinds, np.arange(len(lat)), (lat, lon), status)
    here = "ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography"
    near = f"FROM {spots.table} WHERE ST_DWithin(geog, {here}, %(m)s)"

    def plain(at_lat: float, at_lon: float, km: float) -> tuple[np.ndarray, int]:
        values = {"lat": at_lat, "lon": at_lon, "m": 1000 * km}
        first = f"ORDER BY geog <-> {here} LIMIT {TOP}"
        rows = database.ask(f"SELECT position, ST_Distance(geog, {here}) {near} {first}", values)
        ((count,),) = database.ask(f"SELECT count(*) {near}", values)
        return np.sort([metres for _, metres in rows]) / 1000, count

    def ours(at_lat: float, at_lon: float, km: float) -> tuple[np.ndarray, int]:
        hits = index.within_radius(at_lat, at_lon, km, TOP)
        return hits.distance_km[:TOP], int(hits.counts.sum())

    return plain, ours, index


def geopandas(lat: np.ndarray, lon: np.ndarray) -> Engine:
    frame = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326)
    tree = frame.sindex

    def ask(at_lat: float, at_lon: float, km: float) -> tuple[np.ndarray, int]:
        rows = tree.query(shapely.box(*box(at_lat, at_lon, km)))
        far = distance_km(at_lat, at_lon, lat[rows], lon[rows])
        far = far[far <= km]
        return np.sort(far)[:TOP], len(far)

    return ask


def duckdb(lat: np.ndarray, lon: np.ndarray) -> Engine:
    extensions = importlib.import_module("duckdb_extensions")
    connection = importlib.import_module("duckdb").connect()
    extensions.import_extension("spatial", con=connection)
    connection.execute("LOAD spatial; SET threads = 2")
    frame = pd.DataFrame({"lat": lat, "lon": lon})
    connection.register("given", frame)
    connection.execute("CREATE TABLE p AS SELECT lat, lon, ST_Point(lon, lat) AS geom FROM given")
    connection.execute("CREATE INDEX tree ON p USING RTREE (geom)")

    def ask(at_lat: float, at_lon: float, km: float) -> tuple[np.ndarray, int]:
        west, south, east, north = box(at_lat, at_lon, km)
        around = f"ST_MakeEnvelope({west}, {south}, {east}, {north})"
        # With a filter by ST_Distance_Spheroid in the same question its index is not used.
        rows = connection.execute(
            f"SELECT lat, lon FROM p WHERE ST_Within(geom, {around})"
        ).fetchnumpy()
        far = distance_km(at_lat, at_lon, rows["lat"], rows["lon"])
        far = far[far <= km]
        return np.sort(far)[:TOP], len(far)

    return ask


def sedonadb(lat: np.ndarray, lon: np.ndarray) -> Engine:
    engine = importlib.import_module("sedonadb").connect()
    frame = gpd.GeoDataFrame(
        {"lat": lat, "lon": lon}, geometry=gpd.points_from_xy(lon, lat), crs=4326
    )
    engine.create_data_frame(frame).to_memtable().to_view("p")

    def ask(at_lat: float, at_lon: float, km: float) -> tuple[np.ndarray, int]:
        west, south, east, north = box(at_lat, at_lon, km)
        rows = engine.sql(
            f"SELECT lat, lon FROM p WHERE lat BETWEEN {south} AND {north}"
            f" AND lon BETWEEN {west} AND {east}"
        ).to_pandas()
        # Its geography is a sphere: the distances are pyproj's here.
        far = distance_km(at_lat, at_lon, rows["lat"], rows["lon"])
        far = far[far <= km]
        return np.sort(far)[:TOP], len(far)

    return ask


def check(stored: StoredIndex, index: Index, queries: int) -> None:
    """Compare our two indexes in random queries."""
    rng = np.random.default_rng(11)
    for _ in range(queries):
        row = rng.integers(0, len(index.lat))
        lat, lon = index.lat[row] + rng.normal(0, 0.1), index.lon[row] + rng.normal(0, 0.1)
        km, limit = float(rng.choice([1, 5, 20])), int(rng.choice([0, 1, 10, 50]))
        pairs = (
            (stored.within_radius(lat, lon, km, limit), index.within_radius(lat, lon, km, limit)),
            (stored.nearest(lat, lon, 2, km), index.nearest(lat, lon, 2, km)),
        )
        for mine, theirs in pairs:
            for field in ("positions", "distance_km", "group", "counts"):
                assert np.array_equal(getattr(mine, field), getattr(theirs, field)), (lat, lon, km)
    print(f"{queries:,} random queries of both kinds: memory and PostGIS agree in every row")


def engines(stack: ExitStack, rows: int, queries: int) -> Iterator[tuple[str, Engine]]:
    """Each engine, ready; one at a time."""
    lat, lon, status = points(rows)
    started = time.perf_counter()

    def ready(name: str) -> str:
        nonlocal started
        took, started = time.perf_counter() - started, time.perf_counter()
        return f"{name}; ready in {took:.1f} s"

    ask, index = memory(lat, lon, status)
    yield ready("ours, in memory"), ask
    server = stack.enter_context(postgres.server())
    started = time.perf_counter()
    plain, ours, stored = in_postgis(server.address, lat, lon, status)
    name = ready("PostGIS, ST_DWithin and <->")
    if queries:
        check(stored, index, queries)
    yield name, plain
    yield "ours, in PostGIS", ours
    started = time.perf_counter()
    yield ready("GeoPandas, sindex"), geopandas(lat, lon)
    for other in (duckdb, sedonadb):
        with suppress(ModuleNotFoundError):
            started = time.perf_counter()
            ask = other(lat, lon)
            yield ready(other.__name__), ask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--check", type=int, default=0)
    options = parser.parse_args()
    lat, lon, _ = points(options.rows)
    rng = np.random.default_rng(5)
    at = rng.integers(0, options.rows, options.queries)
    lats, lons = (a[at] + rng.normal(0, 0.05, options.queries) for a in (lat, lon))
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{options.rows:,} rows, {options.queries} queries, {STATUSES} groups")
    first: dict[float, Any] = {}
    with ExitStack() as stack:
        for name, ask in engines(stack, options.rows, options.check):
            print(name, flush=True)
            for km in (10.0, 50.0):
                found = [ask(lats[i], lons[i], km) for i in range(20)]
                truth, median = first.setdefault(km, (found, []))
                for mine, theirs in zip(found, truth, strict=True):
                    assert mine[1] == theirs[1], (name, mine[1], theirs[1])
                    most = min(len(mine[0]), len(theirs[0]))
                    assert np.allclose(mine[0][:most], theirs[0][:most], rtol=0.006, atol=1e-5), (
                        name
                    )

                def one(i: int, ask: Engine = ask, km: float = km) -> object:
                    return ask(lats[i], lons[i], km)

                took = timed(one, options.queries)
                median.append(np.median(took))
                print(
                    f"  {km:.0f} km: median {np.median(took):.2f} ms, 99th percentile"
                    f" {np.quantile(took, 0.99):.1f} ms; {median[-1] / median[0]:.1f} times ours",
                    flush=True,
                )


if __name__ == "__main__":
    main()
