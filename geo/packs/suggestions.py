"""What a reader may mean who is still typing: places that begin so, the largest first."""

import functools
import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.packs.gazetteer import Gazetteer
from geo.packs.names import Names, Place, Rows, parts_of
from geo.packs.place_words import name_key
from geo.packs.postcodes import zips_from
from geo.text import normalise

#: So many are suggested: what a phone shows above its keyboard.
MOST = 8
#: Facilities among them at least, where towns would fill the list.
_FACILITIES = 2
#: Rows looked at for a list: enough, though one place may be several rows.
_LOOKED_AT = 24
#: Fewer letters begin too many names to be worth a list.
LEAST_LETTERS = 2


class Suggestions:
    """A gazetteer made ready to be searched with every letter.

    Parameters
    ----------
    gazetteer
        A pack's places and facilities.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def suggest(self, text: str) -> tuple[Place, ...]:
        """Places that a text may become.

        Parameters
        ----------
        text
            The beginning of a name, or of a word in it, with what it lies in behind a comma; or of
            a postcode. Whatever else `Gazetteer.find` understands is suggested once it is whole.

        Returns
        -------
        tuple of Place
            At most `MOST`: what the whole text names, then towns that begin so, then facilities,
            then names with a word that begins so; the largest first. Each is found again by its
            label.
        """
        name, _, within = text.partition(",")
        if len(normalise(text).replace(" ", "")) < LEAST_LETTERS:
            return ()
        if re.fullmatch(r"\s*\d+\s*", text):
            codes = zips_from(text.strip(), MOST) if self._gazetteer.country == "US" else []
            return tuple(p for code in codes if (p := self._gazetteer.find(code).place))
        meant = self._gazetteer.find(text)
        sure = meant.place and not (meant.corrected or meant.ignored)
        # Where no town begins so: what a search would make of it, typing errors and all.
        towns = self._like(self._towns, name, within) or list(meant.every)
        care = self._like(self._care, name, within)
        room = MOST - min(len(care), _FACILITIES)
        every = list(meant.every[:1]) if sure else []
        every = _once([*every, *towns[:room], *care, *towns[room:]])
        return tuple(place for place in every if place.kind != "point")[:MOST]

    @functools.cached_property
    def _towns(self) -> "_Spellings":
        return _Spellings(self._gazetteer.places)

    @functools.cached_property
    def _care(self) -> "_Spellings":
        return _Spellings(self._gazetteer.facilities)

    def _like(self, of: "_Spellings", name: str, within: str) -> list[Place]:
        """Places whose name begins so, then those with a word that does."""
        begun = self._places(of.names, of.begun(name), within)
        more = [] if len(begun) == MOST else self._places(of.names, of.inside(name), within)
        return _once([*begun, *more])

    def _places(self, names: Names, rows: Rows, within: str) -> list[Place]:
        key = normalise(within)
        if key:
            meant = self._regions(key)
            held = [
                any(part in meant or normalise(part).startswith(key) for part in parts_of(value))
                for value in names.frame["within"].iloc[rows].fillna("")
            ]
            rows = rows[held]
        rows = rows[np.argsort(-names.people[rows], kind="stable")][:_LOOKED_AT]
        return [names.place(row) for row in names.distinct(rows)[:MOST]]

    def _regions(self, key: str) -> set[str]:
        """Regions that a folded text is the name of, or else begins the name of."""
        regions = self._gazetteer.regions
        exact = {name for name, spelt in regions.items() if key in spelt}
        begun = {name for name, spelt in regions.items() if any(s.startswith(key) for s in spelt)}
        return exact or begun


class _Spellings:
    """The spellings of names as one Arrow array, looked through at once."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._keys = pa.array([f" {key}" for key in names.keys], pa.string())
        self._rows = np.array(names.rows, np.intp)

    def begun(self, text: str) -> Rows:
        """Rows with a spelling that begins so."""
        return self._rows_where(lambda key: pc.starts_with(self._keys, f" {key}"), text)

    def inside(self, text: str) -> Rows:
        """Rows with a spelling that has all these words, or words that begin so."""
        return self._rows_where(
            lambda key: functools.reduce(
                pc.and_, [pc.match_substring(self._keys, f" {word}") for word in key.split()]
            ),
            text,
        )

    def _rows_where(self, alike: Callable[[str], pa.Array], text: str) -> Rows:
        found = np.zeros(len(self._rows), bool)
        # "St" may become Stockton, and is written for Saint.
        for key in {normalise(text), name_key(text)} - {""}:
            found |= alike(key).to_numpy(zero_copy_only=False)
        return np.unique(self._rows[found])


def _once(places: Sequence[Place]) -> list[Place]:
    """Places without those whose label came before."""
    return list({place.label: place for place in places}.values())
