"""In which encoding a file's letters are: decided on all its words, and said where it is not sure.

Every encoding gives some text. Which is right shows in the words: of one script, in letters that a
language has, capital letters first, vowel signs on consonants. Names in a table are few and short:
of the 27 files in `tests/sources/test_dialects.py`, `charset-normalizer` 3.5.2 reads 10 wrongly
without a word, given the same names; here 22 are right and 5 are asked about.
"""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geo.sources.vocabulary import WORDS

#: Letters beyond ASCII of languages in Latin script.
_ALPHABETS: Mapping[str, frozenset[str]] = {
    language: frozenset(letters + letters.upper())
    for language, letters in WORDS["alphabets"].items()
}
_SMALL_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words) for language, words in WORDS["small_words"].items()
}
#: What it costs to take a text for one in a language none of whose small words it has, and for one
#: in two languages.
_STRANGE, _TWO = 0.2, 0.03
#: Encodings of more than one byte, and of one. The first of equals is taken.
_WIDE = ("gb18030", "big5", "shift_jis", "euc_jp", "cp949")
_NARROW = (
    *("cp1252", "cp1250", "iso8859_2", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp1257", "cp1258", "cp874", "koi8_r", "mac_roman", "cp850", "cp852", "cp437", "cp866"),
)
#: Words looked at; more say nothing new.
_MOST, _BYTES = 4_000, 100_000
#: From this plausibility an encoding may be right.
_RIGHT = 0.5
#: It is sure if others make nonsense of one word more: of so much of a few, and so much of many.
_ONE_WORD, _MARGIN, _SHARE = 0.9, 0.15, 0.02
_CONTROLS = re.compile("[\x80-\x9f]")
#: Signs that stand behind numbers.
_OF_ANGLES = frozenset("°º′″’”ªº²³½")
#: Signs that stand in names.
_SIGNS = frozenset("‘’“”«»–—·•№ªº°・、。（）々ー〇　")
#: Syllables of Thai: a vowel that is written before its consonant, consonants, and what they bear.
_THAI = re.compile(r"(?:[เแโใไ]?[ก-ฮ](?:[\u0e31\u0e34-\u0e3a]?[\u0e47-\u0e4e]?)[ะาำๅ]?[ๆฯ]?)+")


@dataclass(frozen=True)
class Letters:
    """How a file's letters may be read.

    Attributes
    ----------
    encoding
        The likeliest.
    others
        Others that are about as likely and read the words otherwise; none where it is sure.
    examples
        For each of these encodings, the likeliest first, three words as it reads them.
    """

    encoding: str
    others: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()


def letters_of(raw: bytes) -> Letters:
    """Decide the encoding of text that is not UTF-8.

    Parameters
    ----------
    raw
        Whole lines of the file.

    Examples
    --------
    >>> letters_of("Szpital w Łodzi, Kraków, Żywiec".encode("cp1250")).encoding
    'cp1250'
    >>> letters_of("北京市第一医院, 上海市中心医院".encode("gb18030")).encoding
    'gb18030'
    """
    marked = [word for word in re.split(rb"[\r\n\t,;\"]+", raw) if not word.isascii()]
    cells = list(dict.fromkeys(marked[:: max(1, len(marked) // _MOST)]))
    upto = np.cumsum([len(cell) for cell in cells])
    some = b"\n".join(cells[: max(1, int((upto <= _BYTES).sum()))])
    read: dict[str, str] = {}
    for encoding in (*_NARROW, *_WIDE):
        try:
            text = some.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROLS.search(text):  # no text has them
            read[encoding] = text
    score = {encoding: _plausible(text, encoding) for encoding, text in read.items()}
    if not score:
        return Letters("cp1252")
    best = max(score, key=lambda encoding: score[encoding])
    margin = max(min(_ONE_WORD / max(len(_words(read[best])), 1), _MARGIN), _SHARE)
    near = [
        encoding
        for encoding, points in sorted(score.items(), key=lambda item: -item[1])
        if read[encoding] != read[best] and points > max(score[best] - margin, _RIGHT)
    ]
    if not near:
        return Letters(best)
    # Two that read the words alike are one choice.
    asked = list({read[encoding]: encoding for encoding in reversed([best, *near[:3]])}.values())
    asked = [best, *(e for e in reversed(asked) if e != best)]
    examples = tuple((encoding, ", ".join(_examples(read[encoding]))) for encoding in asked)
    return Letters(best, tuple(asked[1:]), examples)


def _examples(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if not line.isascii()]
    return [line[:40] for line in dict.fromkeys(lines)][:3]


def _words(text: str) -> list[str]:
    """The words with letters beyond ASCII."""
    return [
        w
        for w in re.split(r"[\x00-\x26\x28-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+", text)
        if not w.isascii()
    ]


def _plausible(text: str, encoding: str) -> float:
    """How much a text looks like words, from 0 to 1."""
    words = _words(text)
    if not words:
        return 0.0
    scored = [_word(word, encoding) for word in words]
    latin = [word for word, points in zip(words, scored, strict=True) if points is None]
    around = frozenset(re.findall(r"[a-z]+", text.lower()))
    fit = _in_a_language(latin, around)
    return sum(fit if points is None else points for points in scored) / len(scored)


def _word(word: str, encoding: str) -> float | None:
    """How plausible a word is; None for one in Latin letters, of which all are seen together."""
    measured = re.findall(r"\d([^\x00-\x7f])", word)
    if measured:  # degrees, minutes and seconds
        return 1.0 if set(measured) <= _OF_ANGLES else 0.0
    marks = [c for c in word if not c.isascii()]
    letters = [c for c in word if c.isalpha() or unicodedata.category(c).startswith("M")]
    odd = sum(not (c.isalpha() or unicodedata.category(c)[0] == "M" or c in _SIGNS) for c in marks)
    if odd or any(unicodedata.category(c) in ("Co", "Cn", "Cc") for c in marks):
        return 0.0
    scripts = Counter(_script(c) for c in letters)
    known = set(scripts) - {"han", "kana"} if "kana" in scripts else set(scripts)
    if len(known) > 1 and "latin" in known and len(scripts) > 1:
        return 0.05
    if len(known) > 1:
        return 0.1
    script = next(iter(known), "han")
    if script == "latin":
        return None
    if script in ("han", "kana", "hangul"):
        return sum(_is_common(c, encoding) for c in marks) / max(len(marks), 1)
    if script == "thai":
        return 1.0 if _THAI.fullmatch("".join(letters)) else 0.1
    if script in ("cyrillic", "greek"):
        tidy = word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())
        return 1.0 if tidy else 0.2
    return 0.95 if len(word) > 1 else 0.5


def _in_a_language(words: list[str], around: frozenset[str]) -> float:
    """The share of words whose letters one language has, of the language that fits best."""
    if not words:
        return 0.0
    used = [frozenset(c for c in word if not c.isascii() and c.isalpha()) for word in words]
    tidy = [
        w.islower() or w.isupper() or (w[:1].isupper() and w[1:].lower() == w[1:]) for w in words
    ]
    fits = {
        language: np.array([letters <= alphabet for letters in used]) & np.array(tidy)
        for language, alphabet in _ALPHABETS.items()
    }
    strange = {
        language: 0.0 if around & small else _STRANGE for language, small in _SMALL_WORDS.items()
    }
    alone = max(fit.mean() - strange[language] for language, fit in fits.items())
    both = max(
        (fits[a] | fits[b]).mean() - max(strange[a], strange[b]) - _TWO
        for a, b in itertools.combinations(fits, 2)
    )
    return float(max(alone, both))


def _script(c: str) -> str:
    code = ord(c)
    if code < 0x250 or 0x1E00 <= code < 0x1F00 or 0x300 <= code < 0x370:
        return "latin"
    for low, high, name in (
        *((0x370, 0x400, "greek"), (0x400, 0x530, "cyrillic"), (0x590, 0x600, "hebrew")),
        *((0x600, 0x780, "arabic"), (0xE00, 0xE80, "thai"), (0x3040, 0x3100, "kana")),
        *((0xAC00, 0xD7B0, "hangul"), (0x3400, 0xA000, "han"), (0x3000, 0x3040, "kana")),
    ):
        if low <= code < high:
            return name
    return "other"


def _is_common(c: str, encoding: str) -> float:
    """Whether a sign is one of those that texts in this encoding are made of."""
    if "\u3040" <= c < "\u3100" or c in "々ー〇・":
        return 1.0 if encoding in ("shift_jis", "euc_jp") else 0.3
    lead, wide = {
        "gb18030": ((0xB0, 0xD7), "gb2312"),
        "big5": ((0xA4, 0xC6), "big5"),
        "shift_jis": ((0xB0, 0xCF), "euc_jp"),
        "euc_jp": ((0xB0, 0xCF), "euc_jp"),
        "cp949": ((0xB0, 0xC8), "euc_kr"),
    }.get(encoding, ((0, 0), "ascii"))
    try:
        first = c.encode(wide)[0]
    except UnicodeEncodeError:
        return 0.0
    return 1.0 if lead[0] <= first <= lead[1] else 0.4
