"""OpenStreetMap: an extract (`.osm.pbf`, streamed) or an answer of Overpass (JSON).

(c) OpenStreetMap contributors, ODbL: https://www.openstreetmap.org/copyright. Tags are those of
https://wiki.openstreetmap.org/wiki/Healthcare.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import osmium

from geo.errors import DataError
from geo.sources.batch import Batch, Origin, Report
from geo.sources.cells import specialty_of
from geo.sources.files import MAX_BYTES, kind_of, opened
from geo.sources.operation import NOT_LISTED, operation_of
from geo.sources.phones import e164
from geo.sources.vocabulary import WORDS

_AMENITIES = frozenset({"hospital", "clinic", "doctors", "dentist", "pharmacy"})
_KINDS: Mapping[str, str] = WORDS["osm_kinds"]
_PLACES = ("city", "town", "village", "suburb", "quarter", "hamlet", "neighbourhood", "borough")
#: A number of people or beds with more digits is none.
_MOST_DIGITS = 9
_YES_NO = {"yes": True, "designated": True, "no": False}  # "limited" is neither
_LIFECYCLE = ("disused:", "abandoned:", "demolished:", "was:", "construction:")


def _origin(as_of: str | None) -> Origin:
    return Origin(
        name="osm",
        title="© OpenStreetMap contributors",
        license="ODbL 1.0",
        path="https://www.openstreetmap.org/copyright",
        as_of=as_of,
        description="Whatever volunteers have mapped; a missing place may simply not be mapped.",
        kind="other",
    )


@dataclass(frozen=True)
class _Found:
    """One object with tags: an id like `node/1`, and where it is or of what it is made."""

    id: str
    tags: dict[str, str]
    lat: float | None = None
    lon: float | None = None
    parts: list[tuple[str, int]] = field(default_factory=list)


def read_osm(path: Path, retrieved: str, *, country_code: str = "") -> Batch:
    """Read an extract or an answer of Overpass, whichever the file is."""
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    read = read_extract if kind_of(path) == "pbf" else read_overpass
    return read(path, retrieved, country_code=country_code)


def read_extract(path: Path, retrieved: str, *, country_code: str = "") -> Batch:
    """Read health facilities and named places of an extract, in bounded memory.

    Objects are streamed; only what is wanted is kept, and of ways and relations the middle of
    their nodes stands for them.

    Parameters
    ----------
    path
        `.osm.pbf`, of any size.
    retrieved
        The day it was fetched, YYYY-MM-DD; the extract's own date is the source's.
    country_code
        ISO 3166 alpha-2, for telephone numbers without a country code.

    Raises
    ------
    DataError
        If it is not an extract.
    """
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    if kind_of(path) != "pbf":
        raise DataError(path.name, "is not an OpenStreetMap extract (.osm.pbf)")
    try:
        with osmium.io.Reader(str(path)) as reader:
            stamp = reader.header().get("osmosis_replication_timestamp")
        found = _located(path, _wanted(path))
    except RuntimeError as error:
        raise DataError(path.name, f"cannot be read: {error}") from None
    return _batch(found, path.name, retrieved, stamp[:10] or None, country_code)


def _wanted(path: Path) -> list[_Found]:
    """Every object that is a health facility, or a named place."""
    found: list[_Found] = []
    keys = osmium.filter.KeyFilter(
        "amenity",
        "healthcare",
        "place",
        *(f"{w}{k}" for w in _LIFECYCLE for k in ("amenity", "healthcare")),
    )
    things: Iterable[Any] = osmium.FileProcessor(str(path)).with_filter(keys)
    for thing in things:
        tags = {tag.k: tag.v for tag in thing.tags}
        if not (_is_health(tags) or (thing.is_node() and _is_place(tags))):
            continue
        if thing.is_node():
            at = thing.location
            if at.valid():
                found.append(_Found(f"node/{thing.id}", tags, at.lat, at.lon))
        elif thing.is_way():
            parts = [("node", node.ref) for node in thing.nodes]
            found.append(_Found(f"way/{thing.id}", tags, parts=parts))
        elif thing.is_relation():
            letters = {"n": "node", "w": "way"}
            parts = [(letters[m.type], m.ref) for m in thing.members if m.type in letters]
            found.append(_Found(f"relation/{thing.id}", tags, parts=parts))
    return found


def _located(path: Path, things: Iterable[_Found]) -> list[_Found]:
    """The same, ways and relations in the middle of the box around their nodes."""
    things = list(things)
    apart = [thing for thing in things if thing.lat is None]
    ways = {ref for thing in apart for kind, ref in thing.parts if kind == "way"}
    nodes_of = _nodes_of(path, ways) if ways else {}
    corners_of = {
        thing.id: [
            ref
            for kind, part in thing.parts
            for ref in ([part] if kind == "node" else nodes_of.get(part, []))
        ]
        for thing in apart
    }
    wanted = {ref for refs in corners_of.values() for ref in refs}
    where = _positions_of(path, wanted) if wanted else {}
    located = []
    for thing in things:
        corners = [where[ref] for ref in corners_of.get(thing.id, ()) if ref in where]
        lat, lon = _middle(corners) if corners else (thing.lat, thing.lon)
        located.append(replace(thing, lat=lat, lon=lon))
    return located


def _nodes_of(path: Path, ways: set[int]) -> dict[int, list[int]]:
    """The nodes of some ways."""
    every: Iterable[Any] = osmium.FileProcessor(str(path), osmium.osm.WAY)
    return {way.id: [node.ref for node in way.nodes] for way in every if way.id in ways}


def _positions_of(path: Path, nodes: set[int]) -> dict[int, tuple[float, float]]:
    """Where some nodes lie, (lat, lon)."""
    every: Iterable[Any] = osmium.FileProcessor(str(path), osmium.osm.NODE)
    return {
        node.id: (node.location.lat, node.location.lon)
        for node in every
        if node.id in nodes and node.location.valid()
    }


def _middle(corners: list[tuple[float, float]]) -> tuple[float, float]:
    """The middle of the box around some corners."""
    lat, lon = (round((min(axis) + max(axis)) / 2, 6) for axis in zip(*corners, strict=True))
    return lat, lon


def read_overpass(path: Path, retrieved: str, *, country_code: str = "") -> Batch:
    """Read an answer of Overpass, `[out:json]` with `out center` for ways and relations.

    Raises
    ------
    DataError
        If it is not such an answer.
    """
    with opened(path, MAX_BYTES) as plain:
        try:
            answer = json.loads(plain.read_text("utf-8-sig"))
        except (ValueError, RecursionError):
            answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        raise DataError(path.name, "is not an answer of Overpass in JSON")
    about = answer.get("osm3s")
    stamp = str(about.get("timestamp_osm_base", "")) if isinstance(about, dict) else ""
    as_of = stamp[:10] if re.fullmatch(r"\d{4}-\d{2}-\d{2}", stamp[:10]) else None
    found: dict[str, _Found] = {}
    for thing in answer["elements"]:
        if not (isinstance(thing, dict) and isinstance(thing.get("tags"), dict)):
            continue  # a corner of something else
        name = f"{thing.get('type')}/{thing.get('id')}"
        tags = {str(k): str(v) for k, v in thing["tags"].items()}
        at = thing.get("center")
        at = at if isinstance(at, dict) else thing
        lat, lon = (_degrees(at.get(key), most) for key, most in (("lat", 90), ("lon", 180)))
        if _is_health(tags) or (_is_place(tags) and lat is not None and lon is not None):
            found[name] = _Found(name, tags, lat, lon)
    return _batch(found.values(), path.name, retrieved, as_of, country_code)


def _degrees(value: object, most: float) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and abs(value) <= most else None  # type: ignore[arg-type]


def _is_health(tags: Mapping[str, str]) -> bool:
    plain = {
        k.removeprefix(w): v for k, v in tags.items() for w in ("", *_LIFECYCLE) if k.startswith(w)
    }
    return plain.get("amenity") in _AMENITIES or bool(plain.get("healthcare"))


def _is_place(tags: Mapping[str, str]) -> bool:
    return tags.get("place") in _PLACES and bool(tags.get("name"))


def _batch(
    found: Iterable[_Found], file: str, retrieved: str, as_of: str | None, country_code: str
) -> Batch:
    report = Report()
    providers: list[dict[str, Any]] = []
    places: list[dict[str, Any]] = []
    for thing in found:
        if not _is_health(thing.tags):
            places.append(_place(thing))
            continue
        report.read += 1
        why = _unfit(thing)
        if why:
            report.note("dropped", why, file=file, value=thing.id)
            continue
        providers.append(_provider(thing, report, file, retrieved, country_code))
        report.kept += 1
    return Batch.of(
        (_origin(as_of),),
        report,
        providers=sorted(providers, key=lambda p: str(p["provider_id"])),
        places=sorted(places, key=lambda p: str(p["place_id"])),
    )


def _unfit(thing: _Found) -> str:
    if any(key.startswith(_LIFECYCLE) for key in thing.tags) and not (
        thing.tags.get("amenity") in _AMENITIES or thing.tags.get("healthcare")
    ):
        return "it is not in operation"
    said = thing.tags.get("operational_status", "")
    if operation_of(said) in NOT_LISTED or "yes" in map(thing.tags.get, ("disused", "abandoned")):
        return "it is not in operation"
    if not _name(thing.tags):
        return "there is no name"
    return "" if thing.lat is not None and thing.lon is not None else "there is not a position"


def _name(tags: Mapping[str, str]) -> str:
    keys = ("name", "name:en", "official_name", "operator", "brand")
    return next((tags[key].strip() for key in keys if tags.get(key, "").strip()), "")


def _others(tags: Mapping[str, str]) -> list[str]:
    keys = ("alt_name", "old_name", "short_name", "int_name", "official_name", "loc_name")
    named = [tags[k] for k in tags if k in keys or re.fullmatch(r"name:[a-z]{2,3}", k)]
    words = [w.strip() for text in named for w in text.split(";")]
    return sorted({w for w in words if w and w != _name(tags)})


def _place(thing: _Found) -> dict[str, Any]:
    tags = thing.tags
    first = re.match(r"\s*\d[\d ,.']*", tags.get("population", ""))
    people = re.sub(r"\D", "", first[0]) if first else ""
    kind = "town" if tags["place"] in ("city", "town") else "village"
    return {
        "place_id": f"osm:{thing.id}",
        "name": tags["name"],
        "also_known_as": _others(tags),
        "kind": kind if tags["place"] in ("city", "town", "village", "hamlet") else "suburb",
        "within": tags.get("is_in:county") or tags.get("is_in") or None,
        "lat": thing.lat,
        "lon": thing.lon,
        "population": int(people) if 0 < len(people) <= _MOST_DIGITS else None,
        "source": "osm",
    }


def _provider(
    thing: _Found, report: Report, file: str, retrieved: str, country_code: str
) -> dict[str, Any]:
    tags = thing.tags
    words = tags.get("healthcare:speciality", "")
    specialties: list[str] = []
    for word in filter(None, (w.strip() for w in words.split(";"))):
        found = specialty_of(word.replace("_", " ")) or specialty_of(word)
        if found is None:
            report.note(
                "changed", "a specialty that no explainer uses was left out", file=file, value=word
            )
        elif found not in specialties:
            specialties.append(found)
    phone = tags.get("phone") or tags.get("contact:phone") or ""
    number = e164(phone, country_code) if phone else None
    if phone and number is None:
        report.note("changed", "it is not a telephone number", file=file, value=phone)
    street = " ".join(filter(None, [tags.get("addr:street"), tags.get("addr:housenumber")]))
    town = " ".join(filter(None, [tags.get("addr:postcode"), tags.get("addr:city")]))
    kind = _KINDS.get(tags.get("amenity", "")) or _KINDS.get(tags.get("healthcare", ""))
    shut = operation_of(tags.get("operational_status", ""))
    beds = tags.get("beds", "").strip()
    # "10-20" is no number.
    beds = beds if beds.isdecimal() and len(beds) <= _MOST_DIGITS else ""
    return {
        "provider_id": f"osm:{thing.id}",
        "kind": "facility",
        "name": _name(tags),
        "also_known_as": _others(tags),
        "facility_type": kind or "other",
        "specialties": specialties,
        "lat": thing.lat,
        "lon": thing.lon,
        "location_precision": "exact",
        "address": ", ".join(filter(None, [street, town])) or None,
        "locality": tags.get("addr:city"),
        "phone": number,
        "website": tags.get("website") or tags.get("contact:website"),
        "opening_hours": tags.get("opening_hours"),
        "wheelchair": _YES_NO.get(tags.get("wheelchair", "")),
        "emergency": _YES_NO.get(tags.get("emergency", "")),
        "beds": int(beds) if beds and int(beds) else None,
        "sources": ["osm"],
        "retrieved": retrieved,
        "note": f"Temporarily closed ({retrieved})." if shut == "temporarily_closed" else None,
    }
