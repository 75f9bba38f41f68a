"""What is suggested while somebody types a place: against a plain search through all names."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.packs.gazetteer import Gazetteer
from geo.packs.pack import open_pack
from geo.packs.place_words import name_key
from geo.packs.suggestions import MOST, Suggestions

BHUTAN, US = open_pack("bhutan"), open_pack("us")
IN_BHUTAN, IN_US = Suggestions(BHUTAN.gazetteer), Suggestions(US.gazetteer)


def labels(of: Suggestions, text: str) -> list[str]:
    return [place.label for place in of.suggest(text)]


@given(st.sampled_from(sorted(US.places["name"])), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_the_largest_that_begins_so_is_suggested(name: str, letters: int) -> None:
    typed = name[:letters]
    starts = US.places["name"].map(name_key).str.startswith(name_key(typed))
    assume(len(name_key(typed)) >= 2 and starts.any())
    suggested = IN_US.suggest(typed)
    assert 0 < len(suggested) <= MOST
    people = US.places.loc[starts, "population"].fillna(-1)
    largest = US.places.loc[people[people == people.max()].index, "name"]
    assert set(largest) & {place.name for place in suggested}


@given(st.sampled_from(sorted(US.places["name"])), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_what_is_suggested_is_found_when_it_is_chosen(name: str, letters: int) -> None:
    for place in IN_US.suggest(name[:letters]):
        found = US.gazetteer.find(place.label).place
        assert found is not None, place.label
        assert (found.lat, found.lon) == (place.lat, place.lon), place.label


@given(st.sampled_from(sorted(US.providers["name"])))
@settings(max_examples=40, deadline=None)
def test_facilities_are_suggested_and_found(name: str) -> None:
    for place in IN_US.suggest(name):
        found = US.gazetteer.find(place.label).place
        assert found is not None, place.label
        assert (found.lat, found.lon) == (place.lat, place.lon), place.label


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("spri", "Spring Valley, Nevada"),
        ("springfield, il", "Springfield, Illinois"),
        ("springfield, illi", "Springfield, Illinois"),
        ("springfield il", "Springfield, Illinois"),
        ("portland, m", "Portland, Maine"),
        ("st l", "St. Louis, Missouri"),
        ("saint l", "St. Louis, Missouri"),
        ("nyc", "New York City, New York"),
        ("0410", "04101"),
        ("mayo roch", "Mayo Clinic Hospital Rochester, Rochester"),
        ("cincinatti", "Cincinnati, Ohio"),
    ],
)
def test_what_people_begin_to_type(typed: str, first: str) -> None:
    assert labels(IN_US, typed)[0] == first


def test_of_two_that_are_one_place_the_larger_is_suggested_and_found() -> None:
    """Two Chinatowns in California are 12 km apart: by the rule of 15 km they are one place."""
    (place,) = [p for p in IN_US.suggest("chinatown, cal") if p.name == "Chinatown"]
    found = US.gazetteer.find(place.label).place
    assert found is not None
    assert found.place_id == place.place_id
    alike = US.places[(US.places["name"] == "Chinatown") & (US.places["within"] == "California")]
    assert alike.loc[alike["place_id"] == place.place_id, "population"].item() == max(
        alike["population"]
    )


def test_both_of_one_name_and_the_one_of_a_district() -> None:
    assert labels(IN_BHUTAN, "serz") == ["Serzhong, Sarpang", "Serzhong, Mongar"]
    assert labels(IN_BHUTAN, "serzhong, m") == ["Serzhong, Mongar"]
    assert "Paro Hospital, Paro" in labels(IN_BHUTAN, "par")
    assert "Central Regional Referral Hospital, Gelephu, Gelephu" in labels(IN_BHUTAN, "referral")
    assert labels(IN_BHUTAN, "thimpu") == ["Thimphu"]


def test_nothing_is_suggested_of_nothing_or_of_a_position() -> None:
    for typed in ("", " ", "s", ", ", "27.47", "27.47, 89.64", "geo:27.47,89.64", "xyzzyq"):
        assert labels(IN_BHUTAN, typed) == [], typed


@pytest.mark.parametrize("pack", [IN_BHUTAN, IN_US])
@given(text=st.text(st.characters(codec=None), max_size=30) | st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_is_borne(pack: Suggestions, text: str) -> None:
    assert len(pack.suggest(text)) <= MOST


def test_a_pack_without_places_suggests_nothing() -> None:
    empty = Gazetteer(BHUTAN.places.iloc[:0])
    assert labels(Suggestions(empty), "thim") == []
