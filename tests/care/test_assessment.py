"""Judging each kind of provider once gives what judging each provider gives."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.care.assessed import assess_pack
from geo.care.assessment import assess, assess_all
from geo.care.entry import Procedure
from geo.care.evidence import assess_each
from geo.care.library import open_library
from geo.packs.alike import BEARING, alike_rows
from geo.packs.pack import Pack, open_pack
from tests.conftest import TODAY, table

ENTRIES = open_library()
SLUGS = sorted(ENTRIES)
WORDS = ("anaesthesiology", "nephrology", "obstetrics", "")
PROVIDER = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["facility", "practitioner"]),
        "facility_type": st.sampled_from(["hospital", "specialist_centre", "clinic", ""]),
        "centre_type": st.sampled_from(["dialysis", "surgery", ""]),
        "specialties": st.lists(st.sampled_from(WORDS[:3]), max_size=2).map(";".join),
        "emergency": st.sampled_from(["yes", "no", ""]),
        "sources": st.sampled_from(["one", "two"]),
    }
)
STATEMENT = st.fixed_dictionaries(
    {
        "provider_id": st.integers(0, 12).map("t:{}".format),
        "status": st.sampled_from(["offered", "not_offered", "specialist", "planned"]),
        "as_of": st.sampled_from(["2025", "2026-03", "2019-01-02", ""]),
        "source_kind": st.sampled_from(["official", "press", "registry"]),
    }
)
SUBJECT = st.sampled_from(
    [
        {"procedure": "haemodialysis"},
        {"procedure": "labour-epidural"},
        {"procedure": "epidural-blood-patch"},
        {"specialty": "anaesthesiology"},
        {"specialty": "nephrology"},
    ]
)
ASKED = ("epidural-blood-patch", "haemodialysis", "hospital-care", "emergency-care", "sciatica")


@pytest.fixture(scope="module")
def us() -> Pack:
    return open_pack("us")


@given(
    rows=st.lists(PROVIDER, max_size=12),
    said=st.lists(st.tuples(STATEMENT, SUBJECT), max_size=8),
    slug=st.sampled_from(ASKED),
)
def test_it_is_the_same_row_by_row(
    rows: list[dict[str, str]], said: list[tuple[dict[str, str], dict[str, str]]], slug: str
) -> None:
    same = {"lat": "0", "lon": "0", "location_precision": "exact", "retrieved": "2026-01"}
    providers = table(
        "providers",
        *({**same, "provider_id": f"t:{n}", "name": f"P {n}", **row} for n, row in enumerate(rows)),
    )
    dates = {"one": "2026-01", "two": None}
    first = providers["sources"].map(lambda s: s[0])
    providers = providers.assign(
        source_as_of=first.map(dates), source_kind=first.map({"one": "registry", "two": "other"})
    )
    evidence = table("evidence", *({**row, **on, "statement": "said"} for row, on in said))
    expected = assess_each(providers, evidence, ENTRIES[slug], TODAY)
    found = assess(providers, evidence, ENTRIES[slug], TODAY)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.parametrize("slug", SLUGS)
def test_both_bundled_packs_are_assessed_the_same(
    library: dict[str, Procedure], bhutan: Pack, us: Pack, slug: str
) -> None:
    for pack in (bhutan, us):
        expected = assess_each(pack.providers, pack.evidence, library[slug], TODAY)
        found = assess(pack.providers, pack.evidence, library[slug], TODAY)
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_rows_that_are_alike_are_alike_in_all_that_bears(us: Pack) -> None:
    alike = alike_rows(us.providers)
    assert len(alike.first) < len(us.providers) / 20
    bearing = us.providers[list(BEARING)].map(lambda c: tuple(c) if isinstance(c, list) else c)
    first = bearing.iloc[alike.first[alike.number]].reset_index(drop=True)
    assert first.equals(bearing)


def test_some_rows_are_taken_as_they_are_in_the_whole(
    library: dict[str, Procedure], us: Pack
) -> None:
    assessed = assess_pack(us, library["haemodialysis"], TODAY)
    at = np.array([5, 0, len(assessed) - 1])
    pd.testing.assert_frame_equal(assessed.take(at), assessed.rows.iloc[at].reset_index(drop=True))


def test_another_frame_of_providers_is_looked_at_anew(
    library: dict[str, Procedure], us: Pack
) -> None:
    some = dataclasses.replace(us, providers=us.providers.head(50))
    assert us.alike.frame is us.providers
    found = assess_all(some.providers, some.evidence, library["hospital-care"], TODAY, some.alike)
    assert found.positions.max() < 50
