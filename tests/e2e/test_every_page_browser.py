"""What holds on every page: nothing for axe to find, narrow and zoomed screens, the keyboard.

Each page is opened once, and looked at in several ways.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/?provider=survey:central-regional-referral-hospital-gelephu&radius_km=60",
    "/?radius_km=3",
    "/?near=Serzhong",
    "/?near=Thimphu&view=print",
    "/?near=Thimphu&view=easy",
    "/?story=headache-in-serzhong&near=Serzhong, Sarpang&step=2",
    "/coverage?region=BT08",
    "/procedures",
    "/procedures?procedure=epidural-blood-patch",
    "/procedures?procedure=psoriasis",
    "/stories",
    "/data",
    "/method",
]


@pytest.fixture(scope="module", params=PAGES)
def shown(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Visitor]:
    """A page that is there, whole; it has met no error and has not left the machine."""
    visitor = Visitor(browser, server)
    visitor.page.goto(visitor.url + request.param)
    visitor.page.get_by_role("heading", level=1).first.wait_for()
    visitor.settle()
    yield visitor
    visitor.context.close()
    assert visitor.errors == []
    assert visitor.outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_that_we_can_change(shown: Visitor, width: int, scheme: Any) -> None:
    shown.page.set_viewport_size({"width": width, "height": 900})
    shown.page.emulate_media(color_scheme=scheme)
    assert shown.violations() == []
    app = shown.page.locator(".stApp").first
    assert app.evaluate("e => getComputedStyle(e).colorScheme") == scheme


# 1280 points wide at 200 % are 640.
@pytest.mark.parametrize("width", [320, 390, 640])
def test_nothing_is_wider_than_a_narrow_or_zoomed_screen(shown: Visitor, width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 600})
    shown.settle()
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_controls_that_have_a_name_and_a_focus_to_see(shown: Visitor) -> None:
    page = shown.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    shown.settle()
    page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => {
                    let e = document.activeElement;
                    while (e.shadowRoot && e.shadowRoot.activeElement) {
                        e = e.shadowRoot.activeElement;
                    }
                    const around = [e.closest("[data-baseweb]"), e.closest("label")];
                    const near = [e, e.parentElement, ...e.children, ...around].filter(Boolean);
                    const look = () => near.map((x) => [null, "::before", "::after"].map((part) => {
                        const s = getComputedStyle(x, part);
                        return [s.outline, s.boxShadow, s.borderColor, s.backgroundColor].join();
                    }).join()).join();
                    const focused = look();
                    e.blur();
                    const shown = look() !== focused;
                    e.focus();
                    const name = e.getAttribute("aria-label") || e.innerText || e.title
                        || (e.labels && e.labels[0] && e.labels[0].innerText)
                        || e.getAttribute("aria-labelledby") || "";
                    return [e.tagName, name.trim(), shown];
                }"""
            )
        )
    reached = [step for step in seen if step[0] != "BODY"]
    assert len({(tag, name) for tag, name, _ in reached}) >= 6
    assert [step for step in reached if step[0] != "IFRAME" and not step[1]] == []
    assert [step for step in reached if not step[2]] == []
