"""Siting against spopt's optimum, and the promises of the greedy choice."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from geo.coverage import siting
from geo.coverage.siting import choose_sites, cover_matrix


def instance(seed: int) -> tuple[csr_array, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    points, candidates = rng.integers(10, 60), rng.integers(4, 25)
    km = rng.uniform(0, 100, (points, candidates))
    people = rng.integers(0, 500, points).astype(float)
    i, j = np.nonzero(km <= 25)
    cover = cover_matrix(lambda: [(i, j, km[i, j])], int(points), int(candidates))
    return cover, people, km


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", range(20))
def test_the_optimum_is_that_of_spopt_and_greedy_keeps_its_bound(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pulp
    from spopt.locate import MCLP

    cover, people, km = instance(seed)
    k = 1 + seed % 5
    model = MCLP.from_cost_matrix(km, people, service_radius=25, p_facilities=k)
    model.solve(pulp.PULP_CBC_CMD(msg=False))
    best = pulp.value(model.problem.objective)
    sites = choose_sites(cover, people, k)
    assert sites.optimum_people == pytest.approx(best)
    assert sites.optimum is not None
    reached = np.asarray(cover[sites.optimum].sum(axis=0)).ravel() > 0
    assert people[reached].sum() == pytest.approx(best)
    assert sites.people <= best + 1e-6
    assert sites.people >= (1 - 1 / math.e) * best - 1e-6
    monkeypatch.setattr(siting, "EXACT_PAIRS", 0)
    only_greedy = choose_sites(cover, people, k)
    assert only_greedy.optimum is None
    assert only_greedy.bound >= best - 1e-6
    assert only_greedy.greedy.tolist() == sites.greedy.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_the_bound_is_never_below_what_is_reached(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cover = csr_array((rng.random((12, 30)) < 0.2).astype(float))
    sites = choose_sites(cover, rng.uniform(0, 5e7, 30), 3)
    assert sites.bound >= sites.people
    assert sites.optimum_people is not None
    assert sites.optimum_people >= sites.people


def test_gains_shrink_and_add_up() -> None:
    cover, people, _ = instance(99)
    sites = choose_sites(cover, people, 5)
    assert (np.diff(sites.gains) <= 1e-9).all()
    reached = np.asarray(cover[sites.greedy].sum(axis=0)).ravel() > 0
    assert people[reached].sum() == pytest.approx(sites.people)


def test_no_more_sites_than_help() -> None:
    cover = csr_array(np.array([[1.0, 0.0], [1.0, 0.0]]))
    sites = choose_sites(cover, [10, 5], 3)
    assert sites.greedy.tolist() == [0]
    assert sites.bound == sites.people == 10


def test_nobody_to_cover_and_no_candidate() -> None:
    empty = cover_matrix(list, 3, 0)
    assert choose_sites(empty, [1, 1, 1], 2).people == 0
    assert choose_sites(cover_matrix(list, 0, 4), [], 2).people == 0
