"""How right a directory is, from the command line: calibrate and survey."""

import json
from pathlib import Path

import pytest

from geo.packs.pack import open_pack
from tests.command import run

SURVEY = ("--pack", "bhutan", "--procedure", "haemodialysis")


def test_calibrate_as_table_and_json() -> None:
    shown = run("calibrate").stdout
    assert "Giving birth in hospital" in shown
    assert "1,937" in shown
    rows = json.loads(run("calibrate", "--format", "json", "--by", "urban").stdout)
    assert {row["group"] for row in rows} == {"urban", "rural"}
    assert sum(row["answers"] for row in rows) == 3_683
    states = json.loads(
        run(
            "calibrate", "--procedure", "hospital birth", "--by", "state", "--format", "json"
        ).stdout
    )
    assert sum(row["answers"] for row in states) == 3_683
    assert len({row["group"] for row in states}) == 51


def test_calibrate_says_why_there_is_nothing() -> None:
    done = run("calibrate", "--pack", "bhutan")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to compare" in done.stderr


def test_a_survey_from_the_draw_to_the_page(home: Path, tmp_path: Path) -> None:
    assert "No sample was drawn" in run("survey", "report", *SURVEY).stderr
    drawn = run("survey", "draw", *SURVEY, "--per-status", "2", "--seed", "4")
    assert "2 of 7 reported" in drawn.stdout
    sheet = tmp_path / "calls.html"
    assert "4 places to call" in run("survey", "sheet", str(sheet), *SURVEY).stdout
    assert "4 places to call" in sheet.read_text("utf-8")
    who = open_pack("bhutan").survey["provider_id"].iloc[0]
    told = ("--who", "the ward", "--does-it", "no", "--phone-right", "yes", "--asked", "2026-11-20")
    assert (
        "1 of 4 places called on 20 Nov 2026" in run("survey", "record", who, *SURVEY, *told).stdout
    )
    rows = json.loads(run("survey", "report", *SURVEY, "--format", "json").stdout)
    assert {(row["field"], row["right"], row["answers"]) for row in rows} == {
        ("does_it", 0, 1),
        ("phone_right", 1, 1),
    }
    assert "It does it" in run("survey", "report", *SURVEY).stdout
    assert run("survey", "report", *SURVEY, "--format", "html").stdout.startswith("<!DOCTYPE html>")
    new = open_pack("bhutan").evidence.iloc[-1]
    assert (new["provider_id"], new["status"], new["as_of"]) == (who, "not_offered", "2026-11-20")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["record", "x:1", *SURVEY, "--does-it", "yes"], "Say who answered"),
        (["record", "x:1", *SURVEY, "--asked", "yesterday"], "is not a day"),
        (["record", "x:1", *SURVEY], "not among the places drawn"),
        (["draw", "--pack", "nowhere", "--procedure", "haemodialysis"], "nowhere"),
        (["draw", "--pack", "bhutan", "--procedure", "pink disease"], "pink disease"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(home: Path, words: list[str], message: str) -> None:
    done = run("survey", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
