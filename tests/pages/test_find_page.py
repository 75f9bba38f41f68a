"""The Find page without a browser: what it says for any address, and that it never breaks."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT


def page(**address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def rows(app: AppTest) -> list[dict]:
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)["rows"]


def layer(app: AppTest) -> str:
    (component,) = app.get("component_instance")
    return json.loads(component.proto.json_args)["feature_group"]


def test_a_first_visit_shows_the_seed_case_and_three_others() -> None:
    app = page()
    assert "Epidural blood patch near Serzhong, Sarpang" in html(app)
    assert "Nobody has confirmed or reported this procedure in Bhutan." in html(app)
    assert len(rows(app)) == 6
    assert sum(button.key.startswith("example_") for button in app.button) == 3


def test_red_flags_number_and_first_step_come_before_the_list() -> None:
    body = html(page())
    assert "Get help now" in body
    assert 'href="tel:112"' in body
    assert "Ring the team that gave the spinal or epidural" in body
    assert body.index("Get help now") < body.index("Nobody has confirmed")


def test_the_map_has_the_rows_of_the_list() -> None:
    app = page()
    for row in rows(app):
        assert row["id"].replace("_", "\\u005f") in layer(app)


def test_titles_are_accepted_in_the_address() -> None:
    app = page(procedure="Epidural blood patch", near="Serzhong, Mongar", radius_km="60")
    assert rows(app)[0]["distance"] == "56 km by road"


def test_nonsense_in_every_parameter_gives_one_sentence_each() -> None:
    nonsense = {
        "procedure": "zzz",
        "near": "qqq",
        "radius_km": "far",
        "measure": "miles",
        "pack": "nowhere",
        "order": "best",
        "show": "none",
    }
    app = page(**nonsense)
    said = [warning.value for warning in app.warning]
    assert len(said) == len(nonsense)
    for value in nonsense.values():
        assert sum(value in sentence for sentence in said) == 1, value
    assert "Epidural blood patch near Serzhong, Sarpang" in html(app)


@pytest.mark.parametrize("radius", ["-1", "0", "501", "nan", "inf", ""])
def test_a_radius_that_is_none(radius: str) -> None:
    app = page(radius_km=radius)
    assert len(app.warning) == 1
    assert app.select_slider[0].value == 50
    assert len(rows(app)) == 6


def test_an_unusual_radius_of_a_link_is_kept() -> None:
    app = page(radius_km="47.5")
    assert app.select_slider[0].value == 47.5
    assert "within 47.5 km by road" in html(app)


def test_which_serzhong() -> None:
    app = page(near="Serzhong")
    assert "Which Serzhong?" in html(app)
    assert sum(button.key.startswith("choice_") for button in app.button) == 2
    assert "Nearest hospital: Central Regional Referral Hospital, Gelephu" in html(app)
    next(b for b in app.button if "village" in b.key).click().run()
    assert "near Serzhong, Mongar" in html(app)


def test_an_unknown_place_is_said_and_nothing_is_lost() -> None:
    app = page(near="Trongsa", procedure="psoriasis")
    app.text_input[0].set_value("Xyzzy").run()
    assert "Xyzzy" in app.warning[0].value
    assert "Psoriasis near Trongsa" in html(app)
    app.run()
    assert "Xyzzy" in app.warning[0].value
    app.text_input[0].set_value("Paro").run()
    assert not app.warning
    assert "Psoriasis near Paro" in html(app)


def test_nobody_within_the_radius_is_a_designed_answer() -> None:
    app = page(radius_km="3")
    (component,) = app.get("bidi_component")
    data = json.loads(component.proto.json)
    assert data["empty"]["title"] == "Nobody within 3 km by road"
    assert any("Gelephu" in line for line in data["empty"]["lines"])
    assert any("112" in line for line in data["empty"]["lines"])
    assert all(row.get("farther") for row in data["rows"])


def test_far_outside_the_country_is_said() -> None:
    assert "outside Bhutan" in page(near="48.2, 16.4").info[0].value


def test_the_print_view_has_no_controls() -> None:
    app = page(view="print")
    assert not app.selectbox
    assert "cr-print" in html(app)


@pytest.mark.parametrize(
    "slug", ["epidural-blood-patch", "psoriasis", "hospital-care", "primary-care"]
)
def test_every_entry_has_a_page(slug: str) -> None:
    assert "near Thimphu" in html(page(procedure=slug, near="Thimphu"))


def test_the_procedures_page_names_every_source(library: dict) -> None:
    app = page()
    app.switch_page("pages/procedures.py")
    app.query_params["procedure"] = "psoriasis"
    app.run()
    assert not app.exception
    for source in library["psoriasis"].citations.values():
        assert source.address.replace("&", "&amp;") in html(app)


def test_the_data_page_names_every_source(bhutan: object) -> None:
    app = page()
    app.switch_page("pages/data.py")
    app.run()
    assert not app.exception
    for source in bhutan.sources.values():
        assert source.title in html(app)
