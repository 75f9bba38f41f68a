"""The Find page as a person meets it."""

import csv
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import HOSTILE, MAP, MakeVisitor, Visitor, href, soon

pytestmark = pytest.mark.browser

CRRH = "survey:central-regional-referral-hospital-gelephu"
SARPANG = "survey:sarpang-hospital"
DEEP = f"/?procedure=epidural-blood-patch&near=Serzhong, Sarpang&radius_km=60&provider={SARPANG}"


def address(page: Page) -> dict[str, str]:
    return {key: value[0] for key, value in parse_qs(urlsplit(href(page)).query).items()}


def pressed(visitor: Visitor) -> list[str]:
    ids: list[str] = visitor.page.locator("button.name[aria-pressed=true]").evaluate_all(
        "all => all.map(b => b.dataset.id)"
    )
    return ids


def test_a_first_visit_shows_list_and_map(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    expect(page).to_have_title("Epidural blood patch near Serzhong, Sarpang · CareReach")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Epidural blood patch near Serzhong, Sarpang"
    )
    assert sorted(visitor.pins.all_inner_texts()) == [str(n) for n in range(1, 7)]
    soon(lambda: visitor.names.count(), 6)
    soon(lambda: address(page), {})
    land = visitor.map.locator("path.leaflet-interactive, .leaflet-land-pane path")
    assert land.count() >= 2


def test_selecting_a_row_goes_to_its_marker_and_into_the_address(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    visitor.names.nth(1).click()
    visitor.settle()
    soon(lambda: address(page).get("provider"), SARPANG)
    soon(lambda: pressed(visitor), [SARPANG])
    expect(visitor.map.locator(".cr-selected")).to_have_text("2")

    def in_the_middle() -> bool:
        frame = page.locator(MAP).bounding_box()
        pin = visitor.map.locator(".cr-selected").bounding_box()
        off = pin["x"] + pin["width"] / 2 - frame["x"] - frame["width"] / 2
        return bool(abs(off) < 12)

    soon(in_the_middle)


def test_clicking_a_marker_selects_its_row(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    visitor.pins.filter(has_text="5").click()
    visitor.settle()
    chosen = visitor.names.nth(4).get_attribute("data-id")
    soon(lambda: pressed(visitor), [chosen])
    soon(lambda: address(page).get("provider"), chosen)


def test_clicking_elsewhere_sets_the_place(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open(DEEP)
    frame = page.locator(MAP).bounding_box()
    page.mouse.click(frame["x"] + frame["width"] * 0.7, frame["y"] + frame["height"] * 0.35)
    visitor.settle()
    page.wait_for_timeout(400)
    near = address(page)["near"]
    assert re.fullmatch(r"2[678]\.\d+, 9\d\.\d+", near)
    soon(lambda: "provider" not in address(page))
    expect(page.get_by_role("heading", level=1)).to_contain_text(near)


def test_use_my_location(visit: MakeVisitor) -> None:
    visitor = visit(
        geolocation={"latitude": 27.47, "longitude": 89.64}, permissions=["geolocation"]
    )
    page = visitor.open()
    visitor.map.get_by_role("button", name="Use my location").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("27.47, 89.64")
    visitor.settle()
    near = page.get_by_label("Near", exact=True)
    near.fill("Trongsa")
    near.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("near Trongsa")
    visitor.settle()
    visitor.map.get_by_role("button", name="Use my location").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("27.47, 89.64")


def test_a_refused_location_is_said(visit: MakeVisitor) -> None:
    visitor = visit(permissions=[])
    visitor.open()
    visitor.map.get_by_role("button", name="Use my location").click()
    expect(visitor.map.get_by_role("status")).to_contain_text("Type a place instead")


def test_two_facilities_at_one_point_are_both_reachable(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?near=Thimphu&radius_km=10")
    ids = [visitor.names.nth(i).get_attribute("data-id") for i in range(2)]
    assert {i.split(":")[0] for i in ids} == {"survey", "press"}
    for number, wanted in zip(("1", "2"), ids, strict=True):
        visitor.pins.get_by_text(number, exact=True).click()
        visitor.settle()
        page.wait_for_timeout(700)
        soon(lambda: address(page).get("provider"), wanted)


def test_reload_back_page_switch_and_link_restore_the_view(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open(DEEP)
    soon(lambda: pressed(visitor), [SARPANG])
    page.reload()
    visitor.pins.first.wait_for()
    visitor.settle()
    soon(lambda: pressed(visitor), [SARPANG])
    visitor.names.nth(0).click()
    visitor.settle()
    soon(lambda: pressed(visitor), [CRRH])
    page.go_back()
    visitor.settle()
    soon(lambda: pressed(visitor), [SARPANG])
    soon(lambda: address(page).get("radius_km"), "60")
    page.get_by_role("link", name="Procedures").click()
    expect(page).to_have_title("Procedures · CareReach")
    page.get_by_role("link", name="Find care").click()
    visitor.pins.first.wait_for()
    visitor.settle()
    soon(lambda: pressed(visitor), [SARPANG])
    soon(lambda: address(page).get("radius_km"), "60")
    page.get_by_role("link", name="Full text with all sources").click()
    expect(page).to_have_title("Epidural blood patch · CareReach")
    page.get_by_role("link", name="Find who does this near").click()
    visitor.pins.first.wait_for()
    visitor.settle()
    soon(lambda: pressed(visitor), [SARPANG])


def test_after_a_page_switch_the_first_marker_click_counts(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    visitor.pins.filter(has_text="5").click()
    visitor.settle()
    page.get_by_role("link", name="Procedures").click()
    expect(page).to_have_title("Procedures · CareReach")
    page.get_by_role("link", name="Find care").click()
    visitor.pins.first.wait_for()
    visitor.settle()
    visitor.pins.filter(has_text="2").click()
    visitor.settle()
    soon(lambda: pressed(visitor), [SARPANG])


def said(alert: Locator) -> str:
    """What a reader sees of a message; word joiners keep Streamlit from making links of it."""
    return str(alert.inner_text()).replace("\u2060", "")


def test_an_address_brings_no_picture_from_elsewhere(visit: MakeVisitor) -> None:
    visitor = visit()
    picture = "![x](https://example.org/p.png)"
    page = visitor.open(f"/?near={picture}&procedure={picture}&provider={picture}&pack={picture}")
    soon(lambda: page.get_by_role("alert").count(), 4)
    page.get_by_role("link", name="Procedures").click()
    visitor.settle()
    page.goto(f"{visitor.url}/procedures?procedure={picture}")
    soon(lambda: picture in said(page.get_by_role("alert").first))


def test_markers_stay_near_their_place(visit: MakeVisitor) -> None:
    visitor = visit()
    visitor.open("/?radius_km=500&near=Trongsa")
    frame = next(f for f in visitor.page.frames if "streamlit_folium" in f.url)
    shifts = frame.evaluate(
        """() => [...Object.values(window.map._layers)].filter(l => l.options && l.options.crText)
            .map(l => l.options.icon.options.iconAnchor.map(a => Math.abs(a - 14)))"""
    )
    assert len(shifts) > 20
    assert max(max(shift) for shift in shifts) <= 30


def test_from_abroad_nothing_is_undefined(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?near=51.5, -0.1")
    assert visitor.names.count() > 0
    expect(page.get_by_text("undefined")).to_have_count(0)


def test_a_link_to_a_selection_begins_with_the_red_flags(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open(DEEP)
    page.wait_for_timeout(800)
    assert page.locator(".cr-flags").bounding_box()["y"] > 0


def test_the_map_stays_in_sight_beside_a_long_list(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?near=Trongsa&radius_km=300")
    visitor.names.last.click()
    visitor.settle()
    page.wait_for_timeout(800)
    frame = page.locator(MAP).bounding_box()
    assert 0 <= frame["y"] < 300


def test_which_serzhong(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    near = page.get_by_label("Near", exact=True)
    near.fill("Serzhong")
    near.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Which Serzhong?")
    page.get_by_role("button", name="Serzhong, Mongar (village)").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("near Serzhong, Mongar")
    visitor.settle()
    page.get_by_role("button", name="Not the Serzhong in Sarpang?").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("near Serzhong, Sarpang")


def test_places_are_suggested_by_keyboard_and_nothing_jumps(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    near = page.get_by_role("combobox", name="Near")
    before = page.get_by_role("heading", level=1).bounding_box()
    near.press("Control+a")
    near.press_sequentially("serz", delay=30)
    listed = page.get_by_role("listbox", name="Places")
    expect(listed.get_by_role("option")).to_have_text(
        ["Serzhong, Sarpang gewog", "Serzhong, Mongar village"]
    )
    expect(near).to_have_attribute("aria-expanded", "true")
    assert page.get_by_role("heading", level=1).bounding_box() == before
    assert visitor.violations() == []
    near.press("Escape")
    expect(listed).to_be_hidden()
    assert near.input_value() == "serz"
    near.press_sequentially("h", delay=30)
    expect(listed).to_be_visible()
    near.press("ArrowUp")
    expect(listed.get_by_role("option", selected=True)).to_have_text("Serzhong, Mongar village")
    near.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("near Serzhong, Mongar")
    expect(near).to_have_value("Serzhong, Mongar")
    expect(near).to_be_focused()
    expect(listed).to_be_hidden()
    # What is shown already, chosen again, leaves no half word in the box.
    near.press("Control+a")
    near.press_sequentially("serzhong, mon", delay=30)
    expect(listed).to_be_visible()
    near.press("ArrowDown")
    near.press("Enter")
    expect(near).to_have_value("Serzhong, Mongar")


def test_places_are_suggested_though_the_text_boxes_come_last(visit: MakeVisitor) -> None:
    visitor = visit()
    script = re.compile(r"/static/js/TextInput\.")

    def late(route: Route) -> None:
        visitor.page.get_by_role("listbox", include_hidden=True).first.wait_for(state="attached")
        route.continue_()

    visitor.page.route(script, late)
    page = visitor.open()
    near = page.get_by_role("combobox", name="Near")
    near.fill("serz")
    expect(page.get_by_role("listbox", name="Places").get_by_role("option")).to_have_count(2)


def test_a_suggestion_is_chosen_with_a_finger_and_hostile_names_are_text(
    visit: MakeVisitor,
) -> None:
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = visitor.open("/?pack=hostile&near=Thimphu")
    near = page.get_by_role("combobox", name="Near")
    near.tap()
    near.fill("<script")
    option = page.get_by_role("option")
    expect(option).to_have_text([f"{HOSTILE}, Gelephu hospital or practice"])
    box = option.bounding_box()
    assert box["height"] >= 44
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    option.tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"near {HOSTILE}, Gelephu")


def test_unknown_place_and_procedure_keep_the_page(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    near = page.get_by_label("Near", exact=True)
    near.fill("Xyzzy")
    near.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No place called “Xyzzy”")
    visitor.settle()
    expect(page.get_by_role("alert")).to_contain_text("No place called “Xyzzy”")
    soon(lambda: visitor.names.count(), 6)
    what = page.get_by_role("combobox", name="Procedure or condition")
    what.click()
    what.fill("pink disease")
    what.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("pink disease")


def test_a_synonym_finds_the_procedure(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?procedure=psoriasis&near=Thimphu")
    what = page.get_by_role("combobox", name="Procedure or condition")
    what.click()
    what.fill("spinal headache")
    what.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Headache after a spinal or epidural near Thimphu"
    )
    page.get_by_role("link", name="Find who does this near here: Epidural blood patch").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Epidural blood patch near Thimphu"
    )


def test_the_slider_keeps_frame_and_zoom_and_sends_little(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    frame = next(f for f in page.frames if "streamlit_folium" in f.url)
    frame.evaluate("window.kept = true; window.map.setZoom(10, {animate: false})")
    page.wait_for_timeout(400)
    slider = page.get_by_role("slider")
    slider.focus()
    for number, radius in enumerate(("60", "75", "100", "75")):
        visitor.received = 0
        slider.press("ArrowRight" if number < 3 else "ArrowLeft")
        expect(page.get_by_role("slider")).to_be_focused()
        visitor.settle()
        soon(lambda: address(page).get("radius_km"), radius)
        assert visitor.received <= 60_000
    assert frame.evaluate("window.kept && window.map.getZoom()") == 10
    soon(lambda: visitor.names.count(), visitor.pins.count())


def test_everything_works_by_keyboard(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    visitor.names.nth(1).focus()
    page.keyboard.press("Enter")
    visitor.settle()
    soon(lambda: pressed(visitor), [SARPANG])
    expect(visitor.names.nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    focused = page.evaluate(
        """() => {
            let e = document.activeElement;
            while (e.shadowRoot) e = e.shadowRoot.activeElement;
            return e.tagName;
        }"""
    )
    assert focused in ("A", "SUMMARY")
    # The map draws the choice and flies to it; a marker drawn anew would lose the focus.
    expect(visitor.pins.filter(has_text="2")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1500)
    visitor.pins.filter(has_text="1").focus()
    page.keyboard.press("Enter")
    visitor.settle()
    soon(lambda: pressed(visitor), [CRRH])
    more = page.get_by_role("button", name="More choices")
    more.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="in a straight line")).to_be_visible()
    page.get_by_role("radio", name="by road").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("within 50 km in a straight line.")).to_be_visible()
    soon(lambda: address(page).get("measure"), "straight")


def test_every_page_leads_to_method_and_privacy(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    for path in ("/", "/procedures", "/coverage", "/stories", "/data"):
        page.goto(visitor.url + path)
        page.get_by_role("heading", level=1).wait_for()
        visitor.settle()
        page.get_by_role("link", name="Method, privacy and how to report an error").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Method and privacy")
    # What the page says of cookies holds: none that would know somebody again.
    assert {cookie["name"] for cookie in visitor.context.cookies()} <= {"_streamlit_xsrf"}


def test_a_phone_can_call_and_open_a_map_app(visit: MakeVisitor) -> None:
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = visitor.open()
    maps = page.get_by_role("link", name="Open in maps").first
    expect(maps).to_be_visible()
    name = r"\(Central%20Regional%20Referral%20Hospital%2C%20Gelephu\)"
    href = maps.get_attribute("href")
    assert re.fullmatch(r"geo:(2\d\.\d+,9\d\.\d+)\?q=\1" + name, href)
    apples = visit(user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)")
    of_apple = apples.open().locator("a.maps").first.get_attribute("href")
    assert re.fullmatch(r"maps://\?ll=2\d\.\d+,9\d\.\d+&q=Central%20Regional.*", of_apple)
    assert maps.bounding_box()["height"] >= 44
    assert page.get_by_role("link", name=re.compile("^Call")).count() == 0
    visitor.open("/?pack=doctors&procedure=hospital-care&near=60.17, 24.94")
    call = page.get_by_role("link", name="Call +358 40 1234567").first
    assert call.get_attribute("href") == "tel:+358401234567"
    assert call.bounding_box()["height"] >= 44


def test_a_hostile_name_is_only_text(visit: MakeVisitor, tmp_path: Path) -> None:
    visitor = visit(accept_downloads=True)
    page = visitor.open("/?pack=hostile&near=Serzhong, Sarpang")
    assert visitor.names.first.text_content() == "1. " + HOSTILE
    visitor.pins.filter(has_text="1").hover()
    tip = visitor.map.locator(".leaflet-tooltip")
    assert tip.text_content().startswith(f"1. {HOSTILE}: likely")
    visitor.pins.filter(has_text="1").click()
    visitor.settle()
    soon(lambda: address(page).get("provider"), CRRH)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    path = tmp_path / "list.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["name"] == HOSTILE
    page.goto(visitor.url + "/?pack=hostile&near=Serzhong, Sarpang&view=print")
    expect(page.locator(".cr-leaflet .cr-sheet ol > li > strong").first).to_have_text(HOSTILE)


def test_the_print_view_is_only_what_belongs_on_paper(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open()
    href = page.get_by_role("link", name="Print leaflet").get_attribute("href")
    page.goto(visitor.url + "/" + href.removeprefix("/"))
    page.locator(".cr-leaflet").wait_for()
    page.emulate_media(media="print")
    expect(page.locator(".cr-leaflet")).to_contain_text("Near Serzhong, Sarpang")
    expect(page.get_by_role("link", name="Procedures")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    soon(lambda: page.get_by_role("combobox").count(), 0)


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_flags_list_map_panel_and_no_sideways_scroll(
    visit: MakeVisitor, width: int
) -> None:
    visitor = visit(viewport={"width": width, "height": 844})
    page = visitor.open()
    tops = [
        page.locator(place).first.bounding_box()["y"]
        for place in (".cr-flags", ".cr-first", "button.name", ".cr-panel")
    ]
    assert tops == sorted(tops)
    expect(page.locator(MAP)).to_be_hidden()
    # Folded to two lines, the number above them; one touch shows all.
    assert page.locator(".cr-flags summary span").bounding_box()["height"] < 60
    expect(page.get_by_role("link", name="112").first).to_be_visible()
    assert min(row.bounding_box()["height"] for row in page.locator("li.row").all()) <= 170
    page.get_by_role("radio", name="Map").click()
    expect(page.locator(MAP)).to_be_visible()
    expect(visitor.names.first).to_be_hidden()
    visitor.settle()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.stMainBlockContainer *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1
                         && getComputedStyle(e).position !== 'absolute'
                         && e.getBoundingClientRect().width > 0)
            .map(e => e.className || e.tagName)"""
    )
    assert wide == []


def test_what_an_address_says_is_shown_as_text(visit: MakeVisitor) -> None:
    typed = (
        "http://evil.example/x.png www.evil.example :streamlit: -> >= == $x$ :red[a] a@evil.example"
    )
    visitor = visit()
    page = visitor.open(f"/?near=Thimphu&order={quote(typed + chr(10) + '===')}")
    alert = page.get_by_role("alert").first
    assert f"{typed} ===" in said(alert)
    assert alert.locator("a, img, h1, h2").count() == 0


MANY = "/?pack=us&procedure=hospital-care&near=New York City&radius_km=300"


def test_the_map_has_those_who_are_not_listed(visit: MakeVisitor) -> None:
    visitor = visit()
    asked: list[str] = []
    visitor.page.on("request", lambda r: asked.append(r.url) if "/in-view?" in r.url else None)
    page = visitor.open(MANY)
    expect(page.locator(".cr-head")).to_contain_text("The map shows the others too.")
    sums = visitor.map.locator(".cr-sum")
    sums.first.wait_for()
    shown = sum(int(words.removeprefix("+")) for words in sums.all_inner_texts())
    assert 200 < shown < 1000
    assert not any(words in visitor.map.locator("body").inner_text() for words in ("NaN", "undef"))
    first = len(asked)
    frame = next(frame for frame in page.frames if "streamlit_folium" in frame.url)
    # The page's script does not run for it, and the list stays.
    frame.evaluate("window.map.setView([41.6, -72.8], 9.5, { animate: false })")
    spots = visitor.map.locator(".cr-spot")
    spots.first.wait_for()
    soon(lambda: sums.count(), 0)
    assert len(asked) == first + 1
    assert visitor.names.count() >= 100
    spots.first.hover(force=True)
    expect(visitor.map.locator(".leaflet-tooltip")).to_contain_text("Click to search from here")
    spots.first.click(force=True)
    soon(lambda: address(page)["near"].startswith("41."))
    assert "provider" not in address(page)


def test_the_map_asks_for_nobody_where_all_are_listed_or_filters_are_on(visit: MakeVisitor) -> None:
    visitor = visit()
    asked: list[str] = []
    visitor.page.on("request", lambda r: asked.append(r.url) if "/in-view?" in r.url else None)
    visitor.open(DEEP)
    visitor.open(f"{MANY}&emergency=yes")
    visitor.page.wait_for_timeout(1000)
    assert asked == []


def test_the_map_stands_where_the_others_cannot_be_had(visit: MakeVisitor) -> None:
    visitor = visit()
    visitor.page.route("**/in-view?*", lambda route: route.fulfill(status=503, body="away"))
    visitor.open(MANY)
    visitor.page.wait_for_timeout(1000)
    assert visitor.map.locator(".cr-more").count() == 0
    assert visitor.pins.count() > 50
