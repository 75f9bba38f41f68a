"""The same provider from two sources is kept once, with both; others stay apart."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.sources.batch import frame_of
from geo.sources.merge import Merged, _merged, merge_places, merge_providers
from tests.samples import doctor, frame, row


def test_a_like_name_nearby_is_one_place_with_both_sources() -> None:
    old = frame(row("a", "1", "Bang Rak Health Centre", phone="+6625550100"))
    new = frame(row("b", "9", "Health Centre, Bang Rak", lat=13.7005, website="https://x.org"))
    found = merge_providers(old, new)
    one = found.providers.iloc[0]
    assert len(found.providers) == 1
    assert one["sources"] == ["a", "b"]
    assert (one["phone"], one["website"]) == ("+6625550100", "https://x.org")
    assert found.id_of == {"b:9": "a:1"}
    assert "0.06 km" in found.decisions[0].reason


def test_what_is_far_or_called_otherwise_or_of_another_kind_stays_apart() -> None:
    old = frame(row("a", "1", "Bang Rak Health Centre"))
    new = frame(
        row("b", "1", "Bang Rak Health Centre", lat=13.71),
        row("b", "2", "Bang Kapi Dental House"),
        row("b", "3", "Bang Rak Health Centre", kind="practitioner"),
    )
    assert len(merge_providers(old, new).providers) == 4


def test_an_npi_decides_and_two_npis_are_two_providers() -> None:
    old = frame(row("a", "1", "Jo Doe", npi="1234567893", location_precision="postcode"))
    new = frame(
        row("b", "1", "Joanna Doe-Smith", npi="1234567893", lat=13.75),
        row("b", "2", "Jo Doe", npi="1003011404"),
    )
    found = merge_providers(old, new)
    assert found.id_of == {"b:1": "a:1", "b:2": "b:2"}
    # The more exact position of the two is kept.
    assert found.providers["lat"].tolist() == [13.75, 13.7]


def test_a_row_of_the_same_id_is_brought_up_to_date() -> None:
    old = frame(row("a", "1", "Old name", phone="+6625550100", sources=["a", "b"]))
    new = frame(row("a", "1", "New name"))
    one = merge_providers(old, new).providers.iloc[0]
    assert (one["name"], one["phone"]) == ("New name", "+6625550100")
    assert one["sources"] == ["a", "b"]


@settings(max_examples=25)
@given(
    new=st.lists(
        st.tuples(
            st.sampled_from(["1", "2", "3", "4", "5", "1.2"]),
            st.sampled_from(["Alpha Clinic", "Beta House", "Gamma Place", "Delta", "The Delta"]),
            st.sampled_from([13.7, 13.7001, 13.9]),
            st.sampled_from([None, "+6625550100"]),
        ),
        max_size=6,
        unique_by=lambda row: row[0],
    )
)
def test_rows_that_nothing_else_can_be_are_merged_as_the_others(
    new: list[tuple[str, str, float, str | None]],
) -> None:
    """What is left out of the comparison would not have been changed by it."""
    rows = [row("b", key, name, lat=lat, phone=phone) for key, name, lat, phone in new]
    found, expected = (how(frame(), frame(*rows)) for how in (merge_providers, _by_row))
    pd.testing.assert_frame_equal(found.providers, expected.providers)
    assert found.id_of == expected.id_of
    assert found.decisions == expected.decisions
    assert found.repeated == expected.repeated


def _by_row(old: pd.DataFrame, new: pd.DataFrame) -> Merged:
    return _merged(old, new, adds_places=True)


names = st.sampled_from(["Alpha Clinic", "Clinic Alpha", "Beta Clinic", "Gamma House", "Alpha"])
spots = st.sampled_from([13.7, 13.7001, 13.702, 13.8])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(names, spots), max_size=7), st.lists(st.tuples(names, spots), max_size=7))
def test_nothing_is_lost_and_doing_it_again_changes_nothing(
    first: list[tuple[str, float]], second: list[tuple[str, float]]
) -> None:
    old = frame(*(row("a", str(i), n, lat) for i, (n, lat) in enumerate(first)))
    new = frame(*(row("b", str(i), n, lat) for i, (n, lat) in enumerate(second)))
    found = merge_providers(old, new)
    one_less = len(found.decisions) + len(found.repeated)
    assert len(found.providers) == len(old) + len(new) - one_less
    assert set(found.id_of.values()) <= set(found.providers["provider_id"])
    assert found.providers["provider_id"].is_unique
    again = merge_providers(found.providers, new)
    pd.testing.assert_frame_equal(again.providers, found.providers)


@settings(deadline=None)
@given(
    first=st.sampled_from(["Alpha & Beta Clinic", "Alpha and Beta Clinic, Inc."]),
    km=st.sampled_from([0.0, 0.05, 0.2]),
    phones=st.sampled_from([(None, None), ("+6625550100", None), ("+6625550100", "+6625550199")]),
)
def test_a_row_repeated_in_one_file_is_kept_once(
    first: str, km: float, phones: tuple[str | None, str | None]
) -> None:
    new = frame(
        row("b", "1", first, phone=phones[0]),
        row("b", "2", "Alpha and Beta Clinic", lat=13.7 + km / 111, phone=phones[1]),
        row("b", "3", "Gamma House", lat=13.7 + km / 111),
    )
    found = merge_providers(frame(), new)
    apart = km > 0.1 or None not in phones
    assert len(found.providers) == (3 if apart else 2)
    assert [(d.kept, d.merged) for d in found.repeated] == ([] if apart else [("b:1", "b:2")])
    assert found.id_of == {"b:1": "b:1", "b:2": "b:2" if apart else "b:1", "b:3": "b:3"}


@pytest.mark.parametrize(
    ("known", "brought", "km", "same"),
    [
        # In their towns: telephone and website decide within what the precision allows.
        ({"phone": "+6625550100"}, {"phone": "+6625550100"}, 20, True),
        ({"phone": "+6625550100"}, {"phone": "+6625550199"}, 1, False),
        ({"phone": "+6625550100"}, {"phone": "+6625550100"}, 30, False),
        ({"website": "https://www.x.org/"}, {"website": "http://x.org"}, 20, True),
        ({}, {}, 1, True),
        ({}, {}, 20, False),
    ],
)
def test_rows_placed_in_their_town_against_exact_ones(
    known: dict[str, Any], brought: dict[str, Any], km: float, same: bool
) -> None:
    old = frame(row("a", "1", "Bang Rak Health Centre", **known))
    new = row("b", "9", "Bang Rak Health Centre", lat=13.7 + km / 111, **brought)
    new["location_precision"] = "locality"
    assert len(merge_providers(old, frame(new)).providers) == (1 if same else 2)


def test_the_number_of_a_head_office_makes_no_two_places_one() -> None:
    names = ["Bang Rak Health Centre", "Bang Kapi Health Centre", "Rak Health", "Yai Health"]
    old = frame(
        *(row("a", str(i), n, 13.7 + i / 9, phone="+6625550100") for i, n in enumerate(names))
    )
    new = frame(row("b", "1", "Bang Rak Health", 13.702, phone="+6625550100"))
    assert len(merge_providers(old, new).providers) == 5


def test_a_place_of_the_same_name_nearby_is_known() -> None:
    def place(record: str, name: str, lat: float) -> dict[str, Any]:
        return {
            "place_id": record,
            "name": name,
            "kind": "town",
            "lat": lat,
            "lon": 0.0,
            "source": "s",
        }

    old = frame_of([place("1", "São Tomé", 0.3)], "places")
    new = frame_of([place("2", "Sao Tome", 0.31), place("3", "Sao Tome", 3.0)], "places")
    assert merge_places(old, new)["place_id"].tolist() == ["1", "3"]
    assert merge_places(old.iloc[:0], new)["place_id"].tolist() == ["2", "3"]


def test_a_second_place_of_a_clinician_stays_a_place() -> None:
    npi = "1234567893"
    dac = frame(
        doctor(f"{npi}@04101", npi, 43.66, sources=["dac"]),
        doctor(f"{npi}@04401", npi, 44.8, sources=["dac"]),
    )
    nppes = frame(doctor(f"{npi}@04401", npi, 44.8, sources=["nppes"], phone="+12075550123"))
    for first, second in ((dac, nppes), (nppes, dac)):
        found = merge_providers(first, second).providers
        assert sorted(found["lat"]) == [43.66, 44.8]
    # What payment records say of somebody is no further place.
    claims = frame(doctor(f"{npi}@99501", npi, 61.2, sources=["claims"]))
    found = merge_providers(dac, claims, adds_places=False)  # type: ignore[assignment]
    assert len(found.providers) == 2
    assert found.id_of == {f"npi:{npi}@99501": f"npi:{npi}@04401"}


def test_an_earlier_source_is_completed_and_not_overwritten_by_a_later_one() -> None:
    old = frame(row("a", "1", "Alpha Clinic", phone="+6625550100"))
    other = frame(row("a", "1", "Alpha clinic X", sources=["b"], phone="+6625550199", beds=9))
    one = merge_providers(old, other).providers.iloc[0]
    assert (one["name"], one["phone"], one["beds"]) == ("Alpha Clinic", "+6625550100", 9)


def test_an_id_that_means_somebody_else_is_not_taken_for_the_same() -> None:
    old = frame(row("list", "1", "Alpha Hospital", phone="+6625550100"))
    new = frame(row("list", "1", "Zhemgang Dental", lat=27.2))
    found = merge_providers(old, new)
    assert found.providers["name"].tolist() == ["Alpha Hospital", "Zhemgang Dental"]
    again = merge_providers(found.providers, new)
    assert again.id_of == {"list:1": "list:1.2"}
    assert len(again.providers) == 2


def test_names_that_are_nearly_alike_stay_apart() -> None:
    old = frame(
        row("a", "1", "Dr Anna Schmidt", kind="practitioner", facility_type=None),
        row("a", "2", "Health Post Ward 12"),
        row("a", "3", "St Mary", facility_type="hospital"),
    )
    new = frame(
        row("b", "1", "Dr Anne Schmidt", kind="practitioner", facility_type=None),
        row("b", "2", "Health Post Ward 13"),
        row("b", "3", "St Mary", facility_type="pharmacy"),
    )
    assert merge_providers(old, new).decisions == ()


def test_a_name_of_common_words_alone_is_found() -> None:
    rows = [row("a", str(i), "Community Clinic", lat=13 + i / 10) for i in range(600)]
    found = merge_providers(frame(*rows), frame(row("b", "1", "Community Clinic", lat=23.0)))
    assert found.id_of == {"b:1": "a:100"}


def test_other_is_no_kind_of_place() -> None:
    old = frame(row("a", "1", "Alpha", facility_type="other"))
    new = frame(row("b", "1", "Alpha", facility_type="hospital"))
    assert merge_providers(old, new).providers["facility_type"].tolist() == ["hospital"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A & B Hospital", "A and B Hospital"),
        ("Riverside Clinic, Inc.", "Riverside Clinic"),
        ("The Riverside Clinic LLC", "Riverside Clinic"),
    ],
)
def test_and_and_the_form_of_a_company_tell_no_two_apart(one: str, other: str) -> None:
    found = merge_providers(frame(row("a", "1", one)), frame(row("b", "1", other)))
    assert len(found.providers) == 1


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        # Branches of a chain, each with the website of all.
        ([{"website": "https://cvs.example", "location_precision": "locality"}] * 4, 4),
        # An address that is only a town tells nothing.
        ([{"address": "Kathmandu", "location_precision": "locality"}] * 4, 4),
        ([{"address": "12 Ring Road", "location_precision": "locality"}] * 4, 1),
        # A name of many.
        ([{}] * 5, 5),
        ([{"gender": "male"}, {"gender": "female"}], 2),
        ([{"beds": 20}, {"beds": 30}], 2),
        ([{"specialties": ["cardiology"]}, {"specialties": ["neurology"]}], 2),
        ([{"beds": 20}, {}], 1),
    ],
)
def test_places_of_one_name_are_one_only_where_something_tells(
    rows: list[dict[str, Any]], kept: int
) -> None:
    far = 0.05 if any("location_precision" in r for r in rows) else 0.0005
    new = frame(*(row("b", str(i), "Health Post", 13.7 + far * i, **r) for i, r in enumerate(rows)))
    assert len(merge_providers(frame(), new).providers) == kept


def test_east_is_not_west_and_branches_with_two_numbers_are_two() -> None:
    old = row("a", "1", "Sunrise Clinic East", phone="+6625550100")
    new = row("b", "1", "Sunrise Clinic West", 13.702, phone="+6625550100")
    assert len(merge_providers(frame(old), frame(new)).providers) == 2
    site: dict[str, Any] = {"website": "https://cvs.example", "location_precision": "locality"}
    old = row("a", "1", "CVS Pharmacy", phone="+6625550100", **site)
    new = row("b", "1", "CVS Pharmacy", 13.85, phone="+6625550199", **site)
    assert len(merge_providers(frame(old), frame(new)).providers) == 2
