"""GeoTIFF files, read with packages that few need: one sentence where these are missing."""

import contextlib
import importlib
import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from geo.errors import CareReachError, DataError
from geo.reading import short, understood


def are_there(packages: Sequence[str]) -> bool:
    """Whether all of some packages are installed."""
    return all(importlib.util.find_spec(name) is not None for name in packages)


def need_rasters(what: str, packages: Sequence[str]) -> Any:
    """The module `rasterio`.

    Parameters
    ----------
    what
        What needs it, for the sentence.
    packages
        What must be installed.

    Raises
    ------
    CareReachError
        If it is not.
    """
    if not are_there(packages):
        raise CareReachError(f"{what} needs the packages of requirements-rasters.txt.")
    return importlib.import_module("rasterio")


@contextlib.contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """A GeoTIFF that can be laid on a map, as rasterio has it, while it is read.

    Raises
    ------
    DataError
        If it is missing, is no GeoTIFF, or does not say where its cells lie; whatever goes wrong
        with it meanwhile, too.
    """
    rasterio: Any = importlib.import_module("rasterio")
    if not path.is_file():
        raise DataError(path.name, "the file is missing")
    with understood(path.name), warnings.catch_warnings():
        # One that does not say where it lies is refused below.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            with rasterio.open(path, driver="GTiff") as grid:
                at = grid.transform
                if grid.crs is None or at.is_identity:
                    raise DataError(path.name, "does not say its projection, or where it lies")
                if at.b or at.d or at.e >= 0 or at.a <= 0:
                    raise DataError(
                        path.name, "is turned or upside down; warp it to north up first (gdalwarp)"
                    )
                yield grid
        except rasterio.errors.RasterioError as error:
            raise DataError(path.name, f"cannot be read as a GeoTIFF: {short(error)}") from None
