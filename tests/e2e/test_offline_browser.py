"""Reports as people keep them: one file, opened from a disk without a network, and printed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Search, find_care
from geo.care.library import LIBRARY
from geo.coverage import coverage as cover
from geo.coverage.calls import find_calls
from geo.coverage.siting import find_sites
from geo.output import maps, reports
from geo.output.answer_text import answer_rows
from geo.output.coverage_map import coverage_map
from geo.packs.gazetteer import find_place
from geo.packs.pack import open_pack
from tests.conftest import TODAY
from tests.e2e.conftest import HOSTILE, MakeVisitor

pytestmark = pytest.mark.browser


@pytest.fixture
def disk(browser: Browser) -> object:
    """A browser without a network, which remembers what must not happen."""
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 1000})
    page = context.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.fixture
def paper(browser: Browser) -> Iterator[Page]:
    """What is printed needs no script: a map is not on paper, its picture is."""
    context = browser.new_context(offline=True, java_script_enabled=False)
    yield context.new_page()
    context.close()


def pages_of(page: Page, paper: str) -> int:
    pdf = page.pdf(format=paper)
    return int(pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page "))


def test_the_page_of_find_is_taken_along(visit: MakeVisitor, disk: Page, tmp_path: Path) -> None:
    visitor = visit(accept_downloads=True)
    page = visitor.open("/?pack=hostile&near=Serzhong, Sarpang")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download page for offline").click()
    path = tmp_path / "page.html"
    download.value.save_as(path)
    disk.goto(path.as_uri())
    expect(disk.locator(".cr-pin")).to_have_count(visitor.names.count())
    expect(disk.get_by_text(HOSTILE).first).to_be_visible()
    expect(disk.locator("path.leaflet-interactive, .leaflet-land-pane path").first).to_be_attached()
    assert path.stat().st_size < 600_000
    disk.set_viewport_size({"width": 320, "height": 700})
    assert disk.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_reports_of_coverage_are_taken_along(
    visit: MakeVisitor, disk: Page, tmp_path: Path
) -> None:
    visitor = visit(accept_downloads=True)
    page = visitor.page
    page.goto(visitor.url + "/coverage?procedure=haemodialysis")
    page.get_by_role("heading", name="Where in Bhutan").wait_for()
    visitor.settle()
    page.get_by_role("radio", name="Download").click()
    visitor.settle()
    for label, wanted in (
        ("Report for analysts", "How to cite"),
        ("One page for decision makers", "Who verified what"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        disk.goto(path.as_uri())
        expect(disk.get_by_role("heading", name=wanted)).to_be_visible()
        expect(disk.get_by_text("58 % of 727,145 people").first).to_be_visible()
        expect(disk.locator("#map canvas").first).to_be_attached()
        disk.emulate_media(media="print")
        expect(disk.locator("#map")).to_be_hidden()
        expect(disk.locator(".picture svg").first).to_be_visible()
        disk.emulate_media(media="screen")


@pytest.mark.parametrize("slug", sorted(path.stem for path in LIBRARY.glob("*.md")))
def test_what_a_patient_prints_is_one_page(
    paper: Page, library: dict[str, Procedure], tmp_path: Path, slug: str
) -> None:
    pack = open_pack("bhutan")
    for near in ("Serzhong, Sarpang", "Thimphu"):
        place = find_place(pack.places, near).place
        assert place is not None
        answer = find_care(assess_pack(pack, library[slug], TODAY), place, Search(50))
        path = tmp_path / "page.html"
        path.write_text(
            reports.patient_report(answer, maps.SearchMap.of(answer, answer_rows(answer)), TODAY),
            "utf-8",
        )
        paper.goto(path.as_uri())
        for size in ("A4", "Letter"):
            assert pages_of(paper, size) == 1, (near, size)


@pytest.mark.parametrize(
    ("pack", "slug", "within"),
    [
        ("bhutan", "epidural-blood-patch", 50),
        ("bhutan", "haemodialysis", 50),
        ("us", "hospital-care", 30),
    ],
)
def test_what_somebody_who_decides_prints_is_one_page(
    paper: Page, library: dict[str, Procedure], tmp_path: Path, pack: str, slug: str, within: float
) -> None:
    data = open_pack(pack)
    found = cover.measure_coverage(
        cover.supply_pack(assess_pack(data, library[slug], TODAY)), within
    )
    drawn = coverage_map(found)
    assert drawn.places
    html = reports.decision_report(found, find_calls(found), find_sites(found, 2), drawn)
    path = tmp_path / "page.html"
    path.write_text(html, "utf-8")
    paper.goto(path.as_uri())
    for size in ("A4", "Letter"):
        assert pages_of(paper, size) == 1, size
