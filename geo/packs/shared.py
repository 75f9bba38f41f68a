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
from urllib.parse import urlsplit

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
#: What is not finished after so long never will be.
_OLD_S = 3600
#: Where copies lie, in the folder of the user's packs.
_COPIES = ".shared"
#: What a pack in a store may be called: a folder of one name on every system.
SHARED_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


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
    folder = home / _COPIES / _of_store(address)
    if (address, folder) != _copies.of:
        with _copies.turn:
            _look(address, folder)
    elif time.monotonic() - _copies.looked_s >= LOOK_S and not _copies.turn.locked():
        threading.Thread(target=_look_again, args=(address, folder), daemon=True).start()
    return folder


def _of_store(address: str) -> str:
    """A folder for each database: what was copied from one is not shown as another's."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(address)
        address = f"{parts.hostname}:{parts.port}{parts.path}?{parts.query}"
    return hashlib.sha256(address.encode()).hexdigest()[:12]


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
    return folder.parent.parent.name == _COPIES


def copy_anew(folder: Path) -> None:
    """Let the next look copy a pack again: something of what is here cannot be read."""
    with contextlib.suppress(OSError):
        (folder / DESCRIPTOR).unlink()


def _look(address: str, folder: Path) -> None:
    """Copy what is new in the store."""
    if _copies.of == (address, folder) and time.monotonic() - _copies.looked_s < LOOK_S:
        return  # another thread has looked meanwhile
    problem = store_missing()
    try:
        if not problem:
            with _one_process(folder):
                problem = _copy_new(database(address), folder)
    except CareReachError as error:
        problem = f"{str(error).rstrip('.')}."
    except OSError as error:
        problem = f"What the store holds cannot be copied: {error.strerror}."
    except ImportError:
        problem = "CAREREACH_STORE needs the packages of requirements-store.txt."
    finally:
        if problem:
            last = any(folder.glob(f"*/{DESCRIPTOR}"))
            problem += (
                " Data are shown as they were last copied from it."
                if last
                else " Nothing was copied from it yet."
            )
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


def _copy_new(store: Database, folder: Path) -> str:
    """Copy what is not here yet, and delete what the store has no more; what went wrong."""
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
    problems = [
        f"A pack called {row[1]!r} cannot be shown."
        for row in rows
        if not SHARED_NAME.fullmatch(row[1])
    ]
    rows = [row for row in rows if SHARED_NAME.fullmatch(row[1])]
    for pack_id, name, digest, alike_hash in rows:
        # One that cannot be copied does not keep the others.
        try:
            spots = Spots(store, pack_id, digest, alike_hash)
            _copies.spots[str(folder / name), digest] = spots
            if not _is_whole(folder / name, digest):
                _copy_pack(store, pack_id, digest, folder / name)
        except VersionGoneError:
            continue  # the next look finds the new one
        except DataError as error:
            problems.append(f"{error}.")
    _tidy(folder, {row[1] for row in rows})
    return " ".join(problems)


def _tidy(folder: Path, names: set[str]) -> None:
    """Delete copies of packs that the store has no more, and what killed runs left."""
    for old in folder.iterdir():
        if old.is_dir() and old.name not in names:
            (old / DESCRIPTOR).unlink(missing_ok=True)
            shutil.rmtree(old, ignore_errors=True)
    for left in folder.glob("*/*.part"):
        # What is newer may be written just now.
        if time.time() - left.stat().st_mtime > _OLD_S:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _is_whole(folder: Path, digest: str) -> bool:
    """Whether a version is here, with every file in its size."""
    there = folder / DESCRIPTOR
    if not there.exists() or hashlib.sha256(there.read_bytes()).hexdigest() != digest:
        return False
    sizes = {e["path"]: e.get("bytes") for e in json.loads(there.read_bytes()).get("resources", [])}
    return all(
        (folder / path).exists() and size in (None, (folder / path).stat().st_size)
        for path, size in sizes.items()
    )


def _copy_pack(store: Database, pack_id: int, digest: str, folder: Path) -> None:
    """Copy one version: its files, each checked, then its descriptor in one step."""
    found = store.ask(
        "SELECT descriptor FROM carereach.pack WHERE pack_id = %(pack)s", {"pack": pack_id}
    )
    if not found:
        raise VersionGoneError("The store does not have this.")
    raw = bytes(found[0][0])
    if hashlib.sha256(raw).hexdigest() != digest:
        raise DataError(f"{folder.name}/{DESCRIPTOR}", "is damaged in the store")
    folder.mkdir(exist_ok=True)
    named = set()
    for name, whole in _resources(raw, folder.name):
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


def _resources(raw: bytes, pack: str) -> list[tuple[str, str]]:
    """The files of a descriptor, and their hashes."""
    try:
        resources = json.loads(raw).get("resources", [])
        return [(str(e["path"]), str(e["hash"]).removeprefix("sha256:")) for e in resources]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{pack}/{DESCRIPTOR}", "cannot be read as a descriptor") from None


def _files_of(folder: Path) -> set[str]:
    """What the files of the version that is here are called, without their endings."""
    try:
        about = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {Path(entry["path"]).stem for entry in about.get("resources", [])}


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
