"""CareReach: the router and what every page shares; for the server, the app that it serves."""

import streamlit as st
from starlette.middleware import Middleware

from geo.errors import CareReachError
from pages import _cached, _frame, _story
from pages._components import plain
from pages._first_bytes import FirstBytes
from pages._in_view import InView


def route() -> None:
    """One run of the script, for one visitor."""
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
    _cached.tidy_memory()


if __name__ == "__main__":
    route()
else:  # `streamlit run` imports this file to find the app that it serves
    app = st.App(__file__, middleware=[Middleware(FirstBytes), Middleware(InView)])
