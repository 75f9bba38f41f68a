"""Entries as HTML: text stays text, footnotes open, nothing is fetched from elsewhere."""

import re
from xml.etree import ElementTree

from geo.care.entry import Option, Procedure
from geo.care.library import LIBRARY
from geo.output.entry_html import (
    entry_html,
    matters_html,
    options_html,
    picture_html,
    questions_html,
    section_html,
    short_form_html,
    summary,
    urgent_html,
)
from geo.packs.pack import Pack
from tests.conftest import entry

HOSTILE = "a <script>alert(1)</script> ![x](https://third.example/p.png) b"


def test_raw_html_and_pictures_in_an_entry_are_text(bhutan: Pack) -> None:
    odd = entry("x", sections={"What it is": HOSTILE, "Questions to ask": f"- {HOSTILE}?"})
    odd = odd.model_copy(
        update={
            "first_step": HOSTILE,
            "red_flags": odd.red_flags.model_copy(update={"lead": HOSTILE, "cite": ()}),
            "options": [
                Option(
                    name=HOSTILE,
                    involves=HOSTILE,
                    benefit=HOSTILE,
                    harm=HOSTILE,
                    recovery=HOSTILE,
                    asks=HOSTILE,
                )
            ],
            "matters": (HOSTILE,),
        }
    )
    for html in (
        section_html(odd, "What it is"),
        questions_html(odd),
        options_html(odd),
        matters_html(odd),
        urgent_html(odd, bhutan, (HOSTILE, HOSTILE)),
    ):
        assert "<script" not in html
        assert "<img" not in html


def test_a_mark_is_never_a_link_of_markdown() -> None:
    odd = entry("x", sections={"What it is": "Text[^a]\n\n[^a]: https://third.example"})
    assert "href" not in section_html(odd.model_copy(update={"citations": {}}), "Prepare")


def test_every_footnote_of_an_entry_opens(library: dict[str, Procedure]) -> None:
    html = entry_html(library["colonoscopy"])
    opened = set(re.findall(r'<button popovertarget="(source-\d+)" aria-label', html))
    held = set(re.findall(r'<aside popover id="(source-\d+)"', html))
    assert opened <= held
    assert len(held) == len(library["colonoscopy"].citations)


def test_the_short_form_names_the_sources_it_uses(library: dict[str, Procedure]) -> None:
    html = short_form_html(library["haemodialysis"])
    used = {int(n) for n in re.findall(r">(\d+)</sup>", html)}
    assert used <= {int(n) for n in re.findall(r'<li value="(\d+)"', html)}


def test_a_picture_has_words_and_as_many_dots(library: dict[str, Procedure]) -> None:
    html = picture_html(library["epidural-blood-patch"])
    assert "Patch: 16 of 100" in html
    assert 'height:10%"></i><i style="top:10%;height:10%;width:60%' in html
    assert 'aria-hidden="true"' in html


def test_a_summary_is_plain_text(library: dict[str, Procedure]) -> None:
    for found in library.values():
        assert not re.search(r"[\[\]*^]", summary(found))


def test_a_drawing_is_our_own_file_with_its_labels_as_text(library: dict[str, Procedure]) -> None:
    named = {entry.drawing.name for entry in library.values() if entry.drawing}
    files = {path.stem: path for path in (LIBRARY / "drawings").glob("*.svg")}
    assert named == set(files)
    for name, path in files.items():
        root = ElementTree.parse(path).getroot()
        kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert kinds <= {"svg", "style", "path", "rect", "circle", "ellipse", "text", "marker"}, (
            name
        )
        assert len(root.findall("{*}text")) >= 4
        assert "prefers-color-scheme: dark" in path.read_text("utf-8")
        assert "://" not in path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    html = entry_html(library["cataract-surgery"])
    assert "the lens, here cloudy" in html
    assert "No clinician has looked at it yet" in html
    assert "your right side is on the left" not in html
    assert "your right side is on the left" in entry_html(library["colonoscopy"])
