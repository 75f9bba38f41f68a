"""P-median and p-centre against spopt and every choice there is."""

import itertools
import json

import numpy as np
import pytest

from geo.coverage import nearer
from geo.coverage.nearer import choose_nearer
from tests.command import run


def instance(seed: int) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Ways to candidates, ways to what is there, and people."""
    rng = np.random.default_rng(seed)
    points, candidates = rng.integers(5, 25), rng.integers(3, 9)
    spots, places = rng.uniform(0, 100, (points, 2)), rng.uniform(0, 100, (candidates, 2))
    ways = np.hypot(*(spots[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
    now = np.minimum(np.hypot(*(spots - 50).T) * rng.uniform(0.3, 2), 90)
    return ways, now, rng.integers(0, 100, points).astype(float)


@pytest.mark.parametrize("aim", ["median", "centre"])
@pytest.mark.parametrize("seed", range(15))
def test_the_best_of_every_choice(seed: int, aim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ways, now, people = instance(seed)
    k = 1 + seed % 3
    found = choose_nearer(ways, now, people, k, aim)
    lived = people > 0

    def worth(chosen: tuple[int, ...]) -> float:
        best = np.minimum(ways[:, list(chosen)].min(axis=1), now)[lived]
        return float(best.max() if aim == "centre" else np.average(best, weights=people[lived]))

    every = [worth(c) for c in itertools.combinations(range(ways.shape[1]), k)]
    assert found.proved
    assert found.after == pytest.approx(min(every))
    if len(found.chosen):
        assert worth(tuple(found.chosen)) == pytest.approx(found.after)
    assert len(set(found.chosen.tolist())) == len(found.chosen) <= k
    assert found.after <= found.before + 1e-9
    # Without the proof it is at least a choice that no single change betters.
    monkeypatch.setattr(nearer, "EXACT_WAYS", 0)
    tried = choose_nearer(ways, now, people, k, aim)
    assert tried.proved == (not len(found.chosen))
    assert tried.after >= found.after - 1e-9
    if len(tried.chosen):
        assert worth(tuple(tried.chosen)) == pytest.approx(tried.after)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", range(6))
def test_with_nothing_there_it_is_spopt_s_p_median(seed: int) -> None:
    import pulp
    from spopt.locate import PMedian

    ways, _, people = instance(seed)
    people += 1
    k = 2
    model = PMedian.from_cost_matrix(ways, people, p_facilities=k)
    model.solve(pulp.PULP_CBC_CMD(msg=False))
    found = choose_nearer(ways, np.full(len(people), 1e4), people, k, "median")
    assert found.after == pytest.approx(pulp.value(model.problem.objective) / people.sum())


def test_nobody_and_nowhere() -> None:
    assert np.isnan(choose_nearer(np.zeros((2, 2)), [1, 1], [0, 0], 1, "median").after)
    assert len(choose_nearer(np.zeros((2, 0)), [1, 1], [1, 1], 1, "centre").chosen) == 0


@pytest.mark.parametrize("aim", ["median", "centre"])
def test_the_command_says_before_and_after(aim: str) -> None:
    asked = ("siting", "--procedure", "haemodialysis", "--add", "2", "--aim", aim)
    done = run(*asked, "--measure", "straight", "--format", "json")
    found = json.loads(done.stdout)
    assert len(found["sites"]) == 2
    assert found["after_km"] <= found["before_km"]
    assert "instead of" in run(*asked).stdout
    assert run("siting", "--add", "21").returncode == 2
