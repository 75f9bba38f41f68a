"""Areas that reach across the antimeridian or around a pole, as a flat map can hold them."""

import numpy as np
import shapely
import shapely.affinity
from shapely.geometry.base import BaseGeometry


def split_at_antimeridian(shape: BaseGeometry) -> BaseGeometry:
    """A shape with longitudes from -180 to 180, cut where it reaches beyond.

    An edge of more than half the globe is taken to go the other way round, and an outline that
    goes around the globe once to hold the pole that it is nearer to. Edges are straight in degrees,
    as RFC 7946 (3.1.1) has it; what lies between -180 and 180 as it is, is not touched.

    Parameters
    ----------
    shape
        Polygons in degrees, with longitudes from -360 to 360.
    """
    if not any(_goes_beyond(ring) for ring in shapely.get_rings(shape)):
        return shape
    parts = []
    for polygon in shapely.get_parts(shape):
        holes = [_filled(ring) for ring in polygon.interiors]
        parts.append(_filled(polygon.exterior).difference(shapely.union_all(holes)))
    return shapely.union_all(parts)


def _goes_beyond(ring: BaseGeometry) -> bool:
    """Whether a ring means more than its flat drawing."""
    x = shapely.get_coordinates(ring)[:, 0]
    return bool(np.abs(x).max(initial=0) > 180 or (_without_jumps(x) != x).any())


def _without_jumps(x: np.ndarray) -> np.ndarray:
    """Longitudes without jumps; a step of 360 exactly is the edge of a flat map, as drawn."""
    step = np.diff(x)
    jumps = (np.abs(step) > 180) & (np.abs(step) < 360)
    turns = np.concatenate(([0], np.cumsum(np.where(jumps, -360 * np.sign(step), 0))))
    moved: np.ndarray = x + turns
    return moved


def _filled(ring: BaseGeometry) -> BaseGeometry:
    """What a ring holds, with longitudes from -180 to 180."""
    x, y = shapely.get_coordinates(ring).T
    x = _without_jumps(x)
    if abs(x[-1] - x[0]) > 180:
        pole = float(np.copysign(90, y.mean()))
        x, y = [*x, x[-1], x[0]], [*y, pole, pole]
    whole = shapely.make_valid(shapely.Polygon(np.column_stack((x, y))))
    west, _, east, _ = whole.bounds
    parts = []
    for turn in range(int((west + 180) // 360), int((east + 180) // 360) + 1):
        window = shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90)
        part = whole.intersection(window)
        parts.append(shapely.affinity.translate(part, -360 * turn))
    polygons = [p for p in shapely.get_parts(parts) if p.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(polygons)
