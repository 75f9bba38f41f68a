"""The frames' contract: columns, types, controlled words, and the check that holds them.

Field names follow FHIR where FHIR has a word. A missing value is NA, never "" or 0; lists are
`;`-joined in CSV.
"""

from typing import Any

import pandas as pd
import pandera.pandas as pa

from geo.errors import DataError
from geo.packs.dates import is_date

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

_TEXT = pd.StringDtype(na_value=float("nan"))
_WHOLE = pd.Int64Dtype()
_YES_NO = pd.BooleanDtype()
_YES_NO_WORDS = {"yes": True, "true": True, "no": False, "false": False}


def _column(dtype: Any, *checks: pa.Check, required: bool = False, unique: bool = False) -> Any:
    return pa.Column(dtype, list(checks), nullable=not required, unique=unique, coerce=True)


def _text(*checks: pa.Check, required: bool = False, unique: bool = False) -> Any:
    return _column(_TEXT, *checks, required=required, unique=unique)


def _one_of(words: tuple[str, ...], *, required: bool = False) -> Any:
    return _text(pa.Check.isin(words, error=f"is not one of {', '.join(words)}"), required=required)


def _degrees(word: str, most: int, *, required: bool = True) -> Any:
    error = f"is not a {word} between -{most} and {most}"
    return _column(float, pa.Check.in_range(-most, most, error=error), required=required)


def _at_least(low: float) -> pa.Check:
    return pa.Check.ge(low, error=f"is below {low:g}")


_DATE = pa.Check(
    lambda s: s.map({date: is_date(date) for date in s.unique()}),
    error="is not a date written YYYY, YYYY-MM or YYYY-MM-DD",
)


_COLUMNS: dict[str, dict[str, Any]] = {
    "providers": {
        "provider_id": _text(
            pa.Check.str_matches(r"^[^:\s]+:\S+$", error="is not written <source>:<record>"),
            required=True,
            unique=True,
        ),
        "kind": _one_of(("facility", "practitioner"), required=True),
        "name": _text(required=True),
        "also_known_as": _column(object),
        "facility_type": _one_of(FACILITY_TYPES),
        "centre_type": _one_of(CENTRE_TYPES),
        "specialties": _column(object),
        "lat": _degrees("latitude", 90),
        "lon": _degrees("longitude", 180),
        "location_precision": _one_of(LOCATION_PRECISIONS, required=True),
        "address": _text(),
        "locality": _text(),
        "region_id": _text(),
        "phone": _text(pa.Check.str_matches(r"^\+[1-9]\d{3,14}$", error="is not an E.164 number")),
        "website": _text(),
        "opening_hours": _text(),
        "languages": _column(object),
        "gender": _text(),
        "accepting_new": _column(_YES_NO),
        "telehealth": _column(_YES_NO),
        "wheelchair": _column(_YES_NO),
        "emergency": _column(_YES_NO),
        "beds": _column(_WHOLE, _at_least(1)),
        "npi": _text(),
        "sources": _column(object, required=True),
        "retrieved": _text(_DATE, required=True),
        "note": _text(),
    },
    "evidence": {
        "provider_id": _text(required=True),
        "procedure": _text(),
        "specialty": _text(),
        "service": _text(),
        "status": _one_of(EVIDENCE_STATUSES, required=True),
        "statement": _text(required=True),
        "volume": _column(_WHOLE, _at_least(1)),
        "as_of": _text(_DATE),
        "as_of_basis": _one_of(("stated", "implied")),
        "source_kind": _one_of(SOURCE_KINDS, required=True),
        "url": _text(),
        "note": _text(),
    },
    "regions": {
        "region_id": _text(required=True, unique=True),
        "name": _text(required=True),
        "also_known_as": _column(object),
        "level": _column(_WHOLE, _at_least(1), required=True),
        "parent_id": _text(),
        "population": _column(_WHOLE, _at_least(0)),
        "boundary": _one_of(BOUNDARIES, required=True),
    },
    "demand": {
        "demand_id": _text(required=True, unique=True),
        "region_id": _text(required=True),
        "name": _text(required=True),
        "population": _column(_WHOLE, _at_least(0), required=True),
        "lat": _degrees("latitude", 90),
        "lon": _degrees("longitude", 180),
    },
    "places": {
        "place_id": _text(required=True, unique=True),
        "name": _text(required=True),
        "also_known_as": _column(object),
        "kind": _text(required=True),
        "within": _text(),
        "lat": _degrees("latitude", 90),
        "lon": _degrees("longitude", 180),
        "population": _column(_WHOLE, _at_least(0)),
        "source": _text(required=True),
    },
    "survey": {
        "provider_id": _text(required=True),
        "name": _text(required=True),
        "procedure": _text(required=True),
        "status": _one_of(STATUSES, required=True),
        "of": _column(_WHOLE, _at_least(1), required=True),
        "drawn": _text(_DATE, required=True),
        "seed": _column(_WHOLE, required=True),
        "asked": _text(_DATE),
        "who": _text(),
        "does_it": _column(_YES_NO),
        "phone_right": _column(_YES_NO),
        "address_right": _column(_YES_NO),
        "takes_new": _column(_YES_NO),
    },
    "roads": {
        "from": _text(required=True),
        "to": _text(required=True),
        "km": _column(float, pa.Check.gt(0, error="is not above 0"), required=True),
        "reliability": _one_of(("high", "medium", "low"), required=True),
        "source": _text(required=True),
    },
    "road_nodes": {
        "node": _text(required=True, unique=True),
        "lat": _degrees("latitude", 90, required=False),
        "lon": _degrees("longitude", 180, required=False),
    },
}
_ONE_SUBJECT = pa.Check(
    lambda f: f[["procedure", "specialty", "service"]].notna().sum(axis=1) == 1,
    error="names not exactly one of procedure, specialty and service",
)

#: The contract of each table.
SCHEMAS = {
    table: pa.DataFrameSchema(
        columns,
        checks=[_ONE_SUBJECT] if table == "evidence" else [],
        strict=False,
        add_missing_columns=True,
    )
    for table, columns in _COLUMNS.items()
}
PROVIDERS, EVIDENCE = SCHEMAS["providers"], SCHEMAS["evidence"]


def conform(frame: pd.DataFrame, table: str, file: str) -> pd.DataFrame:
    """Give a frame of text the contract's columns and types, or say which row breaks it.

    Parameters
    ----------
    frame
        Cells as text, "" or NA where nothing is known; columns beyond the contract are kept.
    table
        A key of `SCHEMAS`.
    file
        The file's name, for the error message.

    Returns
    -------
    pandas.DataFrame
        A new frame with every column of the contract, NA where nothing is known.

    Raises
    ------
    DataError
        Naming file, line (the header is line 1) and column of the first row that does not fit.
    """
    frame = frame.replace("", pd.NA)
    for column in LIST_COLUMNS.intersection(frame.columns):
        frame[column] = frame[column].map(_split, na_action="ignore").astype(object)
    schema = SCHEMAS[table]
    for name in frame.columns.intersection(list(schema.columns)):
        if str(schema.columns[name].dtype) == "boolean":
            frame[name] = frame[name].replace(_YES_NO_WORDS)
    return check_frame(frame, table, file)


def check_frame(frame: pd.DataFrame, table: str, file: str) -> pd.DataFrame:
    """Check a frame that has its types already against the contract, as `conform` does."""
    try:
        checked: pd.DataFrame = SCHEMAS[table].validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise _data_error(error, file) from None
    return checked


def _split(text: str) -> list[str] | float:
    return [word.strip() for word in text.split(";") if word.strip()] or float("nan")


def _data_error(error: pa.errors.SchemaErrors, file: str) -> DataError:
    """Turn the first line of pandera's report into one sentence with file, row and column."""
    case = error.failure_cases.iloc[0]
    check, context = str(case["check"]), case["schema_context"]
    if check in ("column_in_dataframe", "add_missing_has_default"):
        return DataError(file, "the column is missing", column=str(case["failure_case"]))
    row = int(case["index"]) + 2 if pd.notna(case["index"]) else None
    column = str(case["column"]) if context == "Column" or check.startswith("coerce") else None
    if check == "not_nullable":
        return DataError(file, "is empty and must not be", row=row, column=column)
    if check == "field_uniqueness":
        check = "stands here twice"
    elif check.startswith(("coerce", "dtype")):
        check = "cannot be read as " + ("a number" if "nt64" in check or "oat" in check else "that")
    value = f"{str(case['failure_case'])!r} " if column is not None else ""
    return DataError(file, value + check, row=row, column=column)
