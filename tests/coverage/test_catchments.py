"""Floating catchments and capacity: against PySAL, a published package's example, and by hand."""

import itertools
import warnings
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geo
from geo.coverage import capacity, catchments
from geo.coverage.capacity import serve_nearest
from geo.coverage.catchments import METHODS, Method, floating_catchments, gaussian
from geo.coverage.coverage import pairs_in_reach
from geo.errors import CareReachError
from tests.conftest import TODAY


def cases(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(5, 60), rng.integers(1, 25)
    people = rng.integers(0, 1000, n) * (rng.random(n) < 0.9)
    return people.astype(float), rng.integers(1, 9, m).astype(float), rng.uniform(0, 80, (n, m))


@pytest.mark.parametrize("seed", range(20))
def test_e2sfca_equals_pysal_access(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from access import Access, weights

    people, supply, km = cases(seed)
    km = km.round(1)
    i, j = np.nonzero(km <= 30)
    mine, idle = floating_catchments(people, supply, lambda: [(i, j, km[i, j])], 30)
    demand = pd.DataFrame({"people": people}, index=[f"d{n}" for n in range(len(people))])
    place = pd.DataFrame({"supply": supply}, index=[f"s{n}" for n in range(len(supply))])
    cost = pd.DataFrame(
        {
            "origin": demand.index[np.repeat(np.arange(len(people)), len(supply))],
            "dest": place.index[np.tile(np.arange(len(supply)), len(people))],
            "cost": km.ravel(),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = Access(
            demand_df=demand.reset_index(names="id"),
            demand_index="id",
            demand_value="people",
            supply_df=place.reset_index(names="id"),
            supply_index="id",
            supply_value=["supply"],
            cost_df=cost,
            cost_origin="origin",
            cost_dest="dest",
            cost_name="cost",
        )
        scores = oracle.enhanced_two_stage_fca(
            name="e", max_cost=30, weight_fn=weights.step_fn({10: 1, 20: 0.68, 30: 0.22})
        )
    theirs = scores["e_supply"].reindex(demand.index).fillna(0).to_numpy()
    lived = people > 0
    np.testing.assert_allclose(mine[lived], theirs[lived], atol=1e-9)
    assert np.isnan(mine[~lived]).all()
    # Supply with demand in reach is given out whole, no more and no less.
    used = np.setdiff1d(np.arange(len(supply)), idle)
    assert np.nansum(mine * people) == pytest.approx(supply[used].sum())


def test_supply_out_of_everybodys_reach_is_listed() -> None:
    pairs = [(np.array([0]), np.array([1]), np.array([5.0]))]
    score, idle = floating_catchments([10, 5], [1, 1], lambda: pairs, 30)
    assert idle.tolist() == [0]
    assert score.tolist() == [0.1, 0.0]


def test_zones_are_closed_thirds() -> None:
    km = np.array([10.0, 10.1, 20.0, 20.1, 30.0])
    pairs = [(np.zeros(5, int), np.arange(5), km)]
    score, _ = floating_catchments([1], np.ones(5), lambda: pairs, 30)
    assert score[0] == pytest.approx(5)  # one person gets all of everything


def three_step(people: Any, supply: Any, km: Any, weight: Any) -> Any:
    """PySAL's three-step method."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from access import fca

        demand = pd.DataFrame({"id": [f"d{n}" for n in range(len(people))], "demand": people})
        place = pd.DataFrame({"supply": supply}, index=[f"s{n}" for n in range(len(supply))])
        cost = pd.DataFrame(
            {
                "origin": demand["id"].to_numpy()[np.repeat(np.arange(len(people)), len(supply))],
                "dest": place.index[np.tile(np.arange(len(supply)), len(people))],
                "cost": km.ravel(),
            }
        )
        found = fca.three_stage_fca(
            demand, place, cost, 30, demand_index="id", cost_name="cost", weight_fn=weight
        )
    return found.reindex(demand["id"]).fillna(0).to_numpy()


@pytest.mark.parametrize("seed", range(12))
def test_three_steps_equal_pysal_access(seed: int) -> None:
    people, supply, km = cases(seed)
    people = np.maximum(people, 1.0)
    km = km.round(1)
    i, j = np.nonzero(km <= 30)
    mine, _ = floating_catchments(people, supply, lambda: [(i, j, km[i, j])], 30, "3sfca")

    def weight(far: float) -> float:
        return 1.0 if far <= 10 else 0.68 if far <= 20 else 0.22 if far <= 30 else 0.0

    np.testing.assert_allclose(mine, three_step(people, supply, km, weight), atol=1e-9)


def test_three_steps_equal_the_example_of_the_package_fca() -> None:
    """The readme of the R package fca (egrueebler/fca at 034794a): people, capacities, minutes and
    scores as printed there; a bell that falls to 0.01 at 20 minutes, and goes on.
    """
    people = np.array([100, 200, 50, 100, 500, 50, 100, 100, 50, 500.0])
    capacity = np.array([1000, 200, 500.0])
    minutes = np.array(
        [
            *(8.627326, 23.64915, 12.26931, 26.49052, 28.21402, 1.366695, 15.843165, 26.772571),
            *(16.543050, 13.698442),
            *(28.705000, 13.60002, 20.32712, 17.17900, 3.08774, 26.994749, 7.382632, 1.261786),
            *(9.837622, 28.635109),
            *(26.686179, 20.78410, 19.21520, 29.82809, 19.67117, 21.255914, 16.321981, 17.824261),
            *(8.674792, 4.413409),
        ]
    ).reshape(3, 10)
    minutes = minutes.T
    said = [
        *(3.97260949, 0.03678999, 1.46747735, 0.01079342, 0.28782748, 9.11410451),
        *(0.19596873, 0.31194607, 0.37539987, 1.10349481),
    ]

    def bell(far: "np.ndarray", within: float) -> "np.ndarray":
        return np.asarray(np.exp(far**2 / within**2 * np.log(0.01)))

    i, j = np.nonzero(minutes)
    method = Method("as the package", bell, shared=True)
    found, _ = floating_catchments(people, capacity, lambda: [(i, j, minutes[i, j])], 20, method)
    np.testing.assert_allclose(found, said, rtol=1e-5)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_every_method_is_its_formula_written_out(name: str, seed: int) -> None:
    people, supply, km = cases(seed)
    i, j = np.nonzero(km <= 30)
    mine, idle = floating_catchments(people, supply, lambda: [(i, j, km[i, j])], 30, name)
    n, m = km.shape
    w = [
        [float(METHODS[name].decay(np.array([km[a, b]]), 30)[0]) for b in range(m)]
        for a in range(n)
    ]

    def g(a: int, b: int) -> float:
        if not METHODS[name].shared:
            return 1.0
        whole = sum(w[a])
        return w[a][b] / whole if whole else 0.0

    ratio = []
    for b in range(m):
        load = sum(people[a] * w[a][b] * g(a, b) for a in range(n))
        ratio.append(supply[b] / load if load > 0 else 0.0)
        assert (b in idle) == (load <= 0)
    for a in range(n):
        if people[a] == 0:
            assert np.isnan(mine[a])
            continue
        again = w[a] if METHODS[name].lost else [1.0] * m
        expected = sum(w[a][b] * g(a, b) * ratio[b] * again[b] for b in range(m))
        assert mine[a] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_parts_that_are_not_kept_are_found_anew(name: str, monkeypatch: Any) -> None:
    people, supply, km = cases(5)
    i, j = np.nonzero(km <= 30)

    def parts() -> Any:
        for start in range(0, len(i), 7):
            a, b = i[start : start + 7], j[start : start + 7]
            yield a, b, km[a, b]

    whole, _ = floating_catchments(people, supply, lambda: [(i, j, km[i, j])], 30, name)
    monkeypatch.setattr(catchments, "PAIRS_KEPT", 10)
    again, _ = floating_catchments(people, supply, parts, 30, name)
    np.testing.assert_allclose(whole, again)


def test_a_method_that_nobody_knows_is_refused() -> None:
    with pytest.raises(CareReachError, match="method is '4sfca'; it can be 2sfca"):
        floating_catchments([1], [1], list, 30, "4sfca")


def test_the_bell_is_one_here_and_nothing_at_the_threshold() -> None:
    assert gaussian(np.array([0.0, 30.0, 31.0]), 30).tolist() == [1.0, 0.0, 0.0]


crowds = st.tuples(
    st.lists(st.integers(0, 40), min_size=1, max_size=8),
    st.lists(st.integers(0, 60), min_size=1, max_size=5),
    st.integers(0, 10_000),
)


@given(crowds)
@settings(deadline=None)
def test_the_nearest_are_served_first(crowd: tuple[list[int], list[int], int]) -> None:
    people, room, seed = crowd
    km = np.random.default_rng(seed).uniform(0, 60, (len(people), len(room))).round(1)
    i, j = np.nonzero(km <= 40)
    found = serve_nearest(people, room, lambda: [(i, j, km[i, j])])
    # One person after another, by hand.
    left, free = list(map(float, people)), list(map(float, room))
    ways = sorted((km[a, b], a, b) for a, b in zip(i.tolist(), j.tolist(), strict=True))
    for _, a, b in ways:
        for _ in range(60):
            if left[a] > 0 and free[b] > 0:
                left[a] -= 1
                free[b] -= 1
    np.testing.assert_allclose(found.served, np.array(people) - left)
    np.testing.assert_allclose(found.load, np.array(room) - free)
    assert found.served.sum() == pytest.approx(found.load.sum())
    assert (found.in_reach == np.isin(np.arange(len(people)), i)).all()
    # Nobody in reach of a place with room is left over.
    for a, b in itertools.product(range(len(people)), range(len(room))):
        assert not (km[a, b] <= 40 and left[a] > 0 and free[b] > 0)
    # The most that any giving out could serve is a largest flow; this is at least half of it.
    graph = nx.DiGraph()
    graph.add_nodes_from(["all", "served"])
    for a, n in enumerate(people):
        graph.add_edge("all", f"d{a}", capacity=n)
    for b, n in enumerate(room):
        graph.add_edge(f"s{b}", "served", capacity=n)
    for a, b in zip(i.tolist(), j.tolist(), strict=True):
        graph.add_edge(f"d{a}", f"s{b}", capacity=10_000)
    most = nx.maximum_flow_value(graph, "all", "served")
    assert most / 2 - 1e-9 <= found.served.sum() <= most + 1e-9


def test_too_many_pairs_are_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr("geo.coverage.capacity.MOST_PAIRS", 3)
    pair = (np.zeros(2, int), np.zeros(2, int), np.ones(2))
    with pytest.raises(CareReachError, match="give a smaller one"):
        serve_nearest([1], [1], lambda: [pair, pair])


def test_the_pairs_of_capacity_are_found_once(monkeypatch: Any) -> None:
    """Over terrain each place costs a way over the whole surface."""
    coverage = geo.measure_coverage(geo.open_pack("bhutan"), "hospital-care", 50, today=TODAY)
    asked: list[int] = []

    def counting(*words: Any) -> Any:
        pairs = pairs_in_reach(*words)

        def once() -> Any:
            asked.append(1)
            return pairs()

        return once

    monkeypatch.setattr(capacity, "pairs_in_reach", counting)
    beds = coverage.pack.providers.set_index("provider_id")["beds"].astype(float)
    assert capacity.measure_capacity(coverage, beds, 500).places > 0
    assert asked == [1]
