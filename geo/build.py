"""What follows from a pack's curated files: outline, base map, hashes."""

import functools
import hashlib
import json
import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.packs import (
    BASE_MAP,
    BUNDLED,
    DESCRIPTOR,
    read_descriptor,
    read_shapes,
    read_table,
    resource_path,
)
from geo.schema import DISTRICT_KINDS

__all__ = ["STATIC", "build_pack"]

#: The public folder of the app.
STATIC = BUNDLED.parent / "static"
#: A point that the outline misses gets land around it, this far beyond the point.
OUTLINE_MARGIN_KM = 1.5


def build_pack(folder: Path, static: Path = STATIC) -> list[Path]:
    """Compute what follows from a pack's curated files: outline, base map, hashes.

    The outline is the union of the level-1 shapes, widened around known points that it misses.
    The base map stays in the pack, and that of a bundled pack goes to the public folder too.
    `datapackage.json` is replaced last; until then `check` tells what is out of date.

    Parameters
    ----------
    folder
        The pack's folder.
    static
        The public folder for the base map.

    Returns
    -------
    list of Path
        The files written.
    """
    about = read_descriptor(folder)
    written: list[Path] = []
    shapes_path, outline_path = (
        resource_path(folder, about, n) for n in ("region_shapes", "outline")
    )
    if shapes_path is not None and outline_path is not None:
        shapes = read_shapes(shapes_path)
        tables = [read_table(folder, about, table) for table in ("providers", "demand")]
        points = pd.concat([table[["lon", "lat"]] for table in tables]).to_numpy(float)
        outline = _outline(shapes, points)
        _write(outline_path, _geojson([{"kind": "outline"}], [outline]))
        places = read_table(folder, about, "places")
        base = _base_map(outline, shapes, places)
        written += [outline_path, folder / BASE_MAP]
        _write(folder / BASE_MAP, base)
        if folder.resolve().parent == BUNDLED or static != STATIC:
            public = static / "geo" / f"{folder.resolve().name}.json"
            public.parent.mkdir(parents=True, exist_ok=True)
            _write(public, base)
            written.append(public)
    for entry in about.get("resources", []):
        path = resource_path(folder, about, entry["name"])
        if path is not None and path.exists():
            content = path.read_bytes()
            entry["bytes"] = len(content)
            entry["hash"] = "sha256:" + hashlib.sha256(content).hexdigest()
    _write(folder / DESCRIPTOR, json.dumps(about, ensure_ascii=False, indent=1) + "\n")
    return [*written, folder / DESCRIPTOR]


def _outline(shapes: gpd.GeoDataFrame, points: np.ndarray) -> BaseGeometry:
    """Union of shapes, with a disc around every point outside it that reaches back to it."""
    metric = shapes.estimate_utm_crs()
    land = shapes.to_crs(metric).geometry.union_all()
    spots = gpd.GeoSeries(gpd.points_from_xy(points[:, 0], points[:, 1]), crs=4326).to_crs(metric)
    away_m = spots.distance(land).to_numpy()
    outside = away_m > 0
    discs = shapely.buffer(spots.to_numpy()[outside], away_m[outside] + 1000 * OUTLINE_MARGIN_KM)
    whole = shapely.union_all([land, *discs])
    ring = gpd.GeoSeries([whole], crs=metric).to_crs(4326).set_precision(0.0001)
    return ring.union_all()


def _base_map(outline: BaseGeometry, shapes: gpd.GeoDataFrame, places: pd.DataFrame) -> str:
    """Land, district borders and district names, for Leaflet."""
    borders = shapely.intersection(shapes.geometry.union_all(), outline).boundary
    lines = shapely.difference(
        shapely.union_all(shapes.geometry.boundary.to_numpy()), borders.buffer(0.002)
    )
    names = shapes[["region_id", "name"]].merge(
        places[places["kind"].isin(DISTRICT_KINDS)][["name", "lat", "lon"]], on="name"
    )
    properties: list[dict[str, str]] = [{"kind": "land"}, {"kind": "border"}]
    geometries: list[BaseGeometry] = [outline, shapely.set_precision(lines, 0.0001)]
    properties += [{"kind": "label", "name": str(n)} for n in names["name"]]
    geometries += [
        shapely.Point(lon, lat) for lon, lat in zip(names["lon"], names["lat"], strict=True)
    ]
    return _geojson(properties, geometries)


def _geojson(properties: list[dict[str, str]], geometries: list[BaseGeometry]) -> str:
    features = [
        {"type": "Feature", "properties": p, "geometry": json.loads(shapely.to_geojson(g))}
        for p, g in zip(properties, geometries, strict=True)
    ]
    dump = functools.partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    lines = ",\n".join(dump(feature) for feature in features)
    return '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n"


def _write(path: Path, text: str) -> None:
    """Replace a file in one step."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, "utf-8")
    os.replace(beside, path)
