"""The procedure library: the entries of `data/procedures/`, and how one is found by its names.

Whoever runs the app can add or replace entries from a folder of their own, named in
`CAREREACH_PROCEDURES`.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from geo.care.entry import Procedure
from geo.care.entry_file import read_entries
from geo.errors import DataError, UnknownNameError
from geo.paths import DATA
from geo.text import shortened, spelt

LIBRARY = DATA / "procedures"
#: From this likeness (0-100, rapidfuzz ratio) a spelling counts as a typo.
TYPO = 80.0
#: A typo changes few letters; more are another name, or only a part of one.
TYPO_LETTERS = 3
#: A typo that is as near to another entry, give or take this much, is asked about.
TIE = 5.0
#: Words around a name with which people ask: "best psoriasis doctors near me".
ASKING = frozenset(
    spelt(word)
    for word in (
        *("a", "an", "and", "best", "by", "clinic", "clinics", "doctor", "doctors", "does", "find"),
        *("for", "good", "hospital", "hospitals", "i", "list", "me", "my", "near", "nearest", "of"),
        *("specialist", "specialists", "surgeon", "surgeons", "the", "top", "treatment"),
        *("treatments", "who", "with", "you"),
    )
)
#: From this likeness a title is worth suggesting.
SUGGEST = 62.0

Library = Mapping[str, Procedure]


@dataclass(frozen=True)
class ProcedureMatch:
    """What a text means: an entry, or near spellings only."""

    procedure: Procedure | None = None
    suggestions: tuple[str, ...] = ()
    corrected: bool = False


def open_library(folder: Path = LIBRARY) -> dict[str, Procedure]:
    """Read every entry of a folder.

    Parameters
    ----------
    folder
        Holds `<slug>.md` files and `specialties.csv`.

    Returns
    -------
    dict
        Slug to entry, by title.

    Raises
    ------
    DataError
        Naming the file and line of the first entry that does not keep the form.
    """
    entries, problems = read_entries(folder, _read_specialties(folder), ours=folder == LIBRARY)
    for problem in problems:
        raise problem
    return _by_title(entries)


def own_folder() -> Path | None:
    """The folder of entries that whoever runs the app has named; None where none is."""
    chosen = os.environ.get("CAREREACH_PROCEDURES")
    return Path(chosen) if chosen else None


def whole_library() -> tuple[dict[str, Procedure], tuple[DataError, ...]]:
    """The bundled entries with those of `own_folder`, and what of the latter was left out."""
    bundled, folder = open_library(), own_folder()
    return add_own(bundled, folder) if folder else (bundled, ())


def add_own(library: Library, folder: Path) -> tuple[dict[str, Procedure], tuple[DataError, ...]]:
    """Add the entries of another folder; one of the same slug replaces ours.

    Parameters
    ----------
    library
        What to add to; not changed.
    folder
        Holds `<slug>.md` files; `specialties.csv` (columns specialty, label, practitioner) for
        specialties that ours lacks; `codes.csv` (columns procedure, system, code) for a private
        mapping of codes, under which entries are found and which is never shown.

    Returns
    -------
    tuple
        The library, by title, and what was left out: file, line, reason.
    """
    problems: list[DataError] = []
    try:
        os.scandir(folder).close()
    except OSError as error:
        why = f"the folder of CAREREACH_PROCEDURES cannot be read ({error.strerror})"
        return dict(library), (DataError(folder.name, why),)
    words = _read_specialties(LIBRARY)
    own = folder / "specialties.csv"
    try:
        words = {**(_read_specialties(folder) if own.exists() else {}), **words}
    except DataError as error:
        problems.append(error)
    entries, wrong = read_entries(folder, words)
    problems += wrong
    for slug, problem in _clashes({**library, **entries}, entries):
        problems.append(problem)
        entries.pop(slug, None)
    merged = {**library, **entries}
    codes = folder / "codes.csv"
    if codes.exists():
        merged, wrong = _with_codes(merged, codes)
        problems += wrong
    return _by_title(merged), tuple(problems)


def check_folder(folder: Path) -> tuple[DataError, ...]:
    """Everything that is wrong in a folder of entries, the library's or one of your own."""
    if folder.resolve() == LIBRARY:
        return tuple(read_entries(folder, _read_specialties(folder))[1])
    return add_own(open_library(), folder)[1]


def get_procedure(library: Library, text: str) -> Procedure:
    """The entry that a text means, or an error that says what is near.

    Raises
    ------
    UnknownNameError
        If no entry is meant.
    """
    match = find_procedure(library, text)
    if match.procedure is None:
        raise UnknownNameError(
            f"No procedure called “{shortened(text)}” is in the library.",
            match.suggestions or tuple(entry.title for entry in library.values()),
        )
    return match.procedure


#: What somebody asks for has so many letters at most.
LONGEST = 200


def find_procedure(library: Library, text: str) -> ProcedureMatch:
    """Find an entry by slug, title, synonym or private code, or over a typo.

    British and American spellings are the same; "colpscopy" is as near to colonoscopy as to
    colposcopy and is asked about. Words with which people ask are passed over: "best psoriasis
    doctors near me".

    Parameters
    ----------
    library
        The entries.
    text
        What somebody typed, e.g. "spinal headache".

    Returns
    -------
    ProcedureMatch
        The entry, or the nearest titles.
    """
    names = {
        spelt(name): entry.slug
        for entry in reversed(list(library.values()))
        for name in (*entry.also_known_as, entry.title, entry.slug)
    }
    if len(text) > LONGEST:
        return ProcedureMatch()
    wanted = spelt(text)
    codes = {spelt(code): entry.slug for entry in library.values() for code in entry.codes}
    if not wanted:
        return ProcedureMatch()
    if wanted in names or wanted in codes:
        return ProcedureMatch(library[names.get(wanted) or codes[wanted]])
    asked = _without_asking(wanted, names)
    if asked:
        return ProcedureMatch(library[names[asked]])
    near = process.extract(wanted, list(names), scorer=fuzz.ratio, limit=12)
    if near and near[0][1] >= TYPO and abs(len(near[0][0]) - len(wanted)) <= TYPO_LETTERS:
        best = names[near[0][0]]
        rival = max((like for name, like, _ in near if names[name] != best), default=0.0)
        if near[0][1] - rival >= TIE:
            return ProcedureMatch(library[best], corrected=True)
    # A part of a name ("headache") is a question, never an answer: it may be another illness.
    begun = [name for name in names if len(wanted) >= 3 and f" {wanted}" in f" {name}"]
    alike = [name for name, likeness, _ in near if likeness >= SUGGEST]
    titles = dict.fromkeys(library[names[name]].title for name in (*begun, *alike))
    return ProcedureMatch(suggestions=tuple(titles)[:3])


def _without_asking(wanted: str, names: Mapping[str, str]) -> str:
    """The longest name that is left when words with which people ask are taken off both ends."""
    words = wanted.split()
    first = next((n for n, word in enumerate(words) if word not in ASKING), len(words))
    last = next((n for n, word in enumerate(reversed(words)) if word not in ASKING), len(words))
    left = [
        " ".join(words[begin : len(words) - end])
        for begin in range(first + 1)
        for end in range(last + 1)
        if begin + end < len(words)
    ]
    return max((some for some in left if some in names), key=len, default="")


def suggest_procedures(library: Library, text: str) -> list[tuple[Procedure, str]]:
    """Entries that somebody who is still typing may mean.

    Parameters
    ----------
    library
        The entries.
    text
        The beginnings of words of a name, in any order; all entries where it is empty. Where no
        name has them, what is spelt alike.

    Returns
    -------
    list of (Procedure, str)
        Each entry once, with the name that fits: its title if that does. Those with a name that
        begins with the text come first, titles before other names, then by title.
    """
    words = spelt(text[:LONGEST]).split()
    found: list[tuple[tuple[bool, bool], Procedure, str]] = []
    for entry in library.values():
        for name in (entry.title, *entry.also_known_as):
            parts = spelt(name).split()
            if all(any(part.startswith(word) for part in parts) for word in words):
                later = bool(words) and not parts[0].startswith(words[0])
                found.append(((later, bool(words) and name != entry.title), entry, name))
                break
    if not found:
        match = find_procedure(library, text)
        titles = (match.procedure.title,) if match.procedure else match.suggestions
        near = [entry for entry in library.values() if entry.title in titles]
        return [(entry, entry.title) for entry in near]
    return [(entry, name) for _, entry, name in sorted(found, key=lambda one: one[0])]


def _clashes(
    library: Mapping[str, Procedure], own: Mapping[str, Procedure]
) -> Iterator[tuple[str, DataError]]:
    """Entries of one's own with a name that already means another, or a link that leads nowhere."""
    means: dict[str, str] = {}
    for entry in sorted(library.values(), key=lambda e: e.slug in own):
        for name in dict.fromkeys(map(spelt, (entry.slug, entry.title, *entry.also_known_as))):
            other = means.setdefault(name, entry.slug)
            if other != entry.slug and entry.slug in own:
                why = f"the name {name!r} already means {library[other].title}"
                yield entry.slug, DataError(f"{entry.slug}.md", why)
                break
        lost = {*entry.treated_by, *entry.related} - set(library)
        if lost and entry.slug in own:
            why = f"{', '.join(sorted(lost))} under treated_by or related is not an entry"
            yield entry.slug, DataError(f"{entry.slug}.md", why)


def _by_title(entries: Mapping[str, Procedure]) -> dict[str, Procedure]:
    return {e.slug: e for e in sorted(entries.values(), key=lambda e: e.title)}


def _read_specialties(folder: Path) -> dict[str, tuple[str, str]]:
    """Specialty to its label and to the words for who practises it."""
    table = _read_csv(folder / "specialties.csv", ("specialty", "label", "practitioner"))
    return {word: (label, who) for word, label, who in table.itertuples(index=False)}


def _read_csv(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
            skip_blank_lines=False,
        )
    except (ValueError, OSError):
        raise DataError(path.name, "cannot be read as a CSV table in UTF-8") from None
    lacks = set(columns) - set(table.columns)
    if lacks:
        raise DataError(path.name, f"lacks the columns {', '.join(sorted(lacks))}", row=1)
    return table[list(columns)]


def _with_codes(
    library: dict[str, Procedure], path: Path
) -> tuple[dict[str, Procedure], list[DataError]]:
    """Give entries the private codes under which they are found."""
    try:
        table = _read_csv(path, ("procedure", "system", "code"))
    except DataError as error:
        return library, [error]
    codes: dict[str, list[str]] = {}
    problems = []
    for row, (slug, _, code) in enumerate(table.itertuples(index=False), start=2):
        if not (slug or code):
            continue
        match = find_procedure(library, code)
        if slug not in library or not spelt(code):
            # What stands there may be a code in the wrong column, and is not repeated.
            why = "names no entry of the library, or no code"
            problems.append(DataError(path.name, why, row=row))
        elif match.procedure and not match.corrected and match.procedure.slug != slug:
            problems.append(DataError(path.name, "the code is the name of another entry", row=row))
        elif code in {c for other, found in codes.items() if other != slug for c in found}:
            problems.append(DataError(path.name, "the code has another entry already", row=row))
        else:
            codes.setdefault(slug, []).append(code)
    coded = {
        slug: library[slug].model_copy(update={"codes": tuple(c)}) for slug, c in codes.items()
    }
    return {**library, **coded}, problems
