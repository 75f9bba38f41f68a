"""Telephone numbers as tables write them: several in a cell, with signs of all kinds."""

import re
from dataclasses import dataclass

import phonenumbers

#: What stands between two numbers; a slash only where both sides are numbers by themselves.
_APART = re.compile(r"\s*(?:[;,|\n\r]|\s/\s|\b(?:or|ou|and|et|und|oder|y|o|e)\b)\s*", re.IGNORECASE)
_BEHIND = re.compile(
    r"\s*(?:ext\.?|extension|x|poste|int\.?|durchwahl)\s*\.?\s*\d+\s*$", re.IGNORECASE
)
_BEFORE = re.compile(
    r"^\s*(?:tel|telephone|phone|ph|mob|mobile|cell|whatsapp)\b[\s.:]*", re.IGNORECASE
)

#: A day, or a code that stands behind its number.
_NO_NUMBER = re.compile(r"^\s*(?:19|20)\d\d-\d\d-\d\d\s*$|\d\s*\(\d+\)\s*$")


@dataclass(frozen=True)
class Phones:
    """What a cell says: numbers that can be called, and what is none for certain.

    Attributes
    ----------
    numbers
        In E.164, the first in the cell first.
    doubtful
        The cell's other parts, as they stand: short numbers, and numbers without a code.
    """

    numbers: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def read_phones(text: str, country_code: str = "") -> Phones:
    """Every number of a cell.

    Parameters
    ----------
    text
        As a table says it.
    country_code
        ISO 3166 alpha-2, for numbers without a country code.

    Examples
    --------
    >>> read_phones("089/1234567", "DE").numbers, read_phones("322496").doubtful
    (('+49891234567',), ('322496',))
    """
    numbers: list[str] = []
    doubtful: list[str] = []
    code = country_code.upper()
    for part in filter(None, _APART.split(re.sub(r"\.0$", "", text.strip()))):
        if re.match(r"\s*fax\b", part, re.IGNORECASE):
            continue
        whole = _number(part, code)
        halves = [_number(half, code) for half in part.split("/")]
        if whole is None and len(halves) > 1 and halves[0]:
            numbers += filter(None, halves)  # "207-555-0123/0124": the first is whole
        elif whole is None:
            doubtful.append(part.strip())
        else:
            numbers.append(whole)
    return Phones(tuple(dict.fromkeys(numbers)), tuple(doubtful))


def e164(text: str, country_code: str = "") -> str | None:
    """The first number of a cell that can be called, in E.164; None where there is none.

    A number without a country code is one only with the country's own rules: `322496` may be
    called from within a town, and is not what a stranger should call.

    Examples
    --------
    >>> e164("(207) 555-0123", "US"), e164("+975 2 322496"), e164("322496")
    ('+12075550123', '+9752322496', None)
    """
    return next(iter(read_phones(text, country_code).numbers), None)


def _number(text: str, country_code: str) -> str | None:
    """One number; None where it is not valid in its country."""
    plain = _BEHIND.sub("", _BEFORE.sub("", text))
    if re.search(r"[A-Za-z]{2}", plain) or re.fullmatch(r"\s*-?\d{1,3}[.,]\d{3,}\s*", plain):
        return None  # words, or a decimal
    if _NO_NUMBER.search(plain):
        return None
    plain = re.sub(r"^\s*00(?=[1-9])", "+", plain) if not country_code else plain
    try:
        number = phonenumbers.parse(plain, country_code or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
