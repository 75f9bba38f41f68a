"""How far by road: published road distances where a pack has them, never minutes.

The road table is a skeleton of towns and junctions joined by published distances. Off the
skeleton an access leg is estimated from the straight line. Kilometres are shown as *about*
wherever something was estimated, with the range that the estimate's quartiles give.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geo.query import distance_km

__all__ = ["DETOUR", "DETOUR_HIGH", "DETOUR_LOW", "ON_ROAD_KM", "RoadTable", "road_distances"]

Floats = npt.NDArray[np.float64]

#: Road km per straight km over the 238 published statements for Bhutan: quartiles and median.
DETOUR_LOW, DETOUR, DETOUR_HIGH = 1.83, 2.14, 2.90
#: A point this near to a node is taken to join the road there and nowhere else.
ON_ROAD_KM = 3.0


@dataclass(frozen=True)
class RoadTable:
    """Shortest paths between all positioned nodes of a pack's road table.

    Attributes
    ----------
    lat, lon
        Positions of the nodes that have one, degrees, shape (n,).
    km
        Shortest path between each pair, shape (n, n); infinite where no road joins them.
    soft
        Whether that path uses a leg of low reliability, shape (n, n).
    """

    lat: Floats
    lon: Floats
    km: Floats
    soft: npt.NDArray[np.bool_]

    @classmethod
    def from_frames(cls, roads: pd.DataFrame, road_nodes: pd.DataFrame) -> "RoadTable | None":
        """Compute the shortest paths once.

        Parameters
        ----------
        roads, road_nodes
            Frames of the contract; legs run both ways.

        Returns
        -------
        RoadTable or None
            None where the pack has no roads.

        Raises
        ------
        KeyError
            If a leg names a node that is not in `road_nodes`.
        """
        if roads.empty:
            return None
        number = {name: i for i, name in enumerate(road_nodes["node"])}
        start = np.array([number[name] for name in roads["from"]])
        end = np.array([number[name] for name in roads["to"]])
        legs = roads["km"].to_numpy(float)
        shape = (len(number), len(number))
        graph = coo_array((legs, (start, end)), shape=shape).tocsr()
        km, before = dijkstra(graph, directed=False, return_predecessors=True)
        low = {
            frozenset(pair)
            for pair, word in zip(zip(start, end, strict=True), roads["reliability"], strict=True)
            if word == "low"
        }
        placed = np.flatnonzero(road_nodes["lat"].notna())
        soft = np.zeros(shape, bool)
        for a in placed:
            # In order of distance a node's predecessor is settled before the node itself.
            for b in np.argsort(km[a]):
                step = before[a, b]
                if step >= 0:
                    soft[a, b] = soft[a, step] or frozenset((step, b)) in low
        pick = np.ix_(placed, placed)
        nodes = road_nodes.iloc[placed]
        return cls(nodes["lat"].to_numpy(float), nodes["lon"].to_numpy(float), km[pick], soft[pick])


def road_distances(
    table: RoadTable | None, lat: float, lon: float, lats: npt.ArrayLike, lons: npt.ArrayLike
) -> pd.DataFrame:
    """Estimate road kilometres from one point to many, beside the straight line.

    The path runs from an access leg over the table to another access leg. An access leg is
    straight km x 2.14 to the nearest node where that is within 3 km, else to the better of the
    two nearest. Where both ends have the same nearest node the whole way is straight km x 2.14.
    The result is never less than the straight line. Low and high put the quartiles 1.83 and
    2.90 on the estimated parts; a published leg stands as it is.

    Parameters
    ----------
    table
        The pack's roads; None gives NA for everything but the straight line.
    lat, lon
        The origin, degrees.
    lats, lons
        The targets, degrees, shape (n,).

    Returns
    -------
    pandas.DataFrame
        `distance_km` (geodesic), `road_km`, `road_low_km`, `road_high_km` (NA where no road
        joins the two) and `road_about` (whether anything was estimated or is of low
        reliability), in the order of the targets.
    """
    lats, lons = np.asarray(lats, float), np.asarray(lons, float)
    straight = distance_km(lat, lon, lats, lons)
    if table is None:
        blank = np.full(len(straight), np.nan)
        return _frame(straight, blank, blank, blank, np.zeros(len(straight), bool))
    here, near_here = _access(table, lat, lon)
    best = np.full(len(straight), np.inf)
    access = np.zeros(len(straight))
    about = np.ones(len(straight), bool)
    for i in range(len(straight)):
        there, near_there = _access(table, lats[i], lons[i])
        if near_here == near_there:
            best[i], access[i] = DETOUR * straight[i], straight[i]
            about[i] = straight[i] > 0
            continue
        for a, from_km in here:
            for b, to_km in there:
                total = DETOUR * (from_km + to_km) + table.km[a, b]
                if total < best[i]:
                    best[i], access[i] = total, from_km + to_km
                    about[i] = access[i] > 0 or bool(table.soft[a, b])
    best[np.isinf(best)] = np.nan
    published = best - DETOUR * access
    return _frame(
        straight,
        np.maximum(best, straight),
        np.maximum(published + DETOUR_LOW * access, straight),
        np.maximum(published + DETOUR_HIGH * access, straight),
        about,
    )


def _access(table: RoadTable, lat: float, lon: float) -> tuple[list[tuple[int, float]], int]:
    """Where a point may join the road, with the straight km to there, and its nearest node."""
    km = distance_km(lat, lon, table.lat, table.lon)
    first, *others = np.argsort(km, kind="stable")[:2]
    chosen = [first] if km[first] <= ON_ROAD_KM else [first, *others]
    return [(int(n), float(km[n])) for n in chosen], int(first)


def _frame(
    straight: Floats, road: Floats, low: Floats, high: Floats, about: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "distance_km": straight,
            "road_km": road,
            "road_low_km": low,
            "road_high_km": high,
            "road_about": about,
        }
    )
