"""A large table opens as its columns, mapped, and holds what the Parquet file holds."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.care.assessed import assess_pack
from geo.care.find import Search, find_care
from geo.care.library import open_library
from geo.errors import DataError
from geo.output.answer_text import answer_rows
from geo.packs import tables
from geo.packs.alike import BEARING, alike_rows
from geo.packs.build import build_pack
from geo.packs.check import check_pack
from geo.packs.contract import ordered, typed
from geo.packs.pack import Pack, open_pack, user_folder
from geo.packs.ready import make_ready, open_ready, twin
from geo.packs.schema import HOSPITAL_TYPES
from geo.packs.store import add_evidence, answer_row
from geo.packs.tables import sha256_of
from geo.packs.writing import write_pack
from tests.conftest import TODAY, table

TEXT = st.one_of(
    st.just(""),
    st.text(st.characters(codec="utf-8", exclude_characters=";\x1f\r\n\0"), max_size=8).map(
        str.strip
    ),
)
ROW = st.fixed_dictionaries(
    {
        "name": st.just("A place"),
        "kind": st.sampled_from(["facility", "practitioner"]),
        "address": TEXT,
        "specialties": st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(";".join),
        "also_known_as": st.lists(st.text("xyz äö", min_size=1, max_size=4), max_size=2).map(
            ";".join
        ),
        "emergency": st.sampled_from(["yes", "no", ""]),
        "beds": st.sampled_from(["", "1", "250"]),
        "lat": st.floats(-90, 90).map(repr),
        "lon": st.floats(-180, 180).map(repr),
    }
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's packs, in which the pack of the USA is one whose tables count as large."""
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path / "packs"))
    monkeypatch.setattr(tables, "LEAST_ROWS", 1_000)
    write_pack(open_pack("us").folder, user_folder() / "us", "Copied")
    return user_folder() / "us"


def same(rows: list[dict[str, str]]) -> pd.DataFrame:
    fixed = {"location_precision": "exact", "sources": "s", "retrieved": "2026"}
    return table(
        "providers", *({**fixed, "provider_id": f"s:{n}", **r} for n, r in enumerate(rows))
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(rows=st.lists(ROW, min_size=1, max_size=20))
def test_columns_hold_what_the_table_holds(rows: list[dict[str, str]], tmp_path: Path) -> None:
    frame = same(rows)
    frame = frame.assign(**{"a/b of their own": range(len(frame))})
    path = tmp_path / "providers.parquet"
    frame.to_parquet(path)
    names = ordered(list(frame.columns), "providers")
    assert make_ready(path, "providers", names, "sha256:this")
    assert open_ready(path, "providers", "sha256:another") is None
    found = open_ready(path, "providers", "sha256:this")
    assert found is not None
    pd.testing.assert_frame_equal(found[0], typed(tables._cells(path), "providers"))
    expected = alike_rows(frame, BEARING)
    assert (found[1].number == expected.number).all()
    assert (found[1].first == expected.first).all()


def test_a_large_pack_answers_as_it_did(home: Path) -> None:
    plain = open_pack(Path(__file__).parents[2] / "data" / "us")
    mapped = open_pack("us")
    assert twin(mapped.files["providers"]).is_dir()
    assert mapped.kinds is not None
    pd.testing.assert_frame_equal(mapped.providers, plain.providers)
    pd.testing.assert_frame_equal(mapped.evidence, plain.evidence)
    library = open_library()
    at = mapped.gazetteer.find("Portland, Maine").place
    assert at is not None
    answers = [
        find_care(assess_pack(pack, library["haemodialysis"], TODAY), at, Search(80))
        for pack in (plain, mapped)
    ]
    rows = [[dataclasses.replace(row, values={}) for row in answer_rows(a)] for a in answers]
    assert rows[0] == rows[1]
    assert rows[0]


def test_a_change_keeps_the_columns_of_what_did_not_change(home: Path) -> None:
    before = twin(open_pack("us").files["providers"])
    first = str(open_pack("us").providers["provider_id"][0])
    row = answer_row(first, "mammogram", "offered", "the matron", TODAY)
    add_evidence("us", row, "An answer")
    after = open_pack("us")
    assert twin(after.files["providers"]) == before
    assert after.evidence["note"].iloc[-1] == "asked: the matron"
    held = {path.name for path in home.iterdir() if path.suffix == ".columns"}
    named = {twin(path).name for path in after.files.values() if path.suffix == ".parquet"}
    # Those of the change before are kept for a reader who is still at it.
    assert {n for n in named if (home / n).exists()} <= held
    assert check_pack(home) == []


@pytest.mark.parametrize("harm", ["cut", "gone", "form"])
def test_harmed_columns_are_made_anew(home: Path, harm: str) -> None:
    expected = open_pack("us").providers
    folder = twin(open_pack("us").files["providers"])
    if harm == "cut":
        part = (folder / "2.arrow").read_bytes()[:40]
        (folder / "2.arrow").unlink()  # another file: the old one is still mapped
        (folder / "2.arrow").write_bytes(part)
    elif harm == "gone":
        (folder / "2.arrow").unlink()
    else:
        (folder / "alike.first.arrow").unlink()
        shutil.copyfile(folder / "alike.number.arrow", folder / "alike.first.arrow")
    pd.testing.assert_frame_equal(open_pack("us").providers, expected)
    assert (folder / "2.arrow").stat().st_size > 40


def test_a_folder_that_cannot_be_written_does_without(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("geo.packs.ready._write", full)
    found: Pack = open_pack("us")
    assert len(found.providers) > 10_000
    assert not [path for path in home.iterdir() if path.suffix in (".columns", ".part")]


def test_a_change_is_checked_by_what_it_wrote(home: Path) -> None:
    """Not by columns of the table that it replaces."""
    open_pack("us")
    row = answer_row("nobody:at-all", "mammogram", "offered", "the matron", TODAY)
    with pytest.raises(DataError, match="leads nowhere"):
        add_evidence("us", row, "An answer")


def test_what_was_built_anew_is_opened_anew(home: Path, tmp_path: Path) -> None:
    """A hashed file that was edited by hand, and then built, is what it says it is."""
    before = open_pack("us")
    path = before.files["providers"]
    frame = pd.read_parquet(path)
    frame.iloc[:-1].to_parquet(path)
    build_pack(home, tmp_path / "static")
    assert len(open_pack("us").providers) == len(before.providers) - 1


def test_a_hash_alone_does_not_say_that_a_table_was_checked(home: Path) -> None:
    """Other tools write hashes too, and so did older versions, which checked less."""
    about = json.loads((home / "datapackage.json").read_text("utf-8"))
    path = home / next(e["path"] for e in about["resources"] if e["name"] == "providers")
    frame = pd.read_parquet(path)
    frame.loc[3, "lat"] = 123.0
    frame.to_parquet(path)
    for entry in about["resources"]:
        entry.pop("checked", None)
        if entry["name"] == "providers":
            entry |= {"bytes": path.stat().st_size, "hash": f"sha256:{sha256_of(path)}"}
    (home / "datapackage.json").write_text(json.dumps(about), "utf-8")
    with pytest.raises(DataError, match=r"row 5.*latitude"):
        open_pack("us")


@pytest.mark.parametrize(
    "cells", [[[], []], [["a"], None], [["a", None], ["b"]], [[""], ["a"]], [["a\x1fb"], None]]
)
def test_lists_that_columns_cannot_hold_stay_in_the_table(tmp_path: Path, cells: Any) -> None:
    path = tmp_path / "providers.parquet"
    pd.DataFrame({"languages": cells}).to_parquet(path)
    if make_ready(path, "providers", ["languages"], "x"):
        found = open_ready(path, "providers", "x")
        assert found is not None
        assert found[0]["languages"].tolist() == cells
    else:
        assert any(c and any(not w or "\x1f" in w for w in c) for c in cells)
        assert not twin(path).exists()


def test_what_was_changed_by_hand_is_checked(home: Path, tmp_path: Path) -> None:
    """A file that is not the one whose hash stands in the descriptor is not trusted."""
    copy = Path(shutil.copytree(Path(__file__).parents[2] / "data" / "us", tmp_path / "us"))
    frame = pd.read_parquet(copy / "providers.parquet")
    frame.loc[3, "lat"] = 123.0
    frame.to_parquet(copy / "providers.parquet")
    with pytest.raises(Exception, match=r"row 5.*latitude"):
        open_pack(copy)


def test_of_very_many_facilities_hospitals_are_found_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.packs.gazetteer.MOST_NAMED", 8_000)
    names = open_pack("us").gazetteer
    kinds = open_pack("us").providers.set_index("provider_id")["facility_type"]
    assert 1_000 < len(names.facilities.frame) <= 8_000
    assert kinds[names.facilities.frame["place_id"]].isin(HOSPITAL_TYPES).all()
    assert "too many facilities to find each by name" in names.find("Nowhere-at Zzyzx").problem
    monkeypatch.setattr("geo.packs.gazetteer.MOST_NAMED", 100)
    assert open_pack("us").gazetteer.facilities.frame.empty
