"""The seed case, as a reader would check it."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from geo.care.assessed import Assessed, assess_pack
from geo.care.entry import Procedure
from geo.care.find import Answer, Search, find_care
from geo.errors import CareReachError
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack
from geo.travel.road_table import road_distances
from tests.conftest import TODAY, entry, table

CRRH = "Central Regional Referral Hospital, Gelephu"
ERRH = "Eastern Regional Referral Hospital, Mongar"
JDWNRH = "Jigme Dorji Wangchuck National Referral Hospital"


@pytest.fixture(scope="module")
def patch(bhutan: Pack, library: dict[str, Procedure]) -> Assessed:
    return assess_pack(bhutan, library["epidural-blood-patch"], TODAY)


def ask(patch: Assessed, near: str, radius_km: float, **options: Any) -> Answer:
    place = find_place(patch.pack.places, near).place
    assert place is not None
    return find_care(patch, place, Search(radius_km, **options))


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
    column = answer.measure.column
    rows, place = patch.rows, answer.place
    far = road_distances(patch.roads, place.lat, place.lon, rows["lat"], rows["lon"])
    rows = rows.assign(**{column: far[column].to_numpy()})
    inside, outside = rows[rows[column] <= radius_km], rows[rows[column] > radius_km]
    assert set(answer.results["provider_id"]) == set(inside["provider_id"])
    for status, count in answer.counts.items():
        assert count == (inside["status"] == status).sum()
        nearest = outside[outside["status"] == status].nsmallest(2, column)["provider_id"]
        found = answer.beyond[answer.beyond["status"] == status]["provider_id"]
        assert set(found) == set(nearest)


def test_show_and_order(patch: Assessed) -> None:
    likely = ask(patch, "Trongsa", 300, show="likely")
    assert set(likely.results["status"]) == {"likely"}
    assert likely.counts["unknown"] > 0
    near = ask(patch, "Trongsa", 300, order="distance").results["road_km"]
    assert near.is_monotonic_increasing
    assert ask(patch, "Trongsa", 300, show="not_offered").results.empty


def test_the_limit_lists_less_and_counts_all(patch: Assessed) -> None:
    place = find_place(patch.pack.places, "Trongsa").place
    assert place is not None
    answer = find_care(patch, place, Search(300, limit=3))
    assert len(answer.results) == 3
    assert sum(answer.counts.values()) > 3


@pytest.mark.parametrize(
    ("radius_km", "options"),
    [
        (-3, {}),
        (0, {}),
        (501, {}),
        (50, {"measure": "x"}),
        (50, {"order": "x"}),
        (50, {"show": "x"}),
    ],
)
def test_nonsense_is_refused_in_one_sentence(
    patch: Assessed, radius_km: float, options: dict[str, Any]
) -> None:
    with pytest.raises(CareReachError, match=r"\.$"):
        ask(patch, "Trongsa", radius_km, **options)


def test_known_not_to_do_it_is_listed_only_on_request(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    dialysis = entry("haemodialysis", settings=("hospital",))
    assessed = assess_pack(bhutan, dialysis, TODAY)
    asked = ask(assessed, "Trashigang", 50, show="not_offered")
    assert "Trashigang Hospital" in asked.results["name"].tolist()
    assert "Trashigang Hospital" not in ask(assessed, "Trashigang", 50).results["name"].tolist()


def _denied(bhutan: Pack, library: dict[str, Procedure], names: list[str]) -> Assessed:
    """The same pack, with the procedure denied at some places this year."""
    ids = bhutan.providers.set_index("name").loc[names, "provider_id"]
    rows = [
        {
            "provider_id": i,
            "procedure": "epidural-blood-patch",
            "status": "not_offered",
            "statement": "not here",
            "as_of": "2026",
            "source_kind": "official",
        }
        for i in ids
    ]
    evidence = pd.concat([bhutan.evidence, table("evidence", *rows)], ignore_index=True)
    return assess_pack(replace(bhutan, evidence=evidence), library["epidural-blood-patch"], TODAY)


def test_a_related_service_where_the_procedure_is_denied_is_not_offered_as_help(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    thimphu = [JDWNRH, "Gyaltsuen Jetsun Pema Mother and Child Hospital"]
    assert ask(_denied(bhutan, library, thimphu), "Serzhong, Sarpang", 50).related.empty
    one = ask(_denied(bhutan, library, thimphu[:1]), "Thimphu", 2)
    assert one.results["name"].tolist() == thimphu[1:]


def test_the_limit_keeps_the_related_among_the_likely(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    assessed = assess_pack(bhutan, library["epidural-blood-patch"], TODAY)
    answer = ask(assessed, "Serzhong, Mongar", 400, measure="straight")
    place = answer.place
    short = find_care(assessed, place, Search(400, measure="straight", limit=2))
    assert short.results["name"].tolist() == answer.results["name"].tolist()[:2]
    assert short.results.loc[0, "name"] == JDWNRH


def test_without_roads_the_straight_line_stands_in(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    bare = replace(bhutan, roads=table("roads"), road_nodes=table("road_nodes"), outline=None)
    answer = ask(assess_pack(bare, library["epidural-blood-patch"], TODAY), "Paro", 50)
    assert answer.measure.name == "straight"
    assert answer.results["road_km"].isna().all()
    with pytest.raises(CareReachError, match="measure"):
        ask(assess_pack(bare, library["epidural-blood-patch"], TODAY), "Paro", 50, measure="x")


def test_far_outside_no_road_and_no_hospital_is_named(patch: Assessed) -> None:
    answer = ask(patch, "28.6, 77.2", 500)
    assert answer.outside_km > 1000
    assert answer.measure.name == "straight"
    assert answer.seen_at.empty


def test_a_pack_with_nobody_in_it(bhutan: Pack, library: dict[str, Procedure]) -> None:
    empty = replace(
        bhutan,
        providers=table("providers").assign(source_title=None, source_as_of=None, source_url=None),
        evidence=table("evidence"),
    )
    for slug in ("epidural-blood-patch", "hospital-care", "psoriasis"):
        answer = ask(assess_pack(empty, library[slug], TODAY), "Paro", 50)
        assert answer.results.empty
        assert answer.seen_at.empty


def test_a_doctor_from_a_register(bhutan: Pack, library: dict[str, Procedure]) -> None:
    doctor = table(
        "providers",
        {
            "provider_id": "npi:1",
            "kind": "practitioner",
            "name": "A. Doctor",
            "lat": "27.43",
            "lon": "89.41",
            "specialties": "anaesthesiology",
            "location_precision": "postcode",
            "sources": "register",
            "retrieved": "2026-01",
        },
    ).assign(source_title="A register", source_as_of="2025", source_url=None)
    pack = replace(bhutan, providers=pd.concat([bhutan.providers, doctor], ignore_index=True))
    answer = ask(assess_pack(pack, library["epidural-blood-patch"], TODAY), "Paro", 10)
    first = answer.results.to_dict("records")[0]
    assert (first["name"], first["status"], first["as_of"]) == ("A. Doctor", "likely", "2025")
    assert (
        "A. Doctor"
        not in ask(assess_pack(pack, library["hospital-care"], TODAY), "Paro", 10)
        .results["name"]
        .tolist()
    )
