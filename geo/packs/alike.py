"""Rows of a table that are alike in some columns, so that what depends on those is asked once."""

from collections.abc import Sequence
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
    number = np.zeros(len(frame), np.int64)
    for name in columns:
        if name in frame.columns:
            codes, values = pd.factorize(_hashable(frame[name]), use_na_sentinel=False)
            # Renumbered at every step, so that the product stays small.
            number = pd.factorize(number * max(len(values), 1) + codes)[0]
    first = np.unique(number, return_index=True)[1]
    return Alike(frame, number.astype(np.int32), first.astype(np.int32))


def _hashable(column: "pd.Series[Any]") -> Any:
    """Cells that can be compared: a list as a tuple."""
    if column.dtype != object:
        return column
    cells = column.to_numpy()
    out = np.empty(len(cells), object)
    out[:] = [tuple(cell) if isinstance(cell, list) else cell for cell in cells]
    return out
