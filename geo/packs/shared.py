"""Packs that many machines share, copied from a PostgreSQL database.

`CAREREACH_STORE` names the database. Every process of every machine looks there for new versions
and copies them, file by file, each under the hash of its content; then it opens them as any other
pack. Who is near is asked of PostGIS (`geo.packs.stored_index`). While the database is away, what
was copied answers, and memory finds who is near.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geo.errors import CareReachError, DataError
from geo.packs.database import (
    FORMAT,
    Database,
    VersionGoneError,
    database,
    store_address,
    store_missing,
)
from geo.packs.stored_index import Spots
from geo.packs.tables import DESCRIPTOR, HASHED, sha256_of

try:
    import fcntl
except ImportError:  # not on Windows, where processes may copy the same file twice
    fcntl = None  # type: ignore[assignment]

#: How often a process looks for new versions.
LOOK_S = 10.0
#: Where copies lie, in the folder of the user's packs.
_COPIES = ".shared"
_NAME = re.compile(r"[\w-][\w.-]*")


@dataclass(frozen=True)
class SharedPack:
    """A pack in the store.

    Attributes
    ----------
    name
        What it is called.
    hash
        The SHA-256 of its descriptor.
    providers
        How many it has.
    loaded
        When it was put there, as the database writes it.
    """

    name: str
    hash: str
    providers: int
    loaded: str


class _Copies:
    """What was last copied from the store, and what is wrong with it."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.looked_s = -LOOK_S
        self.of: tuple[str, Path] | None = None
        self.problem = ""
        self.spots: dict[tuple[str, str], Spots] = {}


_copies = _Copies()


def copies_in(home: Path) -> Path | None:
    """Where copies of the store's packs lie, brought up to date; None where there is no store.

    Nothing is raised: `store_problem` says what is wrong, and what was copied before stays.

    Parameters
    ----------
    home
        The folder of the user's packs.
    """
    address = store_address()
    if not address:
        return None
    folder = home / _COPIES
    if (address, folder) != _copies.of:
        with _copies.turn:
            _look(address, folder)
    elif time.monotonic() - _copies.looked_s >= LOOK_S and not _copies.turn.locked():
        threading.Thread(target=_look_again, args=(address, folder), daemon=True).start()
    return folder


def _look_again(address: str, folder: Path) -> None:
    """Look while nobody waits for it, one thread at a time."""
    if _copies.turn.acquire(blocking=False):
        try:
            _look(address, folder)
        finally:
            _copies.turn.release()


def store_problem() -> str:
    """What was wrong with the store when it was last asked, in a sentence; "" if nothing was."""
    return _copies.problem if store_address() else ""


def spots_of_copy(folder: Path, digest: str) -> Spots | None:
    """Where the database has the providers of an opened copy; None for any other pack."""
    return _copies.spots.get((str(folder), digest)) if store_address() else None


def is_copy(folder: Path) -> bool:
    """Whether a pack was copied from the store: it is changed where it was loaded from."""
    return folder.parent.name == _COPIES


def _look(address: str, folder: Path) -> None:
    """Copy what is new in the store."""
    if _copies.of == (address, folder) and time.monotonic() - _copies.looked_s < LOOK_S:
        return  # another thread has looked meanwhile
    problem = store_missing()
    if not problem:
        try:
            with _one_process(folder):
                _copy_new(database(address), folder)
        except CareReachError as error:
            problem = f"{error} Data are shown as they were last copied from it."
        except OSError as error:
            problem = f"What the store holds cannot be copied: {error.strerror}."
    _copies.problem = problem
    _copies.of, _copies.looked_s = (address, folder), time.monotonic()


@contextlib.contextmanager
def _one_process(folder: Path) -> Iterator[None]:
    """One process of a machine copies at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy_new(store: Database, folder: Path) -> None:
    """Copy what is not here yet, and delete what the store has no more."""
    try:
        ((number,),) = store.ask("SELECT max(number) FROM carereach.format", probe=True)
        rows = store.ask(
            "SELECT pack_id, name, hash, alike_hash FROM carereach.pack WHERE is_current"
        )
    except VersionGoneError:
        raise CareReachError(
            "The store holds no packs yet: carereach store load puts one there."
        ) from None
    if number != FORMAT:
        raise CareReachError("The store was made by another version of CareReach.")
    names = {name for _, name, _, _ in rows if _NAME.fullmatch(name)}
    for pack_id, name, digest, alike_hash in rows:
        if name not in names:
            continue
        there = folder / name / DESCRIPTOR
        if not there.exists() or hashlib.sha256(there.read_bytes()).hexdigest() != digest:
            _copy_pack(store, pack_id, digest, folder / name)
        _copies.spots[str(folder / name), digest] = Spots(store, pack_id, alike_hash)
    for old in folder.iterdir():
        if old.is_dir() and old.name not in names:
            (old / DESCRIPTOR).unlink(missing_ok=True)
            shutil.rmtree(old, ignore_errors=True)


def _copy_pack(store: Database, pack_id: int, digest: str, folder: Path) -> None:
    """Copy one version: its files, each checked, then its descriptor in one step."""
    (found,) = store.ask(
        "SELECT descriptor FROM carereach.pack WHERE pack_id = %(pack)s", {"pack": pack_id}
    )
    raw = bytes(found[0])
    if hashlib.sha256(raw).hexdigest() != digest:
        raise DataError(f"{folder.name}/{DESCRIPTOR}", "is damaged in the store")
    folder.mkdir(exist_ok=True)
    named = set()
    for entry in json.loads(raw)["resources"]:
        name, whole = str(entry["path"]), str(entry["hash"]).removeprefix("sha256:")
        if Path(name).name != name or not HASHED.search(name):
            raise DataError(folder.name, f"{name!r} is not the name of a file of a pack")
        named.add(Path(name).stem)
        path = folder / name
        if not path.exists() or sha256_of(path) != whole:
            _copy_file(store, whole, path)
    before = _files_of(folder)
    _put(folder / DESCRIPTOR, raw)
    for old in folder.iterdir():
        # A reader may still be at the version before.
        if HASHED.search(old.name) and old.stem not in named | before:
            with contextlib.suppress(OSError):
                shutil.rmtree(old) if old.is_dir() else old.unlink()


def _files_of(folder: Path) -> set[str]:
    """What the files of the version that is here are called, without their endings."""
    try:
        about = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {Path(entry["path"]).stem for entry in about["resources"]}


def _copy_file(store: Database, digest: str, path: Path) -> None:
    """Copy one file, part by part, and put it in place if it is what its hash says."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    told = hashlib.sha256()
    with beside.open("wb") as out:
        part = 0
        while found := store.ask(
            "SELECT bytes FROM carereach.content WHERE hash = %(hash)s AND part = %(part)s",
            {"hash": digest, "part": part},
        ):
            told.update(found[0][0])
            out.write(found[0][0])
            part += 1
        out.flush()
        os.fsync(out.fileno())
    if told.hexdigest() != digest:
        beside.unlink()
        raise DataError(path.name, "is damaged in the store, or was taken out of it just now")
    os.replace(beside, path)


def _put(path: Path, raw: bytes) -> None:
    """Replace a file in one step."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as out:
        out.write(raw)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, path)


def shared_packs(address: str) -> list[SharedPack]:
    """The packs of the store, by name.

    Raises
    ------
    CareReachError
        If the database cannot be reached or read.
    """
    try:
        rows = database(address).ask(
            "SELECT name, hash, providers, loaded::timestamptz(0)::text FROM carereach.pack"
            " WHERE is_current ORDER BY name"
        )
    except VersionGoneError:
        return []
    return [SharedPack(*row) for row in rows]
