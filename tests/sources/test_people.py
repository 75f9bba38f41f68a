"""People put into a pack beside its own points: counted by name, and as a range by placement."""

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from geo.care.assessed import assess_pack
from geo.care.library import get_procedure, whole_library
from geo.coverage.coverage import (
    Coverage,
    measure_coverage,
    region_at,
    supply_pack,
    with_placements,
)
from geo.coverage.placement import placement_shares
from geo.errors import CareReachError, DataError, UnknownNameError
from geo.packs.pack import Pack, open_pack
from geo.packs.people import OWN, OWN_TITLE, count_by, other_placements
from tests.command import run
from tests.samples import people_grid

TODAY = dt.date(2026, 11, 28)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of one's own."""
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path / "packs"))
    return tmp_path


def covered(pack: Pack, within_km: float = 50.0) -> Coverage:
    """The default question of a pack."""
    entry = get_procedure(whole_library()[0], pack.default_procedure)
    supplied = supply_pack(assess_pack(pack, entry, TODAY))
    return measure_coverage(with_placements(supplied, other_placements(pack)), within_km)


def test_a_grid_stands_beside_the_pack_s_own_people(home: Path) -> None:
    path = people_grid(home / "made_up_2026.tif")
    said = run("import", "people", str(path), "--pack", "bhutan", "--source-title", "Made up")
    assert said.returncode == 0, said.stderr
    assert "people at" in said.stdout
    assert "not official" in said.stdout
    assert "Count by it with" in said.stdout
    pack = open_pack("bhutan")
    own, grid = covered(pack), covered(count_by(pack, "made-up-2026"))
    assert own.population == 727_145
    assert grid.population == pytest.approx(pack.grids["made-up-2026"].people, abs=1)
    # Each is the other's other placement.
    low, high = own.ranges["placement"]
    assert {round(low, 9), round(high, 9)} == {
        round(own.share["likely"], 9),
        round(grid.share["likely"], 9),
    }
    assert grid.ranges["placement"] == pytest.approx((low, high))
    assert list(grid.supplied.placements) == [OWN_TITLE]
    assert pack.sources["people-made-up-2026"].title == "Made up"


def test_regions_are_compared_by_hand(home: Path) -> None:
    run("import", "people", str(people_grid(home / "g.tif")), "--pack", "bhutan")
    pack = open_pack("bhutan")
    coverage = covered(pack)
    table = placement_shares(coverage).set_index("region_id")
    placed = coverage.supplied.placements["The file g.tif"]
    far = placed.reach.nearest("road", "likely")
    for level in (1, 2):
        region = region_at(pack.regions, placed.demand["region_id"], level)
        for name in region.dropna().unique()[:6]:
            here = (region == name).to_numpy()
            people = placed.demand["population"].to_numpy()[here]
            assert table.loc[name, "population_1"] == pytest.approx(people.sum())
            share = people[far[here] <= 50].sum() / people.sum()
            assert table.loc[name, "share_1"] == pytest.approx(share)
            apart = abs(share - table.loc[name, "share"])
            assert table.loc[name, "spread"] == pytest.approx(apart)
    assert table["spread"].dropna().is_monotonic_decreasing


def test_a_group_is_counted_and_is_no_placement_of_everybody(home: Path) -> None:
    path = people_grid(home / "women.tif", 0.27)
    made = ("--pack", "bhutan", "--group", "women of 15-49")
    assert run("import", "people", str(path), *made).returncode == 0
    pack = open_pack("bhutan")
    assert "placement" not in covered(pack).ranges
    women = covered(count_by(pack, "women"))
    assert women.population == round(pack.grids["women"].people) < 0.27 * 727_145
    assert "placement" not in women.ranges


def test_command_page_and_library_count_the_same(home: Path) -> None:
    run("import", "people", str(people_grid(home / "g.tif")), "--pack", "bhutan", "--name", "g1")
    said = run("coverage", "--people", "g1", "--within-km", "50", "--format", "json")
    found = json.loads(said.stdout)
    coverage = covered(count_by(open_pack("bhutan"), "g1"))
    assert found["total"]["population"] == coverage.population
    assert found["total"]["share"]["likely"] == round(coverage.share["likely"], 3)
    assert found["total"]["placements"][0]["people"] == OWN_TITLE
    assert found["people"] == "The file g.tif"


def test_going_from_one_account_to_another_and_back(home: Path) -> None:
    for name, factor in (("a", 1.0), ("b", 0.5)):
        grid = people_grid(home / f"{name}.tif", factor)
        run("import", "people", str(grid), "--pack", "bhutan")
    pack = open_pack("bhutan")
    b = count_by(count_by(pack, "a"), "b")
    assert b.demand["population"].sum() == pytest.approx(pack.grids["b"].people)
    assert b.own_demand is pack.demand
    assert list(other_placements(b)) == [OWN_TITLE, "The file a.tif"]
    back = count_by(b, OWN)
    assert back.demand is pack.demand
    assert (back.people, back.own_demand) == ("", None)
    assert len(other_placements(back)) == 2


def test_what_cannot_be_is_refused(home: Path) -> None:
    path = people_grid(home / "g.tif")
    for name in ("own", "Ä", "a b", "x" * 50):
        said = run("import", "people", str(path), "--pack", "bhutan", "--name", name)
        assert said.returncode == 2
        assert "cannot be a name" in said.stderr
    with pytest.raises(UnknownNameError, match="has no people called 'none'"):
        count_by(open_pack("bhutan"), "none")
    table = home / "points.csv"
    table.write_text("name,lat,lon,population\na,27.47,89.64,12\n", "utf-8")
    said = run("import", "people", str(table), "--pack", "bhutan", "--band", "1")
    assert "is no grid" in said.stderr
    assert open_pack("bhutan").grids == {}


def test_points_of_a_table_are_an_account_too(home: Path) -> None:
    table = home / "points.csv"
    rows = ["a,27.47,89.64,12000", "b,27.43,89.41,30000", "far,20.0,80.0,5"]
    table.write_text("name,lat,lon,population\n" + "\n".join(rows), "utf-8")
    said = run("import", "people", str(table), "--pack", "bhutan")
    assert said.returncode == 0, said.stderr
    assert "42,000 people at 2 points" in said.stdout
    assert "5 more live outside every region and are left out." in said.stdout
    assert "Is the grid a density" in said.stdout


def test_what_is_no_count_of_the_same_people_is_refused(home: Path) -> None:
    for name, factor in (("few", 0.001), ("many", 500)):
        path = people_grid(home / f"{name}.tif", factor)
        asked = ("import", "people", str(path), "--pack", "bhutan")
        said = run(*asked)
        assert said.returncode == 2
        assert "that is no count of the same people" in said.stderr
        assert run(*asked, "--group", "x").returncode == 0
    table = home / "far.csv"
    table.write_text("name,lat,lon,population\nfar,20.0,80.0,5\n", "utf-8")
    said = run("import", "people", str(table), "--pack", "bhutan")
    assert said.returncode == 2
    assert "has nobody in the regions of bhutan" in said.stderr


def test_two_accounts_of_one_title_stay_two(home: Path) -> None:
    for name, factor in (("a", 1.0), ("b", 0.5)):
        grid = people_grid(home / f"{name}.tif", factor)
        run("import", "people", str(grid), "--pack", "bhutan", "--source-title", "Same")
    assert set(other_placements(open_pack("bhutan"))) == {"Same (a)", "Same (b)"}


def test_a_grid_again_replaces_itself_and_a_dry_run_changes_nothing(home: Path) -> None:
    first = ("import", "people", str(people_grid(home / "g.tif")), "--pack", "bhutan")
    assert run(*first, "--dry-run").stdout.endswith("Nothing was written.\n")
    assert open_pack("bhutan").grids == {}
    run(*first)
    run("import", "people", str(people_grid(home / "g.tif", 2)), "--pack", "bhutan")
    twice = open_pack("bhutan").grids
    assert list(twice) == ["g"]
    assert run("undo", "--pack", "bhutan").returncode == 0
    once = open_pack("bhutan").grids["g"].people
    assert twice["g"].people == pytest.approx(2 * once)


def test_a_damaged_grid_is_named(home: Path) -> None:
    run("import", "people", str(people_grid(home / "g.tif")), "--pack", "bhutan")
    pack = open_pack("bhutan")
    pack.grids["g"].path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        count_by(pack, "g")
    said = run("coverage", "--people", "g")
    assert said.returncode == 3
    assert "Traceback" not in said.stderr


def test_a_pack_without_areas_says_what_to_bring(home: Path) -> None:
    table = home / "places.csv"
    table.write_text("name,lat,lon\nClinic A,27.4,89.6\nClinic B,27.5,89.7\n", "utf-8")
    assert run("import", "table", str(table), "--pack", "bare").returncode == 0
    said = run("import", "people", str(people_grid(home / "g.tif")), "--pack", "bare")
    assert said.returncode == 2
    assert "import boundaries" in said.stderr


def test_whole_people_are_not_needed(home: Path) -> None:
    run("import", "people", str(people_grid(home / "g.tif")), "--pack", "bhutan")
    demand = count_by(open_pack("bhutan"), "g").demand
    assert (demand["population"] % 1 > 0).any()
    assert demand["demand_id"].is_unique
    assert isinstance(demand["region_id"].dtype, pd.CategoricalDtype)


def test_a_descriptor_with_a_broken_entry_is_refused(home: Path) -> None:
    run("import", "people", str(people_grid(home / "g.tif")), "--pack", "bhutan")
    path = open_pack("bhutan").folder / "datapackage.json"
    about = json.loads(path.read_text("utf-8"))
    entry = about["people"][0]
    bad: tuple[object, ...] = ([{"name": "g"}], ["g"], [{**entry, "people": "many"}], {})
    for broken in bad:
        path.write_text(json.dumps({**about, "people": broken}), "utf-8")
        with pytest.raises(CareReachError):
            open_pack("bhutan")
