"""The easy-read sheet: text stays text, every pictogram is there, and places say what is known."""

from dataclasses import replace
from typing import get_args
from xml.etree import ElementTree

from geo.care.assessed import assess_pack
from geo.care.entry import BodyPart, EasyLine, Pictogram, Procedure
from geo.care.find import Answer, Search, find_care
from geo.output.answer_text import STATUS_LABELS, Statement, answer_rows
from geo.output.easy_read import _STATUS, easy_read_html
from geo.packs.pack import Pack
from geo.paths import DATA
from tests.conftest import TODAY

PICTOGRAMS = DATA / "procedures" / "pictograms"


def asked(pack: Pack, procedure: Procedure, radius_km: float = 50) -> Answer:
    place = pack.gazetteer.find("Thimphu").place
    assert place is not None
    return find_care(assess_pack(pack, procedure, TODAY), place, Search(radius_km))


def sheet(pack: Pack, procedure: Procedure) -> str:
    answer = asked(pack, procedure)
    return easy_read_html(answer, answer_rows(answer), TODAY)


def test_every_pictogram_is_our_own_file_and_fetches_nothing() -> None:
    named = {*get_args(Pictogram)} - {"body"} | {f"body-{part}" for part in get_args(BodyPart)}
    files = {path.stem: path for path in PICTOGRAMS.glob("*.svg")}
    assert named == set(files)
    for path in files.values():
        kinds = {e.tag.rpartition("}")[2] for e in ElementTree.parse(path).getroot().iter()}
        assert kinds <= {"svg", "g", "path", "rect", "circle", "ellipse"}, path.name
        assert "://" not in path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")


def test_every_pictogram_is_shown_somewhere(library: dict[str, Procedure]) -> None:
    shown = {line.shows for entry in library.values() for line in entry.easy}
    assert shown == set(get_args(Pictogram))


def test_every_status_that_leads_somewhere_has_easy_words() -> None:
    assert set(_STATUS) == set(STATUS_LABELS) - {"not_offered"}


def test_danger_signs_and_the_number_stand_before_the_rest(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    html = sheet(bhutan, library["snakebite"])
    assert f'href="tel:{bhutan.emergency_number}"' in html
    assert html.index("tel:") < html.index("Move away from the snake")
    assert f"Printed {TODAY.isoformat()}" in html


def test_text_of_an_entry_is_text(bhutan: Pack, library: dict[str, Procedure]) -> None:
    hostile = "<script>alert(1)</script>"
    flags = library["snakebite"].red_flags.model_copy(update={"signs": (hostile,), "also": hostile})
    odd = library["snakebite"].model_copy(
        update={
            "title": hostile,
            "body": (),
            "easy": (EasyLine(shows="body", text=hostile),),
            "red_flags": flags,
        }
    )
    assert "<script" not in sheet(bhutan, odd)


def test_a_notice_and_what_speaks_against_are_not_left_out(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    answer = asked(bhutan, library["haemodialysis"], 1.5)
    rows = answer_rows(answer)
    notice = Statement("The machines are broken", "Kuensel, Nov 2026", None)
    told = [replace(rows[0], notices=(notice,)), replace(rows[1], against=(notice,))]
    html = easy_read_html(answer, told, TODAY)
    assert "The machines are broken (Kuensel, Nov 2026)" in html
    assert "Ask before you go" in html
    assert "Not all say the same." in html
    assert ("Farther away" in html) == any(row.farther for row in told)


def test_outside_the_country_no_number_is_given(
    bhutan: Pack, library: dict[str, Procedure]
) -> None:
    answer = asked(bhutan, library["snakebite"])
    html = easy_read_html(replace(answer, outside_km=900.0), [], TODAY)
    assert "tel:" not in html
    assert "Get emergency help where you are" in html
    assert "We do not know any place near you." in html
