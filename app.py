"""CareReach: the router, and what every page shares."""

import streamlit as st

from geo.errors import CareReachError
from pages import _frame, _story
from pages._components import plain

st.set_page_config(layout="wide", page_icon="static/favicon.svg")
pages = _frame.site()
page = st.navigation(pages, position="hidden")
_frame.header(pages)
try:
    _frame.serve_leaflet()
except CareReachError as error:
    st.error(plain(str(error)))
_frame.entered(page.title, page.url_path)
_frame.keep_address(page.title)
if page.url_path != "stories":
    _story.follow(page.url_path or "find")
    # Always a container: if what comes after moved, the browser would draw the map anew.
    with st.container(key="telling"):
        _story.bar()
page.run()
_frame.footer()
