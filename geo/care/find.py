"""The main question: who near this place does this, how sure are we, and who else is there.

Puts places, evidence and measures together into one answer, which the page, the command line and
the reports all show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.care.assessed import GROUPS, Assessed, spots_of
from geo.care.entry import Procedure
from geo.care.evidence import order
from geo.distance import Hits, nearest
from geo.errors import CareReachError
from geo.packs.gazetteer import OUTSIDE_KM, Place, outside_km
from geo.packs.pack import Pack
from geo.packs.schema import STATUSES
from geo.travel.measure import (
    DEFAULT_MIN,
    MAX_RADIUS_KM,
    OVER_TERRAIN,
    Choice,
    Measure,
    OffRoadError,
    Origin,
    check_within,
    pack_measures,
)
from geo.travel.terrain import Terrain
from geo.travel.times import MAX_MIN
from geo.travel.valhalla import Engine, RoadsDownError
from geo.units import UNITS, Units

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

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
#: Where only some rows are measured, this many hospitals, the nearest in a straight line, are.
_HOSPITALS_MEASURED = 5


@dataclass(frozen=True)
class Search:
    """What is asked for, besides the procedure and the place.

    Attributes
    ----------
    radius_km
        How far, where the measure is one of kilometres, or stands in for minutes.
    within_min
        How many minutes, where these are asked for.
    measure
        "road" or "straight" kilometres, "drive" or "walk" for minutes; the pack's own by default.
    order
        "evidence" or "distance".
    show
        A key of `SHOW`.
    limit
        How many rows to list at most.
    units
        What distances are told in, "km" or "mi"; the radius is in kilometres all the same.

    Raises
    ------
    CareReachError
        If a value is not one of these.
    """

    radius_km: float
    within_min: float = DEFAULT_MIN
    measure: str | None = None
    order: str = "evidence"
    show: str = "all"
    limit: int = 50
    units: Units = "km"

    def __post_init__(self) -> None:
        """Refuse what cannot be asked for."""
        for name, allowed in (("order", ORDERS), ("show", tuple(SHOW)), ("units", UNITS)):
            value = getattr(self, name)
            if value not in allowed:
                raise CareReachError(f"{name} is {value!r}; it can be {', '.join(allowed)}.")
        check_within("radius", self.radius_km, "km", MAX_RADIUS_KM)
        check_within("threshold", self.within_min, "minutes", MAX_MIN)

    def within(self, measure: Measure) -> float:
        """The threshold in the unit of a measure."""
        return self.within_min if measure.unit == "min" else self.radius_km


@dataclass(frozen=True)
class Answer:
    """Who is there.

    Attributes
    ----------
    search
        What was asked for.
    measure
        What cuts and orders the list.
    radius_km
        The radius, or with minutes the straight line that nobody can exceed in that time.
    results
        Rows within the threshold in the reader's order, at most `search.limit`. With minutes rows
        have `minutes` and `route_km` (NA where there is no way) and `off_road_km`, how far the
        place is from its road.
    counts
        How many of each status lie within the threshold, whatever is shown.
    beyond
        Rows farther away: up to two of each status.
    related
        The nearest with a related service farther away, where none is nearer; else empty.
    seen_at
        One row: the nearest hospital of any kind; empty where the pack has none, or where the
        place lies outside.
    outside_km
        How far outside the pack's extent the place lies, from `OUTSIDE_KM` on; else 0.
    reason
        Why minutes were asked for and kilometres stand in, in one sentence; "" where all is well.
    down
        Whether that is because a service does not answer just now.
    off_road_km
        How far the place is from the road that the minutes begin at; 0 without minutes.
    not_measured
        How many that might be in reach were not measured in minutes, being too many.
    """

    assessed: Assessed
    place: Place
    search: Search
    measure: Measure
    radius_km: float
    results: pd.DataFrame
    counts: Mapping[str, int]
    beyond: pd.DataFrame
    related: pd.DataFrame
    seen_at: pd.DataFrame
    outside_km: float = 0.0
    reason: str = ""
    down: bool = False
    off_road_km: float = 0.0
    not_measured: int = 0

    @property
    def pack(self) -> Pack:
        """Whose providers these are."""
        return self.assessed.pack

    @property
    def procedure(self) -> Procedure:
        """What was asked about."""
        return self.assessed.procedure

    @property
    def within(self) -> float:
        """The threshold in the unit of the measure."""
        return self.search.within(self.measure)

    @property
    def units(self) -> Units:
        """What distances are told in."""
        return self.search.units

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """Rows within the threshold and beyond as points, EPSG:4326.

        Returns
        -------
        geopandas.GeoDataFrame
            The columns of `results`, and `farther`: whether a row lies beyond the threshold.
        """
        parts = [(self.results, False), (self.beyond, True), (self.related, True)]
        rows = pd.concat(
            [frame.assign(farther=farther) for frame, farther in parts if len(frame)]
            or [self.results.assign(farther=False)],
            ignore_index=True,
        ).drop_duplicates("provider_id", ignore_index=True)
        points = gpd.points_from_xy(rows["lon"], rows["lat"])
        return gpd.GeoDataFrame(rows, geometry=points, crs=4326)


def find_care(
    assessed: Assessed,
    place: Place,
    search: Search,
    engine: Engine | None = None,
    terrain: Terrain | None = None,
) -> Answer:
    """Answer the main question for one place.

    Where the measure that was asked for cannot be had (no roads, a place off every road or far
    outside the pack, a service that is down), kilometres stand in and the answer says why.

    Parameters
    ----------
    assessed
        From `assess_pack`.
    place
        Where to search from.
    search
        How far, by what, in which order, and what to show.
    engine
        Measures minutes on roads; from `geo.travel.times.engine_for`.
    terrain
        Measures them over terrain; from `geo.travel.terrain.terrain_for`.

    Raises
    ------
    CareReachError
        If there is no such measure.
    """
    pack = assessed.pack
    away_km = outside_km(pack.outline, place.lat, place.lon)
    away_km = away_km if away_km > OUTSIDE_KM else 0.0
    if away_km:
        measures = pack_measures(pack, None)
    else:
        measures = pack_measures(pack, assessed.roads, engine, terrain=terrain)
    choice = measures.choose(search.measure)
    if away_km and terrain is not None and (search.measure or pack.measure) == OVER_TERRAIN:
        off = f"{place.name} is not on the terrain that minutes are measured over."
        choice = replace(choice, reason=f"{off} Distances are shown instead.")
    try:
        origin = choice.measure.start(place.lat, place.lon, place.name)
        answer = _answer(_Question(assessed, place, search, choice.measure, origin))
    except (OffRoadError, RoadsDownError) as error:
        down = isinstance(error, RoadsDownError)
        choice = Choice(measures.kilometres, str(error), down)
        origin = choice.measure.start(place.lat, place.lon, place.name)
        answer = _answer(_Question(assessed, place, search, choice.measure, origin))
    return replace(
        answer,
        outside_km=away_km,
        reason=choice.reason,
        down=choice.down,
        seen_at=answer.seen_at.head(0 if away_km else 1),
    )


@dataclass(frozen=True)
class _Question:
    """Everything that an answer depends on."""

    assessed: Assessed
    place: Place
    search: Search
    measure: Measure
    origin: Origin

    @property
    def within(self) -> float:
        """The threshold in the unit of the measure."""
        return self.search.within(self.measure)

    @property
    def bound_km(self) -> float:
        """No way within the threshold leads farther in a straight line."""
        return self.measure.bound_km(self.within)

    def measured(self, positions: Ints) -> pd.DataFrame:
        """How far some of the rows are, with what cuts and orders them; `at` is which they are."""
        assessed = self.assessed
        lat, lon = assessed.index.lat[positions], assessed.index.lon[positions]
        answers = assessed.found.verdicts[["status", "related"]]
        answers = answers.iloc[assessed.found.number[positions]].reset_index(drop=True)
        rows = pd.DataFrame({"at": positions, "lat": lat, "lon": lon}).join(answers)
        access = assessed.access.take(positions) if assessed.access else None
        return self.origin.measured(rows, access)

    def whole(self, measured: pd.DataFrame) -> pd.DataFrame:
        """Measured rows with all that is known of them, numbered from 0."""
        far = measured.drop(columns=["at", "lat", "lon", "status", "related"])
        rows = self.assessed.take(measured["at"].to_numpy(np.intp))
        return pd.concat([rows, far.reset_index(drop=True)], axis=1)


def _answer(question: _Question) -> Answer:
    """Everybody within the threshold, and some beyond it."""
    assessed, search, measure = question.assessed, question.search, question.measure
    # No way is shorter than the straight line, so the bound says what has to be measured.
    most = search.limit if measure.is_bound else measure.most_rows
    place = question.place
    hits = assessed.index.within_radius(place.lat, place.lon, question.bound_km, most)
    nearest_first = hits.positions if measure.is_bound else hits.positions[:most]
    some = np.union1d(nearest_first, _candidates_beyond(question))
    measured = question.measured(some)
    # What could not be measured is not near.
    near = measured[measure.column].to_numpy(float, na_value=np.nan) <= question.within
    status = measured["status"].to_numpy(object)
    inside, beyond = measured[near], measured[~near & (status != "not_offered")]
    counts = _counts(inside, hits if measure.is_bound else None)
    if measure.is_bound:
        inside = measured[near & np.isin(some, hits.positions)]
    not_measured = 0
    if measure.most_rows is not None:
        in_bound = int((measured["distance_km"] <= question.bound_km).sum())
        not_measured = max(sum(_counts(measured, hits).values()) - in_bound, 0)
    beyond = order(beyond, "distance", measure.column)
    related = beyond[beyond["related"].astype(bool)].head(1)
    if (inside["related"].astype(bool) & inside["status"].isin(LISTED)).any():
        related = related.head(0)
    named = beyond[_first_of_each(beyond["status"].to_numpy(object), BEYOND_EACH)]
    named = order(named, search.order, measure.column, related_first=False)
    results = order(inside[inside["status"].isin(SHOW[search.show])], search.order, measure.column)
    results = results.head(search.limit)
    whole = question.whole(pd.concat([results, named, related]))
    ends = np.cumsum([len(results), len(named), len(related)])
    parts = [
        whole.iloc[start:end].reset_index(drop=True)
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    return Answer(
        assessed=assessed,
        place=place,
        search=search,
        measure=measure,
        radius_km=question.bound_km,
        results=parts[0],
        counts=counts,
        beyond=parts[1],
        related=parts[2],
        seen_at=_seen_at(question),
        off_road_km=question.origin.off_road_km,
        not_measured=not_measured,
    )


def _first_of_each(words: npt.NDArray[np.object_], most: int) -> npt.NDArray[np.bool_]:
    """Which of some words are among the first of their kind."""
    seen = dict.fromkeys(words, 0)
    chosen = np.zeros(len(words), bool)
    for at, word in enumerate(words):
        chosen[at] = seen[word] < most
        seen[word] += 1
    return chosen


def _counts(rows: pd.DataFrame, hits: Hits | None) -> dict[str, int]:
    """How many of each listed status: of the hits of an index where given, else of the rows."""
    if hits is None:
        tally = rows["status"].value_counts()
        return {status: int(tally.get(status, 0)) for status in LISTED}
    counts = dict.fromkeys(LISTED, 0)
    for status, number in zip(GROUPS, hits.counts, strict=False):
        if status in counts:
            counts[status] += int(number)
    return counts


def _candidates_beyond(question: _Question) -> Ints:
    """Rows among which the nearest beyond the threshold are.

    Roads may reorder anything, so where any number of rows can be measured all are.
    """
    assessed, place, measure = question.assessed, question.place, question.measure
    if not measure.is_bound and measure.most_rows is None:
        return np.arange(len(assessed))
    beyond = assessed.index.nearest(place.lat, place.lon, BEYOND_EACH, question.bound_km).positions
    if not measure.is_bound:
        return beyond
    rows, index = assessed.skilled
    # The nearest of each status: of those equally far the strongest is named.
    skilled = nearest(index, place.lat, place.lon, 1, question.bound_km).positions
    return np.union1d(beyond, rows[skilled])


def _seen_at(question: _Question) -> pd.DataFrame:
    """The nearest hospital of any kind, where one can at least be seen."""
    assessed, place, measure = question.assessed, question.place, question.measure
    pack = assessed.pack
    positions = np.arange(len(pack.hospitals))
    if measure.is_bound or measure.most_rows is not None:
        most = 1 if measure.is_bound else _HOSPITALS_MEASURED
        positions = nearest(pack.hospital_index, place.lat, place.lon, most).positions
    access = assessed.hospital_access
    rows = pack.hospitals[positions]
    lat, lon = spots_of(pack, rows)
    spots = pd.DataFrame({"at": rows, "lat": lat, "lon": lon})
    spots = question.origin.measured(spots, access.take(positions) if access else None)
    found = spots.nsmallest(1, measure.column).reset_index(drop=True)
    hospital = pack.providers.iloc[found["at"]].reset_index(drop=True)
    return pd.concat([hospital, found.drop(columns=["at", "lat", "lon"])], axis=1)
