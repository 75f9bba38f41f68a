"""The ground of an area from an OpenStreetMap extract: streets, water, green, buildings, names."""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import DataError
from geo.packs.ground import STREETS, Layer, write_ground
from geo.packs.pack import open_pack, read_descriptor, user_folder
from geo.packs.store import add_resource, change_pack, with_source, write_descriptor
from geo.progress import Progress, Step, silent

#: The name of the source of an imported ground.
SOURCE = "osm-ground"
CREDIT = "© OpenStreetMap contributors"
LAST_ZOOM = 14
#: A road's class by its tag `highway`; a link has the class of the road that it leads to.
ROADS = {
    kind: number
    for number, kinds in {
        1: ("motorway", "trunk"),
        2: ("primary",),
        3: ("secondary",),
        4: ("tertiary",),
        5: ("unclassified", "residential", "living_street", "road"),
        6: ("service", "track", "pedestrian"),
        7: ("path", "footway", "cycleway", "bridleway", "steps"),
    }.items()
    for kind in kinds
}
#: From which zoom on a class is in the tiles.
ROAD_ZOOM = {1: 6, 2: 7, 3: 8, 4: 10, 5: 12, 6: 13, 7: 14}
#: From which zoom on a kind of place is named, and the layer it is drawn as.
PLACES = {
    "city": (6, "town2"),
    "town": (7, "town3"),
    "village": (10, "town5"),
    "suburb": (11, "suburb"),
    "hamlet": (12, "town6"),
}
#: Areas smaller than this are drawn from close by only, m².
SMALL_WATER_M2, SMALL_GREEN_M2 = 2e4, 1e6
#: So many of the points beside a coast must lie at sea for a part to be sea.
SEA_SHARE = 0.9


def import_streets(
    name: str, extract: Path, *, buildings: bool = True, progress: Progress = silent
) -> int:
    """Put the ground of an extract's area into the user's copy of a pack.

    Parameters
    ----------
    name
        The pack.
    extract
        `.osm.pbf`.
    buildings
        Whether buildings are drawn, which are more than half of the file.
    progress
        Told which layer is read.

    Returns
    -------
    int
        How many broken outlines were left out.

    Raises
    ------
    UnknownNameError
        If there is no such pack.
    DataError
        If the file is not an extract, or has nothing to draw.
    """
    open_pack(name)
    read = Extract(extract)
    home = user_folder()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".streets-", dir=home) as aside:
        made = Path(aside) / f"{STREETS}.pmtiles"
        layers = read.layers(buildings=buildings, progress=progress)
        if not write_ground(layers, made, CREDIT):
            raise DataError(extract.name, "has neither roads nor water nor places to draw")

        def change(folder: Path) -> None:
            made.replace(folder / made.name)
            add_resource(folder, STREETS, made.name)
            source = {
                "name": SOURCE,
                "title": f"Streets on the maps: {CREDIT} ({extract.name})",
                "path": "https://www.openstreetmap.org/copyright",
                "license": "ODbL 1.0",
                "kind": "other",
            }
            write_descriptor(folder, with_source(read_descriptor(folder), source))

        change_pack(name, change, f"Streets on the maps from {extract.name}")
    return read.broken


class Extract:
    """An OpenStreetMap extract (`.osm.pbf`), read layer by layer.

    Attributes
    ----------
    path
        The file.
    broken
        How many outlines could not be drawn, of the layers read so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broken = 0

    def layers(self, *, buildings: bool = True, progress: Progress = silent) -> Iterator[Layer]:
        """The layers of the ground; one at a time is in memory.

        Parameters
        ----------
        buildings
            Whether to read buildings.
        progress
            Told which layer is read.

        Raises
        ------
        DataError
            If the file is not an extract.
        """
        steps: list[tuple[str, Any]] = [
            ("sea", self._sea),
            ("green", self._green),
            ("water", self._water),
            ("rivers", self._rivers),
            ("railways", self._railways),
            ("roads", self._roads),
            ("places", self._places),
        ]
        if buildings:
            steps.insert(3, ("buildings", self._buildings))
        for number, (what, read) in enumerate(steps):
            progress(Step(f"Reading {what} of {self.path.name}", number, len(steps)))
            yield from read()

    def _read(self, layer: str, where: str, columns: list[str]) -> gpd.GeoDataFrame:
        """Rows of one of GDAL's layers of an extract; broken outlines are counted and left out."""
        try:
            with warnings.catch_warnings():
                # That a ring is broken, one by one: they are counted below.
                warnings.simplefilter("ignore", RuntimeWarning)
                about, _, shapes, values = pyogrio.raw.read(
                    self.path, layer=layer, where=where, columns=columns, force_2d=True
                )
        except pyogrio.errors.DataSourceError:
            raise DataError(self.path.name, "cannot be read: is it an .osm.pbf file?") from None
        geometry = shapely.from_wkb(shapes, on_invalid="ignore")
        whole = ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)
        self.broken += int((~whole).sum())
        table = dict(zip(about["fields"], values, strict=True))
        frame = gpd.GeoDataFrame(table, geometry=geometry, crs=4326)
        return gpd.GeoDataFrame(frame[whole].reset_index(drop=True))

    def _areas(self, where: str) -> gpd.GeoDataFrame:
        """Areas, each made valid."""
        rows = self._read("multipolygons", where, ["name"])
        rows["geometry"] = shapely.make_valid(rows.geometry.to_numpy())
        return gpd.GeoDataFrame(rows[rows.geom_type.isin(["Polygon", "MultiPolygon"])])

    def _green(self) -> Iterator[Layer]:
        where = (
            "landuse IN ('forest','grass','meadow','recreation_ground','cemetery') "
            "OR leisure IN ('park','garden','nature_reserve') OR \"natural\" IN ('wood','scrub')"
        )
        rows = self._areas(where).drop(columns="name")
        yield from _by_size(rows, SMALL_GREEN_M2, 8, ("green", "green2"))
        ice = self._areas("\"natural\" = 'glacier'").drop(columns="name")
        yield Layer("ice", ice, 6, LAST_ZOOM)

    def _water(self) -> Iterator[Layer]:
        where = (
            "\"natural\" IN ('water','bay') OR landuse = 'reservoir' "
            'OR other_tags LIKE \'%"waterway"=>"riverbank"%\''
        )
        rows = self._areas(where)
        yield from _by_size(rows, SMALL_WATER_M2, 6, ("water", "pond"))

    def _buildings(self) -> Iterator[Layer]:
        rows = self._areas("building IS NOT NULL").drop(columns="name")
        yield Layer("building", rows, LAST_ZOOM, LAST_ZOOM)

    def _rivers(self) -> Iterator[Layer]:
        where = "waterway IN ('river','canal','stream')"
        rows = self._read("lines", where, ["name", "waterway"])
        stream = rows["waterway"] == "stream"
        yield Layer("river", gpd.GeoDataFrame(rows[~stream]), 7, LAST_ZOOM)
        yield Layer("stream", gpd.GeoDataFrame(rows[stream]), 12, LAST_ZOOM)

    def _railways(self) -> Iterator[Layer]:
        rows = self._read("lines", "railway = 'rail'", ["railway"])
        yield Layer("rail", rows, 9, LAST_ZOOM)

    def _roads(self) -> Iterator[Layer]:
        rows = self._read("lines", "highway IS NOT NULL", ["name", "highway"])
        kinds = pd.Series(rows["highway"], dtype=str).str.removesuffix("_link").map(ROADS)
        for number, zoom in ROAD_ZOOM.items():
            yield Layer(f"road{number}", gpd.GeoDataFrame(rows[kinds == number]), zoom, LAST_ZOOM)

    def _places(self) -> Iterator[Layer]:
        kinds = ", ".join(f"'{kind}'" for kind in PLACES)
        rows = self._read("points", f"place IN ({kinds})", ["name", "place"])
        rows = rows.dropna(subset=["name"])
        for kind, (zoom, layer) in PLACES.items():
            yield Layer(layer, gpd.GeoDataFrame(rows[rows["place"] == kind]), zoom, LAST_ZOOM)

    def _sea(self) -> Iterator[Layer]:
        """The sea, which OpenStreetMap has only as a coast with the water to its right."""
        where = 'other_tags LIKE \'%"natural"=>"coastline"%\''
        lines = self._read("lines", where, ["name"])
        box = self._box()
        if lines.empty or box is None:
            return
        parts = sea_of(lines.geometry.to_numpy(), box)
        yield Layer("ocean", gpd.GeoDataFrame(geometry=parts, crs=4326), 6, LAST_ZOOM)

    def _box(self) -> BaseGeometry | None:
        """The area that an extract is of, as its header says it."""
        with osmium.io.Reader(str(self.path)) as reader:
            box = reader.header().box()
        if not box.valid():
            return None
        low, high = box.bottom_left, box.top_right
        return shapely.box(low.lon, low.lat, high.lon, high.lat)


def _by_size(
    rows: gpd.GeoDataFrame, small_m2: float, zoom: int, names: tuple[str, str]
) -> Iterator[Layer]:
    """Large areas from a zoom on, small ones from close by."""
    large = rows.to_crs(6933).area.to_numpy() >= small_m2
    yield Layer(names[0], gpd.GeoDataFrame(rows[large]), zoom, LAST_ZOOM)
    yield Layer(names[1], gpd.GeoDataFrame(rows[~large]), 12, LAST_ZOOM)


def sea_of(coast: np.ndarray, box: BaseGeometry) -> list[BaseGeometry]:
    """The parts of a box that are sea.

    Parameters
    ----------
    coast
        Lines with land on their left and water on their right, as OpenStreetMap draws them.
    box
        The area.

    Returns
    -------
    list of Polygon
        Those that lie to the right of almost all of the coast along them: where a coast ends
        inside the box, nobody can tell, and nothing is sea.
    """
    inside = shapely.intersection(coast, box)
    lines = shapely.get_parts(inside)
    lines = lines[shapely.get_dimensions(lines) == 1]
    if not len(lines):
        return []
    edges = shapely.union_all([*lines, box.boundary])
    parts = shapely.get_parts(shapely.polygonize([edges]))
    right, left = _beside(lines)
    tree = shapely.STRtree(parts)
    wet, dry = (
        np.bincount(tree.query(shapely.points(spots), predicate="within")[1], minlength=len(parts))
        for spots in (right, left)
    )
    return [p for p, w, d in zip(parts, wet, dry, strict=True) if w > SEA_SHARE * (w + d)]


def _beside(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points a hair's breadth to the right and to the left of the middle of each segment."""
    ends, of = shapely.get_coordinates(lines, return_index=True)
    same = of[1:] == of[:-1]
    start, end = ends[:-1][same], ends[1:][same]
    along = end - start
    length = np.hypot(along[:, 0], along[:, 1])
    along, start, end = along[length > 0], start[length > 0], end[length > 0]
    across = np.column_stack([along[:, 1], -along[:, 0]]) / length[length > 0, None]
    middle = (start + end) / 2
    hair = np.minimum(1e-5, length[length > 0] / 4)[:, None] * across
    return middle + hair, middle - hair
