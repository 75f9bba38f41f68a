"""Where the facts come from, how good they are, and how to take them along or bring one's own."""

import datetime as dt

import streamlit as st

from geo.errors import CareReachError
from geo.packs.pack import list_packs
from geo.text import escape
from pages import _address, _bring, _cached, _frame, _pack_parts, _survey
from pages._components import plain
from pages._session import Key

_frame.need_router()
st.set_page_config(page_title="Data · CareReach")
st.html(
    '<div class="cr-head"><h1>Where the data comes from</h1><p>Everything on screen comes from a '
    "collection of data with a name (a pack): providers, statements, people and places, each row "
    "with its source. Bring a file of your own, or look at what is here.</p></div>"
)
today = dt.date.today()
packs = list_packs()
wanted = st.query_params.get("pack", "")
searched = st.session_state.get(Key.FIND_ADDRESS, {}).get("pack", _address.DEFAULT_PACK)
if wanted and wanted not in packs:
    st.warning(plain(f"There is no pack called “{wanted}”."))
_bring.told()
_bring.offer(today)
st.html('<div class="cr-head"><h2>What is here</h2></div>')
for name in packs:
    try:
        pack = _cached.pack(name)
    except CareReachError as error:
        st.html(f"<h2>{escape(name)}</h2>")
        st.warning(plain(f"This pack cannot be opened: {error}"))
        if _pack_parts.is_own(packs[name]) and _frame.may_write():
            with st.container(horizontal=True, gap="small"):
                _pack_parts.mend(name, packs[name])
        continue
    with st.expander(_pack_parts.summary(pack), expanded=name == (wanted or searched)):
        _pack_parts.about(pack)
        _pack_parts.quality(pack, today)
        _pack_parts.take(pack)
        _pack_parts.sources(pack)
_survey.offer(wanted if wanted in packs else searched, today)
