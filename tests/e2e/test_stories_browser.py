"""Every step of every story, walked as a listener meets it."""

import re

import pytest
from playwright.sync_api import expect

from geo.output.stories import BOLD, STORIES, read_stories
from tests.e2e.conftest import MAP, MakeVisitor, href, soon

pytestmark = pytest.mark.browser

FOUND, PROBLEMS = read_stories(STORIES)
#: All that can be read on a page without the story's own bar, shadow roots included.
TEXT = """() => {
    const read = (node) => {
        if (node.nodeType === Node.TEXT_NODE) return node.textContent;
        if (node.classList && node.classList.contains("st-key-story")) return "";
        if (["STYLE", "SCRIPT"].includes(node.nodeName)) return "";
        const below = [...node.childNodes, ...(node.shadowRoot ? node.shadowRoot.childNodes : [])];
        return below.map(read).join(" ");
    };
    return read(document.body);
}"""


def spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_all_stories_can_be_read() -> None:
    assert PROBLEMS == ()
    assert len(FOUND) == 6


@pytest.mark.parametrize("slug", FOUND)
def test_every_step_is_its_page_and_its_figures_are_on_it(visit: MakeVisitor, slug: str) -> None:
    visitor, story = visit(viewport={"width": 1440, "height": 1200}), FOUND[slug]
    page = visitor.page
    page.goto(f"{visitor.url}/stories?story={slug}")
    for number, step in enumerate(story.steps, 1):
        expect(
            page.get_by_text(f"{story.title} · step {number} of {len(story.steps)}")
        ).to_be_visible()
        visitor.settle()
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_test_id("stAlert").count() == 0, step.title
        assert page.locator(".st-key-story").bounding_box()["y"] >= 0, step.title
        if step.page in ("find", "coverage") and "view" not in step.address:
            seen = page.frame_locator(MAP).locator(".cr-pin, canvas.leaflet-zoom-animated")
            expect(seen.first).to_be_attached()
        wanted = BOLD.findall(step.text)
        assert wanted, f"{step.title}: nothing in the text can be checked"

        def missing(wanted: list[str] = wanted) -> list[str]:
            text = spaced(page.evaluate(TEXT))
            return [words for words in wanted if spaced(words) not in text]

        soon(missing, [])
        for key, value in step.address.items():
            soon(lambda key=key: f"{key}=" in href(page))  # type: ignore[misc]
            assert value
        if number < len(story.steps):
            page.keyboard.press("PageDown")


def test_a_story_is_left_to_explore_and_found_again(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(visitor.url + "/stories?story=headache-in-serzhong&step=3")
    visitor.pins.first.wait_for()
    visitor.settle()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("step 2 of 5")).to_be_visible()
    visitor.settle()
    visitor.names.nth(1).click()
    expect(page.get_by_role("button", name="Show this step again")).to_be_visible()
    soon(lambda: "step=2" in href(page))
    page.get_by_role("button", name="Show this step again").click()
    expect(page.get_by_role("button", name="Show this step again")).to_have_count(0)
    # In a text box the arrow keys stay with the text.
    page.get_by_label("Near", exact=True).focus()
    page.keyboard.press("ArrowRight")
    visitor.settle()
    expect(page.get_by_text("step 2 of 5")).to_be_visible()
    page.get_by_role("button", name="Present", exact=True).click()
    expect(page.get_by_role("link", name="Coverage")).to_be_hidden()
    soon(lambda: "present=yes" in href(page))
    page.get_by_role("button", name="Leave presenter mode").click()
    expect(page.get_by_role("link", name="Coverage")).to_be_visible()
    page.get_by_role("button", name="Leave the story").click()
    expect(page.get_by_text("step 2 of 5")).to_have_count(0)
    soon(lambda: "story" not in href(page))
    assert visitor.names.count() > 0


def test_nonsense_in_the_link_is_one_sentence(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?story=nobody")
    expect(page.get_by_role("alert")).to_contain_text("There is no story called “nobody”")
    page.goto(visitor.url + "/?story=which-call&step=99")
    expect(page.get_by_role("alert").first).to_contain_text("“99” is not a step of this story")
    page.goto(visitor.url + "/stories?story=nobody")
    expect(page.get_by_role("alert")).to_contain_text("There is no story called “nobody”")
    expect(page.get_by_role("link", name="Who in Bhutan is far from dialysis?")).to_be_visible()
