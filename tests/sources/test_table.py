"""Any table: what is found out, what is asked, and a report in which every row stands."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from geo.errors import CareReachError, DataError
from geo.sources.batch import Batch, Origin
from geo.sources.layout import Layout, Sheet
from geo.sources.mapping import Mapping, propose, read_mapping, write_mapping
from geo.sources.sheets import read_sheet
from geo.sources.table import Near, read_facilities, read_population
from geo.sources.vocabulary import FIELDS
from tests.conftest import ROOT
from tests.sources.tables import nasty

SHARED = ROOT.parent / "shared" / "data"
DAY = "2026-11-22"
ORIGIN = Origin("mine", "My table", "CC0")


def read(path: Path, near: Near | None = None, **changes: Any) -> Batch:
    sheet = read_sheet(path)
    mapping = propose(sheet).mapping.model_copy(update=changes)
    return read_facilities(path, mapping, ORIGIN, DAY, near, sheet)


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def reasons(batch: Batch, action: str) -> dict[str, int]:
    return {why: n for (did, why), n in batch.report.counts.items() if did == action}


def test_a_table_nobody_has_seen(tmp_path: Path) -> None:
    path = tmp_path / "unknown.txt"
    told = nasty(path)
    found = read(path, country_code="TH")
    dropped, changed = reasons(found, "dropped"), reasons(found, "changed")
    assert found.report.adds_up
    assert found.report.read == told["rows"]
    assert dropped == {
        "the position lies far from all others of its group": told["elsewhere"],
        "the row repeats an earlier one, word for word": told["duplicates"],
        "there is not a position": told["sentinels"],
    }
    assert changed["a formula became its text"] == told["links"]
    assert changed["latitude and longitude were swapped in the whole file"] == 400
    assert changed["a decimal comma was read as a point"] == 400
    assert changed["read as cp1252"] >= told["latin"]
    names = set(found.providers["name"])
    assert "โรงพยาบาลสมเด็จ 0" in names
    assert "Clínica São José 1" in names
    assert not any(name.startswith("=") for name in names)
    assert found.providers["lat"].between(11, 17).all()
    assert found.providers["lon"].between(98, 104).all()
    assert found.providers["phone"].dropna().str.fullmatch(r"\+662555\d{4}").all()
    kinds = found.providers["facility_type"].value_counts()
    assert kinds["hospital"] > 50
    assert kinds["pharmacy"] > 20
    # Each row that was left out is named with its number in the file.
    lines = found.report.csv().splitlines()
    assert sum(line.startswith("unknown.txt,9,dropped") for line in lines) == 1


def test_the_same_table_twice_gives_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "unknown.txt"
    nasty(path)
    first, second = read(path), read(path)
    pd.testing.assert_frame_equal(first.providers, second.providers)
    assert first.report.csv() == second.report.csv()


def test_a_mapping_is_kept_and_replayed(tmp_path: Path) -> None:
    path = tmp_path / "unknown.txt"
    nasty(path)
    proposal = propose(read_sheet(path))
    kept = written(tmp_path / "mapping.yaml", write_mapping(proposal.mapping))
    assert read_mapping(kept) == proposal.mapping
    assert yaml.safe_load(kept.read_text("utf-8"))["swapped"] is True
    again = read_facilities(path, read_mapping(kept), ORIGIN, DAY)
    pd.testing.assert_frame_equal(again.providers, read(path).providers)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("columns: {nmae: A}", "'nmae' is not a field"),
        ("colums: {}", "colums"),
        ("- 1\n- 2", "not a mapping"),
        ("a: [1", "row 1"),
        ("types: {A: hospitl}", "not a kind of place"),
        ("far: away", "far"),
    ],
)
def test_a_broken_mapping_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path / "mapping.yaml", text)
    with pytest.raises(DataError) as caught:
        read_mapping(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Nom,Latitude,Longitude,Type de structure,Ville,Téléphone",
         "name lat lon facility_type locality phone"),
        ("Nombre del establecimiento;Latitud;Longitud;Tipo;Municipio;Teléfono",
         "name lat lon facility_type locality phone"),
        ("Bezeichnung\tBreite\tLänge\tArt\tOrt\tTelefon",
         "name lat lon facility_type locality phone"),
        ("ชื่อ,ละติจูด,ลองจิจูด,ประเภท,อำเภอ,โทรศัพท์", "name lat lon facility_type locality phone"),
        ("FACILITY_NAME|GPS Lat|GPS Long|Facility Type|District|Contact Number",
         "name lat lon facility_type region phone"),
        ("name,Y,X,amenity,addr:city,contact:phone",
         "name lat lon facility_type locality phone"),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_names(tmp_path: Path, header: str, fields: str) -> None:
    sign = next(s for s in ";\t|," if s in header)
    row = sign.join(["Hospital A", "13.7", "100.5", "Hospital", "Here", "+66 2 555 0100"])
    found = propose(read_sheet(written(tmp_path / "t.csv", f"{header}\n{row}\n" * 1)))
    assert set(fields.split()) <= set(found.mapping.columns)
    assert found.questions == ()


def test_every_word_means_one_field() -> None:
    words = [word for known in FIELDS.values() for word in known]
    assert len(words) == len(set(words))


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    text = (
        "Ministry of Health,,\nList of facilities 2024,,\n,,\nName,Lat,Long\nA,1.5,2.5\nB,1.6,2.6\n"
    )
    sheet = read_sheet(written(tmp_path / "t.csv", text))
    assert sheet.columns == ("Name", "Lat", "Long")
    assert sheet.rows.tolist() == [5, 6]


def test_projected_coordinates_are_asked_about_and_turned(tmp_path: Path) -> None:
    to_utm = Transformer.from_crs(4326, 32645, always_xy=True)
    spots = [(89.6 + i / 50, 27.4 + i / 70) for i in range(30)]
    rows = [
        f"Clinic {i},{y:.1f},{x:.1f}"
        for i, (x, y) in enumerate(to_utm.transform(*s) for s in spots)
    ]
    path = written(tmp_path / "utm.csv", "name,northing,easting\n" + "\n".join(rows))
    proposal = propose(read_sheet(path))
    assert "projection" in proposal.questions[0]
    found = read(path, crs="EPSG:32645")
    np.testing.assert_allclose(found.providers[["lon", "lat"]], spots, atol=2e-6)
    with pytest.raises(CareReachError, match="not a projection"):
        read(path, crs="EPSG:nonsense")


def test_rows_swapped_among_others_are_told_by_where_they_should_lie(tmp_path: Path) -> None:
    rows = [f"Clinic {i},60.1{i},24.9{i}" for i in range(9)] + ["Clinic 9,24.95,60.15"]
    path = written(tmp_path / "t.csv", "name,lat,lon\n" + "\n".join(rows))
    found = read(path, Near(bounds=(24, 59, 26, 61)))
    assert reasons(found, "changed") == {"latitude and longitude were swapped": 1}
    assert found.providers["lat"].between(60, 61).all()


@pytest.mark.parametrize(
    ("cell", "lat", "lon"),
    [
        ("27.47, 89.64", 27.47, 89.64),
        ("27,47; 89,64", 27.47, 89.64),
        ("POINT (89.64 27.47)", 27.47, 89.64),
        ("SRID=4326;POINT(89.64 27.47)", 27.47, 89.64),
    ],
)
def test_both_coordinates_in_one_cell(tmp_path: Path, cell: str, lat: float, lon: float) -> None:
    path = written(tmp_path / "t.csv", f"name\tcoordinates\nClinic\t{cell}\n")
    row = read(path).providers.iloc[0]
    assert (row["lat"], row["lon"]) == (lat, lon)


def test_degrees_minutes_and_seconds(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.csv", "name;lat;lon\nA;27°28'12\"N;89°38'24\"E\nB;6°30'0\"S;2°15'W\n"
    )
    found = read(path, far="keep").providers
    assert found["lat"].tolist() == [27.47, -6.5]
    assert found["lon"].tolist() == [89.64, -2.25]


def test_rows_without_coordinates_are_placed_by_postcode_and_say_so(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "name,zip code,city\nA,4101,Portland\nB,00000,Nowhere\n")
    found = read(path, country_code="US")
    assert found.providers["location_precision"].tolist() == ["postcode"]
    assert found.providers["address"].tolist() == ["04101"]
    assert abs(found.providers["lat"].iloc[0] - 43.66) < 0.1
    assert reasons(found, "dropped") == {"there is not a position": 1}


def test_what_a_status_says_is_closed_is_left_out(tmp_path: Path) -> None:
    text = (
        "name,lat,lon,status\nA,1.5,2.5,Operational\nB,1.6,2.6,Closed\nC,1.7,2.7,Non-functional\n"
    )
    found = read(written(tmp_path / "t.csv", text))
    assert found.providers["name"].tolist() == ["A"]
    assert reasons(found, "dropped") == {"it is not in operation": 2}


def test_other_kinds_of_files_give_the_same_places(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ["A", "B"], "type": ["Hospital", "Clinic"]})
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy([2.5, 2.6], [1.5, 1.6]), crs=4326)
    points.to_file(tmp_path / "t.geojson")
    points.to_crs(3857).to_file(tmp_path / "t.gpkg")
    points.to_parquet(tmp_path / "t.parquet")
    frame.assign(lat=[1.5, 1.6], lon=[2.5, 2.6]).to_excel(tmp_path / "t.xlsx", index=False)
    for ending in ("geojson", "gpkg", "parquet", "xlsx"):
        found = read(tmp_path / f"t.{ending}").providers
        assert found["name"].tolist() == ["A", "B"]
        assert found["facility_type"].tolist() == ["hospital", "clinic"]
        np.testing.assert_allclose(found[["lat", "lon"]], [[1.5, 2.5], [1.6, 2.6]], atol=1e-6)


def test_a_layout_like_healthsites(tmp_path: Path) -> None:
    text = (
        "X,Y,osm_id,osm_type,name,amenity,healthcare,speciality,operator_type,opening_hours,"
        "wheelchair,emergency,addr_city\n"
        "36.8,-1.3,11,node,Alpha Hospital,hospital,hospital,,private,24/7,yes,yes,Nairobi\n"
        "36.9,-1.2,12,node,Beta Eye,clinic,clinic,ophthalmology,,Mo-Fr 08:00-17:00,no,,Nairobi\n"
    )
    found = read(written(tmp_path / "t.csv", text)).providers
    assert found["facility_type"].tolist() == ["hospital", "clinic"]
    assert found["specialties"].iloc[1] == ["ophthalmology"]
    assert found["wheelchair"].tolist() == [True, False]
    assert found["opening_hours"].tolist() == ["24/7", "Mo-Fr 08:00-17:00"]
    assert found["provider_id"].tolist() == ["mine:11", "mine:12"]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "a,b,c\nx,1.5,2.5\n")
    with pytest.raises(CareReachError, match="no column 'naem'; it has a, b, c"):
        read_facilities(path, Mapping(columns={"name": "naem"}), ORIGIN, DAY)
    with pytest.raises(CareReachError, match="which column"):
        read_facilities(path, Mapping(columns={"lat": "b"}), ORIGIN, DAY)


def test_people_of_a_table(tmp_path: Path) -> None:
    text = 'name,lat,lon,population\nA,1.5,2.5,"1,200"\nB,1.6,2.6,0\nC,1.7,2.7,many\nD,,,5\n'
    sheet = read_sheet(written(tmp_path / "t.csv", text))
    people = read_population(sheet, propose(sheet).mapping).frame
    assert people[["name", "population", "row"]].to_numpy().tolist() == [["A", 1200, 2]]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12))
def test_whatever_stands_in_a_table_every_row_is_accounted_for(
    rows: list[tuple[str, str, str]],
) -> None:
    frame = pd.DataFrame(rows, columns=range(3), dtype=str)
    frame = frame.map(str.strip)
    sheet = Sheet("t", ("name", "lat", "lon"), frame, np.arange(2, len(rows) + 2), Layout())
    mapping = Mapping(columns={"name": 1, "lat": 2, "lon": 3})
    found = read_facilities(Path("t"), mapping, ORIGIN, DAY, None, sheet)
    assert found.report.adds_up
    assert len(found.providers) == found.report.kept


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_the_health_facilities_of_africa() -> None:
    found = read(SHARED / "africa" / "who_facilities.csv.gz")
    assert found.report.read == 98_745
    assert found.report.adds_up
    assert reasons(found, "dropped")["there is not a position"] in range(2_340, 2_360)
    # Nothing far from its country is left: no group's farthest row is in another continent.
    assert found.providers["lat"].between(-36, 28).all()
    assert found.providers["lon"].between(-26, 64).all()
    assert len(found.providers) > 96_000


def test_rows_keep_their_ids_when_others_come_and_go(tmp_path: Path) -> None:
    rows = ["Alpha,1.5,2.5", "Beta,1.6,2.6", "Alpha,1.5,2.5001"]
    first = read(written(tmp_path / "t.csv", "name,lat,lon\n" + "\n".join(rows))).providers
    later = read(written(tmp_path / "t.csv", "name,lat,lon\nNew,1.4,2.4\n" + "\n".join(rows)))
    assert later.providers["provider_id"].tolist()[1:] == first["provider_id"].tolist()


def test_islands_and_provinces_are_not_far(tmp_path: Path) -> None:
    capital = [f"C{i},27.4{i:02d},89.6" for i in range(30)]
    provinces = ["Trashigang,27.33,91.55", "Mongar,27.27,91.24", "Samdrup Jongkhar,26.8,91.5"]
    text = "name,lat,lon\n" + "\n".join([*capital, *provinces, "Typo,-27.4,89.6", "Odd,48.1,11.5"])
    found = read(written(tmp_path / "t.csv", text))
    assert found.report.total("dropped") == 2
    assert {"Trashigang", "Mongar", "Samdrup Jongkhar"} <= set(found.providers["name"])
    # A few rows of another country are measured with the whole table.
    text = "name,lat,lon,country\n" + "\n".join(
        [*(f"{row},Bhutan" for row in capital), "Luanda A,-8.8,13.2,Angola"]
    )
    found = read(written(tmp_path / "t.csv", text))
    assert found.providers["name"].str.startswith("C").all()


def test_words_for_nothing_are_no_names_and_no_numbers(tmp_path: Path) -> None:
    text = "id,name,lat,lon,province,phone\n999,A,18.7,100.7,Nan,na\n1000,B,18.8,100.8,Nan,n/a\n"
    found = read(written(tmp_path / "t.csv", text)).providers
    assert found["provider_id"].tolist() == ["mine:999", "mine:1000"]
    assert found["locality"].tolist() == ["Nan", "Nan"]


@pytest.mark.parametrize(
    ("cells", "people"),
    [
        (["1.234", "12.345"], [1234, 12345]),
        (["1,234", "999"], [1234, 999]),
        (["1 234 567", "12"], [1234567, 12]),
        (["1234.5", "12.345"], [1234, 12]),
    ],
)
def test_signs_between_thousands(tmp_path: Path, cells: list[str], people: list[int]) -> None:
    rows = [f"P{i};1.{i};2.{i};{cell}" for i, cell in enumerate(cells)]
    sheet = read_sheet(written(tmp_path / "t.csv", "name;lat;lon;population\n" + "\n".join(rows)))
    points = read_population(sheet, propose(sheet).mapping)
    assert points.frame["population"].tolist() == people


def test_a_zipped_shapefile_and_one_without_a_projection(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["A"]}, geometry=gpd.points_from_xy([2.5], [1.5]), crs=4326)
    frame.to_file(tmp_path / "t.shp")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as out:
        for part in tmp_path.glob("t.*"):
            if part.suffix != ".zip":
                out.write(part, f"deep/{part.name}")
    assert read(tmp_path / "t.zip").providers[["lat", "lon"]].to_numpy().tolist() == [[1.5, 2.5]]
    bare = frame.to_crs(3857).set_crs(None, allow_override=True)  # type: ignore[call-overload]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has none
        bare.to_file(tmp_path / "bare.gpkg")
    assert "projection" in propose(read_sheet(tmp_path / "bare.gpkg")).questions[0]
    found = read(tmp_path / "bare.gpkg", crs="EPSG:3857").providers
    np.testing.assert_allclose(found[["lat", "lon"]], [[1.5, 2.5]], atol=1e-6)


@pytest.mark.parametrize(
    "text",
    ["header: -2", "header: 9999", "delimiter: ';;'", "encoding: undefined", "a: " + "[" * 5000],
)
def test_settings_that_cannot_be(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "t.csv", "name,lat,lon\nA,1.5,2.5\n")
    kept = written(
        tmp_path / "mapping.yaml", f"columns: {{name: name, lat: lat, lon: lon}}\n{text}"
    )
    with pytest.raises(DataError) as caught:
        read_facilities(path, read_mapping(kept), ORIGIN, DAY)
    assert "\n" not in str(caught.value)


def test_a_first_cell_without_end(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", '"' + "x" * 2_000_000 + '",1,2\n')
    with pytest.raises(DataError):
        read_sheet(path)


def test_a_specialty_that_is_not_known_here_is_said(tmp_path: Path) -> None:
    text = "name,lat,lon,specialty\nA,1.5,2.5,astrology\nB,1.6,2.6,Neurology\nC,1.7,2.7,\n"
    found = read(written(tmp_path / "t.csv", text))
    assert found.providers["specialties"].tolist()[1] == ["neurology"]
    assert found.report.counts["changed", "a specialty that no explainer uses was left out"] == 1
