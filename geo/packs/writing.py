"""Puts a pack in place of another in one step, and keeps the files that a version still needs."""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from geo.errors import DataError
from geo.packs.history import (
    Version,
    add_version,
    count_rows,
    forget,
    is_written_down,
    list_versions,
)
from geo.packs.pack import BUNDLED, read_descriptor
from geo.packs.tables import DESCRIPTOR, HASHED, resource_path, sha256_of


def write_pack(staged: Path, target: Path, what: str) -> None:
    """Put a pack in place of another, so that a reader sees the old one or the new one.

    Every resource gets a name with its hash, so that no file of the old pack is touched; the
    descriptor is replaced last, in one step. Then hashed files are deleted that no version names
    which can still be had back (`geo.packs.history`); other files in the folder are left alone.

    Parameters
    ----------
    staged
        A complete folder, built and checked; it is left as it is.
    target
        The pack's folder; made where there is none.
    what
        What was done, in a sentence, for who reads its history.
    """
    about = read_descriptor(staged)
    target.mkdir(parents=True, exist_ok=True)
    if not (target / DESCRIPTOR).exists():  # of a pack that was removed, or never came to be
        forget(target)
    elif not is_written_down(target):
        with contextlib.suppress(DataError):  # a broken one is no version
            before = read_descriptor(target)
            text = (target / DESCRIPTOR).read_bytes().decode("utf-8")
            since_s = (target / DESCRIPTOR).stat().st_mtime
            add_version(target, text, "As it was before", count_rows(target, before), since_s)
    for entry in about.get("resources", []):
        path = resource_path(staged, about, entry["name"])
        if path is None or not path.exists():
            raise DataError(entry["path"], "the file is missing")
        digest = sha256_of(path)
        entry["path"] = f"{entry['name']}-{digest[:12]}{path.suffix}"
        there = target / entry["path"]
        if not there.exists() or sha256_of(there) != digest:  # a damaged one is replaced
            with path.open("rb") as content:
                _replace(target / entry["path"], content)
    text = json.dumps(about, ensure_ascii=False, indent=1) + "\n"
    versions = list_versions(target)
    if not versions or versions[-1].text != text:  # what changes nothing is no version
        # What came with CareReach has no time of a change here.
        came_s = (staged / DESCRIPTOR).stat().st_mtime if staged.parent == BUNDLED else None
        add_version(target, text, what, count_rows(target, about), came_s)
    _replace(target / DESCRIPTOR, io.BytesIO(text.encode()))
    tidy_pack(target)


def tidy_pack(folder: Path) -> None:
    """Delete the hashed files of a pack that no version names, and what a killed run left."""
    versions = list_versions(folder)
    kept, open_now = _files_named(versions), _files_named(versions[-2:])
    if not versions:
        kept = open_now = {Path(e["path"]).stem for e in read_descriptor(folder)["resources"]}
    for old in folder.iterdir():
        # What ends in .part was left by a run that was killed, or is of a reader who then does
        # without. Columns can be made anew; a reader may still be at the version before this one.
        # What cannot be deleted now (a reader has it open) goes with a later change.
        named = open_now if old.is_dir() else kept
        if (HASHED.search(old.name) and old.stem not in named) or old.suffix == ".part":
            with contextlib.suppress(OSError):
                shutil.rmtree(old) if old.is_dir() else old.unlink()


def _files_named(versions: Sequence[Version]) -> set[str]:
    """What the files of some versions are called, without their endings."""
    resources = (entry for v in versions for entry in v.about.get("resources", []))
    return {Path(entry["path"]).stem for entry in resources}


def _replace(path: Path, content: BinaryIO) -> None:
    """Write a file in one step, safe on the disk before it takes its name."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as out:
        shutil.copyfileobj(content, out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, path)
