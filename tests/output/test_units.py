"""Miles wherever distances are told, and the same answers as in kilometres."""

import csv
import datetime as dt
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Search, find_care
from geo.cli.tables import answer_table, coverage_table
from geo.coverage.coverage import measure_coverage, supply_pack
from geo.errors import CareReachError
from geo.output import downloads, handouts
from geo.output.answer_text import answer_rows, distance_text
from geo.output.coverage_map import coverage_map
from geo.output.coverage_text import band_text, far_text
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack, open_pack
from geo.units import KM_PER_MI, Units, shown, threshold_number
from tests.conftest import TODAY

NOW = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)
PATCH = "epidural-blood-patch"


@given(st.floats(0.01, 5_000))
def test_a_threshold_chosen_in_miles_is_told_as_it_was_chosen(miles: float) -> None:
    told = float(threshold_number(float(f"{miles * KM_PER_MI:g}"), "mi"))
    assert told == pytest.approx(miles, abs=0.06, rel=0.05)
    if miles == round(miles) and miles < 1_000:
        assert told == miles


@given(st.integers(1, 600))
def test_whole_miles_come_back_whole_from_an_address(miles: int) -> None:
    assert threshold_number(float(f"{miles * KM_PER_MI:g}"), "mi") == str(miles)


@given(st.floats(0, 20_000))
def test_a_distance_in_miles(km: float) -> None:
    text = distance_text(km, "mi")
    if km < KM_PER_MI:
        assert text == "under 1 mi"
    else:
        assert float(text.removesuffix(" mi")) == pytest.approx(km / KM_PER_MI, abs=0.51)


@pytest.mark.parametrize("measure", ["road", "straight"])
@pytest.mark.parametrize("near", ["Serzhong, Sarpang", "Lunana, Gasa", "48.85, 2.35"])
def test_an_answer_in_miles_says_no_kilometres(
    bhutan: Pack, library: dict[str, Procedure], near: str, measure: str
) -> None:
    place = find_place(bhutan.places, near).place
    assert place is not None
    assessed = assess_pack(bhutan, library[PATCH], TODAY)

    def texts(units: Units) -> tuple[list[str], list[str]]:
        search = Search(80.4672, measure=measure, units=units)
        answer = find_care(assessed, place, search)
        rows = answer_rows(answer, NOW)
        every = [
            answer_table(answer, rows),
            re.sub(r"<style.*?</style>", "", handouts.leaflet_html(answer, rows, TODAY)),
        ]
        return every, [row.provider_id for row in rows]

    (in_km, listed), (in_miles, same) = texts("km"), texts("mi")
    assert listed == same
    for one, other in zip(in_km, in_miles, strict=True):
        assert not re.search(r"\bkm\b", other)
        # Estimates that round to the same number of miles are not told as a span.
        assert 0 < len(re.findall(r"\bmi\b", other)) <= len(re.findall(r"\bkm\b", one))
    assert "50 mi" in in_miles[0] or near == "48.85, 2.35"


def test_files_keep_kilometres_and_have_miles_too(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    place = find_place(bhutan.places, "Thimphu").place
    assert place is not None
    answer = find_care(
        assess_pack(bhutan, library["haemodialysis"], TODAY), place, Search(80.4672, units="mi")
    )
    rows = list(csv.DictReader(io.StringIO(downloads.answer_csv(answer, answer_rows(answer)))))
    for row in rows:
        assert float(row["distance_mi"]) == pytest.approx(
            float(row["distance_km"]) / KM_PER_MI, abs=0.001
        )
        assert float(row["radius_mi"]) == 50
    points = json.loads(downloads.answer_geojson(answer, answer_rows(answer)))["features"]
    assert all({"distance_km", "distance_mi"} <= set(p["properties"]) for p in points)


@pytest.mark.parametrize("measure", ["road", "straight"])
def test_coverage_in_miles_counts_the_same_people(
    bhutan: Pack, library: dict[str, Procedure], measure: str
) -> None:
    supplied = supply_pack(assess_pack(bhutan, library[PATCH], TODAY))
    within = 50 * KM_PER_MI
    plain = measure_coverage(supplied, within, measure=measure)
    miles = measure_coverage(supplied, within, measure=measure, units="mi")
    assert plain.covered == miles.covered
    table = coverage_table(miles, 1)
    assert "Median mi" in table
    assert not re.search(r"\bkm\b", table)
    assert band_text(miles)[:2] == ["up to 25 mi", "25 to 50 mi"]
    assert not re.search(
        r"\bkm\b", " ".join(words for _, words in coverage_map(miles).classes.values())
    )
    frame = downloads.coverage_table(miles)
    told = frame.dropna(subset="median_km")
    assert (told["median_mi"] * KM_PER_MI).to_numpy() == pytest.approx(
        told["median_km"].to_numpy(), abs=0.001
    )
    assert set(frame["within_mi"]) == {50.0}


def test_the_pack_of_the_united_states_is_in_miles() -> None:
    pack = open_pack("us")
    assert pack.units == "mi"
    assert threshold_number(pack.default_radius_km, pack.units) == "20"
    assert shown(pack.default_radius_km, "km") == pack.default_radius_km
    assert far_text(float("nan"), "mi") == "none"


def test_units_that_are_none() -> None:
    with pytest.raises(CareReachError, match="units is 'furlong'; it can be km, mi"):
        Search(50, units="furlong")  # type: ignore[arg-type]
