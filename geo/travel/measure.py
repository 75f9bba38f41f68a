"""What distances are measured by: a straight line, the road table, minutes on roads.

Every question of how far goes through a `Measure`; `Measures.choose` is the one place that
decides which of them is used, and says why where it is not the one asked for.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import override

from geo.distance import Pairs, Targets, distance_km, nearest_of_each, pairs_within
from geo.errors import CareReachError
from geo.packs.pack import Pack
from geo.progress import Progress, Step, silent
from geo.travel.road_table import RoadAccess, RoadTable, road_access, road_distances
from geo.travel.surface import NEAR_KM, Field
from geo.travel.terrain import NO_TERRAIN, Terrain, minutes_over, terrain_for
from geo.travel.times import (
    MAX_MIN,
    MODES,
    OFF_ROAD_KM,
    TOP_KMH,
    OnRoad,
    Times,
    join_roads,
    minutes,
)
from geo.travel.valhalla import Engine

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
#: Latitudes and longitudes, degrees, each of shape (n,).
Points = tuple[Floats, Floats]

#: Every measure by its name in addresses and commands.
OVER_TERRAIN = "terrain"
MEASURES = ("road", "straight", *MODES, OVER_TERRAIN)
#: Those that are in minutes.
IN_MINUTES = (*MODES, OVER_TERRAIN)
MAX_RADIUS_KM = 500.0
#: The threshold in minutes by default.
DEFAULT_MIN = 60.0
#: Of more places than this within the straight-line bound only the nearest are measured in minutes.
MOST_TIMED = 1000
NO_ROADS = "There are no roads to measure minutes on."


class OffRoadError(CareReachError):
    """A place is too far from any road: something else has to stand in."""


@dataclass(frozen=True)
class Supply:
    """Places in tiers; a tier includes those before it.

    Attributes
    ----------
    places
        Latitudes and longitudes, degrees, each of shape (m,).
    tier
        Of each place, from 0, shape (m,).
    tiers
        How many there are.
    """

    places: Points
    tier: Ints
    tiers: int


@dataclass(frozen=True)
class Timed:
    """Ways by a mode from each point to the quickest place of each tier.

    Attributes
    ----------
    route_km, straight_km
        How long the quickest way is from end to end, and the straight line to the same place;
        shape (tiers, n), NaN where there is no way.
    nearest_minutes
        Minutes to the place that is the nearest in a straight line, shape (tiers, n); infinite
        where no way leads there.
    from_road_km
        How far each point is from its road, shape (n,); NaN where there is none.
    """

    route_km: Floats
    straight_km: Floats
    nearest_minutes: Floats
    from_road_km: Floats


@dataclass(frozen=True)
class Reached:
    """How far points are from the nearest place of each tier, by one measure.

    Attributes
    ----------
    far
        By name of a measure or of a bound ("road_high"): shape (tiers, n), in the unit of the
        measure; infinite where nobody can be reached. A tier includes those before it.
    timed
        More on the ways, of measures in minutes.
    """

    far: Mapping[str, Floats]
    timed: Timed | None = None


@dataclass(frozen=True)
class Origin:
    """A place to measure from.

    Attributes
    ----------
    table
        Gives every row its road kilometres, whatever the measure.
    engine, mode, joined
        Give every row its minutes, where these are measured; `joined` is where the place joins
        the road.
    field
        Gives every row its minutes over terrain.
    """

    lat: float
    lon: float
    table: RoadTable | None = None
    engine: Engine | None = None
    mode: str = ""
    joined: OnRoad | None = None
    field: Field | None = None

    @property
    def off_road_km(self) -> float:
        """How far the place is from the road that minutes begin at; 0 without minutes."""
        return float(self.joined.off_km[0]) if self.joined else 0.0

    def measured(self, rows: pd.DataFrame, access: RoadAccess | None) -> pd.DataFrame:
        """Rows with how far they are from the place, by every measure at hand.

        Parameters
        ----------
        rows
            With `lat` and `lon`, degrees.
        access
            Where they join the road table, where that is known already.
        """
        far = road_distances(self.table, self.lat, self.lon, rows["lat"], rows["lon"], access)
        if self.engine is not None and self.joined is not None:
            trips = minutes(self.engine, self.joined, rows[["lat", "lon"]], self.mode)
            far["minutes"], far["route_km"] = trips.minutes[0], trips.km[0]
            far["off_road_km"] = trips.to_road_km
        if self.field is not None:
            far["minutes"] = _known(self.field.at(rows["lat"], rows["lon"]))
            far["route_km"], far["off_road_km"] = np.nan, 0.0
        return pd.concat([rows, far], axis=1)


def _known(minutes: Floats) -> Floats:
    """Minutes, NaN where there is no way."""
    known: Floats = np.where(np.isfinite(minutes), minutes, np.nan)
    return known


def check_within(what: str, value: float, unit: str, most: float) -> None:
    """Refuse a threshold or radius that is not above 0 and up to the most."""
    if not 0 < value <= most:
        raise CareReachError(
            f"The {what} is {value:g} {unit}; it can be above 0 and up to {most:g}."
        )


class Measure(ABC):
    """One way to say how far.

    Attributes
    ----------
    name
        One of `MEASURES`.
    unit
        Of thresholds and distances: "km" or "min".
    column
        The column of measured rows that cuts and orders them.
    most
        The largest threshold.
    spread
        Names of `Reached.far` between which the truth lies: the longest and the shortest way;
        none where nothing is known of that.
    slows
        Whether ways take longer in traffic, rain and at night.
    anywhere
        Whether ways from any points can be measured; else only from those that were prepared.
    is_bound
        Whether the straight line is the measure itself: an index then counts exactly.
    table
        The pack's road table, which every row is measured by besides; None where it has none.
    """

    name: str
    unit = "km"
    column: str
    most = MAX_RADIUS_KM
    most_rows: int | None = None
    spread: tuple[str, ...] = ("road_high", "straight")
    is_bound = False
    anywhere = True
    slows = False

    def __init__(self, table: RoadTable | None = None) -> None:
        self.table = table

    def bound_km(self, within: float) -> float:
        """No way within a threshold leads farther in a straight line."""
        return within

    def start(self, lat: float, lon: float, name: str) -> Origin:
        """Prepare to measure from a place.

        Raises
        ------
        OffRoadError
            If no road is near the place.
        RoadsDownError
            If a road service does not answer.
        """
        return Origin(lat, lon, self.table)

    @abstractmethod
    def reach(self, points: Points, supply: Supply, progress: Progress = silent) -> Reached:
        """Measure from each point to the nearest place of each tier.

        Parameters
        ----------
        points
            Latitudes and longitudes, degrees, each of shape (n,).
        supply
            The places.
        progress
            Told how many of how many ways are measured.
        """

    def reacher(self, supply: Supply) -> Callable[[Points], Reached]:
        """`reach` to the same places from ever other points; what they share is prepared once."""
        return lambda points: self.reach(points, supply)

    @abstractmethod
    def pairs(self, points: Points, places: Points, within: float) -> Pairs:
        """Pairs of points and places within a threshold; each as `points` of `reach`."""


class StraightLine(Measure):
    """Geodesic kilometres."""

    name, column = "straight", "distance_km"
    is_bound = True

    @override
    def reach(self, points: Points, supply: Supply, progress: Progress = silent) -> Reached:
        return self.reacher(supply)(points)

    @override
    def reacher(self, supply: Supply) -> Callable[[Points], Reached]:
        tiers = [
            Targets(*(axis[supply.tier == number] for axis in supply.places))
            for number in range(supply.tiers)
        ]

        def reach(points: Points) -> Reached:
            per_tier = [targets.nearest_of_each(*points)[1] for targets in tiers]
            return Reached({self.name: np.minimum.accumulate(per_tier, axis=0)})

        return reach

    @override
    def pairs(self, points: Points, places: Points, within: float) -> Pairs:
        return lambda: pairs_within(*points, *places, within)


class ByRoadTable(Measure):
    """Kilometres over a pack's road table; every pair is measured, so for small packs only."""

    name, column = "road", "road_km"

    table: RoadTable

    @override
    def reach(self, points: Points, supply: Supply, progress: Progress = silent) -> Reached:
        road = np.full((supply.tiers, len(points[0])), np.inf)
        high = road.copy()
        access = road_access(self.table, *points)
        for number, lat, lon in zip(supply.tier, *supply.places, strict=True):
            way = road_distances(self.table, lat, lon, *points, access)
            for best, column in ((road, "road_km"), (high, "road_high_km")):
                best[number] = np.fmin(best[number], way[column].to_numpy())
        far = {self.name: road, "road_high": high}
        return Reached({name: np.minimum.accumulate(km, axis=0) for name, km in far.items()})

    @override
    def pairs(self, points: Points, places: Points, within: float) -> Pairs:
        access = road_access(self.table, *points) if len(points[0]) else None

        def by_road() -> Iterable[tuple[Ints, Ints, Floats]]:
            for number in range(len(places[0]) if len(points[0]) else 0):
                lat, lon = places[0][number], places[1][number]
                km = road_distances(self.table, lat, lon, *points, access)["road_km"].to_numpy()
                near = np.flatnonzero(km <= within)
                yield near, np.full(len(near), number, np.intp), km[near]

        return by_road


class ByEngine(Measure):
    """Minutes by one mode of a routing engine.

    Parameters
    ----------
    mode
        A key of `geo.travel.times.MODES`.
    engine
        From `geo.travel.times.engine_for`.
    table
        The pack's road table.
    times
        Keeps the ways from some points, for `reach` and `pairs`; their points must be among its
        own. Not needed from one place.
    """

    unit, column = "min", "minutes"
    most = MAX_MIN
    most_rows = MOST_TIMED
    spread = ("walk", "drive")
    anywhere = False

    def __init__(
        self, mode: str, engine: Engine, table: RoadTable | None, times: Times | None = None
    ) -> None:
        super().__init__(table)
        self.name, self._engine, self._kept = mode, engine, times
        self.slows = mode == "drive"

    @override
    def bound_km(self, within: float) -> float:
        # As far as at top speed, and off the road at either end: minutes begin on it.
        return TOP_KMH[self.name] * within / 60 + 2 * OFF_ROAD_KM

    @override
    def start(self, lat: float, lon: float, name: str) -> Origin:
        joined = join_roads(self._engine, [(lat, lon)], self.name)
        if not joined.off_km[0] <= OFF_ROAD_KM:
            raise OffRoadError(f"{name} is more than {OFF_ROAD_KM:g} km from any road on the map.")
        return Origin(lat, lon, self.table, self._engine, self.name, joined)

    @override
    def reach(self, points: Points, supply: Supply, progress: Progress = silent) -> Reached:
        places = supply.places
        time, length = self._times.to(*places, progress)
        time = np.where(np.isnan(time), np.inf, time)
        shape = (supply.tiers, len(points[0]))
        best, near = np.full(shape, np.inf), np.full(shape, np.inf)
        route_km, line_km = np.full(shape, np.nan), np.full(shape, np.nan)
        every = np.arange(len(points[0]))
        for number in range(supply.tiers):
            some = np.flatnonzero(supply.tier <= number)
            if not len(some) or not len(every):
                continue
            quickest = some[time[:, some].argmin(axis=1)]
            best[number] = time[every, quickest]
            way = np.isfinite(best[number])
            route_km[number, way] = length[every, quickest][way]
            straight = distance_km(*points, *(axis[quickest] for axis in places))
            line_km[number, way] = straight[way]
            at, _ = nearest_of_each(*points, *(axis[some] for axis in places))
            near[number] = time[every, some[at]]
        timed = Timed(route_km, line_km, near, self._times.from_road_km)
        return Reached({self.name: best}, timed)

    @override
    def pairs(self, points: Points, places: Points, within: float) -> Pairs:
        time = self._times.between(*points, *places)

        def by_time() -> Iterable[tuple[Ints, Ints, Floats]]:
            for number in range(len(places[0])):
                near = np.flatnonzero(time[:, number] <= within)
                yield near, np.full(len(near), number, np.intp), time[near, number]

        return by_time

    @property
    def _times(self) -> Times:
        if self._kept is None:
            raise CareReachError("No minutes have been measured from these points.")
        return self._kept


class ByTerrain(Measure):
    """Minutes over a pack's terrain, on foot or by whatever its surface says.

    Parameters
    ----------
    terrain
        From `geo.travel.terrain.terrain_for`.
    table
        The pack's road table.
    """

    name, unit, column = OVER_TERRAIN, "min", "minutes"
    most = MAX_MIN
    spread = ()
    slows = True

    def __init__(self, terrain: Terrain, table: RoadTable | None = None) -> None:
        super().__init__(table)
        self._terrain = terrain

    @override
    def bound_km(self, within: float) -> float:
        friction = self._terrain.surface.friction
        quickest = float(friction[friction > 0].min(initial=np.inf))
        # Whoever starts or ends where nobody can go is moved to where one can.
        return within / quickest / 1000 + 2 * NEAR_KM if quickest > 0 else 2 * NEAR_KM

    @override
    def start(self, lat: float, lon: float, name: str) -> Origin:
        surface = self._terrain.surface
        if surface.cells_at([lat], [lon])[0] < 0:
            raise OffRoadError(f"{name} is not on the terrain that minutes are measured over.")
        found = minutes_over(surface, lat, lon, limit_min=MAX_MIN, outward=True)
        return Origin(lat, lon, self.table, field=found)

    @override
    def reach(self, points: Points, supply: Supply, progress: Progress = silent) -> Reached:
        tiers = []
        for number in range(supply.tiers):
            lat, lon = (axis[supply.tier == number] for axis in supply.places)
            tiers.append(self._terrain.minutes_to(lat, lon).at(*points))
            progress(Step("Measuring ways over the terrain", number + 1, supply.tiers))
        return Reached({self.name: np.minimum.accumulate(tiers, axis=0)})

    @override
    def pairs(self, points: Points, places: Points, within: float) -> Pairs:
        surface = self._terrain.surface

        def over_terrain() -> Iterable[tuple[Ints, Ints, Floats]]:
            for number, (lat, lon) in enumerate(zip(*places, strict=True)):
                found = minutes_over(surface, lat, lon, limit_min=within).at(*points)
                near = np.flatnonzero(found <= within)
                yield near, np.full(len(near), number, np.intp), found[near]

        return over_terrain


@dataclass(frozen=True)
class Choice:
    """The measure that is used.

    Attributes
    ----------
    measure
        The measure.
    reason
        Why it is not the one asked for, in one sentence; "" where it is.
    down
        Whether that is because a road service does not answer just now.
    """

    measure: Measure
    reason: str = ""
    down: bool = False


@dataclass(frozen=True)
class Measures:
    """What a pack can be measured by.

    Attributes
    ----------
    usual
        The pack's own measure, whether or not it can be had.
    by_name
        Those that can be had.
    lacking, no_terrain
        Why there are no minutes on roads, and none over terrain, in one sentence each.
    """

    usual: str
    by_name: Mapping[str, Measure]
    lacking: str = NO_ROADS
    no_terrain: str = NO_TERRAIN

    @property
    def kilometres(self) -> Measure:
        """The measure in kilometres that stands in for any other."""
        names = (self.usual, "road", "straight")
        known = (self.by_name[name] for name in names if name in self.by_name)
        return next(measure for measure in known if measure.unit == "km")

    def wanted(self, asked: str | None = None, *, km: bool = False, minutes: bool = False) -> str:
        """Which measure is meant, whether or not it can be had.

        Parameters
        ----------
        asked
            What was said; the pack's own by default.
        km, minutes
            Whether a threshold in this unit was given: a pack that is measured in minutes is not
            by somebody who names kilometres, and the other way round.
        """
        if asked is not None:
            return asked
        in_minutes = self.usual in IN_MINUTES
        if km:
            return self.kilometres.name if in_minutes else self.usual
        if in_minutes or not minutes:
            return self.usual
        return OVER_TERRAIN if OVER_TERRAIN in self.by_name else "drive"

    def choose(self, name: str | None = None) -> Choice:
        """The measure of a name, or the one that stands in for it.

        Parameters
        ----------
        name
            One of `MEASURES`; the pack's own by default.

        Raises
        ------
        CareReachError
            If there is no such measure.
        """
        name = name or self.usual
        if name not in MEASURES:
            raise CareReachError(f"measure is {name!r}; it can be {', '.join(MEASURES)}.")
        if name in self.by_name:
            return Choice(self.by_name[name])
        if name in IN_MINUTES:
            terrain = f"{self.no_terrain} Distances are shown instead."
            return Choice(self.kilometres, self.lacking if name in MODES else terrain)
        # A place outside the pack has no roads either: nothing need be said of the pack's own way.
        reason = "" if name == self.usual else "No road distances are in this data."
        return Choice(self.kilometres, reason)


def pack_measures(
    pack: Pack,
    table: RoadTable | None,
    engine: Engine | None = None,
    lacking: str = NO_ROADS,
    times: Mapping[str, Times] | None = None,
    terrain: Terrain | None = None,
) -> Measures:
    """What a pack can be measured by.

    Parameters
    ----------
    pack
        The pack.
    table
        The pack's road table; None where it has none.
    engine, lacking
        From `geo.travel.times.engine_for`.
    times
        By mode, where points are measured from.
    terrain
        From `geo.travel.terrain.terrain_for`.
    """
    known: dict[str, Measure] = {}
    if table is not None:
        known["road"] = ByRoadTable(table)
    known["straight"] = StraightLine(table)
    if engine is not None:
        for mode in MODES:
            known[mode] = ByEngine(mode, engine, table, (times or {}).get(mode))
    if terrain is not None:
        known[OVER_TERRAIN] = ByTerrain(terrain, table)
    return Measures(pack.measure, known, lacking, terrain_for(pack)[1] or NO_TERRAIN)
