"""What readers say of content that is not what it seems: one sentence, whatever went wrong."""

import contextlib
import csv
from collections.abc import Iterator
from xml.parsers import expat

import pyproj
from shapely.errors import GEOSException

from geo.errors import CareReachError, DataError

#: What a reader may raise at a file that is not what it seems.
_BROKEN = (
    *(AttributeError, LookupError, RuntimeError, TypeError, ValueError, MemoryError),
    *(OSError, OverflowError, csv.Error, GEOSException, expat.ExpatError),
    pyproj.exceptions.CRSError,
)


@contextlib.contextmanager
def understood(name: str) -> Iterator[None]:
    """One sentence for content that is of another shape than its format says.

    Parameters
    ----------
    name
        The file's name, for the sentence.

    Raises
    ------
    DataError
        Instead of whatever a reader stumbled over.
    """
    try:
        yield
    except CareReachError:
        raise
    except _BROKEN as error:
        raise DataError(name, f"is not in the form that its kind has ({short(error)})") from None


def short(error: Exception) -> str:
    """What a library says, in one line that a sentence can hold."""
    return " ".join(str(error).split())[:120]
