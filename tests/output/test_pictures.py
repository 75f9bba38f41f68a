"""Pictures stand alone: what they show, how far, whose data, and of which day."""

import dataclasses
import re
import struct
from xml.etree import ElementTree as ET

import pytest
from pyproj import Geod

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Search, find_care
from geo.coverage.coverage import Coverage, measure_coverage, supply_pack
from geo.output.answer_text import answer_rows
from geo.output.coverage_map import coverage_map
from geo.output.pictures import answer_picture, as_png, chart_picture, coverage_picture
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack, open_pack
from tests.conftest import TODAY

GEOD = Geod(ellps="WGS84")
HOSTILE = '<script>alert(1)</script> & "x"'


@pytest.fixture(scope="module")
def dialysis(bhutan: Pack, library: dict[str, Procedure]) -> Coverage:
    return measure_coverage(supply_pack(assess_pack(bhutan, library["haemodialysis"], TODAY)), 50)


def text_of(svg: str) -> str:
    """All words of a picture, which is well-formed."""
    return " ".join(ET.fromstring(svg).itertext())


def answer_svg(pack: Pack, procedure: Procedure, near: str, units: str = "km") -> str:
    place = find_place(pack.places, near).place
    assert place is not None
    search = Search(50, units="mi" if units == "mi" else "km")
    answer = find_care(assess_pack(pack, procedure, TODAY), place, search)
    return answer_picture(answer, answer_rows(answer))


def test_the_map_of_a_coverage_says_all_that_it_needs(dialysis: Coverage) -> None:
    words = text_of(coverage_picture(dialysis, coverage_map(dialysis)))
    for said in (
        "Haemodialysis in Bhutan",
        "58 % of 727,145 people are within 50 km by road",
        "over 150 km",
        "a place counted",
        "50 km",
        "N",
        f"version {dialysis.pack.version}",
        TODAY.isoformat(),
        "WFP prism-app, simplified; not official",
    ):
        assert said in words, said


def test_parts_far_away_are_in_corners(library: dict[str, Procedure]) -> None:
    pack = open_pack("us")
    assessed = assess_pack(pack, library["hospital-care"], TODAY)
    found = measure_coverage(supply_pack(assessed), 30)
    words = text_of(coverage_picture(found, coverage_map(found)))
    assert "Alaska" in words
    assert "Hawaii" in words


@pytest.mark.parametrize(("near", "units"), [("Thimphu", "km"), ("Trashigang", "mi")])
def test_the_scale_of_an_answer_is_true(
    bhutan: Pack, library: dict[str, Procedure], near: str, units: str
) -> None:
    """Two marks are as far apart on paper as the scale says they are on earth."""
    svg = answer_svg(bhutan, library["hospital-care"], near, units)
    (length, unit), bar = (
        re.search(r">([\d.]+) (km|mi)</text>", svg).groups(),  # type: ignore[union-attr]
        float(re.search(r"v8h([\d.]+)v-8", svg)[1]),  # type: ignore[index]
    )
    assert unit == units
    centre = re.search(r'cx="([\d.]+)" cy="([\d.]+)" r="20"', svg)
    assert centre is not None
    marks = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*font-weight="700">(\d+)</text>', svg)
    place = find_place(bhutan.places, near).place
    assert place is not None
    search = Search(50)
    answer = find_care(assess_pack(bhutan, library["hospital-care"], TODAY), place, search)
    straight = {row.number: row for row in answer_rows(answer)}
    for x, y, number in marks:
        row = straight[int(number)]
        apart = ((float(x) - float(centre[1])) ** 2 + (float(y) - 5 - float(centre[2])) ** 2) ** 0.5
        km = GEOD.inv(place.lon, place.lat, row.lon, row.lat)[2] / 1000
        told = apart / bar * float(length) * (1.609344 if units == "mi" else 1)
        assert told == pytest.approx(km, rel=0.02, abs=0.3)
    assert marks


def test_names_are_text_and_a_pack_without_land_has_no_picture(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    nasty = bhutan.providers.assign(name=HOSTILE)
    svg = answer_svg(
        dataclasses.replace(bhutan, providers=nasty), library["haemodialysis"], "Thimphu"
    )
    assert HOSTILE in text_of(svg)
    assert "<script" not in svg
    bare = dataclasses.replace(bhutan, outline=None)
    assert answer_svg(bare, library["haemodialysis"], "Thimphu") == ""


def test_a_chart_has_a_title_and_all_are_made_into_png(dialysis: Coverage) -> None:
    chart = {
        "data": {"values": [{"far": 0, "share": 1}, {"far": 9, "share": 40}]},
        "mark": "line",
        "width": 1040,
        "height": 420,
        "encoding": {
            "x": {"field": "far", "type": "quantitative"},
            "y": {"field": "share", "type": "quantitative"},
        },
    }
    svg = chart_picture(dialysis, chart, "How many are within how far")
    assert "How many are within how far" in text_of(svg)
    for picture in (svg, coverage_picture(dialysis, coverage_map(dialysis))):
        png = as_png(picture)
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">I", png[16:20])[0] == 2400
        # Words are drawn, not left out for want of a font.
        assert as_png(re.sub(r"<text.*?</text>", "", picture)) != png
