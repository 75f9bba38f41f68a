"""Words and files: what is shown is what is known, and hostile text stays text."""

import csv
import datetime as dt
import io
import json
import re
from dataclasses import replace
from typing import Any

import folium
import pytest

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Answer, Search, find_care
from geo.output import answer_text, downloads, handouts, maps
from geo.output.maps import Ground, base_map
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack
from tests.conftest import TODAY

HOSTILE = '<script>alert(1)</script> "O\'Neil" & Söhne 医院'


def ask(
    pack: Pack, library: dict[str, Procedure], slug: str, near: str, radius_km: float
) -> Answer:
    place = find_place(pack.places, near).place
    assert place is not None
    return find_care(assess_pack(pack, library[slug], TODAY), place, Search(radius_km))


@pytest.fixture(scope="module")
def seed(bhutan: Pack, library: dict[str, Procedure]) -> Answer:
    return ask(bhutan, library, "epidural-blood-patch", "Serzhong, Sarpang", 50)


def renamed(bhutan: Pack, name: str) -> Pack:
    providers = bhutan.providers.copy()
    providers.loc[1, "name"] = name
    return replace(bhutan, providers=providers)


def test_a_line_says_who_how_far_how_sure_and_why(seed: Answer) -> None:
    first = answer_text.answer_rows(seed)[0]
    assert (first.number, first.name) == (1, "Central Regional Referral Hospital, Gelephu")
    assert (first.status_label, first.distance) == ("Likely", "about 12 km by road")
    assert [badge for _, badge in first.badges] == ["Old: 2020", "Another source disagrees"]
    assert first.source == "Kuensel, Nov 2020"
    assert "no anaesthesiologist" in first.against[0].text
    assert (
        first.detail == "in Gelephu, about 6 km in a straight line; estimates run from 11 to 17 km"
    )
    assert "No phone number is on record" in first.reach


def test_the_lead_says_what_is_proved_first(
    seed: Answer, bhutan: Pack, library: dict[str, Procedure]
) -> None:
    assert answer_text.count_text(seed) == (
        "Nobody has confirmed or reported this procedure in Bhutan.",
        "1 likely, 1 unknown within 50 km by road.",
    )
    nobody = ask(bhutan, library, "epidural-blood-patch", "Serzhong, Sarpang", 3)
    assert answer_text.count_text(nobody)[1] == "Nobody who may do it is known within 3 km by road."
    care = ask(bhutan, library, "hospital-care", "Serzhong, Sarpang", 20)
    assert answer_text.count_text(care) == ("2 places are on record within 20 km by road.", "")
    none = ask(bhutan, library, "primary-care", "Thimphu", 20)
    assert answer_text.count_text(none)[0] == "No place of this kind is in the data for Bhutan."


def test_numbers_run_through_the_list_and_beyond(seed: Answer) -> None:
    lines = answer_text.answer_rows(seed)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert len({line.provider_id for line in lines}) == len(lines)
    assert [line.farther for line in lines] == sorted(line.farther for line in lines)


def test_a_hostile_name_is_exactly_that_text(bhutan: Pack, library: dict[str, Procedure]) -> None:
    answer = ask(renamed(bhutan, HOSTILE), library, "epidural-blood-patch", "Serzhong, Sarpang", 50)
    rows = list(
        csv.DictReader(io.StringIO(downloads.answer_csv(answer, answer_text.answer_rows(answer))))
    )
    assert rows[0]["name"] == HOSTILE
    collection = json.loads(downloads.answer_geojson(answer, answer_text.answer_rows(answer)))
    assert collection["features"][0]["properties"]["name"] == HOSTILE
    page = handouts.leaflet_html(answer, answer_text.answer_rows(answer), TODAY)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)"])
def test_a_spreadsheet_runs_nothing(bhutan: Pack, library: dict[str, Procedure], name: str) -> None:
    answer = ask(renamed(bhutan, name), library, "epidural-blood-patch", "Serzhong, Sarpang", 50)
    rows = list(
        csv.DictReader(io.StringIO(downloads.answer_csv(answer, answer_text.answer_rows(answer))))
    )
    assert rows[0]["name"] == "'" + name


def test_the_json_of_the_contract(seed: Answer) -> None:
    found = json.loads(
        json.dumps(downloads.answer_json(seed, answer_text.answer_rows(seed)), allow_nan=False)
    )
    assert {
        "place",
        "procedure",
        "radius_km",
        "measure",
        "order",
        "results",
        "beyond",
        "seen_at",
        "counts",
        "sources",
    } <= set(found)
    assert {
        "provider_id",
        "name",
        "kind",
        "status",
        "disputed",
        "contrary",
        "old",
        "reason",
        "notices",
        "distance_km",
        "road_km",
        "road_low_km",
        "road_high_km",
        "road_about",
        "lat",
        "lon",
        "phone",
        "source",
        "as_of",
    } <= set(found["results"][0])
    assert set(found["beyond"]) == {"confirmed", "reported", "likely", "unknown", "related"}
    assert found["results"][0]["phone"] is None
    assert found["results"][1]["as_of"] is None
    assert found["beyond"]["related"][0]["related"]


def test_the_print_view_has_emergency_first_step_list_and_sources(seed: Answer) -> None:
    page = handouts.leaflet_html(seed, answer_text.answer_rows(seed), dt.date(2026, 11, 22))
    for part in (
        "Get help now:",
        ">112</a>",
        "First step:",
        "Sarpang Hospital",
        "Farther than 50 km",
        "not yet reviewed by a clinician",
        "Printed 2026-11-22",
        "van Kooten",
        "No phone number is on record",
    ):
        assert part in page


def test_kilometres_in_text() -> None:
    assert answer_text.distance_text(45.498, "km", about=True) == "about 45 km"
    assert answer_text.distance_text(0.3, "km", about=True) == "under 1 km"
    assert answer_text.distance_text(float("nan"), "km") == "distance unknown"


def _payload(layer: Any) -> dict[str, Any]:
    (call,) = layer._children.values()
    read: dict[str, Any] = json.loads(json.loads(call.payload))
    return read


def test_the_map_carries_text_only_as_json(seed: Answer) -> None:
    tricky = "{{ 7*7 }} </script> {{'map_x'}}"
    first = answer_text.answer_rows(seed)[0]
    row = replace(first, provider_id="a_1b", name=HOSTILE, lat=1.0, lon=2.0, distance=tricky)
    layer = maps.layer(maps.SearchMap((1, 2), HOSTILE, 50, [row]))
    (call,) = layer._children.values()
    for mark in ("<", "{", "_"):
        assert mark not in call.payload
    found = _payload(layer)
    assert found["rows"] == [
        ["a_1b", 1, HOSTILE, "likely", tricky, 1.0, 2.0, f"{row.values['region_id']} Gelephu"]
    ]
    assert found["label"] == HOSTILE


def test_the_base_map_asks_nobody_and_does_not_vary(bhutan: Pack) -> None:
    def ground() -> folium.Map:
        return base_map(Ground("geo/bhutan.json?v=1"), bhutan.outline)

    page = ground().get_root().render()
    assert not re.search(r"https?://|[\"']//", page)
    assert re.sub(r"_[0-9a-f]{32}", "", page) == re.sub(
        r"_[0-9a-f]{32}", "", ground().get_root().render()
    )
    links = [url for _, url in (*ground().default_js, *ground().default_css)]
    assert all(url.startswith("../../app/static/") for url in links)
    assert any("vendor/leaflet.js" in url for url in links)


def test_volume_is_shown_with_its_caveat(bhutan: Pack, library: dict[str, Procedure]) -> None:
    evidence = bhutan.evidence.copy()
    evidence.loc[evidence["specialty"] == "anaesthesiology", "volume"] = 40
    answer = ask(
        replace(bhutan, evidence=evidence), library, "epidural-blood-patch", "Serzhong, Sarpang", 50
    )
    assert "40 patients in the year" in answer_text.answer_rows(answer)[0].basis[0].text


def test_rounding_never_crosses_the_radius(bhutan: Pack, library: dict[str, Procedure]) -> None:
    assessed = assess_pack(bhutan, library["epidural-blood-patch"], TODAY)
    place = find_place(bhutan.places, "Serzhong, Mongar").place
    assert place is not None
    answer = find_care(assessed, place, Search(20, measure="straight"))
    far = [line for line in answer_text.answer_rows(answer) if line.farther]
    assert any(line.distance == "20.3 km in a straight line" for line in far)
    place = find_place(bhutan.places, "Serzhong, Sarpang").place
    assert place is not None
    far = [
        line
        for line in answer_text.answer_rows(find_care(assessed, place, Search(45)))
        if line.farther
    ]
    assert any(line.distance == "about 45.5 km by road" for line in far)


def test_an_empty_list_still_has_its_header(bhutan: Pack, library: dict[str, Procedure]) -> None:
    none = ask(bhutan, library, "primary-care", "Thimphu", 20)
    assert downloads.answer_csv(none, answer_text.answer_rows(none)).startswith(
        "number,provider_id,name"
    )


def test_other_services_and_notes_are_shown_and_not_assessed(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    answer = ask(bhutan, library, "hospital-care", "Mongar", 5)
    line = answer_text.answer_rows(answer)[0]
    assert any(s.text.startswith("CT: ") for s in line.services)
    line = answer_text.answer_rows(ask(bhutan, library, "hospital-care", "Dewathang", 5))[0]
    assert "Royal Bhutan Army" in line.note


def test_a_print_from_abroad_says_that_the_number_may_differ(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    answer = ask(bhutan, library, "epidural-blood-patch", "51.5, -0.1", 50)
    page = handouts.leaflet_html(answer, answer_text.answer_rows(answer), TODAY)
    assert "call the number of the country where you are" in page
    assert "tel:112" not in page
    assert "()" not in page


def test_far_from_published_roads_a_reader_is_told(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    far = answer_text.answer_rows(ask(bhutan, library, "hospital-care", "Lunana, Gasa", 100))[0]
    assert far.detail.endswith("no road is published for most of the way")
    near = answer_text.answer_rows(ask(bhutan, library, "hospital-care", "Serzhong, Sarpang", 20))[
        0
    ]
    assert "no road is published" not in near.detail
