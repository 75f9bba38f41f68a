"""The bar of a story over the real pages: what to see here, and the way on."""

import os
from pathlib import Path
from typing import Literal

import streamlit as st

from geo.errors import DataError
from geo.output.stories import BOLD, STORIES, Step, Story, whole_stories
from geo.paths import STATIC
from geo.text import escape
from pages import _cached
from pages._address import STORY
from pages._components import plain
from pages._session import Key

_Kind = Literal["primary", "secondary", "tertiary"]
_KEYS = (STATIC / "story.js").read_text("utf-8")
SCRIPTS = {page: f"pages/{page}.py" for page in ("find", "coverage", "procedures", "data")}


def stories() -> dict[str, Story]:
    """Every story, read once and again when a file has changed."""
    return _stories(_files())[0]


def left_out() -> tuple[DataError, ...]:
    """Stories of one's own that could not be read, and why."""
    return _stories(_files())[1]


def _files() -> _cached.OwnFiles:
    return _cached.files_of(STORIES, Path(os.environ.get("CAREREACH_STORIES", STORIES)))


@st.cache_resource(show_spinner=False, max_entries=2)
def _stories(files: _cached.OwnFiles) -> tuple[dict[str, Story], tuple[DataError, ...]]:
    return whole_stories()


def address_of(story: Story, number: int, *, present: bool = False) -> dict[str, str]:
    """The address of a step: that of its page, and where the reader is in the story."""
    told = {"story": story.slug, "step": str(number)} | ({"present": "yes"} if present else {})
    return {**story.steps[number - 1].address, **told}


def go_to_step(story: Story, number: int, *, present: bool) -> None:
    """Go to a step with the next run: a callback cannot change the page itself."""
    st.session_state[Key.STORY_TO] = (story.slug, number, present)


def follow(page: str) -> None:
    """Change to the step that was asked for, before the page is drawn."""
    if Key.STORY_TO not in st.session_state:
        return
    slug, number, present = st.session_state.pop(Key.STORY_TO)
    story = stories().get(slug)
    if story is None:  # its file is gone meanwhile
        return
    st.session_state[Key.STORY_SHOWN] = st.session_state.get(Key.STORY_SHOWN, 0) + 1
    script = story.steps[number - 1].page
    address = address_of(story, number, present=present)
    for kept in ("said", "typed", "w_cover_more"):
        st.session_state.pop(kept, None)
    if script == page:
        # Changing to the page one is on leaves the old address in the browser.
        st.query_params.from_dict(address)
    else:
        st.switch_page(SCRIPTS[script], query_params=address)


def step_number(said: str, last: int) -> int:
    """The step that an address names; the first where it names none."""
    return {str(number): number for number in range(1, last + 1)}.get(said, 1)


def bar() -> None:
    """What the story says of this page, with the way back and on; nothing without a story."""
    address = st.query_params.to_dict()
    slug, said = address.get("story"), address.get("step", "1")
    if slug is None:
        return
    story = stories().get(slug)
    if story is None:
        st.warning(plain(f"There is no story called “{slug}”; the page is shown without it."))
        return
    last = len(story.steps)
    number = step_number(said, last)
    if said != str(number):
        st.warning(plain(f"“{said}” is not a step of this story: it can be 1 to {last}."))
    present = address.get("present") == "yes"
    step = story.steps[number - 1]
    if present:
        st.html(STATIC / "presenter.css")
    with st.container(border=True, key="story"):
        here = {key: value for key, value in address.items() if key not in STORY}
        explored = here != step.address
        st.html(_told(story, step, number, last, explored=explored))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _keys(f"{slug}/{number}/{st.session_state.get('story_shown', 0)}", present=present)
            _button(story, "Back", "back", number - 1, present)
            if number < last:
                _button(story, "Next", "next", number + 1, present, "primary")
            else:
                st.page_link("pages/stories.py", label="All stories")
            if explored:
                _button(story, "Show this step again", "again", number, present)
            label = "Leave presenter mode" if present else "Present"
            _button(story, label, "present", number, not present, "tertiary")
            st.button("Leave the story", key="story_leave", type="tertiary", on_click=_leave)
            st.html('<span class="cr-note cr-keys">Arrow keys, Page Down, Page Up</span>')


def _told(story: Story, step: Step, number: int, last: int, *, explored: bool) -> str:
    changed = " · You have changed the view; these words are of the step." if explored else ""
    return (
        f'<p class="cr-note">{escape(story.title)} · step {number} of {last}'
        f"{changed}</p>"
        f'<progress max="{last}" value="{number}" aria-label="Step {number} of {last}"></progress>'
        f'<p class="cr-step">{escape(step.title)}</p><p>{_bold(step.text)}</p>'
    )


def _bold(text: str) -> str:
    """A step's text as HTML: bold and slanted words, nothing else."""
    strong = BOLD.sub(r"<strong>\1</strong>", escape(text))
    parts = strong.split("*")
    return "".join(f"<em>{p}</em>" if i % 2 else p for i, p in enumerate(parts))


def _button(
    story: Story, label: str, key: str, step: int, present: bool, kind: _Kind = "secondary"
) -> None:
    st.button(
        label,
        key=f"story_{key}",
        type=kind,
        disabled=not 1 <= step <= len(story.steps),
        on_click=go_to_step,
        args=(story, step),
        kwargs={"present": present},
    )


def _leave() -> None:
    for part in STORY:
        st.query_params.pop(part, None)


def _keys(at: str, *, present: bool) -> None:
    """Next and back by keyboard, and by a presenter's remote control."""
    component = st.components.v2.component("carereach_story_keys", html="<span></span>", js=_KEYS)
    component(
        data={"at": at, "present": present}, key="story_keys", height="content", width="content"
    )
