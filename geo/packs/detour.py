"""How much longer roads are than the straight line, measured from a pack's own road table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.distance import distance_km


@dataclass(frozen=True)
class Detour:
    """Road km per straight km of a pack's legs: the quartiles and the median."""

    low: float
    median: float
    high: float


def measure_detour(roads: pd.DataFrame, road_nodes: pd.DataFrame) -> Detour | None:
    """Measure road km per straight km over the legs whose ends both have a position.

    Parameters
    ----------
    roads, road_nodes
        Frames of the contract.

    Returns
    -------
    Detour or None
        Rounded to two digits; None where no leg can be measured.
    """
    if roads.empty:
        return None
    spots = road_nodes.set_index("node")[["lat", "lon"]].astype(float)
    start, end = (spots.loc[roads[column]].to_numpy() for column in ("from", "to"))
    placed = np.isfinite(start).all(axis=1) & np.isfinite(end).all(axis=1)
    straight = distance_km(start[placed, 0], start[placed, 1], end[placed, 0], end[placed, 1])
    road = roads["km"].to_numpy(float)[placed]
    apart = straight > 0
    if not apart.any():
        return None
    low, median, high = np.quantile(road[apart] / straight[apart], [0.25, 0.5, 0.75]).round(2)
    return Detour(float(low), float(median), float(high))
