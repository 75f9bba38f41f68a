"""Cells with coordinates: one number or two, degrees or geometries, and in which order."""

import functools
import importlib.resources
import re
from collections.abc import Collection, Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.distance import distance_km
from geo.errors import CareReachError
from geo.packs.positions import degrees_of, read_position

_PLAIN = re.compile(
    r"\(?\s*([+-]?\d{1,3}\.\d+|[+-]?\d{1,3}(?=[\s;]*[,;]\s*[+-]?\d{1,3}\s*\)?$))\s*°?\s*[,;\s]\s*"
    r"([+-]?\d{1,3}\.\d+|[+-]?\d{1,3})\s*°?\s*\)?(?:[,;\s]+-?\d[\d.]*){0,2}"
)
_COMMAS = re.compile(r"\(?\s*([+-]?\d{1,3},\d+)\s*(?:[;\s]|,\s)\s*([+-]?\d{1,3},\d+)\s*\)?")
_WKT = re.compile(r"(?:SRID=\d+;)?\s*(?:MULTI)?(?:POINT|POLYGON|LINESTRING)", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-Fa-f]{42,}")
#: West, south, east and north, degrees.
Bounds = tuple[float, float, float, float]
#: One order fits, if it brings the points so many times nearer to where they should be.
_NEARER = 3


def number_of(cell: str) -> float:
    """A coordinate or another number; NaN where it is none.

    Examples
    --------
    >>> number_of("'27,47"), number_of("27°28.5'S"), number_of("O 12°")
    (27.47, -27.475, nan)
    """
    text = re.sub(r"\s*°\s*$", "", cell.replace("\u2212", "-").strip().removeprefix("'"))
    if "_" in text:  # Python's own sign between thousands
        return float("nan")
    try:
        return float(text.replace(",", ".")) if text.count(",") <= 1 else float("nan")
    except ValueError:
        found = degrees_of(cell.strip().removeprefix("'"))
        return found[0] if found else float("nan")


def numbers_of(cells: "pd.Series[str]") -> "npt.NDArray[np.float64]":
    """`number_of` of every cell, shape (n,); plain decimals all at once."""
    plain = cells.str.fullmatch(r"-?\d{1,3}\.\d+").to_numpy(bool)
    found = np.full(len(cells), np.nan)
    found[plain] = cells[plain].astype(float)
    others = cells[~plain]
    known = {cell: number_of(cell) for cell in others.unique()}
    found[~plain] = [known[cell] for cell in others]
    return found


def pair_of(cell: str) -> tuple[float, float, bool]:
    """Both coordinates of a cell: (latitude, longitude, True), or in the order that they stand.

    Parameters
    ----------
    cell
        "27.47, 89.64", "27°28'N 89°38'E", a map link, WKT, EWKT, WKB in hex, or GeoJSON; of an
        area a point inside it.

    Returns
    -------
    tuple
        Two numbers, NaN where there are none, and whether their order is certain.
    """
    text = cell.strip().removeprefix("'")
    plain = _COMMAS.fullmatch(text) or _PLAIN.fullmatch(text)
    if plain:
        first, second = (float(plain[i].replace(",", ".")) for i in (1, 2))
        return first, second, False
    shape = _shape(text)
    if shape is not None and not shape.is_empty:
        inside = shape if shape.geom_type == "Point" else shape.representative_point()
        return float(shapely.get_y(inside)), float(shapely.get_x(inside)), True
    try:
        found = read_position(text)
    except CareReachError:
        found = None
    return (*found, True) if found else (float("nan"), float("nan"), True)


def _shape(text: str) -> BaseGeometry | None:
    try:
        if _WKT.match(text):
            if re.match(r"SRID=(?!4326;)", text, re.IGNORECASE):
                return None  # not degrees
            return shapely.from_wkt(text.split(";", 1)[-1])
        if _HEX.fullmatch(text):
            return shapely.from_wkb(text)
        if text.startswith("{"):
            return shapely.from_geojson(text)
    except shapely.GEOSException:
        pass
    return None


def is_longitude_first(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    countries: Collection[str] = (),
    bounds: Bounds | None = None,
) -> bool | None:
    """Whether pairs say longitude before latitude; None where nothing tells.

    Parameters
    ----------
    first, second
        As they stand, degrees, shape (n,).
    countries
        Two letters of the countries in which they should lie.
    bounds
        West, south, east and north of where they should lie.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    known = ~np.isnan(a + b)
    a, b = a[known], b[known]
    over, under = (np.abs(a) > 90).mean() if len(a) else 0, (np.abs(b) > 90).mean() if len(b) else 0
    if max(over, under) > 0.05 and min(over, under) < 0.01:
        return bool(over > under)
    if not len(a):
        return None
    if bounds is not None:
        west, south, east, north = bounds
        fit = ((a >= south) & (a <= north) & (b >= west) & (b <= east)).mean()
        turned = ((b >= south) & (b <= north) & (a >= west) & (a <= east)).mean()
        if max(fit, turned) > _NEARER * min(fit, turned):
            return bool(turned > fit)
    spots = [spot for code in countries for spot in country_spots(code)]
    if spots:
        as_is, turned = _off_km(a, b, spots), _off_km(b, a, spots)
        if max(as_is, turned) > _NEARER * min(as_is, turned):
            return turned < as_is
    return None


def _off_km(
    lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64], spots: Iterable[tuple[float, float]]
) -> float:
    """How far the middle of some points is from the nearest of some spots."""
    y, x = float(np.median(lat)), float(np.median(lon))
    if abs(y) > 90:
        return float("inf")
    known = np.array(list(spots))
    return float(distance_km(y, x, known[:, 0], known[:, 1]).min())


@functools.cache
def country_spots(code: str) -> tuple[tuple[float, float], ...]:
    """The principal places of a country's time zones (IANA `zone.tab`), degrees."""
    table = importlib.resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return tuple(_iso6709(row[1]) for row in rows if row[0] == code.upper())


def _iso6709(text: str) -> tuple[float, float]:
    """A position as ISO 6709 writes it: +-DDMM[SS]+-DDDMM[SS]."""
    lat, lon = re.findall(r"[+-]\d+", text)

    def degrees(part: str, whole: int) -> float:
        sign = -1 if part[0] == "-" else 1
        digits = part[1:]
        minutes, seconds = digits[whole : whole + 2], digits[whole + 2 :] or "0"
        return sign * (int(digits[:whole]) + int(minutes) / 60 + int(seconds) / 3600)

    return degrees(lat, 2), degrees(lon, 3)
