"""What the map of a coverage is made of."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.coverage.coverage import Coverage, measure_coverage, region_at, supply_pack
from geo.output.coverage_map import MOST_NAMED, coverage_map, people_points
from geo.packs.pack import open_pack
from tests.conftest import TODAY


@pytest.fixture(scope="module")
def us_dialysis(library: dict[str, Procedure]) -> Coverage:
    return measure_coverage(
        supply_pack(assess_pack(open_pack("us"), library["haemodialysis"], TODAY)), 30
    )


def test_places_of_as_many_people_keep_their_order_on_every_processor() -> None:
    """An unstable sort is done by vector instructions, which differ between processors."""
    rng = np.random.default_rng(5)
    demand = pd.DataFrame(
        {
            "lat": rng.uniform(26, 28, 2_000).round(3),
            "lon": rng.uniform(89, 92, 2_000).round(3),
            "population": rng.integers(1, 4, 2_000),
        }
    )
    points, cells = people_points(demand, most=2_000)
    assert not cells
    rows = zip(demand["lat"], demand["lon"], demand["population"], strict=True)
    assert points == sorted(rows, key=lambda row: -int(row[2]))


@pytest.mark.parametrize(
    ("region", "level", "are_named"),
    [(None, 1, False), ("nowhere", 1, False), ("US-CO", 1, True), ("US08031", 2, True)],
)
def test_of_very_many_places_those_of_the_chosen_region_have_names(
    us_dialysis: Coverage, region: str | None, level: int, are_named: bool
) -> None:
    rows = us_dialysis.supplied.rows
    drawn = coverage_map(us_dialysis, region=region)
    assert len(drawn.places) > MOST_NAMED
    named = {spot.name for spot in drawn.places} - {""}
    assert bool(named) == are_named
    at = region_at(us_dialysis.pack.regions, rows["region_id"], level)
    assert named <= set(rows.loc[(at == region).fillna(False).astype(bool), "name"])


def test_a_region_of_too_many_places_names_none(us_dialysis: Coverage) -> None:
    assert not any(spot.name for spot in coverage_map(us_dialysis, region="US-TX").places)


def test_of_very_many_places_a_map_has_sums(
    us_dialysis: Coverage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each status as often as there are places, and none farther from its mark than a cell."""
    whole = coverage_map(us_dialysis).places
    monkeypatch.setattr("geo.output.coverage_map.MOST_SPOTS", 10)
    monkeypatch.setattr("geo.output.coverage_map.MOST_SUMS", 12)
    some = coverage_map(us_dialysis).places
    assert len(some) <= 12 < len(whole)
    counted: Counter[str] = Counter()
    for spot in some:
        number, word = spot.name.split(" ", 1)
        assert word == spot.status
        counted[word] += int(number.replace(",", ""))
    assert counted == Counter(spot.status for spot in whole)
