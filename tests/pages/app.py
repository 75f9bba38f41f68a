"""The app without a browser."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT


def page(script: str = "", /, **address: Any) -> AppTest:
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


def listed(app: AppTest) -> dict[str, Any]:
    """What the list component was given."""
    (component,) = (c for c in app.get("bidi_component") if "rows" in c.proto.json)
    data: dict[str, Any] = json.loads(component.proto.json)
    return data


def rows(app: AppTest) -> list[dict[str, Any]]:
    """The rows of the list."""
    found: list[dict[str, Any]] = listed(app)["rows"]
    return found


def tables(app: AppTest) -> dict[str, dict[str, Any]]:
    """What the tables were given, by caption."""
    data = [json.loads(c.proto.json) for c in app.get("bidi_component")]
    return {d["caption"]: d for d in data if isinstance(d, dict) and "caption" in d}


def layer(app: AppTest) -> str:
    """The script of what is drawn on the map."""
    (component,) = app.get("component_instance")
    return str(json.loads(component.proto.json_args)["feature_group"])


def warnings(app: AppTest) -> str:
    """Every warning, as a reader sees it."""
    return " ".join(warning.value.replace("\\", "") for warning in app.warning)
