"""The bar of a story over the real pages: what to see here, and the way on."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from geo.errors import DataError
from geo.output.stories import BOLD, STORIES, Step, Story, whole_stories
from geo.text import escape
from pages._address import STORY
from pages._components import plain
from pages._session import Key

#: Every file of a story, and when it was changed.
Files = tuple[tuple[str, int], ...]
SCRIPTS = {page: f"pages/{page}.py" for page in ("find", "coverage", "procedures", "data")}


def stories() -> dict[str, Story]:
    """Every story, read once and again when a file has changed."""
    return _stories(_files())[0]


def left_out() -> tuple[DataError, ...]:
    """Stories of one's own that could not be read, and why."""
    return _stories(_files())[1]


def _files() -> Files:
    folders = (STORIES, Path(os.environ.get("CAREREACH_STORIES", STORIES)))
    found = []
    for folder in folders:
        try:
            found += [(str(path), path.stat().st_mtime_ns) for path in sorted(folder.glob("*.md"))]
        except OSError:
            continue
    return tuple(found)


@st.cache_resource(show_spinner=False, max_entries=2)
def _stories(files: Files) -> tuple[dict[str, Story], tuple[DataError, ...]]:
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
    number = int(said) if said.isdecimal() and 1 <= int(said) <= last else 1
    if said != str(number):
        st.warning(plain(f"“{said}” is not a step of this story: it can be 1 to {last}."))
    present = address.get("present") == "yes"
    step = story.steps[number - 1]
    if present:
        st.html(
            "<style>.st-key-nav, .cr-footer { display: none; } "
            ".st-key-story { font-size: 1.3em; } .st-key-story p { line-height: 1.45; }</style>"
        )
    with st.container(border=True, key="story"):
        here = {key: value for key, value in address.items() if key not in STORY}
        explored = here != step.address
        st.html(_told(story, step, number, last, explored=explored))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _keys(f"{slug}/{number}/{st.session_state.get('story_shown', 0)}")
            _button(story, _Move("Back", "back", number - 1, present))
            if number < last:
                _button(story, _Move("Next", "next", number + 1, present, "primary"))
            else:
                st.page_link("pages/stories.py", label="All stories")
            if explored:
                _button(story, _Move("Show this step again", "again", number, present))
            label = "Leave presenter mode" if present else "Present"
            _button(story, _Move(label, "present", number, not present, "tertiary"))
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


@dataclass(frozen=True)
class _Move:
    """Where a button of the bar leads."""

    label: str
    key: str
    step: int
    present: bool
    kind: Literal["primary", "secondary", "tertiary"] = "secondary"


def _button(story: Story, move: _Move) -> None:
    st.button(
        move.label,
        key=f"story_{move.key}",
        type=move.kind,
        disabled=not 1 <= move.step <= len(story.steps),
        on_click=go_to_step,
        args=(story, move.step),
        kwargs={"present": move.present},
    )


def _leave() -> None:
    for part in STORY:
        st.query_params.pop(part, None)


_KEYS = """
export default function ({ data }) {
  const main = document.querySelector('[data-testid="stMain"]');
  // Each step begins with what the story says of it.
  if (main && window.careReachStep !== data.at) main.scrollTop = 0;
  window.careReachStep = data.at;
  const takes = "input, textarea, select, [role=slider], [role=radio], [role=combobox]";
  const keys = { PageDown: "next", ArrowRight: "next", PageUp: "back", ArrowLeft: "back" };
  const press = (event) => {
    const key = keys[event.key];
    if (!key || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = event.composedPath()[0];
    if (at.closest && (at.closest(takes) || at.isContentEditable)) return;
    const button = document.querySelector(`.st-key-story_${key} button:not([disabled])`);
    if (!button) return;
    event.preventDefault();
    button.click();
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
"""


def _keys(at: str) -> None:
    """Next and back by keyboard, and by a presenter's remote control."""
    component = st.components.v2.component("carereach_story_keys", html="<span></span>", js=_KEYS)
    component(data={"at": at}, key="story_keys", height="content", width="content")
