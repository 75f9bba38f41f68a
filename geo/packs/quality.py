"""How good a pack's data is, in figures that can be quoted: shares, ages, likely duplicates."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from geo.distance import pairs_within
from geo.packs.dates import is_old
from geo.text import normalise

#: Two rows of one name within this distance are likely one provider.
DUPLICATE_KM = 0.1


@dataclass(frozen=True)
class Quality:
    """Figures on a pack's providers.

    Attributes
    ----------
    rows
        How many providers.
    shares
        Words for what is on record, and the share of providers of which it is (0 to 1).
    fetched
        The first and the last day on which rows were fetched.
    oldest
        The date of the oldest dated source or statement; None where none is dated.
    old, undated
        How many statements are more than three years old, and without a date.
    statements
        How many statements there are.
    duplicates
        Pairs of rows of one name at one spot, each `(id, id)`.
    """

    rows: int
    shares: tuple[tuple[str, float], ...]
    fetched: tuple[str, str]
    oldest: str | None
    old: int
    undated: int
    statements: int
    duplicates: tuple[tuple[str, str], ...]


def measure_quality(providers: pd.DataFrame, evidence: pd.DataFrame, today: dt.date) -> Quality:
    """Measure a pack's providers and statements.

    Parameters
    ----------
    providers, evidence
        Frames of the contract; `providers` with `source_as_of`.
    today
        The day of asking.
    """
    exact = providers["location_precision"].isin(["exact", "street"])
    said = providers["provider_id"].isin(evidence["provider_id"])
    marks = (
        ("an exact position", exact),
        ("a telephone number", providers["phone"].notna()),
        ("a website", providers["website"].notna()),
        ("opening hours", providers["opening_hours"].notna()),
        ("a specialty", providers["specialties"].notna()),
        ("a statement on what is done there", said),
    )
    dates = [*providers["source_as_of"].dropna(), *evidence["as_of"].dropna()]
    ages = [is_old(date, today) for date in evidence["as_of"]]
    return Quality(
        rows=len(providers),
        shares=tuple((words, float(mark.mean()) if len(mark) else 0.0) for words, mark in marks),
        fetched=(str(providers["retrieved"].min()), str(providers["retrieved"].max())),
        oldest=min(map(str, dates), default=None),
        old=sum(age is True for age in ages),
        undated=sum(age is None for age in ages),
        statements=len(evidence),
        duplicates=_duplicates(providers),
    )


def _duplicates(providers: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Rows of one name and kind within `DUPLICATE_KM`, unless both have an NPI."""
    names = providers["name"].map(normalise) + "|" + providers["kind"]
    some = providers[names.duplicated(keep=False)]
    if some.empty:
        return ()
    same_name = names[some.index].to_numpy()
    ids, npi = some["provider_id"].to_numpy(), some["npi"].notna().to_numpy()
    lat, lon = some["lat"].to_numpy(float), some["lon"].to_numpy(float)
    found = []
    for one, other, _ in pairs_within(lat, lon, lat, lon, DUPLICATE_KM):
        same = (one < other) & (same_name[one] == same_name[other]) & ~(npi[one] & npi[other])
        found += [(str(ids[a]), str(ids[b])) for a, b in zip(one[same], other[same], strict=True)]
    return tuple(sorted(found))
