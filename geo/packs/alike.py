"""Rows of a table that are alike in some columns, so that what depends on those is asked once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int32]

#: What of a provider bears on whether it does a procedure, besides statements.
BEARING = (
    *("kind", "facility_type", "centre_type", "specialties", "sources", "emergency"),
    *("source_as_of", "source_kind"),
)


@dataclass(frozen=True)
class Alike:
    """Which rows of a frame are alike.

    Attributes
    ----------
    frame
        The frame.
    number
        The number of each row's kind, shape (n,).
    first
        The first row of each kind, shape (k,).
    """

    frame: pd.DataFrame
    number: Ints
    first: Ints


def alike_rows(frame: pd.DataFrame, columns: Sequence[str] = BEARING) -> Alike:
    """Number the kinds of rows that are alike in these columns; one that is missing is ignored.

    Parameters
    ----------
    frame
        Any rows; a cell may be a list.
    columns
        What they are alike in.
    """
    there = [name for name in columns if name in frame.columns]
    codes = (pd.factorize(_hashable(frame[name]), use_na_sentinel=False)[0] for name in there)
    return Alike(frame, *number_kinds(codes, len(frame)))


def number_kinds(codes: Iterable[npt.NDArray[Any]], rows: int) -> tuple[Ints, Ints]:
    """Number rows that agree in all of several columns.

    Parameters
    ----------
    codes
        Of each column: equal cells by the same number from 0, shape (rows,).
    rows
        How many there are.

    Returns
    -------
    tuple of numpy.ndarray
        The number of each row's kind, shape (rows,), and the first row of each kind.
    """
    number = np.zeros(rows, np.int64)
    for column in codes:
        # Renumbered at every step, so that the product stays small.
        number = pd.factorize(number * (int(column.max(initial=0)) + 1) + column)[0]
    first = np.unique(number, return_index=True)[1]
    return number.astype(np.int32), first.astype(np.int32)


def _hashable(column: "pd.Series[Any]") -> Any:
    """Cells that can be compared: a list as a tuple."""
    if column.dtype != object:
        return column
    cells = column.to_numpy()
    out = np.empty(len(cells), object)
    out[:] = [tuple(cell) if isinstance(cell, list) else cell for cell in cells]
    return out
