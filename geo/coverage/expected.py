"""How many people a place that does it is expected for, from how often each status is right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse

from geo.care.assessed import Assessed
from geo.care.calibration import Share
from geo.coverage.reach import SUPPLIES, Reach
from geo.travel.measure import Measure

#: So many of the places that are not confirmed need a share, or nothing is expected.
ENOUGH = 0.95
#: Worlds drawn for the interval, and where chance begins: the same data gives the same interval.
DRAWS, SEED = 200, 1927
#: Demand points that are looked at together: 20 MB of worlds.
BLOCK = 100_000


@dataclass(frozen=True)
class Expected:
    """The share of people with a place that does it within the threshold.

    Attributes
    ----------
    share
        Expected: each place that is not confirmed does it as often as places of its status and
        type turned out to, whatever its neighbours do. One that has no share does not.
    low, high
        Between them lie 95 of 100 of `DRAWS` worlds: the shares are drawn first, each from what its
        answers leave open (the Beta distribution of Jeffreys' prior), then each place by its share.
    answers
        How many known answers the shares rest on.
    """

    share: float
    low: float
    high: float
    answers: int


def expect(
    assessed: Assessed, rows: pd.DataFrame, reach: Reach, measure: Measure, within: float
) -> Expected | None:
    """Expect who is within a threshold of a place that does it.

    Parameters
    ----------
    assessed
        Its people count, and how often statuses turned out true.
    rows
        Providers that count: `status`, `kind`, `facility_type`, `lat`, `lon`.
    reach
        From `geo.coverage.reach.find_reach`, of the same rows.
    measure, within
        What the threshold is of, and how much.

    Returns
    -------
    Expected or None
        None where nobody lives, or where fewer than `ENOUGH` of the places that are not confirmed
        have a share.
    """
    demand = assessed.pack.demand
    people = demand["population"].to_numpy(float)
    unproved = rows[rows["status"].isin(SUPPLIES[1:])].reset_index(drop=True)
    columns = (unproved[c] for c in ("status", "kind", "facility_type"))
    shares = [assessed.calibration.share(*row) for row in zip(*columns, strict=True)]
    known = [share for share in shares if share is not None]
    if not known or len(known) < ENOUGH * len(shares) or people.sum() <= 0:
        return None
    # Whoever is near a confirmed place is served whatever the others do.
    left = np.flatnonzero((reach.nearest(measure.name, "confirmed") > within) & (people > 0))
    with np.errstate(divide="ignore"):
        not_done = np.log1p([-share.share if share else 0.0 for share in shares])
    worlds = _draw_worlds(shares)
    reached = np.full(1 + DRAWS, people.sum() - people[left].sum())
    # Block by block: a row for each point and a column for each world would not fit for millions.
    for some in np.split(left, range(BLOCK, len(left), BLOCK)):
        nobody, near = np.zeros(len(some)), np.zeros((len(some), DRAWS), bool)
        pairs = measure.pairs(_points(demand.iloc[some]), _points(unproved), within)
        for i, j, _ in pairs():
            nobody += np.bincount(i, not_done[j], minlength=len(some))
            ones = np.ones(len(i), np.float32)
            within_reach = scipy.sparse.csr_array((ones, (i, j)), (len(some), len(unproved)))
            near |= (within_reach @ worlds) > 0
        reached[0] += (1 - np.exp(nobody)) @ people[some]
        reached[1:] += people[some] @ near
    share, *drawn = reached / people.sum()
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Expected(float(share), float(low), float(high), sum(s.answers for s in set(known)))


def _points(frame: pd.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return frame["lat"].to_numpy(float), frame["lon"].to_numpy(float)


def _draw_worlds(shares: Sequence[Share | None]) -> npt.NDArray[np.float32]:
    """Which places do it in each of `DRAWS` worlds: 0 or 1, shape (places, DRAWS)."""
    random = np.random.default_rng(SEED)
    kinds = dict.fromkeys(share for share in shares if share is not None)
    drawn = {s: random.beta(s.true + 0.5, s.answers - s.true + 0.5, DRAWS) for s in kinds}
    never = np.zeros(DRAWS)
    chance = np.array([drawn[share] if share else never for share in shares])
    return (random.random(chance.shape) < chance).astype(np.float32)
