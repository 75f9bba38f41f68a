"""What registers of the United States have in common: NPIs, ZIP codes, a row for each place."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import zipcodes

from geo.packs.postcodes import Spot, us_zip, zip_spot
from geo.sources.batch import Batch, Origin, Records, Report
from geo.sources.cells import capitals, specialty_of
from geo.sources.phones import e164
from geo.sources.vocabulary import NUCC_PLACES, STATES

COUNTRY: dict[str, str] = {"country": "the United States", "emergency_number": "911"}


def us_types(codes: Iterable[str]) -> str:
    """The kind of place that an organisation's NUCC codes mean, the first one that does."""
    kinds = (kind for code in codes for start, kind in NUCC_PLACES if code.startswith(start))
    return next(kinds, "other")


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
    report: Report = field(default_factory=Report)
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
            spot = zip_spot(code) if record["location_precision"] == "postcode" else None
            if spot is None:
                continue
            within = STATES.get(spot.state, spot.state)
            at = {"within": within, "lat": spot.lat, "lon": spot.lon, "source": self.source}
            found[f"zip:{code}"] = {"name": code, "kind": "postcode", **at}
            town = f"town:{spot.locality},{spot.state}".replace(" ", "_")
            found.setdefault(town, {"name": spot.locality, "kind": "town", **at})
        return [{"place_id": key, **found[key]} for key in sorted(found)]

    def batch(
        self, title: str, path: str, about: str, *, as_of: str = "", evidence: Records = ()
    ) -> Batch:
        """What was read, under the name of a register of the United States."""
        license_ = "Public domain (US government)"
        origin = Origin(
            self.source, title, license_, path, as_of or self.retrieved, about, **COUNTRY
        )
        providers, places = list(self.records.values()), self.places()
        return Batch.of(
            (origin,), self.report, providers=providers, evidence=evidence, places=places
        )


def place(note: Any, zip_text: str, city: str, state: str) -> tuple[str, Spot, str] | None:
    """ZIP code, position and precision of an address; what was repaired is noted."""
    code = us_zip(zip_text)
    plain = zip_text.strip().removesuffix(".0")
    said = functools.partial(note, column="ZIP", value=zip_text)
    if code is None and plain:
        said("changed", "the ZIP code cannot be repaired")
    elif code is not None and not plain.startswith(code):
        said("changed", "a ZIP code got back its zeros")
    spot = zip_spot(code) if code else None
    if spot is None or code is None:
        town = _town(city, state)
        if town is None:
            return None
        said("changed", "placed in its town: the ZIP code has no position")
        return code or "", town, "locality"
    if state.strip() and spot.state and spot.state != state.strip().upper():
        said("kept", f"its ZIP code lies in {spot.state}, the row says {state.strip()}")
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
