"""The main question: who near this place does this, how sure are we, and who else is there.

Puts places, evidence, radius and roads together into one answer, which the page, the command
line and the reports all show.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.entries import Procedure
from geo.errors import CareReachError
from geo.evidence import assess, order
from geo.filters import Filters, kept
from geo.packs import Pack
from geo.places import Place, outside_km
from geo.query import Index, nearest, within_radius
from geo.roads import Engine, RoadsDownError
from geo.schema import HOSPITAL_TYPES, STATUSES
from geo.travel import (
    MAX_MIN,
    MODES,
    OFF_ROAD_KM,
    TOP_KMH,
    Access,
    OnRoad,
    RoadTable,
    find_access,
    join_roads,
    minutes,
    road_distances,
)

__all__ = [
    "DEFAULT_MIN",
    "LISTED",
    "MEASURES",
    "ORDERS",
    "SHOW",
    "Answer",
    "Assessed",
    "assess_pack",
    "find_care",
    "narrow",
]

Ints = npt.NDArray[np.intp]

MEASURES = ("road", "straight", *MODES)
ORDERS = ("evidence", "distance")
#: The statuses that a list counts, strongest first.
LISTED = STATUSES[:4]
#: What a reader can ask to see, and the statuses that it means.
SHOW: Mapping[str, tuple[str, ...]] = {
    "all": LISTED,
    "likely": LISTED[:3],
    "reported": LISTED[:2],
    "confirmed": LISTED[:1],
    "not_offered": ("not_offered",),
}
#: How many of each status are named beyond the radius.
BEYOND_EACH = 2
MAX_RADIUS_KM = 500.0
#: The threshold in minutes where nobody says another: to drive, or to walk.
DEFAULT_MIN = 60.0
#: Of more places than this within the straight-line bound only the nearest are measured in minutes.
MOST_TIMED = 1000
#: So many hospitals, the nearest in a straight line, are measured for the quickest.
_SEEN_AT = 5
#: Farther outside the pack's extent nothing is said about roads or the nearest hospital.
OUTSIDE_KM = 20.0
#: Statuses to groups of the index; the likely with a related service are a group of their own.
_GROUPS = ("confirmed", "reported", "likely", "likely", "unknown", "not_offered")
_GROUP_OF = {word: number for number, word in enumerate(_GROUPS)}


@dataclass(frozen=True)
class Assessed:
    """A pack seen with one procedure on one day: what does not change with place or radius.

    Attributes
    ----------
    rows
        Provider columns and assessment of everybody who may be listed.
    index
        Over `rows`, in the groups of `_GROUPS`.
    hospitals
        Every hospital, for where one can at least be seen.
    narrowed
        Whether filters left only some of the rows.
    silent
        How many rows filters left out only because nothing is on record.
    """

    pack: Pack
    procedure: Procedure
    today: dt.date
    rows: pd.DataFrame
    index: Index
    hospitals: pd.DataFrame
    hospital_index: Index
    roads: RoadTable | None
    access: Access | None
    hospital_access: Access | None
    narrowed: bool = False
    silent: int = 0


@dataclass(frozen=True)
class Answer:
    """Who was found.

    Attributes
    ----------
    results
        Rows within the radius in the reader's order, at most `limit`. With minutes asked for, rows
        have `minutes` and `route_km` (NA where there is no way) and `off_road_km`, how far the
        place is from its road.
    counts
        How many of each status lie within the radius, whatever is shown.
    beyond
        Rows farther away: up to two of each status.
    related
        The nearest with a related service farther away, where none is nearer; else empty.
    seen_at
        One row: the nearest hospital of any kind; empty where the pack has none, or where the
        place lies outside.
    outside_km
        How far outside the pack's extent the place lies, from `OUTSIDE_KM` on; else 0.
    narrowed
        Whether filters left out some of the pack's providers.
    silent
        How many providers of the pack filters left out only for want of data.
    within_min
        The threshold in minutes where `measure` is a mode of `geo.travel.MODES`; then the radius
        is the straight line that nobody can exceed in that time. Else None.
    trouble
        Why minutes were asked for and kilometres stand in, in one sentence; "" where all is well.
    down
        Whether that is because a service does not answer just now.
    off_road_km
        How far the place is from the road that the minutes begin at; 0 without minutes.
    cut
        How many that might be in reach were not measured in minutes, being too many.
    """

    pack: Pack
    procedure: Procedure
    place: Place
    radius_km: float
    measure: str
    order: str
    show: str
    results: pd.DataFrame
    counts: Mapping[str, int]
    beyond: pd.DataFrame
    related: pd.DataFrame
    seen_at: pd.DataFrame
    outside_km: float = 0.0
    narrowed: bool = False
    silent: int = 0
    within_min: float | None = None
    trouble: str = ""
    down: bool = False
    off_road_km: float = 0.0
    cut: int = 0

    @property
    def distance_column(self) -> str:
        """The column that cuts and orders the list."""
        return _column(self.measure)


def assess_pack(pack: Pack, procedure: Procedure, today: dt.date) -> Assessed:
    """Assess every provider of a pack and index those that may be listed.

    Parameters
    ----------
    pack
        The data.
    procedure
        What is asked about.
    today
        The day of asking.
    """
    status = assess(pack.providers, pack.evidence, procedure, today)
    rows = pack.providers.merge(status, on="provider_id", how="inner")
    is_hospital = pack.providers["facility_type"].isin(HOSPITAL_TYPES)
    hospitals = pack.providers[is_hospital].reset_index(drop=True)
    roads = RoadTable.from_frames(pack.roads, pack.road_nodes)

    def access(frame: pd.DataFrame) -> Access | None:
        return find_access(roads, frame["lat"], frame["lon"]) if roads else None

    return Assessed(
        pack=pack,
        procedure=procedure,
        today=today,
        rows=rows,
        index=Index(rows["lat"], rows["lon"], _groups(rows)),
        hospitals=hospitals,
        hospital_index=Index(hospitals["lat"], hospitals["lon"]),
        roads=roads,
        access=access(rows),
        hospital_access=access(hospitals),
    )


def narrow(assessed: Assessed, filters: Filters, now: dt.datetime) -> Assessed:
    """The same with only the providers that pass every filter; hospitals stay.

    Parameters
    ----------
    assessed
        From `assess_pack`.
    filters
        What is asked for.
    now
        A time with its zone.
    """
    if not filters:
        return assessed
    passed, silent = kept(assessed.rows, filters, now)
    positions = np.flatnonzero(passed)
    rows = assessed.rows.iloc[positions].reset_index(drop=True)
    return replace(
        assessed,
        rows=rows,
        index=Index(rows["lat"], rows["lon"], _groups(rows)),
        access=assessed.access.take(positions) if assessed.access else None,
        narrowed=True,
        silent=silent,
    )


def _groups(rows: pd.DataFrame) -> Ints:
    """The group of each row in the index."""
    related = rows["related"].to_numpy(bool) & (rows["status"] == "likely").to_numpy(bool)
    return np.array([_GROUP_OF[status] for status in rows["status"]], np.intp) - related


def find_care(
    assessed: Assessed,
    place: Place,
    radius_km: float,
    *,
    measure: str | None = None,
    within_min: float = DEFAULT_MIN,
    engine: Engine | None = None,
    order_by: str = "evidence",
    show: str = "all",
    limit: int = 50,
) -> Answer:
    """Answer the main question for one place.

    Parameters
    ----------
    assessed
        From `assess_pack`.
    place
        Where to search from.
    radius_km
        How far, by `measure` where it is one of kilometres, or stands in for minutes.
    measure
        "road" or "straight" kilometres, "drive" or "walk" for minutes; the pack's own by default.
        Where the pack has no roads the straight line stands in, and for a place far outside the
        pack too. Where there is no engine for minutes, the road table or the straight line.
    within_min
        How many minutes, where these are asked for.
    engine
        Measures minutes; from `geo.travel.engine_for`.
    order_by
        "evidence" or "distance".
    show
        A key of `SHOW`.
    limit
        How many rows to list at most.

    Raises
    ------
    CareReachError
        If an argument is not one of these.
    """
    measure = measure or assessed.pack.measure
    for value, allowed, name in (
        (measure, MEASURES, "measure"),
        (order_by, ORDERS, "order"),
        (show, tuple(SHOW), "show"),
    ):
        if value not in allowed:
            raise CareReachError(f"{name} is {value!r}; it can be {', '.join(allowed)}.")
    if not 0 < radius_km <= MAX_RADIUS_KM:
        raise CareReachError(
            f"The radius is {radius_km:g} km; it can be above 0 and up to {MAX_RADIUS_KM:g}."
        )
    if not 0 < within_min <= MAX_MIN:
        raise CareReachError(
            f"The threshold is {within_min:g} minutes; it can be above 0 and up to {MAX_MIN:g}."
        )
    away_km = outside_km(assessed.pack.outline, place.lat, place.lon)
    away_km = away_km if away_km > OUTSIDE_KM else 0.0
    roads = None if away_km else assessed.roads
    trouble, down = "", False
    if measure in MODES:
        trouble = "There are no roads to measure minutes on."
        if engine is not None and not away_km:
            try:
                here = join_roads(engine, [(place.lat, place.lon)], measure)
                if here.off_km[0] <= OFF_ROAD_KM:
                    way = _Way(assessed, place, roads, measure, within_min, engine, here)
                    return _answer(way, radius_km, order_by, show, limit)
                trouble = f"{place.name} is more than {OFF_ROAD_KM:g} km from any road on the map."
            except RoadsDownError as error:
                trouble, down = str(error), True
        measure = assessed.pack.measure
    if roads is None or measure in MODES:
        measure = "straight" if roads is None else "road"
    answer = _answer(
        _Way(assessed, place, roads, measure, radius_km), radius_km, order_by, show, limit
    )
    return replace(
        answer,
        outside_km=away_km,
        trouble=trouble,
        down=down,
        seen_at=answer.seen_at.head(0 if away_km else 1),
    )


def _column(measure: str) -> str:
    return {"road": "road_km", "straight": "distance_km"}.get(measure, "minutes")


@dataclass(frozen=True)
class _Way:
    """From where, and how far by what: everything that a distance depends on."""

    assessed: Assessed
    place: Place
    roads: RoadTable | None
    measure: str
    within: float
    engine: Engine | None = None
    here: OnRoad | None = None

    @property
    def bound_km(self) -> float:
        """No way within the threshold leads farther in a straight line.

        Minutes are counted from road to road: either end may be off its own.
        """
        if self.engine is None:
            return self.within
        return TOP_KMH[self.measure] * self.within / 60 + 2 * OFF_ROAD_KM

    def measured(self, rows: pd.DataFrame, access: Access | None, positions: Ints) -> pd.DataFrame:
        """Some of the rows, with how far they are from the place."""
        rows = rows.iloc[positions].reset_index(drop=True)
        access = access.take(positions) if access else None
        place = self.place
        far = road_distances(self.roads, place.lat, place.lon, rows["lat"], rows["lon"], access)
        if self.engine is not None and self.here is not None:
            trips = minutes(self.engine, self.here, rows[["lat", "lon"]], self.measure)
            far["minutes"], far["route_km"] = trips.minutes[0], trips.km[0]
            far["off_road_km"] = trips.to_road_km
        return pd.concat([rows, far], axis=1)


def _answer(way: _Way, radius_km: float, order_by: str, show: str, limit: int) -> Answer:
    """Everybody within the threshold, and some beyond it."""
    assessed, place, column = way.assessed, way.place, _column(way.measure)
    counted = way.measure == "straight"
    # No road is shorter than the straight line, so the bound says what has to be measured.
    most = limit if counted else MOST_TIMED if way.engine else None
    hits = within_radius(assessed.index, place.lat, place.lon, way.bound_km, most)
    near_first = hits.positions if counted else hits.positions[:most]
    some = np.union1d(near_first, _candidates_beyond(way))
    measured = way.measured(assessed.rows, assessed.access, some)
    cut = 0
    if way.engine is not None:
        listed = sum(n for word, n in zip(_GROUPS, hits.counts, strict=False) if word in LISTED)
        cut = int(listed) - int((measured["distance_km"] <= way.bound_km).sum())
    near = (measured[column] <= way.within).fillna(False).to_numpy(bool)
    inside, beyond = measured[near], measured[~near & measured["status"].isin(LISTED)]
    counts = dict.fromkeys(LISTED, 0)
    if counted:
        inside = measured[near & np.isin(some, hits.positions)]
        for word, number in zip(_GROUPS, hits.counts, strict=False):
            if word in counts:
                counts[word] += int(number)
    else:
        tally = inside["status"].value_counts()
        counts = {word: int(tally.get(word, 0)) for word in LISTED}
    beyond = order(beyond, "distance", column)
    related = beyond[beyond["related"].astype(bool)].head(1)
    if (inside["related"].astype(bool) & inside["status"].isin(LISTED)).any():
        related = related.head(0)
    named = beyond.groupby("status", sort=False).head(BEYOND_EACH)
    results = order(inside[inside["status"].isin(SHOW[show])], order_by, column)
    return Answer(
        pack=assessed.pack,
        procedure=assessed.procedure,
        place=place,
        radius_km=way.bound_km if way.engine else radius_km,
        measure=way.measure,
        order=order_by,
        show=show,
        results=results.head(limit).reset_index(drop=True),
        counts=counts,
        beyond=order(named, order_by, column, related_first=False).reset_index(drop=True),
        related=related.reset_index(drop=True),
        seen_at=_seen_at(way),
        narrowed=assessed.narrowed,
        silent=assessed.silent,
        within_min=way.within if way.engine else None,
        off_road_km=float(way.here.off_km[0]) if way.here else 0.0,
        cut=max(cut, 0),
    )


def _candidates_beyond(way: _Way) -> Ints:
    """Rows among which the nearest beyond the threshold are.

    Roads may reorder anything, so with a road table (small packs) all rows are measured.
    """
    assessed, place = way.assessed, way.place
    if way.measure == "road":
        return np.arange(len(assessed.rows))
    beyond = nearest(assessed.index, place.lat, place.lon, BEYOND_EACH, way.bound_km).positions
    if way.engine is not None:
        return beyond
    skilled = np.flatnonzero(assessed.rows["related"].to_numpy(bool))
    return np.union1d(beyond, skilled)


def _seen_at(way: _Way) -> pd.DataFrame:
    """The nearest hospital of any kind, where one can at least be seen; not from far outside."""
    assessed, place, column = way.assessed, way.place, _column(way.measure)
    positions = np.arange(len(assessed.hospitals))
    if column != "road_km":
        most = _SEEN_AT if way.engine else 1
        positions = nearest(assessed.hospital_index, place.lat, place.lon, most).positions
    found = way.measured(assessed.hospitals, assessed.hospital_access, positions)
    return found.nsmallest(1, column).reset_index(drop=True)
