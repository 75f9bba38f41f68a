"""Coverage of people from files of any size, measured part by part, here or on a Dask cluster."""

import importlib
import importlib.util
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo.care.assessed import Assessed
from geo.coverage.reach import Reach, supply_of
from geo.errors import CareReachError, DataError
from geo.packs.pack import Pack, Source
from geo.packs.store import regions_at
from geo.progress import Progress, Step, silent
from geo.travel.measure import Measure, Points, Reached, Supply
from geo.version import __version__

Floats = npt.NDArray[np.float64]
#: What a file of people must say; `region_id` may be there, too.
COLUMNS = ("population", "lat", "lon")
#: So many points are measured at once, by one worker.
PART = 1_000_000
_CONNECT_S = 10
#: The name of their source.
_PEOPLE = "people-given"


def read_people(path: Path, pack: Pack) -> pd.DataFrame:
    """Read where people live from Parquet files.

    Parameters
    ----------
    path
        A file, or a folder with files `*.parquet` at any depth. Columns: `population`, `lat` and
        `lon` (degrees, WGS84); `region_id` where it is known.
    pack
        Its boundaries say in which region a point lies, where no file does.

    Returns
    -------
    pandas.DataFrame
        `region_id` (categories; NA outside every region), `population`, `lat`, `lon`: a row for
        each point, in the order of the files' names.

    Raises
    ------
    DataError
        If there is no such file, or a cell is not what it should be; with its row.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise DataError(str(path), "the folder has no Parquet files")
    frames = [_read(file, pack) for file in files]
    people = pd.concat(frames, ignore_index=True)
    # Categories of several files are put together; equal ones stay categories.
    return people.astype({"region_id": "category"})


def _read(path: Path, pack: Pack) -> pd.DataFrame:
    """One file, checked."""
    try:
        known = pq.read_schema(path).names
        missing = [name for name in COLUMNS if name not in known]
        if missing:
            raise DataError(path.name, f"has no column {' and no column '.join(missing)}")
        wanted = [*COLUMNS, *(["region_id"] if "region_id" in known else [])]
        table = pq.read_table(path, columns=wanted, partitioning=None)
        frame = pd.DataFrame({name: _numbers(table, name, path) for name in COLUMNS})
    except FileNotFoundError:
        raise DataError(str(path), "the file is missing") from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(path.name, f"cannot be read as Parquet: {error}") from None
    limits = {"population": (0, np.inf), "lat": (-90, 90), "lon": (-180, 180)}
    for name, (low, high) in limits.items():
        cells = frame[name].to_numpy()
        # Not a number is not between them either.
        wrong = ~((cells >= low) & (cells <= high) & np.isfinite(cells))
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                path.name, f"{cells[row]:g} cannot be a {name}", row=row + 1, column=name
            )
    return frame.assign(region_id=_regions(table, frame, pack, path))


def _numbers(table: pa.Table, name: str, path: Path) -> Floats:
    """A column as numbers; NaN where a cell is empty."""
    kind = table.schema.field(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise DataError(path.name, f"holds {kind} where numbers should be", column=name)
    return np.asarray(table.column(name).cast(pa.float64(), safe=False).to_numpy(), np.float64)


def _regions(table: pa.Table, frame: pd.DataFrame, pack: Pack, path: Path) -> pd.Categorical:
    """The region of each point, as the file says it, or by the pack's boundaries."""
    ids = pack.regions["region_id"].astype(str)
    if "region_id" not in table.column_names:
        if len(ids) and "boundaries" not in pack.files:
            raise DataError(
                path.name, f"has no column region_id, and {pack.name} has no boundaries instead"
            )
        return pd.Categorical(regions_at(pack.folder, frame["lat"], frame["lon"]))
    kind = table.schema.field("region_id").type
    if not (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
    ):
        raise DataError(path.name, f"holds {kind} where text should be", column="region_id")
    cells = table.column("region_id").cast(pa.string()).to_pandas()
    strange = cells.notna() & ~cells.isin(ids)
    if strange.any():
        row = int(strange.to_numpy().argmax())
        raise DataError(
            path.name,
            f"{cells.iloc[row]!r} is not a region of {pack.name}",
            row=row + 1,
            column="region_id",
        )
    return pd.Categorical(cells)


def with_people(assessed: Assessed, people: pd.DataFrame, path: Path) -> Assessed:
    """The same providers, for other people than the pack's; they are named among its sources.

    Parameters
    ----------
    assessed
        From `geo.care.assessed.assess_pack`.
    people
        From `read_people`.
    path
        Where they were read.
    """
    title = f"People instead of the pack's: {path.name}, {len(people):,} points"
    sources = {**assessed.pack.sources, _PEOPLE: Source(_PEOPLE, title)}
    return replace(assessed, pack=replace(assessed.pack, demand=people, sources=sources))


def reach_in_parts(
    lat: npt.ArrayLike,
    lon: npt.ArrayLike,
    rows: pd.DataFrame,
    measures: Iterable[Measure],
    progress: Progress = silent,
) -> Reach:
    """As `geo.coverage.reach.find_reach` by kilometres, part by part in this process.

    What does not depend on the points is prepared once.
    """
    supply, kinds = supply_of(rows), _kilometres(measures)
    reachers = [measure.reacher(supply) for measure in kinds]
    return _together(lat, lon, lambda points: _measured(reachers, points), progress)


@dataclass(frozen=True)
class _Work:
    """What every part is measured by. `token` tells one piece of work from another."""

    token: str
    supply: Supply
    measures: Sequence[Measure]


class Cluster:
    """Workers of Dask that measure; each part of the points is one task.

    A task of a worker that is lost is done by another. Whoever can reach a scheduler of Dask can
    run anything on its workers: it belongs in a network of its own.

    Parameters
    ----------
    address
        Of the scheduler: `tcp://host:port`.

    Raises
    ------
    CareReachError
        If Dask is not installed, the scheduler does not answer, has no workers, or these have
        another version of CareReach.
    """

    def __init__(self, address: str) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise CareReachError("--cluster needs the packages of requirements-cluster.txt.")
        if not re.match(r"(tcp|tls)://[^\s/]+:\d+/?$", address):
            raise CareReachError(f"{address!r} is not the address of a scheduler: tcp://host:port.")
        distributed: Any = importlib.import_module("distributed")
        self._lost = distributed.KilledWorker
        self._config: Any = importlib.import_module("dask").config
        try:
            self._client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError):  # no answer in time is an OSError, too
            raise CareReachError(f"No scheduler of Dask answers at {address!r}.") from None
        try:
            versions = self._client.run(_version)
        except Exception:  # whatever a worker says that cannot even import this
            versions = {"": None}
        if not versions or set(versions.values()) != {__version__}:
            self.close()
            wrong = "run another version" if versions else "are missing"
            raise CareReachError(
                f"The workers of {address} {wrong}: start them where CareReach {__version__} is."
            )

    def find_reach(
        self,
        lat: npt.ArrayLike,
        lon: npt.ArrayLike,
        rows: pd.DataFrame,
        measures: Iterable[Measure],
        progress: Progress = silent,
    ) -> Reach:
        """As `geo.coverage.reach.find_reach` by kilometres, on the workers.

        Raises
        ------
        CareReachError
            If the cluster is lost.
        """
        work = _Work(uuid.uuid4().hex, supply_of(rows), _kilometres(measures))

        def ask(points: Points) -> Any:
            # The points go along with each task: what lies on one worker is lost with it.
            with self._config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}):
                return self._client.submit(_part, shared, points, pure=False)

        try:
            # On every worker, so that losing one loses nothing.
            shared = self._client.scatter(work, broadcast=True, hash=False)
            return _together(lat, lon, ask, progress, resolve=lambda future: future.result())
        except (OSError, CancelledError, self._lost) as error:
            raise CareReachError(f"The cluster was lost: {type(error).__name__}.") from None

    def close(self) -> None:
        """Leave the cluster; it goes on without us."""
        self._client.close()


def _version() -> str:
    """The version of CareReach on a worker."""
    return str(__version__)


#: What a worker has prepared last, so that one part after another is measured with it.
_prepared: dict[str, list[Callable[[Points], Reached]]] = {}
_preparing = threading.Lock()


def _part(work: _Work, points: Points) -> dict[str, Floats]:
    """Measure one part, on a worker."""
    with _preparing:
        if work.token not in _prepared:
            _prepared.clear()
            _prepared[work.token] = [measure.reacher(work.supply) for measure in work.measures]
        reachers = _prepared[work.token]
    return _measured(reachers, points)


def _measured(reachers: Sequence[Callable[[Points], Reached]], points: Points) -> dict[str, Floats]:
    """How far some points are, by every measure."""
    far: dict[str, Floats] = {}
    for reach in reachers:
        far |= reach(points).far
    return far


def _kilometres(measures: Iterable[Measure]) -> tuple[Measure, ...]:
    """The measures that need no engine."""
    return tuple(measure for measure in measures if measure.unit == "km")


def _together(
    lat: npt.ArrayLike,
    lon: npt.ArrayLike,
    ask: Callable[[Points], Any],
    progress: Progress,
    resolve: Callable[[Any], dict[str, Floats]] = lambda found: found,
) -> Reach:
    """Ask for each part of the points, and put the answers together in their order."""
    lats, lons = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    starts = range(0, max(len(lats), 1), PART)
    asked = [ask((lats[s : s + PART], lons[s : s + PART])) for s in starts]
    far: dict[str, Floats] = {}
    for number, start in enumerate(starts):
        part = resolve(asked[number])
        asked[number] = None  # it need not stay on its worker
        for name, km in part.items():
            whole = far.setdefault(name, np.empty((len(km), len(lats))))
            whole[:, start : start + PART] = km
        progress(Step("Measuring ways", min(start + PART, len(lats)), len(lats)))
    return Reach(far)
