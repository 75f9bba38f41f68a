"""Finding a place: the spellings of the seed case, and the rules of one place or several."""

import pandas as pd
import pytest
import shapely

from geo.packs.gazetteer import Gazetteer, find_place, outside_km
from geo.packs.pack import Pack
from tests.conftest import table


@pytest.mark.parametrize(
    "text",
    [
        "Serzhong, Sarpang",
        "sershong sarpang",
        "Serzhong sarpang ",
        "SERZHONG,SARPANG",
        "Serzhong (gewog), Sarpang",
        "sarpang serzhong",
        "26.920, 90.526",
        "26.920,90.526",
    ],
)
def test_spellings_of_one_place(bhutan: Pack, text: str) -> None:
    place = find_place(bhutan.places, text).place
    assert place is not None
    assert (place.lat, place.lon) == (26.92, 90.526)


def test_an_ambiguous_name_is_a_question(bhutan: Pack) -> None:
    found = find_place(bhutan.places, "Serzhong")
    assert found.place is None
    assert {c.label for c in found.choices} == {"Serzhong, Sarpang", "Serzhong, Mongar"}


@pytest.mark.parametrize("text", ["Thimphu", "Paro", "Trongsa", "Mongar"])
def test_a_town_in_its_district_is_one_place(bhutan: Pack, text: str) -> None:
    place = find_place(bhutan.places, text).place
    assert place is not None
    assert place.kind == "town"
    assert place.name == text


@pytest.mark.parametrize("text", ["Serzhong, Mongar", "Serzhong, Monggar", "serzhong mongar"])
def test_the_other_serzhong_by_any_spelling_of_its_district(bhutan: Pack, text: str) -> None:
    place = find_place(bhutan.places, text).place
    assert place is not None
    assert place.kind == "village"


def test_every_label_finds_its_place_again(bhutan: Pack) -> None:
    places = Gazetteer(bhutan.places)
    for text in bhutan.places["name"] + ", " + bhutan.places["within"]:
        found = find_place(places, text)
        for place in [found.place] if found.place else found.choices:
            again = find_place(places, place.label).place
            assert again is not None, place.label
            assert again.place_id == place.place_id


def test_nobody_knows_it(bhutan: Pack) -> None:
    found = find_place(bhutan.places, "Xyzzy")
    assert found.place is None
    assert not found.choices
    assert found.suggestions
    assert "Xyzzy" in found.problem


def test_a_typo_is_overlooked_and_said(bhutan: Pack) -> None:
    found = find_place(bhutan.places, "Thimpuh")
    assert found.place is not None
    assert found.place.name == "Thimphu"
    assert found.corrected


@pytest.mark.parametrize(("text", "word"), [("95, 10", "latitude"), ("10, 200", "longitude")])
def test_an_impossible_position(bhutan: Pack, text: str, word: str) -> None:
    found = find_place(bhutan.places, text)
    assert found.place is None
    assert word in found.problem


def test_nothing_typed(bhutan: Pack) -> None:
    assert find_place(bhutan.places, "  ").problem


def _places(*spots: tuple[str, str, str, str]) -> pd.DataFrame:
    rows = [
        {
            "place_id": f"p:{i}",
            "name": "Foo",
            "kind": kind,
            "within": within,
            "lat": lat,
            "lon": lon,
            "source": "x",
        }
        for i, (kind, within, lat, lon) in enumerate(spots)
    ]
    return table("places", *rows)


def test_same_name_far_apart_in_one_district_is_asked() -> None:
    near = _places(("gewog", "D", "0", "0"), ("town", "D", "0", "0.1"))
    found = find_place(near, "foo")
    assert found.place is not None
    assert found.place.kind == "town"
    far = _places(("gewog", "D", "0", "0"), ("town", "D", "0", "0.2"))
    choices = find_place(far, "foo").choices
    assert len(choices) == 2
    for choice in choices:
        again = find_place(far, choice.label).place
        assert again is not None
        assert (again.lat, again.lon) == (choice.lat, choice.lon)


def test_a_dzongkhag_stands_at_its_headquarters(bhutan: Pack) -> None:
    place = find_place(bhutan.places, "Bumthang").place
    assert place is not None
    hospital = bhutan.providers.set_index("locality").loc["Wangdicholing"]
    assert (place.lat, place.lon) == (hospital["lat"], hospital["lon"])


def test_distance_outside_the_extent(bhutan: Pack) -> None:
    assert outside_km(bhutan.outline, 27.5, 90.5) == 0
    assert outside_km(bhutan.outline, 26.5, 90.5) > 20
    assert outside_km(None, 0, 0) == 0
    assert outside_km(shapely.box(170, -20, 180, -10), -15, -179.9) == pytest.approx(10.7, abs=0.1)
