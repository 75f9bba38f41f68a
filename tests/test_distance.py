"""Radius and nearest against an independent oracle: pyproj.Geod over every row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.distance import Index, distance_km, km_to_kth, nearest, within_radius

ROWS = 100_000
GROUPS = 4
GEOD = Geod(ellps="WGS84")


def _points(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clustered points all over the world, poles and antimeridian included; many share a spot."""
    rng = np.random.default_rng(seed)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 2000)))
    lon = rng.uniform(-180, 180, 2000)
    lat[:40], lon[:40] = rng.uniform(89.5, 90, 40), rng.uniform(-180, 180, 40)
    lat[40:80] = rng.uniform(-30, 30, 40)
    lon[40:80] = np.where(rng.random(40) < 0.5, 179.99, -179.99)
    pick = rng.integers(0, 2000, ROWS)
    lats = np.clip(lat[pick] + rng.normal(0, 0.2, ROWS), -90, 90)
    lons = (lon[pick] + rng.normal(0, 0.2, ROWS) + 180) % 360 - 180
    shared = rng.random(ROWS) < 0.3
    lats[shared], lons[shared] = lat[pick[shared]], lon[pick[shared]]
    return lats, lons, rng.integers(0, GROUPS, ROWS)


LATS, LONS, GROUP = _points(7)
INDEX = Index(LATS, LONS, GROUP)


def _oracle(lat: float, lon: float) -> np.ndarray:
    full = np.full(ROWS, lon), np.full(ROWS, lat)
    return np.asarray(GEOD.inv(*full, LONS, LATS)[2]) / 1000


def _same_as_oracle(lat: float, lon: float, radius_km: float, limit: int) -> None:
    km = _oracle(lat, lon)
    inside = np.flatnonzero(km <= radius_km)
    order = inside[np.lexsort((inside, km[inside]))]
    hits = within_radius(INDEX, lat, lon, radius_km, None)
    np.testing.assert_array_equal(hits.positions, order)
    np.testing.assert_array_equal(hits.counts, np.bincount(GROUP[inside], minlength=GROUPS))
    np.testing.assert_allclose(hits.distance_km, km[order], atol=1e-9)
    few = within_radius(INDEX, lat, lon, radius_km, limit)
    for number in range(GROUPS):
        wanted = order[GROUP[order] == number][:limit]
        np.testing.assert_array_equal(few.positions[few.group == number], wanted)
    np.testing.assert_array_equal(few.counts, hits.counts)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    row=st.integers(0, ROWS - 1),
    dlat=st.floats(-0.3, 0.3),
    dlon=st.floats(-0.3, 0.3),
    radius_km=st.sampled_from([1, 10, 25, 50, 100, 300]),
    limit=st.integers(1, 60),
)
def test_membership_order_and_counts_equal_the_geodesic(
    row: int, dlat: float, dlon: float, radius_km: float, limit: int
) -> None:
    lat = float(np.clip(LATS[row] + dlat, -90, 90))
    lon = float((LONS[row] + dlon + 180) % 360 - 180)
    _same_as_oracle(lat, lon, radius_km, limit)


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (0.0, 180.0),
        (0.0, -180.0),
        (12.3, 179.999),
        (-17.0, -179.999),
        (89.9, 0.0),
        (89.9, 137.0),
        (90.0, 0.0),
        (-89.9, -60.0),
    ],
)
@pytest.mark.parametrize("radius_km", [10, 50, 300, 3000, 15000, 20100])
def test_across_the_antimeridian_and_at_the_poles(lat: float, lon: float, radius_km: float) -> None:
    _same_as_oracle(lat, lon, radius_km, 50)


def test_a_row_exactly_at_the_radius_is_inside() -> None:
    row = 4321
    km = float(distance_km(10.0, 10.0, LATS[row], LONS[row])[()])
    hits = within_radius(INDEX, 10.0, 10.0, km, None)
    assert row in hits.positions
    assert row not in within_radius(INDEX, 10.0, 10.0, np.nextafter(km, 0), None).positions


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    row=st.integers(0, ROWS - 1), k=st.integers(1, 5), beyond_km=st.sampled_from([0, 5, 80, 3000])
)
def test_nearest_beyond_a_distance(row: int, k: int, beyond_km: float) -> None:
    lat, lon = float(LATS[row]), float(LONS[row])
    km = _oracle(lat, lon)
    hits = nearest(INDEX, lat, lon, k, beyond_km)
    for number in range(GROUPS):
        rows = np.flatnonzero((number == GROUP) & ((km > beyond_km) | (beyond_km == 0)))
        wanted = rows[np.lexsort((rows, km[rows]))][:k]
        np.testing.assert_array_equal(hits.positions[hits.group == number], wanted)


def test_an_empty_index_answers_nothing() -> None:
    hits = within_radius(Index([], []), 0, 0, 100)
    assert len(hits.positions) == 0
    assert hits.counts.tolist() == [0]
    assert len(nearest(Index([], []), 0, 0, 3).positions) == 0


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_how_far_the_kth_target_is(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(-90, 90, 30), rng.uniform(-180, 180, 30)
    found = km_to_kth(lat[:5], lon[:5], lat, lon, k)
    brute = [np.sort(distance_km(lat[i], lon[i], lat, lon))[k - 1] for i in range(5)]
    near = np.array(brute) < 300
    assert found[near] == pytest.approx(np.array(brute)[near], abs=0.001)
    assert np.isinf(km_to_kth(lat[:5], lon[:5], lat, lon, 31)).all()
