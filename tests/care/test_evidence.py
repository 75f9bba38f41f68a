"""The rules of evidence, one test per sentence; and what they give for Bhutan."""

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from geo.care.assessment import assess
from geo.care.entry import Procedure
from geo.care.evidence import order
from geo.packs.dates import is_old
from geo.packs.pack import Pack
from tests.conftest import TODAY, entry, table

SETTINGS = ("hospital", "regional_referral_hospital", "specialist_centre")
PATCH = entry(
    "patch",
    performed_by=(("anaesthesiology", "pain-medicine"),),
    related={"epidural": "epidurals in labour"},
    settings=SETTINGS,
    practitioners={"anaesthesiology": "an anaesthesiologist", "pain-medicine": "a pain doctor"},
)


def revised(procedure: Procedure, **changes: Any) -> Procedure:
    return procedure.model_copy(update=changes)


def provider(number: int = 1, **cells: Any) -> dict[str, str]:
    return {
        "provider_id": f"t:{number}",
        "kind": "facility",
        "name": f"Place {number}",
        "facility_type": "hospital",
        "lat": "0",
        "lon": "0",
        "location_precision": "exact",
        "sources": "register",
        "retrieved": "2026-01",
        **cells,
    }


def said(
    status: str, as_of: str = "", kind: str = "press", number: int = 1, **word: Any
) -> dict[str, Any]:
    return {
        "provider_id": f"t:{number}",
        "status": status,
        "as_of": as_of,
        "source_kind": kind,
        "statement": f"{status} {as_of}",
        **(word or {"procedure": "patch"}),
    }


def ask(
    *rows: dict[str, Any], procedure: Procedure = PATCH, today: dt.date = TODAY, **cells: Any
) -> pd.Series:
    dated = cells.pop("source_as_of", None)
    providers = table("providers", provider(**cells)).assign(source_as_of=dated)
    found = assess(providers, table("evidence", *rows), procedure, today)
    return found.loc["t:1"] if len(found) else pd.Series({"status": None})  # type: ignore[return-value]


# Which rows count


def test_the_newest_dated_row_decides() -> None:
    assert ask(said("not_offered", "2024"), said("offered", "2025"))["status"] == "reported"
    assert ask(said("offered", "2024"), said("not_offered", "2025"))["status"] == "not_offered"


def test_a_date_counts_from_the_end_of_its_period() -> None:
    assert ask(said("offered", "2025"), said("not_offered", "2025-06"))["status"] == "reported"


def test_undated_rows_are_the_oldest_and_never_cancel_a_dated_one() -> None:
    answer = ask(said("offered", "2015"), said("not_offered"))
    assert answer["status"] == "reported"
    assert answer["contrary"]


def test_newest_rows_of_equal_date_that_disagree_make_it_disputed() -> None:
    answer = ask(said("offered", "2025-03"), said("not_offered", "2025-03"))
    assert (answer["status"], answer["disputed"]) == ("unknown", True)


def test_the_statements_of_a_dispute_are_all_shown() -> None:
    rows = said("offered", "2025-03"), said("not_offered", "2025-03"), said("offered", "2019")
    answer = ask(*rows)
    assert (answer["rows"], answer["against"]) == ((0,), (1,))
    assert set(answer["history"]) == {1, 2}
    assert (answer["contrary"], answer["old"]) == (False, False)
    answer = ask(*(said(s, specialty="anaesthesiology") for s in ("specialist", "not_offered")))
    assert (answer["rows"], answer["against"], answer["old"]) == ((0,), (1,), None)


def test_only_undated_rows_that_disagree_make_it_disputed() -> None:
    answer = ask(said("offered"), said("not_offered"))
    assert (answer["status"], answer["disputed"]) == ("unknown", True)


def test_offered_and_specialist_do_not_disagree() -> None:
    answer = ask(said("offered", "2025"), said("specialist", "2025"))
    assert (answer["status"], answer["disputed"]) == ("reported", False)


@pytest.mark.parametrize("status", ["planned", "outage", "visiting"])
def test_notices_are_shown_and_never_counted(status: str) -> None:
    answer = ask(said(status, "2026"))
    assert answer["status"] == "unknown"
    assert answer["notices"] == (0,)
    answer = ask(said("offered", "2025"), said(status, "2026"))
    assert (answer["status"], answer["notices"]) == ("reported", (1,))


def test_superseded_rows_are_history_and_the_opposite_sets_contrary() -> None:
    answer = ask(said("offered", "2020"), said("not_offered", "2018"), said("offered", "2016"))
    assert answer["status"] == "reported"
    assert answer["rows"] == (0,)
    assert answer["history"] == (1, 2)
    assert answer["against"] == (1,)
    assert answer["contrary"]


def test_agreeing_history_is_not_contrary() -> None:
    assert not ask(said("offered", "2020"), said("offered", "2016"))["contrary"]


# Status


@pytest.mark.parametrize("kind", ["official", "registry", "claims"])
def test_confirmed_by_a_fresh_offer_from_these_sources(kind: str) -> None:
    assert ask(said("offered", "2024", kind))["status"] == "confirmed"


@pytest.mark.parametrize("kind", ["paper", "press", "other"])
def test_other_sources_only_report(kind: str) -> None:
    assert ask(said("offered", "2026", kind))["status"] == "reported"


def test_an_offer_of_more_than_three_years_only_reports() -> None:
    assert ask(said("offered", "2022", "official"))["status"] == "reported"
    assert ask(said("offered", "", "official"))["status"] == "reported"


def test_confirmed_only_if_not_contradicted_later() -> None:
    rows = said("offered", "2024", "official"), said("not_offered", "2025")
    assert ask(*rows)["status"] == "not_offered"


def test_a_newer_press_report_does_not_weaken_a_confirmation() -> None:
    answer = ask(said("offered", "2024", "official"), said("offered", "2026", "press"))
    assert (answer["status"], answer["rows"]) == ("confirmed", (0,))
    assert answer["history"] == (1,)


def test_a_specialist_row_that_names_the_procedure_is_likely() -> None:
    assert ask(said("specialist", "2025"))["status"] == "likely"


def test_likely_when_one_specialty_of_the_group_is_on_record() -> None:
    assert ask(said("specialist", "2025", specialty="pain-medicine"))["status"] == "likely"
    assert ask(said("offered", "2025", specialty="anaesthesiology"))["status"] == "likely"


def test_every_group_is_needed() -> None:
    caesarean = revised(PATCH, performed_by=(("obstetrics-gynaecology",), ("anaesthesiology",)))
    one = said("specialist", "2025", specialty="anaesthesiology")
    other = said("specialist", "2020", specialty="obstetrics-gynaecology")
    assert ask(one, procedure=caesarean)["status"] == "unknown"
    both = ask(one, other, procedure=caesarean)
    assert (both["status"], both["as_of"], both["old"]) == ("likely", "2020", True)


def test_empty_performed_by_never_gives_likely() -> None:
    assert ask(procedure=revised(PATCH, performed_by=()))["status"] == "unknown"


def test_a_specialty_of_the_register_counts() -> None:
    doctor: dict[str, Any] = {
        "specialties": "anaesthesiology",
        "kind": "practitioner",
        "facility_type": "",
    }
    answer = ask(**doctor)
    assert (answer["status"], answer["old"]) == ("likely", None)
    assert pd.isna(answer["as_of"])
    answer = ask(**doctor, source_as_of="2025")
    assert (answer["status"], answer["as_of"], answer["old"]) == ("likely", "2025", False)


def test_a_nurse_anaesthetist_alone_does_not_count(library: dict[str, Procedure]) -> None:
    entry = library["epidural-blood-patch"]
    assert "nurse-anaesthesia" not in entry.specialties
    row = said("offered", "2025", specialty="nurse-anaesthesia")
    assert ask(row, procedure=entry)["status"] == "unknown"


def test_one_denied_specialty_of_two_is_said_and_leaves_it_unknown() -> None:
    answer = ask(said("not_offered", "2019", specialty="anaesthesiology"))
    assert (answer["status"], answer["contrary"], answer["old"]) == ("unknown", False, True)
    assert answer["rows"] == (0,)
    assert "no anaesthesiologist" in answer["reason"]


def test_not_offered_when_every_specialty_of_a_group_is_denied() -> None:
    one = said("not_offered", "2025", specialty="anaesthesiology")
    other = said("not_offered", "2025", specialty="pain-medicine")
    assert ask(one)["status"] == "unknown"
    assert ask(one, other)["status"] == "not_offered"


def test_unknown_is_a_facility_of_the_settings() -> None:
    assert ask()["status"] == "unknown"
    assert ask(facility_type="small_hospital")["status"] is None
    assert ask(kind="practitioner")["status"] is None


def test_a_specialist_centre_is_unknown_only_with_a_fitting_specialty() -> None:
    assert ask(facility_type="specialist_centre")["status"] is None
    hospitals_only = revised(PATCH, settings=("hospital",), performed_by=(("a",), ("b",)))
    one = said("offered", "2025", specialty="a")
    assert ask(one, procedure=hospitals_only, facility_type="specialist_centre")["status"] is None
    caesarean = revised(PATCH, performed_by=(("obstetrics-gynaecology",), ("anaesthesiology",)))
    row = said("offered", "2025", specialty="anaesthesiology")
    assert ask(row, procedure=caesarean, facility_type="specialist_centre")["status"] == "unknown"


def test_a_disputed_specialty_is_marked() -> None:
    rows = (
        said("specialist", specialty="anaesthesiology"),
        said("not_offered", specialty="anaesthesiology"),
    )
    answer = ask(*rows)
    assert (answer["status"], answer["disputed"]) == ("unknown", True)


def test_care_is_confirmed_by_the_register_that_names_the_type(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    found = assess(bhutan.providers, bhutan.evidence, library["hospital-care"], TODAY)
    assert found["status"].value_counts().to_dict() == {"reported": 49}
    paro = found.loc["survey:paro-hospital"]
    assert (paro["status"], paro["old"]) == ("reported", True)
    assert paro["reason"] == "Listed in the register of 2021 as a hospital."


@pytest.mark.parametrize(
    ("kind", "as_of", "status"),
    [
        ("registry", "2026-06", "confirmed"),
        ("official", "2024", "confirmed"),
        ("registry", "2022", "reported"),
        ("registry", None, "reported"),
        ("other", "2026-06", "reported"),
        ("press", None, "reported"),
    ],
)
def test_only_a_dated_register_of_three_years_confirms_care(
    bhutan: Pack, library: dict[str, Procedure], kind: str, as_of: str | None, status: str
) -> None:
    listed = bhutan.providers.assign(source_kind=kind, source_as_of=as_of)
    found = assess(listed, bhutan.evidence, library["hospital-care"], TODAY)
    assert set(found["status"]) == {status}


def statuses(library: dict[str, Procedure], slug: str, *rows: dict[str, str]) -> dict[str, str]:
    found = assess(table("providers", *rows), table("evidence"), library[slug], TODAY)
    return {str(provider_id): str(status) for provider_id, status in found["status"].items()}


def test_whoever_leads_decides_of_a_person(library: dict[str, Procedure]) -> None:
    rows = (
        provider(1, kind="practitioner", facility_type="", specialties="orthopaedics"),
        provider(2, kind="practitioner", facility_type="", specialties="nurse-anaesthesia"),
        provider(3, specialties="orthopaedics"),
        provider(4, specialties="orthopaedics;nurse-anaesthesia"),
    )
    found = statuses(library, "knee-replacement", *rows)
    assert found == {"t:1": "likely", "t:3": "unknown", "t:4": "likely"}


def test_a_centre_made_for_it_counts_without_a_specialty(library: dict[str, Procedure]) -> None:
    centre = {"facility_type": "specialist_centre"}
    rows = (
        provider(1, **centre, centre_type="dialysis"),
        provider(2, **centre, centre_type="surgery"),
        provider(3, **centre),
    )
    assert statuses(library, "haemodialysis", *rows) == {"t:1": "unknown"}
    assert statuses(library, "cataract-surgery", *rows) == {"t:2": "unknown"}
    assert statuses(library, "epidural-blood-patch", *rows) == {}


def test_conditions_are_likely_or_unknown_only() -> None:
    condition = revised(PATCH, kind="condition")
    assert ask(said("offered", "2026", "official"), procedure=condition)["status"] == "unknown"
    denied = [said("not_offered", "2025", specialty=w) for w in PATCH.specialties]
    answer = ask(*denied, procedure=condition)
    assert (answer["status"], answer["contrary"]) == ("unknown", False)
    assert answer["rows"] == (0, 1)
    row = said("specialist", "2025", specialty="anaesthesiology")
    assert ask(row, procedure=condition)["status"] == "likely"


# Age


def test_older_than_three_years_is_old_and_undated_is_null() -> None:
    assert ask(said("offered", "2022"))["old"] is True
    assert ask(said("offered", "2023"))["old"] is False
    assert ask(said("offered"))["old"] is None


def test_three_years_to_the_day() -> None:
    assert is_old("2023-11-22", TODAY) is False
    assert is_old("2023-11-21", TODAY) is True
    assert is_old(None, TODAY) is None


# Order


def _results() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["far likely related", "near likely", "near unknown", "confirmed", "reported"],
            "status": ["likely", "likely", "unknown", "confirmed", "reported"],
            "related": [True, False, False, False, False],
            "road_km": [90.0, 10.0, 10.0, 95.0, float("nan")],
        }
    )


def test_strongest_evidence_first_related_first_among_the_likely() -> None:
    names = order(_results(), "evidence", "road_km")["name"].tolist()
    assert names == ["confirmed", "reported", "far likely related", "near likely", "near unknown"]


def test_nearest_first_and_the_better_status_at_equal_distance() -> None:
    names = order(_results(), "distance", "road_km")["name"].tolist()
    assert names == ["near likely", "near unknown", "far likely related", "confirmed", "reported"]


def test_farther_away_a_related_service_moves_nobody_up() -> None:
    names = order(_results(), "evidence", "road_km", related_first=False)["name"].tolist()
    assert names.index("near likely") < names.index("far likely related")


def test_nobody_at_all() -> None:
    found = assess(table("providers"), table("evidence"), PATCH, TODAY)
    assert found.empty


# Bhutan


def about(bhutan: Pack, slug: str, name: str) -> pd.Series:
    asked = entry(slug, settings=("hospital", "national_referral_hospital"))
    found = assess(bhutan.providers, bhutan.evidence, asked, TODAY)
    return found.loc[bhutan.providers.set_index("name").loc[name, "provider_id"]]  # type: ignore[index]


def test_haemodialysis_in_paro_is_reported_with_2025(bhutan: Pack) -> None:
    answer = about(bhutan, "haemodialysis", "Paro Hospital")
    assert (answer["status"], answer["as_of"], answer["old"]) == ("reported", "2025", False)


def test_labour_epidural_at_the_referral_hospital_with_2014_as_history(bhutan: Pack) -> None:
    name = "Jigme Dorji Wangchuck National Referral Hospital"
    answer = about(bhutan, "labour-epidural", name)
    assert (answer["status"], answer["as_of"]) == ("reported", "2021")
    assert "2014-09" in bhutan.evidence.loc[list(answer["history"]), "as_of"].tolist()
    assert answer["contrary"]


def test_eight_hospitals_are_likely_for_a_blood_patch(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    found = assess(bhutan.providers, bhutan.evidence, library["epidural-blood-patch"], TODAY)
    assert found["status"].value_counts().to_dict() == {"unknown": 19, "likely": 8}
    small = bhutan.providers.loc[bhutan.providers["facility_type"] == "small_hospital"]
    assert not set(small["provider_id"]) & set(found.index)


def test_the_reason_for_a_person_speaks_of_a_person() -> None:
    doctor: dict[str, Any] = {
        "specialties": "anaesthesiology",
        "kind": "practitioner",
        "facility_type": "",
    }
    found = ask(**doctor)
    assert found["reason"] == "On record as an anaesthesiologist. Nobody has said that they do it."
