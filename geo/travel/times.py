"""How long by road: minutes by car or on foot, where a routing engine is loaded.

Minutes run from the road nearest to one end to the road nearest to the other, without traffic.
What cannot be reached is NA, never infinity, and so is a place too far from any road.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo.distance import distance_km
from geo.errors import CareReachError
from geo.packs.pack import Pack
from geo.progress import Progress, Step, silent
from geo.travel.valhalla import Engine, RoadsDownError, engine_missing, open_engine

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: How one can go, by what the engine calls it.
MODES: Mapping[str, str] = {"drive": "auto", "walk": "pedestrian"}
#: No way is faster. The engine's `top_speed` of a car is 140 km/h and its walking speed 5.1 km/h
#: (https://valhalla.github.io/valhalla/api/turn-by-turn/api-reference/); a ferry may be faster
#: than who walks aboard.
TOP_KMH: Mapping[str, float] = {"drive": 140.0, "walk": 10.0}
#: Nobody asks for more.
MAX_MIN = 600.0
#: Nothing farther is measured, in a straight line: a service refuses it by default
#: (`max_matrix_distance`: 400 km by car, 200 km on foot).
MAX_KM: Mapping[str, float] = {"drive": 395.0, "walk": TOP_KMH["walk"] * MAX_MIN / 60}
#: A place farther from any road has no travel time: the way to the road would be the longer part.
OFF_ROAD_KM = 3.0
#: The resource of a pack that holds the engine's tiles.
ROAD_TILES = "road_tiles"
#: A road is joined to the others if so many can be reached from it: Valhalla's own default.
JOINED = 50
#: Pairs in one question: what a service answers by default (`max_matrix_location_pairs`).
PAIRS_AT_ONCE = 2500
_SIDE = 50
#: Pairs that are measured for one question, and kept for one pack and mode, 16 bytes each.
MOST_PAIRS = 5_000_000
#: What a step of `geo.progress` says while ways are measured.
MEASURING = "Measuring ways on the roads"


@dataclass(frozen=True)
class OnRoad:
    """Where points join the road.

    Attributes
    ----------
    spots
        (lat, lon), degrees, shape (n, 2); NaN where there is no road at all.
    off_km
        How far each point is from there in a straight line, shape (n,); NaN likewise.
    """

    spots: Floats
    off_km: Floats


@dataclass(frozen=True)
class Trips:
    """Ways between points and places.

    Attributes
    ----------
    minutes, km
        Shape (n, m); NaN where there is no way, or the place is too far to be measured.
    from_road_km, to_road_km
        How far each origin (n,) and destination (m,) is from its road in a straight line, km;
        NaN where there is no road at all. Beyond `OFF_ROAD_KM` there is no time either.
    """

    minutes: Floats
    km: Floats
    from_road_km: Floats
    to_road_km: Floats


@dataclass(frozen=True)
class Route:
    """One way, drawn.

    Attributes
    ----------
    minutes, km
        How long it takes and is.
    line
        Its points (lat, lon), degrees.
    """

    minutes: float
    km: float
    line: tuple[tuple[float, float], ...]


def engine_for(pack: Pack) -> tuple[Engine | None, str]:
    """The engine that knows a pack's roads, and in one sentence why there is none.

    Parameters
    ----------
    pack
        The pack; `CAREREACH_VALHALLA` stands for every pack.

    Returns
    -------
    tuple
        The engine and "", or None and the reason.
    """
    try:
        engine = open_engine(pack.files.get(ROAD_TILES))
    except CareReachError as error:
        return None, str(error)
    if engine is not None:
        return engine, ""
    lacking = engine_missing()
    return None, (
        f"The data of {pack.country} has no roads to measure minutes on: "
        "bring an OpenStreetMap extract with `python -m geo import roads`."
        + (f" {lacking}" if lacking else "")
    )


def join_roads(engine: Engine, points: npt.ArrayLike, mode: str = "drive") -> OnRoad:
    """Find where points join the road.

    The nearest road from which others can be reached and back. Left to itself the engine weighs
    several such places against each other, and a matrix by other weights than a route.

    Parameters
    ----------
    engine
        From `engine_for` or `geo.travel.valhalla.open_engine`.
    points
        (lat, lon), degrees, shape (n, 2).
    mode
        A key of `MODES`.

    Raises
    ------
    CareReachError
        If the mode is none, or the engine does not answer (`geo.travel.valhalla.RoadsDownError`).
    """
    costing = _costing(mode)
    where = np.asarray(points, np.float64).reshape(-1, 2)
    spots, off = np.full((len(where), 2), np.nan), np.full(len(where), np.nan)
    for i in range(0, len(where), _SIDE):
        some = where[i : i + _SIDE]
        asked = [{"lat": float(lat), "lon": float(lon)} for lat, lon in some]
        question = {"locations": asked, "costing": costing, "verbose": True}
        found = engine.ask("locate", question)
        with _understood():
            for number, (point, place) in enumerate(zip(some, found or (), strict=False), i):
                edges = place.get("edges") or ()
                best = [e for e in edges if min(e["outbound_reach"], e["inbound_reach"]) >= JOINED]
                ends = np.array([(e["correlated_lat"], e["correlated_lon"]) for e in best or edges])
                if len(ends):
                    km = distance_km(point[0], point[1], ends[:, 0], ends[:, 1])
                    spots[number], off[number] = ends[km.argmin()], km.min()
    return OnRoad(spots, off)


def minutes(
    engine: Engine,
    origins: "npt.ArrayLike | OnRoad",
    destinations: "npt.ArrayLike | OnRoad",
    mode: str = "drive",
    *,
    within_min: float = MAX_MIN,
    progress: Progress = silent,
) -> Trips:
    """Measure the ways from points to places.

    Parameters
    ----------
    engine
        From `engine_for` or `geo.travel.valhalla.open_engine`.
    origins, destinations
        (lat, lon), degrees, shape (n, 2) and (m, 2); or from `join_roads`.
    mode
        A key of `MODES`.
    within_min
        What cannot be reached so soon at `TOP_KMH` in a straight line need not be asked for, and
        nothing farther than `MAX_KM` is: it is NA. Other ways that take longer are measured.
    progress
        Told how many of how many ways are measured.

    Raises
    ------
    CareReachError
        If the mode is none, or the engine does not answer (`geo.travel.valhalla.RoadsDownError`).
    """
    costing = _costing(mode)
    start, end = (
        points if isinstance(points, OnRoad) else join_roads(engine, points, mode)
        for points in (origins, destinations)
    )
    shape = (len(start.off_km), len(end.off_km))
    time, length = np.full(shape, np.nan), np.full(shape, np.nan)
    bound_km = min(TOP_KMH[mode] * within_min / 60, MAX_KM[mode])
    rows, columns = _near_together(start), _near_together(end)
    done, whole = 0, len(rows) * len(columns)
    for i in range(0, len(rows), _SIDE):
        some = rows[i : i + _SIDE]
        out_of_reach = _farther(start.spots[some], end.spots[columns], bound_km)
        # What is out of reach of all of them is not asked for.
        asked = np.flatnonzero(~out_of_reach.all(axis=0))
        for j in range(0, len(asked), _SIDE):
            part = asked[j : j + _SIDE]
            others = columns[part]
            block = np.ix_(some, others)
            measured = _matrix(engine, start.spots[some], end.spots[others], costing)
            time[block], length[block] = (
                np.where(out_of_reach[:, part], np.nan, values) for values in measured
            )
            progress(Step(MEASURING, done + len(some) * (j + len(others)), whole))
        done += len(some) * len(columns)
    # Of one spot to itself the engine may go round the block.
    same = (start.spots[:, None, :] == end.spots[None, :, :]).all(axis=2) & ~np.isnan(time)
    time[same], length[same] = 0.0, 0.0
    return Trips(time, length, start.off_km, end.off_km)


def _farther(starts: Floats, ends: Floats, bound_km: float) -> npt.NDArray[np.bool_]:
    """Which pairs are farther apart in a straight line, shape (n, m)."""
    far = [distance_km(lat, lon, ends[:, 0], ends[:, 1]) > bound_km for lat, lon in starts]
    return np.reshape(far, (len(starts), len(ends)))


def _near_together(points: OnRoad) -> Ints:
    """Those that lie on a road, neighbours after each other, so that blocks are of one region."""
    placed = np.flatnonzero(points.off_km <= OFF_ROAD_KM)
    if not len(placed):
        return placed
    spots = gpd.GeoSeries(gpd.points_from_xy(points.spots[placed, 1], points.spots[placed, 0]))
    order: Ints = placed[np.argsort(spots.hilbert_distance().to_numpy(), kind="stable")]
    return order


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """An answer of another shape than Valhalla's is as good as none."""
    try:
        yield
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise RoadsDownError("The road service gives answers that are not Valhalla's.") from error


def _asked(
    engine: Engine,
    action: str,
    points: Sequence[tuple[float, float]],
    mode: str,
    shape: Mapping[str, Any],
) -> Any:
    """What the engine answers of points on the road; None where one lies off it."""
    ends = join_roads(engine, points, mode)
    if not (ends.off_km <= OFF_ROAD_KM).all():
        return None
    return engine.ask(
        action, {"locations": _places(ends.spots), "costing": _costing(mode), **shape}
    )


def isochrone(
    engine: Engine, origin: tuple[float, float], within_min: float, mode: str = "drive"
) -> BaseGeometry | None:
    """The area that can be reached from a point in so many minutes.

    Parameters
    ----------
    engine
        From `engine_for` or `geo.travel.valhalla.open_engine`.
    origin
        (lat, lon), degrees.
    within_min
        Minutes.
    mode
        A key of `MODES`.

    Returns
    -------
    shapely geometry or None
        Polygons in degrees (lon, lat); None where the engine has none, for instance more minutes
        than a service allows (120 where nobody has changed it).

    Raises
    ------
    CareReachError
        If the mode is none, or the engine does not answer.
    """
    shape = {"contours": [{"time": within_min}], "polygons": True, "denoise": 0}
    answer = _asked(engine, "isochrone", [origin], mode, shape)
    if answer is None:
        return None
    with _understood():
        (feature,) = answer["features"][:1] or [None]
        area = feature and shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
    return area or None


def route(
    engine: Engine,
    origin: tuple[float, float],
    destination: tuple[float, float],
    mode: str = "drive",
) -> Route | None:
    """The quickest way between two points; None where there is none.

    Parameters
    ----------
    engine
        From `engine_for` or `geo.travel.valhalla.open_engine`.
    origin, destination
        (lat, lon), degrees.
    mode
        A key of `MODES`.

    Raises
    ------
    CareReachError
        If the mode is none, or the engine does not answer.
    """
    shape = {"format": "osrm", "shape_format": "geojson", "directions_type": "none"}
    answer = _asked(engine, "route", [origin, destination], mode, shape)
    if answer is None:
        return None
    with _understood():
        found = answer["routes"][0]
        line = tuple((lat, lon) for lon, lat in found["geometry"]["coordinates"])
        return Route(found["duration"] / 60, found["distance"] / 1000, line)


def _costing(mode: str) -> str:
    if mode not in MODES:
        raise CareReachError(f"mode is {mode!r}; it can be {', '.join(MODES)}.")
    return MODES[mode]


def _places(points: Floats) -> list[dict[str, float]]:
    # The points lie on their road already; another one that is better joined is not looked for.
    return [
        {"lat": float(lat), "lon": float(lon), "minimum_reachability": 0} for lat, lon in points
    ]


def _matrix(engine: Engine, starts: Floats, ends: Floats, costing: str) -> tuple[Floats, Floats]:
    """Minutes and km of one block of pairs; a block that is refused is asked in halves."""
    question: dict[str, Any] = {
        "sources": _places(starts),
        "targets": _places(ends),
        "costing": costing,
        "verbose": False,
    }
    answer = engine.ask("sources_to_targets", question)
    if answer is not None:
        with _understood():
            found = answer["sources_to_targets"]
            time, length = (np.array(found[key], np.float64) for key in ("durations", "distances"))
        return time / 60, np.where(np.isnan(time), np.nan, length)
    if len(starts) == len(ends) == 1:
        return np.full((1, 1), np.nan), np.full((1, 1), np.nan)
    axis = 0 if len(starts) >= len(ends) else 1
    half = (starts, ends)[axis].shape[0] // 2
    parts = [
        _matrix(engine, *((cut, ends) if axis == 0 else (starts, cut)), costing)
        for cut in ((starts, ends)[axis][:half], (starts, ends)[axis][half:])
    ]
    time, length = (np.concatenate(both, axis=axis) for both in zip(*parts, strict=True))
    return time, length


def _keys(lats: npt.ArrayLike, lons: npt.ArrayLike) -> list[tuple[float, float]]:
    places = np.column_stack([np.asarray(lats, np.float64), np.asarray(lons, np.float64)])
    return [(lat, lon) for lat, lon in places.tolist()]


class Times:
    """Ways from some points to whatever places are asked about, each measured once.

    A threshold, a procedure or a what-if place more asks the engine for nothing, or for what is
    new only.

    Parameters
    ----------
    engine
        From `engine_for`.
    mode
        A key of `MODES`.
    lat, lon
        The points, degrees, shape (n,).
    """

    def __init__(self, engine: Engine, mode: str, lat: npt.ArrayLike, lon: npt.ArrayLike) -> None:
        self.mode = mode
        self._engine = engine
        keys = _keys(lat, lon)
        self._points = np.array(keys, np.float64).reshape(-1, 2)
        self._row = {key: row for row, key in enumerate(keys)}
        self._known: OrderedDict[tuple[float, float], tuple[Floats, Floats]] = OrderedDict()
        self._joined: OnRoad | None = None
        self._turn = threading.Lock()

    @property
    def from_road_km(self) -> Floats:
        """How far each point is from its road, shape (n,); NaN where there is none.

        Raises
        ------
        CareReachError
            If the engine does not answer.
        """
        if self._joined is None:
            self._joined = join_roads(self._engine, self._points, self.mode)
        return self._joined.off_km

    def learn(self, lats: npt.ArrayLike, lons: npt.ArrayLike, progress: Progress = silent) -> None:
        """Measure the ways to some places and keep them; what is known costs nothing.

        Parameters
        ----------
        lats, lons
            The places, degrees, shape (m,).
        progress
            Told how many of how many ways are measured.

        Raises
        ------
        CareReachError
            If these are more than `MOST_PAIRS` pairs, or the engine does not answer; what was
            measured until then is kept.
        """
        self._ways(_keys(lats, lons), progress)

    def to(
        self, lats: npt.ArrayLike, lons: npt.ArrayLike, progress: Progress = silent
    ) -> tuple[Floats, Floats]:
        """Minutes and km from every point to some places, each of shape (n, m).

        The km have the straight lines to and from the road in them, so that they compare with
        the straight line from end to end; the minutes have not. Parameters and errors as those of
        `learn`.
        """
        keys = _keys(lats, lons)
        if not len(self._points) or not keys:
            blank = np.full((len(self._points), len(keys)), np.nan)
            return blank, blank
        found = self._ways(keys, progress)
        columns = [found[key] for key in keys]
        return np.column_stack([t for t, _ in columns]), np.column_stack([k for _, k in columns])

    def _ways(
        self, keys: list[tuple[float, float]], progress: Progress
    ) -> dict[tuple[float, float], tuple[Floats, Floats]]:
        """Minutes and km from every point to each place."""
        every = list(dict.fromkeys(keys))
        size = len(self._points)
        if size * len(every) > MOST_PAIRS:
            raise CareReachError(
                f"Minutes from {size:,} settlements to {len(every):,} places are too many to "
                f"measure ({MOST_PAIRS:,} pairs at most); cut the data to a smaller region."
            )
        found = {}
        # A part at a time: whoever needs other places need not wait for all of these.
        for i in range(0, len(every) if size else 0, _SIDE):
            part = every[i : i + _SIDE]
            with self._turn:
                self._learn([key for key in part if key not in self._known])
                for key in part:
                    found[key] = self._known[key]
                    self._known.move_to_end(key)
                while size * len(self._known) > MOST_PAIRS:
                    self._known.popitem(last=False)
            progress(Step(MEASURING, size * (i + len(part)), size * len(every)))
        return found

    def _learn(self, places: list[tuple[float, float]]) -> None:
        """Measure the ways to new places, and keep them."""
        if not places:
            return
        off_km = self.from_road_km
        assert self._joined is not None
        trips = minutes(self._engine, self._joined, places, self.mode)
        km = trips.km + off_km[:, None] + trips.to_road_km[None, :]
        for key, time, length in zip(places, trips.minutes.T, km.T, strict=True):
            self._known[key] = (time.copy(), length.copy())

    def between(
        self, lat: npt.ArrayLike, lon: npt.ArrayLike, lats: npt.ArrayLike, lons: npt.ArrayLike
    ) -> Floats:
        """Minutes from some of the points to some places, shape (k, m)."""
        rows = [self._row[key] for key in _keys(lat, lon)]
        return self.to(lats, lons)[0][rows]
