"""How unequally access is spread: between regions, between people, and from poor to rich.

All by plain arrays; the figures of a coverage are put together by `measure_inequality`.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage.coverage import Coverage, region_at
from geo.errors import CareReachError

Floats = npt.NDArray[np.float64]
#: Palma's parts: the tenth with the most against the four tenths with the least (Palma 2011).
PALMA_TOP, PALMA_BOTTOM = 0.1, 0.4


@dataclass(frozen=True)
class Theil:
    """Theil's T of a quantity over people: 0 where all have the same, and its two parts.

    Attributes
    ----------
    total
        `between` and `within` together.
    between
        What would be left if everybody had the mean of their region.
    within
        The rest: differences inside regions.
    """

    total: float
    between: float
    within: float


@dataclass(frozen=True)
class Inequality:
    """How unequally access is spread over the people of a coverage.

    Attributes
    ----------
    best, worst
        The region of the level with the highest and the lowest share of people within the
        threshold, and that share; those marked small are left out. None where fewer than two
        regions have a share.
    small
        How many regions were left out for having fewer than a hundred people.
    theil
        Of how far people are from the nearest of the supply; NaN where nobody has a way. People
        without any are left out of this and of `palma`.
    palma
        The distance of the tenth of the people who have it farthest, over that of the four tenths
        who have it nearest; NaN where these have no distance at all.
    nobody
        People who have no way to any place of the supply.
    ranked_by
        What the regions were ranked by, for `concentration`; "" where nothing.
    concentration
        Erreygers' index of the share within the threshold, from -1 to 1: above 0 where those
        ranked higher have more of it; NaN without a ranking.
    unranked
        People of regions that the ranking does not name, who are left out of it.
    """

    best: tuple[str, float] | None
    worst: tuple[str, float] | None
    small: int
    theil: Theil
    palma: float
    nobody: int
    ranked_by: str = ""
    concentration: float = float("nan")
    unranked: int = 0


def theil_index(amount: npt.ArrayLike, people: npt.ArrayLike, group: npt.ArrayLike) -> Theil:
    """Theil's T, and its parts between and within groups (Theil 1967; Shorrocks 1980).

    Parameters
    ----------
    amount
        What each has, not below 0 and finite, shape (n,).
    people
        How many have it, shape (n,).
    group
        Of which group they are, whole numbers from 0, shape (n,).

    Returns
    -------
    Theil
        NaN where nobody has anything.

    Examples
    --------
    >>> theil_index([1.0, 1.0], [5, 3], [0, 1]).total
    0.0
    """
    x, w = np.asarray(amount, np.float64), np.asarray(people, np.float64)
    g = np.asarray(group, np.intp)
    whole = float((w * x).sum())
    if whole <= 0 or w.sum() <= 0:
        return Theil(np.nan, np.nan, np.nan)
    mean = whole / w.sum()
    lived = np.bincount(g, w).astype(np.float64)
    have = np.bincount(g, w * x)
    means = np.divide(have, lived, out=np.zeros(len(have)), where=lived > 0)
    between = _mean_log(means, lived, mean)
    total = _mean_log(x, w, mean)
    return Theil(total, between, total - between)


def _mean_log(x: Floats, w: Floats, mean: float) -> float:
    """The mean of x/m ln(x/m), which is 0 where x is."""
    ratio = x / mean
    log = np.log(ratio, out=np.zeros(len(ratio)), where=ratio > 0)
    return max(float((w * ratio * log).sum() / w.sum()), 0.0)


def palma_ratio(amount: npt.ArrayLike, people: npt.ArrayLike) -> float:
    """What the tenth with the most have, over what the four tenths with the least have.

    A point that lies across such a limit counts by its part on either side.

    Parameters
    ----------
    amount
        What each has, finite, shape (n,).
    people
        How many have it, shape (n,).

    Examples
    --------
    >>> palma_ratio(range(1, 11), [1] * 10)
    1.0
    """
    x, w = np.asarray(amount, np.float64), np.asarray(people, np.float64)
    order = np.argsort(x, kind="stable")
    upto = np.concatenate(([0.0], np.cumsum(w[order])))
    have = np.concatenate(([0.0], np.cumsum(w[order] * x[order])))
    total = upto[-1]
    if total <= 0:
        return float("nan")
    bottom = float(np.interp(PALMA_BOTTOM * total, upto, have))
    top = float(have[-1] - np.interp((1 - PALMA_TOP) * total, upto, have))
    return top / bottom if bottom > 0 else float("nan")


def concentration_index(
    share: npt.ArrayLike, people: npt.ArrayLike, rank_by: npt.ArrayLike
) -> float:
    """Erreygers' concentration index of a share from 0 to 1: four times its covariance with rank.

    From -1 to 1: above 0 where those ranked higher have more of it, and 0 where the rank does not
    matter. For something that everybody has or has not, the plain index depends on how many have
    it, and this one does not (Erreygers 2009, https://doi.org/10.1016/j.jhealeco.2008.02.003).
    People of one rank share the middle of their places.

    Parameters
    ----------
    share
        Of each region's people, 0 to 1, shape (n,).
    people
        How many live there, shape (n,).
    rank_by
        What orders the regions from the worst off to the best off, shape (n,).

    Returns
    -------
    float
        NaN where nobody lives.
    """
    h, w = np.asarray(share, np.float64), np.asarray(people, np.float64)
    total = w.sum()
    if total <= 0:
        return float("nan")
    _, place = np.unique(np.asarray(rank_by, np.float64), return_inverse=True)
    each = np.bincount(place, w)
    rank = ((np.cumsum(each) - each / 2) / total)[place]
    mean = (w * h).sum() / total
    return float(8 * (w * (h - mean) * (rank - 0.5)).sum() / total)


def measure_inequality(
    coverage: Coverage, level: int, rank_by: "pd.Series[float] | None" = None
) -> Inequality:
    """How unequally access is spread.

    Parameters
    ----------
    coverage
        Whose threshold, measure and supply count.
    level
        Of the regions that are compared.
    rank_by
        By `region_id` of that level: what orders regions from the worst off to the best off, such
        as income. Its name says what it is.

    Raises
    ------
    CareReachError
        If there are no regions of that level, or none of them is ranked.
    """
    rows = coverage.level(level)
    if rows.empty:
        raise CareReachError(f"The pack {coverage.pack.name} has no regions of level {level}.")
    known = rows[rows["share"].notna() & ~rows["small"].astype(bool)]
    ordered = known.sort_values(["share", "name"], kind="stable")
    ends = [(str(n), float(s)) for n, s in zip(ordered["name"], ordered["share"], strict=True)]
    two = len(ends) > 1
    demand = coverage.pack.demand
    people = demand["population"].to_numpy(float)
    region = region_at(coverage.pack.regions, demand["region_id"], level)
    way = np.isfinite(coverage.far) & (people > 0)
    group, _ = pd.factorize(region[way], use_na_sentinel=False)
    found = Inequality(
        best=ends[-1] if two else None,
        worst=ends[0] if two else None,
        small=int(rows["small"].sum()),
        theil=theil_index(coverage.far[way], people[way], group),
        palma=palma_ratio(coverage.far[way], people[way]),
        nobody=round(float(people[~np.isfinite(coverage.far)].sum())),
    )
    if rank_by is None:
        return found
    order = rows["region_id"].map(rank_by).astype(float)
    named = order.notna() & rows["share"].notna()
    if named.sum() < 2:
        raise CareReachError(
            f"Fewer than two regions of level {level} have both a share and a rank: is the file of "
            f"this level, and by the pack's region_id (such as {rows['region_id'].iloc[0]})?"
        )
    index = concentration_index(
        rows.loc[named, "share"], rows.loc[named, "population"], order[named]
    )
    return replace(
        found,
        ranked_by=str(rank_by.name or "the ranking"),
        concentration=index,
        unranked=int(rows.loc[~named, "population"].sum()),
    )
