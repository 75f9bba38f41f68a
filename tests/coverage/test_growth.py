"""How the share grows with the distance, beside a count of who is within."""

import numpy as np
import pytest

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.coverage.coverage import measure_coverage, supply_pack
from geo.coverage.growth import STEPS, TIMES, share_by_distance
from geo.coverage.reach import SUPPLIES
from geo.packs.pack import Pack
from tests.conftest import TODAY


@pytest.mark.parametrize("within_km", [7, 50])
def test_it_is_the_share_of_who_is_within(
    bhutan: Pack, library: dict[str, Procedure], within_km: float
) -> None:
    supplied = supply_pack(assess_pack(bhutan, library["haemodialysis"], TODAY))
    coverage = measure_coverage(supplied, within_km)
    table = share_by_distance(coverage)
    assert len(table) == STEPS + 1
    assert table["far"].iloc[-1] == TIMES * within_km
    people = bhutan.demand["population"].to_numpy(float)
    for supply in SUPPLIES:
        nearest = supplied.reach.nearest(coverage.measure.name, supply)
        expected = [100 * people[nearest <= far].sum() / people.sum() for far in table["far"]]
        assert table[supply].to_numpy() == pytest.approx(expected)
        assert (np.diff(table[supply]) >= 0).all()
    # At the threshold it is the figure of the page.
    assert table.loc[STEPS // TIMES, "likely"] == pytest.approx(100 * coverage.share["likely"])
