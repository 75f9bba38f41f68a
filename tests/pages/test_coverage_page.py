"""The Coverage page without a browser: its figures, its state, and what it does with nonsense."""

import dataclasses
import itertools
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from geo.packs.pack import open_pack
from geo.sources.into_pack import import_into
from geo.sources.new_pack import NewPack
from tests.command import run
from tests.pages.app import html, layer, page, tables, warnings
from tests.samples import REGISTER, people_grid, small

SCRIPT = "pages/coverage.py"
PARO = "survey:paro-hospital"


def test_it_leads_with_what_is_known_and_shows_the_range() -> None:
    body = html(page(SCRIPT))
    assert "Where in Bhutan might an epidural blood patch be within reach?" in body
    assert body.index("Nobody in Bhutan has confirmed") < body.index("60 %")
    for part in ("287,689", "56 to 95 % depending on roads", "34 km", "Evidence moves this"):
        assert part in body
    assert "Areas: WFP prism-app, simplified; not official." in body


def test_the_tables_have_the_largest_gaps_and_the_best_calls() -> None:
    found = tables(page(SCRIPT))
    gaps = found["Largest gaps"]
    assert gaps["columns"][0] == "Dzongkhag"
    assert gaps["rows"][0][1:] == ["Paro", "43,989", "5 %", "59"]
    calls = found["Which call would change this map most?"]
    assert calls["rows"][0] == [PARO, "Paro Hospital", "unknown", "+47,717"]


def test_the_legend_has_only_classes_that_are_there() -> None:
    body = html(page(SCRIPT, within_km="200"))
    assert "up to 100 km" in body
    assert "over 600 km" not in body


def test_a_region_shows_its_people_and_its_nearest() -> None:
    body = html(page(SCRIPT, region="BT08"))
    for part in ("<h2>Paro</h2>", "46,316 people", "People by distance", "Paro Hospital: unknown"):
        assert part in body


def test_a_level_and_a_larger_region_narrow_the_table() -> None:
    gaps = tables(page(SCRIPT, level="2", region="BT08"))["Largest gaps"]
    assert len(gaps["rows"]) == 9
    assert all(row[1].endswith(", Paro") for row in gaps["rows"])


def test_what_if_is_said_beside_today() -> None:
    body = html(page(SCRIPT, add="27.43,89.41"))
    assert "What if 1 more place did it: 67 % of 727,145 people would be" in body
    assert "today 60 %" in body
    assert "fewer than today" in body
    gone = html(page(SCRIPT, remove="survey:jigme-dorji-wangchuck-national-referral-hospital"))
    assert "more than today" in gone


def test_nonsense_in_every_parameter_gives_one_sentence_each() -> None:
    app = page(
        SCRIPT,
        procedure="pink disease",
        within_km="far",
        supply="all",
        measure="bird",
        level="9",
        region="XX",
        compare_km="-1",
        add="here;1000,1",
        remove="nobody:1",
        sites="99",
    )
    assert len(app.warning) == 11
    assert "287,689" in html(app)


def test_controls_change_the_address() -> None:
    app = page(SCRIPT)
    app.select_slider[0].set_value(100).run()
    assert app.query_params["within_km"] == "100"
    app.selectbox(key="w_cover_supply").set_value("unknown").run()
    assert app.query_params["supply"] == "unknown"
    assert app.query_params["within_km"] == "100"
    app.selectbox(key="w_cover_measure").set_value("straight").run()
    assert "in a straight line" in html(app)


def test_sites_have_their_gains_and_the_proof() -> None:
    app = page(SCRIPT, sites="2")
    app.segmented_control(key="w_cover_more").set_value("What if").run()
    body = html(app)
    assert "1. Paro Hospital" in body
    assert "+47,717" in body
    assert "(proved)" in body


def test_two_thresholds_side_by_side() -> None:
    body = html(page(SCRIPT, compare_km="100"))
    assert "<th>50 km</th><th>100 km</th>" in body


def test_an_answer_is_recorded_and_changes_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    app = page(SCRIPT)
    app.segmented_control(key="w_cover_more").set_value("Calls").run()
    assert "Call Paro Hospital" in html(app)
    next(b for b in app.button if b.label == "Record").click().run()
    assert "nothing was recorded" in app.warning[-1].value
    (answer,) = (r for r in app.radio if r.label == "Answer")
    answer.set_value("offered")
    (who,) = (t for t in app.text_input if t.label.startswith("Who said so"))
    who.set_value("the matron")
    next(b for b in app.button if b.label == "Record").click().run()
    assert not app.exception
    assert len(open_pack("bhutan").evidence) == 228
    assert "1 place has it confirmed or reported" in html(app)
    assert any("Recorded" in w.value and "Paro Hospital" in w.value for w in app.warning)


def test_recording_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREREACH_UPLOADS", "off")
    app = page(SCRIPT)
    app.segmented_control(key="w_cover_more").set_value("Calls").run()
    assert "switched off" in app.caption[-1].value
    assert not [r for r in app.radio if r.label == "Answer"]


def test_the_summary_has_method_limits_and_all_it_depends_on() -> None:
    app = page(SCRIPT, within_km="75")
    app.segmented_control(key="w_cover_more").set_value("Download").run()
    body = html(app)
    for part in ("Method and limits", "within_km 75", "pack_hash", "takes staff", "Sources:"):
        assert part in body


def test_the_map_layer_has_the_places_of_the_supply_only() -> None:
    assert "27.428" not in layer(page(SCRIPT))
    assert "27.428" in layer(page(SCRIPT, supply="unknown"))


def test_the_united_states_read_right() -> None:
    app = page(SCRIPT, pack="us", level="2")
    body = html(app)
    assert "Where in the United States might hospital care be within reach?" in body
    assert "331,449,281 people" in body
    assert tables(app)["Largest gaps"]["columns"][0] == "County"
    assert "Areas are the boundaries given with the data" in body


def test_it_begins_with_what_was_found() -> None:
    app = page(procedure="haemodialysis", near="Paro")
    app.switch_page(SCRIPT)
    app.query_params.clear()
    app.run()
    assert "Where in Bhutan might haemodialysis be within reach?" in html(app)


def test_an_unknown_procedure_offers_what_is_near() -> None:
    app = page(SCRIPT, procedure="heart attack")
    offers = [b for b in app.button if str(b.key).startswith("cover_offer")]
    assert [b.label.split(" \\")[0] for b in offers][:2] == [
        "Coronary angioplasty",
        "Coronary angiography",
    ]
    offers[0].click().run()
    assert app.query_params["procedure"] == "coronary-angioplasty"


def test_coverage_in_miles() -> None:
    app = page(SCRIPT, units="mi", within_km="80.467", region="BT08", compare_km="160.934")
    body = html(app)
    assert app.select_slider(key="w_cover_within").label == "Within 50 mi"
    assert "people beyond 50 mi of a likely place" in body
    assert tables(app)["Largest gaps"]["columns"][-1] == "Median mi"
    assert "<th>100 mi</th>" in body
    assert not re.search(r"\bkm\b", body)
    app.radio(key="w_cover_units").set_value("km").run()
    assert "units" not in app.query_params


def test_the_procedure_and_the_pack_go_along_to_find_and_back() -> None:
    app = page(SCRIPT, procedure="haemodialysis", pack="us", within_km="30")
    app.query_params.clear()
    app.switch_page("pages/find.py").run()
    assert app.query_params["procedure"] == "haemodialysis"
    assert app.query_params["pack"] == "us"
    assert "Hemodialysis near" in html(app)
    app.query_params.clear()
    app.switch_page(SCRIPT).run()
    assert app.query_params["within_km"] == "30"


def test_a_drawn_area_is_in_the_address() -> None:
    corners = "27.4,89.5;27.4,89.8;27.6,89.8;27.6,89.5"
    app = page(SCRIPT, area=corners)
    assert "89.8" in layer(app)
    app.segmented_control(key="w_cover_more").set_value("An area").run()
    assert "people</strong> live in this area" in html(app)
    next(b for b in app.button if b.label == "Clear the area").click().run()
    assert "area" not in app.query_params
    app = page(SCRIPT, area="27.4,89.5;27.4,nonsense")
    assert "“27.4,nonsense” is not a place" in warnings(app)


def test_a_place_looked_for_is_in_the_address() -> None:
    def shown(app: AppTest) -> str:
        found = re.search(r'shown\\*":(null|\[.*?\])', layer(app))
        assert found is not None
        return found[1].replace("\\", "")

    found = page(SCRIPT, near="Trashigang Hospital")
    assert found.text_input("w_cover_place").value == "Trashigang Hospital"
    assert '"Trashigang Hospital"' in shown(found)
    found.text_input("w_cover_place").set_value("Serzhong").run()
    assert found.query_params["near"] == "Serzhong"
    assert shown(found) == "null"  # two are called so
    asked = [b for b in found.button if str(b.key).startswith("cover_place_")]
    assert len(asked) == 2
    asked[0].click().run()
    assert '"Serzhong' in shown(found)
    found.text_input("w_cover_place").set_value("").run()
    assert "near" not in found.query_params
    nowhere = page(SCRIPT, near="Xyzzy")
    assert shown(nowhere) == "null"
    assert any("Xyzzy" in caption.value for caption in nowhere.caption)


def test_all_regions_have_every_supply_side_by_side() -> None:
    app = page(SCRIPT, procedure="haemodialysis")
    app.segmented_control(key="w_cover_more").set_value("All regions").run()
    (table,) = app.dataframe
    shares = [c for c in table.value.columns if c.startswith("Within, ")]
    assert len(shares) == 4
    assert len(table.value) == 20
    for narrow, wide in itertools.pairwise(shares):
        known = table.value[[narrow, wide]].dropna()
        assert (known[narrow] <= known[wide]).all()


def test_without_people_there_is_a_map_of_the_places_and_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    batch = dataclasses.replace(small("s"), providers=REGISTER)
    import_into("bare", [batch], NewPack("Bare", "Nowhere"))
    app = page(SCRIPT, pack="bare", procedure="hospital-care")
    body = html(app)
    assert "Where people live in Nowhere is not known here." in body
    assert "Places on record:" in body
    assert REGISTER["name"].iloc[0] in layer(app)
    assert "people beyond" not in body
    assert "cr-figure" not in body
    assert not tables(app)


def opened(shown: AppTest, part: str) -> AppTest:
    """A part of More, opened by the reader."""
    shown.segmented_control(key="w_cover_more").set_value(part).run()
    assert not shown.exception
    return shown


def test_people_and_inequality_open_from_more() -> None:
    assert "People are counted at the pack’s 205 points" in html(opened(page(SCRIPT), "People"))
    body = html(opened(page(SCRIPT), "Inequality"))
    for part in ("Theil index of the distance", "Palma ratio", "0.25 would be equal"):
        assert part in body


def test_a_grid_is_counted_and_the_range_by_placement_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    grid = people_grid(tmp_path / "made-up.tif")
    assert run("import", "people", str(grid), "--pack", "bhutan").returncode == 0
    body = html(opened(page(SCRIPT), "People"))
    assert "then where people are taken to live (" in body
    assert "It matters most in" in body
    shown = opened(page(SCRIPT, people="made-up"), "People")
    assert "cells of about" in html(shown)
    assert not warnings(shown)
    assert "people can be own, made-up" in warnings(page(SCRIPT, people="nobody"))


def test_capacity_and_methods_open_from_more() -> None:
    body = html(opened(page(SCRIPT, procedure="hospital-care"), "Capacity"))
    assert "are served, the nearest first" in body
    assert "Left over" in body
    shown = opened(page(SCRIPT, within_km="40"), "Methods")
    code = [block.value for block in shown.code]
    assert "--within-km 40" in code[0]
    assert "geo.measure_coverage(" in code[1]
    assert "Luo W, Qi Y" in code[2]
