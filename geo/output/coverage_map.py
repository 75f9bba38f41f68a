"""The map of a coverage: regions in classes of distance, and the places that supply them."""

import numpy as np
import pandas as pd

from geo.coverage.coverage import ADDED, Coverage, in_supply, region_at
from geo.output.coverage_text import distance_bands, far_text, percent_text
from geo.output.maps import AreaMap, Spot

#: Classes of distance: two within the threshold, three beyond, the gaps darkest; and nobody.
COLORS = ("#dcebe3", "#abd0c1", "#f2b36b", "#cf6228", "#7d2707", "#6b6f6d")
#: Of more places than this the names do not travel.
MOST_NAMED = 400
#: Of more places than this a map has the sums of cells, so many at most.
MOST_SPOTS, MOST_SUMS = 100_000, 4_000
#: Where people live is drawn with so many points at most; of more, the sums of cells.
MOST_PEOPLE = 1000


People = tuple[list[tuple[float, float, int]], bool]


def coverage_map(
    coverage: Coverage, people: People | None = None, region: str | None = None
) -> AreaMap:
    """What a map of a coverage draws, without the areas themselves.

    Parameters
    ----------
    coverage
        The figures; the lowest regions get the class of their median person's distance.
    people
        From `people_points`, where that was kept.
    region
        The chosen region: of very many places those in it have their names.
    """
    points, cells = people or people_points(coverage.pack.demand)
    return AreaMap(
        classes=_classes(coverage),
        colors=COLORS,
        places=_places(coverage, region),
        people=points,
        cells=cells,
        insets=coverage.pack.insets,
    )


def people_points(demand: pd.DataFrame, most: int = MOST_PEOPLE) -> People:
    """Where people live, for a map.

    Parameters
    ----------
    demand
        Of a pack.
    most
        So many points at most.

    Returns
    -------
    tuple
        (lat, lon, people) per point, the largest first, and whether they are sums of cells: then
        each stands at the middle of its people.
    """
    rows = demand.loc[demand["population"] > 0, ["lat", "lon", "population"]].astype(float)
    cells = len(rows) > most
    size_deg = 0.25
    summed = rows
    while len(summed) > most:
        weight = rows["population"]
        moments = rows.assign(lat=rows["lat"] * weight, lon=rows["lon"] * weight)
        row, column = (np.floor(rows[axis] / size_deg) for axis in ("lat", "lon"))
        summed = moments.groupby([row, column]).sum().reset_index(drop=True)
        for axis in ("lat", "lon"):
            summed[axis] /= summed["population"]
        size_deg *= 1.3
    # Of equal ones the first stays first: an unstable order is another on every processor.
    summed = summed.sort_values("population", ascending=False, kind="stable")
    return [
        (round(lat, 3), round(lon, 3), int(people))
        for lat, lon, people in summed.itertuples(index=False)
    ], cells


def _classes(coverage: Coverage) -> dict[str, tuple[int, str]]:
    """The class of each region by the distance its median person has, with its figure."""
    edges = distance_bands(coverage)
    rows = coverage.regions
    lowest = int(max(coverage.pack.regions["level"], default=1))
    rows = rows[(rows["level"] == lowest) & (rows["population"] > 0)]
    chosen = {}
    names = coverage.pack.regions.set_index("region_id")["name"]
    # Of many regions the larger one goes without saying, and would weigh much.
    within = rows["parent_id"].map(names) if len(rows) <= MOST_NAMED else rows["name"]
    columns = ("region_id", "name", "population", "median", "share")
    for region, name, people, far, share, larger in zip(
        *(rows[column] for column in columns), within, strict=True
    ):
        number = int(np.searchsorted(edges, far)) if pd.notna(far) else len(edges) + 1
        figures = "no such place"
        if pd.notna(far):
            figures = f"nearest {far_text(far, coverage.shown_unit)}"
        figures += f", {percent_text(share)} covered"
        words = f"{int(people):,} people; {figures if coverage.on_record else 'not known'}"
        place = f"in {larger}, " if pd.notna(larger) and larger != name else ""
        chosen[region] = (number, place + words)
    return chosen


def _places(coverage: Coverage, region: str | None) -> list[Spot]:
    """Providers of the supply, with names where they are few enough."""
    rows = in_supply(coverage.supplied.rows, coverage.supply)
    status = rows["status"].mask(rows["provider_id"].str.startswith(ADDED), "added")
    if len(rows) > MOST_SPOTS:
        return _sums(rows, status)
    names = rows["name"].astype(str)
    if len(names) > MOST_NAMED:
        regions = coverage.pack.regions
        level = regions.loc[regions["region_id"] == region, "level"]
        inside = np.zeros(len(rows), bool)
        if len(level):
            found = region_at(regions, rows["region_id"], int(level.iloc[0])) == region
            inside = found.fillna(False).to_numpy(bool)
        names = names.where(inside & (inside.sum() <= MOST_NAMED), "")
    return [
        Spot(str(status), round(lat, 4), round(lon, 4), name)
        for status, lat, lon, name in zip(status, rows["lat"], rows["lon"], names, strict=True)
    ]


def _sums(rows: pd.DataFrame, status: "pd.Series[str]") -> list[Spot]:
    """Places of one status and cell as one mark in their middle, the most last, on top."""
    kinds, words = pd.factorize(status)
    lat, lon = (rows[axis].to_numpy(float) for axis in ("lat", "lon"))
    size_deg, found = 0.25, pd.DataFrame()
    while found.empty or len(found) > MOST_SUMS:
        cells = {"row": np.floor(lat / size_deg), "column": np.floor(lon / size_deg)}
        spots = pd.DataFrame({"kind": kinds, "lat": lat, "lon": lon, **cells})
        grouped = spots.groupby(["kind", "row", "column"], sort=False)
        found = grouped.agg(many=("lat", "size"), lat=("lat", "mean"), lon=("lon", "mean"))
        size_deg *= 1.3
    found = found.reset_index().sort_values("many", kind="stable")
    return [
        Spot(str(words[kind]), round(lat, 4), round(lon, 4), f"{many:,} {words[kind]}")
        for kind, many, lat, lon in zip(
            found["kind"], found["many"], found["lat"], found["lon"], strict=True
        )
    ]
