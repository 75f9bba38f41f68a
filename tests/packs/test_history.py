"""Every change of a user's pack is a version: it can be seen, compared, and had back."""

import dataclasses
import datetime as dt
import hashlib
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from geo.coverage.calls import record_answer
from geo.errors import DataError, UnknownNameError
from geo.output.history_text import difference_text, history_lines
from geo.packs.history import HISTORY, KEPT, compare_with_present, find_version, list_versions
from geo.packs.pack import BUNDLED, Pack, open_pack, pack_folder, read_descriptor
from geo.packs.schema import COLUMNS
from geo.packs.store import (
    add_evidence,
    append_row,
    change_pack,
    forget_versions,
    remove_pack,
    undo_change,
)
from geo.packs.tables import DAMAGED, DESCRIPTOR, resource_path
from geo.sources.into_pack import import_into
from geo.sources.new_pack import NewPack
from tests.samples import REGISTER, small

PATCH = "epidural-blood-patch"
PARO = "survey:paro-hospital"
DAY = dt.date(2026, 11, 20)

pytestmark = pytest.mark.usefixtures("home")


def answered(who: str) -> None:
    record_answer(open_pack("bhutan"), PARO, PATCH, "offered", who, DAY)


def tables(pack: Pack) -> str:
    """Every row of a pack."""
    frames = (getattr(pack, table)[list(COLUMNS[table])] for table in COLUMNS)
    return hashlib.sha256("".join(f.to_csv() for f in frames).encode()).hexdigest()


def hashed_files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.count("-") and path.is_file()}


def test_a_bundled_pack_has_no_history_until_it_is_changed() -> None:
    assert list_versions(pack_folder("bhutan")) == ()
    before = tables(open_pack("bhutan"))
    answered("the matron")
    first, second = list_versions(pack_folder("bhutan"))
    assert (first.number, first.what) == (1, "As it came with CareReach")
    assert second.what == f"Answer to a call: {PATCH} at Paro Hospital, yes"
    assert second.rows["evidence"] == first.rows["evidence"] + 1
    assert "matron" not in "".join(history_lines([first, second]))  # who was asked is not repeated
    undo_change("bhutan", 1)
    assert tables(open_pack("bhutan")) == before
    assert not (BUNDLED / "bhutan" / HISTORY).exists()


def test_every_state_can_be_had_back_and_that_too_can_be_undone() -> None:
    states = {1: tables(open_pack("bhutan"))}
    for number, who in enumerate(("a nurse", "a doctor", "the matron"), 2):
        answered(who)
        states[number] = tables(open_pack("bhutan"))
    for number in (2, 1, 4, 3):
        undo_change("bhutan", number)
        assert tables(open_pack("bhutan")) == states[number]
    whats = [version.what for version in list_versions(pack_folder("bhutan"))]
    assert whats[-4:] == [f"Back to version {n}" for n in (2, 1, 4, 3)]


def test_the_last_ten_are_kept_and_the_files_of_older_ones_go() -> None:
    for number in range(KEPT + 3):
        answered(f"person {number}")
    folder = pack_folder("bhutan")
    versions = list_versions(folder)
    assert [version.number for version in versions] == list(range(5, KEPT + 5))
    named = {entry["path"] for version in versions for entry in version.about["resources"]}
    assert hashed_files(folder) == named
    with pytest.raises(UnknownNameError, match=r"There is no version 4 of bhutan; kept: 5, 6"):
        undo_change("bhutan", 4)
    undo_change("bhutan", 5)
    assert len(open_pack("bhutan").evidence) == versions[0].rows["evidence"]


def test_rows_are_compared_by_their_id() -> None:
    batch = dataclasses.replace(small("s"), providers=REGISTER)
    import_into("mine", [batch], NewPack("Mine", emergency_number="112"))

    def change(folder: Path) -> None:
        about = read_descriptor(folder)
        path = resource_path(folder, about, "providers")
        assert path is not None
        frame = pd.read_parquet(path)
        frame.loc[0, "name"] = "Another name"
        frame = pd.concat([frame, frame.tail(1).assign(provider_id="s:new", name="New")])
        frame.iloc[[0, *range(2, len(frame))]].to_parquet(path, index=False)

    change_pack("mine", change, "By hand")
    folder = pack_folder("mine")
    found = compare_with_present(folder, find_version(folder, 1))
    assert [(f.table, f.added, f.removed, f.changed) for f in found] == [("providers", 1, 1, 1)]
    assert difference_text(found) == "providers: 1 added, 1 removed, 1 changed."
    assert len(REGISTER) > 1


def test_a_broken_file_of_an_old_version_is_said_and_nothing_changes() -> None:
    answered("a porter")
    answered("a nurse")
    folder = pack_folder("bhutan")
    old = find_version(folder, 2)
    (path,) = (e["path"] for e in old.about["resources"] if e["name"] == "evidence")
    now = (folder / DESCRIPTOR).read_bytes()
    raw = bytearray((folder / path).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / path).write_bytes(raw)
    with pytest.raises(DataError):
        undo_change("bhutan", 2)
    (folder / path).unlink()
    with pytest.raises(DataError, match="the file is missing"):
        undo_change("bhutan", 2)
    assert (folder / DESCRIPTOR).read_bytes() == now
    assert open_pack("bhutan").evidence["note"].iloc[-1] == "asked: a nurse"


@pytest.mark.parametrize("table", ["providers", "evidence", "demand", "places"])
def test_a_flipped_bit_is_found_before_a_row_is_shown_and_healed(table: str) -> None:
    first = tables(open_pack("bhutan"))
    answered("a nurse")
    running = open_pack("bhutan")  # of a server that has it in memory
    path = running.files[table]
    raw = bytearray(path.read_bytes())
    for at in (raw.index(b"a"), len(raw) - 2):
        raw[at] ^= 2
        path.write_bytes(raw)
        with pytest.raises(DataError) as found:
            open_pack("bhutan")
        assert str(found.value) == f"{path.name}: {DAMAGED}"
        raw[at] ^= 2
    path.write_bytes(raw[:-1])
    if table == "evidence":  # the only one that did not come with CareReach
        with pytest.raises(DataError, match="is damaged"):
            record_answer(running, PARO, PATCH, "offered", "a doctor", DAY)
    else:
        record_answer(running, PARO, PATCH, "offered", "a doctor", DAY)
        assert len(open_pack("bhutan").evidence) == len(running.evidence) + 1
    undo_change("bhutan", 1)
    assert tables(open_pack("bhutan")) == first


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_at_any_step_of_the_first_change_nothing_is_lost(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, count = os.replace, [0]

    def killed(source: Path, target: Path) -> None:
        count[0] += 1
        if count[0] == step:
            raise KeyboardInterrupt
        put(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        answered("a nurse")
    monkeypatch.setattr(os, "replace", put)
    rows = len(open_pack(BUNDLED / "bhutan").evidence)
    assert len(open_pack("bhutan").evidence) == rows
    answered("a doctor")
    assert list_versions(pack_folder("bhutan"))[0].what == "As it came with CareReach"
    assert len(open_pack("bhutan").evidence) == rows + 1


def test_removed_is_gone_with_all_versions(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = dataclasses.replace(small("s"), providers=REGISTER)
    import_into("mine", [batch], NewPack("Mine", emergency_number="112"))
    import_into("mine", [small("b", ("2", "B", 13.6, 100.6))])
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # killed in the middle
    remove_pack("mine")
    monkeypatch.undo()
    monkeypatch.setenv("CAREREACH_DATA", str(home))
    import_into("mine", [small("b", ("2", "B", 13.6, 100.6))], NewPack("Mine"))
    assert [version.number for version in list_versions(pack_folder("mine"))] == [1]


def test_earlier_versions_can_be_forgotten() -> None:
    answered("a nurse")
    answered("a doctor")
    state = tables(open_pack("bhutan"))
    forget_versions("bhutan")
    folder = pack_folder("bhutan")
    assert list_versions(folder) == ()
    assert tables(open_pack("bhutan")) == state
    named = {e["path"] for e in read_descriptor(folder)["resources"]}
    assert hashed_files(folder) == named
    answered("the matron")
    assert list_versions(folder)[0].what == "As it was before"


@pytest.mark.parametrize(
    "stored",
    ["{", "[]", '{"when": 1}', '{"when": "2026-01-01T00:00:00+00:00", "what": "x", "rows": []}'],
)
def test_a_broken_entry_stands_in_nobodys_way(stored: str) -> None:
    answered("a nurse")
    folder = pack_folder("bhutan")
    (folder / HISTORY / "000001.json").write_text(stored, "utf-8")
    answered("a doctor")
    assert [version.number for version in list_versions(folder)] == [2, 3]


def test_a_broken_descriptor_can_be_undone() -> None:
    answered("a nurse")
    folder = pack_folder("bhutan")
    for broken in (b"{", b"\xff", b"[]"):
        (folder / DESCRIPTOR).write_bytes(broken)
        undo_change("bhutan", 2)
        assert open_pack("bhutan").evidence["note"].iloc[-1] == "asked: a nurse"


def test_after_a_change_by_hand_undo_goes_back_to_the_last_version() -> None:
    answered("a nurse")
    folder = pack_folder("bhutan")
    text = (folder / DESCRIPTOR).read_text("utf-8")
    (folder / DESCRIPTOR).write_text(text.replace("Bhutan:", "By hand:", 1), "utf-8")
    assert undo_change("bhutan").number == 2
    assert open_pack("bhutan").title.startswith("Bhutan:")


def test_a_change_that_was_killed_is_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    answered("a nurse")
    folder = pack_folder("bhutan")
    put = os.replace

    def killed(source: Path, target: Path) -> None:
        if Path(target) == folder / DESCRIPTOR:
            raise KeyboardInterrupt
        put(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        answered("a doctor")
    monkeypatch.setattr(os, "replace", put)
    assert len(list((folder / HISTORY).glob("*.json"))) == 3
    assert [version.number for version in list_versions(folder)] == [1, 2]
    answered("the matron")
    notes = open_pack("bhutan").evidence["note"].tolist()[-2:]
    assert notes == ["asked: a nurse", "asked: the matron"]
    assert [version.number for version in list_versions(folder)] == [1, 2, 3]


def test_what_is_done_by_hand_and_a_broken_entry_lose_no_other_version() -> None:
    answered("a nurse")
    answered("a doctor")
    folder = pack_folder("bhutan")
    about = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    text = json.dumps({**about, "title": "Bhutan, by hand"}, indent=1)
    (folder / DESCRIPTOR).write_text(text, "utf-8")
    (folder / HISTORY / "000002.json").write_text("{", "utf-8")
    row = {"provider_id": PARO, "procedure": PATCH, "status": "offered"}
    more = {"statement": "x", "as_of": "2026", "as_of_basis": "stated", "source_kind": "official"}
    add_evidence("bhutan", {**row, **more, "note": "asked: a porter"}, "One more")
    whats = {version.number: version.what for version in list_versions(folder)}
    assert (whats[4], whats[5]) == ("As it was before", "One more")
    assert set(whats) == {1, 3, 4, 5}
    assert undo_change("bhutan", 4).about["title"] == "Bhutan, by hand"


def test_what_changes_nothing_is_no_version() -> None:
    batch = dataclasses.replace(small("s"), providers=REGISTER)
    for _ in range(2):
        import_into("mine", [batch], NewPack("Mine", emergency_number="112"))
    assert [version.number for version in list_versions(pack_folder("mine"))] == [1]


def test_a_change_that_fails_is_no_version() -> None:
    def change(folder: Path) -> None:
        append_row(folder, "evidence", {"provider_id": "nobody", "procedure": PATCH})

    with pytest.raises(DataError):
        change_pack("bhutan", change, "Wrong")
    assert list_versions(pack_folder("bhutan")) == ()
    assert pack_folder("bhutan").parent == BUNDLED
