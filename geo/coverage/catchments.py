"""Floating catchment areas: how much of a supply there is for each person in reach.

One function for all methods: they differ in how a pair of people and place is weighed by its
distance, and in what becomes of that weight. Plain arrays; pairs come part by part, so memory stays
bounded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.distance import Pairs
from geo.errors import CareReachError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
_Small = npt.NDArray[np.int32]
#: A weight from 1 at no distance to 0 beyond the threshold: of distances and the threshold.
Decay = Callable[[Floats, float], Floats]

#: Weights of the three zones, each a third of the threshold (Luo & Qi 2009).
ZONE_WEIGHTS = (1.0, 0.68, 0.22)
#: Up to so many pairs are held in memory between the steps, 16 bytes each.
PAIRS_KEPT = 16_000_000


def alike(far: Floats, within: float) -> Floats:
    """Everything within the threshold counts alike (Luo & Wang 2003)."""
    return (far <= within).astype(np.float64)


def zones(far: Floats, within: float) -> Floats:
    """Three zones, each a third of the threshold (Luo & Qi 2009)."""
    near, middle, last = ZONE_WEIGHTS
    third = within / 3
    inner = np.where(far <= third, near, middle)
    return np.where(far <= 2 * third, inner, np.where(far <= within, last, 0.0))


def gaussian(far: Floats, within: float) -> Floats:
    """A bell that is 0 at the threshold (Dai 2010)."""
    end = np.exp(-0.5)
    bell = (np.exp(-0.5 * (far / within) ** 2) - end) / (1 - end)
    return np.where(far <= within, bell, 0.0)


def epanechnikov(far: Floats, within: float) -> Floats:
    """A parabola that is 0 at the threshold (Dai & Wang 2011), from 1."""
    return np.where(far <= within, 1 - (far / within) ** 2, 0.0)


@dataclass(frozen=True)
class Method:
    """One way to float a catchment.

    Attributes
    ----------
    title
        As shown, with who published it.
    decay
        How a pair is weighed by its distance.
    shared
        Whether people part their demand among the places in reach, by their weights.
    lost
        Whether what is far away is lost, and not only shared: the weight counts once more.
    """

    title: str
    decay: Decay
    shared: bool = False
    lost: bool = False


METHODS: Mapping[str, Method] = {
    "2sfca": Method("Two-step (Luo & Wang 2003)", alike),
    "e2sfca": Method("Enhanced two-step (Luo & Qi 2009)", zones),
    "g2sfca": Method("Gaussian two-step (Dai 2010)", gaussian),
    "kd2sfca": Method("Kernel-density two-step (Dai & Wang 2011)", epanechnikov),
    "3sfca": Method("Three-step (Wan, Zou & Sternberg 2012)", zones, shared=True),
    "m2sfca": Method("Modified two-step (Delamater 2013)", zones, lost=True),
}


def floating_catchments(
    people: npt.ArrayLike,
    supply: npt.ArrayLike,
    pairs: Pairs,
    within: float,
    method: str | Method = "e2sfca",
) -> tuple[Floats, Ints]:
    """How much supply there is for a person at each point.

    With weights w of each pair, and people P and supply S: the ratio of a place is
    S_j / sum_i(P_i w_ij g_ij), and the score of a point sum_j(w_ij g_ij R_j), where g is 1, but for
    "3sfca" w_ij / sum_k(w_ik); "m2sfca" multiplies by w_ij once more.

    Parameters
    ----------
    people
        At each demand point, shape (n,).
    supply
        Capacity of each place, or 1, shape (m,).
    pairs
        Pairs within the threshold, from a `geo.travel.measure.Measure`.
    within
        The threshold, km or minutes as the pairs have.
    method
        A key of `METHODS`, or one of your own.

    Returns
    -------
    tuple of numpy.ndarray
        The score of each demand point, shape (n,): 0 without supply in reach, NaN only where
        nobody lives; and the positions of places left out because nobody lives within reach.

    Raises
    ------
    CareReachError
        If there is no such method.
    """
    if isinstance(method, str):
        if method not in METHODS:
            raise CareReachError(f"method is {method!r}; it can be {', '.join(METHODS)}.")
        method = METHODS[method]
    living = np.asarray(people, np.float64)
    capacity = np.asarray(supply, np.float64)
    weighted = _Weighted(pairs, method.decay, within)
    choice = np.ones(len(living))
    if method.shared:
        choice = np.zeros(len(living))
        for i, _, share in weighted:
            choice += np.bincount(i, share, minlength=len(choice))
        # Whoever has only places of weight 0 chooses none of them.
        choice = np.divide(1.0, choice, out=np.zeros(len(choice)), where=choice > 0)
    load = np.zeros(len(capacity))
    for i, j, share in weighted:
        asked = share * living[i] * (share * choice[i] if method.shared else 1.0)
        load += np.bincount(j, asked, minlength=len(load))
    idle = load <= 0
    ratio = np.divide(capacity, load, out=np.zeros(len(load)), where=~idle)
    score = np.zeros(len(living))
    for i, j, share in weighted:
        got = share * ratio[j] * (share * choice[i] if method.shared else 1.0)
        score += np.bincount(i, got * share if method.lost else got, minlength=len(score))
    score[living <= 0] = np.nan
    return score, np.flatnonzero(idle)


class _Weighted:
    """Pairs with their weights, for one step after another; few are kept, many found anew."""

    def __init__(self, pairs: Pairs, decay: Decay, within: float) -> None:
        self._pairs, self._decay, self._within = pairs, decay, within
        self._kept: list[tuple[_Small, _Small, Floats]] = []
        self._complete = False

    def __iter__(self) -> Iterator[tuple[_Small, _Small, Floats]]:
        """Parts of the pairs."""
        if self._complete:
            yield from self._kept
            return
        kept, held, seen = [], 0, 0
        for i, j, far in self._pairs():
            part = (i.astype(np.int32), j.astype(np.int32), self._decay(far, self._within))
            seen += len(i)
            if held < PAIRS_KEPT:
                kept.append(part)
                held += len(i)
            yield part
        if held == seen:
            self._kept, self._complete = kept, True
