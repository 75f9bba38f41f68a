"""FHIR R4: the examples of US Core in, a pack out, valid, and in again as it was."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fhir.resources.R4B.bundle import Bundle

from geo.errors import DataError
from geo.output.fhir import bundle_of
from geo.packs.pack import Pack
from geo.packs.schema import COLUMNS
from geo.sources.batch import Origin, frame_of
from geo.sources.fhir import read_fhir
from tests.conftest import ROOT

SHARED = ROOT.parent / "shared" / "data" / "fhir"
DAY = "2026-11-22"
ORIGIN = Origin("directory", "A directory")


def plain(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return frame[columns].astype(object).where(frame[columns].notna(), None)


def bundle(path: Path, *resources: Mapping[str, object]) -> Path:
    entries = [{"resource": resource} for resource in resources]
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    return path


def test_the_bundled_pack_out_and_in_again(bhutan: Pack, tmp_path: Path) -> None:
    whole = bundle_of(bhutan)
    Bundle.model_validate(whole)
    path = tmp_path / "bhutan.json"
    path.write_text(json.dumps(whole))
    found = read_fhir([path], ORIGIN, "2020-01-01")
    columns = list(COLUMNS["providers"])
    pd.testing.assert_frame_equal(plain(found.providers, columns), plain(bhutan.providers, columns))
    columns = list(COLUMNS["evidence"])
    pd.testing.assert_frame_equal(plain(found.evidence, columns), plain(bhutan.evidence, columns))
    assert {o.name for o in found.origins} == {n for s in bhutan.providers["sources"] for n in s}
    assert all(o.title == bhutan.sources[o.name].title for o in found.origins)


def test_practitioners_out_and_in_again(bhutan: Pack, tmp_path: Path) -> None:
    row = {
        "provider_id": "npi:1234567893",
        "kind": "practitioner",
        "name": "Jo <Doe> & Söhne",
        "specialties": ["anaesthesiology", "pain-medicine"],
        "lat": 43.66,
        "lon": -70.26,
        "location_precision": "postcode",
        "phone": "+12075550123",
        "languages": ["en", "fr"],
        "gender": "female",
        "accepting_new": True,
        "telehealth": False,
        "npi": "1234567893",
        "sources": ["nppes"],
        "retrieved": DAY,
    }

    providers = frame_of([row], "providers")
    one = dataclasses.replace(
        bhutan, providers=providers, evidence=frame_of([], "evidence"), sources={}
    )
    whole = bundle_of(one)
    Bundle.model_validate(whole)
    path = tmp_path / "one.json"
    path.write_text(json.dumps(whole))
    found = read_fhir([path], ORIGIN, DAY)
    columns = list(COLUMNS["providers"])
    pd.testing.assert_frame_equal(plain(found.providers, columns), plain(providers, columns))


def test_a_directory_of_ones_own_making(tmp_path: Path) -> None:
    path = bundle(
        tmp_path / "b.json",
        {"resourceType": "Location", "id": "house", "name": "House", "status": "active",
         "position": {"latitude": 60.17, "longitude": 24.94},
         "hoursOfOperation": [{"daysOfWeek": ["mon", "tue"], "openingTime": "08:00:00",
                               "closingTime": "16:00:00"}],
         "type": [{"coding": [{"code": "PC"}]}]},
        {"resourceType": "Location", "id": "shut", "name": "Shut", "status": "inactive",
         "position": {"latitude": 60.17, "longitude": 24.94}},
        {"resourceType": "Practitioner", "id": "jo", "name": [{"family": "Doe", "given": ["Jo"]}],
         "gender": "female", "communication": [{"coding": [
             {"system": "urn:ietf:bcp:47", "code": "fi-FI"}]}]},
        {"resourceType": "PractitionerRole", "id": "r", "practitioner":
            {"reference": "http://example.org/fhir/Practitioner/jo"},
         "location": [{"reference": "Location/house"}],
         "specialty": [{"coding": [{"system": "http://nucc.org/provider-taxonomy",
                                    "code": "207L00000X"}]}],
         "availableTime": [{"daysOfWeek": ["wed"], "allDay": True}]},
        {"resourceType": "Organization", "id": "ins", "name": "Insurer",
         "type": [{"coding": [{"code": "pay"}]}]},
    )  # fmt: skip
    found = read_fhir([path], ORIGIN, DAY)
    assert found.report.adds_up
    rows = found.providers.set_index("provider_id")
    assert list(rows.index) == ["directory:Location/house", "directory:Practitioner/jo"]
    house, person = rows.iloc[0], rows.iloc[1]
    assert (house["facility_type"], house["opening_hours"]) == ("primary_care", "Mo,Tu 08:00-16:00")
    assert (person["lat"], person["specialties"]) == (60.17, ["anaesthesiology"])
    assert (person["languages"], person["opening_hours"]) == (["fi"], "We 00:00-24:00")
    assert found.report.counts["dropped", "it is not active"] == 1


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_the_examples_of_us_core() -> None:
    found = read_fhir(sorted(SHARED.glob("*.json")), ORIGIN, DAY)
    assert found.report.adds_up
    assert (found.report.read, found.report.kept) == (5, 4)
    assert found.providers["npi"].notna().all()
    kinds = dict(zip(found.providers["npi"], found.providers["facility_type"], strict=True))
    assert kinds["1234567893"] == "hospital"
    family = found.providers[found.providers["kind"] == "practitioner"]
    assert ["general-practice"] in family["specialties"].tolist()


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', "name,lat"])
def test_what_is_not_fhir(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(DataError, match="FHIR"):
        read_fhir([path], ORIGIN, DAY)


HOUSE = {"resourceType": "Location", "id": "h", "name": "H",
         "position": {"latitude": 1.5, "longitude": 2.5}}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"name": ["Doe"]}, {"telecom": None}, {"telecom": [None]},
        {"telecom": [{"system": "phone", "value": 5}]}, {"identifier": None}, {"identifier": ["x"]},
        {"alias": None}, {"extension": None}, {"extension": "x"}, {"address": {"line": None}},
        {"address": "street"}, {"position": {"latitude": "abc", "longitude": 2}},
        {"position": {"latitude": None, "longitude": 2}},
        {"position": {"latitude": 95, "longitude": 2}},
        {"position": {"latitude": 0, "longitude": 0}}, {"type": "x"}, {"type": [None]},
        {"managingOrganization": "x"}, {"hoursOfOperation": [{"daysOfWeek": None}]},
        {"extension": [{"url": "urn:carereach:sources", "valueString": {"a": 1}}]}, {"id": None},
        {"id": "with a space"},
    ],
    ids=str,
)  # fmt: skip
def test_an_odd_resource_is_dropped_or_read_and_the_others_stay(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path = bundle(tmp_path / "b.json", {**HOUSE, "id": "other"}, {**HOUSE, **change})
    found = read_fhir([path], ORIGIN, DAY)
    assert found.report.adds_up
    assert "directory:Location/other" in set(found.providers["provider_id"])


@pytest.mark.parametrize("entry", [None, "x", [None], [{"resource": None}], [{"resource": []}]])
def test_an_odd_bundle(tmp_path: Path, entry: object) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "entry": entry}))
    assert read_fhir([path], ORIGIN, DAY).providers.empty


def test_homes_old_names_and_ended_roles_are_no_ones_business(tmp_path: Path) -> None:
    home = {"use": "home", "line": ["1 Private Rd"], "state": "ME", "postalCode": "04101"}
    person = {
        "resourceType": "Practitioner",
        "id": "p",
        "address": [home],
        "name": [{"use": "old", "text": "Jo Old"}, {"use": "official", "text": "Jo New"}],
    }
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "location": [{"reference": "Location/h"}],
        "practitioner": {"reference": "Practitioner/p"},
    }
    found = read_fhir([bundle(tmp_path / "a.json", HOUSE, person, role)], ORIGIN, DAY).providers
    assert found["name"].tolist() == ["H", "Jo New"]
    assert found["address"].isna().all()
    ended = {**role, "period": {"end": "2020-01-01"}}
    found = read_fhir([bundle(tmp_path / "b.json", HOUSE, person, ended)], ORIGIN, DAY).providers
    assert found["name"].tolist() == ["H"]


def test_a_file_cannot_make_itself_a_register(tmp_path: Path, bhutan: Pack) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps(bundle_of(bhutan)))
    other = Origin("directory", "A directory", kind="other")
    assert {o.kind for o in read_fhir([path], other, DAY).origins} == {"other"}


def test_what_refers_to_nothing_leads_nowhere(tmp_path: Path) -> None:
    """A reference that is not there is not the first resource of the file."""
    organisation = {
        "resourceType": "Organization",
        "id": "o",
        "name": "O Clinic",
        "address": [{"state": "ME", "postalCode": "04101"}],
    }
    person = {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Jo"}]}
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/p"}}
    path = bundle(tmp_path / "b.json", organisation, HOUSE, person, role)
    found = read_fhir([path], ORIGIN, DAY)
    assert found.providers["name"].tolist() == ["H", "O Clinic"]
    assert found.report.counts["dropped", "there is not a position, nor a US postcode"] == 1


def newpatients(*codes: str) -> list[dict[str, object]]:
    url = "http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/newpatients"
    return [
        {
            "url": url,
            "extension": [
                {"url": "acceptingPatients", "valueCodeableConcept": {"coding": [{"code": code}]}}
            ],
        }
        for code in codes
    ]


@pytest.mark.parametrize(
    ("codes", "accepting"),
    [
        (["newpt"], True),
        (["nopt"], False),
        (["existptonly", "existptfam"], False),
        (["newpt", "nopt"], None),
        ([], None),
    ],
)
@pytest.mark.parametrize("at", ["Location", "HealthcareService", "PractitionerRole"])
def test_who_takes_new_patients(
    tmp_path: Path, codes: list[str], accepting: bool | None, at: str
) -> None:
    said = {"extension": newpatients(*codes)}
    spot = {"latitude": 43.66, "longitude": -70.26}
    place = {"resourceType": "Location", "id": "l", "name": "A Clinic", "position": spot}
    person = {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Jo Doe"}]}
    here = {"location": [{"reference": "Location/l"}]}
    service = {"resourceType": "HealthcareService", "id": "s", **here}
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/p"}}
    plain: list[Mapping[str, Any]] = [place, person, service, {**role, **here}]
    every = [{**r, **(said if r["resourceType"] == at else {})} for r in plain]
    found = read_fhir([bundle(tmp_path / "b.json", *every)], ORIGIN, DAY).providers
    who = "Jo Doe" if at == "PractitionerRole" else "A Clinic"
    value = found.set_index("name")["accepting_new"][who]
    assert (None if pd.isna(value) else bool(value)) is accepting


def test_what_services_and_affiliations_say_of_a_place(tmp_path: Path) -> None:
    here = {"location": [{"reference": "Location/l"}]}
    found = read_fhir(
        [
            bundle(
                tmp_path / "b.json",
                {
                    "resourceType": "Location",
                    "id": "l",
                    "position": {"latitude": 1, "longitude": 2},
                },
                {"resourceType": "Organization", "id": "o", "name": "B Hospital"},
                {
                    "resourceType": "HealthcareService",
                    **here,
                    "providedBy": {"reference": "Organization/o"},
                    "telecom": [{"system": "phone", "value": "+12075550123"}],
                    "availableTime": [
                        {
                            "daysOfWeek": ["mon"],
                            "availableStartTime": "09:00:00",
                            "availableEndTime": "12:00:00",
                        }
                    ],
                },
                {
                    "resourceType": "HealthcareService",
                    **here,
                    "active": False,
                    "telecom": [{"system": "url", "value": "https://gone.example"}],
                },
                {
                    "resourceType": "OrganizationAffiliation",
                    **here,
                    "participatingOrganization": {"reference": "Organization/o"},
                    "telecom": [{"system": "url", "value": "https://b.example"}],
                    "period": {"start": "2020", "end": "2030-01"},
                },
            )
        ],
        ORIGIN,
        DAY,
    ).providers
    assert found["name"].tolist() == ["B Hospital"]
    one = found.iloc[0]
    assert (one["phone"], one["website"]) == ("+12075550123", "https://b.example")
    assert one["opening_hours"] == "Mo 09:00-12:00"


@pytest.mark.parametrize(
    ("period", "works"),
    [
        ({"end": "2026-11-21"}, False),
        ({"end": "2026-11"}, True),
        ({"end": "2031"}, True),
        ({"start": "2027"}, False),
        ({"start": "2026", "end": "2026"}, True),
    ],
)
def test_a_role_counts_while_it_lasts(tmp_path: Path, period: dict[str, str], works: bool) -> None:
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"reference": "Practitioner/p"},
        "location": [{"reference": "Location/l"}],
        "period": period,
    }
    spot = {"latitude": 43.66, "longitude": -70.26}
    place = {"resourceType": "Location", "id": "l", "name": "A Clinic", "position": spot}
    person = {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Jo Doe"}]}
    found = read_fhir([bundle(tmp_path / "b.json", role, place, person)], ORIGIN, DAY)
    assert ("Jo Doe" in set(found.providers["name"])) is works


@pytest.mark.parametrize(("status", "listed"), [("active", 1), ("suspended", 1), ("inactive", 0)])
def test_the_status_of_a_location(tmp_path: Path, status: str, listed: int) -> None:
    spot = {"latitude": 43.66, "longitude": -70.26}
    place = {"resourceType": "Location", "id": "l", "name": "A", "position": spot, "status": status}
    found = read_fhir([bundle(tmp_path / "b.json", place)], ORIGIN, DAY)
    assert len(found.providers) == listed
    assert found.report.adds_up
    notes = found.providers["note"].dropna().tolist()
    assert notes == ([f"Temporarily closed ({DAY})."] if status == "suspended" else [])


def test_who_offers_something_at_another_s_place_is_still_there(tmp_path: Path) -> None:
    spot = {"latitude": 43.66, "longitude": -70.26}
    address = [{"line": ["1 Main St"], "state": "CA", "postalCode": "94103"}]
    own = {"resourceType": "Organization", "id": "b", "name": "Riverside", "address": address}
    place = {"resourceType": "Location", "id": "l", "name": "Campus", "position": spot}
    service = {
        "resourceType": "HealthcareService",
        "location": [{"reference": "Location/l"}],
        "providedBy": {"reference": "Organization/b"},
    }
    found = read_fhir([bundle(tmp_path / "b.json", own, place, service)], ORIGIN, DAY)
    assert sorted(found.providers["name"]) == ["Campus", "Riverside"]
    assert found.report.adds_up
