"""A pack seen with one procedure on one day: who may be listed, indexed and narrowed."""

import datetime as dt
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.care.assessment import Assessment, assess_all
from geo.care.calibration import Calibration, calibrate
from geo.care.entry import Procedure
from geo.care.filters import Filters, kept
from geo.distance import Index, Searchable
from geo.packs.pack import Pack
from geo.packs.shared import is_copy
from geo.packs.stored_index import StoredIndex
from geo.travel.road_table import RoadAccess, RoadTable, road_access

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

#: Statuses to groups of the index; the likely with a related service are a group of their own.
GROUPS = ("confirmed", "reported", "likely", "likely", "unknown", "not_offered")
_GROUP_OF = {status: number for number, status in enumerate(GROUPS)}


@dataclass(frozen=True)
class Assessed:
    """A pack seen with one procedure on one day: what does not change with place or radius.

    Attributes
    ----------
    found
        Who may be listed, and what is known of them.
    index
        Over them, in the groups of `GROUPS`.
    roads
        The pack's road table; None where it has none.
    access, hospital_access
        Where they, and the pack's hospitals, join the road table.
    narrowed
        Whether filters left only some of the rows.
    silent
        How many rows filters left out only because nothing is on record.
    calibration
        How often each status turned out true, where that is known.
    """

    pack: Pack
    procedure: Procedure
    today: dt.date
    found: Assessment
    index: Searchable
    roads: RoadTable | None
    access: RoadAccess | None
    hospital_access: RoadAccess | None
    narrowed: bool = False
    silent: int = 0
    calibration: Calibration = field(default_factory=Calibration)

    @functools.cached_property
    def rows(self) -> pd.DataFrame:
        """Provider columns and assessment of everybody who may be listed."""
        return self.take(np.arange(len(self)))

    @functools.cached_property
    def skilled(self) -> tuple[Ints, Index]:
        """Which of them have a related service on record, and an index over these."""
        answers = self.found.verdicts
        able = answers["related"].to_numpy(bool) & (answers["status"] != "not_offered").to_numpy()
        rows = np.flatnonzero(able[self.found.number])
        groups = _group_of_each(answers)[self.found.number[rows]]
        return rows, Index(self.index.lat[rows], self.index.lon[rows], groups)

    @functools.cached_property
    def entry_hash(self) -> str:
        """What tells the entry from another version of it."""
        return hashlib.sha256(self.procedure.model_dump_json().encode()).hexdigest()

    def __len__(self) -> int:
        """How many may be listed."""
        return len(self.found.positions)

    def take(self, at: Ints, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Some of `rows`, numbered from 0; the others are not looked at.

        Parameters
        ----------
        at
            Which, positions among those who may be listed.
        columns
            Of the providers; all of them by default.
        """
        providers = self.pack.providers
        providers = providers if columns is None else providers[list(columns)]
        rows = providers.iloc[self.found.positions[at]].reset_index(drop=True)
        return pd.concat([rows, self.found.take(at)], axis=1)


def assess_pack(pack: Pack, procedure: Procedure, today: dt.date) -> Assessed:
    """Assess every provider of a pack and index those that may be listed.

    Parameters
    ----------
    pack
        The data.
    procedure
        What is asked about.
    today
        The day of asking.
    """
    found = assess_all(pack.providers, pack.evidence, procedure, today, pack.alike)
    roads = RoadTable.from_frames(pack.roads, pack.road_nodes, pack.detour)

    def access(positions: Ints) -> RoadAccess | None:
        return road_access(roads, *spots_of(pack, positions)) if roads else None

    return Assessed(
        pack=pack,
        procedure=procedure,
        today=today,
        found=found,
        index=_index(pack, found),
        roads=roads,
        access=access(found.positions),
        hospital_access=access(pack.hospitals),
        calibration=calibrate(pack.providers, pack.evidence, procedure, today),
    )


def narrow(assessed: Assessed, filters: Filters, now: dt.datetime) -> Assessed:
    """The same with only the providers that pass every filter; hospitals stay.

    Parameters
    ----------
    assessed
        From `assess_pack`.
    filters
        What is asked for.
    now
        A time with its zone.
    """
    if not filters:
        return assessed
    passed, silent = kept(assessed.pack.providers.iloc[assessed.found.positions], filters, now)
    positions = np.flatnonzero(passed)
    found = assessed.found.only(positions)
    return replace(
        assessed,
        found=found,
        index=_index(assessed.pack, found),
        access=assessed.access.take(positions) if assessed.access else None,
        narrowed=True,
        silent=silent,
    )


def spots_of(pack: Pack, positions: Ints) -> tuple[Floats, Floats]:
    """Latitude and longitude of some of a pack's providers."""
    lat, lon = (pack.providers[c].to_numpy(float) for c in ("lat", "lon"))
    return lat[positions], lon[positions]


def _index(pack: Pack, found: Assessment) -> Searchable:
    """Who may be listed, in the groups of `GROUPS`; asked of a database where the pack has one."""
    groups = _group_of_each(found.verdicts)[found.number]
    where = spots_of(pack, found.positions)
    if is_copy(pack.folder):
        stored = StoredIndex(pack.spots, pack.alike.number, found.positions, where, groups)
        if stored.is_worth_asking:
            return stored
    return Index(*where, groups)


def _group_of_each(answers: pd.DataFrame) -> Ints:
    """The group in the index of each answer."""
    related = answers["related"].to_numpy(bool) & (answers["status"] == "likely").to_numpy(bool)
    return np.array([_GROUP_OF[status] for status in answers["status"]], np.intp) - related
