"""The Data page: what is shown of each pack, and a file batch step by step."""

import dataclasses
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
import yaml
from streamlit.testing.v1 import AppTest

from geo.coverage.calls import record_answer
from geo.packs.pack import open_pack
from geo.packs.schema import FACILITY_TYPES
from geo.sources.into_pack import import_into
from geo.sources.new_pack import NewPack
from geo.sources.operation import Operation
from geo.sources.vocabulary import FIELDS
from pages._components import plain
from tests.command import run
from tests.conftest import ROOT, TODAY
from tests.pages.app import html, page
from tests.samples import REGISTER, small
from tests.sources.tables import nasty

DATA = "pages/data.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path / "packs"))
    return tmp_path / "packs"


def test_every_pack_with_its_figures_and_sources() -> None:
    app = page(DATA)
    shown = html(app)
    assert "227 statements on what is done where" in shown
    assert "Of 227 statements" in shown
    assert "142 have no date" in shown
    assert "Ministry of Health facility survey" in shown
    labels = [expander.label for expander in app.expander]
    assert any("Bhutan" in label for label in labels)
    assert any("United States" in label for label in labels)


def test_an_address_opens_its_pack_and_an_unknown_one_is_named() -> None:
    app = page(DATA, pack="us")
    opened = {e.label: e.proto.expanded for e in app.expander}
    assert next(k for k, is_open in opened.items() if is_open).startswith("United States")
    app = page(DATA, pack="nowhere")
    assert "There is no pack called" in app.warning[0].value


def test_a_broken_pack_is_named_and_the_others_are_shown(home: Path) -> None:
    (home / "broken").mkdir(parents=True)
    (home / "broken" / "datapackage.json").write_text("{")
    app = page(DATA)
    assert any("cannot be opened" in warning.value for warning in app.warning)
    assert "227 statements" in html(app)


def test_a_file_is_looked_at_mapped_and_imported(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "unknown.txt"
    nasty(path, rows=120)
    app = page(DATA)
    app.file_uploader[0].upload(path.name, path.read_bytes()).run()
    assert not app.exception
    shown = html(app)
    assert "a table" in shown
    assert "latitude and longitude were swapped in the whole file" in shown
    assert app.selectbox(key="bring_name").value == "column 1"
    assert app.checkbox(key="bring_swapped").value is True
    app.text_input(key="bring_pack").set_value("Not a name").run()
    assert any("cannot be called" in w.value for w in app.warning)
    app.text_input(key="bring_pack").set_value("mine").run()
    app.text_input(key="bring_title").set_value("A <b>ministry</b>").run()
    assert any("which country or area" in w.value for w in app.warning)
    assert next(b for b in app.button if b.label == "Import").disabled
    app.text_input(key="bring_pack_country").set_value("Nowhere").run()
    assert any("emergency number" in w.value for w in app.warning)
    app.checkbox(key="bring_no_number").set_value(True).run()
    assert any(e.label.startswith("Rows that were dropped") for e in app.expander)
    next(b for b in app.button if b.label == "Import").click().run()
    assert not app.exception
    assert "Imported into the pack mine" in app.success[0].value
    pack = open_pack("mine")
    assert pack.sources["a-b-ministry-b"].title == "A <b>ministry</b>"
    assert "A &lt;b&gt;ministry&lt;/b&gt;" in html(app)
    assert len(pack.providers) > 100


def test_without_a_name_nothing_can_be_imported_and_the_question_stands(
    home: Path, tmp_path: Path
) -> None:
    app = page(DATA)
    app.file_uploader[0].upload("t.csv", b"a,b\n1,2\n3,4\n").run()
    assert not app.exception
    said = " ".join(w.value for w in app.warning)
    assert "Which column holds the name" in said
    assert not [b for b in app.button if b.label == "Import"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b" ", "the file is empty"),
        ("pic.csv", b"\x89PNG\r\n\x1a\n\0", "PNG picture"),
        ("../../x.json", b"{", "not JSON"),
        ("t.osm.pbf", b"\0\0\0\rOSMHeader....", "cannot be read"),
    ],
)
def test_a_file_that_is_none_gets_one_sentence(
    home: Path, name: str, content: bytes, words: str
) -> None:
    app = page(DATA)
    app.file_uploader[0].upload(name, content).run()
    assert not app.exception
    assert words in app.warning[0].value


def test_uploading_can_be_switched_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_into("mine", [small("a", ("1", "A", 13.5, 100.5))])
    monkeypatch.setenv("CAREREACH_UPLOADS", "off")
    app = page(DATA)
    assert "switched off" in html(app)
    assert not app.file_uploader
    assert not [b for b in app.button if b.label == "Remove it now"]


def test_a_pack_of_ones_own_can_be_removed(home: Path) -> None:
    import_into("mine", [small("a", ("1", "A", 13.5, 100.5))], NewPack("Mine"))
    app = page(DATA, pack="mine")
    next(b for b in app.button if b.label == "Remove it now").click().run()
    assert not app.exception
    assert "is removed" in app.success[0].value
    assert not (home / "mine").exists()


def test_a_change_of_ones_own_pack_is_undone(home: Path) -> None:
    import_into("mine", [small("a", ("1", "A", 13.5, 100.5))], NewPack("Mine"))
    import_into("mine", [small("b", ("2", "<b>B</b>", 13.6, 100.6))])
    app = page(DATA, pack="mine")
    assert "2 providers (+1)" in html(app)
    app.toggle(key="compare_mine").set_value(True).run()
    assert plain("Since then: providers: 1 added.") in "".join(m.value for m in app.markdown)
    app.button(key="undo_mine").click().run()
    assert not app.exception
    assert "The pack mine is again as in version 1" in app.success[0].value
    assert len(open_pack("mine").providers) == 1
    assert run("undo", "--pack", "mine").returncode == 0
    assert len(open_pack("mine").providers) == 2
    assert (
        "Since version 1: providers: 1 added."
        in run("history", "--pack", "mine", "--since", 1).stdout
    )
    assert "There is no version 9" in run("undo", "--pack", "mine", "--to", 9).stderr


def test_filters_are_in_the_address_and_offered_where_there_is_data(home: Path) -> None:
    doctors = dataclasses.replace(small("s"), providers=REGISTER)
    import_into("doctors", [doctors], NewPack("Doctors"))
    app = page(pack="doctors", procedure="hospital-care", telehealth="yes")
    assert "do not say what you ask for" in html(app)
    assert app.checkbox(key="w_filter_telehealth").value is True
    app.checkbox(key="w_filter_telehealth").uncheck().run()
    assert "telehealth" not in app.query_params
    app.selectbox(key="w_filter_kind").set_value("facility").run()
    assert app.query_params["kind"] in ("facility", ["facility"])
    app = page(pack="doctors", language="zz", gender="female", open="never")
    said = " ".join(w.value for w in app.warning).replace("\\", "")
    assert "“zz” is ignored: language can be fi, sv" in said
    assert "“never” is ignored: open can be now" in said
    app = page(wheelchair="yes")
    assert "the data of Bhutan does not say it" in " ".join(w.value for w in app.warning)


def test_letters_and_the_order_of_coordinates_are_asked_and_the_country_answers(home: Path) -> None:
    rows = "name;coords\nGyőr kórház;17.63, 47.68\nSzűcs rendelő;19.04, 47.5\n"
    app = page(DATA)
    app.file_uploader[0].upload("hu.csv", rows.encode("cp1250")).run()
    assert "Győr kórház" in app.selectbox(key="bring_encoding").options[0]
    assert any("latitude or longitude first" in w.value for w in app.warning)
    assert app.selectbox(key="bring_encoding").value is None
    assert app.radio(key="bring_swapped").value is None
    assert "Answer the 2 questions above" in app.info[0].value
    assert not [b for b in app.button if b.label == "Import"]
    app.text_input(key="bring_country_code").set_value("HU").run()
    assert not any("latitude or longitude first" in w.value for w in app.warning)
    assert app.checkbox(key="bring_swapped").value is True
    assert "Answer the question above" in app.info[0].value
    app.selectbox(key="bring_encoding").select_index(0).run()
    assert "2 rows read, 2 kept" in html(app)
    assert [b for b in app.button if b.label == "Import"]


@pytest.mark.parametrize(("first", "lat"), [(False, 17.63), (True, 47.68)])
def test_the_order_of_coordinates_is_as_it_was_answered(
    home: Path, first: bool, lat: float
) -> None:
    rows = 'name,coords\nA clinic,"17.63, 47.68"\nB clinic,"19.04, 47.5"\n'
    app = page(DATA)
    app.file_uploader[0].upload("t.csv", rows.encode()).run()
    app.radio(key="bring_swapped").set_value(first).run()
    assert not app.exception
    assert app.dataframe[-1].value["Position"].iloc[0].startswith(f"{lat}")


def test_what_was_assumed_is_shown_and_can_be_changed(home: Path) -> None:
    rows = ["name,lat,lon,type,status"]
    rows += [f"P{i},{27 + i / 100},89.5,{'Zork' if i % 3 else 'clinic'},open" for i in range(30)]
    rows[2] = rows[2].replace("open", "closed")
    app = page(DATA)
    app.file_uploader[0].upload("t.csv", "\n".join(rows).encode()).run()
    assert not app.exception
    labels = [expander.label for expander in app.expander]
    assert "Kinds of places in it: 2 words, 1 not known" in labels
    assert "What it says of their operation: 2 words" in labels
    assert any("10 rows as they will look" in part for part in [html(app)])
    shown = app.dataframe[-1].value
    assert len(shown) == 10
    assert {"Name", "Kind", "Position"} <= set(shown.columns)
    assert "1 dropped: it is not in operation" in html(app)


def test_sheets_of_one_shape_are_asked_about(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        for n in (1, 2):
            cells = {"name": [f"A{n}", f"B{n}"], "lat": [27.1, 27.2], "lon": [89.1, 89.2 + n]}
            pd.DataFrame(cells).to_excel(book, sheet_name=f"Area {n}", index=False)
    app = page(DATA)
    app.file_uploader[0].upload(path.name, path.read_bytes()).run()
    assert not app.exception
    assert "Answer the question above" in app.info[0].value
    app.selectbox(key="bring_sheet").select("Area 1").run()
    assert "2 rows read, 2 kept." in html(app)
    app.selectbox(key="bring_sheet").select("*").run()
    assert not app.exception
    assert "4 rows read, 4 kept." in html(app)


def test_every_kind_and_state_has_a_label() -> None:
    labels = yaml.safe_load((ROOT / "pages" / "labels.yaml").read_text("utf-8"))
    assert tuple(labels["kinds"]) == FACILITY_TYPES
    assert set(labels["states"]) == set(get_args(Operation))
    assert set(labels["fields"]) == set(FIELDS) - {"population"}


def test_a_survey_is_drawn_called_and_counted(home: Path) -> None:
    app = page(DATA, pack="bhutan")
    app.selectbox(key="w_survey_procedure").set_value("haemodialysis").run()
    assert "7 reported" in shown(app)
    app.number_input[0].set_value(2)
    next(b for b in app.button if b.label == "Draw").click().run()
    assert not app.exception
    assert "4 places to call" in app.success[0].value
    drawn = open_pack("bhutan").survey
    assert set(drawn["status"]) == {"reported", "unknown"}
    # Nobody's answer is refused, and the form stays.
    app.radio(key="w_survey_does_it").set_value("yes")
    next(b for b in app.button if b.label == "Record").click().run()
    assert "Say who answered" in app.warning[0].value.replace("\\", "")
    next(t for t in app.text_input if t.label.startswith("Who answered")).set_value("the ward")
    app.radio(key="w_survey_does_it").set_value("yes")
    next(b for b in app.button if b.label == "Record").click().run()
    assert not app.exception
    survey = open_pack("bhutan").survey
    assert survey["does_it"].notna().sum() == 1
    assert "1 of 4 places called" in shown(app)
    assert "It does it" in html(app)


def shown(app: AppTest) -> str:
    """What the page says in Markdown, as a reader sees it."""
    return " ".join(element.value for element in app.markdown).replace("\\", "")


def test_on_a_server_without_uploads_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREREACH_UPLOADS", "off")
    assert "Draw" not in [b.label for b in page(DATA).button]


def test_a_damaged_copy_of_a_bundled_pack_is_said_and_mended(home: Path) -> None:
    pack = open_pack("bhutan")
    record_answer(pack, pack.providers["provider_id"][0], "haemodialysis", "offered", "x", TODAY)
    path = open_pack("bhutan").files["providers"]
    path.write_bytes(path.read_bytes()[:-1])
    for script in ("", "pages/coverage.py", "pages/procedures.py"):
        page(script)
    assert "The data shown is as it came with CareReach" in page().warning[0].value
    app = page(DATA, pack="bhutan")
    assert "This pack cannot be opened" in app.warning[0].value
    app.button(key="undo_bhutan").click().run()
    assert "is again as in version 1" in app.success[0].value
    assert len(open_pack("bhutan").evidence) == len(pack.evidence)
