"""Narrowing a list by what is on record of each provider; what is not on record is never a no."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.care.opening_hours import is_open
from geo.packs.alike import BEARING, Alike

#: Filters with a value, and the column that each is about.
CHOICES: Mapping[str, str] = {
    "kind": "kind",
    "specialty": "specialties",
    "language": "languages",
    "gender": "gender",
}
#: Filters that are on or off, and the column that each is about.
SWITCHES: Mapping[str, str] = {
    "telehealth": "telehealth",
    "accepting": "accepting_new",
    "wheelchair": "wheelchair",
    "emergency": "emergency",
    "open_now": "opening_hours",
}
#: A choice that only one value is known of would choose nothing.
_FEWEST = 2


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; the empty ones narrow nothing."""

    kind: str = ""
    specialty: str = ""
    language: str = ""
    gender: str = ""
    telehealth: bool = False
    accepting: bool = False
    wheelchair: bool = False
    emergency: bool = False
    open_now: bool = False

    def __bool__(self) -> bool:
        """Whether anything is narrowed."""
        return any(getattr(self, f.name) for f in fields(self))


def choices(kinds: Alike) -> dict[str, tuple[str, ...]]:
    """The filters that a pack has data for, each with its values; switches have none.

    Parameters
    ----------
    kinds
        A pack's providers, and which of them are alike.

    Returns
    -------
    dict
        Filter to its values, the most frequent first.
    """
    found: dict[str, tuple[str, ...]] = {}
    providers, often = kinds.frame, np.bincount(kinds.number, minlength=len(kinds.first))
    for name, column in CHOICES.items():
        cells = providers[column]
        if column in BEARING:  # the same in all that are alike
            some = cells.iloc[kinds.first].reset_index(drop=True).explode().dropna()
            values = pd.Series(often[some.index]).groupby(some.to_numpy(object)).sum()
            values = values.sort_values(ascending=False, kind="stable")
        else:
            values = cells[cells.notna()].explode().value_counts()
        if len(values) >= _FEWEST:
            found[name] = tuple(map(str, values.index))
    for name, column in SWITCHES.items():
        said = providers[column]
        known = said.notna() if name == "open_now" else said.fillna(value=False).astype(bool)
        if known.any():
            found[name] = ()
    return found


def kept(
    providers: pd.DataFrame, filters: Filters, now: dt.datetime
) -> tuple[npt.NDArray[np.bool_], int]:
    """Which rows pass every filter, and how many fail only for want of data.

    Parameters
    ----------
    providers
        Rows with the columns of providers.
    filters
        What is asked for.
    now
        A time with its zone, for `open_now`.

    Returns
    -------
    tuple
        Mask of shape (n,); and the number of rows that nothing speaks against, but of which
        something that was asked for is not on record.
    """
    passed = np.ones(len(providers), bool)
    against = np.zeros(len(providers), bool)
    for name, column in CHOICES.items():
        wanted = getattr(filters, name)
        if wanted:
            cells = providers[column]
            has = np.array([wanted in (c if isinstance(c, list) else [c]) for c in cells], bool)
            passed &= has
            against |= cells.notna().to_numpy() & ~has
    for name, column in SWITCHES.items():
        if getattr(filters, name):
            yes, no = _said(providers, name, column, now)
            passed &= yes
            against |= no
    return passed, int((~passed & ~against).sum())


def _said(
    providers: pd.DataFrame, name: str, column: str, now: dt.datetime
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Of which rows yes is on record, and of which no."""
    cells = providers[column]
    if name != "open_now":
        said = cells.astype("boolean")
        return said.fillna(value=False).to_numpy(bool), (~said).fillna(value=False).to_numpy(bool)
    places = zip(cells, providers["lat"], providers["lon"], strict=True)
    states = [is_open(hours, lat, lon, now) for hours, lat, lon in places]
    return (
        np.array([state is True for state in states], bool),
        np.array([state is False for state in states], bool),
    )
