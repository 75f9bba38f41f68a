"""Drawings of maps for paper, as SVG."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.care.find import Answer
from geo.distance import distance_km
from geo.output.answer_text import Row
from geo.units import KM_PER_MI, Units

#: A drawing's width, in units of its own.
_WIDE = 600.0
#: More places than this are drawn small.
MOST_LARGE = 400


class Paper:
    """A drawing of part of the earth, true to the eye at its middle latitude."""

    def __init__(
        self, west: float, south: float, east: float, north: float, *, wide: float = _WIDE
    ) -> None:
        self.bounds = (west, south, east, north)
        self._west, self._north = west, north
        self._shrink = float(np.cos(np.radians((south + north) / 2)))
        self.wide = wide
        self.scale = wide / max((east - west) * self._shrink, 1e-9)
        self.high = (north - south) * self.scale

    def at(self, lat: float, lon: float) -> tuple[str, str]:
        """Where a point lies on the paper."""
        x = (lon - self._west) * self._shrink * self.scale
        return f"{x:.1f}", f"{(self._north - lat) * self.scale:.1f}"

    def path(self, shape: BaseGeometry) -> str:
        """The polygons of a shape, as finely as they can be seen."""
        return "".join(
            "M" + " ".join(",".join(self.at(lat, lon)) for lon, lat in ring.coords) + "Z"
            for part in shapely.get_parts(shape.simplify(0.6 / self.scale))
            if part.geom_type == "Polygon"
            for ring in (part.exterior, *part.interiors)
        )

    def svg(self, label: str, drawn: str) -> str:
        """The whole drawing."""
        return (
            f'<svg viewBox="0 0 {self.wide:.0f} {self.high:.0f}" role="img" aria-label="{label}">'
            f'<rect width="100%" height="100%" fill="#eceeec"/>{drawn}</svg>'
        )


def answer_drawing(answer: Answer, rows: Sequence[Row]) -> str:
    """The place and the numbers of the list where they lie, as SVG; "" where land is not known."""
    outline, place = answer.pack.outline, answer.place
    if outline is None or not rows:
        return ""
    spots = np.array([(place.lat, place.lon), *((row.lat, row.lon) for row in rows)])
    south, west = spots.min(axis=0) - 0.1
    north, east = spots.max(axis=0) + 0.1
    # Wide and low, as the paper has room.
    shrink = float(np.cos(np.radians((south + north) / 2)))
    half = max(east - west, 4 * (north - south) / shrink) / 2
    middle = (west + east) / 2
    paper = Paper(middle - half, south, middle + half, north)
    land = outline.intersection(shapely.box(middle - half, south, middle + half, north))
    marks = "".join(
        '<text x="{}" y="{}" text-anchor="middle">{}</text>'.format(*paper.at(lat, lon), word)
        for (lat, lon), word in zip(spots, ["✚", *(row.number for row in rows)], strict=True)
    )
    ground = f'<path d="{paper.path(land)}" fill="#fff" stroke="#777"/>'
    return paper.svg("Where they lie", ground + marks + furniture(paper, answer.units))


def area_drawing(
    shapes: list[BaseGeometry], fills: list[str], spots: list[tuple[float, float]]
) -> str:
    """Areas and places as SVG.

    Parameters
    ----------
    shapes, fills
        Areas in degrees, and the colour of each.
    spots
        Places (lat, lon).
    """
    paper = Paper(*shapely.total_bounds(shapes))
    return paper.svg("Map of the regions", areas_svg(paper, shapes, fills, spots))


def areas_svg(
    paper: Paper,
    shapes: Sequence[BaseGeometry],
    fills: Sequence[str],
    spots: Sequence[tuple[float, float]],
) -> str:
    """What lies on a paper: areas, each of its colour, and places (lat, lon) over them."""
    areas = "".join(
        f'<path d="{paper.path(shape)}" fill="{fill}"/>'
        for shape, fill in zip(shapes, fills, strict=True)
    )
    radius = 4 if len(spots) <= MOST_LARGE else 1.2
    dots = "".join(
        '<circle cx="{}" cy="{}" r="{}"/>'.format(*paper.at(*spot), radius) for spot in spots
    )
    return (
        f'<g stroke="#555" stroke-width=".4" fill-rule="evenodd">{areas}</g>'
        f'<g fill="#fff" stroke="#111" stroke-width="{1.5 if radius > 2 else 0.6}">{dots}</g>'
    )


def furniture(paper: Paper, units: Units) -> str:
    """Scale and north, in the corners of a drawing."""
    west, _, east, _ = paper.bounds
    middle = (paper.bounds[1] + paper.bounds[3]) / 2
    across = float(distance_km(middle, west, [middle], [east])[0])
    per_unit = KM_PER_MI if units == "mi" else 1.0
    wanted = across / per_unit / 5
    step = 10 ** np.floor(np.log10(wanted))
    length = float(max(n * step for n in (1, 2, 5) if n * step <= wanted))
    bar = paper.wide * length * per_unit / across
    x, y = paper.wide - 16, paper.high - 16
    return (
        f'<path d="M{x - bar:.1f} {y - 8:.1f}v8h{bar:.1f}v-8" fill="none" stroke="#111" '
        f'stroke-width="2"/><text x="{x - bar / 2:.1f}" y="{y - 6:.1f}" text-anchor="middle" '
        f'font-size="14">{length:g} {units}</text>'
        f'<g transform="translate({x - 8:.1f},14)"><path d="M0 0l8 22l-8 -6l-8 6z" fill="#111"/>'
        '<text y="38" text-anchor="middle" font-size="14" font-weight="700">N</text></g>'
    )
