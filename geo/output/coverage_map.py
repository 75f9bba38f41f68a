"""The map of a coverage: regions in classes of distance, and the places that supply them."""

import numpy as np
import pandas as pd

from geo.coverage.coverage import ADDED, Coverage, in_supply
from geo.output.coverage_text import distance_bands, far_text, percent_text
from geo.output.maps import AreaMap

#: Classes of distance: two within the threshold, three beyond, the gaps darkest; and nobody.
COLORS = ("#dcebe3", "#abd0c1", "#f2b36b", "#cf6228", "#7d2707", "#6b6f6d")
#: More places than this cannot be told apart: only the added ones are drawn.
MOST_PLACES = 2000


def coverage_map(coverage: Coverage) -> AreaMap:
    """What a map of a coverage draws, without the areas themselves.

    Parameters
    ----------
    coverage
        The figures; the lowest regions get the class of their median person's distance.
    """
    return AreaMap(classes=_classes(coverage), colors=COLORS, places=_places(coverage))


def _classes(coverage: Coverage) -> dict[str, tuple[int, str]]:
    """The class of each region by the distance its median person has, with its figure."""
    edges = distance_bands(coverage)
    rows = coverage.regions
    lowest = int(max(coverage.pack.regions["level"], default=1))
    rows = rows[(rows["level"] == lowest) & (rows["population"] > 0)]
    chosen = {}
    for region, far, share in zip(rows["region_id"], rows["median"], rows["share"], strict=True):
        number = int(np.searchsorted(edges, far)) if pd.notna(far) else len(edges) + 1
        text = far_text(far, coverage.shown_unit) if pd.notna(far) else "no such place"
        chosen[region] = (number, f"{text}, {percent_text(share)} covered")
    return chosen


def _places(coverage: Coverage) -> list[tuple[str, float, float]]:
    """Providers of the supply."""
    rows = in_supply(coverage.supplied.rows, coverage.supply)
    added = rows["provider_id"].str.startswith(ADDED)
    if len(rows) > MOST_PLACES:
        rows, added = rows[added], added[added]
    return [
        ("added" if is_added else "known", round(lat, 4), round(lon, 4))
        for is_added, lat, lon in zip(added, rows["lat"], rows["lon"], strict=True)
    ]
