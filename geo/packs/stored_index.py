"""Who is near, asked of PostGIS, with the very answers of the index in memory.

The database finds candidates by a GiST index over `geography`. Which of them are in the answer is
decided here, by `pyproj.Geod` as in memory: its `<->` orders by distance on a sphere, and its
distances on the spheroid may differ in the last digits.
"""

import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.distance import Hits, Index, distance_km, rank
from geo.errors import CareReachError, DataError
from geo.packs.database import Database

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

#: Metres by which PostGIS and pyproj may differ, and many times that.
_SLACK_M = 1e-3
#: A distance on PostGIS's sphere, which is found sooner, is at most so many times that on WGS84:
#: its radius of 6,371,009 m over the smallest radius of curvature there, 6,335,439 m.
_SPHERE_HIGH = 1.0057
#: And at least so many times: 6,371,009 m over the largest one, 6,399,594 m.
_SPHERE_LOW = 0.9955
#: With more rows than this in another group than others of their kind, memory is the better place.
_MOST_OWN = 20_000
_HERE = "ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography"


@dataclass(frozen=True)
class Spots:
    """The providers of one version of a pack, as the database has them.

    Attributes
    ----------
    database
        Where they are.
    pack_id
        Of the version.
    hash
        The SHA-256 of its descriptor.
    alike_hash
        Of how its providers were numbered by kind when it was loaded, from `hash_of_kinds`.
    """

    database: Database
    pack_id: int
    hash: str
    alike_hash: str

    @property
    def table(self) -> str:
        """The table of this very content: another, under a number used again, has another name."""
        return table_of(self.pack_id, self.hash, self.alike_hash)


def table_of(pack_id: int, digest: str, alike_hash: str) -> str:
    """What the table of the providers of a version is called.

    Raises
    ------
    DataError
        If the hashes, which may come from a database, are not hashes.
    """
    if not all(re.fullmatch(r"[0-9a-f]{64}", part) for part in (digest, alike_hash)):
        raise DataError("carereach.pack", "has a hash that is not one")
    return f"carereach.provider_{pack_id:d}_{digest[:12]}_{alike_hash[:12]}"


def hash_of_kinds(number: npt.NDArray[np.int32]) -> str:
    """What tells one numbering of providers by kind from another."""
    return hashlib.sha256(np.ascontiguousarray(number, "<i4").tobytes()).hexdigest()


class StoredIndex:
    """Positions in the database, ready to be searched; in memory where it does not answer.

    Parameters
    ----------
    spots
        Says where they are just now; None while nobody knows.
    kinds
        The number of the kind of every provider of the pack, shape (m,).
    positions
        Which providers can be found, shape (n,), ascending.
    lat, lon
        Of these, degrees, shape (n,).
    group
        The group of each, shape (n,).
    """

    def __init__(
        self,
        spots: Callable[[], Spots | None],
        kinds: npt.NDArray[np.int32],
        positions: Ints,
        where: tuple[Floats, Floats],
        group: Ints,
    ) -> None:
        self.lat, self.lon = where
        self._spots, self._positions, self._group = spots, positions, group
        self._alike_hash = hash_of_kinds(kinds)
        every = np.full(len(kinds), -1, np.intp)
        every[positions] = group
        of_kind = _commonest(kinds, every)
        own = np.flatnonzero(every != of_kind[kinds])
        self.is_worth_asking = len(own) <= _MOST_OWN
        self._left_out: list[int] = own.tolist()
        groups = int(group.max(initial=0)) + 1
        self._kinds: list[list[int]] = [
            np.flatnonzero(of_kind == g).tolist() for g in range(groups)
        ]
        self._group_of_kind = of_kind
        own = own[every[own] >= 0]
        self._own = np.searchsorted(positions, own)
        self._own_index = Index(self.lat[self._own], self.lon[self._own], group[self._own])

    @functools.cached_property
    def _memory(self) -> Index:
        """The same without the database."""
        return Index(self.lat, self.lon, self._group)

    def within_radius(
        self, lat: float, lon: float, radius_km: float, limit: int | None = 50
    ) -> Hits:
        """As `geo.distance.within_radius`."""
        try:
            return self._within(lat, lon, radius_km, limit)
        except CareReachError:
            return self._memory.within_radius(lat, lon, radius_km, limit)

    def nearest(self, lat: float, lon: float, k: int, beyond_km: float = 0.0) -> Hits:
        """As `geo.distance.nearest`."""
        try:
            return self._nearest(lat, lon, k, beyond_km)
        except CareReachError:
            return self._memory.nearest(lat, lon, k, beyond_km)

    def _within(self, lat: float, lon: float, radius_km: float, limit: int | None) -> Hits:
        centre, reach_m = (lat, lon), 1000 * radius_km
        counts = self._counts(centre, radius_km)
        own = self._own_index.within_radius(lat, lon, radius_km, limit)
        near = []
        for group, kinds in enumerate(self._kinds):
            most = int(counts[group]) if limit is None else min(limit, int(counts[group]))
            rows = self._nearest_of(kinds, centre, most, (-1.0, reach_m)) if most else _NONE
            near.append(np.append(rows, self._own[own.positions[own.group == group]]))
        found = rank((self.lat, self.lon), centre, near, (-1.0, radius_km), limit)
        counts[: len(own.counts)] += own.counts
        return replace(found, counts=counts)

    def _nearest(self, lat: float, lon: float, k: int, beyond_km: float) -> Hits:
        centre, beyond_m = (lat, lon), 1000 * beyond_km if beyond_km else -1.0
        own = self._own_index.nearest(lat, lon, k, beyond_km)
        near = []
        for group, kinds in enumerate(self._kinds):
            rows = self._nearest_of(kinds, centre, k, (beyond_m, np.inf))
            near.append(np.append(rows, self._own[own.positions[own.group == group]]))
        return rank((self.lat, self.lon), centre, near, (beyond_km or -1.0, np.inf), k)

    def _counts(self, centre: tuple[float, float], radius_km: float) -> Ints:
        """How many of each group lie within a radius, of those that are as others of their kind."""
        low_m, high_m = 1000 * radius_km - _SLACK_M, 1000 * radius_km + _SLACK_M
        found = self._ask(
            "WITH around AS MATERIALIZED (SELECT alike, position, geog,"
            " ST_Distance(geog, {here}, false) AS on_sphere FROM {table}"
            " WHERE ST_DWithin(geog, {here}, %(around)s, false)"
            " AND alike = ANY(%(kinds)s) {left_out}),"
            " near AS MATERIALIZED (SELECT alike, position, CASE WHEN on_sphere < %(surely)s"
            " THEN on_sphere ELSE ST_Distance(geog, {here}) END AS metres FROM around)"
            " SELECT alike, count(*) FILTER (WHERE metres < %(low)s),"
            " array_agg(position) FILTER (WHERE metres >= %(low)s)"
            " FROM near WHERE metres <= %(high)s GROUP BY alike",
            centre,
            [kind for kinds in self._kinds for kind in kinds],
            {
                "low": low_m,
                "high": high_m,
                "around": _SPHERE_HIGH * high_m,
                "surely": _SPHERE_LOW * low_m,
            },
        )
        counts = np.zeros(len(self._kinds), np.intp)
        for kind, sure, shell in found:
            rows = self._rows(shell or [])
            km = distance_km(*centre, self.lat[rows], self.lon[rows])
            counts[self._group_of_kind[kind]] += sure + np.count_nonzero(km <= radius_km)
        return counts

    def _nearest_of(
        self, kinds: list[int], centre: tuple[float, float], k: int, between_m: tuple[float, float]
    ) -> Ints:
        """Rows among which the k nearest of some kinds between two distances surely are."""
        if not kinds:
            return _NONE
        beyond_m, reach_m = between_m
        far = " AND NOT ST_DWithin(geog, {here}, %(beyond)s, false)" if beyond_m > 0 else ""
        some = "SELECT position FROM {table} WHERE alike = ANY(%(kinds)s) {left_out}"
        first = f"{some}{far} ORDER BY geog <-> {{here}} LIMIT %(k)s"
        bounds = {"beyond": _SPHERE_HIGH * beyond_m, "k": k}
        found = self._rows([row for (row,) in self._ask(first, centre, kinds, bounds)])
        within = ""
        if len(found) == k:
            # A sphere orders a little otherwise: everybody as near as the farthest of these.
            farthest = distance_km(*centre, self.lat[found], self.lon[found]).max()
            reach_m = min(reach_m, 1000 * float(farthest) + _SLACK_M)
            within = " AND ST_DWithin(geog, {here}, %(reach)s, false)"
        elif beyond_m <= 0:
            return found
        bounds = {"beyond": _SPHERE_LOW * beyond_m - 1, "reach": _SPHERE_HIGH * reach_m + 1}
        return self._rows([r for (r,) in self._ask(some + far + within, centre, kinds, bounds)])

    def _ask(
        self, question: str, centre: tuple[float, float], kinds: list[int], bounds: dict[str, Any]
    ) -> list[Any]:
        """Rows of the database."""
        spots = self._spots()
        if spots is None or spots.alike_hash != self._alike_hash:
            raise CareReachError("The store does not have this.")
        left_out = "AND position <> ALL(%(left_out)s)" if self._left_out else ""
        text = question.format(
            here=_HERE,
            # The table of this version itself: once that is gone, it is an error and not "nobody".
            table=spots.table,
            left_out=left_out,
        )
        values = {"lat": centre[0], "lon": centre[1], "kinds": kinds, "left_out": self._left_out}
        return spots.database.ask(text, values | bounds)

    def _rows(self, positions: list[int]) -> Ints:
        """The rows of this index that providers of the pack have."""
        return np.searchsorted(self._positions, np.array(positions, np.intp))


_NONE = np.empty(0, np.intp)


def _commonest(kinds: npt.NDArray[np.int32], group: Ints) -> Ints:
    """The group that most rows of each kind are in, shape (k,)."""
    groups = int(group.max(initial=0)) + 2
    number = kinds.astype(np.int64) * groups + group + 1
    counts = np.bincount(number, minlength=(int(kinds.max(initial=-1)) + 1) * groups)
    return np.asarray(counts.reshape(-1, groups).argmax(axis=1) - 1, np.intp)
