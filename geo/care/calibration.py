"""How often a status turns out true: known answers are hidden, and the rest is assessed again.

An *answer* is what a dated official page, register or payment record says of the procedure itself,
or somebody who was asked. Only a source that says yes of some places and no of others is taken:
where nobody ever says no, a place that is not named may still do it. What such a source says of a
place is hidden, all of it, and the place is assessed by what remains.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.care.assessment import assess
from geo.care.entry import Procedure
from geo.care.evidence import CONFIRMING
from geo.distance import pairs_within
from geo.packs.dates import end_of_period
from geo.packs.pack import ASKED
from geo.packs.schema import STATUSES

Floats = npt.NDArray[np.float64]

#: Fewer answers give no figure for single places; with 20 the interval is some 40 points wide.
MIN_ANSWERS = 20
#: The quantile of the normal distribution for an interval of 95 %.
_Z95 = 1.959963984540054
#: What a source is called that is somebody's answer to a call.
CALLS = "calls"
RECORDS = "records"
#: A place is urban where so many people live within so many km. The definition is ours.
URBAN_PEOPLE, URBAN_KM = 50_000, 10.0
_PLACED = ("provider_id", "status", "place", "lat", "lon", "region_id")
_ANSWERS = (*_PLACED, "measured_on", "true", "as_of")
_FIGURES = ("answers", "true", "share", "low", "high", "first", "last")


def wilson(true: npt.ArrayLike, answers: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The 95 % interval of a share (Wilson 1927, J Am Stat Assoc 22:209-212).

    Parameters
    ----------
    true, answers
        How many of how many, shape (n,); NaN without any answer.

    Returns
    -------
    tuple of numpy.ndarray
        Its low and high end, shape (n,).

    Examples
    --------
    >>> low, high = wilson(62, 100)
    >>> round(float(low), 3), round(float(high), 3)
    (0.522, 0.709)
    """
    k, n = np.asarray(true, np.float64), np.asarray(answers, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n
        middle = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
        half = _Z95 * np.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2)) / (1 + _Z95**2 / n)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


@dataclass(frozen=True)
class Share:
    """How often a status turned out true, of places of one type.

    Attributes
    ----------
    true, answers
        So many of so many.
    low, high
        The 95 % interval of the share.
    measured_on
        `RECORDS` or `CALLS`.
    place
        The facility type, or "person".
    first, last
        Years of the answers.
    """

    true: int
    answers: int
    low: float
    high: float
    measured_on: str
    place: str
    first: int
    last: int

    @property
    def share(self) -> float:
        """Of all answers."""
        return self.true / self.answers


@dataclass(frozen=True)
class Calibration:
    """How often each status turned out true, for a pack and a procedure.

    Attributes
    ----------
    answers
        One row for each answer: `provider_id`, `status` (without it), `place` (the facility type,
        or "person"), `lat`, `lon`, `region_id`, `measured_on`, `true`, `as_of`.
    shares
        (status, place) to its share, of at least `MIN_ANSWERS` answers.
    """

    answers: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_ANSWERS)))
    shares: Mapping[tuple[str, str], Share] = field(default_factory=dict)

    def share(self, status: str, kind: str, facility_type: object) -> Share | None:
        """The share for providers of a status and type; None where none was measured."""
        return self.shares.get((status, _place(kind, facility_type)))


def _place(kind: str, facility_type: object) -> str:
    """What a provider is, for shares: its facility type, or "person"."""
    if kind == "practitioner":
        return "person"
    return facility_type if isinstance(facility_type, str) else "other"


def calibrate(
    providers: pd.DataFrame, evidence: pd.DataFrame, procedure: Procedure, today: dt.date
) -> Calibration:
    """Hide what is known of a procedure, assess with what remains, and compare.

    Parameters
    ----------
    providers, evidence
        As for `geo.care.evidence.assess`.
    procedure
        What is asked about. Nothing confirms a condition, nor care that the kind of place decides:
        they have no shares.
    today
        The day of asking.

    Returns
    -------
    Calibration
        Without answers where no source says both yes and no.
    """
    answers = _find_answers(evidence, procedure)
    if answers.empty:
        return Calibration()
    asked = providers[providers["provider_id"].isin(answers.index)]
    said = evidence[evidence["provider_id"].isin(answers.index)]
    hidden = _source_of(said) == said["provider_id"].map(answers["source"])
    left = assess(asked, said[~hidden], procedure, today)
    places = [_place(*row) for row in zip(asked["kind"], asked["facility_type"], strict=True)]
    found = asked.assign(place=places)
    found = found.join(answers, on="provider_id").join(left["status"], on="provider_id")
    found = found.dropna(subset="status").reset_index(drop=True)[list(_ANSWERS)]
    counted = tally(found, ("status", "place"))
    enough = counted[counted["answers"] >= MIN_ANSWERS].sort_values("answers", kind="stable")
    shares = {
        # The last one stays: where records and calls both have it, the one with more answers.
        (row["status"], row["place"]): Share(
            true=int(row["true"]),
            answers=int(row["answers"]),
            low=float(row["low"]),
            high=float(row["high"]),
            measured_on=str(row["measured_on"]),
            place=str(row["place"]),
            first=int(row["first"]),
            last=int(row["last"]),
        )
        for row in enough.to_dict("records")
    }
    return Calibration(found, shares)


def tally(answers: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Count answers and the true among them, by what they are grouped by.

    Parameters
    ----------
    answers
        Of a `Calibration`, with any columns to group by.
    by
        Columns of `answers`; `measured_on` always counts too.

    Returns
    -------
    pandas.DataFrame
        `by`, `measured_on`, `answers`, `true`, `share`, `low`, `high`, `first` and `last` (years);
        strongest status first.
    """
    keys = [*by, "measured_on"]
    if answers.empty:
        return pd.DataFrame(columns=[*keys, *_FIGURES])
    years = answers["as_of"].str[:4].astype(int)
    grouped = answers.assign(true=answers["true"].astype(int), year=years).groupby(keys)
    counted = grouped.agg(
        answers=("true", "size"), true=("true", "sum"), first=("year", "min"), last=("year", "max")
    ).reset_index()
    low, high = wilson(counted["true"], counted["answers"])
    counted = counted.assign(share=counted["true"] / counted["answers"], low=low, high=high)
    if "status" in keys:
        rank = counted["status"].map({s: n for n, s in enumerate(STATUSES)})
        rest = [key for key in keys if key != "status"]
        counted = counted.assign(rank=rank).sort_values(["rank", *rest]).drop(columns="rank")
    return counted[[*keys, *_FIGURES]].reset_index(drop=True)


def is_urban(lat: npt.ArrayLike, lon: npt.ArrayLike, demand: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether at least `URBAN_PEOPLE` live within `URBAN_KM` of each point.

    Parameters
    ----------
    lat, lon
        Degrees, shape (n,).
    demand
        Of the pack: `lat`, `lon`, `population`.
    """
    people = np.zeros(len(np.asarray(lat)))
    there = demand["population"].to_numpy(float)
    for i, j, _ in pairs_within(lat, lon, demand["lat"], demand["lon"], URBAN_KM):
        people += np.bincount(i, there[j], minlength=len(people))
    return people >= URBAN_PEOPLE


def has_answers(evidence: pd.DataFrame, procedure: Procedure) -> bool:
    """Whether anything can be compared: some source says both yes and no, or somebody was asked."""
    return not _find_answers(evidence, procedure).empty


def _find_answers(evidence: pd.DataFrame, procedure: Procedure) -> pd.DataFrame:
    """The newest answer on each provider: `source`, `measured_on`, `true`, `as_of`."""
    about = (evidence["procedure"] == procedure.slug) & evidence["as_of"].notna()
    about &= evidence["status"].isin(["offered", "not_offered"])
    about &= evidence["source_kind"].isin(CONFIRMING)
    if procedure.kind == "condition" or procedure.by_type or not about.any():
        return pd.DataFrame(columns=["source", "measured_on", "true", "as_of"])
    rows = evidence[about]
    rows = rows.assign(
        source=_source_of(rows),
        true=rows["status"] == "offered",
        end=rows["as_of"].map(end_of_period),
    )
    rows = rows.assign(measured_on=np.where(rows["source"] == CALLS, CALLS, RECORDS))
    # Whoever is asked can say no, even if so far nobody did.
    both = rows.groupby("source")["true"].transform("nunique") > 1
    rows = rows[both | (rows["source"] == CALLS)].sort_values("end", kind="stable")
    last = rows.drop_duplicates("provider_id", keep="last").set_index("provider_id")
    return last[["source", "measured_on", "true", "as_of"]]


def _source_of(rows: pd.DataFrame) -> "pd.Series[str]":
    """What is hidden together: one address, or all answers to calls."""
    called = rows["note"].fillna("").astype(str).str.startswith(ASKED)
    return rows["url"].fillna("").astype(str).mask(called, CALLS)
