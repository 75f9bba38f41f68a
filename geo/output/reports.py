"""Reports as one file each, which open from a disk without a network and print on paper.

Leaflet, our own map script, the styles and the data are inside. On paper, where a map that can be
moved is of no use, a drawing of the same stands in its place.
"""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import js_lib_leaflet
import pandas as pd

from geo.care.find import Answer
from geo.coverage.coverage import Coverage, in_supply
from geo.coverage.siting import Sites
from geo.output import maps
from geo.output.answer_text import STATUS_LABELS, date_text
from geo.output.coverage_text import band_text, beyond_text, lead_text, percent_text, within_text
from geo.output.downloads import coverage_about, coverage_table
from geo.output.drawing import area_drawing
from geo.output.handouts import call_needs, leaflet_html, leaflet_row, rows_html, summary_html
from geo.packs.ground import GROUND, STREETS, attribution_of, cut_ground
from geo.packs.pack import Pack, lowest_areas, publisher, read_shapes
from geo.paths import STATIC
from geo.text import escape
from geo.version import __version__

_LEAFLET = Path(js_lib_leaflet.__file__).parent / "static" / "js_lib_leaflet"
_SCRIPTS = (_LEAFLET / "leaflet.js", STATIC / "ground.js", STATIC / "map.js")
_STYLES = (_LEAFLET / "leaflet.css", STATIC / "map.css", STATIC / "page.css", STATIC / "report.css")
#: At most this many statements are named on the page for decision makers.
_NAMED = 4
#: The columns of the analyst's table.
_HEADS = {
    "name": "Region",
    "population": "People",
    "covered": "Within",
    "share": "Share",
    "people_beyond": "Beyond",
    "median_km": "Median km",
    "median_mi": "Median mi",
    "median_min": "Median min",
    "providers": "Places",
    "per_100k": "Places inside per 100,000",
    "e2sfca": "E2SFCA per 100,000",
    "circuity": "Way over straight line",
    "small": "Small",
}


def patient_report(answer: Answer, drawn: maps.SearchMap, today: dt.date) -> str:
    """The list, the map and the leaflet for whoever looks for care; on paper the leaflet.

    Parameters
    ----------
    answer
        The answer.
    drawn
        Its rows on the map.
    today
        The day of making.
    """
    rows = list(drawn.rows)
    items = "".join(leaflet_row(row) for row in rows)
    title = f"{answer.procedure.title} near {answer.place.label}"
    body = (
        f"{leaflet_html(answer, rows, today)}"
        f'<section class="screen"><h2>On the map</h2>{_map_html(answer.pack, drawn)}'
        f"<h2>The whole list</h2><ol>{items}</ol></section>"
    )
    return page_html(title, body, answer.pack)


def analyst_report(
    coverage: Coverage, level: int, calls: pd.DataFrame, url: str, drawn: maps.AreaMap
) -> str:
    """The figures with everything they depend on: parameters, method, limits, sources, citation.

    Parameters
    ----------
    coverage
        The figures.
    level
        Of the regions in the tables.
    calls
        From `geo.coverage.coverage.find_calls`.
    url
        The address of the view, relative to the app.
    drawn
        What the map shows.
    """
    pack = coverage.pack
    table = coverage_table(coverage)
    table = table[table["level"] == level]
    table = table.sort_values("people_beyond", ascending=False, kind="stable")
    about = coverage_about(coverage)
    table["share"] = table["share"].map(percent_text)
    table["e2sfca"] *= 100_000
    table["small"] = table["small"].map({True: "yes", False: ""})
    shown = [c for c in table.columns if c in _HEADS]
    head = "".join(f'<th class="n">{escape(_HEADS[c])}</th>' for c in shown)
    body_rows = "".join(
        "<tr>" + "".join(f'<td class="n">{escape(_cell(row[c]))}</td>' for c in shown) + "</tr>"
        for row in table.to_dict("records")
    )
    asked = rows_html((key, value) for key, value in about.items() if value is not None)
    title = f"{coverage.procedure.title} in {pack.country}: coverage"
    day = coverage.supplied.assessed.today.isoformat()
    cite = (
        f"CareReach {__version__}: {title}, within {within_text(coverage)}, {day}. "
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
    return page_html(title, body, pack)


def decision_report(
    coverage: Coverage,
    calls: pd.DataFrame,
    sites: tuple[pd.DataFrame, Sites] | None,
    drawn: maps.AreaMap,
) -> str:
    """One page for decision makers: who verified what, and what the next place would need.

    Parameters
    ----------
    coverage
        The figures.
    calls
        From `geo.coverage.coverage.find_calls`.
    sites
        From `geo.coverage.coverage.find_sites`; None where the ways to them cannot be measured now.
    drawn
        What the map shows.
    """
    assessed = coverage.supplied.assessed
    pack, procedure = assessed.pack, assessed.procedure
    first, second, cause = lead_text(coverage)
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
        f"<p>{escape(beyond_text(coverage))}</p>"
        f"{_areas_html(coverage, drawn)}"
        f'<div class="two"><section><h2>Who verified what</h2>{_verified_html(coverage)}</section>'
        "<section><h2>Which call would change most</h2>"
        f"<ol>{ask or '<li>None.</li>'}</ol></section>"
        f"<section><h2>Where the next place would count most</h2>{_next_places_html(sites)}"
        f"<p>{staff}</p></section><section><h2>What these figures cannot tell</h2><p>A place "
        "counts by what public sources say of it. A region's people are taken to live at one spot "
        "and to go to the nearest place counted. Nothing is said of quality, cost or waiting."
        f"</p></section></div><footer><p>{escape(assessed.today.isoformat())}. Data: "
        f"{escape(pack.title)}, version {escape(pack.version)}. "
        f"CareReach {__version__}.</p></footer>"
        "</article>"
    )
    return page_html(title, body, pack)


def _next_places_html(sites: tuple[pd.DataFrame, Sites] | None) -> str:
    """The next places, with the people whom each adds."""
    if sites is None:
        return "<p>The ways to other places could not be measured.</p>"
    candidates, chosen = sites
    items = "".join(
        f"<li>{escape(name)}: {gain:,.0f} people more</li>"
        for name, gain in zip(candidates["name"].iloc[chosen.greedy], chosen.gains, strict=True)
    )
    return f"<ol>{items or '<li>None.</li>'}</ol>"


def _verified_html(coverage: Coverage) -> str:
    """How many are confirmed or reported, by whom, and when last."""
    pack, procedure = coverage.pack, coverage.procedure
    rows = in_supply(coverage.supplied.rows, "reported")
    if rows.empty:
        return "<p>Nobody has confirmed or reported it. Nothing here is verified.</p>"
    if procedure.by_type:
        sources = rows["source_title"].astype("str").value_counts().head(_NAMED)
        listed = "".join(f"<li>{escape(str(s))}: {n:,}</li>" for s, n in sources.items())
        return f"<p>{len(rows):,} places are listed as such by:</p><ul>{listed}</ul>"
    items = []
    for row in rows.to_dict("records")[:_NAMED]:
        said = pack.evidence.loc[list(row["rows"][:1])].to_dict("records")
        who = publisher(pack, said[0]["url"]) if said else row["source_title"]
        when = date_text(said[0]["as_of"] if said else row["source_as_of"])
        words = (
            f"{row['name']}: {STATUS_LABELS[row['status']].lower()} by {who or 'a call'}, {when}"
        )
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


def page_html(title: str, body: str, pack: Pack) -> str:
    """A whole HTML file, with its styles and the sources of a pack."""
    styles = "\n".join(path.read_text("utf-8") for path in _STYLES)
    credit = "; ".join(source.title for source in pack.sources.values())
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{styles}</style></head><body>{body}"
        f'<footer class="cr-note screen"><p>Sources: {escape(credit)}. This file asks nobody for '
        "anything.</p></footer></body></html>\n"
    )


def _map_html(pack: Pack, drawn: maps.SearchMap | maps.AreaMap) -> str:
    """A map that can be moved, with Leaflet and everything it draws inside."""
    base = _base(pack, drawn)
    scripts = "".join(f"<script>{path.read_text('utf-8')}</script>" for path in _SCRIPTS)
    return (
        f'<div id="map"></div>{scripts}<script>'
        'window.map = L.map("map", {zoomControl: false, attributionControl: false, '
        f"maxZoom: {maps.MAX_ZOOM}, zoomSnap: 0.25}});"
        f"careReachBase(window.map, JSON.parse({maps.literal(base)}));"
        f"{drawn.function}(L.featureGroup().addTo(window.map), "
        f"JSON.parse({maps.literal(drawn.data())}));</script>"
    )


def _base(pack: Pack, drawn: maps.SearchMap | maps.AreaMap) -> dict[str, Any]:
    """The ground of a pack's map, with its shapes, and its tiles where something is drawn."""
    land = pack.files.get("base_map")
    outline = pack.outline
    box = drawn.box() if isinstance(drawn, maps.SearchMap) else None
    if box is None and pack.view:
        (south, west), (north, east) = pack.view
        box = west, south, east, north
    if box is None and outline is not None:
        box = outline.bounds
    files = [pack.files.get(resource) for resource in (GROUND, STREETS)]
    tiles = [cut_ground(file, box) if file and box else b"" for file in files]
    ground = maps.Ground(
        land=json.loads(land.read_text("utf-8")) if land else None,
        tiles=[part or None for part in tiles] if any(tiles) else (),
        credit="; ".join(attribution_of(part) for part in tiles if part),
        lines=isinstance(drawn, maps.AreaMap),
    )
    return maps.base_data(ground, outline, pack.view) | {"locate": False}


def folium_map(pack: Pack, drawn: maps.SearchMap | maps.AreaMap) -> maps.Map:
    """A folium map for a notebook or a file, which asks nobody for anything.

    Parameters
    ----------
    pack
        Whose land is drawn.
    drawn
        What is drawn on it; areas of a coverage are taken from the pack.
    """
    if isinstance(drawn, maps.AreaMap):
        path = lowest_areas(pack)
        drawn = replace(drawn, areas=json.loads(path.read_text("utf-8")) if path else None)
    scripts = ";".join(path.read_text("utf-8") for path in _SCRIPTS)
    styles = "".join(path.read_text("utf-8") for path in _STYLES[:2])
    return maps.standalone_map(_base(pack, drawn), drawn, scripts, styles)


def _areas_html(coverage: Coverage, drawn: maps.AreaMap) -> str:
    """The map of regions, its drawing for paper, and what the colours mean."""
    pack = coverage.pack
    path = lowest_areas(pack)
    if path is None:
        return ""
    areas = json.loads(path.read_text("utf-8"))
    drawn = replace(drawn, areas=areas, outlines=None, selected=None, drawn=(), clicks=False)
    shapes = read_shapes(path)
    fills = [
        drawn.colors[drawn.classes[region][0]] if region in drawn.classes else "#eceeec"
        for region in shapes["region_id"]
    ]
    words = [*band_text(coverage), "no such place"]
    used = sorted({number for number, _ in drawn.classes.values()})
    key = "".join(f'<i style="background:{drawn.colors[n]}"></i>{escape(words[n])}' for n in used)
    share = percent_text(coverage.share[coverage.supply])
    spots = [(spot.lat, spot.lon) for spot in drawn.places]
    return (
        f'<div class="screen">{_map_html(pack, drawn)}</div>'
        f'<div class="picture">{area_drawing(list(shapes.geometry), fills, spots)}</div>'
        f'<p class="cr-note key">How far half of a region\'s people are from the nearest place '
        f"counted{' (○)' if spots else ''}:{key}<br>{escape(share)} of all people are within "
        f"{escape(within_text(coverage))}.</p>"
    )
