"""Who is still served when the nearest place is full: people given to places in order of distance.

The *geographic coverage* of AccessMod (Ray & Ebener 2008), with pairs of people and places taken
from the shortest to the longest, so that the order of places in a table does not matter.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage.catchments import METHODS, floating_catchments
from geo.coverage.coverage import Coverage, in_supply, pairs_in_reach, region_at
from geo.distance import Pairs
from geo.errors import CareReachError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
#: All pairs are in memory at once, 24 bytes each.
MOST_PAIRS = 10_000_000
#: No bed is enough for more people.
MOST_PER_UNIT = 1e9


@dataclass(frozen=True)
class Served:
    """Who is served by whom.

    Attributes
    ----------
    served
        Of the people of each demand point, shape (n,).
    in_reach
        Whether any place is within the threshold of it, shape (n,).
    load
        People given to each place, shape (m,).
    far
        The mean way of those served at each point, in the unit of the pairs, shape (n,); NaN where
        nobody is.
    """

    served: Floats
    in_reach: npt.NDArray[np.bool_]
    load: Floats
    far: Floats


def serve_nearest(people: npt.ArrayLike, room: npt.ArrayLike, pairs: Pairs) -> Served:
    """Give people to places, the shortest ways first, until the places are full.

    Parameters
    ----------
    people
        At each demand point, shape (n,).
    room
        How many people each place can serve, shape (m,).
    pairs
        Pairs within the threshold, from a `geo.travel.measure.Measure`. Of equally long ways the
        first point goes first, and to the first place.

    Raises
    ------
    CareReachError
        If there are more than `MOST_PAIRS` pairs.
    """
    left = np.array(people, np.float64)
    free = np.array(room, np.float64)
    point, place, far = _held(pairs)
    in_reach = np.zeros(len(left), bool)
    in_reach[point] = True
    walked = np.zeros(len(left))
    for at in np.lexsort((place, point, far)).tolist():
        i, j = point[at], place[at]
        taken = min(left[i], free[j])
        if taken > 0:
            left[i] -= taken
            free[j] -= taken
            walked[i] += taken * far[at]
    served = np.asarray(people, np.float64) - left
    mean = np.divide(walked, served, out=np.full(len(left), np.nan), where=served > 0)
    return Served(served, in_reach, np.asarray(room, np.float64) - free, mean)


def _held(pairs: Pairs) -> tuple[Ints, Ints, Floats]:
    """All pairs at once.

    Raises
    ------
    CareReachError
        If there are more than `MOST_PAIRS`.
    """
    chunks = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    count = 0
    for chunk in pairs():
        chunks.append(chunk)
        count += len(chunk[0])
        if count > MOST_PAIRS:
            raise CareReachError(
                f"More than {MOST_PAIRS:,} pairs of people and places are within the threshold; "
                "give a smaller one."
            )
    point, place, far = (np.concatenate(column) for column in zip(*chunks, strict=True))
    return point, place, far


@dataclass(frozen=True)
class CapacityFigures:
    """What the capacity of a supply is enough for.

    Attributes
    ----------
    population, in_reach, served
        People; those within the threshold of a place of known capacity; those served there.
    places, unknown
        Places of known capacity, and those of the supply whose capacity nobody knows, which are
        left out.
    units
        Their capacity together.
    per_unit
        People a unit is enough for.
    full
        How many of the places are full.
    table
        A row for each place: `provider_id`, `name`, `units`, `room` (people), `load`, `full`.
    regions
        For each region of every level: `region_id`, `name`, `level`, `population`, `in_reach`,
        `served`, `left_over` (in reach, and not served).
    scores
        For each region: `region_id` and a column for each of `METHODS`: units per person in reach,
        the mean of its people.
    """

    population: float
    in_reach: float
    served: float
    places: int
    unknown: int
    units: float
    per_unit: float
    full: int
    table: pd.DataFrame
    regions: pd.DataFrame
    scores: pd.DataFrame


def measure_capacity(
    coverage: Coverage, units: "pd.Series[float]", per_unit: float
) -> CapacityFigures:
    """Who is served when the nearest place is full, and how much there is for each person.

    Parameters
    ----------
    coverage
        Whose supply, threshold and measure count.
    units
        Beds, stations, staff or hours of places, by `provider_id`; NaN where not known, which is
        not none.
    per_unit
        How many people a unit is enough for.

    Raises
    ------
    CareReachError
        If no place of the supply has a known capacity, or there are too many pairs.
    """
    if not 0 < per_unit <= MOST_PER_UNIT:
        raise CareReachError(
            f"A unit can be enough for above 0 and up to {MOST_PER_UNIT:,.0f} people, not for "
            f"{per_unit:g}."
        )
    rows = in_supply(coverage.supplied.rows, coverage.supply)
    known = rows["provider_id"].map(units).astype(float)
    places = rows[known.notna()].reset_index(drop=True)
    capacity = known[known.notna()].to_numpy(float)
    if places.empty:
        raise CareReachError(
            f"The capacity of none of the {len(rows):,} places counted is known: give it with a "
            "table of provider_id and a number."
        )
    if (capacity < 0).any():
        raise CareReachError(f"The capacity of {places['name'][capacity.argmin()]} is below 0.")
    pack = coverage.pack
    people = pack.demand["population"].to_numpy(float)
    # Found once, for all that follows: over terrain each place costs a way over the whole surface.
    held = _held(pairs_in_reach(coverage, pack.demand, places))
    found = serve_nearest(people, capacity * per_unit, lambda: [held])
    scores = {
        name: floating_catchments(people, capacity, lambda: [held], coverage.within, name)[0]
        for name in METHODS
    }
    table = places[["provider_id", "name"]].assign(
        units=capacity,
        room=capacity * per_unit,
        load=found.load,
        full=(capacity > 0) & (found.load >= capacity * per_unit * (1 - 1e-9)),
    )
    near = people * found.in_reach
    by_region = _by_region(
        coverage, {"population": people, "in_reach": near, "served": found.served}
    )
    weighted = {name: np.nan_to_num(score) * people for name, score in scores.items()}
    sums = _by_region(coverage, {"population": people, **weighted})
    lived = sums["population"].where(sums["population"] > 0)
    return CapacityFigures(
        population=float(people.sum()),
        in_reach=float(near.sum()),
        served=float(found.served.sum()),
        places=len(places),
        unknown=int(known.isna().sum()),
        units=float(capacity.sum()),
        per_unit=per_unit,
        full=int(table["full"].sum()),
        table=table,
        regions=by_region.assign(left_over=by_region["in_reach"] - by_region["served"]),
        scores=pd.DataFrame(
            {"region_id": sums["region_id"], **{m: sums[m] / lived for m in METHODS}}
        ),
    )


def _by_region(coverage: Coverage, amounts: dict[str, Floats]) -> pd.DataFrame:
    """Amounts at demand points, summed for the regions of every level."""
    pack = coverage.pack
    frames = []
    for level in sorted(pack.regions["level"].unique()):
        region = region_at(pack.regions, pack.demand["region_id"], level)
        sums = pd.DataFrame(amounts).groupby(region.to_numpy(object)).sum()
        about = pack.regions[pack.regions["level"] == level].set_index("region_id")
        about = about.loc[about.index.isin(sums.index), ["name", "level"]]
        frames.append(about.join(sums).rename_axis("region_id").reset_index())
    if not frames:
        return pd.DataFrame(columns=["region_id", "name", "level", *amounts])
    regions: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return regions
