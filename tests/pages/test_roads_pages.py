"""Find and Coverage in minutes, with a road service that comes and goes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo.travel import valhalla as roads
from tests.conftest import ROOT
from tests.pages.app import html, layer, page, rows, warnings
from tests.valhalla import RoadService

COVERAGE = "pages/coverage.py"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[RoadService]:
    made = RoadService()
    monkeypatch.setenv("CAREREACH_VALHALLA", made.url)
    # A service that did not answer is asked again at once.
    monkeypatch.setattr(roads, "REST_S", 0.0)
    yield made
    made.close()


def test_the_list_is_in_minutes_and_the_map_has_area_and_way(service: RoadService) -> None:
    app = page(measure="drive", within_min="120", order="distance")
    assert "within 2 h by car" in html(app)
    shown = rows(app)
    assert all(row["distance"].endswith("by car") for row in shown)
    assert "Polygon" in layer(app)
    assert app.select_slider(key="w_within_min").value == 120
    assert "Shaded: what can be reached in 2 h by car" in html(app)
    assert service.count("route") == 0
    app.query_params["provider"] = shown[0]["id"]
    app.run()
    assert service.count("route") == 1
    app.select_slider(key="w_within_min").set_value(60).run()
    assert "within_min" not in app.query_params
    assert app.query_params["measure"] == "drive"
    assert "within 60 min by car" in html(app)


def test_the_service_goes_and_comes_back(service: RoadService) -> None:
    app = page(measure="walk", within_min="90")
    assert not app.warning
    service.working = False
    app.query_params["near"] = "Thimphu"
    app.run()
    assert not app.exception
    told = warnings(app)
    assert "The road service does not answer. Shown instead: within 50 km by road." in told
    assert all("by road" in row["distance"] for row in rows(app) if "distance" in row)
    assert app.query_params["measure"] == "walk"
    service.working = True
    app.run()
    assert not app.warning
    assert all("on foot" in row["distance"] for row in rows(app))


def test_without_roads_the_page_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAREREACH_VALHALLA", raising=False)
    app = page(measure="drive", within_min="30")
    assert "python -m geo import roads" in warnings(app)
    assert "within 50 km by road" in html(app)
    assert any("python -m geo import roads" in c.value.replace("\\", "") for c in app.caption)
    assert list(app.radio(key="w_measure").options) == ["by road", "in a straight line"]


@pytest.mark.parametrize("wrong", ["0", "soon", "601", "-3", "nan"])
def test_a_time_that_is_none_is_named(service: RoadService, wrong: str) -> None:
    for script in ("", COVERAGE):
        app = page(script, measure="drive", within_min=wrong)
        assert f"“{wrong}” is not a time: it can be above 0 and up to 600 minutes." in warnings(app)
        assert "60 min" in html(app)


def test_coverage_in_minutes_asks_once(service: RoadService) -> None:
    app = page(COVERAGE, measure="drive", within_min="90", procedure="haemodialysis")
    body = html(app)
    for part in ("within 90 min by car", "On foot:", "from all on foot to all by car"):
        assert part in body
    assert "Minutes by car to the nearest" in body
    assert "as long as the straight line" in body
    before = len(service.asked)
    app.select_slider(key="w_cover_within_min").set_value(120).run()
    assert "within 2 h by car" in html(app)
    assert len(service.asked) == before
    app.query_params["region"] = "BT08"
    app.run()
    assert "People by time" in html(app)
    assert "Their way is" in html(app)
    app.query_params["compare_min"] = "240"
    app.run()
    assert "<th>4 h</th>" in html(app)


def test_coverage_goes_on_in_kilometres(service: RoadService) -> None:
    service.working = False
    app = page(COVERAGE, measure="drive", within_min="90", procedure="cataract-surgery")
    told = warnings(app)
    assert "The road service does not answer. Distances are shown instead." in told
    assert "within 50 km by road" in html(app)
    service.working = True
    app.run()
    assert not app.warning
    assert "within 90 min by car" in html(app)


def test_a_link_in_kilometres_stays_so_where_minutes_are_usual(
    service: RoadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    about = (
        Path(shutil.copytree(ROOT / "data" / "bhutan", tmp_path / "bhutan")) / "datapackage.json"
    )
    text = about.read_text("utf-8").replace('"measure": "road"', '"measure": "drive"', 1)
    about.write_text(text, "utf-8")
    assert "within 60 min by car" in html(page())
    app = page(radius_km="40")
    assert "within 40 km by road" in html(app)
    app.select_slider(key="w_radius").set_value(60).run()
    assert app.query_params["measure"] == "road"
    assert "within 60 km by road" in html(app)
    assert "within 30 min by car" in html(page(within_min="30"))
    assert "within 40 km by road" in html(page(COVERAGE, within_km="40"))


def test_too_many_ways_get_one_sentence(service: RoadService) -> None:
    app = page(COVERAGE, pack="us", measure="drive")
    told = warnings(app)
    assert "are too many to measure (5,000,000 pairs at most)" in told
    assert "within 20 mi in a straight line" in html(app)
