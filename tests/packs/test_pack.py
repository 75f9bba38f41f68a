"""The bundled pack keeps every promise, and a broken one is named by file and row."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from geo.care.library import open_library
from geo.errors import DataError, UnknownNameError
from geo.packs.build import build_pack
from geo.packs.check import check_pack
from geo.packs.pack import Pack, list_packs, open_pack, publisher, record_page
from tests.conftest import ROOT

BHUTAN = ROOT / "data" / "bhutan"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BHUTAN, tmp_path / "bhutan"))


def test_the_bundled_pack_passes_every_check() -> None:
    assert check_pack(BHUTAN, open_library()) == []


def test_what_is_derived_is_up_to_date(copy: Path, tmp_path: Path) -> None:
    build_pack(copy, tmp_path / "static")
    assert (copy / "outline.geojson").read_bytes() == (BHUTAN / "outline.geojson").read_bytes()
    about = json.loads((copy / "datapackage.json").read_text("utf-8"))
    assert about == json.loads((BHUTAN / "datapackage.json").read_text("utf-8"))
    made = (tmp_path / "static" / "geo" / "bhutan-base-map.json").read_bytes()
    assert made == (ROOT / "static" / "geo" / "bhutan-base-map.json").read_bytes()


def test_the_figures_of_the_readme(bhutan: Pack) -> None:
    assert len(bhutan.providers) == 50
    assert bhutan.demand["population"].sum() == 727_145
    assert bhutan.regions["level"].value_counts().to_dict() == {2: 205, 1: 20}
    assert len(bhutan.evidence) == 227


def test_no_phone_number_was_invented(bhutan: Pack) -> None:
    assert bhutan.providers["phone"].isna().all()


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("evidence.csv", "survey:paro-hospital", "survey:nowhere", "leads nowhere"),
        ("demand.csv", "Ura,1724", "Ura,1725", "regions.csv says 1724"),
        ("demand.csv", "Ura,1724", "Ura,1725", "demand_population is 727146"),
        ("providers.csv", "27.428,89.406", "26.428,89.406", "outside the country"),
        ("providers.csv", "facility-survey", "hearsay", "is not a source of the pack"),
        ("evidence.csv", "https://kuenselonline.com", "kuensel", "is not a web address"),
        ("evidence.csv", "https://kuenselonline.com", "https://elsewhere.org", "no publisher"),
        ("roads.csv", "Thimphu,Chuzom", "Thimphu,Chuzam", "leads to no node"),
        ("roads.csv", "Thimphu,Chuzom", "Paro,Chuzom", "listed twice"),
        ("datapackage.json", '"measure": "road"', '"measure": "miles"', "it can be road, straight"),
        ("datapackage.json", '"epidural-blood-patch"', '"no-such"', "not in the library"),
        ("datapackage.json", '"country": "Bhutan"', '"country": 7', "wrong type"),
        ("providers.csv", "facility-survey,2026", ";,2026", "is empty"),
        ("datapackage.json", "Serzhong, Sarpang", "Serzhong", "not one known place"),
        ("providers.csv", ",hospital,", ",hospitel,", "is not one of"),
    ],
)
def test_a_broken_promise_is_found(copy: Path, file: str, old: str, new: str, reason: str) -> None:
    change(copy, file, old, new)
    problems = [str(problem) for problem in check_pack(copy, open_library())]
    assert any(reason in problem for problem in problems), problems


def test_a_change_without_build_is_found(copy: Path) -> None:
    change(copy, "road_statements.csv", "Thimphu", "Thimbu")
    assert any("has changed since it was hashed" in str(p) for p in check_pack(copy))


def test_a_missing_file_and_a_broken_descriptor(copy: Path) -> None:
    (copy / "roads.csv").unlink()
    with pytest.raises(DataError, match=r"roads\.csv: the file is missing"):
        open_pack(copy)
    (copy / "datapackage.json").write_text('{"name": \n oops', "utf-8")
    with pytest.raises(DataError, match="row 2: is not JSON"):
        open_pack(copy)
    (copy / "datapackage.json").write_text("[]", "utf-8")
    with pytest.raises(DataError, match="is not a JSON object"):
        open_pack(copy)
    (copy / "datapackage.json").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="UTF-8"):
        open_pack(copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("resources", [{"name": "roads"}]),
        ("resources", {}),
        ("totals", []),
        ("publishers", None),
        ("examples", [{"near": "Paro"}]),
        ("licenses", [{}]),
        ("sources", ["x"]),
    ],
)
def test_a_malformed_descriptor_is_named(copy: Path, key: str, value: object) -> None:
    path = copy / "datapackage.json"
    about = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**about, key: value}), "utf-8")
    with pytest.raises(DataError, match=key):
        open_pack(copy)
    assert key in str(check_pack(copy)[0])


def test_a_resource_outside_the_folder_is_refused(copy: Path) -> None:
    change(copy, "datapackage.json", '"path": "roads.csv"', '"path": "../../roads.csv"')
    with pytest.raises(DataError, match="leaves the pack's folder"):
        open_pack(copy)


def test_a_user_pack_shadows_the_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    assert list_packs()["bhutan"] == BHUTAN
    shutil.copytree(BHUTAN, tmp_path / "bhutan")
    assert list_packs()["bhutan"] == tmp_path / "bhutan"
    assert open_pack("bhutan").folder == tmp_path / "bhutan"


def test_an_unknown_pack_says_which_there_are() -> None:
    with pytest.raises(UnknownNameError, match="bhutan"):
        open_pack("nowhere")


def test_publishers_are_named(bhutan: Pack) -> None:
    assert publisher(bhutan, "https://www.bbs.bt/1") == "BBS"
    assert publisher(bhutan, "https://notbbs.bt/1") == "notbbs.bt"
    assert publisher(bhutan, "https://doi.org/10.1186/s12884-021") == "BMC Pregnancy and Childbirth"
    assert publisher(bhutan, "https://doi.org/10.1000/1") == "doi.org"
    assert publisher(bhutan, None) == ""


def test_a_place_that_is_listed_twice_is_found(copy: Path) -> None:
    path = copy / "providers.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    shared = {"phone": "+97517000000", "address": "Norzin Lam 1"}
    rows = rows.assign(**{c: [v, v.upper(), *[""] * (len(rows) - 2)] for c, v in shared.items()})
    other_kinds = rows["facility_type"].iloc[:2].tolist()
    rows.to_csv(path, index=False, lineterminator="\n")
    build_pack(copy, copy / "static")
    assert len(set(other_kinds)) == 2
    assert check_pack(copy) == []
    rows.loc[1, "facility_type"] = other_kinds[0]
    rows.to_csv(path, index=False, lineterminator="\n")
    build_pack(copy, copy / "static")
    (problem,) = check_pack(copy)
    assert "is another row's, of the same place" in str(problem)


def test_the_page_of_a_record_is_an_address_and_nothing_more(copy: Path) -> None:
    path = copy / "datapackage.json"
    page = '"kind": "registry", "record_url": "https://example.org/{record}/{record.__class__}",'
    path.write_text(path.read_text("utf-8").replace('"kind": "registry",', page, 1), "utf-8")
    build_pack(copy, copy / "static")
    found = record_page(open_pack(copy), "survey:paro-hospital", ["facility-survey"])
    assert found == "https://example.org/paro-hospital/{record.__class__}"
