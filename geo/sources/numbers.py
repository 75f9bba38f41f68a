"""A number for each region or place: a column of a table of one's own."""

from pathlib import Path

import numpy as np
import pandas as pd

from geo.errors import CareReachError, DataError
from geo.sources.coordinates import numbers_of
from geo.sources.sheets import read_sheet


def read_numbers(path: Path, key: str, column: str = "", option: str = "") -> "pd.Series[float]":
    """Read a number for each region or place.

    Parameters
    ----------
    path
        Any table that can be imported, with its header in the first row.
    key
        The column that says which: "region_id" or "provider_id".
    column
        The column of the numbers; not needed where only one other holds any.
    option
        What names the column on the command line, for the sentence that asks.

    Returns
    -------
    pandas.Series
        By id, those that have a number; its name is the column's.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or names an id twice.
    CareReachError
        If several columns could be meant.
    """
    sheet = read_sheet(path, header=1)
    names = list(sheet.columns)
    if key not in names:
        raise DataError(path.name, "the column is missing", column=key)
    ids = sheet.cells[names.index(key)]
    numbers = {
        name: pd.Series(numbers_of(sheet.cells[at]), index=ids, name=name)
        for at, name in enumerate(names)
        if name != key
    }
    able = [name for name, cells in numbers.items() if cells.notna().any()]
    if column and column not in able:
        why = "the column is missing" if column not in names else "holds no numbers"
        raise DataError(path.name, why, column=column)
    if not able:
        raise DataError(path.name, "has no column of numbers")
    if not column and len(able) > 1:
        raise CareReachError(
            f"{path.name}: the numbers could be {', '.join(able)}; say which with {option}."
        )
    found = numbers[column or able[0]].dropna()
    endless = found.index[np.isinf(found.to_numpy())]
    if len(endless):
        raise DataError(path.name, f"has no finite number for {endless[0]!r}")
    twice = found.index[found.index.duplicated()]
    if len(twice):
        raise DataError(path.name, f"has {twice[0]!r} twice", column=key)
    return found
