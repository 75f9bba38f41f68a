"""The command line, as somebody types it: answers, exit codes, one line per error."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import run
from tests.conftest import ROOT


def test_it_is_a_module_too() -> None:
    command = [sys.executable, "-m", "geo", "find", "Serzhong"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Serzhong, Mongar" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_ambiguous_place_is_asked_about() -> None:
    done = run("find", "Serzhong", "--procedure", "epidural-blood-patch")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Serzhong, Sarpang" in done.stderr
    assert "Serzhong, Mongar" in done.stderr


def test_the_seed_case_as_json() -> None:
    done = run("find", "Serzhong, Sarpang", "--procedure", "blood patch", "--format", "json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert answer["procedure"] == "epidural-blood-patch"
    assert answer["radius_km"] == 50
    assert [row["name"] for row in answer["results"]] == [
        "Central Regional Referral Hospital, Gelephu",
        "Sarpang Hospital",
    ]


def test_the_table_shows_both_statements() -> None:
    done = run("find", "Serzhong, Mongar", "--radius-km", "60")
    assert "Eastern Regional Referral Hospital, Mongar, 56 km by road" in done.stdout
    assert "An anaesthesiologist was on record" in done.stdout
    assert "No full-time anaesthesiologist" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["find", "Xyzzy"], 2, "No place called “Xyzzy”"),
        (["find", "Thimphu", "--procedure", "pink disease"], 2, "pink disease"),
        (["find", "Thimphu", "--pack", "nowhere"], 2, "nowhere"),
        (["find", "Thimphu", "--radius-km", "-3"], 2, "radius"),
        (["find", "Thimphu", "--measure", "miles"], 2, "miles"),
        (["check", "no/such/folder"], 3, "the file is missing"),
        (["build", "no/such/folder"], 3, "the file is missing"),
    ],
)
def test_errors_are_plain(words: list[str], code: int, message: str) -> None:
    done = run(*words)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_negative_latitude_is_a_place() -> None:
    done = run("find", "-26.9, 90.5")
    assert done.returncode == 0
    assert "outside Bhutan" in done.stdout


def test_a_corrected_spelling_is_said() -> None:
    done = run("find", "Thimpuh", "--procedure", "psoriasys")
    assert done.returncode == 0
    assert "was read as Psoriasis" in done.stderr
    assert "was read as Thimphu" in done.stderr


@pytest.mark.parametrize("show", ["all", "likely", "reported", "confirmed", "not_offered"])
@pytest.mark.parametrize("kind", ["table", "json", "csv", "geojson"])
def test_every_choice_in_every_format(show: str, kind: str) -> None:
    for place in ("Serzhong, Sarpang", "51.5, -0.1"):
        done = run("find", place, "--show", show, "--format", kind)
        assert done.returncode == 0, done.stderr
        assert "()" not in done.stdout
        assert "undefined" not in done.stdout


def test_packs_and_check() -> None:
    assert run("packs").stdout.startswith("bhutan\t")
    done = run("check", "data/bhutan")
    assert done.returncode == 0
    assert "all checks passed" in done.stdout


@pytest.mark.parametrize(("kind", "start"), [("csv", "number,provider_id"), ("geojson", "{")])
def test_other_formats(kind: str, start: str) -> None:
    assert run("find", "Thimphu", "--format", kind).stdout.startswith(start)


def test_no_file_is_left_behind_by_a_failed_build(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text(
        '{"resources": [{"name": "region_shapes", '
        '"path": "x.geojson"}, {"name": "outline", '
        '"path": "outline.geojson"}]}',
        "utf-8",
    )
    assert run("build", str(tmp_path)).returncode == 3
    assert [p.name for p in tmp_path.iterdir()] == ["datapackage.json"]


def test_coverage_gives_the_pages_numbers_as_json() -> None:
    done = run("coverage", "--procedure", "epidural-blood-patch", "--format", "json")
    found = json.loads(done.stdout)
    assert {"procedure", "within_km", "measure", "supply", "level", "total", "regions"} <= set(
        found
    )
    total = found["total"]
    assert set(total) >= {"population", "covered", "share", "ranges", "main_cause", "nearest_km"}
    assert total["covered"]["likely"] == 727_145 - 287_689
    assert (total["share"]["reported"], total["main_cause"]) == (None, "evidence")
    assert {r["level"] for r in found["regions"]} == {1}
    assert {"e2sfca", "per_100k", "people_beyond", "small"} <= set(found["regions"][0])


def test_coverage_as_a_table_leads_with_what_is_known() -> None:
    lines = run("coverage", "--procedure", "haemodialysis").stdout.splitlines()
    assert lines[0].startswith("7 places have it confirmed or reported: 58 %")
    assert "Trashigang" in lines[3]


def test_calls_and_siting() -> None:
    assert run("calls", "--limit", "1").stdout.split()[0] == "47,717"
    rows = json.loads(run("calls", "--limit", "2", "--format", "json").stdout)
    assert [row["people"] for row in rows] == [47_717, 33_009]
    found = json.loads(run("siting", "--add", "2", "--format", "json").stdout)
    assert found["people"] == found["at_most"] == 80_726
    assert len(found["optimum"]) == 2


@pytest.mark.parametrize(
    "asked",
    [
        ("coverage", "--level", "9"),
        ("coverage", "--within-km", "0"),
        ("coverage", "--procedure", "pink disease"),
        ("calls", "--pack", "atlantis"),
        ("siting", "--add", "99"),
    ],
)
def test_what_cannot_be_asked_is_one_line(asked: tuple[str, ...]) -> None:
    done = run(*asked)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_import_boundaries_says_what_it_would_do(tmp_path: Path) -> None:
    file = tmp_path / "areas.geojson"
    file.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":"Dokar",'
        '"d":"Paro"},"geometry":{"type":"Polygon","coordinates":[[[89,27],[90,27],[90,28],'
        "[89,27]]]}},"
        '{"type":"Feature","properties":{"n":"Elsewhere","d":"Paro"},"geometry":{"type":"Polygon",'
        '"coordinates":[[[89,27],[90,27],[90,28],[89,27]]]}}]}',
        "utf-8",
    )
    done = run("import", "boundaries", str(file), "--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith("1 areas matched (1 by name)")
    assert "In the file only: 1 (Elsewhere)" in done.stdout
    file.write_text("hello", "utf-8")
    done = run("import", "boundaries", str(file))
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
