"""What registers of the United States have in common: NPIs, ZIP codes, a row for each place."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import zipcodes

from geo.sources.batch import Report
from geo.sources.cells import Spot, capitals, e164, specialty_of, us_zip, zip_spot
from geo.sources.vocabulary import STATES

COUNTRY = {"country": "the United States", "emergency_number": "911"}
#: Beginnings of NUCC codes of organisations, and the kind of place they mean.
_NUCC_PLACES = (
    ("282NC", "small_hospital"),  # critical access: at most 25 beds
    ("282", "hospital"),
    ("281", "hospital"),
    ("283", "specialist_centre"),
    ("261QP2300", "primary_care"),
    ("261QF0400", "primary_care"),
    ("261QR1300", "primary_care"),
    ("261QU0200", "urgent_care"),
    ("261QE0700", "specialist_centre"),
    ("261QA1903", "specialist_centre"),
    ("261QD0000", "dentist"),
    ("261Q", "clinic"),
    ("193", "clinic"),
    ("3336", "pharmacy"),
    ("1223", "dentist"),
    ("207", "doctors_office"),
    ("208", "doctors_office"),
)


def us_types(codes: Iterable[str]) -> str:
    """The kind of place that an organisation's NUCC codes mean, the first one that does."""
    for code in codes:
        for beginning, kind in _NUCC_PLACES:
            if code.startswith(beginning):
                return kind
    return "other"


def is_npi(text: str) -> bool:
    """Whether this is an NPI: ten digits, the last a check digit (Luhn, prefix 80840)."""
    if len(text) != 10 or not text.isdigit():
        return False
    total = 24  # what the prefix 80840 adds
    for place_, digit in enumerate(reversed(text)):
        number = int(digit) * (2 if place_ % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


@functools.lru_cache(maxsize=4096)
def _town(city: str, state: str) -> Spot | None:
    """The middle of a town's ZIP codes; None where no such town is known."""
    known = zipcodes.filter_by(city=capitals(city.upper()), state=state.upper())
    spots = [(float(z["lat"]), float(z["long"])) for z in known if z["lat"] and z["long"]]
    if not spots:
        return None
    lat, lon = (sorted(p[k] for p in spots)[len(spots) // 2] for k in (0, 1))
    return Spot(lat, lon, city, state)


@dataclass(frozen=True, kw_only=True)
class UsRow:
    """The cells of one row of a register, as text."""

    npi: str
    name: str
    zip_text: str
    city: str
    state: str
    address: str
    specialties: Iterable[str] = ()
    phone: str = ""


@dataclass
class Placed:
    """Providers by NPI and ZIP code: one row for each clinician at each place.

    Attributes
    ----------
    file
        The file's name, for the report.
    source
        The source's name.
    retrieved
        The day of the import's data.
    """

    file: str
    source: str
    retrieved: str
    report: Report
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def add(self, number: int, row: UsRow, **more: Any) -> dict[str, Any] | None:
        """One row of a register; None where it was dropped or stands already.

        Parameters
        ----------
        number
            Of the row in its file.
        row
            Its cells.
        more
            Columns of a provider that are known besides.
        """
        note = functools.partial(self.report.note, file=self.file, row=number)
        npi = row.npi.removesuffix(".0").strip()
        if not is_npi(npi):
            note("dropped", "the NPI is not one", column="NPI", value=npi)
            return None
        if not row.name.strip():
            note("dropped", "there is no name")
            return None
        located = place(note, row.zip_text, row.city, row.state)
        if located is None:
            note("dropped", "neither its ZIP code nor its town is known", value=row.zip_text)
            return None
        key = npi, located[0]
        known, lost = _known(row.specialties)
        for word in lost:
            note("changed", "a specialty that no explainer uses was left out", value=word)
        if key in self.records:
            old = self.records[key]["specialties"]
            self.records[key]["specialties"] = [*old, *(s for s in known if s not in old)]
            note("merged", f"the same NPI at the same ZIP code as row {self.rows[key]}")
            return None
        phone = e164(row.phone, "US") if row.phone.strip() else None
        if row.phone.strip() and phone is None:
            note("changed", "it is not a telephone number", column="phone", value=row.phone)
        self.seen.add(npi)
        record = self._record(npi, row, located)
        record |= {"specialties": known, "phone": phone, **more}
        self.records[key], self.rows[key] = record, number
        self.report.kept += 1
        return record

    def _record(self, npi: str, row: UsRow, located: tuple[str, Spot, str]) -> dict[str, Any]:
        """What a row says of a clinician at a place."""
        code, spot, precision = located
        city = capitals(row.city.strip())
        line = ", ".join(filter(None, [capitals(row.address.strip()), city]))
        return {
            "provider_id": f"npi:{npi}@{code}",
            "kind": "practitioner",
            "name": capitals(row.name.strip()),
            "lat": spot.lat,
            "lon": spot.lon,
            "location_precision": precision,
            "address": f"{line} {row.state.strip()} {code}".strip(),
            "locality": city or spot.locality,
            "npi": npi,
            "sources": [self.source],
            "retrieved": self.retrieved,
        }

    def places(self) -> list[dict[str, Any]]:
        """The towns and ZIP codes in which somebody is, to search from."""
        found: dict[str, dict[str, Any]] = {}
        for (_, code), record in self.records.items():
            if record["location_precision"] != "postcode":
                continue
            spot = zip_spot(code)
            if spot is None:
                continue
            at = {"lat": spot.lat, "lon": spot.lon, "source": self.source}
            found[f"zip:{code}"] = {
                "place_id": f"zip:{code}",
                "name": code,
                "kind": "postcode",
                "within": STATES.get(spot.state, spot.state),
                **at,
            }
            town = f"town:{spot.locality},{spot.state}".replace(" ", "_")
            found.setdefault(
                town,
                {
                    "place_id": town,
                    "name": spot.locality,
                    "kind": "town",
                    "within": STATES.get(spot.state, spot.state),
                    **at,
                },
            )
        return [found[key] for key in sorted(found)]


def place(note: Any, zip_text: str, city: str, state: str) -> tuple[str, Spot, str] | None:
    """ZIP code, position and precision of an address; what was repaired is noted."""
    code = us_zip(zip_text)
    plain = zip_text.strip().removesuffix(".0")
    if code is None and plain:
        note("changed", "the ZIP code cannot be repaired", column="ZIP", value=zip_text)
    elif code is not None and not plain.startswith(code):
        note("changed", "a ZIP code got back its zeros", column="ZIP", value=zip_text)
    spot = zip_spot(code) if code else None
    if spot is None or code is None:
        town = _town(city, state)
        if town is None:
            return None
        note(
            "changed",
            "placed in its town: the ZIP code has no position",
            column="ZIP",
            value=zip_text,
        )
        return code or "", town, "locality"
    if state.strip() and spot.state and spot.state != state.strip().upper():
        note(
            "kept",
            f"its ZIP code lies in {spot.state}, the row says {state.strip()}",
            column="ZIP",
            value=zip_text,
        )
    return code, spot, "postcode"


def _known(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Specialties that explainers use, and the words that mean none of them."""
    known: list[str] = []
    lost: list[str] = []
    for word in dict.fromkeys(filter(None, words)):
        found = specialty_of(word)
        if found is None:
            lost.append(word)
        elif found not in known:
            known.append(found)
    return known, lost
