"""Find a place by name, by a name and what it lies in, by postcode, or by its position.

An ambiguous name is a result, not an error: the reader is asked which one, the largest first. What
of a text was not understood is said, never dropped without a word.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from rapidfuzz import fuzz
from shapely.geometry.base import BaseGeometry

from geo.distance import GEOD, distance_km
from geo.errors import CareReachError
from geo.packs import place_words
from geo.packs.names import (
    MAX_CANDIDATES,
    TYPO,
    Compare,
    Names,
    Place,
    PlaceMatch,
    Reading,
    Rows,
    parts_of,
)
from geo.packs.place_words import name_key
from geo.packs.positions import read_position, recover, short_code
from geo.packs.postcodes import us_zip, zip_spot
from geo.packs.schema import DISTRICT_KINDS, HOSPITAL_TYPES
from geo.text import normalise

__all__ = ["Gazetteer", "Place", "PlaceMatch", "find_place", "outside_km"]

#: Farther outside a pack's extent nothing is said about roads or the nearest hospital.
OUTSIDE_KM = 20.0
#: What is longer is no name of a place, and would take long to look up.
MOST_LETTERS, MOST_WORDS = 200, 20
#: A town is in its ZIP code, if it is this near.
ZIP_KM = 40.0
#: A position is recognised by the nearest place, if it is this near.
NAMED_KM = 50.0
#: A place that is nearly as large as the largest of a region may be meant by the region's name.
_AS_LARGE = 0.8
#: Words around a ZIP code that say nothing.
_ZIP_WORDS = re.compile(r"\b(?:zip ?code|zip|post ?code|near|in)\b:?", re.IGNORECASE)
#: The position by which a label tells places of one name and district apart.
_PINNED = re.compile(r"\((-?\d+(?:\.\d+)?), (-?\d+(?:\.\d+)?)\)\s*$")
_ZIP = re.compile(r"(?<![\w-])\d{5}(?:-\d{4})?(?![\w-])")


#: Names of more facilities than this would fill the memory, and be found by mistake.
MOST_NAMED = 200_000


class Gazetteer:
    """A pack's places and facilities with every spelling made comparable, for many searches.

    Parameters
    ----------
    places
        A pack's places.
    providers
        A pack's providers: its facilities are places, too.
    country
        Two letters of the country; told by the names of regions where it is not given.
    """

    def __init__(
        self, places: pd.DataFrame, providers: pd.DataFrame | None = None, country: str = ""
    ) -> None:
        self.places = Names(places.reset_index(drop=True))
        self._providers = providers
        self._has_unnamed = False
        values = self.places.frame["within"].dropna().unique()
        parts = {normalise(part) for value in values for part in parts_of(value)}
        self.country = country or place_words.country_of(parts)

    @functools.cached_property
    def facilities(self) -> Names:
        """Hospitals and practices as places; of very many only hospitals, and of too many none."""
        known = self._providers
        if known is None:
            return Names(self.places.frame.iloc[:0])
        rows = known[known["kind"] == "facility"]
        self._has_unnamed = len(rows) > MOST_NAMED
        if self._has_unnamed:
            rows = rows[rows["facility_type"].isin(HOSPITAL_TYPES)]
        rows = rows.head(len(rows) if len(rows) <= MOST_NAMED else 0).reset_index(drop=True)
        columns = ["provider_id", "name", "also_known_as", "locality", "lat", "lon"]
        renamed = rows[columns].rename(columns={"provider_id": "place_id", "locality": "within"})
        return Names(renamed.assign(kind="facility", population=np.nan))

    @functools.cached_property
    def regions(self) -> dict[str, set[str]]:
        """What places lie in, and everything that this is called, folded."""
        frame = self.places.frame
        values = {part for v in frame["within"].dropna().unique() for part in parts_of(v)}
        known = {v: set(place_words.region_names(v, self.country)) for v in values}
        holders = frame[frame["kind"].isin(DISTRICT_KINDS)]
        for name, aliases in zip(holders["name"], holders["also_known_as"], strict=True):
            spelt = known.setdefault(name, place_words.region_names(name, self.country))
            spelt |= {normalise(a) for a in aliases} if isinstance(aliases, list) else set()
        return known

    @functools.cached_property
    def countries(self) -> set[str]:
        """What the pack's own country is called, folded."""
        return place_words.country_names(self.country)

    def find(self, text: str) -> PlaceMatch:
        """Find the place that a text names; see `find_place`."""
        try:
            spot = read_position(re.sub(r"\(near [^)]*\)\s*$", "", text))
        except CareReachError as error:
            return PlaceMatch(problem=str(error))
        if spot:
            return PlaceMatch(self._point(*spot))
        pinned = _PINNED.search(text)
        at_spot = (float(pinned[1]), float(pinned[2])) if pinned else None
        plain = _PINNED.sub("", text)
        label = plain.strip()
        # A label with brackets in its name, and that of a facility, says just this one.
        for names, sign in ((self.places, "("), (self.facilities, ",")):
            rows = names.labelled(label if sign in label else "")
            if len(rows):
                return names.answer(rows, Reading(label), at_spot)
        if len(text) > MOST_LETTERS or len(text.split()) > MOST_WORDS:
            return PlaceMatch(problem="That is too long: type only a place and its district.")
        code = short_code(text)
        if code:
            leans_on = self.find(code[1])
            at = leans_on.place
            return PlaceMatch(self._point(*recover(code[0], at.lat, at.lon))) if at else leans_on
        if not normalise(text):
            why = "Type the name of a place, or a position as latitude, longitude."
            return PlaceMatch(problem=why)
        if re.match(r"\s*(?:MULTI)?(?:POINT|POLYGON)\b", plain):
            return PlaceMatch(problem="Type a position as latitude, longitude.")
        # What stands in brackets is what kind of place it is, or what it lies in.
        aside = re.search(r"\(([^)]*)\)\s*$", plain)
        if aside and not self._meant(normalise(aside[1])):
            plain = plain.replace(aside[0], " ")
        plain = " ".join(re.sub(r"\(([^)]*)\)\s*$", r", \1", plain).split())
        plain = re.sub(r"\([^)]*\)", " ", plain)
        found = self._by_zip(plain) if self.country == "US" else None
        return found or self._by_name(plain, at_spot)

    def _by_zip(self, text: str) -> PlaceMatch | None:
        """A ZIP code alone, or a name in its state; None where no known one is in the text."""
        codes = [text] if re.fullmatch(r"\d{4}", text) else _ZIP.findall(text)
        code = us_zip(codes[-1]) if codes else None
        spot = zip_spot(code) if code else None
        if spot is None or code is None:
            return None
        states = {name for name, spelt in self.regions.items() if spot.state.casefold() in spelt}
        state = next(iter(states), spot.state)
        named = f"{spot.locality}, {state}" if spot.locality else state
        rest = _ZIP_WORDS.sub(" ", text.replace(codes[-1], " ").removesuffix(".0"))
        rest = " ".join(rest.split()).strip(" ,.")
        place = Place(f"zip:{code}", code, "postcode", state, spot.lat, spot.lon, code, named)
        meant = [self._meant(normalise(part)) for part in rest.split(",") if normalise(part)]
        if all(held is None or held & states for held in meant):
            return PlaceMatch(place, corrected=not codes[-1].startswith(code))
        found = self._by_name(rest, None)
        if not found.place or found.place.within not in states:
            again = self._by_name(f"{rest}, {state}", None)
            found = found if again.corrected else again
        town = found.place
        if town and town.within in states:
            km = distance_km(town.lat, town.lon, [spot.lat], [spot.lon])[0]
            if km <= ZIP_KM:
                return found
        if text.startswith(codes[-1]) and not town:  # the number of a house
            return None
        near = [p for p in found.every if p.within in states][: MAX_CANDIDATES - 1]
        why = f"{code} is in {named}. Which do you mean?" if near else ""
        why = why or f"{code} is in {named}, not in {rest}."
        return PlaceMatch(choices=(place, *near), problem=why)

    def _by_name(self, text: str, spot: tuple[float, float] | None) -> PlaceMatch:
        """The plainest reading that something answers to, by the surest comparison first."""
        readings, places = _readings(text), self.places
        before = [reading for reading in readings if text.startswith(reading.name)]
        found = self._first(before, places, Names.nicknamed, spot)
        if found and not places.is_own_name(text):
            return found
        for compare in (Names.exact, Names.squashed, Names.varied):
            found = self._first(readings, places, compare, spot)
            if found:
                return self._not_a_region(text, found)
        found = self._first(readings, places, Names.completed, spot, sure=False)
        if found:
            return self._not_a_region(text, found)
        streets = self._unknown(_after_a_street(text))
        found = (
            self._first(readings, self.facilities, Names.called, spot)
            or self._in_region(text)
            or self._not_in(readings)
            or self._first(readings, self.facilities, Names.worded, spot, sure=False)
            or self._first(streets, places, Names.exact, spot)
            or self._without(readings)
            or self._first(readings, places, Names.begun, spot, sure=False)
            or self._first(readings, places, Names.misspelt, spot, sure=False)
        )
        if found:
            return found
        near = tuple(self.places.near_spellings(text))[:3]
        why = f"No place called “{text}” is known here."
        if self._has_unnamed:
            why += " The data holds too many facilities to find each by name: try a town."
        return PlaceMatch(suggestions=near, problem=why)

    def _first(
        self,
        readings: Iterable[Reading],
        names: Names,
        compare: Compare,
        spot: tuple[float, float] | None,
        *,
        sure: bool = True,
    ) -> PlaceMatch | None:
        for reading in readings:
            rows = compare(names, reading.name)
            vague = []
            for within in reading.within:
                if len(rows):
                    rows = rows[self._lies_within(names, rows, within)]
                    vague += [within] if self._is_vague(normalise(within)) else []
            if len(rows):
                left = ", ".join(filter(None, (reading.ignored, *vague)))
                return names.answer(rows, replace(reading, ignored=left), spot, sure=sure)
        return None

    def _unknown(self, readings: Iterable[Reading]) -> list[Reading]:
        """Readings of addresses that leave out no place, and do not take a region for a town."""
        return [
            r
            for r in readings
            if not any(len(self.places.exact(part)) for part in r.ignored.split(","))
            and (r.within or not self._is_region(r.name) or len(self._headquarters(r.name)))
        ]

    def _is_region(self, text: str) -> bool:
        return any(normalise(text) in spelt for spelt in self.regions.values())

    def _headquarters(self, text: str) -> Rows:
        """Places of a region's own name in it: what stands for it."""
        held = self._held(text)
        return np.intersect1d(held, self.places.exact(text))

    def _not_in(self, readings: Iterable[Reading]) -> PlaceMatch | None:
        """A name that is known, but not in the region that it is said to lie in."""
        for reading in readings:
            rows = self.places.exact(reading.name) if reading.comma else np.empty(0, np.intp)
            if len(rows) and all(self._meant(normalise(w)) != set() for w in reading.within):
                labels = [place.label for place in self.places.answer(rows, reading, None).every]
                why = f"No place called “{reading.name}” is known in {', '.join(reading.within)}."
                return PlaceMatch(suggestions=tuple(labels[:3]), problem=why)
        return None

    def _without(self, readings: Iterable[Reading]) -> PlaceMatch | None:
        """A name that is known, in something that nobody knows."""
        for reading in readings:
            rows = self.places.exact(reading.name) if reading.comma else np.empty(0, np.intp)
            if not len(rows):
                continue
            unknown = [w for w in reading.within if self._meant(normalise(w)) == set()]
            for within in set(reading.within) - set(unknown):
                rows = rows[self._lies_within(self.places, rows, within)]
            if not len(rows):
                continue
            left = ", ".join(unknown)
            found = self.places.answer(rows, replace(reading, ignored=left), None)
            if found.place and not found.others:
                return found
            why = f"“{left}” is not known here. Which {reading.name} do you mean?"
            return PlaceMatch(choices=found.every, problem=why)
        return None

    def _in_country(self, text: str) -> str:
        """A text folded, without the pack's own country behind it."""
        key = normalise(text)
        for country in self.countries:
            key = key.removesuffix(f" {country}")
        return key

    def _held(self, text: str) -> Rows:
        """The places of the region that a text names, the largest first."""
        key = self._in_country(text)
        held = {name for name, spelt in self.regions.items() if key in spelt}
        frame = self.places.frame
        rows = frame.index[frame["within"].isin(held)].to_numpy(np.intp)
        return rows[np.argsort(-self.places.people[rows], kind="stable")]

    def _largest(self, rows: Rows, most: int) -> tuple[Place, ...]:
        """The first of some rows that are not the same place."""
        return tuple(map(self.places.place, self.places.distinct(rows[: 8 * most])[:most]))

    def _not_a_region(self, text: str, found: PlaceMatch) -> PlaceMatch:
        """Ask, where the name of a region is also that of a smaller place elsewhere."""
        place, held = found.place, self._held(text)
        if found.ignored or not len(held) or (place and place.kind in DISTRICT_KINDS):
            return found
        ids, people = self.places.frame["place_id"], self.places.people
        inside = set(ids[held])
        key = name_key(self._in_country(text)).replace(" ", "")
        # Its headquarters, or a district that stands for itself.
        own = [p for p in found.every if name_key(p.name).replace(" ", "") == key]
        if any(p.place_id in inside or p.kind in DISTRICT_KINDS for p in own):
            return found
        if place is None:
            largest = self._largest(held, MAX_CANDIDATES // 2)
            others = tuple(c for c in found.choices if c not in largest)
            return replace(found, choices=(*largest, *others)[:MAX_CANDIDATES])
        # New York is called like its state, and larger than any other place in it.
        size = people[np.flatnonzero(ids == place.place_id)].max()
        enough = 1.0 if place.place_id in inside else _AS_LARGE
        if size >= enough * people[held[0]]:
            return found
        places = self._largest(held, MAX_CANDIDATES - 1)
        why = f"“{text}” is a region, too. Which place do you mean?"
        others = tuple(p for p in places if p.place_id != place.place_id)
        return PlaceMatch(choices=(place, *others), problem=why)

    def _in_region(self, text: str) -> PlaceMatch | None:
        """A region is no place to search from: which of its places is meant?"""
        rows = self._held(text)
        why = f"“{text}” is a region. Which place in it? If it is not listed, type its name."
        places = self._largest(rows, MAX_CANDIDATES)
        return PlaceMatch(choices=places, problem=why) if len(rows) else None

    def _lies_within(self, names: Names, rows: Rows, within: str) -> np.ndarray:
        """Which rows lie in something of this name, by any spelling of it."""
        meant = self._meant(normalise(within))
        if meant is None:
            return np.ones(len(rows), bool)
        above = self._above
        keep = []
        for own, value, kind in names.frame.loc[rows, ["name", "within", "kind"]].itertuples(
            index=False
        ):
            held = set(parts_of(value)) if isinstance(value, str) else set()
            held |= {own} if kind in DISTRICT_KINDS else set()
            held |= {part for value in held for part in parts_of(above.get(value, ""))}
            same = normalise(str(value)) == normalise(within)
            keep.append(bool(held & meant) or (names is self.facilities and same))
        return np.array(keep, bool)

    @functools.cached_property
    def _above(self) -> dict[str, str]:
        """What districts lie in themselves."""
        frame = self.places.frame
        rows = frame[frame["kind"].isin(DISTRICT_KINDS) & frame["within"].notna()]
        return dict(zip(rows["name"], rows["within"], strict=True))

    def _meant(self, key: str) -> set[str] | None:
        """The regions that a folded text means; None for the whole country, empty for none."""
        for country in self.countries:
            key = key.removesuffix(f" {country}") if key != country else ""
        if not key:
            return None
        if self._is_vague(key):
            around = place_words.countries_with(key) | {key}
            return {name for name, spelt in self.regions.items() if spelt & around}
        squashed = key.replace(" ", "")
        for alike in (
            lambda name: squashed == name.replace(" ", ""),
            lambda name: len(key) >= 3 < len(name) and name.startswith(key),
            lambda name: len(key) >= 4 and fuzz.ratio(squashed, name.replace(" ", "")) >= TYPO,
        ):
            meant = {name for name, spelt in self.regions.items() if any(map(alike, spelt))}
            if meant:
                return meant
        return set()

    def _is_vague(self, key: str) -> bool:
        """Whether a region is known only by its country, in a pack of several countries."""
        if self.country or not (around := place_words.countries_with(key)):
            return False
        if any(key in spelt for spelt in self.regions.values()) and (
            len(key) > len("IL") or key in place_words.COUNTRIES
        ):
            return False  # IL is Israel and Illinois, UK is meant as the country
        return any(spelt & around for spelt in self.regions.values())

    def _point(self, lat: float, lon: float) -> Place:
        """A position, recognised by the nearest place."""
        frame = self.places.frame
        near = ""
        # Half a degree of latitude is more than `NAMED_KM`; most of a country need not be measured.
        some = frame[(frame["lat"] - lat).abs() < 0.5]
        if len(some):
            km = distance_km(lat, lon, some["lat"], some["lon"])
            if km.min() <= NAMED_KM:
                row = int(some.index.to_numpy()[int(km.argmin())])
                near = self.places.label(row).split(" (")[0]
        label = f"{round(lat, 4)}, {round(lon, 4)}"
        at = (lat, lon, label, near)
        return Place(f"point:{lat:.5f},{lon:.5f}", label, "point", "", *at)


def find_place(places: "pd.DataFrame | Gazetteer", text: str) -> PlaceMatch:
    """Find the place that a text names.

    Parameters
    ----------
    places
        A pack's places, or a gazetteer made of a pack.
    text
        "Serzhong, Sarpang", "St Paul MN", "12 Main St, Portland, ME 04101", "04101", the name of a
        facility, or a position in any spelling that `geo.packs.positions` reads.

    Returns
    -------
    PlaceMatch
        One place, or the choices, or near spellings.
    """
    known = places if isinstance(places, Gazetteer) else Gazetteer(places)
    return known.find(text)


def _readings(text: str) -> list[Reading]:
    """Ways to read a text as a name and what it lies in, the plainest first."""
    parts = [part.strip() for part in text.split(",") if normalise(part)]
    if len(parts) < 2:
        return [Reading(text.strip()), *_halves(text)]
    first, *rest = parts
    readings = [Reading(" ".join(parts))]
    readings += [
        Reading(" ".join(parts[:n]), tuple(parts[n:]), comma=True) for n in range(1, len(parts))
    ]
    readings += [replace(r, within=(*r.within, *rest)) for r in _halves(first)]
    return [*readings, Reading(parts[-1], tuple(parts[:-1]))]


def _halves(text: str) -> list[Reading]:
    """A name and what it lies in without a comma, in either order."""
    words = text.split()
    cuts = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(len(words) - 1, 0, -1)]
    # Before a name two letters are a code only in capitals: "ME Portland", not "Ne York".
    turned = [(b, a) for a, b in cuts if len(a) != len("ME") or a.isupper()]
    return [Reading(name, (within,)) for name, within in (*cuts, *turned)]


def _after_a_street(text: str) -> list[Reading]:
    """Readings of an address without its street, and without the number of a house."""
    parts = [part.strip() for part in text.split(",") if normalise(part)]
    readings = []
    for n in range(1, len(parts)):
        rest = _readings(", ".join(parts[n:]))
        readings += [replace(r, ignored=", ".join(parts[:n]), comma=False) for r in rest]
    words = text.split()
    if len(parts) == 1 and words[0][:1].isdigit():
        for n in range(1, len(words)):
            rest = _readings(" ".join(words[n:]))
            readings += [replace(r, ignored=" ".join(words[:n])) for r in rest]
    return readings


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
        away_m.append(GEOD.inv(lon, lat, x / stretch, y)[2])
    return float(min(away_m) / 1000)
