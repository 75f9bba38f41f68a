"""What is done to text everywhere: folding to compare, escaping for HTML, guarding in tables."""

import html
import re
import unicodedata

_SIGNS = re.compile(r"[^a-z0-9_]+")

#: Letters of Latin script without a mark that could be left out, as a plain keyboard has them.
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
    | {"þ": "th", "ŋ": "ng", "ə": "e", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ʻ": "", "ʼ": "", "ʿ": ""}
)
#: Vowel signs and hamzas of Arabic, points of Hebrew: left out as often as written.
_OPTIONAL = (range(0x591, 0x5C8), range(0x64B, 0x656), range(0x670, 0x671), range(0x640, 0x641))


def normalise(text: str) -> str:
    """Fold case, punctuation and what a plain keyboard lacks, so that spellings compare.

    Marks of Latin and Greek letters are left out, and of others only what is left out in writing
    too (Arabic vowel signs, the dots of Russian ё): elsewhere a mark makes another name.

    Examples
    --------
    >>> normalise(" Punākha-Dzong "), normalise("Łódź"), normalise("काठमाडौं")
    ('punakha dzong', 'lodz', 'काठमाडौं')
    """
    if text.isascii():
        return " ".join(_SIGNS.sub(" ", text.casefold()).split())
    folded = text.translate(_FOLDED)
    return _folded(text) if _MARK in folded else " ".join(folded.split())


def _folded(text: str) -> str:
    """The same, letter by letter: what a mark means depends on what it stands on."""
    kept = []
    base = " "
    for c in unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN_LETTERS):
        if not unicodedata.category(c).startswith("M"):
            base = c
            kept.append(
                c if c.isalnum() or c == "_" else "" if any(ord(c) in r for r in _OPTIONAL) else " "
            )
        elif not _is_left_out(base, ord(c)):
            kept.append(c)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def _is_left_out(base: str, mark: int) -> bool:
    """Whether a mark on a letter may be missing without making another name."""
    if ord(base) < 0x400:  # Latin and Greek
        return True
    if 0x400 <= ord(base) < 0x530:  # Cyrillic: stress, and ё; й and ї are letters of their own
        return mark == 0x301 or (mark == 0x308 and base == "е")
    return any(mark in signs for signs in _OPTIONAL)


#: What a mark becomes in `_FOLDED`, to be seen.
_MARK = "\0"


class _Folds(dict[int, str]):
    """What each letter becomes, found when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        is_mark = unicodedata.category(letter).startswith("M")
        self[code] = _MARK if is_mark else _folded(f"a{letter}b")[1:-1]
        return self[code]


_FOLDED = _Folds()


def spelt(text: str) -> str:
    """Fold also what British and American spellings write differently.

    Examples
    --------
    >>> spelt("Anaesthesiology") == spelt("anesthesiology"), spelt("Tumour")
    (True, 'tumor')
    """
    return re.sub("[ao]e", "e", normalise(text)).replace("our", "or").replace("isation", "ization")


def escape(value: object) -> str:
    r"""Make any value safe as HTML text or as a quoted attribute.

    Examples
    --------
    >>> escape('<script> "O\'Neil" & Söhne')
    '&lt;script&gt; &quot;O&#x27;Neil&quot; &amp; Söhne'
    """
    return html.escape(str(value), quote=True)


def shortened(text: str, letters: int = 80) -> str:
    """What somebody typed, to be named in a sentence: its beginning, where it is long.

    Examples
    --------
    >>> shortened(" knee "), shortened("knee pain", 4)
    ('knee', 'knee…')
    """
    plain = text.strip()
    return plain if len(plain) <= letters else f"{plain[:letters]}…"


#: What a spreadsheet may take for a formula, also behind white space and in its wide form.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def guarded(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula: such a cell begins with an apostrophe.

    Examples
    --------
    >>> guarded("=HYPERLINK()"), guarded(-3)
    ("'=HYPERLINK()", -3)
    """
    if isinstance(value, str) and _FORMULA.match(value):
        return "'" + value
    return value
