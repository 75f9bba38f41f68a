"""Changes to the user's copies of packs.

Each is a transaction: the pack is copied aside, changed, built and checked, and put in place in
one step (`geo.packs.writing.write_pack`). The bundled pack is never touched.
"""

import contextlib
import datetime as dt
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

try:
    import fcntl
except ImportError:  # not on Windows, where only this process takes its turns
    fcntl = None  # type: ignore[assignment]

import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from geo.distance import region_of_each
from geo.errors import CareReachError, DataError, UnknownNameError
from geo.packs.build import build_pack
from geo.packs.check import check_pack
from geo.packs.history import Version, earlier_versions, find_version, forget
from geo.packs.pack import (
    ASKED,
    BUNDLED,
    land_of,
    list_packs,
    pack_folder,
    read_descriptor,
    read_shapes,
    user_folder,
)
from geo.packs.shared import is_copy
from geo.packs.tables import DAMAGED, DESCRIPTOR, HASHED, resource_path, sha256_of
from geo.packs.writing import tidy_pack, write_pack

T = TypeVar("T")
_STAGED = ".staged-"
#: One change at a time within a process; each begins from what the last one left.
_CHANGING = threading.Lock()


def add_evidence(name: str, row: Mapping[str, str], what: str) -> None:
    """Add one statement to the user's copy of a pack.

    Parameters
    ----------
    name
        The pack; its newest state is changed.
    row
        Columns of evidence, as text.
    what
        What was done, in a sentence.

    Raises
    ------
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    change_pack(name, lambda folder: append_row(folder, "evidence", row), what)


def append_row(folder: Path, table: str, row: Mapping[str, str]) -> None:
    """Add one row, as text, to a table of a staged pack."""
    path = resource_path(folder, read_descriptor(folder), table)
    if path is None:
        path = folder / f"{table}.csv"
        path.write_text(",".join(row) + "\n", "utf-8")
        add_resource(folder, table, path.name)
    new = pd.DataFrame([row])
    if path.suffix == ".parquet":
        pd.concat([pd.read_parquet(path), new], ignore_index=True).to_parquet(path)
        return
    old = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    both = pd.concat([old, new], ignore_index=True).fillna("")
    path.write_text(both.to_csv(index=False, lineterminator="\n"), "utf-8")


def answer_row(
    provider_id: str, procedure: str, status: str, who: str, when: dt.date
) -> dict[str, str]:
    """The answer to a call as a row of evidence.

    Parameters
    ----------
    provider_id
        Who was called.
    procedure
        A slug.
    status
        "offered" or "not_offered".
    who
        Who said so, by role.
    when
        The day of the call.
    """
    said = "It is done here" if status == "offered" else "It is not done here"
    return {
        "provider_id": provider_id,
        "procedure": procedure,
        "status": status,
        "statement": f"{said}, said {who} when asked",
        "as_of": when.isoformat(),
        "as_of_basis": "stated",
        "source_kind": "official",
        "note": f"{ASKED}{who}",
    }


def add_resource(folder: Path, name: str, path: str) -> None:
    """Name a file of a staged pack in its descriptor, in place of the one that was."""
    about = read_descriptor(folder)
    others = [entry for entry in about.get("resources", []) if entry["name"] != name]
    about["resources"] = [*others, {"name": name, "path": path}]
    write_descriptor(folder, about)


def write_descriptor(folder: Path, about: Mapping[str, Any]) -> None:
    """Replace the descriptor of a staged pack."""
    (folder / DESCRIPTOR).write_text(json.dumps(about, ensure_ascii=False, indent=1), "utf-8")


def write_table(folder: Path, table: str, frame: pd.DataFrame) -> None:
    """Replace a table of a staged pack by Parquet, which keeps types and gives the same bytes."""
    about = read_descriptor(folder)
    old = resource_path(folder, about, table)
    frame.to_parquet(folder / f"{table}.parquet", index=False, compression="zstd")
    if old is not None and old.name != f"{table}.parquet":
        old.unlink(missing_ok=True)
    add_resource(folder, table, f"{table}.parquet")


def region_ids(folder: Path, providers: pd.DataFrame) -> "pd.Series[str]":
    """The region of each provider; where none is known, by the boundaries of a staged pack."""
    known = providers["region_id"].copy()
    lacking = known.isna().to_numpy()
    known[lacking] = regions_at(folder, providers["lat"][lacking], providers["lon"][lacking])
    return known


def regions_at(folder: Path, lat: "pd.Series[float]", lon: "pd.Series[float]") -> "np.ndarray":
    """The region whose boundary, of those of a staged pack, holds each point; NA for none."""
    path = resource_path(folder, read_descriptor(folder), "boundaries")
    if path is None or not path.exists():
        return np.full(len(lat), pd.NA, object)
    shapes = read_shapes(path)
    # An area without a name is no region.
    ids = [region or pd.NA for region in shapes["region_id"]]
    at = region_of_each(lat, lon, shapes.geometry.to_numpy())
    return np.array([*(ids[i] if i >= 0 else pd.NA for i in at), None], object)[:-1]


def pack_land(folder: Path) -> BaseGeometry | None:
    """Where a pack's rows should lie: its given shapes, which an import does not widen.

    Its outline where it has no shapes; None where it has neither.
    """
    shapes = ("boundaries", "region_shapes", "outline")
    return land_of(folder, read_descriptor(folder), *shapes)


def change_pack(
    name: str,
    change: Callable[[Path], T],
    what: str,
    *,
    begin: Callable[[Path], None] | None = None,
    dry_run: bool = False,
) -> T:
    """Copy a pack aside, change it, and put it in place if it still keeps every promise.

    Parameters
    ----------
    name
        The pack.
    change
        Called with the copy's folder.
    what
        What is done, in a sentence, for who reads the pack's history.
    begin
        Fills the folder of a pack that does not exist yet.
    dry_run
        Do everything but put it in place.

    Returns
    -------
    object
        What `change` returns.

    Raises
    ------
    UnknownNameError
        If there is no such pack, and nothing to begin one with.
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    _refuse_shared(name)
    with _turn() as home, tempfile.TemporaryDirectory(prefix=_STAGED, dir=home) as aside:
        staged = Path(aside) / name
        if begin is not None and name not in list_packs():
            staged.mkdir()
            begin(staged)
        else:
            copy_version(pack_folder(name), read_descriptor(pack_folder(name)), staged)
        result = change(staged)
        build_pack(staged, Path(aside) / "static")
        for problem in check_pack(staged, built=True):
            raise DataError(problem.file, problem.reason, row=problem.row)
        if not dry_run:
            if name in list_packs() and not (home / name / DESCRIPTOR).exists():
                write_pack(pack_folder(name), home / name, "As it came with CareReach")
            write_pack(staged, home / name, what)
        return result


def copy_version(folder: Path, about: Mapping[str, Any], staged: Path) -> None:
    """Copy the files of one state of a pack to where it is changed.

    Mapped columns, other states and what a killed run left stay behind. A damaged file is taken
    from the pack that came with CareReach, where that has it.

    Raises
    ------
    DataError
        If a file is missing or damaged; a change would make what is damaged look right.
    """
    hashes = {Path(e["path"]).name: e.get("hash") for e in about.get("resources", [])}
    named = {
        path.name: path
        for entry in about.get("resources", [])
        if (path := resource_path(folder, about, entry["name"])) is not None
    }
    own = {p.name: p for p in folder.iterdir() if p.is_file() and not HASHED.search(p.name)}
    staged.mkdir()
    for name, path in {**own, **named}.items():
        if name != DESCRIPTOR and path.suffix != ".part":
            digest = hashes.get(name) if HASHED.search(name) else None
            shutil.copy(_sound(path, digest, folder.name), staged / name)
    write_descriptor(staged, about)


def _sound(path: Path, digest: str | None, pack: str) -> Path:
    """A file, or the bundled one of the same content where it is missing or damaged."""
    there = path.exists()
    if there and (digest is None or digest == f"sha256:{sha256_of(path)}"):
        return path
    if digest is not None and (BUNDLED / pack / DESCRIPTOR).exists():
        for entry in read_descriptor(BUNDLED / pack).get("resources", []):
            found = resource_path(BUNDLED / pack, {"resources": [entry]}, entry["name"])
            if found is not None and found.exists() and digest == f"sha256:{sha256_of(found)}":
                return found
    raise DataError(path.name, DAMAGED if there else "the file is missing")


def undo_change(name: str, number: int | None = None) -> Version:
    """Put a pack back as it was in an earlier version; that is a change, too.

    Parameters
    ----------
    name
        A pack of the user.
    number
        Of a version of `geo.packs.history.list_versions`; the one before the present by default.

    Returns
    -------
    Version
        The one that it is again.

    Raises
    ------
    UnknownNameError
        If there is no such pack or version, or none before the present one.
    DataError
        If a file of that version is missing or broken; then nothing has changed.
    """
    _refuse_shared(name)
    with _turn() as home, tempfile.TemporaryDirectory(prefix=_STAGED, dir=home) as aside:
        folder = pack_folder(name)
        versions = earlier_versions(folder)
        if number is None and not versions:
            raise UnknownNameError(f"There is no earlier version of {name} to go back to.")
        version = versions[-1] if number is None else find_version(folder, number)
        staged = Path(aside) / name
        copy_version(folder, version.about, staged)
        for problem in check_pack(staged):
            raise DataError(problem.file, problem.reason, row=problem.row)
        write_pack(staged, home / name, f"Back to version {version.number}")
        return version


def forget_versions(name: str) -> None:
    """Delete every earlier version of a pack for good, with the files that only they have.

    Raises
    ------
    UnknownNameError
        If the user has no such pack.
    """
    with _turn() as home:
        folder = _own_folder(name, home)
        forget(folder)
        tidy_pack(folder)


def remove_pack(name: str) -> Path:
    """Delete a pack of the user; a bundled pack of the same name is seen again.

    Raises
    ------
    UnknownNameError
        If the user has no such pack.
    """
    with _turn() as home:
        folder = _own_folder(name, home)
        if folder.is_symlink():  # what it leads to is not the user's pack
            folder.unlink()
            return folder
        # The descriptor first: what has none is not a pack, whatever happens then.
        (folder / DESCRIPTOR).unlink()
        aside = home / f"{_STAGED}{name}"
        with contextlib.suppress(OSError):  # some system keeps what a reader has open
            folder.rename(aside)
        shutil.rmtree(aside if aside.exists() else folder, ignore_errors=True)
        return folder


def _own_folder(name: str, home: Path) -> Path:
    """The folder of a pack of the user."""
    _refuse_shared(name)
    folder = pack_folder(name)
    if folder.parent.resolve() != home.resolve():
        raise UnknownNameError(f"The pack {name!r} came with CareReach; it is not your own.")
    return folder


def _refuse_shared(name: str) -> None:
    """A pack that many machines share is changed in one place."""
    folder = list_packs().get(name)
    if folder is not None and is_copy(folder):
        raise CareReachError(
            f"The pack {name!r} comes from the store of CAREREACH_STORE. Change it on the machine "
            "it was loaded from, with CAREREACH_STORE unset, and load it again with "
            "“carereach store load”."
        )


@contextlib.contextmanager
def _turn() -> Iterator[Path]:
    """The folder of the user's packs, for one change at a time."""
    home = user_folder()
    home.mkdir(parents=True, exist_ok=True)
    with _CHANGING, (home / ".lock").open("w") as lock:
        if fcntl is not None:  # other processes, where the system can
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in home.glob(f"{_STAGED}*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield home


def with_source(about: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """A descriptor with a source, in place of an older one of its name."""
    others = [s for s in about.get("sources", []) if s["name"] != source["name"]]
    return {**about, "sources": [*others, dict(source)]}
