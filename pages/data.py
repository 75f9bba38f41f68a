"""Where the facts come from, how good they are, and how to take them along or bring one's own."""

import datetime as dt

import streamlit as st

from geo.errors import CareReachError
from geo.packs import list_packs
from geo.text import escape
from pages import _bring, _packs, _state, _ui

_ui.need_router()
st.set_page_config(page_title="Data · CareReach")
st.html(
    '<div class="cr-head"><h1>Where the data comes from</h1><p>Everything on screen comes from a '
    "pack: providers, statements, people and places, each row with its source.</p></div>"
)
today = dt.date.today()
packs = list_packs()
wanted = st.query_params.get("pack", "")
searched = st.session_state.get("find_address", {}).get("pack", _state.DEFAULT_PACK)
if wanted and wanted not in packs:
    st.warning(_ui.plain(f"There is no pack called “{wanted}”."))
_bring.told()
for name in packs:
    try:
        pack = _ui.pack(name)
    except CareReachError as error:
        st.html(f"<h2>{escape(name)}</h2>")
        st.warning(_ui.plain(f"This pack cannot be opened: {error}"))
        continue
    with st.expander(_packs.summary(pack), expanded=name == (wanted or searched)):
        _packs.about(pack)
        _packs.quality(pack, today)
        _packs.take(pack)
        _packs.sources(pack)
_bring.offer(today)
