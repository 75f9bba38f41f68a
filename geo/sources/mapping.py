"""How a table's columns are read: proposed from what they hold, kept as a small file, replayed."""

import re
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import fuzz, process

from geo.errors import DataError
from geo.packs import place_words
from geo.packs.schema import FACILITY_TYPES
from geo.reading import understood
from geo.sources.coordinates import Bounds, is_longitude_first, number_of, pair_of
from geo.sources.layout import EVERY_SHEET, GEOMETRY, Sheet
from geo.sources.operation import Operation, operation_of
from geo.sources.phones import e164
from geo.sources.us_register import is_npi
from geo.sources.vocabulary import FIELDS, LEVEL_OF, NO, YES, facility_type_of, folded
from geo.text import normalise

#: Bytes of a mapping; one of a thousand columns has a tenth of it.
_MOST_YAML = 1_000_000
#: Cells looked at to guess what a column holds.
_SAMPLE = 2_000
#: A column of more different words about its operation is text; each is read by itself.
_MOST_STATES = 50
#: What is taken from a second column where the first says nothing.
_FILLED = frozenset({"name", "facility_type"})
#: A column of telephone numbers has so many digits in at least this share of its cells.
_FEW_DIGITS, _SOME = 3, 0.3
#: From this likeness (0-100) a header is taken for another spelling of a known one.
_SPELLING = 88.0
_WEB = re.compile(r"^(https?://|www\.)\S+$", re.IGNORECASE)
_HOURS = re.compile(r"^(24/7|(Mo|Tu|We|Th|Fr|Sa|Su|PH)\b.*\d{1,2}:\d{2})")
_PAIR = re.compile(r"^\s*-?\d{1,3}[.,]\d+\s*[,; ]\s*-?\d{1,3}[.,]\d+\s*$|^POINT ?\(", re.IGNORECASE)
#: Why a column was chosen by what it holds.
_REASONS = {
    "position": "pairs of coordinates in it",
    "npi": "ten-digit NPIs in it",
    "website": "web addresses in it",
    "opening_hours": "opening hours in it",
    "phone": "telephone numbers in it",
}
#: Number of a column to its cells that are not empty.
_Columns = MappingOf[int, "pd.Series[str]"]


class Mapping(BaseModel):
    """What each column means, and what the file does not say of itself.

    `columns` maps a field to the header's text, or to a column's number from 1; `otherwise` to the
    column that is taken where that one says nothing. `types` maps
    words of the type column to a facility type, `states` those of the status column to what they
    say of its operation. `far` says what happens to rows that lie far from all others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str | int] = Field(default_factory=dict)
    otherwise: dict[str, str | int] = Field(default_factory=dict)
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
    states: dict[str, Operation] = Field(default_factory=dict)
    country_code: str = ""
    location_precision: Literal["exact", "street", "postcode", "locality"] = "exact"


class Proposal(BaseModel):
    """A mapping and what could not be known.

    `questions` are sentences, one for each thing that only the reader can say, and `asked` the
    settings that answer them (a field of `Mapping`, or a key of its columns); `guesses` names
    for each field why its column was chosen.
    """

    mapping: Mapping
    questions: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    guesses: dict[str, str] = Field(default_factory=dict)


def propose(sheet: Sheet, country_code: str = "", bounds: Bounds | None = None) -> Proposal:
    """Guess what a table's columns mean, from their names and from what they hold.

    Parameters
    ----------
    sheet
        The table.
    country_code, bounds
        Where its rows should lie, as far as it is known: it tells which coordinate stands first.

    Returns
    -------
    Proposal
        Never an error: what is not known is a question.
    """
    guesses = _Guesses(sheet)
    chosen, why = guesses.chosen, guesses.why
    types: dict[str, str] = {}
    if "facility_type" in chosen:
        both = {chosen["facility_type"], guesses.otherwise.get("facility_type")} - {None}
        cells = pd.concat([sheet.cells[at] for at in both]).value_counts().index
        types = {cell: kind for cell in cells if cell and (kind := facility_type_of(cell))}
        if not types and "healthcare" not in why["facility_type"]:
            chosen = {field: at for field, at in chosen.items() if field != "facility_type"}
            why = {field: reason for field, reason in why.items() if field != "facility_type"}
    states: dict[str, Operation] = {}
    if "operational_status" in chosen:
        cells = sheet.cells[chosen["operational_status"]].value_counts().index
        if len(cells) <= _MOST_STATES:
            understood = {str(cell): operation_of(str(cell)) for cell in cells if cell}
            states = {cell: state for cell, state in understood.items() if state != "unknown"}
    layout = sheet.layout
    questions = (
        {} if {"name", "last_name"} & set(chosen) else {"name": "Which column holds the name?"}
    )
    swapped, open_ones = _positions(sheet, chosen, country_code, bounds)
    questions |= open_ones
    if layout.doubtful:
        read = " or ".join(f"{encoding} ({names})" for encoding, names in layout.doubtful)
        questions["encoding"] = f"Which encoding is right: {read}?"
    if layout.alike and layout.sheet != EVERY_SHEET:
        questions["sheet"] = (
            f"The sheets {', '.join(layout.alike)} have the same columns: read all of them "
            f"(sheet {EVERY_SHEET!r}), or which one?"
        )
    columns: dict[str, str | int] = {
        field: sheet.columns[at] if layout.has_header else at + 1 for field, at in chosen.items()
    }
    otherwise: dict[str, str | int] = {
        field: sheet.columns[at] if layout.has_header else at + 1
        for field, at in guesses.otherwise.items()
        if field in chosen
    }
    mapping = Mapping(
        columns=columns,
        otherwise=otherwise,
        encoding="" if layout.odd_encoding else layout.encoding,
        delimiter=layout.delimiter,
        header=layout.header_row,
        sheet=layout.sheet or layout.layer,
        swapped=swapped,
        types=types,
        states=states,
        kind=_kind(chosen),
    )
    return Proposal(
        mapping=mapping, questions=tuple(questions.values()), asked=tuple(questions), guesses=why
    )


def _kind(chosen: MappingOf[str, int]) -> Literal["facility", "practitioner"]:
    """Whether rows are places or people: people have an NPI of their own, or two names."""
    is_place = "facility_type" in chosen
    is_person = "npi" in chosen or ("last_name" in chosen and "name" not in chosen)
    return "practitioner" if is_person and not is_place else "facility"


class _Guesses:
    """Which column holds which field (its number, from 0), and why."""

    def __init__(self, sheet: Sheet) -> None:
        self.chosen: dict[str, int] = {}
        self.why: dict[str, str] = {}
        self.otherwise: dict[str, int] = {}
        self._sheet = sheet
        if GEOMETRY[0] in sheet.columns:
            for field, column in zip(("lat", "lon"), GEOMETRY, strict=True):
                self._take(field, sheet.columns.index(column), "the shapes of the file")
        if sheet.layout.has_header:
            for exact in (True, False):
                self._by_name(exact=exact)
        self._by_levels()
        self._by_content()

    def _take(self, field: str, at: int, reason: str) -> None:
        self.chosen[field], self.why[field] = at, reason

    @property
    def _taken(self) -> set[int]:
        return {*self.chosen.values(), *self.otherwise.values()}

    def _by_name(self, *, exact: bool) -> None:
        """Columns called as people call them; another spelling counts after every exact one."""
        headers = [folded(c) for c in self._sheet.columns]
        for field, names in FIELDS.items():
            if field in self.chosen or (self._sheet.shapes and field == "position"):
                continue
            # "District code" is no id of a place, "contact first name" nobody who treats.
            if field in ("record", "first_name", "last_name") and not exact:
                continue
            names_folded = [folded(name) for name in names]
            wanted = names_folded if exact else [""]
            fitting = [
                i
                for name in wanted
                for i, header in enumerate(headers)
                if (header == name if exact else _alike(header, names_folded))
                and self._is_free(i)
                and self._could_be(field, i)
            ]
            if not fitting:
                continue
            first, fullest = fitting[0], max(fitting, key=self._filled)
            self._take(field, first, f"its name, {self._sheet.columns[first]!r}")
            if field in _FILLED and self._filled(fullest) > self._filled(first):
                self.otherwise[field] = fullest

    def _by_levels(self) -> None:
        """Of two columns of regions, one is above the other: by its name, else of fewer words."""
        if "region" not in self.chosen or "region_above" in self.chosen:
            return
        words = {folded(name) for name in FIELDS["region"]}
        first = self.chosen["region"]
        others = [
            at
            for at, column in enumerate(self._sheet.columns)
            if folded(column) in words and self._is_free(at) and self._is_level(at, first)
        ]
        if not others:
            return

        def depth(at: int) -> tuple[int, int]:
            column, cells = folded(self._sheet.columns[at]), self._sheet.cells[at]
            return LEVEL_OF.get(column, -1), int(cells.nunique())

        *_, high, low = sorted([first, *others], key=depth)
        for field, at in (("region", low), ("region_above", high)):
            self._take(field, at, f"its name, {self._sheet.columns[at]!r}")

    def _is_level(self, one: int, other: int) -> bool:
        """Whether the names of one of two columns say where those of the other lie."""
        pairs = self._sheet.cells[[one, other]].drop_duplicates()
        both = pairs[(pairs != "").all(axis=1)]
        finest = max(both[one].nunique(), both[other].nunique())
        return 0 < len(both) <= 1.5 * finest

    def _filled(self, at: int) -> float:
        """The share of cells of a column that say something."""
        return float(self._sheet.cells[at].ne("").mean())

    def _could_be(self, field: str, at: int) -> bool:
        """Whether a column that is called like a field may hold it: "has telephone" holds none."""
        cells = self._sheet.cells[at].head(_SAMPLE)
        said = cells[cells != ""]
        if field == "phone":
            digits = said.str.replace(r"\D", "", regex=True).str.len()
            return bool((digits >= _FEW_DIGITS).mean() >= _SOME)
        if field == "operational_status":
            return bool(said.map(lambda cell: operation_of(cell) != "unknown").mean() >= _SOME)
        if field == "services":  # neither how many, nor whether there are any
            plain = said.map(normalise)
            words = plain.str.contains(r"[^\W\d]{3}", regex=True) & ~plain.isin(YES | NO)
            return bool(words.mean() >= _SOME)
        return True

    def _is_free(self, at: int) -> bool:
        """Whether a column has cells and no field yet."""
        return at not in self._taken and bool(self._sheet.cells[at].ne("").any())

    def _by_content(self) -> None:
        """What a column holds, where no name told."""
        sample = self._sheet.cells.head(_SAMPLE)
        filled = {
            i: sample[i][sample[i] != ""]
            for i in range(len(self._sheet.columns))
            if i not in self._taken and sample[i].ne("").any()
        }
        if not {"lat", "lon"} <= set(self.chosen):
            self._by_pattern(filled, "position", _PAIR, 0.8)
        if not {"position", "lat", "lon"} & set(self.chosen):
            self._by_degrees(filled)
        self._by_values(filled, "npi", is_npi, 0.95)
        self._by_pattern(filled, "website", _WEB, 0.8)
        self._by_pattern(filled, "opening_hours", _HOURS, 0.6)
        # Without its country only a number with its own code is surely one.
        self._by_values(filled, "phone", lambda cell: e164(cell) is not None, 0.8)
        if "facility_type" not in self.chosen:
            self._by_kinds(filled)
        if "name" not in self.chosen and not self._sheet.layout.has_header:
            self._by_variety(filled)

    def _by_pattern(
        self, filled: _Columns, field: str, pattern: re.Pattern[str], share: float
    ) -> None:
        """The first column of which most cells look so."""
        self._by_values(filled, field, lambda cell: pattern.search(cell) is not None, share)

    def _by_values(
        self, filled: _Columns, field: str, is_one: Callable[[str], bool], share: float
    ) -> None:
        """The first column of which most cells are such values."""
        for i, cells in filled.items() if field not in self.chosen else ():
            if i not in self._taken and cells.map(is_one).mean() >= share:
                self._take(field, i, _REASONS[field])
                return

    def _by_degrees(self, filled: _Columns) -> None:
        """Two neighbouring columns of decimals that could be degrees."""
        numbers = {
            i: pd.to_numeric(c.str.replace(",", ".", n=1, regex=False), errors="coerce").abs()
            for i, c in filled.items()
            if i not in self._taken and c.str.contains(r"^-?\d+[.,]\d{2,}$").mean() > 0.6
        }
        for i in numbers:
            if i + 1 in numbers:
                first, second = (numbers[n].quantile(0.95) for n in (i, i + 1))
                if max(first, second) <= 180 and min(first, second) <= 90:
                    for field, at in (("lat", i), ("lon", i + 1)):
                        self._take(field, at, "decimals in it that could be degrees")
                    return

    def _by_kinds(self, filled: _Columns) -> None:
        """A column of few words that are kinds of places."""
        for i, cells in filled.items():
            kinds = cells.drop_duplicates()
            few = len(kinds) <= max(30, len(cells) // 5)
            known = kinds.map(lambda cell: facility_type_of(cell) is not None).mean()
            if i not in self._taken and few and known > 0.6:
                self._take("facility_type", i, "kinds of places in it")
                return

    def _by_variety(self, filled: _Columns) -> None:
        """The column with the most different texts that have letters."""
        texts = {
            i: cells.nunique()
            for i, cells in filled.items()
            if i not in self._taken
            and cells.map(lambda cell: sum(x.isalpha() for x in cell) >= 3).mean() > 0.8
        }
        if texts:
            best = max(texts, key=lambda i: texts[i])
            self._take("name", best, "the most different texts in it")


def _alike(header: str, names: list[str]) -> bool:
    """Whether a header is another spelling of one of some names, or has one in it."""
    long = [name for name in names if len(name) > 3]
    if len(header) < 5:
        return False
    if any(f" {name} " in f" {header} " for name in long):
        return True
    return process.extractOne(header, long, scorer=fuzz.ratio, score_cutoff=_SPELLING) is not None


def _positions(
    sheet: Sheet, chosen: MappingOf[str, int], country_code: str, bounds: Bounds | None
) -> tuple[bool, dict[str, str]]:
    """Whether longitude stands first, and what must be asked: setting to sentence."""
    if sheet.shapes:
        return False, {}
    pair = "position" in chosen
    if not pair and not {"lat", "lon"} <= set(chosen):
        placed = {"postcode", "locality"} & set(chosen)
        question = "Which columns hold latitude and longitude, or a postcode?"
        return False, {} if placed else {"position": question}
    sample = sheet.cells.head(_SAMPLE)
    if pair:
        pairs = [pair_of(cell) for cell in sample[chosen["position"]] if cell]
        lat, lon = (np.array([p[k] for p in pairs if not p[2]], float) for k in (0, 1))
    else:
        lat, lon = (
            np.array([number_of(cell) for cell in sample[chosen[f]]], float) for f in ("lat", "lon")
        )
    known = ~np.isnan(lat + lon) & (lat > -900) & (lon > -900)
    lat, lon = lat[known], lon[known]
    if not len(lat):
        return False, {}
    if (np.abs(lat) > 180).mean() > 0.5 and (np.abs(lon) > 180).mean() > 0.5:
        why = "Positions are not degrees: which projection are they in (for example EPSG:32645)?"
        return False, {"crs": why}
    named = sample[chosen["country"]].unique()[:20] if "country" in chosen else ()
    countries = {country_code, *map(place_words.country_code, named)} - {""}
    turned = is_longitude_first(lat, lon, countries, bounds)
    if turned is None and pair:
        column = sheet.columns[chosen["position"]]
        why = f"Does {column!r} give latitude or longitude first? Say which, or say which country "
        return False, {"swapped": why + "the positions are in."}
    return bool(turned), {}


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
        raise DataError(path.name, "is not a mapping: it has no settings")
    try:
        mapping = Mapping.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(path.name, f"the setting {where}: {first['msg']}") from None
    for field in mapping.columns:
        if field not in FIELDS:
            raise DataError(path.name, f"{field!r} is not a field; known are {', '.join(FIELDS)}")
    for kind in (*mapping.types.values(), *filter(None, [mapping.facility_type])):
        if kind not in FACILITY_TYPES:
            raise DataError(
                path.name, f"{kind!r} is not a kind of place; known are {', '.join(FACILITY_TYPES)}"
            )
    return mapping


def _yaml(path: Path) -> object:
    try:
        if path.stat().st_size > _MOST_YAML:
            raise DataError(path.name, "is too large for a mapping")
        text = path.read_text("utf-8")
        # Names for what stands elsewhere can grow a short file without end.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise DataError(path.name, "uses an alias (*name); write out what it stands for")
        return yaml.safe_load(text)
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
