"""Rows that lie far from all others: a slip of the pen, or a territory overseas."""

from dataclasses import dataclass

import numpy as np

from geo.distance import distance_km, km_to_kth
from geo.sources.coordinates import Bounds

#: A row may be far from all others when it lies beyond this many times the median distance to the
#: middle of its group, and this many km more ...
FAR_TIMES, FAR_KM = 6.0, 100.0
#: ... and it is, when fewer than so many others lie within so many km (islands come together), or
#: when it lies on the other side of the world.
FAR_ALONE, FAR_NEIGHBOUR_KM, FAR_WORLD_KM = 3, 300.0, 3000.0
#: A group of fewer rows is measured with the whole table.
FAR_GROUP = 5
#: Of a group that is to be believed, less than this share lies far from the rest ...
FAR_SHARE = 1 / 3
#: ... and around its middle at least this share of the rows is its own.
OWN_SHARE = 0.75


@dataclass(frozen=True)
class Outliers:
    """What was found of each row, shape (n,).

    Attributes
    ----------
    far_km
        Km to the middle of the rows that it lies far from; NaN where it does not.
    overseas
        Whether it lies far from all others together with its whole group.
    doubtful
        Whether it lies far from the rest of its group, and which of them are right is not known.
    """

    far_km: "np.ndarray"
    overseas: "np.ndarray"
    doubtful: "np.ndarray"


def find_outliers(
    lat: "np.ndarray", lon: "np.ndarray", group: "np.ndarray", bounds: Bounds | None = None
) -> Outliers:
    """Find the rows of a table that lie far from all others.

    A row is measured with its group (a region, a country). A group whose middle cannot be believed
    is not: one that mostly lies at one spot, among the rows of others, outside of where the data
    should lie, or of which too many rows are somewhere else. Its rows are measured with the whole
    table. A group that lies far away as a whole is a territory, and stays.

    Parameters
    ----------
    lat, lon
        Degrees, NaN where not known, shape (n,).
    group
        What each row belongs to, shape (n,).
    bounds
        Where rows should lie, if it is known.
    """
    size = len(lat)
    found = Outliers(np.full(size, np.nan), np.zeros(size, bool), np.zeros(size, bool))
    known = np.flatnonzero(~np.isnan(lat))
    if len(known) < FAR_GROUP:
        return found
    whole = _far(lat, lon, known)
    _, which, often = np.unique(group[known].astype(str), return_inverse=True, return_counts=True)
    small = known[often[which] < FAR_GROUP]
    found.far_km[small] = whole[small]
    for number in np.flatnonzero(often >= FAR_GROUP):
        rows = known[which == number]
        km = _far(lat, lon, rows) if len(rows) < len(known) else whole
        out = ~np.isnan(km[rows])
        stays, goes = rows[~out], rows[out]
        if (~np.isnan(whole[stays])).mean() > 0.5 and not (np.isnan(whole[goes])).any():
            found.overseas[stays] = True
            found.far_km[goes] = km[goes]
        elif not len(goes):
            # Rows spread over half the world say nothing of one another.
            found.far_km[rows] = whole[rows]
        elif len(rows) == len(known) or _is_believed(lat, lon, known, stays, goes, bounds):
            found.far_km[goes] = km[goes]
        else:
            found.far_km[rows] = whole[rows]
            found.doubtful[goes] = np.isnan(whole[goes])
    return found


def _is_believed(
    lat: "np.ndarray",
    lon: "np.ndarray",
    known: "np.ndarray",
    stays: "np.ndarray",
    goes: "np.ndarray",
    bounds: Bounds | None,
) -> bool:
    """Whether the rows of a group that lie together are where the group is."""
    if len(goes) >= FAR_SHARE * (len(stays) + len(goes)):
        return False
    _, often = np.unique(np.column_stack((lat[stays], lon[stays])), axis=0, return_counts=True)
    if often.max() > 0.5 * len(stays):
        return False
    middle = float(np.median(lat[stays])), float(np.median(lon[stays]))
    if bounds is not None:
        west, south, east, north = bounds
        if not (south <= middle[0] <= north and west <= middle[1] <= east):
            return False
    away = distance_km(*middle, lat[known], lon[known])
    nearest = known[np.argsort(away, kind="stable")[: len(stays)]]
    return bool(np.isin(nearest, stays).mean() >= OWN_SHARE)


def _far(lat: "np.ndarray", lon: "np.ndarray", rows: "np.ndarray") -> "np.ndarray":
    """Km to the middle (median) of some rows for those that lie far from it; NaN for the others."""
    found = np.full(len(lat), np.nan)
    lats, lons = lat[rows], lon[rows]
    away = distance_km(float(np.median(lats)), float(np.median(lons)), lats, lons)
    far = away > FAR_TIMES * float(np.median(away)) + FAR_KM
    if far.any():
        # The row itself is its own nearest neighbour.
        near_km = km_to_kth(lats[far], lons[far], lats, lons, FAR_ALONE + 1)
        out = (near_km > FAR_NEIGHBOUR_KM) | (away[far] > FAR_WORLD_KM)
        found[rows[far][out]] = away[far][out]
    return found
