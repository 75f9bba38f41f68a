"""Files from outside: what they are by their content, unpacked within limits, never trusted.

Nothing is decided by a file's name. An archive is unpacked into a folder that goes away, member
by member and counted while it is read, so that neither its declared sizes nor its paths matter.
"""

import contextlib
import csv
import gzip
import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from geo.errors import CareReachError, DataError

#: A table, or what an archive unpacks to, in bytes.
MAX_BYTES = 250_000_000
#: A workbook's sheet reaches to so many cells at most.
MAX_CELLS = 20_000_000
_CELL = re.compile(rb'<c[^>]{0,80}?\br="([A-Z]{1,3})(\d{1,7})"')
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
    if b"<kml" in start:
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
    with _archive(path) as archive:
        names = archive.namelist()
    return "xlsx" if "[Content_Types].xml" in names else "zip"


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
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
    if kind == "xlsx":
        _check_workbook(path, limit)
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
        if found.suffix.lower() != ".shp":
            if kind_of(found) in ("zip", "gzip"):
                raise DataError(path.name, "is an archive inside an archive; unpack it first")
            if kind_of(found) == "xlsx":
                _check_workbook(found, limit)
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
    with _archive(path) as archive:
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


def _check_workbook(path: Path, limit: int) -> None:
    """Unpacked size, no XML with entities of its own, no cell far from all others."""
    left = limit
    with _archive(path) as archive:
        for member in archive.infolist():
            rows = columns = 1
            with archive.open(member) as packed:
                tail = b""
                while block := packed.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise DataError(path.name, f"unpacks to more than {size_text(limit)}")
                    if not member.filename.endswith((".xml", ".rels")):
                        continue
                    text = tail + block
                    if b"<!DOCTYPE" in text.upper():
                        raise DataError(path.name, "declares XML entities, which no workbook needs")
                    for letters, number in _CELL.findall(text):
                        rows = max(rows, int(number))
                        columns = max(columns, _column_number(letters))
                    tail = block[-64:]
            # A reader makes room for everything between the first cell and the last.
            if rows * columns > MAX_CELLS:
                raise DataError(
                    path.name, f"reaches to row {rows:,} and column {columns:,}: too large a sheet"
                )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


#: What a reader may raise at a file that is not what it seems.
_BROKEN = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@contextlib.contextmanager
def understood(name: str) -> Iterator[None]:
    """One sentence for content that is of another shape than its format says.

    Parameters
    ----------
    name
        The file's name, for the sentence.

    Raises
    ------
    DataError
        Instead of whatever a reader stumbled over.
    """
    try:
        yield
    except CareReachError:
        raise
    except (*_BROKEN, OSError, OverflowError, csv.Error) as error:
        said = " ".join(str(error).split())[:120]
        raise DataError(name, f"is not in the form that its kind has ({said})") from None


def text_of(path: Path) -> io.TextIOWrapper:
    """A file as UTF-8 text, a byte-order mark left out."""
    return path.open(encoding="utf-8-sig", newline="")
