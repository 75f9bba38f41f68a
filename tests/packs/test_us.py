"""The bundled pack of the United States, and how it is made."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.care.entry import Procedure
from geo.care.evidence import assess
from geo.packs.check import check_pack
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack, open_pack
from tests.conftest import ROOT, TODAY
from tools.build_us import MERGED, match_counties, spread_population


@pytest.fixture(scope="module")
def us() -> Pack:
    return open_pack("us")


def test_it_keeps_every_promise(us: Pack) -> None:
    assert check_pack(us.folder) == []


def test_demand_sums_to_every_county(us: Pack) -> None:
    table = pd.read_csv(ROOT / "tools" / "us_county_population.csv", dtype={"fips": str})
    to_region = {code: region for region, (_, _, new) in MERGED.items() for code in new}
    region = table["fips"].map(lambda f: to_region.get(f, f"US{f}"))
    expected = table.groupby(region)["population"].sum()
    found = us.demand.groupby("region_id")["population"].sum()
    pd.testing.assert_series_equal(
        found.astype("int64").sort_index(), expected.sort_index(), check_names=False
    )
    counties = us.regions[us.regions["level"] == 2].set_index("region_id")["population"]
    assert counties.astype("int64").to_dict() == expected.to_dict()


def test_rows_in_are_rows_kept_or_dropped_for_a_reason(us: Pack) -> None:
    about = json.loads((us.folder / "datapackage.json").read_text("utf-8"))
    text = about["description"]
    assert "read 54,854" in text
    assert "kept 50,339" in text
    assert "outside the counties 466" in text
    for _, old, new in MERGED.values():
        for code in (*old, *new):
            assert code in text


def test_its_honest_questions_are_the_care_entries(us: Pack, library: dict[str, Procedure]) -> None:
    assert us.evidence.empty
    for slug, least in (("hospital-care", 8_000), ("primary-care", 35_000)):
        status = assess(us.providers, us.evidence, library[slug], TODAY)["status"]
        assert (status == "confirmed").sum() > least
    patch = assess(us.providers, us.evidence, library["epidural-blood-patch"], TODAY)["status"]
    assert set(patch) == {"unknown"}


def test_names_are_written_as_names(us: Pack) -> None:
    assert not us.providers["name"].str.contains(r"['’]S\b|\bVa\b").any()
    assert not us.providers["address"].str.contains(r"\d(?:St|Th)\b").any()


def test_no_facility_twice_at_one_spot(us: Pack) -> None:
    known = us.providers[us.providers["npi"].str.len() == 10]
    spot = known[["lat", "lon"]].round(3)
    assert not pd.concat([known["npi"], spot], axis=1).duplicated().any()
    spot = us.providers[["lat", "lon"]].round(3)
    named = pd.concat(
        [us.providers["name"].str.lower(), us.providers["facility_type"], spot], axis=1
    )
    assert not named.duplicated().any()


def test_a_town_of_a_name_is_asked_about_by_state(us: Pack) -> None:
    assert find_place(us.places, "Portland").choices
    found = find_place(us.places, "Presque Isle, Maine").place
    assert found is not None
    assert found.lat == pytest.approx(46.68, abs=0.05)


@given(st.lists(st.integers(0, 10**6), max_size=30), st.integers(0, 10**7))
def test_towns_and_the_rest_sum_to_the_county(towns: list[int], total: int) -> None:
    people = spread_population(towns, total)
    assert people.sum() == total
    assert len(people) == len(towns) + 1
    assert (people >= 0).all()
    if sum(towns) <= total:
        assert people[:-1].tolist() == towns
    else:
        exact = np.array(towns) * total / sum(towns)
        assert (np.abs(people[:-1] - exact) < 1).all()


def test_people_without_a_polygon_are_an_error() -> None:
    shapes = gpd.GeoDataFrame(
        {"fips": ["01001"], "name": ["A"], "state": ["AL"]},
        geometry=[shapely.box(0, 0, 1, 1)],
        crs=4326,
    )
    people = pd.DataFrame({"fips": ["01001", "01003"], "population": [1, 2]})
    with pytest.raises(ValueError, match="no polygon for"):
        match_counties(shapes, people)
