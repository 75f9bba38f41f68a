"""What became of a user's pack: every change is a version, and the last ten can be had back.

A version is a small file in the folder `history` of the pack: when, what was done, and the
descriptor as it was then. The files that a descriptor names have their hash in their names and are
not changed by CareReach, so keeping a version costs only what the change made anew.
"""

import contextlib
import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from geo.errors import UnknownNameError
from geo.packs.schema import COLUMNS
from geo.packs.tables import DESCRIPTOR, read_table, resource_path
from geo.reading import understood

HISTORY = "history"
#: So many versions can be had back.
KEPT = 10
#: What was done is told in so many letters.
_LONGEST = 200


@dataclass(frozen=True)
class Version:
    """A state that a pack was in.

    Attributes
    ----------
    number
        1 for the first; one more with each change.
    when
        When it was put in place.
    what
        What was done, in a sentence; a stranger's file name may be in it.
    rows
        How many rows each table had.
    text
        The descriptor, as JSON.
    """

    number: int
    when: dt.datetime
    what: str
    rows: Mapping[str, int]
    text: str

    @property
    def about(self) -> dict[str, Any]:
        """The descriptor."""
        about: dict[str, Any] = json.loads(self.text)
        return about


@dataclass(frozen=True)
class Difference:
    """What became of the rows of a table between two versions."""

    table: str
    added: int
    removed: int
    changed: int


def list_versions(folder: Path) -> tuple[Version, ...]:
    """The versions of a pack that are kept, the newest last; none of a pack never changed here.

    Parameters
    ----------
    folder
        The pack's.
    """
    versions = []
    for path in sorted((folder / HISTORY).glob("*.json")):
        # A broken one is none.
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            versions.append(_read(path))
    present = _present(folder)
    # What stands behind the present one was being put in place when something was killed.
    last = max((n for n, v in enumerate(versions) if v.text == present), default=len(versions))
    return tuple(versions[: last + 1])


def is_written_down(folder: Path) -> bool:
    """Whether the present state of a pack is one of its versions; by hand it can become another."""
    return any(version.text == _present(folder) for version in list_versions(folder))


def earlier_versions(folder: Path) -> tuple[Version, ...]:
    """The versions that are not the present state of a pack, the newest last."""
    versions = list_versions(folder)
    return versions[:-1] if is_written_down(folder) else versions


def find_version(folder: Path, number: int) -> Version:
    """One version of a pack.

    Raises
    ------
    UnknownNameError
        If it is not kept.
    """
    versions = {version.number: version for version in list_versions(folder)}
    if number not in versions:
        kept = ", ".join(map(str, versions)) or "none"
        raise UnknownNameError(f"There is no version {number} of {folder.name}; kept: {kept}.")
    return versions[number]


def add_version(
    folder: Path, text: str, what: str, rows: Mapping[str, int], when_s: float | None = None
) -> None:
    """Write down a version that is about to be put in place, and let go of the oldest.

    Parameters
    ----------
    folder
        The pack's.
    text
        The descriptor that it will have.
    what
        What was done.
    rows
        How many rows each table has.
    when_s
        When it was put in place, in seconds since 1970; now by default.
    """
    known = list_versions(folder)
    number = known[-1].number + 1 if known else 1
    # As every file has its time, whatever day the reader's question is of.
    now = dt.datetime.now(dt.UTC)
    when = now if when_s is None else dt.datetime.fromtimestamp(when_s, dt.UTC)
    # A title or a file's name may be a stranger's.
    what = "".join(c if c.isprintable() else " " for c in what)[:_LONGEST]
    home = folder / HISTORY
    home.mkdir(parents=True, exist_ok=True)
    stored = {
        "when": when.isoformat(timespec="seconds"),
        "what": " ".join(what.split()),
        "rows": dict(rows),
        "descriptor": text,
    }
    path = home / f"{number:06d}.json"
    beside = path.with_suffix(".part")
    with beside.open("w", encoding="utf-8") as out:
        json.dump(stored, out, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, path)
    stay = {path.name, *(f"{version.number:06d}.json" for version in known[1 - KEPT :])}
    for entry in home.iterdir():
        if entry.name not in stay:
            entry.unlink(missing_ok=True)


def forget(folder: Path) -> None:
    """Delete every version of a pack; its files are another matter."""
    shutil.rmtree(folder / HISTORY, ignore_errors=True)


def count_rows(folder: Path, about: Mapping[str, Any]) -> dict[str, int]:
    """How many rows each table of a pack has."""
    found = {}
    for table in COLUMNS:
        path = resource_path(folder, about, table)
        if path is None or not path.exists():
            continue
        if path.suffix == ".parquet":
            found[table] = int(pq.read_metadata(path).num_rows)
        else:
            found[table] = len(pd.read_csv(path, usecols=[0], dtype=str))
    return found


def compare_with_present(folder: Path, version: Version) -> tuple[Difference, ...]:
    """What has become of the rows of each table since a version.

    Parameters
    ----------
    folder
        The pack's.
    version
        From `list_versions`.

    Raises
    ------
    DataError
        If a file of one of them is missing or broken.
    """
    found = []
    with understood(DESCRIPTOR):
        now: dict[str, Any] = json.loads(_present(folder))
    for table in COLUMNS:
        if _hash(version.about, table) == _hash(now, table):
            continue
        before, after = (
            read_table(folder, about, table)[list(COLUMNS[table])] for about in (version.about, now)
        )
        difference = _compared(table, before, after)
        if difference != Difference(table, 0, 0, 0):
            found.append(difference)
    return tuple(found)


def _compared(table: str, before: pd.DataFrame, after: pd.DataFrame) -> Difference:
    """Rows with an id are compared by it, others as they are."""
    old, new = (pd.util.hash_pandas_object(f.astype(str), index=False) for f in (before, after))
    key = next((name for name, column in COLUMNS[table].items() if column.unique), None)
    if key is None:
        often = new.value_counts().sub(old.value_counts(), fill_value=0)
        return Difference(table, int(often.clip(lower=0).sum()), int(-often.clip(upper=0).sum()), 0)
    old, new = old.set_axis(before[key].astype(str)), new.set_axis(after[key].astype(str))
    both = old.index.intersection(new.index)
    changed = int((old.loc[both].to_numpy() != new.loc[both].to_numpy()).sum())
    return Difference(table, len(new) - len(both), len(old) - len(both), changed)


def _hash(about: Mapping[str, Any], table: str) -> str:
    entries = (e for e in about.get("resources", []) if e["name"] == table)
    return str(next((e.get("hash", e["path"]) for e in entries), ""))


def _present(folder: Path) -> str:
    """The descriptor of a pack; "" where there is none yet."""
    path = folder / DESCRIPTOR
    return path.read_bytes().decode("utf-8", errors="replace") if path.exists() else ""


def _read(path: Path) -> Version:
    stored = json.loads(path.read_text("utf-8"))
    when = dt.datetime.fromisoformat(stored["when"])
    rows = {str(table): int(count) for table, count in stored["rows"].items()}
    text = str(stored["descriptor"])
    if not all({"name", "path"} <= entry.keys() for entry in json.loads(text)["resources"]):
        raise ValueError(f"{path} names files without a path")
    return Version(int(path.stem), when, str(stored["what"]), rows, text)
