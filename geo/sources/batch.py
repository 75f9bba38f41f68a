"""What a reader brings: frames of the contract, where they are from, and a report of every row."""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from geo.packs.contract import check_frame
from geo.packs.schema import COLUMNS, LIST_COLUMNS
from geo.packs.store import with_source
from geo.text import guarded, normalise

#: Rows of a table: as mappings of known columns, or as a frame.
Records = Sequence[Mapping[str, object]] | pd.DataFrame
#: At most this many rows are named one by one; more are only counted.
MOST_NOTES = 100_000
#: So many words are listed with a reason, and so many letters of each.
NAMED_WORDS, MOST_LETTERS = 8, 60


@dataclass(frozen=True)
class Origin:
    """A source, as a pack's descriptor lists it, and what a new pack takes from it."""

    name: str
    title: str
    license: str = ""
    path: str | None = None
    as_of: str | None = None
    description: str | None = None
    kind: str = "registry"
    country: str = ""
    emergency_number: str = ""

    def entry(self) -> dict[str, str]:
        """The entry of `sources` in a descriptor."""
        known = {
            "name": self.name,
            "title": self.title,
            "as_of": self.as_of,
            "path": self.path,
            "description": self.description,
            "license": self.license or None,
            "kind": self.kind,
        }
        return {key: value for key, value in known.items() if value is not None}


def with_origin(about: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    """A descriptor that names a source and its licence, in place of an older one of its name."""
    named = with_source(about, origin.entry())
    licences = list(named.get("licenses", []))
    licence = {"title": f"{origin.title}: {origin.license}"}
    if origin.license and licence not in licences:
        licences.append(licence)
    return {**named, "licenses": licences}


@dataclass(frozen=True)
class Note:
    """What was done with one row of a file, or one cell of it, and why.

    `action` is "dropped", "merged" (into another row), "changed" or "kept" (with a remark).
    """

    file: str
    row: int | None
    action: str
    reason: str
    column: str = ""
    value: str = ""


@dataclass
class Report:
    """Every row that was read is kept, merged into another or dropped, each with its reason.

    Attributes
    ----------
    read
        Rows read.
    kept
        Rows that stand in the pack as rows of their own.
    counts
        How many rows or cells, by action and reason.
    notes
        The first `MOST_NOTES` of them, one by one.
    words
        The cells that a reason is about, and how often each; for reasons that a reader can mend
        by knowing them.
    """

    read: int = 0
    kept: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)
    words: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def note(
        self,
        action: str,
        reason: str,
        *,
        file: str = "",
        row: int | None = None,
        column: str = "",
        value: object = "",
    ) -> None:
        """Say what was done with one row or cell."""
        self.counts[action, reason] += 1
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(file, row, action, reason, column, str(value)[:200]))

    def count(self, action: str, reason: str, number: int) -> None:
        """Say it of many rows that are not worth naming one by one."""
        if number:
            self.counts[action, reason] += number

    def copy(self) -> "Report":
        """A report of its own with the same content."""
        words = {key: Counter(some) for key, some in self.words.items()}
        return Report(self.read, self.kept, Counter(self.counts), list(self.notes), words)

    @classmethod
    def together(cls, reports: "Sequence[Report]") -> "Report":
        """The counts and notes of several reports, to be written row by row."""
        whole = cls()
        for report in reports:
            whole.counts += report.counts
            whole.notes += report.notes
        return whole

    def list_word(self, action: str, reason: str, word: str) -> None:
        """Remember a cell that a reason is about, to be listed with how often."""
        self.words.setdefault((action, reason), Counter())[word[:MOST_LETTERS]] += 1

    def total(self, action: str) -> int:
        """How many rows or cells this was done with."""
        return sum(n for (a, _), n in self.counts.items() if a == action)

    @property
    def adds_up(self) -> bool:
        """Whether rows in are rows kept, merged and dropped."""
        return self.read == self.kept + self.total("merged") + self.total("dropped")

    def lines(self) -> list[str]:
        """The report in sentences, the largest numbers first."""
        said = [f"{self.read:,} rows read, {self.kept:,} kept."]
        for action in ("dropped", "merged", "changed", "kept"):
            some = [(reason, n) for (a, reason), n in self.counts.items() if a == action]
            for reason, n in sorted(some, key=lambda s: -s[1]):
                words = _often(self.words.get((action, reason), Counter()))
                said.append(f"{n:,} {action}: {reason}{words}.")
        return said

    def csv(self) -> str:
        """Row by row: file, row, action, reason, column, value."""
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["file", "row", "action", "reason", "column", "value"])
        for n in self.notes:
            cells = [n.file, n.row or "", n.action, n.reason, n.column, n.value]
            table.writerow([guarded(cell) for cell in cells])
        unnamed = sum(self.counts.values()) - len(self.notes)
        if unnamed > 0:
            table.writerow(["", "", "", f"{unnamed} more are only counted", "", ""])
        return out.getvalue()


def _often(words: Counter[str]) -> str:
    """The words of a reason, the most frequent first, in brackets; "" for none."""
    if not words:
        return ""
    first = [f"“{word}” {n:,}" for word, n in words.most_common(NAMED_WORDS)]
    return f" ({', '.join(first)}{more_text(len(words) - NAMED_WORDS)})"


def more_text(number: int) -> str:
    """How many more there are of a list that is cut, to stand at its end.

    Examples
    --------
    >>> more_text(1234), more_text(0)
    (', 1,234 more', '')
    """
    return f", {number:,} more" if number > 0 else ""


@dataclass(frozen=True)
class Batch:
    """What one import brings, ready to be merged into a pack.

    Attributes
    ----------
    providers, evidence, places
        Frames of the contract.
    origins
        The sources named in the frames.
    report
        What became of each row.
    publishers
        Host names of `evidence` addresses and who publishes there.
    adds_places
        Whether a provider that is known elsewhere gets another place; False where only what is
        said of somebody matters, not where they were then.
    """

    providers: pd.DataFrame
    evidence: pd.DataFrame
    places: pd.DataFrame
    origins: tuple[Origin, ...]
    report: Report
    publishers: dict[str, str] = field(default_factory=dict)
    adds_places: bool = True

    def sample(self, size: int) -> pd.DataFrame:
        """Some rows of `providers`, as far apart as they can be, in their order."""
        last = len(self.providers) - 1
        at = np.linspace(0, last, min(size, last + 1)).round().astype(int)
        return self.providers.iloc[at]

    @classmethod
    def of(
        cls,
        origins: tuple[Origin, ...],
        report: Report,
        *,
        providers: Records = (),
        evidence: Records = (),
        places: Records = (),
    ) -> "Batch":
        """Records, each a mapping of known columns, to frames that keep the contract."""
        return cls(
            providers=frame_of(providers, "providers"),
            evidence=frame_of(evidence, "evidence"),
            places=frame_of(places, "places"),
            origins=origins,
            report=report,
        )


def source_name(file: str, title: str = "") -> str:
    """A short name for a source: of its title, else of its file.

    Examples
    --------
    >>> source_name("Health Facilities 2024.xlsx"), source_name("x.csv", "กระทรวง")
    ('health-facilities-2024', 'source-96a2e2')
    """
    words = title or file.split(".")[0]
    plain = re.sub(r"[^a-z0-9]+", "-", normalise(words)).strip("-")[:40]
    return plain or "source-" + hashlib.sha256(words.encode()).hexdigest()[:6]


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, None where nothing is known."""
    names = [str(name) for name in frame.columns]
    columns = [
        [None if gone else cell for cell, gone in zip(cells.tolist(), cells.isna(), strict=True)]
        for _, cells in frame.items()
    ]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def frame_of(records: Records, table: str) -> pd.DataFrame:
    """Records to a frame of the contract; lists stay lists.

    Raises
    ------
    DataError
        If a record does not keep the contract.
    """
    columns = list(COLUMNS[table])
    if isinstance(records, pd.DataFrame):
        given = records.reindex(columns=columns)
    else:
        given = pd.DataFrame(list(records), columns=columns, dtype=object)
    made: dict[str, pd.Series[Any]] = {}
    for column in columns:
        cells = given[column]
        if cells.isna().all() and not COLUMNS[table][column].required:
            continue  # the check adds it
        if column in LIST_COLUMNS:
            some = [c if isinstance(c, list) and c else float("nan") for c in cells]
            made[column] = pd.Series(some, index=given.index, dtype=object)
        else:
            made[column] = cells.mask(cells.isna() | cells.eq(""))
    frame = pd.DataFrame(made, index=given.index, copy=False)
    return check_frame(frame, table, table)[columns]
