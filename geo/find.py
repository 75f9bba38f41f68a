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
from geo.schema import HOSPITAL_TYPES, STATUSES
from geo.travel import Access, RoadTable, find_access, road_distances

__all__ = [
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

MEASURES = ("road", "straight")
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
        Rows within the radius in the reader's order, at most `limit`.
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

    @property
    def distance_column(self) -> str:
        """The column that cuts and orders the list."""
        return "road_km" if self.measure == "road" else "distance_km"


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
        How far, by `measure`.
    measure
        "road" or "straight"; the pack's own by default. Where the pack has no roads the
        straight line stands in, and for a place far outside the pack too.
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
    away_km = outside_km(assessed.pack.outline, place.lat, place.lon)
    away_km = away_km if away_km > OUTSIDE_KM else 0.0
    roads = None if away_km else assessed.roads
    if roads is None:
        measure = "straight"
    column = "road_km" if measure == "road" else "distance_km"
    # No road is shorter than the straight line, so the radius bounds what has to be measured.
    hits = within_radius(
        assessed.index, place.lat, place.lon, radius_km, None if measure == "road" else limit
    )
    inside = _measured(roads, place, assessed.rows, assessed.access, hits.positions)
    inside = inside[inside[column] <= radius_km]
    if measure == "road":
        tally = inside["status"].value_counts()
        counts = {word: int(tally.get(word, 0)) for word in LISTED}
    else:
        counts = dict.fromkeys(LISTED, 0)
        for word, number in zip(_GROUPS, hits.counts, strict=False):
            if word in counts:
                counts[word] += int(number)
    others = _candidates_beyond(assessed, place, radius_km, measure)
    beyond = _measured(roads, place, assessed.rows, assessed.access, others)
    far = beyond[column].isna() | (beyond[column] > radius_km)
    beyond = order(beyond[far & beyond["status"].isin(LISTED)], "distance", column)
    related = beyond[beyond["related"].astype(bool)].head(1)
    if (inside["related"].astype(bool) & inside["status"].isin(LISTED)).any():
        related = related.head(0)
    named = beyond.groupby("status", sort=False).head(BEYOND_EACH)
    results = order(inside[inside["status"].isin(SHOW[show])], order_by, column)
    return Answer(
        pack=assessed.pack,
        procedure=assessed.procedure,
        place=place,
        radius_km=radius_km,
        measure=measure,
        order=order_by,
        show=show,
        results=results.head(limit).reset_index(drop=True),
        counts=counts,
        beyond=order(named, order_by, column, related_first=False).reset_index(drop=True),
        related=related.reset_index(drop=True),
        seen_at=_seen_at(assessed, roads, place, column).head(0 if away_km else 1),
        outside_km=away_km,
        narrowed=assessed.narrowed,
        silent=assessed.silent,
    )


def _measured(
    roads: RoadTable | None,
    place: Place,
    rows: pd.DataFrame,
    access: Access | None,
    positions: Ints,
) -> pd.DataFrame:
    """Some of the rows, with how far they are from the place."""
    rows = rows.iloc[positions].reset_index(drop=True)
    access = access.take(positions) if access else None
    far = road_distances(roads, place.lat, place.lon, rows["lat"], rows["lon"], access)
    return pd.concat([rows, far], axis=1)


def _candidates_beyond(assessed: Assessed, place: Place, radius_km: float, measure: str) -> Ints:
    """Rows among which the nearest beyond the radius are.

    Roads may reorder anything, so with a road table (small packs) all rows are measured.
    """
    if measure == "road":
        return np.arange(len(assessed.rows))
    hits = nearest(assessed.index, place.lat, place.lon, BEYOND_EACH, radius_km)
    skilled = np.flatnonzero(assessed.rows["related"].to_numpy(bool))
    return np.union1d(hits.positions, skilled)


def _seen_at(
    assessed: Assessed, roads: RoadTable | None, place: Place, column: str
) -> pd.DataFrame:
    """The nearest hospital of any kind, where one can at least be seen."""
    positions = np.arange(len(assessed.hospitals))
    if column == "distance_km":
        positions = nearest(assessed.hospital_index, place.lat, place.lon, 1).positions
    found = _measured(roads, place, assessed.hospitals, assessed.hospital_access, positions)
    return found.nsmallest(1, column).reset_index(drop=True)
