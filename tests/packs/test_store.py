"""Changes to the user's copy of a pack: whole or not at all, and never to the bundled one."""

import datetime as dt
import hashlib
import shutil
from pathlib import Path
from typing import IO, Any

import geopandas as gpd
import pytest
import shapely

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.coverage.calls import record_answer
from geo.coverage.coverage import measure_coverage, supply_pack
from geo.errors import DataError
from geo.packs.check import check_pack
from geo.packs.pack import BUNDLED, Pack, open_pack, read_shapes
from geo.packs.shapes import match_boundaries, thiessen
from geo.packs.tables import DESCRIPTOR
from geo.packs.writing import write_pack
from geo.sources.boundaries import import_boundaries
from tests.conftest import ROOT, TODAY

SHARED = ROOT.parent / "shared" / "data"
PATCH = "epidural-blood-patch"
PARO = "survey:paro-hospital"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    return tmp_path


def bundled_state() -> str:
    files = sorted((BUNDLED / "bhutan").iterdir())
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()


def covered(library: dict[str, Procedure]) -> int:
    pack = open_pack("bhutan")
    found = supply_pack(assess_pack(pack, library[PATCH], TODAY))
    return measure_coverage(found, 50).covered["confirmed"]


def test_an_answer_becomes_evidence_in_the_users_copy(
    home: Path, library: dict[str, Procedure]
) -> None:
    before = bundled_state()
    assert covered(library) == 0
    pack = open_pack("bhutan")
    record_answer(pack, PARO, PATCH, "offered", "the matron, =cmd", dt.date(2026, 11, 20))
    assert covered(library) > 40_000
    after = open_pack("bhutan")
    assert after.folder == home / "bhutan"
    row = after.evidence.iloc[-1]
    assert (row["as_of"], row["source_kind"], row["provider_id"]) == (
        "2026-11-20",
        "official",
        PARO,
    )
    assert check_pack(after.folder) == []
    record_answer(after, PARO, PATCH, "not_offered", "the matron", dt.date(2026, 11, 21))
    assert covered(library) == 0
    assert len(open_pack("bhutan").evidence) == len(pack.evidence) + 2
    assert bundled_state() == before
    assert not list(home.glob(".staged-*"))


def test_an_answer_that_breaks_the_contract_changes_nothing(home: Path) -> None:
    with pytest.raises(DataError, match="leads nowhere"):
        record_answer(open_pack("bhutan"), "nobody:1", PATCH, "offered", "x", TODAY)
    assert not (home / "bhutan").exists()


def test_killed_before_the_descriptor_the_old_pack_stands(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_answer(open_pack("bhutan"), PARO, PATCH, "offered", "the matron", TODAY)
    rows = len(open_pack("bhutan").evidence)

    class Killed(BaseException):
        pass

    def die(path: Path, content: IO[bytes]) -> None:
        if path.name == DESCRIPTOR:
            raise Killed
        path.write_bytes(content.read())

    monkeypatch.setattr("geo.packs.writing._replace", die)
    with pytest.raises(Killed):
        record_answer(open_pack("bhutan"), PARO, PATCH, "not_offered", "the matron", TODAY)
    monkeypatch.undo()
    monkeypatch.setenv("CAREREACH_DATA", str(home))
    assert len(open_pack("bhutan").evidence) == rows
    assert check_pack(home / "bhutan") == []


def test_writing_the_same_pack_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    staged = Path(shutil.copytree(BUNDLED / "bhutan", tmp_path / "staged" / "bhutan"))
    target = tmp_path / "home" / "bhutan"
    write_pack(staged, target, "Tried")
    first = {f.name: f.read_bytes() for f in target.iterdir() if f.is_file()}
    write_pack(staged, target, "Tried")
    assert {f.name: f.read_bytes() for f in target.iterdir() if f.is_file()} == first
    assert check_pack(target) == []


def squares(bhutan: Pack) -> gpd.GeoDataFrame:
    """A made-up file of boundaries with names only."""
    regions = bhutan.regions[bhutan.regions["level"] == 2]
    above = bhutan.regions.set_index("region_id")["name"]
    spots = bhutan.demand.set_index("region_id").loc[regions["region_id"]]
    lat, lon = spots["lat"].to_numpy(), spots["lon"].to_numpy()
    return gpd.GeoDataFrame(
        {"gewog": regions["name"].to_numpy(), "district": above[regions["parent_id"]].to_numpy()},
        geometry=shapely.box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01),
        crs=4326,
    )


def test_boundaries_are_matched_by_name_spelling_and_projection(bhutan: Pack) -> None:
    shapes = squares(bhutan).to_crs(32646)
    shapes.loc[0, "gewog"] = "Choekhorr"
    shapes.loc[1, "gewog"] = "Nowhere at all"
    found = match_boundaries(shapes, bhutan.regions, 2)
    assert found.how["spelling"] == 1
    assert found.unmatched == ("Nowhere at all",)
    assert found.missing == ("Chhumig",)
    assert len(found.areas) == 204
    assert found.areas.crs == 4326


def test_official_boundaries_replace_areas_and_change_no_figure(
    home: Path, bhutan: Pack, library: dict[str, Procedure]
) -> None:
    def figures() -> tuple[Any, ...]:
        found = supply_pack(assess_pack(open_pack("bhutan"), library[PATCH], TODAY))
        rows = measure_coverage(found, 50).regions
        return tuple(rows["people_beyond"])

    before = figures()
    assert import_boundaries("bhutan", squares(bhutan), dry_run=True).how["name"] == 205
    assert not (home / "bhutan").exists()
    import_boundaries("bhutan", squares(bhutan))
    pack = open_pack("bhutan")
    areas = read_shapes(pack.files["areas_2"])
    assert set(areas["boundary"]) == {"surveyed"}
    assert figures() == before
    assert check_pack(pack.folder) == []


@pytest.mark.parametrize(
    ("shapes", "why"),
    [
        (gpd.GeoDataFrame({"n": ["x"]}, geometry=[shapely.Point(0, 0)], crs=4326), "no polygons"),
        (gpd.GeoDataFrame({"n": ["x"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326), "called"),
        (gpd.GeoDataFrame({"n": ["x"]}, geometry=[shapely.box(0, 0, 9e5, 9e5)]), "not degrees"),
        (gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326), "no names"),
    ],
)
def test_a_file_that_fits_nothing_is_one_sentence(
    bhutan: Pack, shapes: gpd.GeoDataFrame, why: str
) -> None:
    with pytest.raises(DataError, match=why):
        match_boundaries(shapes, bhutan.regions, 2)


def test_the_official_gewogs_all_match(home: Path) -> None:
    path = SHARED / "bhutan" / "gewogs.geojson"
    if not path.exists():
        pytest.skip(f"{path.name} is not here: official boundaries are not part of the project")
    found = import_boundaries("bhutan", read_shapes(path))
    assert sum(found.how.values()) == 205
    assert found.missing == found.unmatched == ()


def test_thiessen_polygons_share_out_the_land(bhutan: Pack) -> None:
    assert bhutan.outline is not None
    areas = thiessen(bhutan.demand, bhutan.outline)
    assert len(areas) == 205
    metric = areas.to_crs(32646)
    land = gpd.GeoSeries([bhutan.outline], crs=4326).to_crs(32646)
    assert metric.area.sum() == pytest.approx(land.area.sum(), rel=1e-4)
    spots = gpd.GeoSeries(gpd.points_from_xy(bhutan.demand["lon"], bhutan.demand["lat"]), crs=4326)
    own = areas.set_index("region_id").loc[bhutan.demand["region_id"]]
    assert own.geometry.reset_index(drop=True).intersects(spots).all()  # type: ignore[operator]


def test_a_reader_during_a_change_sees_one_pack_or_the_other(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_answer(open_pack("bhutan"), PARO, PATCH, "offered", "the matron", TODAY)
    from geo.packs import pack as packs
    from geo.packs import tables

    monkeypatch.setattr("geo.packs.history.KEPT", 2)
    read = tables.open_table
    changed: list[int] = []

    def slow(folder: Path, about: dict[str, Any], name: str, *, check: bool) -> object:
        if name == "evidence" and not changed:
            changed.append(1)
            record_answer(open_pack("bhutan"), PARO, PATCH, "not_offered", "the cook", TODAY)
            record_answer(open_pack("bhutan"), PARO, PATCH, "offered", "the cook", TODAY)
        return read(folder, about, name, check=check)

    monkeypatch.setattr(packs, "open_table", slow)
    seen = open_pack("bhutan")
    monkeypatch.setattr(packs, "open_table", read)
    after = open_pack("bhutan")
    assert len(seen.evidence) == len(after.evidence) == 230
    assert seen.hash == after.hash


def test_files_of_ones_own_beside_a_pack_are_left_alone(home: Path) -> None:
    record_answer(open_pack("bhutan"), PARO, PATCH, "offered", "the matron", TODAY)
    notes = home / "bhutan" / "NOTES.md"
    notes.write_text("mine", "utf-8")
    for who in ("one", "two", "three"):
        record_answer(open_pack("bhutan"), PARO, PATCH, "offered", who, TODAY)
    assert notes.read_text("utf-8") == "mine"
    # Of the four changes, and as it came: they can be had back.
    assert len(list((home / "bhutan").glob("evidence-*.csv"))) == 5


def test_the_same_answer_twice_is_said(home: Path) -> None:
    record_answer(open_pack("bhutan"), PARO, PATCH, "offered", "the matron", TODAY)
    with pytest.raises(DataError, match="repeats a row"):
        record_answer(open_pack("bhutan"), PARO, PATCH, "offered", "the matron", TODAY)


def test_any_table_of_evidence_takes_an_answer(home: Path) -> None:
    folder = Path(shutil.copytree(BUNDLED / "bhutan", home / "bhutan"))
    path = folder / "evidence.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().rstrip(b"\n"))
    record_answer(open_pack("bhutan"), PARO, PATCH, "offered", "the matron", TODAY)
    assert len(open_pack("bhutan").evidence) == 228
