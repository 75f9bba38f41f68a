"""Many places on a map: the few in view one by one, more of them as sums of square cells.

A map that shows part of the world asks for that part. Places are kept in the order of a curve that
fills the plane (Morton 1966), on which every cell of a Web Mercator tile is one run, so that
counting a cell is two searches however many places there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
_Keys = npt.NDArray[np.uint64]

#: How often the world is halved in each direction: to 2.4 m at the equator.
_DEPTH = 24
#: A cell is a quarter of a tile wide: 64 pixels on screen.
_FINER = 2
#: Web Mercator ends here, degrees.
_MOST_LAT = 85.0511
#: Up to so many places in view are drawn one by one.
MOST_SINGLE = 200
#: A view of more cells than this is counted in larger ones.
MOST_CELLS = 700


@dataclass(frozen=True)
class Cell:
    """Some places that are drawn as one.

    Attributes
    ----------
    lat, lon
        Of its middle, degrees; the longitude as far round as the view asked for.
    counts
        How many of each group.
    """

    lat: float
    lon: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class InView:
    """What a view shows: places one by one, or cells where they are too many.

    Attributes
    ----------
    total
        How many places are in the view, or in the cells that it touches.
    rows
        Positions of the places, ascending, shape (n,); empty where there are cells.
    cells
        Cells with places.
    level
        A cell is as wide as the world halved so many times.
    """

    total: int
    rows: Ints
    cells: Sequence[Cell]
    level: int = 0


class Places:
    """Places in groups, ready to be counted in any view.

    Parameters
    ----------
    lat, lon
        Degrees, shape (n,).
    group
        A small whole number for each, shape (n,).
    """

    def __init__(self, lat: npt.ArrayLike, lon: npt.ArrayLike, group: npt.ArrayLike) -> None:
        self.lat, self.lon = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
        groups = np.asarray(group, np.intp)
        keys = _key(*_steps(self.lat, self.lon))
        self._rows: list[Ints] = []
        self._keys: list[_Keys] = []
        for number in range(int(groups.max(initial=0)) + 1):
            rows = np.flatnonzero(groups == number)
            order = np.argsort(keys[rows], kind="stable")
            self._rows.append(rows[order])
            self._keys.append(keys[rows][order])

    def view(self, south: float, west: float, north: float, east: float, zoom: int) -> InView:
        """What is in a part of the world.

        Parameters
        ----------
        south, west, north, east
            Its edges, degrees; longitudes may lie beyond 180, as on a map that was dragged round.
        zoom
            Of the map, which decides how large a cell is.
        """
        east = min(east, west + 360)
        level = min(max(zoom, 0) + _FINER, _DEPTH)
        while True:
            x, y = _range(south, west, north, east, level)
            if len(x) * len(y) <= MOST_CELLS or not level:
                break
            level -= 1
        # The last column of a view all around is the first one again.
        x = x[: 2**level]
        xs, ys = (side.ravel() for side in np.meshgrid(x, y))
        first = _key((xs % 2**level).astype(np.uint64), ys.astype(np.uint64))
        low = first << np.uint64(2 * (_DEPTH - level))
        high = (first + np.uint64(1)) << np.uint64(2 * (_DEPTH - level))
        starts = [np.searchsorted(keys, low) for keys in self._keys]
        ends = [np.searchsorted(keys, high) for keys in self._keys]
        counts = np.column_stack(ends) - np.column_stack(starts)
        total = int(counts.sum())
        if total <= MOST_SINGLE:
            found = [
                rows[start:end]
                for rows, begin, finish in zip(self._rows, starts, ends, strict=True)
                for start, end in zip(begin, finish, strict=True)
                if end > start
            ]
            rows = np.sort(np.concatenate(found)) if found else np.empty(0, np.intp)
            rows = rows[self._inside(rows, south, west, north, east)]
            return InView(len(rows), rows, ())
        some = np.flatnonzero(counts.sum(axis=1))
        lats, lons = _middle(xs[some], ys[some], level)
        cells = [
            Cell(round(float(lat), 5), round(float(lon), 5), tuple(of.tolist()))
            for lat, lon, of in zip(lats, lons, counts[some], strict=True)
        ]
        return InView(total, np.empty(0, np.intp), cells, level)

    def _inside(
        self, rows: Ints, south: float, west: float, north: float, east: float
    ) -> npt.NDArray[np.bool_]:
        """Which of some rows are in a view."""
        lat, lon = self.lat[rows], west + (self.lon[rows] - west) % 360
        return np.asarray((lat >= south) & (lat <= north) & (lon <= east))


def _steps(lat: Floats, lon: Floats) -> tuple[_Keys, _Keys]:
    """How many steps of the finest level each place lies east and south of the corner."""
    # Degrees east of -180, all the way round, and Web Mercator from the north.
    x = (lon + 180) % 360 / 360
    y = _mercator(lat)
    whole = 2**_DEPTH
    limits = (0, whole - 1)
    return (
        np.clip(x * whole, *limits).astype(np.uint64),
        np.clip(y * whole, *limits).astype(np.uint64),
    )


def _mercator(lat: npt.ArrayLike) -> Floats:
    """Latitudes as shares of a Web Mercator map, 0 in the north."""
    phi = np.radians(np.clip(np.asarray(lat, np.float64), -_MOST_LAT, _MOST_LAT))
    return np.asarray(0.5 - np.arcsinh(np.tan(phi)) / (2 * np.pi), np.float64)


def _range(south: float, west: float, north: float, east: float, level: int) -> tuple[Ints, Ints]:
    """The columns and rows of cells that a view touches; columns may lie beyond the world."""
    cells = 2**level
    left, right = (int(np.floor((lon + 180) / 360 * cells)) for lon in (west, east))
    top, bottom = (int(np.floor(_mercator(lat) * cells)) for lat in (north, south))
    return (np.arange(left, right + 1), np.arange(max(top, 0), min(bottom, cells - 1) + 1))


def _middle(x: Ints, y: Ints, level: int) -> tuple[Floats, Floats]:
    """Latitude and longitude of the middles of cells."""
    cells = 2**level
    lon = (x + 0.5) / cells * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + 0.5) / cells))))
    return np.asarray(lat, np.float64), np.asarray(lon, np.float64)


def _key(x: _Keys, y: _Keys) -> _Keys:
    """The place on the curve: the bits of both numbers in turn."""
    return _apart(x) | (_apart(y) << np.uint64(1))


def _apart(number: _Keys) -> _Keys:
    """Bits with a gap after each, by binary magic numbers (Bit Twiddling Hacks)."""
    found = number.copy()
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        found = (found | (found << np.uint64(shift))) & np.uint64(mask)
    return found
