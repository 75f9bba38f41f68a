"""Who is within reach, and who is left out: figures over demand points, by plain arrays.

A *supply* is cumulative: `likely` means confirmed, reported and likely providers together.
Nothing here knows packs or procedures; `geo.coverage.coverage` puts an answer together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.packs.schema import STATUSES
from geo.progress import Progress, silent
from geo.travel.measure import Measure, Supply, Timed

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
_Small = npt.NDArray[np.int32]

#: Supplies from the strictest to the widest; each includes those before it.
SUPPLIES = STATUSES[:4]


@dataclass(frozen=True)
class Detours:
    """How far the straight line would have been wrong, for the people who have a way.

    Attributes
    ----------
    circuity
        Road km over straight km to the quickest place: of all their kilometres together.
    misled
        The share for whom the nearest place in a straight line is not the quickest, by a minute
        or more.
    extra_min
        How many minutes more half of these would be on their way; NaN without any, infinite where
        no way leads to the place that looks nearest.
    """

    circuity: float
    misled: float
    extra_min: float


@dataclass(frozen=True)
class Reach:
    """How far each demand point is from the nearest provider of each supply.

    Attributes
    ----------
    far
        By name of a measure, or of a bound of one: shape (4, n), a row for each of `SUPPLIES`;
        infinite where there is nobody.
    timed
        More on the ways, by mode, where minutes were measured.
    """

    far: Mapping[str, Floats]
    timed: Mapping[str, Timed] = field(default_factory=dict)

    def nearest(self, name: str, supply: str) -> Floats:
        """How far the nearest of a supply is by a measure, or by a bound of one, shape (n,)."""
        nearest: Floats = self.far[name][SUPPLIES.index(supply)]
        return nearest

    def detours(self, mode: str, supply: str, people: npt.ArrayLike) -> Detours:
        """How far the straight line would have been wrong.

        Parameters
        ----------
        mode
            A mode that was measured.
        supply
            One of `SUPPLIES`.
        people
            At each demand point, shape (n,); those who are not asked about count 0.
        """
        timed, row = self.timed[mode], SUPPLIES.index(supply)
        minutes = self.far[mode][row]
        weight = np.asarray(people, np.float64) * np.isfinite(minutes)
        total = weight.sum()
        if total <= 0:
            return Detours(float("nan"), float("nan"), float("nan"))
        road_km = np.nansum(timed.route_km[row] * weight)
        straight_km = np.nansum(timed.straight_km[row] * weight)
        extra = np.subtract(
            timed.nearest_minutes[row], minutes, out=np.zeros(len(weight)), where=weight > 0
        )
        # Less than a minute is a difference that nobody would notice.
        wrong = np.where(extra >= 1, weight, 0.0)
        order = np.argsort(extra, kind="stable")
        upto = np.cumsum(wrong[order])
        half = extra[order][np.searchsorted(upto, upto[-1] / 2 * (1 - 1e-12))]
        return Detours(
            float(road_km / straight_km) if straight_km > 0 else float("nan"),
            float(wrong.sum() / total),
            float(half) if wrong.sum() else float("nan"),
        )


@dataclass(frozen=True)
class Placement:
    """The same people, placed otherwise.

    Attributes
    ----------
    demand
        Where they are, in the columns of a pack's `demand`.
    reach
        How far they are from the supply, by the measures that need no preparation.
    """

    demand: pd.DataFrame
    reach: Reach


class ReachFinder(Protocol):
    """Whatever measures as `find_reach` does."""

    def __call__(
        self,
        lat: npt.ArrayLike,
        lon: npt.ArrayLike,
        rows: pd.DataFrame,
        measures: Iterable[Measure],
        progress: Progress = silent,
        /,
    ) -> Reach:
        """As `find_reach`."""


def find_reach(
    lat: npt.ArrayLike,
    lon: npt.ArrayLike,
    rows: pd.DataFrame,
    measures: Iterable[Measure],
    progress: Progress = silent,
) -> Reach:
    """Measure the way from each demand point to the nearest provider of each supply.

    Parameters
    ----------
    lat, lon
        Demand points, degrees, shape (n,).
    rows
        Assessed providers: `status`, `lat`, `lon`.
    measures
        What to measure by.
    progress
        Told how many of how many ways are measured in minutes.

    Raises
    ------
    CareReachError
        If minutes are of too many pairs, or the engine does not answer.
    """
    points = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    supply = supply_of(rows)
    far: dict[str, Floats] = {}
    timed: dict[str, Timed] = {}
    for measure in measures:
        reached = measure.reach(points, supply, progress)
        far |= reached.far
        if reached.timed is not None:
            timed[measure.name] = reached.timed
    return Reach(far, timed)


def supply_of(rows: pd.DataFrame) -> Supply:
    """The places of assessed providers, a tier for each of `SUPPLIES`.

    Parameters
    ----------
    rows
        Assessed providers: `status`, `lat`, `lon`.
    """
    tier = pd.Index(SUPPLIES).get_indexer(pd.Index(rows["status"]))
    counts = tier >= 0
    lat, lon = (rows[axis].to_numpy(float)[counts] for axis in ("lat", "lon"))
    return Supply(places=(lat, lon), tier=tier[counts], tiers=len(SUPPLIES))


def share_within(km: Floats, people: npt.ArrayLike, within_km: float) -> float:
    """The share of people with somebody within a distance; NaN where nobody lives.

    Examples
    --------
    >>> share_within(np.array([10.0, 60.0]), [30, 10], 50)
    0.75
    """
    weight = np.asarray(people, np.float64)
    total = weight.sum()
    return float(weight[km <= within_km].sum() / total) if total > 0 else float("nan")


def placement_range(
    placements: Mapping[str, Placement], share: float, name: str, supply: str, within: float
) -> tuple[float, float] | None:
    """The lowest and the highest share of people within a threshold, by who places them.

    Parameters
    ----------
    placements
        By title.
    share
        Of the people that count.
    name
        Of a measure.
    supply, within
        As for `geo.coverage.coverage.measure_coverage`.

    Returns
    -------
    tuple
        None where there is no other placement, or none was measured so.
    """
    shares = [
        share_within(p.reach.nearest(name, supply), p.demand["population"], within)
        for p in placements.values()
        if name in p.reach.far
    ]
    known = [s for s in (share, *shares) if not np.isnan(s)]
    return (min(known), max(known)) if shares and len(known) > 1 else None


def weighted_quantile(km: Floats, people: npt.ArrayLike, share: float) -> float:
    """The distance within which a share of the people have somebody; NaN where it has no end.

    The smallest distance at which the people up to it are at least that share of all: no
    interpolation between places.

    Examples
    --------
    >>> weighted_quantile(np.array([5.0, 10.0, 80.0]), [1, 1, 8], 0.5)
    80.0
    """
    weight = np.asarray(people, np.float64)
    if weight.sum() <= 0:
        return float("nan")
    order = np.argsort(km, kind="stable")
    upto = np.cumsum(weight[order])
    at = km[order][np.searchsorted(upto, share * upto[-1] * (1 - 1e-12))]
    return float(at) if np.isfinite(at) else float("nan")


def main_cause(ranges: Mapping[str, tuple[float, float]]) -> str | None:
    """Which range is the widest; None where none has any width.

    Examples
    --------
    >>> main_cause({"evidence": (0.0, 0.9), "travel": (0.56, 0.95)})
    'evidence'
    """
    widths = {name: high - low for name, (low, high) in ranges.items()}
    cause = max(widths, key=widths.__getitem__, default=None)
    return cause if cause is not None and widths[cause] > 0 else None
