"""What everybody must be able to do: with a screen reader, less motion, a slow line."""

import re

import pytest
from playwright.sync_api import Response, expect

from tests.e2e.conftest import MAP, MakeVisitor

pytestmark = pytest.mark.browser

#: Streamlit's own files, which its version decides and the browser keeps.
STREAMLIT = re.compile(r"/static/(js|css|media)/|/component/streamlit_folium|/_stcore/")


def test_what_a_screen_reader_is_told_on_find(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    page.get_by_role("combobox", name="Near").wait_for()
    told = page.locator('[data-testid="stMain"]').aria_snapshot()
    order = [
        'link "Find care"',
        "Procedure or condition",
        'combobox "Near"',
        'slider "Within 50 km',
        'radiogroup "Show first"',
        "Get help now",
        'link "112"',
        "First step",
        'heading "Epidural blood patch near Serzhong, Sarpang" [level=1]',
        "status",
        "Nobody has confirmed or reported this procedure in Bhutan.",
        'button "1. Central Regional Referral Hospital, Gelephu"',
        "Likely",
        'button "Download CSV"',
        'heading "What is an epidural blood patch?" [level=2]',
    ]
    assert not re.search(r"^\s*- paragraph$", told, re.MULTILINE)  # nothing empty is read out
    at = -1
    for words in order:
        found = told.find(words, at + 1)
        assert found > at, f"{words} is missing, or comes too early:\n{told}"
        at = found
    inside = page.frame_locator(MAP).locator("body").aria_snapshot()
    assert "Map of the list. Everything on it is in the list too." in inside
    assert 'button "1. Central Regional Referral Hospital, Gelephu: likely, about 12 km' in inside


def test_who_wants_less_motion_gets_none(visit: MakeVisitor) -> None:
    visitor = visit(reduced_motion="reduce")
    page = visitor.open()
    frame = next(f for f in page.frames if "streamlit_folium" in f.url)
    frame.evaluate(
        """() => {
            window.flights = 0;
            const fly = window.map.flyTo;
            window.map.flyTo = function (...said) {
                window.flights += 1;
                return fly.apply(this, said);
            };
        }"""
    )
    visitor.names.nth(1).click()
    expect(visitor.map.locator(".cr-selected")).to_have_text("2")
    visitor.settle()
    assert frame.evaluate("window.flights") == 0


def test_a_first_visit_on_a_phone_weighs_little_and_begins_with_the_list(
    visit: MakeVisitor,
) -> None:
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = visitor.page
    sizes: list[int] = []

    def weigh(response: Response | None) -> None:
        if response and not STREAMLIT.search(response.url) and response.ok:
            sizes.append(len(response.body()))

    page.on("requestfinished", lambda request: weigh(request.response()))
    visitor.open()
    assert sum(sizes) + visitor.received < 3_000_000
    expect(visitor.names.first).to_be_visible()
    expect(page.locator(MAP)).to_be_hidden()
    # Nothing empty stands where the map is hidden.
    listed, panel = (
        page.locator(f".{name}").bounding_box() for name in ("st-key-listed", "cr-panel")
    )
    assert panel["y"] - (listed["y"] + listed["height"]) < 100
    small = [
        box
        for button in page.get_by_role("button").all()
        if button.is_visible() and (box := button.bounding_box()) and box["height"] < 24
    ]
    assert small == []


def test_the_number_is_there_before_any_script_and_gone_with_the_list(visit: MakeVisitor) -> None:
    silent = visit(java_script_enabled=False).page
    visitor = visit()
    silent.goto(visitor.url + "/?procedure=haemodialysis")
    expect(silent.locator("#cr-first")).to_contain_text("Haemodialysis near you")
    expect(silent.get_by_role("link", name="112")).to_be_visible()
    page = visitor.open("/?procedure=haemodialysis")
    expect(page.locator("#cr-first")).to_have_count(0)
    page.goto(visitor.url + "/method")
    expect(page.locator("#cr-first")).to_have_count(0)
    page.goto(visitor.url + "/?story=nobody")
    expect(page.locator("#cr-first")).to_have_count(0)
