"""Guided demos over the real pages."""

import streamlit as st

from geo.text import escape
from pages import _frame, _story
from pages._components import plain
from pages._session import Key

_frame.need_router()
st.set_page_config(page_title="Stories · CareReach")
stories = _story.stories()
slug, step = st.query_params.get("story"), st.query_params.get("step", "1")
opened = (slug, step)
if slug in stories and st.session_state.get(Key.STORY_OPENED) != opened:
    # A link to a step leads to its page; coming Back from there shows this list.
    st.session_state[Key.STORY_OPENED] = opened
    last = len(stories[slug].steps)
    number = _story.step_number(step, last)
    present = st.query_params.get("present") == "yes"
    found = stories[slug].steps[number - 1]
    st.switch_page(
        _story.SCRIPTS[found.page],
        query_params=_story.address_of(stories[slug], number, present=present),
    )

st.html(
    '<div class="cr-head"><h1>Stories</h1><p>Short tours over the real pages with their real '
    "data. Leave one at any step and look around for yourself.</p></div>"
)
if slug and slug not in stories:
    st.warning(plain(f"There is no story called “{slug}”; these are there."))
for problem in _story.left_out():
    st.warning(plain(f"A story of your own was left out: {problem}."))
with st.container(key="cards_stories"):
    for story in stories.values():
        with st.container(border=True, key=f"card_{story.slug}"):
            st.html(f'<span class="cr-note">{escape(story.audience)}</span>')
            st.page_link(
                _story.SCRIPTS[story.steps[0].page],
                label=plain(story.title),
                query_params=_story.address_of(story, 1),
            )
            steps = len(story.steps)
            st.html(f'<p>{escape(story.about)}</p><p class="cr-note">{steps} steps</p>')
