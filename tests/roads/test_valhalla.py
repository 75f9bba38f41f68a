"""Minutes on real roads: Helsinki's extract, the engine in this process and as a service.

Needs Python 3.12 or later with `requirements-roads.txt`; `tests/run` looks for one.
"""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Search, find_care
from geo.coverage import coverage as cover
from geo.errors import DataError
from geo.output import answer_text
from geo.packs.gazetteer import Place
from geo.packs.pack import Pack, open_pack, read_descriptor
from geo.packs.store import change_pack, write_table
from geo.sources.batch import Report
from geo.sources.demand import import_demand
from geo.sources.into_pack import import_into
from geo.sources.new_pack import NewPack
from geo.sources.osm import read_osm
from geo.sources.roads import SOURCE, check_road_table, import_roads, refit_road_table, table_text
from geo.sources.table import PopulatedPoints
from geo.travel.times import isochrone, minutes, route
from geo.travel.valhalla import LocalEngine, RoadsDownError, ServiceEngine, build_tiles
from tests.conftest import ROOT, TODAY
from tests.roads.helsinki import EXTRACT, STATION, demand_table, extract_of_one_way_street

pytestmark = pytest.mark.roads
pytest.importorskip("valhalla", reason="pyvalhalla is not installed (Python 3.12 or later).")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of packs with Helsinki's places, people and roads."""
    folder = tmp_path_factory.mktemp("packs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREREACH_DATA", str(folder))
        patch.delenv("CAREREACH_VALHALLA", raising=False)
        new = NewPack("Helsinki centre", "Finland", "112")
        import_into("helsinki", [read_osm(EXTRACT, TODAY.isoformat())], new)
        points = PopulatedPoints(demand_table(200), Report(read=200, kept=200))
        import_demand("helsinki", points, "a grid")
        assert import_roads("helsinki", EXTRACT, progress=print)
        yield folder


@pytest.fixture(scope="module")
def pack(home: Path) -> Pack:
    return open_pack("helsinki")


@pytest.fixture(scope="module")
def engine(pack: Pack) -> LocalEngine:
    return LocalEngine(pack.files["road_tiles"])


@pytest.fixture
def service(pack: Pack, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`valhalla_service` on the loopback, with the limits that it comes with."""
    import valhalla
    from valhalla.config import get_config

    with socket.socket() as spot:
        spot.bind(("127.0.0.1", 0))
        port = spot.getsockname()[1]
    config = get_config(tile_extract=pack.files["road_tiles"], tile_dir=tmp_path)
    config["mjolnir"]["tile_dir"] = ""
    config["httpd"]["service"]["listen"] = f"tcp://127.0.0.1:{port}"
    for part in ("loopback", "interrupt"):
        config["httpd"]["service"][part] = f"ipc://{tmp_path}/{part}"
    for part in ("loki", "thor", "odin"):
        config[part]["service"]["proxy"] = f"ipc://{tmp_path}/{part}"
    path = tmp_path / "valhalla.json"
    path.write_text(json.dumps(config))
    program = Path(valhalla.__file__).parent / "bin" / "valhalla_service"
    silent = subprocess.DEVNULL
    process = subprocess.Popen([str(program), str(path), "1"], stdout=silent, stderr=silent)
    for _ in range(100):
        with socket.socket() as spot:
            if spot.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", process
    process.kill()
    process.wait()


def random_points(n: int, seed: int) -> np.ndarray:
    spot = random.Random(seed)
    return np.array([(spot.uniform(60.158, 60.178), spot.uniform(24.92, 24.96)) for _ in range(n)])


def test_the_pack_says_where_its_roads_come_from(pack: Pack) -> None:
    assert pack.measure == "drive"
    source = pack.sources[SOURCE]
    assert source.title == "Roads: © OpenStreetMap contributors (Helsinki.osm.pbf)"
    assert source.license == "ODbL 1.0"
    assert pack.files["road_tiles"].stat().st_size > 100_000


def test_the_same_extract_again_changes_nothing(home: Path, pack: Pack) -> None:
    before = {f.name: f.stat().st_mtime_ns for f in pack.folder.iterdir()}
    assert not import_roads("helsinki", EXTRACT, progress=print)
    assert {f.name: f.stat().st_mtime_ns for f in pack.folder.iterdir()} == before
    assert not list(home.glob(".roads-*"))


def test_a_dry_run_and_a_broken_extract_change_nothing(home: Path, tmp_path: Path) -> None:
    before = read_descriptor(ROOT / "data" / "bhutan")
    assert import_roads("bhutan", EXTRACT, dry_run=True, progress=print)
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(EXTRACT.read_bytes()[:4000])
    for path in (broken, tmp_path / "nowhere.osm.pbf"):
        with pytest.raises(DataError):
            import_roads("bhutan", path, progress=print)
    assert not (home / "bhutan").exists()
    assert read_descriptor(ROOT / "data" / "bhutan") == before


def test_minutes_are_those_of_the_engines_own_routes(engine: LocalEngine) -> None:
    points = random_points(100, 1)
    trips = minutes(engine, points, points, "drive")
    pick = random.Random(2)
    compared = 0
    while compared < 100:
        i, j = pick.randrange(100), pick.randrange(100)
        if np.isnan(trips.minutes[i, j]):
            continue
        way = route(engine, tuple(points[i]), tuple(points[j]), "drive")
        assert way is not None
        # A matrix has whole seconds and metres.
        assert way.minutes == pytest.approx(trips.minutes[i, j], abs=1.01 / 60)
        assert way.km == pytest.approx(trips.km[i, j], abs=0.0011)
        compared += 1


def test_on_foot_they_are_nearly_those(engine: LocalEngine) -> None:
    # The engine's matrix on foot stops looking a little sooner than its routes.
    points = random_points(60, 3)
    trips = minutes(engine, points, points, "walk")
    off = []
    for i, j in random.Random(4).sample([(i, j) for i in range(60) for j in range(60)], 100):
        way = route(engine, tuple(points[i]), tuple(points[j]), "walk")
        if way is not None and way.minutes > 0:
            off.append(abs(trips.minutes[i, j] / way.minutes - 1))
    assert len(off) > 80
    assert np.median(off) < 0.01
    assert max(off) < 0.2


def test_one_way_streets_are_respected(tmp_path: Path) -> None:
    extract, west, east = extract_of_one_way_street(tmp_path)
    build_tiles(extract, tmp_path / "tiles.tar", print)
    engine = LocalEngine(tmp_path / "tiles.tar")
    there = minutes(engine, [west], [east]).km[0, 0]
    back = minutes(engine, [east], [west]).km[0, 0]
    assert back > 1.5 * there
    on_foot = minutes(engine, [east], [west], "walk").km[0, 0]
    assert on_foot == pytest.approx(there, rel=0.05)


def test_the_isochrone_holds_what_can_be_reached(engine: LocalEngine) -> None:
    area = isochrone(engine, STATION, 5, "walk")
    assert area is not None
    assert area.is_valid
    points = random_points(150, 5)
    trips = minutes(engine, [STATION], points, "walk")
    inside = shapely.intersects_xy(area.buffer(0.0008), points[:, 1], points[:, 0])
    on_road = trips.to_road_km < 0.05
    reached = (trips.minutes[0] <= 5) & on_road
    assert reached.sum() > 3
    assert inside[reached].mean() > 0.9
    assert (trips.minutes[0][inside & on_road] <= 8).mean() > 0.8


def test_who_is_found_is_found_by_minutes(
    pack: Pack, engine: LocalEngine, library: dict[str, Procedure]
) -> None:
    assessed = assess_pack(pack, library["primary-care"], TODAY)
    place = Place("p", "Here", "point", "", *STATION, "Here")
    answer = find_care(
        assessed, place, Search(5, measure="walk", within_min=12, order="distance"), engine
    )
    assert 2 <= len(answer.results) < len(assessed.rows)
    assert answer.results["minutes"].is_monotonic_increasing
    assert (answer.results["route_km"] >= answer.results["distance_km"] * 0.8).all()
    lines = answer_text.answer_rows(answer)
    assert all(line.distance.endswith("min on foot") for line in lines if not line.farther)


def test_the_service_gives_the_same_numbers_and_may_be_killed(
    pack: Pack, engine: LocalEngine, service: tuple[Any, ...], library: dict[str, Procedure]
) -> None:
    url, process = service
    remote = ServiceEngine(url)
    points, others = random_points(70, 6), random_points(55, 7)
    for mode in ("drive", "walk"):
        here, there = (minutes(e, points, others, mode) for e in (engine, remote))
        np.testing.assert_array_equal(here.minutes, there.minutes)
        np.testing.assert_array_equal(here.km, there.km)
        np.testing.assert_array_equal(here.to_road_km, there.to_road_km)
    near, far = (isochrone(e, STATION, 5) for e in (remote, engine))
    assert near is not None
    assert far is not None
    assert near.equals(far)
    start, end = ((float(lat), float(lon)) for lat, lon in points[:2])
    assert route(remote, start, end) == route(engine, start, end)
    assessed = assess_pack(pack, library["primary-care"], TODAY)
    place = Place("p", "Here", "point", "", *STATION, "Here")
    asked = Search(5, measure="drive", within_min=5)
    assert find_care(assessed, place, asked, remote).within == 5
    process.kill()
    process.wait()
    down = find_care(assessed, place, asked, remote)
    assert (down.measure.name, down.reason) == ("straight", "The road service does not answer.")
    with pytest.raises(RoadsDownError):
        cover.supply_pack(assessed, measures=cover.demand_measures(assessed, remote))


def test_coverage_of_two_hundred_places(
    pack: Pack, engine: LocalEngine, library: dict[str, Procedure]
) -> None:
    assessed = assess_pack(pack, library["primary-care"], TODAY)
    supplied = cover.supply_pack(assessed, measures=cover.demand_measures(assessed, engine))
    found = cover.measure_coverage(supplied, 3, measure="drive")
    rows = cover.in_supply(assessed.rows, "likely")
    table = minutes(engine, pack.demand[["lat", "lon"]], rows[["lat", "lon"]]).minutes
    near = np.nanmin(np.where(np.isnan(table), np.inf, table), axis=1) <= 3
    assert found.covered["likely"] == pack.demand["population"][near].sum()
    walking = cover.measure_coverage(supplied, 3, measure="walk")
    assert walking.share["likely"] <= found.share["likely"]
    assert found.detours is not None
    assert found.detours.circuity > 1


def test_a_road_table_is_checked_and_refitted(home: Path, pack: Pack, engine: LocalEngine) -> None:
    def change(folder: Path) -> None:
        nodes = [("A", 60.1655, 24.9305), ("B", 60.1719, 24.9414), ("C", 60.1630, 24.9480)]
        write_table(folder, "road_nodes", pd.DataFrame(nodes, columns=["node", "lat", "lon"]))
        legs = [("A", "B", 5.0, "low", SOURCE), ("B", "C", 9.0, "low", SOURCE)]
        columns = ["from", "to", "km", "reliability", "source"]
        write_table(folder, "roads", pd.DataFrame(legs, columns=columns))

    change_pack("helsinki", change, "Three legs")
    checked = check_road_table(open_pack("helsinki"), engine)
    assert (checked["ratio"] > 2).all()
    assert "2 of 2 legs measured" in table_text(checked, open_pack("helsinki").detour)
    assert refit_road_table("helsinki", checked) == 2
    after = open_pack("helsinki").roads
    assert after["km"].tolist() == checked["routed_km"].round(1).tolist()
    assert set(after["reliability"]) == {"high"}
    again = check_road_table(open_pack("helsinki"), engine)
    assert again["ratio"].between(0.9, 1.1).all()


def test_the_command_line(home: Path) -> None:
    def run(*said: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "geo", *map(str, said)]
        return subprocess.run(
            command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
        )

    done = run("import", "roads", EXTRACT, "--pack", "helsinki")
    assert done.stdout.strip().endswith("nothing has changed.")
    asked = ("find", f"{STATION[0]}, {STATION[1]}", "--pack", "helsinki")
    done = run(*asked, "--procedure", "primary-care", "--within-min", 4)
    assert "within 4 min by car" in done.stdout
    assert done.stderr == ""
