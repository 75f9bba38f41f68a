"""The app without a browser."""

from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT


def page(script: str = "", /, **address: str) -> AppTest:
    """Run the app at an address; `script` is another page than Find."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if script:
        app.run()
        app.switch_page(script)
        app.query_params.clear()
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    """Everything that the page gave to st.html."""
    return " ".join(element.proto.body for element in app.get("html"))
