"""Any table as text cells with the row numbers of its file: CSV, workbook, GeoJSON and others.

Encoding, delimiter and header are found by looking at the content; each can be told instead.
"""

import contextlib
import csv
import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from geo.errors import DataError
from geo.reading import understood
from geo.sources.files import kind_of, opened, read_rows, utf16_of
from geo.sources.headers import head_of
from geo.sources.layout import EVERY_SHEET, Layout, Sheet, check_rows, check_width, unique_names
from geo.sources.letters import letters_of
from geo.sources.nested import with_parts
from geo.sources.typed import (
    cell_text,
    from_frame,
    read_parquet,
    read_records,
    read_shapes,
    scalar_text,
)
from geo.sources.workbooks import check_workbook

#: Rows that become columns at a time.
_BLOCK = 50_000
_DELIMITERS = ",;\t|"


def read_sheet(
    path: Path,
    *,
    encoding: str = "",
    delimiter: str = "",
    header: int | None = None,
    sheet: str = "",
) -> Sheet:
    """Read a table of any kind.

    Parameters
    ----------
    path
        CSV and its relatives, XLSX or XLS, GeoJSON, GeoPackage, GeoParquet, Parquet, or one of
        them in a zip or gzip file.
    encoding, delimiter
        As given; found where not.
    header
        The row of the header, from 1; 0 for none; found where not given.
    sheet
        The workbook's sheet, or `EVERY_SHEET` for all of one shape, or the file's layer; the one
        with the most cells where not given.

    Raises
    ------
    DataError
        If it cannot be read as a table, or is too large.
    """
    csv.field_size_limit(1_000_000)
    with understood(path.name), opened(path) as plain:
        kind = "shapes" if plain.suffix.lower() == ".shp" else kind_of(plain)
        if kind == "text":
            return _read_text(plain, path.name, encoding, delimiter, header)
        if kind in ("xlsx", "xls"):
            if kind == "xlsx":
                check_workbook(plain, path.name)
            return _read_workbook(plain, path.name, header, sheet)
        if kind == "parquet":
            return read_parquet(plain, path.name)
        if kind == "json":
            records = read_records(plain)
            if records is not None:
                return from_frame(records, path.name)
        if kind == "pbf":
            raise DataError(path.name, "is an OpenStreetMap extract; import it as osm")
        return read_shapes(plain, path.name, sheet)


def _read_text(path: Path, name: str, encoding: str, delimiter: str, header: int | None) -> Sheet:
    text, layout = _decoded(path.read_bytes(), name, encoding)
    delimiter = delimiter or _delimiter(text[:200_000])
    table: list[list[str]] = []
    numbers: list[int] = []
    for number, cells in read_rows(io.StringIO(text, newline=""), name, delimiter):
        table.append(list(map(str.strip, cells)))
        numbers.append(number)
        check_rows(name, len(table))
    return _sheet(name, table, numbers, header, replace(layout, delimiter=delimiter))


def _decoded(raw: bytes, name: str, encoding: str) -> tuple[str, Layout]:
    """Bytes to text: UTF-8, else another encoding, line by line where a file mixes them."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = encoding or "utf-16"
    encoding = encoding or utf16_of(raw[:4096])
    try:
        # A mark at the beginning is no letter, whoever names the encoding.
        text = raw.decode(encoding or "utf-8").removeprefix("\ufeff")
        return text, Layout(encoding=encoding or "utf-8")
    except LookupError:
        raise DataError(name, f"{encoding!r} is not an encoding") from None
    except UnicodeDecodeError:
        if encoding:
            raise DataError(name, f"is not written in {encoding}") from None
    lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    odd = {i for i, line in enumerate(lines) if not _is_utf8(line)}
    letters = letters_of(b"\n".join(lines[i] for i in sorted(odd)))
    other = letters.encoding
    text = "\n".join(
        line.decode(other, errors="replace") if i in odd else line.decode("utf-8")
        for i, line in enumerate(lines)
    )
    mixed = any(not line.isascii() for i, line in enumerate(lines) if i not in odd)
    if mixed:
        return text, Layout(encoding="utf-8", odd_encoding=other, odd_rows=len(odd))
    return text, Layout(encoding=other, doubtful=letters.examples)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str) -> str:
    """The sign that parts the most lines into equally many cells."""
    lines = [line for line in sample.splitlines()[:200] if line.strip()]

    def score(sign: str) -> tuple[float, int]:
        widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=sign))
        width, often = widths.most_common(1)[0] if widths else (1, 0)
        return (often / max(sum(widths.values()), 1) if width > 1 else 0, width)

    return max(_DELIMITERS, key=score)


def _read_workbook(path: Path, name: str, header: int | None, sheet: str) -> Sheet:
    try:
        book = CalamineWorkbook.from_path(path)
        names = book.sheet_names
        if sheet not in ("", EVERY_SHEET, *names):
            raise DataError(name, f"has no sheet {sheet!r}; it has {', '.join(names)}")
        seen = [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
        one = sheet if sheet in names else ""
        tables = {n: book.get_sheet_by_name(n) for n in ([one] if one else seen or names)}
    except CalamineError as error:
        raise DataError(name, f"cannot be read as a workbook: {error}") from None
    if not tables:
        raise DataError(name, "the workbook has no sheet")
    best = max(tables, key=lambda n: tables[n].total_height * tables[n].total_width)
    check_rows(name, sum(table.total_height for table in tables.values()))
    read = {best: _workbook_sheet(tables[best], name, header, Layout(sheet=best))}
    columns = read[best].columns
    for other, table in tables.items() if read[best].layout.has_header else ():
        if other != best and table.total_height > 1:
            with contextlib.suppress(DataError):  # an empty sheet is of no shape
                read[other] = _workbook_sheet(table, name, None, Layout(sheet=other))
    alike = [n for n in tables if n in read and set(read[n].columns) == set(columns)]
    others = tuple(n for n in names if n != best) if len(tables) > 1 else ()
    layout = replace(read[best].layout, other_sheets=others)
    if len(alike) == 1:
        return replace(read[best], layout=layout)
    layout = replace(layout, alike=tuple(alike))
    if sheet != EVERY_SHEET:
        return replace(read[best], layout=layout)
    parts = [read[n] for n in alike]
    in_order = [part.cells[[part.columns.index(c) for c in columns]] for part in parts]
    return Sheet(
        name,
        columns,
        pd.concat([c.set_axis(range(len(columns)), axis=1) for c in in_order], ignore_index=True),
        np.concatenate([part.rows for part in parts]),
        replace(layout, sheet=EVERY_SHEET, other_sheets=tuple(n for n in names if n not in alike)),
        sheet_of=np.repeat(alike, [len(part.rows) for part in parts]),
    )


def _workbook_sheet(table: CalamineSheet, name: str, header: int | None, layout: Layout) -> Sheet:
    """One sheet; what stands in a cell merged downwards stands in each of its rows."""
    rows = [[scalar_text(c) for c in row] for row in table.to_python(skip_empty_area=False)]
    for (top, column), (bottom, _) in table.merged_cell_ranges or ():
        for row in rows[top + 1 : bottom + 1]:
            if column < len(row):  # else nothing stands there
                row[column] = rows[top][column]
    return _sheet(name, rows, list(range(1, len(rows) + 1)), header, layout)


def _sheet(
    name: str, table: list[list[str]], numbers: list[int], header: int | None, layout: Layout
) -> Sheet:
    """Part header from rows; empty rows stay, so that the report can count them."""
    if not any(any(row) for row in table):
        raise DataError(name, "the file is empty")
    check_width(name, max(map(len, table[:1000])))
    if header and header not in numbers:
        raise DataError(name, f"has no row {header}")
    head = head_of(table, numbers.index(header) if header else -1 if header == 0 else None)
    width = max(len(row) for row in table[max(head.first, 0) : max(head.first, 0) + 1000])
    columns = [c.strip("\ufeff").strip() for c in head.columns]
    columns += [""] * (width - len(columns))
    names = unique_names(columns)
    parted = with_parts(_square(table, head.body, names))
    if parted.shape[1] != width:
        names, parted = unique_names(list(parted.columns)), parted.map(cell_text)
    cells = parted.set_axis(range(len(names)), axis=1)
    layout = replace(
        layout,
        header_row=numbers[head.first] if head.first >= 0 else 0,
        header_rows=head.body - head.first - (head.tags is not None),
        tag_row=0 if head.tags is None else numbers[head.tags],
    )
    return Sheet(name, names, cells, np.asarray(numbers[head.body :], int), layout)


def _square(table: list[list[str]], first: int, names: tuple[str, ...]) -> pd.DataFrame:
    """The rows from `first` on as a frame of text, each as wide as the names are many."""
    width = len(names)
    parts: list[list[pa.Array]] = [[pa.array([], pa.large_string())] for _ in names]
    for start in range(first, len(table), _BLOCK):
        rows = (
            row if len(row) == width else (row + [""] * (width - len(row)))[:width]
            for row in table[start : start + _BLOCK]
        )
        for part, cells in zip(parts, zip(*rows, strict=True), strict=True):
            part.append(pa.array(cells, pa.large_string()))
    whole = {
        name: pd.array(pa.chunked_array(part).combine_chunks(), dtype="str")
        for name, part in zip(names, parts, strict=True)
    }
    return pd.DataFrame(whole, columns=list(names), index=pd.RangeIndex(len(table) - first))
