"""The Find page without a browser: what it says for any address, and that it never breaks."""

import json
import re
import shutil
from pathlib import Path

import pytest

from geo.packs.pack import Pack
from tests.conftest import ROOT
from tests.pages.app import html, layer, listed, page, rows, warnings


def test_a_first_visit_shows_the_seed_case_and_three_others() -> None:
    app = page()
    assert "Epidural blood patch near Serzhong, Sarpang" in html(app)
    assert "Nobody has confirmed or reported this procedure in Bhutan." in html(app)
    assert len(rows(app)) == 6
    assert sum(str(button.key).startswith("example_") for button in app.button) == 3


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
        "provider": "nobody",
        "view": "upside-down",
    }
    app = page(**nonsense)
    said = [warning.value for warning in app.warning]
    assert len(said) == len(nonsense)
    for value in nonsense.values():
        named = value.replace("-", "\\-")
        assert sum(f"“{named}”" in s or f"'{named}'" in s for s in said) == 1, value
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
    assert sum(str(button.key).startswith("choice_") for button in app.button) == 2
    assert "Nearest hospital: Central Regional Referral Hospital, Gelephu" in html(app)
    next(b for b in app.button if "village" in str(b.key)).click().run()
    assert "near Serzhong, Mongar" in html(app)


def test_an_unknown_place_is_said_and_nothing_is_lost() -> None:
    app = page(near="Trongsa", procedure="psoriasis")
    app.text_input(key="w_near").set_value("Xyzzy").run()
    assert "Xyzzy" in app.warning[0].value
    assert "Psoriasis near Trongsa" in html(app)
    app.run()
    assert "Xyzzy" in app.warning[0].value
    app.text_input(key="w_near").set_value("Paro").run()
    assert not app.warning
    assert "Psoriasis near Paro" in html(app)


def test_nobody_within_the_radius_is_a_designed_answer() -> None:
    app = page(radius_km="3")
    data = listed(app)
    assert data["empty"]["title"] == "Nobody within 3 km by road"
    assert any("Gelephu" in line for line in data["empty"]["lines"])
    assert any("112" in line for line in data["empty"]["lines"])
    assert all(row.get("farther") for row in data["rows"])


def test_far_outside_the_country_is_said() -> None:
    assert "outside Bhutan" in page(near="48.2, 16.4").info[0].value


def test_the_print_view_has_no_controls() -> None:
    app = page(view="print")
    assert not app.selectbox
    assert 'class="cr-leaflet"' in html(app)
    assert 'class="cr-leaflet"' not in html(page())


def test_the_data_page_names_every_source(bhutan: Pack) -> None:
    app = page()
    app.switch_page("pages/data.py")
    app.run()
    assert not app.exception
    for source in bhutan.sources.values():
        assert source.title in html(app)


def test_two_changes_in_one_run_are_both_kept() -> None:
    app = page(near="Trongsa")
    app.select_slider[0].set_value(75)
    app.radio[0].set_value("distance")
    app.run()
    assert "within 75 km by road" in html(app)
    assert app.radio[0].value == "distance"


def test_the_address_is_never_read_as_markdown() -> None:
    app = page(near="![x](https://example.org/p.png)", procedure="[y](https://example.org)")
    for warning in app.warning:
        assert "](" not in warning.value.replace("\\]\\(", "")


def test_a_corrected_spelling_is_said() -> None:
    app = page(procedure="psoriasys", near="Thimpuh")
    said = [warning.value for warning in app.warning]
    assert len(said) == 2
    app = page(near="Trongsa")
    app.text_input(key="w_near").set_value("Thimpuh").run()
    assert "was read as Thimphu" in app.warning[0].value


def test_part_of_a_name_is_a_question_and_never_an_answer() -> None:
    app = page(procedure="headache")
    assert "“headache” is not in the library" in app.warning[0].value
    offer = next(
        b for b in app.button if str(b.key).startswith("offer_") and "Headache" in str(b.key)
    )
    offer.click().run()
    assert not app.warning


def test_far_away_nothing_is_said_of_roads_or_hospitals() -> None:
    app = page(near="48.2, 16.4")
    assert "call the number of the country where you are" in app.info[0].value
    assert "Nearest hospital" not in html(app)
    assert not any("by road" in row["distance"] for row in rows(app))


def test_a_pack_without_roads_measures_straight_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(ROOT / "data" / "bhutan", tmp_path / "roadless"))
    about = json.loads((folder / "datapackage.json").read_text("utf-8"))
    about["resources"] = [r for r in about["resources"] if "road" not in r["name"]]
    (folder / "datapackage.json").write_text(json.dumps(about), "utf-8")
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    app = page(pack="roadless")
    assert "in a straight line" in rows(app)[0]["distance"]
    assert not app.warning
    assert "measure" in page(pack="roadless", measure="road").warning[0].value


def test_a_broken_pack_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(ROOT / "data" / "bhutan", tmp_path / "broken"))
    (folder / "providers.csv").unlink()
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    app = page(pack="broken")
    assert "cannot be read on this server" in app.warning[0].value
    assert "Serzhong, Sarpang" in html(app)
    app.switch_page("pages/data.py")
    app.run()
    assert not app.exception
    assert any("cannot be opened" in warning.value for warning in app.warning)


def test_confirmed_only_lists_nothing_less() -> None:
    data = listed(page(show="confirmed"))
    assert data["rows"] == []
    assert data["empty"]["title"] == "Nobody of the kind you chose"


def test_every_page_ends_with_the_footer() -> None:
    for address in ({}, {"near": "Serzhong"}, {"view": "print"}):
        assert "No substitute for medical care" in html(page(**address))


def test_a_copy_of_a_pack_is_not_taken_for_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page()
    folder = Path(shutil.copytree(ROOT / "data" / "bhutan", tmp_path / "copied"))
    providers = folder / "providers.csv"
    text = providers.read_text("utf-8")
    providers.write_text(text.replace("Sarpang Hospital", "Another Hospital"), "utf-8")
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    assert "Another Hospital" in [row["name"] for row in rows(page(pack="copied"))]


@pytest.mark.parametrize("typed", ["Springfield, IL", "Portland, Maine", "04101", "43.66, -70.26"])
def test_a_place_of_another_country_is_shown_there(typed: str) -> None:
    app = page()
    app.text_input(key="w_near").set_value(typed).run()
    (said,) = [warning.value for warning in app.warning]
    assert "is in the data of the United States, which is shown now" in said
    assert app.query_params["pack"] == "us"


def test_a_link_without_data_named_goes_where_its_place_lies() -> None:
    app = page(near="Portland, Maine")
    assert "near Portland, Maine" in html(app)
    assert any("data of the United States" in warning.value for warning in app.warning)


def test_near_me_means_the_button() -> None:
    app = page()
    app.text_input(key="w_near").set_value("near me").run()
    assert any("Use my location" in warning.value for warning in app.warning)


def test_outside_every_country_no_number_is_given() -> None:
    app = page(near="48.2, 16.4")
    body = html(app)
    assert "Get emergency help where you are" in body
    assert "tel:112" not in body
    assert "Bhutan and the United States" in app.info[0].value


def test_what_of_an_address_was_not_looked_up_is_said() -> None:
    app = page(near="12 Main Street, Portland, Maine", pack="us", procedure="hospital-care")
    assert "near Portland, Maine" in html(app)
    assert any("12 Main Street" in warning.value for warning in app.warning)


def test_the_largest_is_taken_and_the_other_is_one_click_away() -> None:
    app = page(near="Saint Louis", pack="us", procedure="hospital-care")
    assert "near St. Louis, Missouri" in html(app)
    assert any("Not the St" in button.label for button in app.button)


def test_a_position_is_named_by_what_is_near() -> None:
    assert "near 27.4712, 89.6339 (near Thimphu)" in html(page(near="27.4712, 89.6339"))


def test_find_in_miles() -> None:
    app = page(near="Thimphu", units="mi", radius_km="80.467")
    assert app.select_slider(key="w_radius").label == "Within 50 mi"
    assert "100 mi" in app.select_slider(key="w_radius").options
    assert app.query_params["units"] in ("mi", ["mi"])
    every = html(app) + json.dumps(listed(app))
    assert not re.search(r"\bkm\b", re.sub(r'"\w*_km"', "", every))
    app.radio(key="w_units").set_value("km").run()
    assert "units" not in app.query_params
    assert app.select_slider(key="w_radius").label == "Within 80.5 km"
    app = page(pack="us", near="Portland, Maine")
    assert app.select_slider(key="w_radius").label == "Within 20 mi"
    assert "“furlong” is ignored: units can be km, mi." in warnings(page(units="furlong"))


def test_the_united_states_read_american_english() -> None:
    app = page(pack="us", near="Portland, Maine", procedure="haemodialysis")
    told = html(app) + json.dumps(listed(app))
    assert "Hemodialysis" in told
    sources = r'<sup.*?</sup>|<li value="\d+">.*?</li>'
    assert "haemodialysis" not in re.sub(rf"procedure=[\w-]+|{sources}", "", html(app)).lower()
    assert app.text_input(key="w_procedure").value == "Hemodialysis"
    app.text_input(key="w_procedure").set_value("Haemodialysis").run()
    assert not warnings(app)
    assert "Haemodialysis" in html(page(near="Thimphu", procedure="hemodialysis"))


@pytest.mark.parametrize("step", ["1" * 4301, "٢", "0", "-1", "1.0", "99", ""])
def test_a_step_that_is_none_is_said(step: str) -> None:
    app = page(story="headache-in-serzhong", step=step, near="Thimphu")
    assert not app.exception
    assert any("is not a step of this story" in w.value for w in app.warning)
