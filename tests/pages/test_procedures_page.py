"""The Procedures page without a browser: search, browse, entries, entries of one's own."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from geo.care.entry import Procedure
from geo.care.library import LIBRARY
from pages._components import plain
from tests.pages.app import html, page, warnings

SCRIPT = "pages/procedures.py"
SLUGS = sorted(path.stem for path in LIBRARY.glob("*.md"))


#: What speaks of the womb.
WOMB = [
    *("Birth after a caesarean", "Caesarean section", "Colposcopy"),
    plain("Implant, coil (IUD) or sterilisation"),
]


def cards(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.get("page_link") if "procedure=" in _query(link)]


def _query(link: Any) -> str:
    return str(getattr(link.proto, "query_string", ""))


@pytest.mark.parametrize("slug", SLUGS)
def test_every_entry_is_answered_by_find(slug: str) -> None:
    assert "near Thimphu" in html(page(procedure=slug, near="Thimphu"))


@pytest.mark.parametrize("slug", SLUGS)
def test_every_entry_has_a_page_with_all_its_sources(
    library: dict[str, Procedure], slug: str
) -> None:
    body = html(page(SCRIPT, procedure=slug))
    entry = library[slug]
    for number, source in enumerate(entry.citations.values(), 1):
        assert body.count(source.address.replace("&", "&amp;")) >= 2  # popover and list
        assert f'id="source-{number}"' in body
        assert f'popovertarget="source-{number}"' in body
    assert "[^" not in body
    assert body.index("Get help now") < body.index("What it is")
    assert "not yet reviewed by a clinician" in body
    for heading in entry.sections:
        assert f">{heading}</h2>" in body
    ticked = entry.sections["Questions to ask"].count("- ") + len(entry.matters)
    assert body.count('type="checkbox"') == ticked


def test_without_an_entry_all_are_listed(library: dict[str, Procedure]) -> None:
    app = page(SCRIPT)
    assert len(cards(app)) == len(library)
    assert "<h1>Procedures and conditions</h1>" in html(app)


def test_a_name_opens_its_entry() -> None:
    app = page(SCRIPT)
    app.text_input(key="w_search").set_value("kidney dialysis").run()
    assert app.query_params["procedure"] == "haemodialysis"
    assert "<h1>Haemodialysis</h1>" in html(app)


def test_other_words_choose_among_the_cards() -> None:
    app = page(SCRIPT)
    app.text_input(key="w_search").set_value("womb").run()
    assert cards(app) == WOMB


def test_a_typo_is_said_and_pink_disease_is_unknown(library: dict[str, Procedure]) -> None:
    app = page(SCRIPT, q="colonscopy")
    assert cards(app) == ["Colonoscopy"]
    assert "was read as Colonoscopy" in app.warning[0].value
    app = page(SCRIPT, q="pink disease")
    assert "Nothing in the library is about" in app.warning[0].value
    assert len(cards(app)) == len(library)


def test_the_words_of_a_search_fold_spellings_and_say_what_is_to_blame() -> None:
    assert cards(page(SCRIPT, q="labor")) == cards(page(SCRIPT, q="labour"))
    assert "Epidural in labour" in cards(page(SCRIPT, q="anesthetist"))
    app = page(SCRIPT, q="womb", specialty="nephrology")
    assert "None of it is under Nephrology" in app.warning[0].value
    assert cards(app) == WOMB


def test_a_new_search_forgets_an_unknown_name() -> None:
    app = page(SCRIPT, procedure="pink disease")
    app.text_input(key="w_search").set_value("womb").run()
    assert not app.warning
    assert "procedure" not in app.query_params


def test_browse_by_specialty() -> None:
    app = page(SCRIPT)
    app.selectbox(key="w_specialty").set_value("anaesthesiology").run()
    assert app.query_params["specialty"] == "anaesthesiology"
    assert "Epidural in labour" in cards(app)
    assert "Caesarean section" in cards(app)
    assert "Colonoscopy" not in cards(app)
    app = page(SCRIPT, specialty="nephrology")
    assert cards(app) == ["Kidney failure", "Haemodialysis"]


def test_conditions_treatments_and_care_stand_apart_and_there_are_other_orders(
    library: dict[str, Procedure],
) -> None:
    def headings(app: AppTest) -> list[str]:
        return re.findall(r"<h2>(.*?)</h2>", html(app))

    app = page(SCRIPT)
    assert headings(app) == ["Conditions", "Tests and treatments", "Kinds of care"]
    shown = cards(app)
    assert sorted(shown) == sorted(plain(e.title) for e in library.values())
    conditions = [plain(e.title) for e in library.values() if e.kind == "condition"]
    assert shown[: len(conditions)] == conditions
    app.segmented_control(key="w_by").set_value("az").run()
    assert app.query_params["by"] == "az"
    assert cards(app) == [plain(e.title) for e in library.values()]
    assert headings(app) == sorted({e.title[0].upper() for e in library.values()})
    app.segmented_control(key="w_by").set_value("body").run()
    assert headings(app)[:2] == ["Head and nerves", "Eyes"]
    assert set(cards(app)) == {plain(e.title) for e in library.values()}
    app = page(SCRIPT, by="magic")
    assert "“magic” is not a way to arrange the library" in warnings(app)
    assert headings(app)[0] == "Conditions"


def test_every_entry_has_its_part_of_the_body(library: dict[str, Procedure]) -> None:
    assert [e.slug for e in library.values() if not e.body] == []


@pytest.mark.parametrize("address", [{"specialty": "magic"}, {"procedure": "pink disease"}])
def test_nonsense_in_the_address_is_named(
    library: dict[str, Procedure], address: dict[str, str]
) -> None:
    app = page(SCRIPT, **address)
    assert len(app.warning) == 1
    assert len(cards(app)) == len(library)


def test_a_condition_leads_to_its_treatment_and_back() -> None:
    links = [link.proto.label for link in page(SCRIPT, procedure="psoriasis").get("page_link")]
    assert "Light treatment for psoriasis" in links
    entry = page(SCRIPT, procedure="psoriasis-phototherapy")
    assert "Psoriasis" in [link.proto.label for link in entry.get("page_link")]
    panel = [link.proto.label for link in page(procedure="psoriasis").get("page_link")]
    assert any("Light treatment for psoriasis" in label for label in panel)


def test_find_is_led_back_to_with_everything_kept() -> None:
    app = page(near="Thimphu", radius_km="100", order="distance")
    app.switch_page(SCRIPT)
    app.query_params.clear()
    app.query_params["procedure"] = "haemodialysis"
    app.run()
    (back,) = (k for k in app.get("page_link") if k.proto.label.startswith("Find who"))
    assert "Thimphu" in back.proto.label
    for part in ("near=Thimphu", "radius_km=100", "order=distance", "procedure=haemodialysis"):
        assert part in back.proto.query_string


def test_entries_of_ones_own_appear_and_broken_ones_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_PROCEDURES", str(tmp_path))
    shutil.copy(LIBRARY / "colposcopy.md", tmp_path / "our-clinic.md")
    own = tmp_path / "our-clinic.md"
    text = own.read_text("utf-8").replace("title: Colposcopy", "title: Our clinic", 1)
    text = re.sub("also_known_as: .*", "also_known_as: []", text, count=1)
    own.write_text(text, "utf-8")
    (tmp_path / "broken.md").write_text("---\ntitle: X\n---\n", "utf-8")
    (tmp_path / "codes.csv").write_text(
        "procedure,system,code\nour-clinic,private,X-4711\n", "utf-8"
    )
    app = page(SCRIPT)
    assert "Our clinic" in cards(app)
    assert len(app.warning) == 1
    assert "broken\\.md, row 1" in app.warning[0].value
    app.text_input(key="w_search").set_value("X-4711").run()
    assert "<h1>Our clinic</h1>" in html(app)
    assert "4711" not in html(app)
    assert "4711" not in str(app.query_params)
    (tmp_path / ".#our-clinic.md").symlink_to("nowhere")
    assert "Our clinic" in cards(page(SCRIPT))
    own.unlink()
    assert "Our clinic" not in cards(page(SCRIPT))
