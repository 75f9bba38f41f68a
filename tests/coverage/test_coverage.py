"""One answer over pack, threshold and supply: what Bhutan says, and what must never change it."""

import dataclasses
import io
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.coverage.area import area_coverage
from geo.coverage.calls import find_calls
from geo.coverage.coverage import (
    Coverage,
    Supplied,
    access_scores,
    measure_coverage,
    region_at,
    supply_pack,
)
from geo.coverage.siting import find_sites
from geo.errors import CareReachError
from geo.output import downloads, handouts
from geo.output.answer_text import plain_rows
from geo.output.coverage_text import lead_text, percent_text
from geo.packs.pack import Pack
from geo.packs.shapes import read_areas
from tests.conftest import TODAY, table, with_rows

PATCH = "epidural-blood-patch"


def supplied(pack: Pack, library: dict[str, Procedure], slug: str = PATCH) -> Supplied:
    return supply_pack(assess_pack(pack, library[slug], TODAY))


@pytest.fixture(scope="module")
def patch(bhutan: Pack, library: dict[str, Procedure]) -> Supplied:
    return supplied(bhutan, library)


def test_the_blood_patch_in_bhutan(patch: Supplied) -> None:
    found = measure_coverage(patch, 50)
    # Nobody is on record: that is not zero.
    assert np.isnan([found.share["confirmed"], found.share["reported"]]).all()
    assert found.share["likely"] == pytest.approx(0.60, abs=0.01)
    straight = measure_coverage(patch, 50, measure="straight")
    assert straight.share["likely"] == pytest.approx(0.95, abs=0.01)
    assert found.ranges["travel"][1] == straight.share["likely"]
    assert found.main_cause == "evidence"
    assert (found.people_beyond, found.population) == (287_689, 727_145)
    assert lead_text(found) == (
        "Nobody in Bhutan has confirmed or reported it.",
        "If the 8 likely places do it, 60 % of 727,145 people are within 50 km by road "
        "(straight line: 95 %; every place that could: 90 %).",
        "Evidence moves this figure most (not known to 90 %), then travel (56 % to 95 %).",
    )


@pytest.mark.parametrize(
    ("slug", "known", "first"),
    [
        ("haemodialysis", 7, "7 places have it confirmed or reported: 58 % of 727,145 people"),
        ("caesarean-section", 6, "6 places have it confirmed or reported: 50 % of 727,145"),
        ("coronary-angioplasty", 1, "1 place has it confirmed or reported:"),
        ("psoriasis-phototherapy", 0, "Nobody in Bhutan has confirmed or reported it."),
        ("psoriasis", 0, "A list can only say who is likely to treat this."),
        ("primary-care", 0, "No place that could do it is in the data for Bhutan."),
    ],
)
def test_other_procedures_read_right(
    bhutan: Pack, library: dict[str, Procedure], slug: str, known: int, first: str
) -> None:
    found = measure_coverage(supplied(bhutan, library, slug), 50)
    assert found.providers["reported"] == known
    assert lead_text(found)[0].startswith(first)


def test_supplies_are_cumulative_and_regions_add_up(patch: Supplied) -> None:
    found = measure_coverage(patch, 50)
    covered = list(found.covered.values())
    assert covered == sorted(covered)
    for level in (1, 2):
        rows = found.level(level)
        assert rows["population"].sum() == found.population
        assert rows["covered"].sum() == found.covered["likely"]
        assert rows["people_beyond"].sum() == found.people_beyond
    paro = found.level(1).iloc[0]
    assert (paro["name"], paro["people_beyond"]) == ("Paro", 43_989)
    assert paro["per_100k"] == pytest.approx(1e5 * paro["providers"] / paro["population"])


def test_the_median_of_a_region_is_that_of_its_people(patch: Supplied) -> None:
    from geo.coverage.reach import weighted_quantile

    found = measure_coverage(patch, 50)
    demand = patch.assessed.pack.demand
    for row in found.level(1).itertuples():
        inside = demand["region_id"].str.startswith(str(row.region_id)).to_numpy()
        expected = weighted_quantile(found.far[inside], demand["population"][inside], 0.5)
        assert row.median == pytest.approx(expected)


def test_calls_say_what_a_yes_would_change(patch: Supplied) -> None:
    found = measure_coverage(patch, 50)
    calls = find_calls(found)
    assert calls["name"].head(2).tolist() == ["Paro Hospital", "Tsirang Hospital, Damphu"]
    assert calls["people"].head(2).tolist() == [47_717, 33_009]
    rows = patch.rows.copy()
    rows.loc[rows["provider_id"] == calls["provider_id"][0], "status"] = "confirmed"
    assessed = with_rows(patch.assessed, rows)
    after = measure_coverage(supply_pack(assessed), 50)
    assert after.covered["likely"] - found.covered["likely"] == 47_717


def test_sites_reach_whom_they_say(patch: Supplied) -> None:
    found = measure_coverage(patch, 50)
    candidates, sites = find_sites(found, 3)
    assert candidates["name"].iloc[sites.greedy[0]] == "Paro Hospital"
    spots = candidates.iloc[sites.greedy]
    added = list(zip(spots["lat"], spots["lon"], strict=True))
    after = measure_coverage(supply_pack(patch.assessed, added), 50)
    assert after.covered["likely"] - found.covered["likely"] == sites.people
    anywhere = find_sites(found, 3, "people")[1]
    assert anywhere.people >= sites.people
    with pytest.raises(CareReachError, match="it can be 1 to 20"):
        find_sites(found, 0)


def test_what_if_without_a_place(patch: Supplied) -> None:
    found = measure_coverage(patch, 50)
    gone = patch.rows.loc[patch.rows["status"] == "likely", "provider_id"].tolist()
    nobody = measure_coverage(supply_pack(patch.assessed, removed=gone), 50)
    assert nobody.share["likely"] == 0
    assert np.isnan(nobody.median)
    assert nobody.share["unknown"] <= found.share["unknown"]
    assert lead_text(nobody)[0].startswith("What if 8 places no longer did: 0 % of")


def test_an_area_counts_its_own_people(patch: Supplied) -> None:
    found = measure_coverage(patch, 50)
    whole = area_coverage(found, shapely.box(88, 26, 93, 29))
    assert (whole.population, whole.beyond) == (found.population, found.people_beyond)
    assert whole.share == pytest.approx(dict(found.share), nan_ok=True)
    empty = area_coverage(found, shapely.box(0, 0, 1, 1))
    assert empty.population == 0
    assert np.isnan(empty.share["likely"])


def test_an_area_across_the_antimeridian() -> None:
    ((_, shape),) = read_areas(
        '{"type":"Polygon","coordinates":[[[179,-1],[-179,-1],[-179,1],[179,1],[179,-1]]]}'
    )
    assert shape.area == pytest.approx(4)
    assert shapely.contains_xy(shape, [179.5, -179.5], [0, 0]).all()


def test_far_islands_and_turns_around_the_globe(patch: Supplied) -> None:
    found = measure_coverage(patch, 50)
    ((_, turned),) = read_areas(
        '{"type":"Polygon","coordinates":[[[-272,26],[-267,26],[-267,29],[-272,29],[-272,26]]]}'
    )
    assert area_coverage(found, turned).population == found.population
    ((_, both),) = read_areas(
        '{"type":"Feature","properties":{},"geometry":{"type":"MultiPolygon","coordinates":'
        "[[[[-4,43],[8,43],[8,50],[-4,50],[-4,43]]],[[[-150,-18],[-149,-18],[-149,-17],"
        "[-150,-17],[-150,-18]]]]}}"
    )
    assert both.area == pytest.approx(85)
    assert shapely.contains_xy(both, 2.3, 48.8)
    ((_, world),) = read_areas(
        '{"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]}'
    )
    assert area_coverage(found, world).population == found.population


def test_several_areas_keep_their_names_and_lines_are_left_out() -> None:
    square = '{"type":"Polygon","coordinates":[[[%d,0],[%d,0],[%d,1],[%d,1],[%d,0]]]}'
    shapes = [square % (n, n + 1, n + 1, n, n) for n in range(3)]
    line = '{"type":"LineString","coordinates":[[0,0],[1,1]]}'
    said = ('{"NAME":"North"}', '{"name":"  ","id":7}', "null", '{"name":"a road"}')
    features = ",".join(
        f'{{"type":"Feature","properties":{properties},"geometry":{shape}}}'
        for properties, shape in zip(said, [*shapes, line], strict=True)
    )
    features += ',{"type":"Feature","properties":{"name":"nowhere"},"geometry":null}'
    found = read_areas(f'{{"type":"FeatureCollection","features":[{features}]}}')
    assert [name for name, _ in found] == ["North", "7", "Area 3"]
    assert [area.bounds[0] for _, area in found] == [0, 1, 2]


def test_a_self_intersecting_area_is_mended() -> None:
    ((_, shape),) = read_areas('{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}')
    assert shape.is_valid
    assert shape.area == pytest.approx(2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "not GeoJSON"),
        ("", "not GeoJSON"),
        ('{"type":"Point","coordinates":[1,1]}', "no area"),
        ('{"type":"FeatureCollection","features":[]}', "no area"),
        ('{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}', "GeoJSON|empty"),
        (
            '{"type":"Polygon","coordinates":[[[5e5,3e6],[6e5,3e6],[6e5,4e6],[5e5,3e6]]]}',
            "not degrees",
        ),
    ],
)
def test_what_is_no_area_is_one_sentence(text: str, why: str) -> None:
    with pytest.raises(CareReachError, match=why):
        read_areas(text)


def test_a_pack_without_regions_has_its_total(bhutan: Pack, library: dict[str, Procedure]) -> None:
    bare = dataclasses.replace(bhutan, regions=bhutan.regions.head(0))
    found = measure_coverage(supplied(bare, library), 50)
    assert found.people_beyond == 287_689
    assert found.level(1).empty
    assert access_scores(found).empty


def test_nobody_is_rung_about_a_condition(bhutan: Pack, library: dict[str, Procedure]) -> None:
    assert find_calls(measure_coverage(supplied(bhutan, library, "psoriasis"), 50)).empty


def test_an_added_place_counts_for_its_region(patch: Supplied) -> None:
    before = measure_coverage(patch, 50).level(1)["providers"].sum()
    found = measure_coverage(supply_pack(patch.assessed, [(27.43, 89.41)]), 50).level(1)
    assert found["providers"].sum() == before + 1
    assert found.set_index("name").loc["Paro", "providers"] == 1


def test_nobody_lives_there(bhutan: Pack, library: dict[str, Procedure]) -> None:
    empty = dataclasses.replace(bhutan, demand=bhutan.demand.assign(population=0))
    found = measure_coverage(supplied(empty, library), 50)
    assert found.population == 0
    assert found.main_cause is None
    assert np.isnan(found.share["likely"])
    assert percent_text(found.share["likely"]) == "not known"
    assert lead_text(found)[0] == "Where people live in Bhutan is not known here."
    assert "import demand FILE --pack bhutan" in lead_text(found)[1]
    assert access_scores(found)["e2sfca"].isna().all()


def test_no_provider_and_one_provider(bhutan: Pack, library: dict[str, Procedure]) -> None:
    nobody = dataclasses.replace(
        bhutan, providers=bhutan.providers.head(0), evidence=table("evidence")
    )
    found = measure_coverage(supplied(nobody, library), 50)
    assert found.people_beyond is None
    assert found.regions[["share", "covered", "people_beyond"]].isna().all(axis=None)
    assert "not known" in " ".join(
        lead_text(dataclasses.replace(found, providers={**found.providers, "unknown": 1}))
    )
    assert find_calls(found).empty
    one = dataclasses.replace(bhutan, providers=bhutan.providers.head(1))
    found = measure_coverage(supplied(one, library), 50)
    assert found.providers["unknown"] == 1
    assert 0 < found.share["unknown"] < 1


def test_a_region_without_geometry_has_figures(bhutan: Pack, library: dict[str, Procedure]) -> None:
    bare = dataclasses.replace(bhutan, files={})
    found = measure_coverage(supplied(bare, library), 50)
    assert downloads.coverage_areas(found, 2).geometry.isna().all()
    assert len(json.loads(downloads.coverage_geojson(found, 2))["features"]) == 205


def test_small_regions_are_marked(bhutan: Pack, library: dict[str, Procedure]) -> None:
    demand = bhutan.demand.copy()
    demand.loc[0, "population"] = 99
    found = measure_coverage(
        supplied(dataclasses.replace(bhutan, demand=demand), library), 50
    ).level(2)
    assert found.loc[found["small"], "region_id"].tolist() == [demand["region_id"][0]]


def test_a_region_knows_the_regions_above() -> None:
    regions = table(
        "regions",
        {"region_id": "A", "name": "A", "level": "1", "boundary": "none"},
        {"region_id": "A1", "name": "A1", "level": "2", "parent_id": "A", "boundary": "none"},
    )
    asked = pd.Series(["A1", "A", pd.NA, "B"])
    assert region_at(regions, asked, 1).fillna("-").tolist() == ["A", "A", "-", "-"]
    assert region_at(regions, asked, 2).fillna("-").tolist() == ["A1", "-", "-", "-"]


@pytest.mark.parametrize(
    "asked", [{"within": 0}, {"within": 1e4}, {"supply": "all"}, {"measure": "bird"}]
)
def test_what_cannot_be_asked_is_one_sentence(patch: Supplied, asked: dict[str, Any]) -> None:
    with pytest.raises(CareReachError, match="it can be"):
        measure_coverage(patch, **{"within": 50, **asked})


@pytest.fixture(scope="module")
def found(patch: Supplied) -> Coverage:
    return measure_coverage(patch, 50)


def test_downloads_hold_the_same_figures_and_all_they_depend_on(found: Coverage) -> None:
    csv = pd.read_csv(io.StringIO(downloads.coverage_csv(found)))
    book = pd.read_excel(
        io.BytesIO(downloads.coverage_xlsx(found)), engine="calamine", sheet_name=None
    )
    shapes = gpd.read_file(io.StringIO(downloads.coverage_geojson(found, 2)))
    parquet = gpd.read_parquet(io.BytesIO(downloads.coverage_geoparquet(found, 2)))  # type: ignore[arg-type]  # takes files too
    plain = downloads.coverage_json(found, 2)
    assert len(csv) == len(book["Regions"]) == 225
    assert len(shapes) == len(parquet) == len(plain["regions"]) == 205
    for table_ in (csv[csv["level"] == 2], shapes, parquet, pd.DataFrame(plain["regions"])):
        assert table_["people_beyond"].sum() == 287_689
    for column in ("pack_hash", "within_km", "measure", "supply", "carereach", "as_of_day"):
        assert len(set(csv[column])) == 1
        assert column in set(book["About"]["what"])
    assert parquet.crs == 4326
    assert parquet.geometry.is_valid.all()
    assert set(parquet["boundary"]) == {"approximate"}
    total = plain["total"]
    assert total["share"]["likely"] == round(found.share["likely"], 3)
    assert total["ranges"]["evidence"] == [0, round(found.share["unknown"], 3)]
    assert plain["sources"]


def test_a_spreadsheet_runs_nothing(bhutan: Pack, library: dict[str, Procedure]) -> None:
    regions = bhutan.regions.copy()
    regions.loc[0, "name"] = "=1+1"
    found = measure_coverage(supplied(dataclasses.replace(bhutan, regions=regions), library), 50)
    assert "'=1+1" in downloads.coverage_csv(found)
    book = pd.read_excel(io.BytesIO(downloads.coverage_xlsx(found)), engine="calamine")
    assert "=1+1" in set(book["name"])


def test_the_summary_and_the_call_script(found: Coverage) -> None:
    calls = find_calls(found)
    page = handouts.summary_html(found, 1, calls, "/coverage?x=<b>")
    for part in ("Paro", "43,989", "+47,717", "takes staff", "&lt;b&gt;"):
        assert part in page
    script = handouts.call_script_html(found, plain_rows(calls.head(1))[0])
    assert "Call Paro Hospital" in script
    assert "47,717 people more" in script
    assert "an anaesthesiologist, a pain doctor" in script
