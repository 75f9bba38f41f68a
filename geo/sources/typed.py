"""Tables whose format has types and names of its own: Parquet, records in JSON, shapes."""

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyogrio
import shapely

from geo.errors import DataError
from geo.reading import short
from geo.sources.files import kind_of, size_text
from geo.sources.layout import (
    GEOMETRY,
    MAX_COLUMNS,
    Layout,
    Sheet,
    check_rows,
    check_width,
    unique_names,
)
from geo.sources.nested import with_parts

#: A list in one cell has so many words at most.
_MOST_WORDS = 1_000
#: A Parquet file may hold so many cells, and so many bytes of them.
_MOST_CELLS, _MOST_UNPACKED = 60_000_000, 1_000_000_000


def read_parquet(path: Path, name: str) -> Sheet:
    """Read Parquet or GeoParquet.

    Raises
    ------
    DataError
        If it is broken, or holds more than can be read.
    """
    try:
        _check_parquet(path, name)
        try:
            frame: pd.DataFrame = gpd.read_parquet(path)
        except ValueError:  # no geometry in it
            frame = pd.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        said = short(error).replace(str(path), name)
        raise DataError(name, f"cannot be read as Parquet: {said}") from None
    return from_frame(frame, name)


def _check_parquet(path: Path, name: str) -> None:
    """How much it holds once it is unpacked, of which neither its size nor its footer tells."""
    file = pq.ParquetFile(path)
    rows, columns = file.metadata.num_rows, len(file.schema_arrow)
    check_rows(name, rows)
    check_width(name, columns)
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


def read_records(path: Path) -> pd.DataFrame | None:
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
    check_width(path.name, len(_parts(found)))
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


def read_shapes(path: Path, name: str, layer: str) -> Sheet:
    """Read a layer of GeoJSON, a GeoPackage or another file of shapes.

    Raises
    ------
    DataError
        If it cannot be read, or has no such layer.
    """
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
    return from_frame(frame, name, chosen if len(layers) > 1 else "")


#: A virtual table, which can be another file; that of an index in space is none.
_VIRTUAL = re.compile(r"\s*create\s+virtual\b(?!.*\busing\s+rtree\b)", re.IGNORECASE | re.DOTALL)
_SQL_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)


def _check_views(path: Path, name: str) -> None:
    """Refuse what is a program: a view can run for ever, a virtual table read another file."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as database:
            made = database.execute("SELECT type, sql FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        raise DataError(name, f"cannot be read as a GeoPackage: {error}") from None
    for kind, sql in made:
        if kind == "view" or _VIRTUAL.match(_SQL_COMMENT.sub(" ", str(sql))):
            why = "holds a view or a virtual table; save the layer as a plain table"
            raise DataError(name, why)


def from_frame(frame: pd.DataFrame, name: str, layer: str = "") -> Sheet:
    """A typed table as text; shapes become the position of a point inside them."""
    check_rows(name, len(frame))
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
    cells = pd.DataFrame({i: frame.iloc[:, i].map(cell_text) for i in range(frame.shape[1])})
    columns = unique_names([str(c) for c in frame.columns])
    keep = (cells != "").any(axis=1).to_numpy() if len(cells) else np.array([], bool)
    return Sheet(
        name,
        columns,
        cells[keep].reset_index(drop=True),
        np.arange(1, len(keep) + 1)[keep],
        Layout(layer=layer, projection=projection),
        shapes,
    )


def cell_text(value: object) -> str:
    """A cell of any kind as text, the words of a list with semicolons between them."""
    if isinstance(value, (list, tuple, np.ndarray)):
        if len(value) > _MOST_WORDS:
            raise ValueError(f"a list of {len(value):,} in one cell")
        return ";".join(map(str, value))
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    return "" if value is pd.NA else scalar_text(value)


def scalar_text(value: object) -> str:
    """A cell of one value as text: whole numbers without decimals, yes and no."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).strip()
