"""Files from outside: what is dangerous or no table ends in one sentence, and nothing is left."""

import gzip
import io
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from geo.errors import DataError
from geo.sources import files
from geo.sources.files import kind_of, opened
from geo.sources.sheets import read_sheet


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


def refused(path: Path) -> str:
    """The one sentence that a file is refused with; no temporary folder is left behind."""
    before = set(Path(tempfile.gettempdir()).glob("carereach-*"))
    with pytest.raises(DataError) as caught:
        read_sheet(path)
    assert set(Path(tempfile.gettempdir()).glob("carereach-*")) <= before
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(path.name)
    return said


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(b" \r\n")
    assert "empty" in refused(path)


def test_a_missing_file(tmp_path: Path) -> None:
    assert "missing" in refused(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("magic", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "PNG"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"name\0,lat\0,lon", "neither text"),
    ],
)
def test_a_picture_called_csv(tmp_path: Path, magic: bytes, words: str) -> None:
    path = tmp_path / "places.csv"
    path.write_bytes(magic)
    assert words in refused(path)


def test_a_table_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.write(b"name,lat,lon\n")
        file.truncate(2_000_000_000)  # a sparse file: nothing of it is on the disk
    tracemalloc.start()
    assert "2.0 GB" in refused(path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("kind", ["zip", "gzip"])
def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1_000_000)
    zeros = b"0," * 10_000_000
    path = tmp_path / f"bomb.{kind}"
    if kind == "gzip":
        path.write_bytes(gzip.compress(zeros))
    else:
        archive(path, **{"places.csv": zeros})
    tracemalloc.start()
    with pytest.raises(DataError, match="unpacks to more than"), opened(path, 1_000_000):
        pass
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_a_workbook_that_is_a_bomb_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.sources.workbooks.MAX_BYTES", 1_000_000)
    path, zeros = tmp_path / "bomb.xlsx", b"0," * 10_000_000
    archive(path, **{"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": zeros})
    tracemalloc.start()
    assert "unpacks to more than" in refused(path)
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv"])
def test_an_archive_that_leaves_its_folder(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "away.zip", **{name: b"name,lat,lon\na,1,2\n"})
    assert "leaves the archive" in refused(path)
    assert not list(tmp_path.parent.glob("evil.csv"))


def test_a_workbook_with_a_billion_laughs(tmp_path: Path) -> None:
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'
    )
    path = archive(
        tmp_path / "laughs.xlsx",
        **{"[Content_Types].xml": b"<Types/>", "xl/sharedStrings.xml": laughs},
    )
    assert "entities" in refused(path)


def test_archives_that_hold_no_single_table(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as out:
        out.writestr("places.csv", "name\na\n")
    assert "archive inside" in refused(_gzip(tmp_path / "twice.gz", inner.getvalue()))
    two = archive(tmp_path / "two.zip", **{"a.csv": b"name\na\n", "b.csv": b"name\nb\n"})
    assert "2 tables" in refused(two)
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(b"name,lat\n" * 1000)[:40])
    assert "cannot be unpacked" in refused(broken)


def _gzip(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


def test_a_packed_table_is_read_like_a_plain_one(tmp_path: Path) -> None:
    table = b"name,lat,lon\nClinic,1.5,2.5\n"
    plain = tmp_path / "places.csv"
    plain.write_bytes(table)
    packed = [
        plain,
        _gzip(tmp_path / "places.csv.gz", table),
        archive(tmp_path / "p.zip", **{"in/places.csv": table, "readme.txt": b"hello"}),
    ]
    for path in packed:
        assert read_sheet(path).cells.to_numpy().tolist() == [["Clinic", "1.5", "2.5"]]
    assert kind_of(plain) == "text"


@pytest.mark.parametrize("cell", ["XFD1048576", "ALL20001"])
def test_a_workbook_whose_last_cell_is_far_away(tmp_path: Path, cell: str) -> None:
    row = f'<row r="1"><c r="A1"/><c s="1" r="{cell}"/></row>'
    sheet = f"<worksheet><sheetData>{row}</sheetData></worksheet>"
    path = archive(
        tmp_path / "far.xlsx",
        **{"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": sheet.encode()},
    )
    assert "too large a sheet" in refused(path)


@pytest.mark.parametrize("name", ["a/..", "n" * 300 + ".csv", "a\0b.csv"])
def test_names_in_an_archive_are_only_told_apart(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "odd.zip", **{name: b"name,lat,lon\nA,1.5,2.5\n"})
    assert read_sheet(path).cells.iloc[0, 0] == "A"


@pytest.mark.parametrize("encoding", ["", "utf-8"])
def test_a_mark_at_the_beginning_is_no_letter(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\ufeff"Name, official",lat,lon\nA,27.5,89.6\n', "utf-8")
    assert read_sheet(path, encoding=encoding).columns == ("Name, official", "lat", "lon")


def test_a_merged_range_beside_the_table_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        cells = {"name": ["A", "B"], "lat": [27.1, 27.2], "lon": [89.1, 89.2]}
        pd.DataFrame(cells).to_excel(book, sheet_name="s", index=False)
        book.sheets["s"].merge_range("F1:F3", "")
    assert read_sheet(path).cells[0].tolist() == ["A", "B"]
