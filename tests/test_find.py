"""The seed case, as a reader would check it."""

import pytest

from geo.errors import CareReachError
from geo.find import Answer, Assessed, assess_pack, find_care
from geo.packs import Pack
from geo.places import find_place
from tests.conftest import TODAY

CRRH = "Central Regional Referral Hospital, Gelephu"
ERRH = "Eastern Regional Referral Hospital, Mongar"
JDWNRH = "Jigme Dorji Wangchuck National Referral Hospital"


@pytest.fixture(scope="module")
def patch(bhutan: Pack, library: dict) -> Assessed:
    return assess_pack(bhutan, library["epidural-blood-patch"], TODAY)


def ask(patch: Assessed, near: str, radius_km: float, **options: str) -> Answer:
    place = find_place(patch.pack.places, near).place
    assert place is not None
    return find_care(patch, place, radius_km, **options)


def test_serzhong_sarpang_within_50_km_by_road(patch: Assessed) -> None:
    answer = ask(patch, "Serzhong, Sarpang", 50)
    assert answer.results["name"].tolist() == [CRRH, "Sarpang Hospital"]
    first, second = answer.results.to_dict("records")
    assert (first["status"], first["old"], first["as_of"]) == ("likely", True, "2020-11")
    assert first["contrary"]
    assert 5 < first["distance_km"] < 7
    assert first["road_km"] == pytest.approx(12, abs=1)
    assert first["road_about"]
    assert second["status"] == "unknown"
    assert "small_hospital" not in set(answer.results["facility_type"])
    assert answer.counts == {"confirmed": 0, "reported": 0, "likely": 1, "unknown": 1}
    assert answer.seen_at["name"].tolist() == [CRRH]


def test_farther_away_are_the_next_likely_and_thimphu_as_the_related(patch: Assessed) -> None:
    answer = ask(patch, "Serzhong, Sarpang", 50)
    likely = answer.beyond.loc[answer.beyond["status"] == "likely", "name"]
    assert set(likely) == {"Wangdue Phodrang Hospital", JDWNRH}
    assert answer.related["name"].tolist() == [JDWNRH]
    assert answer.beyond["status"].value_counts().max() == 2


def test_serzhong_mongar_is_15_km_straight_and_56_by_road(patch: Assessed) -> None:
    (row,) = ask(patch, "Serzhong, Mongar", 60).results.to_dict("records")
    assert row["name"] == ERRH
    assert 15 < row["distance_km"] < 16
    assert row["road_km"] == 56
    assert not row["road_about"]
    assert row["against"]
    assert row["rows"]


def test_within_20_km_straight_it_is_there_and_by_road_it_is_not(patch: Assessed) -> None:
    assert ERRH in ask(patch, "Serzhong, Mongar", 20, measure="straight").results["name"].tolist()
    assert ask(patch, "Serzhong, Mongar", 20, measure="road").results.empty


def test_nobody_within_3_km(patch: Assessed) -> None:
    answer = ask(patch, "Serzhong, Sarpang", 3)
    assert answer.results.empty
    assert sum(answer.counts.values()) == 0
    assert CRRH in answer.beyond["name"].tolist()


@pytest.mark.parametrize("measure", ["road", "straight"])
@pytest.mark.parametrize("radius_km", [3, 30, 90, 200])
def test_counts_and_beyond_equal_brute_force(
    patch: Assessed, measure: str, radius_km: float
) -> None:
    answer = ask(patch, "Trongsa", radius_km, measure=measure)
    everybody = ask(patch, "Trongsa", 500, measure=measure)
    column = answer.distance_column
    rows = everybody.results[everybody.results["status"] != "not_offered"]
    inside, outside = rows[rows[column] <= radius_km], rows[rows[column] > radius_km]
    for status, count in answer.counts.items():
        assert count == (inside["status"] == status).sum()
        nearest = outside[outside["status"] == status].nsmallest(2, column)["provider_id"]
        found = answer.beyond[answer.beyond["status"] == status]["provider_id"]
        assert set(found) == set(nearest)


def test_show_and_order(patch: Assessed) -> None:
    likely = ask(patch, "Trongsa", 300, show="likely")
    assert set(likely.results["status"]) == {"likely"}
    assert likely.counts["unknown"] > 0
    near = ask(patch, "Trongsa", 300, order_by="distance").results["road_km"]
    assert near.is_monotonic_increasing
    assert ask(patch, "Trongsa", 300, show="not_offered").results.empty


def test_the_limit_lists_less_and_counts_all(patch: Assessed) -> None:
    place = find_place(patch.pack.places, "Trongsa").place
    assert place is not None
    answer = find_care(patch, place, 300, limit=3)
    assert len(answer.results) == 3
    assert sum(answer.counts.values()) > 3


@pytest.mark.parametrize(
    ("radius_km", "options"),
    [
        (-3, {}),
        (0, {}),
        (501, {}),
        (50, {"measure": "x"}),
        (50, {"order_by": "x"}),
        (50, {"show": "x"}),
    ],
)
def test_nonsense_is_refused_in_one_sentence(
    patch: Assessed, radius_km: float, options: dict
) -> None:
    with pytest.raises(CareReachError, match=r"\.$"):
        ask(patch, "Trongsa", radius_km, **options)
