"""A pack as one bundle of FHIR R4, which `geo.sources.fhir` reads again as it was."""

from collections.abc import Mapping
from typing import Any

from geo.packs.pack import Pack, Source
from geo.sources.batch import records_of
from geo.sources.fhir_terms import EVIDENCE, EXTENDED, LANGUAGE, LISTS, NPI, OURS, SOURCE, YES_NO


def bundle_of(pack: Pack) -> dict[str, Any]:
    """A pack's providers and statements as one FHIR R4 bundle of type collection.

    Parameters
    ----------
    pack
        The pack.

    Returns
    -------
    dict
        JSON; `read_fhir` reads the same provider rows from it.
    """
    resources: list[dict[str, Any]] = []
    url_of: dict[str, str] = {}
    for number, row in enumerate(records_of(pack.providers), 1):
        person = row["kind"] == "practitioner"
        own = _person(row, number) if person else [_location(row, number)]
        resources += own
        url_of[str(row["provider_id"])] = f"{own[0]['resourceType']}/{own[0]['id']}"
    for number, row in enumerate(records_of(pack.evidence), 1):
        resources.append(_service(row, number, url_of[str(row["provider_id"])]))
    resources += [_source(source) for source in pack.sources.values()]
    base = f"urn:carereach:{pack.name}:"
    entries = [
        {"fullUrl": f"{base}{r['resourceType']}/{r['id']}", "resource": r} for r in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _source(source: Source) -> dict[str, Any]:
    said = {key: getattr(source, key, None) for key in SOURCE}
    return {
        "resourceType": "Basic",
        "id": f"source-{source.name}",
        "code": {"text": "source of the data"},
        "extension": [
            {"url": f"{OURS}source:{key}", "valueString": str(value)}
            for key, value in said.items()
            if value
        ],
    }


def _shared(row: Mapping[str, Any]) -> dict[str, Any]:
    """What facilities and practitioners have in common."""
    extensions = []
    for column in EXTENDED:
        value = row.get(column)
        if value is None or column in LISTS:
            continue
        key = "Boolean" if column in YES_NO else "Integer" if column == "beds" else "String"
        plain = bool(value) if key == "Boolean" else int(value) if key == "Integer" else str(value)
        extensions.append({"url": f"{OURS}{column}", f"value{key}": plain})
    for column in LISTS:
        extensions += [
            {"url": f"{OURS}{column}", "valueString": str(v)} for v in row.get(column) or []
        ]
    identifiers = [{"system": f"{OURS}provider_id", "value": str(row["provider_id"])}]
    if row.get("npi"):
        identifiers.append({"system": NPI, "value": str(row["npi"])})
    found: dict[str, Any] = {"extension": extensions, "identifier": identifiers}
    telecom = [
        {"system": system, "value": str(row[column]), "use": "work"}
        for system, column in (("phone", "phone"), ("url", "website"))
        if row.get(column)
    ]
    if telecom:
        found["telecom"] = telecom
    return found


def _address(row: Mapping[str, Any]) -> dict[str, Any]:
    parts = {"text": row.get("address"), "city": row.get("locality")}
    return {key: str(value) for key, value in parts.items() if value}


def _position(row: Mapping[str, Any]) -> dict[str, float]:
    return {"longitude": float(row["lon"]), "latitude": float(row["lat"])}


def _location(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    found = {
        "resourceType": "Location",
        "id": f"location-{number}",
        **_shared(row),
        "status": "active",
        "name": str(row["name"]),
        "mode": "instance",
        "position": _position(row),
    }
    if row.get("also_known_as"):
        found["alias"] = [str(a) for a in row["also_known_as"]]
    if row.get("facility_type"):
        words = str(row["facility_type"])
        found["type"] = [
            {
                "coding": [{"system": f"{OURS}facility_type", "code": words}],
                "text": words.replace("_", " "),
            }
        ]
    if _address(row):
        found["address"] = _address(row)
    return found


def _person(row: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    person = {
        "resourceType": "Practitioner",
        "id": f"practitioner-{number}",
        **_shared(row),
        "active": True,
        "name": [{"text": str(row["name"])}],
    }
    if row.get("gender"):
        person["gender"] = str(row["gender"])
    if row.get("languages"):
        person["communication"] = [
            {"coding": [{"system": LANGUAGE, "code": str(code)}]} for code in row["languages"]
        ]
    if _address(row):
        person["address"] = [_address(row)]
    office = {
        "resourceType": "Location",
        "id": f"office-{number}",
        "status": "active",
        "extension": [{"url": f"{OURS}office", "valueBoolean": True}],
        "mode": "instance",
        "position": _position(row),
    }
    role = {
        "resourceType": "PractitionerRole",
        "id": f"role-{number}",
        "active": True,
        "practitioner": {"reference": f"Practitioner/practitioner-{number}"},
        "location": [{"reference": f"Location/office-{number}"}],
        "specialty": [
            {"coding": [{"system": f"{OURS}specialty", "code": str(s)}], "text": str(s)}
            for s in row.get("specialties") or []
        ],
    }
    if not role["specialty"]:
        del role["specialty"]
    return [person, role, office]


def _service(row: Mapping[str, Any], number: int, about: str) -> dict[str, Any]:
    extensions = []
    for column in EVIDENCE:
        value = row.get(column)
        if value is not None:
            key, plain = ("Integer", int(value)) if column == "volume" else ("String", str(value))
            extensions.append({"url": f"{OURS}evidence:{column}", f"value{key}": plain})
    found: dict[str, Any] = {
        "resourceType": "HealthcareService",
        "id": f"statement-{number}",
        "extension": extensions,
        "active": row["status"] == "offered",
        "type": [{"text": str(row.get("procedure") or row.get("specialty") or row.get("service"))}],
        "comment": str(row["statement"]),
    }
    if about.startswith("Location/"):
        found["location"] = [{"reference": about}]
    else:
        reference = {"url": f"{OURS}evidence:about", "valueReference": {"reference": about}}
        found["extension"].append(reference)
    return found
