"""The procedure library: one Markdown file with front matter per entry, in `data/procedures/`.

Front matter is YAML; the text has the sections of `SECTIONS`, in that order. A claim carries its
source as a mark, `[^key]`, where `key` is one of the entry's citations.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from markdown_it import MarkdownIt
from rapidfuzz import fuzz, process

from geo.errors import DataError, UnknownNameError
from geo.schema import FACILITY_TYPES
from geo.text import escape, normalise

__all__ = [
    "LIBRARY",
    "SECTIONS",
    "Citation",
    "Library",
    "Match",
    "Picture",
    "Procedure",
    "find_procedure",
    "get_procedure",
    "inline_html",
    "open_library",
    "section_html",
]

LIBRARY = Path(__file__).resolve().parent.parent / "data" / "procedures"

KINDS = ("procedure", "condition", "care")
SECTIONS = (
    "What it is",
    "Who it is for",
    "Who should not have it",
    "Who does it",
    "Alternatives",
    "Prepare",
    "The day",
    "Recovery",
    "Benefits and risks",
    "Questions to ask",
    "What we could not verify",
)
#: Sections that report no findings, so that a number in them needs no source.
_UNCITED = frozenset({"Questions to ask", "What we could not verify"})
_MARK = re.compile(r"\[\^([a-z0-9-]+)\]")
#: From this likeness (0-100, rapidfuzz ratio) a spelling counts as a typo.
TYPO = 80.0
#: From this likeness a title is worth suggesting.
SUGGEST = 55.0


@dataclass(frozen=True)
class Citation:
    """A source that somebody read, and what was read of it. A title in [brackets] is ours."""

    authors: str
    year: str
    title: str
    publisher: str
    read: str
    supports: str
    doi: str | None = None
    url: str | None = None

    @property
    def address(self) -> str:
        """Where the source is found."""
        return f"https://doi.org/{self.doi}" if self.doi else str(self.url)


@dataclass(frozen=True)
class Picture:
    """Icon arrays: so many of a hundred, side by side."""

    title: str
    bars: tuple[Mapping[str, Any], ...]
    note: str
    cite: tuple[str, ...]


@dataclass(frozen=True)
class Procedure:
    """One entry of the library.

    Attributes
    ----------
    performed_by
        Groups of specialties: one of each group is needed, all groups are.
    related
        Skills close to this one: slug to plain words ("epidurals in labour").
    settings
        Facility types where it can happen.
    practitioners
        Specialty to plain words ("an anaesthesiologist").
    sections
        Heading to Markdown.
    """

    slug: str
    title: str
    kind: str = "procedure"
    also_known_as: tuple[str, ...] = ()
    performed_by: tuple[tuple[str, ...], ...] = ()
    related: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    practitioners: Mapping[str, str] = field(default_factory=dict)
    red_flags: Mapping[str, Any] = field(default_factory=dict)
    first_step: str = ""
    first_step_cite: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    sections: Mapping[str, str] = field(default_factory=dict)
    citations: Mapping[str, Citation] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    mesh: tuple[str, ...] = ()
    icd10pcs: tuple[str, ...] = ()
    written: str = ""
    reviewed_by: str | None = None
    next_review: str = ""

    @property
    def specialties(self) -> tuple[str, ...]:
        """Every specialty that is part of any group."""
        return tuple(dict.fromkeys(word for group in self.performed_by for word in group))

    def number(self, key: str) -> int:
        """The footnote number of a citation: its place in the entry's list."""
        return list(self.citations).index(key) + 1


Library = Mapping[str, Procedure]


@dataclass(frozen=True)
class Match:
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
    words = pd.read_csv(folder / "specialties.csv", dtype=str, keep_default_na=False)
    practitioners = dict(zip(words["specialty"], words["practitioner"], strict=True))
    entries = [_read_entry(path, practitioners) for path in sorted(folder.glob("*.md"))]
    return {entry.slug: entry for entry in sorted(entries, key=lambda e: e.title)}


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
            f"No procedure called “{text.strip()}” is in the library.",
            match.suggestions or tuple(entry.title for entry in library.values()),
        )
    return match.procedure


def find_procedure(library: Library, text: str) -> Match:
    """Find an entry by slug, title or synonym, or over a typo.

    Parameters
    ----------
    library
        The entries.
    text
        What somebody typed, e.g. "spinal headache".

    Returns
    -------
    Match
        The entry, or the nearest titles.
    """
    names = {
        normalise(name): entry.slug
        for entry in reversed(list(library.values()))
        for name in (*entry.also_known_as, entry.title, entry.slug)
    }
    wanted = normalise(text)
    if wanted in names:
        return Match(library[names[wanted]])
    near = process.extract(wanted, list(names), scorer=fuzz.ratio, limit=6)
    if near and near[0][1] >= TYPO:
        return Match(library[names[near[0][0]]], corrected=True)
    # A part of a name ("headache") is a question, never an answer: it may be another illness.
    begun = [name for name in names if len(wanted) >= 3 and f" {wanted}" in f" {name}"]
    alike = [name for name, likeness, _ in near if likeness >= SUGGEST]
    titles = dict.fromkeys(library[names[name]].title for name in (*begun, *alike))
    return Match(suggestions=tuple(titles)[:3])


def section_html(procedure: Procedure, heading: str) -> str:
    """Render a section as HTML; raw HTML in the text is shown as text.

    Parameters
    ----------
    procedure
        The entry.
    heading
        One of `SECTIONS`.
    """
    return _marks_html(procedure, _markdown().render(procedure.sections.get(heading, "")))


def inline_html(procedure: Procedure, text: str, cite: tuple[str, ...] = ()) -> str:
    """Render a line of front matter as HTML, with its sources as footnote marks."""
    marks = "".join(f" [^{key}]" for key in cite)
    return _marks_html(procedure, _markdown().renderInline(text) + marks)


@functools.cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def _marks_html(procedure: Procedure, html: str) -> str:
    def mark(match: re.Match[str]) -> str:
        source = procedure.citations[match[1]]
        label = escape(f"{source.authors} {source.year}: {source.title}")
        return f'<sup class="cr-cite" title="{label}">{procedure.number(match[1])}</sup>'

    return _MARK.sub(mark, html)


def _read_entry(path: Path, practitioners: Mapping[str, str]) -> Procedure:
    text = path.read_text("utf-8")
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0].strip():
        raise DataError(path.name, "does not begin with front matter between two lines of ---")
    try:
        front = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark else None
        raise DataError(path.name, "the front matter is not YAML", row=row) from None
    sections = _sections(parts[2])
    for problem in _problems(front, sections, text, practitioners):
        raise DataError(path.name, problem[1], row=problem[0])
    cites = {key: _citation(value) for key, value in front.pop("citations").items()}
    # Numbered as they first appear, so that footnotes count up as one reads.
    used = list(dict.fromkeys([*_front_keys(front), *_MARK.findall(parts[2])]))
    pictures = tuple(
        Picture(p["title"], tuple(p["bars"]), p["note"], tuple(p["cite"]))
        for p in front.pop("pictures", ())
    )
    groups = tuple(tuple(group) for group in front.pop("performed_by"))
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in front.items()
    }
    return Procedure(
        slug=path.stem,
        performed_by=groups,
        pictures=pictures,
        sections=sections,
        citations={key: cites[key] for key in used},
        practitioners={w: practitioners[w] for group in groups for w in group},
        **settings,
    )


def _citation(value: Mapping[str, Any]) -> Citation:
    return Citation(**{key: str(item) for key, item in value.items()})


def _sections(body: str) -> dict[str, str]:
    pieces = re.split(r"^## (.+)$", body, flags=re.MULTILINE)
    return {h.strip(): t.strip() for h, t in zip(pieces[1::2], pieces[2::2], strict=True)}


def _front_keys(front: Mapping[str, Any]) -> list[str]:
    keys = [*front.get("red_flags", {}).get("cite", []), *front.get("first_step_cite", [])]
    return keys + [key for picture in front.get("pictures", []) for key in picture["cite"]]


#: Fields that front matter may have: all but those that come from elsewhere.
_FRONT = frozenset(Procedure.__dataclass_fields__) - {"practitioners", "sections", "slug"}


def _problems(
    front: Mapping[str, Any],
    sections: Mapping[str, str],
    text: str,
    practitioners: Mapping[str, str],
) -> Iterator[tuple[int | None, str]]:
    """What is wrong with an entry, as (line, reason)."""

    def line_of(fragment: str) -> int:
        return text[: max(text.find(fragment), 0)].count("\n") + 1

    for key in (
        "title",
        "kind",
        "performed_by",
        "settings",
        "why",
        "red_flags",
        "first_step",
        "citations",
        "written",
        "next_review",
    ):
        if not isinstance(front, dict) or key not in front:
            yield 1, f"the front matter lacks {key}"
            return
    for key in sorted(set(front) - _FRONT):
        yield line_of(f"{key}:"), f"{key} is no field of an entry"
        return
    if not {"lead", "signs", "cite"} <= set(front["red_flags"]):
        yield line_of("red_flags:"), "red_flags lacks lead, signs or cite"
        return
    for picture in front.get("pictures", []):
        if not {"title", "bars", "note", "cite"} <= set(picture):
            yield line_of("pictures:"), "a picture lacks title, bars, note or cite"
            return
    if front["kind"] not in KINDS:
        yield line_of("kind:"), f"kind is not one of {', '.join(KINDS)}"
    for word in (w for group in front["performed_by"] for w in group):
        if word not in practitioners:
            yield line_of("performed_by:"), f"{word!r} is not in specialties.csv"
    for word in front["settings"]:
        if word not in FACILITY_TYPES:
            yield line_of("settings:"), f"{word!r} is not a facility type"
    if tuple(sections) != SECTIONS:
        yield line_of("## "), f"the sections are not: {', '.join(SECTIONS)}"
    used = {*_front_keys(front), *_MARK.findall("\n".join(sections.values()))}
    for key in sorted(used - set(front["citations"])):
        yield line_of(f"[^{key}]"), f"the source {key!r} is not among the citations"
    for key, source in front["citations"].items():
        if key not in used:
            yield line_of(f"  {key}:"), f"the citation {key!r} is used nowhere"
        lacks = {"authors", "year", "title", "publisher", "read", "supports"} - set(source)
        if lacks or not ("doi" in source or "url" in source):
            yield (
                line_of(f"  {key}:"),
                f"the citation lacks {', '.join(sorted(lacks)) or 'a doi or url'}",
            )
    for heading, body in sections.items():
        if heading in _UNCITED:
            continue
        for item in re.split(r"\n(?=- |\d+\. )|\n\n", body):
            claim = re.sub(r"^(\d+\.|-) ", "", item.strip())
            if re.search(r"\d", _MARK.sub("", claim)) and not _MARK.search(claim):
                yield line_of(item.strip()[:40]), "a figure has no source mark"
