"""Who lives in any area, drawn or uploaded, and whom they can reach."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.coverage.coverage import Coverage, in_supply
from geo.coverage.reach import SUPPLIES, share_within


@dataclass(frozen=True)
class AreaFigures:
    """Who lives in an area, and whom they can reach, wherever that is.

    Attributes
    ----------
    population, beyond
        People whose place lies in the area; those of them without the chosen supply in reach (None:
        not known).
    share
        Of them, within the threshold, for each cumulative supply.
    providers
        Of the chosen supply, inside the area.
    """

    population: int
    beyond: int | None
    share: Mapping[str, float]
    providers: int


def area_coverage(coverage: Coverage, shape: BaseGeometry) -> AreaFigures:
    """The figures of any area: demand points and providers are in it or not.

    Parameters
    ----------
    coverage
        Whose threshold, measure and supply count.
    shape
        From `geo.packs.shapes.read_areas`, in degrees.
    """
    demand = coverage.supplied.assessed.pack.demand
    inside = _contains(shape, demand)
    people = demand["population"].to_numpy(float)[inside]
    reach = coverage.supplied.reach
    share = {
        s: share_within(reach.nearest(coverage.measure.name, s)[inside], people, coverage.within)
        if coverage.providers[s] or coverage.supplied.supposed
        else np.nan
        for s in SUPPLIES
    }
    near = people[coverage.far[inside] <= coverage.within].sum()
    supply = in_supply(coverage.supplied.rows, coverage.supply)
    return AreaFigures(
        population=int(people.sum()),
        beyond=int(people.sum() - near) if coverage.on_record else None,
        share=share,
        providers=int(_contains(shape, supply).sum()),
    )


def _contains(shape: BaseGeometry, points: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which points lie in an area; its edge counts as in."""
    shapely.prepare(shape)
    inside: npt.NDArray[np.bool_] = shapely.intersects_xy(shape, points["lon"], points["lat"])
    return inside
