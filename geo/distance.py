"""Who is within a radius, who is nearest: exact on the WGS84 ellipsoid, fast on millions.

Positions become earth-centred coordinates (ECEF) in a k-d tree. A chord through the earth
bounds the geodesic from both sides, so the tree finds candidates and `pyproj.Geod` decides only
the few whose place in the answer the bounds leave open. Poles and antimeridian need no care.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
#: Makes an iterator over (point position, target position, distance), afresh at each call.
Pairs = Callable[[], Iterable[tuple[Ints, Ints, Floats]]]

GEOD = Geod(ellps="WGS84")
_A_M = GEOD.a
_E2 = GEOD.es
#: The smallest and largest radius of curvature anywhere on WGS84: b**2/a and a**2/b, metres.
_R_MIN_M = GEOD.b**2 / GEOD.a
_R_MAX_M = GEOD.a**2 / GEOD.b
#: The mean radius of curvature, where a few millimetres do not matter.
_R_MEAN_M = (_R_MIN_M + _R_MAX_M) / 2
#: Rounding of coordinates of some 6e6 m in double precision, and of what is computed from them.
_SLACK_M = 1e-5
#: With more rows than this within, those beyond are found by looking at all around.
_SCAN_BEYOND = 1000
#: So many points look for their nearest target at once: memory stays bounded.
_POINTS_AT_ONCE = 500_000
#: How many times as far the rows beyond a distance are looked for, before all are looked at.
_RINGS = (1.05, 1.3, 2.0)


@dataclass(frozen=True)
class Hits:
    """What a query found, nearest first.

    Attributes
    ----------
    positions
        Row positions in the arrays the index was built from, shape (n,).
    distance_km
        Geodesic distances on WGS84, shape (n,).
    group
        The group of each hit, shape (n,); all 0 in an index without groups.
    counts
        How many rows lie within the radius, per group; exact, and not limited by what is listed.
    """

    positions: Ints
    distance_km: Floats
    group: Ints
    counts: Ints


class Searchable(Protocol):
    """Positions in groups that can be searched, wherever they are kept.

    Every engine gives the same answers, those of `within_radius` and `nearest`.
    """

    @property
    def lat(self) -> Floats:
        """Degrees, shape (n,)."""

    @property
    def lon(self) -> Floats:
        """Degrees, shape (n,)."""

    def within_radius(
        self, lat: float, lon: float, radius_km: float, limit: int | None = 50
    ) -> Hits:
        """As the function of that name."""

    def nearest(self, lat: float, lon: float, k: int, beyond_km: float = 0.0) -> Hits:
        """As the function of that name."""


class Index:
    """Positions in memory, ready to be searched.

    Parameters
    ----------
    lat, lon
        Degrees, shape (n,).
    group
        A small whole number per row, e.g. the rank of its status, shape (n,). Rows are counted
        per group, and each group can be listed for itself without touching the others.
    """

    def __init__(self, lat: npt.ArrayLike, lon: npt.ArrayLike, group: npt.ArrayLike = 0) -> None:
        self.lat = np.asarray(lat, np.float64)
        self.lon = np.asarray(lon, np.float64)
        groups = np.broadcast_to(np.asarray(group, np.intp), self.lat.shape)
        xyz = _ecef_m(self.lat, self.lon)
        self.rows: list[Ints] = []
        self.trees: list[cKDTree] = []
        for number in range(int(groups.max(initial=0)) + 1):
            rows = np.flatnonzero(groups == number)
            self.rows.append(rows)
            # Unbalanced trees answer as fast here and build in half the time.
            self.trees.append(cKDTree(xyz[rows], balanced_tree=False, compact_nodes=False))

    def within_radius(
        self, lat: float, lon: float, radius_km: float, limit: int | None = 50
    ) -> Hits:
        """As the function of that name."""
        return within_radius(self, lat, lon, radius_km, limit)

    def nearest(self, lat: float, lon: float, k: int, beyond_km: float = 0.0) -> Hits:
        """As the function of that name."""
        return nearest(self, lat, lon, k, beyond_km)


def distance_km(
    lat: npt.ArrayLike, lon: npt.ArrayLike, lats: npt.ArrayLike, lons: npt.ArrayLike
) -> Floats:
    """Geodesic distance on WGS84, from one point to many or pairwise (Karney 2013, by pyproj).

    Parameters
    ----------
    lat, lon
        One origin, or an origin for each target, degrees.
    lats, lons
        The targets, degrees, shape (n,).

    Returns
    -------
    numpy.ndarray
        Kilometres, shape (n,).

    Examples
    --------
    >>> float(distance_km(26.92, 90.526, [26.877], [90.492])[0].round(1))
    5.8
    """
    x, y, xs, ys = np.broadcast_arrays(*(np.asarray(a, float) for a in (lon, lat, lons, lats)))
    return np.asarray(GEOD.inv(x, y, xs, ys)[2], np.float64) / 1000


def within_radius(
    index: Index, lat: float, lon: float, radius_km: float, limit: int | None = 50
) -> Hits:
    """List the nearest rows within a radius and count all of them.

    Parameters
    ----------
    index
        What to search.
    lat, lon
        The centre, degrees.
    radius_km
        Geodesic kilometres; a row exactly at the radius is inside.
    limit
        How many rows of each group to list at most; all of them with None.

    Returns
    -------
    Hits
        Nearest first, ties by row position; `counts` has every row within the radius.
    """
    centre = _ecef_m(np.array([lat]), np.array([lon]))[0]
    low, high = _chord_bounds_m(1000 * radius_km)
    counts = np.zeros(len(index.trees), np.intp)
    near: list[Ints] = []
    for number, (tree, rows) in enumerate(zip(index.trees, index.rows, strict=True)):
        if not len(rows):
            near.append(rows)
            continue
        sure, at_most = tree.query_ball_point([centre, centre], [low, high], return_length=True)
        counts[number] = sure
        if sure != at_most:  # some rows lie within millimetres of the radius
            shell = np.setdiff1d(
                tree.query_ball_point(centre, high), tree.query_ball_point(centre, low)
            )
            exact = distance_km(lat, lon, index.lat[rows[shell]], index.lon[rows[shell]])
            counts[number] += np.count_nonzero(exact <= radius_km)
        wanted = int(at_most) if limit is None else min(limit, int(at_most))
        near.append(rows[_nearest_of(tree, centre, wanted, high)])
    listed = rank((index.lat, index.lon), (lat, lon), near, (-1.0, radius_km), limit)
    return replace(listed, counts=counts)


def nearest(index: Index, lat: float, lon: float, k: int, beyond_km: float = 0.0) -> Hits:
    """List the k nearest rows of each group, or the k nearest beyond a distance.

    Parameters
    ----------
    index
        What to search.
    lat, lon
        The centre, degrees.
    k
        How many rows of each group.
    beyond_km
        Only rows farther than this count; 0 for the nearest of all, wherever it is.

    Returns
    -------
    Hits
        Nearest first; `counts` is how many rows each group lists.
    """
    centre = _ecef_m(np.array([lat]), np.array([lon]))[0]
    inside = within_radius(index, lat, lon, beyond_km, 0).counts if beyond_km else None
    near: list[Ints] = []
    for number, (tree, rows) in enumerate(zip(index.trees, index.rows, strict=True)):
        skip = 0 if inside is None else int(inside[number])
        if skip > _SCAN_BEYOND:
            near.append(rows[_nearest_outside(tree, centre, k, 1000 * beyond_km)])
        else:
            near.append(rows[_nearest_of(tree, centre, min(k + skip, len(rows)), np.inf)])
    return rank((index.lat, index.lon), (lat, lon), near, (beyond_km or -1.0, np.inf), k)


def nearest_of_each(
    lat: npt.ArrayLike, lon: npt.ArrayLike, lats: npt.ArrayLike, lons: npt.ArrayLike
) -> tuple[Ints, Floats]:
    """Find for each of many points its nearest target.

    Parameters
    ----------
    lat, lon
        The points, degrees, shape (n,).
    lats, lons
        The targets, degrees, shape (m,).

    Returns
    -------
    tuple of numpy.ndarray
        Row positions among the targets and geodesic kilometres, shape (n,); -1 and infinite
        where there is no target.
    """
    return Targets(lats, lons).nearest_of_each(lat, lon)


class Targets:
    """Targets of which the nearest is looked for from many points, time and again.

    Parameters
    ----------
    lats, lons
        Degrees, shape (m,).
    """

    def __init__(self, lats: npt.ArrayLike, lons: npt.ArrayLike) -> None:
        # As complex numbers they sort by latitude, then longitude, and much faster than as rows.
        spots = np.empty(np.shape(lats), np.complex128)
        spots.real, spots.imag = lats, lons
        spots, self._rows = np.unique(spots, return_index=True)
        self._lat, self._lon = spots.real.copy(), spots.imag.copy()
        self._tree = cKDTree(
            _ecef_m(self._lat, self._lon), balanced_tree=False, compact_nodes=False
        )

    def nearest_of_each(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> tuple[Ints, Floats]:
        """As the function of that name, to these targets."""
        lat, lon = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
        if not len(self._rows):
            return np.full(len(lat), -1, np.intp), np.full(len(lat), np.inf)
        best, metres = np.empty(len(lat), np.intp), np.empty(len(lat))
        for start in range(0, len(lat), _POINTS_AT_ONCE):
            some = slice(start, start + _POINTS_AT_ONCE)
            best[some], metres[some] = self._nearest(lat[some], lon[some])
        return self._rows[best], metres / 1000

    def _nearest(self, lat: Floats, lon: Floats) -> tuple[Ints, Floats]:
        """The nearest spot of some points, and metres."""
        points = _ecef_m(lat, lon)
        asked = self._tree.query(points, k=[1, 2], workers=-1)
        chord, best = np.asarray(asked[0], np.float64), np.asarray(asked[1], np.intp)[:, 0]
        metres = self._metres(lat, lon, best)
        # Chords order targets as geodesics do but for near ties, which are all measured.
        arc = np.minimum(metres, np.pi * _R_MIN_M)
        reach = chord[:, 0] + 2 * _SLACK_M + 2e-7 * arc
        for radius, sign in ((_R_MAX_M, 2), (_R_MIN_M, -2)):
            reach += sign * radius * np.sin(arc / (2 * radius))
        close = np.flatnonzero(chord[:, 1] <= reach)
        if len(close):
            rivals = self._tree.query_ball_point(points[close], reach[close], workers=-1)
            counts = np.fromiter(map(len, rivals), np.intp, len(close))
            spots = np.fromiter(itertools.chain.from_iterable(rivals), np.intp, int(counts.sum()))
            asking = np.repeat(close, counts)
            far = self._metres(lat[asking], lon[asking], spots)
            # The nearest of each comes first; of those equally far, the first spot.
            order = np.lexsort((spots, far, asking))
            first = order[np.cumsum(counts) - counts]
            best[close], metres[close] = spots[first], far[first]
        return best, metres

    def _metres(self, lat: Floats, lon: Floats, spots: Ints) -> Floats:
        """Geodesic distance from each point to a spot."""
        found = GEOD.inv(lon, lat, self._lon[spots], self._lat[spots])[2]
        return np.asarray(found, np.float64)


def km_to_kth(
    lat: npt.ArrayLike, lon: npt.ArrayLike, lats: npt.ArrayLike, lons: npt.ArrayLike, k: int
) -> Floats:
    """How far the k-th nearest target of each of many points is.

    Parameters
    ----------
    lat, lon
        The points, degrees, shape (n,).
    lats, lons
        The targets, degrees, shape (m,).
    k
        1 for the nearest.

    Returns
    -------
    numpy.ndarray
        Kilometres, as exact as those of `pairs_within`, shape (n,); infinite where there are fewer
        targets.
    """
    targets = _ecef_m(np.asarray(lats, np.float64), np.asarray(lons, np.float64))
    points = _ecef_m(np.asarray(lat, np.float64), np.asarray(lon, np.float64))
    chord = np.asarray(cKDTree(targets).query(points, k=[k])[0], np.float64)[:, 0]
    return np.where(np.isinf(chord), np.inf, _mean_arc_km(np.minimum(chord, 2 * _R_MEAN_M)))


def _mean_arc_km(chord_m: Floats) -> Floats:
    """The arc of a mean circle over a chord."""
    return np.asarray(2 * _R_MEAN_M * np.arcsin(chord_m / (2 * _R_MEAN_M)) / 1000, np.float64)


#: Pairs of points and targets that are held in memory at once, about.
_PAIRS_AT_ONCE = 4_000_000


def pairs_within(
    lat: npt.ArrayLike,
    lon: npt.ArrayLike,
    lats: npt.ArrayLike,
    lons: npt.ArrayLike,
    radius_km: float,
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """List every pair of a point and a target within a radius, in chunks of bounded size.

    Parameters
    ----------
    lat, lon
        The points, degrees, shape (n,).
    lats, lons
        The targets, degrees, shape (m,).
    radius_km
        The largest distance.

    Yields
    ------
    tuple of numpy.ndarray
        Positions of points, positions of targets, kilometres; shape (pairs,). The distance is
        the arc of a mean circle over the chord: within 1 cm of the geodesic up to 100 km and
        within half a metre up to 300 km.
    """
    points = _ecef_m(np.asarray(lat, np.float64), np.asarray(lon, np.float64))
    targets = _ecef_m(np.asarray(lats, np.float64), np.asarray(lons, np.float64))
    if not len(points) or not len(targets):
        return
    tree = cKDTree(targets, balanced_tree=False, compact_nodes=False)
    reach_m = _chord_bounds_m(1000 * radius_km)[1]
    # Points near to each other have targets in common: sorted, a chunk touches less of the tree.
    order = np.argsort(points[:, 0], kind="stable")
    partners = tree.query_ball_point(points[order], reach_m, return_length=True)
    chunk = np.cumsum(partners) // _PAIRS_AT_ONCE
    for number in np.unique(chunk):
        rows = order[chunk == number]
        near = cKDTree(points[rows]).sparse_distance_matrix(tree, reach_m, output_type="ndarray")
        arc_km = _mean_arc_km(near["v"])
        within = arc_km <= radius_km
        yield rows[near["i"][within]], near["j"][within], arc_km[within]


def region_of_each(
    lat: npt.ArrayLike, lon: npt.ArrayLike, shapes: npt.NDArray[np.object_]
) -> npt.NDArray[np.int32]:
    """Find for each of many points the region in which it lies.

    Parameters
    ----------
    lat, lon
        The points, degrees, shape (n,).
    shapes
        Areas, EPSG:4326, shape (m,); an edge counts as inside, of several the first wins.

    Returns
    -------
    numpy.ndarray
        Position of the region, shape (n,); -1 where there is none.
    """
    lat, lon = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    found = np.full(len(lat), -1, np.int32)
    # Sorted once by longitude, the points that a shape could hold lie side by side.
    order = np.argsort(lon, kind="stable").astype(np.uint32)
    x, y = lon[order], lat[order]
    for number, shape in enumerate(shapes):
        west, south, east, north = shape.bounds
        if np.isnan(west):
            continue
        start, end = np.searchsorted(x, west, "left"), np.searchsorted(x, east, "right")
        some = start + np.flatnonzero((y[start:end] >= south) & (y[start:end] <= north))
        shapely.prepare(shape)
        inside = order[some[shapely.intersects_xy(shape, x[some], y[some])]]
        found[inside[found[inside] < 0]] = number
    return found


def _nearest_of(tree: cKDTree, centre: Floats, wanted: int, bound_m: float) -> Ints:
    """Rows among which the `wanted` nearest by geodesic surely are."""
    if wanted <= 0:
        return np.empty(0, np.intp)
    found = tree.query(centre, k=[*range(1, wanted + 2)], distance_upper_bound=bound_m)
    chord, rows = np.asarray(found[0], np.float64), np.asarray(found[1], np.intp)
    if not np.isfinite(chord[-1]):
        return rows[np.isfinite(chord)]
    # Chords order rows as geodesics do but for near ties: those at the end must all come in.
    low, high = _chord_bounds_m(_arc_m(chord[-2]))
    reach = chord[-2] + (high - low)
    if chord[-1] > reach:
        return rows[:-1]
    return np.asarray(tree.query_ball_point(centre, min(reach, bound_m)), np.intp)


def _nearest_outside(tree: cKDTree, centre: Floats, k: int, beyond_m: float) -> Ints:
    """Rows among which the k nearest beyond a distance surely are, by a look at those around it.

    The tree would first have to hand out all that lies within, one by one.
    """
    low, high = _chord_bounds_m(beyond_m)
    within = int(tree.query_ball_point(centre, high, return_length=True))
    for times in _RINGS:
        around = times * high
        if int(tree.query_ball_point(centre, around, return_length=True)) <= within + k:
            continue
        rows = np.asarray(tree.query_ball_point(centre, around, return_sorted=False), np.intp)
        rows.sort()
        chord = np.sqrt(np.square(tree.data[rows] - centre).sum(axis=1))
        outer = chord[chord > high]
        reach = float(np.partition(outer, k - 1)[k - 1])
        least, most = _chord_bounds_m(_arc_m(reach))
        reach += most - least
        if reach <= around:
            chosen: Ints = rows[(chord > low) & (chord <= reach)]
            return chosen
    chord = np.sqrt(np.square(tree.data - centre).sum(axis=1))
    outer = chord[chord > high]
    reach = np.partition(outer, k - 1)[k - 1] if len(outer) > k else np.inf
    if np.isfinite(reach):
        least, most = _chord_bounds_m(_arc_m(float(reach)))
        reach += most - least
    return np.flatnonzero((chord > low) & (chord <= reach))


def rank(
    spots: tuple[Floats, Floats],
    centre: tuple[float, float],
    near: list[Ints],
    between_km: tuple[float, float],
    limit: int | None,
) -> Hits:
    """Measure the candidates of all groups at once and keep the nearest of each in the range.

    Parameters
    ----------
    spots
        Latitude and longitude of every row, degrees, shape (n,).
    centre
        Latitude and longitude, degrees.
    near
        Of each group the rows among which its nearest surely are.
    between_km
        A row as far as the first is left out, one as far as the second is not.
    limit
        How many rows of each group at most; all of them with None.

    Returns
    -------
    Hits
        Nearest first, ties by row position; `counts` is how many rows each group lists.
    """
    lats, lons = spots
    positions = np.concatenate(near)
    km = distance_km(*centre, lats[positions], lons[positions])
    group = np.repeat(np.arange(len(near)), [len(rows) for rows in near])
    order = np.lexsort((positions, km))
    order = order[(km[order] > between_km[0]) & (km[order] <= between_km[1])]
    chosen = [order[group[order] == number][:limit] for number in range(len(near))]
    picked = np.concatenate(chosen)
    picked = picked[np.lexsort((positions[picked], km[picked]))]
    counts = np.array([len(rows) for rows in chosen], np.intp)
    return Hits(positions[picked], km[picked], group[picked], counts)


def _ecef_m(lat: Floats, lon: Floats) -> Floats:
    """Earth-centred coordinates of points on the WGS84 ellipsoid, metres, shape (n, 3)."""
    phi, lam = np.radians(lat), np.radians(lon)
    sin, cos = np.sin(phi), np.cos(phi)
    normal = _A_M / np.sqrt(1 - _E2 * sin * sin)
    return np.column_stack(
        (normal * cos * np.cos(lam), normal * cos * np.sin(lam), normal * (1 - _E2) * sin)
    )


def _chord_bounds_m(arc_m: float) -> tuple[float, float]:
    """The shortest and longest chord that a geodesic of this length can span.

    A geodesic is a space curve whose curvature lies between 1/`_R_MAX_M` and 1/`_R_MIN_M`; by
    Schur's comparison theorem its chord lies between those of circles of these radii. Its
    torsion, which the theorem leaves out, is a thousandth of the curvature: the slack holds it.
    """
    slack = _SLACK_M + 1e-7 * arc_m
    if arc_m >= np.pi * _R_MIN_M:  # half way round and more: anything up to the diameter
        return 0.0, 2 * _R_MAX_M + slack
    low = 2 * _R_MIN_M * np.sin(arc_m / (2 * _R_MIN_M)) - slack
    return max(low, 0.0), 2 * _R_MAX_M * np.sin(arc_m / (2 * _R_MAX_M)) + slack


def _arc_m(chord_m: float) -> float:
    """The arc of a mean circle over a chord; only used to size a tolerance."""
    return float(2 * _R_MAX_M * np.arcsin(min(1.0, chord_m / (2 * _R_MAX_M))))
