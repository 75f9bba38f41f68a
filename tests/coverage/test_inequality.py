"""Inequality of access: against definitions written out, and against what must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage.inequality import concentration_index, palma_ratio, theil_index

people_of = st.lists(
    st.tuples(st.floats(0, 1000, allow_subnormal=False), st.integers(1, 500), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


def one_by_one(rows: list[tuple[float, int, int]]) -> "tuple[np.ndarray, np.ndarray]":
    """Everybody on their own: what each has, and of which group they are."""
    amount = np.repeat([r[0] for r in rows], [r[1] for r in rows])
    group = np.repeat([r[2] for r in rows], [r[1] for r in rows])
    return amount, group


@given(people_of)
def test_theil_is_its_definition_over_everybody(rows: list[tuple[float, int, int]]) -> None:
    amount, group = one_by_one(rows)
    found = theil_index(*(list(column) for column in zip(*rows, strict=True)))
    if amount.sum() <= 0:
        assert np.isnan(found.total)
        return
    ratio = amount / amount.mean()
    terms = [r * np.log(r) if r > 0 else 0.0 for r in ratio]
    assert found.total == pytest.approx(np.mean(terms), abs=1e-9)
    # Within: each group's own index, weighted by what it has of the whole.
    within = 0.0
    for name in np.unique(group):
        own = amount[group == name]
        if own.sum() > 0:
            part = own / own.mean()
            index = np.mean([p * np.log(p) if p > 0 else 0.0 for p in part])
            within += own.sum() / amount.sum() * index
    assert found.within == pytest.approx(within, abs=1e-9)
    assert -1e-12 <= found.between <= found.total + 1e-9
    assert found.total <= np.log(len(amount)) + 1e-9


@given(people_of)
def test_palma_is_its_definition_over_tenths(rows: list[tuple[float, int, int]]) -> None:
    amount, _ = one_by_one(rows)
    # Each person in ten parts, so that tenths and four tenths are whole.
    parts = np.sort(np.repeat(amount, 10))
    n = len(parts)
    bottom, top = parts[: 4 * n // 10].sum(), parts[9 * n // 10 :].sum()
    found = palma_ratio([r[0] for r in rows], [r[1] for r in rows])
    if bottom <= 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(top / bottom, rel=1e-6)
        assert found >= 0.25 - 1e-9


def test_equal_distances_are_equal() -> None:
    assert theil_index([7.0] * 5, [1, 2, 3, 4, 5], [0, 1, 0, 1, 0]).total == pytest.approx(0)
    assert palma_ratio([7.0] * 5, [1, 2, 3, 4, 5]) == pytest.approx(0.25)


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(1, 60), st.integers(0, 5)), min_size=2, max_size=12
    )
)
def test_concentration_is_the_mean_of_all_pairs(rows: list[tuple[float, int, int]]) -> None:
    """Erreygers' index is twice the mean, over all pairs of people, of how much more the one
    ranked higher has (Erreygers 2009, his formula with ranks written as pairs).
    """
    share, people, rank = (np.array(column, float) for column in zip(*rows, strict=True))
    index = concentration_index(share, people, rank)
    ahead = np.sign(rank[:, None] - rank[None, :])
    pairs = people[:, None] * people[None, :]
    more = share[:, None] - share[None, :]
    expected = 2 * (pairs * ahead * more).sum() / people.sum() ** 2
    assert index == pytest.approx(expected, abs=1e-9)
    assert -1 - 1e-9 <= index <= 1 + 1e-9
    assert concentration_index(share, people, -rank) == pytest.approx(-index, abs=1e-9)
    assert concentration_index(1 - share, people, rank) == pytest.approx(-index, abs=1e-9)


def test_the_extremes_of_concentration() -> None:
    assert concentration_index([0, 1], [50, 50], [1, 2]) == pytest.approx(1)
    assert concentration_index([1, 0], [50, 50], [1, 2]) == pytest.approx(-1)
    assert concentration_index([0.3, 0.3], [50, 50], [1, 2]) == pytest.approx(0)
    assert concentration_index([0, 1], [50, 50], [1, 1]) == pytest.approx(0)
    assert np.isnan(concentration_index([], [], []))


def test_a_share_over_regions_is_that_over_their_people() -> None:
    table = pd.DataFrame({"share": [0.2, 0.9, 0.5], "people": [10, 30, 60], "rank": [3, 1, 2]})
    each = table.loc[np.repeat(table.index, table["people"])]
    whole = concentration_index(table["share"], table["people"], table["rank"])
    single = concentration_index(each["share"], np.ones(100), each["rank"])
    assert whole == pytest.approx(single)
