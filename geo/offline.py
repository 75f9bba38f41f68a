"""Reports as one file each, which open from a disk without a network and print on paper.

Leaflet, our own map script, the styles and the data are inside. On paper, where a map that can be
moved is of no use, a drawing of the same stands in its place.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import js_lib_leaflet
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo import maps
from geo.coverage import Coverage, in_supply
from geo.coverage_words import (
    SUPPLY_WORDS,
    band_words,
    lead_words,
    percent_words,
    within_words,
)
from geo.explain import leaflet_html, leaflet_row
from geo.find import Answer
from geo.packs import Pack, publisher, read_shapes
from geo.report import call_needs, coverage_about, coverage_table, summary_html
from geo.siting import Sites
from geo.text import escape
from geo.version import VERSION
from geo.words import STATUS_WORDS, Line, date_words

__all__ = ["AreaMap", "analyst_report", "decision_report", "patient_report"]

_STATIC = Path(__file__).resolve().parent.parent / "static"
_LEAFLET = Path(js_lib_leaflet.__file__).parent / "static" / "js_lib_leaflet"
#: The drawing's width, in units of its own.
_WIDE = 600.0
#: So many statements are named on the page for whoever decides.
_NAMED = 4
#: The columns of the analyst's table.
_HEADS = {
    "name": "Region",
    "population": "People",
    "covered": "Within",
    "share": "Share",
    "people_beyond": "Beyond",
    "median_km": "Median km",
    "median_min": "Median min",
    "providers": "Places",
    "per_100k": "Places per 100,000",
    "e2sfca": "E2SFCA",
    "circuity": "Way over straight line",
    "small": "Small",
}
_STYLE = """
:root { --st-text-color: #12312d; color-scheme: light; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; color: #12312d; background: #fff;
  font: 16px/1.45 "Source Sans", "Source Sans Pro", system-ui, sans-serif; }
#map { height: 420px; margin: .6rem 0; border-radius: 10px; } a { color: #0f5a8a; }
.picture { display: none; } .picture svg { width: 100%; height: auto; max-height: 62mm; }
.picture.small svg { max-height: 22mm; }
.picture text { font: 700 13px system-ui, sans-serif; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .15rem .6rem .15rem 0;
  border-bottom: 1px solid #c3cdc9; vertical-align: top; } td.n, th.n { text-align: right; }
.cr-summary { max-width: none; } .key i { display: inline-block; width: .9em; height: .9em;
  margin: 0 .3em 0 .8em; border: 1px solid #777; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
.two section:first-child h2 { margin-top: 0; }
.two { columns: 2; column-gap: 1.6rem; } .two section { break-inside: avoid; }
@media (max-width: 640px) { .two, .cr-sheet { columns: 1; } }
@media print { .with-picture { zoom: .9; } #map, .screen { display: none; }
  .picture { display: block; } body { padding: 0; }
  .decide { font-size: 9.5pt; line-height: 1.3; } .decide :is(h1, h2) { margin: .2rem 0; }
  .decide h1 { font-size: 15pt; } .decide h2 { font-size: 11pt; } .decide p { margin: .15rem 0; }
  .wide { font-size: 8pt; } }
"""


@dataclass(frozen=True)
class AreaMap:
    """What a map of regions shows.

    Attributes
    ----------
    classes
        The class of each lowest region, with its figure in words.
    colors
        One per class.
    places
        Each `["known" or "added", lat, lon]`; none where there are too many to be seen.
    """

    classes: Mapping[str, tuple[int, str]]
    colors: list[str]
    places: list[list[Any]]


def patient_report(
    answer: Answer,
    lines: list[Line],
    today: dt.date,
    area: Mapping[str, Any] | None = None,
    way: list[tuple[float, float]] | None = None,
) -> str:
    """The list, the map and the leaflet for whoever looks for care; on paper the leaflet.

    Parameters
    ----------
    answer
        What was found.
    lines
        The same in words.
    today
        The day of making.
    area
        What can be reached in the time asked for, as GeoJSON; None for a circle.
    way
        The way to the chosen row.
    """
    place, pack = answer.place, answer.pack
    rows = [
        [line.provider_id, line.number, line.name, line.status, line.distance, line.lat, line.lon]
        for line in lines
    ]
    radius = 0.0 if answer.within_min is not None else answer.radius_km
    found = maps.search_data((place.lat, place.lon), place.name, radius, rows, None, area, way)
    items = "".join(leaflet_row(line) for line in lines)
    title = f"{answer.procedure.title} near {place.label}"
    body = (
        f'<div class="with-picture">{leaflet_html(answer, lines, today)}'
        f'<div class="picture small">{_found_drawing(answer, lines)}</div></div>'
        f'<section class="screen"><h2>On the map</h2>{_map_html(pack, "careReachFound", found)}'
        f"<h2>The whole list</h2><ol>{items}</ol></section>"
    )
    return _page(title, body, pack)


def analyst_report(
    coverage: Coverage,
    level: int,
    calls: pd.DataFrame,
    url: str,
    drawn: AreaMap,
) -> str:
    """The figures with everything they depend on: parameters, method, limits, sources, citation.

    Parameters
    ----------
    coverage
        The figures.
    level
        Of the regions in the tables.
    calls
        From `geo.coverage.find_calls`.
    url
        The address of the view, relative to the app.
    drawn
        What the map shows.
    """
    pack = coverage.supplied.assessed.pack
    table = coverage_table(coverage)
    table = table[table["level"] == level].sort_values("people_beyond", ascending=False)
    about = coverage_about(coverage)
    table["share"] = table["share"].map(percent_words)
    table["e2sfca"] *= 100_000
    table["small"] = table["small"].map({True: "yes", False: ""})
    shown = [c for c in table.columns if c in _HEADS]
    head = "".join(f'<th class="n">{escape(_HEADS[c])}</th>' for c in shown)
    body_rows = "".join(
        "<tr>" + "".join(f'<td class="n">{escape(_cell(row[c]))}</td>' for c in shown) + "</tr>"
        for row in table.to_dict("records")
    )
    asked = "".join(
        f"<tr><td>{escape(key)}</td><td>{escape(str(value))}</td></tr>"
        for key, value in about.items()
        if value is not None
    )
    title = f"{coverage.supplied.assessed.procedure.title} in {pack.country}: coverage"
    day = coverage.supplied.assessed.today.isoformat()
    cite = (
        f"CareReach {VERSION}: {title}, within {within_words(coverage)}, {day}. "
        f"Data {pack.title}, version {pack.version}, SHA-256 {pack.hash}. View {url} on its server."
    )
    body = (
        f"{summary_html(coverage, level, calls, url)}"
        f"{_areas_html(coverage, drawn)}"
        "<h2>Every region</h2><p>For the supply chosen. E2SFCA is the number of places per 100,000 "
        "people in reach, nearer ones counting more (Luo &amp; Qi 2009); small: fewer than 100 "
        "people, so that a share says little.</p>"
        f'<table class="wide"><tr>{head}</tr>{body_rows}</table>'
        f"<h2>What was asked</h2><table>{asked}</table>"
        f"<h2>How to cite</h2><p>{escape(cite)}</p>"
    )
    return _page(title, body, pack)


def decision_report(
    coverage: Coverage,
    calls: pd.DataFrame,
    sites: tuple[pd.DataFrame, Sites] | None,
    drawn: AreaMap,
) -> str:
    """One page for whoever decides: who verified what, and what the next place would need.

    Parameters
    ----------
    coverage
        The figures.
    calls
        From `geo.coverage.find_calls`.
    sites
        From `geo.coverage.find_sites`; None where the ways to them cannot be measured now.
    drawn
        What the map shows.
    """
    assessed = coverage.supplied.assessed
    pack, procedure = assessed.pack, assessed.procedure
    first, second, cause = lead_words(coverage)
    next_places = "<p>The ways to other places could not be measured.</p>"
    if sites is not None:
        candidates, found = sites
        chosen = candidates["name"].iloc[found.greedy]
        items = "".join(
            f"<li>{escape(name)}: {gain:,.0f} people more</li>"
            for name, gain in zip(chosen, found.gains, strict=True)
        )
        next_places = f"<ol>{items or '<li>None.</li>'}</ol>"
    ask = "".join(
        f"<li>{escape(name)} ({escape(status)}): {people:,} people, if the answer is yes</li>"
        for name, status, people in zip(
            *(calls[c].head(_NAMED) for c in ("name", "status", "people")), strict=True
        )
    )
    needs = call_needs(procedure)
    why = procedure.why.performed_by if procedure.kind == "procedure" else ""
    takes = f"It takes {needs}, all year:" if needs else f"{why} It takes"
    staff = escape(f"{takes} staff, not a pin on a map.")
    title = f"{procedure.title} in {pack.country}"
    body = (
        f'<article class="decide"><h1>{escape(title)}</h1>'
        f"<p><strong>{escape(first)}</strong> {escape(second)} {escape(cause)}</p>"
        f"<p>{coverage.people_beyond:,} of {coverage.population:,} people have no place counted "
        f"({escape(SUPPLY_WORDS[coverage.supply])}) within {escape(within_words(coverage))}.</p>"
        f"{_areas_html(coverage, drawn)}"
        f'<div class="two"><section><h2>Who verified what</h2>{_verified_html(coverage)}</section>'
        "<section><h2>Which call would change most</h2>"
        f"<ol>{ask or '<li>None.</li>'}</ol></section>"
        f"<section><h2>Where the next place would count most</h2>{next_places}"
        f"<p>{staff}</p></section><section><h2>What these figures cannot tell</h2><p>A place "
        "counts by what public sources say of it. A region's people are taken to live at one spot "
        "and to go to the nearest place counted. Nothing is said of quality, cost or waiting."
        f"</p></section></div><footer><p>{escape(assessed.today.isoformat())}. Data: "
        f"{escape(pack.title)}, version {escape(pack.version)}. CareReach {VERSION}.</p></footer>"
        "</article>"
    )
    return _page(title, body, pack)


def _verified_html(coverage: Coverage) -> str:
    """How many are confirmed or reported, by whom, and when last."""
    pack, procedure = coverage.supplied.assessed.pack, coverage.supplied.assessed.procedure
    rows = in_supply(coverage.supplied.rows, "reported")
    if rows.empty:
        return "<p>Nobody has confirmed or reported it. Nothing here is verified.</p>"
    if procedure.kind == "care":
        sources = rows["source_title"].value_counts().head(_NAMED)
        listed = "".join(f"<li>{escape(str(s))}: {n:,}</li>" for s, n in sources.items())
        return f"<p>{len(rows):,} places are listed as such by:</p><ul>{listed}</ul>"
    items = []
    for row in rows.to_dict("records")[:_NAMED]:
        said = pack.evidence.loc[list(row["rows"][:1])].to_dict("records")
        who = publisher(pack, said[0]["url"]) if said else row["source_title"]
        when = date_words(said[0]["as_of"] if said else row["source_as_of"])
        words = f"{row['name']}: {STATUS_WORDS[row['status']].lower()} by {who or 'a call'}, {when}"
        items.append(f"<li>{escape(words)}</li>")
    more = len(rows) - len(items)
    rest = f"<p>And {more:,} more.</p>" if more > 0 else ""
    return f"<ul>{''.join(items)}</ul>{rest}"


def _cell(value: Any) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    if isinstance(value, float):
        return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _page(title: str, body: str, pack: Pack) -> str:
    """A whole HTML file."""
    styles = "\n".join(
        path.read_text("utf-8")
        for path in (_LEAFLET / "leaflet.css", _STATIC / "map.css", _STATIC / "page.css")
    )
    credit = "; ".join(source.title for source in pack.sources.values())
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{styles}{_STYLE}</style></head><body>{body}"
        f'<footer class="cr-note screen"><p>Sources: {escape(credit)}. This file asks nobody for '
        "anything.</p></footer></body></html>\n"
    )


def _map_html(pack: Pack, function: str, data: Mapping[str, Any]) -> str:
    """A map that can be moved, with Leaflet and everything it draws inside."""
    ground = pack.files.get("base_map")
    base = maps.base_data(
        json.loads(ground.read_text("utf-8")) if ground else None, pack.outline, pack.view
    )
    base |= {"locate": False}
    files = (_LEAFLET / "leaflet.js", _STATIC / "map.js")
    scripts = "".join(f"<script>{path.read_text('utf-8')}</script>" for path in files)
    return (
        f'<div id="map"></div>{scripts}<script>'
        'window.map = L.map("map", {zoomControl: false, attributionControl: false, '
        f"maxZoom: {maps.MAX_ZOOM}, zoomSnap: 0.25}});"
        f"careReachBase(window.map, JSON.parse({maps.literal(base)}));"
        f"{function}(L.featureGroup().addTo(window.map), JSON.parse({maps.literal(data)}));"
        "</script>"
    )


def _areas_html(coverage: Coverage, drawn: AreaMap) -> str:
    """The map of regions, its drawing for paper, and what the colours mean."""
    pack = coverage.supplied.assessed.pack
    levels = sorted(pack.regions["level"].unique())
    path = pack.files.get(f"areas_{levels[-1]}") if levels else None
    if path is None:
        return ""
    areas = json.loads(path.read_text("utf-8"))
    data = maps.area_data(areas, None, drawn.classes, drawn.colors, drawn.places, None, [])
    shapes = read_shapes(path)
    fills = [
        drawn.colors[drawn.classes[region][0]] if region in drawn.classes else "#eceeec"
        for region in shapes["region_id"]
    ]
    words = [*band_words(coverage), "no such place"]
    used = sorted({number for number, _ in drawn.classes.values()})
    key = "".join(f'<i style="background:{drawn.colors[n]}"></i>{escape(words[n])}' for n in used)
    share = percent_words(coverage.share[coverage.supply])
    spots = [(lat, lon) for _, lat, lon in drawn.places]
    return (
        f'<div class="screen">{_map_html(pack, "careReachAreas", data)}</div>'
        f'<div class="picture">{_drawing(list(shapes.geometry), fills, spots)}</div>'
        f'<p class="cr-note key">How far half of a region\'s people are from the nearest place '
        f"counted{' (○)' if spots else ''}:{key}<br>{escape(share)} of all people are within "
        f"{escape(within_words(coverage))}.</p>"
    )


class _Paper:
    """A drawing of part of the earth, true to the eye at its middle latitude."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        self._west, self._north = west, north
        self._shrink = float(np.cos(np.radians((south + north) / 2)))
        self.scale = _WIDE / max((east - west) * self._shrink, 1e-9)
        self._high = (north - south) * self.scale

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
            f'<svg viewBox="0 0 {_WIDE:.0f} {self._high:.0f}" role="img" aria-label="{label}">'
            f'<rect width="100%" height="100%" fill="#eceeec"/>{drawn}</svg>'
        )


def _found_drawing(answer: Answer, lines: list[Line]) -> str:
    """The place and the numbers of the list where they lie, as SVG; "" where land is not known."""
    outline, place = answer.pack.outline, answer.place
    if outline is None or not lines:
        return ""
    spots = np.array([(place.lat, place.lon), *((line.lat, line.lon) for line in lines)])
    south, west = spots.min(axis=0) - 0.1
    north, east = spots.max(axis=0) + 0.1
    # Wide and low, as the paper has room.
    shrink = float(np.cos(np.radians((south + north) / 2)))
    half = max(east - west, 4 * (north - south) / shrink) / 2
    middle = (west + east) / 2
    paper = _Paper(middle - half, south, middle + half, north)
    land = outline.intersection(shapely.box(middle - half, south, middle + half, north))
    marks = "".join(
        '<text x="{}" y="{}" text-anchor="middle">{}</text>'.format(*paper.at(lat, lon), word)
        for (lat, lon), word in zip(spots, ["✚", *(n.number for n in lines)], strict=True)
    )
    ground = f'<path d="{paper.path(land)}" fill="#fff" stroke="#777"/>'
    return paper.svg("Where they lie", ground + marks)


def _drawing(shapes: list[BaseGeometry], fills: list[str], spots: list[tuple[float, float]]) -> str:
    """Areas and places as SVG."""
    paper = _Paper(*shapely.total_bounds(shapes))
    areas = "".join(
        f'<path d="{paper.path(shape)}" fill="{fill}"/>'
        for shape, fill in zip(shapes, fills, strict=True)
    )
    dots = "".join('<circle cx="{}" cy="{}" r="4"/>'.format(*paper.at(*spot)) for spot in spots)
    return paper.svg(
        "Map of the regions",
        f'<g stroke="#555" stroke-width=".4" fill-rule="evenodd">{areas}</g>'
        f'<g fill="#fff" stroke="#111" stroke-width="1.5">{dots}</g>',
    )
