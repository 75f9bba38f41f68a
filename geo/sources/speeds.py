"""How fast one gets on: a table that can be edited, and stays with the surface made from it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.errors import DataError
from geo.sources.coordinates import number_of
from geo.sources.sheets import read_sheet
from geo.sources.vocabulary import NO, YES
from geo.text import normalise

#: Nobody gets on faster.
MOST_KM_H = 300.0
COLUMNS = ("kind", "value", "label", "km_h", "walked")
_KINDS = ("land", "road")


@dataclass(frozen=True)
class Speed:
    """How fast one gets on in one kind of land, or on one kind of road.

    Attributes
    ----------
    kind
        "land" or "road".
    value
        The number of a class of land cover, or the word of a kind of road.
    label
        As shown.
    km_h
        On the flat; 0 where nobody can go.
    walked
        Whether slopes count there.
    """

    kind: str
    value: str
    label: str
    km_h: float
    walked: bool


def read_speeds(path: Path) -> list[Speed]:
    """Read a table of speeds.

    Parameters
    ----------
    path
        A table with the columns kind (land or road), value (class or word), label, km_h (0 where
        nobody can go) and walked (yes or no: whether slopes count).

    Raises
    ------
    DataError
        If it lacks a column, or a cell is not what it should be.
    """
    sheet = read_sheet(path, header=1)
    names = list(sheet.columns)
    for column in COLUMNS:
        if column not in names:
            raise DataError(path.name, "the column is missing", column=column)
    table = zip(*(sheet.cells[names.index(column)] for column in COLUMNS), strict=True)
    found: dict[tuple[str, str], Speed] = {}
    for number, cells in zip(sheet.rows, table, strict=True):
        speed, column, why = _speed(*cells)
        if speed is not None and (speed.kind, speed.value) in found:
            speed, column, why = None, "value", f"{cells[1]!r} stands here twice"
        if speed is None:
            raise DataError(path.name, why, row=int(number), column=column)
        found[speed.kind, speed.value] = speed
    return list(found.values())


def _speed(
    kind: str, value: str, label: str, km_h: str, walked: str
) -> tuple[Speed | None, str, str]:
    """One row of a table of speeds; or None, the column that is wrong, and why."""
    kind, value, number = kind.strip().casefold(), value.strip(), number_of(km_h)
    on_foot = normalise(walked)
    if kind not in _KINDS:
        return None, "kind", f"{kind!r} is neither land nor road"
    if not value:
        return None, "value", "is empty and must not be"
    if kind == "land":
        if not number_of(value).is_integer():
            return None, "value", f"{value!r} is not the whole number of a class"
        value = str(int(number_of(value)))
    if not 0 <= number <= MOST_KM_H:
        return None, "km_h", f"{km_h!r} is not a speed from 0 to {MOST_KM_H:g} km/h"
    if on_foot not in YES and on_foot not in NO:
        return None, "walked", f"{walked!r} is neither yes nor no"
    return Speed(kind, value, label.strip() or value, number, on_foot in YES), "", ""


def minutes_a_metre(km_h: float) -> float:
    """The friction of a speed; 0, which stands for nobody, where it is 0."""
    return 60 / (1000 * km_h) if km_h > 0 else 0.0


def speeds_csv(speeds: Sequence[Speed]) -> str:
    """The table again, as it was understood."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for s in speeds:
        table.writerow([s.kind, s.value, s.label, f"{s.km_h:g}", "yes" if s.walked else "no"])
    return out.getvalue()
