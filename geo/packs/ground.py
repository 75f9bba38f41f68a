"""The ground of a map: vector tiles of water, roads, towns and names in one PMTiles file.

A tile is a list of Mapbox vector tile layers (MVT 2.1). GDAL writes one layer to one archive; the
layers of a tile are then put one behind the other, which is what the format means by a tile.
"""

import gzip
import heapq
import io
import itertools
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import geopandas as gpd
import numpy as np
import pyogrio
from pmtiles.reader import MemorySource, MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

#: The resources of a pack that hold its ground: that of the whole, and streets of some area.
GROUND, STREETS = "ground", "streets"
#: What the ground of one picture may weigh inside a report.
MOST_BYTES = 1_500_000
#: A tile's most features and bytes before GDAL leaves some out: a town's streets fit.
_MOST_FEATURES, _MOST_TILE_BYTES = 100_000, 500_000

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Layer:
    """One layer of a ground.

    Attributes
    ----------
    name
        What `static/ground.js` draws it by ("water", "road1", "town3").
    rows
        Geometry in EPSG:4326, and `name` where it is to be written on the map.
    min_zoom, max_zoom
        The first and the last zoom whose tiles hold it; the last tiles are drawn larger beyond.
    """

    name: str
    rows: gpd.GeoDataFrame
    min_zoom: int
    max_zoom: int


def write_ground(layers: Iterable[Layer], path: Path, attribution: str) -> int:
    """Write layers as one archive; one layer at a time is in memory.

    Parameters
    ----------
    layers
        Each read when it is its turn; those without rows are left out.
    path
        The archive.
    attribution
        Whose data it is, in a few words.

    Returns
    -------
    int
        How many tiles were written; without any, no file is.
    """
    bounds: list[Any] = []
    names: list[str] = []
    with tempfile.TemporaryDirectory(dir=path.parent) as aside, ExitStack() as opened:
        parts: list[BinaryIO] = []
        for number, layer in enumerate(layers):
            if layer.rows.empty:
                continue
            part = Path(aside) / f"{number}.pmtiles"
            _write_layer(layer, part)
            parts.append(opened.enter_context(part.open("rb")))
            bounds.append(layer.rows.total_bounds)
            names.append(layer.name)
        if not parts:
            return 0
        west, south = np.min(bounds, axis=0)[:2]
        east, north = np.max(bounds, axis=0)[2:]
        about = {
            "attribution": attribution,
            "vector_layers": [{"id": name, "fields": {"name": "String"}} for name in names],
        }
        with path.open("wb") as file:
            box = (float(west), float(south), float(east), float(north))
            return _write_archive(_joined(map(MmapSource, parts)), file, box, about)


def _write_layer(layer: Layer, path: Path) -> None:
    rows = layer.rows[["name", "geometry"]] if "name" in layer.rows else layer.rows[["geometry"]]
    options = {
        "MINZOOM": layer.min_zoom,
        "MAXZOOM": layer.max_zoom,
        "MAX_FEATURES": _MOST_FEATURES,
        "MAX_SIZE": _MOST_TILE_BYTES,
    }
    with warnings.catch_warnings():
        # That a tile had too much, and left out what is too small to be seen.
        warnings.simplefilter("ignore", RuntimeWarning)
        pyogrio.write_dataframe(
            rows, path, layer=layer.name, driver="PMTiles", dataset_options=options
        )


def _joined(sources: Iterable[Any]) -> Iterator[tuple[int, bytes]]:
    """Tiles by their number on the Hilbert curve, those of one number joined."""
    numbered = [
        ((zxy_to_tileid(*zxy), data) for zxy, data in all_tiles(source)) for source in sources
    ]
    merged = heapq.merge(*numbered, key=lambda tile: tile[0])
    for number, tiles in itertools.groupby(merged, key=lambda tile: tile[0]):
        yield number, b"".join(gzip.decompress(data) for _, data in tiles)


def _write_archive(
    tiles: Iterable[tuple[int, bytes]], file: BinaryIO, box: Bounds, about: dict[str, Any]
) -> int:
    """An archive of tiles in the order of their numbers."""
    writer, count = Writer(file), 0
    for number, data in tiles:
        # No time of making in it: the same tiles are the same bytes.
        writer.write_tile(number, gzip.compress(data, 9, mtime=0))
        count += 1
    west, south, east, north = (round(degrees * 1e7) for degrees in box)
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": 0,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }
    writer.finalize(header, about)
    return count


def cut_ground(path: Path, box: Bounds, most_bytes: int = MOST_BYTES) -> bytes:
    """The ground of one view as an archive of its own, for a report of one file.

    Parameters
    ----------
    path
        The ground of a pack.
    box
        West, south, east, north, degrees.
    most_bytes
        The most that its tiles may weigh: the closest zooms that are too much are left out.

    Returns
    -------
    bytes
        The archive; empty where nothing of it lies in the view.
    """
    with path.open("rb") as file:
        source = MmapSource(file)
        about = Reader(source).metadata()
        kept = _kept(source, box, most_bytes)
    if not kept:
        return b""
    out = io.BytesIO()
    unpacked = ((number, gzip.decompress(data)) for number, data in sorted(kept))
    _write_archive(unpacked, out, box, about)
    return out.getvalue()


def _kept(source: Any, box: Bounds, most_bytes: int) -> list[tuple[int, bytes]]:
    """The tiles of a view, zoom by zoom while they are not too much.

    All tiles are gone through once, in the order of the file: the reader looks a single one up by
    unpacking the whole directory again.
    """
    whole: list[tuple[int, bytes]] = []
    for _, tiles in itertools.groupby(all_tiles(source), key=lambda tile: tile[0][0]):
        found: list[tuple[int, bytes]] = []
        for (zoom, x, y), data in tiles:
            left, top = _tile_at(box[0], box[3], zoom)
            right, bottom = _tile_at(box[2], box[1], zoom)
            if left <= x <= right and top <= y <= bottom:
                found.append((zxy_to_tileid(zoom, x, y), data))
        if sum(len(data) for _, data in (*whole, *found)) > most_bytes:
            break
        whole += found
    return whole


def _tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """The tile that a point lies in (Web Mercator, EPSG:3857)."""
    count = 2**zoom
    lat = float(np.clip(lat, -85.05, 85.05))
    x = int((lon + 180) / 360 * count)
    y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * count)
    return min(max(x, 0), count - 1), min(max(y, 0), count - 1)


def attribution_of(data: Path | bytes) -> str:
    """Whose data a ground is."""
    if isinstance(data, bytes):
        return str(Reader(MemorySource(data)).metadata().get("attribution", ""))
    with data.open("rb") as file:
        return str(Reader(MmapSource(file)).metadata().get("attribution", ""))
