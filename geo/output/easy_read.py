"""The easy-read sheet: short sentences, each with a pictogram, for who finds reading hard."""

import base64
import datetime as dt
import functools

from geo.care.entry import EasyLine, Procedure
from geo.care.find import Answer
from geo.output.answer_text import Row, nearest_rows, outside_text
from geo.output.entry_html import reviewed_text
from geo.paths import DATA
from geo.text import escape

#: Places that the sheet names: more would be hard to choose from.
_PLACES = 3
_PICTOGRAMS = DATA / "procedures" / "pictograms"
#: What a status means, in easy words.
_STATUS = {
    "confirmed": "Records say that they do this.",
    "reported": "Somebody says that they do this. Ask before you go.",
    "likely": "They may do this. Ask before you go.",
    "unknown": "We do not know if they do this. Ask before you go.",
}


def easy_read_html(answer: Answer, rows: list[Row], today: dt.date) -> str:
    """The easy-read sheet of an entry, with the nearest places, on as many pages as it takes.

    Parameters
    ----------
    answer
        What was found.
    rows
        Its rows, from `answer_rows`.
    today
        The day of printing.
    """
    procedure, pack = answer.procedure, answer.pack
    lines = "".join(_line_html(procedure, line) for line in procedure.easy)
    asked = [row for row in rows if row.status in _STATUS]
    near, far = nearest_rows(asked, _PLACES)
    outside = outside_text(answer)
    found = f"<ul>{''.join(map(_place_html, near))}</ul>"
    if not near:
        found = f"<ul>{_item('ask', '<p>We do not know any place near you.</p>')}</ul>"
    if far:
        found += f"<h3>Farther away</h3><ul>{''.join(map(_place_html, far))}</ul>"
    return (
        f'<article class="cr-leaflet cr-easy"><p class="cr-note">Easy read</p>'
        f"<h1>{escape(procedure.title)}</h1>"
        f"{_danger_html(procedure, pack.emergency_number, here=not answer.outside_km)}"
        f"<ul>{lines}</ul>"
        f"<section><h2>Places near {escape(answer.place.label)}</h2>"
        f"{f'<p>{escape(outside)}</p>' if outside else ''}{found}</section>"
        "<footer><p>This sheet leaves a lot out. The full text, with its sources, is under "
        f"Procedures in CareReach. Printed {today.isoformat()}. Data: "
        f"{escape(pack.title)}, version {escape(pack.version)}. {escape(reviewed_text(procedure))} "
        "It has not been tested with people who find reading hard.</p></footer></article>"
    )


def _line_html(procedure: Procedure, line: EasyLine) -> str:
    part = procedure.body[0] if procedure.body else "whole"
    shows = f"body-{part}" if line.shows == "body" else line.shows
    return _item(shows, f"<p>{escape(line.text)}</p>")


def _danger_html(procedure: Procedure, number: str, *, here: bool) -> str:
    """The danger signs, one below the other, with the number to call."""
    flags = procedure.red_flags
    call = f'Call <a href="tel:{escape(number)}">{escape(number)}</a>' if number and here else ""
    signs = "".join(f"<li>{escape(sign[0].upper() + sign[1:])}</li>" for sign in flags.signs)
    also = f"<p>{escape(flags.also)}</p>" if flags.also else ""
    return (
        '<section class="cr-danger" aria-label="Emergency"><h2>'
        f"{_image('ambulance')}<span>{call or 'Get emergency help where you are'}</span></h2>"
        f"<p>Get help now {escape(flags.lead)}:</p><ul>{signs}</ul>{also}</section>"
    )


def _place_html(row: Row) -> str:
    phone = (
        f'<br>Phone: <a href="tel:{escape(row.phone)}">{escape(row.phone_shown)}</a>'
        if row.phone
        else "<br>We do not know the phone number."
    )
    said = _STATUS[row.status]
    if row.against:
        said = "Not all say the same. Ask before you go."
    elif row.notices or row.values["old"] is True:
        said = f"{said.removesuffix(' Ask before you go.')} Ask before you go."
    notices = "".join(f"<br>{escape(n.text)} ({escape(n.source)})" for n in row.notices)
    return _item(
        "hospital",
        f"<p><strong>{escape(row.name)}</strong><br>{escape(row.distance)}{phone}<br>"
        f'{said}{notices}<br><span class="cr-note">{escape(row.source)}</span></p>',
    )


def _item(shows: str, html: str) -> str:
    return f"<li>{_image(shows)}{html}</li>"


def _image(name: str) -> str:
    # The words beside it say what it shows.
    return f'<img alt="" src="{_pictogram(name)}">'


@functools.cache
def _pictogram(name: str) -> str:
    """A pictogram as a data address: Streamlit takes SVG out of HTML."""
    data = base64.b64encode((_PICTOGRAMS / f"{name}.svg").read_bytes()).decode()
    return f"data:image/svg+xml;base64,{data}"
