"""American English: the words of the country, the same figures, the same sources."""

import re
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from geo.care.american import american, in_english_of
from geo.care.entry import MARK, Procedure
from geo.care.library import LIBRARY, find_procedure, open_library
from tests.conftest import entry

ENTRIES = open_library()
SLUGS = sorted(path.stem for path in LIBRARY.glob("*.md"))
#: British spellings by what makes them so, whatever the word; none is an English word otherwise.
BRITISH = re.compile(
    r"\b\w*(?:aem|aesth|aesar|paed|gynae|oesoph|oedem|rrhoea|isation|tumour|labour|colour|centre"
    r"|theatre|litre)\w*|\b(?:tummy|gullet|paracetamol|adrenaline|pethidine|physio\w*)\b",
    re.IGNORECASE,
)
A_VOWEL = re.compile(r"\ba [aeio]\w+|\ban [bcdfgjklmnpqstvwxyz]\w+", re.IGNORECASE)


def texts(value: object) -> list[str]:
    """Every text in an entry, but for its names and its sources."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for held in value.values() for text in texts(held)]
    if isinstance(value, tuple):
        return [text for held in value for text in texts(held)]
    if isinstance(value, BaseModel):
        unread = {"also_known_as", "citations", "cite", "body", "performed_by", "settings"}
        unread |= {"specialty", "treated_by", "centres", "first_step_cite", "mesh", "slug"}
        return [text for name, held in value if name not in unread for text in texts(held)]
    return []


@pytest.mark.parametrize("slug", SLUGS)
def test_no_british_word_is_left_and_every_article_fits(slug: str) -> None:
    british, told = texts(ENTRIES[slug]), texts(american(ENTRIES[slug]))
    assert not BRITISH.findall(MARK.sub("", "\n".join(told)))
    assert not re.findall(r"\b[Rr]ing (?:at|the|your|a|for|first|early)\b", "\n".join(told))
    odd = Counter(A_VOWEL.findall("\n".join(told))) - Counter(A_VOWEL.findall("\n".join(british)))
    assert not odd


@pytest.mark.parametrize("slug", SLUGS)
def test_figures_and_sources_stay(slug: str) -> None:
    british, told = ENTRIES[slug], american(ENTRIES[slug])
    assert told.citations == british.citations
    assert told.also_known_as == british.also_known_as
    for before, after in zip(texts(british), texts(told), strict=True):
        assert MARK.findall(before) == MARK.findall(after)
        bare = re.sub(r" \([\d. to]+ (?:lb|in|miles)\)", "", after)
        assert re.findall(r"\d[\d.,]*", MARK.sub("", before)) == re.findall(
            r"\d[\d.,]*", MARK.sub("", bare)
        )


@pytest.mark.parametrize("slug", SLUGS)
def test_an_entry_is_found_by_its_american_title(slug: str) -> None:
    told = in_english_of("United States", ENTRIES)
    for library in (ENTRIES, told):
        for title in (ENTRIES[slug].title, told[slug].title):
            found = find_procedure(library, title)
            assert found.procedure is not None
            assert found.procedure.slug == slug
            assert not found.corrected


@pytest.mark.parametrize("country", ["Bhutan", "Kenya", "", "United Kingdom"])
def test_elsewhere_an_entry_stays_as_it_was_written(country: str) -> None:
    assert in_english_of(country, ENTRIES) == ENTRIES


def _section(text: str) -> str:
    told: Procedure = american(entry("x", sections={"What it is": text}))
    return told.sections["What it is"]


def test_words_keep_their_capital_their_end_and_their_neighbours() -> None:
    assert _section("Ring. Rings, a ring; tumours, Anaesthetists[^labour].") == (
        "Call. Calls, a call; tumors, Anesthesiologists[^labour]."
    )
    assert _section("Strings and labourers stay; a theatre, nurse anaesthetists.") == (
        "Strings and labourers stay; an operating room, nurse anesthetists."
    )


@given(st.floats(0.1, 500).map(lambda n: round(n, 1)))
def test_pounds_stand_beside_kilograms(kilograms: float) -> None:
    found = re.fullmatch(r"[\d.]+ kg \(([\d.e+]+) lb\)", _section(f"{kilograms:g} kg"))
    assert found
    assert float(found[1]) == pytest.approx(kilograms * 2.20462262, rel=0.05)
