"""The ground of the bundled packs' maps: `python -m tools.build_ground data/bhutan data/us`.

From Natural Earth 1:10m (public domain), as `tools/basemap` holds it (see its README), and from the
towns of the pack itself. Only the file `ground.pmtiles` and its entry in `datapackage.json` change.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo.packs.ground import GROUND, Layer, write_ground
from geo.packs.pack import open_pack, read_descriptor
from geo.packs.store import add_resource, with_source, write_descriptor

HERE = Path(__file__).parent / "basemap"
ATTRIBUTION = {
    "bhutan": "Natural Earth; dashed: road connections, schematic",
    "us": "Natural Earth",
}
FILES = {
    "bhutan": ("bhutan_natural_earth.geojson",),
    "us": (
        "us_natural_earth.geojson.gz",
        "alaska_natural_earth.geojson.gz",
        "hawaii_natural_earth.geojson",
    ),
}
OCEAN = "ocean_50m.geojson.gz"
INSIDE_US = "us_roads_water_places.geojson.gz"
#: A border so near to the pack's own land is the same border, drawn from another file.
OWN_BORDER_DEG = 0.12
#: The last zoom with tiles: a coast of 1:10m shows nothing more beyond.
LAST = {"bhutan": 9, "us": 8}
FIRST = {"bhutan": 5, "us": 3}
#: Neighbours' names, which the file lacks: where there is room for them on the map.
NEIGHBOURS = {
    "bhutan": (("India", 90.3, 26.45), ("India", 88.45, 27.3), ("China", 90.6, 28.55)),
    "us": (
        *(("Canada", -106.0, 50.6), ("Canada", -79.0, 47.6), ("Canada", -135.0, 63.5)),
        *(("Mexico", -105.5, 28.0), ("Mexico", -101.0, 26.0)),
    ),
}
ROAD_CLASSES = {"Freeway": 1, "Primary": 2, "Secondary": 3, "Unpaved": 4, "Unknown": 3}
#: From how many people on a town is of which rank.
RANKS = ((1_000_000, 1), (200_000, 2), (50_000, 3), (10_000, 4), (2_000, 5), (0, 6))
#: The first zoom at which a rank can be read.
RANK_ZOOM = {1: 3, 2: 4, 3: 6, 4: 7, 5: 8, 6: 9}


def features(files: tuple[str, ...]) -> gpd.GeoDataFrame:
    """What the files hold, as one frame."""
    read = [gpd.read_file(f"/vsigzip/{HERE / f}" if f.endswith("gz") else HERE / f) for f in files]
    return _stacked(*read).set_crs(4326, allow_override=True)


def _stacked(*parts: pd.DataFrame) -> gpd.GeoDataFrame:
    """Frames one below the other."""
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry")


def pieces_joined(rows: pd.DataFrame) -> pd.DataFrame:
    """Lines and areas that were cut at the edges of tiles, joined by their name."""
    if rows.empty:
        return rows
    rows = rows.assign(name=rows["name"].fillna(""))
    shapes = {
        name: shapely.union_all(shapely.make_valid(part.geometry.to_numpy()), grid_size=1e-4)
        for name, part in rows.groupby("name")
    }
    joined = gpd.GeoDataFrame(
        {"name": list(shapes)},
        geometry=[shapely.line_merge(s) if "Line" in s.geom_type else s for s in shapes.values()],
        crs=4326,
    ).explode(ignore_index=True)
    return joined.assign(name=joined["name"].replace("", None))


def natural_earth(pack: str) -> dict[str, pd.DataFrame]:
    """The layers of a pack: name to rows."""
    rows = features(FILES[pack])
    parts = {str(k): v[["name", "type", "geometry"]] for k, v in rows.groupby("layer")}
    roads = parts["road"]
    lakes = parts["water"]
    rivers, urban = parts["river"], parts["urban"]
    if pack == "us":
        inside = features((INSIDE_US,))
        outline = open_pack("us").outline
        shapely.prepare(outline)
        roads = roads[~shapely.intersects(outline, shapely.centroid(roads.geometry.to_numpy()))]
        by_class = inside[inside["kind"] == "road"]
        names = {1: "Freeway", 2: "Primary", 3: "Secondary", 4: "Unpaved"}
        known = by_class.assign(type=by_class["class"].astype(int).map(names), name=None)
        roads = _stacked(roads, known[["name", "type", "geometry"]])
        named = inside[inside["kind"] == "lake"][["name", "geometry"]]
        lakes = _stacked(lakes, named)
        rivers = _stacked(rivers, inside[inside["kind"] == "river"][["name", "geometry"]])
        urban = _stacked(urban, inside[inside["kind"] == "urban"][["geometry"]])
    found = {
        "urban": urban.assign(name=None),
        "ice": parts.get("ice", roads[:0]).assign(name=None),
        "water": lakes.assign(name=None),
        "river": rivers,
        "rail": parts.get("railroad", roads[:0]).assign(name=None),
    }
    for number in sorted(set(ROAD_CLASSES.values())):
        found[f"road{number}"] = roads[roads["type"].map(ROAD_CLASSES) == number].assign(name=None)
    joined: dict[str, pd.DataFrame] = {name: pieces_joined(part) for name, part in found.items()}
    borders = rows[rows["layer"] == "admin"]
    own = shapely.buffer(
        shapely.simplify(open_pack(pack).outline, 0.01), OWN_BORDER_DEG, quad_segs=16
    )
    for level in (0, 1):
        lines = borders[borders["admin_level"].astype(float) == level][["name", "geometry"]]
        # The pack draws its own borders: those of another file beside them would be double.
        lines = lines.assign(geometry=shapely.difference(lines.geometry.to_numpy(), own))
        joined[f"border{level}"] = pieces_joined(lines[~lines.geometry.is_empty])
    for layer, label in (("state_label", "state"), ("marine_label", "sea"), ("lake_label", "lake")):
        if layer in parts and not (pack == "bhutan" and label == "state"):
            labels = parts[layer].dropna(subset=["name"])
            joined[label] = labels[["name", "geometry"]].drop_duplicates("name")
    return joined


def towns(pack: str) -> Iterator[tuple[int, pd.DataFrame]]:
    """Towns and villages of the pack by rank, and the neighbours' larger ones."""
    opened = open_pack(pack)
    places = opened.places
    places = places[places["kind"].isin(["town", "village", "gewog"])]
    if pack == "bhutan":
        # A gewog is a region of villages: its name stands where its people live, last of all.
        rank = places["kind"].map({"town": 4, "village": 6, "gewog": 6}).astype(int)
        capitals = {"Thimphu": 2, "Phuentsholing": 3, "Gelephu": 3}
        rank = places["name"].map(capitals).where(places["kind"] == "town").fillna(rank)
    else:
        people = places["population"].fillna(0).astype(float)
        rank = people.map(lambda n: next(r for least, r in RANKS if n >= least))
    rows = gpd.GeoDataFrame(
        {"name": places["name"].astype(object), "rank": rank.astype(int)},
        geometry=gpd.points_from_xy(places["lon"], places["lat"]),
        crs=4326,
    )
    labels = features(FILES[pack])
    labels = labels[labels["layer"] == "place_label"].dropna(subset=["name"])
    outline = opened.outline
    abroad = labels[~shapely.intersects(outline, labels.geometry.to_numpy())]
    people = abroad["population"].astype(float).fillna(0)
    rank = people.map(lambda n: next(r for least, r in RANKS if n >= least))
    rows = _stacked(rows, abroad.assign(rank=rank)[["name", "rank", "geometry"]])
    for number, part in rows.groupby("rank"):
        yield int(str(number)), part[["name", "geometry"]]


def layers(pack: str) -> Iterator[Layer]:
    """Everything that the ground of a pack is made of."""
    first, last = FIRST[pack], LAST[pack]
    starts = {"rail": 6, "road3": 6, "road4": 6, "urban": 5, "lake": 6, "border1": 4}
    for name, rows in natural_earth(pack).items():
        if name == "water" and pack == "us":
            rows = _stacked(rows, _farther_sea(pack))
        yield Layer(name, gpd.GeoDataFrame(rows), max(first, starts.get(name, first)), last)
    yield Layer("link", _road_links(pack), 7, last)
    for rank, rows in towns(pack):
        zoom = min(max(first, RANK_ZOOM[rank]), last)
        yield Layer(f"town{rank}", gpd.GeoDataFrame(rows), zoom, last)
    words, lons, lats = zip(*NEIGHBOURS[pack], strict=True)
    neighbours = gpd.GeoDataFrame(
        {"name": list(words)}, geometry=gpd.points_from_xy(lons, lats), crs=4326
    )
    yield Layer("country", neighbours, first, last)


def _farther_sea(pack: str) -> gpd.GeoDataFrame:
    """The sea around the files of 1:10m, less finely: no map ends in a straight shore."""
    known = [shapely.box(*features((file,)).total_bounds) for file in FILES[pack]]
    sea = shapely.union_all(features((OCEAN,)).geometry.to_numpy())
    return gpd.GeoDataFrame(geometry=[sea - shapely.union_all(known).buffer(-0.01)], crs=4326)


def _road_links(pack: str) -> gpd.GeoDataFrame:
    """The legs of a pack's road table as straight lines: where roads lead, not where they lie."""
    opened = open_pack(pack)
    nodes = opened.road_nodes.dropna(subset=["lat"]).set_index("node")
    spots = {node: (row.lon, row.lat) for node, row in nodes.iterrows()}
    legs = zip(opened.roads["from"], opened.roads["to"], strict=True)
    lines = [shapely.LineString([spots[a], spots[b]]) for a, b in legs if {a, b} <= set(spots)]
    return gpd.GeoDataFrame(geometry=lines, crs=4326)


def build_ground(folder: Path) -> int:
    """Write the ground of a bundled pack; how many tiles it has."""
    credit = ATTRIBUTION[folder.name]
    count = write_ground(layers(folder.name), folder / f"{GROUND}.pmtiles", credit)
    add_resource(folder, GROUND, f"{GROUND}.pmtiles")
    write_descriptor(folder, _with_source(read_descriptor(folder)))
    return count


def _with_source(about: dict[str, Any]) -> dict[str, Any]:
    """A descriptor that names where the ground comes from."""
    source = {
        "name": "natural-earth",
        "title": "Natural Earth, 1:10m",
        "kind": "other",
        "path": "https://www.naturalearthdata.com/",
        "license": "public domain",
        "description": "Water, roads, railways, urban areas and borders of neighbours on the maps, "
        "through the vector tiles of mapion/natural-earth-tiles (commit 3a31baa2). They are "
        "drawn, and decide nothing.",
    }
    return with_source(about, source)


def main() -> None:
    """Build the grounds of the packs that are named."""
    for argument in sys.argv[1:]:
        target = Path(argument)
        print(f"{target.name}: {build_ground(target)} tiles")  # noqa: T201  # this is the report


if __name__ == "__main__":
    main()
