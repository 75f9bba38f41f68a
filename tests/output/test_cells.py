"""Places on a map that is dragged about: cells and single places against counting every row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.output import cells
from geo.output.cells import MOST_CELLS, InView, Places

ROWS = 3000


def world(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places everywhere, many in a few towns, some on the lines where cells meet."""
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(-90, 90, ROWS), rng.uniform(-180, 180, ROWS)
    town = rng.integers(0, 8, ROWS // 2)
    lat[: ROWS // 2] = rng.uniform(-60, 60, 8)[town] + rng.normal(0, 0.01, ROWS // 2)
    lon[: ROWS // 2] = rng.uniform(-180, 180, 8)[town] + rng.normal(0, 0.01, ROWS // 2)
    lat[-40:], lon[-40:-20], lon[-20:] = 0.0, 0.0, rng.choice([-180.0, 180.0, 90.0], 20)
    return lat, (lon + 180) % 360 - 180, rng.integers(0, 4, ROWS)


LAT, LON, GROUP = world()
PLACES = Places(LAT, LON, GROUP)


def cell_of(lat: np.ndarray, lon: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of the cell of each place, by the formula of Web Mercator tiles."""
    n = 2**level
    phi = np.radians(np.clip(lat, -85.0511, 85.0511))
    y = (1 - np.log(np.tan(phi) + 1 / np.cos(phi)) / np.pi) / 2
    x = (lon + 180) % 360 / 360
    return np.floor(x * n).astype(int), np.clip(np.floor(y * n), 0, n - 1).astype(int)


def counted(found: InView, south: float, west: float, north: float, east: float) -> None:
    """Every cell holds what lies in it, and no place of the view is in none."""
    x, y = cell_of(LAT, LON, found.level)
    seen: set[tuple[int, int]] = set()
    for cell in found.cells:
        cx, cy = cell_of(np.array([cell.lat]), np.array([cell.lon]), found.level)
        key = (int(cx[0]), int(cy[0]))
        assert key not in seen
        seen.add(key)
        here = (x == key[0]) & (y == key[1])
        assert cell.counts == tuple(np.bincount(GROUP[here], minlength=4).tolist())
    inside = (south <= LAT) & (north >= LAT) & (west + (LON - west) % 360 <= east)
    assert {(int(a), int(b)) for a, b in zip(x[inside], y[inside], strict=True)} <= seen
    assert found.total == sum(sum(cell.counts) for cell in found.cells)
    assert len(found.cells) <= MOST_CELLS


views = st.tuples(
    st.floats(-89, 88), st.floats(-400, 400), st.floats(0.001, 170), st.floats(0.001, 700)
)


@settings(max_examples=300)
@given(views, st.integers(-2, 24))
def test_a_view_shows_what_counting_every_row_finds(
    view: tuple[float, float, float, float], zoom: int
) -> None:
    south, west, high, wide = view
    north, east = min(south + high, 90.0), west + wide
    found = PLACES.view(south, west, north, east, zoom)
    shown = min(east, west + 360)
    if found.cells:
        counted(found, south, west, north, shown)
        for cell in found.cells:  # where the map is, however far round it was dragged
            width = 360 / 2**found.level
            assert west - width <= cell.lon <= shown + width
    else:
        inside = (south <= LAT) & (north >= LAT) & (west + (LON - west) % 360 <= shown)
        assert found.rows.tolist() == np.flatnonzero(inside).tolist()
        assert found.total == len(found.rows)


def test_a_town_opens_into_its_places_as_one_zooms_in() -> None:
    lat, lon = LAT[0], LON[0]
    for zoom in range(20):
        half = 180 / 2**zoom
        found = PLACES.view(max(lat - half, -90), lon - half, min(lat + half, 90), lon + half, zoom)
        assert (len(found.rows) > 0) != (len(found.cells) > 0)
    assert 0 in found.rows


def test_nobody_anywhere_is_an_empty_view() -> None:
    found = Places([], [], []).view(-10, -10, 10, 10, 5)
    assert (found.total, len(found.rows), found.cells) == (0, 0, ())


@pytest.mark.parametrize("lat", [-90.0, -86.0, 86.0, 90.0])
def test_beyond_the_map_places_are_in_its_last_row(
    lat: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "MOST_SINGLE", 0)
    found = Places([lat], [10.0], [0]).view(-85, -180, 85, 180, 1)
    assert found.total == 1
