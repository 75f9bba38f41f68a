"""How right the list is: a sample to call, its answers, and what they come to, on Data."""

import datetime as dt

import pandas as pd
import streamlit as st

from geo.care.entry import Procedure
from geo.care.survey import FIELDS, PER_STATUS, Call, draw_sample, record_call, start_survey
from geo.errors import CareReachError
from geo.output.answer_text import STATUS_LABELS
from geo.output.surveys import (
    ACCURACY_COLUMNS,
    accuracy_rows,
    due_text,
    progress_text,
    sheet_page,
    survey_report,
)
from geo.packs.pack import Pack
from geo.packs.shared import is_copy
from pages import _cached, _components, _frame
from pages._components import plain
from pages._session import Key

_SAID = {"yes": True, "no": False, "not asked": None}


def offer(name: str, today: dt.date) -> None:
    """The section: which data and procedure, then draw, call, record, publish."""
    st.html(
        '<div class="cr-head"><h2 id="how-right-is-it">How accurate is the list?</h2>'
        "<p>Draw a fair sample of the places listed, call all of them, and write down what they "
        "say. What turns out right is counted, with its 95 % interval.</p></div>"
    )
    with st.expander("Survey a list by calling", expanded=Key.SURVEY_TOLD in st.session_state):
        _survey(name, today)


def _survey(name: str, today: dt.date) -> None:
    """Choose the data and the procedure; show what is known; record; draw."""
    which, what = st.columns(2)
    with which:
        chosen = _components.pack_choice("w_survey_pack", name)
    try:
        pack = _cached.pack(chosen)
    except CareReachError as error:
        st.warning(plain(f"This pack cannot be opened: {error}"))
        return
    library = _cached.library(pack.country)
    entry = library[
        what.selectbox(
            "Procedure or condition",
            list(library),
            index=list(library).index(pack.default_procedure),
            format_func=lambda slug: library[slug].title,
            key="w_survey_procedure",
        )
    ]
    survey = pack.survey[pack.survey["procedure"] == entry.slug].reset_index(drop=True)
    told = st.session_state.pop(Key.SURVEY_TOLD, "")
    if told:
        st.success(plain(told))
    if len(survey):
        _found(pack, entry, survey, today)
    if _frame.may_write() and not is_copy(pack.folder):
        waiting = survey[survey["asked"].isna()]
        if len(waiting):
            _record(pack, entry, waiting, today)
        _draw(pack, entry, today, waiting=len(waiting))
    else:
        st.caption("Drawing samples and recording answers is switched off on this server.")


def _found(pack: Pack, entry: Procedure, survey: pd.DataFrame, today: dt.date) -> None:
    """What the calls came to so far, and the papers to take along."""
    st.markdown(plain(f"{progress_text(survey)} {due_text(survey, pack.evidence, today)}"))
    rows = accuracy_rows(survey)
    if rows:
        _components.table("How accurate the list is", ACCURACY_COLUMNS, rows)
    waiting = survey[survey["asked"].isna()]
    name = f"carereach-{pack.name}-{entry.slug}"
    with st.container(horizontal=True, key="survey_papers"):
        if len(waiting):
            _components.download(
                "Sheet to call by", lambda: sheet_page(pack, entry, waiting), f"{name}-calls.html"
            )
        _components.download(
            "Page to publish",
            lambda: survey_report(pack, entry, survey, today),
            f"{name}-how-right.html",
        )


def _record(pack: Pack, entry: Procedure, waiting: pd.DataFrame, today: dt.date) -> None:
    """A form for one call."""
    names = dict(zip(waiting["provider_id"], waiting["name"], strict=True))
    with st.form("survey_call", width=620):
        st.markdown("**Record a call**")
        place = st.selectbox("Which place", list(names), format_func=names.__getitem__)
        told = {
            field: _SAID[
                st.radio(words, list(_SAID), index=2, horizontal=True, key=f"w_survey_{field}")
            ]
            for field, words in FIELDS.items()
        }
        who = st.text_input("Who answered (role, not a private name); empty if nobody did")
        when = st.date_input("When", value=today, max_value=today)
        if not st.form_submit_button("Record"):
            return
        try:
            record_call(pack, str(place), entry.slug, Call(when, who.strip(), **told))
        except (CareReachError, OSError) as error:
            st.warning(plain(f"Nothing was recorded: {error}"))
            return
    st.session_state[Key.SURVEY_TOLD] = f"Recorded: {names[place]}."
    st.rerun()


def _draw(pack: Pack, entry: Procedure, today: dt.date, *, waiting: int) -> None:
    """How many to draw, from which seed."""
    with st.form("survey_draw", width=620):
        counts = _cached.assessed(pack, entry.slug, today).rows["status"].value_counts()
        said = ", ".join(
            f"{n:,} {STATUS_LABELS[str(s)].lower()}"
            for s, n in counts.items()
            if s != "not_offered"
        )
        st.markdown(plain(f"Draw a sample. Listed: {said or 'nobody'}."))
        each = st.number_input(
            "Places of each status", min_value=1, max_value=1000, value=PER_STATUS
        )
        seed = st.number_input("Random seed (kept with the sample)", min_value=0, value=1)
        if waiting:
            st.caption(f"The {waiting:,} places that nobody has called yet are replaced.")
        if not st.form_submit_button("Draw"):
            return
        try:
            sample = draw_sample(_cached.assessed(pack, entry.slug, today), int(each), int(seed))
            start_survey(pack, sample)
        except (CareReachError, OSError) as error:
            st.warning(plain(f"Nothing was drawn: {error}"))
            return
    st.session_state[Key.SURVEY_TOLD] = f"Drawn: {len(sample):,} places to call."
    st.rerun()
