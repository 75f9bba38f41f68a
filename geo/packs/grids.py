"""Where people live, in other ways than a pack's own demand points: grids and groups of people.

Each is a Parquet file of the pack: `region_id`, `population`, `lat`, `lon`; a row for every point.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from geo.errors import DataError
from geo.packs.tables import DESCRIPTOR, resource_path

#: How the file of a grid begins in a pack.
RESOURCE = "people_"
_COLUMNS = ("region_id", "population", "lat", "lon")


@dataclass(frozen=True)
class PeopleGrid:
    """Where people live, as one grid says.

    Attributes
    ----------
    name
        What it is asked for by.
    title
        As shown.
    group
        Whom it counts, "women of 15-49"; everybody where empty.
    people
        How many it counts in the pack's regions.
    points
        At how many points.
    note
        How the points came about.
    """

    name: str
    title: str
    group: str
    people: float
    points: int
    note: str
    path: Path


def grids_of(folder: Path, about: Mapping[str, Any]) -> dict[str, PeopleGrid]:
    """The grids that a descriptor names.

    Raises
    ------
    DataError
        If an entry lacks something.
    """
    found = {}
    for entry in about.get("people", []):
        try:
            name = str(entry["name"])
            path = resource_path(folder, about, RESOURCE + name)
            if path is None:
                raise DataError(DESCRIPTOR, f"the people {name!r} have no file")
            found[name] = PeopleGrid(
                name=name,
                title=str(entry["title"]),
                group=str(entry.get("group", "")),
                people=float(entry["people"]),
                points=int(entry["points"]),
                note=str(entry.get("note", "")),
                path=path,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                DESCRIPTOR, "each of people must have a name, a title, people and points"
            ) from None
    return found


def read_grid(grid: PeopleGrid) -> pd.DataFrame:
    """The points of a grid, in the columns of a pack's demand points.

    Returns
    -------
    pandas.DataFrame
        `demand_id`, `region_id` (categories), `name` (the position), `population` (not whole),
        `lat`, `lon`.

    Raises
    ------
    DataError
        If the file is missing or broken.
    """
    try:
        frame = pd.read_parquet(grid.path, columns=list(_COLUMNS))
    except FileNotFoundError:
        raise DataError(grid.path.name, "the file is missing") from None
    except (ValueError, OSError) as error:
        raise DataError(grid.path.name, f"cannot be read as Parquet: {error}") from None
    lat, lon = (frame[axis].to_numpy(float) for axis in ("lat", "lon"))
    names = [f"{y:.3f}, {x:.3f}" for y, x in zip(lat, lon, strict=True)]
    ids = [f"{grid.name}:{number}" for number in range(1, len(frame) + 1)]
    return pd.DataFrame(
        {
            "demand_id": pd.array(ids, "str"),
            "region_id": frame["region_id"].astype("category"),
            "name": pd.array(names, "str"),
            "population": frame["population"].to_numpy(float),
            "lat": lat,
            "lon": lon,
        }
    )
