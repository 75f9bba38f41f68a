"""Coverage of people from files: part by part and on workers, the same as in one piece."""

import datetime as dt
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.care.assessed import Assessed, assess_pack
from geo.care.entry import Procedure
from geo.coverage import coverage as whole
from geo.coverage import parts
from geo.coverage.coverage import access_scores, measure_coverage, supply_pack
from geo.coverage.parts import Cluster, reach_in_parts, read_people, with_people
from geo.coverage.reach import SUPPLIES, find_reach
from geo.errors import CareReachError, DataError
from geo.packs.pack import Pack, open_pack
from geo.progress import Step
from geo.travel.measure import StraightLine
from tests.command import run

PATCH = "epidural-blood-patch"


@pytest.fixture(scope="module")
def us() -> Pack:
    return open_pack("us")


def write(folder: Path, frame: pd.DataFrame, files: int = 3) -> Path:
    """People in some files, one of them in a folder of its own."""
    folder.mkdir()
    (folder / "z").mkdir()
    for number, rows in enumerate(np.array_split(np.arange(len(frame)), files)):
        home = folder / "z" if number == files - 1 else folder
        frame.iloc[rows].to_parquet(home / f"part-{number}.parquet", index=False)
    return folder


def people_of(pack: Pack, *columns: str) -> pd.DataFrame:
    return pack.demand[[*columns, "population", "lat", "lon"]]


def without_people(printed: str) -> str:
    """An answer without the source that was added."""
    return re.sub(r',\n  "People instead of the pack\'s: [^"]+"', "", printed)


def scattered(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(-90, 90, n), rng.uniform(-180, 180, n)
    # Some stand where others do.
    lat[: n // 5], lon[: n // 5] = lat[n // 2 : n // 2 + n // 5], lon[n // 2 : n // 2 + n // 5]
    return lat, lon


def providers(n: int) -> pd.DataFrame:
    lat, lon = scattered(n, 1)
    status = np.random.default_rng(2).choice([*SUPPLIES[1:], "not_offered"], n)
    return pd.DataFrame({"lat": lat, "lon": lon, "status": status})


def test_parts_give_the_very_figures_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, (lat, lon) = providers(500), scattered(1003, 3)
    expected = find_reach(lat, lon, rows, [StraightLine()]).far["straight"]
    assert np.isinf(expected[0]).all()  # nobody is confirmed
    told: list[Step] = []
    for part in (1, 100, 1003, 5000):
        monkeypatch.setattr(parts, "PART", part)
        found = reach_in_parts(lat, lon, rows, [StraightLine()], told.append).far["straight"]
        assert np.array_equal(found, expected)
        assert (told[-1].done, told[-1].whole) == (1003, 1003)
    assert reach_in_parts([], [], rows, [StraightLine()]).far["straight"].shape == (4, 0)


@pytest.mark.parametrize(("name", "slug"), [("bhutan", PATCH), ("us", "haemodialysis")])
def test_a_pack_s_own_people_from_files_give_its_own_coverage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, slug: str
) -> None:
    folder = write(tmp_path / "people", people_of(open_pack(name), "region_id"))
    question = ("coverage", "--pack", name, "--procedure", slug, "--within-km", "40")
    monkeypatch.setattr(parts, "PART", 20_000)
    for form in ("json", "csv", "table"):
        mine = run(*question, "--format", form, "--demand", folder)
        theirs = run(*question, "--format", form)
        assert mine.returncode == 0
        assert without_people(mine.stdout) == theirs.stdout
        assert ("People instead of the pack's: people, " in mine.stdout) == (form == "json")
        assert "0 of them in no region" in mine.stderr


def test_regions_come_from_boundaries_and_who_is_outside_is_counted(
    tmp_path: Path, us: Pack, library: dict[str, Procedure], today: dt.date
) -> None:
    given = pd.concat(
        [
            people_of(us).iloc[::50],
            pd.DataFrame({"population": [7, 8], "lat": [48.9, 0.0], "lon": [2.3, 0.0]}),
        ]
    )
    people = read_people(write(tmp_path / "people", given), us)
    outside = people["region_id"].isna()
    assert outside.iloc[-2:].all()
    assert outside.sum() <= 5  # some live at a shore
    said = us.demand["region_id"].iloc[::50].astype(str).to_numpy()
    assert (people["region_id"].astype(str).to_numpy()[:-2] == said).mean() > 0.99
    assessed = with_people(assess_pack(us, library["haemodialysis"], today), people, tmp_path)
    found = measure_coverage(supply_pack(assessed, find=reach_in_parts), 50)
    assert found.population == given["population"].sum()
    assert (
        found.level(1)["population"].sum() == found.population - people["population"][outside].sum()
    )
    done = run("coverage", "--pack", "us", "--demand", tmp_path / "people")
    assert f"; {people['population'][outside].sum():,.0f} of them in no region" in done.stderr


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"lat": [27.0, 91.0]}, "row 2, column lat: 91 cannot be a lat"),
        ({"lon": [-181.0, 90.0]}, "row 1, column lon: -181 cannot be a lon"),
        ({"population": [3, -1]}, "row 2, column population: -1 cannot be a population"),
        ({"population": [3.0, np.nan]}, "row 2, column population: nan cannot"),
        ({"population": [3.0, np.inf]}, "row 2, column population: inf cannot"),
        ({"population": ["3", "4"]}, "where numbers should be"),
        ({"lat": None}, "has no column lat"),
        ({"lat": [27.0, 27.1]}, "has no column region_id, and bhutan has no boundaries"),
        ({"region_id": ["bt", "elsewhere"]}, "is not a region of bhutan"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_with_its_row(
    tmp_path: Path, bhutan: Pack, cells: dict[str, Any], why: str
) -> None:
    rows: dict[str, Any] = {"population": [3, 4], "lat": [27.0, 27.1], "lon": [90.0, 90.1]}
    rows |= cells
    if rows.get("region_id"):
        rows["region_id"] = [bhutan.regions["region_id"].iloc[0], "elsewhere"]
    frame = pd.DataFrame({name: values for name, values in rows.items() if values is not None})
    frame.to_parquet(tmp_path / "people.parquet")
    with pytest.raises(DataError, match=why):
        read_people(tmp_path / "people.parquet", bhutan)
    done = run("coverage", "--demand", tmp_path / "people.parquet")
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


def test_what_is_no_file_of_people_is_refused(tmp_path: Path, bhutan: Pack) -> None:
    (tmp_path / "text.parquet").write_text("people, lat, lon")
    (tmp_path / "none").mkdir()
    for path, why in (
        (tmp_path / "nowhere.parquet", "the file is missing"),
        (tmp_path / "none", "has no Parquet files"),
        (tmp_path / "text.parquet", "cannot be read as Parquet"),
    ):
        with pytest.raises(DataError, match=why):
            read_people(path, bhutan)


def test_minutes_are_not_measured_in_parts(tmp_path: Path) -> None:
    done = run("coverage", "--demand", tmp_path, "--within-min", "60")
    assert (done.returncode, done.stdout) == (2, "")
    assert "in kilometres" in done.stderr


def test_too_many_pairs_leave_the_scores_unknown(
    bhutan: Pack, library: dict[str, Procedure], today: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = measure_coverage(
        supply_pack(assess_pack(bhutan, library[PATCH], today)), 50, supply="unknown"
    )
    assert access_scores(found)["e2sfca"].notna().any()
    monkeypatch.setattr(whole, "MOST_PAIRS", 100)
    scores = access_scores(found)
    assert scores["e2sfca"].isna().all()
    assert set(scores["region_id"]) == set(found.regions["region_id"])


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """Two workers of Dask on this machine."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


def test_workers_give_the_very_figures_and_a_killed_one_loses_nothing(
    scheduler: Any,
    monkeypatch: pytest.MonkeyPatch,
    bhutan: Pack,
    library: dict[str, Procedure],
    today: dt.date,
) -> None:
    rows, (lat, lon) = providers(2000), scattered(60_000, 3)
    expected = find_reach(lat, lon, rows, [StraightLine()]).far["straight"]
    monkeypatch.setattr(parts, "PART", 1000)
    cluster = Cluster(scheduler.scheduler_address)
    pids = [worker.pid for worker in scheduler.workers.values()]
    killed: list[int] = []

    def kill(step: Step) -> None:
        if not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    found = cluster.find_reach(lat, lon, rows, [StraightLine()], kill)
    assert killed
    assert np.array_equal(found.far["straight"], expected)
    # The pack's own measures, its road table among them.
    assessed: Assessed = assess_pack(bhutan, library[PATCH], today)
    monkeypatch.setattr(parts, "PART", 50)
    mine = measure_coverage(supply_pack(assessed, find=cluster.find_reach), 50)
    theirs = measure_coverage(supply_pack(assessed), 50)
    pd.testing.assert_frame_equal(mine.regions, theirs.regions)
    for field in ("covered", "share", "ranges", "median", "p90", "measure"):
        if field != "measure":
            assert getattr(mine, field) == getattr(theirs, field)
    cluster.close()


def test_the_command_line_asks_a_cluster(scheduler: Any, tmp_path: Path, bhutan: Pack) -> None:
    folder = write(tmp_path / "people", people_of(bhutan, "region_id"))
    question = ("coverage", "--demand", folder, "--format", "json")
    mine = run(*question, "--cluster", scheduler.scheduler_address)
    assert mine.returncode == 0
    assert json.loads(mine.stdout) == json.loads(run(*question).stdout)


def test_a_cluster_that_is_not_there_or_not_ours_is_said(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_CONNECT_S", 1)
    with pytest.raises(CareReachError, match="No scheduler of Dask answers"):
        Cluster("tcp://127.0.0.1:1")
    with pytest.raises(CareReachError, match="is not the address of a scheduler"):
        Cluster("nonsense")
    monkeypatch.setattr(parts, "__version__", "0.0.0")
    with pytest.raises(CareReachError, match="run another version"):
        Cluster(scheduler.scheduler_address)


def test_the_pack_itself_is_not_changed(bhutan: Pack, library: dict[str, Procedure]) -> None:
    assessed = assess_pack(bhutan, library[PATCH], dt.date(2026, 11, 22))
    other = with_people(assessed, bhutan.demand.head(3), Path("three"))
    assert len(assessed.pack.demand) > len(other.pack.demand) == 3
