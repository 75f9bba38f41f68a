"""Bringing data in, checking and taking it out on the command line, as somebody types it."""

import csv
import json
from pathlib import Path

import pytest

from geo.packs.pack import open_pack
from tests.command import run
from tests.sources.tables import nasty
from tests.sources.test_osm import extract
from tests.sources.test_registers import bulk, bulk_row, npi


def test_a_table_from_looking_at_it_to_taking_it_out_again(home: Path, tmp_path: Path) -> None:
    path, report = tmp_path / "unknown.txt", tmp_path / "report.csv"
    told = nasty(path, rows=120)
    kept = tmp_path / "mapping.yaml"
    words = ["import", "table", path, "--pack", "mine", "--country-code", "th", "--title", "Mine"]
    dry = run(*words, "--dry-run", "--save-mapping", kept, "--report", report)
    assert dry.returncode == 0, dry.stderr
    assert "Nothing was written." in dry.stdout
    assert not (home / "mine").exists()
    with report.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["action"] == "dropped"]
    gone = told["elsewhere"] + told["duplicates"] + told["sentinels"]
    assert len({row["row"] for row in rows}) == gone
    done = run(*words, "--mapping", kept, "--licence", "CC0", "--source-title", "A ministry")
    assert done.returncode == 0, done.stderr
    assert f"{told['rows']} rows read, {told['rows'] - gone} kept." in done.stdout
    assert run("check", home / "mine").returncode == 0
    assert "Mine" in run("packs").stdout
    for form in ("fhir", "geojson", "parquet", "csv"):
        out = tmp_path / f"out.{form}"
        assert run("export", out, "--pack", "mine", "--format", form).returncode == 0
        assert out.stat().st_size > 1000
    listed = run("history", "--pack", "mine")
    assert "Import: A ministry" in listed.stdout
    refused = run("undo", "--pack", "mine")
    assert (refused.returncode, refused.stderr) == (
        2,
        "There is no earlier version of mine to go back to.\n",
    )
    again = run("import", "fhir", tmp_path / "out.fhir", "--pack", "again")
    assert again.returncode == 0, again.stderr
    assert len(open_pack("again").providers) == len(open_pack("mine").providers)
    assert run("remove", "--pack", "mine").returncode == 0
    assert not (home / "mine").exists()


def test_what_is_not_known_is_asked_in_one_sentence(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,northing,easting\nA,3039000.5,560000.5\nB,3039100.5,560100.5\n")
    done = run("import", "table", path, "--pack", "mine")
    assert done.returncode == 2
    assert "which projection" in done.stderr.splitlines()[-1]
    assert done.stdout == ""
    assert run("import", "table", path, "--pack", "mine", "--crs", "EPSG:32645").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["table", "gone.csv", "--pack", "mine"], 3, "the file is missing"),
        (["osm", "gone.osm.pbf", "--pack", "mine"], 3, "the file is missing"),
        (["nppes", "--pack", "mine"], 2, "one --state at a time"),
        (["nppes", "--pack", "mine", "--state", "ZZ"], 2, "not a state's code"),
        (["cms", "gone.csv", "--pack", "mine"], 2, "which year"),
        (["cms", "gone.csv", "--pack", "mine", "--year", "2021"], 2, "--codes"),
        (["boundaries", "gone.geojson", "--pack", "bhutan"], 3, "is missing"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_code(
    home: Path, words: list[str], code: int, said: str
) -> None:
    done = run("import", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_one_command_for_the_doctors_of_a_state(home: Path, tmp_path: Path) -> None:
    place = "Provider Business Practice Location Address"
    away = {f"{place} State Name": "NH", f"{place} Postal Code": "03801"}
    path = bulk(tmp_path / "npi.csv", [bulk_row(100000001), bulk_row(100000002, **away)])
    header = "Rndrng_NPI,Rndrng_Prvdr_Last_Org_Name,Rndrng_Prvdr_State_Abrvtn,Rndrng_Prvdr_Zip5"
    volumes, codes = tmp_path / "cms.csv", tmp_path / "codes.csv"
    volumes.write_text(f"{header},HCPCS_Cd,Tot_Benes\n{npi(100000001)},Doe,ME,04101,X1,40\n")
    codes.write_text("procedure,system,code\nepidural blood patch,own,X1\n")
    words = ["import", "nppes", path, "--state", "ME", "--pack", "maine", "--title", "Maine"]
    words += ["--base", "us", "--within", "Maine"]
    words += ["--volumes", volumes, "--year", "2025", "--codes", codes]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    pack = open_pack("maine")
    asked = pack.evidence["procedure"] == "epidural-blood-patch"
    assert pack.evidence.loc[asked, "provider_id"].tolist() == [f"npi:{npi(100000001)}@04101"]
    assert len(pack.demand) > 300
    found = run("find", "04101", "--pack", "maine", "--procedure", "epidural-blood-patch",
                "--format", "json")  # fmt: skip
    assert found.returncode == 0, found.stderr
    first = json.loads(found.stdout)["results"][0]
    assert (first["status"], first["phone"]) == ("confirmed", "+12075550123")


def test_one_command_for_a_country(home: Path, tmp_path: Path) -> None:
    path = extract(tmp_path / "small.osm.pbf")
    done = run("import", "osm", path, "--pack", "small", "--country", "Finland",
               "--country-code", "FI", "--emergency-number", "112")  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = run(
        "find", "T", "--pack", "small", "--procedure", "hospital care", "--radius-km", "200"
    )
    assert found.returncode == 0, found.stderr
    assert "OpenStreetMap" in found.stdout
    assert "In an emergency: 112." in found.stdout


def test_when_no_row_has_a_position_the_report_is_written_and_what_to_do_is_said(
    home: Path, tmp_path: Path
) -> None:
    path, report = tmp_path / "t.csv", tmp_path / "report.csv"
    path.write_text("name,lat,lon,status\nA,,,open\nB,0,0,wohl\n")
    done = run("import", "table", path, "--pack", "mine", "--report", report)
    assert done.returncode == 2
    assert "2 dropped: there is not a position." in done.stdout
    assert "--postcodes" in done.stderr.splitlines()[-1]
    assert "nothing was written" in done.stderr
    assert report.read_text().count("there is not a position") == 2


def test_one_line_a_reason_however_many_rows_and_words_with_how_often(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    kinds = ["clinic" if i % 2 else f"Zork{i % 20}" for i in range(60)]
    rows = [f"P{i},{27 + i / 100},89.5,{kind},maybe" for i, kind in enumerate(kinds)]
    path.write_text("\n".join(["name,latitude,longitude,type,wheelchair", *rows]))
    words = ["import", "table", path, "--pack", "mine", "--dry-run"]
    assert run(*words).returncode == 0
    done = run(*words)
    assert "(“Zork0” 3, “Zork2” 3, " in done.stdout
    assert ", 2 more)." in done.stdout
    assert "60 changed: it is neither yes nor no (“maybe” 60)." in done.stdout
    assert len(done.stdout.splitlines()) < 12


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--sheet", "2024"], "--sheet is ignored"),
        (["--postcodes", "codes.csv"], "--postcodes is ignored"),
        (["--crs", "EPSG:32645", "--swapped"], "--swapped is ignored"),
    ],
)
def test_an_option_that_does_nothing_is_said(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("name,lat,lon\nA,3039000,560000\nB,3039100,560100\n")
    Path("codes.csv").write_text("postcode,lat,lon\n11001,27.5,89.6\n")
    more = option if "--crs" in option else [*option, "--crs", "EPSG:32645"]
    assert said in run("import", "table", "t.csv", "--pack", "mine", "--dry-run", *more).stderr


def test_coverage_without_regions_or_people_names_the_commands(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,lat,lon\nAlpha Hospital,27.5,89.6\nBeta Hospital,27.6,89.7\n")
    assert run("import", "table", path, "--pack", "mine").returncode == 0
    done = run("coverage", "--pack", "mine", "--procedure", "haemodialysis")
    assert done.returncode == 2
    assert "import boundaries FILE --pack mine" in done.stderr


def test_ten_rows_are_shown_and_a_kept_mapping_changes_what_was_assumed(
    home: Path, tmp_path: Path
) -> None:
    path, kept = tmp_path / "t.csv", tmp_path / "m.yaml"
    rows = [f"P{i},{27 + i / 100},89.5,{'open' if i % 2 else 'zu'}" for i in range(40)]
    path.write_text("\n".join(["name,latitude,longitude,status", *rows]))
    words = ["import", "table", path, "--pack", "mine", "--dry-run"]
    done = run(*words, "--save-mapping", kept)
    assert "40 kept" in done.stdout
    assert sum("27." in line and line.startswith("P") for line in done.stderr.splitlines()) == 10
    assert "P0; other; 27.0000, 89.5000" in done.stderr
    assert "states:\n  open: operational\n" in kept.read_text()
    said = "states:\n  zu: closed\n  open: temporarily_closed\n"
    kept.write_text(kept.read_text().replace("states:\n  open: operational\n", said))
    done = run(*words, "--mapping", kept)
    assert "20 kept" in done.stdout
    assert "20 dropped: it is not in operation" in done.stdout
    assert "Temporarily closed" in done.stderr
    kept.write_text(kept.read_text().replace("zu: closed", "zu: shut"))
    assert "states.zu" in run(*words, "--mapping", kept).stderr
