"""A row that breaks the contract is named by file, row and column."""

import pandas as pd
import pytest

from geo.errors import DataError
from geo.packs.contract import conform
from geo.packs.schema import COLUMNS
from tests.conftest import ROOT


def raw(table: str = "providers") -> pd.DataFrame:
    path = ROOT / "data" / "bhutan" / f"{table}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("lat", "north", "cannot be read as a number"),
        ("lat", "95", "latitude"),
        ("lon", "", "is empty"),
        ("kind", "clinic", "is not one of facility, practitioner"),
        ("provider_id", "abc", "<source>:<record>"),
        ("beds", "2.5", "cannot be read as a number"),
        ("phone", "02 322 496", "E.164"),
        ("retrieved", "2026-13", "YYYY"),
        ("retrieved", "01/01/2026", "YYYY"),
        ("name", "", "is empty"),
    ],
)
def test_one_bad_cell(column: str, value: str, reason: str) -> None:
    frame = raw()
    if column not in frame:
        frame[column] = ""
    frame.loc[3, column] = value
    with pytest.raises(DataError, match=reason) as error:
        conform(frame, "providers", "providers.csv")
    assert (error.value.file, error.value.row, error.value.column) == ("providers.csv", 5, column)


def test_an_id_twice() -> None:
    frame = raw()
    frame.loc[3, "provider_id"] = frame.loc[0, "provider_id"]  # type: ignore[assignment, index]
    with pytest.raises(DataError, match="stands here twice"):
        conform(frame, "providers", "providers.csv")


def test_evidence_names_exactly_one_service() -> None:
    frame = raw("evidence")
    frame.loc[5, ["procedure", "specialty", "service"]] = ["a", "b", ""]
    with pytest.raises(DataError, match="exactly one") as error:
        conform(frame, "evidence", "evidence.csv")
    assert error.value.row == 7


@pytest.mark.parametrize("column", ["name", "lat"])
def test_a_missing_column(column: str) -> None:
    with pytest.raises(DataError, match=column):
        conform(raw().drop(columns=column), "providers", "providers.csv")


def test_missing_values_are_na_and_lists_are_lists() -> None:
    frame = conform(raw(), "providers", "providers.csv")
    assert set(COLUMNS["providers"]) <= set(frame.columns)
    assert frame["phone"].isna().all()
    assert frame.loc[0, "also_known_as"] == ["JDWNRH", "Thimphu hospital"]
    assert not (frame == "").any(axis=None)


def test_yes_and_no() -> None:
    frame = raw().assign(telehealth="yes", wheelchair="no")
    found = conform(frame, "providers", "providers.csv")
    assert found["telehealth"].all()
    assert not found["wheelchair"].any()
