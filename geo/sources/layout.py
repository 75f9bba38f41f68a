"""A table as it was read: its cells as text, and how its file is laid out."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.errors import DataError

#: A table has so many rows and columns at most; no register is wider.
MAX_ROWS, MAX_COLUMNS = 2_000_000, 1_000
#: The columns that a file with shapes gets: latitude and longitude of each shape.
GEOMETRY = ("position (latitude)", "position (longitude)")
#: Instead of the name of a sheet: all that have the same columns.
EVERY_SHEET = "*"


@dataclass(frozen=True)
class Layout:
    """How a table was read; what does not apply to its kind is empty.

    Attributes
    ----------
    encoding
        Of the text.
    odd_encoding, odd_rows
        Of the lines that are not UTF-8 in a file that mixes encodings, and how many they are.
    doubtful
        Encodings that may be meant where it is not sure, each with three names as it reads them.
    delimiter
        Between cells.
    header_row
        The row of the header, from 1; 0 where there is none; None where the format names columns.
    header_rows, tag_row
        How many rows the header has; a row of tags below it, from 1, 0 where there is none.
    sheet, other_sheets
        Of a workbook; the sheet is `EVERY_SHEET` where several were read together.
    alike
        Sheets that have the same columns, this one among them; empty where there is only one.
    layer
        Of a file with several.
    projection
        Of shapes that were not in degrees.
    """

    encoding: str = ""
    odd_encoding: str = ""
    odd_rows: int = 0
    doubtful: tuple[tuple[str, str], ...] = ()
    delimiter: str = ""
    header_row: int | None = None
    header_rows: int = 1
    tag_row: int = 0
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    layer: str = ""
    projection: str = ""

    @property
    def has_header(self) -> bool:
        """Whether the columns have names of their own."""
        return self.header_row != 0

    def described(self) -> dict[str, str]:
        """What applies, for a reader: label to value."""
        encoding = f"utf-8 and {self.odd_encoding}" if self.odd_encoding else self.encoding
        header = {None: "", 0: "none"}.get(self.header_row, f"row {self.header_row}")
        if self.header_row and self.header_rows > 1:
            header = f"rows {self.header_row} and {self.header_row + 1}"
        together = self.sheet == EVERY_SHEET
        every = {
            "encoding": encoding,
            "rows in another encoding": str(self.odd_rows or ""),
            "sheets read together" if together else "sheet": (
                ", ".join(self.alike) if together else self.sheet
            ),
            "other sheets": ", ".join(self.other_sheets),
            "layer": self.layer,
            "projection": self.projection,
            "delimiter": self.delimiter,
            "header": header,
            "tags": f"row {self.tag_row}" if self.tag_row else "",
        }
        return {label: value for label, value in every.items() if value}


@dataclass(frozen=True)
class Sheet:
    """A table of text cells.

    Attributes
    ----------
    name
        The file's name.
    columns
        Header texts, made unique; "column 1" and so on where there is no header.
    cells
        Text, stripped, "" where empty; one column per entry of `columns`, shape (n, m).
    rows
        The row of each in its file, from 1, shape (n,).
    layout
        How it was read.
    shapes
        Whether positions came from shapes; they are degrees then.
    sheet_of
        The sheet that each row stands in, shape (n,), where several were read together.
    """

    name: str
    columns: tuple[str, ...]
    cells: pd.DataFrame
    rows: "np.ndarray"
    layout: Layout
    shapes: bool = False
    sheet_of: "np.ndarray | None" = None


def check_rows(name: str, rows: int) -> None:
    """Refuse a table of too many rows.

    Raises
    ------
    DataError
        If there are more than `MAX_ROWS`.
    """
    if rows > MAX_ROWS:
        raise DataError(name, f"has more than {MAX_ROWS:,} rows; split it")


def check_width(name: str, columns: int) -> None:
    """Refuse a table of too many columns.

    Raises
    ------
    DataError
        If there are more than `MAX_COLUMNS`.
    """
    if columns > MAX_COLUMNS:
        raise DataError(name, f"has {columns:,} columns; a table can have up to {MAX_COLUMNS:,}")


def unique_names(columns: list[str]) -> tuple[str, ...]:
    """The names of columns, each once: a second `x` becomes `x (2)`."""
    seen: Counter[str] = Counter()
    named = []
    for number, column in enumerate(columns, 1):
        column = " ".join(column.split()) or f"column {number}"
        seen[column] += 1
        named.append(column if seen[column] == 1 else f"{column} ({seen[column]})")
    return tuple(named)
