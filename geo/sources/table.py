"""Any table to providers: each cell understood or said to be dropped, each row with its reason."""

import hashlib
import re
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj

from geo.distance import distance_km
from geo.errors import CareReachError
from geo.packs.postcodes import Spot, us_zip
from geo.reading import understood
from geo.sources.batch import Batch, Origin, Report
from geo.sources.cells import each_cell, may_be_one_of, postcode_spots, specialty_of
from geo.sources.coordinates import Bounds, number_of, numbers_of, pair_of
from geo.sources.layout import Sheet
from geo.sources.mapping import Mapping
from geo.sources.operation import operation_of
from geo.sources.outliers import find_outliers
from geo.sources.phones import Phones, read_phones
from geo.sources.services import read_services, words_of
from geo.sources.sheets import read_sheet
from geo.sources.us_register import is_npi
from geo.sources.vocabulary import (
    FIELDS,
    GENDERS,
    MISSING,
    MISSING_SHORT,
    NO,
    TOTALS,
    YES,
    facility_type_of,
)
from geo.text import normalise

#: Rows of one town lie this near to their middle, in the median.
TOWN_KM = 25.0
#: So near to 0, 0 a position is a missing one.
_NULL_ISLAND_DEG = 0.01
_HYPERLINK = re.compile(r"^=HYPERLINK\((.*)\)$", re.IGNORECASE)
#: What a place lies in, the lowest first.
LEVELS = ("locality", "region", "region_above", "country")
_NAMES = frozenset({"name", "first_name", "last_name", "also_known_as", *LEVELS})
#: What the words begin with that say that nothing is said.
_NONE = frozenset(word[:1] for word in MISSING | MISSING_SHORT)
_YES_NO_FIELDS = ("accepting_new", "telehealth", "wheelchair", "emergency")
_TEXT_FIELDS = ("address", "locality", "website", "opening_hours")


#: Thousands with a sign between them, and a number with decimals.
_GROUPED = re.compile(r"\s*\d{1,3}([.,\s'’\u00a0]\d{3})+\s*")
_DECIMAL = re.compile(r"\s*\d+[.,]\d+\s*")
#: Totals and means stand in the last rows that say anything.
TOTAL_ROWS = 3
#: No hospital has more beds; 9999 says that nobody knows.
MOST_BEDS = 5_000


@dataclass(frozen=True)
class Near:
    """What is known besides the table: where the data should lie, and postcodes."""

    bounds: Bounds | None = None
    postcodes: MappingOf[str, Spot] | None = None


def read_facilities(
    path: Path,
    mapping: Mapping,
    origin: Origin,
    retrieved: str,
    near: Near | None = None,
    sheet: Sheet | None = None,
) -> Batch:
    """Read a table as a mapping says.

    Parameters
    ----------
    path
        The file.
    mapping
        From `geo.sources.mapping.propose`, or written by hand.
    origin
        The source.
    retrieved
        The day it was fetched, YYYY-MM-DD.
    near
        Where rows should lie (west, south, east, north), to tell swapped coordinates, and
        postcodes of one's own.
    sheet
        The table, where it has been read already.

    Raises
    ------
    DataError
        If the file cannot be read.
    CareReachError
        If the mapping names a column that is not there, or none for the name.
    """
    near = near or Near()
    with understood(path.name):
        return _read(path, mapping, origin, retrieved, near, sheet)


def _read(
    path: Path, mapping: Mapping, origin: Origin, retrieved: str, near: Near, sheet: Sheet | None
) -> Batch:
    if sheet is None:
        sheet = read_sheet(
            path,
            encoding=mapping.encoding,
            delimiter=mapping.delimiter,
            header=mapping.header,
            sheet=mapping.sheet,
        )
    report = Report(read=len(sheet.cells))
    rows = _Rows(sheet, mapping, report)
    layout = sheet.layout
    report.count("changed", f"read as {layout.odd_encoding}", layout.odd_rows)
    rows.drop(~(sheet.cells != "").any(axis=1).to_numpy(), "the row is empty")
    again = sheet.cells.duplicated().to_numpy()
    rows.drop(again, "the row repeats an earlier one, word for word")
    name = rows.name()
    rows.drop(name.isna().to_numpy(), "there is no name", column="name")
    if layout.has_header:
        rows.drop(_headers(name, str(mapping.columns.get("name", ""))), "repeats the header")
    rows.drop(_totals(name), "it is a total, not a place", column="name", value=name)
    status = rows.text("operational_status")
    # What the mapping says of a cell as it stands comes first.
    said = each_cell(rows.raw("operational_status"), mapping.states.get)
    state = np.where(pd.isna(said), each_cell(status, operation_of), said)
    rows.drop(state == "closed", "it is not in operation", value=status)
    rows.drop(state == "planned", "it is not in operation yet", value=status)
    why = "what is said of its operation was not understood; listed as in operation"
    rows.changed(state == "unknown", why, "operational_status", listed=True)
    located = _locate(rows, mapping, near)
    lat, lon = located.lat, located.lon
    rows.drop(np.isnan(lat), "there is not a position")
    group = _together([rows.text(field) for field in LEVELS[1:]]).to_numpy()
    outliers = find_outliers(np.where(rows.alive, lat, np.nan), lon, group, near.bounds)
    rows.remark(outliers.overseas, "lies far from all others, together with its region", "region")
    why = "lies far from the others of its region; which of them are right is not known"
    rows.remark(outliers.doubtful, why, "region")
    if mapping.far == "drop":
        rows.drop(
            ~np.isnan(outliers.far_km),
            "the position lies far from all others of its group",
            column="position",
            value=pd.Series([f"{a:.4f}, {b:.4f}" for a, b in zip(lat, lon, strict=True)]),
        )
    phones = _phones(rows, mapping.country_code)[rows.alive]
    frame = _providers(rows, mapping, name, located, origin, retrieved)
    frame["phone"] = [next(iter(found.numbers), None) for found in phones]
    frame["note"] = _notes(state[rows.alive], phones, retrieved)
    report.kept = len(frame)
    places = _places(rows, frame, origin)
    services = rows.text("services")[rows.alive]
    statements = read_services(frame["provider_id"].to_list(), services, origin)
    return Batch.of((origin,), report, providers=frame, evidence=statements, places=places)


class _Rows:
    """The rows of a sheet that still stand, and the report of the others."""

    def __init__(self, sheet: Sheet, mapping: Mapping, report: Report) -> None:
        self.sheet, self.report = sheet, report
        self.alive = np.ones(len(sheet.cells), bool)
        self.columns: dict[str, int] = {}
        self._otherwise: dict[str, int] = {}
        for known, asked in ((self.columns, mapping.columns), (self._otherwise, mapping.otherwise)):
            for field, column in asked.items():
                known[field] = self._position(field, column)
        if not {"name", "last_name"} & set(self.columns):
            raise CareReachError(f"Say which column of {sheet.name} holds the name.")

    def _position(self, field: str, column: str | int) -> int:
        """The number of a column, from 0."""
        if field not in FIELDS:
            raise CareReachError(f"{field!r} is not a field; known are {', '.join(FIELDS)}.")
        at = column - 1 if isinstance(column, int) else self._find(column)
        if not 0 <= at < len(self.sheet.columns):
            raise CareReachError(
                f"{self.sheet.name} has no column {column!r}; it has "
                f"{', '.join(self.sheet.columns)}."
            )
        return at

    def _find(self, column: str) -> int:
        if column in self.sheet.columns:
            return self.sheet.columns.index(column)
        wanted = normalise(column)
        return next((i for i, c in enumerate(self.sheet.columns) if normalise(c) == wanted), -1)

    def raw(self, field: str) -> "pd.Series[str]":
        """The cells of a field as they stand; "" where the table has no such column."""
        at = self.columns.get(field)
        if at is None:
            return pd.Series("", index=self.sheet.cells.index)
        cells = self.sheet.cells[at]
        if field in self._otherwise:
            cells = cells.where(cells != "", self.sheet.cells[self._otherwise[field]])
        return cells

    def text(self, field: str) -> "pd.Series[str]":
        """The cells of a field, NA where nothing is said; formulas become their text."""
        cells = self.raw(field)
        if field not in self.columns:
            return pd.Series(pd.NA, index=cells.index, dtype="object")
        formulas = self.alive & cells.str.startswith("=").to_numpy()
        for i, cell in zip(np.flatnonzero(formulas), cells[formulas].to_list(), strict=True):
            shown = _plain(cell) or "nothing"
            self._note("changed", "a formula became its text", int(i), field, shown)
        # A district may be called Nan, a state ND.
        nothing = MISSING if field in _NAMES else MISSING | MISSING_SHORT

        def said(cell: str) -> object:
            text = _plain(cell)
            return pd.NA if may_be_one_of(text, _NONE) and normalise(text) in nothing else text

        return pd.Series(each_cell(cells, said), index=cells.index, dtype="object")

    def name(self) -> "pd.Series[str]":
        """The name of each row: its own, else the first and last name together."""
        if not {"first_name", "last_name"} & set(self.columns):
            return self.text("name")
        parts = [self.text(field) for field in ("first_name", "last_name")]
        own = self.text("name").to_list()
        both = zip(own, _together(parts), strict=True)
        names = [joined or pd.NA if pd.isna(name) else name for name, joined in both]
        return pd.Series(names, index=self.sheet.cells.index, dtype="object")

    def drop(
        self,
        where: "np.ndarray",
        reason: str,
        *,
        column: str = "",
        value: "pd.Series[str] | None" = None,
    ) -> None:
        """Take rows out, each with its reason."""
        for i in np.flatnonzero(where & self.alive):
            said = "" if value is None else str(value.iloc[i])
            self._note("dropped", reason, int(i), column, said)
        self.alive &= ~where

    def changed(
        self, where: "np.ndarray", reason: str, field: str, *, listed: bool = False
    ) -> None:
        """Say that cells of rows that stand were changed; `listed` names them with how often."""
        raw = self.raw(field).to_list()
        for i in np.flatnonzero(where & self.alive):
            self._note("changed", reason, int(i), field, str(raw[i]))
            if listed:
                self.report.list_word("changed", reason, str(raw[i]))

    def remark(self, where: "np.ndarray", reason: str, field: str) -> None:
        """Say something of rows that stay as they are."""
        raw = self.raw(field).to_list()
        for i in np.flatnonzero(where & self.alive):
            self._note("kept", reason, int(i), field, str(raw[i]))

    def _note(self, action: str, reason: str, i: int, column: str, value: str) -> None:
        at = self.columns.get(column)
        header = self.sheet.columns[at] if at is not None else column
        sheet = self.sheet.sheet_of
        self.report.note(
            action,
            reason,
            file=self.sheet.name if sheet is None else f"{self.sheet.name}: {sheet[i]}",
            row=int(self.sheet.rows[i]),
            column=header,
            value=value,
        )


def _headers(names: "pd.Series[str]", header: str) -> "np.ndarray":
    """Rows that are called as their column is."""
    folded = normalise(header)
    same = each_cell(names, lambda n: may_be_one_of(n, folded[:1]) and normalise(n) == folded)
    found: np.ndarray = same.astype(bool)
    return found


def _totals(names: "pd.Series[str]") -> "np.ndarray":
    """Rows at the end whose folded name is a total, or the total of something that is above."""
    found = np.zeros(len(names), bool)
    seen = 0
    for at in range(len(names) - 1, -1, -1):
        name = names.iloc[at]
        words = "" if pd.isna(name) else re.sub(r"[\d\s]+$", "", normalise(str(name)))
        found[at] = words in TOTALS
        seen += bool(words)
        if seen == TOTAL_ROWS:
            break
    return found


def _plain(cell: str) -> str:
    """The text of a cell: what a formula shows, without invisible signs."""
    link = _HYPERLINK.match(cell) if cell.startswith("=") else None
    if link:
        parts = re.findall(r'"((?:[^"]|"")*)"', link[1])
        return parts[-1].replace('""', '"').strip() if parts else ""
    return " ".join(cell.replace("\u200b", "").replace("\ufeff", "").split())


@dataclass(frozen=True)
class _Located:
    """Latitude, longitude and precision of each row; NaN where nothing tells."""

    lat: "np.ndarray"
    lon: "np.ndarray"
    precision: "np.ndarray"


def _locate(rows: _Rows, mapping: Mapping, near: Near) -> _Located:
    """Where each row lies."""
    if "position" in rows.columns:
        known = {c: pair_of(c) for c in rows.raw("position").unique()}
        pairs = [known[c] for c in rows.raw("position")]
        unsure = np.array([not p[2] for p in pairs], bool)
        lat, lon = (np.array([p[k] for p in pairs], float) for k in (0, 1))
        fields = ("position", "position")
    else:
        lat, lon = (numbers_of(rows.raw(f)) for f in ("lat", "lon"))
        fields, unsure = ("lat", "lon"), np.ones(len(lat), bool)
        commas = rows.raw("lat").str.contains(",") & ~np.isnan(lat)
        rows.changed(commas.to_numpy(), "a decimal comma was read as a point", "lat")
    said = rows.raw(fields[0]).ne("").to_numpy() & rows.raw(fields[1]).ne("").to_numpy()
    lat, lon = lat.copy(), lon.copy()
    if mapping.crs and not rows.sheet.shapes:
        lat, lon = _unprojected(lat, lon, mapping.crs)
    elif mapping.swapped:
        turned = ~np.isnan(lat) & unsure
        rows.changed(turned, "latitude and longitude were swapped in the whole file", fields[0])
        lat, lon = np.where(unsure, lon, lat), np.where(unsure, lat, lon)
    with np.errstate(invalid="ignore"):
        wrong = (np.abs(lat) <= 180) & (np.abs(lat) > 90) & (np.abs(lon) <= 90)
        if near.bounds is not None:
            wrong |= ~_within(lat, lon, near.bounds) & _within(lon, lat, near.bounds)
        rows.changed(wrong, "latitude and longitude were swapped", fields[0])
        lat[wrong], lon[wrong] = lon[wrong], lat[wrong]
        null = (np.abs(lat) < _NULL_ISLAND_DEG) & (np.abs(lon) < _NULL_ISLAND_DEG)
        sentinel = ~null & ((np.abs(lat) > 90) | (np.abs(lon) > 180)) & ~np.isnan(lat + lon)
    bad = said & (np.isnan(lat) | np.isnan(lon))
    rows.changed(null, "0, 0 is not a position", fields[0])
    rows.changed(sentinel, "it is not a latitude and longitude", fields[0])
    rows.changed(bad & ~null & ~sentinel, "it is not a number", fields[0])
    gone = null | sentinel | np.isnan(lat) | np.isnan(lon)
    lat[gone] = lon[gone] = np.nan
    precision = np.full(len(lat), mapping.location_precision, dtype=object)
    codes = rows.raw("postcode")
    for i in np.flatnonzero(gone & rows.alive & codes.ne("").to_numpy()):
        spot = postcode_spots(str(codes.iloc[i]), near.postcodes or {}, mapping.country_code)
        if spot is not None:
            lat[i], lon[i], precision[i] = spot.lat, spot.lon, "postcode"
    placed = gone & ~np.isnan(lat)
    rows.changed(placed, "placed in the middle of its postcode", "postcode")
    return _Located(np.round(lat, 6), np.round(lon, 6), precision)


def _within(
    lat: "np.ndarray", lon: "np.ndarray", bounds: tuple[float, float, float, float]
) -> "np.ndarray":
    west, south, east, north = bounds
    inside: np.ndarray = (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
    return inside


def _unprojected(y: "np.ndarray", x: "np.ndarray", crs: str) -> tuple["np.ndarray", "np.ndarray"]:
    try:
        given = pyproj.CRS(crs)
        to_degrees = pyproj.Transformer.from_crs(given, 4326, always_xy=True)
    except pyproj.exceptions.CRSError:
        raise CareReachError(f"{crs!r} is not a projection; write it like EPSG:32645.") from None
    if not (given.is_projected or given.is_geographic):  # heights, places in a building, ECEF
        raise CareReachError(
            f"{crs!r} ({given.name}) does not say where on a map something is; write a projection "
            "like EPSG:32645."
        )
    lon, lat = to_degrees.transform(x, y)
    lost = ~(np.isfinite(lat) & np.isfinite(lon))
    return np.where(lost, np.nan, lat), np.where(lost, np.nan, lon)


def _providers(
    rows: _Rows,
    mapping: Mapping,
    name: "pd.Series[str]",
    located: _Located,
    origin: Origin,
    retrieved: str,
) -> pd.DataFrame:
    """The rows that stand, as providers."""
    lat, lon = located.lat, located.lon
    stand = np.flatnonzero(rows.alive)
    record = _records(rows, origin, name, lat, lon)
    kinds = _types(rows, mapping)
    frame = pd.DataFrame(
        {
            "provider_id": record,
            "kind": mapping.kind,
            "name": name,
            "facility_type": kinds if mapping.kind == "facility" else None,
            "specialties": _specialties(rows),
            "lat": lat,
            "lon": lon,
            "location_precision": located.precision,
            "languages": _lists(rows, "languages"),
            "also_known_as": _lists(rows, "also_known_as"),
            "retrieved": retrieved,
            **{field: rows.text(field) for field in _TEXT_FIELDS},
            **{field: _yes_no(rows, field) for field in _YES_NO_FIELDS if field in rows.columns},
        }
    )
    if "gender" in rows.columns:
        said = rows.text("gender")
        frame["gender"] = said.map(lambda g: GENDERS.get(normalise(g)), na_action="ignore")
    if "npi" in rows.columns:
        frame["npi"] = rows.text("npi").map(_npi, na_action="ignore")
    if "beds" in rows.columns:
        beds = _counts(rows.text("beds"))
        frame["beds"] = beds.where(beds.between(1, MOST_BEDS))
    frame["locality"] = frame["locality"].where(frame["locality"].notna(), rows.text("region"))
    if mapping.country_code == "US":
        zips = rows.text("postcode").map(us_zip, na_action="ignore")
        repaired = zips.notna() & (zips != rows.raw("postcode").str[:5])
        rows.changed(repaired.to_numpy(), "a postcode got back its digits", "postcode")
        frame["address"] = _joined(frame["address"], zips)
    frame["sources"] = [[origin.name]] * len(frame)
    return frame.iloc[stand].reset_index(drop=True)


def _places(rows: _Rows, frame: pd.DataFrame, origin: Origin) -> list[dict[str, object]]:
    """Towns (at the median of their rows) and regions (at the row nearest to it) that it names."""
    stand = np.flatnonzero(rows.alive)
    known = {
        field: rows.text(field).iloc[stand].reset_index(drop=True)
        for field in LEVELS
        if field in rows.columns
    }
    found: list[dict[str, object]] = []
    fields = list(known)
    for level, field in enumerate(fields):
        above = [known[f] for f in fields[level + 1 :]]
        table = pd.DataFrame({"name": known[field], "lat": frame["lat"], "lon": frame["lon"]})
        table["within"] = above[0].fillna("") if above else ""
        table["whole"] = _together(above) if above else ""
        for (name, whole), some in table.dropna(subset="name").groupby(["name", "whole"]):
            lat, lon = float(some["lat"].median()), float(some["lon"].median())
            away = distance_km(lat, lon, some["lat"], some["lon"])
            if field == "locality" and float(np.median(away)) > TOWN_KM:  # several of one name
                continue
            if field != "locality":
                at = int(np.argmin(away))
                lat, lon = float(some["lat"].iloc[at]), float(some["lon"].iloc[at])
            kind = {"locality": "town", "region_above": "region"}.get(field, field)
            found.append(
                {
                    "place_id": f"{origin.name}:{field}:{normalise(f'{name} {whole}')}".replace(
                        " ", "_"
                    ),
                    "name": name,
                    "kind": kind,
                    "within": str(some["within"].iloc[0]) or None,
                    "lat": round(lat, 5),
                    "lon": round(lon, 5),
                    "source": origin.name,
                }
            )
    return list({str(place["place_id"]): place for place in found}.values())


def _together(columns: "Sequence[pd.Series[str]]") -> "pd.Series[str]":
    """The words of each row of some columns, with a space between them."""
    saying = [column.fillna("").astype(object) for column in columns if column.notna().any()]
    if len(saying) <= 1:
        return saying[0] if saying else pd.Series("", index=columns[0].index, dtype="object")
    rows = zip(*(column.to_list() for column in saying), strict=True)
    words = [" ".join(cell for cell in row if cell) for row in rows]
    return pd.Series(words, index=columns[0].index, dtype="object")


def _joined(address: "pd.Series[str]", code: "pd.Series[str]") -> "pd.Series[str]":
    pairs = zip(address, code, strict=True)
    whole = [" ".join(str(part) for part in pair if pd.notna(part)) or None for pair in pairs]
    return pd.Series(whole, index=address.index, dtype=object)


def _records(
    rows: _Rows, origin: Origin, name: "pd.Series[str]", lat: "np.ndarray", lon: "np.ndarray"
) -> list[str]:
    """An id for each row: its own where the table has unique ones, else its NPI, else its name
    and position, which stay the same when rows come and go.
    """
    for field in ("record", "npi"):
        own = rows.text(field)
        own = own.map(_npi, na_action="ignore") if field == "npi" else own
        standing = own[rows.alive]
        if field in rows.columns and standing.notna().all() and standing.is_unique:
            space = "npi" if field == "npi" else origin.name
            return [f"{space}:{'_'.join(str(c).split())}" for c in own]
    seen: dict[str, int] = {}
    found = []
    for words, y, x in zip(name, lat, lon, strict=True):
        said = f"{normalise(str(words))}|{y:.4f}|{x:.4f}".encode()
        digest = hashlib.sha256(said).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        often = f".{seen[digest]}" if seen[digest] > 1 else ""
        found.append(f"{origin.name}:{digest}{often}")
    return found


def _types(rows: _Rows, mapping: Mapping) -> list[str | None]:
    if "facility_type" not in rows.columns:
        if mapping.facility_type:
            return [mapping.facility_type] * len(rows.alive)
        return list(each_cell(rows.raw("name"), lambda n: facility_type_of(n) or "other"))
    words = rows.raw("facility_type")
    kinds = each_cell(words, lambda w: mapping.types.get(w) or facility_type_of(w))
    lost = pd.isna(kinds)
    kinds[lost] = each_cell(rows.raw("name")[lost], facility_type_of)
    told = lost & ~pd.isna(kinds)
    why = "its kind, not known here, was told by its name"
    rows.changed(lost & told, why, "facility_type", listed=True)
    why = "a kind of place that is not known here became other"
    rows.changed(lost & ~told, why, "facility_type", listed=True)
    kinds[lost & ~told] = mapping.facility_type or "other"
    return list(kinds)


def _notes(state: "np.ndarray", phones: "np.ndarray", retrieved: str) -> list[str | None]:
    """What a reader should know of each row that has no column of its own."""
    states = {"temporarily_closed": "Temporarily closed", "partly": "Partly in operation"}
    notes = []
    for word, phone in zip(state, phones, strict=True):
        parts = [f"{states[word]} ({retrieved})."] if word in states else []
        if phone.doubtful:
            parts.append(f"Telephone as the source writes it: {', '.join(phone.doubtful)}.")
        notes.append(" ".join(parts) or None)
    return notes


def _phones(rows: _Rows, country_code: str) -> "np.ndarray":
    """What each row says of telephones."""
    said = rows.text("phone")
    known = {cell: read_phones(cell, country_code) for cell in said.dropna().unique()}
    none = Phones()
    found = [known.get(cell, none) for cell in said]
    why = (
        "it is not a telephone number"
        if country_code
        else "a number without a country code cannot be called"
    )
    rows.changed(np.array([bool(p.doubtful and not p.numbers) for p in found], bool), why, "phone")
    return np.array([*found, None], object)[:-1]  # one dimension, whatever is in it


def _lists(rows: _Rows, field: str) -> list[list[str] | None]:
    if field not in rows.columns:
        return [None] * len(rows.alive)
    return [words_of(c) if isinstance(c, str) else None for c in rows.text(field)]


def _specialties(rows: _Rows) -> list[list[str] | None]:
    """What the columns of specialties and of services say of them."""

    def understood(cell: str) -> tuple[str, ...]:
        whole = specialty_of(cell)
        return (whole,) if whole else tuple(s for w in words_of(cell) if (s := specialty_of(w)))

    both = [each_cell(rows.text(field), understood) for field in ("specialties", "services")]
    # Services that are none of them become statements.
    lost = np.fromiter((found == () for found in both[0]), bool, len(both[0]))
    why = "a specialty that no explainer uses was left out"
    rows.changed(lost, why, "specialties", listed=True)
    pairs = zip(*both, strict=True)
    return [list(dict.fromkeys((*(a or ()), *(b or ())))) or None for a, b in pairs]


def _yes_no(rows: _Rows, field: str) -> "pd.Series[bool]":
    def word(cell: str) -> bool | None:
        plain = normalise(cell)
        return True if plain in YES else False if plain in NO else None

    said = rows.text(field)
    found = said.map(word, na_action="ignore")
    lost = (said.notna() & found.isna()).to_numpy(bool)
    rows.changed(lost, "it is neither yes nor no", field, listed=True)
    return found


def _npi(cell: str) -> str | None:
    digits = re.sub(r"\.0$", "", cell)
    return digits if is_npi(digits) else None


def _counts(cells: "pd.Series[str]") -> pd.Series:
    """Whole numbers, NA where none is said; 1.234 is a thousand and more where all are so."""
    said = [str(c) for c in cells.dropna().unique()]
    parted = [c for c in said if _GROUPED.fullmatch(c)]
    grouped = bool(parted) and not any(_DECIMAL.fullmatch(c) for c in said if c not in parted)

    def number(cell: str) -> float:
        plain = re.sub(r"(?<=\d)[.,\s'’\u00a0](?=\d{3})", "", cell) if grouped else cell
        return number_of(plain)

    known = {cell: number(cell) for cell in said}
    return cells.map(known).astype("Float64").round()


@dataclass(frozen=True)
class PopulatedPoints:
    """Where people live, as a table says.

    Attributes
    ----------
    frame
        `name`, `lat`, `lon`, `population`, `region` (a name or id; NA where not known), `row` (in
        its file).
    report
        Has a note for each row that was dropped.
    """

    frame: pd.DataFrame
    report: Report


def read_population(sheet: Sheet, mapping: Mapping) -> PopulatedPoints:
    """Read populated points of a table.

    Parameters
    ----------
    sheet
        The table.
    mapping
        Names the columns of population and position.

    Raises
    ------
    CareReachError
        If no column of population or position is known.
    """
    columns = dict(mapping.columns)
    if "population" not in columns:
        raise CareReachError(f"Say which column of {sheet.name} holds the population.")
    if not ({"lat", "lon"} <= set(columns) or "position" in columns):
        raise CareReachError(f"Say which columns of {sheet.name} hold latitude and longitude.")
    # A point without a name is called as its row.
    named = mapping.model_copy(
        update={"columns": {"name": columns.get("name", columns["population"]), **columns}}
    )
    report = Report(read=len(sheet.cells))
    rows = _Rows(sheet, named, report)
    rows.drop(~(sheet.cells != "").any(axis=1).to_numpy(), "the row is empty")
    people = _counts(rows.text("population"))
    rows.drop(people.isna().to_numpy(), "the population is not a number", column="population")
    rows.drop(people.fillna(0).le(0).to_numpy(bool), "nobody lives there", column="population")
    located = _locate(rows, named, Near())
    lat, lon = located.lat, located.lon
    rows.drop(np.isnan(lat), "there is not a position")
    number = pd.Series([f"point {row}" for row in sheet.rows])
    name = rows.text("name") if "name" in columns else number
    frame = pd.DataFrame(
        {
            "name": name.fillna(number),
            "lat": lat,
            "lon": lon,
            "population": people,
            "region": rows.text("region"),
            "row": sheet.rows,
        }
    )
    return PopulatedPoints(frame[rows.alive].reset_index(drop=True), report)
