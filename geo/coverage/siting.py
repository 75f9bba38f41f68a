"""Where the next one should be: the maximal covering location problem (MCLP).

Church & ReVelle 1974, Papers in Regional Science 32:101. Choose k sites so that the people
within reach of at least one of them are as many as possible.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array, eye_array, hstack

from geo.coverage.coverage import Coverage, in_supply, pairs_in_reach
from geo.distance import Pairs
from geo.errors import CareReachError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: So many next places can be asked for.
MOST_SITES = 20
#: Up to this many pairs of point and candidate the optimum is computed as well,
EXACT_PAIRS = 50_000
#: among so many candidates at most.
EXACT_CANDIDATES = 2_000
#: And for no longer than this.
EXACT_SECONDS = 5.0


@dataclass(frozen=True)
class Sites:
    """What k sites would cover.

    Attributes
    ----------
    greedy
        Positions of the candidates chosen one after the other, each the best at its turn.
    gains
        People whom each of them adds, shape (k,).
    bound
        No k sites can cover more people than this.
    optimum
        The best k candidates; None where the problem is too large to be solved exactly.
    optimum_people
        How many they cover.
    """

    greedy: Ints
    gains: Floats
    bound: float
    optimum: Ints | None = None
    optimum_people: float | None = None

    @property
    def people(self) -> float:
        """How many people the greedy sites cover together."""
        return float(self.gains.sum())


def cover_matrix(pairs: Pairs, points: int, candidates: int) -> csr_array:
    """Which candidate covers which point, as a sparse matrix of shape (candidates, points)."""
    found = [(j, i) for i, j, _ in pairs()]
    rows = np.concatenate([j for j, _ in found]) if found else np.empty(0, np.intp)
    columns = np.concatenate([i for _, i in found]) if found else np.empty(0, np.intp)
    ones = np.ones(len(rows))
    return coo_array((ones, (rows, columns)), shape=(candidates, points)).tocsr()


def choose_sites(cover: csr_array, people: npt.ArrayLike, k: int) -> Sites:
    """Choose k candidates that cover the most people.

    Parameters
    ----------
    cover
        From `cover_matrix`, of points that are not covered yet.
    people
        At each point, shape (n,).
    k
        How many sites; fewer are chosen where no candidate adds anybody.

    Returns
    -------
    Sites
        The greedy choice with a bound: what it covers plus the k best gains that are left after
        it, since a gain can only shrink (Nemhauser, Wolsey & Fisher 1978). Where there are few
        enough pairs, the optimum by HiGHS too.
    """
    left = np.asarray(people, np.float64).copy()
    greedy: list[int] = []
    gains: list[float] = []
    for _ in range(k):
        gain = cover @ left
        best = int(np.argmax(gain)) if len(gain) else 0
        if not len(gain) or gain[best] <= 0:
            break
        greedy.append(best)
        gains.append(float(gain[best]))
        left[cover.indices[cover.indptr[best] : cover.indptr[best + 1]]] = 0.0
    rest = np.sort(cover @ left)[::-1][:k]
    added = np.array(gains)
    reached = float(added.sum())
    bound = reached + float(rest.sum())
    chosen = np.array(greedy, np.intp)
    weight = np.asarray(people, np.float64)
    optimum = _exact(cover, weight, k) if greedy else None
    if optimum is None:
        return Sites(chosen, added, bound)
    # The people are counted, not taken from the solver's rounded sum.
    most = float(weight[np.unique(cover[optimum].indices)].sum())
    if most <= reached:
        optimum, most = chosen, reached
    return Sites(chosen, added, most, optimum, most)


def _exact(cover: csr_array, people: Floats, k: int) -> Ints | None:
    """The optimum by branch and bound; None where the problem is too large."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to load, seldom asked for

    useful = np.flatnonzero(np.diff(cover.indptr))
    if cover.nnz > EXACT_PAIRS or len(useful) > EXACT_CANDIDATES:
        return None
    cover = cover[useful]
    candidates, points = cover.shape
    # Variables: a site is open (whole), a point is covered (0 to 1, and whole of itself).
    covered_only_by_open = csr_array(hstack([cover.T, -eye_array(points)]))
    at_most_k = csr_array(np.r_[np.ones(candidates), np.zeros(points)][None, :])
    answer = milp(
        c=np.r_[np.zeros(candidates), -people],
        constraints=[
            LinearConstraint(covered_only_by_open, 0, np.inf),
            LinearConstraint(at_most_k, 0, k),
        ],
        integrality=np.r_[np.ones(candidates), np.zeros(points)],
        bounds=Bounds(0, 1),
        options={"time_limit": EXACT_SECONDS, "mip_rel_gap": 0.0},
    )
    if not answer.success:
        return None
    chosen: Ints = useful[np.flatnonzero(answer.x[:candidates] > 0.5)]
    return chosen


def find_sites(coverage: Coverage, k: int, among: str = "facilities") -> tuple[pd.DataFrame, Sites]:
    """Where the next k places would reach the most people who have nobody within the threshold.

    Parameters
    ----------
    coverage
        Whose gaps count.
    k
        How many places, 1 to `MOST_SITES`.
    among
        "facilities" that lack the procedure, or "people": any demand point.

    Returns
    -------
    tuple
        The candidates (`id`, `name`, `lat`, `lon`) and the `Sites` chosen among them.

    Raises
    ------
    CareReachError
        If an argument is not one of these.
    """
    if not 1 <= k <= MOST_SITES:
        raise CareReachError(f"{k} places cannot be chosen: it can be 1 to {MOST_SITES}.")
    candidates = candidates_of(coverage, among)
    gap = coverage.pack.demand[coverage.far > coverage.within]
    cover = cover_matrix(pairs_in_reach(coverage, gap, candidates), len(gap), len(candidates))
    return candidates, choose_sites(cover, gap["population"].to_numpy(float), k)


def candidates_of(coverage: Coverage, among: str) -> pd.DataFrame:
    """Where a next place could be: `id`, `name`, `lat`, `lon`.

    Parameters
    ----------
    coverage
        Whose supply is there already.
    among
        "facilities" that lack the procedure, or "people": any demand point.

    Raises
    ------
    CareReachError
        If `among` is not one of these.
    """
    if among not in ("facilities", "people"):
        raise CareReachError(f"among is {among!r}; it can be facilities or people.")
    pack = coverage.pack
    if among == "people":
        candidates = pack.demand.rename(columns={"demand_id": "id"})
    else:
        taken = in_supply(coverage.supplied.rows, coverage.supply)["provider_id"]
        free = pack.providers[~pack.providers["provider_id"].isin(taken)]
        candidates = free.rename(columns={"provider_id": "id"})
    return candidates[["id", "name", "lat", "lon"]].reset_index(drop=True)
