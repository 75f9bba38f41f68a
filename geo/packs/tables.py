"""The tables of a pack: where they lie, and how they are read, checked where need be."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo.errors import DataError
from geo.packs.alike import Alike
from geo.packs.contract import check_frame, conform, conform_checked, ordered, typed
from geo.packs.ready import LEAST_ROWS, make_ready, open_ready
from geo.packs.schema import COLUMNS, CONTRACT, LIST_COLUMNS

DESCRIPTOR = "datapackage.json"
#: What is wrong with a file whose content is not what its pack says.
DAMAGED = (
    "is damaged and was not read; go back to an earlier version (undo), or remove the pack and "
    "bring its data again"
)
#: How `geo.packs.writing.write_pack` names a file: its content never changes under that name.
HASHED = re.compile(r"-[0-9a-f]{12}\.\w+$")


def resource_path(folder: Path, about: Mapping[str, Any], resource: str) -> Path | None:
    """Where a resource of a pack lies; None where the pack does not have it.

    Raises
    ------
    DataError
        If the path leaves the pack's folder.
    """
    for entry in about.get("resources", []):
        if entry["name"] == resource:
            path = Path(folder / entry["path"]).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise DataError(DESCRIPTOR, f"the path of {resource!r} leaves the pack's folder")
            return path
    return None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file of any size, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_table(folder: Path, about: Mapping[str, Any], table: str) -> pd.DataFrame:
    """Read and check one table of a pack; a table that the pack does not have is empty.

    Raises
    ------
    DataError
        If the file is missing or a row breaks the contract.
    """
    return open_table(folder, about, table, check=True)[0]


def open_table(
    folder: Path, about: Mapping[str, Any], table: str, *, check: bool
) -> tuple[pd.DataFrame, Alike | None]:
    """One table of a pack, and which of its rows are alike where that is known.

    Parameters
    ----------
    folder
        The pack's.
    about
        Its descriptor.
    table
        A key of `COLUMNS`.
    check
        Check every row, even of a file that was checked when its hash was written down.

    Raises
    ------
    DataError
        If the file is missing or a row breaks the contract.
    """
    path = resource_path(folder, about, table)
    if path is None:
        empty = pd.DataFrame(columns=list(COLUMNS[table]), dtype=str)
        return conform_checked(empty, table), None
    is_parquet = path.suffix == ".parquet"
    entry: Mapping[str, Any] = next(e for e in about["resources"] if e["name"] == table)
    try:
        ready = None if check else _ready(path, table, entry)
        if ready is not None:
            return ready
        same = not check and _is_as_hashed(path, entry)
        if not (check or same) and HASHED.search(path.name) and "hash" in entry:
            raise DataError(path.name, DAMAGED)
        known = same and _was_checked(path, entry)
        frame = _cells(path)
        if known:
            return (typed if is_parquet else conform_checked)(frame, table), None
    except FileNotFoundError:
        raise DataError(path.name, "the file is missing") from None
    except DataError:  # which is a ValueError
        raise
    except (ValueError, pa.ArrowException, OSError) as error:
        kind = "Parquet" if is_parquet else "CSV"
        raise DataError(path.name, f"cannot be read as {kind}: {error}") from None
    return (check_frame if is_parquet else conform)(frame, table, path.name), None


def _cells(path: Path) -> pd.DataFrame:
    """A file's rows, CSV as text."""
    if path.suffix != ".parquet":
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    frame = pd.read_parquet(path)
    for column in LIST_COLUMNS.intersection(frame.columns):
        frame[column] = frame[column].map(list, na_action="ignore").astype(object)
    return frame


def _ready(path: Path, table: str, entry: Mapping[str, Any]) -> tuple[pd.DataFrame, Alike] | None:
    """A large table from its mapped columns, which are made where there are none of it yet."""
    if not HASHED.search(path.name) or path.suffix != ".parquet" or not _was_checked(path, entry):
        return None
    found = open_ready(path, table, entry["hash"])
    large = found is None and pq.read_metadata(path).num_rows >= LEAST_ROWS
    if large and _is_as_checked(path, entry):
        make_ready(path, table, ordered(pq.read_schema(path).names, table), entry["hash"])
        found = open_ready(path, table, entry["hash"])
    return found


def _was_checked(path: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a table was checked against this contract, and is as large as it was then."""
    return entry.get("checked") == CONTRACT and entry.get("bytes") == path.stat().st_size


def _is_as_checked(path: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a table is the very one that was checked against this contract."""
    return _was_checked(path, entry) and _is_as_hashed(path, entry)


def _is_as_hashed(path: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a file is the very one whose hash was written down."""
    return bool(entry.get("hash") == f"sha256:{sha256_of(path)}")
