"""The commands for analysts: inequality, capacity, referral; and the same figures elsewhere."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import geo
from geo.care.assessed import assess_pack
from geo.care.library import get_procedure, whole_library
from geo.coverage.coverage import Coverage, measure_coverage, supply_pack
from geo.distance import distance_km
from geo.output.reproduce import as_command, as_python, methods_text
from geo.packs.pack import open_pack
from geo.sources.numbers import read_numbers
from tests.command import run
from tests.conftest import TODAY
from tests.samples import people_grid


def coverage_of(procedure: str, within: float, **how: Any) -> Coverage:
    """A coverage of Bhutan."""
    pack = open_pack("bhutan")
    assessed = assess_pack(pack, get_procedure(whole_library()[0], procedure), TODAY)
    return measure_coverage(supply_pack(assessed), within, **how)


def test_inequality_from_poor_to_rich(tmp_path: Path) -> None:
    pack = open_pack("bhutan")
    regions = pack.regions[pack.regions["level"] == 1]
    ranks = tmp_path / "income.csv"
    lines = [f"{r},{n}" for n, r in enumerate(regions["region_id"], 1)]
    ranks.write_text("region_id,income\n" + "\n".join(lines), "utf-8")
    said = run("inequality", "--rank", ranks, "--within-km", "50")
    assert "Concentration index by income (Erreygers)" in said.stdout
    found = json.loads(run("inequality", "--rank", ranks, "--format", "json").stdout)
    assert -1 <= found["concentration"] <= 1
    assert found["unranked"] == 0
    assert found["worst"][1] <= found["best"][1]
    plain = json.loads(run("inequality", "--format", "json").stdout)
    assert plain["concentration"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("region,income\nBT01,3\n", "column region_id: the column is missing"),
        ("region_id,income,age\nBT01,3,4\nBT02,4,5\n", "could be income, age; say which with"),
        ("region_id,income\nBT01,rich\n", "has no column of numbers"),
        ("region_id,income\nBT01,1\nBT01,2\n", "has 'BT01' twice"),
        ("region_id,income\nXX01,1\nXX02,2\n", "Fewer than two regions of level 1"),
    ],
)
def test_a_ranking_that_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "ranks.csv"
    path.write_text(text, "utf-8")
    done = run("inequality", "--rank", path)
    assert done.returncode in (2, 3)
    assert said in done.stderr


def test_capacity_is_given_out_and_adds_up(tmp_path: Path) -> None:
    done = run(
        *("capacity", "--procedure", "hospital-care", "--within-km", "50", "--per-unit", "400"),
        *("--format", "json"),
    )
    found = json.loads(done.stdout)
    assert found["counted"] == "beds"
    pack = open_pack("bhutan")
    beds = pack.providers.set_index("provider_id")["beds"].dropna()
    places = found["places_served"]
    assert sum(p["load"] for p in places) == pytest.approx(found["served"], abs=1)
    assert all(p["load"] <= 400 * beds[p["provider_id"]] + 1e-6 for p in places)
    assert found["served"] <= found["in_reach"] <= found["population"] == 727_145
    for part in ("population", "in_reach", "served"):
        assert sum(r[part] for r in found["regions"]) == pytest.approx(found[part], abs=1)
    # With room for everybody, everybody in reach is served, and the shares are those of coverage.
    rich = json.loads(
        run(
            *("capacity", "--procedure", "hospital-care", "--within-km", "50"),
            *("--per-unit", "100000", "--format", "json"),
        ).stdout
    )
    assert rich["served"] == rich["in_reach"]
    covered = coverage_of("hospital-care", 50)
    assert rich["unknown"] == 0
    assert rich["in_reach"] == pytest.approx(covered.covered["likely"], abs=1)
    mean = sum(r["e2sfca"] * r["population"] for r in found["regions"])
    assert mean == pytest.approx(found["units"], rel=1e-6)


def test_capacity_of_one_s_own_and_none_at_all(tmp_path: Path) -> None:
    ids = coverage_of("epidural-blood-patch", 50).supplied.rows
    likely = ids[ids["status"] == "likely"]["provider_id"]
    table = tmp_path / "staff.csv"
    table.write_text("provider_id,staff\n" + f"{likely.iloc[0]},2\n", "utf-8")
    done = run("capacity", "--amounts", table, "--per-unit", "1000")
    assert done.returncode == 0, done.stderr
    assert "with 2 staff in all" in done.stdout
    assert f"{len(likely) - 1} places more are on record, whose staff nobody knows" in done.stdout
    none = tmp_path / "none.csv"
    none.write_text("provider_id,staff\nnobody:1,2\n", "utf-8")
    done = run("capacity", "--amounts", none, "--per-unit", "1000")
    assert done.returncode == 2
    assert "The capacity of none of the 8 places" in done.stderr
    assert run("capacity", "--per-unit", "0").returncode == 2
    assert read_numbers(table, "provider_id").name == "staff"


def test_ids_that_are_of_nothing_are_named(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("region_id,income\nBT01,1\nBT02,2\nBT99,3\n", "utf-8")
    said = run("inequality", "--rank", table).stderr
    assert "1 of 3 rows of table.csv are of no regions of level 1: BT99." in said
    table.write_text("region_id,income\nBT01,1\nBT02,inf\n", "utf-8")
    assert run("inequality", "--rank", table).returncode in (2, 3)
    for wrong in ("0", "-1", "inf", "nan", "1e300"):
        done = run("capacity", "--procedure", "hospital-care", "--per-unit", wrong)
        assert done.returncode == 2, wrong


def test_what_referral_cannot_do_is_refused() -> None:
    asked = ("referral", "--procedure", "hospital-care", "--to", "epidural-blood-patch")
    assert run(*asked, "--measure", "drive").returncode == 2
    assert run(*asked, "--people", "nobody").returncode == 2
    assert "no terrain to measure minutes on" in run(*asked, "--measure", "terrain").stderr
    assert run("referral", "--to", "nonsense-that-nobody-knows").returncode == 2


def test_kilometres_are_not_ignored_in_silence() -> None:
    done = run("coverage", "--measure", "straight", "--within-min", "30")
    assert "The minutes are ignored: straight is measured in kilometres." in done.stderr


def test_referral_is_the_nearest_of_the_next_level() -> None:
    done = run(
        *("referral", "--procedure", "hospital-care", "--to", "epidural-blood-patch"),
        *("--measure", "straight", "--format", "json"),
    )
    found = json.loads(done.stdout)
    likely = coverage_of("epidural-blood-patch", 50).supplied.rows
    likely = likely[likely["status"] == "likely"]
    for row in found["rows"]:
        km = distance_km(row["lat"], row["lon"], likely["lat"], likely["lon"]).min()
        assert row["far_km"] == pytest.approx(km, abs=0.001)
        assert row["provider_id"] not in set(likely["provider_id"])
    far = np.array([row["far_km"] for row in found["rows"]])
    assert (np.diff(far) <= 0).all()
    assert found["far_km"]["most"] == far[0]
    assert found["places"] == found["both"] + len(far)


def test_the_page_s_command_and_python_give_its_very_figures() -> None:
    for how in ({"measure": "road"}, {"measure": "straight", "supply": "reported"}):
        coverage = coverage_of("haemodialysis", 37.5, **how)
        words = shlex.split(as_command(coverage, 1))
        found = json.loads(run(*words[1:]).stdout)
        assert found["total"]["covered"] == coverage.covered
        assert found["total"]["people_beyond"] == coverage.people_beyond
        names: dict[str, object] = {}
        exec(as_python(coverage), names)
        again = names["coverage"]
        assert isinstance(again, geo.Coverage)
        assert again.covered == coverage.covered
        assert again.share == pytest.approx(coverage.share, nan_ok=True)


def test_a_grid_is_named_in_command_and_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    run("import", "people", people_grid(tmp_path / "g.tif"), "--pack", "bhutan")
    pack = geo.count_by(geo.open_pack("bhutan"), "g")
    coverage = geo.measure_coverage(pack, "haemodialysis", 50, today=TODAY)
    found = json.loads(run(*shlex.split(as_command(coverage, 1))[1:]).stdout)
    assert found["total"]["covered"] == coverage.covered
    names: dict[str, object] = {}
    exec(as_python(coverage), names)
    again = names["coverage"]
    assert isinstance(again, geo.Coverage)
    assert again.covered == coverage.covered


def test_the_methods_say_what_was_used() -> None:
    coverage = coverage_of("haemodialysis", 37.5)
    said = methods_text(coverage)
    for part in (coverage.pack.hash, coverage.pack.version, "37.5 km by road", "Luo W, Qi Y"):
        assert part in said
    assert re.search(r"on \d\d \w+ \d{4} from the data", said)
    assert "Karney" in methods_text(coverage_of("haemodialysis", 50, measure="straight"))
