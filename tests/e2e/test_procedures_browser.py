"""The Procedures page and the leaflet as people see them, in Chromium."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import MakeVisitor, Visitor, href, soon

pytestmark = pytest.mark.browser


def open_page(visitor: Visitor, path: str) -> Page:
    visitor.page.goto(visitor.url + path)
    visitor.page.get_by_role("heading", level=1).first.wait_for()
    visitor.settle()
    return visitor.page


def test_the_first_visitor_of_a_fresh_server_may_follow_a_link(
    fresh_server: str, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto(fresh_server + "/procedures?procedure=colposcopy")
    expect(page.get_by_role("heading", level=1)).to_have_text("Colposcopy")
    expect(page.get_by_role("link", name="Find care")).to_be_visible()
    page.close()


def test_search_open_and_lead_back_with_everything_kept(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?near=Thimphu&radius_km=100")
    page.get_by_role("link", name="Procedures", exact=True).click()
    search = page.get_by_label("Search")
    search.fill("kidney dialysis")
    search.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Haemodialysis")
    visitor.settle()
    page.get_by_role("link", name="Find who does this near Thimphu").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Haemodialysis near Thimphu")
    soon(lambda: "radius_km=100" in href(page))


def test_links_within_a_page_change_the_address(visit: MakeVisitor) -> None:
    visitor = visit()
    page = open_page(visitor, "/procedures?q=womb")
    page.get_by_role("link", name="Colposcopy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Colposcopy")
    visitor.settle()
    soon(lambda: href(page).endswith("/procedures?procedure=colposcopy"))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Colposcopy")
    page.go_back()
    # For a moment the page that is left and the one that comes are both there.
    soon(
        lambda: page.get_by_role("heading", level=1).all_inner_texts(),
        ["Procedures and conditions"],
    )
    soon(lambda: href(page).endswith("/procedures?q=womb"))


def test_a_treatment_asked_for_on_find_stays(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?procedure=psoriasis&near=Thimphu")
    page.get_by_role("link", name="Light treatment for psoriasis").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Light treatment for psoriasis near Thimphu")
    visitor.settle()
    page.get_by_text("Nearest", exact=True).click()
    visitor.settle()
    expect(heading).to_have_text("Light treatment for psoriasis near Thimphu")


def test_the_leaflet_leads_back_to_the_list(visit: MakeVisitor) -> None:
    visitor = visit()
    page = open_page(visitor, "/?near=Thimphu&view=print")
    page.get_by_role("link", name="Back to the list").click()
    visitor.pins.first.wait_for()
    visitor.settle()
    expect(page.locator(".cr-leaflet")).to_have_count(0)
    soon(lambda: "view=print" not in href(page))


def test_a_footnote_opens_by_mouse_and_by_keyboard(visit: MakeVisitor) -> None:
    page = open_page(visit(), "/procedures?procedure=epidural-blood-patch")
    mark = page.locator(".cr-entry").get_by_role("button", name="Source 4", exact=True).first
    note = page.locator("#source-4")
    expect(note).to_be_hidden()
    mark.click()
    expect(note).to_be_visible()
    expect(note).to_contain_text("van Kooten")
    expect(note).to_contain_text("10.1136/jnnp.2007.122879")
    expect(note).to_contain_text("Supports: headache at 24 hours")
    note.get_by_role("button", name="Close").click()
    expect(note).to_be_hidden()
    mark.focus()
    page.keyboard.press("Enter")
    expect(note).to_be_visible()
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()


def test_questions_can_be_ticked_and_the_contents_lead_to_a_section(visit: MakeVisitor) -> None:
    page = open_page(visit(), "/procedures?procedure=colonoscopy")
    page.get_by_role("navigation", name="On this page").get_by_role(
        "link", name="Questions to ask"
    ).click()
    heading = page.get_by_role("heading", name="Questions to ask")
    expect(heading).to_be_in_viewport()
    box = page.get_by_role("checkbox", name="Could a stool test come first?")
    box.check()
    expect(box).to_be_checked()


@pytest.mark.parametrize("width", [390, 320])
def test_an_entry_and_the_cards_fit_a_phone(visit: MakeVisitor, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 800})
    for path in ("/procedures", "/procedures?procedure=knee-replacement"):
        page = open_page(visitor, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wide = page.evaluate(
            "[...document.querySelectorAll('.stMain *')].filter("
            f"e => e.getBoundingClientRect().right > {width + 1}).length"
        )
        assert wide == 0


def test_an_entry_that_is_opened_far_down_a_list_begins_at_its_top(visit: MakeVisitor) -> None:
    page = open_page(visit(viewport={"width": 390, "height": 700}), "/procedures")
    page.get_by_role("link", name="Knee replacement").click()
    page.locator(".cr-entry").wait_for()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    page.get_by_role("link", name="Knee arthritis").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Knee arthritis")
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


def test_options_stand_side_by_side_and_on_a_phone_below_one_another(visit: MakeVisitor) -> None:
    """Nothing is hidden at the side; on a phone every cell says whose it is."""
    for width, columns in ((1440, 4), (390, 1)):
        page = open_page(
            visit(viewport={"width": width, "height": 900}), "/procedures?procedure=colonoscopy"
        )
        table = page.get_by_role("table", name="Options side by side")
        row = table.get_by_role("row").filter(has_text="Chance of harm")
        cells = [cell.bounding_box() for cell in row.get_by_role("cell").all()]
        assert len({round(cell["x"]) for cell in cells if cell}) == columns
        assert all(cell and cell["x"] + cell["width"] <= width for cell in cells)
        named = row.get_by_role("cell").first.evaluate(
            "c => getComputedStyle(c, '::before').content"
        )
        assert (named == "none") == (columns > 1)


#: A browser's speech that says nothing, keeps what it was given, and ends when it is told to.
SPEECH = """
window.spoken = [];
let now = null;
window.finish = () => now && now.onend();
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => VOICES,
  speak(said) { now = said; window.spoken.push([said.text, said.voice.name]); },
  cancel() { now = null; },
  addEventListener() {},
} });
"""
FAR = '{ lang: "en-GB", localService: false, name: "far" }'
NEAR = '{ lang: "en-GB", localService: true, name: "near" }'


def test_an_entry_is_read_aloud_sentence_by_sentence_by_keyboard(visit: MakeVisitor) -> None:
    visitor = visit()
    visitor.context.add_init_script(SPEECH.replace("VOICES", f"[{FAR}, {NEAR}]"))
    page = open_page(visitor, "/procedures?procedure=colonoscopy")

    def spoken() -> list[list[str]]:
        return list(page.evaluate("spoken"))

    play = page.get_by_role("button", name="Read aloud")
    play.focus()
    page.keyboard.press("Enter")
    soon(lambda: spoken() == [["Colonoscopy", "near"]])
    page.evaluate("finish()")
    assert spoken()[-1][0].startswith("Get help now: 112 if, after the test,")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Next sentence
    assert spoken()[-1][0].startswith("While you drink the laxative")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # Previous sentence
    assert spoken()[-1][0].startswith("Get help now")
    page.get_by_role("button", name="Pause").click()
    page.evaluate("finish()")
    assert len(spoken()) == 4, "what is paused stays"
    page.get_by_role("button", name="Resume").click()
    soon(lambda: len(spoken()) == 5)
    for _ in range(400):
        page.evaluate("finish()")
        if len(spoken()) == 60:
            expect(page.get_by_role("button", name="Pause")).to_be_in_viewport()
    read = [text for text, _ in spoken()]
    assert "A thin, bendy tube with a camera goes in through your bottom." in read
    assert "Stool test (FIT): None" in read
    assert not any(re.search(r"[a-z]\.\d", text) for text in read), "footnotes are not read"
    expect(page.get_by_role("button", name="Next sentence")).to_be_hidden()
    expect(play).to_be_visible()


def test_no_text_is_given_to_a_voice_elsewhere(visit: MakeVisitor) -> None:
    visitor = visit()
    visitor.context.add_init_script(SPEECH.replace("VOICES", f"[{FAR}]"))
    page = open_page(visitor, "/procedures?procedure=colonoscopy")
    page.get_by_role("button", name="Read aloud").click()
    expect(page.get_by_text("This device has no English voice of its own")).to_be_visible()
    assert page.evaluate("spoken") == []


def test_the_leaflet_is_one_page_on_a4_and_letter(visit: MakeVisitor) -> None:
    # Of every entry: `test_offline_browser`, which prints the same without a server.
    visitor = visit()
    for slug, place in (("psoriasis", "Thimphu"), ("epidural-blood-patch", "Serzhong, Sarpang")):
        visitor.page.goto(f"{visitor.url}/?procedure={slug}&near={place}&view=print")
        visitor.page.locator(".cr-leaflet footer").wait_for()
        for paper in ("A4", "Letter"):
            assert pages_of(visitor.page.pdf(format=paper)) == 1, (slug, place, paper)


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_large_print_has_no_small_letter(visit: MakeVisitor) -> None:
    visitor = visit()
    page = open_page(visitor, "/?procedure=colonoscopy&near=Thimphu&view=print")
    page.get_by_role("link", name="Large print").click()
    page.locator(".cr-large").wait_for()
    page.emulate_media(media="print")
    smallest = page.locator(".cr-large").evaluate(
        """sheet => {
          const walker = document.createTreeWalker(sheet, NodeFilter.SHOW_TEXT), found = [];
          for (let node = walker.nextNode(); node; node = walker.nextNode())
            if (node.data.trim() && node.parentElement.checkVisibility())
              found.push(parseFloat(getComputedStyle(node.parentElement).fontSize));
          return Math.min(...found);
        }"""
    )
    assert smallest * 72 / 96 >= 17.9, "points"
    page.emulate_media(media="screen")
    page.get_by_role("link", name="One-page leaflet").click()
    expect(page.locator(".cr-large")).to_have_count(0)
    assert "view=print" in href(page)


def test_an_easy_read_sheet_is_led_to_and_each_sentence_has_its_pictogram(
    visit: MakeVisitor,
) -> None:
    visitor = visit()
    page = open_page(visitor, "/procedures?procedure=snakebite")
    page.get_by_role("link", name="Easy read").click()
    sheet = page.locator(".cr-easy")
    expect(sheet.locator("> ul > li").first).to_contain_text("Move away from the snake")
    loaded = "img => img.decode().then(() => img.naturalWidth)"
    pictures = sheet.locator("img").all()
    assert len(pictures) >= 10
    assert all(picture.evaluate(loaded) for picture in pictures)
    assert "view=easy" in href(page)
    page.get_by_role("link", name="One-page leaflet").click()
    expect(sheet).to_have_count(0)


def test_without_colours_the_leaflet_still_shows_its_numbers(visit: MakeVisitor) -> None:
    visitor = visit()
    page = open_page(visitor, "/?near=Thimphu&view=print")
    expect(page.locator(".cr-leaflet .cr-short dd").first).to_contain_text("84 of 100 people")
    page = open_page(visitor, "/?procedure=primary-care&near=Thimphu&view=print")
    page.emulate_media(media="print")
    expect(page.locator(".cr-leaflet .cr-bar strong").first).to_have_text("Visits: 3 of 100")
    dot = page.locator(".cr-leaflet .cr-dots i").first
    assert "rgb(0, 0, 0)" in dot.evaluate("e => getComputedStyle(e).backgroundImage")
    assert dot.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
