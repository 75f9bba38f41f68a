"""The same provider from two sources: recognised, kept once, and every decision listed."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from geo.distance import distance_km
from geo.packs.schema import COLUMNS, HOSPITAL_TYPES, LIST_COLUMNS
from geo.sources.batch import frame_of, records_of
from geo.text import normalise

#: Two rows of like names are one place within this distance, where both positions are exact, and
#: where one is that of a postcode or a town.
EXACT_KM, ROUGH_KM = 0.5, 5.0
#: How alike the names must be then (0-100, order of words does not matter).
EXACT_LIKE, ROUGH_LIKE = 88.0, 96.0
#: The same telephone or website makes rows of such names one place (0-100) ...
CONTACT_LIKE, SITE_LIKE = 60.0, 88.0
#: ... within the distance that the less exact position allows.
CONTACT_KM = {"exact": 0.5, "street": 0.5, "postcode": 10.0, "locality": 25.0}
#: A number or an address on the web that more rows give is that of a head office.
_SHARED = 3
#: Rows of one file with the same name this near are one place said twice.
TWIN_KM = 0.1
#: The same, where more than `_SHARED` rows have that name.
SPOT_KM = 0.01
#: So many rows of one name and spot, or number, are compared.
_MOST_ALIKE = 20
#: They are looked for in squares of this width and those around.
_CELL_DEG = 0.01
#: The same NPI within this distance is at the same place, where a position is only a postcode's.
NPI_ROUGH_KM = 20.0
#: From this likeness two rows of one id are one provider, however far apart.
SAME_ID_LIKE = 60.0
_PRECISIONS = ("exact", "street", "postcode", "locality")
_SHARP = frozenset({"exact", "street"})
#: Kinds that publishers take for one another.
_LIKE_TYPES = (
    frozenset({*HOSPITAL_TYPES, "specialist_centre"}),
    frozenset({"primary_care", "clinic", "doctors_office", "urgent_care", "health_post"}),
    frozenset({"clinic", "specialist_centre"}),
    frozenset({"primary_care", "small_hospital"}),
)
#: Words that one source writes and another leaves out.
_NO_NAME = frozenset(
    {
        *("and", "the", "inc", "incorporated", "llc", "pllc", "lp", "ltd", "limited", "plc"),
        *("corp", "corporation", "co", "pvt", "pty", "gmbh"),
    }
)
_LOOKED_AT = (
    *("provider_id", "kind", "npi", "facility_type", "name"),
    *("phone", "website", "location_precision"),
)
#: Words that tell no two places apart, and are not looked up by.
_COMMON_WORD = 500


@dataclass(frozen=True)
class Decision:
    """Two rows that were taken for one provider, and why."""

    kept: str
    merged: str
    reason: str


@dataclass(frozen=True)
class Merged:
    """Providers of both, and what became of the new ones.

    Attributes
    ----------
    providers
        All of them, old ones first, each once.
    id_of
        The id under which each new row stands.
    decisions
        What was taken for one.
    repeated
        New rows that say an earlier new one again.
    """

    providers: pd.DataFrame
    id_of: Mapping[str, str]
    decisions: tuple[Decision, ...]
    repeated: tuple[Decision, ...] = ()


def merge_providers(old: pd.DataFrame, new: pd.DataFrame, *, adds_places: bool = True) -> Merged:
    """Add providers to those that are known; what is the same is kept once, with both sources.

    A row of the same id and a like name is brought up to date by its own source, and completed by
    another. Else the same NPI near the same place is the same provider there; else a like name
    nearby, of the same kind, unless both have an NPI; where a position is only that of a town or
    a postcode, telephone and website decide with it. What the kept row does not know it takes from
    the other, and the more exact position of the two. A new row that says an earlier new one again
    is joined with that one first.

    Parameters
    ----------
    old, new
        Frames of the contract.
    adds_places
        Whether a known NPI at another place is one more place of that provider; else it is the
        nearest of those that are known.
    """
    columns = list(COLUMNS["providers"])
    old, new = old[columns].reset_index(drop=True), new[columns].reset_index(drop=True)
    alone = _alone(new) if old.empty else np.zeros(len(new), bool)
    if not alone.any():
        return _merged(old, new, adds_places=adds_places)
    # What nothing else can be is left as it stands; the others are looked at one by one.
    others = _merged(old, new[~alone], adds_places=adds_places)
    at = dict(zip(new.loc[~alone, "provider_id"], np.flatnonzero(~alone), strict=True))
    order = [*np.flatnonzero(alone), *(at[own] for own in _first_of(others))]
    whole = pd.concat([new[alone], others.providers], ignore_index=True)
    ids = new.loc[alone, "provider_id"].astype(object).to_list()
    return Merged(
        whole.iloc[np.argsort(order, kind="stable")].reset_index(drop=True),
        {**others.id_of, **dict(zip(ids, ids, strict=True))},
        others.decisions,
        others.repeated,
    )


def _first_of(merged: Merged) -> list[str]:
    """The id that the first row of each provider had."""
    first: dict[str, str] = {}
    for own, kept in merged.id_of.items():
        first.setdefault(kept, own)
    return [first[str(kept)] for kept in merged.providers["provider_id"]]


def _alone(new: pd.DataFrame) -> "np.ndarray":
    """Which rows have an id and a name of their own, so that no other row can be the same."""
    names = new["kind"] + "|" + pd.Series([_name(n) for n in new["name"]], new.index, "str")
    shared = names.duplicated(keep=False) | new["provider_id"].duplicated(keep=False)
    alone: np.ndarray = ~shared.to_numpy(bool)
    return alone


def _merged(old: pd.DataFrame, new: pd.DataFrame, *, adds_places: bool) -> Merged:
    """What `merge_providers` does, row by row."""
    rows: dict[str, dict[str, Any]] = {str(r["provider_id"]): r for r in records_of(old)}
    fresh, repeated = _without_twins(records_of(new))
    stand = [_id_for(str(row["provider_id"]), row, rows) for row in fresh]
    unknown = [position for position, stands in enumerate(stand) if stands not in rows]
    same = _same(old, fresh, unknown, adds_places=adds_places)
    id_of: dict[str, str] = {}
    decisions = []
    for position, (row, stands) in enumerate(zip(fresh, stand, strict=True)):
        own = str(row["provider_id"])
        kept, reason = same.get(position, (stands, ""))
        id_of[own] = kept
        if kept not in rows:
            rows[kept] = row | {"provider_id": kept}
        elif kept == stands:
            ours = (rows[kept]["sources"] or [""])[0] == (row["sources"] or [""])[0]
            first, second = (row, rows[kept]) if ours else (rows[kept], row)
            rows[kept] = _joined(first, second, kept)
        else:
            rows[kept] = _joined(rows[kept], row, kept)
            decisions.append(Decision(kept, own, reason))
    id_of |= {twin.merged: id_of[twin.kept] for twin in repeated}
    return Merged(frame_of(list(rows.values()), "providers"), id_of, tuple(decisions), repeated)


def _without_twins(
    rows: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], tuple[Decision, ...]]:
    """New rows, those that say an earlier one again joined with it; and which those are."""
    seen: dict[tuple[object, ...], list[int]] = {}
    found = dict(enumerate(rows))
    twins = []
    names = [(str(row["kind"]), _name(row["name"])) for row in rows]
    often = Counter(names)
    for at, (row, called) in enumerate(zip(rows, names, strict=True)):
        if often[called] == 1:
            continue
        reached = [(*called, contact) for contact in _telling(row)]
        around: list[tuple[object, ...]] = []
        if row["location_precision"] in _SHARP:
            y, x = int(row["lat"] / _CELL_DEG), int(row["lon"] / _CELL_DEG)
            around = [(*called, y + i, x + j) for i in (0, -1, 1) for j in (0, -1, 1)]
        before = sorted({i for key in (*around, *reached) for i in seen.get(key, [])})
        for first in before:
            why = _twin(found[first], row, often[called])
            if why:
                kept = str(found[first]["provider_id"])
                found[first] = _joined(found[first], found.pop(at), kept)
                twins.append(Decision(kept, str(row["provider_id"]), why))
                break
        else:
            for key in (*around[:1], *reached):
                # A spot or a number of many is that of a town or a head office.
                if len(seen.setdefault(key, [])) < _MOST_ALIKE:
                    seen[key].append(at)
    return list(found.values()), tuple(twins)


def _telling(row: Mapping[str, Any]) -> list[str]:
    """What tells a place where its position does not: telephone, NPI, an address with a number."""
    address = normalise(row["address"] or "")
    said = {"telephone": row["phone"], "NPI": row["npi"]}
    said["address"] = address if re.search(r"\d", address) else None
    return [f"{word} {value}" for word, value in said.items() if value]


def _twin(one: Mapping[str, Any], other: Mapping[str, Any], often: int) -> str:
    """Why two rows of one file and of one name, of so many, are one place; "" where not."""
    address = [normalise(row["address"] or "") for row in (one, other)]
    said = [
        *((one[key], other[key]) for key in ("phone", "npi", "gender", "beds")),
        (address[0], address[1]),
    ]
    if any(a and b and a != b for a, b in said) or not _like_kinds(one, other):
        return ""
    specialties = [set(row["specialties"] or []) for row in (one, other)]
    if all(specialties) and not specialties[0] & specialties[1]:
        return ""
    km = float(distance_km(one["lat"], one["lon"], [other["lat"]], [other["lon"]])[0])
    precisions = {one["location_precision"], other["location_precision"]}
    agree = sorted(set(_telling(one)) & set(_telling(other)))
    if agree and km <= max(TWIN_KM, *(CONTACT_KM[word] for word in precisions)):
        return f"the same name and {agree[-1].split()[0]}"
    # A name of many ("Health Post") tells less.
    near = TWIN_KM if often <= _SHARED else SPOT_KM
    return f"the same name {km:.2f} km away" if precisions <= _SHARP and km <= near else ""


def _id_for(own: str, row: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The id under which a row stands: its own, unless another provider has it already."""
    number, stands = 1, own
    while stands in rows:
        known = rows[stands]
        like = fuzz.token_set_ratio(_name(row["name"]), _name(known["name"]))
        km = float(distance_km(row["lat"], row["lon"], [known["lat"]], [known["lon"]])[0])
        if like >= SAME_ID_LIKE or km <= EXACT_KM or (row["npi"] and row["npi"] == known["npi"]):
            break
        number += 1
        stands = f"{own}.{number}"
    return stands


def _joined(
    first: Mapping[str, Any], second: Mapping[str, Any], provider_id: str
) -> dict[str, Any]:
    """One row of two: the first decides, the second fills what it does not know."""
    found = {key: second[key] if value is None else value for key, value in first.items()}
    for column in LIST_COLUMNS & set(found):
        both = [*(first[column] or []), *(second[column] or [])]
        found[column] = list(dict.fromkeys(both)) or None
    if first["facility_type"] == "other" and second["facility_type"]:
        found["facility_type"] = second["facility_type"]
    rank = {word: i for i, word in enumerate(_PRECISIONS)}
    place, other = first, second
    if rank[second["location_precision"]] < rank[first["location_precision"]]:
        place, other = second, first
    found |= {key: place[key] for key in ("lat", "lon", "location_precision", "region_id")}
    km = float(distance_km(place["lat"], place["lon"], [other["lat"]], [other["lon"]])[0])
    if place["region_id"] is None and km <= EXACT_KM:  # else it has moved
        found["region_id"] = other["region_id"]
    return found | {"provider_id": provider_id}


def _same(
    old: pd.DataFrame,
    new: Sequence[Mapping[str, Any]],
    positions: Sequence[int],
    *,
    adds_places: bool,
) -> dict[int, tuple[str, str]]:
    """For each of some new rows (by position) that is known: the old row's id, and why."""
    if old.empty or not positions:
        return {}
    known = _Known(old, Counter(c for row in new for c in _contacts(row)))
    found: list[tuple[float, float, int, int, str]] = []
    for j in positions:
        row = new[j]
        same = known.by_npi.get(row["npi"] or "", [])
        if same:
            away = distance_km(row["lat"], row["lon"], known.lat[same], known.lon[same])
            best = int(np.argmin(away))
            rough = row["location_precision"] not in _SHARP or not known.sharp[same[best]]
            if not adds_places or away[best] <= (NPI_ROUGH_KM if rough else ROUGH_KM):
                found.append((-101.0, float(away[best]), same[best], j, "the same NPI"))
            continue
        found += known.alike(row, j)
    taken: set[int] = set()
    decided: dict[int, tuple[str, str]] = {}
    for _, _, i, j, why in sorted(found):
        if j not in decided and (i not in taken or not adds_places):
            decided[j] = known.ids[i], why
            taken.add(i)
    return decided


class _Known:
    """Known providers, to be looked up by NPI and by name."""

    def __init__(self, old: pd.DataFrame, brought: Mapping[str, int]) -> None:
        self._brought = brought
        self.rows = records_of(old[list(_LOOKED_AT)])
        self.ids = [str(row["provider_id"]) for row in self.rows]
        self.names = [_name(n) for n in old["name"]]
        self.lat, self.lon = (old[c].to_numpy(float) for c in ("lat", "lon"))
        self.sharp = old["location_precision"].isin(_SHARP).to_numpy()
        self.by_contact: dict[str, list[int]] = {}
        self.by_npi: dict[str, list[int]] = {}
        self.by_word: dict[str, list[int]] = {}
        for i, (row, name) in enumerate(zip(self.rows, self.names, strict=True)):
            if row["npi"]:
                self.by_npi.setdefault(str(row["npi"]), []).append(i)
            # The whole name is a word too: one of common words alone is found by it.
            for word in {*name.split(), _sorted(name)}:
                self.by_word.setdefault(word, []).append(i)
            for contact in _contacts(row):
                self.by_contact.setdefault(contact, []).append(i)

    def alike(self, row: Mapping[str, Any], j: int) -> Iterable[tuple[float, float, int, int, str]]:
        """Known rows nearby with a like name, or with a name and a contact that fit."""
        name = _name(row["name"])
        rare = (self.by_word.get(word, []) for word in set(name.split()))
        some = {i for rows in rare if len(rows) <= _COMMON_WORD for i in rows}
        contacts = [(c, self.by_contact.get(c, [])) for c in _contacts(row)]
        few = [(c, rows) for c, rows in contacts if max(len(rows), self._brought[c]) <= _SHARED]
        shared = {i: c for c, rows in few for i in rows}
        some |= set(shared) | set(self.by_word.get(_sorted(name), []))
        candidates = np.array(sorted(some), int)
        # A degree of latitude is 111 km; this only spares exact measuring.
        near = np.abs(self.lat[candidates] - row["lat"]) < max(CONTACT_KM.values()) / 100
        candidates = candidates[near]
        if not len(candidates):
            return
        away = distance_km(row["lat"], row["lon"], self.lat[candidates], self.lon[candidates])
        for i, km in zip(candidates.tolist(), away.tolist(), strict=True):
            if not _compatible(row, self.rows[i]):
                continue
            if re.findall(r"\d+", name) != re.findall(r"\d+", self.names[i]):
                continue  # ward 12 is not ward 13
            like = fuzz.token_sort_ratio(name, self.names[i])
            sharp = row["location_precision"] in _SHARP and bool(self.sharp[i])
            contact = shared.get(i, "")
            if _is_same(row, self.rows[i], like, km, sharp=sharp, contact=contact):
                by = f"the same {contact.split()[0]} and " if contact else ""
                yield (-like, km, i, j, f"{by}a like name ({like:.0f} of 100) {km:.2f} km away")


def _is_same(
    row: Mapping[str, Any],
    known: Mapping[str, Any],
    like: float,
    km: float,
    *,
    sharp: bool,
    contact: str,
) -> bool:
    """Whether rows that can be one provider are, by their names, contacts and distance."""
    allowed = max(CONTACT_KM[str(r["location_precision"])] for r in (row, known))
    apart = len({row["phone"], known["phone"]} - {None}) > 1
    if contact.startswith("telephone") and km <= allowed:
        one, other = (set(_name(r["name"]).split()) for r in (row, known))
        # East is not West: where each has a word of its own, only the spelling may differ.
        return like >= (EXACT_LIKE if one - other and other - one else CONTACT_LIKE)
    if contact and km <= allowed and not apart:
        return like >= SITE_LIKE
    if sharp:
        return km <= EXACT_KM and like >= (EXACT_LIKE if row["kind"] == "facility" else ROUGH_LIKE)
    return km <= ROUGH_KM and like >= ROUGH_LIKE and not apart


def _compatible(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows can be one provider by what they are."""
    if one["kind"] != other["kind"] or (one["npi"] and other["npi"]):
        return False
    return _like_kinds(one, other)


def _like_kinds(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    kinds = {one["facility_type"], other["facility_type"]} - {None, "other"}
    return len(kinds) < 2 or any(kinds <= group for group in _LIKE_TYPES)


def _contacts(row: Mapping[str, Any]) -> list[str]:
    """What a row gives to reach it by, to be looked up; the telephone last, which weighs more."""
    said = {"website": _site(row["website"]), "telephone": row["phone"]}
    return [f"{word} {value}" for word, value in said.items() if value]


def _site(website: object) -> str:
    """An address on the web to compare."""
    plain = re.sub(r"^(https?://)?(www\.)?", "", str(website or "").strip().casefold())
    return plain.rstrip("/")


def _name(text: object) -> str:
    """A name to compare, without "and" (often "&") and the form of a company."""
    words = normalise(str(text)).split()
    return " ".join([word for word in words if word not in _NO_NAME] or words)


def _sorted(name: str) -> str:
    return " ".join(sorted(name.split()))


def merge_places(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Add places that are not known; one of the same name within `ROUGH_KM` is the same place."""
    ids = set(old["place_id"])
    known: dict[str, list[tuple[float, float]]] = {}
    for name, lat, lon in zip(*(old[c] for c in ("name", "lat", "lon")), strict=True):
        known.setdefault(_name(name), []).append((float(lat), float(lon)))
    keep = []
    for place, name, lat, lon in zip(
        *(new[c] for c in ("place_id", "name", "lat", "lon")), strict=True
    ):
        spots = known.get(_name(name), [])
        far = not spots or float(distance_km(lat, lon, *zip(*spots, strict=True)).min()) > ROUGH_KM
        keep.append(place not in ids and far)
    added = new[np.array(keep, bool)] if keep else new.iloc[:0]
    if old.empty or added.empty:
        return (old if added.empty else added).reset_index(drop=True)
    return pd.concat([old, added], ignore_index=True)
