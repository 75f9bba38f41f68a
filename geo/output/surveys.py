"""A survey of a directory on paper: the sheet to call by, and the page that says what it found."""

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from geo.care.entry import Procedure
from geo.care.find import LISTED
from geo.care.survey import DUE_DAYS, FIELDS, accuracy, when_due
from geo.output.answer_text import STATUS_LABELS, date_text, plain_rows
from geo.output.handouts import rows_html
from geo.output.reports import page_html
from geo.packs.pack import Pack
from geo.text import escape
from geo.version import __version__

_QUESTIONS = {
    "does_it": "Do you do {it} here?",
    "phone_right": "Is this your number?",
    "address_right": "Is this your address?",
    "takes_new": "Do you take new patients?",
}
_BOX = "☐ yes ☐ no"
#: The columns of the table of accuracy.
ACCURACY_COLUMNS = ("What", "Of", "Answers", "Right", "Share", "95 % interval")


def call_sheet_html(pack: Pack, procedure: Procedure, sample: pd.DataFrame) -> str:
    """Places to call, with boxes to tick.

    Parameters
    ----------
    pack
        Whose directory it is.
    procedure
        What is asked about.
    sample
        Of its survey, those who wait for a call.
    """
    known = pack.providers.set_index("provider_id")[["phone", "address", "locality"]]
    rows = plain_rows(sample.join(known, on="provider_id"))
    asks = [words.format(it=procedure.in_a_sentence) for words in _QUESTIONS.values()]
    head = "".join(
        f"<th>{escape(words)}</th>" for words in ("Place", "On record", *asks, "Who, when")
    )
    body = rows_html(
        (
            f"{number}. {row['name']}",
            ", ".join(
                str(row[c]) for c in ("address", "locality", "phone") if isinstance(row[c], str)
            )
            or "no address or number",
            *([_BOX] * len(asks)),
            "",
        )
        for number, row in enumerate(rows, 1)
    )
    drawn = "".join(sorted({f"{row['drawn']}, seed {row['seed']}" for row in rows}))
    return (
        f'<article class="cr-calls"><h1>{escape(procedure.title)}, '
        f"{escape(pack.country)}: {len(rows):,} places to call</h1>"
        f"<p>Drawn by chance on {escape(drawn)}. Call all of them, in this order: leaving out "
        "those who are hard to reach would make the figures too good. “I am calling for a public "
        "map of who does what. May I ask four questions, and write down that you answered, by your "
        "role?”</p>"
        f"<table><tr>{head}</tr>{body}</table></article>"
    )


def sheet_page(pack: Pack, procedure: Procedure, sample: pd.DataFrame) -> str:
    """The sheet to call by as a file of its own."""
    return page_html(f"Calls: {procedure.title}", call_sheet_html(pack, procedure, sample), pack)


def accuracy_rows(survey: pd.DataFrame) -> list[list[str]]:
    """How right a directory is, for a reader: cells of `ACCURACY_COLUMNS`, a list a row."""
    return [
        [
            FIELDS[row["field"]],
            "all, weighted" if row["status"] == "all" else STATUS_LABELS[row["status"]].lower(),
            f"{row['answers']:,}",
            f"{row['right']:,}",
            f"{100 * row['share']:.0f} %",
            f"{100 * row['low']:.0f} to {100 * row['high']:.0f}",
        ]
        for row in plain_rows(accuracy(survey))
    ]


def progress_text(survey: pd.DataFrame) -> str:
    """How far the calls of a survey are."""
    called = survey["asked"].notna()
    answered = called & survey["who"].notna()
    days = sorted(survey["asked"].dropna())
    first, last = (date_text(days[0]), date_text(days[-1])) if days else ("", "")
    when = f" from {first} to {last}" if first != last else f" on {first}" if first else ""
    return (
        f"{int(called.sum()):,} of {len(survey):,} places called{when}; somebody answered at "
        f"{int(answered.sum()):,}."
    )


def due_text(survey: pd.DataFrame, evidence: pd.DataFrame, today: dt.date) -> str:
    """How many of the places are due for another check."""
    due = when_due(survey, evidence, today)
    return (
        f"{int(due['is_due'].sum()):,} of {len(due):,} places are due for a check: never "
        f"checked, or more than {DUE_DAYS} days ago."
    )


def survey_report(pack: Pack, procedure: Procedure, survey: pd.DataFrame, today: dt.date) -> str:
    """One page to publish: how right the directory is, how that was measured, what is due when.

    Parameters
    ----------
    pack
        Whose directory it is.
    procedure
        What was asked about.
    survey
        Of the pack, that procedure's.
    today
        The day of the report.
    """
    title = f"{procedure.title} in {pack.country}: how right is the list?"
    heads = "".join(f"<th>{escape(words)}</th>" for words in ACCURACY_COLUMNS)
    due = plain_rows(when_due(survey, pack.evidence, today))
    dates = rows_html(
        (
            row["name"],
            date_text(row["checked"].isoformat()) if row["checked"] else "never",
            "now" if row["is_due"] else date_text(row["due"].isoformat()),
        )
        for row in due
    )
    body = (
        f"<article><h1>{escape(title)}</h1><p>{escape(progress_text(survey))} "
        f"{escape(due_text(survey, pack.evidence, today))}</p>"
        f'<table class="cr-right"><tr>{heads}</tr>{rows_html(accuracy_rows(survey))}</table>'
        "<h2>How it was measured</h2>"
        f"{''.join(f'<p>{escape(words)}</p>' for words in _method(survey))}"
        "<h2>When each place was last checked</h2><table><tr><th>Place</th><th>Checked</th>"
        f"<th>Due again</th></tr>{dates}</table>"
        f"<p>{escape(today.isoformat())}. Data: {escape(pack.title)}, version "
        f"{escape(pack.version)}. CareReach {__version__}.</p></article>"
    )
    return page_html(title, body, pack)


def _method(survey: pd.DataFrame) -> Iterator[str]:
    for (day, seed), rows in survey.groupby(["drawn", "seed"]):
        of = rows.drop_duplicates("status").set_index("status")["of"]
        drawn = rows["status"].value_counts()
        parts = ", ".join(f"{drawn[s]:,} of {of[s]:,} {s}" for s in LISTED if s in of)
        yield f"Drawn by chance on {day} with seed {seed}: {parts}."
    yield (
        "Intervals are Wilson's (1927), 95 %, of the places that answered; those who did not "
        "answer may differ. In all, each status counts by how many places it has, and the interval "
        "by the effective number of answers (Kish 1965)."
    )
