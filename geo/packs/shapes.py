"""Areas of regions: drawn for the map, never used to decide who lives where.

Where no surveyed boundary is known, a region is the Thiessen polygon of its demand points,
clipped to the country's outline and marked *approximate*. Official boundaries replace them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from rapidfuzz import fuzz, process
from shapely.geometry.base import BaseGeometry

from geo.errors import CareReachError, DataError
from geo.packs.antimeridian import split_at_antimeridian
from geo.text import normalise

#: From this likeness (0-100) a name is taken for another spelling of a region's name.
SPELLING = 80.0
#: What an area is called that has no name.
UNNAMED = "Area without a name"
#: Gaps between neighbours up to twice this wide are closed, degrees.
SLIVER_DEG = 0.0005


def thiessen(demand: pd.DataFrame, outline: BaseGeometry) -> gpd.GeoDataFrame:
    """The land that is nearer to a region's demand points than to those of any other.

    Parameters
    ----------
    demand
        `region_id`, `lat`, `lon`.
    outline
        The country, EPSG:4326.

    Returns
    -------
    geopandas.GeoDataFrame
        `region_id` and geometry, EPSG:4326; nearness is measured in a local projection.
    """
    spots = gpd.GeoDataFrame(
        demand[["region_id"]], geometry=gpd.points_from_xy(demand["lon"], demand["lat"]), crs=4326
    )
    metric = spots.estimate_utm_crs()
    points = spots.to_crs(metric)
    land = gpd.GeoSeries([outline], crs=4326).to_crs(metric).iloc[0]
    # One cell per distinct position; the first of several regions that share one gets it.
    cells = shapely.voronoi_polygons(
        shapely.multipoints(points.geometry.to_numpy()), extend_to=land, ordered=False
    )
    parts = gpd.GeoDataFrame(geometry=list(shapely.get_parts(cells)), crs=metric)
    owner = points.drop_duplicates("geometry").sjoin(parts, predicate="within")
    parts = parts.loc[owner["index_right"]].assign(region_id=owner["region_id"].to_numpy())
    areas = parts.dissolve("region_id").intersection(land)
    found = gpd.GeoDataFrame(geometry=areas.to_crs(4326)).rename_axis("region_id").reset_index()
    return _polygons(found)


def dissolve(areas: gpd.GeoDataFrame, parent: pd.Series) -> gpd.GeoDataFrame:
    """Areas of a higher level: the union of those below.

    Parameters
    ----------
    areas
        `region_id` and geometry.
    parent
        The region above each area, shape (n,); NA leaves it out.
    """
    valid = shapely.make_valid(areas.geometry.to_numpy())
    above = gpd.GeoDataFrame({"region_id": parent.to_numpy()}, geometry=valid, crs=4326)
    union = above.dropna(subset="region_id").dissolve("region_id").geometry
    # Slivers between neighbours that were drawn apart would show as lines.
    closed = shapely.buffer(union.to_numpy(), SLIVER_DEG, join_style="mitre")
    closed = shapely.buffer(closed, -SLIVER_DEG, join_style="mitre")
    areas = gpd.GeoDataFrame(geometry=closed, index=union.index, crs=4326)
    return _polygons(areas.rename_axis("region_id").reset_index())


def _polygons(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Only what has an area, each as one Polygon or MultiPolygon."""
    whole = []
    for shape in shapely.make_valid(areas.geometry.to_numpy()):
        parts = shapely.get_parts(shape)
        whole.append(shapely.union_all(parts[shapely.area(parts) > 0]))
    kept: gpd.GeoDataFrame = areas.set_geometry(gpd.GeoSeries(whole, index=areas.index, crs=4326))
    return kept[~kept.geometry.is_empty].reset_index(drop=True)


@dataclass(frozen=True)
class Matched:
    """Which boundary belongs to which region.

    Attributes
    ----------
    areas
        `region_id` and geometry of what was matched, EPSG:4326.
    how
        How many were matched by code, by name, and by another spelling.
    unmatched
        Names in the file that mean no region.
    missing
        Names of regions that no boundary means.
    unnamed
        How many areas of a new pack's boundaries have no name: they are drawn and hold nobody.
    """

    areas: gpd.GeoDataFrame
    how: dict[str, int]
    unmatched: tuple[str, ...]
    missing: tuple[str, ...]
    unnamed: int = 0


def match_boundaries(shapes: gpd.GeoDataFrame, regions: pd.DataFrame, level: int) -> Matched:
    """Match boundaries from any publisher to a pack's regions, by code or by every spelling.

    Parameters
    ----------
    shapes
        Polygons with any columns; one holds codes or names, another may hold the region above.
    regions
        The pack's: `region_id`, `name`, `also_known_as`, `level`, `parent_id`.
    level
        The level that the polygons are of.

    Raises
    ------
    DataError
        If the file holds no polygons, or no column of it names the regions.
    """
    shapes = only_polygons(shapes)
    wanted = regions[regions["level"] == level].reset_index(drop=True)
    texts = {str(c): shapes[c].map(words_of) for c in shapes.columns if c != shapes.geometry.name}
    spellings = _spellings(wanted)
    parents = _spellings(regions[regions["level"] == level - 1])
    names = max(texts, key=lambda c: texts[c].isin(spellings).sum(), default=None)
    codes = {normalise(region): region for region in wanted["region_id"]}
    coded = max(texts, key=lambda c: texts[c].isin(codes).sum(), default=None)
    above = max(texts, key=lambda c: texts[c].isin(parents).sum(), default=None)
    if names is None or coded is None or above is None:
        raise DataError("boundaries", "the polygons have no names")
    parent_of = dict(zip(wanted["region_id"], wanted["parent_id"], strict=True))
    inside = [parents[group][0] if group in parents else None for group in texts[above]]
    found: list[str | None] = []
    how = {"code": 0, "name": 0, "spelling": 0}
    for code, name, group in zip(texts[coded], texts[names], inside, strict=True):
        same = [r for r in spellings.get(name, []) if group in (None, parent_of[r])]
        region = codes.get(code) or (same[0] if len(same) == 1 else None)
        how["code" if code in codes else "name"] += region is not None
        found.append(region)
    # Only a region that nobody names rightly may be meant by another spelling.
    free = {w: ids[0] for w, ids in spellings.items() if ids[0] not in found}
    for i, name in enumerate(texts[names]):
        if found[i] is None and inside[i] is not None:
            near = [w for w, region in free.items() if parent_of[region] == inside[i]]
            best = process.extractOne(name, near, scorer=fuzz.ratio, score_cutoff=SPELLING)
            found[i] = free[best[0]] if best else None
            how["spelling"] += best is not None
    if not any(found):
        raise DataError("boundaries", f"no polygon is called like a region of level {level}")
    shapes["region_id"] = found
    areas = dissolve(shapes, shapes["region_id"])
    lost = [
        str(shapes[names][i]) if texts[names][i] else UNNAMED
        for i, region in enumerate(found)
        if region is None
    ]
    missing = wanted.loc[~wanted["region_id"].isin(areas["region_id"]), "name"]
    return Matched(areas, how, tuple(lost), tuple(missing))


def only_polygons(shapes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The polygons of a file, in degrees from -180 to 180.

    Raises
    ------
    DataError
        If there are none, or positions are not degrees.
    """
    shapes = shapes.to_crs(4326) if shapes.crs is not None else shapes.set_crs(4326)
    kinds = shapes.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    found: gpd.GeoDataFrame = shapes[kinds & ~shapes.geometry.is_empty].reset_index(drop=True)
    if found.empty:
        raise DataError("boundaries", "there are no polygons in the file")
    west, south, east, north = found.total_bounds
    if not (-360 <= west <= east <= 360 and -90 <= south <= north <= 90):
        raise DataError(
            "boundaries", "positions are not degrees: give the file with its projection"
        )
    whole = [split_at_antimeridian(shape) for shape in found.geometry]
    return found.set_geometry(gpd.GeoSeries(whole, index=found.index, crs=4326))


def words_of(value: object) -> str:
    """A cell of a table of boundaries, to compare; "" where it says nothing."""
    if isinstance(value, float):
        return f"{value:.0f}" if value == value else ""
    return "" if value is None else normalise(str(value))


def _spellings(regions: pd.DataFrame) -> dict[str, list[str]]:
    """Every spelling of every region's name, and whom it means."""
    known: dict[str, list[str]] = {}
    for region, name, others in zip(
        *(regions[c] for c in ("region_id", "name", "also_known_as")), strict=True
    ):
        for word in {normalise(name), *map(normalise, others if isinstance(others, list) else [])}:
            known.setdefault(word, []).append(region)
    return known


def read_areas(text: str) -> list[tuple[str, BaseGeometry]]:
    """Read the areas that somebody drew or uploaded, one for each feature that has one.

    Parameters
    ----------
    text
        GeoJSON in degrees: a geometry, a feature or a collection.

    Returns
    -------
    list of (str, shapely.geometry.base.BaseGeometry)
        Names, numbered where the features have none, and valid areas with longitudes from -180 to
        180; cut where they cross the antimeridian.

    Raises
    ------
    CareReachError
        In one sentence, if there is no such area in it.
    """
    try:
        whole = json.loads(text)
        features = whole["features"] if whole.get("type") == "FeatureCollection" else [whole]
        # A feature may say that it lies nowhere (RFC 7946, 3.2).
        placed = [one for one in features if one.get("geometry", one) is not None]
        read = [(_name_of(one), _polygons_in(json.dumps(one))) for one in placed]
    except (shapely.errors.GEOSException, TypeError, ValueError, AttributeError, KeyError):
        raise CareReachError("This is not GeoJSON that can be read.") from None
    found = [(name, parts) for name, parts in read if parts]
    if not found:
        raise CareReachError("There is no area in it: one polygon at least is needed.")
    west, south, east, north = shapely.total_bounds([part for _, parts in found for part in parts])
    if not (-360 <= west <= east <= 360 and -90 <= south <= north <= 90):
        raise CareReachError(
            "Its positions are not degrees of longitude and latitude: save it as WGS 84."
        )
    areas = [
        (
            name or f"Area {number}",
            shapely.union_all(shapely.make_valid([split_at_antimeridian(part) for part in parts])),
        )
        for number, (name, parts) in enumerate(found, 1)
    ]
    if not any(area.area for _, area in areas):
        raise CareReachError("The area in it is empty.")
    return [(name, area) for name, area in areas if area.area]


#: What the name of a feature is called, in small letters.
_NAMED = ("name", "title", "shapename", "name_en", "label", "id")


def _name_of(feature: Mapping[str, Any]) -> str:
    """The name that a feature gives itself; "" where it has none."""
    said = feature.get("properties")
    known = {str(k).lower(): v for k, v in said.items()} if isinstance(said, dict) else {}
    names = (str(known[key]).strip() for key in _NAMED if known.get(key) is not None)
    return next(filter(None, names), "")[:80]


def _polygons_in(geojson: str) -> list[BaseGeometry]:
    """The polygons in GeoJSON."""
    parts = shapely.get_parts(shapely.get_parts(shapely.from_geojson(geojson)))
    return [p for p in parts if p.geom_type in ("Polygon", "MultiPolygon") and not p.is_empty]
