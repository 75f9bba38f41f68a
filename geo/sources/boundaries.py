"""Official boundaries from any publisher, put into the user's copy of a pack."""

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo.errors import DataError
from geo.packs.pack import open_pack, read_descriptor
from geo.packs.shapes import Matched, dissolve, match_boundaries, only_polygons, words_of
from geo.packs.store import add_resource, change_pack, region_ids, write_table
from geo.packs.tables import read_table
from geo.sources.vocabulary import WORDS, folded

#: Boundaries are kept on a grid of this width.
_GRID_DEG = 0.0005
#: A column names the areas if it names more than this share of them.
_MOST = 0.5
#: How publishers call the columns of a boundary's name and code, as patterns.
_NAMES, _CODES = (
    re.compile("|".join(f"(?:{words})" for words in WORDS["boundaries"][key]))
    for key in ("names", "codes")
)


def import_boundaries(
    name: str, shapes: gpd.GeoDataFrame, *, name_column: str = "", dry_run: bool = False
) -> Matched:
    """Put official boundaries of the lowest regions into the user's copy of a pack.

    They are drawn instead of approximate areas and change no figure. In a pack without regions
    each polygon becomes one, and providers belong to the one they lie in.

    Parameters
    ----------
    name
        The pack.
    shapes
        Polygons with codes or names, in any projection that they name.
    name_column
        The column of names, for a pack without regions; proposed where it is "".
    dry_run
        Only say what would be matched.

    Raises
    ------
    DataError
        If nothing can be matched.
    """
    if not isinstance(shapes, gpd.GeoDataFrame) or shapes._geometry_column_name not in shapes:
        raise DataError("boundaries", "there are no polygons in the file")
    pack = open_pack(name)
    if pack.regions.empty:
        return _first_boundaries(name, shapes, name_column, dry_run=dry_run)
    lowest = int(pack.regions["level"].max())
    matched = match_boundaries(shapes, pack.regions, lowest)
    if dry_run:
        return matched

    def change(folder: Path) -> None:
        _write(folder, matched.areas)

    change_pack(name, change, f"Boundaries of {len(matched.areas)} regions")
    return matched


def _first_boundaries(
    name: str, shapes: gpd.GeoDataFrame, name_column: str, *, dry_run: bool
) -> Matched:
    """Boundaries as the regions of a pack that has none."""
    areas = name_boundaries(shapes, name_column)
    named = areas[areas["region_id"] != ""]

    def change(folder: Path) -> None:
        regions = pd.DataFrame(named[["region_id", "name"]]).assign(level=1, boundary="surveyed")
        write_table(folder, "regions", regions)
        _write(folder, areas[["region_id", "geometry"]])
        providers = read_table(folder, read_descriptor(folder), "providers")
        providers["region_id"] = region_ids(folder, providers)
        write_table(folder, "providers", providers)

    change_pack(name, change, f"Regions from {len(named)} boundaries", dry_run=dry_run)
    return Matched(named, {"name": len(named)}, (), (), unnamed=len(areas) - len(named))


def name_boundaries(shapes: gpd.GeoDataFrame, name_column: str = "") -> gpd.GeoDataFrame:
    """Boundaries of a pack that has no regions yet: each named polygon becomes one.

    Of the columns that name most polygons, the one with the most names is taken: it is that of the
    lowest level.

    Parameters
    ----------
    shapes
        Polygons with names and perhaps codes, as geoBoundaries, COD-AB or others call them.
    name_column
        The column of names, where it is known.

    Returns
    -------
    geopandas.GeoDataFrame
        `region_id`, `name` and geometry, EPSG:4326; parts of one code are one region. Those without
        a name come last, each with the id "".

    Raises
    ------
    DataError
        If there are no polygons, or no column is known that names most of them.
    """
    shapes = only_polygons(shapes)
    texts = [str(c) for c in shapes.columns if c != shapes.geometry.name]
    if name_column and name_column not in texts:
        raise DataError("boundaries", f"has no column {name_column!r}; it has {', '.join(texts)}")
    told = {column: shapes[column].map(words_of) for column in texts}
    known = [name_column] if name_column else [c for c in texts if _NAMES.fullmatch(folded(c))]
    # Of columns with as many names, the first of the file.
    most = [c for c in known if told[c].ne("").mean() > _MOST or name_column]
    names = max(most, key=lambda c: told[c].nunique(), default=None)
    if names is None:
        raise DataError(
            "boundaries",
            "no column is known that names most areas: say which with --name-column; there are "
            f"{', '.join(texts)}",
        )
    has_name = told[names].ne("")
    bare, shapes = shapes[~has_name], shapes[has_name].reset_index(drop=True)
    name = shapes[names].map(lambda n: f"{n:.0f}" if isinstance(n, float) else str(n).strip())
    # A code counts if each means one name: that of the country does not.
    codes = [c for c in texts if _CODES.fullmatch(folded(c)) and told[c][has_name].ne("").all()]
    own = (c for c in codes if name.groupby(shapes[c].map(str)).nunique().eq(1).all())
    code = next(own, None)
    if code is not None:
        ids = shapes[code].map(words_of).str.upper().str.replace(" ", "-")
    else:
        plain = name.map(lambda words: "-".join(words.split()).casefold())
        again = plain.groupby(plain).cumcount() + 1
        ids = plain.where(again == 1, plain + "-" + again.astype(str))
    areas = dissolve(shapes, ids)
    called = dict(zip(ids, name, strict=True))
    areas = areas.assign(name=areas["region_id"].map(called))
    rest = gpd.GeoDataFrame(geometry=bare.geometry.to_list(), crs=4326)
    rest = rest.assign(region_id="", name="")
    found: gpd.GeoDataFrame = pd.concat([areas, rest], ignore_index=True) if len(rest) else areas
    return found


def _write(folder: Path, areas: gpd.GeoDataFrame) -> None:
    """Put boundaries into a staged pack."""
    drawn = areas.set_geometry(areas.geometry.set_precision(_GRID_DEG))
    (folder / "boundaries.geojson").write_text(drawn.to_json(drop_id=True), "utf-8")
    add_resource(folder, "boundaries", "boundaries.geojson")
