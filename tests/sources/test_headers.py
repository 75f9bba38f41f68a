"""Tables as spreadsheets have them: two header rows, merged cells, tags, totals, several sheets."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import DataError
from geo.sources.batch import Batch, Origin
from geo.sources.headers import head_of
from geo.sources.layout import EVERY_SHEET, Sheet
from geo.sources.mapping import Mapping, propose
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities

PLACES = [["Alpha Hospital", "Hospital", "Lhuentse", "27.5", "89.6", "120"]] + [
    [f"{town} Clinic", "Clinic", town, f"27.{n}", f"89.{n}", f"{n}"]
    for n, town in enumerate(("Bongo", "Chali", "Dala", "Esu", "Gase"), 1)
]
UPPER = ["Facility", "", "", "Coordinates", "", "Beds"]
LOWER = ["Name", "Type", "District", "Latitude", "Longitude", ""]
ORIGIN = Origin("t", "T")


def written(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    path.write_text("\n".join(",".join(row) for row in rows), "utf-8")
    return path


def read(path: Path) -> tuple[Sheet, Batch]:
    sheet = read_sheet(path)
    proposal = propose(sheet)
    assert proposal.questions == ()
    return sheet, read_facilities(path, proposal.mapping, ORIGIN, "2026-11-26", sheet=sheet)


def is_truth(batch: Batch) -> bool:
    got = batch.providers[["name", "lat", "lon", "beds"]].astype({"beds": int})
    return bool(
        got.values.tolist() == [[r[0], float(r[3]), float(r[4]), int(r[5])] for r in PLACES]
    )


@pytest.mark.parametrize("notes", [0, 1, 4])
@pytest.mark.parametrize("tags", [False, True])
def test_a_header_of_two_rows_names_each_column(tmp_path: Path, notes: int, tags: bool) -> None:
    above = [["A list of 2025", *[""] * 5]] * notes
    marks = [["#loc+name", "#loc+type", "#adm1+name", "#geo+lat", "#geo+lon", "#capacity"]]
    rows = [*above, UPPER, LOWER, *(marks if tags else []), *PLACES]
    sheet, batch = read(written(tmp_path / "t.csv", rows))
    assert sheet.layout.header_row == notes + 1
    assert sheet.layout.header_rows == 2
    assert sheet.columns[3:] == ("Latitude", "Longitude", "Beds")
    assert is_truth(batch)
    again = read_facilities(
        tmp_path / "t.csv", propose(sheet).mapping, ORIGIN, "2026-11-26"
    )  # the kept mapping alone
    assert is_truth(again)


def test_a_name_in_another_group_is_not_the_name_of_the_place(tmp_path: Path) -> None:
    upper = ["Person in charge", "", "Facility", "", "", "", "", ""]
    lower = ["Name", "Phone", "Name", "Type", "District", "Latitude", "Longitude", "Beds"]
    rows = [upper, lower, *(["Somebody", "17123456", *row] for row in PLACES)]
    sheet, batch = read(written(tmp_path / "t.csv", rows))
    assert sheet.columns[0] == "Person in charge Name"
    assert is_truth(batch)


def test_tags_alone_are_a_header(tmp_path: Path) -> None:
    tags = ["#loc+name", "#loc+type", "#adm1+name", "#geo+lat", "#geo+lon", "#beds"]
    local = ["སྨན་ཁང་", "དབྱེ་བ", "རྫོང་ཁག", "ཨ", "བ", "ཉལ་ཁྲི"]
    for header in ([tags], [local, tags]):
        sheet, batch = read(written(tmp_path / "t.csv", [*header, *PLACES]))
        assert is_truth(batch)
        assert sheet.layout.tag_row == (2 if len(header) == 2 else 0)


def test_totals_at_the_end_are_no_places(tmp_path: Path) -> None:
    header = ["Name", "Type", "District", "Latitude", "Longitude", "Beds"]
    ends = [
        ["Total (6)", "", "", "", "", "135"],
        ["Moyenne", "", "", "27.25", "89.25", "22"],
        ["Source: the ministry", "", "", "", "", ""],
    ]
    _, batch = read(written(tmp_path / "t.csv", [header, *PLACES, *ends]))
    assert is_truth(batch)
    assert batch.report.counts["dropped", "it is a total, not a place"] == 2
    assert batch.report.adds_up


def test_a_place_may_be_called_total(tmp_path: Path) -> None:
    header = ["Name", "Type", "District", "Latitude", "Longitude", "Beds"]
    rows = [["Total Care", *PLACES[0][1:]], ["Total", *PLACES[1][1:]], *PLACES[2:]]
    _, batch = read(written(tmp_path / "t.csv", [header, *rows]))
    assert batch.providers["name"].tolist()[:2] == ["Total Care", "Total"]


def test_a_merged_cell_belongs_to_all_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.merge_range(0, 0, 0, 5, "Facilities of the north, 2025")
        for first, last, words in ((0, 2, "Facility"), (3, 4, "Coordinates")):
            page.merge_range(1, first, 1, last, words)
        page.merge_range(1, 5, 2, 5, "Beds")
        page.write_row(2, 0, LOWER[:5])
        for n, row in enumerate(PLACES):
            page.write_row(3 + n, 0, row)
        page.merge_range(3, 2, 5, 2, "Lhuentse")
    sheet, batch = read(path)
    assert sheet.cells[2].tolist() == ["Lhuentse"] * 3 + ["Dala", "Esu", "Gase"]
    assert sheet.layout.header_rows == 2
    assert is_truth(batch)


@pytest.fixture
def provinces(tmp_path: Path) -> Path:
    """A sheet for each of two provinces, their columns in another order, and one of notes."""
    path = tmp_path / "t.xlsx"
    header = ["Name", "Type", "District", "Latitude", "Longitude", "Beds"]
    with xlsxwriter.Workbook(path) as book:
        for name, rows in (("North", PLACES[:4]), ("South", PLACES[4:])):
            page = book.add_worksheet(name)
            turn = 1 if name == "North" else -1
            for n, row in enumerate([header, *rows]):
                page.write_row(n, 0, row[::turn])
        book.add_worksheet("Notes").write_row(0, 0, ["Made by hand"])
    return path


def test_sheets_of_one_shape_are_asked_about(provinces: Path) -> None:
    sheet = read_sheet(provinces)
    proposal = propose(sheet)
    assert proposal.asked == ("sheet",)
    assert "North, South" in proposal.questions[0]
    together = read_sheet(provinces, sheet=EVERY_SHEET)
    answered = propose(together)
    assert answered.questions == ()
    batch = read_facilities(provinces, answered.mapping, ORIGIN, "2026-11-26", sheet=together)
    assert is_truth(batch)
    assert together.layout.described()["sheets read together"] == "North, South"
    one = read_sheet(provinces, sheet="South")
    assert propose(one).questions == ()
    assert len(one.cells) == 2
    with pytest.raises(DataError, match="has no sheet 'West'"):
        read_sheet(provinces, sheet="West")


def test_a_row_of_several_sheets_is_named_with_its_sheet(provinces: Path) -> None:
    mapping = Mapping(
        columns={"name": "Name", "lat": "Beds", "lon": "Longitude"}, sheet=EVERY_SHEET
    )
    batch = read_facilities(provinces, mapping, ORIGIN, "2026-11-26")
    notes = {(note.file, note.row) for note in batch.report.notes}
    assert notes <= {(f"t.xlsx: {sheet}", row) for sheet in ("North", "South") for row in range(9)}
    assert notes


WORD = st.text("abcdefg", min_size=1, max_size=5)


@given(
    rows=st.lists(st.lists(WORD, min_size=4, max_size=4), min_size=3, max_size=8),
    header=st.lists(WORD, min_size=4, max_size=4, unique=True),
)
def test_rows_of_words_are_never_taken_for_a_second_header(
    rows: list[list[str]], header: list[str]
) -> None:
    """A first row that fills its columns is a header of its own."""
    head = head_of([header, *rows], 0)
    assert head.body == 1
    assert head.columns == tuple(header)
