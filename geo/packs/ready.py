"""Large tables at rest: columns in files that every process of a machine maps and none copies.

A pack's tables are Parquet, which is small and portable, and takes seconds to unpack where a table
has millions of rows. So such a table has a twin beside it, a folder of Arrow files made from it
once, a column each: opening it reads nothing, and a row is read when somebody looks at it. It
follows from the Parquet file, under whose name and hash it lies, and can be deleted at any time.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from geo.packs.alike import BEARING, Alike, number_kinds
from geo.packs.schema import COLUMNS, CONTRACT, DTYPES

#: A table of fewer rows is unpacked sooner than it is worth more files.
LEAST_ROWS = 100_000
#: Changes with the form of the files, and with what they follow from; others are made anew.
_FORM = hashlib.sha256(repr((3, CONTRACT, BEARING)).encode()).hexdigest().encode()
#: What the names of the files end in, and of those that say where a value is missing.
_ENDING, _MASK = ".arrow", ".missing"
#: Which rows are alike, and the first of each kind.
_NUMBER, _FIRST = "alike.number", "alike.first"
#: Stands between the words of a list; no text has it.
_BETWEEN = "\x1f"


def twin(path: Path) -> Path:
    """The folder of Arrow files of a Parquet file."""
    return path.with_suffix(".columns")


def open_ready(path: Path, table: str, digest: str) -> tuple[pd.DataFrame, Alike] | None:
    """Map the columns of a table; None where there are none of this form.

    Parameters
    ----------
    path
        Of the table, as Parquet.
    table
        A key of `COLUMNS`.
    digest
        The hash of the Parquet file that they must have been made of.

    Returns
    -------
    tuple
        The table as `geo.packs.contract.typed` gives it, its columns mapped: never change them.
        And which rows are alike.
    """
    try:
        first, about = _mapped(twin(path), _FIRST)
        if about.get(b"form") != _FORM or about.get(b"of") != digest.encode():
            return None
        names = about[b"names"].decode().split(_BETWEEN)
        columns = {name: _column(twin(path), n, name, table) for n, name in enumerate(names)}
        number, _ = _mapped(twin(path), _NUMBER)
    except (OSError, pa.ArrowInvalid, KeyError):
        return None
    frame = pd.DataFrame(columns, copy=False)
    return frame, Alike(frame, number.to_numpy(), first.to_numpy())


def make_ready(path: Path, table: str, names: list[str], digest: str) -> bool:
    """Write the columns of a table, all in place at once; whether that could be done.

    One column at a time is in memory.

    Parameters
    ----------
    path
        Of the table, as Parquet that was checked, under a name that changes with its content.
    table
        A key of `COLUMNS`.
    names
        Its columns in order; one that the file lacks is missing everywhere.
    digest
        The hash of the Parquet file.
    """
    file = pq.ParquetFile(path)
    rows, there = file.metadata.num_rows, set(file.schema_arrow.names)
    codes: list[np.ndarray[Any, Any]] = []
    beside: Path | None = None
    try:
        beside = Path(tempfile.mkdtemp(prefix=f"{path.stem}.", suffix=".part", dir=path.parent))
        for number, name in enumerate(names):
            cells = pa.nulls(rows)
            if name in there:
                cells = file.read(columns=[name]).column(0).combine_chunks()
            stored, missing = _stored(name, cells, table)
            _write(beside, f"{number}", stored)
            if missing is not None:
                _write(beside, f"{number}{_MASK}", missing)
            if name in BEARING and table == "providers":
                codes.append(_codes(stored))
        kinds = number_kinds(codes, rows)
        _write(beside, _NUMBER, pa.array(kinds[0]))
        about = {b"form": _FORM, b"of": digest.encode(), b"names": _BETWEEN.join(names).encode()}
        _write(beside, _FIRST, pa.array(kinds[1]), about)
        shutil.rmtree(twin(path), ignore_errors=True)
        beside.rename(twin(path))
    except (OSError, pa.ArrowException):
        # A folder that cannot be written, a full disk, cells of another form: it does without.
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
        return False
    return True


def _write(
    folder: Path, name: str, cells: pa.Array, about: Mapping[bytes, bytes] | None = None
) -> None:
    path = folder / f"{name}{_ENDING}"
    batch = pa.record_batch({"cells": cells}).replace_schema_metadata(about or {})
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, batch.schema) as file:
        file.write_batch(batch)
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _mapped(folder: Path, name: str) -> tuple[pa.Array, dict[bytes, bytes]]:
    with pa.memory_map(str(folder / f"{name}{_ENDING}")) as source:
        batch = pa.ipc.open_file(source).get_batch(0)
        return batch.column(0), batch.schema.metadata or {}


def _codes(stored: pa.Array) -> "np.ndarray[Any, Any]":
    """The different cells of a column by number, those that are missing too."""
    if not isinstance(stored, pa.DictionaryArray):
        stored = stored.dictionary_encode()
    codes: np.ndarray[Any, Any] = stored.indices.fill_null(len(stored.dictionary)).to_numpy()
    return codes


def _stored(name: str, cells: pa.Array, table: str) -> tuple[pa.Array, pa.Array | None]:
    """A column as it is stored: numbers with a mask, lists by number, text as it is."""
    column = COLUMNS[table].get(name)
    missing = pc.is_null(cells).cast(pa.uint8())
    if column is None:
        return cells, None
    if column.kind == "number":
        return cells.cast(pa.float64()).fill_null(float("nan")), None
    if column.kind == "whole":
        return cells.cast(pa.int64()).fill_null(0), missing
    if column.kind == "yes_no":
        # 2 stands for what is missing where rows are compared.
        return cells.cast(pa.bool_()).cast(pa.uint8()).fill_null(2), missing
    if column.kind == "list":
        words = cells.cast(pa.list_(pa.string()))
        every = pc.list_flatten(words)
        if every.null_count or pc.any(pc.match_substring_regex(every, f"^$|{_BETWEEN}")).as_py():
            raise pa.ArrowInvalid("a word of a list is none")
        texts = pc.binary_join(words, _BETWEEN).cast(pa.large_string())
        return texts.dictionary_encode(), None
    return cells.cast(pa.large_string()), None


def _column(folder: Path, number: int, name: str, table: str) -> Any:
    """A stored column as pandas has it; numbers and text stay where they are mapped."""
    stored, _ = _mapped(folder, f"{number}")
    column = COLUMNS[table].get(name)
    kind = column.kind if column else ""
    if kind == "list":
        texts = stored.dictionary.to_pylist()
        if not texts or (len(texts) == 1 and not stored.null_count):  # one cell for all rows
            cell = np.full(1, None, object)
            cell[0] = (texts[0].split(_BETWEEN) if texts[0] else []) if texts else None
            return pd.Series(np.broadcast_to(cell, len(stored)), dtype=object, copy=False)
        lists = np.full(len(texts) + 1, None, object)
        for i, text in enumerate(texts):
            lists[i] = text.split(_BETWEEN) if text else []
        cells = lists[stored.indices.fill_null(len(texts)).to_numpy()]
        return pd.Series(cells, dtype=object, copy=False)
    if kind in ("whole", "yes_no"):
        missing = _mapped(folder, f"{number}{_MASK}")[0].to_numpy().view(bool)
        values = stored.to_numpy()
        if kind == "whole":
            return pd.arrays.IntegerArray(values, missing)
        return pd.arrays.BooleanArray(values == 1, missing)
    if kind == "number":
        return stored.to_numpy()
    if kind in ("text", "date"):
        return DTYPES["text"].__from_arrow__(pa.chunked_array([stored]))
    return stored.to_pandas()
