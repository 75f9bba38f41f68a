"""Drawings of maps for paper, as SVG."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo.care.find import Answer
from geo.distance import distance_km
from geo.output.answer_text import Row
from geo.packs.pack import Pack
from geo.text import escape
from geo.units import KM_PER_MI, Units

#: A drawing's width, in units of its own.
_WIDE = 600.0
#: More places than this are drawn small.
MOST_LARGE = 400
#: Marks nearer than this share one, with so many numbers.
_TOUCH, _SHARED = 24, 4
#: Names of so many towns stand on a small drawing.
_TOWNS = 5


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
            '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-weight="700" '
            f'viewBox="0 0 {self.wide:.0f} {self.high:.0f}" role="img" aria-label="{label}">'
            f'<rect width="100%" height="100%" fill="#eceeec"/>{drawn}</svg>'
        )


def answer_drawing(answer: Answer, rows: Sequence[Row]) -> str:
    """The place and the numbers of the list where they lie, as SVG; "" where land is not known."""
    outline, place = answer.pack.outline, answer.place
    if outline is None or not rows:
        return ""
    spots = np.array([(place.lat, place.lon), *((row.lat, row.lon) for row in rows)])
    # Marks at the edge need room.
    edge = max(0.1, 0.2 * float(np.ptp(spots[:, 0])))
    south, west = spots.min(axis=0) - edge
    north, east = spots.max(axis=0) + edge
    # Wide and low, as the paper has room.
    shrink = float(np.cos(np.radians((south + north) / 2)))
    half = max(east - west, 4 * (north - south) / shrink) / 2
    middle = (west + east) / 2
    paper = Paper(middle - half, south, middle + half, north)
    land = outline.intersection(shapely.box(middle - half, south, middle + half, north))
    marks = towns(answer.pack, paper, spots, _TOWNS)
    marks += place_mark(paper, place.lat, place.lon) + numbers(paper, rows)
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


def place_mark(paper: Paper, lat: float, lon: float) -> str:
    """The mark of the place that was asked for: a number fits into it."""
    x, y = paper.at(lat, lon)
    return f'<circle cx="{x}" cy="{y}" r="20" fill="#fff" stroke="#c1440e" stroke-width="5"/>'


def numbers(paper: Paper, rows: Sequence[Row]) -> str:
    """The numbers of the list where they lie; those that would cover each other share a mark."""
    groups: list[tuple[float, float, list[Row]]] = []
    for row in rows:
        x, y = map(float, paper.at(row.lat, row.lon))
        near = (g for g in groups if abs(g[0] - x) < _TOUCH and abs(g[1] - y) < _TOUCH)
        group = next(near, None)
        if group is None:
            groups.append((x, y, [row]))
        else:
            group[2].append(row)
    marks = ""
    for x, y, some in groups:
        said = ", ".join(str(row.number) for row in some[:_SHARED])
        said += " …" if len(some) > _SHARED else ""
        sure = {row.status for row in some} & {"confirmed", "reported", "likely"}
        fill, ink = ("#2a9181", "#fff") if sure else ("#fff", "#111")
        dash = "" if sure else ' stroke-dasharray="4 3"'
        wide = 26 + 8 * (len(said) - 1)
        marks += (
            f'<rect x="{x - wide / 2:.1f}" y="{y - 13:.1f}" width="{wide}" height="26" rx="13" '
            f'fill="{fill}" stroke="#12312d" stroke-width="1.5"{dash}/>'
            f'<text x="{x:.1f}" y="{y + 5:.1f}" fill="{ink}" text-anchor="middle" font-size="14" '
            f'font-weight="700">{said}</text>'
        )
    return marks


def towns(pack: Pack, paper: Paper, taken: npt.ArrayLike, most: int) -> str:
    """The largest places that a paper shows, with their names, away from the marks."""
    west, south, east, north = paper.bounds
    places = pack.places.dropna(subset=["population"])
    inside = places["lat"].between(south, north) & places["lon"].between(west, east)
    largest = places[inside].sort_values("population", ascending=False, kind="stable")
    full = [tuple(map(float, paper.at(*spot))) for spot in np.asarray(taken)]
    words: list[str] = []
    for name, lat, lon in largest.head(10 * most)[["name", "lat", "lon"]].itertuples(index=False):
        x, y = map(float, paper.at(lat, lon))
        # Neither out of the map nor under the arrow and the scale.
        room = 10 < x < paper.wide - 140 and 60 < y < paper.high - 50
        if room and len(words) < most and all(abs(x - a) > 110 or abs(y - b) > 26 for a, b in full):
            full.append((x, y))
            words.append(
                f'<circle cx="{x}" cy="{y}" r="2.5"/><text x="{x + 6}" y="{y + 5}" '
                f'font-size="14">{escape(name)}</text>'
            )
    return f'<g fill="#5b6f6b">{"".join(words)}</g>'
