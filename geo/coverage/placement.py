"""How much depends on where people are taken to live: one coverage under several accounts of it."""

import numpy as np
import pandas as pd

from geo.coverage.coverage import Coverage, region_at
from geo.coverage.reach import share_within


def placement_shares(coverage: Coverage) -> pd.DataFrame:
    """The share of every region's people within the threshold, by who places them.

    Parameters
    ----------
    coverage
        Whose threshold, measure and supply count.

    Returns
    -------
    pandas.DataFrame
        `region_id`, `name`, `level`; `population` and `share` of the people that count, and for
        each other placement, in their order, `population_1`, `share_1` and so on; `spread`, the
        highest less the lowest share (NaN where only one is known). The largest spread first.
        Without other placements no row.
    """
    name, supply, within = coverage.measure.name, coverage.supply, coverage.within
    some = [p for p in coverage.supplied.placements.values() if name in p.reach.far]
    table = coverage.regions[["region_id", "name", "level", "population", "share"]]
    if not some or not coverage.on_record:
        return table.iloc[:0].assign(spread=pd.Series(dtype=float))
    for number, placement in enumerate(some, 1):
        people = placement.demand["population"].to_numpy(float)
        near = people * (placement.reach.nearest(name, supply) <= within)
        sums = []
        for level in sorted(coverage.pack.regions["level"].unique()):
            region = region_at(coverage.pack.regions, placement.demand["region_id"], level)
            found = pd.DataFrame({"people": people, "near": near}).groupby(region.to_numpy()).sum()
            sums.append(found)
        each = pd.concat(sums).reindex(table["region_id"])
        lived = each["people"].where(each["people"] > 0)
        table = table.assign(
            **{
                f"population_{number}": each["people"].fillna(0.0).to_numpy(),
                f"share_{number}": (each["near"] / lived).to_numpy(),
            }
        )
    shares = table[["share", *(f"share_{n}" for n in range(1, len(some) + 1))]]
    known = shares.notna().sum(axis=1) > 1
    table = table.assign(spread=(shares.max(axis=1) - shares.min(axis=1)).where(known))
    return table.sort_values(["spread", "name"], ascending=[False, True], ignore_index=True)


def placed_total(coverage: Coverage) -> list[tuple[str, float, float]]:
    """Who else places the people: title, how many they are, and their share within the threshold.

    Parameters
    ----------
    coverage
        Whose threshold, measure and supply count.
    """
    name, supply = coverage.measure.name, coverage.supply
    found = []
    for title, placement in coverage.supplied.placements.items():
        if name in placement.reach.far:
            people = placement.demand["population"].to_numpy(float)
            far = placement.reach.nearest(name, supply)
            share = share_within(far, people, coverage.within) if coverage.on_record else np.nan
            found.append((title, float(people.sum()), share))
    return found
