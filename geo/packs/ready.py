"""Large tables at rest: columns in a file that every process of a machine maps and none copies.

A pack's tables are Parquet, which is small and portable, and takes seconds to unpack where a table
has millions of rows. So such a table has a twin beside it, an Arrow file made from it once: opening
it reads nothing, and a row is read when somebody looks at it. It follows from the Parquet file,
under whose name and hash it lies, and can be deleted at any time.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from geo.packs.alike import Alike, alike_rows
from geo.packs.schema import DTYPES

#: A table of fewer rows is unpacked sooner than it is worth another file.
LEAST_ROWS = 100_000
#: Changes when the form of the file does; a file of another form is made anew.
_FORM = b"1"
#: The name of the column that says which rows are alike, and what follows a name for its mask.
_ALIKE, _MASK = "__alike", "__missing"


def twin(path: Path) -> Path:
    """Where the Arrow file of a Parquet file lies."""
    return path.with_suffix(".arrow")


def open_ready(path: Path) -> tuple[pd.DataFrame, Alike] | None:
    """Map the Arrow file of a table; None where there is none of this form.

    Parameters
    ----------
    path
        Of the table, as Parquet.

    Returns
    -------
    tuple
        The table as `geo.packs.contract.typed` gives it, its columns mapped: never change them.
        And which rows are alike.
    """
    try:
        table = pa.ipc.open_file(pa.memory_map(str(twin(path)))).read_all()
    except (OSError, pa.ArrowInvalid):
        return None
    about = table.schema.metadata or {}
    if about.get(b"form") != _FORM:
        return None
    columns = {
        name: _column(table, name)
        for name in table.column_names
        if name != _ALIKE and not name.endswith(_MASK)
    }
    frame = pd.DataFrame(columns, copy=False)
    first = np.frombuffer(about[b"first"], np.int32)
    return frame, Alike(frame, table.column(_ALIKE).chunk(0).to_numpy(), first)


def make_ready(frame: pd.DataFrame, path: Path) -> bool:
    """Write the Arrow file of a table, in one step; whether that could be done.

    Parameters
    ----------
    frame
        The table, checked.
    path
        Where it lies as Parquet, under a name that changes with its content.
    """
    alike = alike_rows(frame)
    arrays: dict[str, pa.Array] = {}
    for name in frame.columns:
        arrays.update(_arrays(name, frame[name]))
    arrays[_ALIKE] = pa.array(alike.number)
    metadata = {b"form": _FORM, b"first": alike.first.tobytes()}
    batch = pa.record_batch(arrays).replace_schema_metadata(metadata)
    beside = path.with_name(f"{twin(path).name}.{os.getpid()}.part")
    try:
        with pa.OSFile(str(beside), "wb") as out, pa.ipc.new_file(out, batch.schema) as file:
            file.write_batch(batch)
        os.replace(beside, twin(path))
    except OSError:  # a folder that cannot be written, a disk that is full: it does without
        with contextlib.suppress(OSError):
            beside.unlink()
        return False
    return True


def _arrays(name: str, column: "pd.Series[Any]") -> Iterator[tuple[str, pa.Array]]:
    """A column as it is stored: numbers with a mask, lists by number, text as it is."""
    if column.dtype in (DTYPES["yes_no"], DTYPES["whole"]):
        missing = column.isna().to_numpy(bool)
        kind = np.int64 if column.dtype == DTYPES["whole"] else np.uint8
        yield name, pa.array(column.fillna(0 if kind is np.int64 else False).to_numpy(kind))
        yield f"{name}{_MASK}", pa.array(missing.astype(np.uint8))
    elif column.dtype == object:
        texts = [json.dumps(c, ensure_ascii=False) if isinstance(c, list) else None for c in column]
        yield name, pa.array(texts, pa.large_string()).dictionary_encode()
    else:
        stored = pa.array(column, from_pandas=True)
        if isinstance(stored, pa.ChunkedArray):
            stored = stored.combine_chunks()
        yield name, stored.cast(pa.large_string()) if pa.types.is_string(stored.type) else stored


def _column(table: pa.Table, name: str) -> Any:
    """A stored column as pandas has it; numbers and text stay where they are mapped."""
    stored = table.column(name).chunk(0)
    if f"{name}{_MASK}" in table.column_names:
        missing = table.column(f"{name}{_MASK}").chunk(0).to_numpy().view(bool)
        values = stored.to_numpy()
        if values.dtype == np.uint8:
            return pd.arrays.BooleanArray(values.view(bool), missing)
        return pd.arrays.IntegerArray(values, missing)
    if isinstance(stored, pa.DictionaryArray):
        lists: Any = np.empty(len(stored.dictionary) + 1, object)
        lists[:-1] = [json.loads(text) for text in stored.dictionary.to_pylist()]
        return lists[stored.indices.fill_null(len(lists) - 1).to_numpy()]
    if pa.types.is_large_string(stored.type):
        return DTYPES["text"].__from_arrow__(pa.chunked_array([stored]))
    if pa.types.is_floating(stored.type) and not stored.null_count:
        return stored.to_numpy()
    return stored.to_pandas()
