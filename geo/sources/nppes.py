"""NPPES, the register of every clinician in the United States: its bulk file and its service.

Bulk: https://download.cms.gov/nppes/NPI_Files.html. Service:
https://npiregistry.cms.hhs.gov/api-page (version 2.1). Public domain. Neither has coordinates.
"""

import contextlib
import csv
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pv

from geo.errors import CareReachError, DataError
from geo.progress import Progress, Step, silent
from geo.reading import understood
from geo.sources.batch import Batch, Report
from geo.sources.service import Service
from geo.sources.us_register import Placed, UsRow, us_types
from geo.sources.vocabulary import WORDS

SERVICE = "https://npiregistry.cms.hhs.gov/api/"
#: The service's own limits: rows in an answer, rows of one question.
PAGE, MOST = 200, 1200
#: Rows between two calls of `progress`.
STEP = 100_000
_SLOTS = [
    (f"Healthcare Provider Taxonomy Code_{n}", f"Healthcare Provider Primary Taxonomy Switch_{n}")
    for n in range(1, 16)
]
_BLOCK = 8 << 20
_COLUMNS: dict[str, str] = WORDS["nppes"]
_SEX = ("Provider Sex Code", "Provider Gender Code")
_GENDERS = {"F": "female", "M": "male", "X": "other", "U": "unknown"}


def _batch(placed: Placed, path: str) -> Batch:
    title = "NPPES, the register of national provider identifiers (CMS)"
    about = "Whoever has an identifier, with the address and specialty they gave; not whether they"
    return placed.batch(title, path, f"{about} practise.")


def read_nppes(
    path: Path,
    retrieved: str,
    *,
    states: Collection[str] = (),
    taxonomies: Collection[str] = (),
    progress: Progress = silent,
) -> Batch:
    """Read the bulk file, plain or in its zip, block by block.

    Parameters
    ----------
    path
        `npidata_pfile_*.csv`, or the zip that holds it; both layouts (2025 and before).
    retrieved
        The day it was published or fetched, YYYY-MM-DD.
    states
        Two-letter codes of the practice address to keep; all where empty.
    taxonomies
        NUCC codes (or their beginnings) to keep; all where empty.
    progress
        Told how many rows are read, every `STEP` rows.

    Raises
    ------
    DataError
        If it is not that file.
    """
    placed = Placed(path.name, "nppes", retrieved)
    report = placed.report
    wanted = {state.upper() for state in states}
    for row, cells in _bulk_rows(path):
        report.read += 1
        if report.read % STEP == 0:
            progress(Step("Reading rows", report.read))
        if cells["off"] and not cells["on"]:
            report.note("dropped", "the NPI was deactivated", file=path.name, row=row)
            continue
        codes = cells["codes"]
        if wanted and cells["state"].upper() not in wanted:
            report.count("dropped", f"not in {', '.join(sorted(wanted))}", 1)
        elif taxonomies and not any(c.startswith(tuple(taxonomies)) for c in codes):
            report.count("dropped", "of another specialty than asked for", 1)
        else:
            _add(placed, row, cells, codes)
    return _batch(placed, "https://download.cms.gov/nppes/NPI_Files.html")


def _add(placed: Placed, row: int, cells: Mapping[str, Any], codes: list[str]) -> None:
    if cells["country"] not in ("", "US"):
        placed.report.note("dropped", "outside the United States", file=placed.file, row=row)
        return
    is_person = cells["entity"].removesuffix(".0") == "1"
    person = [cells["first"], cells["middle"], cells["last"]]
    more: dict[str, Any] = {"gender": _GENDERS.get(cells["sex"].upper()) if is_person else None}
    if not is_person:
        more |= {"kind": "facility", "facility_type": us_types(codes)}
    cells_of = UsRow(
        npi=cells["npi"],
        name=" ".join(filter(None, person)) if is_person else cells["organisation"],
        zip_text=cells["zip"],
        city=cells["city"],
        state=cells["state"],
        address=cells["address"],
        phone=cells["phone"],
        specialties=codes if is_person else (),
    )
    placed.add(row, cells_of, **more)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield file
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                n
                for n in archive.namelist()
                if Path(n).name.lower().startswith("npidata_pfile") and "header" not in n.lower()
            ]
            if len(names) != 1:
                raise DataError(path.name, "holds no npidata_pfile_….csv")
            with archive.open(names[0]) as file:
                yield file
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(path.name, f"the archive cannot be unpacked: {error}") from None


def _bulk_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Row number and the cells that are used, a block in memory at a time."""
    with understood(path.name), _opened(path) as file:
        try:
            # Its header has 330 names; what is longer is none.
            header = next(csv.reader([file.readline(_BLOCK).decode("utf-8-sig")]), [])
            columns = _COLUMNS | {"sex": next((c for c in _SEX if c in header), _SEX[0])}
            for column in columns.values():
                if column not in header:
                    raise DataError(path.name, "the column is missing", column=column)
            slots = [pair for pair in _SLOTS if pair[0] in header]
            used = [*columns.values(), *chain.from_iterable(slots)]
            reader = pv.open_csv(
                file,
                read_options=pv.ReadOptions(block_size=_BLOCK, column_names=header),
                # Types are not guessed: a column may be empty for millions of rows.
                convert_options=pv.ConvertOptions(
                    include_columns=used,
                    column_types=dict.fromkeys(used, pa.string()),
                    strings_can_be_null=False,
                ),
            )
            row = 1
            for batch in reader:
                cells = {key: _cells(batch, column) for key, column in columns.items()}
                given = [tuple(_cells(batch, column) for column in pair) for pair in slots]
                for i in range(batch.num_rows):
                    row += 1
                    codes = sorted(
                        ((codes[i], main[i] != "Y") for codes, main in given if codes[i]),
                        key=lambda c: c[1],
                    )
                    one: dict[str, Any] = {key: column[i] for key, column in cells.items()}
                    yield row, {**one, "codes": [code for code, _ in codes]}
        except pa.ArrowInvalid as error:
            raise DataError(path.name, f"is not the NPPES bulk file: {str(error)[:120]}") from None


def _cells(batch: pa.RecordBatch, column: str) -> list[str]:
    return [(c or "").strip() for c in batch.column(column).cast(pa.string()).to_pylist()]


def fetch_nppes(
    service: Service, retrieved: str, *, state: str, prefixes: Collection[str], taxonomy: str = ""
) -> Batch:
    """Ask the service for everybody whose postcode begins so.

    A question that has more answers than the service gives is parted by the next digit.

    Parameters
    ----------
    service
        `SERVICE`, or one that answers alike.
    retrieved
        The day, YYYY-MM-DD.
    state
        Two-letter code.
    prefixes
        Beginnings of postcodes, two digits at least.
    taxonomy
        A specialty in the service's words ("Anesthesiology"); all where empty.

    Raises
    ------
    CareReachError
        If the service does not answer, or refuses the question.
    """
    placed = Placed("NPPES service", "nppes", retrieved)
    report = placed.report
    seen: set[str] = set()
    for prefix in sorted(prefixes):
        for result in _shard(service, state, prefix, taxonomy, report):
            number = str(result.get("number", ""))
            if number in seen:
                continue
            seen.add(number)
            report.read += 1
            _add_result(placed, report.read, result)
    return _batch(placed, service.base)


def _shard(
    service: Service, state: str, prefix: str, taxonomy: str, report: Report, *, exact: bool = False
) -> Iterator[Mapping[str, Any]]:
    asked = {"version": "2.1", "country_code": "US", "address_purpose": "LOCATION"}
    asked |= {"state": state, "postal_code": prefix if exact or len(prefix) == 9 else f"{prefix}*"}
    if taxonomy:
        asked["taxonomy_description"] = taxonomy
    found: list[Mapping[str, Any]] = []
    for skip in range(0, MOST, PAGE):
        answer = service.get(**asked, limit=str(PAGE), skip=str(skip))
        if not isinstance(answer, dict) or "results" not in answer:
            errors = answer.get("Errors", []) if isinstance(answer, dict) else []
            said = "; ".join(str(e.get("description", e)) for e in errors) or "nothing it could use"
            raise CareReachError(f"The NPPES service refused the question: {said}.")
        found += answer["results"]
        if len(answer["results"]) < PAGE:
            yield from found
            return
    # What was got counts: some answers may come up in no part of the question.
    yield from found
    if exact or len(prefix) >= 9:
        report.note("kept", f"more answer to {prefix} than the service gives", value=prefix)
        return
    if len(prefix) == 5:  # postcodes of five digits
        yield from _shard(service, state, prefix, taxonomy, report, exact=True)
    for digit in "0123456789":
        yield from _shard(service, state, prefix + digit, taxonomy, report)


def _add_result(placed: Placed, row: int, result: Mapping[str, Any]) -> None:
    """One result of the service, as a row of the bulk file."""
    basic = result.get("basic") or {}
    where = [a for a in result.get("addresses") or [] if a.get("address_purpose") == "LOCATION"]
    if not where:
        placed.report.note("dropped", "there is no practice address", file=placed.file, row=row)
        return
    address = where[0]
    groups = sorted(result.get("taxonomies") or [], key=lambda t: not t.get("primary"))
    cells: dict[str, Any] = {
        "npi": str(result.get("number", "")),
        "entity": str(result.get("enumeration_type", "")).removeprefix("NPI-"),
        "organisation": basic.get("organization_name") or basic.get("name") or "",
        "sex": basic.get("sex") or basic.get("gender") or "",
        "address": address.get("address_1") or "",
        "zip": address.get("postal_code") or "",
        "country": address.get("country_code") or "",
        "phone": address.get("telephone_number") or "",
        "city": address.get("city") or "",
        "state": address.get("state") or "",
        **{part: basic.get(f"{part}_name") or "" for part in ("first", "middle", "last")},
    }
    _add(placed, row, cells, [str(t.get("code") or "") for t in groups])
