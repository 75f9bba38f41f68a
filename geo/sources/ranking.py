"""What orders regions from the worst off to the best off: a column of a file."""

from pathlib import Path

import pandas as pd

from geo.errors import CareReachError, DataError
from geo.sources.coordinates import numbers_of
from geo.sources.sheets import read_sheet


def read_ranking(path: Path, column: str = "") -> "pd.Series[float]":
    """Read how regions rank, from a table with `region_id` and a column of numbers.

    Parameters
    ----------
    path
        Any table that can be imported.
    column
        The column; not needed where only one other holds numbers alone.

    Returns
    -------
    pandas.Series
        By `region_id`; its name is the column's.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or names a region twice.
    CareReachError
        If several columns could be meant.
    """
    sheet = read_sheet(path, header=1)
    names = list(sheet.columns)
    if "region_id" not in names:
        raise DataError(path.name, "the column is missing", column="region_id")
    ids = sheet.cells[names.index("region_id")]
    numbers = {
        name: pd.Series(numbers_of(sheet.cells[at]), index=ids, name=name)
        for at, name in enumerate(names)
        if name != "region_id"
    }
    able = [name for name, cells in numbers.items() if cells.notna().any()]
    if column and column not in able:
        why = "the column is missing" if column not in names else "holds no numbers"
        raise DataError(path.name, why, column=column)
    if not column and len(able) != 1:
        said = f"could be {', '.join(able)}" if able else "is missing: none holds numbers"
        raise CareReachError(f"{path.name}: the column to rank by {said}; say --rank-column.")
    ranked = numbers[column or able[0]].dropna()
    twice = ranked.index[ranked.index.duplicated()]
    if len(twice):
        raise DataError(path.name, f"names the region {twice[0]!r} twice", column="region_id")
    return ranked
