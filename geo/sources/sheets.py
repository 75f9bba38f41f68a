"""Any table as text cells with the row numbers of its file: CSV, workbook, GeoJSON and others.

Encoding, delimiter and header are found by looking at the content; each can be told instead.
"""

import contextlib
import csv
import io
import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyogrio
import shapely
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from geo.errors import DataError
from geo.sources.files import (
    MAX_COLUMNS,
    kind_of,
    opened,
    read_rows,
    size_text,
    understood,
    utf16_of,
)
from geo.sources.headers import head_of
from geo.sources.letters import letters_of
from geo.sources.nested import with_parts

MAX_ROWS = 2_000_000
#: Rows that become columns at a time.
_BLOCK = 50_000
#: A list in one cell has so many words at most.
_MOST_WORDS = 1_000
#: A Parquet file may hold so many cells, and so many bytes of them.
_MOST_CELLS, _MOST_UNPACKED = 60_000_000, 1_000_000_000
#: The columns that a file with shapes gets: latitude and longitude of each shape.
GEOMETRY = ("position (latitude)", "position (longitude)")
_DELIMITERS = ",;\t|"
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
            return _read_workbook(plain, path.name, header, sheet)
        if kind == "parquet":
            return _read_parquet(plain, path.name)
        if kind == "json":
            records = _records(plain)
            if records is not None:
                return _from_frame(records, path.name)
        if kind == "pbf":
            raise DataError(path.name, "is an OpenStreetMap extract; import it as osm")
        return _read_shapes(plain, path.name, sheet)


def _read_text(path: Path, name: str, encoding: str, delimiter: str, header: int | None) -> Sheet:
    text, layout = _decoded(path.read_bytes(), name, encoding)
    delimiter = delimiter or _delimiter(text[:200_000])
    table: list[list[str]] = []
    numbers: list[int] = []
    for number, cells in read_rows(io.StringIO(text, newline=""), name, delimiter):
        table.append(list(map(str.strip, cells)))
        numbers.append(number)
        if len(table) > MAX_ROWS:
            raise DataError(name, f"has more than {MAX_ROWS:,} rows; split it")
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
    if sum(table.total_height for table in tables.values()) > MAX_ROWS:
        raise DataError(name, f"has more than {MAX_ROWS:,} rows; split it")
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
    rows = [[_cell(c) for c in row] for row in table.to_python(skip_empty_area=False)]
    for (top, column), (bottom, _) in table.merged_cell_ranges or ():
        for row in rows[top + 1 : bottom + 1]:
            if column < len(row):  # else nothing stands there
                row[column] = rows[top][column]
    return _sheet(name, rows, list(range(1, len(rows) + 1)), header, layout)


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).strip()


def _read_parquet(path: Path, name: str) -> Sheet:
    try:
        _check_parquet(path, name)
        try:
            frame: pd.DataFrame = gpd.read_parquet(path)
        except ValueError:  # no geometry in it
            frame = pd.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).replace(str(path), name).split())[:120]
        raise DataError(name, f"cannot be read as Parquet: {said}") from None
    return _from_frame(frame, name)


def _check_parquet(path: Path, name: str) -> None:
    """How much it holds once it is unpacked, of which neither its size nor its footer tells."""
    file = pq.ParquetFile(path)
    rows, columns = file.metadata.num_rows, len(file.schema_arrow)
    if rows > MAX_ROWS:
        raise DataError(name, f"has more than {MAX_ROWS:,} rows; split it")
    _check_width(name, columns)
    if rows * columns > _MOST_CELLS:
        raise DataError(name, f"has {rows * columns:,} cells, too many; leave out columns")
    unpacked = 0
    for batch in file.iter_batches(batch_size=256):
        unpacked += sum(_unpacked_bytes(column) for column in batch.columns)
        if unpacked > _MOST_UNPACKED:
            size = size_text(_MOST_UNPACKED)
            raise DataError(name, f"unpacks to more than {size}; leave out columns")


def _unpacked_bytes(column: pa.Array) -> int:
    """The size of a column's cells; many may be one text, by number."""
    if not isinstance(column, pa.DictionaryArray):
        return int(column.nbytes)
    if pa.types.is_string(column.dictionary.type) or pa.types.is_large_string(
        column.dictionary.type
    ):
        lengths = pc.binary_length(column.dictionary)
        return int(pc.sum(lengths.take(column.indices)).as_py() or 0)
    return len(column) * int(column.dictionary.nbytes // max(len(column.dictionary), 1))


def _records(path: Path) -> pd.DataFrame | None:
    """JSON that is a list of records, or one in each line; None for GeoJSON and what is none.

    What a record holds in parts (names, addresses) becomes a column for each part.
    """
    text = path.read_text("utf-8-sig")
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            return None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        return None
    if any(row.get("type") == "Feature" for row in found):
        return None
    _check_width(path.name, len(_parts(found)))
    return pd.json_normalize(found, sep=" ")


def _parts(records: list[dict[str, object]]) -> set[str]:
    """What the columns of records will be called; no more of them than are too many."""
    names: set[str] = set()
    left = [("", record) for record in records]
    while left and len(names) <= MAX_COLUMNS:
        before, record = left.pop()
        for key, value in record.items():
            if isinstance(value, dict):
                left.append((f"{before}{key} ", value))
            else:
                names.add(f"{before}{key}")
    return names


def _read_shapes(path: Path, name: str, layer: str) -> Sheet:
    if path.suffix.lower() != ".shp" and kind_of(path) == "gpkg":
        _check_views(path, name)
    try:
        layers = pyogrio.list_layers(path)[:, 0].tolist()
        if layer and layer not in layers:
            raise DataError(name, f"has no layer {layer!r}; it has {', '.join(layers)}")
        chosen = layer or max(
            layers,
            key=lambda n: pyogrio.read_info(path, layer=n, force_feature_count=True)["features"],
        )
        frame = gpd.read_file(path, layer=chosen)
    except (IndexError, ValueError):
        raise DataError(name, "holds no layer") from None
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError):
        raise DataError(name, "cannot be read: it is neither a table nor GeoJSON") from None
    return _from_frame(frame, name, chosen if len(layers) > 1 else "")


def _check_views(path: Path, name: str) -> None:
    """A view is a program and can run for ever; a virtual table can be another file."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'view' OR "
                "(sql LIKE '%virtual%' AND sql NOT LIKE '%using rtree%')"
            ).fetchone()
    except sqlite3.Error as error:
        raise DataError(name, f"cannot be read as a GeoPackage: {error}") from None
    if found:
        raise DataError(name, "holds a view or a virtual table; save the layer as a plain table")


def _from_frame(frame: pd.DataFrame, name: str, layer: str = "") -> Sheet:
    """A typed table as text; shapes become the position of a point inside them."""
    if len(frame) > MAX_ROWS:
        raise DataError(name, f"has more than {MAX_ROWS:,} rows; split it")
    projection = ""
    shapes = isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame
    if shapes:
        crs = frame.crs
        geometry = frame.geometry
        # Without a projection positions are whatever they are: degrees, or asked about.
        shapes = crs is not None
        if crs is not None and crs.to_epsg() != 4326:
            projection = crs.to_string()
            geometry = geometry.to_crs(4326)
        points = shapely.point_on_surface(geometry.to_numpy())
        frame = pd.DataFrame(frame.drop(columns=frame.geometry.name))
        for column, values in zip(
            GEOMETRY, (shapely.get_y(points), shapely.get_x(points)), strict=True
        ):
            frame[column] = pd.Series(values, index=frame.index).map(
                lambda v: f"{v:.7f}", na_action="ignore"
            )
    frame = with_parts(frame)
    cells = pd.DataFrame({i: frame.iloc[:, i].map(_any_cell) for i in range(frame.shape[1])})
    columns = _unique([str(c) for c in frame.columns])
    keep = (cells != "").any(axis=1).to_numpy() if len(cells) else np.array([], bool)
    return Sheet(
        name,
        columns,
        cells[keep].reset_index(drop=True),
        np.arange(1, len(keep) + 1)[keep],
        Layout(layer=layer, projection=projection),
        shapes,
    )


def _any_cell(value: object) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        if len(value) > _MOST_WORDS:
            raise ValueError(f"a list of {len(value):,} in one cell")
        return ";".join(map(str, value))
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    return "" if value is pd.NA else _cell(value)


def _sheet(
    name: str, table: list[list[str]], numbers: list[int], header: int | None, layout: Layout
) -> Sheet:
    """Part header from rows; empty rows stay, so that the report can count them."""
    if not any(any(row) for row in table):
        raise DataError(name, "the file is empty")
    _check_width(name, max(map(len, table[:1000])))
    if header and header not in numbers:
        raise DataError(name, f"has no row {header}")
    head = head_of(table, numbers.index(header) if header else -1 if header == 0 else None)
    width = max(len(row) for row in table[max(head.first, 0) : max(head.first, 0) + 1000])
    columns = [c.strip("\ufeff").strip() for c in head.columns]
    columns += [""] * (width - len(columns))
    names = _unique(columns)
    parted = with_parts(_square(table, head.body, names))
    if parted.shape[1] != width:
        names, parted = _unique(list(parted.columns)), parted.map(_any_cell)
    cells = parted.set_axis(range(len(names)), axis=1)
    layout = replace(
        layout,
        header_row=numbers[head.first] if head.first >= 0 else 0,
        header_rows=head.body - head.first - (head.tags is not None),
        tag_row=0 if head.tags is None else numbers[head.tags],
    )
    return Sheet(name, names, cells, np.asarray(numbers[head.body :], int), layout)


def _check_width(name: str, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise DataError(name, f"has {columns:,} columns; a table can have up to {MAX_COLUMNS:,}")


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


def _unique(columns: list[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    named = []
    for number, column in enumerate(columns, 1):
        column = " ".join(column.split()) or f"column {number}"
        seen[column] += 1
        named.append(column if seen[column] == 1 else f"{column} ({seen[column]})")
    return tuple(named)
