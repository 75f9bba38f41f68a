"""Who is left out: one answer for the page, the command line and the exports.

Puts a pack seen with one procedure (`geo.care.assessed.Assessed`), a threshold, a supply and a
measure together. Figures by plain arrays are in `geo.coverage.reach`; calls, sites and areas have
their own modules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.care.assessed import Assessed
from geo.care.entry import Procedure
from geo.coverage.catchments import floating_catchments
from geo.coverage.expected import Expected, expect
from geo.coverage.reach import (
    SUPPLIES,
    Detours,
    Placement,
    Reach,
    ReachFinder,
    find_reach,
    main_cause,
    placement_range,
    share_within,
    weighted_quantile,
)
from geo.distance import Index, Pairs, nearest_of_each
from geo.errors import CareReachError
from geo.packs.pack import Pack
from geo.progress import Progress, silent
from geo.travel.measure import IN_MINUTES, Measure, Measures, check_within, pack_measures
from geo.travel.times import MODES, Times
from geo.travel.valhalla import Engine
from geo.units import Units

Floats = npt.NDArray[np.float64]
#: A region with fewer people is marked: its share says little.
SMALL = 100
_REGION_FIGURES = (
    *("region_id", "name", "level", "parent_id", "population", "covered", "share"),
    *("people_beyond", "median", "providers", "per_100k", "small"),
)
#: E2SFCA looks at so many pairs of people and providers at most, some minutes' work.
MOST_PAIRS = 2_000_000_000
#: From so many points the number of pairs is estimated.
_LOOKED_AT = 300
#: What is told of a provider where people are counted; of millions, more would fill the memory.
_OF_A_PROVIDER = (
    *("provider_id", "kind", "name", "facility_type", "lat", "lon", "region_id", "phone"),
    *("source_title", "source_as_of"),
)
#: The id of a what-if place begins so.
ADDED = "what-if:"


@dataclass(frozen=True)
class Supplied:
    """A pack's assessed providers, or some what-if of them, and how far people are from them.

    It does not change with threshold, supply, measure or level.

    Attributes
    ----------
    rows
        Providers that count: some of their columns, and their assessment.
    reach
        From each demand point of the pack, in its order.
    measures
        What the ways were measured by.
    added, removed
        What was changed against the pack: places (lat, lon) and provider ids.
    placements
        The same people as others place them, by title.
    """

    assessed: Assessed
    rows: pd.DataFrame
    reach: Reach
    measures: Measures
    added: tuple[tuple[float, float], ...] = ()
    removed: tuple[str, ...] = ()
    placements: Mapping[str, Placement] = field(default_factory=dict)

    @property
    def supposed(self) -> bool:
        """Whether this is a what-if, and not what is on record."""
        return bool(self.added or self.removed)


@dataclass(frozen=True)
class Coverage:
    """Who is within a threshold of a supply.

    Attributes
    ----------
    covered, share
        People within the threshold, for each cumulative supply; shares are NaN (not
        known) where nobody of the supply is on record, and where nobody lives.
    within
        The threshold, in the unit of the measure.
    ranges
        Low and high share by cause: `evidence` (from confirmed to unknown at the chosen
        measure) and `travel` at the chosen supply: by minutes from all on foot to all by car, by
        kilometres, where the pack has roads, from the high road estimate to the straight line;
        `placement`, where others place the people too, but for minutes on roads; `slower`, by
        minutes by car or over terrain, if ways took as much longer as the pack says they may.
    main_cause
        The widest of these.
    expected
        The share of people with a place that does it, from how often each status turned out true;
        None where that is not known, or where something is supposed against the pack.
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
    units
        What distances are told in; all figures here are in kilometres or minutes.
    """

    supplied: Supplied
    within: float
    measure: Measure
    supply: str
    population: int
    covered: Mapping[str, int]
    share: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]
    main_cause: str | None
    expected: Expected | None
    median: float
    p90: float
    detours: Detours | None
    providers: Mapping[str, int]
    regions: pd.DataFrame
    units: Units = "km"

    @property
    def unit(self) -> str:
        """What the threshold and the distances are in: "km" or "min"."""
        return self.measure.unit

    @property
    def shown_unit(self) -> str:
        """What a reader is told them in: "km", "mi" or "min"."""
        return self.units if self.unit == "km" else self.unit

    @property
    def far(self) -> Floats:
        """How far each demand point is from the nearest of the chosen supply, shape (n,)."""
        return self.supplied.reach.nearest(self.measure.name, self.supply)

    @property
    def pack(self) -> Pack:
        """Whose people and providers these are."""
        return self.supplied.assessed.pack

    @property
    def procedure(self) -> Procedure:
        """What is asked about."""
        return self.supplied.assessed.procedure

    @property
    def on_record(self) -> bool:
        """Whether anybody of the chosen supply is on record: if not, its figures are not known.

        What is supposed is known.
        """
        return self.providers[self.supply] > 0 or self.supplied.supposed

    @property
    def people_beyond(self) -> int | None:
        """People who have nobody of the chosen supply within the threshold; None: not known."""
        return self.population - self.covered[self.supply] if self.on_record else None

    def level(self, level: int) -> pd.DataFrame:
        """Regions of one level, those with the most people beyond first."""
        rows = self.regions[self.regions["level"] == level]
        order = ["people_beyond", "name"]
        return rows.sort_values(order, ascending=[False, True]).reset_index(drop=True)


def supply_pack(
    assessed: Assessed,
    added: Sequence[tuple[float, float]] = (),
    removed: Sequence[str] = (),
    measures: Measures | None = None,
    progress: Progress = silent,
    find: ReachFinder = find_reach,
) -> Supplied:
    """Measure how far people are from a pack's providers, or from some what-if of them.

    Parameters
    ----------
    assessed
        From `geo.care.assessed.assess_pack`.
    added
        Places (lat, lon) where the procedure would be confirmed.
    removed
        Providers that would no longer do it.
    measures
        What to measure by: from `demand_measures` for minutes, kilometres by default.
    progress
        Told how many of how many ways are measured.
    find
        Measures the ways: `find_reach`, or one of `geo.coverage.parts`.

    Raises
    ------
    CareReachError
        If minutes are of too many pairs, or the engine does not answer.
    """
    rows = assessed.take(np.arange(len(assessed)), _OF_A_PROVIDER)
    rows = rows[~rows["provider_id"].isin(removed)]
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
    measures = measures or pack_measures(assessed.pack, assessed.roads)
    reach = find(demand["lat"], demand["lon"], rows, measures.by_name.values(), progress)
    return Supplied(assessed, rows, reach, measures, tuple(added), tuple(removed))


def with_placements(
    supplied: Supplied, others: Mapping[str, pd.DataFrame], progress: Progress = silent
) -> Supplied:
    """The same supply, measured too from where others say that the people live.

    Not in minutes on roads, which are measured from a pack's own points only.

    Parameters
    ----------
    supplied
        From `supply_pack`.
    others
        By title, from `geo.packs.people.other_placements`.
    progress
        Told how many of how many ways are measured.
    """
    kinds = [measure for measure in supplied.measures.by_name.values() if measure.anywhere]
    placements = {
        title: Placement(
            frame, find_reach(frame["lat"], frame["lon"], supplied.rows, kinds, progress)
        )
        for title, frame in others.items()
    }
    return replace(supplied, placements=placements)


def pack_times(pack: Pack, engine: Engine) -> dict[str, Times]:
    """What measures minutes from a pack's demand points, by every mode; keep it.

    Parameters
    ----------
    pack
        Its `demand` counts.
    engine
        From `geo.travel.times.engine_for`.
    """
    demand = pack.demand
    return {mode: Times(engine, mode, demand["lat"], demand["lon"]) for mode in MODES}


def demand_measures(
    assessed: Assessed, engine: Engine, times: Mapping[str, Times] | None = None
) -> Measures:
    """What a pack's people can be measured by, minutes included.

    Parameters
    ----------
    assessed
        From `geo.care.assessed.assess_pack`.
    engine
        From `geo.travel.times.engine_for`.
    times
        From `pack_times`, where they were kept.
    """
    times = times or pack_times(assessed.pack, engine)
    return pack_measures(assessed.pack, assessed.roads, engine, times=times)


def measure_coverage(
    supplied: Supplied,
    within: float,
    *,
    measure: str | None = None,
    supply: str = "likely",
    units: Units = "km",
) -> Coverage:
    """Count who is within a threshold of a supply, in all and by region.

    Parameters
    ----------
    supplied
        From `supply_pack`.
    within
        The threshold: kilometres, or minutes where the measure is one of
        `geo.travel.measure.IN_MINUTES`.
    measure
        "road" or "straight", "drive", "walk" or "terrain" where minutes were measured; the pack's
        own by
        default. Without roads the straight line.
    supply
        One of `SUPPLIES`: the chosen one, for which regions and ranges are given.
    units
        What distances are told in, "km" or "mi".

    Raises
    ------
    CareReachError
        If an argument is not one of these.
    """
    if supply not in SUPPLIES:
        raise CareReachError(f"supply is {supply!r}; it can be {', '.join(SUPPLIES)}.")
    choice = supplied.measures.choose(measure)
    if measure in IN_MINUTES and choice.measure.name != measure:
        known = ", ".join(supplied.measures.by_name)
        raise CareReachError(f"No minutes are measured; measure can be {known}.")
    by = choice.measure
    check_within("threshold", within, "minutes" if by.unit == "min" else by.unit, by.most)
    people = supplied.assessed.pack.demand["population"].to_numpy(float)
    reach = supplied.reach
    far = {s: reach.nearest(by.name, s) for s in SUPPLIES}
    share = {s: share_within(far[s], people, within) for s in SUPPLIES}
    ranges = {"evidence": (share["confirmed"], share["unknown"])}
    if by.spread and set(by.spread) <= set(reach.far):
        low, high = (share_within(reach.nearest(n, supply), people, within) for n in by.spread)
        ranges |= {"travel": (low, high)}
    if by.slows:
        factor = supplied.assessed.pack.slower.factor
        ranges |= {"slower": (share_within(far[supply], people, within / factor), share[supply])}
    placed = placement_range(supplied.placements, share[supply], by.name, supply, within)
    if placed is not None:
        ranges |= {"placement": placed}
    expected = None
    if supplied.assessed.calibration.shares and not (supplied.added or supplied.removed):
        expected = expect(supplied.assessed, supplied.rows, reach, by, within)
    counted = supplied.rows["status"].value_counts()
    counts = np.cumsum([int(counted.get(s, 0)) for s in SUPPLIES])
    return Coverage(
        supplied=supplied,
        within=within,
        measure=by,
        supply=supply,
        population=round(people.sum()),
        covered={s: round(people[far[s] <= within].sum()) for s in SUPPLIES},
        share={
            s: share[s] if n or supplied.supposed else np.nan
            for s, n in zip(SUPPLIES, counts, strict=True)
        },
        ranges=ranges,
        main_cause=main_cause(ranges) if people.sum() else None,
        expected=expected,
        median=weighted_quantile(far[supply], people, 0.5),
        p90=weighted_quantile(far[supply], people, 0.9),
        detours=reach.detours(by.name, supply, people) if by.name in reach.timed else None,
        providers=dict(zip(SUPPLIES, counts.tolist(), strict=True)),
        regions=_regions(supplied, by, within, supply),
        units=units,
    )


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
    ids = regions["region_id"]
    parent = dict(zip(ids, regions["parent_id"], strict=True))
    level_of = dict(zip(ids, regions["level"], strict=True))

    def climb(region: object) -> object:
        while isinstance(region, str) and level_of.get(region, 0) > level:
            region = parent.get(region)
        return region if isinstance(region, str) and level_of.get(region) == level else pd.NA

    codes, known = pd.factorize(region_id)
    found = np.array([*map(climb, known), pd.NA], object)[codes]
    return pd.Series(found, region_id.index, dtype="str", name=region_id.name)


def _regions(supplied: Supplied, measure: Measure, within: float, supply: str) -> pd.DataFrame:
    """The figures of every region with people, at every level."""
    pack = supplied.assessed.pack
    far = supplied.reach.nearest(measure.name, supply)
    timed = supplied.reach.timed.get(measure.name)
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
        found["population"] = sums["people"].round().astype(int)
        found["covered"] = sums["near"].round().astype(int)
        found["share"] = sums["near"] / sums["people"].where(sums["people"] > 0)
        found["people_beyond"] = found["population"] - found["covered"]
        found["median"] = _median_by(points).reindex(found.index)
        if timed is not None:
            row = SUPPLIES.index(supply)
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
        if place.empty and not supplied.supposed:
            # That nobody is on record does not say that nobody is there.
            found["share"] = np.nan
            for figure in ("covered", "people_beyond"):
                found[figure] = pd.array([pd.NA] * len(found), "Int64")
        found["small"] = found["population"] < SMALL
        frames.append(found.rename_axis("region_id").reset_index())
    if not frames:
        more = ("circuity",) if timed is not None else ()
        return pd.DataFrame(columns=[*_REGION_FIGURES, *more])
    regions: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return regions


def _median_by(points: pd.DataFrame) -> pd.Series:
    """The weighted median distance of each region, by one sort."""
    lived = points[points["people"] > 0]
    code, regions = pd.factorize(lived["region_id"], sort=True)
    far, people = lived["far"].to_numpy(float), lived["people"].to_numpy(float)
    order = np.lexsort((far, code))
    code, far, people = code[order], far[order], people[order]
    upto = np.cumsum(people)
    ends = np.searchsorted(code, np.arange(len(regions)), "right")
    total = np.diff(upto[ends - 1], prepend=0.0)
    # The first point at which half of the region's people are reached.
    first = np.searchsorted(upto, upto[ends - 1] - total + total * (0.5 - 1e-12))
    first = np.clip(first, np.append(0, ends[:-1])[: len(ends)], ends - 1)
    half = pd.Series(far[first], pd.Index(regions, name="region_id"))
    return half.where(np.isfinite(half))


def access_scores(coverage: Coverage) -> pd.DataFrame:
    """Enhanced two-step floating catchment areas (Luo & Qi 2009): providers per person in reach.

    Parameters
    ----------
    coverage
        Whose supply, measure and threshold count; each provider counts as 1.

    Returns
    -------
    pandas.DataFrame
        `region_id` and `e2sfca` (the mean of a region's people), for regions of every level.
        NaN where nobody lives, and everywhere where more than `MOST_PAIRS` pairs of people and
        providers would have to be looked at.
    """
    pack = coverage.supplied.assessed.pack
    demand = pack.demand
    rows = in_supply(coverage.supplied.rows, coverage.supply)
    if _pairs_about(coverage, rows) > MOST_PAIRS:
        return pd.DataFrame({"region_id": coverage.regions["region_id"], "e2sfca": np.nan})
    pairs = pairs_in_reach(coverage, demand, rows)
    people = demand["population"].to_numpy(float)
    score, _ = floating_catchments(people, np.ones(len(rows)), pairs, coverage.within)
    frames = []
    for level in sorted(pack.regions["level"].unique()):
        region = region_at(pack.regions, demand["region_id"], level)
        weighted = pd.DataFrame({"r": region, "s": np.nan_to_num(score) * people, "p": people})
        sums = weighted.groupby("r")[["s", "p"]].sum()
        mean = sums["s"] / sums["p"].where(sums["p"] > 0)
        frames.append(mean.rename_axis("region_id").rename("e2sfca").reset_index())
    if not frames:
        return pd.DataFrame(columns=["region_id", "e2sfca"])
    return pd.concat(frames, ignore_index=True)


def _pairs_about(coverage: Coverage, rows: pd.DataFrame) -> float:
    """How many pairs of people and providers are within the threshold, from a few of the points."""
    demand = coverage.supplied.assessed.pack.demand
    if coverage.unit != "km" or len(demand) * len(rows) <= MOST_PAIRS:
        return 0.0
    index = Index(rows["lat"], rows["lon"])
    some = demand[["lat", "lon"]].iloc[:: max(len(demand) // _LOOKED_AT, 1)]
    counts = [
        index.within_radius(lat, lon, coverage.within, 0).counts.sum()
        for lat, lon in zip(some["lat"], some["lon"], strict=True)
    ]
    return float(np.mean(counts)) * len(demand)


def pairs_in_reach(coverage: Coverage, points: pd.DataFrame, places: pd.DataFrame) -> Pairs:
    """Pairs of points and places within the threshold, by the measure of a coverage.

    Parameters
    ----------
    coverage
        Whose measure and threshold count.
    points, places
        With `lat` and `lon`, degrees.
    """
    ends = (tuple(f[c].to_numpy(float) for c in ("lat", "lon")) for f in (points, places))
    (lat, lon), (lats, lons) = ends
    return coverage.measure.pairs((lat, lon), (lats, lons), coverage.within)


def in_supply(rows: pd.DataFrame, supply: str) -> pd.DataFrame:
    """Providers of a cumulative supply: "likely" takes confirmed, reported and likely ones.

    Parameters
    ----------
    rows
        Providers with `status`.
    supply
        One of `geo.coverage.reach.SUPPLIES`.
    """
    words = SUPPLIES[: SUPPLIES.index(supply) + 1]
    return rows[rows["status"].isin(words)].reset_index(drop=True)
