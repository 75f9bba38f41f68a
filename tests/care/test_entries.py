"""What every entry says: read easily, figures that agree, sources, and what two packs answer."""

import datetime as dt
import re
from collections.abc import Callable
from fractions import Fraction

import pytest
import textstat

from geo.care.assessed import assess_pack
from geo.care.assessment import assess
from geo.care.entry import SECTIONS, Procedure
from geo.care.library import LIBRARY
from geo.packs.pack import Pack, open_pack
from tests.conftest import TODAY

Record = Callable[[str, object], None]

MAX_GRADE = 8.0
MAX_GRADE_FIRST = 6.0
MAX_GRADE_EASY = 4.0
SLUGS = sorted(path.stem for path in LIBRARY.glob("*.md"))


def plain(text: str) -> str:
    """Text as it is read aloud: no marks, and each item of a list a sentence."""
    text = re.sub(r"\[\^[a-z0-9-]+\]|[*#]", "", text)
    text = re.sub(r"^((?:- |\d+\. ).*?)[,;]?$", r"\1.", text, flags=re.MULTILINE)
    return re.sub(r"([.?!:])\.$", r"\1", re.sub(r"^(- |\d+\. )", "", text, flags=re.M), flags=re.M)


def first_screen(entry: Procedure) -> str:
    """What an entry is and its lines in short, as one reads them first."""
    lines = [claim.text for _, claim in entry.in_short or () if claim is not None]
    return plain(" ".join([entry.sections["What it is"], *lines]))


def test_the_first_catalogue_is_complete(library: dict[str, Procedure]) -> None:
    kinds = [entry.kind for entry in library.values()]
    assert (kinds.count("procedure"), kinds.count("condition"), kinds.count("care")) == (18, 14, 4)


@pytest.mark.parametrize("slug", SLUGS)
def test_reading_grade(library: dict[str, Procedure], slug: str, record_property: Record) -> None:
    """Every section that explains is easy to read; what one reads first is easier still."""
    by_section = {
        heading: textstat.flesch_kincaid_grade(plain(text))
        for heading, text in library[slug].sections.items()
        if heading != "What we could not verify"  # names of papers
    }
    first = textstat.flesch_kincaid_grade(first_screen(library[slug]))
    hardest = max(by_section, key=lambda heading: by_section[heading])
    record_property("grade", (slug, first, by_section[hardest], hardest))
    assert first <= MAX_GRADE_FIRST
    assert by_section[hardest] <= MAX_GRADE, hardest


@pytest.mark.parametrize("slug", SLUGS)
def test_an_entry_says_what_it_must(library: dict[str, Procedure], slug: str) -> None:
    entry = library[slug]
    assert entry.reviewed_by is None, "a review names the clinician who did it"
    assert entry.first_step_cite
    questions = plain(entry.sections["Questions to ask"]).splitlines()
    assert len(questions) >= 4
    assert all(question.endswith(("?", ".")) for question in questions)
    if entry.kind != "care":
        assert re.search(r"\b(nothing|waiting)\b", entry.sections["Alternatives"], re.IGNORECASE)
        assert re.search(r"^1\. ", entry.sections["The day"], re.MULTILINE)
        assert entry.pictures


@pytest.mark.parametrize("slug", SLUGS)
def test_every_citation_can_be_followed(library: dict[str, Procedure], slug: str) -> None:
    for source in library[slug].citations.values():
        assert re.match(r"https?://[^\s/]+\.[^\s]+", source.address), source
        assert source.doi is None or re.fullmatch(r"10\.\d{4,}/\S+", source.doi), source
        assert source.read
        assert source.supports
        assert source.read_on <= dt.date(2026, 11, 28)


def test_treatments_and_related_procedures_are_entries(library: dict[str, Procedure]) -> None:
    for entry in library.values():
        assert {*entry.treated_by, *entry.related} <= set(library), entry.slug
    assert {slug: entry.treated_by for slug, entry in library.items() if entry.treated_by} == {
        "angina": ("coronary-angiography", "coronary-angioplasty"),
        "birth-after-caesarean": ("hospital-birth", "caesarean-section"),
        "gallstones": ("laparoscopic-cholecystectomy",),
        "headache-after-a-spinal": ("epidural-blood-patch",),
        "kidney-failure": ("haemodialysis", "dialysis-any"),
        "knee-arthritis": ("knee-replacement",),
        "psoriasis": ("psoriasis-phototherapy",),
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_icon_arrays_agree_with_their_notes(library: dict[str, Procedure], slug: str) -> None:
    """Each count is the share that the note gives, as a fraction of people or a percentage."""
    for picture in library[slug].pictures:
        note = picture.note.replace(",", "")
        shares = [
            float(100 * Fraction(int(n), int(of)))
            for n, of in re.findall(r"(?<![\d.])(\d+)(?: \w+)? of (\d+)(?! studies)", note)
            if int(of) and int(n) <= int(of)
        ]
        exact = bool(shares)
        both = re.search(r"(\d+) and (\d+) of (\d+)", note)
        if both:
            shares += [100 * int(n) / int(both[3]) for n in both.groups()[:2]]
        if not exact or "% " in note or "of 100" in note:
            shares += [float(n) for n in _numbers(note)]
        for bar in picture.bars:
            assert any(abs(share - bar.count) <= 0.51 for share in shares), (picture.title, bar)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_figure_in_a_picture_stands_in_the_text(library: dict[str, Procedure], slug: str) -> None:
    """Who cannot see the dots reads the same figure, in a sentence that says of how many."""
    entry = library[slug]
    shares: list[float] = []
    for sentence in re.split(r"(?<=[.:;])\s", plain(" ".join(entry.sections.values()))):
        words = sentence.replace(",", "")
        parts = re.findall(r"(\d+) (?:[a-z]+ ){0,2}(?:of|in) (\d+)", words)
        shares += [100 * int(n) / int(of) for n, of in parts if 0 < int(n) <= int(of)]
        if re.search(r"\b(?:of|in)(?: every)? 1,?00|\b(and|against|it was) \d", words):
            shares += [float(n) for n in _numbers(words)]
    for picture in entry.pictures:
        for bar in picture.bars:
            assert any(abs(share - bar.count) <= 0.51 for share in shares), (picture.title, bar)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_first_screen_is_short(library: dict[str, Procedure], slug: str) -> None:
    """At most seven danger signs; a benefit and a harm, each with how sure it is; few numbers."""
    entry = library[slug]
    assert len(entry.red_flags.signs) <= 7
    if entry.in_short is None:
        assert entry.kind == "care"
        return
    first = first_screen(entry)
    figures = re.findall(r"(?<![\d.,])\d[\d,.]*(?![\d.,])", re.sub(r"of 1[0,]+\b", "", first))
    assert len(figures) <= 15, figures


@pytest.mark.parametrize("slug", SLUGS)
def test_options_side_by_side_repeat_what_the_entry_says(
    library: dict[str, Procedure], slug: str
) -> None:
    """A cell has its figures from the text below, and the table offers at least one choice."""
    entry = library[slug]
    if not entry.options:
        assert entry.kind != "procedure"
        assert not entry.matters
        return
    assert len(entry.options) >= 2
    assert 3 <= len(entry.matters) <= 6, "what may matter, for and against"
    assert entry.in_short
    lines = [claim.text for _, claim in entry.in_short if claim is not None]
    notes = [picture.note for picture in entry.pictures]
    text = _values(plain(" ".join([*lines, *notes, *entry.sections.values()])))
    for option in entry.options:
        cells = [option.involves, option.benefit, option.harm, option.recovery, option.asks]
        missing = _values(" ".join(cells)) - text
        assert not missing, (option.name, missing)
        assert option.cite, option.name
        assert all(len(cell.split()) <= 32 for cell in cells), option.name


#: Entries with options where doing nothing is none of them, and why.
NOTHING_IS_NO_OPTION = {
    "birth-after-caesarean": "the child is born one way or the other",
    "labour-epidural": "somebody beside you, with or without drugs, stands for it",
}


@pytest.mark.parametrize("slug", SLUGS)
def test_doing_nothing_or_waiting_is_an_option(library: dict[str, Procedure], slug: str) -> None:
    options = library[slug].options
    if options and slug not in NOTHING_IS_NO_OPTION:
        names = " ".join(option.name for option in options)
        assert re.search(r"\b(nothing|no |wait|watch|without|go on)", names, re.IGNORECASE), names


@pytest.mark.parametrize("slug", SLUGS)
def test_easy_read_is_easy_and_adds_no_figure(library: dict[str, Procedure], slug: str) -> None:
    """Short sentences, few of them, with a choice and allergies; figures are the entry's."""
    entry = library[slug]
    assert 8 <= len(entry.easy) <= 14
    said = " ".join(line.text for line in entry.easy)
    sentences = [s for line in entry.easy for s in re.split(r"(?<=[.:?])\s", line.text)]
    assert all(len(sentence.split()) <= 12 for sentence in sentences)
    assert textstat.flesch_kincaid_grade(said) <= MAX_GRADE_EASY
    assert re.search(r"\ballerg", said)
    assert any(line.shows == "choice" for line in entry.easy)
    signs = " ".join([*entry.red_flags.signs, entry.red_flags.also or ""])
    text = _values(plain(" ".join([*entry.sections.values(), signs])))
    assert _values(said) <= text, _values(said) - text


@pytest.mark.parametrize("slug", SLUGS)
def test_allergies_and_consent_have_their_place(library: dict[str, Procedure], slug: str) -> None:
    entry = library[slug]
    if entry.kind == "procedure":
        text = " ".join(entry.sections.values())
        assert re.search(r"\ballerg", text)
        assert re.search(r"\b(consent|agree|sign a form|may say no|change your mind)\b", text)


@pytest.mark.parametrize("slug", SLUGS)
def test_shares_have_denominators_that_can_be_compared(
    library: dict[str, Procedure], slug: str
) -> None:
    text = plain(library[slug].sections["Benefits and risks"])
    found = re.findall(r"\b1 (?:in|of every) (\d[\d,]*)", text)
    odd = [n for n in found if not re.fullmatch(r"10+", n.replace(",", ""))]
    assert not odd


@pytest.mark.parametrize("slug", SLUGS)
def test_no_review_is_overdue(library: dict[str, Procedure], slug: str) -> None:
    due = dt.date.fromisoformat(f"{library[slug].next_review}-28")
    assert due >= dt.datetime.now(tz=dt.UTC).date(), "read the sources again, and say so"


def _numbers(note: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", note)


def _values(text: str) -> set[float]:
    return {float(number) for number in _numbers(text.replace(",", ""))}


#: What the page said that this project began with, point by point; what became of it (found as
#: said, corrected where the evidence says otherwise, or left out); and our words, or the reason.
SEED = (
    ("your own blood, into the epidural space", "found", "your own blood is put into the space"),
    ("for a leak after a lumbar puncture", "found", "with it after a lumbar puncture"),
    ("or from another cause", "found", "leak began with no needle at all"),
    ("a tear in the dura", "found", "a small tear in the lining (the dura)"),
    ("worse upright, better lying down", "found", "worse sitting up and better lying down"),
    ("blood is taken from the arm", "found", "takes blood from your arm"),
    ("the clot seals the leak", "found", "clots and seals a leak"),
    ("guided by X-ray", "corrected: sometimes", "x-ray may guide the needle"),
    ("guided by ultrasound", "left out: no source was read", "any source on ultrasound"),
    ("you lie still", "found", "you keep very still"),
    ("under an hour", "corrected: that part, then two hours flat", "lie flat for about 2 hours"),
    ("watched for a short while", "corrected: about two hours", "while staff watch you"),
    ("back pain", "found", "your back may be sore for a few days"),
    ("rarely nerve harm", "found", "infection, bleeding or nerve harm"),
    ("many better soon", "corrected: most not after one day", "11 of 19 against 19 of 21"),
    ("a second patch may be needed", "found", "a second patch"),
    ("less than surgery", "found", "a patch is the smaller step"),
    ("usual activity in a day or two", "corrected: nobody agrees", "there is no agreed rule"),
    ("nothing strenuous for a while", "found", "do not lift, strain or move in a rush"),
    ("follow-up", "found", "ask how you are until the headache has gone"),
)


def test_the_points_of_the_seed_text_are_covered(
    library: dict[str, Procedure], record_property: Record
) -> None:
    text = plain(" ".join(library["epidural-blood-patch"].sections.values())).lower()
    for said, became, words in SEED:
        assert words in text, said
        record_property("point", (said, became, words))


#: What the Bhutan pack answers on 2026-11-22: confirmed, reported, likely.
BHUTAN = {
    "angina": (0, 0, 1),
    "appendicitis": (0, 0, 4),
    "birth-after-caesarean": (0, 0, 5),
    "caesarean-section": (0, 6, 1),
    "cataract-surgery": (0, 1, 3),
    "colonoscopy": (0, 1, 3),
    "colposcopy": (0, 1, 4),
    "coronary-angiography": (0, 1, 0),
    "coronary-angioplasty": (0, 1, 0),
    "dialysis-any": (0, 0, 0),
    "eczema": (0, 0, 4),
    "emergency-care": (0, 2, 0),
    "epidural-blood-patch": (0, 0, 8),
    "gallstones": (0, 0, 4),
    "groin-hernia": (0, 0, 4),
    "haemodialysis": (0, 7, 0),
    "headache-after-a-spinal": (0, 0, 8),
    "hospital-birth": (0, 2, 3),
    "hospital-care": (0, 49, 0),
    "kidney-failure": (0, 0, 0),
    "knee-arthritis": (0, 0, 3),
    "knee-replacement": (0, 1, 2),
    "labour-epidural": (0, 2, 4),
    "laparoscopic-cholecystectomy": (0, 1, 4),
    "long-acting-contraception": (0, 0, 5),
    "lumbar-puncture": (0, 0, 8),
    "mammogram": (0, 0, 0),
    "mohs-surgery": (0, 0, 0),
    "primary-care": (0, 0, 0),
    "psoriasis": (0, 0, 1),
    "psoriasis-phototherapy": (0, 0, 0),
    "rabies-after-a-bite": (0, 0, 3),
    "sciatica": (0, 0, 8),
    "snakebite": (0, 0, 1),
    "tuberculosis": (0, 0, 3),
    "upper-gi-endoscopy": (0, 2, 2),
}


@pytest.mark.parametrize("slug", SLUGS)
def test_what_bhutan_answers(bhutan: Pack, library: dict[str, Procedure], slug: str) -> None:
    found = assess(bhutan.providers, bhutan.evidence, library[slug], TODAY)["status"]
    counts = tuple(int((found == s).sum()) for s in ("confirmed", "reported", "likely"))
    assert counts == BHUTAN[slug]


#: The same of the US pack, for entries that nothing but specialties decides.
UNITED_STATES = {
    "angina": (0, 0, 0),
    "appendicitis": (0, 0, 0),
    "eczema": (0, 0, 2327),
    "kidney-failure": (0, 0, 0),
    "long-acting-contraception": (0, 0, 2579),
    "mammogram": (0, 0, 0),
    "rabies-after-a-bite": (0, 0, 0),
}


@pytest.mark.parametrize("slug", sorted(UNITED_STATES))
def test_what_the_united_states_answer(library: dict[str, Procedure], slug: str) -> None:
    found = assess_pack(open_pack("us"), library[slug], TODAY).rows["status"]
    counts = tuple(int((found == s).sum()) for s in ("confirmed", "reported", "likely"))
    assert counts == UNITED_STATES[slug]
    assert (found == "unknown").sum() > 1_000


def test_a_caesarean_needs_obstetrics_and_anaesthesia(library: dict[str, Procedure]) -> None:
    first, second = library["caesarean-section"].performed_by
    assert first == ("obstetrics-gynaecology",)
    assert "anaesthesiology" in second


@pytest.mark.parametrize(
    "slug", ["haemodialysis", "coronary-angioplasty", "psoriasis-phototherapy"]
)
def test_where_equipment_decides_no_name_makes_a_place_likely(
    library: dict[str, Procedure], slug: str
) -> None:
    assert library[slug].performed_by == ()


def test_who_seldom_does_it_makes_no_place_likely(library: dict[str, Procedure]) -> None:
    assert {"internal-medicine", "paediatrics"}.isdisjoint(library["lumbar-puncture"].specialties)
    assert "radiology" in library["lumbar-puncture"].specialties


def test_sections_are_in_order(library: dict[str, Procedure]) -> None:
    for entry in library.values():
        assert tuple(entry.sections) == SECTIONS
