"""FHIR R4: bundles of a directory, to providers.

Facilities are Location resources (positions are theirs), with what HealthcareService and
OrganizationAffiliation say of them; practitioners are Practitioner with a PractitionerRole for
where and as what they work. What FHIR R4 has no element for travels in
extensions `urn:carereach:<column>` (`geo.output.fhir` writes them). https://hl7.org/fhir/R4/
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from geo.errors import DataError
from geo.packs.postcodes import us_zip, zip_spot
from geo.packs.schema import FACILITY_TYPES
from geo.reading import understood
from geo.sources.batch import Batch, Origin, Report, frame_of
from geo.sources.cells import specialty_of
from geo.sources.fhir_terms import EXTENDED, LANGUAGE, LISTS, NPI, OURS, SOURCE
from geo.sources.files import MAX_BYTES, opened
from geo.sources.operation import NOT_LISTED, operation_of
from geo.sources.phones import e164
from geo.sources.us_register import us_types
from geo.sources.vocabulary import WORDS, facility_type_of

_NUCC = "http://nucc.org/provider-taxonomy"
_DAYS = {"mon": "Mo", "tue": "Tu", "wed": "We", "thu": "Th", "fri": "Fr", "sat": "Sa", "sun": "Su"}
#: HL7 v3 RoleCode of service delivery locations.
_ROLE_CODES: Mapping[str, str] = WORDS["role_codes"]

Resource = Mapping[str, Any]


def read_fhir(
    paths: Iterable[Path], origin: Origin, retrieved: str, *, country_code: str = ""
) -> Batch:
    """Read bundles, single resources, or lines of resources (NDJSON), all taken together.

    Parameters
    ----------
    paths
        The files; a reference may lead from one to another.
    origin
        The source, where a resource does not name its own.
    retrieved
        The day they were fetched, YYYY-MM-DD.
    country_code
        ISO 3166 alpha-2, for telephone numbers without a country code.

    Raises
    ------
    DataError
        If a file is not FHIR in JSON.
    """
    reader = _Reader(origin, retrieved, country_code)
    for path in paths:
        with understood(path.name):
            for resource, url in _resources(path):
                reader.keep(resource, url)
    reader.read()
    rows = reader.rows()
    listed = {name for row in rows for name in row["sources"]}
    told = {o.name: o for o in map(_origin, reader.of("Basic")) if o is not None}
    # A file cannot make itself a register: who imports it says so.
    told = {name: replace(o, kind=origin.kind) for name, o in told.items()}
    others = sorted(listed - {origin.name})
    own = (origin,) if origin.name in listed or not others else ()
    origins = (*own, *(told.get(name, Origin(name, name, kind=origin.kind)) for name in others))
    return Batch.of(origins, reader.report, providers=rows, evidence=reader.evidence)


def _resources(path: Path) -> list[tuple[Resource, str]]:
    with opened(path, MAX_BYTES) as plain:
        try:
            text = plain.read_text("utf-8-sig")
            try:
                found = [json.loads(text)]
            except json.JSONDecodeError:
                found = [json.loads(line) for line in text.split("\n") if line.strip()]
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise DataError(path.name, f"is not FHIR in JSON: {error}") from None
    out: list[tuple[Resource, str]] = []
    for resource in found:
        if not isinstance(resource, dict) or "resourceType" not in resource:
            raise DataError(path.name, "is not a FHIR resource: it names no resourceType")
        if resource["resourceType"] != "Bundle":
            out.append((resource, ""))
            continue
        for entry in _list(resource.get("entry")):
            inner = entry.get("resource")
            if isinstance(inner, dict) and "resourceType" in inner:
                out.append((inner, str(entry.get("fullUrl") or "")))
    return out


def _degrees(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    """The objects of what should be a list of them."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _is_current(role: Resource, day: str) -> bool:
    """Whether somebody works so, or something is offered, on a day; dates may be cut short."""
    period = _dict(role.get("period"))
    start, end = str(period.get("start") or "")[:10], str(period.get("end") or "")[:10]
    ended = bool(end) and end < day[: len(end)]
    return role.get("active") is not False and not ended and start <= day[: len(start)]


class _Reader:
    """Resources by name, and what became of each that is a provider."""

    def __init__(self, origin: Origin, retrieved: str, country_code: str) -> None:
        self.origin = origin
        self.retrieved, self.country_code = retrieved, country_code
        self.report = Report()
        self.known: dict[str, Resource] = {}
        self.every: list[Resource] = []
        self.providers: dict[str, dict[str, Any]] = {}
        self.evidence: list[dict[str, Any]] = []

    def keep(self, resource: Resource, url: str) -> None:
        """Remember a resource under its names; of one name in several files the first counts."""
        self.every.append(resource)
        for name in (f"{resource['resourceType']}/{resource.get('id')}", url):
            if name:  # what has no address must not be what every missing reference leads to
                self.known.setdefault(name, resource)

    def of(self, *types: str) -> list[Resource]:
        """The resources of some types."""
        return [r for r in self.every if r["resourceType"] in types]

    def at(self, reference: Any) -> Resource | None:
        """What a reference leads to; None where it is not here."""
        name = str(_dict(reference).get("reference") or "")
        found = self.known.get(name)
        if found is None and "/" in name:
            found = self.known.get("/".join(name.rstrip("/").split("/")[-2:]))
        return found

    def read(self) -> None:
        """Every provider of the resources."""
        roles = self._about("practitioner", "PractitionerRole")
        offers = self._about("location", "HealthcareService", "OrganizationAffiliation")
        placed: set[int] = set()
        for location in self.of("Location"):
            if any(e.get("url") == f"{OURS}office" for e in _list(location.get("extension"))):
                continue  # where somebody works, without a name of its own
            offered = offers.get(id(location), [])
            if self._row(location, offered):
                runs = self.at(location.get("managingOrganization"))
                placed.add(id(runs))
                if not _name(location):  # it stands under the name of the first of them
                    placed |= {id(o) for o in self._organisations(location, offered)[:1]}
        for organisation in self.of("Organization"):
            if id(organisation) not in placed and not self._is_cover(organisation):
                self._row(organisation, [])
        for person in self.of("Practitioner"):
            self._row(person, roles.get(id(person), []))
        for service in self.of("HealthcareService"):
            self._statement(service)

    def _about(self, reference: str, *types: str) -> dict[int, list[Resource]]:
        """What resources of some types, current ones, say of those that they refer to."""
        found: dict[int, list[Resource]] = {}
        for resource in self.of(*types):
            if _is_current(resource, self.retrieved) and not _is_ours(resource):
                for target in filter(None, map(self.at, _concepts(resource.get(reference)))):
                    found.setdefault(id(target), []).append(resource)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The providers that keep the contract, checked one by one only where some do not."""
        rows = list(self.providers.values())
        try:
            frame_of(rows, "providers")
        except DataError:
            rows = [row for row in rows if self._fits(row)]
        self.report.kept = len(rows)
        return rows

    def _fits(self, row: dict[str, Any]) -> bool:
        try:
            frame_of([row], "providers")
        except DataError:
            self.report.note(
                "dropped", "it is not in the form of FHIR R4", value=row["provider_id"]
            )
            return False
        return True

    def _organisations(self, location: Resource, offered: list[Resource]) -> list[Resource]:
        """Who runs a place, and who offers something there."""
        names = [location.get("managingOrganization")]
        names += [o.get(k) for o in offered for k in ("providedBy", "participatingOrganization")]
        return [found for name in names if (found := self.at(name)) is not None]

    def _is_cover(self, organisation: Resource) -> bool:
        """An organisation that pays or governs and treats nobody."""
        codes = set(_codes(organisation.get("type")))
        return bool(codes & {"pay", "ins", "govt"})

    def _row(self, resource: Resource, roles: list[Resource]) -> bool:
        """Take one resource in, whatever is in it; whether it was kept."""
        self.report.read += 1
        before = len(self.providers)
        said = f"{resource['resourceType']}/{resource.get('id', '')}"
        try:
            self._add(resource, roles)
        except (AttributeError, KeyError, TypeError, ValueError):
            self.report.note("dropped", "it is not in the form of FHIR R4", value=said)
        return len(self.providers) > before

    def _add(self, resource: Resource, roles: list[Resource]) -> None:
        kind = resource["resourceType"]
        said = f"{kind}/{resource.get('id', '')}"
        state = operation_of(str(resource.get("status") or ""))
        if resource.get("active") is False or state in NOT_LISTED:
            self.report.note("dropped", "it is not active", value=said)
            return
        name = _name(resource)
        if kind == "Location" and not name:
            name = next(map(_name, self._organisations(resource, roles)), "")
        if not name:
            self.report.note("dropped", "there is no name", value=said)
            return
        works = roles if kind == "Practitioner" else []
        spot = self._spot(resource, works)
        if spot is None:
            self.report.note("dropped", "there is not a position, nor a US postcode", value=said)
            return
        ours = _extended(resource)
        telecom = [*_telecom(resource), *(t for role in roles for t in _telecom(role))]
        phone = next((t["value"] for t in telecom if t.get("system") == "phone"), "")
        number = e164(phone, self._country(resource)) if phone else None
        if phone and number is None:
            self.report.note("changed", "a number without a country code was left out", value=said)
        npi = _identifier(resource, NPI)
        own = _identifier(resource, f"{OURS}provider_id")
        groups = [c for role in roles for c in _list(role.get("specialty"))]
        addresses = _addresses(resource) or [
            a for role in works for a in self._role_addresses(role)
        ]
        found: dict[str, Any] = {
            "provider_id": own or self._id(npi, said),
            "kind": "practitioner" if kind == "Practitioner" else "facility",
            "name": name,
            "also_known_as": [str(a) for a in resource.get("alias") or []],
            "facility_type": None if kind == "Practitioner" else self._type(resource),
            "specialties": _specialties(groups),
            "lat": spot[0],
            "lon": spot[1],
            "location_precision": spot[2],
            "address": next((_line(a) for a in addresses if _line(a)), None),
            "locality": next((a["city"] for a in addresses if a.get("city")), None),
            "phone": number,
            "website": next((t["value"] for t in telecom if t.get("system") == "url"), None),
            "opening_hours": _hours([resource]) or _hours(roles),
            "languages": sorted(
                {c.split("-")[0] for c in _codes(resource.get("communication"), LANGUAGE)}
            ),
            "gender": resource.get("gender"),
            "accepting_new": _accepting([resource, *roles]),
            "npi": npi or None,
            "sources": [self.origin.name],
            "retrieved": self.retrieved,
            "note": (
                f"Temporarily closed ({self.retrieved})." if state == "temporarily_closed" else None
            ),
        }
        if own:  # our own export says everything; what it does not say is not known
            found |= dict.fromkeys((*EXTENDED, *LISTS))
        row = found | ours
        if row["provider_id"] in self.providers:
            self.report.note("merged", "the same id as an earlier one", value=said)
            return
        self.providers[row["provider_id"]] = row

    def _id(self, npi: str, said: str) -> str:
        if npi:
            return f"npi:{npi}"
        plain = "_".join(said.split())
        number = str(len(self.providers)) if plain.endswith("/") else ""
        return f"{self.origin.name}:{plain}{number}"

    def _country(self, resource: Resource) -> str:
        if _identifier(resource, NPI):
            return "US"
        said = next((a.get("country", "") for a in _addresses(resource)), "")
        return said if len(said) == 2 else self.country_code

    def _role_addresses(self, role: Resource) -> list[Any]:
        places = [self.at(r) for r in _list(role.get("location"))]
        return [a for place in places if place for a in _addresses(place)]

    def _spot(self, resource: Resource, roles: list[Resource]) -> tuple[float, float, str] | None:
        """Its own position, that of where it works, else the middle of its postcode."""
        near = [resource, *(self.at(r) for role in roles for r in _list(role.get("location")))]
        offices = [self.at(role.get("organization")) for role in roles]
        for place in filter(None, near):
            position = _dict(place.get("position"))
            if "latitude" in position and "longitude" in position:
                lat, lon = _degrees(position["latitude"]), _degrees(position["longitude"])
                if abs(lat) <= 90 and abs(lon) <= 180 and (lat or lon):
                    return lat, lon, "exact"
        for place in filter(None, [*near, *offices]):
            for address in _addresses(place):
                code = us_zip(str(address.get("postalCode", "")))
                us = address.get("country", "US") in ("US", "USA") and address.get("state")
                spot = zip_spot(code) if code and us else None
                if spot is not None:
                    return spot.lat, spot.lon, "postcode"
        return None

    def _type(self, resource: Resource) -> str:
        types = resource.get("type") or []
        types = [t for t in (types if isinstance(types, list) else [types]) if isinstance(t, dict)]
        nucc = us_types(_codes(types, _NUCC))
        if nucc != "other":
            return nucc
        for code in _codes(types):
            if code in _ROLE_CODES:
                return _ROLE_CODES[code]
        words = [str(t.get("text", "")) for t in types]
        words += [str(c.get("display", "")) for t in types for c in _list(t.get("coding"))]
        return next((k for w in [*words, _name(resource)] if (k := facility_type_of(w))), "other")

    def _statement(self, service: Resource) -> None:
        """A statement that a CareReach export wrote; others say only how a place is reached."""
        ours = {
            e["url"].removeprefix(f"{OURS}evidence:"): _value(e)
            for e in _list(service.get("extension"))
            if str(e.get("url", "")).startswith(f"{OURS}evidence:")
        }
        target = next(map(self.at, _list(service.get("location"))), None)
        person = next((self.at(r) for r in [ours.pop("about", None)] if r), None)
        provider = target or person
        if provider is None or not ours:
            return
        own = _identifier(provider, f"{OURS}provider_id")
        self.evidence.append({"provider_id": own, **ours})


def _name(resource: Resource) -> str:
    name = resource.get("name", "")
    if isinstance(name, str):
        return name.strip()
    names = [one for one in _list(name) if one.get("use") not in ("old", "maiden")]
    for one in sorted(names, key=lambda n: n.get("use") not in ("official", "usual")):
        if one.get("text"):
            return str(one["text"]).strip()
        parts = [*(one.get("prefix") or []), *(one.get("given") or []), one.get("family") or ""]
        if any(parts):
            return " ".join(filter(None, map(str, parts))).strip()
    return ""


def _telecom(resource: Resource) -> list[Mapping[str, str]]:
    every = _list(resource.get("telecom"))
    found = [
        {**t, "value": str(t["value"])}
        for t in every
        if t.get("value") and t.get("use") not in ("home", "old")
    ]
    return sorted(found, key=lambda t: t.get("use") != "work")


def _addresses(resource: Resource) -> list[Mapping[str, Any]]:
    address = resource.get("address")
    every = [address] if isinstance(address, dict) else _list(address)
    return [a for a in every if a.get("use") not in ("home", "old") and a.get("type") != "postal"]


def _line(address: Mapping[str, Any]) -> str:
    if address.get("text"):
        return str(address["text"])
    town = " ".join(str(address[k]) for k in ("city", "state", "postalCode") if address.get(k))
    return ", ".join(filter(None, [*map(str, address.get("line") or []), town]))


def _identifier(resource: Resource, system: str) -> str:
    found = [i for i in _list(resource.get("identifier")) if i.get("system") == system]
    return str(found[0].get("value", "")) if found else ""


def _concepts(value: Any) -> list[Mapping[str, Any]]:
    return _list(value if isinstance(value, list) else [value])


def _codes(concepts: Any, system: str = "") -> list[str]:
    """The codes of concepts; of one system where it is named."""
    codings = chain.from_iterable(_list(c.get("coding")) for c in _concepts(concepts))
    return [str(c["code"]) for c in codings if c.get("code") and system in ("", c.get("system"))]


def _specialties(concepts: Iterable[Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for concept in concepts:
        coded = _list(concept.get("coding"))
        words = [str(c.get(k) or "") for c in coded for k in ("code", "display")]
        known = next(
            (s for w in [*words, concept.get("text", "")] if w and (s := specialty_of(w))), ""
        )
        if known and known not in found:
            found.append(known)
    return found


def _hours(resources: Iterable[Resource]) -> str | None:
    """Hours of opening in the grammar of OpenStreetMap."""
    rules: list[str] = []
    for resource in resources:
        for time in (
            *_list(resource.get("availableTime")),
            *_list(resource.get("hoursOfOperation")),
        ):
            days = ",".join(_DAYS[d] for d in time.get("daysOfWeek") or [] if d in _DAYS)
            start = time.get("availableStartTime") or time.get("openingTime")
            end = time.get("availableEndTime") or time.get("closingTime")
            if time.get("allDay"):
                start, end = "00:00", "24:00"
            if start and end:
                rules.append(f"{days} {start[:5]}-{end[:5]}".strip())
    return "; ".join(dict.fromkeys(rules)) or None


def _accepting(resources: Iterable[Resource]) -> bool | None:
    """Whether new patients are taken; None where it is not said, or depends on the insurance.

    The extension `newpatients` of http://hl7.org/fhir/us/davinci-pdex-plan-net (STU 1.2).
    """
    codes = {
        code
        for resource in resources
        for extension in _list(resource.get("extension"))
        if str(extension.get("url", "")).endswith("/StructureDefinition/newpatients")
        for part in _list(extension.get("extension"))
        if part.get("url") == "acceptingPatients"
        for code in _codes(part.get("valueCodeableConcept"))
    }
    if not codes or ("newpt" in codes and len(codes) > 1):
        return None
    return codes == {"newpt"}


def _is_ours(service: Resource) -> bool:
    """Whether it carries a statement that a CareReach export wrote."""
    urls = [str(e.get("url", "")) for e in _list(service.get("extension"))]
    return any(url.startswith(f"{OURS}evidence:") for url in urls)


def _value(extension: Mapping[str, Any]) -> Any:
    return next((v for k, v in extension.items() if k.startswith("value")), None)


def _extended(resource: Resource) -> dict[str, Any]:
    """Columns that a CareReach export wrote as extensions."""
    found: dict[str, Any] = {}
    for extension in _list(resource.get("extension")):
        column = str(extension.get("url", "")).removeprefix(OURS)
        if column in LISTS:
            found.setdefault(column, []).append(str(_value(extension)))
        elif column in EXTENDED:
            found[column] = _value(extension)
    if found.get("facility_type") not in (None, *FACILITY_TYPES):
        del found["facility_type"]
    return found


def _origin(resource: Resource) -> Origin | None:
    """A source that a CareReach export wrote."""
    said = {
        str(e.get("url", "")).removeprefix(f"{OURS}source:"): _value(e)
        for e in _list(resource.get("extension"))
    }
    known = {key: said[key] for key in SOURCE if key in said}
    return Origin(**known) if {"name", "title"} <= set(known) else None
