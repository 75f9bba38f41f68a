"""Least-cost times: against scikit-image, Dijkstra over written-out steps, and reckoned cases."""

import math

import networkx as nx
import numpy as np
import numpy.typing as npt
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.graph import MCP_Geometric

from geo.travel.least_cost import MOVES, least_minutes
from geo.travel.surface import Surface

#: On the flat, minutes a metre at 5 km/h.
WALK = 60 / 5000


def surface(
    friction: npt.ArrayLike,
    elevation: npt.ArrayLike | None = None,
    walked: npt.ArrayLike | None = None,
    cell_m: float = 100.0,
) -> Surface:
    """A surface at the equator, where cells are square."""
    cost = np.asarray(friction, np.float32)
    on_foot = np.ones(cost.shape, bool) if walked is None else np.asarray(walked, bool)
    heights = None if elevation is None else np.asarray(elevation, np.float32)
    deg = cell_m / 111_195.0
    return Surface(cost, heights, on_foot, cost.shape[0] * deg / 2, 0.0, (deg, deg))


def some_land(seed: int, shape: tuple[int, int], barriers: float) -> "npt.NDArray[np.float32]":
    """Land from quick to slow by a factor of fifty, with cells where nobody can go."""
    rng = np.random.default_rng(seed)
    cost = np.exp(rng.uniform(math.log(0.001), math.log(0.05), shape))
    cost[rng.random(shape) < barriers] = 0
    return cost.astype(np.float32)


@given(
    seed=st.integers(0, 10_000),
    height=st.integers(2, 25),
    width=st.integers(2, 25),
    barriers=st.sampled_from([0.0, 0.001]),
    count=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_eight_neighbours_are_those_of_scikit_image(
    seed: int, height: int, width: int, barriers: float, count: int
) -> None:
    # With more, scikit-image slips between two corners, which we do not.
    land = surface(some_land(seed, (height, width), barriers))
    sources = np.random.default_rng(seed).integers(0, height * width, count)
    _, high = land.size_m
    grid = np.where(land.friction > 0, land.friction.astype(float) * high, -1.0)
    starts = [(s // width, s % width) for s in sources if grid.flat[s] > 0]
    found = least_minutes(land, sources, neighbours=8)
    if not starts:
        assert np.isinf(found).all()
        return
    expected, _ = MCP_Geometric(grid).find_costs(starts)
    assert (np.isfinite(found) == np.isfinite(expected)).all()
    known = np.isfinite(expected)
    assert found[known] == pytest.approx(expected[known], rel=1e-3)


def tobler(slope: float) -> float:
    """Written out once more: minutes against those on the flat."""
    flat = 6 * math.exp(-3.5 * 0.05)
    return flat / (6 * math.exp(-3.5 * abs(slope + 0.05)))


def edges(land: Surface, neighbours: int) -> "nx.DiGraph":
    """Every step of a surface with its minutes, one by one."""
    graph = nx.DiGraph()
    height, width = land.friction.shape
    wide, high = land.size_m
    cost = land.friction
    graph.add_nodes_from(range(height * width))
    for y in range(height):
        for x in range(width):
            for down, across in MOVES[neighbours]:
                to_y, to_x = y + down, x + across
                if not (0 <= to_y < height and 0 <= to_x < width):
                    continue
                passed = [(y, x), (to_y, to_x)]
                if abs(down) + abs(across) == 3:
                    half_y, half_x = int(down / 2), int(across / 2)
                    passed += [(y + half_y, x + half_x), (to_y - half_y, to_x - half_x)]
                if min(cost[cell] for cell in passed) <= 0:
                    continue
                beside = [cost[y, to_x], cost[to_y, x]]
                if abs(down) == abs(across) == 1 and max(beside) <= 0:
                    continue
                length = math.hypot(down * high, across * (wide[y] + wide[to_y]) / 2)
                slope = 0.0
                if land.elevation is not None:
                    slope = float(land.elevation[to_y, to_x] - land.elevation[y, x]) / length
                times = [
                    float(cost[cell]) * (tobler(slope) if land.walked[cell] else 1.0)
                    for cell in passed
                ]
                graph.add_edge(y * width + x, to_y * width + to_x, minutes=np.mean(times) * length)
    return graph


@given(
    seed=st.integers(0, 10_000),
    neighbours=st.sampled_from([8, 16]),
    steep=st.sampled_from([0.0, 10.0, 60.0]),
    outward=st.booleans(),
    limit=st.sampled_from([math.inf, 5.0, 20.0]),
)
@settings(max_examples=40, deadline=None)
def test_slopes_and_knights_are_those_of_dijkstra(
    seed: int, neighbours: int, steep: float, outward: bool, limit: float
) -> None:
    rng = np.random.default_rng(seed)
    shape = (9, 11)
    heights = None if steep == 0 else rng.normal(0, steep, shape)
    barriers = (0.0, 0.15, 0.4)[seed % 3]
    land = surface(some_land(seed, shape, barriers), heights, rng.random(shape) < 0.7)
    source = int(rng.integers(0, 99))
    graph = edges(land, neighbours)
    if not outward:
        graph = graph.reverse()
    found = least_minutes(
        land, np.array([source]), neighbours=neighbours, outward=outward, limit_min=limit
    ).ravel()
    if land.friction.flat[source] <= 0:
        assert np.isinf(found).all()
        return
    times = nx.single_source_dijkstra_path_length(graph, source, weight="minutes")
    for cell in range(99):
        expected = times.get(cell, math.inf)
        if abs(expected - limit) < 0.05:  # rounding may put it on either side
            continue
        if expected > limit:
            assert np.isinf(found[cell])
        else:
            # Slopes are looked up to a thousandth.
            assert found[cell] == pytest.approx(expected, rel=3e-3, abs=1e-4)


@pytest.mark.parametrize(("neighbours", "mean", "most"), [(8, 0.055, 0.083), (16, 0.0145, 0.028)])
def test_uniform_land_is_as_long_as_a_straight_line(
    neighbours: int, mean: float, most: float
) -> None:
    land = surface(np.full((201, 201), WALK))
    found = least_minutes(land, np.array([100 * 201 + 100]), neighbours=neighbours)
    y, x = np.mgrid[-100:101, -100:101]
    straight = np.hypot(y, x) * 100 * WALK
    far = (np.hypot(y, x) > 20) & (np.hypot(y, x) <= 100)
    over = found[far] / straight[far] - 1
    assert over.min() > -1e-4
    assert over.mean() < mean
    assert over.max() < most


def test_a_degree_is_narrower_in_the_north() -> None:
    deg = 0.01
    cost = np.full((301, 301), WALK, np.float32)
    for south in (0.0, 27.0, 62.0):
        land = Surface(cost, None, np.ones(cost.shape, bool), south + 301 * deg, 10.0, (deg, deg))
        found = least_minutes(land, np.array([150 * 301 + 150]))
        lat, lon = south + 151 * deg - 0.5 * deg, 10 + 150.5 * deg
        geod = pyproj.Geod(ellps="WGS84")
        for down, across in ((100, 0), (-100, 0), (0, 100), (0, -140), (100, 100), (-70, 140)):
            _, _, far = geod.inv(lon, lat, lon + across * deg, lat - down * deg)
            minutes = found[150 + down, 150 + across]
            assert minutes / (far * WALK) == pytest.approx(1.013, abs=0.02)


def test_uphill_is_not_downhill() -> None:
    # A hundred metres up each hundred, from west to east.
    heights = np.tile(np.arange(30) * 10.0, (3, 1))
    land = surface(np.full((3, 30), WALK), heights)
    west, east = 30, 59
    up = least_minutes(land, np.array([west]), outward=True).ravel()[east]
    down = least_minutes(land, np.array([east]), outward=True).ravel()[west]
    flat = 2900 * WALK
    assert up == pytest.approx(flat * tobler(0.1), rel=2e-3)
    assert down == pytest.approx(flat * tobler(-0.1), rel=2e-3)
    assert up > flat
    # From somewhere to the source is the same way turned round.
    assert least_minutes(land, np.array([east])).ravel()[west] == pytest.approx(up)


def test_nobody_slips_through_a_barrier() -> None:
    cost = np.full((40, 40), WALK)
    for step in range(40):  # a diagonal river, each cell touching the next at a corner
        cost[step, step] = 0
    found = least_minutes(surface(cost), np.array([39]))
    north_east = np.triu(np.ones((40, 40), bool), 1)
    assert np.isfinite(found[north_east]).all()
    assert np.isinf(found[~north_east]).all()
    cost[20, 20] = WALK  # a bridge
    assert np.isfinite(least_minutes(surface(cost), np.array([39]))[30, 5])


def test_a_city_with_a_quick_road() -> None:
    """Ten kilometres of road at 60 km/h through land at 5 km/h: walk to it, then drive."""
    cost = np.full((21, 101), WALK)
    cost[10] = 60 / 60_000
    walked = np.ones(cost.shape, bool)
    walked[10] = False
    found = least_minutes(surface(cost, None, walked), np.array([10 * 101]))
    assert found[10, 100] == pytest.approx(10.0, rel=1e-3)
    # From 500 m beside the road: the half steps on and off it cost the mean of both.
    walk = 4 * 100 * WALK + 100 * (WALK + 0.001) / 2
    straight_off = 10.0 + walk
    assert found[15, 100] <= straight_off * 1.001
    assert found[15, 100] == pytest.approx(straight_off, rel=0.05)


def test_a_source_where_nobody_can_go_is_left_out() -> None:
    cost = np.full((5, 5), WALK)
    cost[2, 2] = 0
    assert np.isinf(least_minutes(surface(cost), np.array([12]))).all()
    assert np.isinf(least_minutes(surface(cost), np.array([], np.int64))).all()
    assert np.isinf(least_minutes(surface(np.zeros((5, 5))), np.array([3]))).all()


def test_heights_that_are_not_known_are_flat() -> None:
    heights = np.full((3, 30), np.nan)
    land = surface(np.full((3, 30), WALK), heights)
    found = least_minutes(land, np.array([30]))
    assert found[1, 29] == pytest.approx(2900 * WALK, rel=1e-4)


def test_positions_are_moved_to_where_one_can_go() -> None:
    cost = np.full((50, 50), WALK)
    cost[:, 25:] = 0
    land = surface(cost)
    deg = land.cell_deg[0]
    lat = land.north - 10.5 * deg
    cells = land.cells_at([lat, lat, lat, 90.0], [10.5 * deg, 30.5 * deg, 49.9 * deg, 0.0])
    assert cells.tolist() == [510, 10 * 50 + 24, -1, -1]
