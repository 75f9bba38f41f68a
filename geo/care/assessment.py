"""Every provider of a frame assessed: those that are alike once, those with statements each."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.care.entry import Procedure
from geo.care.evidence import ASSESSED, assess_each, bears_on
from geo.packs.alike import Alike, alike_rows

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Assessment:
    """What is known of the providers that matter.

    Attributes
    ----------
    positions
        Which rows of the providers matter, shape (n,), ascending.
    number
        Which of `verdicts` each of them has, shape (n,).
    verdicts
        Every different answer once, with the columns `ASSESSED`.
    """

    positions: Ints
    number: Ints
    verdicts: pd.DataFrame

    def take(self, at: Ints) -> pd.DataFrame:
        """The answers of some of the rows that matter, numbered from 0."""
        return self.verdicts.iloc[self.number[at]].reset_index(drop=True)

    def only(self, at: Ints) -> "Assessment":
        """The same of some of the rows that matter."""
        return Assessment(self.positions[at], self.number[at], self.verdicts)


def assess_all(
    providers: pd.DataFrame,
    evidence: pd.DataFrame,
    procedure: Procedure,
    today: dt.date,
    alike: Alike | None = None,
) -> Assessment:
    """Assess providers, each kind of them once; the same as `assess_each`, row by row.

    Parameters
    ----------
    providers, evidence, procedure, today
        As for `assess_each`.
    alike
        Which providers are alike, where that is known.
    """
    alike = alike_rows(providers) if alike is None else alike
    ids = providers["provider_id"]
    bearing = evidence[bears_on(evidence, procedure)]
    plain = assess_each(providers.iloc[alike.first], bearing.iloc[:0], procedure, today)
    own = np.empty(0, np.intp)
    if len(bearing):
        own = np.flatnonzero(ids.isin(bearing["provider_id"].unique()))
    told = assess_each(providers.iloc[own], bearing, procedure, today)
    # -1 where there is nothing to say.
    of_kind = plain.index.get_indexer(pd.Index(ids.iloc[alike.first]))
    number = of_kind[alike.number] if len(of_kind) else np.empty(0, np.intp)
    number[own] = told.index.get_indexer(pd.Index(ids.iloc[own]))
    said = np.zeros(len(providers), bool)
    said[own] = number[own] >= 0
    number[said] += len(plain)
    positions = np.flatnonzero(number >= 0)
    some = [frame for frame in (plain, told) if len(frame)] or [plain]
    verdicts = pd.concat(some, ignore_index=True)[list(ASSESSED)]
    return Assessment(positions, number[positions].astype(np.intp), verdicts)


def assess(
    providers: pd.DataFrame, evidence: pd.DataFrame, procedure: Procedure, today: dt.date
) -> pd.DataFrame:
    """What `assess_all` finds, as a frame like that of `assess_each`."""
    found = assess_all(providers, evidence, procedure, today)
    ids = providers["provider_id"].iloc[found.positions]
    return found.verdicts.iloc[found.number].set_index(pd.Index(ids, name="provider_id"))
