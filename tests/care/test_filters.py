"""Filters: only what is on record counts, and what is not on record is counted, not denied."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from geo.care.assessed import assess_pack, narrow
from geo.care.entry import Procedure
from geo.care.filters import Filters, choices, kept
from geo.care.find import Search, find_care
from geo.output.answer_text import count_text
from geo.packs.alike import alike_rows
from geo.packs.gazetteer import Place
from geo.packs.pack import Pack
from geo.packs.quality import measure_quality
from geo.sources.batch import frame_of
from tests.conftest import TODAY
from tests.samples import REGISTER, register

MONDAY = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("filters", "rows", "silent"),
    [
        (Filters(), [0, 1, 2, 3], 0),
        (Filters(kind="practitioner"), [2, 3], 0),
        (Filters(specialty="pain-medicine"), [2], 2),
        (Filters(language="sv"), [0], 2),
        (Filters(gender="female"), [2], 2),
        (Filters(wheelchair=True), [0], 2),
        (Filters(telehealth=True), [2], 3),
        (Filters(accepting=True), [3], 3),
        (Filters(emergency=True), [], 3),
        (Filters(open_now=True), [0], 2),
        (Filters(kind="facility", wheelchair=True, open_now=True), [0], 0),
    ],
)
def test_what_passes_and_what_is_silent(filters: Filters, rows: list[int], silent: int) -> None:
    passed, unknown = kept(REGISTER, filters, MONDAY)
    assert np.flatnonzero(passed).tolist() == rows
    assert unknown == silent
    assert bool(filters) == (filters != Filters())


def test_a_filter_is_offered_only_where_there_is_data(bhutan: Pack) -> None:
    assert choices(bhutan.alike) == {}
    assert choices(alike_rows(REGISTER)) == {
        "kind": ("facility", "practitioner"),
        "specialty": ("neurology", "pain-medicine"),
        "language": ("fi", "sv"),
        "gender": ("female", "male"),
        "telehealth": (),
        "accepting": (),
        "wheelchair": (),
        "open_now": (),
    }


def test_an_answer_is_narrowed_and_counts_with_it(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    providers = bhutan.providers.copy()
    providers["wheelchair"] = pd.Series([True, False, None, True, *[None] * 46], dtype="boolean")
    pack = dataclasses.replace(bhutan, providers=providers)
    whole = assess_pack(pack, library["hospital-care"], TODAY)
    some = narrow(whole, Filters(wheelchair=True), MONDAY)
    place = Place("p", "Thimphu", "town", "", 27.47, 89.64, "Thimphu")
    for measure in ("road", "straight"):
        every = find_care(whole, place, Search(500, measure=measure, limit=100))
        found = find_care(some, place, Search(500, measure=measure, limit=100))
        yes = every.results[every.results["wheelchair"].fillna(value=False)]
        assert found.results["provider_id"].tolist() == yes["provider_id"].tolist()
        assert sum(found.counts.values()) == 2
        assert found.results["road_km"].tolist() == yes["road_km"].tolist()
        assert found.assessed.silent == int(whole.rows["wheelchair"].isna().sum())
        # Where one can be seen does not depend on what was asked for.
        assert found.seen_at["provider_id"].tolist() == every.seen_at["provider_id"].tolist()
    assert narrow(whole, Filters(), MONDAY) is whole


def test_quality_in_figures(bhutan: Pack) -> None:
    found = measure_quality(bhutan.providers, bhutan.evidence, TODAY)
    shares = dict(found.shares)
    assert shares["a telephone number"] == 0
    assert shares["an exact position"] == 0.94
    assert (found.rows, found.statements) == (50, 227)
    assert found.old + found.undated == 227 - 17
    assert found.duplicates == ()


def test_likely_duplicates_are_named() -> None:
    rows = register(
        {"name": "Alpha Clinic"},
        {"name": "ALPHA clinic", "lat": 60.1705},
        {"name": "Alpha Clinic", "lat": 60.2},
        {"name": "Jo Doe", "npi": "1234567893"},
        {"name": "Jo Doe", "npi": "1003011404"},
    ).assign(source_as_of=None)
    evidence = frame_of([], "evidence")
    assert measure_quality(rows, evidence, TODAY).duplicates == (("s:0", "s:1"),)


def test_what_filters_leave_out_is_not_said_to_be_nowhere(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    place = Place("p", "Thimphu", "town", "", 27.47, 89.64, "Thimphu")
    for slug in ("hospital-care", "haemodialysis"):
        whole = assess_pack(bhutan, library[slug], TODAY)
        nobody = find_care(narrow(whole, Filters(wheelchair=True), MONDAY), place, Search(50))
        assert count_text(nobody) == ("Nobody within 50 km by road passes your filters.", "")
