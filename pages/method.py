"""How answers are made, what is not known, privacy, reporting an error, what has changed."""

import datetime as dt
from pathlib import Path

import streamlit as st

from geo.version import __version__
from pages import _calibration, _frame
from pages._session import Key

ROOT = Path(__file__).resolve().parent.parent

_frame.need_router()
st.set_page_config(page_title="Method and privacy · CareReach")
st.html(
    '<div class="cr-head"><h1>Method and privacy</h1><p>How the answers are made, what nobody '
    "knows, and what happens to what you type.</p></div>"
)
with st.container(key="prose"):
    st.markdown((ROOT / "data" / "method.md").read_text("utf-8"))
    _calibration.show(dt.date.today())
    st.markdown("## Report an error")
    link = _frame.report_link(st.session_state.get(Key.CAME_AT, ""))
    if link:
        st.html(
            f'<p><a href="{link}" target="_blank" rel="noreferrer">Write to whoever runs this '
            "server</a>. The message is prepared with the address of the page that you come from; "
            "you see it before you send it. Say what is wrong and where it can be checked.</p>"
        )
    else:
        st.markdown(
            "Whoever runs this server has not named an address for it (`CAREREACH_CONTACT`). Each "
            "statement links its source: an error there is best reported there."
        )
    st.markdown(f"## What has changed\n\nThis is version {__version__}.")
    with st.expander("All changes"):
        changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
        st.markdown(changes.partition("\n")[2].replace("\n## ", "\n### "))
