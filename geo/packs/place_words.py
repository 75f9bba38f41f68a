"""Words in names of places: what is written either way, nicknames, and regions shortened.

The words stand in `place_words.yaml`, which anybody can read and complete; codes of regions and
countries are those of ISO 3166, from the package `pycountry`.
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pycountry
import yaml

from geo.text import normalise

_WORDS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
_SHORT: Mapping[str, str] = _WORDS["short"]
#: What may stand before and after a name without being part of it, folded.
BEFORE, AFTER = (tuple(map(normalise, _WORDS[key])) for key in ("before", "after"))
#: Words that say what kind of place of care a name is of, and words that say nothing of a place.
KIND_WORDS, SMALL_WORDS = (frozenset(_WORDS[key]) for key in ("kinds", "small"))
#: What people call a place, folded, and the name that it has.
NICKNAMES: Mapping[str, str] = {normalise(k): normalise(v) for k, v in _WORDS["nicknames"].items()}
#: What people call a country besides its names in ISO 3166, folded.
COUNTRIES = frozenset(map(normalise, _WORDS["countries"]))


def name_key(text: str) -> str:
    """A name to compare: folded, and words that are written either way written one way.

    Examples
    --------
    >>> name_key("Saint Louis") == name_key("St. Louis"), name_key("Mount Vernon")
    (True, 'mt vernon')
    """
    return " ".join(_SHORT.get(word, word) for word in normalise(text).split())


@functools.cache
def _countries() -> dict[str, set[str]]:
    """Two letters of a country to what it is called, folded."""
    known = {}
    for country in pycountry.countries:
        names = {country.alpha_2, country.alpha_3, country.name}
        names |= {getattr(country, key, "") for key in ("common_name", "official_name")}
        names |= {" ".join(reversed(name.split(", "))) for name in names if ", " in name}
        folded = {normalise(name.split(",")[0]).removeprefix("the ") for name in names if name}
        known[country.alpha_2] = folded
    for word, code in _WORDS["countries"].items():
        known[code].add(normalise(word))
    return known


@functools.cache
def _subdivisions() -> dict[str, dict[str, set[str]]]:
    """Two letters of a country to its regions: folded name to their codes, folded."""
    known: dict[str, dict[str, set[str]]] = {}
    for region in pycountry.subdivisions:
        names = known.setdefault(region.country_code, {})
        code = normalise(region.code.split("-", 1)[1])
        names.setdefault(normalise(region.name), set()).add(code)
    return known


@functools.cache
def _shortened() -> dict[str, set[str]]:
    """Folded name of a region to how people shorten it."""
    known: dict[str, set[str]] = {}
    for word, name in _WORDS["regions"].items():
        known.setdefault(normalise(name), set()).update({word, word.replace(" ", "")})
    return known


def country_of(regions: Iterable[str]) -> str:
    """The country (two letters) that most of these regions belong to; "" where none stands out.

    Parameters
    ----------
    regions
        Names of districts, provinces or states, folded.
    """
    names = set(regions)
    counts = {code: len(names & own.keys()) for code, own in _subdivisions().items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= max(1, 0.3 * len(names)) else ""


@functools.cache
def _countries_of() -> dict[str, set[str]]:
    """Name or code of a region, folded, to the countries that have such a region."""
    known: dict[str, set[str]] = {}
    for country, regions in _subdivisions().items():
        for name, codes in regions.items():
            for word in {name} | codes | _shortened().get(name, set()):
                known.setdefault(word, set()).add(country)
    return known


def countries_with(region: str) -> set[str]:
    """What the countries that have a region of this name or code are called, folded."""
    found = _countries_of().get(region, set())
    return {name for code in found for name in country_names(code)}


@functools.cache
def country_code(name: str) -> str:
    """Two letters of the country that a name or a code means; "" for none."""
    key = normalise(name).removeprefix("the ")
    return next((code for code, names in _countries().items() if key in names), "")


def country_names(code: str) -> set[str]:
    """What a country is called, folded; nothing where it is not known."""
    return _countries().get(code.upper(), set())


def region_names(name: str, country: str) -> set[str]:
    """How a region or country is also written, folded: its codes, and how people shorten it.

    Parameters
    ----------
    name
        A name, or a country's code.
    country
        Two letters of the country whose regions are meant; "" for any.

    Examples
    --------
    >>> sorted(region_names("Illinois", "US")), "uk" in region_names("United Kingdom", "")
    (['il', 'ill', 'illinois'], True)
    """
    key = normalise(name)
    named = {key} | _shortened().get(key, set())
    for code in [country.upper()] if country else _subdivisions():
        named |= _subdivisions().get(code, {}).get(key, set())
    for names in _countries().values():
        if key in names:
            named |= names
    return named
