"""Files from outside: what they are by their content, unpacked within limits, never trusted.

Nothing is decided by a file's name. An archive is unpacked into a folder that goes away, member
by member and counted while it is read, so that neither its declared sizes nor its paths matter.
"""

import contextlib
import csv
import gzip
import io
import itertools
import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from geo.errors import DataError

#: A table, or what an archive unpacks to, in bytes.
MAX_BYTES = 250_000_000
#: A KML file begins with its root, after what XML may have before it.
_KML = re.compile(rb"(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<(kml:)?kml[\s>]", re.DOTALL)
_SHAPEFILE = b"\0\0\x27\x0a"
#: So many files in an archive at most.
MAX_MEMBERS = 2_000
_BLOCK = 1 << 20
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"SQLite format 3\0", "gpkg"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"\x1f\x8b", "gzip"),
    (b"fgb\x03fgb", "fgb"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
#: What unpacking may raise at an archive that is none.
_UNPACKING = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError),
    RuntimeError,
)
_TABLES = frozenset({"text", "json", "parquet", "gpkg", "fgb", "kml", "xls", "xlsx"})


def size_text(size: int) -> str:
    """A number of bytes for a reader."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(size / 1e6, 0.1):.1f} MB"


def kind_of(path: Path) -> str:
    """What a file is by its first bytes.

    Returns
    -------
    str
        "text", "json", "parquet", "gpkg", "fgb", "kml", "xls", "xlsx", "pbf", "zip" or "gzip".

    Raises
    ------
    DataError
        If it is empty, or none of these.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise DataError(path.name, "the file is empty")
    if zipfile.is_zipfile(path) and head.startswith(b"PK"):
        return _zip_kind(path)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            if " " in kind:
                raise DataError(path.name, f"is not a table: it is {kind}")
            return kind
    if b"OSMHeader" in head[:64]:
        return "pbf"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or utf16_of(head):
        return "text"
    if b"\0" in head:
        raise DataError(path.name, "is not a table: it is neither text nor a format known here")
    return _text_kind(path, head.lstrip(b"\xef\xbb\xbf \t\r\n").lower())


def _text_kind(path: Path, start: bytes) -> str:
    if _KML.match(start):
        return "kml"
    if start.startswith((b"<html", b"<!doctype html", b"<table")):
        raise DataError(path.name, "is a web page; open it in a spreadsheet and save it as XLSX")
    return "json" if start[:1] in (b"{", b"[") else "text"


def utf16_of(head: bytes) -> str:
    """Which UTF-16 bytes without a mark are: every other one of Western text is zero."""
    zeros = [head[k::2].count(0) / max(len(head[k::2]), 1) for k in (0, 1)]
    if max(zeros) < 0.3 or min(zeros) > 0.01:
        return ""
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _zip_kind(path: Path) -> str:
    with archive_of(path) as archive:
        names = archive.namelist()
    return "xlsx" if "[Content_Types].xml" in names else "zip"


@contextlib.contextmanager
def archive_of(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file, opened.

    Raises
    ------
    DataError
        If it cannot be unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _UNPACKING as error:
        raise DataError(path.name, f"the archive cannot be unpacked: {error}") from None


@contextlib.contextmanager
def opened(path: Path, limit: int = MAX_BYTES) -> Iterator[Path]:
    """A table as a plain file of its own kind, unpacked where it was packed.

    Parameters
    ----------
    path
        A table, or one table (or one shapefile) in a zip or gzip file.
    limit
        The largest size, also of what is unpacked, in bytes.

    Yields
    ------
    Path
        The file; a temporary one is gone afterwards.

    Raises
    ------
    DataError
        If it is missing, too large, not a table, or an archive that is not safe to unpack.
    """
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    _check_size(path.name, path.stat().st_size, limit)
    kind = kind_of(path)
    if kind not in ("zip", "gzip"):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="carereach-") as folder:
        inside = Path(folder)
        if kind == "gzip":
            plain = inside / path.name.removesuffix(".gz")
            try:
                with gzip.open(path) as packed:
                    _copy(packed, plain, path.name, limit)
            except (OSError, EOFError, zlib.error) as error:
                raise DataError(path.name, f"cannot be unpacked: {error}") from None
            found = plain
        else:
            found = _unzipped(path, inside, limit)
        if found.suffix.lower() != ".shp" and kind_of(found) in ("zip", "gzip"):
            raise DataError(path.name, "is an archive inside an archive; unpack it first")
        yield found


def _check_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise DataError(
            name,
            f"has {size_text(size)}; a table can have up to {size_text(limit)}. "
            "Split it, or leave out columns",
        )


def _copy(packed: IO[bytes] | gzip.GzipFile, to: Path, name: str, limit: int) -> int:
    """Unpack one file, counting what comes out and not what was declared."""
    written = 0
    with to.open("wb") as out:
        while block := packed.read(_BLOCK):
            written += len(block)
            if written > limit:
                raise DataError(name, f"unpacks to more than {size_text(limit)}")
            out.write(block)
    return written


def _unzipped(path: Path, folder: Path, limit: int) -> Path:
    """The one table of an archive, or its one shapefile."""
    with archive_of(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir()]
        if len(members) > MAX_MEMBERS:
            raise DataError(path.name, f"holds more than {MAX_MEMBERS} files")
        for member in members:
            target = (folder / member.filename).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise DataError(path.name, f"the path {member.filename!r} leaves the archive")
        wanted = [m for m in members if "__MACOSX" not in m.filename]
        # Parts of a shapefile share their name; everything else is only told apart.
        stems = {stem: f"{i}" for i, stem in enumerate(dict.fromkeys(map(_stem, wanted)))}
        left = limit
        files = []
        for member in wanted:
            target = folder / f"{stems[_stem(member)]}{_ending(member)}"
            with archive.open(member) as packed:
                left -= _copy(packed, target, path.name, left)
            files.append(target)
    shapes = [f for f in files if f.suffix.lower() == ".shp"]
    if len(shapes) == 1:
        with shapes[0].open("rb") as shape:
            if shape.read(4) != _SHAPEFILE:
                raise DataError(path.name, "holds a .shp that is not a shapefile")
        return shapes[0]
    tables = []
    for file in files:
        with contextlib.suppress(DataError):
            if kind_of(file) in _TABLES and file.suffix.lower() not in (".txt", ".md", ".prj"):
                tables.append(file)
    if len(tables) != 1:
        raise DataError(path.name, f"holds {len(tables)} tables; give one at a time")
    return tables[0]


def _stem(member: zipfile.ZipInfo) -> str:
    return member.filename.rpartition(".")[0] or member.filename


def _ending(member: zipfile.ZipInfo) -> str:
    return re.sub(r"[^.a-z0-9]", "", Path(member.filename).suffix.lower())[:9]


def read_rows(
    lines: Iterable[str], name: str, delimiter: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """The rows of delimited text, each with the line at which it begins.

    A quotation mark that is opened and not closed would make one cell of all that follows, without
    a word; the csv module takes that for a table.

    Parameters
    ----------
    lines
        The text, line by line, with the ends of lines.
    name
        The file's name, for the sentence.
    delimiter
        Between cells.

    Raises
    ------
    DataError
        If a quotation mark is not closed, or only many rows later; or if it is no such text.
    """
    reader = csv.reader(itertools.chain(lines, [_END]), delimiter=delimiter)
    width = before = 0
    try:
        for cells in reader:
            if cells == [_END]:
                return
            if reader.line_num > before + 1 and _swallowed(cells, width, delimiter):
                break
            width = max(width, len(cells))
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise DataError(name, f"cannot be read as a table: {error}", row=before + 1) from None
    raise DataError(
        name, "a quotation mark is opened here and not closed in its cell", row=before + 1
    )


#: Stands after the last line, in a row of its own unless a quotation is still open.
_END = "\x1eend\x1e"
#: Lines of one cell that look like rows of a table of at least so many columns are such.
_ROW_WIDTH = 4


def _swallowed(cells: list[str], width: int, delimiter: str) -> bool:
    """Whether a cell holds rows of the table: whole lines with as many delimiters as it has."""
    inner = (cell.splitlines()[1:-1] for cell in cells if "\n" in cell or "\r" in cell)
    lines = [line for some in inner for line in some]
    last = any(cell.endswith(_END) for cell in cells)
    alike = [line for line in lines if line.count(delimiter) == width - 1]
    return last or (width >= _ROW_WIDTH and bool(lines) and len(alike) == len(lines))


def text_of(path: Path) -> io.TextIOWrapper:
    """A file as UTF-8 text, a byte-order mark left out."""
    return path.open(encoding="utf-8-sig", newline="")
