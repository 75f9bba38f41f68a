"""An entry in American English, with American units beside the metric ones.

Entries are written in British English. `data/procedures/american.csv` says which words an American
reader would not write so; a word that ends in `*` stands for every word that begins with it. Names
under which an entry is found, and what is cited, stay as they are.
"""

import csv
import functools
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from geo.care.entry import MARK, Procedure
from geo.packs.place_words import country_code
from geo.paths import DATA
from geo.units import KM_PER_MI

#: The United States and their territories (ISO 3166-1).
COUNTRIES = frozenset({"US", "PR", "GU", "VI", "AS", "MP"})
#: What a reader sees of an entry; the rest is names, codes and sources.
_READ = frozenset(
    {
        *("title", "in_a_sentence", "why", "red_flags", "first_step", "in_short", "drawing"),
        *("pictures", "options", "matters", "easy", "related", "sections", "labels"),
        "practitioners",
    }
)
#: Fields that name something else: a source, a picture.
_KEYS = frozenset({"cite", "shows"})
#: One unit in another, and its name: the international pound and inch (NIST SP 811, appendix B).
_UNITS = {"kg": (1 / 0.45359237, "lb"), "cm": (1 / 2.54, "in"), "km": (1 / KM_PER_MI, "miles")}
_METRIC = re.compile(rf"\b(\d+(?:\.\d+)?)(?: to (\d+(?:\.\d+)?))? ({'|'.join(_UNITS)})\b")


def in_english_of(country: str, library: Mapping[str, Procedure]) -> dict[str, Procedure]:
    """The entries of a library in the English that a country writes.

    Parameters
    ----------
    country
        Name or code. British English is the library's own, and stands for every country but those
        of `COUNTRIES`.
    library
        Slug to entry; not changed.
    """
    if language(country) == "en-GB":
        return dict(library)
    return {slug: american(entry) for slug, entry in library.items()}


def language(country: str) -> str:
    """The language of a country's library: "en-US" or "en-GB"."""
    return "en-US" if country_code(country) in COUNTRIES else "en-GB"


def in_english_text(country: str, text: str) -> str:
    """A sentence of the interface in the English that a country writes."""
    return _text(text) if language(country) == "en-US" else text


def american(entry: Procedure) -> Procedure:
    """An entry with American words, and pounds, inches and miles in brackets."""
    return entry.model_copy(update={name: _said(getattr(entry, name)) for name in _READ})


def _said(value: Any) -> Any:
    if isinstance(value, str):
        # A mark names a source, whatever its letters spell: every second piece.
        pieces = MARK.split(value)
        pieces[::2] = map(_text, pieces[::2])
        pieces[1::2] = (f"[^{key}]" for key in pieces[1::2])
        return "".join(pieces)
    if isinstance(value, Mapping):
        return {key: _said(held) for key, held in value.items()}
    if isinstance(value, tuple):
        return tuple(_said(held) for held in value)
    if isinstance(value, BaseModel):
        fields = {name: _said(held) for name, held in value if name not in _KEYS}
        return value.model_copy(update=fields)
    return value


@functools.lru_cache(maxsize=1024)
def _text(text: str) -> str:
    pattern, words = _words()

    def word(match: re.Match[str]) -> str:
        said = words[match[0].lower()]
        return said[0].upper() + said[1:] if match[0][0].isupper() else said

    return _METRIC.sub(_both, pattern.sub(word, text))


def _both(match: re.Match[str]) -> str:
    """A length or weight with the American one in brackets, to two digits."""
    ratio, unit = _UNITS[match[3]]
    numbers = [f"{float(f'{float(n) * ratio:.2g}'):g}" for n in match.groups()[:2] if n]
    return f"{match[0]} ({' to '.join(numbers)} {unit})"


@functools.cache
def _words() -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds a British word, longest first, and what each is in American English."""
    with (DATA / "procedures" / "american.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["british"], row["american"]) for row in csv.DictReader(file)]
    rows.sort(key=lambda row: -len(row[0]))
    ends = [
        re.escape(british.removesuffix("*")) + ("" if british.endswith("*") else r"(?=s?(?!\w))")
        for british, _ in rows
    ]
    found = re.compile(rf"\b(?:{'|'.join(ends)})", re.IGNORECASE)
    return found, {british.removesuffix("*"): said for british, said in rows}
