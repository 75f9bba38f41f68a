"""How far it is from one level of care to the next: from each place to the nearest of that."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.care.assessed import Assessed
from geo.coverage.coverage import in_supply
from geo.coverage.reach import SUPPLIES, supply_of, weighted_quantile
from geo.errors import CareReachError
from geo.travel.measure import Measure


@dataclass(frozen=True)
class Referral:
    """How far places of one level are from the next.

    Attributes
    ----------
    measure
        By what.
    places, next_places
        How many there are of either level.
    both
        Places that are of both levels: nobody need be sent on from there.
    table
        A row for each place that is not: `provider_id`, `name`, `region_id`, `lat`, `lon`, `far`
        (to the nearest of the next level, in the unit of the measure; infinite where there is no
        way), the farthest first.
    median, p90, most
        Of `far`; NaN where there is no way.
    """

    measure: Measure
    places: int
    next_places: int
    both: int
    table: pd.DataFrame
    median: float
    p90: float
    most: float


def measure_referral(
    first: Assessed, following: Assessed, measure: Measure, supply: str = "likely"
) -> Referral:
    """Measure how far each place of one level is from the nearest of the next.

    Parameters
    ----------
    first, following
        Of one pack, from `geo.care.assessed.assess_pack`: who does the one, and who the other.
    measure
        By what: one that measures from anywhere.
    supply
        One of `geo.coverage.reach.SUPPLIES`: who counts, of either.

    Raises
    ------
    CareReachError
        If either level has no places, or minutes on roads are asked for.
    """
    if not measure.anywhere:
        raise CareReachError(
            "Minutes on roads are measured from where people live only: ask for road, straight or "
            "terrain."
        )
    columns = ["provider_id", "name", "region_id", "lat", "lon"]
    lower, higher = (
        in_supply(of.take(np.arange(len(of)), columns), supply) for of in (first, following)
    )
    for of, rows in ((first, lower), (following, higher)):
        if rows.empty:
            title = of.procedure.title
            raise CareReachError(f"No place counted ({supply}) is on record for {title}.")
    both = lower["provider_id"].isin(higher["provider_id"])
    some = lower[~both].reset_index(drop=True)
    points = some["lat"].to_numpy(float), some["lon"].to_numpy(float)
    far = measure.reach(points, supply_of(higher)).far[measure.name][SUPPLIES.index(supply)]
    table = some[columns].assign(far=far).sort_values(
        ["far", "name"], ascending=[False, True], ignore_index=True
    )  # fmt: skip
    ones = np.ones(len(far))
    return Referral(
        measure,
        len(lower),
        len(higher),
        int(both.sum()),
        table,
        weighted_quantile(far, ones, 0.5),
        weighted_quantile(far, ones, 0.9),
        float(far.max()) if len(far) and np.isfinite(far.max()) else float("nan"),
    )
