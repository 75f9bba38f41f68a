"""Official boundaries from any publisher, put into the user's copy of a pack."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo.errors import DataError
from geo.packs.pack import open_pack, read_descriptor, read_table
from geo.packs.shapes import Matched, match_boundaries, name_boundaries
from geo.packs.store import add_resource, change_pack, region_ids, write_table

#: Boundaries are kept on a grid of this width.
_GRID_DEG = 0.0005


def import_boundaries(name: str, shapes: gpd.GeoDataFrame, *, dry_run: bool = False) -> Matched:
    """Put official boundaries of the lowest regions into the user's copy of a pack.

    They are drawn instead of approximate areas and change no figure. In a pack without regions
    each polygon becomes one, and providers belong to the one they lie in.

    Parameters
    ----------
    name
        The pack.
    shapes
        Polygons with codes or names, in any projection that they name.
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
        return _first_boundaries(name, shapes, dry_run=dry_run)
    lowest = int(pack.regions["level"].max())
    matched = match_boundaries(shapes, pack.regions, lowest)
    if dry_run:
        return matched

    def change(folder: Path) -> None:
        _write(folder, matched.areas)

    change_pack(name, change)
    return matched


def _first_boundaries(name: str, shapes: gpd.GeoDataFrame, *, dry_run: bool) -> Matched:
    """Boundaries as the regions of a pack that has none."""
    areas = name_boundaries(shapes)

    def change(folder: Path) -> None:
        regions = pd.DataFrame(areas[["region_id", "name"]]).assign(level=1, boundary="surveyed")
        write_table(folder, "regions", regions)
        _write(folder, areas[["region_id", "geometry"]])
        providers = read_table(folder, read_descriptor(folder), "providers")
        providers["region_id"] = region_ids(folder, providers)
        write_table(folder, "providers", providers)

    change_pack(name, change, dry_run=dry_run)
    return Matched(areas, {"name": len(areas)}, (), ())


def _write(folder: Path, areas: gpd.GeoDataFrame) -> None:
    """Put boundaries into a staged pack."""
    drawn = areas.set_geometry(areas.geometry.set_precision(_GRID_DEG))
    (folder / "boundaries.geojson").write_text(drawn.to_json(drop_id=True), "utf-8")
    add_resource(folder, "boundaries", "boundaries.geojson")
