"""What a workbook makes room for, found out before a reader does."""

import re
from collections.abc import Mapping
from pathlib import Path
from xml.parsers import expat

from geo.errors import DataError
from geo.sources.files import MAX_BYTES, archive_of, size_text

#: A workbook's sheet reaches to so many cells at most.
MAX_CELLS = 20_000_000
_BLOCK = 1 << 20
_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")
#: Where the cells of a sheet begin; a part that is no XML (a picture) has no such thing.
_SHEET_DATA = re.compile(rb"<([\w.-]+:)?sheetData\b", re.IGNORECASE)


def check_workbook(path: Path, name: str) -> None:
    """Unpacked size, no XML with entities of its own, no cell far from all others.

    Each part is parsed as a reader will parse it: what it makes room for is known before.

    Parameters
    ----------
    path
        An XLSX workbook.
    name
        What the reader calls it.

    Raises
    ------
    DataError
        If it is too large, or not what a spreadsheet writes.
    """
    left = MAX_BYTES
    with archive_of(path) as archive:
        for member in archive.infolist():
            extent = _Extent(name)
            is_xml, tail = True, b""
            with archive.open(member) as packed:
                while block := packed.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise DataError(name, f"unpacks to more than {size_text(MAX_BYTES)}")
                    is_xml = is_xml and extent.read(block)
                    # A reader may be more forgiving than the one here.
                    if not is_xml and (extent.has_cells or _SHEET_DATA.search(tail + block)):
                        raise DataError(name, "cannot be read as a workbook: it is damaged")
                    tail = block[-64:]


class _Extent:
    """How far the cells of a workbook's part reach, as it is parsed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.has_cells = False
        self._row = self._column = self._rows = self._columns = self._cells = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, block: bytes) -> bool:
        """Parse some more of it; False where it is no XML."""
        try:
            self._parser.Parse(block)
        except expat.ExpatError:
            return False
        return True

    def _doctype(self, *_: object) -> None:
        raise DataError(self._name, "declares XML entities, which no workbook needs")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        kind, said = tag.rpartition(":")[2], attributes.get("r", "")
        self.has_cells |= kind in ("sheetData", "row", "c")
        if kind == "row":
            self._row = int(said) if re.fullmatch(r"\d{1,7}", said) else self._row + 1
            self._column = 0
        elif kind == "c":
            found = _REFERENCE.fullmatch(said)
            if said and not found:
                raise DataError(self._name, f"has a cell that is called {said[:20]!r}")
            self._column += 1
            if found:
                self._column, self._row = _column_number(found[1].upper()), int(found[2])
            self._cells += 1
            self._rows = max(self._rows, self._row)
            self._columns = max(self._columns, self._column)
            # A reader makes room for everything between the first cell and the last.
            if max(self._rows * self._columns, self._cells) > MAX_CELLS:
                raise DataError(
                    self._name,
                    f"reaches to row {self._rows:,} and column {self._columns:,}: "
                    "too large a sheet",
                )


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
