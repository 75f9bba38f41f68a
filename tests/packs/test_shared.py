"""Packs that many machines share: copied from a database, and searched by PostGIS as in memory."""

import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Search, find_care
from geo.distance import Hits, Index
from geo.errors import CareReachError, DataError, UnknownNameError
from geo.packs import shared
from geo.packs.database import Database, StoreDownError, database, writing
from geo.packs.names import Place
from geo.packs.pack import BUNDLED, list_packs, open_pack, user_folder
from geo.packs.shared import shared_packs, store_problem
from geo.packs.shared_loading import _prepare, load_pack, load_rows, remove_shared
from geo.packs.store import add_evidence, answer_row, remove_pack, undo_change
from geo.packs.stored_index import Spots, StoredIndex, hash_of_kinds
from geo.packs.tables import DESCRIPTOR
from geo.progress import silent
from tests import postgres
from tests.command import run
from tests.conftest import ROOT
from tests.postgres import Server

PATCH = "epidural-blood-patch"
KINDS, GROUPS = 12, 5


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture
def address(server: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty store, and a machine that has copied nothing yet."""
    with writing(server.address) as connection:
        connection.execute("DROP SCHEMA IF EXISTS carereach CASCADE")
    monkeypatch.delenv("CAREREACH_STORE", raising=False)
    monkeypatch.setattr(shared, "_copies", shared._Copies())
    yield server.address
    database(server.address).close()
    database.cache_clear()


@pytest.fixture
def store(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with both bundled packs, which this machine uses."""
    for name in ("bhutan", "us"):
        load_pack(address, name)
    monkeypatch.setenv("CAREREACH_STORE", address)
    return address


def look_again() -> None:
    """Look for new versions now, and wait for it."""
    shared._copies.looked_s -= shared.LOOK_S
    list_packs()
    for thread in threading.enumerate():
        if thread.name != "MainThread" and thread.daemon and "_look_again" in thread.name:
            thread.join()


def same(mine: Hits, theirs: Hits) -> None:
    for field in ("positions", "distance_km", "group", "counts"):
        assert np.array_equal(getattr(mine, field), getattr(theirs, field)), field


def scattered(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Providers in clusters, at shared addresses, at poles and across the antimeridian."""
    rng = np.random.default_rng(20261128)
    centre = rng.integers(0, 60, rows)
    lat = np.append(rng.uniform(-80, 80, 57), [90, -90, 10])[centre] + rng.normal(0, 0.4, rows)
    lon = np.append(rng.uniform(-180, 180, 57), [0, 0, 180])[centre] + rng.normal(0, 0.4, rows)
    twins = np.flatnonzero(rng.random(rows) < 0.3)
    lat[twins], lon[twins] = lat[rng.permutation(twins)], lon[rng.permutation(twins)]
    alone = rng.integers(0, rows, len(twins))
    lat[twins], lon[twins] = lat[alone], lon[alone]
    frame = pd.DataFrame(
        {
            "provider_id": [f"t:{i}" for i in range(rows)],
            "name": 'A, "quoted" name\nof two lines',
            "kind": "facility",
            "facility_type": "hospital",
            "region_id": pd.NA,
            "lat": np.clip(lat, -90, 90),
            "lon": (lon + 180) % 360 - 180,
        }
    )
    return frame, rng.integers(0, KINDS, rows).astype(np.int32)


@pytest.fixture
def indexes(address: str) -> tuple[StoredIndex, Index]:
    """The same rows in the database and in memory; a twentieth are unlike others of their kind."""
    frame, kinds = scattered(5_000)
    rng = np.random.default_rng(4)
    with writing(address) as connection:
        _prepare(connection)
        spots = Spots(database(address), 7, "0" * 64, hash_of_kinds(kinds))
        load_rows(connection, (7, spots.table), frame, kinds, silent)
    groups = np.where(np.arange(KINDS) < 3, -1, np.arange(KINDS) % GROUPS)[kinds]
    own = rng.random(len(frame)) < 0.05
    groups[own] = rng.integers(-1, GROUPS, own.sum())
    listed = np.flatnonzero(groups >= 0)
    where = frame["lat"].to_numpy()[listed], frame["lon"].to_numpy()[listed]
    stored = StoredIndex(lambda: spots, kinds, listed, where, groups[listed])
    assert stored.is_worth_asking
    return stored, Index(*where, groups[listed])


def test_postgis_gives_the_very_answers_of_memory(
    indexes: tuple[StoredIndex, Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, memory = indexes
    monkeypatch.setattr(StoredIndex, "_memory", None)  # nothing may stand in
    rng = np.random.default_rng(5)
    for number in range(400):
        row = rng.integers(0, len(memory.lat))
        # At a provider itself, near one, or anywhere.
        off = (0.0, 0.3, 40.0)[number % 3] * rng.normal(size=2)
        lat = float(np.clip(memory.lat[row] + off[0], -90, 90))
        lon = float((memory.lon[row] + off[1] + 180) % 360 - 180)
        km = float(rng.choice([0, 1, 10, 50, 300, 3000, 20_100]))
        limit = [0, 1, 7, 50, None][int(rng.integers(0, 5))]
        if limit is None and km > 300:
            limit = 50
        same(stored.within_radius(lat, lon, km, limit), memory.within_radius(lat, lon, km, limit))
        k = int(rng.integers(1, 4))
        same(stored.nearest(lat, lon, k, km), memory.nearest(lat, lon, k, km))


def test_a_radius_that_ends_at_a_provider_holds_it(indexes: tuple[StoredIndex, Index]) -> None:
    stored, memory = indexes
    for row in range(0, 3600, 200):
        lat, lon = float(memory.lat[row]), float(memory.lon[row])
        km = memory.nearest(lat, lon, 3).distance_km
        for edge in km[km > 0][:4]:
            for radius in (edge, np.nextafter(edge, 0), np.nextafter(edge, 1e9)):
                found = stored.within_radius(lat, lon, float(radius), 5)
                same(found, memory.within_radius(lat, lon, float(radius), 5))


@pytest.mark.parametrize("name", ["bhutan", "us"])
def test_a_shared_pack_answers_as_its_original(
    store: str, library: dict[str, Procedure], today: dt.date, name: str
) -> None:
    ours, theirs = open_pack(name), open_pack(BUNDLED / name)
    assert ours.spots() is not None
    assert ours.folder.parent.parent.parent == user_folder()
    pd.testing.assert_frame_equal(ours.providers, theirs.providers)
    for slug in (PATCH, "hospital-care", "haemodialysis"):
        mine, other = (assess_pack(pack, library[slug], today) for pack in (ours, theirs))
        assert isinstance(mine.index, StoredIndex)
        assert isinstance(other.index, Index)
        for row in range(0, len(ours.providers), len(ours.providers) // 6):
            at = ours.providers.iloc[row]
            place = Place("here", "here", "point", "", float(at["lat"]), float(at["lon"]), "here")
            for search in (Search(50), Search(20, measure="straight", order="distance")):
                one, two = find_care(mine, place, search), find_care(other, place, search)
                assert one.counts == two.counts
                for part in ("results", "beyond", "related", "seen_at"):
                    pd.testing.assert_frame_equal(getattr(one, part), getattr(two, part))


def test_the_command_line_loads_lists_and_removes(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "CAREREACH_STORE" in run("store", "list").stderr
    monkeypatch.setenv("CAREREACH_STORE", address)
    assert "carereach store load" in run("packs").stderr
    done = run("store", "load", "bhutan")
    assert (done.returncode, done.stdout) == (0, "The store has bhutan now, with 50 providers.\n")
    assert run("store", "list").stdout.startswith("bhutan\t50 providers\tloaded 20")
    look_again()
    assert str(user_folder() / ".shared") in run("packs").stdout
    question = ("find", "Serzhong, Sarpang", "--procedure", PATCH, "--format", "json")
    found = run(*question)
    monkeypatch.delenv("CAREREACH_STORE")
    assert found.stderr == ""
    here, there = (json.loads(done.stdout) for done in (run(*question), found))
    # That of a descriptor, which here names files with hashes.
    assert here["pack"].pop("hash") != there["pack"].pop("hash")
    assert here == there
    monkeypatch.setenv("CAREREACH_STORE", address)
    assert run("store", "remove", "bhutan").returncode == 0
    assert run("store", "remove", "bhutan").returncode == 2
    assert run("store", "load", "nowhere").returncode == 2
    look_again()
    assert list_packs()["bhutan"] == BUNDLED / "bhutan"


def test_a_new_version_reaches_every_machine_and_the_one_before_still_answers(
    store: str, monkeypatch: pytest.MonkeyPatch, library: dict[str, Procedure], today: dt.date
) -> None:
    before = open_pack("bhutan")
    seen = assess_pack(before, library["hospital-care"], today)
    monkeypatch.delenv("CAREREACH_STORE")
    row = answer_row("survey:paro-hospital", PATCH, "offered", "the matron", today)
    add_evidence("bhutan", row, "An answer")
    load_pack(store, "bhutan")
    monkeypatch.setenv("CAREREACH_STORE", store)
    look_again()
    after = open_pack("bhutan")
    assert len(after.evidence) == len(before.evidence) + 1
    assert after.spots() != before.spots()
    same(
        seen.index.within_radius(27.4, 89.4, 50),
        Index(seen.index.lat, seen.index.lon, seen.index._group).within_radius(27.4, 89.4, 50),  # type: ignore[attr-defined]
    )
    # Once the database has forgotten the old version, memory finds the same, not nobody.
    with writing(store) as connection:
        connection.execute(f"DROP TABLE {before.spots().table}")  # type: ignore[union-attr]
    assert seen.index.within_radius(27.4, 89.4, 50).counts.sum() > 0
    # The same again is no new version.
    monkeypatch.delenv("CAREREACH_STORE")
    load_pack(store, "bhutan")
    monkeypatch.setenv("CAREREACH_STORE", store)
    assert [p.name for p in shared_packs(store)] == ["bhutan", "us"]
    rows = database(store).ask("SELECT count(*) FROM carereach.pack WHERE name = 'bhutan'")
    assert rows == [(2,)]


def test_a_third_version_takes_the_first_away(address: str) -> None:
    today = dt.date(2026, 11, 22)
    for day in range(1, 5):
        load_pack(address, "bhutan")
        row = answer_row("survey:paro-hospital", PATCH, "offered", f"nurse {day}", today)
        add_evidence("bhutan", row, "An answer")
    ask = database(address).ask
    assert ask("SELECT count(*) FROM carereach.pack") == [(2,)]
    assert len(ask("SELECT DISTINCT pack_id FROM carereach.provider")) == 2
    named = ask("SELECT count(DISTINCT hash) FROM carereach.content")
    about = open_pack("bhutan").files
    assert len(about) <= named[0][0] <= len(about) + 1


def test_a_shared_pack_is_not_changed_on_a_machine(store: str, today: dt.date) -> None:
    row = answer_row("survey:paro-hospital", PATCH, "offered", "the matron", today)
    for change in (
        lambda: add_evidence("bhutan", row, "An answer"),
        lambda: undo_change("bhutan"),
        lambda: remove_pack("bhutan"),
    ):
        with pytest.raises(CareReachError, match="comes from the store"):
            change()
    assert not (user_folder() / "bhutan").exists()


def test_while_the_store_is_away_what_was_copied_answers_and_it_comes_back(
    store: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    library: dict[str, Procedure],
    today: dt.date,
) -> None:
    monkeypatch.setattr("geo.packs.database._CONNECT_S", 1)
    seen = assess_pack(open_pack("us"), library["hospital-care"], today)
    there = seen.index.within_radius(40.7, -74.0, 20)
    server.stop()
    try:
        same(seen.index.within_radius(40.7, -74.0, 20), there)
        began = time.monotonic()
        same(seen.index.within_radius(40.7, -74.0, 20), there)
        assert time.monotonic() - began < 1  # nobody waits for it a second time
        look_again()
        assert store_problem().startswith("The store does not answer just now.")
        done = run("find", "Thimphu", "--pack", "bhutan", "--procedure", PATCH)
        assert done.returncode == 0
        assert "does not answer just now" in done.stderr
        assert "Traceback" not in done.stderr
        with pytest.raises(StoreDownError):
            load_pack(store, BUNDLED / "bhutan")
    finally:
        server.start()
    look_again()
    assert store_problem() == ""
    monkeypatch.setattr(StoredIndex, "_memory", None)
    same(seen.index.within_radius(40.7, -74.0, 20), there)


def test_what_is_damaged_in_the_store_is_not_shown(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_pack(address, "bhutan")
    with writing(address) as connection:
        connection.execute("UPDATE carereach.content SET bytes = set_byte(bytes, 9, 7)")
    monkeypatch.setenv("CAREREACH_STORE", address)
    assert list_packs()["bhutan"] == BUNDLED / "bhutan"
    assert "is damaged in the store" in store_problem()


@pytest.mark.parametrize("path", ["../../out-0123456789ab.csv", "/tmp/x-0123456789ab.csv", "a.csv"])
def test_a_file_of_the_store_cannot_lie_elsewhere(
    address: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    load_pack(address, "bhutan")
    with writing(address) as connection:
        ((raw,),) = connection.execute("SELECT descriptor FROM carereach.pack").fetchall()
        about = json.loads(raw)
        about["resources"][0]["path"] = path
        raw = json.dumps(about).encode()
        connection.execute(
            "UPDATE carereach.pack SET descriptor = %s, hash = %s",
            [raw, hashlib.sha256(raw).hexdigest()],
        )
    monkeypatch.setenv("CAREREACH_STORE", address)
    list_packs()
    assert "is not the name of a file" in store_problem()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("mysql://here", "is not an address that begins with postgresql://"),
        ("postgresql://tests:secret@127.0.0.1:1/none", "does not answer just now"),
        ("postgresql://here/none?nonsense=secret", "is not an address that can be read"),
    ],
)
def test_a_wrong_address_is_said_and_the_bundled_packs_answer(
    home: Path, monkeypatch: pytest.MonkeyPatch, said: str, why: str
) -> None:
    monkeypatch.setattr(shared, "_copies", shared._Copies())
    monkeypatch.setattr("geo.packs.database._CONNECT_S", 1)
    monkeypatch.setenv("CAREREACH_STORE", said)
    done = run("packs")
    assert done.returncode == 0
    assert done.stdout.startswith("bhutan\t")
    assert why in done.stderr
    assert "secret" not in done.stderr
    assert run("store", "list").returncode == 2
    database.cache_clear()


def test_a_reader_may_read_and_not_write(store: str) -> None:
    with writing(store) as connection:
        connection.execute("DROP ROLE IF EXISTS visitor")
        connection.execute("CREATE ROLE visitor LOGIN IN ROLE carereach_reader")
    as_visitor = store.replace("tests@", "visitor@")
    assert [pack.name for pack in shared_packs(as_visitor)] == ["bhutan", "us"]
    with pytest.raises(CareReachError, match="does not allow"):
        remove_shared(as_visitor, "us")
    reader = Database(store)  # whoever it is, questions write nothing
    with pytest.raises(StoreDownError):
        reader.ask("DELETE FROM carereach.pack RETURNING 1")
    reader.close()
    database(as_visitor).close()
    with writing(store) as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
    stranger = Database(store.replace("tests@", "stranger@"))
    with pytest.raises(CareReachError, match="grant carereach_reader"):
        stranger.ask("SELECT 1 FROM carereach.pack")
    stranger.close()
    with writing(store) as connection:
        connection.execute("DROP ROLE stranger")


def test_two_processes_copy_at_once(store: str, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    code = "from geo.packs.pack import open_pack; p = open_pack('us'); print(len(p.providers))"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = {process.communicate()[0] for process in started}
    assert len(said) == 1
    assert int(said.pop()) > 50_000
    assert not list((home / ".shared").rglob("*.part"))
    assert len(list((home / ".shared").glob(f"*/us/{DESCRIPTOR}"))) == 1


def test_an_unknown_pack_is_not_loaded(address: str) -> None:
    with pytest.raises(UnknownNameError, match="This machine has no pack"):
        load_pack(address, "nowhere")


def test_a_number_that_is_used_again_is_not_taken_for_the_same_pack(
    store: str, library: dict[str, Procedure], today: dt.date
) -> None:
    held = assess_pack(open_pack("us"), library["hospital-care"], today)
    there = held.index.within_radius(40.7, -74.0, 20)
    assert there.counts.sum() > 0
    with writing(store) as connection:
        connection.execute("DROP SCHEMA carereach CASCADE")
    for name in ("us", "bhutan"):  # the other way round
        load_pack(store, BUNDLED / name)
    same(held.index.within_radius(40.7, -74.0, 20), there)


@pytest.mark.parametrize(
    "said",
    [
        "postgresql://u:secret@[::1/none",
        "postgresql://u:se cret@127.0.0.1:1/none",
        "postgresql://u:sec%zzret@127.0.0.1:1/none",
    ],
)
def test_a_password_is_never_shown(home: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(shared, "_copies", shared._Copies())
    monkeypatch.setenv("CAREREACH_STORE", said)
    for command in (("load", "bhutan"), ("list",), ("remove", "bhutan")):
        done = run("store", *command)
        assert done.returncode == 2
        assert not any(part in done.stderr for part in ("secret", "cret", "zzret"))
    database.cache_clear()


def test_a_pack_that_is_not_what_it_says_is_not_loaded(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "edited"
    shutil.copytree(BUNDLED / "bhutan", folder)
    text = (folder / "places.csv").read_text("utf-8")
    (folder / "places.csv").write_text(text + text.splitlines()[-1] + "x\n", "utf-8")
    with pytest.raises(DataError, match="has changed since the pack was built"):
        load_pack(address, folder)
    shutil.copytree(BUNDLED / "bhutan", tmp_path / "My Pack")
    with pytest.raises(CareReachError, match="cannot be called"):
        load_pack(address, tmp_path / "My Pack")
    assert shared_packs(address) == []


def test_one_pack_that_cannot_be_copied_does_not_keep_the_others(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(store) as connection:
        raw = b'{"resources": [{"path": 1}]}'
        connection.execute(
            "UPDATE carereach.pack SET descriptor = %s, hash = %s WHERE name = 'bhutan'",
            [raw, hashlib.sha256(raw).hexdigest()],
        )
    packs = list_packs()
    assert packs["bhutan"] == BUNDLED / "bhutan"
    assert packs["us"] != BUNDLED / "us"
    assert "cannot be read as a descriptor" in store_problem()


@pytest.mark.parametrize("harm", ["missing", "short", "flipped"])
def test_a_copy_that_was_damaged_is_copied_again(store: str, harm: str) -> None:
    folder = list_packs()["bhutan"]
    path = next(folder.glob("providers-*"))
    raw = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "short":
        path.write_bytes(raw[:-100])
    else:
        path.write_bytes(raw[:200] + bytes([raw[200] ^ 1]) + raw[201:])
        with pytest.raises(DataError):
            open_pack(folder)
    look_again()
    assert path.read_bytes() == raw
    assert len(open_pack("bhutan").providers) == 50


def test_what_was_opened_while_the_store_was_away_asks_it_once_it_is_back(
    store: str, monkeypatch: pytest.MonkeyPatch, library: dict[str, Procedure], today: dt.date
) -> None:
    list_packs()
    known = dict(shared._copies.spots)
    shared._copies.spots.clear()  # as another process that has not looked yet
    held = assess_pack(open_pack("us"), library["hospital-care"], today)
    there = held.index.within_radius(40.7, -74.0, 20)
    shared._copies.spots.update(known)
    monkeypatch.setattr(StoredIndex, "_memory", None)
    same(held.index.within_radius(40.7, -74.0, 20), there)


def test_what_a_killed_run_left_goes_and_what_is_being_written_stays(store: str) -> None:
    folder = list_packs()["us"]
    for name in ("old.part", "new.part"):
        (folder / name).mkdir()
        (folder / name / "column.arrow").write_bytes(b"half")
    (folder / "file.part").write_bytes(b"half")
    long_ago = time.time() - 2 * shared._OLD_S
    for name in ("old.part", "file.part"):
        os.utime(folder / name, (long_ago, long_ago))
    look_again()
    assert store_problem() == ""
    assert [path.name for path in folder.glob("*.part")] == ["new.part"]
