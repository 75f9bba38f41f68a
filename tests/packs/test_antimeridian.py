"""Areas across the antimeridian and around the poles hold what lies in them, however drawn."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon, box

from geo.distance import region_of_each
from geo.packs.antimeridian import split_at_antimeridian

rng = np.random.default_rng(7)
LON, LAT = rng.uniform(-180, 180, 4_000), rng.uniform(-90, 90, 4_000)


def wrapped(x: "np.ndarray") -> "np.ndarray":
    """Degrees from -180 to 180."""
    return (np.asarray(x) + 180) % 360 - 180


def ring(west: float, east: float, south: float, north: float) -> "np.ndarray":
    """The corners of a band, with steps that leave no edge ambiguous."""
    x = np.linspace(west, east, 2 + int((east - west) // 60))
    return np.vstack(
        (
            np.column_stack((x, np.full(len(x), south))),
            np.column_stack((x[::-1], np.full(len(x), north))),
        )
    )


@settings(max_examples=60, deadline=None)
@given(
    lon=st.tuples(st.floats(-180, 180), st.floats(1, 120)),
    lat=st.tuples(st.floats(-80, 60), st.floats(1, 20)),
    drawn=st.sampled_from(["wrapped", "0 to 360", "beyond", "split"]),
    clockwise=st.booleans(),
    hole=st.booleans(),
)
def test_a_band_holds_the_points_in_it(
    lon: tuple[float, float], lat: tuple[float, float], drawn: str, clockwise: bool, hole: bool
) -> None:
    (middle, half), (south, high) = lon, lat
    west, east, north = middle - half, middle + half, south + high
    rings = [ring(west, east, south, north)]
    inner = (middle - half / 2, middle + half / 2, south + high / 3, north - high / 3)
    if hole:
        rings.append(ring(*inner))
    if clockwise:
        rings = [r[::-1] for r in rings]
    if drawn == "split":
        whole = Polygon(rings[0], rings[1:])
        parts = [whole.intersection(box(k - 180, -90, k + 180, 90)) for k in (-360, 0, 360)]
        shape = shapely.union_all(
            [translate(p, -k) for p, k in zip(parts, (-360, 0, 360), strict=True)]
        )
    else:
        moved = []
        for corners in rings:
            x = corners[:, 0]
            turned = {"wrapped": wrapped(x), "0 to 360": x % 360, "beyond": x}[drawn]
            moved.append(np.column_stack((turned, corners[:, 1])))
        shape = Polygon(moved[0], moved[1:])
    found = region_of_each(LAT, LON, np.array([split_at_antimeridian(shape)]))
    inside = (np.abs(wrapped(LON - middle)) <= half) & (south <= LAT) & (north >= LAT)
    if hole:
        away = np.abs(wrapped(LON - middle)) < half / 2
        inside &= ~(away & (inner[2] < LAT) & (inner[3] > LAT))
    assert ((found == 0) == inside).all()


@settings(max_examples=40, deadline=None)
@given(
    start=st.floats(-180, 180),
    edge=st.lists(st.floats(55, 80), min_size=4, max_size=12),
    south=st.booleans(),
    clockwise=st.booleans(),
    around=st.booleans(),
)
def test_an_area_around_a_pole_holds_the_pole(
    start: float, edge: list[float], south: bool, clockwise: bool, around: bool
) -> None:
    x = start + np.arange(len(edge)) * 360 / len(edge)
    y = np.array(edge)
    sign = -1 if south else 1
    order = slice(None, None, -1 if clockwise else 1)
    outer = np.column_stack((wrapped(x), sign * y))[order]
    holes = [np.column_stack((wrapped(x), sign * (y + 5)))[order]] if around else []
    found = region_of_each(LAT, LON, np.array([split_at_antimeridian(Polygon(outer, holes))]))
    limit = np.interp((LON - start) % 360, [*(x - start), 360.0], [*y, y[0]])
    inside = (sign * LAT >= limit) & ((sign * LAT < limit + 5) | (not around))
    sure = np.abs(sign * LAT - limit) > 1e-6
    assert ((found == 0) == inside)[sure].all()


def test_what_is_drawn_flat_is_not_touched() -> None:
    plain = [
        box(0, 0, 10, 10),
        box(-180, -90, 180, 90),
        box(-180, -50, 180, 50),
        MultiPolygon([box(170, 0, 180, 5), box(-180, 0, -170, 5)]),
    ]
    for shape in plain:
        assert split_at_antimeridian(shape) is shape


def test_a_band_around_the_globe_drawn_flat_is_that_band() -> None:
    band = Polygon([(-180, 0), (-90, 0), (0, 0), (90, 0), (180, 0), (180, 60), (-180, 60)])
    assert split_at_antimeridian(band) is band
