"""Files that are made to harm: each is a table or one sentence, in little time and memory."""

import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from geo.errors import CareReachError, DataError
from geo.packs.build import build_pack
from geo.packs.store import remove_pack
from geo.sources.batch import Origin
from geo.sources.files import read_rows
from geo.sources.mapping import Mapping, read_mapping
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities
from tests.samples import DAY


def workbook(path: Path, change: Callable[[str], str]) -> Path:
    """A small workbook whose sheet is changed as text."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate((("name", "lat", "lon"), ("A", 27.5, 89.6))):
            sheet.write_row(row, 0, cells)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            text = old.read(member)
            if member.filename.endswith("sheet1.xml"):
                text = change(text.decode()).encode()
            new.writestr(member.filename, text)
    return path


@pytest.mark.parametrize(
    "cell",
    [
        "r='XFD1048576'",
        'r = "XFD1048576"',
        'r="xfd1048576"',
        " " * 200 + 'r="XFD1048576"',
        't="&gt;" s="1" r="XFD1048576"',
        'r="&#88;FD1048576"',
        'r="ZZZZZ99999999999"',
        'r="A0x"',
    ],
)
def test_a_cell_far_from_all_others_is_refused_however_it_is_written(
    tmp_path: Path, cell: str
) -> None:
    far = workbook(tmp_path / "t.xlsx", lambda text: text.replace('r="C2"', cell))
    with pytest.raises(DataError, match=r"too large a sheet|a cell that is called"):
        read_sheet(far)


def test_cells_and_rows_without_a_reference_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.sources.workbooks.MAX_CELLS", 10_000)

    def many(text: str) -> str:
        rows = "<row>" + "<c/>" * 20 + "</row>"
        return text.replace("</sheetData>", rows * 550 + "</sheetData>")

    with pytest.raises(DataError, match="too large a sheet"):
        read_sheet(workbook(tmp_path / "t.xlsx", many))
    few = workbook(tmp_path / "u.xlsx", lambda text: re.sub(r' r="[A-Z]*\d+"', "", text))
    assert read_sheet(few).cells.shape == (1, 3)


def test_a_sheet_that_is_not_quite_xml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="damaged"):
        read_sheet(workbook(tmp_path / "t.xlsx", lambda text: f"junk{text}"))


def test_a_sheet_that_breaks_off_after_its_first_megabyte_is_refused(tmp_path: Path) -> None:
    """What a forgiving reader goes on to read is not looked at any more."""

    def broken(text: str) -> str:
        rows = "".join(f'<row r="{n}"><c r="A{n}"/></row>' for n in range(3, 40_000))
        return text.replace("</sheetData>", f'{rows}<&><row><c r="XFD1048576"/></row></sheetData>')

    with pytest.raises(DataError, match="damaged"):
        read_sheet(workbook(tmp_path / "t.xlsx", broken))


def test_a_workbook_may_hold_pictures(tmp_path: Path) -> None:
    """In a large one two bytes stand by chance that look like the tag of a cell."""
    path = workbook(tmp_path / "t.xlsx", lambda text: text)
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/media/image1.jpeg", b"\xff\xd8\xff" + b"<c \x00<row>\x00" * 300_000)
    assert read_sheet(path).cells.shape == (1, 3)


def test_a_column_that_is_called_virtual_is_no_virtual_table(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    points = gpd.points_from_xy([89.6], [27.5])
    gpd.GeoDataFrame({"name": ["A"], "virtual_care": ["yes"]}, geometry=points, crs=4326).to_file(
        path
    )
    assert read_sheet(path).cells.shape[0] == 1
    with sqlite3.connect(path) as database:
        database.execute("CREATE VIRTUAL TABLE x USING fts4(a)")
    database.close()
    with pytest.raises(DataError, match="a virtual table"):
        read_sheet(path)


@pytest.mark.parametrize("mark", ["A", "B", "last"])
def test_a_quotation_that_swallows_rows_is_refused_where_it_opens(
    mark: str, tmp_path: Path
) -> None:
    rows = [f"Clinic {n},27.{n:02},89.{n:02},note" for n in range(60)]
    if mark == "last":
        rows[59] = 'Clinic 59,27.59,89.59,"note'
        at = 61
    else:
        rows[5], at = 'Clinic 5,27.05,89.05,"see annex', 7
        if mark == "B":  # closed by chance, far below
            rows[20] = 'Clinic 20,27.20,89.20,"note'
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["name,lat,lon,note", *rows]), "utf-8")
    with pytest.raises(DataError, match=f"t.csv, row {at}: a quotation mark is opened here"):
        read_sheet(path)


def test_cells_of_several_lines_are_cells() -> None:
    text = 'name,lat,lon,note\n"A\nof B",1,2,"one, two\nthree\n\nfour, five, six"\n"C",3,4,"x"\n'
    rows = list(read_rows(io.StringIO(text, newline=""), "t.csv"))
    assert [(number, len(cells)) for number, cells in rows] == [(1, 4), (2, 4), (7, 4)]
    assert list(read_rows([], "t.csv")) == []


@pytest.mark.parametrize("crs", ["EPSG:5703", "EPSG:4978", "EPSG:5714"])
def test_heights_and_geocentric_positions_are_no_projection(tmp_path: Path, crs: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,lat,lon\nA,27.5,89.6\n", "utf-8")
    mapping = Mapping(columns={"name": "name", "lat": "lat", "lon": "lon"}, crs=crs)
    with pytest.raises(CareReachError, match="does not say where on a map"):
        read_facilities(path, mapping, Origin("x", "X"), DAY)


def many_columns(path: Path) -> None:
    path.write_text(",".join(f"c{n}" for n in range(100_000)) + "\n" + "1," * 99_999, "utf-8")


def many_rows(path: Path) -> None:
    table = pa.table({"a": pa.array(np.zeros(1_000_000, "i1"))})
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(3):
            writer.write_table(table)


def many_bytes(path: Path) -> None:
    cell = pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, "i4")), ["x" * 100_000])
    pq.write_table(pa.table({"name": cell}), path)


def many_keys(path: Path) -> None:
    path.write_text(
        json.dumps([{f"k{row}_{n}": 1 for n in range(500)} for row in range(9)]), "utf-8"
    )


def many_words(path: Path) -> None:
    path.write_text(json.dumps([{"name": "A", "x": list(range(500_000))}]), "utf-8")


def endless_view(path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_csv(path)
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIEW gpkg_contents AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
            "FROM n) SELECT i AS table_name FROM n"
        )
    database.close()


def not_a_number(path: Path) -> None:
    feature = {"type": "Feature", "properties": {"name": "A"}}
    point = {"type": "Point", "coordinates": [float("nan"), float("nan")]}
    both = [
        {**feature, "geometry": point},
        {**feature, "geometry": {**point, "coordinates": [1, 2]}},
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": both}), "utf-8")


def shapefile_that_is_none(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.shp", "<OGRVRTDataSource/>")


@pytest.mark.parametrize(
    ("make", "ending", "why"),
    [
        (many_columns, "csv", "100,000 columns"),
        (many_rows, "parquet", "more than 2,000,000 rows"),
        (many_bytes, "parquet", "unpacks to more than"),
        (many_keys, "json", "columns; a table can have up to"),
        (many_words, "json", "a list of 500,000"),
        (endless_view, "gpkg", "holds a view"),
        (not_a_number, "geojson", "not in the form|cannot be read"),
        (shapefile_that_is_none, "zip", "not a shapefile"),
    ],
)
def test_it_is_one_sentence(
    tmp_path: Path, make: Callable[[Path], None], ending: str, why: str
) -> None:
    path = tmp_path / f"t.{ending}"
    make(path)
    with pytest.raises(DataError, match=re.compile(why)) as found:
        read_sheet(path)
    assert "\n" not in str(found.value)
    assert str(tmp_path) not in str(found.value)


def test_a_mapping_with_aliases_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("columns: &a {name: x}\ntypes: *a\n", "utf-8")
    with pytest.raises(DataError, match="uses an alias"):
        read_mapping(path)


@pytest.mark.parametrize("where", ["../evil.geojson", "/tmp/evil.geojson"])
def test_a_pack_is_built_in_its_folder(tmp_path: Path, where: str) -> None:
    import shutil

    from tests.conftest import ROOT

    folder = Path(shutil.copytree(ROOT / "data" / "bhutan", tmp_path / "bhutan"))
    about = json.loads((folder / "datapackage.json").read_text("utf-8"))
    entry = next(e for e in about["resources"] if e["name"] == "outline")
    entry["path"] = where
    (folder / "datapackage.json").write_text(json.dumps(about), "utf-8")
    with pytest.raises(DataError, match="leaves the pack's folder"):
        build_pack(folder, tmp_path / "static")
    assert not (folder / where).exists()


def test_a_linked_pack_is_only_unlinked(home: Path, tmp_path: Path) -> None:
    import shutil

    from tests.conftest import ROOT

    elsewhere = Path(shutil.copytree(ROOT / "data" / "bhutan", tmp_path / "elsewhere" / "linked"))
    before = sorted(path.name for path in elsewhere.iterdir())
    home.mkdir(exist_ok=True)
    (home / "linked").symlink_to(elsewhere)
    remove_pack("linked")
    assert not (home / "linked").is_symlink()
    assert sorted(path.name for path in elsewhere.iterdir()) == before
