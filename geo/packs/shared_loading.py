"""Puts packs into the PostgreSQL database that many machines share, and takes them out of it."""

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from geo.errors import CareReachError, DataError, UnknownNameError
from geo.packs.database import FORMAT, READER, SCHEMA, writing
from geo.packs.pack import BUNDLED, Pack, open_pack, read_descriptor, user_folder
from geo.packs.shared import SHARED_NAME
from geo.packs.stored_index import hash_of_kinds, table_of
from geo.packs.tables import DESCRIPTOR, sha256_of
from geo.packs.writing import write_pack
from geo.progress import Progress, Step, silent

Ints = npt.NDArray[np.int32]

#: Files go over the line in parts of so many bytes.
_PART = 8_000_000
#: So many providers go over the line at a time.
_ROWS = 200_000
_COLUMNS = ("provider_id", "name", "kind", "facility_type", "region_id")


def load_pack(address: str, name_or_folder: str | Path, progress: Progress = silent) -> Pack:
    """Put a pack into the store, in place of the one of its name; readers see one or the other.

    Parameters
    ----------
    address
        Of the database, with a role that may make tables.
    name_or_folder
        A pack of this machine, one's own or a bundled one, or a folder.
    progress
        Is told how far it is.

    Returns
    -------
    Pack
        What was loaded.

    Raises
    ------
    UnknownNameError
        If this machine has no such pack.
    DataError
        If a file is not what the pack says.
    CareReachError
        If the database cannot be reached, has no PostGIS, or refuses; then nothing has changed.
    """
    folder = name_or_folder if isinstance(name_or_folder, Path) else _own_folder(name_or_folder)
    with tempfile.TemporaryDirectory(prefix="carereach-") as aside:
        staged = Path(aside) / folder.resolve().name
        # Every file under a name with its hash.
        if not SHARED_NAME.fullmatch(staged.name):
            raise CareReachError(
                f"A pack cannot be called {staged.name!r} in the store: use small letters, digits "
                "and hyphens, 40 at most."
            )
        write_pack(folder, staged, "Loaded into the store")
        _check_hashes(staged)
        pack = open_pack(staged)
        with writing(address) as connection:
            _prepare(connection)
            table = _load(connection, staged, pack, progress)
        with writing(address) as connection:
            connection.execute(f"ANALYZE {table}")
        return pack


def _check_hashes(staged: Path) -> None:
    """Refuse a pack whose files are not what its descriptor says: every reader would."""
    for entry in read_descriptor(staged).get("resources", []):
        if entry.get("hash") != f"sha256:{sha256_of(staged / entry['path'])}":
            raise DataError(
                entry["name"], "has changed since the pack was built: run carereach build on it"
            )


def has_reader(address: str) -> bool:
    """Whether there is the role that may read the store."""
    with writing(address) as connection:
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'carereach_reader'")
        return found.fetchone() is not None


def _own_folder(name: str) -> Path:
    """The folder of a pack of this machine, whatever the store has under that name."""
    for home in (user_folder(), BUNDLED):
        if (home / name / DESCRIPTOR).exists():
            return home / name
    raise UnknownNameError(f"This machine has no pack called {name!r}.")


def _load(connection: Any, staged: Path, pack: Pack, progress: Progress) -> str:
    """Put the files and rows of a version into the database; the table of its rows."""
    import psycopg

    name = staged.name
    kinds = pack.alike.number
    hashes = (pack.hash, hash_of_kinds(kinds))
    known = connection.execute(
        "SELECT pack_id FROM carereach.pack"
        " WHERE is_current AND name = %s AND hash = %s AND alike_hash = %s",
        [name, *hashes],
    ).fetchone()
    if known:
        return table_of(int(known[0]), *hashes)
    raw = (staged / DESCRIPTOR).read_bytes()
    resources = json.loads(raw).get("resources", [])
    for done, entry in enumerate(resources):
        progress(Step("Loading files", done, len(resources)))
        _load_file(connection, staged / entry["path"], entry["hash"].removeprefix("sha256:"))
    connection.execute(
        "UPDATE carereach.pack SET is_current = false WHERE name = %s AND is_current", [name]
    )
    pack_id: int = connection.execute(
        "INSERT INTO carereach.pack (name, hash, alike_hash, descriptor, providers, is_current)"
        " VALUES (%s, %s, %s, %s, %s, true) RETURNING pack_id",
        [name, *hashes, raw, len(pack.providers)],
    ).fetchone()[0]
    table = table_of(pack_id, *hashes)
    load_rows(connection, (pack_id, table), pack.providers, kinds, progress)
    _drop_old(connection, name)
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
        connection.execute(READER)
    return table


def _prepare(connection: Any) -> None:
    """Make the tables where there are none, one loader at a time."""
    import psycopg

    connection.execute("SELECT pg_advisory_xact_lock(hashtext('carereach'))")
    try:
        with connection.transaction():
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    except psycopg.Error:
        raise CareReachError(
            "The database has no PostGIS: install it there, and let a superuser run "
            "CREATE EXTENSION postgis."
        ) from None
    connection.execute(SCHEMA)
    ((number,),) = connection.execute("SELECT max(number) FROM carereach.format").fetchall()
    if number != FORMAT:
        raise CareReachError(
            "The store was made by another version of CareReach: drop its schema carereach and "
            "load every pack again."
        )


def _load_file(connection: Any, path: Path, digest: str) -> None:
    """Put a file into the database, unless one of its content is there."""
    known = connection.execute(
        "SELECT 1 FROM carereach.content WHERE hash = %s LIMIT 1", [digest]
    ).fetchone()
    if known:
        return
    with path.open("rb") as file:
        part = 0
        # An empty file has one part, too.
        while (content := file.read(_PART)) or not part:
            connection.execute(
                "INSERT INTO carereach.content VALUES (%s, %s, %s)", [digest, part, content]
            )
            part += 1


def load_rows(
    connection: Any,
    version: tuple[int, str],
    providers: pd.DataFrame,
    kinds: Ints,
    progress: Progress,
) -> None:
    """Fill the table of a version of a pack and index it.

    Parameters
    ----------
    connection
        Of psycopg, in a transaction.
    version
        Its number, and its table.
    providers
        Its providers.
    kinds
        The number of the kind of each, shape (n,).
    progress
        Is told how far it is.
    """
    pack_id, table = version
    connection.execute(f"CREATE TABLE {table} (LIKE carereach.provider INCLUDING ALL)")
    columns = ("pack_id", "position", "alike", *_COLUMNS, "lat", "lon")
    with connection.cursor() as cursor:
        copying = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)"
        with cursor.copy(copying) as out:
            for start in range(0, len(providers), _ROWS):
                progress(Step("Loading positions", start, len(providers)))
                some = providers.iloc[start : start + _ROWS]
                rows = pd.DataFrame(
                    {
                        "pack_id": pack_id,
                        "position": range(start, start + len(some)),
                        "alike": kinds[start : start + len(some)],
                        **{name: some[name].astype("str").to_numpy() for name in _COLUMNS},
                        **{name: some[name].to_numpy(float) for name in ("lat", "lon")},
                    }
                )
                text = io.BytesIO()
                pyarrow.csv.write_csv(
                    pa.Table.from_pandas(rows, preserve_index=False),
                    text,
                    pyarrow.csv.WriteOptions(include_header=False),
                )
                out.write(text.getvalue().replace(b"\0", b""))
    connection.execute(f"CREATE INDEX ON {table} USING gist (geog)")
    connection.execute(
        f"ALTER TABLE carereach.provider ATTACH PARTITION {table} FOR VALUES IN ({pack_id:d})"
    )


def _drop_old(connection: Any, name: str) -> None:
    """Drop the versions of a pack before the last one, which a reader may still be at."""
    old = connection.execute(
        "DELETE FROM carereach.pack WHERE name = %(name)s AND NOT is_current AND pack_id <"
        " (SELECT max(pack_id) FROM carereach.pack WHERE name = %(name)s AND NOT is_current)"
        " RETURNING pack_id, hash, alike_hash",
        {"name": name},
    ).fetchall()
    for version in old:
        connection.execute(f"DROP TABLE IF EXISTS {table_of(*version)}")
    _drop_contents(connection)


def _drop_contents(connection: Any) -> None:
    """Drop files that no version names."""
    named = {
        entry["hash"].removeprefix("sha256:")
        for (raw,) in connection.execute("SELECT descriptor FROM carereach.pack").fetchall()
        for entry in json.loads(raw).get("resources", [])
    }
    connection.execute("DELETE FROM carereach.content WHERE hash <> ALL(%s)", [list(named)])


def remove_shared(address: str, name: str) -> None:
    """Take a pack out of the store.

    Raises
    ------
    UnknownNameError
        If it has no such pack.
    CareReachError
        If the database cannot be reached or refuses.
    """
    with writing(address) as connection:
        _prepare(connection)
        gone = connection.execute(
            "DELETE FROM carereach.pack WHERE name = %s RETURNING pack_id, hash, alike_hash", [name]
        ).fetchall()
        if not gone:
            raise UnknownNameError(f"The store has no pack called {name!r}.")
        for version in gone:
            connection.execute(f"DROP TABLE IF EXISTS {table_of(*version)}")
        _drop_contents(connection)
