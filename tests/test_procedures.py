"""The library keeps its form, names its sources, reads easily, and is found by plain words."""

import re
import shutil
from pathlib import Path

import pytest
import textstat

from geo.errors import DataError, UnknownNameError
from geo.procedures import (
    LIBRARY,
    SECTIONS,
    Procedure,
    find_procedure,
    get_procedure,
    inline_html,
    open_library,
    section_html,
)

MAX_GRADE = 8.0


def plain(text: str) -> str:
    text = re.sub(r"\[\^[a-z0-9-]+\]|[*#]", "", text)
    return re.sub(r"^(- |\d+\. )", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("spinal headache", "epidural-blood-patch"),
        ("Epidural Blood Patch", "epidural-blood-patch"),
        ("epidural-blood-patch", "epidural-blood-patch"),
        ("epidurl blood pach", "epidural-blood-patch"),
        ("PDPH", "epidural-blood-patch"),
        ("psoriasis doctor", "psoriasis"),
        ("hospital", "hospital-care"),
        ("GP", "primary-care"),
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


@pytest.mark.parametrize("text", ["headache", "blood", "skin"])
def test_part_of_a_name_is_only_a_suggestion(library: dict[str, Procedure], text: str) -> None:
    match = find_procedure(library, text)
    assert match.procedure is None
    assert match.suggestions


def test_every_section_is_written(library: dict[str, Procedure]) -> None:
    for entry in library.values():
        assert tuple(entry.sections) == SECTIONS
        assert all(entry.sections.values()), entry.slug


def test_reading_grade(library: dict[str, Procedure]) -> None:
    for entry in library.values():
        grade = textstat.flesch_kincaid_grade(plain(" ".join(entry.sections.values())))
        print(f"{entry.slug}: reading grade {grade:.1f}")
        assert grade <= MAX_GRADE, entry.slug
        summary = textstat.flesch_kincaid_grade(plain(entry.sections["What it is"]))
        assert summary <= MAX_GRADE, entry.slug


def test_no_licensed_code_system(library: dict[str, Procedure]) -> None:
    for path in LIBRARY.glob("*.md"):
        assert not re.search(r"\b(CPT|SNOMED|HCPCS)\b", path.read_text("utf-8")), path


def test_every_citation_says_what_was_read(library: dict[str, Procedure]) -> None:
    for entry in library.values():
        for source in entry.citations.values():
            assert source.address.startswith("http")
            assert source.read
            assert source.supports


def test_icon_arrays_agree_with_their_fractions(library: dict[str, Procedure]) -> None:
    (picture,) = library["epidural-blood-patch"].pictures
    assert [bar["count"] for bar in picture.bars] == [round(100 * 3 / 19), round(100 * 18 / 21)]
    (picture,) = library["psoriasis"].pictures
    assert [bar["count"] for bar in picture.bars] == [round(100 * 229 / 304), round(100 * 5 / 102)]


def test_the_points_of_the_seed_text_are_covered(library: dict[str, Procedure]) -> None:
    text = plain(" ".join(library["epidural-blood-patch"].sections.values())).lower()
    for point in (
        "your own blood",
        "lumbar puncture",
        "tear in the lining",
        "worse sitting up",
        "better lying down",
        "from your arm",
        "just outside the lining",
        "clots and seals",
        "x-ray",
        "ultrasound",
        "lie flat",
        "30 minutes",
        "staff watch you",
        "sore",
        "nerve harm",
        "second patch",
        "smaller step",
        "2 to 3 days",
        "until the headache has gone",
    ):
        assert point in text, point


def test_raw_html_in_an_entry_is_text(library: dict[str, Procedure]) -> None:
    entry = Procedure("x", "X", sections={"What it is": "a <script>alert(1)</script> b"})
    assert "<script>" not in section_html(entry, "What it is")
    assert "<img" not in inline_html(entry, "<img src=x onerror=alert(1)>")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("specialties.csv", "epidural-blood-patch.md"):
        shutil.copy(LIBRARY / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("take you home.[^ncic]", "take you home in 2 hours.", "no source"),
        ("[^lahey]", "[^nobody]", "'nobody' is not among the citations"),
        ("[^lahey]", "[^ncic]", "'lahey' is used nowhere"),
        ("anaesthesiology, pain", "anesthesiology, pain", "not in specialties.csv"),
        ("regional_referral_hospital", "big_hospital", "is not a facility type"),
        ("## Prepare", "## Preparing", "the sections are not"),
        ("kind: procedure", "kind: operation", "kind is not one of"),
        ("title: Epidural", "title: : Epidural", "not YAML"),
        ("lead: if", "leads: if", "red_flags lacks"),
        ("kind: procedure", "kind: procedure\nprice: 3", "price is no field"),
        ("first_step: Ring", "first: Ring", "lacks first_step"),
        ("---\ntitle", "title", "does not begin with front matter"),
    ],
)
def test_a_broken_entry_is_named_by_file_and_line(
    folder: Path, old: str, new: str, reason: str
) -> None:
    path = folder / "epidural-blood-patch.md"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(DataError, match=re.escape(reason)) as error:
        open_library(folder)
    assert error.value.file == "epidural-blood-patch.md"
