"""Places by their names: every spelling made comparable, labels, and which of several is meant."""

import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz import fuzz, process

from geo.distance import distance_km
from geo.packs.place_words import AFTER, BEFORE, KIND_WORDS, NICKNAMES, SMALL_WORDS, name_key
from geo.packs.schema import DISTRICT_KINDS
from geo.text import normalise

#: The smaller, the more likely meant, where one name is on several in the same spot.
_KIND_ORDER = ("town", "village", "locality", "postcode", "gewog")
#: Same-name matches within one district and this far apart are one place.
SAME_PLACE_KM = 15.0
#: Likeness (0-100, rapidfuzz ratio) from which a spelling counts as a typo of a name.
TYPO = 78.0
MAX_CANDIDATES = 8
#: A name's largest bearer is meant where it has so many times the people of the next.
PROMINENT = 10
#: So many words tell a facility without saying that it is one.
_TELLING = 3
#: How far a label's position may be from its place, km: it is rounded.
_PINNED_KM = 0.5
#: Letters that Germans and Scandinavians write as two where a keyboard lacks them.
_AS_TWO = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})

Rows = npt.NDArray[np.intp]
#: A way of `Names` to compare: the rows whose name is like a text.
Compare = Callable[["Names", str], Rows]


@dataclass(frozen=True)
class Place:
    """A point that a reader can search from. `label` finds it again.

    Attributes
    ----------
    near
        The place by which a position or a postcode is recognised; else "".
    """

    place_id: str
    name: str
    kind: str
    within: str
    lat: float
    lon: float
    label: str
    near: str = ""

    @property
    def shown(self) -> str:
        """The label for a reader, with what it is recognised by."""
        return f"{self.label} (near {self.near})" if self.near else self.label


@dataclass(frozen=True)
class PlaceMatch:
    """The answer to a search: one place, a choice of several, or near spellings only.

    Attributes
    ----------
    place
        The place, where the text names exactly one, or one much larger than the others.
    choices
        The places it may mean, where it names several, the largest first; empty otherwise.
    suggestions
        Labels with a similar spelling, where it names none.
    corrected
        Whether `place` was found only by overlooking a typo or completing a name.
    problem
        One sentence for the reader where there is no place.
    others
        Smaller places of the same name, where the largest was taken.
    ignored
        What of the text was not looked up.
    """

    place: Place | None = None
    choices: tuple[Place, ...] = ()
    suggestions: tuple[str, ...] = ()
    corrected: bool = False
    problem: str = ""
    others: tuple[Place, ...] = ()
    ignored: str = ""

    @property
    def every(self) -> tuple[Place, ...]:
        """All that the text may mean, the likeliest first."""
        return (self.place, *self.others) if self.place else self.choices

    def notes(self, text: str) -> list[str]:
        """What was assumed in understanding the text, a sentence each.

        Parameters
        ----------
        text
            What was typed.
        """
        if self.place is None:
            return []
        label = self.place.label
        notes = [f"“{text.strip()}” was read as {label}."] if self.corrected else []
        if self.ignored:
            notes.append(f"“{self.ignored}” was not looked up; searched from {label}.")
        if self.others:
            also = "; ".join(other.label for other in self.others)
            notes.append(f"{label} is the largest place of that name. Others: {also}.")
        return notes


@dataclass(frozen=True)
class Reading:
    """A way to read a text: a name, what it lies in, and what is left over."""

    name: str
    within: tuple[str, ...] = ()
    ignored: str = ""
    comma: bool = False


class Names:
    """Places with every spelling of their names made comparable.

    Parameters
    ----------
    frame
        Rows of the contract's places, numbered from 0.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.keys: list[str] = []
        self.rows: list[int] = []
        self._by_key: dict[str, set[int]] = defaultdict(set)
        self._by_squashed: dict[str, set[int]] = defaultdict(set)
        for row, (name, aliases) in enumerate(
            zip(frame["name"], frame["also_known_as"], strict=True)
        ):
            for key in dict.fromkeys(_keys((name, *_listed(aliases)))):
                self.keys.append(key)
                self.rows.append(row)
                self._by_key[key].add(row)
                self._by_squashed[key.replace(" ", "")].add(row)

    def exact(self, name: str) -> Rows:
        """Rows of that name; with letters beyond a plain keyboard only those that have them."""
        rows = sorted(self._by_key.get(name_key(name), ()))
        if rows and not name.isascii():
            typed = _literal(name)
            own = [row for row in rows if typed in {_literal(n) for n in self._spellings(row)}]
            rows = own or rows
        return np.array(rows, np.intp)

    def is_own_name(self, name: str) -> bool:
        """Whether a place is called so, and not only also known as it."""
        return any(name_key(self.frame["name"][row]) == name_key(name) for row in self.exact(name))

    def squashed(self, name: str) -> Rows:
        """Rows of that name, wherever its spaces are."""
        return np.array(sorted(self._by_squashed.get(name_key(name).replace(" ", ""), ())), np.intp)

    def varied(self, name: str) -> Rows:
        """Rows of that name without "city of" or "town"."""
        key = normalise(name)
        for words in BEFORE:
            if key.startswith(f"{words} ") and len(rows := self.exact(key[len(words) :])):
                return rows
        for words in AFTER:
            if key.endswith(f" {words}") and len(rows := self.exact(key[: -len(words)])):
                return rows
        return np.empty(0, np.intp)

    def completed(self, name: str) -> Rows:
        """Rows of that name with "city" behind it, or "the" before it."""
        key = normalise(name)
        return np.union1d(self.exact(f"{key} city"), self.exact(f"the {key}")).astype(np.intp)

    def nicknamed(self, name: str) -> Rows:
        """Rows of the name that a nickname stands for."""
        meant = NICKNAMES.get(normalise(name), NICKNAMES.get(normalise(name).replace(" ", "")))
        return self.exact(meant) if meant else np.empty(0, np.intp)

    def called(self, name: str) -> Rows:
        """Facilities of that name, and those whose name has more; none for a general word."""
        words = set(name_key(name).split())
        rows = self.exact(name)
        if not len(rows) or words <= KIND_WORDS | SMALL_WORDS or "county" in words:
            return np.empty(0, np.intp)
        return np.union1d(rows, self.worded(name)).astype(np.intp)

    def labelled(self, text: str) -> Rows:
        """Rows whose name and what it lies in are written just so."""
        return np.array(self._namesakes.get(text, ()), np.intp)

    def worded(self, name: str) -> Rows:
        """Rows whose name, and what it lies in, have every one of these words.

        One word at least says what kind of place it is, and one which of them; or three which.
        """
        words = set(name_key(name).split())
        own = words - KIND_WORDS - SMALL_WORDS
        if not own or not (words & KIND_WORDS or len(own) >= _TELLING):
            return np.empty(0, np.intp)
        found = set.intersection(*(self._by_word.get(word, set()) for word in words))
        return np.array(sorted(found), np.intp)

    def begun(self, name: str) -> Rows:
        """Rows whose name begins so."""
        key = name_key(name)
        rows = [r for k, r in zip(self.keys, self.rows, strict=True) if k.startswith(key)]
        return np.unique(np.array(rows if len(key) >= 3 else [], np.intp))

    def misspelt(self, name: str) -> Rows:
        """Rows whose name is spelt nearly so."""
        key = name_key(name)
        if len(key) < 4 or not self.keys or any(c.isdigit() for c in key):
            return np.empty(0, np.intp)
        likeness = process.cdist([key], self.keys, scorer=fuzz.ratio)[0]
        close = likeness >= max(TYPO, likeness.max() - 5)
        return np.unique(np.array(self.rows, np.intp)[close])

    def near_spellings(self, text: str) -> list[str]:
        """Labels of the places that are spelt most alike."""
        near = process.extract(
            name_key(text), dict(enumerate(self.keys)), scorer=fuzz.ratio, limit=12
        )
        return list(dict.fromkeys(self.label(self.rows[i]) for _, _, i in near))

    def label(self, row: int) -> str:
        """A text that finds a row again: its name and district, and its position where need be."""
        alike = self._namesakes[self._base[row]]
        if len(alike) == 1 or all(self._is_near(alike[0], other) for other in alike):
            return self._base[row]
        lat, lon = self._lat[row], self._lon[row]
        return f"{self._base[row]} ({round(lat, 4)}, {round(lon, 4)})"

    def place(self, row: int) -> Place:
        """A row as a place to search from."""
        place_id, name, kind, within = self.frame.loc[row, ["place_id", "name", "kind", "within"]]
        at = float(self._lat[row]), float(self._lon[row])
        held = within if isinstance(within, str) else ""
        return Place(str(place_id), str(name), str(kind), held, *at, self.label(row))

    def answer(
        self, rows: Rows, reading: Reading, spot: tuple[float, float] | None, *, sure: bool = True
    ) -> PlaceMatch:
        """One match is the answer, and the largest by far; else several are a question.

        Parameters
        ----------
        rows
            What the name may mean.
        reading
            How the text was read.
        spot
            The position in the text, which says which of them it is.
        sure
            Whether the name was found as it was typed.
        """
        if spot is not None:
            km = distance_km(*spot, self._lat[rows], self._lon[rows])
            rows = rows[[int(km.argmin())]] if km.min() <= _PINNED_KM else rows
        kept = self.distinct(rows, name_key(reading.name))
        people = self.people[kept]
        places = [self.place(row) for row in kept[:MAX_CANDIDATES]]
        ignored = reading.ignored
        if len(places) == 1:
            return PlaceMatch(places[0], corrected=not sure, ignored=ignored)
        known = bool((people >= 0).all()) and people[0] > 0
        if sure and known and people[0] >= PROMINENT * people[1]:
            return PlaceMatch(places[0], others=tuple(places[1:]), ignored=ignored)
        problem = f"There is more than one place called “{reading.name.strip()}”."
        if not sure:
            problem = f"No place called “{reading.name.strip()}” is known here; "
            problem += "these have a similar name."
        if len(kept) > len(places):
            problem += f" To find one of {len(kept) - len(places)} more, add its state or district."
        return PlaceMatch(choices=tuple(places), corrected=not sure, problem=problem)

    def distinct(self, rows: Rows, key: str = "") -> list[int]:
        """Matches without those that are the same place, the largest first."""
        kinds, names = self.frame["kind"], self.frame["name"]

        def rank(row: int) -> tuple[bool, int, float]:
            kind = kinds[row]
            order = _KIND_ORDER.index(kind) if kind in _KIND_ORDER else len(_KIND_ORDER)
            # A name of its own beats an alias; of two like that the larger stands for both.
            return name_key(names[row]) != key, order, -self.people[row]

        kept: list[int] = []
        for row in sorted(map(int, rows), key=rank):
            twice = (k for k in kept if self._district[row] == self._district[k])
            if not any(self._is_near(row, k) for k in twice):
                kept.append(row)
        return sorted(kept, key=lambda row: -self.people[row])

    def _is_near(self, a: int, b: int) -> bool:
        km = distance_km(self._lat[a], self._lon[a], [self._lat[b]], [self._lon[b]])[0]
        return bool(km <= SAME_PLACE_KM)

    def _spellings(self, row: int) -> Iterator[str]:
        yield self.frame["name"][row]
        yield from _listed(self.frame["also_known_as"][row])

    @functools.cached_property
    def _lat(self) -> npt.NDArray[np.float64]:
        return self.frame["lat"].to_numpy(float)

    @functools.cached_property
    def _lon(self) -> npt.NDArray[np.float64]:
        return self.frame["lon"].to_numpy(float)

    @functools.cached_property
    def people(self) -> npt.NDArray[np.float64]:
        """People of each row; -1 where it is not known."""
        return np.asarray(self.frame["population"].astype("Float64").fillna(-1), np.float64)

    @functools.cached_property
    def _district(self) -> "pd.Series[str]":
        frame = self.frame
        return frame["name"].where(frame["kind"].isin(DISTRICT_KINDS), frame["within"].fillna(""))

    @functools.cached_property
    def _base(self) -> list[str]:
        """Name and what it lies in."""
        named = zip(self.frame["name"], self.frame["within"], strict=True)
        return [f"{n}, {w}" if isinstance(w, str) and w != n else str(n) for n, w in named]

    @functools.cached_property
    def _namesakes(self) -> dict[str, list[int]]:
        known: dict[str, list[int]] = defaultdict(list)
        for row, base in enumerate(self._base):
            known[base].append(row)
        return known

    @functools.cached_property
    def _by_word(self) -> dict[str, set[int]]:
        known: dict[str, set[int]] = defaultdict(set)
        for key, row in zip(self.keys, self.rows, strict=True):
            for word in key.split():
                known[word].add(row)
        for row, within in enumerate(self.frame["within"]):
            for word in name_key(within).split() if isinstance(within, str) else ():
                known[word].add(row)
        return known


def parts_of(within: str) -> list[str]:
    """What a place lies in, level by level: "Illinois, United States" is two."""
    return [part.strip() for part in str(within).split(",") if part.strip()]


def _listed(aliases: object) -> list[str]:
    return aliases if isinstance(aliases, list) else []


def _keys(spellings: Iterable[str]) -> Iterator[str]:
    """Every spelling folded, and what may be typed for it."""
    for spelling in spellings:
        yield name_key(spelling)
        two = spelling.casefold().translate(_AS_TWO)
        if two != spelling.casefold():
            yield name_key(two)
        for part in re.split(r"\s*/\s*", spelling) if "/" in spelling else ():
            if len(part) > 3 and normalise(part) not in KIND_WORDS:
                yield name_key(part)


def _literal(name: str) -> str:
    """A name as its letters are, but for case and punctuation."""
    plain = unicodedata.normalize("NFC", name).casefold()
    return " ".join(re.sub(r"[^\w\u0300-\u1fff]+", " ", plain).split())
