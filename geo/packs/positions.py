"""Positions as people write and share them: degrees, `geo:` addresses, map links, plus codes."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from openlocationcode import openlocationcode as plus

from geo.errors import CareReachError

_NUMBER = r"[+-]?\d{1,3}(?:\.\d+)?"
_TWO = re.compile(rf"({_NUMBER})\s*[,;~\s]\s*({_NUMBER})")
#: Two numbers with decimal commas: something else than a comma parts them, or a comma and a space.
_COMMAS = re.compile(r"([+-]?\d{1,3},\d+)(?:\s*;\s*|,?\s+)([+-]?\d{1,3},\d+)")
#: Signs that people and word processors put for degrees, minutes and seconds.
_SIGNS = str.maketrans("º˚⁰’‘′ʹ´`”“″˝−–", "°°°''''''\"\"\"\"--")
_WORDS = (
    (r"\b(?:latitude|lat|longitude|long|lon|lng)\b\.?\s*[:=]?", " "),
    (r"\bnorth\b", "N"),
    (r"\bsouth\b", "S"),
    (r"\beast\b", "E"),
    (r"\bwest\b", "W"),
    (r"(?<=\d)\s*(?:degrees?|deg)\b\.?", "°"),
    (r"(?<=\d)\s*(?:minutes?|min)\b\.?", "'"),
    (r"(?<=\d)\s*(?:seconds?|sec)\b\.?", '"'),
    (r"''", '"'),
)
#: One coordinate without its side: degrees, and minutes and seconds where they are given.
_ANGLE = re.compile(
    r"\s*([+-]?)\s*(\d{1,3}(?:\.\d+)?)\s*[°:\s]?\s*"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*[':\s]?\s*)?(?:(\d{1,2}(?:\.\d+)?)\s*\"?\s*)?"
)
#: Longitude named before latitude.
_TURNED = re.compile(r"\b(?:longitude|long|lon|lng)\b.*\b(?:latitude|lat)\b", re.I | re.S)
_SIDES = {"N": 1, "S": -1, "E": 1, "W": -1}
#: Parameters of map links that hold "lat,lon", the most telling first.
_QUERIES = ("query", "q", "destination", "daddr", "ll", "cp", "center", "sll")
_SHORT_CODE = re.compile(
    r"^\s*([23456789CFGHJMPQRVWX]{2,8}\+[23456789CFGHJMPQRVWX]{2,3})[\s,]+(\S.*)$", re.IGNORECASE
)


def degrees_of(text: str) -> tuple[float, str] | None:
    """One coordinate in any usual spelling; None where it is none.

    Parameters
    ----------
    text
        "27.47", "27,47 N", "27°28'18'' N", "N 27 28.3".

    Returns
    -------
    tuple or None
        Degrees, and its axis: "lat", "lon", or "" where no side is named.

    Examples
    --------
    >>> degrees_of("27°28.5'S"), degrees_of("89,5"), degrees_of("O 12°")
    ((-27.475, 'lat'), (89.5, ''), None)
    """
    plain = _spelt(text)
    sides = re.findall(r"[A-Za-z]", plain)
    if len(sides) > 1 or (sides and sides[0].upper() not in _SIDES):
        return None  # also O: west in Spanish, east in German
    side = sides[0].upper() if sides else ""
    rest = re.sub(r"[A-Za-z]", "", plain).strip(" ,;")
    if re.fullmatch(r"[+-]?\d+,\d+.*", rest):
        rest = rest.replace(",", ".")
    angle = _ANGLE.fullmatch(rest)
    if angle is None or (angle[4] and not angle[3]):
        return None
    if (angle[3] and "." in angle[2]) or (angle[4] and "." in angle[3]):
        return None
    minutes, seconds = float(angle[3] or 0), float(angle[4] or 0)
    if minutes >= 60 or seconds >= 60 or (side and angle[1]):
        return None
    degrees = float(angle[2]) + minutes / 60 + seconds / 3600
    sign = -1 if angle[1] == "-" else _SIDES.get(side, 1)
    return sign * degrees, {"N": "lat", "S": "lat", "E": "lon", "W": "lon"}.get(side, "")


def read_position(text: str) -> tuple[float, float] | None:
    """The position that a text names; None where it names none.

    Parameters
    ----------
    text
        "27.47, 89.64", "27.47 N, 89.64 E", "27°28.3'N 89°38.2'E", "geo:27.47,89.64", a link of a
        map, or a whole plus code ("7MVCF89J+5W").

    Returns
    -------
    tuple or None
        Latitude and longitude, degrees.

    Raises
    ------
    CareReachError
        If it is meant to be a position and is none: out of range, or a link without one.

    Examples
    --------
    >>> read_position("89.64 E, 27.47 N"), read_position("geo:27.5,89.6?z=11")
    ((27.47, 89.64), (27.5, 89.6))
    """
    text = text.strip()
    if re.match(r"(?:https?://|www\.)|geo:", text, re.IGNORECASE):
        return _checked(_linked(text))
    if plus.isValid(text.upper()) and plus.isFull(text.upper()):
        area = plus.decode(text.upper())
        return round(area.latitudeCenter, 6), round(area.longitudeCenter, 6)
    plain = _spelt(text)
    two = _COMMAS.fullmatch(plain) or _TWO.fullmatch(plain)
    if two and not re.fullmatch(r"\d+\s+\d+", plain):  # "24 7" is no position
        first, second = (float(two[i].replace(",", ".")) for i in (1, 2))
        turned = _TURNED.search(text) is not None
        return _checked((second, first) if turned else (first, second))
    halves = _halves(plain)
    if halves is None:
        return None
    (first, axis), (second, other) = halves
    if axis == other and axis:
        return None
    turned = axis == "lon" or other == "lat"
    return _checked((second, first) if turned else (first, second))


def short_code(text: str) -> tuple[str, str] | None:
    """A plus code that was shortened, and the place that it leans on: "F89J+5W Thimphu"."""
    found = _SHORT_CODE.match(text)
    if found is None or not plus.isShort(found[1].upper()):
        return None
    return found[1].upper(), found[2]


def recover(code: str, lat: float, lon: float) -> tuple[float, float]:
    """The position of a shortened plus code nearest to a place, degrees."""
    area = plus.decode(plus.recoverNearest(code, lat, lon))
    return round(area.latitudeCenter, 6), round(area.longitudeCenter, 6)


def _spelt(text: str) -> str:
    """One spelling of signs and words."""
    plain = text.translate(_SIGNS)
    for pattern, sign in _WORDS:
        plain = re.sub(pattern, sign, plain, flags=re.IGNORECASE)
    return " ".join(plain.split())


def _halves(plain: str) -> tuple[tuple[float, str], tuple[float, str]] | None:
    """Two coordinates with sides or signs of degrees."""
    if not re.fullmatch(r"[-+\d.,;:°'\"\sNSEW]+", plain, re.IGNORECASE):
        return None
    sides = [m.start() for m in re.finditer("[NSEW]", plain, re.IGNORECASE)]
    marks = [m.start() for m in re.finditer("°", plain)]
    if len(sides) == 2:
        at = sides[1] if sides[0] == 0 else sides[0] + 1
    elif not sides and len(marks) == 2:
        at = max(plain.rfind(sign, 0, marks[1]) for sign in (",", ";", " "))
    else:
        return None
    first, second = degrees_of(plain[:at]), degrees_of(plain[max(at, 0) :])
    return (first, second) if first and second else None


def _linked(text: str) -> tuple[float, float]:
    """The position in a link of a map or a `geo:` address."""
    try:
        url = urlsplit(re.sub(r"^www\.", "https://www.", text, flags=re.IGNORECASE))
    except ValueError:
        raise CareReachError("This link is broken: copy it again, or type the place.") from None
    asked = {key: values[-1] for key, values in parse_qs(url.query).items()}
    pin = re.search(rf"!3d({_NUMBER})!4d({_NUMBER})", unquote(text))
    said = [asked[key] for key in _QUERIES if key in asked]
    for lat, lon in (("mlat", "mlon"), ("lat", "lon"), ("lat", "lng")):
        if lat in asked and lon in asked:
            said.insert(0, f"{asked[lat]},{asked[lon]}")
    path = unquote(url.path).replace("+", " ")
    if url.scheme.lower() == "geo":
        said.append(path.split(";")[0])
    around = re.search(rf"@({_NUMBER}),({_NUMBER})", path)
    view = re.search(rf"map=[\d.]+/({_NUMBER})/({_NUMBER})", url.fragment or url.query)
    plain = (re.sub(r"^loc:\s*|\s*\([^)]*\)$", "", words) for words in said)
    found = [pin, *(_TWO.fullmatch(words) for words in plain)]
    found += [around, view, *(_TWO.fullmatch(part.strip()) for part in path.split("/"))]
    for spot in found:
        # geo:0,0?q=... means "wherever this name is".
        if spot and (float(spot[1]) or float(spot[2])):
            first, second = float(spot[1]), float(spot[2])
            turned = re.search(r"yandex|2gis", url.netloc)
            return (second, first) if turned else (first, second)
    raise CareReachError(
        "There is no position in this link. Open it and copy the address that your browser then "
        "shows, or type the place."
    )


def _checked(spot: tuple[float, float]) -> tuple[float, float]:
    lat, lon = spot
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise CareReachError(
            f"{lat:g}, {lon:g} is not a position: latitude runs from -90 to 90, "
            "longitude from -180 to 180."
        )
    return lat, lon
