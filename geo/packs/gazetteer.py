"""Find a place by name, by a name and what it lies in, by postcode, or by "lat, lon".

An ambiguous name is a result, not an error: the reader is asked which one.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Geod
from rapidfuzz import fuzz, process
from shapely.geometry.base import BaseGeometry

from geo.packs.schema import DISTRICT_KINDS
from geo.text import normalise

#: The smaller, the more likely meant, where one name is on several in the same spot.
_KIND_ORDER = ("town", "village", "locality", "postcode", "gewog")
#: Same-name matches within one district and this far apart are one place.
SAME_PLACE_KM = 15.0
#: Likeness (0-100, rapidfuzz ratio) from which a spelling counts as a typo of a name.
TYPO = 78.0
MAX_CANDIDATES = 8
#: Farther outside a pack's extent nothing is said about roads or the nearest hospital.
OUTSIDE_KM = 20.0

_GEOD = Geod(ellps="WGS84")
Rows = npt.NDArray[np.intp]
_NUMBER = r"([+-]?\d{1,3}(?:\.\d+)?)"
_POINT = re.compile(rf"^\s*{_NUMBER}°?\s*[,;\s]\s*{_NUMBER}°?\s*$")


@dataclass(frozen=True)
class Place:
    """A point that a reader can search from. `label` finds it again."""

    place_id: str
    name: str
    kind: str
    within: str
    lat: float
    lon: float
    label: str


@dataclass(frozen=True)
class PlaceMatch:
    """The answer to a search: one place, a choice of several, or near spellings only.

    Attributes
    ----------
    place
        The place, where the text names exactly one.
    choices
        The places it may mean, where it names several; empty otherwise.
    suggestions
        Labels with a similar spelling, where it names none.
    corrected
        Whether `place` was found only by overlooking a typo.
    problem
        One sentence for the reader where there is no place.
    """

    place: Place | None = None
    choices: tuple[Place, ...] = ()
    suggestions: tuple[str, ...] = ()
    corrected: bool = False
    problem: str = ""


class Gazetteer:
    """A pack's places with every spelling made comparable, once for many searches.

    Parameters
    ----------
    places
        A pack's places.
    """

    def __init__(self, places: pd.DataFrame) -> None:
        self.places = places
        self.names = _names(places)
        self.labels = _labels(places)


def find_place(places: "pd.DataFrame | Gazetteer", text: str) -> PlaceMatch:
    """Find the place that a text names.

    Parameters
    ----------
    places
        A pack's places, or a gazetteer made of them.
    text
        "Serzhong, Sarpang", "sershong sarpang", a postcode, or "26.92, 90.526" (lat, lon).

    Returns
    -------
    PlaceMatch
        One place, or the choices, or near spellings.
    """
    point = _POINT.match(text)
    if point:
        return _point(float(point[1]), float(point[2]))
    if not normalise(text):
        return PlaceMatch(problem="Type the name of a place, or a position as latitude, longitude.")
    known = places if isinstance(places, Gazetteer) else Gazetteer(places)
    places, names, labels = known.places, known.names, known.labels
    for match in (_exact, _prefix, _typo):
        for name, within in _splits(text):
            rows = match(names, name)
            if within:
                rows = rows[_lies_within(places, rows, within)]
            if len(rows):
                own = names.loc[(names["key"] == name) & names["own"], "row"]
                found = _one_each(places, rows, own)
                choices = tuple(_place(places, labels, row) for row in found)
                return _answer(choices, text, corrected=match is _typo)
    near = process.extract(normalise(text), dict(names["key"]), scorer=fuzz.ratio, limit=12)
    row_of = names["row"].to_numpy(np.intp)
    best = dict.fromkeys(str(labels.loc[row_of[i]]) for _, _, i in near)
    return PlaceMatch(
        suggestions=tuple(best)[:3], problem=f"No place called “{text.strip()}” is known here."
    )


def outside_km(outline: BaseGeometry | None, lat: float, lon: float) -> float:
    """How far a point lies outside a pack's extent.

    Parameters
    ----------
    outline
        The extent, EPSG:4326; None is taken as everywhere.
    lat, lon
        The point, degrees.

    Returns
    -------
    float
        Kilometres to the nearest point of the outline; 0 inside.
    """
    here = shapely.Point(lon, lat)
    if outline is None or outline.covers(here):
        return 0.0
    # The nearest point in a plate carrée stretched at this latitude, on either side of the
    # antimeridian; then measured properly.
    stretch = max(np.cos(np.radians(lat)), 0.01)
    scaled = shapely.transform(outline, lambda xy: xy * [stretch, 1])
    away_m = []
    for turn in (-360, 0, 360):
        line = shapely.shortest_line(shapely.Point((lon + turn) * stretch, lat), scaled)
        x, y = shapely.get_coordinates(line)[1]
        away_m.append(_GEOD.inv(lon, lat, x / stretch, y)[2])
    return float(min(away_m) / 1000)


def _point(lat: float, lon: float) -> PlaceMatch:
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        return PlaceMatch(
            problem=f"{lat:g}, {lon:g} is not a position: latitude runs from -90 to 90, "
            "longitude from -180 to 180."
        )
    label = _position(lat, lon)
    return PlaceMatch(Place(f"point:{lat:.5f},{lon:.5f}", label, "point", "", lat, lon, label))


def _names(places: pd.DataFrame) -> pd.DataFrame:
    """Every spelling of every place: columns row, key, own (the name itself, no alias)."""
    spellings = [
        (row, normalise(spelling), spelling == name)
        for row, name, aliases in zip(
            places.index, places["name"], places["also_known_as"], strict=True
        )
        for spelling in (name, *(aliases if isinstance(aliases, list) else ()))
    ]
    return pd.DataFrame(spellings, columns=["row", "key", "own"])


def _splits(text: str) -> list[tuple[str, str]]:
    """Ways to read a text as a name and what it lies in, the plainest first."""
    text = re.sub(r"\([^)]*\)", " ", text)
    *head, tail = text.split(",")
    if head:
        return [(normalise(" ".join(head)), normalise(tail))]
    words = normalise(text).split()
    halves = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(len(words) - 1, 0, -1)]
    return [(" ".join(words), ""), *halves, *((within, name) for name, within in halves)]


def _squash(keys: "pd.Series[str]") -> "pd.Series[str]":
    return keys.str.replace(" ", "")


def _exact(names: pd.DataFrame, name: str) -> Rows:
    return _rows(names, _squash(names["key"]) == name.replace(" ", ""))


def _prefix(names: pd.DataFrame, name: str) -> Rows:
    return _rows(names, names["key"].str.startswith(name) & (len(name) >= 3))


def _typo(names: pd.DataFrame, name: str) -> Rows:
    if len(name) < 4:
        return np.empty(0, np.intp)
    likeness = process.cdist([name], names["key"].to_list(), scorer=fuzz.ratio)[0]
    return _rows(names, likeness >= max(TYPO, likeness.max(initial=0) - 5))


def _rows(names: pd.DataFrame, keep: "np.ndarray | pd.Series[bool]") -> Rows:
    return np.unique(names["row"].to_numpy(np.intp)[np.asarray(keep, bool)])


def _lies_within(places: pd.DataFrame, rows: Rows, within: str) -> np.ndarray:
    """Which rows lie in something of this name, any spelling of it, or close to it."""
    holders = places.loc[places["kind"].isin(DISTRICT_KINDS), ["name", "also_known_as"]]
    meant = {
        holder
        for holder, aliases in holders.itertuples(index=False)
        for spelling in (holder, *(aliases if isinstance(aliases, list) else ()))
        if _alike(normalise(spelling), within)
    }
    inside = places.loc[rows, "within"].fillna("")
    own = places.loc[rows, "name"].where(places.loc[rows, "kind"].isin(DISTRICT_KINDS), inside)
    keep = [
        (w in meant) or (o in meant) or _alike(normalise(w), within)
        for w, o in zip(inside, own, strict=True)
    ]
    return np.array(keep, bool)


def _alike(name: str, text: str) -> bool:
    if len(text) < 3:
        return name == text
    squashed = name.replace(" ", ""), text.replace(" ", "")
    return squashed[0].startswith(squashed[1]) or fuzz.ratio(*squashed) >= TYPO


def _district(places: pd.DataFrame) -> "pd.Series[str]":
    return places["name"].where(places["kind"].isin(DISTRICT_KINDS), places["within"].fillna(""))


def _labels(places: pd.DataFrame) -> "pd.Series[str]":
    """A text for each place that finds it again: name and district, else its position."""
    alone = places["within"].isna() | (places["name"] == places["within"])
    labels = places["name"].where(alone, places["name"] + ", " + places["within"])
    shared = labels[labels.duplicated(keep=False)]
    for rows in shared.groupby(shared).groups.values():
        if not all(_near(places, rows[0], row) for row in rows):
            spots = places.loc[rows, ["lat", "lon"]].to_numpy(float)
            labels.loc[rows] = [_position(lat, lon) for lat, lon in spots]
    return labels


def _position(lat: float, lon: float) -> str:
    return f"{round(lat, 4)}, {round(lon, 4)}"


def _one_each(places: pd.DataFrame, rows: Rows, own: "pd.Series[int]") -> list[int]:
    """Keep one of the matches that are the same place; a name of its own beats an alias."""
    named = set(own)
    district = _district(places)

    def rank(row: int) -> tuple[bool, int]:
        kind = places.loc[row, "kind"]
        order = _KIND_ORDER.index(kind) if kind in _KIND_ORDER else len(_KIND_ORDER)
        return row not in named, order

    kept: list[int] = []
    for row in sorted(rows, key=rank):
        if not any(district[row] == district[k] and _near(places, row, k) for k in kept):
            kept.append(row)
    return kept


def _answer(found: tuple[Place, ...], text: str, *, corrected: bool) -> PlaceMatch:
    """One match is the answer, several are a question."""
    if len(found) == 1:
        return PlaceMatch(found[0], corrected=corrected)
    name = text.strip()
    problem = f"There is more than one place called “{name}”."
    if corrected:
        problem = f"No place called “{name}” is known here; these have a similar name."
    return PlaceMatch(choices=found[:MAX_CANDIDATES], corrected=corrected, problem=problem)


def _near(places: pd.DataFrame, a: int, b: int) -> bool:
    (lat1, lon1), (lat2, lon2) = places.loc[[a, b], ["lat", "lon"]].to_numpy(float)
    return bool(_GEOD.inv(lon1, lat1, lon2, lat2)[2] <= 1000 * SAME_PLACE_KM)


def _place(places: pd.DataFrame, labels: "pd.Series[str]", row: int) -> Place:
    about = places.loc[[row], ["place_id", "name", "kind", "within", "lat", "lon"]]
    known: Any = about.fillna({"within": ""}).to_dict("records")[0]
    return Place(**known, label=str(labels.loc[row]))
