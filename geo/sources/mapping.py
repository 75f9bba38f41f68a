"""How a table's columns are read: proposed from what they hold, kept as a small file, replayed."""

import re
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import fuzz, process

from geo.errors import DataError
from geo.schema import FACILITY_TYPES
from geo.sources.files import understood
from geo.sources.sheets import GEOMETRY, Sheet
from geo.sources.vocabulary import FIELDS, facility_type_of, folded

__all__ = ["Mapping", "Proposal", "propose", "read_mapping", "write_mapping"]

#: Cells looked at to guess what a column holds.
_SAMPLE = 2_000
#: From this likeness (0-100) a header is taken for another spelling of a known one.
_SPELLING = 88.0
_PHONE = re.compile(r"^\+?[\d\s().\-/]{6,22}$")
_WEB = re.compile(r"^(https?://|www\.)\S+$", re.IGNORECASE)
_HOURS = re.compile(r"^(24/7|(Mo|Tu|We|Th|Fr|Sa|Su|PH)\b.*\d{1,2}:\d{2})")
_PAIR = re.compile(r"^\s*-?\d{1,3}[.,]\d+\s*[,; ]\s*-?\d{1,3}[.,]\d+\s*$|^POINT ?\(", re.IGNORECASE)
_NPI = re.compile(r"^[12]\d{9}$")


class Mapping(BaseModel):
    """What each column means, and what the file does not say of itself.

    `columns` maps a field to the header's text, or to a column's number from 1. `types` maps
    words of the type column to a facility type. `far` says what happens to rows that lie far
    from all others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str | int] = Field(default_factory=dict)
    encoding: str = ""
    delimiter: str = Field(default="", max_length=1)
    header: int | None = Field(default=None, ge=0)
    sheet: str = ""
    crs: str = ""
    swapped: bool = False
    far: Literal["drop", "keep"] = "drop"
    kind: Literal["facility", "practitioner"] = "facility"
    facility_type: str = ""
    types: dict[str, str] = Field(default_factory=dict)
    country_code: str = ""
    location_precision: Literal["exact", "street", "postcode", "locality"] = "exact"


class Proposal(BaseModel):
    """A mapping and what could not be known.

    `questions` are sentences, one for each thing that only the reader can say; `guesses` names
    for each field why its column was chosen.
    """

    mapping: Mapping
    questions: tuple[str, ...] = ()
    guesses: dict[str, str] = Field(default_factory=dict)


def propose(sheet: Sheet) -> Proposal:
    """Guess what a table's columns mean, from their names and from what they hold.

    Parameters
    ----------
    sheet
        The table.

    Returns
    -------
    Proposal
        Never an error: what is not known is a question.
    """
    chosen: dict[str, int] = {}
    why: dict[str, str] = {}
    if GEOMETRY[0] in sheet.columns:
        for field, column in zip(("lat", "lon"), GEOMETRY, strict=True):
            chosen[field], why[field] = sheet.columns.index(column), "the shapes of the file"
    if sheet.found.get("header") != "none":
        _by_name(sheet, chosen, why)
    _by_content(sheet, chosen, why)
    types: dict[str, str] = {}
    if "facility_type" in chosen:
        words = sheet.cells[chosen["facility_type"]].value_counts().index
        types = {w: k for w in words if w and (k := facility_type_of(w))}
        if not types and "healthcare" not in why["facility_type"]:
            del chosen["facility_type"], why["facility_type"]
    questions, crs, swapped = _positions(sheet, chosen)
    if "name" not in chosen:
        questions.insert(0, "Which column holds the name?")
    columns: dict[str, str | int] = {
        field: column + 1 if sheet.found.get("header") == "none" else sheet.columns[column]
        for field, column in chosen.items()
    }
    header = sheet.found.get("header", "")
    mapping = Mapping(
        columns=columns,
        encoding=sheet.found.get("encoding", "")
        if "and" not in sheet.found.get("encoding", "")
        else "",
        delimiter=sheet.found.get("delimiter", ""),
        header=int(header.removeprefix("row "))
        if header.startswith("row ")
        else 0
        if header
        else None,
        sheet=sheet.found.get("sheet", sheet.found.get("layer", "")),
        crs=crs,
        swapped=swapped,
        types=types,
        kind="practitioner" if "npi" in chosen and "facility_type" not in chosen else "facility",
    )
    return Proposal(mapping=mapping, questions=tuple(questions), guesses=why)


def _by_name(sheet: Sheet, chosen: dict[str, int], why: dict[str, str]) -> None:
    """Columns called as people call them; another spelling counts where no exact one is."""
    headers = [folded(c) for c in sheet.columns]
    plain = {field: [folded(w) for w in words] for field, words in FIELDS.items()}
    taken: set[int] = set(chosen.values())
    for exact in (True, False):
        for field, words in plain.items():
            if field in chosen or (sheet.shapes and field == "position"):
                continue
            if field == "record" and not exact:  # "district code" is no id of a place
                continue
            for rank in words if exact else [None]:
                at = next(
                    (
                        i
                        for i, header in enumerate(headers)
                        if i not in taken
                        and sheet.cells[i].ne("").any()
                        and (header == rank if exact else _alike(header, words))
                    ),
                    None,
                )
                if at is not None:
                    chosen[field], why[field] = at, f"its name, {sheet.columns[at]!r}"
                    taken.add(at)
                    break


def _alike(header: str, words: list[str]) -> bool:
    long = [w for w in words if len(w) > 3]
    if len(header) < 5:
        return False
    if any(f" {w} " in f" {header} " for w in long):
        return True
    return process.extractOne(header, long, scorer=fuzz.ratio, score_cutoff=_SPELLING) is not None


def _by_content(sheet: Sheet, chosen: dict[str, int], why: dict[str, str]) -> None:
    """What a column holds, where no name told."""
    taken = set(chosen.values())
    sample = sheet.cells.head(_SAMPLE)
    free = [i for i in range(len(sheet.columns)) if i not in taken]
    filled = {i: sample[i][sample[i] != ""] for i in free}
    filled = {i: cells for i, cells in filled.items() if len(cells)}

    def take(field: str, pattern: re.Pattern[str], share: float, reason: str) -> None:
        if field in chosen:
            return
        for i, cells in filled.items():
            if i not in taken and cells.map(lambda c: bool(pattern.search(c))).mean() >= share:
                chosen[field], why[field] = i, reason
                taken.add(i)
                return

    if not {"lat", "lon"} <= set(chosen):
        take("position", _PAIR, 0.8, "pairs of coordinates in it")
    if "position" not in chosen and not {"lat", "lon"} & set(chosen):
        _coordinates(filled, taken, chosen, why)
    take("npi", _NPI, 0.95, "ten-digit NPIs in it")
    take("website", _WEB, 0.8, "web addresses in it")
    take("opening_hours", _HOURS, 0.6, "opening hours in it")
    take("phone", _PHONE, 0.8, "telephone numbers in it")
    if "facility_type" not in chosen:
        for i, cells in filled.items():
            kinds = cells.drop_duplicates()
            few = len(kinds) <= max(30, len(cells) // 5)
            known = kinds.map(lambda c: facility_type_of(c) is not None).mean()
            if i not in taken and few and known > 0.6:
                chosen["facility_type"], why["facility_type"] = i, "kinds of places in it"
                taken.add(i)
                break
    if "name" not in chosen:
        # The column with the most different texts that are words.
        texts = {
            i: cells.nunique()
            for i, cells in filled.items()
            if i not in taken and cells.map(lambda c: sum(x.isalpha() for x in c) >= 3).mean() > 0.8
        }
        if texts and (sheet.found.get("header") == "none"):
            best = max(texts, key=lambda i: texts[i])
            chosen["name"], why["name"] = best, "the most different texts in it"


def _coordinates(
    filled: MappingOf[int, "pd.Series[str]"],
    taken: set[int],
    chosen: dict[str, int],
    why: dict[str, str],
) -> None:
    """Two neighbouring columns of decimals that could be degrees."""
    numbers = {
        i: pd.to_numeric(c.str.replace(",", ".", n=1, regex=False), errors="coerce")
        for i, c in filled.items()
        if i not in taken and c.str.contains(r"^-?\d+[.,]\d{2,}$").mean() > 0.6
    }
    for i in numbers:
        if i + 1 in numbers:
            first, second = numbers[i].abs().quantile(0.95), numbers[i + 1].abs().quantile(0.95)
            if max(first, second) <= 180 and min(first, second) <= 90:
                chosen["lat"], chosen["lon"] = i, i + 1
                why["lat"] = why["lon"] = "decimals in it that could be degrees"
                taken |= {i, i + 1}
                return


def _positions(sheet: Sheet, chosen: MappingOf[str, int]) -> tuple[list[str], str, bool]:
    """Whether coordinates are degrees, and in which order; what must be asked."""
    if not {"lat", "lon"} <= set(chosen) or sheet.shapes:
        placed = {"position", "postcode", "locality"} & set(chosen)
        question = "Which columns hold latitude and longitude, or a postcode?"
        return ([] if placed or sheet.shapes else [question]), "", False
    lat, lon = (
        pd.to_numeric(
            sheet.cells[chosen[f]].str.replace(",", ".", n=1, regex=False), errors="coerce"
        )
        for f in ("lat", "lon")
    )
    known = lat.notna() & lon.notna() & (lat > -900) & (lon > -900)
    lat, lon = lat[known], lon[known]
    if lat.empty:
        return [], "", False
    if (lat.abs() > 180).mean() > 0.5 and (lon.abs() > 180).mean() > 0.5:
        return (
            ["Positions are not degrees: which projection are they in (for example EPSG:32645)?"],
            "",
            False,
        )
    return [], "", bool((lat.abs() > 90).mean() > 0.5 and (lon.abs() <= 90).mean() > 0.5)


def read_mapping(path: Path) -> Mapping:
    """Read a mapping that was kept.

    Raises
    ------
    DataError
        If it is missing or is not a mapping; the message names the setting.
    """
    with understood(path.name):
        raw = _yaml(path)
    if not isinstance(raw, dict):
        raise DataError(path.name, "is no mapping: it has no settings")
    try:
        mapping = Mapping.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(path.name, f"the setting {where}: {first['msg']}") from None
    for field in mapping.columns:
        if field not in FIELDS:
            raise DataError(path.name, f"{field!r} is no field; known are {', '.join(FIELDS)}")
    for kind in (*mapping.types.values(), *filter(None, [mapping.facility_type])):
        if kind not in FACILITY_TYPES:
            raise DataError(
                path.name, f"{kind!r} is no kind of place; known are {', '.join(FACILITY_TYPES)}"
            )
    return mapping


def _yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(path.name, "the file is missing") from None
    except UnicodeDecodeError:
        raise DataError(path.name, "is not UTF-8 text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark is not None else None
        raise DataError(path.name, "is not YAML", row=row) from None


def write_mapping(mapping: Mapping) -> str:
    """A mapping as YAML, without what is as usual."""
    return yaml.safe_dump(
        mapping.model_dump(exclude_defaults=True), allow_unicode=True, sort_keys=False
    )
