"""A column of services: each word a statement, a specialty, or shown as it is."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.api import find_care, open_pack
from geo.care.library import open_library
from geo.output.answer_text import answer_rows
from geo.sources.batch import Batch, Origin
from geo.sources.into_pack import import_into
from geo.sources.mapping import propose
from geo.sources.new_pack import NewPack
from geo.sources.services import read_services, words_of
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities

DAY = "2026-11-22"
MINE = Origin("mine", "My table", kind="other")
LIBRARY = open_library()
PROCEDURES = [e for e in LIBRARY.values() if e.kind == "procedure"]
NAMES = {
    name: entry.slug
    for entry in PROCEDURES
    for name in (entry.title, entry.slug, *entry.also_known_as)
    if len(name) >= 4 and not set(name) & set(";,|/")
}


def said(*cells: str, origin: Origin = MINE) -> list[dict[str, object]]:
    ids = [f"mine:{i}" for i in range(len(cells))]
    return read_services(ids, pd.Series(cells, dtype="object"), origin)


def read(path: Path, text: str, origin: Origin = MINE) -> Batch:
    path.write_text(text, "utf-8")
    sheet = read_sheet(path)
    return read_facilities(path, propose(sheet).mapping, origin, DAY, None, sheet)


@given(st.sampled_from(sorted(NAMES)), st.sampled_from([str.upper, str.lower, str.title]))
def test_every_name_of_a_procedure_speaks_of_it(name: str, written: object) -> None:
    (row,) = said(written(name))  # type: ignore[operator]
    assert row["procedure"] == NAMES[name]
    assert row["status"] == "offered"


@pytest.mark.parametrize(
    "word", ["CS", "HD", "No dialysis", "Dialysis planned", "X-ray", "psoriasis"]
)
def test_what_is_only_nearly_an_entry_decides_nothing(word: str) -> None:
    (row,) = said(word)
    assert row["service"] == word.lower()
    assert "procedure" not in row


def test_specialties_go_where_they_are_read(tmp_path: Path) -> None:
    batch = read(
        tmp_path / "own.csv",
        "name,lat,lon,specialty,services\n"
        "A,27.1,89.1,Dermatology,Surgery; Haemodialysis; Radiotherapy\n"
        "B,27.2,89.2,,haemodialysis | haemodialysis\n"
        "C,27.3,89.3,,\n",
    )
    specialties = batch.providers["specialties"]
    assert specialties[0] == ["dermatology", "general-surgery"]
    assert specialties[1:].isna().all()
    about = batch.evidence[["provider_id", "procedure", "service"]].fillna("")
    a, b = batch.providers["provider_id"].to_list()[:2]
    assert about.to_numpy().tolist() == [
        [a, "haemodialysis", ""],
        [a, "", "radiotherapy"],
        [b, "haemodialysis", ""],
    ]
    assert not any("specialty" in why for _, why in batch.report.counts)


@pytest.mark.parametrize("cells", [["yes", "no"], ["12", "7"], ["true", "false"]])
def test_numbers_and_yes_are_no_services(tmp_path: Path, cells: list[str]) -> None:
    rows = "".join(f"P{i},27.{i},89.{i},{cell}\n" for i, cell in enumerate(cells))
    batch = read(tmp_path / "own.csv", f"name,lat,lon,services\n{rows}")
    assert batch.evidence.empty


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (MINE, "reported"),
        (Origin("r", "Register", as_of="2026-05", kind="official"), "confirmed"),
        (Origin("r", "Register", as_of="2019", kind="official"), "reported"),
        (Origin("r", "Register", kind="official"), "reported"),
    ],
)
def test_who_says_it_and_when_decides_how_sure_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: Origin, status: str
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path / "packs"))
    text = "name,type,lat,lon,services\nPlain Hospital,hospital,27.1,89.1,Dialysis; Eye camp\n"
    import_into("own", [read(tmp_path / "own.csv", text, origin)], NewPack("Own"))
    answer = find_care(open_pack("own"), "haemodialysis", "27.1, 89.1", today=dt.date(2026, 11, 22))
    row = answer.results.iloc[0]
    assert (row["name"], row["status"]) == ("Plain Hospital", status)
    (shown,) = answer_rows(answer)
    assert shown.source.startswith(f"{origin.title}, ")
    assert [s.text for s in shown.services] == [
        "Eye camp: “Eye camp” stands in its list of services."
    ]


def test_words_are_parted_as_people_part_them() -> None:
    assert words_of(" Surgery;X-ray ,  Births\n• Dialysis / ; ") == [
        *("Surgery", "X-ray", "Births", "Dialysis")
    ]
