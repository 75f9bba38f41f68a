"""Surfaces of terrain: made from files, and measured by in every answer of a pack."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

import geo
from geo.errors import CareReachError, DataError
from geo.output.downloads import limits_of
from geo.packs.pack import open_pack
from geo.sources.batch import Origin
from geo.sources.speeds import read_speeds
from geo.sources.terrain import SurfaceAsked, import_terrain
from geo.travel.terrain import terrain_for
from tests.command import run

#: A raster over Bhutan and around, of 0.02 degrees.
WHERE = from_origin(88.3, 28.7, 0.02, 0.02)
SHAPE = (120, 220)
SPEEDS = """kind,value,label,km_h,walked
land,1,Forest,3,yes
land,2,Fields,4,yes
land,3,Water,0,no
road,primary,Main road,40,no
road,path,Path,5,yes
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of one's own, with a table of speeds."""
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path / "packs"))
    (tmp_path / "speeds.csv").write_text(SPEEDS, "utf-8")
    return tmp_path


def raster(path: Path, cells: Any, **more: Any) -> Path:
    """A GeoTIFF over Bhutan."""
    cells = np.asarray(cells)
    about: Mapping[str, Any] = {
        "driver": "GTiff",
        "count": 1,
        "height": cells.shape[0],
        "width": cells.shape[1],
        "dtype": cells.dtype,
        "crs": "EPSG:4326",
        "transform": WHERE,
        **more,
    }
    with rasterio.open(path, "w", **about) as file:
        file.write(cells, 1)
    return path


def land(home: Path) -> Path:
    """Land cover: forest, with fields in the south."""
    cells = np.ones(SHAPE, np.uint8)
    cells[80:] = 2
    return raster(home / "land.tif", cells)


def lines(home: Path, name: str, **kinds: Any) -> Path:
    """Lines by kind, as GeoPackage."""
    path = home / f"{name}.gpkg"
    frame = gpd.GeoDataFrame({"highway": list(kinds)}, geometry=list(kinds.values()), crs=4326)
    frame.to_file(path)
    return path


def test_everything_of_a_pack_can_be_measured_over_terrain(home: Path) -> None:
    road = shapely.LineString([(88.9, 27.45), (92.1, 27.45)])
    made = run(
        *("import", "terrain", "--pack", "bhutan", "--land-cover", land(home)),
        *("--speeds", home / "speeds.csv", "--roads", lines(home, "roads", primary=road)),
        *("--cell-m", "2000", "--source-title", "Made up"),
    )
    assert made.returncode == 0, made.stderr
    assert "where nobody can go" in made.stdout
    assert "Heights do not count." in made.stdout
    said = run("coverage", "--measure", "terrain", "--within-min", "120", "--format", "json")
    found = json.loads(said.stdout)
    assert (found["measure"], found["within_min"]) == ("terrain", 120)
    assert 0 < found["total"]["share"]["likely"] < 1
    assert "travel" not in found["total"]["ranges"]
    pack = geo.open_pack("bhutan")
    by_hand = geo.measure_coverage(pack, "epidural-blood-patch", 120, measure="terrain")
    assert found["total"]["covered"] == by_hand.covered
    listed = run(
        *("find", "Serzhong, Sarpang", "--measure", "terrain", "--within-min", "600"),
        *("--format", "json"),
    )
    rows = json.loads(listed.stdout)["results"]
    assert rows
    assert all(0 <= row["minutes"] <= 600 for row in rows)
    assert "over terrain" in run("find", "Thimphu", "--measure", "terrain").stdout
    for command in ("calls", "siting", "inequality"):
        more = run(command, "--measure", "terrain", "--within-min", "120")
        assert more.returncode == 0, more.stderr
    assert pack.terrain["title"] == "Made up"
    assert pack.sources["terrain"].title == "Made up"
    assert (pack.files["terrain_speeds"]).read_text("utf-8") == SPEEDS


def test_the_way_there_is_the_way_that_is_reckoned(home: Path) -> None:
    """From Thimphu's point to one 10 km east, on the flat at 3 km/h: 200 minutes and no less."""
    asked = SurfaceAsked(land_cover=land(home), speeds=home / "speeds.csv", cell_m=250)
    import_terrain("bhutan", asked, Origin("terrain", "Made up"))
    terrain, _ = terrain_for(open_pack("bhutan"))
    assert terrain is not None
    from geo.travel.terrain import minutes_over

    lat, lon = 27.5, 90.0
    east = lon + 10 / (111.195 * np.cos(np.radians(lat)))
    far = float(minutes_over(terrain.surface, lat, lon).at([lat], [east])[0])
    assert far == pytest.approx(200, rel=0.02)


def test_rivers_are_crossed_on_roads_only(home: Path) -> None:
    river = shapely.LineString([(88.2, 27.3), (92.6, 27.3)])
    bridge = shapely.LineString([(90.2, 27.28), (90.2, 27.32)])
    asked = SurfaceAsked(
        land_cover=land(home),
        speeds=home / "speeds.csv",
        barriers=lines(home, "rivers", river=river),
        roads=lines(home, "roads", path=bridge, service=river),
        cell_m=1000,
    )
    made = import_terrain("bhutan", asked, Origin("terrain", "Made up"))
    assert made.unknown_roads == {"service": 1}
    terrain, _ = terrain_for(open_pack("bhutan"))
    assert terrain is not None
    surface = terrain.surface
    row = int((surface.north - 27.3) / surface.cell_deg[0])
    passable = np.flatnonzero(surface.friction[row] > 0)
    column = int((90.2 - surface.west) / surface.cell_deg[1])
    assert set(passable) <= {column - 1, column, column + 1}
    assert column in passable


def test_a_ready_surface_is_taken_as_it_is(home: Path) -> None:
    cells = np.full(SHAPE, 0.012, np.float32)
    cells[:, :5] = -9999
    path = raster(home / "friction.tif", cells, nodata=-9999)
    made = run("import", "terrain", "--pack", "bhutan", "--friction", path, "--cell-m", "2000")
    assert made.returncode == 0, made.stderr
    terrain, _ = terrain_for(open_pack("bhutan"))
    assert terrain is not None
    friction = terrain.surface.friction
    assert np.median(friction[friction > 0]) == pytest.approx(0.012)
    assert terrain.surface.elevation is None
    assert "terrain_speeds" not in open_pack("bhutan").files


def test_closed_cells_of_a_ready_surface_do_not_make_it_quicker(home: Path) -> None:
    shares = []
    for every in (0, 2, 3):
        cells = np.full(SHAPE, 0.012, np.float32)
        if every:
            cells[:, ::every] = 0
        path = raster(home / "friction.tif", cells)
        import_terrain("bhutan", SurfaceAsked(friction=path), Origin("terrain", "Made up"))
        terrain, _ = terrain_for(open_pack("bhutan"))
        assert terrain is not None
        friction = terrain.surface.friction
        assert friction[friction > 0].min(initial=0.012) >= 0.0119
        shares.append(float((friction > 0).mean()))
    assert shares[0] == 1
    assert shares[2] < 1


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("friction", np.full(SHAPE, 1e-6, np.float32), "is it another unit"),
        ("friction", np.full(SHAPE, 9999, np.float32), "is it another unit"),
        ("elevation", np.full(SHAPE, -32768, np.int16), "has a height of -32768 m"),
    ],
)
def test_values_that_cannot_be_are_refused(home: Path, name: str, cells: Any, said: str) -> None:
    path = raster(home / "x.tif", cells)
    asked = SurfaceAsked(land_cover=land(home), speeds=home / "speeds.csv", elevation=path)
    if name == "friction":
        asked = SurfaceAsked(friction=path)
    with pytest.raises(DataError, match=said):
        import_terrain("bhutan", asked, Origin("terrain", "Made up"))


def test_what_a_raster_does_not_cover_is_said_or_refused(home: Path) -> None:
    speeds = home / "speeds.csv"
    most = raster(home / "most.tif", np.ones((120, 160), np.uint8))
    asked = SurfaceAsked(land_cover=most, speeds=speeds, cell_m=2000)
    made = import_terrain("bhutan", asked, Origin("terrain", "Made up"))
    assert 0.05 < made.lacking < 0.5
    assert "nobody can go there" in " ".join(made.lines())
    little = raster(home / "little.tif", np.ones((120, 60), np.uint8))
    with pytest.raises(DataError, match="says nothing of"):
        import_terrain("bhutan", replace(asked, land_cover=little), Origin("terrain", "Made up"))


def test_a_column_of_any_name_and_lines_of_elsewhere(home: Path) -> None:
    road = shapely.LineString([(89, 27.3), (91.5, 27.3)])
    path = home / "odd.gpkg"
    gpd.GeoDataFrame({"road class": ["primary"]}, geometry=[road], crs=4326).to_file(path)
    asked = SurfaceAsked(
        land_cover=land(home),
        speeds=home / "speeds.csv",
        roads=path,
        road_column="road class",
        cell_m=3000,
    )
    assert import_terrain("bhutan", asked, Origin("terrain", "Made up")).on_roads > 0
    far = shapely.LineString([(0, 0), (1, 1)])
    elsewhere = replace(asked, barriers=lines(home, "far", river=far))
    with pytest.raises(DataError, match="has no line and no area in the pack's area"):
        import_terrain("bhutan", elsewhere, Origin("terrain", "Made up"))


def test_bands_scales_and_extracts(home: Path) -> None:
    path = raster(home / "scaled.tif", np.full(SHAPE, 12, np.int16))
    with rasterio.open(path, "r+") as file:
        file.scales = [0.001]
    import_terrain("bhutan", SurfaceAsked(friction=path), Origin("terrain", "Made up"))
    terrain, _ = terrain_for(open_pack("bhutan"))
    assert terrain is not None
    assert np.median(terrain.surface.friction) == pytest.approx(0.012)
    extract = SurfaceAsked(
        land_cover=land(home), speeds=home / "speeds.csv", barriers=home / "x.osm.pbf"
    )
    with pytest.raises(CareReachError, match="holds roads beside rivers"):
        import_terrain("bhutan", extract, Origin("terrain", "Made up"))


def test_a_place_off_the_terrain_is_said_to_be(home: Path) -> None:
    asked = SurfaceAsked(land_cover=land(home), speeds=home / "speeds.csv", cell_m=5000)
    import_terrain("bhutan", asked, Origin("terrain", "Made up"))
    said = run("find", "0, 0", "--measure", "terrain").stderr
    assert "is not on the terrain that minutes are measured over" in said


def test_heights_make_a_difference(home: Path) -> None:
    heights = np.tile((np.arange(SHAPE[1]) % 2) * 2000, (SHAPE[0], 1)).astype(np.float32)
    flat = SurfaceAsked(land_cover=land(home), speeds=home / "speeds.csv", cell_m=2000)
    steep = replace(flat, elevation=raster(home / "dem.tif", heights))
    shares = []
    for asked in (flat, steep):
        import_terrain("bhutan", asked, Origin("terrain", "Made up"))
        pack = geo.open_pack("bhutan")
        found = geo.measure_coverage(pack, "epidural-blood-patch", 300, measure="terrain")
        shares.append(found.share["likely"])
    assert shares[1] < shares[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give --friction, or --land-cover"),
        (("--land-cover", "land.tif"), "Give --speeds"),
        (("--friction", "land.tif", "--speeds", "speeds.csv"), "give --friction alone"),
        (("--friction", "land.tif", "--cell-m", "1"), "Cells can be 10 to 5,000 m wide"),
        (("--friction", "land.tif"), "is it another unit"),
        (("--friction", "none.tif"), "the file is missing"),
        (("--friction", "speeds.csv"), "cannot be read as a GeoTIFF"),
        (("--land-cover", "land.tif", "--speeds", "short.csv"), "lacks: 2"),
        (("--land-cover", "land.tif", "--speeds", "speeds.csv", "--cell-m", "10"), "more than"),
        (
            ("--land-cover", "land.tif", "--speeds", "speeds.csv", "--roads", "roads.gpkg",
             "--road-column", "kind"),
            "the column is missing",
        ),
        (("--land-cover", "far.tif", "--speeds", "speeds.csv"), "does not reach"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(
    home: Path, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(home)
    raster(home / "far.tif", np.ones((5, 5), np.uint8), transform=from_origin(10, 5, 1, 1))
    lines(home, "roads", primary=shapely.LineString([(89, 27), (91, 27)]))
    (home / "short.csv").write_text("\n".join(SPEEDS.splitlines()[:2]), "utf-8")
    monkeypatch.chdir(home)
    done = run("import", "terrain", "--pack", "bhutan", *words)
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert open_pack("bhutan").terrain == {}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("sea,1,x,3,yes", "'sea' is neither land nor road"),
        ("land,,x,3,yes", "is empty"),
        ("land,forest,x,3,yes", "is not the whole number of a class"),
        ("land,9,x,quick,yes", "is not a speed"),
        ("land,9,x,-1,yes", "is not a speed"),
        ("land,9,x,400,yes", "is not a speed"),
        ("land,9,x,3,maybe", "is neither yes nor no"),
        ("land,1,x,3,yes", "stands here twice"),
    ],
)
def test_a_bad_speed_is_named_with_its_row(home: Path, row: str, said: str) -> None:
    (home / "bad.csv").write_text(SPEEDS + row + "\n", "utf-8")
    with pytest.raises(DataError, match=said) as error:
        read_speeds(home / "bad.csv")
    assert "7" in str(error.value)


def test_without_terrain_distances_stand_in(home: Path) -> None:
    done = run("coverage", "--measure", "terrain")
    assert "There is no terrain to measure minutes on. Distances are shown instead." in done.stderr
    assert done.returncode == 0


def test_a_damaged_surface_is_named(home: Path) -> None:
    asked = SurfaceAsked(land_cover=land(home), speeds=home / "speeds.csv", cell_m=5000)
    import_terrain("bhutan", asked, Origin("terrain", "Made up"))
    pack = open_pack("bhutan")
    pack.files["terrain"].write_bytes(b"II*\x00" + bytes(100))
    for words in (("coverage",), ("find", "Thimphu")):
        done = run(*words, "--measure", "terrain")
        assert done.returncode == 3
        assert "terrain-" in done.stderr


def test_without_the_packages_one_sentence_says_which(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = SurfaceAsked(land_cover=land(home), speeds=home / "speeds.csv", cell_m=5000)
    import_terrain("bhutan", asked, Origin("terrain", "Made up"))
    pack = open_pack("bhutan")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found, why = terrain_for(pack)
    assert found is None
    assert "requirements-rasters.txt" in why
    with pytest.raises(CareReachError, match=r"requirements-rasters\.txt"):
        import_terrain("bhutan", asked, Origin("terrain", "Made up"))


def test_slower_travel_is_a_range_that_says_whose_it_is(home: Path) -> None:
    asked = SurfaceAsked(land_cover=land(home), speeds=home / "speeds.csv", cell_m=2000)
    import_terrain("bhutan", asked, Origin("terrain", "Made up"))
    pack = geo.open_pack("bhutan")
    found = geo.measure_coverage(pack, "epidural-blood-patch", 300, measure="terrain")
    sooner = geo.measure_coverage(pack, "epidural-blood-patch", 200, measure="terrain")
    assert found.ranges["slower"] == (sooner.share["likely"], found.share["likely"])
    assert any("CareReach’s own assumption" in words for words in limits_of(found))
    said = json.loads(
        run(
            *("coverage", "--measure", "terrain", "--within-min", "300", "--slower", "3"),
            *("--format", "json"),
        ).stdout
    )
    third = geo.measure_coverage(pack, "epidural-blood-patch", 100, measure="terrain")
    assert said["total"]["ranges"]["slower"][0] == round(third.share["likely"], 3)
    assert said["slower_factor"] == 3
    assert run("coverage", "--slower", "0.5").returncode == 2
    path = pack.folder / "datapackage.json"
    about = json.loads(path.read_text("utf-8"))
    for slower in ({"factor": 2}, {"factor": "x", "source": "y"}, {"factor": 0.9, "source": "y"}):
        path.write_text(json.dumps({**about, "slower": slower}), "utf-8")
        with pytest.raises(DataError, match="slower"):
            open_pack("bhutan")
    stated = {"factor": 2, "source": "A survey of 2024"}
    path.write_text(json.dumps({**about, "slower": stated}), "utf-8")
    again = geo.measure_coverage(geo.open_pack("bhutan"), "haemodialysis", 100, measure="terrain")
    assert any("2 times as long: A survey of 2024" in words for words in limits_of(again))
