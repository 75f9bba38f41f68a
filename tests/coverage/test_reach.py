"""Coverage, scores and calls against independent oracles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.care.assessment import assess
from geo.care.entry import Procedure
from geo.coverage.reach import SUPPLIES, find_reach, main_cause, share_within, weighted_quantile
from geo.distance import nearest_of_each, pairs_within, region_of_each
from geo.packs.pack import Pack
from geo.travel.measure import ByRoadTable, StraightLine
from geo.travel.road_table import RoadTable, road_distances
from tests.conftest import TODAY

GEOD = Geod(ellps="WGS84")


def every_km(lat: np.ndarray, lon: np.ndarray, lats: np.ndarray, lons: np.ndarray) -> np.ndarray:
    """All distances, one by one."""
    shape = (len(lat), len(lats))
    a, b = (np.broadcast_to(np.asarray(x)[:, None], shape) for x in (lon, lat))
    c, d = (np.broadcast_to(np.asarray(x)[None, :], shape) for x in (lons, lats))
    return np.asarray(GEOD.inv(a, b, c, d)[2]) / 1000


def scattered(rng: np.random.Generator, n: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    if where == "pole":
        return rng.uniform(88, 90, n), rng.uniform(-180, 180, n)
    if where == "antimeridian":
        return rng.uniform(-1, 1, n), (rng.uniform(179, 181, n) + 180) % 360 - 180
    return rng.uniform(26, 28, n), rng.uniform(89, 92, n)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    where=st.sampled_from(["pole", "antimeridian", "bhutan"]),
    targets=st.integers(0, 60),
)
def test_nearest_of_each_equals_brute_force(seed: int, where: str, targets: int) -> None:
    rng = np.random.default_rng(seed)
    lat, lon = scattered(rng, 80, where)
    lats, lons = scattered(rng, targets, where)
    if targets > 4:
        lats[1], lons[1] = lats[0], lons[0]
    rows, km = nearest_of_each(lat, lon, lats, lons)
    if not targets:
        assert (rows == -1).all()
        assert np.isinf(km).all()
        return
    oracle = every_km(lat, lon, lats, lons)
    np.testing.assert_allclose(km, oracle.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(oracle[np.arange(80), rows], oracle.min(axis=1), atol=1e-9)


@pytest.mark.parametrize("where", ["pole", "antimeridian", "bhutan"])
def test_pairs_within_equal_brute_force(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.distance._PAIRS_AT_ONCE", 500)  # many chunks
    rng = np.random.default_rng(3)
    lat, lon = scattered(rng, 150, where)
    lats, lons = scattered(rng, 70, where)
    oracle = every_km(lat, lon, lats, lons)
    found = np.full(oracle.shape, np.nan)
    for i, j, km in pairs_within(lat, lon, lats, lons, 40):
        assert np.isnan(found[i, j]).all()
        found[i, j] = km
    clear = np.abs(oracle - 40) > 1e-5
    np.testing.assert_array_equal(~np.isnan(found)[clear], (oracle <= 40)[clear])
    listed = ~np.isnan(found)
    np.testing.assert_allclose(found[listed], oracle[listed], atol=1e-5)


@pytest.mark.parametrize("slug", ["epidural-blood-patch", "haemodialysis", "hospital-care"])
def test_straight_coverage_of_bhutan_equals_brute_force(
    bhutan: Pack, library: dict[str, Procedure], slug: str
) -> None:
    found = assess(bhutan.providers, bhutan.evidence, library[slug], TODAY)
    rows = bhutan.providers.merge(found, on="provider_id")
    demand = bhutan.demand
    reach = find_reach(demand["lat"], demand["lon"], rows, [StraightLine()])
    for number, supply in enumerate(SUPPLIES):
        some = rows[rows["status"].isin(SUPPLIES[: number + 1])]
        km = every_km(demand["lat"].to_numpy(), demand["lon"].to_numpy(), some["lat"], some["lon"])  # type: ignore[arg-type]
        nearest = km.min(axis=1, initial=np.inf)
        np.testing.assert_allclose(reach.nearest("straight", supply), nearest, atol=1e-9)
        people = demand["population"].to_numpy(float)
        for within in (10, 50, 120):
            expected = people[nearest <= within].sum() / people.sum()
            assert share_within(reach.nearest("straight", supply), people, within) == expected


def test_road_reach_is_the_least_of_every_pair(bhutan: Pack, library: dict[str, Procedure]) -> None:
    found = assess(bhutan.providers, bhutan.evidence, library["haemodialysis"], TODAY)
    rows = bhutan.providers.merge(found, on="provider_id")
    roads = RoadTable.from_frames(bhutan.roads, bhutan.road_nodes)
    demand = bhutan.demand.head(40)
    assert roads is not None
    reach = find_reach(demand["lat"], demand["lon"], rows, [ByRoadTable(roads)])
    done = rows[rows["status"] == "reported"]
    for row, lat, lon in zip(range(40), demand["lat"], demand["lon"], strict=True):
        way = road_distances(roads, lat, lon, done["lat"], done["lon"])
        assert reach.nearest("road", "reported")[row] == pytest.approx(way["road_km"].min())
        assert reach.nearest("road_high", "reported")[row] == pytest.approx(
            way["road_high_km"].min()
        )


def test_region_of_each_equals_a_spatial_join() -> None:
    import geopandas as gpd
    import shapely

    rng = np.random.default_rng(5)
    centres = shapely.points(rng.uniform(0, 10, (40, 2)))
    shapes = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(np.asarray(centres)), extend_to=shapely.box(0, 0, 10, 10)
        )
    )[:30]
    lon, lat = rng.uniform(-1, 11, (2, 5000))
    found = region_of_each(lat, lon, shapes)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat))
    joined = points.sjoin(gpd.GeoDataFrame(geometry=shapes), how="left", predicate="intersects")
    oracle = joined["index_right"].groupby(level=0).min().fillna(-1).astype(int)
    np.testing.assert_array_equal(found, oracle)
    assert region_of_each([], [], shapes).tolist() == []
    assert region_of_each([1], [1], np.array([shapely.Polygon()])).tolist() == [-1]


def test_weighted_quantile_is_a_distance_that_somebody_has() -> None:
    km = np.array([30.0, 5.0, np.inf, 80.0])
    assert weighted_quantile(km, [1, 1, 1, 1], 0.5) == 30
    assert weighted_quantile(km, [1, 1, 0, 1], 0.9) == 80
    assert np.isnan(weighted_quantile(km, [1, 1, 9, 1], 0.9))  # most have nobody at all
    assert np.isnan(weighted_quantile(km, [0, 0, 0, 0], 0.5))
    assert weighted_quantile(np.repeat([7.0, 9.0], [9, 1]), np.ones(10), 0.9) == 7


def test_nobody_lives_there() -> None:
    assert np.isnan(share_within(np.array([1.0]), [0], 50))


def test_the_main_cause_is_the_widest_range() -> None:
    assert main_cause({"evidence": (0, 0.2), "travel": (0.1, 0.9)}) == "travel"
    assert main_cause({"evidence": (0.5, 0.5), "travel": (0.5, 0.5)}) is None
    assert main_cause({}) is None


def test_pairs_by_road_equal_the_estimates(bhutan: Pack) -> None:
    roads = RoadTable.from_frames(bhutan.roads, bhutan.road_nodes)
    a, b = bhutan.demand.head(30), bhutan.providers.head(9)
    assert roads is not None
    by_road = ByRoadTable(roads)
    points, places = ((f["lat"].to_numpy(float), f["lon"].to_numpy(float)) for f in (a, b))
    ask = by_road.pairs(points, places, 60)
    found = {(int(i), int(j)): km for rows in ask() for i, j, km in zip(*rows, strict=True)}
    expected: dict[tuple[int, int], float] = {}
    for i, lat, lon in zip(range(30), a["lat"], a["lon"], strict=True):
        km = road_distances(roads, lat, lon, b["lat"], b["lon"])["road_km"]
        expected |= {(i, j): km[j] for j in range(9) if km[j] <= 60}
    assert found == pytest.approx(expected)
    nobody = np.empty(0), np.empty(0)
    assert list(by_road.pairs(nobody, places, 60)()) == []
