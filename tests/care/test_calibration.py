"""How often a status turns out true: made data with known shares, and births in the US pack."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.care.calibration import (
    CALLS,
    MIN_ANSWERS,
    Calibration,
    calibrate,
    has_answers,
    is_urban,
    tally,
    wilson,
)
from geo.care.entry import Procedure
from geo.distance import distance_km
from geo.packs.pack import ASKED, Pack, open_pack
from tests.conftest import TODAY, entry, table

SURGERY = entry(
    "surgery",
    performed_by=(("orthopaedics",),),
    settings=("hospital",),
    practitioners={"orthopaedics": "an orthopaedic surgeon"},
)
SURVEY, REGISTER = "https://survey.example/", "https://register.example/"


def made(truth: "list[tuple[bool, bool]]", **answer: Any) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Hospitals that have the specialty on record or not, and do it or not, as one survey says."""
    providers = table(
        "providers",
        *(
            {
                "provider_id": f"t:{n}",
                "kind": "facility",
                "name": f"Hospital {n}",
                "facility_type": "hospital",
                "lat": "0",
                "lon": "0",
                "location_precision": "exact",
                "sources": "register",
                "retrieved": "2026-01",
            }
            for n in range(len(truth))
        ),
    )
    rows = [
        {
            "provider_id": f"t:{n}",
            "specialty": "orthopaedics",
            "status": "offered",
            "statement": "An orthopaedic surgeon",
            "source_kind": "registry",
            "url": REGISTER,
        }
        for n, (skilled, _) in enumerate(truth)
        if skilled
    ]
    answers = [
        {
            "provider_id": f"t:{n}",
            "procedure": "surgery",
            "status": "offered" if does else "not_offered",
            "statement": "As the survey says",
            "as_of": "2025",
            "source_kind": "official",
            "url": SURVEY,
            **answer,
        }
        for n, (_, does) in enumerate(truth)
    ]
    return providers, table("evidence", *rows, *answers)


def measured(
    providers: pd.DataFrame, evidence: pd.DataFrame, procedure: Procedure = SURGERY
) -> Calibration:
    return calibrate(providers, evidence, procedure, TODAY)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_scipy(counted: tuple[int, int]) -> None:
    low, high = wilson(*counted)
    known = scipy.stats.binomtest(*counted).proportion_ci(0.95, "wilson")
    assert float(low) == pytest.approx(known.low, abs=1e-12)
    assert float(high) == pytest.approx(known.high, abs=1e-12)


def test_without_answers_there_is_no_share() -> None:
    assert np.isnan(wilson(0, 0)).all()
    assert tally(Calibration().answers, ("status",)).empty


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_every_answer_is_counted_under_what_is_known_without_it(
    truth: list[tuple[bool, bool]],
) -> None:
    found = measured(*made(truth))
    if len({does for _, does in truth}) == 1:
        assert found.answers.empty
        return
    for status, skill in (("likely", True), ("unknown", False)):
        does = [d for s, d in truth if s is skill]
        rows = found.answers[found.answers["status"] == status]
        assert (len(rows), rows["true"].sum()) == (len(does), sum(does))
        share = found.share(status, "facility", "hospital")
        assert (share is None) == (len(does) < MIN_ANSWERS)
        if share is not None:
            assert (share.true, share.answers) == (sum(does), len(does))


def test_known_shares_are_found_again() -> None:
    """Of 200 made countries the interval holds the share that each was made with in about 95 %."""
    random = np.random.default_rng(7)
    inside = 0
    for _ in range(200):
        chance = random.uniform(0.05, 0.95)
        low, high = wilson(random.binomial(80, chance), 80)
        inside += bool(low <= chance <= high)
    assert 180 <= inside <= 198
    truth = [(skilled, bool(random.random() < p)) for skilled, p in [(True, 0.62)] * 900]
    truth += [(False, bool(random.random() < 0.11)) for _ in range(900)]
    found = measured(*made(truth))
    for status, chance in (("likely", 0.62), ("unknown", 0.11)):
        share = found.share(status, "facility", "hospital")
        assert share is not None
        assert share.low <= chance <= share.high


def test_all_that_the_source_says_of_a_place_is_hidden() -> None:
    """The survey's own word on the specialty would make every place of its yes likely."""
    truth = [(False, n % 2 == 0) for n in range(40)]
    providers, evidence = made(truth)
    leak = evidence.assign(procedure=None, specialty="orthopaedics")
    found = measured(providers, pd.concat([evidence, leak], ignore_index=True))
    assert set(found.answers["status"]) == {"unknown"}


def test_what_another_source_says_stays() -> None:
    truth = [(False, n % 2 == 0) for n in range(40)]
    providers, evidence = made(truth)
    press = evidence.assign(source_kind="press", url="https://press.example/", status="offered")
    found = measured(providers, pd.concat([evidence, press], ignore_index=True))
    assert set(found.answers["status"]) == {"reported"}


def test_a_source_that_only_says_yes_measures_nothing() -> None:
    frames = made([(True, True)] * 40)
    assert not has_answers(frames[1], SURGERY)
    assert measured(*frames).answers.empty


def test_whoever_is_asked_can_say_no() -> None:
    """All said yes: that is an answer of people who were asked, and none of a list of payments."""
    frames = made([(True, True)] * 40, url="", note=f"{ASKED}the desk")
    share = measured(*frames).share("likely", "facility", "hospital")
    assert share is not None
    assert (share.true, share.answers, share.measured_on) == (40, 40, CALLS)


@pytest.mark.parametrize("kind", ["press", "paper", "other"])
def test_hearsay_is_no_answer(kind: str) -> None:
    frames = made([(True, True), (True, False)] * 20, source_kind=kind)
    assert measured(*frames).answers.empty


def test_undated_answers_do_not_count() -> None:
    assert measured(*made([(True, True), (True, False)] * 20, as_of="")).answers.empty


@pytest.mark.parametrize("kind", ["condition", "care"])
def test_what_nothing_confirms_has_no_shares(kind: str) -> None:
    frames = made([(True, True), (True, False)] * 20)
    assert measured(*frames, procedure=SURGERY.model_copy(update={"kind": kind})).answers.empty


def test_town_and_country_by_brute_force() -> None:
    random = np.random.default_rng(3)
    demand = pd.DataFrame(
        {
            "lat": random.uniform(0, 0.5, 300),
            "lon": random.uniform(0, 0.5, 300),
            "population": random.integers(0, 3_000, 300),
        }
    )
    lat, lon = random.uniform(-0.2, 0.7, (2, 50))
    for here_lat, here_lon, urban in zip(lat, lon, is_urban(lat, lon, demand), strict=True):
        km = distance_km(here_lat, here_lon, demand["lat"], demand["lon"])
        assert urban == (demand["population"].to_numpy()[km <= 10].sum() >= 50_000)


def test_births_in_the_united_states(library: dict[str, Procedure]) -> None:
    """Hospitals that say whether births take place, against obstetrics in an undated register."""
    us: Pack = open_pack("us")
    found = calibrate(us.providers, us.evidence, library["hospital-birth"], TODAY)
    counted = tally(found.answers, ("status", "place")).set_index(["status", "place"])
    assert counted[["true", "answers"]].to_numpy().tolist() == [
        [1_937, 2_201],
        [2, 7],
        [408, 1_403],
        [2, 72],
    ]
    assert set(found.shares) == {
        ("likely", "hospital"),
        ("unknown", "hospital"),
        ("unknown", "small_hospital"),
    }
