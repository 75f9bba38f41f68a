"""Cells of any publisher to the contract: specialties, postcodes, names."""

import functools
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from geo.care.library import LIBRARY, own_folder
from geo.errors import DataError
from geo.packs.postcodes import Spot, us_zip, zip_spot
from geo.text import normalise, spelt


def capitals(text: str) -> str:
    """Capitals to a name: "ST LUKE'S 1ST" to "St Luke's 1st"; other texts as they are.

    Examples
    --------
    >>> capitals("MCCOPPIN'S VA CLINIC"), capitals("St. Luke")
    ("Mccoppin's VA Clinic", 'St. Luke')
    """
    if not text.isupper():
        return text
    named = text.title()
    named = re.sub(r"(?<=['’])(S|T)\b", lambda m: m[0].lower(), named)
    named = re.sub(r"(?<=\d)(St|Nd|Rd|Th)\b", lambda m: m[0].lower(), named)
    return re.sub(
        r"\b(Va|Usa|Llc|Pllc|Pc|Md|Do|Ii|Iii|Iv|Nw|Ne|Sw|Se|Us|Po)\b", lambda m: m[0].upper(), named
    )


def read_postcodes(path: Path) -> dict[str, Spot]:
    """A table of postcodes of one's own: `postcode`, `lat`, `lon`, and `locality` if known.

    Raises
    ------
    DataError
        If a column is missing or a position is not a number.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise DataError(path.name, "the file is missing") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise DataError(path.name, "cannot be read as CSV") from None
    for column in ("postcode", "lat", "lon"):
        if column not in table:
            raise DataError(path.name, "the column is missing", column=column)
    found: dict[str, Spot] = {}
    for row, (code, lat, lon) in enumerate(
        zip(table["postcode"], table["lat"], table["lon"], strict=True), 2
    ):
        try:
            found[normalise(code)] = Spot(float(lat), float(lon))
        except ValueError:
            raise DataError(path.name, "the position is not a number", row=row) from None
    return found


def each_cell(cells: "pd.Series[str]", made: Callable[[str], object]) -> "np.ndarray":
    """What is made of each cell, shape (n,); cells that are equal are looked at once.

    Parameters
    ----------
    cells
        NA where there is none.
    made
        Called with each different cell; cells without one get None.
    """
    codes, words = pd.factorize(cells)
    found = np.full(len(words) + 1, None, object)
    for number, word in enumerate(words.to_numpy(object)):
        found[number] = made(word)
    each: np.ndarray = found[codes]
    return each


def may_be_one_of(cell: str, initials: Collection[str]) -> bool:
    """Whether a text, folded, can begin with one of some letters: cheap, and never wrongly no.

    Examples
    --------
    >>> may_be_one_of("Nil", {"n"}), may_be_one_of("Clinic", {"n"}), may_be_one_of("ñil", {"n"})
    (True, False, True)
    """
    first = cell[:1]
    plain = first.isascii() and first.isalnum()  # such a letter is kept by folding
    return not plain or first.lower() in initials


def postcode_spots(text: str, table: Mapping[str, Spot], country_code: str) -> Spot | None:
    """Where a postcode stands: by a table of one's own, else for the US by its ZIP codes."""
    own = table.get(normalise(text))
    if own is not None:
        return own
    code = us_zip(text) if country_code == "US" else None
    return zip_spot(code) if code else None


#: A code of the Health Care Provider Taxonomy (NUCC).
_NUCC = re.compile(r"[0-9A-Z]{9}X")


@functools.lru_cache(maxsize=1)
def _specialties(folder: Path | None) -> dict[str, str]:
    """Every code, tag and name of a specialty, and which it is."""
    known: dict[str, str] = {}
    for home in (LIBRARY, folder):
        path = home / "specialties.csv" if home else None
        if path is None or not path.exists():
            continue
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        for row in table.to_dict("records"):
            names = [row["specialty"], row.get("label", "")]
            for column in ("nucc_codes", "osm_healthcare_speciality", "cms_names"):
                names += str(row.get(column, "")).split(";")
            for name in names:
                key = name.lower() if name.endswith("*") else spelt(name)
                if key:
                    known.setdefault(key, str(row["specialty"]))
    return known


@functools.lru_cache(maxsize=65_536)
def _specialty(folder: Path | None, text: str) -> str | None:
    known = _specialties(folder)
    found = known.get(spelt(text))
    if found is None and _NUCC.fullmatch(text.strip()):
        # Four characters of a code name the classification, the rest what is special in it.
        found = known.get(f"{spelt(text)[:4]}*")
    return found


def specialty_of(text: str) -> str | None:
    """The specialty that a NUCC code, an OpenStreetMap tag or a name means; None if none here.

    Examples
    --------
    >>> specialty_of("207L00000X"), specialty_of("ANESTHESIOLOGY"), specialty_of("astrology")
    ('anaesthesiology', 'anaesthesiology', None)
    >>> specialty_of("207XS0114X"), specialty_of("207RG0100X"), specialty_of("207RE0101X")
    ('orthopaedics', 'gastroenterology', 'internal-medicine')
    """
    return _specialty(own_folder(), text)
