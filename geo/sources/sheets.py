"""Any table as text cells with the row numbers of its file: CSV, workbook, GeoJSON and others.

Encoding, delimiter and header are found by looking at the content; each can be told instead.
"""

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from geo.errors import DataError
from geo.sources.files import kind_of, opened, understood, utf16_of
from geo.sources.letters import letters_of
from geo.sources.vocabulary import HEADER_WORDS, folded

MAX_ROWS = 2_000_000
#: The columns that a file with shapes gets: latitude and longitude of each shape.
GEOMETRY = ("position (latitude)", "position (longitude)")
_DELIMITERS = ",;\t|"
#: A header stands in the first rows or nowhere.
_HEAD_ROWS = 15


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
    sheet, other_sheets
        Of a workbook.
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
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
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
        every = {
            "encoding": encoding,
            "rows in another encoding": str(self.odd_rows or ""),
            "sheet": self.sheet,
            "other sheets": ", ".join(self.other_sheets),
            "layer": self.layer,
            "projection": self.projection,
            "delimiter": self.delimiter,
            "header": header,
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
    """

    name: str
    columns: tuple[str, ...]
    cells: pd.DataFrame
    rows: "np.ndarray"
    layout: Layout
    shapes: bool = False


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
        The workbook's sheet or the file's layer; the one with the most cells where not given.

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
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    table: list[list[str]] = []
    numbers: list[int] = []
    before = 0
    try:
        for cells in reader:
            table.append([cell.strip() for cell in cells])
            numbers.append(before + 1)
            before = reader.line_num
            if len(table) > MAX_ROWS:
                raise DataError(name, f"has more than {MAX_ROWS:,} rows; split it")
    except csv.Error as error:
        raise DataError(name, f"cannot be read as a table: {error}", row=before + 1) from None
    return _sheet(name, table, numbers, header, replace(layout, delimiter=delimiter))


def _decoded(raw: bytes, name: str, encoding: str) -> tuple[str, Layout]:
    """Bytes to text: UTF-8, else another encoding, line by line where a file mixes them."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = encoding or "utf-16"
    encoding = encoding or utf16_of(raw[:4096])
    try:
        text = raw.decode(encoding or "utf-8-sig")
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
        if sheet and sheet not in names:
            raise DataError(name, f"has no sheet {sheet!r}; it has {', '.join(names)}")
        seen = [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
        tables = {n: book.get_sheet_by_name(n) for n in ([sheet] if sheet else seen or names)}
    except CalamineError as error:
        raise DataError(name, f"cannot be read as a workbook: {error}") from None
    if not tables:
        raise DataError(name, "the workbook has no sheet")
    best = max(tables, key=lambda n: tables[n].total_height * tables[n].total_width)
    if tables[best].total_height > MAX_ROWS:
        raise DataError(name, f"has more than {MAX_ROWS:,} rows; split it")
    rows = [[_cell(c) for c in row] for row in tables[best].to_python(skip_empty_area=False)]
    others = tuple(n for n in names if n != best) if len(tables) > 1 else ()
    layout = Layout(sheet=best, other_sheets=others)
    return _sheet(name, rows, list(range(1, len(rows) + 1)), header, layout)


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).strip()


def _read_parquet(path: Path, name: str) -> Sheet:
    try:
        return _from_frame(gpd.read_parquet(path), name)
    except ValueError:  # no geometry in it
        pass
    except (pa.ArrowException, OSError) as error:
        raise DataError(name, f"cannot be read as Parquet: {error}") from None
    try:
        return _from_frame(pd.read_parquet(path), name)
    except (pa.ArrowException, OSError) as error:
        raise DataError(name, f"cannot be read as Parquet: {error}") from None


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
    return pd.json_normalize(found, sep=" ")


def _read_shapes(path: Path, name: str, layer: str) -> Sheet:
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
    at = _header_row(table) if header is None else header - 1
    if at >= len(table):
        raise DataError(name, f"has no row {header}")
    width = max(len(row) for row in table[max(at, 0) : max(at, 0) + 1000])
    layout = replace(layout, header_row=numbers[at] if 0 <= at < len(numbers) else 0)
    columns = [c.strip("\ufeff").strip() for c in table[at]] if at >= 0 else []
    columns += [""] * (width - len(columns))
    body = table[at + 1 :]
    square = [(row + [""] * (width - len(row)))[:width] for row in body]
    cells = pd.DataFrame(square, columns=range(width), dtype=str)
    return Sheet(name, _unique(columns), cells, np.asarray(numbers[at + 1 :], int), layout)


def _unique(columns: list[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    named = []
    for number, column in enumerate(columns, 1):
        column = " ".join(column.split()) or f"column {number}"
        seen[column] += 1
        named.append(column if seen[column] == 1 else f"{column} ({seen[column]})")
    return tuple(named)


def _header_row(table: list[list[str]]) -> int:
    """The row of the header, by words that people use, else above numbers; -1 without any."""
    widths = Counter(sum(map(bool, row)) for row in table[:200] if any(row))
    usual = max(widths, key=lambda w: (widths[w], w))
    for at, row in enumerate(table[:_HEAD_ROWS]):
        words = {folded(cell) for cell in row if cell}
        if len(words & HEADER_WORDS) >= 2 and len(words) > 0.5 * usual:
            return at
    for at, row in enumerate(table[:_HEAD_ROWS]):
        filled = [cell for cell in row if cell]
        if len(filled) < 0.6 * usual:
            continue
        below = table[at + 1 : at + 50]
        columns = [i for i in range(len(row)) if row[i]]
        numeric = [
            i
            for i in columns
            if sum(_numeric(r[i]) for r in below if i < len(r)) > 0.7 * len(below)
        ]
        if numeric and not any(_numeric(row[i]) for i in numeric):
            return at
        return -1
    return -1


def _numeric(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
