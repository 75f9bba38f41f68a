"""Where postcodes stand: ZIP codes of the United States, by the package `zipcodes`."""

import functools
import itertools
import re
from dataclasses import dataclass

import zipcodes

#: States and territories whose postcodes begin with 0; nobody else's lose digits in a spreadsheet.
_ZIP_LENGTHS = {3: 5, 4: 5, 5: 5, 7: 9, 8: 9, 9: 9}


def us_zip(text: str) -> str | None:
    """The five digits of a ZIP code that a spreadsheet may have made a number of.

    None where the lost zeros cannot be told: six digits, or fewer than three.

    Examples
    --------
    >>> us_zip("41023134.0"), us_zip("4416"), us_zip("04101-1234"), us_zip("410231")
    ('04102', '04416', '04101', None)
    """
    plain = re.sub(r"\.0+$", "", text.strip())
    if not re.fullmatch(r"[\d\s-]+", plain):
        return None
    digits = re.sub(r"\D", "", plain)
    length = _ZIP_LENGTHS.get(len(digits))
    return digits.zfill(length)[:5] if length else None


@dataclass(frozen=True)
class Spot:
    """Where a postcode stands."""

    lat: float
    lon: float
    locality: str = ""
    state: str = ""


@functools.lru_cache(maxsize=65_536)
def zip_spot(zip_code: str) -> Spot | None:
    """The middle of a US ZIP code's area, by the package `zipcodes`; None where it knows none."""
    for found in zipcodes.matching(zip_code) if len(zip_code) == 5 else []:
        if found["lat"] and found["long"]:
            lat, lon = float(found["lat"]), float(found["long"])
            if lat or lon:
                return Spot(lat, lon, str(found["city"]), str(found["state"]))
    return None


def zips_from(digits: str, most: int) -> list[str]:
    """US ZIP codes that begin so, where they stand somewhere; none for fewer than three digits.

    Examples
    --------
    >>> zips_from("0410", 3)
    ['04101', '04102', '04103']
    """
    codes = zipcodes.similar_to(digits) if 3 <= len(digits) <= 5 else []
    placed = (found["zip_code"] for found in codes if zip_spot(found["zip_code"]))
    return list(itertools.islice(placed, most))
