"""Maps and charts as pictures to put into a document: SVG, and PNG made from it.

Each stands alone: with title, legend, scale, north, source and date. They are made on the server,
with Altair's own exporter, and ask nobody for anything.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
import vl_convert
from shapely.geometry.base import BaseGeometry

from geo.care.find import Answer
from geo.coverage.coverage import Coverage
from geo.output import maps
from geo.output.answer_text import BY, STATUS_LABELS, Row, count_text
from geo.output.coverage_text import band_text, lead_text
from geo.output.drawing import Paper, areas_svg, furniture, numbers, place_mark, towns
from geo.packs.pack import Pack, lowest_areas, read_shapes
from geo.text import escape
from geo.version import __version__

_WIDE, _MARGIN = 1200, 30
#: Letters of a line of small text, and of the subtitle.
_LETTERS, _LETTERS_SUB = 165, 125
#: The most that a map is high, so that a picture fits a page.
_HIGH = 900
#: Names of so many towns stand on a map of an answer.
_TOWNS = 8
#: Of more than this only the first are listed under the map.
_LISTED = 20
_NO_AREA = "#eceeec"
_FONT = 'font-family="Liberation Sans, Arial, sans-serif"'


def as_png(svg: str) -> bytes:
    """A picture as PNG, of twice as many points as its units."""
    png: bytes = vl_convert.svg_to_png(svg, scale=2)
    return png


def coverage_picture(coverage: Coverage, drawn: maps.AreaMap) -> str:
    """The map of a coverage as SVG; "" where the pack has no areas.

    Parameters
    ----------
    coverage
        The figures.
    drawn
        What the map on screen shows.
    """
    pack = coverage.pack
    path = lowest_areas(pack)
    if path is None:
        return ""
    areas = read_shapes(path)
    classes, colors = drawn.classes, drawn.colors
    fills = [colors[classes[r][0]] if r in classes else _NO_AREA for r in areas["region_id"]]
    shapes = list(areas.geometry)
    spots = [(spot.lat, spot.lon) for spot in drawn.places]
    bounds = tuple(shapely.total_bounds(shapes))
    if pack.insets:
        (south, west), (north, east) = pack.view
        bounds = (west, south, east, north)
    paper = _paper(*bounds)
    high = paper.high
    marks = areas_svg(paper, *_seen(shapes, fills, bounds), spots)
    for number, (name, ((south, west), (north, east))) in enumerate(pack.insets):
        small = (west, south, east, north)
        inset = Paper(*small, wide=170)
        inside = areas_svg(inset, *_seen(shapes, fills, small), spots)
        at = f"{6 + 180 * number}, {high - inset.high - 6:.0f}"
        marks += (
            f'<g transform="translate({at})"><svg width="170" height="{inset.high:.0f}">'
            f'<rect width="100%" height="100%" fill="#fff" stroke="#555"/>{inside}</svg>'
            f'<text x="6" y="16" font-size="13">{escape(name)}</text></g>'
        )
    words = [*band_text(coverage), "no such place" if coverage.on_record else "not known"]
    used = sorted({number for number, _ in classes.values()})
    legend = [(_box(colors[n]), words[n]) for n in used]
    if any(region not in classes for region in areas["region_id"]):
        legend.append((_box(_NO_AREA), "no data"))
    legend += [(_dot(), "a place counted")] if spots else []
    title = f"{coverage.procedure.title} in {pack.country}"
    how = "Colours: how far the median person is from the nearest place counted, "
    how += f"{BY[coverage.measure.name]}."
    lines = [*lead_text(coverage)[:2], how]
    return _page(
        (title, " ".join(lines)),
        (marks, high),
        legend,
        _sources(pack, coverage.supplied.assessed.today.isoformat(), areas=True),
        furniture(paper, coverage.units),
    )


def chart_picture(coverage: Coverage, chart: Mapping[str, Any], title: str) -> str:
    """A chart of a coverage as SVG.

    Parameters
    ----------
    coverage
        Its figures.
    chart
        Vega-Lite, 1040 by 420 units.
    title
        What it shows.
    """
    svg = vl_convert.vegalite_to_svg(dict(chart))
    inside = svg[svg.index("<svg") :]
    high = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', inside)[1])  # type: ignore[index]
    subtitle = f"{coverage.procedure.title} in {coverage.pack.country}. "
    day = coverage.supplied.assessed.today.isoformat()
    return _page(
        (title, subtitle + " ".join(lead_text(coverage)[:2])),
        (f'<rect width="100%" height="100%" fill="#fff"/>{inside}', high),
        (),
        _sources(coverage.pack, day, areas=False, borders=False),
        "",
    )


def answer_picture(answer: Answer, rows: Sequence[Row]) -> str:
    """The map of an answer as SVG, with the list under it; "" where land is not known.

    Parameters
    ----------
    answer
        The answer.
    rows
        Its rows, from `answer_rows`.
    """
    outline, place = answer.pack.outline, answer.place
    if outline is None:
        return ""
    listed = [row for row in rows if not row.farther][:_LISTED]
    spots = np.array([(place.lat, place.lon), *((row.lat, row.lon) for row in listed)])
    shrink = float(np.cos(np.radians(place.lat)))
    reach = np.abs(spots - spots[0]).max(axis=0) * 1.15 + 0.05
    half = max(reach[0], reach[1] * shrink * 0.6)
    wide = max(half / 0.6 / shrink, half / shrink)
    bounds = (place.lon - wide, place.lat - half, place.lon + wide, place.lat + half)
    paper = _paper(*bounds)
    land = outline.intersection(shapely.box(*bounds))
    marks = f'<path d="{paper.path(land)}" fill="#fff" stroke="#777"/>'
    marks += _regions(answer.pack, paper) + towns(answer.pack, paper, spots, _TOWNS)
    marks += place_mark(paper, place.lat, place.lon)
    marks += numbers(paper, listed)
    legend = [
        (
            '<circle cx="8" cy="8" r="5" fill="#fff" stroke="#c1440e" stroke-width="4"/>',
            answer.place.shown,
        )
    ]
    notes = [
        f"{row.number}. {row.name}: {STATUS_LABELS[row.status].lower()}, {row.distance}"
        for row in listed
    ]
    lead, rest = count_text(answer)
    title = f"{answer.assessed.procedure.title} near {answer.place.shown}"
    said = notes + _sources(answer.pack, answer.assessed.today.isoformat(), areas=False)
    return _page(
        (title, f"{lead} {rest}"), (marks, paper.high), legend, said, furniture(paper, answer.units)
    )


def _regions(pack: Pack, paper: Paper) -> str:
    """The borders of the lowest regions that a paper shows."""
    path = lowest_areas(pack)
    if path is None:
        return ""
    seen, _ = _seen(list(read_shapes(path).geometry), None, paper.bounds)
    lines = "".join(f'<path d="{paper.path(shape)}"/>' for shape in seen)
    return f'<g fill="none" stroke="#c6ccc9" stroke-width=".8">{lines}</g>'


def _paper(west: float, south: float, east: float, north: float) -> Paper:
    """Paper of the whole width, or less where a map would be too high."""
    wide = float(_WIDE - 2 * _MARGIN)
    paper = Paper(west, south, east, north, wide=wide)
    if paper.high > _HIGH:
        paper = Paper(west, south, east, north, wide=wide * _HIGH / paper.high)
    return paper


def _seen(
    shapes: Sequence[BaseGeometry], fills: Sequence[str] | None, bounds: tuple[float, ...]
) -> tuple[list[BaseGeometry], list[str]]:
    """The areas that a paper shows part of, with their colours."""
    frame = shapely.box(bounds[0], bounds[1], bounds[2], bounds[3])
    shapely.prepare(frame)
    colors = fills or [_NO_AREA] * len(shapes)
    found = [(s, f) for s, f in zip(shapes, colors, strict=True) if frame.intersects(s)]
    return [shape for shape, _ in found], [fill for _, fill in found]


def _box(color: str) -> str:
    return f'<rect width="18" height="16" fill="{color}" stroke="#555" stroke-width=".6"/>'


def _dot() -> str:
    return '<circle cx="8" cy="8" r="5" fill="#fff" stroke="#111" stroke-width="1.5"/>'


def _sources(pack: Pack, day: str, *, areas: bool, borders: bool = True) -> list[str]:
    """Whose data it is, and of which day."""
    said = [f"Data: {pack.title}, version {pack.version}. CareReach {__version__}, {day}."]
    if areas and pack.areas:
        said.append(f"Areas: {pack.areas}. They decide nothing.")
    if pack.borders and borders:
        said.append(f"Borders: {pack.borders}.")
    return said


def _page(
    words: tuple[str, str],
    drawn: tuple[str, float],
    legend: Sequence[tuple[str, str]],
    notes: Sequence[str],
    furniture: str,
) -> str:
    """A picture: title and subtitle, the map and its height, its legend, notes."""
    (title, subtitle), (marks, high) = words, drawn
    y = 46
    parts = [f'<text x="{_MARGIN}" y="{y}" font-size="28" font-weight="700">{escape(title)}</text>']
    for line in textwrap.wrap(subtitle, _LETTERS_SUB):
        y += 24
        parts.append(f'<text x="{_MARGIN}" y="{y}" font-size="17">{escape(line)}</text>')
    y += 18
    left = _MARGIN
    parts.append(
        f'<svg x="{left}" y="{y}" width="{_WIDE - 2 * _MARGIN}" height="{high:.0f}">'
        f'<rect width="100%" height="100%" fill="#eceeec"/>{marks}{furniture}</svg>'
    )
    y += int(high) + 30
    x = float(_MARGIN)
    for mark, said in legend:
        long = 34 + 8.2 * len(said) + 16
        if x + long > _WIDE - _MARGIN and x > _MARGIN:
            x, y = float(_MARGIN), y + 26
        parts.append(
            f'<g transform="translate({x:.0f},{y - 14})">{mark}</g>'
            f'<text x="{x + 26:.0f}" y="{y}" font-size="15">{escape(said)}</text>'
        )
        x += long
    y += 10
    for note in notes:
        for line in textwrap.wrap(note, _LETTERS):
            y += 19
            parts.append(f'<text x="{_MARGIN}" y="{y}" font-size="14">{escape(line)}</text>')
    tall = y + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {tall}" width="{_WIDE}" '
        f'height="{tall}" {_FONT} fill="#12312d"><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}</svg>"
    )
