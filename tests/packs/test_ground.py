"""The ground of maps: what goes in comes out, checked with GDAL's own reader of the format."""

import random
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely
from pmtiles.reader import MemorySource, Reader, all_tiles

from geo.packs.ground import GROUND, Layer, attribution_of, cut_ground, write_ground
from geo.packs.pack import open_pack


def points(count: int, seed: int = 1) -> gpd.GeoDataFrame:
    chance = random.Random(seed)
    spots = [shapely.Point(chance.uniform(6, 12), chance.uniform(45, 49)) for _ in range(count)]
    names = [f"Town {n}" for n in range(count)]
    return gpd.GeoDataFrame({"name": names}, geometry=spots, crs=4326)


def made(folder: Path) -> Path:
    path = folder / "ground.pmtiles"
    lake = gpd.GeoDataFrame({"name": ["Lake"]}, geometry=[shapely.box(8, 46, 9, 47)], crs=4326)
    layers = [Layer("town3", points(60), 4, 8), Layer("water", lake, 5, 8)]
    layers.append(Layer("road1", lake[:0], 5, 8))
    assert write_ground(layers, path, "Nobody") > 0
    return path


def test_layers_are_read_back_by_gdal(tmp_path: Path) -> None:
    path = made(tmp_path)
    assert {name for name, _ in pyogrio.list_layers(path)} == {"town3", "water"}
    towns = pyogrio.read_dataframe(path, layer="town3").to_crs(4326)
    found = dict(zip(towns["name"], towns.geometry, strict=True))
    for name, spot in points(60).set_index("name").geometry.items():
        # A tile of zoom 8 has 4,096 steps over 1.4 degrees.
        assert found[name].distance(spot) < 0.001


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert made(tmp_path).read_bytes() == made(tmp_path / "other").read_bytes()
    assert attribution_of(tmp_path / "ground.pmtiles") == "Nobody"


def test_nothing_to_draw_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ground.pmtiles"
    assert write_ground([Layer("water", points(0), 0, 5)], path, "") == 0
    assert not path.exists()


def test_a_cut_has_the_tiles_of_its_view_and_no_more(tmp_path: Path) -> None:
    path = made(tmp_path)
    cut = cut_ground(path, (8.2, 46.2, 8.4, 46.4))
    assert len(cut) < path.stat().st_size
    with path.open("rb") as file:
        whole = Reader(MemorySource(file.read()))
    tiles = list(all_tiles(MemorySource(cut)))
    assert {zxy[0] for zxy, _ in tiles} == {4, 5, 6, 7, 8}
    for zxy, data in tiles:
        assert data == whole.get(*zxy)
    assert cut_ground(path, (8.2, 46.2, 8.4, 46.4), most_bytes=10) == b""
    assert cut_ground(path, (100.0, 46.2, 101.0, 46.4)) == b""


def test_bundled_packs_have_one_and_say_whose_it_is() -> None:
    for name in ("bhutan", "us"):
        pack = open_pack(name)
        layers = {str(layer) for layer, _ in pyogrio.list_layers(pack.files[GROUND])}
        assert {"water", "river", "road3", "border0", "country", "town3"} <= layers
        assert attribution_of(pack.files[GROUND]).startswith("Natural Earth")
        assert "natural-earth" in pack.sources
