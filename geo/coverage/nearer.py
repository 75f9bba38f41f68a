"""Where next places would bring people nearest: p-median and p-centre, beside what is there.

Hakimi 1964, Operations Research 12:450. `geo.coverage.siting` asks for the most people within a
threshold instead.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage.coverage import Coverage
from geo.coverage.siting import MOST_SITES, candidates_of
from geo.errors import CareReachError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
#: What can be asked for: the shortest way in the mean, or the shortest of the longest.
AIMS = ("median", "centre")
#: Ways from points to candidates that are held in memory, 8 bytes each.
MOST_WAYS = 25_000_000
#: Up to so many the best choice is proved as well, in so many seconds.
EXACT_WAYS, EXACT_SECONDS = 30_000, 20.0


@dataclass(frozen=True)
class Nearer:
    """What k next places would do.

    Attributes
    ----------
    chosen
        Positions of the candidates.
    before, after
        The mean way of the people ("median"), or the longest way of anybody ("centre"), without
        and with them; ways beyond the measure's most count as that.
    proved
        Whether no choice of as many is better.
    """

    chosen: Ints
    before: float
    after: float
    proved: bool


def choose_nearer(
    ways: Floats, now: npt.ArrayLike, people: npt.ArrayLike, k: int, aim: str
) -> Nearer:
    """Choose k candidates that bring people nearer.

    One after the other, each the best at its turn, then changed one by one while that helps (Teitz
    & Bart 1968); where there are few ways, the best by HiGHS.

    Parameters
    ----------
    ways
        From each point to each candidate, finite, shape (n, m).
    now
        From each point to what is there, finite, shape (n,).
    people
        At each point, shape (n,); points without people count for nothing.
    k
        How many; fewer are chosen where nobody would be nearer to another.
    aim
        One of `AIMS`.
    """
    living = np.asarray(people, np.float64)
    lived = living > 0
    asked = _Asked(
        np.asarray(ways, np.float64)[lived], np.asarray(now, np.float64)[lived], living[lived], aim
    )
    if not lived.any() or not asked.ways.shape[1]:
        return Nearer(np.empty(0, np.intp), np.nan, np.nan, proved=True)
    before = asked.worth([])[0]
    chosen = _exchanged(asked, _greedy(asked, k))
    if not chosen:  # nobody would be nearer to any, so to no choice of them
        return Nearer(np.empty(0, np.intp), before, before, proved=True)
    exact = None
    if asked.ways.size <= EXACT_WAYS:
        exact = (_exact_median if aim == "median" else _exact_centre)(asked, len(chosen))
    best = chosen
    if exact is not None and asked.worth(exact)[0] < asked.worth(chosen)[0] - 1e-9:
        best = exact
    after = asked.worth(best)[0]
    return Nearer(np.array(best, np.intp), before, after, proved=exact is not None)


@dataclass(frozen=True)
class _Asked:
    """Ways to candidates and to what is there, for the people who count; and what is aimed at."""

    ways: Floats
    now: Floats
    weight: Floats
    aim: str

    def best(self, chosen: list[int]) -> Floats:
        """The shortest way of everybody, with some candidates."""
        nearest: Floats = self.ways[:, chosen].min(axis=1, initial=np.inf)
        return np.minimum(nearest, self.now)

    def worth(self, chosen: list[int]) -> tuple[float, float]:
        """How good some candidates are, the lower the better: what is aimed at first."""
        return self._worth_of(self.best(chosen))

    def each(self, chosen: list[int]) -> list[tuple[float, float]]:
        """The same with each candidate besides."""
        best = self.best(chosen)
        return [self._worth_of(np.minimum(best, way)) for way in self.ways.T]

    def _worth_of(self, best: Floats) -> tuple[float, float]:
        mean = float((self.weight * best).sum() / self.weight.sum())
        longest = float(best.max())
        return (mean, longest) if self.aim == "median" else (longest, mean)


def _greedy(asked: _Asked, k: int) -> list[int]:
    """One candidate after the other, while anybody is nearer for it."""
    chosen: list[int] = []
    for _ in range(k):
        tried = asked.each(chosen)
        first = min(range(len(tried)), key=tried.__getitem__)
        if tried[first] >= asked.worth(chosen):
            break
        chosen.append(first)
    return chosen


def _exchanged(asked: _Asked, chosen: list[int]) -> list[int]:
    """Each candidate for a better one, until none is."""
    chosen, place, since = list(chosen), 0, 0
    while since < len(chosen):
        tried = asked.each([c for n, c in enumerate(chosen) if n != place])
        first = min(range(len(tried)), key=tried.__getitem__)
        since += 1
        if tried[first] < tried[chosen[place]]:
            chosen[place], since = first, 1
        place = (place + 1) % len(chosen)
    return chosen


def _exact_median(asked: _Asked, k: int) -> list[int] | None:
    """The best k by mean way; None where time is up. What is there is a candidate that is open."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to load, seldom asked for
    from scipy.sparse import coo_array

    n, m = asked.ways.shape
    share = asked.weight[:, None] / asked.weight.sum()
    gain = np.maximum(asked.now[:, None] - asked.ways, 0.0) * share
    point, candidate = np.nonzero(gain)
    pairs = len(point)
    if not pairs:
        return list(range(k))
    # Variables: each candidate open (whole), each gainful way taken (0 to 1).
    rows = np.arange(pairs)
    ones = np.ones(pairs)
    open_first = coo_array(
        (np.r_[ones, -ones], (np.r_[rows, rows], np.r_[m + rows, candidate])), (pairs, m + pairs)
    )
    once = coo_array((ones, (point, m + rows)), (n, m + pairs))
    at_most = coo_array((np.ones(m), (np.zeros(m, np.intp), np.arange(m))), (1, m + pairs))
    answer = milp(
        c=np.r_[np.zeros(m), -gain[point, candidate]],
        constraints=[
            LinearConstraint(open_first.tocsr(), -np.inf, 0),
            LinearConstraint(once.tocsr(), 0, 1),
            LinearConstraint(at_most.tocsr(), 0, k),
        ],
        integrality=np.r_[np.ones(m), np.zeros(pairs)],
        bounds=Bounds(0, 1),
        options={"time_limit": EXACT_SECONDS, "mip_rel_gap": 0.0},
    )
    return _filled(answer.x[:m], k) if answer.success else None


def _exact_centre(asked: _Asked, k: int) -> list[int] | None:
    """The best k by longest way: the shortest length for which k places cover everybody."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    table, far, m = asked.ways, asked.now, asked.ways.shape[1]
    lengths = np.unique(np.r_[table[table <= far[:, None]], far])
    low, high = 0, len(lengths) - 1
    best: list[int] | None = None
    while low <= high:
        middle = (low + high) // 2
        uncovered = far > lengths[middle]
        cover = (table[uncovered] <= lengths[middle]).astype(float)
        if uncovered.any():
            answer = milp(
                c=np.ones(m),
                constraints=[LinearConstraint(cover, 1, np.inf)],
                integrality=np.ones(m, np.int64),
                bounds=Bounds(0, 1),
                options={"time_limit": EXACT_SECONDS},
            )
            if answer.status not in (0, 2):  # neither solved nor impossible: time is up
                return None
            picked = answer.x if answer.success and round(float(answer.fun)) <= k else None
        else:
            picked = np.zeros(m)
        if picked is not None:
            best, high = _filled(picked, k), middle - 1
        else:
            low = middle + 1
    return best


def _filled(x: Floats, k: int) -> list[int]:
    """The open candidates, and others up to k."""
    opened = np.flatnonzero(x > 0.5).tolist()
    rest = (c for c in range(len(x)) if c not in set(opened))
    return [*opened, *(next(rest) for _ in range(k - len(opened)))]


def find_nearer(
    coverage: Coverage, k: int, aim: str, among: str = "facilities"
) -> tuple[pd.DataFrame, Nearer]:
    """Where the next k places would bring people nearest to one.

    Parameters
    ----------
    coverage
        Whose supply is there, and whose measure counts.
    k
        How many places, 1 to `MOST_SITES`.
    aim
        One of `AIMS`.
    among
        "facilities" that lack the procedure, or "people": any demand point.

    Returns
    -------
    tuple
        The candidates (`id`, `name`, `lat`, `lon`) and what was chosen among them.

    Raises
    ------
    CareReachError
        If an argument is not one of these, or there are too many ways.
    """
    if aim not in AIMS:
        raise CareReachError(f"aim is {aim!r}; it can be covered, {', '.join(AIMS)}.")
    if not 1 <= k <= MOST_SITES:
        raise CareReachError(f"{k} places cannot be chosen: it can be 1 to {MOST_SITES}.")
    candidates = candidates_of(coverage, among)
    demand = coverage.pack.demand
    if len(demand) * len(candidates) > MOST_WAYS:
        raise CareReachError(
            f"{len(demand):,} points and {len(candidates):,} candidates are too many ways "
            f"({MOST_WAYS:,} at most); cut the data to a smaller region."
        )
    most = coverage.measure.most
    ways = np.full((len(demand), len(candidates)), most)
    points, places = (
        tuple(f[c].to_numpy(float) for c in ("lat", "lon")) for f in (demand, candidates)
    )
    (lat, lon), (lats, lons) = points, places
    for i, j, far in coverage.measure.pairs((lat, lon), (lats, lons), most)():
        ways[i, j] = far
    now = np.minimum(coverage.far, most)
    people = demand["population"].to_numpy(float)
    return candidates, choose_nearer(ways, now, people, k, aim)
