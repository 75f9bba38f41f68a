"""Columns that hold more than one value in a cell: their parts become columns of their own.

Overture Maps has names, categories and addresses so; in Parquet as structs, elsewhere as JSON text.
"""

import json
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

#: Cells looked at to tell whether a column holds parts.
_SAMPLE = 200


#: A column becomes so many at most.
_MOST_PARTS = 200


def with_parts(frame: pd.DataFrame) -> pd.DataFrame:
    """A table in which each part of a nested column is a column: `names` has `names primary`.

    Of a list of such things the first counts. Cells without parts stay in a column of the old name;
    geometry in GeoJSON stays as it is.

    Parameters
    ----------
    frame
        Any table; not changed.
    """
    columns: list[pd.Series[Any]] = []
    for at, column in enumerate(frame.columns):
        cells = frame.iloc[:, at]
        columns += _parts(cells, str(column)) if cells.dtype.kind == "O" else [cells]
    return pd.concat(columns, axis=1) if len(columns) != frame.shape[1] else frame


def _parts(cells: "pd.Series[Any]", column: str) -> "list[pd.Series[Any]]":
    """The columns that a column becomes: itself, or one for each of its parts."""
    sample = [_thing(cell) for cell in islice(filter(_says, cells), _SAMPLE)]
    if not sample or sum(isinstance(thing, dict) for thing in sample) <= len(sample) / 2:
        return [cells]
    things = [_thing(cell) for cell in cells]
    keys = dict.fromkeys(key for thing in things if isinstance(thing, dict) for key in thing)
    if len(keys) > _MOST_PARTS:
        raise ValueError(f"{len(keys):,} different parts in one column")
    parts: dict[str, list[object]] = {
        f"{column} {key}": [t.get(key) if isinstance(t, dict) else None for t in things]
        for key in keys
    }
    pairs = zip(cells, things, strict=True)
    plain = [cell if _says(cell) and not isinstance(t, dict) else None for cell, t in pairs]
    found: list[pd.Series[Any]] = []
    for name, values in {column: plain, **parts}.items():
        part = pd.Series(values, index=cells.index, name=name, dtype=object)
        if name != column:
            found += _parts(part, name)
        elif any(map(_says, plain)):
            found.append(part)
    return found


def _says(cell: object) -> bool:
    """Whether there is anything in a cell."""
    nothing = cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell)
    return not nothing and not (isinstance(cell, str) and not cell)


def _thing(cell: object) -> object:
    """A cell as what it holds: the first of a list, an object of its JSON text."""
    if isinstance(cell, str) and cell[:1] in ("{", "["):
        try:
            cell = json.loads(cell)
        except ValueError:
            return cell
    if isinstance(cell, (list, tuple, np.ndarray)):
        cell = next((one for one in cell if isinstance(one, dict)), None)
    return None if isinstance(cell, dict) and "coordinates" in cell else cell
