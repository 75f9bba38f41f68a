"""What a table says that each place does, in its own words, as statements."""

import functools
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from geo.care.library import own_folder, whole_library
from geo.packs.pack import FROM_LIST
from geo.packs.schema import SOURCE_KINDS
from geo.sources.batch import Origin
from geo.sources.cells import specialty_of
from geo.text import spelt

_BETWEEN = re.compile(r"\s*[;,|/\n•]\s*")
#: Shorter names are abbreviations, and "CS" may be community service.
_LETTERS = 4
_MOST_LETTERS = 200


@functools.lru_cache(maxsize=1)
def _procedures(_folder: Path | None) -> dict[str, str]:
    """Every name of an entry that a statement can decide, and its slug."""
    entries = [
        entry
        for entry in whole_library()[0].values()
        if entry.kind != "condition" and not entry.by_type
    ]
    return {
        spelt(name): entry.slug
        for entry in reversed(entries)
        for name in (*entry.also_known_as, entry.title, entry.slug)
        if len(name) >= _LETTERS
    }


def words_of(cell: str) -> list[str]:
    """The services that one cell names.

    Examples
    --------
    >>> words_of("Surgery; X-ray | Dialysis")
    ['Surgery', 'X-ray', 'Dialysis']
    """
    return list(dict.fromkeys(word for word in _BETWEEN.split(cell.strip()) if word))


def read_services(
    ids: Sequence[str], cells: "pd.Series[str]", origin: Origin
) -> list[dict[str, object]]:
    """What each place says that it does, as rows of `evidence`.

    A word that names an entry speaks of that procedure; any other is shown and decides nothing.
    Names are compared whole, in British and American spelling: a service that is only nearly an
    entry is not taken for it. Specialties are left to the column of that name in `providers`.

    Parameters
    ----------
    ids
        Of the providers.
    cells
        What the column says of each; NA where nothing.
    origin
        The source, which dates the statements if it is dated itself.
    """
    names = _procedures(own_folder())
    web = str(origin.path or "")
    said = {
        "status": "offered",
        "as_of": origin.as_of,
        "as_of_basis": "implied" if origin.as_of else None,
        "source_kind": origin.kind if origin.kind in SOURCE_KINDS else "other",
        "url": web if web.startswith(("http:", "https:")) else None,
        "note": f"{FROM_LIST}{origin.name}",
    }
    found: dict[tuple[str, str], dict[str, object]] = {}
    for provider_id, cell in zip(ids, cells, strict=True):
        for word in words_of(cell) if isinstance(cell, str) else ():
            slug = names.get(spelt(word))
            if slug is None and specialty_of(word):
                continue
            word = word[:_MOST_LETTERS]
            subject = {"procedure": slug} if slug else {"service": word.lower()}
            found.setdefault(
                (provider_id, slug or word.lower()),
                {
                    "provider_id": provider_id,
                    **subject,
                    "statement": f"“{word}” stands in its list of services",
                    **said,
                },
            )
    return list(found.values())
