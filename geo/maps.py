"""Maps: the only module that imports folium.

The base map is constant for a pack, so that the browser keeps it and the reader's zoom; all that
varies travels in one small layer, as JSON. Leaflet and our own script are served by the app
itself; nothing is asked of a third party.
"""

import json
from collections.abc import Mapping
from typing import Any

import folium
import jinja2
from branca.element import MacroElement
from shapely.geometry.base import BaseGeometry

__all__ = [
    "MAX_ZOOM",
    "STATIC_URL",
    "area_data",
    "area_layer",
    "base_data",
    "base_map",
    "literal",
    "search_data",
    "search_layer",
]

#: From inside the map's frame to the folder `static/`, which Streamlit serves.
STATIC_URL = "../../app/static/"
MAX_ZOOM = 16
#: From so many areas on their borders are drawn thin.
MANY_AREAS = 500


class _LocalMap(folium.Map):  # type: ignore[misc]  # folium is not typed
    """A folium map whose scripts and styles come from the app's own folder."""

    default_js = (("leaflet", STATIC_URL + "vendor/leaflet.js"), ("own", STATIC_URL + "map.js"))
    default_css = (("leaflet", STATIC_URL + "vendor/leaflet.css"), ("own", STATIC_URL + "map.css"))


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


def base_map(
    ground: str | Mapping[str, Any] | None,
    outline: BaseGeometry | None,
    view: tuple[tuple[float, float], ...] = (),
    *,
    locate: bool = True,
) -> folium.Map:
    """The constant ground: land, district borders and names, "no data" everywhere else.

    Parameters
    ----------
    ground
        The base map: its path below `static/`, or itself as GeoJSON (sent with every run);
        None where the pack has none.
    outline
        The pack's extent, EPSG:4326, for the first view.
    view
        Southwest and northeast corner (lat, lon) of the first view, where not the outline's.
    locate
        Whether the reader may set the place from the map.
    """
    url = STATIC_URL + ground if isinstance(ground, str) else None
    data = base_data(None if isinstance(ground, str) else ground, outline, view)
    (south, west), (north, east) = data["bounds"]
    chart = _LocalMap(
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
    chart.add_child(_Call("careReachBase", {**data, "url": url, "locate": locate}))
    return chart


def base_data(
    ground: Mapping[str, Any] | None,
    outline: BaseGeometry | None,
    view: tuple[tuple[float, float], ...] = (),
) -> dict[str, Any]:
    """What `careReachBase` of `static/map.js` draws; parameters as those of `base_map`."""
    west, south, east, north = outline.bounds if outline is not None else (-170, -60, 170, 75)
    if view:
        (south, west), (north, east) = view
    bounds = [[south, west], [north, east]]
    return {"url": None, "ground": ground, "bounds": bounds, "outlined": outline is not None}


def search_layer(
    origin: tuple[float, float],
    origin_label: str,
    radius_km: float,
    rows: list[list[Any]],
    selected: str | None,
    area: Mapping[str, Any] | None = None,
    way: list[tuple[float, float]] | None = None,
) -> folium.FeatureGroup:
    """What a search found: the place, how far it looked, and a numbered marker per row.

    Parameters
    ----------
    origin
        (lat, lon) of the place, degrees.
    origin_label
        Its name.
    radius_km
        The circle's radius: the straight-line bound of the search; 0 for no circle.
    rows
        Each `[id, number, name, status, distance in words, lat, lon]`.
    selected
        The id of the selected row.
    area
        What can be reached in the time asked for, as GeoJSON, instead of the circle.
    way
        The way to the selected row: points (lat, lon).

    Returns
    -------
    folium.FeatureGroup
        New for each run: feature groups must not be shared between sessions.
    """
    group = folium.FeatureGroup(name="found")
    data = search_data(origin, origin_label, radius_km, rows, selected, area, way)
    group.add_child(_Call("careReachFound", data))
    return group


def search_data(
    origin: tuple[float, float],
    origin_label: str,
    radius_km: float,
    rows: list[list[Any]],
    selected: str | None,
    area: Mapping[str, Any] | None = None,
    way: list[tuple[float, float]] | None = None,
) -> dict[str, Any]:
    """What `careReachFound` of `static/map.js` draws; parameters as those of `search_layer`."""
    return {
        "origin": [round(origin[0], 5), round(origin[1], 5)],
        "label": origin_label,
        "radius": radius_km,
        "rows": rows,
        "selected": selected,
        "area": area,
        "way": way or [],
    }


def area_layer(
    areas: str | Mapping[str, Any] | None,
    outlines: str | Mapping[str, Any] | None,
    classes: Mapping[str, tuple[int, str]],
    colors: list[str],
    places: list[list[Any]],
    selected: str | None,
    drawn: list[tuple[float, float]],
    *,
    clicks: bool = False,
) -> folium.FeatureGroup:
    """Regions in classes, the places that supply them, and an area that the reader draws.

    Parameters
    ----------
    areas, outlines
        The lowest regions, and larger ones to be drawn over them: a path below `static/`, or
        GeoJSON with `region_id`, `name`, `boundary`; None where the pack has none.
    classes
        Lowest region to the number of its class and its figure in words.
    colors
        One per class.
    places
        Each `["known" or "added", lat, lon]`.
    selected
        The chosen region's id, among either.
    drawn
        Corners (lat, lon) of the reader's area.
    clicks
        Whether a click sets a point, instead of choosing a region.

    Returns
    -------
    folium.FeatureGroup
        New for each run: feature groups must not be shared between sessions.
    """
    group = folium.FeatureGroup(name="areas")
    areas = STATIC_URL + areas if isinstance(areas, str) else areas
    outlines = STATIC_URL + outlines if isinstance(outlines, str) else outlines
    data = area_data(areas, outlines, classes, colors, places, selected, drawn, clicks=clicks)
    group.add_child(_Call("careReachAreas", data))
    return group


def area_data(
    areas: str | Mapping[str, Any] | None,
    outlines: str | Mapping[str, Any] | None,
    classes: Mapping[str, tuple[int, str]],
    colors: list[str],
    places: list[list[Any]],
    selected: str | None,
    drawn: list[tuple[float, float]],
    *,
    clicks: bool = False,
) -> dict[str, Any]:
    """What `careReachAreas` of `static/map.js` draws; parameters as those of `area_layer`.

    Areas and outlines are addresses as the map's frame sees them, or GeoJSON.
    """
    return {
        "areas": areas,
        "outlines": outlines,
        "classes": {region: list(found) for region, found in classes.items()},
        "colors": colors,
        "places": places,
        "selected": selected,
        "drawn": [list(corner) for corner in drawn],
        "clicks": clicks,
        "thin": len(classes) > MANY_AREAS,
    }
