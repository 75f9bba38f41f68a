"""How right a directory is: a fair sample of it is called, and the answers are counted.

The sample is drawn within each status, by chance, with a seed that is kept: whoever draws again
from the same data with the same seed gets the same places. What is said goes into the user's copy
of the pack twice: as an answer of the survey, and as a dated statement on the provider.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from geo.care.assessed import Assessed
from geo.care.calibration import wilson
from geo.care.evidence import CONFIRMING
from geo.care.find import LISTED
from geo.errors import CareReachError
from geo.packs.dates import end_of_period
from geo.packs.pack import Pack, read_descriptor
from geo.packs.schema import COLUMNS
from geo.packs.store import answer_row, append_row, change_pack, write_table
from geo.packs.tables import read_table

#: What is asked of each place: the column, and the statement that it checks.
FIELDS: Mapping[str, str] = {
    "does_it": "It does it",
    "phone_right": "Telephone number right",
    "address_right": "Address right",
    "takes_new": "Takes new patients",
}
#: A statement is due again after so many days: what the No Surprises Act (section 116 of the US
#: Consolidated Appropriations Act, 2021) asks of insurers' directories.
DUE_DAYS = 90
#: So many of each status by default: a share of one half is then known to some 15 points.
PER_STATUS = 40
_COLUMNS = list(COLUMNS["survey"])


@dataclass(frozen=True)
class Call:
    """What a call, or a visit, brought; None is what nobody asked or nobody knew.

    Attributes
    ----------
    asked
        The day.
    who
        Who answered, by role; "" where nobody did.
    does_it, phone_right, address_right, takes_new
        See `FIELDS`.
    """

    asked: dt.date
    who: str = ""
    does_it: bool | None = None
    phone_right: bool | None = None
    address_right: bool | None = None
    takes_new: bool | None = None

    def __post_init__(self) -> None:
        """Refuse an answer that nobody gave."""
        if not self.who.strip() and (self.does_it is not None or self.takes_new is not None):
            raise CareReachError("Say who answered (by role): an answer without one is hearsay.")


def draw_sample(assessed: Assessed, per_status: int, seed: int) -> pd.DataFrame:
    """Draw providers to call, by chance and without repeats, from each status that is listed.

    Parameters
    ----------
    assessed
        From `geo.care.assessed.assess_pack`.
    per_status
        So many of each status, or all of it where there are fewer.
    seed
        Where chance begins.

    Returns
    -------
    pandas.DataFrame
        The contract's `survey`, nobody asked yet: in an order that is by chance too. `of` is how
        many the status has, `drawn` the day of `assessed`.

    Raises
    ------
    CareReachError
        If there is nobody to draw from.
    """
    parts = []
    for number, status in enumerate(LISTED):
        rows = assessed.rows[assessed.rows["status"] == status].sort_values("provider_id")
        chosen = np.random.default_rng([seed, number]).permutation(len(rows))[:per_status]
        parts.append(rows.iloc[chosen].assign(of=len(rows)))
    drawn = pd.concat(parts, ignore_index=True)
    if drawn.empty:
        raise CareReachError(
            f"Nobody in {assessed.pack.country} is listed for {assessed.procedure.in_a_sentence}: "
            "there is nobody to draw from."
        )
    mixed = drawn.iloc[np.random.default_rng([seed, len(LISTED)]).permutation(len(drawn))]
    mixed = mixed.assign(
        procedure=assessed.procedure.slug, drawn=assessed.today.isoformat(), seed=seed
    )
    return mixed.reindex(columns=_COLUMNS).reset_index(drop=True)


def start_survey(pack: Pack, sample: pd.DataFrame) -> None:
    """Put a sample into the user's copy of a pack; calls that were made stay.

    Parameters
    ----------
    pack
        Its newest state is changed.
    sample
        From `draw_sample`. Places of the same procedure that nobody has called yet are replaced.
    """
    slug = sample["procedure"].iloc[0]

    def change(folder: Path) -> None:
        known = read_table(folder, read_descriptor(folder), "survey")
        called = known[(known["procedure"] != slug) | known["asked"].notna()]
        write_table(folder, "survey", pd.concat([called.astype(object), sample.astype(object)]))

    change_pack(pack.name, change, f"Sample for a survey: {slug}, {len(sample)} places")


def record_call(pack: Pack, provider_id: str, procedure: str, call: Call) -> None:
    """Write what a call brought into the user's copy of a pack.

    Parameters
    ----------
    pack
        Its newest state is changed.
    provider_id, procedure
        Of a place that was drawn and not called yet.
    call
        What was said. Whether it is done there becomes a statement too.

    Raises
    ------
    CareReachError
        If that place was not drawn, or was called already.
    """

    def change(folder: Path) -> None:
        survey = read_table(folder, read_descriptor(folder), "survey").astype(object)
        waiting = (survey["provider_id"] == provider_id) & (survey["procedure"] == procedure)
        waiting &= survey["asked"].isna()
        if not waiting.any():
            raise CareReachError(
                f"{provider_id} is not among the places drawn for {procedure} that wait for a call."
            )
        told = {**asdict(call), "asked": call.asked.isoformat(), "who": call.who.strip() or None}
        for column, value in told.items():
            survey.loc[waiting, column] = value
        write_table(folder, "survey", survey)
        if call.does_it is not None:
            status = "offered" if call.does_it else "not_offered"
            append_row(
                folder,
                "evidence",
                answer_row(provider_id, procedure, status, call.who.strip(), call.asked),
            )

    change_pack(pack.name, change, f"Call of a survey: {provider_id}, {procedure}")


def accuracy(survey: pd.DataFrame) -> pd.DataFrame:
    """How right a directory is, by status and in all, with 95 % intervals.

    Parameters
    ----------
    survey
        Of one procedure.

    Returns
    -------
    pandas.DataFrame
        `status` ("all" last), `field` (of `FIELDS`), `answers`, `right`, `share`, `low`, `high`.
        "all" counts each status by how many places it has; its interval is Wilson's with the
        effective number of answers, (sum of weights)^2 / sum of squared weights (Kish 1965).
    """
    rows: list[dict[str, object]] = []
    for name in FIELDS:
        told = survey[survey[name].notna()]
        yes = told[name].astype(float)
        for status in LISTED:
            some = yes[told["status"] == status]
            if len(some):
                rows.append(_counted(status, name, some, pd.Series(1.0, some.index)))
        if len(told):
            drawn = told.groupby("status")["status"].transform("size")
            rows.append(_counted("all", name, yes, told["of"].astype(float) / drawn))
    columns = ["status", "field", "answers", "right", "share", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _counted(
    status: str, name: str, yes: "pd.Series[float]", weight: "pd.Series[float]"
) -> dict[str, object]:
    """One row of `accuracy`."""
    share = float((weight * yes).sum() / weight.sum())
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    low, high = wilson(share * effective, effective)
    return {
        "status": status,
        "field": name,
        "answers": len(yes),
        "right": int(yes.sum()),
        "share": share,
        "low": float(low),
        "high": float(high),
    }


def when_due(survey: pd.DataFrame, evidence: pd.DataFrame, today: dt.date) -> pd.DataFrame:
    """When the places of a survey were last checked, and when they are due again.

    Parameters
    ----------
    survey
        Of one procedure.
    evidence
        Of the pack.
    today
        What is due is due by this day.

    Returns
    -------
    pandas.DataFrame
        `provider_id`, `name`, `status`, `checked` (a date, or NA for never), `due` (a date),
        `is_due`: the longest overdue first. What an official page, a register or payment records
        say of the procedure checks a place as an answer does; a call that nobody took does not.
    """
    slugs = set(survey["procedure"])
    said = evidence[evidence["procedure"].isin(slugs) & evidence["as_of"].notna()]
    said = said[said["source_kind"].isin(CONFIRMING)]
    newest = said.assign(end=said["as_of"].map(end_of_period)).groupby("provider_id")["end"].max()
    called = survey.dropna(subset=["asked", "who"]).groupby("provider_id")["asked"].max()
    rows = survey.drop_duplicates("provider_id", keep="last")
    checked = [
        max(filter(None, (newest.get(i), end_of_period(called.get(i)))), default=None)
        for i in rows["provider_id"]
    ]
    due = [day + dt.timedelta(days=DUE_DAYS) if day else today for day in checked]
    found = rows[["provider_id", "name", "status"]].assign(
        checked=pd.Series(checked, rows.index, object),
        due=pd.Series(due, rows.index, object),
        is_due=[day <= today for day in due],
    )
    return found.sort_values(["due", "name"], kind="stable").reset_index(drop=True)
