"""A surface of how fast one gets on where, and the minutes of its cells."""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Whoever is in a cell where nobody can go starts from the nearest where one can, within this.
NEAR_KM = 2.0
#: A degree of latitude, on a sphere of the earth's mean radius.
M_PER_DEG = 111_195.0


@dataclass(frozen=True)
class Surface:
    """How fast one gets on where.

    Attributes
    ----------
    friction
        Minutes a metre on the flat, shape (h, w); 0 where nobody can go.
    elevation
        Metres, shape (h, w), NaN where not known; None for a flat land.
    walked
        Where slopes count, shape (h, w).
    north, west
        The upper left corner, degrees.
    cell_deg
        How high and wide a cell is, degrees.
    """

    friction: npt.NDArray[np.float32]
    elevation: npt.NDArray[np.float32] | None
    walked: npt.NDArray[np.bool_]
    north: float
    west: float
    cell_deg: tuple[float, float]

    @functools.cached_property
    def size_m(self) -> tuple[Floats, float]:
        """How wide the cells of each row are, and how high all are, metres.

        On a sphere of the earth's mean radius: within 0.3 % of the ellipsoid.
        """
        high, wide = self.cell_deg
        lat = self.north - high * (np.arange(len(self.friction)) + 0.5)
        return wide * M_PER_DEG * np.cos(np.radians(lat)), high * M_PER_DEG

    @functools.cached_property
    def _around(self) -> list[tuple[int, int]]:
        """Steps to the cells within `NEAR_KM`, down and across, the nearest first."""
        wide, high = self.size_m
        across = float(np.median(wide))
        most = (int(1000 * NEAR_KM // high), int(1000 * NEAR_KM // across))
        steps = [
            (np.hypot(down * high, right * across), down, right)
            for down in range(-most[0], most[0] + 1)
            for right in range(-most[1], most[1] + 1)
        ]
        return [(down, right) for far, down, right in sorted(steps) if 0 < far <= 1000 * NEAR_KM]

    def cells_at(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The cell of each position, or the nearest where one can go; -1 where none is near.

        Parameters
        ----------
        lat, lon
            Degrees, shape (n,).
        """
        height, width = self.friction.shape
        high, wide = self.cell_deg
        lats, lons = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
        row = np.floor((self.north - lats) / high)
        column = np.floor((lons - self.west) / wide)
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        found = np.where(inside, row * width + column, -1).astype(np.int64)
        can_go = self.friction.ravel() > 0
        lost = np.flatnonzero(inside)
        lost = lost[~can_go[found[lost]]]
        down, right = row[lost].astype(np.int64), column[lost].astype(np.int64)
        found[lost] = -1
        for more_down, more_right in self._around:
            if not len(lost):
                break
            y, x = down + more_down, right + more_right
            on_grid = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            cell = np.where(on_grid, y * width + x, 0)
            good = on_grid & can_go[cell]
            found[lost[good]] = cell[good]
            lost, down, right = lost[~good], down[~good], right[~good]
        return found


@dataclass(frozen=True)
class Field:
    """Minutes of every cell of a surface, shape (h, w)."""

    surface: Surface
    minutes: npt.NDArray[np.float32]

    def at(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> Floats:
        """Minutes of some positions, degrees, shape (n,); infinite where there is no way."""
        cells = self.surface.cells_at(lat, lon)
        found = self.minutes.ravel()[cells].astype(np.float64)
        found[cells < 0] = np.inf
        return found
