"""The frames' contract: columns, types and controlled words.

Field names follow FHIR where FHIR has a word. A missing value is NA, never "" or 0; lists are
`;`-joined in CSV. `geo.packs.contract` holds frames to it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

HOSPITAL_TYPES = (
    "national_referral_hospital",
    "regional_referral_hospital",
    "hospital",
    "small_hospital",
)
FACILITY_TYPES = (
    *(*HOSPITAL_TYPES, "specialist_centre", "primary_care", "clinic", "doctors_office"),
    *("urgent_care", "health_post", "dentist", "pharmacy", "other"),
)
#: What a specialist centre is for, where its specialties are not on record.
CENTRE_TYPES = ("dialysis", "surgery", "eye", "endoscopy")
LOCATION_PRECISIONS = ("exact", "street", "postcode", "locality")
EVIDENCE_STATUSES = ("offered", "specialist", "visiting", "planned", "outage", "not_offered")
SOURCE_KINDS = ("official", "registry", "claims", "paper", "press", "other")
BOUNDARIES = ("surveyed", "approximate", "none")

#: Kinds of places that hold others; such a place stands at its headquarters.
DISTRICT_KINDS = frozenset({"dzongkhag", "district", "county", "state"})

#: What CareReach says of a provider and a procedure, strongest first.
STATUSES = ("confirmed", "reported", "likely", "unknown", "not_offered")

#: Columns that hold lists of words.
LIST_COLUMNS = frozenset({"also_known_as", "specialties", "languages", "sources"})

Kind = Literal["text", "date", "list", "number", "whole", "yes_no"]
#: The type of each kind of column in a frame.
DTYPES: Mapping[str, Any] = {
    "text": pd.StringDtype(na_value=float("nan")),
    "date": pd.StringDtype(na_value=float("nan")),
    "list": np.dtype(object),
    "number": np.dtype(float),
    "whole": pd.Int64Dtype(),
    "yes_no": pd.BooleanDtype(),
}


@dataclass(frozen=True)
class Column:
    """What a column of a table may hold.

    Attributes
    ----------
    kind
        What its cells are; a date is text written YYYY, YYYY-MM or YYYY-MM-DD.
    required, unique
        Whether every row has a value, and one of its own.
    words
        The words that a cell can be; any where empty.
    pattern, why
        A regular expression that a cell matches, and what is said of one that does not.
    low, high
        The least and the most a number can be.
    above
        What a number is above.
    """

    kind: Kind = "text"
    required: bool = False
    unique: bool = False
    words: tuple[str, ...] = ()
    pattern: str = ""
    why: str = ""
    low: float | None = None
    high: float | None = None
    above: float | None = None


def _key(pattern: str = "", why: str = "") -> Column:
    return Column(required=True, unique=True, pattern=pattern, why=why)


def _one_of(words: tuple[str, ...], *, required: bool = False) -> Column:
    return Column(required=required, words=words)


def _degrees(word: str, most: float, *, required: bool = True) -> Column:
    why = f"is not a {word} between -{most:g} and {most:g}"
    return Column("number", required=required, low=-most, high=most, why=why)


def _count(least: float, *, required: bool = False) -> Column:
    return Column("whole", required=required, low=least, why=f"is below {least:g}")


_TEXT, _REQUIRED, _LIST, _YES_NO = Column(), Column(required=True), Column("list"), Column("yes_no")
_LAT, _LON = _degrees("latitude", 90), _degrees("longitude", 180)
#: The columns of each table.
COLUMNS: Mapping[str, Mapping[str, Column]] = {
    "providers": {
        "provider_id": _key(r"^[^:\s]+:\S+$", "is not written <source>:<record>"),
        "kind": _one_of(("facility", "practitioner"), required=True),
        "name": _REQUIRED,
        "also_known_as": _LIST,
        "facility_type": _one_of(FACILITY_TYPES),
        "centre_type": _one_of(CENTRE_TYPES),
        "specialties": _LIST,
        "lat": _LAT,
        "lon": _LON,
        "location_precision": _one_of(LOCATION_PRECISIONS, required=True),
        "address": _TEXT,
        "locality": _TEXT,
        "region_id": _TEXT,
        "phone": Column(pattern=r"^\+[1-9]\d{3,14}$", why="is not an E.164 number"),
        "website": _TEXT,
        "opening_hours": _TEXT,
        "languages": _LIST,
        "gender": _TEXT,
        "accepting_new": _YES_NO,
        "telehealth": _YES_NO,
        "wheelchair": _YES_NO,
        "emergency": _YES_NO,
        "beds": _count(1),
        "npi": _TEXT,
        "sources": Column("list", required=True),
        "retrieved": Column("date", required=True),
        "note": _TEXT,
    },
    "evidence": {
        "provider_id": _REQUIRED,
        "procedure": _TEXT,
        "specialty": _TEXT,
        "service": _TEXT,
        "status": _one_of(EVIDENCE_STATUSES, required=True),
        "statement": _REQUIRED,
        "volume": _count(1),
        "as_of": Column("date"),
        "as_of_basis": _one_of(("stated", "implied")),
        "source_kind": _one_of(SOURCE_KINDS, required=True),
        "url": _TEXT,
        "note": _TEXT,
    },
    "regions": {
        "region_id": _key(),
        "name": _REQUIRED,
        "also_known_as": _LIST,
        "level": _count(1, required=True),
        "parent_id": _TEXT,
        "population": _count(0),
        "boundary": _one_of(BOUNDARIES, required=True),
    },
    "demand": {
        "demand_id": _key(),
        "region_id": _REQUIRED,
        "name": _REQUIRED,
        "population": _count(0, required=True),
        "lat": _LAT,
        "lon": _LON,
    },
    "places": {
        "place_id": _key(),
        "name": _REQUIRED,
        "also_known_as": _LIST,
        "kind": _REQUIRED,
        "within": _TEXT,
        "lat": _LAT,
        "lon": _LON,
        "population": _count(0),
        "source": _REQUIRED,
    },
    "survey": {
        "provider_id": _REQUIRED,
        "name": _REQUIRED,
        "procedure": _REQUIRED,
        "status": _one_of(STATUSES, required=True),
        "of": _count(1, required=True),
        "drawn": Column("date", required=True),
        "seed": Column("whole", required=True),
        "asked": Column("date"),
        "who": _TEXT,
        "does_it": _YES_NO,
        "phone_right": _YES_NO,
        "address_right": _YES_NO,
        "takes_new": _YES_NO,
    },
    "roads": {
        "from": _REQUIRED,
        "to": _REQUIRED,
        "km": Column("number", required=True, above=0, why="is not above 0"),
        "reliability": _one_of(("high", "medium", "low"), required=True),
        "source": _REQUIRED,
    },
    "road_nodes": {
        "node": _key(),
        "lat": _degrees("latitude", 90, required=False),
        "lon": _degrees("longitude", 180, required=False),
    },
}
#: Which contract this is: a table that was checked against another is checked again.
CONTRACT = hashlib.sha256(repr(COLUMNS).encode()).hexdigest()[:12]
