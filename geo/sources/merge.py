"""The same provider from two sources: recognised, kept once, and every decision listed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from geo.query import distance_km
from geo.schema import LIST_COLUMNS, PROVIDERS
from geo.sources.brought import frame_of
from geo.text import normalise

__all__ = ["EXACT_KM", "ROUGH_KM", "Decision", "Merged", "merge_places", "merge_providers"]

#: Two rows of like names are one place within this distance, where both positions are exact, and
#: where one is that of a postcode or a town.
EXACT_KM, ROUGH_KM = 0.5, 5.0
#: How alike the names must be then (0-100, order of words does not matter).
EXACT_LIKE, ROUGH_LIKE = 88.0, 96.0
_PRECISIONS = ("exact", "street", "postcode", "locality")
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
    """

    providers: pd.DataFrame
    id_of: Mapping[str, str]
    decisions: tuple[Decision, ...]


def merge_providers(old: pd.DataFrame, new: pd.DataFrame) -> Merged:
    """Add providers to those that are known; what is the same is kept once, with both sources.

    A row of the same id is brought up to date. Else the same NPI (at the same place, where it
    stands at several) is the same provider; else a like name nearby, of the same kind, unless
    both have an NPI. What the kept row does not know it takes from the other, and the more
    exact position of the two.

    Parameters
    ----------
    old, new
        Frames of the contract.
    """
    columns = list(PROVIDERS.columns)
    old, new = old[columns].reset_index(drop=True), new[columns].reset_index(drop=True)
    rows: dict[str, dict[str, Any]] = {str(r["provider_id"]): r for r in _records(old)}
    fresh = _records(new)
    same = _same(old, new)
    id_of: dict[str, str] = {}
    decisions = []
    for position, row in enumerate(fresh):
        own = str(row["provider_id"])
        kept, reason = (own, "") if own in rows else same.get(position, (own, ""))
        id_of[own] = kept
        if kept not in rows:
            rows[kept] = row
        elif kept == own:
            rows[kept] = _joined(row, rows[kept], own)
        else:
            rows[kept] = _joined(rows[kept], row, kept)
            decisions.append(Decision(kept, own, reason))
    return Merged(frame_of(list(rows.values()), "providers"), id_of, tuple(decisions))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def _joined(
    first: Mapping[str, Any], second: Mapping[str, Any], provider_id: str
) -> dict[str, Any]:
    """One row of two: the first decides, the second fills what it does not know."""
    found = {key: second[key] if value is None else value for key, value in first.items()}
    for column in LIST_COLUMNS & set(found):
        both = [*(first[column] or []), *(second[column] or [])]
        found[column] = list(dict.fromkeys(both)) or None
    rank = {word: i for i, word in enumerate(_PRECISIONS)}
    if rank[second["location_precision"]] < rank[first["location_precision"]]:
        found |= {key: second[key] for key in ("lat", "lon", "location_precision")}
    return found | {"provider_id": provider_id}


def _same(old: pd.DataFrame, new: pd.DataFrame) -> dict[int, tuple[str, str]]:
    """For each new row (by position) that is known: the old row's id, and why."""
    if old.empty or new.empty:
        return {}
    by_npi: dict[str, list[int]] = {}
    for i, npi in enumerate(old["npi"]):
        if isinstance(npi, str):
            by_npi.setdefault(npi, []).append(i)
    names = [_name(n) for n in old["name"]]
    by_word: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        for word in set(name.split()):
            by_word.setdefault(word, []).append(i)
    lat, lon = (old[c].to_numpy(float) for c in ("lat", "lon"))
    exact = old["location_precision"].isin(["exact", "street"]).to_numpy()
    known_rows = _records(old[["kind", "npi"]])
    found: list[tuple[float, float, int, int, str]] = []
    for j, row in enumerate(_records(new)):
        known = by_npi.get(row["npi"] or "", [])
        if known:
            away = distance_km(row["lat"], row["lon"], lat[known], lon[known])
            best = int(np.argmin(away))
            rough = row["location_precision"] not in ("exact", "street")
            near = ROUGH_KM * 4 if rough or not exact[known[best]] else ROUGH_KM
            if len(known) == 1 or away[best] <= near:
                found.append((-101.0, float(away[best]), known[best], j, "the same NPI"))
                continue
        found += _alike(row, j, known_rows, names, by_word, (lat, lon), exact)
    ids = [str(i) for i in old["provider_id"]]
    taken: set[int] = set()
    same: dict[int, tuple[str, str]] = {}
    for _, _, i, j, why in sorted(found):
        if j not in same and i not in taken:
            same[j] = ids[i], why
            taken.add(i)
    return same


def _alike(
    row: Mapping[str, Any],
    j: int,
    old: list[dict[str, Any]],
    names: list[str],
    by_word: Mapping[str, list[int]],
    where: tuple["np.ndarray", "np.ndarray"],
    exact: "np.ndarray",
) -> Iterable[tuple[float, float, int, int, str]]:
    """Old rows nearby with a like name."""
    name = _name(row["name"])
    words = sorted((by_word[w] for w in set(name.split()) if w in by_word), key=len)
    candidates = sorted({i for some in words if len(some) <= _COMMON_WORD for i in some})
    if not candidates:
        return
    some = np.array(candidates)
    # A degree of latitude is 111 km; this only spares exact measuring.
    some = some[np.abs(where[0][some] - row["lat"]) < ROUGH_KM / 100]
    if not len(some):
        return
    away = distance_km(row["lat"], row["lon"], where[0][some], where[1][some])
    precise = row["location_precision"] in ("exact", "street")
    for i, km in zip(some.tolist(), away.tolist(), strict=True):
        both = precise and bool(exact[i])
        if km > (EXACT_KM if both else ROUGH_KM) or old[i]["kind"] != row["kind"]:
            continue
        if row["npi"] and old[i]["npi"]:
            continue  # two NPIs are two providers
        like = fuzz.token_sort_ratio(name, names[i])
        if like >= (EXACT_LIKE if both else ROUGH_LIKE):
            yield (-like, km, i, j, f"a like name ({like:.0f} of 100) {km:.2f} km away")


def _name(text: object) -> str:
    return normalise(str(text))


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
