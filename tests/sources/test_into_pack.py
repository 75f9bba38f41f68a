"""Imports are transactions: whole or not at all, the same bytes each time, nothing lost."""

import contextlib
import dataclasses
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Search, find_care
from geo.coverage.coverage import measure_coverage, supply_pack
from geo.errors import CareReachError, DataError, UnknownNameError
from geo.output.pack_export import export_pack
from geo.packs.check import check_pack
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack, list_packs, open_pack, read_shapes
from geo.packs.store import remove_pack
from geo.sources.batch import Batch, Origin, Report
from geo.sources.boundaries import import_boundaries, name_boundaries
from geo.sources.demand import import_demand
from geo.sources.fhir import read_fhir
from geo.sources.into_pack import import_into, name_problem
from geo.sources.mapping import propose
from geo.sources.new_pack import NewPack
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities, read_population
from geo.units import threshold_number
from tests.conftest import ROOT, TODAY
from tests.samples import DAY, doctor, frame, small
from tests.sources.tables import nasty


def table(path: Path, day: str = DAY) -> Batch:
    nasty(path, rows=120)
    sheet = read_sheet(path)
    mapping = propose(sheet).mapping
    return read_facilities(
        path, mapping, Origin("mine", "My table", "CC0", kind="other"), day, None, sheet
    )


def state(home: Path) -> str:
    """One hash over every file of a folder but the history, which has the time of a change."""
    whole = hashlib.sha256()
    files = (p for p in home.rglob("*") if p.is_file() and p.name != ".lock")
    for path in sorted(p for p in files if p.parent.name != "history"):
        whole.update(f"{path.relative_to(home)}".encode() + path.read_bytes())
    return whole.hexdigest()


def test_a_new_pack_opens_checks_and_answers(
    home: Path, tmp_path: Path, library: dict[str, Procedure]
) -> None:
    done = import_into("mine", [table(tmp_path / "t.txt")], NewPack("Mine", "Thailand", "1669"))
    pack = open_pack("mine")
    assert check_pack(pack.folder) == []
    assert (pack.title, pack.country, pack.emergency_number) == ("Mine", "Thailand", "1669")
    assert done.providers == len(pack.providers) == done.reports[0].kept
    place = find_place(pack.places, pack.default_place).place
    assert place is not None
    answer = find_care(assess_pack(pack, library["hospital-care"], TODAY), place, Search(50))
    assert answer.counts["reported"] > 5
    assert answer.counts["confirmed"] == 0  # the table is not a register
    assert "Licence" not in pack.licenses[0]
    assert "CC0" in pack.licenses[0]


def test_the_same_import_twice_gives_the_same_bytes(home: Path, tmp_path: Path) -> None:
    import_into("mine", [table(tmp_path / "t.txt")])
    first = state(home)
    import_into("mine", [table(tmp_path / "t.txt")])
    assert state(home) == first
    remove_pack("mine")
    assert not (home / "mine").exists()
    import_into("mine", [table(tmp_path / "t.txt")])
    assert state(home) == first


def test_a_dry_run_reports_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    done = import_into("mine", [table(tmp_path / "t.txt")], dry_run=True)
    assert done.folder is None
    assert done.providers > 100
    assert "mine" not in list_packs()
    assert [p.name for p in home.iterdir()] == [".lock"]


def test_a_dry_run_and_then_the_import_with_the_same_rows_report_the_same(home: Path) -> None:
    first = small("a", ("1", "Bang Rak Clinic", 13.7, 100.5), ("2", "Other House", 13.8, 100.5))
    second = small("b", ("1", "Clinic Bang Rak", 13.7001, 100.5), ("2", "New House", 13.9, 100.5))
    dry = import_into("mine", [first, second], dry_run=True)
    done = import_into("mine", [first, second])
    assert dry.reports == done.reports
    assert dry.lines() == done.lines()
    assert second.report.kept == 2


def test_two_sources_are_merged_and_every_row_is_accounted_for(home: Path) -> None:
    first = small("a", ("1", "Bang Rak Clinic", 13.7, 100.5), ("2", "Other House", 13.8, 100.5))
    second = small("b", ("1", "Clinic Bang Rak", 13.7001, 100.5), ("2", "New House", 13.9, 100.5))
    done = import_into("mine", [first, second])
    assert [(d.kept, d.merged) for d in done.decisions] == [("a:1", "b:1")]
    assert all(report.adds_up for report in done.reports)
    assert done.providers == 3
    assert "b:1" in done.csv()
    pack = open_pack("mine")
    assert pack.providers.set_index("provider_id").loc["a:1", "sources"] == ["a", "b"]
    assert set(pack.sources) == {"a", "b"}


def test_the_bundled_pack_gets_a_copy_and_rows_elsewhere_stay_out(home: Path) -> None:
    new = small("b", ("1", "Serzhong Clinic", 26.92, 90.53), ("2", "Far away", 50.0, 8.0))
    before = state(open_pack("bhutan").folder)
    done = import_into("bhutan", [new])
    pack = open_pack("bhutan")
    assert pack.folder == home / "bhutan"
    assert len(pack.providers) == 51
    assert check_pack(pack.folder) == []
    assert done.reports[0].adds_up
    assert "lies more than 20 km outside the pack's area" in str(done.reports[0].counts)
    remove_pack("bhutan")
    assert state(open_pack("bhutan").folder) == before
    with pytest.raises(UnknownNameError, match="came with CareReach"):
        remove_pack("bhutan")


def test_statements_follow_their_provider(home: Path) -> None:
    houses = small("a", ("1", "Bang Rak Clinic", 13.7, 100.5))
    said = {
        "provider_id": "b:1", "procedure": "haemodialysis", "status": "offered",
        "statement": "yes", "source_kind": "official", "url": "https://example.org/a",
    }  # fmt: skip
    same = small("b", ("1", "Bang Rak Clinic", 13.7, 100.5))
    lost = {**said, "provider_id": "c:9"}
    more = Batch.of(same.origins, same.report, providers=same.providers, evidence=[said, lost])
    more = dataclasses.replace(more, publishers={"example.org": "Example"})
    done = import_into("mine", [houses, more])
    assert open_pack("mine").evidence["provider_id"].tolist() == ["a:1"]
    assert done.lost_evidence == 1
    assert "1 statements are about nobody" in "\n".join(done.lines())


def test_a_pack_begins_with_a_region_of_another(home: Path, library: dict[str, Procedure]) -> None:
    new = small("a", ("1", "Fryeburg Clinic", 44.02, -70.98), ("2", "Boston Clinic", 42.36, -71.06))
    import_into("maine", [new], NewPack("Maine", base="us", within="Maine"))
    pack = open_pack("maine")
    assert check_pack(pack.folder) == []
    assert pack.level_names == {1: "State", 2: "County"}
    assert set(pack.regions["level"]) == {1, 2}
    assert 1_300_000 < pack.demand["population"].sum() < 1_500_000
    assert pack.emergency_number == "911"
    assert "a:1" in set(pack.providers["provider_id"])
    assert "a:2" not in set(pack.providers["provider_id"])
    county = pack.providers.set_index("provider_id").loc["a:1", "region_id"]
    assert (
        dict(zip(pack.regions["region_id"], pack.regions["name"], strict=True))[county]
        == "Oxford County"
    )
    found = supply_pack(assess_pack(pack, library["hospital-care"], TODAY))
    assert measure_coverage(found, 30).covered["confirmed"] > 1_000_000
    with pytest.raises(UnknownNameError, match="Mane"):
        import_into("other", [new], NewPack(base="us", within="Mane"))


def test_regions_and_people_for_a_pack_that_has_none(
    home: Path, tmp_path: Path, library: dict[str, Procedure]
) -> None:
    import_into("mine", [small("a", ("1", "A Hospital", 13.5, 100.5), ("2", "B", 13.5, 101.5))])
    shapes = gpd.GeoDataFrame(
        {"ADM2_EN": ["West", "East"], "ADM2_PCODE": ["T1", "T2"]},
        geometry=[box(100, 13, 101, 14), box(101, 13, 102, 14)],
        crs=4326,
    )
    import_boundaries("mine", shapes)
    path = tmp_path / "people.csv"
    path.write_text("name,lat,lon,population\nP,13.6,100.6,900\nQ,13.6,101.6,100\nR,20,100,5\n")
    sheet = read_sheet(path)
    points = read_population(sheet, propose(sheet).mapping)
    # A dry run and then the import with the same object report the same.
    dry = import_demand("mine", points, path.name, dry_run=True)
    done = import_demand("mine", points, path.name)
    assert done.people == 1000
    assert done.report.adds_up
    assert dry == done
    pack = open_pack("mine")
    assert check_pack(pack.folder) == []
    assert dict(zip(pack.regions["name"], pack.regions["population"], strict=True)) == {
        "East": 100,
        "West": 900,
    }
    assert pack.providers["region_id"].tolist() == ["T1", "T2"]
    assert {"areas_1", "base_map", "outline"} <= set(pack.files)
    found = supply_pack(assess_pack(pack, library["primary-care"], TODAY))
    assert measure_coverage(found, 20, supply="reported").covered["reported"] == 1000


def test_people_of_a_pack_without_regions_live_in_one(home: Path, tmp_path: Path) -> None:
    import_into("mine", [small("a", ("1", "A", 13.5, 100.5))], NewPack(country="Somewhere"))
    path = tmp_path / "people.csv"
    path.write_text("lat,lon,pop\n13.6,100.6,900\n13.7,100.6,90\n")
    sheet = read_sheet(path)
    people = read_population(sheet, propose(sheet).mapping)
    assert import_demand("mine", people, path.name, dry_run=True).people == 990
    assert open_pack("mine").demand.empty
    assert import_demand("mine", people, path.name).people == 990
    assert open_pack("mine").regions["name"].tolist() == ["Somewhere"]


@pytest.mark.parametrize("name", ["", "../evil", "Mine", "a b", ".hidden", "x" * 41])
def test_a_name_that_is_none(home: Path, name: str) -> None:
    assert name_problem(name)
    with pytest.raises(CareReachError, match="cannot be called"):
        import_into(name, [small("a", ("1", "A", 13.5, 100.5))])


def test_nothing_to_make_a_pack_of(home: Path) -> None:
    with pytest.raises(CareReachError, match="nothing was read"):
        import_into("mine", [small("a")])
    assert "mine" not in list_packs()


def test_killed_at_any_moment_the_old_pack_or_the_new_one_is_there(
    home: Path, tmp_path: Path
) -> None:
    """`kill -9` at 50 random moments of an import."""
    path, days, whole = tmp_path / "t.txt", ("2026-11-21", "2026-11-22"), []
    for day in days:
        import_into("mine", [table(path, day)])
        whole.append(open_pack("mine").hash)
    random.seed(5)
    lasts_s, killed, seen = 0.0, 0, set()
    command = [sys.executable, str(ROOT / "tests" / "sources" / "importing.py")]
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=around, stdin=pipe, stdout=pipe, text=True
    ) as helper:
        assert helper.stdin
        assert helper.stdout
        write, read = helper.stdin, helper.stdout

        def ask(turn: int) -> int:
            write.write(f"{path} mine {days[turn % 2]}\n")
            write.flush()
            return int(read.readline())

        for turn in range(54):
            child, began = ask(turn), time.perf_counter()
            if turn >= 4:  # the first ones tell how long it lasts
                time.sleep(random.uniform(0, 1.1 * lasts_s))
                with contextlib.suppress(ProcessLookupError):  # it has ended
                    os.kill(child, signal.SIGKILL)
                killed += 1
            assert helper.stdout.readline() == "ended\n"
            lasts_s = lasts_s if turn >= 4 else time.perf_counter() - began
            pack = open_pack("mine")
            assert check_pack(pack.folder) == []
            seen.add(pack.hash)
        helper.stdin.close()
    assert killed == 50
    assert seen == set(whole)  # sometimes the old one, sometimes the new one, never another
    # What was left behind is cleared by the next import, which is not held up by a dead one.
    import_into("mine", [table(path)])
    assert not list(home.glob(".staged-*"))
    assert not [p for p in (home / "mine").iterdir() if p.name.endswith(".part")]


def test_what_is_said_of_a_clinician_holds_at_each_place(home: Path) -> None:
    npi = "1234567893"
    places = frame(
        doctor(f"{npi}@04101", npi, 43.66, sources=["dac"]),
        doctor(f"{npi}@04401", npi, 44.8, sources=["dac"]),
    )
    said = {
        "provider_id": f"npi:{npi}@99501", "procedure": "haemodialysis", "status": "offered",
        "statement": "20 patients", "volume": 20, "as_of": "2023", "source_kind": "claims",
        "url": "https://example.org/a",
    }  # fmt: skip
    claims = frame(doctor(f"{npi}@99501", npi, 61.2, sources=["claims"]))

    def batch(volume: int) -> Batch:
        more = {**said, "volume": volume, "statement": f"{volume} patients"}
        made = Batch.of(
            (Origin("claims", "Claims"),), Report(read=1, kept=1), providers=claims, evidence=[more]
        )
        return dataclasses.replace(made, adds_places=False)

    register = Batch.of((Origin("dac", "DAC"),), Report(read=2, kept=2), providers=places)
    import_into("mine", [register, batch(20)])
    pack = open_pack("mine")
    assert sorted(pack.evidence["provider_id"]) == [f"npi:{npi}@04101", f"npi:{npi}@04401"]
    assert len(pack.providers) == 2
    # Said again with another figure, it replaces the first.
    import_into("mine", [batch(50)])
    assert set(open_pack("mine").evidence["volume"]) == {50}
    assert check_pack(open_pack("mine").folder) == []


def test_two_first_imports_at_once_lose_nothing(home: Path) -> None:
    one = small("a", *((f"{i}", f"Aa {i}", 13 + i / 10, 100.5) for i in range(20)))
    two = small("b", *((f"{i}", f"Bb {i}", 13 + i / 10, 101.5) for i in range(20)))
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(import_into, "mine", [b]) for b in (one, two)]:
            done.result()
    assert len(open_pack("mine").providers) == 40


def test_an_import_does_not_widen_what_the_next_is_judged_by(home: Path) -> None:
    rows = [(str(i), f"Place {i}", 26.75 - i / 50, 89.4) for i in range(20)]
    first = import_into("bhutan", [small("a", *rows)])
    second = import_into("bhutan", [small("a", *rows)])
    assert first.providers == second.providers < 70


def test_an_export_can_be_imported_again(home: Path, tmp_path: Path, bhutan: Pack) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(export_pack(bhutan, "fhir"))
    found = read_fhir([path], Origin("x", "X", kind="official"), DAY)
    done = import_into("again", [found], NewPack("Again", "Bhutan"))
    assert (done.providers, done.evidence) == (50, 227)
    assert check_pack(open_pack("again").folder) == []


def test_a_region_is_named_so_that_it_is_one(home: Path) -> None:
    new = small("a", ("1", "A Clinic", 33.7, -117.8))
    with pytest.raises(UnknownNameError, match="several regions"):
        import_into("oc", [new], NewPack(base="us", within="Orange County"))
    import_into("oc", [new], NewPack(base="us", within="Orange County, California"))
    assert open_pack("oc").regions["name"].tolist() == ["Orange County"]
    # A base that draws its districts only is cut too.
    import_into("sarpang", [small("b", ("1", "Far", 51.5, -0.1), ("2", "Near", 26.9, 90.5))],
                NewPack(base="bhutan", within="Sarpang"))  # fmt: skip
    pack = open_pack("sarpang")
    assert "b:1" not in set(pack.providers["provider_id"])
    assert len(pack.places) < 100


@pytest.mark.parametrize(
    ("columns", "regions"),
    [
        ({"name": ["A", "B", "C"], "code": ["BT", "BT", "BT"]}, ["A", "B", "C"]),
        ({"name": ["Serzhong", "Serzhong", "C"]}, ["C", "Serzhong", "Serzhong"]),
        ({"NAME_2": ["A", "B", "C"], "GID_2": ["X.1", "X.2", "X.3"]}, ["A", "B", "C"]),
        ({"shapeName": ["น่าน", "นาน", "C"]}, ["C", "นาน", "น่าน"]),
        ({"name": ["A", "A", "C"], "code": ["1", "1", "2"]}, ["A", "C"]),
        # The column of the lowest level, in the words of several offices.
        ({"ADM1_EN": ["X", "X", "Y"], "ADM2_EN": ["A", "B", "C"]}, ["A", "B", "C"]),
        ({"STATEFP": ["1"] * 3, "NAME": ["A", "B", "C"], "GEOID": [1, 2, 3]}, ["A", "B", "C"]),
        ({"LAD23CD": ["E1", "E2", "E3"], "LAD23NM": ["A", "B", "C"]}, ["A", "B", "C"]),
        ({"CVEGEO": ["1", "2", "3"], "NOMGEO": ["A", "B", "C"]}, ["A", "B", "C"]),
        ({"NM_UF": ["X"] * 3, "CD_MUN": [1, 2, 3], "NM_MUN": ["A", "B", "C"]}, ["A", "B", "C"]),
        ({"GEN": ["A", "A", "C"], "BEZ": ["Stadt"] * 3, "ARS": [1, 2, 3]}, ["A", "A", "C"]),
        ({"N03_001": ["県"] * 3, "N03_004": ["甲", "乙", "丙"]}, ["丙", "乙", "甲"]),
        # Most areas have a name.
        ({"name": ["A", "", "C"], "code": ["1", "2", "3"]}, ["", "A", "C"]),
        ({"name": ["A", None, "C"]}, ["", "A", "C"]),
    ],
)
def test_boundaries_that_are_different_stay_so(
    columns: dict[str, list[str]], regions: list[str]
) -> None:
    shapes = gpd.GeoDataFrame(columns, geometry=[box(i, 0, i + 1, 1) for i in range(3)], crs=4326)
    found = name_boundaries(shapes)
    assert sorted(found["name"]) == regions
    assert found["region_id"].is_unique
    assert not found["region_id"].str.contains(r"\s").any()


def test_a_column_of_names_that_is_not_known_can_be_named() -> None:
    shapes = gpd.GeoDataFrame(
        {"who": ["A", "B"], "area": [1.5, 2.5]},
        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)],
        crs=4326,
    )
    with pytest.raises(DataError, match="--name-column; there are who, area"):
        name_boundaries(shapes)
    assert sorted(name_boundaries(shapes, "who")["name"]) == ["A", "B"]
    with pytest.raises(DataError, match="it has who, area"):
        name_boundaries(shapes, "whom")


def test_areas_without_a_name_are_drawn_and_hold_no_people(home: Path, tmp_path: Path) -> None:
    import_into("mine", [small("a", ("1", "A Hospital", 13.5, 100.5), ("2", "B", 13.5, 101.5))])
    shapes = gpd.GeoDataFrame(
        {"name": ["West", None, "South"]},
        geometry=[box(100, 13, 101, 14), box(101, 13, 102, 14), box(100, 12, 101, 13)],
        crs=4326,
    )
    found = import_boundaries("mine", shapes)
    assert (len(found.areas), found.unnamed) == (2, 1)
    path = tmp_path / "people.csv"
    path.write_text("name,lat,lon,population\nP,13.6,100.6,900\nQ,13.6,101.6,100\n")
    sheet = read_sheet(path)
    done = import_demand("mine", read_population(sheet, propose(sheet).mapping), path.name)
    assert done.people == 900
    assert done.report.total("dropped") == 1
    pack = open_pack("mine")
    assert check_pack(pack.folder) == []
    providers = pack.providers.set_index("name")["region_id"]
    assert providers["A Hospital"] == "west"
    assert pd.isna(providers["B"])
    drawn = read_shapes(pack.files["areas_1"])
    assert sorted(drawn["name"]) == ["Area without a name", "South", "West"]


@pytest.mark.parametrize(
    ("country", "units", "told"), [("United Kingdom", "mi", "3"), ("Finland", "km", "5")]
)
def test_a_new_pack_is_told_in_what_its_country_measures_in(
    home: Path, country: str, units: str, told: str
) -> None:
    import_into("mine", [small("a", ("1", "A", 51.5, -0.1), ("2", "B", 51.52, -0.12))],
                NewPack("Mine", country))  # fmt: skip
    pack = open_pack("mine")
    assert pack.units == units
    assert threshold_number(pack.default_radius_km, pack.units) == told
