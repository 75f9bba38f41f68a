"""Sheets of paper as HTML: a patient's leaflet, a summary of coverage, a script for a call."""

import base64
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from geo.care.entry import Procedure
from geo.care.find import Answer
from geo.coverage.coverage import Coverage
from geo.output.answer_text import (
    Row,
    count_text,
    farther_text,
    nearest_rows,
    outside_text,
    phone_text,
    plain_rows,
    seen_at_text,
)
from geo.output.coverage_text import beyond_text, detour_text, lead_text, percent_text, within_text
from geo.output.downloads import coverage_about, limits_of
from geo.output.drawing import answer_drawing
from geo.output.entry_html import (
    matters_html,
    questions_html,
    reviewed_text,
    short_sources,
    short_text,
    urgent_html,
)
from geo.text import escape

#: Rows of the list that fit on the leaflet's one page.
_LEAFLET_ROWS = 3


def leaflet_html(answer: Answer, rows: list[Row], today: dt.date, *, large: bool = False) -> str:
    """One sheet for paper: the short form, the nearest of the list, what to ask.

    Parameters
    ----------
    answer
        What was found.
    rows
        Its rows, from `answer_rows`.
    today
        The day of printing.
    large
        In letters of 18 points, on as many sheets as that takes.
    """
    procedure, pack = answer.procedure, answer.pack
    lead, rest = count_text(answer)
    near, far = nearest_rows(rows, _LEAFLET_ROWS)
    parts = []
    for chosen, heading in ((near, ""), (far, farther_text(answer))):
        if chosen:
            title = f"<h3>{escape(heading)}</h3>" if heading else ""
            items = "".join(leaflet_row(row) for row in chosen)
            parts.append(f'{title}<ol start="{chosen[0].number}">{items}</ol>')
    drawing = answer_drawing(answer, [*near, *far])
    if drawing:  # as a picture: Streamlit takes SVG out of HTML
        image = base64.b64encode(drawing.encode()).decode()
        where = escape(f"Map: {answer.place.label} (ring) and the numbers of the list")
        parts.insert(
            0, f'<img class="cr-drawn" alt="{where}" src="data:image/svg+xml;base64,{image}">'
        )
    more = len(rows) - len(near) - len(far)
    if more:
        parts.append(f"<p>{more} more are in the list on the page.</p>")
    reach = dict.fromkeys(row.reach for row in (*near, *far) if not row.phone)
    parts += [f"<p>{escape(words)}</p>" for words in reach]
    text = short_text(procedure, paper=True)
    sources = "; ".join(
        f"{number} {escape(source.authors)} {escape(source.year)}"
        for number, source in short_sources(procedure, text)
    )
    return (
        f'<article class="cr-leaflet{" cr-large" if large else ""}">'
        f"<h1>{escape(procedure.title)}</h1>"
        f"{urgent_html(procedure, pack, seen_at_text(answer), here=not answer.outside_km)}"
        f'<div class="cr-sheet"><section>{text}</section>'
        f"<section><h2>Near {escape(answer.place.label)}</h2>"
        f"<p><strong>{escape(lead)}</strong> {escape(rest)} {escape(outside_text(answer))}</p>"
        f"{''.join(parts)}<h2>Questions to ask</h2>{questions_html(procedure)}"
        f"{matters_html(procedure)}</section></div>"
        f"<footer><p>Sources: {sources}. In full under Procedures in CareReach.</p>"
        f"<p>Printed {today.isoformat()}. Data: {escape(pack.title)}, version "
        f"{escape(pack.version)}. {escape(reviewed_text(procedure))} No substitute for care.</p>"
        "</footer></article>"
    )


def leaflet_row(row: Row) -> str:
    """One provider as an item of a printed list, with what speaks against it."""
    said = "; ".join([row.status_label, *(words for _, words in row.badges)])
    against = "".join(f" Against: {escape(s.text)} ({escape(s.source)})." for s in row.against)
    notices = "".join(f" {escape(s.text)} ({escape(s.source)})." for s in row.notices)
    reach = f"<br>{escape(row.reach)}" if row.phone else ""
    return (
        f"<li value={row.number}><strong>{escape(row.name)}</strong>, {escape(row.distance)}"
        f"<br>{escape(said)}. "
        f"{escape(row.reason)} {escape(row.source)}.{against}{notices}{reach}</li>"
    )


def rows_html(rows: Iterable[Iterable[object]]) -> str:
    """Rows of a table of text."""
    cells = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    return "".join(f"<tr>{row}</tr>" for row in cells)


def summary_html(coverage: Coverage, level: int, calls: pd.DataFrame, url: str) -> str:
    """One page for paper: the figures, the largest gaps, the calls, the method and its limits.

    Parameters
    ----------
    coverage
        The figures.
    level
        Of the regions in the table.
    calls
        From `find_calls`.
    url
        The address of the view, relative to the app.
    """
    supplied = coverage.supplied
    pack = supplied.assessed.pack
    first, second, cause = lead_text(coverage)
    gaps = coverage.level(level)
    gaps = gaps[gaps["people_beyond"] > 0].head(8)
    rows = rows_html(
        (row["name"], f"{row['people_beyond']:,}", percent_text(row["share"]))
        for row in plain_rows(gaps)
    )
    asked = rows_html(
        (row["name"], row["status"], f"+{row['people']:,}") for row in plain_rows(calls.head(5))
    )
    given = "; ".join(f"{key} {value}" for key, value in coverage_about(coverage).items() if value)
    area = escape(pack.level_names.get(level, "Region"))
    said = (*detour_text(coverage), *limits_of(coverage))
    limits = "".join(f"<li>{escape(words)}</li>" for words in said)
    return (
        f'<article class="cr-leaflet cr-summary"><h1>{escape(supplied.assessed.procedure.title)} '
        f"in {escape(pack.country)}: who is within {within_text(coverage)}</h1>"
        f"<p><strong>{escape(first)}</strong> {escape(second)} {escape(cause)}</p>"
        f"<p>{escape(beyond_text(coverage))}</p>"
        f'<div class="cr-sheet"><section><h2>Largest gaps</h2><table><tr><th>{area}</th>'
        f"<th>People beyond</th><th>Covered</th></tr>{rows}</table></section>"
        "<section><h2>Which call would change it most</h2><table><tr><th>Ask</th><th>Now</th>"
        f"<th>Reached if yes</th></tr>{asked}</table></section></div>"
        f"<h2>Method and limits</h2><ul>{limits}</ul>"
        f"<footer><p>Asked: {escape(given)}.</p><p>Sources: "
        f"{escape('; '.join(s.title for s in pack.sources.values()))}. The view: "
        f"{escape(url)}</p></footer></article>"
    )


def call_needs(procedure: Procedure) -> str:
    """Whom a procedure takes, in words; "" where nobody in particular."""

    def either(group: Iterable[str]) -> str:
        *others, last = (procedure.practitioners[word] for word in group)
        return f"{', '.join(others)} or {last}" if others else last

    return ", and ".join(either(group) for group in procedure.performed_by)


def call_script_html(coverage: Coverage, call: Mapping[str, Any]) -> str:
    """What to say and to write down when ringing a place, on one page.

    Parameters
    ----------
    coverage
        Whose gap the call is about.
    call
        A row of `find_calls`.
    """
    supplied = coverage.supplied
    procedure = supplied.assessed.procedure
    wanted = call_needs(procedure)
    known = isinstance(call["phone"], str)
    country = supplied.assessed.pack.country
    shown = phone_text(str(call["phone"]), country) if known else ""
    number = f"Number: {shown}." if known else "No number is on record."
    team = f"<li>Is there {escape(wanted)}, all year?</li>" if wanted else ""
    return (
        f'<article class="cr-leaflet"><h1>Call {escape(call["name"])}</h1>'
        f"<p>If they say yes, {int(call['people']):,} people more have somebody within "
        f"{within_text(coverage)}. On record now: {escape(call['status'])}. "
        f"{escape(number)}</p><p>“I am calling for a public map of who does what. May I ask about "
        f"{escape(procedure.in_a_sentence)}?”</p><ul>"
        "<li>Do you do it here? Since when? How many in the last year?</li>"
        f"{team}<li>If not: did you ever, and where do you send people?</li>"
        "<li>May we write down that you said so, with your role and today's date?</li></ul>"
        "<p>Answer: ____________ &nbsp; Name and role: ____________________ &nbsp; "
        "Date: ____________</p></article>"
    )
