"""Travel over terrain: a pack's surface of how fast one gets on where, and the minutes over it.

The surface is a GeoTIFF of the pack, north up in degrees, with three bands: minutes a metre on the
flat (0 where nobody can go), metres above sea (NaN where not known), and 1 where slopes count, for
one walks there. `geo.sources.terrain` makes it.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.errors import DataError
from geo.packs.pack import Pack
from geo.rasters import are_there, open_raster
from geo.travel.surface import Field, Surface

#: The resource of a pack that holds its surface, and the table of speeds that it was made with.
TERRAIN, SPEEDS = "terrain", "terrain_speeds"
NO_TERRAIN = "There is no terrain to measure minutes on."
NEEDED = ("rasterio", "numba")
#: Ways over a surface of no more cells are kept for the next question.
_KEPT_CELLS = 10_000_000


def minutes_over(
    surface: Surface,
    lat: npt.ArrayLike,
    lon: npt.ArrayLike,
    *,
    limit_min: float = np.inf,
    outward: bool = False,
) -> Field:
    """How long the way between each cell and the nearest of some places takes.

    Parameters
    ----------
    surface
        Of a pack.
    lat, lon
        The places, degrees, shape (m,).
    limit_min
        Ways that take longer are not looked for.
    outward
        Ways from the places; else to them. Uphill is not downhill.
    """
    from geo.travel.least_cost import least_minutes  # needs numba

    cells = surface.cells_at(np.atleast_1d(lat), np.atleast_1d(lon))
    sources = np.unique(cells[cells >= 0])
    return Field(surface, least_minutes(surface, sources, limit_min=limit_min, outward=outward))


@dataclass(frozen=True)
class Terrain:
    """The surface of a pack, read when it is first needed.

    Attributes
    ----------
    path
        Where it lies.
    """

    path: Path

    @property
    def surface(self) -> Surface:
        """The surface.

        Raises
        ------
        DataError
            If the file is missing or broken.
        """
        return _surface(self.path, self._changed_ns)

    def minutes_to(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> Field:
        """As `minutes_over`, ways to some places; the last few are kept where they are small.

        Raises
        ------
        DataError
            If the file is missing or broken.
        """
        lats, lons = (np.atleast_1d(np.asarray(axis, np.float64)) for axis in (lat, lon))
        measure = (
            _minutes_to if self.surface.friction.size <= _KEPT_CELLS else _minutes_to.__wrapped__
        )
        return measure(self.path, self._changed_ns, lats.tobytes(), lons.tobytes())

    @property
    def _changed_ns(self) -> int:
        return self.path.stat().st_mtime_ns if self.path.exists() else 0


@functools.lru_cache(maxsize=8)
def _minutes_to(path: Path, changed_ns: int, lats: bytes, lons: bytes) -> Field:
    surface = _surface(path, changed_ns)
    return minutes_over(surface, np.frombuffer(lats), np.frombuffer(lons))


@functools.lru_cache(maxsize=2)
def _surface(path: Path, changed_ns: int) -> Surface:
    """A surface, kept for the next question."""
    with open_raster(path) as grid:
        if grid.count != 3 or not grid.crs.is_geographic:
            raise DataError(path.name, "is not a surface that CareReach has made")
        friction, elevation, walked = grid.read()
        at = grid.transform
    flat = bool(np.isnan(elevation).all())
    return Surface(friction, None if flat else elevation, walked > 0, at.f, at.c, (-at.e, at.a))


def terrain_for(pack: Pack) -> tuple[Terrain | None, str]:
    """What measures minutes over the terrain of a pack, and why nothing does.

    Parameters
    ----------
    pack
        Any.

    Returns
    -------
    tuple
        The terrain, or None; one sentence, or "".
    """
    path = pack.files.get(TERRAIN)
    if path is None:
        return None, NO_TERRAIN
    if not are_there(NEEDED):
        return None, "Minutes over terrain need the packages of requirements-rasters.txt."
    return Terrain(path), ""
