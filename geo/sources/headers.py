"""Where a table's header stands: under notes, in one row or two, with or without a row of tags."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from geo.sources.vocabulary import FIELDS, HEADER_WORDS, folded

#: Rows of text cells; they may differ in width.
Rows = Sequence[Sequence[str]]
#: A header stands in the first rows or nowhere.
_HEAD_ROWS = 15
#: So many rows below a header tell what it is the header of.
_BELOW = 50
#: A hashtag of the Humanitarian Exchange Language, with attributes: #loc+name.
_TAG = re.compile(r"#[a-z][a-z0-9_]*( *\+ *[a-z0-9_]+)*", re.IGNORECASE)
#: Words that need no heading above them to be understood.
_AXES = frozenset(folded(word) for field in ("lat", "lon") for word in FIELDS[field])


@dataclass(frozen=True)
class Head:
    """A table's header.

    Attributes
    ----------
    columns
        The text of each column, "" where it has none; of two rows the lower completes the upper.
    first
        The header's first row, from 0; -1 where there is no header.
    body
        The first row below it.
    tags
        A row of tags below the header; None where there is none.
    """

    columns: tuple[str, ...]
    first: int
    body: int
    tags: int | None = None


def head_of(table: Rows, given: int | None = None) -> Head:
    """Find a table's header.

    Parameters
    ----------
    table
        All rows, text cells stripped.
    given
        The header's first row, from 0, where it is known; -1 where there is none.
    """
    tags = _tag_row(table)
    at = given
    if at is None:
        at = _header_row(table) if tags is None else max(tags - 1, 0)
        if at > 0 and _is_pair(table[at - 1], table[at], table[at + 1 : at + _BELOW]):
            at -= 1
    if at < 0:
        return Head((), -1, 0)
    columns, body = list(table[at]), at + 1
    if body < len(table) and _is_pair(table[at], table[body], table[body + 1 : body + _BELOW]):
        columns, body = _joined(table[at], table[body]), body + 1
    if tags == body:
        understood = [folded(c) in HEADER_WORDS for c in columns]
        tagged = [_tag_words(c) for c in table[tags]] + [""] * len(columns)
        columns = [
            name if known or tag not in HEADER_WORDS else tag
            for name, known, tag in zip(columns, understood, tagged, strict=False)
        ]
        return Head(tuple(columns), at, body + 1, tags)
    if tags == at:
        columns = [_tag_words(c) or c for c in columns]
    return Head(tuple(columns), at, body)


def _tag_row(table: Rows) -> int | None:
    for at, row in enumerate(table[: _HEAD_ROWS + 1]):
        filled = [cell for cell in row if cell]
        if len(filled) > 1 and sum(map(bool, map(_TAG.fullmatch, filled))) > 0.6 * len(filled):
            return at
    return None


def _tag_words(tag: str) -> str:
    """A hashtag as words: `#geo+lat` is `geo lat`."""
    return folded(re.sub(r"[#+]", " ", tag))


def _header_row(table: Rows) -> int:
    """The row of the header, by words that people use, else above numbers; -1 without any."""
    widths = Counter(sum(map(bool, row)) for row in table[:200] if any(row))
    usual = max(widths, key=lambda w: (widths[w], w))
    for at, row in enumerate(table[:_HEAD_ROWS]):
        words = {folded(cell) for cell in row if cell}
        if len(words & HEADER_WORDS) >= 2 and len(words) > 0.5 * usual:
            return at
    for at, row in enumerate(table[:_HEAD_ROWS]):
        if sum(map(bool, row)) < 0.6 * usual:
            continue
        below = table[at + 1 : at + _BELOW]
        numeric = [i for i in range(len(row)) if row[i] and _is_number_column(below, i)]
        if numeric and not any(_is_number(row[i]) for i in numeric):
            return at
        return -1
    return -1


def _is_pair(upper: Sequence[str], lower: Sequence[str], below: Rows) -> bool:
    """Whether two rows are one header: headings of groups, and the columns in them."""
    width = max(len(upper), len(lower))
    top, low = ([*row, *[""] * (width - len(row))] for row in (upper, lower))
    if sum(map(bool, top)) < 2 or any(map(_is_number, low)) or not any(low):
        return False
    # A group has its heading above its first column, and columns without any beside it.
    inner = [i for i in range(1, width) if low[i] and not top[i] and low[i - 1]]
    words = [folded(cell) for cell in low if cell]
    # Without the upper row some column would have no name of its own; a cell that is merged over
    # both rows stands in both.
    tall = any(a and b in ("", a) for a, b in zip(top, low, strict=True))
    needed = tall or len(set(words)) < len(words)
    if not inner or not needed:
        return False
    known = sum(word in HEADER_WORDS for word in set(words))
    return known >= 2 or any(_is_number_column(below, i) for i in inner)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """The names of columns under headings of groups."""
    width = max(len(upper), len(lower))
    top, low = ([*row, *[""] * (width - len(row))] for row in (upper, lower))
    names, heading = [], ""
    for group, name in zip(top, low, strict=True):
        heading = group or heading
        if not name:
            names.append(group)
        elif name == group or folded(name) in _AXES:
            names.append(name)
        else:
            names.append(f"{heading} {name}".strip())
    return names


def _is_number_column(rows: Rows, at: int) -> bool:
    """Whether most cells of a column are numbers."""
    return bool(rows) and sum(_is_number(r[at]) for r in rows if at < len(r)) > 0.7 * len(rows)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
