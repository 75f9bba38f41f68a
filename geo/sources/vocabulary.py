"""Words that tables use, in several languages: for columns, kinds of places, yes and no.

The words themselves stand in `vocabulary.yaml`, which can be read and completed by anybody.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from geo.text import normalise

WORDS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))


def folded(header: str) -> str:
    """A column's name to compare: `Facility_Name` is `facility name`."""
    return normalise(header.replace("_", " "))


#: What a table may tell: field to how people call its column.
FIELDS: Mapping[str, tuple[str, ...]] = {
    field: tuple(words) for field, words in WORDS["columns"].items()
}
#: The same, folded to compare.
HEADER_WORDS = frozenset(folded(word) for words in FIELDS.values() for word in words)
#: What a column of regions is called, and its level, 0 for the uppermost.
LEVEL_OF: Mapping[str, int] = {
    folded(word): level for level, words in enumerate(WORDS["levels"]) for word in words
}
MISSING, MISSING_SHORT, YES, NO, TOTALS = (
    frozenset(map(normalise, WORDS[key]))
    for key in ("missing", "missing_short", "said_yes", "said_no", "totals")
)
GENDERS: Mapping[str, str] = {
    normalise(word): gender for gender, words in WORDS["genders"].items() for word in words
}
#: Beginnings of NUCC codes of organisations with the kind of place, in order.
NUCC_PLACES: Sequence[tuple[str, str]] = tuple(WORDS["nucc_places"].items())
#: Two letters of a state or territory of the United States, and its name.
STATES: Mapping[str, str] = dict(pair.split(" ", 1) for pair in WORDS["states"])


def whole_words(words: Iterable[str]) -> re.Pattern[str]:
    r"""Any of some words, as whole ones; scripts without spaces know no whole words.

    Parameters
    ----------
    words
        Each a pattern, `\w*` where a word may go on.
    """
    return re.compile(
        "|".join(w if ord(w.strip("\\w*")[-1]) > 0xE00 else rf"(?<!\w)(?:{w})(?!\w)" for w in words)
    )


_TYPES = tuple((whole_words(t["any"]), str(t["kind"])) for t in WORDS["facility_types"])


def _both(words: str) -> str:
    """Words folded, and as they are: folding cuts scripts that write vowels as marks."""
    return f"{normalise(words)} | {words.casefold()}"


def facility_type_of(words: str) -> str | None:
    """The kind of place that a table's words mean; None where they mean none known here.

    Parameters
    ----------
    words
        As a table says it, in any of several languages.

    Examples
    --------
    >>> facility_type_of("Centre de Santé Rural"), facility_type_of("District Hospital")
    ('primary_care', 'hospital')
    """
    # No word of the vocabulary has a digit, and names often differ in nothing else.
    return _type_of(re.sub(r"\d+", "0", words))


@functools.lru_cache(maxsize=10_000)
def _type_of(words: str) -> str | None:
    plain = _both(words)
    return next((kind for pattern, kind in _TYPES if pattern.search(plain)), None)
