"""What follows from a pack's curated files: outline, base map, hashes."""

import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.packs.pack import BUNDLED, read_descriptor, read_shapes
from geo.packs.schema import COLUMNS, CONTRACT, DISTRICT_KINDS
from geo.packs.shapes import UNNAMED, dissolve, thiessen
from geo.packs.tables import DESCRIPTOR, read_table, resource_path, sha256_of
from geo.paths import STATIC

#: A point that the outline misses gets land around it, this far beyond the point.
OUTLINE_MARGIN_KM = 1.5
#: A point farther away does not widen it.
OUTLINE_REACH_KM = 60.0
#: Areas are drawn on a grid of this width.
AREA_GRID_DEG = 0.0005
#: Names on a map without land: so many at most, and so far apart.
MOST_LABELS, LABELS_ACROSS, LABEL_APART_DEG = 300, 30, 0.005
#: Wider than this, a country is not measured in one projection.
WIDE_DEG = 12.0


def build_pack(folder: Path, static: Path = STATIC) -> list[Path]:
    """Compute what follows from a pack's curated files: outline, base map, hashes.

    The outline is the union of the level-1 shapes, widened around known points that it misses.
    Areas of regions are official boundaries where the pack has them, else shapes of the lowest
    regions, which are approximate, else Thiessen polygons.
    Maps stay in the pack, and those of a bundled pack go to the public folder too.
    `datapackage.json` is replaced last; until then `check` tells what is out of date.

    Parameters
    ----------
    folder
        The pack's folder.
    static
        The public folder for maps.

    Returns
    -------
    list of Path
        The files written.
    """
    about = read_descriptor(folder)
    # What is hashed was checked, and is opened without.
    tables = {table: read_table(folder, about, table) for table in COLUMNS}
    public = static if folder.resolve().parent == BUNDLED or static != STATIC else None
    entries = {entry["name"]: entry for entry in about.get("resources", [])}
    written: list[Path] = []
    for name, text in _derived(folder, about, tables).items():
        entries.setdefault(name, {"name": name, "path": f"{name}.geojson"})
        path = resource_path(folder, {"resources": [entries[name]]}, name)
        assert path is not None
        written.append(path)
        _write(written[-1], text)
        if public is not None and name != "outline":
            written.append(public / public_path(folder.resolve().name, name))
            written[-1].parent.mkdir(parents=True, exist_ok=True)
            _write(written[-1], text)
    about["resources"] = [_hashed(folder, entry) for entry in entries.values()]
    _write(folder / DESCRIPTOR, json.dumps(about, ensure_ascii=False, indent=1) + "\n")
    return [*written, folder / DESCRIPTOR]


def _hashed(folder: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with its size and hash, where its file is there."""
    path = resource_path(folder, {"resources": [entry]}, entry["name"])
    if path is None or not path.exists():
        return dict(entry)
    made = {**entry, "bytes": path.stat().st_size, "hash": "sha256:" + sha256_of(path)}
    return made | {"checked": CONTRACT} if entry["name"] in COLUMNS else made


def _derived(
    folder: Path, about: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]
) -> dict[str, str]:
    """What follows from the curated files: resource to GeoJSON."""
    shapes, official = (
        None if path is None else read_shapes(path)
        for path in (resource_path(folder, about, n) for n in ("region_shapes", "boundaries"))
    )
    named = ("demand", "regions", "providers", "places")
    demand, regions, providers, places = (tables[name] for name in named)
    drawn = official
    if shapes is None and official is not None:
        shapes = _districts(official, regions)
    elif shapes is not None and official is None and _are_lowest(shapes, regions):
        drawn = shapes.assign(boundary="approximate")
        shapes = _districts(shapes, regions)
    if shapes is None:
        return {"base_map": _names_only(places)} if len(places) else {}
    points = pd.concat([table[["lon", "lat"]] for table in (providers, demand)])
    outline = _outline(shapes, points.to_numpy(float))
    spots = places[["lon", "lat"]]
    out = spots[~shapely.intersects_xy(outline, spots["lon"], spots["lat"])]
    if len(out):
        outline = _outline(shapes, pd.concat([points, out]).to_numpy(float))
    areas = _areas(regions, demand, outline, drawn)
    return {
        "outline": _geojson([{"kind": "outline"}], [outline]),
        "base_map": _base_map(outline, shapes, places),
        **{f"areas_{level}": text for level, text in areas.items()},
    }


def public_path(pack: str, resource: str) -> str:
    """Where a map of a bundled pack lies below `static/`."""
    return f"geo/{pack}-{resource.replace('_', '-')}.json"


def _areas(
    regions: pd.DataFrame,
    demand: pd.DataFrame,
    outline: BaseGeometry,
    drawn: gpd.GeoDataFrame | None,
) -> dict[int, str]:
    """Areas of every level as GeoJSON: those that are known, Thiessen polygons for the others.

    `drawn` is surveyed where it does not say otherwise.
    """
    level = int(regions["level"].max()) if len(regions) else 0
    if not level or demand.empty:
        return {}
    known = None
    if drawn is not None:
        known = drawn[["region_id", "geometry"]].assign(boundary=drawn.get("boundary", "surveyed"))
    if known is not None and set(demand["region_id"]) <= set(known["region_id"]):
        areas = known
    else:
        areas = thiessen(demand, outline).assign(boundary="approximate")
    if known is not None and areas is not known:
        lacking = areas[~areas["region_id"].isin(known["region_id"])]
        rest = lacking.geometry.difference(known.geometry.union_all())
        areas = pd.concat([known, lacking.set_geometry(rest)], ignore_index=True)
    name = dict(zip(regions["region_id"], regions["name"], strict=True))
    parent = dict(zip(regions["region_id"], regions["parent_id"], strict=True))
    found = {}
    while level:
        found[level] = _geojson(
            [
                {
                    "region_id": region,
                    "name": str(name.get(region, region)) or UNNAMED,
                    "boundary": boundary,
                }
                for region, boundary in zip(areas["region_id"], areas["boundary"], strict=True)
            ],
            list(shapely.set_precision(areas.geometry.to_numpy(), AREA_GRID_DEG)),
        )
        surveyed = areas.groupby(areas["region_id"].map(parent))["boundary"].agg(
            lambda words: "surveyed" if (words == "surveyed").all() else "approximate"
        )
        areas = dissolve(areas, areas["region_id"].map(parent))
        areas["boundary"] = areas["region_id"].map(surveyed)
        level -= 1
    return found


def _are_lowest(shapes: gpd.GeoDataFrame, regions: pd.DataFrame) -> bool:
    """Whether shapes are of the smallest regions of several levels."""
    levels = dict(zip(regions["region_id"], regions["level"], strict=True))
    return set(shapes["region_id"].map(levels)) == {max(levels.values())} != {1}


def _districts(official: gpd.GeoDataFrame, regions: pd.DataFrame) -> gpd.GeoDataFrame:
    """The largest regions, from the boundaries of the lowest."""
    shapes = official
    for _ in range(int(regions["level"].max()) - 1):
        parent = dict(zip(regions["region_id"], regions["parent_id"], strict=True))
        shapes = dissolve(shapes, shapes["region_id"].map(parent))
    name = dict(zip(regions["region_id"], regions["name"], strict=True))
    return shapes.assign(name=shapes["region_id"].map(name))


def _outline(shapes: gpd.GeoDataFrame, points: np.ndarray) -> BaseGeometry:
    """Union of shapes, with a disc around every point outside it that reaches back to it."""
    west, _, east, _ = shapes.total_bounds
    if east - west > WIDE_DEG:
        return _wide_outline(shapes, points)
    metric = shapes.estimate_utm_crs()
    land = shapes.to_crs(metric).geometry.union_all()
    spots = gpd.GeoSeries(gpd.points_from_xy(points[:, 0], points[:, 1]), crs=4326).to_crs(metric)
    away_m = spots.distance(land).to_numpy()
    # What lies farther is wrong, or of another country.
    outside = (away_m > 0) & (away_m <= 1000 * OUTLINE_REACH_KM)
    discs = shapely.buffer(spots.to_numpy()[outside], away_m[outside] + 1000 * OUTLINE_MARGIN_KM)
    whole = shapely.union_all([land, *discs])
    ring = gpd.GeoSeries([whole], crs=metric).to_crs(4326).set_precision(0.0001)
    return ring.union_all()


def _wide_outline(shapes: gpd.GeoDataFrame, points: np.ndarray) -> BaseGeometry:
    """The same for land that no one projection fits: discs in degrees."""
    land = shapes.geometry.union_all()
    spots = gpd.points_from_xy(points[:, 0], points[:, 1]).to_numpy()
    shapely.prepare(land)
    spots = spots[~shapely.intersects(land, spots)]
    away = shapely.distance(spots, land)
    spots, away = spots[away <= OUTLINE_REACH_KM / 111], away[away <= OUTLINE_REACH_KM / 111]
    reach = away + OUTLINE_MARGIN_KM / 111
    # A degree of longitude is shorter than one of latitude: the disc reaches far enough both ways.
    stretch = 1 / np.cos(np.radians(shapely.get_y(spots)))
    whole = shapely.union_all([land, *shapely.buffer(spots, reach * stretch)])
    return gpd.GeoSeries([whole], crs=4326).set_precision(0.001).union_all()


def _base_map(outline: BaseGeometry, shapes: gpd.GeoDataFrame, places: pd.DataFrame) -> str:
    """Land, district borders and district names, for Leaflet."""
    borders = shapely.intersection(shapes.geometry.union_all(), outline).boundary
    lines = shapely.difference(
        shapely.union_all(shapes.geometry.boundary.to_numpy()), borders.buffer(0.002)
    )
    names = shapes[["region_id", "name"]].merge(
        places[places["kind"].isin(DISTRICT_KINDS)][["name", "lat", "lon"]], on="name"
    )
    if names.empty:
        inner = shapely.point_on_surface(shapes.geometry.to_numpy())
        names = shapes[["name"]].assign(lat=shapely.get_y(inner), lon=shapely.get_x(inner))
    properties: list[dict[str, str]] = [{"kind": "land"}, {"kind": "border"}]
    geometries: list[BaseGeometry] = [outline, shapely.set_precision(lines, 0.0001)]
    properties += [{"kind": "label", "name": str(n)} for n in names["name"]]
    geometries += [
        shapely.Point(lon, lat) for lon, lat in zip(names["lon"], names["lat"], strict=True)
    ]
    return _geojson(properties, geometries)


def _names_only(places: pd.DataFrame) -> str:
    """Names of places, the largest first, so far apart that they can be read; no land is known."""
    some = places[places["kind"] != "postcode"].sort_values(
        ["population", "name"], ascending=[False, True], na_position="last"
    )
    spots = some[["lon", "lat"]].to_numpy(float)
    apart = max(np.ptp(spots, axis=0).max(initial=0.0) / LABELS_ACROSS, LABEL_APART_DEG)
    chosen: list[int] = []
    for row, spot in enumerate(spots):
        if len(chosen) >= MOST_LABELS:
            break
        if not chosen or np.abs(spots[chosen] - spot).max(axis=1).min() > apart:
            chosen.append(row)
    names = some["name"].to_numpy()
    return _geojson(
        [{"kind": "label", "name": str(names[row])} for row in chosen],
        [shapely.Point(*spots[row]) for row in chosen],
    )


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
