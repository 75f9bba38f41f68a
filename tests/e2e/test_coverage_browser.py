"""The Coverage page as people see it, in Chromium."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import MAP, MakeVisitor, Visitor, href, soon

pytestmark = pytest.mark.browser

CANVAS = "canvas.leaflet-zoom-animated"


def open_page(visitor: Visitor, path: str = "/coverage") -> Page:
    visitor.page.goto(visitor.url + path)
    visitor.page.frame_locator(MAP).locator(CANVAS).first.wait_for()
    visitor.settle()
    return visitor.page


def chosen(page: Page) -> list[str]:
    names: list[str] = page.locator("table tr.selected button").all_text_contents()
    return names


def test_a_row_chooses_its_region_and_the_map_chooses_a_row(visit: MakeVisitor) -> None:
    visitor = visit(viewport={"width": 1440, "height": 1500})
    page = open_page(visitor)
    page.get_by_role("button", name="Dagana", exact=True).click()
    expect(page.get_by_role("heading", name="Dagana")).to_be_visible()
    visitor.settle()
    soon(lambda: "region=BT03" in href(page))
    soon(lambda: chosen(page), ["Dagana"])
    # The map has zoomed to Dagana: beside it lies another.
    page.wait_for_timeout(600)
    page.locator(MAP).click(position={"x": 120, "y": 250})
    visitor.settle()
    expect(page.get_by_role("heading", name="Dagana")).to_have_count(0)
    soon(lambda: "region=BT" in href(page))
    page.reload()
    visitor.page.frame_locator(MAP).locator(CANVAS).first.wait_for()
    visitor.settle()
    soon(lambda: "region=BT" in href(page))
    page.go_back()
    expect(page.get_by_role("heading", name="Dagana")).to_be_visible()


def test_the_slider_keeps_the_frame_and_changes_the_figures(visit: MakeVisitor) -> None:
    visitor = visit()
    page = open_page(visitor)
    frame = page.frame_locator(MAP).locator("body")
    frame.evaluate("() => { window.kept = true; }")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("people beyond 60 km of a likely place")).to_be_visible()
    visitor.settle()
    assert frame.evaluate("() => window.kept") is True
    soon(lambda: "within_km=60" in href(page))


def test_a_place_is_added_by_a_click_and_taken_back(visit: MakeVisitor) -> None:
    visitor = visit(viewport={"width": 1440, "height": 1600})
    page = open_page(visitor)
    page.get_by_role("radio", name="Add a place").click()
    visitor.settle()
    page.locator(MAP).click(position={"x": 200, "y": 200})
    expect(page.get_by_text("What if 1 more place did it")).to_be_visible()
    visitor.settle()
    soon(lambda: "add=" in href(page))
    page.get_by_role("radio", name="What if").click()
    page.get_by_role("button", name="Remove the added place").click()
    expect(page.get_by_text("What if 1 more place did it")).to_have_count(0)


def test_an_area_is_drawn_by_clicks_and_an_upload_is_checked(
    visit: MakeVisitor, tmp_path: Path
) -> None:
    visitor = visit(viewport={"width": 1440, "height": 1600}, accept_downloads=True)
    page = open_page(visitor)
    page.get_by_role("radio", name="Draw an area").click()
    visitor.settle()
    for x, y in ((120, 120), (400, 120), (400, 380), (120, 380)):
        page.locator(MAP).click(position={"x": x, "y": y})
        visitor.settle()
    page.get_by_role("radio", name="An area", exact=True).click()
    expect(page.get_by_text("people live in this area")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the area").click()
    drawn = tmp_path / "area.geojson"
    download.value.save_as(drawn)
    assert json.loads(drawn.read_text("utf-8"))["type"] == "Polygon"
    bad = tmp_path / "bad.geojson"
    bad.write_text('{"type":"Point","coordinates":[1,1]}', "utf-8")
    page.locator('input[type="file"]').set_input_files(bad)
    expect(page.get_by_text("There is no area in it")).to_be_visible()
    page.locator('input[type="file"]').set_input_files(drawn)
    expect(page.get_by_text("people live in this area")).to_be_visible()
    large = tmp_path / "large.geojson"
    large.write_bytes(b" " * 6_000_000)
    page.locator('input[type="file"]').set_input_files(large)
    expect(page.get_by_text("File must be", exact=False)).to_be_visible()


def test_downloads_come_and_the_summary_prints_on_one_page(
    visit: MakeVisitor, tmp_path: Path
) -> None:
    visitor = visit(accept_downloads=True)
    page = open_page(visitor, "/coverage?within_km=75")
    page.get_by_role("radio", name="Download").click()
    for label, start in (
        ("CSV", b"region_id,"),
        ("XLSX", b"PK"),
        ("GeoJSON", b'{"type"'),
        ("GeoParquet", b"PAR1"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download {label}").click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.read_bytes().startswith(start), label
    page.locator(".cr-summary").wait_for()
    for paper in ("A4", "Letter"):
        pdf = page.pdf(format=paper)
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1
    page.emulate_media(media="print")
    expect(page.locator(".cr-summary")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_hidden()


def test_everything_works_by_keyboard(visit: MakeVisitor) -> None:
    visitor = visit()
    page = open_page(visitor)
    row = page.get_by_role("button", name="Paro", exact=True)
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Paro")).to_be_visible()
    visitor.settle()
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Paro")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_nothing_is_wider_than_the_screen(visit: MakeVisitor, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 800})
    page = open_page(visitor, "/coverage?region=BT08")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_every_county_is_on_the_map(visit: MakeVisitor) -> None:
    visitor = visit()
    page = open_page(visitor, "/coverage?pack=us&level=2")
    expect(page.get_by_text("331,449,281 people")).to_be_visible()
    counted = (
        page.frame_locator(MAP)
        .locator("body")
        .evaluate(
            """() => new Promise((done) => window.setTimeout(() => {
            let n = 0;
            window.map.eachLayer((l) => {
              if (l.feature && l.feature.properties.region_id && l.options.fill) n += 1;
            });
            done(n);
        }, 2500))"""
        )
    )
    assert counted == 3144


@pytest.mark.parametrize("width", [390, 1440])
def test_what_analysts_publish_opens_from_more(visit: MakeVisitor, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 1200})
    page = open_page(visitor, "/coverage?procedure=hospital-care")
    for part, said in {
        "Inequality": "Theil index of the distance",
        "Capacity": "are served, the nearest first",
        "Methods": "geo.measure_coverage(",
        "People": "People are counted at the pack’s 205 points",
    }.items():
        page.get_by_role("radio", name=part, exact=True).click()
        visitor.settle()
        expect(page.get_by_text(said).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not visitor.violations()
