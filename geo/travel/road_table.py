"""How far by road where no engine is: shortest paths over a pack's table of published distances.

The road table is a skeleton of towns and junctions joined by published distances. Off the
skeleton an access leg is estimated from the straight line and the pack's own detour. Kilometres
are shown as *about* wherever something was estimated, with the range that the quartiles of the
detour give.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geo.distance import distance_km
from geo.packs.detour import Detour, measure_detour

Floats = npt.NDArray[np.float64]
#: A point this near to a node is taken to join the road there and nowhere else.
ON_ROAD_KM = 3.0
_LEG = ("from", "to", "km", "reliability")
#: The columns of `road_distances`.
DISTANCES = ("distance_km", "road_km", "road_low_km", "road_high_km", "road_about")


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
    detour
        Road km per straight km, for what the table does not reach.
    """

    lat: Floats
    lon: Floats
    km: Floats
    soft: npt.NDArray[np.bool_]
    detour: Detour

    @classmethod
    def from_frames(
        cls, roads: pd.DataFrame, road_nodes: pd.DataFrame, detour: Detour | None = None
    ) -> "RoadTable | None":
        """Compute the shortest paths once.

        Parameters
        ----------
        roads, road_nodes
            Frames of the contract; legs run both ways, of two legs between the same nodes the
            shorter counts.
        detour
            The pack's; measured from the legs by default.

        Returns
        -------
        RoadTable or None
            None where the pack has no roads, or no leg between two nodes with a position.

        Raises
        ------
        KeyError
            If a leg names a node that is not in `road_nodes`.
        """
        placed = np.flatnonzero(road_nodes["lat"].notna())
        detour = detour or measure_detour(roads, road_nodes)
        if roads.empty or detour is None:
            return None
        number = {name: i for i, name in enumerate(road_nodes["node"])}
        legs: dict[frozenset[int], tuple[float, str]] = {}
        for a, b, km_, word in zip(*(roads[c] for c in _LEG), strict=True):
            pair = frozenset((number[a], number[b]))
            legs[pair] = min((km_, word), legs.get(pair, (np.inf, "")))
        ends = np.array([(min(pair), max(pair)) for pair in legs])
        shape = (len(number), len(number))
        lengths = [km_ for km_, _ in legs.values()]
        graph = coo_array((lengths, (ends[:, 0], ends[:, 1])), shape=shape).tocsr()
        km, before = dijkstra(graph, directed=False, return_predecessors=True)
        low = {pair for pair, (_, word) in legs.items() if word == "low"}
        soft = np.zeros(shape, bool)
        for a in placed:
            # In order of distance a node's predecessor is settled before the node itself.
            for b in np.argsort(km[a], kind="stable"):
                step = before[a, b]
                if step >= 0:
                    soft[a, b] = soft[a, step] or frozenset((step, b)) in low
        pick = np.ix_(placed, placed)
        nodes = road_nodes.iloc[placed]
        lat, lon = nodes["lat"].to_numpy(float), nodes["lon"].to_numpy(float)
        return cls(lat, lon, km[pick], soft[pick], detour)


@dataclass(frozen=True)
class RoadAccess:
    """Where points may join the road: at one node, or at the better of two.

    Attributes
    ----------
    node
        Nodes of the table, the nearest first, shape (n, 2).
    km
        Straight km to them, shape (n, 2); infinite for a second node that is not used.
    """

    node: npt.NDArray[np.intp]
    km: Floats

    def take(self, positions: npt.NDArray[np.intp]) -> "RoadAccess":
        """The access of some of the points."""
        return RoadAccess(self.node[positions], self.km[positions])


def road_access(table: RoadTable, lats: npt.ArrayLike, lons: npt.ArrayLike) -> RoadAccess:
    """Find where points may join the road; it depends on the points alone, not on the trip.

    Parameters
    ----------
    table
        The pack's roads.
    lats, lons
        Degrees, shape (n,).
    """
    lats, lons = np.asarray(lats, float), np.asarray(lons, float)
    km = np.stack(
        [distance_km(*node, lats, lons) for node in zip(table.lat, table.lon, strict=True)], axis=1
    )
    node = np.argsort(km, axis=1, kind="stable")[:, :2]
    near = np.take_along_axis(km, node, axis=1)
    if near.shape[1] > 1:
        near[near[:, 0] <= ON_ROAD_KM, 1] = np.inf
    return RoadAccess(node, near)


def road_distances(
    table: RoadTable | None,
    lat: float,
    lon: float,
    lats: npt.ArrayLike,
    lons: npt.ArrayLike,
    access: RoadAccess | None = None,
) -> pd.DataFrame:
    """Estimate road kilometres from one point to many, beside the straight line.

    The path runs from an access leg over the table to another access leg. An access leg is
    straight km times the median detour to the nearest node where that is within 3 km, else to the
    better of the two nearest. Where both ends have the same nearest node the whole way is straight
    km times the detour. The result is never less than the straight line. Low and high put the
    quartiles of the detour on the estimated parts; a published leg stands as it is.

    Parameters
    ----------
    table
        The pack's roads; None gives NA for everything but the straight line.
    lat, lon
        The origin, degrees.
    lats, lons
        The targets, degrees, shape (n,).
    access
        The targets' own, from `road_access`, where it is known already.

    Returns
    -------
    pandas.DataFrame
        `distance_km` (geodesic), `road_km`, `road_low_km`, `road_high_km` (NA where no road
        joins the two) and `road_about` (whether anything was estimated or is of low
        reliability), in the order of the targets.
    """
    straight = distance_km(lat, lon, lats, lons)
    if table is None:
        blank = dict.fromkeys(DISTANCES[1:4], np.nan)
        return pd.DataFrame({"distance_km": straight, **blank, "road_about": False})
    here = road_access(table, [lat], [lon])
    there = road_access(table, lats, lons) if access is None else access
    # Every way to leave and to arrive: shape (n, ways).
    start, end = here.node[0][:, None], there.node[:, None, :]
    ways = (len(straight), here.node.shape[1] * there.node.shape[1])
    off_road = (here.km[0][:, None] + there.km[:, None, :]).reshape(ways)
    on_road = table.km[start, end].reshape(ways)
    soft = table.soft[start, end].reshape(ways)
    rows = np.arange(len(straight))
    detour = table.detour
    best = np.argmin(detour.median * off_road + on_road, axis=1)
    estimated, published, about = off_road[rows, best], on_road[rows, best], soft[rows, best]
    same = there.node[:, 0] == here.node[0, 0]
    estimated[same], published[same], about[same] = straight[same], 0.0, False
    published[np.isinf(published)] = np.nan
    road, low, high = (
        np.maximum(published + times * estimated, straight)
        for times in (detour.median, detour.low, detour.high)
    )
    columns = (straight, road, low, high, about | (estimated > 0))
    return pd.DataFrame(dict(zip(DISTANCES, columns, strict=True)))
