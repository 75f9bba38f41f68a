"""An entry is found by plain words; a file that does not keep the form is named and left out."""

import re
import shutil
from pathlib import Path

import pytest

from geo.care.entry import Procedure
from geo.care.library import (
    LIBRARY,
    add_own,
    check_folder,
    find_procedure,
    get_procedure,
    open_library,
    suggest_procedures,
    whole_library,
)
from geo.errors import DataError, UnknownNameError

SLUGS = sorted(path.stem for path in LIBRARY.glob("*.md"))


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("spinal headache", "headache-after-a-spinal"),
        ("blood patch", "epidural-blood-patch"),
        ("Epidural Blood Patch", "epidural-blood-patch"),
        ("epidural-blood-patch", "epidural-blood-patch"),
        ("epidurl blood pach", "epidural-blood-patch"),
        ("PDPH", "headache-after-a-spinal"),
        ("best psoriasis doctors near me", "psoriasis"),
        ("Best doctor list near you for epidural blood patch", "epidural-blood-patch"),
        ("best eczema doctor", "eczema"),
        ("who does hernia surgery near me", "groin-hernia"),
        ("the best hospitals near me", "hospital-care"),
        ("doctor for sciatica", "sciatica"),
        ("dog bite", "rabies-after-a-bite"),
        ("snake bite", "snakebite"),
        ("TB", "tuberculosis"),
        ("coil", "long-acting-contraception"),
        ("breast screening", "mammogram"),
        ("VBAC", "birth-after-caesarean"),
        ("renal failure", "kidney-failure"),
        ("psoriasis doctor", "psoriasis"),
        ("psoriazis", "psoriasis"),
        ("hospital", "hospital-care"),
        ("GP", "primary-care"),
        ("kidney dialysis", "haemodialysis"),
        ("hemodialysis", "haemodialysis"),
        ("dialisis", "haemodialysis"),
        ("C-section", "caesarean-section"),
        ("cesarean", "caesarean-section"),
        ("keyhole gallbladder", "laparoscopic-cholecystectomy"),
        ("colonscopy", "colonoscopy"),
        ("colpscopy", "colposcopy"),
        ("labor epidural", "labour-epidural"),
        ("spinal tap", "lumbar-puncture"),
        ("esophagogastroduodenoscopy", "upper-gi-endoscopy"),
        ("heart stent", "coronary-angioplasty"),
        ("cataracts", "cataract-surgery"),
        ("knee replacment", "knee-replacement"),
        ("narrow-band UVB", "psoriasis-phototherapy"),
    ],
)
def test_found_by_plain_words_synonyms_and_over_typos(
    library: dict[str, Procedure], text: str, slug: str
) -> None:
    assert get_procedure(library, text).slug == slug


def test_pink_disease_is_honestly_unknown(library: dict[str, Procedure]) -> None:
    assert find_procedure(library, "pink disease").procedure is None
    with pytest.raises(UnknownNameError, match="pink disease"):
        get_procedure(library, "pink disease")


@pytest.mark.parametrize("text", ["headache", "blood", "skin", "heart attack", "epidural", "stent"])
def test_part_of_a_name_is_only_a_suggestion(library: dict[str, Procedure], text: str) -> None:
    match = find_procedure(library, text)
    assert match.procedure is None
    assert match.suggestions


def test_a_typo_as_near_to_two_entries_is_asked_about(library: dict[str, Procedure]) -> None:
    match = find_procedure(library, "coloposcopy")
    assert match.procedure is None
    assert {"Colonoscopy", "Colposcopy"} <= set(match.suggestions)


def test_no_name_means_two_entries(library: dict[str, Procedure]) -> None:
    for entry in library.values():
        for name in (entry.title, entry.slug, *entry.also_known_as):
            assert find_procedure(library, name).procedure == entry, name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(LIBRARY / "epidural-blood-patch.md", tmp_path)
    return tmp_path


BROKEN = [
    ("take you home.[^ncic]", "take you home in 2 hours.", "a figure has no source mark"),
    ("[^lahey]", "[^nobody]", "'nobody' is not among the citations"),
    ("takes about 30 minutes.[^lahey]", "takes half an hour.", "'lahey' is used nowhere", -56),
    ("[[anaesthesiology, pain", "[[anesthesiology, pain", "'anesthesiology' is not in specialties"),
    ("regional_referral_hospital", "big_hospital", "is not a facility type"),
    ("## Prepare", "## Preparing", "the section “Prepare” is expected, not “Preparing”"),
    ("## Prepare", "## Prepare\n\nTwo\n\n## Prepare", "the section “The day” is expected", 4),
    ("kind: procedure", "kind: operation", "kind input should be 'procedure'"),
    ("title: Epidural", "title: : Epidural", "not YAML"),
    ("lead: if", "leads: if", "red_flags.lead is missing", -1),
    ("kind: procedure", "kind: procedure\nprice: 3", "price is not a field", 1),
    ("kind: procedure", "kind: procedure\nkind: procedure", "kind is given twice", 1),
    ("first_step: Ring", "first: Ring", "first_step is missing", -21),
    ("count: 16", "count: sixteen", "pictures.0.bars.0.count input should be a valid integer"),
    ("count: 16", "count: 160", "pictures.0.bars.0.count input should be less than"),
    ("performed_by: [[", "performed_by: [", "not YAML"),
    ("settings: [", "settings: yes #[", "settings input should be a valid"),
    ("doi: 10.1136/jnnp.2007.122879, ", "", "citations.vankooten2008 lacks a doi or url"),
    ("read_on: 2026-11-22", "read_on: last week", "read_on input should be a valid date"),
    ("---\ntitle", "title", "does not begin with front matter"),
    ("## What it is\n", "Before all else.\n\n## What it is\n", "is shown nowhere"),
    ("some people still", "code 62273: some people still", "licensed code"),
]


@pytest.mark.parametrize(("old", "new", "reason", "down"), [(*b, None)[:4] for b in BROKEN])
def test_a_broken_entry_is_named_by_file_and_line_and_left_out(
    library: dict[str, Procedure], folder: Path, old: str, new: str, reason: str, down: int | None
) -> None:
    path = folder / "epidural-blood-patch.md"
    text = path.read_text("utf-8")
    changed = re.sub(re.escape(old), lambda _: new, text, count=1, flags=re.IGNORECASE)
    assert changed != text
    path.write_text(changed, "utf-8")
    merged, problems = add_own(library, folder)
    assert any(reason in problem.reason for problem in problems), problems
    assert {problem.file for problem in problems} == {path.name}
    blamed = next(problem for problem in problems if reason in problem.reason)
    at = changed[: changed.find(new) if new else changed.find("vankooten2008:")].count("\n") + 1
    assert blamed.row == (at if down is None else at + down)
    assert merged["epidural-blood-patch"] == library["epidural-blood-patch"]
    assert [str(p) for p in check_folder(folder)] == [str(p) for p in problems]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"---\n---\n", b"---\n- a\n---\n"])
def test_a_file_that_is_no_entry_takes_nothing_down(
    library: dict[str, Procedure], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "odd.md").write_bytes(content)
    merged, (problem,) = add_own(library, tmp_path)
    assert problem.file == "odd.md"
    assert merged == library


def test_own_entries_add_and_replace(library: dict[str, Procedure], folder: Path) -> None:
    text = (folder / "epidural-blood-patch.md").read_text("utf-8")
    text = text.replace("title: Epidural blood patch", "title: Blood patch at our clinic", 1)
    (folder / "epidural-blood-patch.md").write_text(text, "utf-8")
    mine = text.replace("anaesthesiology, pain-medicine", "urology, pain-medicine", 1)
    mine = re.sub("also_known_as: .*", "also_known_as: [prostate test]", mine, count=1)
    mine = mine.replace("title: Blood patch at our clinic", "title: Prostate check", 1)
    (folder / "prostate-check.md").write_text(mine, "utf-8")
    (folder / "specialties.csv").write_text(
        "specialty,label,practitioner\nurology,Urology,a urologist\n", "utf-8"
    )
    merged, problems = add_own(library, folder)
    assert problems == ()
    assert len(merged) == len(library) + 1
    assert merged["epidural-blood-patch"].title == "Blood patch at our clinic"
    assert merged["prostate-check"].practitioners["urology"] == "a urologist"
    assert library["epidural-blood-patch"].title == "Epidural blood patch"


def test_private_codes_find_an_entry_and_are_shown_nowhere(
    library: dict[str, Procedure], tmp_path: Path
) -> None:
    (tmp_path / "codes.csv").write_text(
        "procedure,system,code\nepidural-blood-patch,private,X-4711\nnothing,private,1\n", "utf-8"
    )
    merged, (problem,) = add_own(library, tmp_path)
    assert (problem.file, problem.row) == ("codes.csv", 3)
    assert get_procedure(merged, "x 4711").slug == "epidural-blood-patch"
    assert find_procedure(merged, "X-4712").procedure is None
    entry = merged["epidural-blood-patch"]
    assert "4711" not in repr(entry)
    assert "4711" not in entry.model_dump_json()


ODD = [
    "kind: !!bool zzz",
    "kind: !!int ''",
    "kind: !!timestamp zzz",
    "kind: &a [*a]",
    "kind: &a {b: *a}",
    "kind: " + "[" * 3000,
    "citations: {'<img src=x>': {}}",
    "title: ''",
    "also_known_as: ['']",
    "first_step_cite: ['A B']",
]


@pytest.mark.parametrize("line", ODD)
def test_odd_yaml_takes_nothing_down(
    library: dict[str, Procedure], folder: Path, line: str
) -> None:
    path = folder / "epidural-blood-patch.md"
    field = line.split(":")[0]
    text = re.sub(rf"^{field}:.*$", lambda _: line, path.read_text("utf-8"), count=1, flags=re.M)
    path.write_text(text, "utf-8")
    merged, problems = add_own(library, folder)
    assert problems
    assert merged == library


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("also_known_as: [EBP", "also_known_as: [CPT 62273, EBP"),
        ("also_known_as: [EBP", "also_known_as: ['231249005', EBP"),
        ("first_step: Ring", "first_step: G0105 Ring"),
        ('url: "https://www.lahey.org', 'url: "javascript:alert(1)//'),
        ("- Do you do", "Before all else.\n- Do you do"),
        ("- Tell the team", "* 80 of 100 die.\n- Tell the team"),
    ],
)
def test_what_must_not_stand_in_an_entry(
    library: dict[str, Procedure], folder: Path, old: str, new: str
) -> None:
    path = folder / "epidural-blood-patch.md"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    assert len(add_own(library, folder)[1]) == 1


def test_a_name_that_means_another_entry_is_left_out(
    library: dict[str, Procedure], folder: Path
) -> None:
    text = (folder / "epidural-blood-patch.md").read_text("utf-8")
    (folder / "epidural-blood-patch.md").unlink()
    (folder / "mine.md").write_text(text.replace("[EBP", "[colposcopy, EBP", 1), "utf-8")
    merged, (problem,) = add_own(library, folder)
    assert "already means" in problem.reason
    assert merged == library


def test_codes_that_would_hijack_a_name_are_refused(
    library: dict[str, Procedure], tmp_path: Path
) -> None:
    rows = ["epidural-blood-patch,x,", "epidural-blood-patch,x,Colposcopy", "62273,x,colposcopy"]
    rows += ["psoriasis,x,Z1", "colposcopy,x,Z1"]
    text = "procedure,system,code\n\n" + "\n".join(rows) + "\n"
    (tmp_path / "codes.csv").write_text(text, "utf-8")
    merged, problems = add_own(library, tmp_path)
    assert [problem.row for problem in problems] == [3, 4, 5, 7]
    assert "62273" not in " ".join(map(str, problems))
    assert find_procedure(merged, "").procedure is None
    assert get_procedure(merged, "Colposcopy").slug == "colposcopy"


def test_a_broken_code_table_is_named(library: dict[str, Procedure], tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("procedure,code\n", "utf-8")
    merged, (problem,) = add_own(library, tmp_path)
    assert problem.reason == "lacks the columns system"
    assert merged == library


def test_the_folder_is_named_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CAREREACH_PROCEDURES", str(tmp_path / "nowhere"))
    library, (problem,) = whole_library()
    assert len(library) == len(SLUGS)
    assert "cannot be read (No such file" in str(problem)


def test_the_bundled_folder_must_be_right(folder: Path) -> None:
    shutil.copy(LIBRARY / "specialties.csv", folder)
    path = folder / "epidural-blood-patch.md"
    path.write_text(path.read_text("utf-8").replace("kind: procedure", "kind: x", 1), "utf-8")
    with pytest.raises(DataError, match=r"epidural-blood-patch\.md, row 4: kind"):
        open_library(folder)


def test_every_entry_is_suggested_by_the_beginning_of_each_of_its_names(
    library: dict[str, Procedure],
) -> None:
    for entry in library.values():
        for name in (entry.title, *entry.also_known_as):
            words = name.split()
            for typed in (name, name[:-1], f"{words[-1]} {words[0][:3]}"):
                found = [one.slug for one, _ in suggest_procedures(library, typed)]
                assert entry.slug in found, (typed, found)


def test_suggestions_say_which_name_fits_and_begin_with_it(library: dict[str, Procedure]) -> None:
    assert len(suggest_procedures(library, "")) == len(library)
    assert [e.slug for e, _ in suggest_procedures(library, "coloscopy")] == ["colonoscopy"]
    entry, name = suggest_procedures(library, "spinal head")[0]
    assert (entry.slug, name) == ("headache-after-a-spinal", entry.title)
    entry, name = suggest_procedures(library, "PDP")[0]
    assert (entry.slug, name) == ("headache-after-a-spinal", "PDPH")
    assert suggest_procedures(library, "zzzz") == []
    titles = [entry.title for entry, _ in suggest_procedures(library, "co")]
    assert titles[0].startswith("Col")
