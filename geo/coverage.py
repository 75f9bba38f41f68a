"""Who is left out: one answer for the page, the command line and the exports.

Puts a pack seen with one procedure (`geo.find.Assessed`), a threshold, a supply and a measure
together. Figures by plain arrays are in `geo.access`, sites in `geo.siting`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.access import (
    SUPPLIES,
    Detours,
    Pairs,
    Reach,
    call_gains,
    e2sfca,
    find_reach,
    main_cause,
    pairs_by,
    share_within,
    weighted_quantile,
)
from geo.errors import CareReachError
from geo.find import MAX_RADIUS_KM, MEASURES, Assessed
from geo.packs import Pack
from geo.query import nearest_of_each
from geo.roads import Engine
from geo.siting import Sites, choose_sites, cover_matrix
from geo.travel import MAX_MIN, MODES, Progress, Times

__all__ = [
    "SMALL",
    "AreaFigures",
    "Coverage",
    "Supplied",
    "access_scores",
    "area_coverage",
    "find_calls",
    "find_sites",
    "in_supply",
    "measure_coverage",
    "pack_times",
    "region_at",
    "stand_in",
    "supply_pack",
]

Floats = npt.NDArray[np.float64]
#: A region with fewer people is marked: its share says little.
SMALL = 100
_REGION_FIGURES = (
    *("region_id", "name", "level", "parent_id", "population", "covered", "share"),
    *("people_beyond", "median", "providers", "per_100k", "small"),
)
#: The id of a what-if place begins so.
ADDED = "what-if:"
_CALL = ("provider_id", "name", "status", "lat", "lon", "phone", "people")


@dataclass(frozen=True)
class Supplied:
    """A pack's assessed providers, or some what-if of them, and how far people are from them.

    It does not change with threshold, supply, measure or level.

    Attributes
    ----------
    rows
        Providers that count, `status` among their columns.
    reach
        From each demand point of the pack, in its order.
    added, removed
        What was changed against the pack: places (lat, lon) and provider ids.
    times
        Measures minutes by mode, where they were asked for.
    """

    assessed: Assessed
    rows: pd.DataFrame
    reach: Reach
    added: tuple[tuple[float, float], ...] = ()
    removed: tuple[str, ...] = ()
    times: Mapping[str, Times] = field(default_factory=dict)


@dataclass(frozen=True)
class Coverage:
    """Who is within a threshold of a supply.

    Attributes
    ----------
    covered, share
        People within the threshold, for each cumulative supply; shares are NaN where nobody
        lives.
    within
        The threshold, in the unit of the measure.
    ranges
        Low and high share by cause: `evidence` (from confirmed to unknown at the chosen
        measure) and `travel` at the chosen supply: by minutes from all on foot to all by car, by
        kilometres, where the pack has roads, from the high road estimate to the straight line.
    main_cause
        The widest of these.
    median, p90
        Distance or minutes to the nearest of the chosen supply that half and nine tenths of the
        people have; NaN where so many have nobody at all.
    detours
        Of the chosen supply: how far the straight line would have been wrong; None without
        minutes.
    providers
        How many providers each cumulative supply has.
    regions
        One row per region with people: `region_id`, `name`, `level`, `parent_id`,
        `population`, `covered`, `share`, `people_beyond`, `median`, `providers`,
        `per_100k`, `small`, with minutes `circuity` too; for the chosen supply.
    """

    supplied: Supplied
    within: float
    measure: str
    supply: str
    population: int
    covered: Mapping[str, int]
    share: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]
    main_cause: str | None
    median: float
    p90: float
    detours: Detours | None
    providers: Mapping[str, int]
    regions: pd.DataFrame

    @property
    def unit(self) -> str:
        """What the threshold and the distances are in: "km" or "min"."""
        return "min" if self.measure in MODES else "km"

    @property
    def far(self) -> Floats:
        """How far each demand point is from the nearest of the chosen supply, shape (n,)."""
        return self.supplied.reach.far(self.measure, self.supply)

    @property
    def people_beyond(self) -> int:
        """People who have nobody of the chosen supply within the threshold."""
        return self.population - self.covered[self.supply]

    def level(self, level: int) -> pd.DataFrame:
        """Regions of one level, those with the most people beyond first."""
        rows = self.regions[self.regions["level"] == level]
        order = ["people_beyond", "name"]
        return rows.sort_values(order, ascending=[False, True]).reset_index(drop=True)


def supply_pack(
    assessed: Assessed,
    added: Sequence[tuple[float, float]] = (),
    removed: Sequence[str] = (),
    times: Mapping[str, Times] | None = None,
    progress: Progress | None = None,
) -> Supplied:
    """Measure how far people are from a pack's providers, or from some what-if of them.

    Parameters
    ----------
    assessed
        From `geo.find.assess_pack`.
    added
        Places (lat, lon) where the procedure would be confirmed.
    removed
        Providers that would no longer do it.
    times
        From `pack_times`, for minutes.
    progress
        Told how many of how many pairs are measured in minutes.

    Raises
    ------
    CareReachError
        If minutes are of too many pairs, or the engine does not answer.
    """
    rows = assessed.rows[~assessed.rows["provider_id"].isin(removed)]
    if added:
        more = pd.DataFrame(
            {
                "provider_id": [f"{ADDED}{n}" for n in range(1, len(added) + 1)],
                "name": [f"What-if place {n}" for n in range(1, len(added) + 1)],
                "lat": [lat for lat, _ in added],
                "lon": [lon for _, lon in added],
                "status": "confirmed",
            }
        )
        # A new place counts for the region of the people nearest to it.
        demand = assessed.pack.demand
        near, _ = nearest_of_each(more["lat"], more["lon"], demand["lat"], demand["lon"])
        if len(demand):
            more["region_id"] = demand["region_id"].to_numpy()[near]
        rows = pd.concat([rows.astype(object), more.astype(object)], ignore_index=True)
        rows = rows.astype({"lat": float, "lon": float})
    demand = assessed.pack.demand
    reach = find_reach(demand["lat"], demand["lon"], rows, assessed.roads, times, progress)
    return Supplied(assessed, rows, reach, tuple(added), tuple(removed), times or {})


def pack_times(pack: Pack, engine: Engine) -> dict[str, Times]:
    """What measures minutes from a pack's demand points, by every mode; keep it.

    Parameters
    ----------
    pack
        Its `demand` counts.
    engine
        From `geo.travel.engine_for`.
    """
    demand = pack.demand
    return {mode: Times(engine, mode, demand["lat"], demand["lon"]) for mode in MODES}


def measure_coverage(
    supplied: Supplied, within: float, *, measure: str | None = None, supply: str = "likely"
) -> Coverage:
    """Count who is within a threshold of a supply, in all and by region.

    Parameters
    ----------
    supplied
        From `supply_pack`.
    within
        The threshold: kilometres, or minutes where the measure is one of `geo.travel.MODES`.
    measure
        "road" or "straight", "drive" or "walk" where minutes were measured; the pack's own by
        default. Without roads the straight line.
    supply
        One of `SUPPLIES`: the chosen one, for which regions and ranges are given.

    Raises
    ------
    CareReachError
        If an argument is not one of these.
    """
    pack = supplied.assessed.pack
    reach = supplied.reach
    measure = measure or stand_in(supplied)
    for value, allowed, name in (
        (measure, MEASURES, "measure"),
        (supply, SUPPLIES, "supply"),
    ):
        if value not in allowed:
            raise CareReachError(f"{name} is {value!r}; it can be {', '.join(allowed)}.")
    if measure in MODES and measure not in reach.timed:
        raise CareReachError(f"No minutes are measured; measure can be {', '.join(MEASURES[:2])}.")
    most, unit = (MAX_MIN, "minutes") if measure in MODES else (MAX_RADIUS_KM, "km")
    if not 0 < within <= most:
        raise CareReachError(
            f"The threshold is {within:g} {unit}; it can be above 0 and up to {most:g}."
        )
    if measure == "road" and reach.road_km is None:
        measure = "straight"
    people = pack.demand["population"].to_numpy(float)
    far = reach.far(measure, supply)
    share = {s: share_within(reach.far(measure, s), people, within) for s in SUPPLIES}
    ranges = {"evidence": (share["confirmed"], share["unknown"])}
    bounds = None
    if measure in MODES:
        bounds = reach.far("walk", supply), reach.far("drive", supply)
    elif reach.road_high_km is not None:
        bounds = reach.road_high_km[SUPPLIES.index(supply)], reach.far("straight", supply)
    if bounds is not None:
        low, high = (share_within(bound, people, within) for bound in bounds)
        ranges["travel"] = (low, high)
    counted = supplied.rows["status"].value_counts()
    counts = np.cumsum([int(counted.get(s, 0)) for s in SUPPLIES])
    return Coverage(
        supplied=supplied,
        within=within,
        measure=measure,
        supply=supply,
        population=int(people.sum()),
        covered={s: int(people[reach.far(measure, s) <= within].sum()) for s in SUPPLIES},
        share=share,
        ranges=ranges,
        main_cause=main_cause(ranges) if people.sum() else None,
        median=weighted_quantile(far, people, 0.5),
        p90=weighted_quantile(far, people, 0.9),
        detours=reach.detours(measure, supply, people) if measure in MODES else None,
        providers=dict(zip(SUPPLIES, counts.tolist(), strict=True)),
        regions=_regions(supplied, far, within, measure, supply),
    )


def stand_in(supplied: Supplied) -> str:
    """How a pack is measured where nobody says it: its own way, where that can be."""
    measure = supplied.assessed.pack.measure
    if measure in MODES and measure not in supplied.reach.timed:
        measure = "road"
    return "straight" if measure == "road" and supplied.reach.road_km is None else measure


def region_at(regions: pd.DataFrame, region_id: pd.Series, level: int) -> pd.Series:
    """The region of a level in which each of some regions lies; NA where there is none.

    Parameters
    ----------
    regions
        The pack's.
    region_id
        Regions of any level, shape (n,).
    level
        1 for the largest.
    """
    parent = regions.set_index("region_id")["parent_id"].to_dict()
    level_of = regions.set_index("region_id")["level"].to_dict()

    def climb(region: object) -> object:
        while isinstance(region, str) and level_of.get(region, 0) > level:
            region = parent.get(region)
        return region if isinstance(region, str) and level_of.get(region) == level else pd.NA

    known = {region: climb(region) for region in region_id.dropna().unique()}
    return region_id.map(known)


def _regions(
    supplied: Supplied, far: Floats, within: float, measure: str, supply: str
) -> pd.DataFrame:
    """The figures of every region with people, at every level."""
    pack = supplied.assessed.pack
    people = pack.demand["population"].to_numpy(float)
    place = in_supply(supplied.rows, supply)["region_id"]
    frames = []
    for level in sorted(pack.regions["level"].unique()):
        region = region_at(pack.regions, pack.demand["region_id"], level)
        points = pd.DataFrame(
            {"region_id": region, "people": people, "near": people * (far <= within), "far": far}
        ).dropna(subset="region_id")
        sums = points.groupby("region_id")[["people", "near"]].sum()
        found = pack.regions[pack.regions["level"] == level].set_index("region_id")
        found = found.loc[found.index.isin(sums.index), ["name", "level", "parent_id"]]
        sums = sums.loc[found.index]
        found["population"] = sums["people"].astype(int)
        found["covered"] = sums["near"].astype(int)
        found["share"] = sums["near"] / sums["people"].where(sums["people"] > 0)
        found["people_beyond"] = found["population"] - found["covered"]
        found["median"] = _median_by(points).reindex(found.index)
        if measure in MODES:
            timed, row = supplied.reach.timed[measure], SUPPLIES.index(supply)
            weighted = pd.DataFrame(
                {
                    "r": region,
                    "road": np.nan_to_num(timed.route_km[row]) * people,
                    "line": np.nan_to_num(timed.straight_km[row]) * people,
                }
            )
            ways = weighted.groupby("r")[["road", "line"]].sum().reindex(found.index)
            found["circuity"] = ways["road"] / ways["line"].where(ways["line"] > 0)
        count = region_at(pack.regions, place, level).value_counts()
        found["providers"] = count.reindex(found.index, fill_value=0).astype(int)
        inhabited = sums["people"].where(sums["people"] > 0)
        found["per_100k"] = 100_000 * found["providers"] / inhabited
        found["small"] = found["population"] < SMALL
        frames.append(found.rename_axis("region_id").reset_index())
    if not frames:
        more = ("circuity",) if measure in MODES else ()
        return pd.DataFrame(columns=[*_REGION_FIGURES, *more])
    regions: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return regions


def _median_by(points: pd.DataFrame) -> pd.Series:
    """The weighted median distance of each region, by one sort."""
    lived = points[points["people"] > 0].sort_values(["region_id", "far"], kind="stable")
    upto = lived.groupby("region_id")["people"].cumsum()
    total = lived.groupby("region_id")["people"].transform("sum")
    half = lived[upto >= total * (0.5 - 1e-12)].groupby("region_id")["far"].first()
    return half.where(np.isfinite(half))


def access_scores(coverage: Coverage) -> tuple[pd.DataFrame, list[str]]:
    """E2SFCA of the chosen supply for every region: providers per person in reach.

    Parameters
    ----------
    coverage
        Whose supply, measure and threshold count; each provider counts as 1.

    Returns
    -------
    tuple
        `region_id` and `e2sfca` (the mean of a region's people, NaN only where nobody lives),
        and the ids of providers left out because nobody lives within reach.
    """
    pack = coverage.supplied.assessed.pack
    demand = pack.demand
    rows = in_supply(coverage.supplied.rows, coverage.supply)
    pairs = _pairs(coverage, demand, rows)
    people = demand["population"].to_numpy(float)
    score, idle = e2sfca(people, np.ones(len(rows)), pairs, coverage.within)
    frames = []
    for level in sorted(pack.regions["level"].unique()):
        region = region_at(pack.regions, demand["region_id"], level)
        weighted = pd.DataFrame({"r": region, "s": np.nan_to_num(score) * people, "p": people})
        sums = weighted.groupby("r")[["s", "p"]].sum()
        mean = sums["s"] / sums["p"].where(sums["p"] > 0)
        frames.append(mean.rename_axis("region_id").rename("e2sfca").reset_index())
    listed = rows["provider_id"].iloc[idle].tolist()
    if not frames:
        return pd.DataFrame(columns=["region_id", "e2sfca"]), listed
    return pd.concat(frames, ignore_index=True), listed


def in_supply(rows: pd.DataFrame, supply: str) -> pd.DataFrame:
    """Providers of a cumulative supply: "likely" takes confirmed, reported and likely ones.

    Parameters
    ----------
    rows
        Providers with `status`.
    supply
        One of `geo.access.SUPPLIES`.
    """
    words = SUPPLIES[: SUPPLIES.index(supply) + 1]
    return rows[rows["status"].isin(words)].reset_index(drop=True)


def _pairs(coverage: Coverage, points: pd.DataFrame, places: pd.DataFrame) -> Pairs:
    """Pairs of points and places within the threshold, by the measure of a coverage."""
    return pairs_by(
        coverage.measure,
        points["lat"],
        points["lon"],
        places["lat"],
        places["lon"],
        coverage.within,
        coverage.supplied.assessed.roads,
        coverage.supplied.times,
    )


def find_calls(coverage: Coverage, limit: int = 20) -> pd.DataFrame:
    """Which call would matter most: providers outside the supply, by whom a yes would reach.

    Parameters
    ----------
    coverage
        Whose gaps count.
    limit
        How many calls at most.

    Returns
    -------
    pandas.DataFrame
        `provider_id`, `name`, `status`, `lat`, `lon`, `phone`, `people`: those who have nobody
        of the supply within the threshold and would, if this provider were confirmed. A
        provider on record as not doing it is not asked again, and nobody about a condition or
        care of any kind: no answer would confirm them.
    """
    if coverage.supplied.assessed.procedure.kind != "procedure":
        return pd.DataFrame(columns=_CALL)
    some = coverage.supplied.assessed.pack.demand[coverage.far > coverage.within]
    weaker = SUPPLIES[SUPPLIES.index(coverage.supply) + 1 :]
    rows = coverage.supplied.rows
    rows = rows[rows["status"].isin(weaker)].reset_index(drop=True)
    people = some["population"].to_numpy(float)
    beyond = np.ones(len(some), bool)
    gains = call_gains(people, beyond, _pairs(coverage, some, rows), len(rows))
    found = rows.assign(people=gains.astype(int))
    found = found[found["people"] > 0].sort_values(["people", "name"], ascending=[False, True])
    listed: pd.DataFrame = found[list(_CALL)].head(limit).reset_index(drop=True)
    return listed


def find_sites(coverage: Coverage, k: int, among: str = "facilities") -> tuple[pd.DataFrame, Sites]:
    """Where the next k places would reach the most people who have nobody within the threshold.

    Parameters
    ----------
    coverage
        Whose gaps count.
    k
        How many places, 1 to 10.
    among
        "facilities" that lack the procedure, or "people": any demand point.

    Returns
    -------
    tuple
        The candidates (`id`, `name`, `lat`, `lon`) and the `Sites` chosen among them.

    Raises
    ------
    CareReachError
        If an argument is not one of these.
    """
    if not 1 <= k <= 10:
        raise CareReachError(f"{k} places is no choice: it can be 1 to 10.")
    if among not in ("facilities", "people"):
        raise CareReachError(f"among is {among!r}; it can be facilities or people.")
    supplied = coverage.supplied
    pack = supplied.assessed.pack
    gap = pack.demand[coverage.far > coverage.within]
    if among == "people":
        candidates = pack.demand.rename(columns={"demand_id": "id"})
    else:
        taken = in_supply(supplied.rows, coverage.supply)["provider_id"]
        free = pack.providers[~pack.providers["provider_id"].isin(taken)]
        candidates = free.rename(columns={"provider_id": "id"})
    candidates = candidates[["id", "name", "lat", "lon"]].reset_index(drop=True)
    cover = cover_matrix(_pairs(coverage, gap, candidates), len(gap), len(candidates))
    return candidates, choose_sites(cover, gap["population"].to_numpy(float), k)


@dataclass(frozen=True)
class AreaFigures:
    """Who lives in an area, and whom they can reach, wherever that is.

    Attributes
    ----------
    population, beyond
        People whose place lies in the area; those of them without the chosen supply in reach.
    share
        Of them, within the threshold, for each cumulative supply.
    providers
        Of the chosen supply, inside the area.
    """

    population: int
    beyond: int
    share: Mapping[str, float]
    providers: int


def area_coverage(coverage: Coverage, shape: BaseGeometry) -> AreaFigures:
    """The figures of any area: demand points and providers are in it or not.

    Parameters
    ----------
    coverage
        Whose threshold, measure and supply count.
    shape
        From `read_area`: degrees, longitudes from 0 to 360 where it crosses the antimeridian.
    """
    demand = coverage.supplied.assessed.pack.demand
    inside = _contains(shape, demand)
    people = demand["population"].to_numpy(float)[inside]
    reach = coverage.supplied.reach
    share = {
        s: share_within(reach.far(coverage.measure, s)[inside], people, coverage.within)
        for s in SUPPLIES
    }
    near = people[coverage.far[inside] <= coverage.within].sum()
    supply = in_supply(coverage.supplied.rows, coverage.supply)
    return AreaFigures(
        population=int(people.sum()),
        beyond=int(people.sum() - near),
        share=share,
        providers=int(_contains(shape, supply).sum()),
    )


def _contains(shape: BaseGeometry, points: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which points lie in an area, on either side of the antimeridian; its edge counts as in."""
    shapely.prepare(shape)
    lat, lon = points["lat"].to_numpy(float), points["lon"].to_numpy(float)
    inside = np.zeros(len(lat), np.bool_)
    for turn in (-360, 0, 360):
        inside |= shapely.intersects_xy(shape, lon + turn, lat)
    return inside
