"""The Data page and the filters as people see them, in Chromium."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import MAP, MakeVisitor, href, soon
from tests.sources.tables import nasty

pytestmark = pytest.mark.browser


def test_a_file_is_brought_looked_at_imported_searched_and_removed(
    visit: MakeVisitor, tmp_path: Path
) -> None:
    visitor = visit()
    page = visitor.page
    path = tmp_path / "unknown.txt"
    nasty(path, rows=150)
    page.goto(visitor.url + "/data")
    page.get_by_role("heading", name="Bring your own").wait_for()
    visitor.settle()
    page.locator("input[type=file]").set_input_files(path)
    expect(
        page.get_by_text("latitude and longitude were swapped in the whole file")
    ).to_be_visible()
    expect(page.frame_locator(MAP).locator("canvas").first).to_be_visible()
    assert visitor.violations() == []
    page.get_by_label("Name of the pack").fill("batch")
    page.get_by_label("Name of the pack").press("Tab")
    visitor.settle()
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    page.get_by_role("textbox", name="Country", exact=True).fill("Nowhere")
    page.get_by_role("textbox", name="Country", exact=True).press("Tab")
    visitor.settle()
    page.get_by_role("textbox", name="Emergency number").fill("112")
    page.get_by_role("textbox", name="Emergency number").press("Tab")
    visitor.settle()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported into the pack batch.")).to_be_visible()
    page.get_by_role("link", name="Search it").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("near")
    visitor.pins.first.wait_for()
    soon(lambda: "pack=batch" in href(page))
    page.goto(visitor.url + "/data?pack=batch")
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove it now").click()
    expect(page.get_by_text("The pack batch is removed.")).to_be_visible()


def test_a_file_that_is_no_table_gets_one_sentence_and_the_page_goes_on(
    visit: MakeVisitor, tmp_path: Path
) -> None:
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.page
    picture = tmp_path / "places.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    page.goto(visitor.url + "/data")
    visitor.settle()
    page.locator("input[type=file]").set_input_files(picture)
    expect(page.get_by_text("is not a table: it is a PNG picture.")).to_be_visible()
    expect(page.get_by_role("heading", name="Bring your own")).to_be_visible()


def test_a_pack_is_taken_along(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(visitor.url + "/data?pack=bhutan")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="FHIR").first.click()
    whole = json.loads(Path(waiting.value.path()).read_text("utf-8"))
    assert whole["resourceType"] == "Bundle"
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV tables").first.click()
    with zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes())) as archive:
        assert "ATTRIBUTION.txt" in archive.namelist()


def test_filters_narrow_list_and_map_and_are_in_the_address(visit: MakeVisitor) -> None:
    visitor = visit()
    page = visitor.open("/?pack=doctors&procedure=hospital-care&near=60.17, 24.94")
    expect(visitor.names).to_have_count(2)
    page.get_by_role("button", name="Filters").click()
    page.get_by_text("Wheelchair access", exact=True).click()
    expect(visitor.names).to_have_count(1)
    expect(visitor.pins).to_have_count(1)
    soon(lambda: "wheelchair=yes" in href(page))
    page.reload()
    expect(visitor.names).to_have_count(1)
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    expect(page.get_by_text("wheelchair access")).to_be_visible()
    page.go_back()
    expect(visitor.names).to_have_count(2)
