"""The bundled pack of the United States: its records, its people, and how rows become places."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geo
from geo.care.assessment import assess
from geo.care.entry import Procedure
from geo.distance import km_to_kth
from geo.packs.check import check_pack, place_keys
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack, open_pack, record_page
from tests.command import run
from tests.conftest import TODAY
from tests.pages.app import html, page
from tools.us_records import facts, merge


@pytest.fixture(scope="module")
def us() -> Pack:
    return open_pack("us")


def providers_that(us: Pack, what: str, period: str = "") -> "pd.Series[bool]":
    """Whether each provider does something, as its own record or a statement of a period says."""
    places, said = us.providers, us.evidence
    if what == "any dialysis":
        return places["centre_type"] == "dialysis"
    if what == "emergency":
        return places["emergency"].fillna(False).astype(bool)
    about = said[["procedure", "specialty", "service"]].isin([what]).any(axis=1)
    about &= (said["status"] == "offered") & said["as_of"].fillna("").str.startswith(period)
    if what == "cardiac catheterization":
        about &= said["statement"].str.contains("2024")
    return places["provider_id"].isin(said.loc[about, "provider_id"])


def test_it_keeps_every_promise(us: Pack) -> None:
    assert check_pack(us.folder) == []


def test_its_people_are_those_of_the_census_of_2020(us: Pack) -> None:
    tracts = facts("tract_centres")
    tracts = tracts[~tracts["county_fips"].str[:2].isin(["60", "66", "69", "72", "78"])]
    people = tracts["population"].astype("int64").groupby("US" + tracts["county_fips"]).sum()
    found = us.demand.groupby("region_id")["population"].sum().astype("int64")
    assert found.sum() == 331_449_281
    assert found.to_dict() == people[people > 0].to_dict()
    levels = us.regions["level"].value_counts().to_dict()
    assert levels == {2: 3_144, 1: 51}
    assert {"US02016", "US15003", "US11001", "US09110"} <= set(us.regions["region_id"])


#: What the records give, as people beyond 30 km and the median distance in km: computed elsewhere,
#: from the same records, by brute force on a sample.
REFERENCE = [
    ("any dialysis", "", 10_580_212, 3.50),
    ("haemodialysis", "2026", 10_684_483, 3.57),
    ("emergency", "", 6_489_456, 5.34),
    ("obstetrics-gynaecology", "2024", 21_505_452, 6.70),
    ("cardiac catheterization", "", 49_895_212, 7.90),
    ("knee-replacement", "2024", 52_678_161, 8.57),
]


@pytest.mark.parametrize(("what", "period", "beyond", "median_km"), REFERENCE)
def test_reference_values_to_the_person(
    us: Pack, what: str, period: str, beyond: int, median_km: float
) -> None:
    places = us.providers[providers_that(us, what, period)]
    km = km_to_kth(us.demand["lat"], us.demand["lon"], places["lat"], places["lon"], 1)
    people = us.demand["population"].to_numpy("int64")
    assert people[km > 30].sum() == beyond
    nearest = np.argsort(km)
    half = np.searchsorted(np.cumsum(people[nearest]), people.sum() / 2)
    assert km[nearest][half] == pytest.approx(median_km, abs=0.005)


@pytest.mark.parametrize(
    ("asked", "slug", "beyond"),
    [
        ("giving birth", "hospital-birth", 21_505_452),
        ("emergency room", "emergency-care", 6_489_456),
        ("dialysis", "haemodialysis", 10_684_483),
        ("any dialysis", "dialysis-any", 10_580_212),
    ],
)
def test_the_same_by_library_command_and_page(asked: str, slug: str, beyond: int) -> None:
    """Reference values where a person asks for them."""
    found = geo.measure_coverage(geo.open_pack("us"), asked, 30)
    assert found.covered["confirmed"] == 331_449_281 - beyond
    words = ("--pack", "us", "--procedure", asked, "--within-km", "30")
    total = json.loads(run("coverage", *words, "--format", "json").stdout)["total"]
    assert total["covered"]["confirmed"] == found.covered["confirmed"]
    known = total["expected"]
    assert (known is not None) == (slug == "hospital-birth")
    assert known is None or known["low"] < known["share"] < known["high"]
    app = page("pages/coverage.py", pack="us", procedure=slug, within_km="30", supply="confirmed")
    assert f"{beyond:,}" in html(app)


def test_a_column_decides_of_emergency_care(us: Pack, library: dict[str, Procedure]) -> None:
    found = assess(us.providers, us.evidence, library["emergency-care"], TODAY)
    said = us.providers.set_index("provider_id")["emergency"].reindex(found.index)
    assert set(found.loc[said.fillna(False), "status"]) == {"confirmed"}
    assert set(found.loc[~said.fillna(True), "status"]) == {"not_offered"}
    assert set(found["as_of"]) == {"2026-06"}


def test_every_record_is_kept_folded_or_counted(us: Pack) -> None:
    about = json.loads((us.folder / "datapackage.json").read_text("utf-8"))["description"]
    kept = len(us.providers)
    assert f"kept {kept:,}" in about
    read = {w: len(facts(w)) for w in ("hospitals", "dialysis", "mohs_sites")}
    assert read == {"hospitals": 5_432, "dialysis": 7_556, "mohs_sites": 2_337}
    numbers = [int(n.replace(",", "")) for n in pd.Series(about).str.findall(r"[\d,]+\d")[0]]
    for count in read.values():
        assert count in numbers


def test_nothing_is_confirmed_without_a_dated_register(
    us: Pack, library: dict[str, Procedure]
) -> None:
    hospital, primary = (
        assess(us.providers, us.evidence, library[slug], TODAY)
        for slug in ("hospital-care", "primary-care")
    )
    assert set(hospital["status"]) == {"confirmed"}
    assert set(hospital["as_of"]) == {"2026-06"}
    assert set(primary["status"]) == {"reported"}
    assert primary["as_of"].isna().all()


def test_what_is_on_record_near_portland_in_maine(us: Pack, library: dict[str, Procedure]) -> None:
    near = us.providers[(us.providers["locality"] == "Portland") & (us.providers["lat"] > 43)]
    near = near[near["lon"] > -71]
    hospitals = near[near["facility_type"] == "hospital"]
    assert len(hospitals) == 2
    assert set(hospitals["location_precision"]) == {"exact"}
    assert hospitals["phone"].notna().all()
    assert not hospitals["name"].str.contains("St Mary").any()
    for provider_id, sources in zip(hospitals["provider_id"], hospitals["sources"], strict=True):
        page = record_page(us, provider_id, sources)
        assert page is not None
        assert page.startswith("https://www.medicare.gov/care-compare/")
    for slug in ("haemodialysis", "knee-replacement", "colonoscopy"):
        status = assess(us.providers, us.evidence, library[slug], TODAY)["status"]
        assert "confirmed" in set(status.reindex(near["provider_id"])), slug


def test_a_centre_is_for_what_its_name_says(us: Pack) -> None:
    kinds = us.providers.set_index("name")["centre_type"]
    assert kinds["Maine Eye Center Pa"] == "eye"
    assert kinds["Portland Endoscopy Center"] == "endoscopy"
    assert us.providers["centre_type"].value_counts()["dialysis"] == 7_490


def test_no_place_is_listed_twice(us: Pack) -> None:
    for key in place_keys(us.providers):
        assert not key[key != ""].duplicated().any()


def test_names_are_written_as_names(us: Pack) -> None:
    assert not us.providers["name"].str.contains(r"['’]S\b").any()
    assert not us.providers["address"].str.contains(r"\d(?:St|Th)\b").any()
    assert us.providers["name"].str.contains(r"[a-z]").mean() > 0.99


def test_a_town_of_a_name_is_asked_about_by_state(us: Pack) -> None:
    assert find_place(us.places, "Portland").choices
    found = find_place(us.places, "Presque Isle, Maine").place
    assert found is not None
    assert found.lat == pytest.approx(46.68, abs=0.05)


cells = st.sampled_from(["", "1", "2", "3"])


@given(st.lists(st.tuples(cells, cells, cells, cells), min_size=1, max_size=12))
def test_rows_of_one_place_become_the_first_of_them(rows: list[tuple[str, ...]]) -> None:
    """Against the plain way: join whatever shares a key until nothing changes."""
    frame = pd.DataFrame(rows, columns=["phone", "address", "npi", "locality"])
    frame = frame.assign(provider_id=[f"x:{n}" for n in range(len(rows))], name="A")
    group = list(range(len(rows)))
    keys = [list(key) for key in place_keys(frame)]
    for _ in rows:
        for key in keys:
            for i in range(len(rows)):
                for j in range(len(rows)):
                    if key[i] and key[i] == key[j]:
                        group[i] = group[j] = min(group[i], group[j])
    kept, into = merge(frame)
    assert kept["provider_id"].tolist() == [f"x:{n}" for n in sorted(set(group))]
    assert all(into[f"x:{n}"] == f"x:{g}" for n, g in enumerate(group) if n != g)
