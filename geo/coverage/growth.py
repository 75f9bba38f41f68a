"""How the share of people within reach grows with the distance."""

import numpy as np
import pandas as pd

from geo.coverage.coverage import Coverage
from geo.coverage.reach import SUPPLIES

#: So many steps, up to so many times the threshold.
STEPS, TIMES = 40, 4


def share_by_distance(coverage: Coverage) -> pd.DataFrame:
    """The share of people within each of some distances, for every supply.

    Parameters
    ----------
    coverage
        Says the measure, and the threshold in whose multiples the distances go.

    Returns
    -------
    pandas.DataFrame
        `far` in the unit of the measure, from 0 to `TIMES` thresholds, and a column for each
        supply, percent.
    """
    people = coverage.pack.demand["population"].to_numpy(float)
    far = np.linspace(0, TIMES * coverage.within, STEPS + 1)
    total = max(people.sum(), 1)
    table = {"far": far}
    for supply in SUPPLIES:
        nearest = coverage.supplied.reach.nearest(coverage.measure.name, supply)
        order = np.argsort(nearest, kind="stable")
        upto = np.concatenate(([0], np.cumsum(people[order])))
        table[supply] = 100 * upto[np.searchsorted(nearest[order], far, "right")] / total
    return pd.DataFrame(table)
