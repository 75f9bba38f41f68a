"""CareReach: the router, and what every page shares."""

import streamlit as st

from geo.errors import CareReachError
from pages import _ui

st.set_page_config(layout="wide", page_icon="static/favicon.svg")
pages = _ui.site()
page = st.navigation(pages, position="hidden")
_ui.header(pages)
try:
    _ui.serve_leaflet()
except CareReachError as error:
    st.error(_ui.plain(str(error)))
_ui.entered(page.title)
_ui.keep_address(page.title)
page.run()
_ui.footer()
