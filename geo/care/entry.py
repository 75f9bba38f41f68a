"""One entry of the procedure library: its form.

The text has the sections of `SECTIONS`, in that order. A claim carries its source as a mark,
`[^key]`, where `key` is one of the entry's citations.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


#: What an easy-read sheet shows beside a sentence; "body" marks the entry's part of the body.
Pictogram = Literal[
    "ambulance", "animal", "ask", "baby", "bed", "blood", "body", "calendar", "camera", "choice",
    "clock", "cough", "cream", "dialysis", "doctor", "drops", "eye", "germ", "hand", "helper",
    "home", "hospital", "light", "list", "needle", "nodrive", "nofood", "operation", "pain",
    "people", "phone", "pills", "scan", "snake", "stop", "talk", "toilet", "tube", "walk", "wash",
    "well",
]  # fmt: skip


class EasyLine(Form):
    """A line of the easy-read sheet: one or two very short sentences and what shows them."""

    shows: Pictogram
    text: Text


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
    easy
        The entry in very short sentences; they say nothing that the text does not.
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
    easy: tuple[EasyLine, ...] = ()
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
