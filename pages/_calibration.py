"""How often each status turned out true, on the Method page."""

import datetime as dt

import streamlit as st

from geo.care.calibration import has_answers
from geo.errors import CareReachError
from geo.output.calibration_text import COLUMNS, GROUPS, NO_ANSWERS, calibration_table, table_rows
from geo.text import escape
from pages import _cached, _components
from pages._components import plain

#: The bundled pack with records that say yes and no.
_FIRST = "us"
_BY = {"place": "Type of place", "state": "State", "urban": "Urban or rural"}
_HOW = """## How often *likely* is right

Nobody publishes this, so it is measured. Where one source says of some places that they do a
procedure and of others that they do not, all that it says of a place is hidden, the place is
assessed from what remains, and the two are compared. A source that only ever says yes (payment
records) cannot be used: a place that it does not name may still do it. Answers to calls are counted
separately. The interval is Wilson's (1927), 95 %.

What is known of places that answered says little of others that were never asked. A row of a list
gives such a figure only for the same status and type of place in the same country, and only from 20
answers on. *Urban* is where 50,000 people or more live within 10 km.

Coverage also gives the share of people *expected* to be covered, calculated from these figures as
if each place decided independently of its neighbours.
"""


def show(today: dt.date) -> None:
    """The section: how it is measured, and a table for each procedure that has answers."""
    st.markdown(_HOW)
    chosen, by = st.columns([1, 2])
    with chosen:
        name = _components.pack_choice("w_calibration_pack", _FIRST)
    group = by.segmented_control(
        "Broken down by",
        GROUPS,
        default="place",
        format_func=_BY.__getitem__,
        key="w_calibration_by",
    )
    try:
        pack = _cached.pack(name)
    except CareReachError as error:
        st.warning(plain(f"This pack cannot be opened: {error}"))
        return
    known = [
        entry
        for entry in _cached.library(pack.country).values()
        if has_answers(pack.evidence, entry)
    ]
    if not known:
        st.info(NO_ANSWERS)
    for entry in known:
        rows = table_rows(
            calibration_table(_cached.assessed(pack, entry.slug, today), group or "place")
        )
        title = f"{entry.title}, {pack.country}"
        st.html(f"<h3>{escape(title)}</h3>")
        _components.table(title, COLUMNS, rows)
