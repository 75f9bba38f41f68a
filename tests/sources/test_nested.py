"""Columns of parts (names, categories, addresses) are read by their parts."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, mapping

from geo.sources.batch import Batch, Origin
from geo.sources.mapping import propose
from geo.sources.nested import with_parts
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities

#: As Overture Maps writes places.
PLACES: list[dict[str, Any]] = [
    {
        "id": f"08f{n}",
        "names": {"primary": name, "common": None},
        "categories": {"primary": kind, "alternate": ["health_and_medical"]},
        "addresses": [{"freeform": f"{n} Norzin Lam", "locality": "Thimphu", "country": "BT"}],
        "phones": [f"+97517{n:06d}"],
        "operating_status": status,
    }
    for n, (name, kind, status) in enumerate(
        [
            ("Alpha Hospital", "hospital", "open"),
            ("Beta House", "dentist", "open"),
            ("Gamma Pharmacy", "pharmacy", "permanently_closed"),
        ]
    )
]
SPOTS = [Point(89.64, 27.47), Point(89.65, 27.48), Point(89.66, 27.49)]


def parquet(path: Path) -> None:
    gpd.GeoDataFrame(PLACES, geometry=SPOTS, crs=4326).to_parquet(path)


def geojson(path: Path) -> None:
    features = [
        {"type": "Feature", "properties": place, "geometry": mapping(spot)}
        for place, spot in zip(PLACES, SPOTS, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def text(path: Path) -> None:
    """A table of text, with parts as JSON in its cells."""
    spots = [{"lat": spot.y, "lon": spot.x} for spot in SPOTS]
    rows = pd.DataFrame([{**p, **s} for p, s in zip(PLACES, spots, strict=True)])
    for column in ("names", "categories", "addresses"):
        rows[column] = rows[column].map(json.dumps)
    rows["phones"] = rows["phones"].str[0]
    rows.to_csv(path, index=False)


def records(path: Path) -> None:
    spots = [{"lat": spot.y, "lon": spot.x} for spot in SPOTS]
    path.write_text(json.dumps([{**p, **s} for p, s in zip(PLACES, spots, strict=True)]))


def read(path: Path) -> Batch:
    sheet = read_sheet(path)
    proposal = propose(sheet, "BT")
    assert not proposal.questions
    return read_facilities(path, proposal.mapping, Origin("o", "O"), "2026-11-26", sheet=sheet)


@pytest.mark.parametrize(
    ("file", "write"),
    [("p.parquet", parquet), ("p.geojson", geojson), ("p.json", records), ("p.csv", text)],
)
def test_places_of_overture_in_four_formats(tmp_path: Path, file: str, write: Any) -> None:
    write(tmp_path / file)
    found = read(tmp_path / file)
    rows = found.providers
    assert rows["name"].tolist() == ["Alpha Hospital", "Beta House"]
    assert rows["facility_type"].tolist() == ["hospital", "dentist"]
    assert rows["address"].tolist() == ["0 Norzin Lam", "1 Norzin Lam"]
    assert rows["locality"].tolist() == ["Thimphu", "Thimphu"]
    assert rows["phone"].tolist() == ["+97517000000", "+97517000001"]
    assert found.report.counts["dropped", "it is not in operation"] == 1


def test_what_has_no_parts_stays_as_it_is() -> None:
    shape = json.dumps(mapping(Point(1, 2)))
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "{y"], "c": [["u"], ["v"]], "g": [shape, shape]})
    pd.testing.assert_frame_equal(with_parts(frame), frame)


def test_cells_without_parts_stay_beside_those_with_them() -> None:
    cells = ['{"primary": "A"}', '{"primary": "B"}', "plain"]
    found = with_parts(pd.DataFrame({"names": cells}))
    assert found.columns.tolist() == ["names", "names primary"]
    assert found["names"].tolist()[2] == "plain"
    assert found["names primary"].tolist()[:2] == ["A", "B"]
