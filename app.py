"""CareReach: the router, and what every page shares."""

import streamlit as st

from geo.errors import CareReachError
from pages import _story, _ui

st.set_page_config(layout="wide", page_icon="static/favicon.svg")
pages = _ui.site()
page = st.navigation(pages, position="hidden")
_ui.header(pages)
try:
    _ui.serve_leaflet()
except CareReachError as error:
    st.error(_ui.plain(str(error)))
_ui.entered(page.title, page.url_path)
_ui.keep_address(page.title)
if page.url_path != "stories":
    _story.follow(page.url_path or "find")
    # Always a container: if what comes after moved, the browser would draw the map anew.
    with st.container(key="telling"):
        _story.bar()
page.run()
_ui.footer()
