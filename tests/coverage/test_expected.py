"""Expected coverage: every world counted one by one, and states whose answers were held back."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geo.care.assessed import Assessed, assess_pack
from geo.care.calibration import Calibration, Share, calibrate
from geo.care.entry import Procedure
from geo.coverage.coverage import measure_coverage, region_at, supply_pack
from geo.coverage.expected import expect
from geo.coverage.reach import find_reach, share_within
from geo.distance import distance_km
from geo.packs.pack import Pack, open_pack
from geo.travel.measure import pack_measures
from tests.conftest import TODAY, entry, with_rows


def share_of(true: int, answers: int) -> Share:
    return Share(true, answers, 0, 1, "records", "hospital", 2025, 2025)


def small(pack: Pack, statuses: list[str], shares: dict[str, Share]) -> Assessed:
    """Five hamlets in a line, 10 km apart, and a hospital in each of the first few."""
    lon = np.arange(5) * 0.09
    demand = pd.DataFrame({"lat": 0.0, "lon": lon, "population": [10, 20, 30, 40, 50]})
    rows = pd.DataFrame(
        {
            "status": statuses,
            "kind": "facility",
            "facility_type": "hospital",
            "lat": 0.0,
            "lon": lon[: len(statuses)],
        }
    )
    known = Calibration(shares={(status, "hospital"): share for status, share in shares.items()})
    seen = assess_pack(pack, entry("surgery"), TODAY)
    seen = replace(seen, pack=replace(pack, demand=demand), calibration=known)
    return with_rows(seen, rows)


STATUSES = ["confirmed", "likely", "unknown", "likely"]
SHARES = {"likely": share_of(60, 100), "unknown": share_of(20, 100)}


@pytest.mark.parametrize("within_km", [1, 11, 25])
def test_expected_is_the_mean_over_all_worlds(bhutan: Pack, within_km: float) -> None:
    seen = small(bhutan, STATUSES, SHARES)
    demand, rows = seen.pack.demand, seen.rows
    straight = pack_measures(seen.pack, None).by_name["straight"]
    reach = find_reach(demand["lat"], demand["lon"], rows, [straight])
    found = expect(seen, rows, reach, straight, within_km)
    chances = [1.0 if s == "confirmed" else SHARES[s].share for s in STATUSES]
    people, mean = demand["population"].to_numpy(), 0.0
    for world in itertools.product([False, True], repeat=len(rows)):
        weight = np.prod([p if does else 1 - p for p, does in zip(chances, world, strict=True)])
        near = np.zeros(len(demand), bool)
        for lat, lon, does in zip(rows["lat"], rows["lon"], world, strict=True):
            near |= does & (distance_km(lat, lon, demand["lat"], demand["lon"]) <= within_km)
        mean += weight * people[near].sum() / people.sum()
    assert found is not None
    assert found.share == pytest.approx(mean, abs=1e-9)
    assert found.low <= found.share <= found.high
    assert found.answers == 200


def test_nothing_is_expected_where_most_places_have_no_share(bhutan: Pack) -> None:
    seen = small(bhutan, STATUSES, {"unknown": share_of(20, 100)})
    demand, rows = seen.pack.demand, seen.rows
    straight = pack_measures(seen.pack, None).by_name["straight"]
    reach = find_reach(demand["lat"], demand["lon"], rows, [straight])
    assert expect(seen, rows, reach, straight, 11) is None


def test_bhutan_expects_nothing_and_a_what_if_neither(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    seen = assess_pack(bhutan, library["haemodialysis"], TODAY)
    assert measure_coverage(supply_pack(seen), 50).expected is None


def test_nearer_to_the_truth_than_all_or_none_in_states_held_back(
    library: dict[str, Procedure],
) -> None:
    """Births: the answers of half of the states are hidden, and expected from the other half."""
    us = open_pack("us")
    births = library["hospital-birth"]
    state = region_at(us.regions, us.providers["region_id"], 1)
    codes = sorted(state.dropna().unique())
    held_codes = set(np.random.default_rng(2026).permutation(codes)[: len(codes) // 2])
    held = us.providers.loc[state.isin(held_codes), "provider_id"]
    known = us.evidence[us.evidence["procedure"] == births.slug].set_index("provider_id")["status"]
    others = us.providers[~us.providers["provider_id"].isin(held)]
    shares = calibrate(others, us.evidence, births, TODAY)
    answers = us.evidence["url"].fillna("").str.contains("nrdb-3fcy")
    left = us.evidence[~(us.evidence["provider_id"].isin(held) & answers)]
    seen = assess_pack(replace(us, evidence=left), births, TODAY)
    rows = seen.rows[seen.rows["provider_id"].isin(set(held) & set(known.index))]
    assert "confirmed" not in set(rows["status"])
    does = rows["provider_id"].map(known) == "offered"
    truth = rows.assign(status=np.where(does, "confirmed", "not_offered"))
    straight = pack_measures(us, None).by_name["straight"]
    home = region_at(us.regions, us.demand["region_id"], 1)
    errors: dict[str, list[float]] = {name: [] for name in ("expected", "likely", "none", "every")}
    for code in sorted(held_codes):
        demand = us.demand[(home == code).fillna(False)]
        there = replace(seen, pack=replace(us, demand=demand), calibration=shares)
        reach, real = (
            find_reach(demand["lat"], demand["lon"], frame, [straight]) for frame in (rows, truth)
        )
        people = demand["population"]
        true = share_within(real.nearest("straight", "confirmed"), people, 15)
        found = expect(there, rows, reach, straight, 15)
        assert found is not None
        errors["expected"].append(abs(found.share - true))
        errors["none"].append(true)
        for name, supply in (("likely", "likely"), ("every", "unknown")):
            counted = share_within(reach.nearest("straight", supply), people, 15)
            errors[name].append(abs(counted - true))
    mean = {name: float(np.mean(found)) for name, found in errors.items()}
    assert mean["expected"] < mean["likely"] < mean["every"] < mean["none"]
