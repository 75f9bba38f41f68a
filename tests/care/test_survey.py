"""A survey of a directory: a fair sample, its answers, and what they come to."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.care.assessed import Assessed, assess_pack
from geo.care.calibration import CALLS, calibrate, wilson
from geo.care.entry import Procedure
from geo.care.survey import (
    DUE_DAYS,
    FIELDS,
    Call,
    accuracy,
    draw_sample,
    record_call,
    start_survey,
    when_due,
)
from geo.errors import CareReachError
from geo.output.surveys import call_sheet_html, progress_text, survey_report
from geo.packs.check import check_pack
from geo.packs.pack import Pack, open_pack
from tests.conftest import TODAY, table, with_rows

SLUG = "haemodialysis"


@pytest.fixture(scope="module")
def seen(bhutan: Pack, library: dict[str, Procedure]) -> Assessed:
    return assess_pack(bhutan, library[SLUG], TODAY)


def test_every_place_of_a_status_is_as_likely_to_be_drawn(seen: Assessed) -> None:
    """Over 200 seeds, each of the 18 unknown places is drawn about as often as any other."""
    drawn: Counter[str] = Counter()
    for seed in range(200):
        sample = draw_sample(seen, 5, seed)
        drawn.update(sample.loc[sample["status"] == "unknown", "provider_id"])
    size = int((seen.rows["status"] == "unknown").sum())
    mean, spread = 200 * 5 / size, np.sqrt(200 * 5 / size * (1 - 5 / size))
    assert len(drawn) == size
    assert max(abs(count - mean) for count in drawn.values()) < 4.5 * spread


def test_the_seed_decides_and_the_order_of_rows_does_not(seen: Assessed) -> None:
    shuffled = with_rows(seen, seen.rows.sample(frac=1, random_state=3))
    once, again = draw_sample(seen, 5, 7), draw_sample(shuffled, 5, 7)
    pd.testing.assert_frame_equal(once, again)
    assert list(once["provider_id"]) != list(draw_sample(seen, 5, 8)["provider_id"])
    assert not once["provider_id"].duplicated().any()
    assert set(once["drawn"]) == {TODAY.isoformat()}
    sizes = seen.rows["status"].value_counts()
    for status, rows in once.groupby("status"):
        assert len(rows) == min(5, sizes[status])
        assert set(rows["of"]) == {sizes[status]}


def test_nobody_to_draw_from_is_said(seen: Assessed) -> None:
    with pytest.raises(CareReachError, match="nobody to draw from"):
        draw_sample(with_rows(seen, seen.rows.iloc[:0]), 5, 1)


def survey_of(*answers: tuple[str, int, bool | None]) -> pd.DataFrame:
    """A survey: of each place its status, how many the status has, and whether it does it."""
    rows: list[dict[str, Any]] = [
        {
            "provider_id": f"t:{n}",
            "name": f"Place {n}",
            "procedure": "surgery",
            "status": status,
            "of": str(of),
            "drawn": "2026-01-01",
            "seed": "1",
            "asked": "2026-01-05" if does is not None else "",
            "who": "the desk" if does is not None else "",
            "does_it": {True: "yes", False: "no", None: ""}[does],
        }
        for n, (status, of, does) in enumerate(answers)
    ]
    return table("survey", *rows)


def test_the_shares_of_each_status_and_of_all() -> None:
    """10 of 900 likely and 10 of 100 unknown: all is nine parts likely, one part unknown."""
    likely = [("likely", 900, n < 8) for n in range(10)]
    unknown = [("unknown", 100, n < 2) for n in range(10)]
    silent: list[tuple[str, int, bool | None]] = [("unknown", 100, None)] * 5
    found = accuracy(survey_of(*likely, *unknown, *silent)).set_index("status")
    assert set(found["field"]) == {"does_it"}
    assert found["share"].to_dict() == pytest.approx({"likely": 0.8, "unknown": 0.2, "all": 0.74})
    assert found["answers"].to_dict() == {"likely": 10, "unknown": 10, "all": 20}
    low, high = wilson(8, 10)
    assert (found.loc["likely", "low"], found.loc["likely", "high"]) == pytest.approx((low, high))
    # Nine tenths of the weight rest on ten answers: hardly more certain than these alone.
    effective = (10 * 90 + 10 * 10) ** 2 / (10 * 90**2 + 10 * 10**2)
    low, high = wilson(0.74 * effective, effective)
    assert (found.loc["all", "low"], found.loc["all", "high"]) == pytest.approx((low, high))


def test_a_survey_without_answers_has_no_shares() -> None:
    assert accuracy(survey_of(("likely", 5, None))).empty


def test_when_each_place_was_checked_and_is_due() -> None:
    survey = survey_of(("likely", 3, True), ("likely", 3, None), ("likely", 3, None))
    said = table(
        "evidence",
        {
            "provider_id": "t:1",
            "procedure": "surgery",
            "status": "offered",
            "statement": "It is done",
            "as_of": "2025-12",
            "source_kind": "official",
        },
    )
    day = dt.date(2026, 4, 4)
    due = when_due(survey, said, day).set_index("provider_id")
    assert due.loc["t:0", "checked"] == dt.date(2026, 1, 5)
    assert due.loc["t:0", "due"] == dt.date(2026, 1, 5) + dt.timedelta(days=DUE_DAYS)
    assert due.loc["t:1", "checked"] == dt.date(2025, 12, 31)
    assert due.loc["t:2", "checked"] is None
    assert due["is_due"].to_dict() == {"t:0": False, "t:1": True, "t:2": True}


@pytest.mark.parametrize("answer", [{"does_it": True}, {"takes_new": False}])
def test_an_answer_without_anybody_is_refused(answer: dict[str, bool]) -> None:
    with pytest.raises(CareReachError, match="Say who answered"):
        Call(TODAY, " ", **answer)
    assert Call(TODAY, phone_right=False).phone_right is False


def test_from_the_draw_to_the_page(
    seen: Assessed, home: Path, library: dict[str, Procedure]
) -> None:
    sample = draw_sample(seen, 3, 1)
    start_survey(seen.pack, sample)
    first, second, *_ = sample["provider_id"]
    told = Call(TODAY, "the ward", does_it=True, phone_right=True, takes_new=None)
    record_call(seen.pack, first, SLUG, told)
    record_call(seen.pack, second, SLUG, Call(TODAY, phone_right=False))
    pack = open_pack("bhutan")
    assert check_pack(pack.folder) == []
    survey = pack.survey.set_index("provider_id")
    assert list(survey.index) == list(sample["provider_id"])
    assert survey.loc[first, ["asked", "who", "does_it", "phone_right"]].to_list() == [
        TODAY.isoformat(),
        "the ward",
        True,
        True,
    ]
    # A call that nobody took: no answer, no role, and the place is as unchecked as before.
    assert pd.isna(survey.loc[second, "who"])
    assert progress_text(pack.survey).endswith("somebody answered at 1.")
    due = when_due(pack.survey, pack.evidence, TODAY).set_index("provider_id")
    assert due.loc[first, "checked"] == TODAY
    assert due.loc[second, "checked"] != TODAY
    assert survey.loc[second, list(FIELDS)].isna().to_list() == [True, False, True, True]
    new = pack.evidence.iloc[len(seen.pack.evidence) :]
    assert new[["provider_id", "procedure", "status", "as_of"]].to_numpy().tolist() == [
        [first, SLUG, "offered", TODAY.isoformat()]
    ]
    again = assess_pack(pack, library[SLUG], TODAY)
    assert again.rows.set_index("provider_id").loc[first, "status"] == "confirmed"
    known = calibrate(pack.providers, pack.evidence, library[SLUG], TODAY).answers
    assert known[["provider_id", "true", "measured_on"]].to_numpy().tolist() == [
        [first, True, CALLS]
    ]
    with pytest.raises(CareReachError, match="not among the places drawn"):
        record_call(pack, first, SLUG, told)
    with pytest.raises(CareReachError, match="not among the places drawn"):
        record_call(pack, "nobody:1", SLUG, told)
    # Drawn anew: what was said stays, and who was not called is replaced.
    start_survey(pack, draw_sample(again, 2, 9))
    survey = open_pack("bhutan").survey
    assert survey["asked"].notna().sum() == 2
    assert set(survey.loc[survey["asked"].isna(), "seed"]) == {9}
    waiting = survey[survey["asked"].isna()]
    sheet = call_sheet_html(pack, library[SLUG], waiting)
    assert sheet.count("☐ yes ☐ no") == len(FIELDS) * len(waiting)
    report = survey_report(open_pack("bhutan"), library[SLUG], survey, TODAY)
    assert f"2 of {len(survey)} places called" in report
    assert "seed 9" in report
    assert "<script" not in report
