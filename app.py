"""CareReach: the router, and what every page shares."""

import streamlit as st

from pages import _ui

st.set_page_config(layout="wide", page_icon="static/favicon.svg", initial_sidebar_state="collapsed")
_ui.style()
_ui.serve_leaflet()

page = st.navigation(
    [
        st.Page("pages/find.py", title="Find care", default=True),
        st.Page("pages/procedures.py", title="Procedures", url_path="procedures"),
        st.Page("pages/data.py", title="Data", url_path="data"),
    ],
    position="top",
)
_ui.entered(page.title)
page.run()
_ui.footer()
