"""The ground of the maps as a person sees it."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import MAP, MakeVisitor, Visitor

#: What share of the ground's canvas is painted.
SEEN = """() => {
  const canvas = document.querySelector('.leaflet-ground-pane canvas');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i]) painted += 1;
  return painted / (canvas.width * canvas.height);
}"""


def painted(visitor: Visitor) -> float:
    share: float = visitor.page.frame_locator(MAP).locator("body").evaluate(SEEN)
    return share


def wait_painted(visitor: Visitor, least: float) -> None:
    for _ in range(60):
        if painted(visitor) > least:
            return
        visitor.page.wait_for_timeout(250)
    raise AssertionError(f"the ground is not painted: {painted(visitor):.4f}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sea_off_maine_is_drawn(visit: MakeVisitor, scheme: str) -> None:
    visitor = visit(color_scheme=scheme)
    visitor.open("/?pack=us&procedure=hospital-care&near=Portland, Maine&radius_km=30")
    wait_painted(visitor, 0.1)
    frame = visitor.page.frame_locator(MAP)
    assert ("dark" in frame.locator("#map_div").get_attribute("class").split()) == (
        scheme == "dark"
    )
    expect(frame.locator(".leaflet-control-attribution")).to_contain_text("Natural Earth")


def test_the_wheel_moves_the_page_and_with_ctrl_the_map(visit: MakeVisitor) -> None:
    visitor = visit(viewport={"width": 1280, "height": 800})
    page = visitor.open()
    wait_painted(visitor, 0.001)
    body = page.frame_locator(MAP).locator("body")
    box = page.locator(MAP).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 150)
    zoom = body.evaluate("() => map.getZoom()")
    page.mouse.wheel(0, 120)
    expect(page.frame_locator(MAP).locator(".cr-hint")).to_contain_text("hold")
    page.wait_for_timeout(600)
    assert body.evaluate("() => map.getZoom()") == zoom
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    page.wait_for_timeout(800)
    assert body.evaluate("() => map.getZoom()") > zoom


def test_a_place_is_found_on_the_map_of_coverage(visit: MakeVisitor) -> None:
    visitor = visit(viewport={"width": 1440, "height": 1300})
    page = visitor.page
    page.goto(f"{visitor.url}/coverage?procedure=hospital-care")
    page.frame_locator(MAP).locator(".cr-spot").first.wait_for()
    visitor.settle()
    page.get_by_label("Find on the map").fill("Trashigang Hospital")
    page.keyboard.press("Enter")
    expect(page.frame_locator(MAP).locator(".cr-origin-label")).to_contain_text("Trashigang")
    page.reload()
    expect(page.frame_locator(MAP).locator(".cr-origin-label")).to_contain_text("Trashigang")
