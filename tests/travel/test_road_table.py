"""Road estimates against an independent shortest path, and the sentences of their rules."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from geo.distance import distance_km
from geo.packs.detour import measure_detour
from geo.packs.pack import Pack
from geo.travel.road_table import RoadTable, road_distances
from tests.conftest import table


@pytest.fixture(scope="module")
def roads(bhutan: Pack) -> RoadTable:
    found = RoadTable.from_frames(bhutan.roads, bhutan.road_nodes)
    assert found is not None
    return found


def _ask(roads: RoadTable | None, a: tuple[float, float], b: tuple[float, float]) -> pd.Series:
    return road_distances(roads, *a, [b[0]], [b[1]]).iloc[0]


def _node(pack: Pack, name: str) -> tuple[float, float]:
    row = pack.road_nodes.set_index("node").loc[name]
    return float(row["lat"]), float(row["lon"])  # type: ignore[arg-type]


def test_every_pair_of_nodes_equals_networkx(bhutan: Pack, roads: RoadTable) -> None:
    graph = nx.Graph()
    for leg in bhutan.roads.itertuples():
        graph.add_edge(leg[1], leg.to, weight=leg.km, low=leg.reliability == "low")
    placed = bhutan.road_nodes.dropna(subset=["lat"])["node"].tolist()
    for i, a in enumerate(placed):
        lengths = nx.single_source_dijkstra_path_length(graph, a)
        for j, b in enumerate(placed):
            assert roads.km[i, j] == pytest.approx(lengths[b])
            paths = list(nx.all_shortest_paths(graph, a, b, weight="weight"))
            soft = {any(graph.edges[e]["low"] for e in nx.utils.pairwise(p)) for p in paths}
            assert bool(roads.soft[i, j]) in soft


def test_a_published_leg_stands_as_it_is(bhutan: Pack, roads: RoadTable) -> None:
    way = _ask(roads, _node(bhutan, "Serzhong (Mongar)"), _node(bhutan, "Mongar"))
    assert way["road_km"] == way["road_low_km"] == way["road_high_km"] == 56
    assert not way["road_about"]
    assert way["distance_km"] == pytest.approx(15.5, abs=0.05)


def test_a_leg_of_low_reliability_makes_it_about(bhutan: Pack, roads: RoadTable) -> None:
    way = _ask(roads, _node(bhutan, "Tingtibi"), _node(bhutan, "Zhemgang"))
    assert way["road_km"] == 19
    assert way["road_about"]


def test_off_the_road_an_access_leg_is_added_with_its_range(bhutan: Pack, roads: RoadTable) -> None:
    origin, sarpang = (26.92, 90.526), _node(bhutan, "Sarpang")
    access = float(distance_km(*origin, *_node(bhutan, "Gelephu"))[()])
    way = _ask(roads, origin, sarpang)
    assert way["road_km"] == pytest.approx(roads.detour.median * access + 33)
    assert way["road_low_km"] == pytest.approx(roads.detour.low * access + 33)
    assert way["road_high_km"] == pytest.approx(roads.detour.high * access + 33)
    assert way["road_about"]


def test_with_the_same_nearest_node_the_straight_line_is_stretched(
    bhutan: Pack, roads: RoadTable
) -> None:
    way = _ask(roads, (26.92, 90.526), _node(bhutan, "Gelephu"))
    assert way["road_km"] == pytest.approx(roads.detour.median * way["distance_km"])
    assert way["road_high_km"] == pytest.approx(roads.detour.high * way["distance_km"])


def _line() -> RoadTable:
    """Two towns 100 km apart by road, about 55 km straight, on the equator."""
    roads = table(
        "roads", {"from": "A", "to": "B", "km": "100", "reliability": "high", "source": "x"}
    )
    nodes = table(
        "road_nodes",
        {"node": "A", "lat": "0", "lon": "0"},
        {"node": "B", "lat": "0", "lon": "0.5"},
        {"node": "C"},
    )
    found = RoadTable.from_frames(roads, nodes)
    assert found is not None
    return found


def test_farther_than_3_km_the_better_of_the_two_nearest_is_used() -> None:
    # From 0.2 degrees east, A is nearer, but to a point beyond B the way by B is shorter.
    roads = _line()
    way = _ask(roads, (0.0, 0.2), (0.0, 0.6))
    to_b = float(distance_km(0, 0.2, 0, 0.5)[()])
    from_b = float(distance_km(0, 0.6, 0, 0.5)[()])
    assert way["road_km"] == pytest.approx(roads.detour.median * (to_b + from_b))


def test_within_3_km_only_the_nearest_is_used() -> None:
    roads = _line()
    way = _ask(roads, (0.0, 0.02), (0.0, 0.5))
    assert way["road_km"] == pytest.approx(
        roads.detour.median * float(distance_km(0, 0.02, 0, 0)[()]) + 100
    )


def test_never_less_than_the_straight_line() -> None:
    rng = np.random.default_rng(1)
    roads = table(
        "roads", {"from": "A", "to": "B", "km": "1", "reliability": "high", "source": "x"}
    )
    nodes = table(
        "road_nodes", {"node": "A", "lat": "0", "lon": "0"}, {"node": "B", "lat": "0", "lon": "0.5"}
    )
    found = RoadTable.from_frames(roads, nodes)
    far = road_distances(found, 0, 0.01, rng.uniform(-1, 1, 200), rng.uniform(-1, 1, 200))
    for column in ("road_km", "road_low_km", "road_high_km"):
        assert (far[column] >= far["distance_km"] - 1e-9).all()


def test_where_no_road_leads_is_na_and_without_a_table_only_the_straight_line() -> None:
    roads = table(
        "roads",
        {"from": "A", "to": "B", "km": "5", "reliability": "high", "source": "x"},
        {"from": "C", "to": "D", "km": "5", "reliability": "high", "source": "x"},
    )
    spots = {"A": ("0", "0"), "B": ("0", "0.04"), "C": ("5", "5"), "D": ("5", "5.04")}
    nodes = table(
        "road_nodes", *({"node": n, "lat": lat, "lon": lon} for n, (lat, lon) in spots.items())
    )
    way = _ask(RoadTable.from_frames(roads, nodes), (0, 0), (5, 5))
    assert np.isnan(way["road_km"])
    assert way["distance_km"] > 700
    assert np.isnan(_ask(None, (0, 0), (1, 1))["road_km"])


def test_of_two_legs_the_shorter_counts_and_without_positions_there_is_no_table() -> None:
    leg = {"from": "A", "to": "B", "reliability": "high", "source": "x"}
    back = {**leg, "from": "B", "to": "A"}
    legs = table("roads", {**leg, "km": "100"}, {**back, "km": "90"})
    spots = ({"node": "A", "lat": "0", "lon": "0"}, {"node": "B", "lat": "0", "lon": "0.5"})
    found = RoadTable.from_frames(legs, table("road_nodes", *spots))
    assert found is not None
    assert found.km[0, 1] == 90
    assert RoadTable.from_frames(legs, table("road_nodes", {"node": "A"}, {"node": "B"})) is None


def test_the_detour_is_measured_from_the_legs(bhutan: Pack) -> None:
    measured = measure_detour(bhutan.roads, bhutan.road_nodes)
    assert measured is not None
    stated = bhutan.detour
    assert stated is not None
    # What the pack states was measured from the same legs, with positions to 100 m.
    for name in ("low", "median", "high"):
        assert getattr(stated, name) == pytest.approx(getattr(measured, name), abs=0.011)
    assert _line().detour.median == pytest.approx(100 / 55.66, abs=0.01)


def test_without_a_leg_that_can_be_measured_there_is_no_road_table() -> None:
    roads = table("roads", {"from": "A", "to": "B", "km": "9", "reliability": "low", "source": "x"})
    nodes = table("road_nodes", {"node": "A", "lat": "0", "lon": "0"}, {"node": "B"})
    assert RoadTable.from_frames(roads, nodes) is None
