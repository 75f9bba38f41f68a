"""Maps: the only module that imports folium.

The base map is constant for a pack, so that the browser keeps it and the reader's zoom; all that
varies travels in one small layer, as JSON. Leaflet and our own script are served by the app
itself; nothing is asked of a third party.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import folium
import jinja2
from branca.element import MacroElement
from shapely.geometry.base import BaseGeometry

from geo.care.find import Answer
from geo.output.answer_text import Row
from geo.units import Units

Map = folium.Map
#: From inside the map's frame to the folder `static/`, which Streamlit serves.
STATIC_URL = "../../app/static/"
#: And to what answers a map that is dragged about.
IN_VIEW_URL = "../../in-view"
MAX_ZOOM = 18
#: From so many areas on their borders are drawn thin.
MANY_AREAS = 500


class _LocalMap(folium.Map):  # type: ignore[misc]  # folium is not typed
    """A folium map whose scripts and styles come from the app's own folder."""

    default_js = (
        ("leaflet", STATIC_URL + "vendor/leaflet.js"),
        ("ground", STATIC_URL + "ground.js"),
        ("own", STATIC_URL + "map.js"),
    )
    default_css = (("leaflet", STATIC_URL + "vendor/leaflet.css"), ("own", STATIC_URL + "map.css"))


class _InlineMap(folium.Map):  # type: ignore[misc]  # folium is not typed
    """A folium map that fetches nothing: what it needs is put inside by `standalone_map`."""

    default_js = ()
    default_css = ()


class _Head(MacroElement):  # type: ignore[misc]  # branca is not typed
    """Scripts and styles inside the page."""

    _template = jinja2.Template(
        # What a macro gives is a template again: nothing in the files is meant to be one.
        "{% macro header(this, kwargs) %}{{ '{% raw %}' }}<style>{{ this.styles }}</style>"
        "<script>{{ this.scripts }}</script>{{ '{% endraw %}' }}{% endmacro %}"
    )

    def __init__(self, scripts: str, styles: str) -> None:
        super().__init__()
        self._name = "Head"
        self.scripts, self.styles = scripts, styles


class _Call(MacroElement):  # type: ignore[misc]  # branca is not typed
    """A call of one of our own functions in `static/map.js`, with a payload that is only data."""

    _template = jinja2.Template(
        "{% macro script(this, kwargs) %}"
        "{{ this.function }}({{ this._parent.get_name() }}, JSON.parse({{ this.payload }}));"
        "{% endmacro %}"
    )

    def __init__(self, function: str, data: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "Call"
        self.function = function
        self.payload = literal(data)


def literal(data: Mapping[str, Any]) -> str:
    """A JavaScript string literal of JSON that no template or tag in the data can leave."""
    compact = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    literal = json.dumps(compact, ensure_ascii=True)
    return literal.replace("{", "\\u007b").replace("<", "\\u003c").replace("_", "\\u005f")


@dataclass(frozen=True)
class Ground:
    """What a map stands on.

    Attributes
    ----------
    land
        Land, borders and names of regions: a path below `static/`, or GeoJSON (sent with every
        run); None where a pack has none.
    tiles
        Water, roads and towns as PMTiles, each a path below `static/` or the archive itself: those
        of the whole (None where there are none), and those of streets where there are any.
    credit
        Whose data the tiles are.
    service
        The address of a tile service instead, with `{z}`, `{x}` and `{y}`; "" for none.
    dark
        Whether it is drawn for a dark page.
    lines
        Only water, lines and names: the ground of a map whose areas are coloured.
    """

    land: str | Mapping[str, Any] | None = None
    tiles: Sequence[str | bytes | None] = ()
    credit: str = ""
    service: str = ""
    dark: bool = False
    lines: bool = False

    def data(self) -> dict[str, Any]:
        """Plain values for the browser."""
        land = self.land
        return {
            "url": STATIC_URL + land if isinstance(land, str) else None,
            "land": None if isinstance(land, str) else land,
            "tiles": [_archive(part) for part in self.tiles],
            "credit": self.credit,
            "service": self.service,
            "dark": self.dark,
            "lines": self.lines,
        }


def _archive(tiles: str | bytes | None) -> str | dict[str, str] | None:
    """An archive for the browser."""
    if isinstance(tiles, bytes):
        return {"inline": base64.b64encode(tiles).decode()}
    return None if tiles is None else STATIC_URL + tiles


def base_map(
    ground: Ground,
    outline: BaseGeometry | None,
    view: tuple[tuple[float, float], ...] = (),
    *,
    locate: bool = True,
    units: Units = "km",
) -> folium.Map:
    """The constant ground: land, borders, water, roads and names, "no data" everywhere else.

    Parameters
    ----------
    ground
        What it stands on.
    outline
        The pack's extent, EPSG:4326, for the first view.
    view
        Southwest and northeast corner (lat, lon) of the first view, where not the outline's.
    locate
        Whether the reader may set the place from the map.
    units
        What its scale is in.
    """
    data = base_data(ground, outline, view)
    return _chart(_LocalMap, {**data, "locate": locate, "units": units})


def _chart(kind: type[folium.Map], base: Mapping[str, Any]) -> folium.Map:
    """A map with its ground."""
    (south, west), (north, east) = base["bounds"]
    chart = kind(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=8,
        tiles=None,
        zoom_control=False,
        attribution_control=False,
        prefer_canvas=False,
    )
    # Without a tile layer Leaflet knows no largest zoom, and fitting one point would fail.
    chart.options["maxZoom"] = MAX_ZOOM
    chart.options["zoomSnap"] = 0.25  # a circle fills its frame at any width
    chart.add_child(_Call("careReachBase", base))
    return chart


def standalone_map(
    base: Mapping[str, Any], drawn: "SearchMap | AreaMap", scripts: str, styles: str
) -> folium.Map:
    """A map that needs no server and asks nobody for anything.

    Parameters
    ----------
    base
        From `base_data`, with the ground itself.
    drawn
        What is drawn on it.
    scripts, styles
        Leaflet's and our own, as text.
    """
    chart = _chart(_InlineMap, base)
    chart.add_child(_Head(scripts, styles))
    chart.add_child(layer(drawn))
    return chart


def base_data(
    ground: Ground, outline: BaseGeometry | None, view: tuple[tuple[float, float], ...] = ()
) -> dict[str, Any]:
    """What `careReachBase` of `static/map.js` draws; parameters as those of `base_map`."""
    west, south, east, north = outline.bounds if outline is not None else (-170, -60, 170, 75)
    if view:
        (south, west), (north, east) = view
    bounds = [[south, west], [north, east]]
    return {**ground.data(), "bounds": bounds, "outlined": outline is not None}


@dataclass(frozen=True)
class SearchMap:
    """What a search draws: the place, how far it looks, and a numbered marker per row.

    Attributes
    ----------
    origin, label
        (lat, lon) of the place, degrees, and its name.
    radius_km
        The circle's radius: the straight-line bound of the search; 0 for no circle.
    rows
        The rows of the list.
    selected
        The id of the selected row.
    area
        What can be reached in the time asked for, as GeoJSON, instead of the circle.
    way
        The way to the selected row: points (lat, lon).
    more
        What to ask the app for while the map is dragged about, to draw those who are not listed:
        the words of an address; "" where everybody is listed.
    """

    origin: tuple[float, float]
    label: str
    radius_km: float
    rows: Sequence[Row]
    selected: str | None = None
    area: Mapping[str, Any] | None = None
    way: Sequence[tuple[float, float]] = ()
    more: str = ""

    #: The function of `static/map.js` that draws it.
    function = "careReachFound"

    @classmethod
    def of(cls, answer: Answer, rows: Sequence[Row]) -> "SearchMap":
        """The map of an answer, with a circle where the measure is in kilometres."""
        place = answer.place
        radius_km = answer.radius_km if answer.measure.unit == "km" else 0.0
        return cls((place.lat, place.lon), place.name, radius_km, rows)

    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of what is drawn, with some land around, degrees."""
        lat, lon = self.origin
        around_lat = max(self.radius_km, 5.0) / 111
        around_lon = around_lat / max(math.cos(math.radians(lat)), 0.1)
        lats = [lat - around_lat, lat + around_lat, *(row.lat for row in self.rows)]
        lons = [lon - around_lon, lon + around_lon, *(row.lon for row in self.rows)]
        return min(lons), min(lats), max(lons), max(lats)

    def data(self) -> dict[str, Any]:
        """Plain values for the browser."""
        return {
            "origin": [round(self.origin[0], 5), round(self.origin[1], 5)],
            "label": self.label,
            "radius": self.radius_km,
            "rows": [
                [r.provider_id, r.number, r.name, r.status, r.distance, r.lat, r.lon, _town(r)]
                for r in self.rows
            ],
            "selected": self.selected,
            "area": self.area,
            "way": list(self.way),
            "more": f"{IN_VIEW_URL}?{self.more}" if self.more else "",
        }


def _town(row: Row) -> str | None:
    """What tells the town of a row from one of the same name, where only that is known of it."""
    return f"{row.values['region_id']} {row.town}" if row.town else None


@dataclass(frozen=True)
class Spot:
    """A place on a map of regions.

    Attributes
    ----------
    status
        Its status, or "added" where the reader supposes it.
    lat, lon
        Degrees.
    name
        Shown at a touch; "" where there are too many to send.
    """

    status: str
    lat: float
    lon: float
    name: str = ""


@dataclass(frozen=True)
class AreaMap:
    """What a map of regions draws: areas in classes, places, and an area of the reader's.

    Attributes
    ----------
    areas, outlines
        The lowest regions, and larger ones to be drawn over them: a path below `static/`, or
        GeoJSON with `region_id`, `name`, `boundary`; None where the pack has none.
    classes
        Lowest region to the number of its class and its figure in words.
    colors
        One per class.
    places
        Places of the supply.
    people
        Where people live: (lat, lon, how many).
    cells
        Whether `people` are sums of cells, which say nothing close by.
    insets
        Parts far away, drawn small in a corner: name, southwest and northeast corner (lat, lon).
    shown
        A place that was looked for: (lat, lon), and its name.
    selected
        The chosen region's id, among either.
    drawn
        Corners (lat, lon) of the reader's area.
    brought
        The reader's areas from a file, as one GeoJSON geometry.
    clicks
        Whether a click sets a point, instead of choosing a region.
    """

    areas: str | Mapping[str, Any] | None = None
    outlines: str | Mapping[str, Any] | None = None
    classes: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    colors: Sequence[str] = ()
    places: Sequence[Spot] = ()
    people: Sequence[tuple[float, float, int]] = ()
    cells: bool = False
    insets: Sequence[tuple[str, tuple[tuple[float, float], ...]]] = ()
    shown: tuple[tuple[float, float], str] | None = None
    selected: str | None = None
    drawn: Sequence[tuple[float, float]] = ()
    brought: Mapping[str, Any] | None = None
    clicks: bool = False

    #: The function of `static/map.js` that draws it.
    function = "careReachAreas"

    def data(self) -> dict[str, Any]:
        """Plain values for the browser."""
        areas, outlines = (
            STATIC_URL + shapes if isinstance(shapes, str) else shapes
            for shapes in (self.areas, self.outlines)
        )
        return {
            "areas": areas,
            "outlines": outlines,
            "classes": {region: list(found) for region, found in self.classes.items()},
            "colors": list(self.colors),
            "places": [[p.status, p.lat, p.lon, p.name] for p in self.places],
            "people": [list(spot) for spot in self.people],
            "cells": self.cells,
            "insets": [[name, list(map(list, view))] for name, view in self.insets],
            "shown": [*self.shown[0], self.shown[1]] if self.shown else None,
            "selected": self.selected,
            "drawn": [list(corner) for corner in self.drawn],
            "brought": self.brought,
            "clicks": self.clicks,
            "thin": len(self.classes) > MANY_AREAS,
        }


def layer(drawn: SearchMap | AreaMap) -> folium.FeatureGroup:
    """A layer for the base map.

    Returns
    -------
    folium.FeatureGroup
        New for each run: feature groups must not be shared between sessions.
    """
    group = folium.FeatureGroup(name="layer")
    group.add_child(_Call(drawn.function, drawn.data()))
    return group
