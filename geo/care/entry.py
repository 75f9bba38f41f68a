"""One entry of the procedure library: its form, and how a file of it is read.

Front matter is YAML; the text has the sections of `SECTIONS`, in that order. A claim carries its
source as a mark, `[^key]`, where `key` is one of the entry's citations. Every fault of a file is
named by its line.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geo.errors import DataError
from geo.packs.schema import CENTRE_TYPES, FACILITY_TYPES
from geo.text import spelt

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
#: A source mark in the text.
MARK = re.compile(r"\[\^([a-z0-9-]+)\]")
#: The same as the safe loader and ten times as fast, where PyYAML was built with it; but what is
#: nested without end ends the process, so that only our own files are read with it.
_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Sections that report no findings, so that a number in them needs no source.
_UNCITED = frozenset({"Questions to ask", "What we could not verify"})
#: CPT, HCPCS and SNOMED CT need a licence in any product that holds them: not by name, and not as
#: a code (numbers are written with a comma: 12,345).
_LICENSED = re.compile(
    r"\b(?:CPT|HCPCS|SNOMED)\b|(?<![\d.,])(?:\d{5,}|\d{4}[TFMU]|[A-V]\d{4})\b(?![.,]\d)"
)


class Form(BaseModel):
    """What front matter is made of; a field that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


#: A text that has something to read.
Text = Annotated[str, Field(pattern=r"\w")]
#: What a citation is called; a mark in the text can mean nothing else.
Key = Annotated[str, Field(pattern="^[a-z0-9-]+$")]
Keys = Annotated[tuple[Key, ...], Field(min_length=1)]


class Citation(Form):
    """A source that somebody read: how much of it and when. A title in [brackets] is ours."""

    authors: str
    year: str
    title: str
    publisher: str
    read: str
    read_on: dt.date
    supports: str
    doi: str | None = None
    url: Annotated[str, Field(pattern="^https?://")] | None = None

    @model_validator(mode="after")
    def _is_found_somewhere(self) -> Self:
        if not (self.doi or self.url):
            raise ValueError("lacks a doi or url")
        return self

    @property
    def address(self) -> str:
        """Where the source is found."""
        return f"https://doi.org/{self.doi}" if self.doi else str(self.url)


class Bar(Form):
    """So many of a hundred."""

    label: str
    count: Annotated[int, Field(ge=0, le=100)]
    detail: str


class Picture(Form):
    """Icon arrays: so many of a hundred, side by side."""

    title: str
    bars: Annotated[tuple[Bar, ...], Field(min_length=1)]
    note: str
    cite: Keys


class Drawing(Form):
    """A drawing of where it is done: a file of `drawings/`, and what it shows in words."""

    name: Literal["bowel", "dialysis", "eye", "gallbladder", "heart", "knee", "spine", "womb"]
    alt: Text


class RedFlags(Form):
    """When to get help at once: "Get help now" `lead` one of the `signs`; and what else."""

    lead: str
    signs: Annotated[tuple[Text, ...], Field(min_length=1)]
    also: str | None = None
    cite: Keys


class Claim(Form):
    """A line of an entry in short: what, and how sure it is, as its source grades it.

    `sure` begins with high, moderate, low or very low (after GRADE), or with "not graded", and
    then says what the figure rests on.
    """

    text: Text
    sure: Annotated[str, Field(pattern=r"^(high|moderate|low|very low|not graded)\b")]
    cite: Keys


class Comfort(Form):
    """A sentence that reassures, and is true."""

    text: Text
    cite: Keys


class InShort(Form):
    """An entry in a few lines: one benefit, one harm, and what may reassure."""

    benefit: Claim
    harm: Claim
    comfort: Comfort | None = None


class Option(Form):
    """One way to go, doing nothing among them, as a column of a table."""

    name: Text
    involves: Text
    benefit: Text
    harm: Text
    recovery: Text
    asks: Text
    cite: tuple[Key, ...] = ()


class Why(Form):
    """One line each on how the entry was decided."""

    performed_by: str
    related: str
    settings: str


#: Where in the body something is, from top to toe.
BodyPart = Literal[
    "head", "eyes", "chest", "heart", "belly", "kidneys", "womb", "back", "joints", "skin", "whole"
]


class Front(Form):
    """The front matter of an entry.

    Attributes
    ----------
    in_a_sentence
        The title as it stands within a sentence: "an epidural blood patch".
    specialty
        The specialty under which a reader looks for it; None for care of any kind.
    body
        Where in the body it is.
    performed_by
        Groups of specialties: one of each group is needed, all groups are. Without any, no
        provider is ever *likely*.
    treated_by
        Of a condition: the procedures that treat it, as slugs.
    related
        Procedures close to this one: slug to plain words ("epidurals in labour").
    settings
        Facility types where it can happen.
    drawing
        Where it is done, as a drawing of our own.
    options, matters
        The ways to go side by side, and what may matter to a reader who chooses among them.
    centres
        Kinds of specialist centre that exist for it, whatever specialties they have on record.
    column
        A yes-or-no column of `providers` that says whether it is offered, besides statements.
    mesh, icd10pcs
        Codes that are free to use.
    """

    title: Text
    in_a_sentence: Text
    kind: Literal["procedure", "condition", "care"]
    specialty: str | None
    body: tuple[BodyPart, ...] = ()
    also_known_as: tuple[Text, ...] = ()
    performed_by: tuple[tuple[str, ...], ...]
    treated_by: tuple[str, ...] = ()
    related: Mapping[str, str] = {}
    settings: tuple[str, ...]
    centres: tuple[str, ...] = ()
    column: Literal["emergency"] | None = None
    why: Why
    mesh: tuple[str, ...] = ()
    icd10pcs: tuple[str, ...] = ()
    red_flags: RedFlags
    first_step: Text
    first_step_cite: tuple[Key, ...] = ()
    in_short: InShort | None = None
    drawing: Drawing | None = None
    pictures: tuple[Picture, ...] = ()
    options: tuple[Option, ...] = ()
    matters: tuple[Text, ...] = ()
    citations: Mapping[Key, Citation]
    written: str
    reviewed_by: str | None
    next_review: str

    @property
    def specialties(self) -> tuple[str, ...]:
        """Every specialty that is part of any group."""
        return tuple(dict.fromkeys(word for group in self.performed_by for word in group))

    @property
    def by_type(self) -> bool:
        """Whether the kind of place alone decides: care of any kind."""
        return self.kind == "care" and self.column is None


class Procedure(Front):
    """One entry of the library.

    Attributes
    ----------
    slug
        Its name in addresses and evidence.
    sections
        Heading to Markdown, in the order of `SECTIONS`.
    labels, practitioners
        Specialty to its name ("Anaesthesiology") and to plain words ("an anaesthesiologist").
    codes
        Private codes that find it; never shown and never exported.
    """

    slug: str
    sections: Mapping[str, str]
    labels: Mapping[str, str] = {}
    practitioners: Mapping[str, str] = {}
    codes: tuple[str, ...] = Field(default=(), repr=False, exclude=True)

    def mentions(self, words: str) -> bool:
        """Whether every word begins a word of its names, of what it is, or of who does it."""
        about = (self.sections["What it is"], self.sections["Who does it"])
        text = f" {spelt(' '.join((self.title, *self.also_known_as, *about)))}"
        return all(f" {word}" in text for word in spelt(words).split())

    def number(self, key: str) -> int:
        """The footnote number of a citation: its place in the entry's list."""
        return list(self.citations).index(key) + 1


#: Specialty to its label and to the words for who practises it.
Words = Mapping[str, tuple[str, str]]


def read_entries(
    folder: Path, words: Words, *, ours: bool = False
) -> tuple[dict[str, Procedure], list[DataError]]:
    """The entries of a folder that keep the form, and what is wrong with the others.

    Parameters
    ----------
    folder
        Holds `<slug>.md` files.
    words
        The specialties that entries may name.
    ours
        Whether the files came with CareReach.

    Returns
    -------
    tuple
        Slug to entry, and every fault: file, line, reason.
    """
    entries: dict[str, Procedure] = {}
    problems: list[DataError] = []
    for path in sorted(folder.glob("*.md")):
        if path.name.startswith("."):
            continue
        try:
            entries[path.stem] = _read_entry(path, words, _FAST_LOADER if ours else yaml.SafeLoader)
        except _BadEntryError as error:
            problems += [DataError(path.name, why, row=row) for row, why in error.problems]
    return entries, problems


class _BadEntryError(Exception):
    """An entry that does not keep the form: (line, reason) of each fault."""

    def __init__(self, problems: Iterable[tuple[int | None, str]]) -> None:
        self.problems = list(problems)


#: What pydantic says, as a reader of the file would.
_SAID = {"missing": "is missing", "extra_forbidden": "is not a field of an entry"}


def _read_entry(path: Path, words: Words, loader: Any) -> Procedure:
    try:
        text = path.read_text("utf-8-sig")
    except (UnicodeDecodeError, OSError):
        raise _BadEntryError([(None, "cannot be read as text in UTF-8")]) from None
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0]:
        raise _BadEntryError([(1, "does not begin with front matter between two lines of ---")])
    try:
        tree = yaml.compose(parts[1], loader)
        raw = yaml.load(parts[1], loader)  # both are safe ones
        twice = list(_repeated(tree))
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise _BadEntryError(
            [(mark.line + 1 if mark else 1, "the front matter is not YAML")]
        ) from None
    if not isinstance(raw, dict):
        raise _BadEntryError([(1, "the front matter is not a list of fields")])
    try:
        front = Front.model_validate(raw)
    except ValidationError as error:
        raise _BadEntryError(
            [*twice, *(_said(tree, e["loc"], e["type"], e["msg"]) for e in error.errors())]
        ) from None
    sections = _sections(parts[2])
    problems = [
        *twice,
        *_front_problems(front, words, tree),
        *_body_problems(front, parts[2], text.count("\n") - parts[2].count("\n") + 1),
        *_citation_problems(front, parts[2], text, tree),
        *_licensed(raw, tree),
    ]
    if problems:
        raise _BadEntryError(problems)
    # Numbered as they first appear, so that footnotes count up as one reads.
    used = dict.fromkeys([*_front_keys(front), *MARK.findall(parts[2])])
    known = {w: words[w] for w in (*front.specialties, front.specialty) if w is not None}
    return Procedure(
        **{
            **dict(front),
            "slug": path.stem,
            "sections": sections,
            "citations": {key: front.citations[key] for key in used},
            "labels": {w: label for w, (label, _) in known.items()},
            "practitioners": {w: who for w, (_, who) in known.items()},
        }
    )


def _sections(body: str) -> dict[str, str]:
    pieces = re.split(r"^## (.+)$", body, flags=re.MULTILINE)
    return {h.strip(): t.strip() for h, t in zip(pieces[1::2], pieces[2::2], strict=True)}


def _front_keys(front: Front) -> list[str]:
    """Citations that the front matter uses, in the order of reading."""
    keys = [*front.red_flags.cite, *front.first_step_cite]
    keys += [key for _, claim in _claims(front) for key in claim.cite]
    keys += [key for picture in front.pictures for key in picture.cite]
    return keys + [key for option in front.options for key in option.cite]


def _claims(front: Front) -> list[tuple[str, Claim | Comfort]]:
    """The lines of an entry in short, by their field."""
    return [(name, claim) for name, claim in front.in_short or () if claim is not None]


def _cited_at(front: Front, key: str) -> list[Any]:
    """The field of the front matter that cites a source."""
    if key in front.red_flags.cite:
        return ["red_flags", "cite"]
    for name, claim in _claims(front):
        if key in claim.cite:
            return ["in_short", name, "cite"]
    for number, picture in enumerate(front.pictures):
        if key in picture.cite:
            return ["pictures", number, "cite"]
    for number, option in enumerate(front.options):
        if key in option.cite:
            return ["options", number, "cite"]
    return ["first_step_cite"]


def _line(tree: yaml.Node | None, path: Iterable[Any]) -> int:
    """The line on which a field stands, or the nearest thing around it."""
    line = 1
    node = tree
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _repeated(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Fields that are given twice: YAML would quietly keep the second."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"{key.value} is given twice"
            seen.add(key.value)
            yield from _repeated(value)


def _said(
    tree: yaml.Node | None, path: tuple[int | str, ...], kind: str, message: str
) -> tuple[int, str]:
    words = _SAID.get(kind) or message.removeprefix("Value error, ")
    return _line(tree, path), f"{'.'.join(map(str, path))} {words[:1].lower()}{words[1:]}"


def _front_problems(
    front: Front, words: Mapping[str, Any], tree: yaml.Node | None
) -> Iterator[tuple[int, str]]:
    for field, used in (("performed_by", front.specialties), ("specialty", (front.specialty,))):
        for word in used:
            if word is not None and word not in words:
                yield _line(tree, [field]), f"{word!r} is not in specialties.csv"
    for word in front.settings:
        if word not in FACILITY_TYPES:
            yield _line(tree, ["settings"]), f"{word!r} is not a facility type"
    for word in front.centres:
        if word not in CENTRE_TYPES:
            yield _line(tree, ["centres"]), f"{word!r} is not a kind of specialist centre"


def _body_problems(front: Front, body: str, first: int) -> Iterator[tuple[int, str]]:
    """What is wrong with the text of an entry.

    `first` is the line of the file on which the body begins.
    """
    headings = [
        (body[: m.start()].count("\n") + first, m[1].strip())
        for m in re.finditer(r"^## (.+)$", body, flags=re.MULTILINE)
    ]
    for place, wanted in enumerate(SECTIONS):
        line, heading = headings[place] if place < len(headings) else (first, "the end")
        if heading != wanted:
            yield line, f"the section “{wanted}” is expected, not “{heading}”"
            break
    for line, heading in headings[len(SECTIONS) :]:
        yield line, f"the section “{heading}” is one too many"
    yield from _section_problems(headings, body, first)
    yield from _claim_problems(body, first)


def _section_problems(
    headings: list[tuple[int, str]], body: str, first: int
) -> Iterator[tuple[int, str]]:
    """Sections without text, and questions that are not a list."""
    for number, (line, heading) in enumerate(headings):
        end = headings[number + 1][0] if number + 1 < len(headings) else None
        between = body.split("\n")[line - first + 1 : end and end - first]
        if not "".join(between).strip():
            yield line, f"the section “{heading}” is empty"
        if heading == "Questions to ask":
            for offset, words in enumerate(between, 1):
                if words.strip() and not words.startswith("- "):
                    yield line + offset, "each question is one line that begins with “- ”"


def _claim_problems(body: str, first: int) -> Iterator[tuple[int, str]]:
    """Figures without a source, codes under licence, text outside sections."""
    heading = ""
    for block in re.finditer(r"\S.*(?:\n(?!\n|\s*(?:[-*+]|\d+[.)]) |## ).+)*", body):
        line, claim = body[: block.start()].count("\n") + first, block[0]
        if claim.startswith("## "):
            heading = claim.removeprefix("## ").strip()
            continue
        if not heading:
            yield line, "text before the first section is shown nowhere"
        if _LICENSED.search(MARK.sub("", claim)):
            yield line, "a licensed code may stand in codes.csv of your own folder only"
        words = re.sub(r"^(\d+[.)]|[-*+]) ", "", MARK.sub("", claim))
        if heading not in _UNCITED and re.search(r"\d", words) and not MARK.search(claim):
            yield line, "a figure has no source mark"


def _citation_problems(
    front: Front, body: str, text: str, tree: yaml.Node | None
) -> Iterator[tuple[int, str]]:
    used = {*_front_keys(front), *MARK.findall(body)}
    if re.search(r"\d", front.first_step) and not front.first_step_cite:
        yield _line(tree, ["first_step"]), "a figure has no source mark"
    for key in sorted(used - set(front.citations)):
        mark = text.find(f"[^{key}]")
        line = text[:mark].count("\n") + 1 if mark >= 0 else _line(tree, _cited_at(front, key))
        yield line, f"the source {key!r} is not among the citations"
    for key in front.citations:
        if key not in used:
            yield _line(tree, ["citations", key]), f"the citation {key!r} is used nowhere"


def _licensed(raw: Mapping[str, Any], tree: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Codes under licence in front matter, but for the addresses of sources and free codes."""
    for field, value in raw.items():
        texts = str(value) if field not in ("citations", "mesh", "icd10pcs") else ""
        if _LICENSED.search(texts):
            why = "a licensed code may stand in codes.csv of your own folder only"
            yield _line(tree, [field]), why
