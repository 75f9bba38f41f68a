"""What is known of a provider and a procedure: a status, a reason, and the rows behind both.

Never a quality score. A provider is *confirmed*, *reported*, *likely*, *unknown* or *not
offered*, because of statements with a source and a date.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from geo.care.entry import Procedure
from geo.packs.dates import end_of_period, is_old, is_recent
from geo.packs.schema import STATUSES

_DECIDING = frozenset({"offered", "specialist", "not_offered"})
_NOTICES = frozenset({"visiting", "planned", "outage"})
CONFIRMING = frozenset({"official", "registry", "claims"})
_RANK = {status: rank for rank, status in enumerate(STATUSES)}

#: Columns of what `assess_each` returns, beside the index `provider_id`.
ASSESSED = (
    *("status", "related", "disputed", "contrary", "old", "as_of", "reason"),
    *("rows", "against", "history", "related_rows", "notices"),
)
_TEXTS = dict.fromkeys(("status", "as_of", "reason"), "str")


@dataclass(frozen=True)
class _Row:
    """One statement. `row` is its label in the evidence frame; None for a register's entry."""

    row: Any
    status: str
    as_of: str | None
    end: dt.date | None
    source_kind: str

    @property
    def positive(self) -> bool:
        return self.status != "not_offered"


@dataclass(frozen=True)
class _Verdict:
    """What the statements about one provider and one service come to."""

    word: str
    best: _Row | None  # the statement that decides; None where the newest disagree
    rows: tuple[_Row, ...]  # all of them, the newest first
    against: tuple[_Row, ...]  # those that say the opposite of what decides
    confirmed: bool = False

    @property
    def disputed(self) -> bool:
        return self.best is None

    @property
    def positive(self) -> bool:
        return self.best is not None and self.best.positive

    @property
    def negative(self) -> bool:
        return self.best is not None and not self.best.positive


def assess_each(
    providers: pd.DataFrame, evidence: pd.DataFrame, procedure: Procedure, today: dt.date
) -> pd.DataFrame:
    """Say for every provider that matters what is known of it and the procedure, row by row.

    Parameters
    ----------
    providers, evidence
        Frames of the contract; `providers` with `source_as_of` where the register is dated, and
        `source_kind` where it may be no register.
    procedure
        What is asked about.
    today
        The day of asking.

    Returns
    -------
    pandas.DataFrame
        Indexed by `provider_id`, in the order of `providers`, with the columns `ASSESSED`:
        `rows` (labels of the evidence rows that the status rests on), `against`, `history`,
        `related_rows` and `notices` (labels likewise), `old` (None without a date), `reason` (a
        sentence). A provider about which there is nothing to say does not appear.
    """
    if procedure.by_type:
        return _assess_care(providers, procedure, today)
    statements = _statements(providers, evidence, procedure)
    notices = _notices(evidence, procedure)
    setting = (providers["kind"] == "facility") & providers["facility_type"].isin(
        procedure.settings
    )
    wanted = setting | providers["provider_id"].isin(list(statements))
    found: dict[str, dict[str, Any]] = {}
    some = (_cells(providers.loc[wanted, c]) for c in ("provider_id", "kind", "facility_type"))
    made_for_it = providers.loc[wanted, "centre_type"].isin(procedure.centres)
    for provider_id, kind, facility_type, fits, meant in zip(
        *some, setting[wanted], made_for_it, strict=True
    ):
        verdicts = {
            word: _judge(word, rows, today)
            for word, rows in statements.get(provider_id, {}).items()
        }
        if fits and facility_type == "specialist_centre":
            # Only a centre of a specialty that takes part, or made for it, might do it.
            fits = meant or any(
                verdicts[w].positive for w in procedure.specialties if w in verdicts
            )
        what = "centre" if facility_type == "specialist_centre" else "hospital"
        what = "person" if kind == "practitioner" else what
        answer = _status(procedure, verdicts, bool(fits), today, what)
        if answer is not None:
            found[provider_id] = {**answer, "notices": notices.get(provider_id, ())}
    return _frame(found, providers)


def order(
    results: pd.DataFrame, by: str, distance: str, *, related_first: bool = True
) -> pd.DataFrame:
    """Put results in the reader's order.

    Parameters
    ----------
    results
        With `status`, `related`, and the distance column.
    by
        "evidence": strongest first, a related service first among the likely, then nearest;
        "distance": nearest first, at equal distance the better status.
    distance
        The column to measure by, e.g. "road_km"; NA comes last.
    related_first
        Whether a related service moves a row up among the likely.

    Returns
    -------
    pandas.DataFrame
        A new frame.
    """
    status = results["status"].to_numpy(object)
    rank = np.array([_RANK[word] for word in status], float)
    first = results["related"].to_numpy(bool) & (status == "likely") & related_first
    far = results[distance].to_numpy(float, na_value=np.nan)
    keys = [rank, ~first, far]
    if by == "distance":
        keys = [far, rank, ~first]
    # lexsort puts its last key first, and NaN behind every number.
    return results.iloc[np.lexsort(keys[::-1])]


def _assess_care(providers: pd.DataFrame, procedure: Procedure, today: dt.date) -> pd.DataFrame:
    """A register of the last three years that names the kind of place confirms it."""
    fits = providers["facility_type"].isin(procedure.settings)
    if procedure.centres:
        # Only those specialist centres that exist for it.
        other = ~providers["centre_type"].isin(procedure.centres)
        fits &= ~(other & (providers["facility_type"] == "specialist_centre"))
    chosen = providers[fits]
    found: dict[str, dict[str, Any]] = {}
    kinds = chosen["facility_type"]
    if procedure.centres:
        kinds = kinds.mask(kinds == "specialist_centre", chosen["centre_type"] + " centre")
    for (provider_id, date, source), kind in zip(_registers(chosen), kinds, strict=True):
        end = end_of_period(date)
        sure = source in CONFIRMING and end is not None and is_recent(end, today)
        found[provider_id] = {
            "status": "confirmed" if sure else "reported",
            "old": is_old(date, today),
            "as_of": date,
            "reason": _listed_reason(kind, source, date),
            **dict.fromkeys(("related", "disputed", "contrary"), False),
            **dict.fromkeys(("rows", "against", "history", "related_rows", "notices"), ()),
        }
    return _frame(found, providers)


def _listed_reason(kind: str, source: str, date: str | None) -> str:
    words = kind.replace("_", " ")
    words = f"{'an' if words[0] in 'aeio' else 'a'} {words}"
    if source not in CONFIRMING:
        return f"Its source, which is not a register, lists it as {words}."
    when = f"the register of {date[:4]}" if date else "a register without a date"
    return f"Listed in {when} as {words}."


def _registers(providers: pd.DataFrame) -> Iterator[tuple[str, str | None, str]]:
    """Each provider with the date and the kind of its source; a register where it is not said."""
    blank = pd.Series(None, providers.index, object)
    columns = (_cells(providers.get(c, blank)) for c in ("source_as_of", "source_kind"))
    for provider_id, date, kind in zip(_cells(providers["provider_id"]), *columns, strict=True):
        known = date if isinstance(date, str) else None
        yield provider_id, known, kind if isinstance(kind, str) else "registry"


def _cells(column: "pd.Series[Any]") -> Any:
    """A column to go through by row: as objects, which Arrow's strings give ten times as fast."""
    return column.to_numpy(object)


def _frame(found: Mapping[str, Mapping[str, Any]], providers: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(dict(found), orient="index", columns=list(ASSESSED))
    frame["old"] = frame["old"].astype(object).where(frame["old"].notna(), None)
    frame.index = frame.index.astype(providers["provider_id"].dtype)
    return frame.astype(_TEXTS).rename_axis("provider_id")


def _statements(
    providers: pd.DataFrame, evidence: pd.DataFrame, procedure: Procedure
) -> dict[str, dict[str, list[_Row]]]:
    """Deciding statements that bear on the procedure, by provider and service."""
    found: dict[str, dict[str, list[_Row]]] = {}
    about, skill = evidence["procedure"], evidence["specialty"]
    word = about.where(about.isin([procedure.slug, *procedure.related]))
    word = word.where(word.notna(), skill.where(skill.isin(procedure.specialties)))
    if procedure.kind == "condition":
        word = word.where(word != procedure.slug)
    use = word.notna() & evidence["status"].isin(_DECIDING)
    for row, provider_id, service, status, as_of, kind in zip(
        evidence.index[use],
        *(_cells(evidence.loc[use, "provider_id"]), _cells(word[use])),
        *(_cells(evidence.loc[use, c]) for c in ("status", "as_of", "source_kind")),
        strict=True,
    ):
        date = as_of if isinstance(as_of, str) else None
        statement = _Row(row, status, date, end_of_period(as_of), kind)
        found.setdefault(provider_id, {}).setdefault(service, []).append(statement)
    listed = providers["specialties"].explode()
    listed = listed[listed.isin(procedure.specialties)]
    registered = providers.loc[listed.index]
    for (provider_id, date, source), service in zip(_registers(registered), listed, strict=True):
        statement = _Row(None, "specialist", date, end_of_period(date), source)
        found.setdefault(provider_id, {}).setdefault(service, []).append(statement)
    if procedure.column is not None:
        told = providers[providers[procedure.column].notna()]
        for (provider_id, date, source), yes in zip(
            _registers(told), told[procedure.column], strict=True
        ):
            status = "offered" if yes else "not_offered"
            statement = _Row(None, status, date, end_of_period(date), source)
            found.setdefault(provider_id, {}).setdefault(procedure.slug, []).append(statement)
    return found


def bears_on(evidence: pd.DataFrame, procedure: Procedure) -> "pd.Series[bool]":
    """Which statements may bear on a procedure: about it, a service close to it, or a skill."""
    about = evidence["procedure"].isin([procedure.slug, *procedure.related])
    return about | evidence["specialty"].isin(procedure.specialties)


def _notices(evidence: pd.DataFrame, procedure: Procedure) -> dict[str, tuple[Any, ...]]:
    """Visits, plans and breaks: shown with their date, never counted."""
    about = (evidence["procedure"] == procedure.slug) | evidence["specialty"].isin(
        procedure.specialties
    )
    rows = evidence[about & evidence["status"].isin(_NOTICES)]
    return {str(provider): tuple(group.index) for provider, group in rows.groupby("provider_id")}


def _judge(word: str, rows: Iterable[_Row], today: dt.date) -> _Verdict:
    """Let the newest dated statement decide; undated ones are the oldest."""
    ordered = tuple(sorted(rows, key=lambda r: r.end or dt.date.min, reverse=True))
    newest = [r for r in ordered if r.end == ordered[0].end]
    positive = newest[0].positive
    against = tuple(r for r in ordered if r.positive != positive)
    if any(r.positive != positive for r in newest):
        return _Verdict(word, None, ordered, tuple(r for r in newest if not r.positive))
    if not positive:
        return _Verdict(word, newest[0], ordered, against)
    # An offer stands until a later statement denies it; that a specialist is here does not.
    denied = max((r.end or dt.date.min for r in against), default=None)
    standing = [
        r for r in ordered if r.positive and (denied is None or (r.end or dt.date.min) > denied)
    ]
    offers = [r for r in standing if r.status == "offered"]
    confirming = [
        r
        for r in offers
        if r.source_kind in CONFIRMING and r.end is not None and is_recent(r.end, today)
    ]
    best = (confirming or offers or standing)[0]
    return _Verdict(word, best, ordered, against, bool(confirming))


def _status(
    procedure: Procedure, verdicts: Mapping[str, _Verdict], fits: bool, today: dt.date, what: str
) -> dict[str, Any] | None:
    """The status of one provider (a person, centre or hospital), or None if nothing can be said."""
    person = what == "person"
    own = verdicts.get(procedure.slug)
    related = [w for w in procedure.related if w in verdicts and verdicts[w].positive]
    # Whoever leads decides of a person: nobody operates and gives the anaesthetic.
    needed = procedure.performed_by[:1] if person else procedure.performed_by
    groups = [[verdicts[w] for w in group if w in verdicts] for group in needed]
    chosen = [_strongest(group) for group in groups]
    missing = [
        bool(verdict) and len(verdict) == len(group) and all(v.negative for v in verdict)
        for group, verdict in zip(needed, groups, strict=True)
    ]
    skilled = bool(groups) and all(chosen)
    basis: list[_Verdict] = []
    if own and own.positive:
        word = own.best.status if own.best else ""
        status = "likely" if word == "specialist" else "confirmed" if own.confirmed else "reported"
        basis = [own]
    elif own:
        status, basis = "unknown" if own.disputed else "not_offered", [own]
    elif skilled:
        status, basis = "likely", [v for v in chosen if v]
    elif any(missing) and procedure.kind != "condition":
        status = "not_offered"
        basis = [v for group, gone in zip(groups, missing, strict=True) if gone for v in group]
    elif fits:
        status, basis = "unknown", [v for group in groups for v in group if not v.positive]
    else:
        return None
    disputed = any(v.disputed for v in basis)
    if disputed:
        basis = [v for v in basis if v.disputed]
    rows = [v.best or next(r for r in v.rows if r.positive) for v in basis]
    rows.sort(key=lambda r: r.end or dt.date.min)  # the weakest link first: it gives the date
    against = [r for v in basis for r in v.against]
    others = [r for v in basis for r in v.rows if r not in rows]
    near = [v.best for w, v in verdicts.items() if w in related and v.best]
    return {
        "status": status,
        "related": bool(related),
        "disputed": disputed,
        "contrary": bool(against) and not disputed,
        "old": is_old(rows[0].as_of, today) if rows else False,
        "as_of": rows[0].as_of if rows else None,
        "reason": _reason(procedure, status, basis, what, disputed=disputed)
        + _related_text(procedure, [verdicts[w] for w in related]),
        "rows": _labels(rows),
        "against": _labels(against),
        "history": _labels(others),
        "related_rows": _labels(near),
    }


def _strongest(group: list[_Verdict]) -> _Verdict | None:
    """The specialty of a group with the newest good statement."""
    good = [v for v in group if v.positive and v.best]
    return max(good, key=lambda v: (v.best and v.best.end) or dt.date.min, default=None)


def _labels(rows: Iterable[_Row]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(r.row for r in rows if r.row is not None))


_SAID = {
    "official": "An official page says",
    "registry": "A register says",
    "claims": "Payment records show",
    "paper": "A study says",
    "press": "Press reports say",
    "other": "A report says",
}


def _reason(
    procedure: Procedure, status: str, basis: list[_Verdict], what: str, *, disputed: bool
) -> str:
    """Why, in words a patient understands; of a person, centre or hospital."""
    person = what == "person"
    given = "given" if procedure.kind == "care" else "done"
    done = "they do it" if person else f"it is {given} here"
    nobody = f"Nobody has said that {done}."
    best = basis[0].best if basis else None
    said = _SAID[best.source_kind] if best else ""
    own = bool(basis) and basis[0].word == procedure.slug
    if status in ("confirmed", "reported"):
        return f"{said} that {done}."
    if status == "not_offered" and own:
        return f"{said} that {'they do not do it' if person else f'it is not {given} here'}."
    if own and not disputed:
        lead = "On record as" if person else "A doctor"
        return f"{lead} trained in it{'' if person else ' is on record here'}. {nobody}"
    if disputed:
        return "Sources disagree, and none is newer than the other. Ask before you travel."
    if status == "likely":
        who = " and ".join(_who(procedure, v) for v in basis)
        lead = (
            f"On record as {who}." if person else f"{who[:1].upper()}{who[1:]} was on record here."
        )
        if procedure.kind == "condition":
            return f"{lead} What {'they treat' if person else 'is treated here'} is not stated."
        if not person:
            nobody = "Nobody has said that this procedure is done here."
        return f"{lead} {nobody}"
    missing = ", no ".join(_bare(_who(procedure, v)) for v in basis if v.negative)
    if missing:
        return f"On record as having no {missing}."
    return f"A {what} of a kind that could do it; nothing decisive is on record."


def _who(procedure: Procedure, verdict: _Verdict) -> str:
    return procedure.practitioners.get(verdict.word, verdict.word.replace("-", " "))


def _related_text(procedure: Procedure, related: list[_Verdict]) -> str:
    """Name the skills close to the procedure that are on record, with their year."""
    words = [
        f"{procedure.related[v.word]} ({(v.best.as_of if v.best else None) or 'no date'})"
        for v in related
    ]
    return f" A related service is on record: {', '.join(words)}." if words else ""


def _bare(name: str) -> str:
    return name.removeprefix("an ").removeprefix("a ")
