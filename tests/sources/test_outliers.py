"""Rows far from all others: slips, overseas territories, and districts that mostly lie wrong."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.sources.batch import Batch, Origin
from geo.sources.mapping import propose
from geo.sources.outliers import find_outliers
from geo.sources.sheets import read_sheet
from geo.sources.table import Near, read_facilities
from geo.sources.vocabulary import FIELDS, LEVEL_OF, folded

#: Middles of ten districts of a country 1,000 km wide.
DISTRICTS = [(45.0 + n // 5 * 3, 1.0 + n % 5 * 2) for n in range(10)]


def country(rng: np.random.Generator) -> tuple[list[float], list[float], list[str]]:
    """Thirty rows in each district."""
    lat, lon, name = [], [], []
    for n, (y, x) in enumerate(DISTRICTS):
        lat += (y + rng.normal(0, 0.2, 30)).tolist()
        lon += (x + rng.normal(0, 0.2, 30)).tolist()
        name += [f"D{n}"] * 30
    return lat, lon, name


@given(seed=st.integers(0, 10_000), wrong=st.integers(1, 9))
def test_a_slip_of_the_pen_is_found_and_nothing_else(seed: int, wrong: int) -> None:
    rng = np.random.default_rng(seed)
    lat, lon, name = country(rng)
    slips = rng.choice(len(lat), wrong, replace=False)
    for i in slips:
        lat[i], lon[i] = -lat[i], lon[i] + 90
    found = find_outliers(np.array(lat), np.array(lon), np.array(name))
    assert set(np.flatnonzero(~np.isnan(found.far_km))) == set(slips)
    assert not found.overseas.any()


@given(seed=st.integers(0, 10_000), rows=st.integers(5, 40))
def test_a_territory_overseas_stays_and_is_told(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    lat, lon, name = country(rng)
    size = len(lat)
    lat += (-21.1 + rng.normal(0, 0.1, rows)).tolist()
    lon += (55.5 + rng.normal(0, 0.1, rows)).tolist()
    found = find_outliers(np.array(lat), np.array(lon), np.array([*name, *["Réunion"] * rows]))
    assert np.isnan(found.far_km).all()
    assert np.flatnonzero(found.overseas).tolist() == list(range(size, size + rows))


@given(seed=st.integers(0, 10_000), junk=st.integers(6, 20), piled=st.booleans())
def test_a_district_that_mostly_lies_wrong_keeps_its_true_rows(
    seed: int, junk: int, piled: bool
) -> None:
    """Most of its rows stand in the capital, as a geocoder's last resort puts them."""
    rng = np.random.default_rng(seed)
    lat, lon, name = country(rng)
    capital = DISTRICTS[0]
    spread = 0.0 if piled else 0.2
    lat += [*(capital[0] + rng.normal(0, spread, junk)), 48.0, 48.1, 48.05]
    lon += [*(capital[1] + rng.normal(0, spread, junk)), 11.5, 11.4, 11.45]
    found = find_outliers(np.array(lat), np.array(lon), np.array([*name, *["Far"] * (junk + 3)]))
    true = slice(len(lat) - 3, None)
    assert np.isnan(found.far_km[true]).all()
    assert found.doubtful[true].all()


def test_the_outline_decides_where_most_rows_of_a_district_are_somewhere_else() -> None:
    rng = np.random.default_rng(1)
    lat, lon, name = country(rng)
    lat += [-30.0 + n / 100 for n in range(8)] + [48.0, 48.1]
    lon += [100.0] * 8 + [11.5, 11.4]
    found = find_outliers(
        np.array(lat), np.array(lon), np.array([*name, *["Far"] * 10]), (-1, 43, 13, 50)
    )
    assert not np.isnan(found.far_km[-10:-2]).any()
    assert np.isnan(found.far_km[-2:]).all()


def read(path: Path, text: str, near: Near | None = None) -> Batch:
    path.write_text(text, "utf-8")
    sheet = read_sheet(path)
    mapping = propose(sheet).mapping
    return read_facilities(path, mapping, Origin("t", "T"), "2026-11-26", near, sheet)


def test_every_word_for_a_region_has_a_level() -> None:
    assert {folded(word) for word in FIELDS["region"]} <= set(LEVEL_OF)


def test_counties_of_one_name_in_two_states_are_two(tmp_path: Path) -> None:
    rows = [
        f"Clinic {state} {n},Washington,{state},{lat + n / 50},{lon}"
        for state, lat, lon in (("Maine", 44.8, -67.6), ("Oregon", 45.5, -123.1))
        for n in range(12)
    ]
    for order in ("county,state", "state,county"):
        cells = [row.split(",") for row in rows]
        if order == "state,county":
            cells = [[c[0], c[2], c[1], *c[3:]] for c in cells]
        text = "\n".join(",".join(c) for c in [["name", *order.split(","), "lat", "lon"], *cells])
        found = read(tmp_path / "t.csv", text)
        assert len(found.providers) == 24
        places = found.places[found.places["name"] == "Washington"]
        assert sorted(places["within"]) == ["Maine", "Oregon"]
        assert places["place_id"].is_unique


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("first name,last name", "Ada,Example"),
        ("prénom,nom de famille", "Ada,Example"),
        ("Vorname,Nachname", "Ada,Example"),
        ("last name,first name", "Example,Ada"),
    ],
)
def test_first_and_last_names_are_one_name(tmp_path: Path, header: str, row: str) -> None:
    found = read(tmp_path / "t.csv", f"{header},lat,lon\n{row},27.5,89.6\n,,27.6,89.7\n")
    assert found.providers["name"].tolist() == ["Ada Example"]
    assert found.providers["kind"].tolist() == ["practitioner"]
    assert found.report.adds_up


def test_a_person_to_ask_is_not_the_place(tmp_path: Path) -> None:
    text = "facility,contact first name,contact last name,lat,lon\nAlpha Clinic,Ada,E,27.5,89.6\n"
    found = read(tmp_path / "t.csv", text)
    assert found.providers["name"].tolist() == ["Alpha Clinic"]
    assert found.providers["kind"].tolist() == ["facility"]
