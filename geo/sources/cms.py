"""Two tables of Medicare: who did which procedure how often, and who takes part.

*By Provider and Service* (https://data.cms.gov/provider-summary-by-type-of-service) becomes
evidence: an `offered` statement of the year, with the number of patients. *Doctors and
Clinicians* (https://data.cms.gov/provider-data/dataset/mj5m-pzi6) becomes providers. Both are
public domain, as CSV of any year or from their services.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from geo.errors import DataError
from geo.reading import understood
from geo.sources.batch import Batch
from geo.sources.files import kind_of, read_rows, text_of
from geo.sources.service import Service
from geo.sources.us_register import Placed, UsRow, us_types
from geo.sources.vocabulary import WORDS
from geo.text import normalise

DOCTORS_SERVICE = "https://data.cms.gov/provider-data/api/1/datastore/query/mj5m-pzi6/0"
_DOCTORS_PAGE, _VOLUMES_PAGE = 500, 5000
_VOLUMES_URL = "https://data.cms.gov/provider-summary-by-type-of-service"
_DOCTORS_URL = "https://data.cms.gov/provider-data/dataset/mj5m-pzi6"
#: What every figure of Medicare volumes must say of itself.
CAVEAT = (
    "Only patients with fee-for-service Medicare; ten or fewer are not published, so that not "
    "being in this table never means not doing it."
)
_VOLUME_COLUMNS = ("rndrng_npi", "hcpcs_cd", "tot_benes")
#: Column names of Doctors and Clinicians over the years.
_DOCTORS = WORDS["doctors_and_clinicians"]
_GENDERS = {"F": "female", "M": "male", "FEMALE": "female", "MALE": "male"}

Rows = Iterable[tuple[int, Mapping[str, str]]]


def _csv_rows(path: Path, needed: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number and cells by folded header: headers carry stray tabs and spaces."""
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    if kind_of(path) != "text":
        raise DataError(path.name, "is not a CSV file; unpack it first")
    with understood(path.name), text_of(path) as file:
        rows = read_rows(file, path.name)
        try:
            header = [normalise(cell) for cell in next(rows, (0, []))[1]]
            lost = [c for c in needed if c not in header]
            if lost:
                raise DataError(path.name, "the column is missing", column=lost[0])
            for number, cells in rows:
                yield number, dict(zip(header, map(str.strip, cells), strict=False))
        except UnicodeDecodeError as error:
            raise DataError(path.name, f"cannot be read as CSV: {error}") from None


def read_volumes(
    path: Path,
    retrieved: str,
    year: int,
    procedures: Mapping[str, Collection[str]],
    *,
    states: Collection[str] = (),
) -> Batch:
    """Read Medicare volumes: who did a procedure, for how many patients.

    Parameters
    ----------
    path
        The CSV of one year.
    retrieved
        The day it was fetched, YYYY-MM-DD.
    year
        The year that the table counts; it does not say so itself.
    procedures
        Slug to billing codes: the deployer's own mapping.
    states
        Two-letter codes to keep; all where empty.

    Returns
    -------
    Batch
        The clinicians too, with the address of the table. `volume` is the largest number of
        patients in one row: one patient may stand in several, so it is a lower bound.

    Raises
    ------
    DataError
        If it is not that table.
    """
    placed = Placed(path.name, f"cms-volumes-{year}", retrieved)
    return _volumes(
        placed, _csv_rows(path, _VOLUME_COLUMNS), _VOLUMES_URL, year, procedures, states
    )


def service_volumes(
    service: Service,
    retrieved: str,
    year: int,
    procedures: Mapping[str, Collection[str]],
    *,
    states: Collection[str] = (),
) -> Batch:
    """Ask the service of one year's table, code by code, page by page."""
    pages = (
        {str(k).lower(): str(v if v is not None else "") for k, v in row.items()}
        for code in sorted(set(chain.from_iterable(procedures.values())))
        for row in service.pages("size", _VOLUMES_PAGE, **{"filter[HCPCS_Cd]": code})
    )
    placed = Placed("CMS service", f"cms-volumes-{year}", retrieved)
    return _volumes(placed, enumerate(pages, 1), service.base, year, procedures, states)


def _volumes(
    placed: Placed,
    rows: Rows,
    url: str,
    year: int,
    procedures: Mapping[str, Collection[str]],
    states: Collection[str],
) -> Batch:
    report = placed.report
    slugs_of: dict[str, list[str]] = {}
    for slug, code in ((slug, code) for slug, codes in procedures.items() for code in codes):
        slugs_of.setdefault(code, []).append(slug)
    wanted = {state.upper() for state in states}
    most: dict[tuple[str, str], int] = {}
    id_of: dict[str, str] = {}
    for row, cells in rows:
        report.read += 1
        slugs = slugs_of.get(cells.get("hcpcs_cd", ""))
        if slugs is None:
            report.count("dropped", "a code that the mapping does not name", 1)
            continue
        if wanted and cells.get("rndrng_prvdr_state_abrvtn", "") not in wanted:
            report.count("dropped", f"not in {', '.join(sorted(wanted))}", 1)
            continue
        npi = cells.get("rndrng_npi", "").removesuffix(".0")
        patients = _patients(cells)
        if patients < 1:
            why = "the number of patients is not a number"
            report.note("dropped", why, file=placed.file, row=row)
            continue
        if npi in placed.seen:
            report.count("merged", "another row of the same clinician", 1)
        else:
            record = _add_clinician(placed, row, cells)
            if record is None:
                continue
            id_of[npi] = record["provider_id"]
        for slug in slugs:
            most[npi, slug] = max(most.get((npi, slug), 0), patients)
    statements = [
        _statement(id_of[npi], slug, patients, year, url)
        for (npi, slug), patients in sorted(most.items())
    ]
    title = f"Medicare volumes by provider and service, {year} (CMS)"
    return replace(
        placed.batch(title, url, CAVEAT, as_of=str(year), evidence=statements),
        publishers={"data.cms.gov": "Medicare payment records (CMS)"},
        # Where somebody was in that year says less than where a register has them now.
        adds_places=False,
    )


def _patients(cells: Mapping[str, str]) -> int:
    """The number of patients of a row; 0 where it is not one."""
    try:
        return int(float(cells.get("tot_benes", "")))
    except (ValueError, OverflowError):
        return 0


def _add_clinician(placed: Placed, row: int, cells: Mapping[str, str]) -> dict[str, Any] | None:
    """The clinician or organisation of a row."""
    person = cells.get("rndrng_prvdr_ent_cd", "I") != "O"
    parts = [cells.get(f"rndrng_prvdr_{k}", "") for k in ("first_name", "mi", "last_org_name")]
    more: dict[str, Any] = {"gender": _GENDERS.get(cells.get("rndrng_prvdr_gndr", ""))}
    if not person:
        more = {"kind": "facility", "facility_type": us_types(["261QA1903"])}
    us_row = UsRow(
        npi=cells.get("rndrng_npi", ""),
        name=" ".join(filter(None, parts if person else parts[-1:])),
        zip_text=cells.get("rndrng_prvdr_zip5", ""),
        city=cells.get("rndrng_prvdr_city", ""),
        state=cells.get("rndrng_prvdr_state_abrvtn", ""),
        address=cells.get("rndrng_prvdr_st1", ""),
        specialties=[cells.get("rndrng_prvdr_type", "")] if person else (),
    )
    return placed.add(row, us_row, **more)


def _statement(
    provider_id: str, procedure: str, patients: int, year: int, url: str
) -> dict[str, object]:
    """An `offered` statement of the year."""
    return {
        "provider_id": provider_id,
        "procedure": procedure,
        "status": "offered",
        "statement": f"At least {patients:,} patients with Medicare in {year}",
        "volume": patients,
        "as_of": str(year),
        "as_of_basis": "stated",
        "source_kind": "claims",
        "url": url,
        "note": CAVEAT,
    }


def read_clinicians(path: Path, retrieved: str, *, states: Collection[str] = ()) -> Batch:
    """Read Doctors and Clinicians, a CSV of any year.

    Parameters
    ----------
    path
        The file.
    retrieved
        The day it was published or fetched, YYYY-MM-DD.
    states
        Two-letter codes to keep; all where empty.

    Raises
    ------
    DataError
        If it is not that table.
    """
    rows = (
        (n, {k.replace("_", " "): v for k, v in r.items()}) for n, r in _csv_rows(path, ["npi"])
    )
    return _clinicians(Placed(path.name, "cms-clinicians", retrieved), rows, _DOCTORS_URL, states)


def service_clinicians(service: Service, retrieved: str, *, state: str) -> Batch:
    """Ask the service for the clinicians of one state, page by page."""
    asked = {
        "conditions[0][property]": "state",
        "conditions[0][value]": state,
        "conditions[0][operator]": "=",
    }
    pages = (
        {normalise(k).replace("_", " "): str(v or "") for k, v in row.items()}
        for row in service.pages("limit", _DOCTORS_PAGE, **asked)
    )
    placed = Placed("CMS service", "cms-clinicians", retrieved)
    return _clinicians(placed, enumerate(pages, 1), service.base, ())


def _clinicians(placed: Placed, rows: Rows, url: str, states: Collection[str]) -> Batch:
    report = placed.report
    wanted = {state.upper() for state in states}
    for row, cells in rows:
        report.read += 1
        if not any(cells.values()):
            report.note("dropped", "the row is empty", file=placed.file, row=row)
            continue
        got = {
            key: next((cells[c] for c in names if cells.get(c)), "")
            for key, names in _DOCTORS.items()
        }
        if wanted and got["state"].upper() not in wanted:
            report.count("dropped", f"not in {', '.join(sorted(wanted))}", 1)
            continue
        person = [got["first"], got["middle"], got["last"]]
        us_row = UsRow(
            npi=got["npi"],
            name=got["name"] or " ".join(filter(None, person)),
            zip_text=got["zip"],
            city=got["city"],
            state=got["state"],
            address=", ".join(filter(None, [got["organisation"], got["address"]])),
            phone=got["phone"],
            specialties=[got["specialty"], *re.split(r",\s*(?=[A-Z])", got["others"])],
        )
        placed.add(
            row,
            us_row,
            gender=_GENDERS.get(got["gender"].upper()),
            telehealth=True if got["telehealth"].upper() == "Y" else None,
        )
    about = "Clinicians who take part in Medicare."
    return placed.batch("Doctors and Clinicians (CMS)", url, about)
