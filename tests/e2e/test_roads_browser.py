"""Minutes by road as a person meets them, with a road service that comes and goes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import MAP, Visitor, href, serving, soon
from tests.valhalla import RoadService

pytestmark = pytest.mark.browser


@pytest.fixture
def on_roads(browser: Browser, tmp_path: Path) -> Iterator[tuple[Visitor, RoadService]]:
    service = RoadService()
    log = tmp_path / "server.log"
    with serving(tmp_path / "packs", log, CAREREACH_VALHALLA=service.url) as url:
        visitor = Visitor(browser, url)
        yield visitor, service
        visitor.context.close()
    service.close()
    assert visitor.errors == []
    assert visitor.outside == []


def test_minutes_area_and_way_and_a_service_that_comes_back(on_roads: tuple[Any, ...]) -> None:
    visitor, service = on_roads
    page = visitor.open("/")
    page.get_by_role("button", name="More choices").click()
    page.get_by_text("minutes by car").click()
    expect(page.get_by_text("within 60 min by car").first).to_be_visible()
    page.keyboard.press("Escape")
    area = visitor.map.locator("path.leaflet-interactive, .leaflet-overlay-pane path")
    expect(area.first).to_be_attached()
    frame = next(f for f in page.frames if "streamlit_folium" in f.url)
    frame.evaluate("window.kept = true")
    slider = page.get_by_role("slider")
    for _ in range(2):
        slider.focus()
        slider.press("ArrowRight")
        visitor.settle()
    expect(page.get_by_text("within 2 h by car").first).to_be_visible()
    soon(lambda: "within_min=120" in href(page))
    assert frame.evaluate("window.kept") is True
    assert visitor.map.locator(".cr-way").count() == 0
    visitor.names.first.click()
    expect(visitor.map.locator(".cr-way")).to_have_count(1)
    assert visitor.violations() == []
    # Down: kilometres stand in, and nothing is lost.
    service.working = False
    near = page.get_by_label("Near", exact=True)
    near.fill("Trongsa")
    near.press("Enter")
    expect(page.get_by_text("The road service does not answer.")).to_be_visible()
    expect(page.get_by_text("within 50 km by road").first).to_be_visible()
    assert visitor.names.count() > 0
    soon(lambda: "measure=drive" in href(page))
    # Back again: the page finds out by itself.
    service.working = True
    expect(page.get_by_text("The road service does not answer.")).to_have_count(0)
    expect(page.get_by_text("within 2 h by car").first).to_be_visible()


def test_coverage_in_minutes_on_a_phone(on_roads: tuple[Any, ...]) -> None:
    visitor, _ = on_roads
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(visitor.url + "/coverage?procedure=haemodialysis&measure=walk&within_min=180")
    page.frame_locator(MAP).locator("canvas").first.wait_for()
    visitor.settle()
    expect(page.get_by_text("within 3 h on foot").first).to_be_visible()
    expect(page.get_by_text("as long as the straight line")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
