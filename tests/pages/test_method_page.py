"""The Method page, and where an error is reported."""

import html as entities
from urllib.parse import parse_qs, urlsplit

import pytest

from pages import _frame
from tests.pages.app import html, page

SCRIPT = "pages/method.py"


def test_it_says_how_it_is_made_and_what_goes_where() -> None:
    app = page(SCRIPT)
    said = " ".join(element.value for element in app.markdown)
    for heading in ("How the order is made", "What we do not know", "Privacy", "Licence"):
        assert f"## {heading}" in said
    assert "CAREREACH_CONTACT" in said
    assert "This is version" in said


def test_it_says_how_often_a_status_turns_out_true() -> None:
    app = page(SCRIPT)
    assert "Giving birth in hospital, the United States" in html(app)
    assert "<td>1,937</td>" in html(app)
    app.segmented_control(key="w_calibration_by").set_value("urban").run()
    assert "<td>rural</td>" in html(app)
    app.selectbox(key="w_calibration_pack").set_value("bhutan").run()
    assert "nothing to compare" in app.info[0].value


def test_an_error_is_reported_with_the_page_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREREACH_CONTACT", "errors@example.org")
    link = urlsplit(entities.unescape(_frame.report_link("/coverage?pack=us&level=2")))
    assert (link.scheme, link.path) == ("mailto", "errors@example.org")
    assert "/coverage?pack=us&level=2" in parse_qs(link.query)["body"][0]
    assert "mailto:errors@example.org?" in html(page(SCRIPT))
    monkeypatch.setenv("CAREREACH_CONTACT", "https://example.org/issues/new?labels=data")
    link = urlsplit(entities.unescape(_frame.report_link("")))
    asked = parse_qs(link.query)
    assert asked["labels"] == ["data"]
    assert asked["title"] == ["CareReach: an error"]


@pytest.mark.parametrize("wrong", ["", "javascript:alert(1)", "nobody", "a b@c.org", '"<x>@y.z'])
def test_what_is_no_contact_gives_no_link(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREREACH_CONTACT", wrong)
    assert _frame.report_link("/") == ""
