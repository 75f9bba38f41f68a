"""Changes to the user's copy of a pack: an answer to a call, official boundaries.

Each is a transaction: the pack is copied aside, changed, built and checked, and put in place in
one step (`geo.packs.write_pack`). The bundled pack is never touched.
"""

import contextlib
import datetime as dt
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # not on Windows, where only this process takes its turns
    fcntl = None  # type: ignore[assignment]

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.areas import Matched, match_boundaries, name_boundaries
from geo.build import build_pack
from geo.checks import check_pack
from geo.errors import DataError, UnknownNameError
from geo.packs import (
    ASKED,
    DESCRIPTOR,
    Pack,
    list_packs,
    open_pack,
    pack_folder,
    read_descriptor,
    read_shapes,
    read_table,
    resource_path,
    user_folder,
    write_pack,
)
from geo.query import region_of_each

__all__ = [
    "add_resource",
    "change_pack",
    "import_boundaries",
    "pack_land",
    "record_answer",
    "region_ids",
    "remove_pack",
    "write_descriptor",
    "write_table",
]

_STAGED = ".staged-"
#: One change at a time within a process; each begins from what the last one left.
_CHANGING = threading.Lock()


def record_answer(
    pack: Pack, provider_id: str, procedure: str, status: str, who: str, when: dt.date
) -> None:
    """Write the answer to a call into the user's copy of a pack, as an official statement.

    Parameters
    ----------
    pack
        Which pack; its newest state is changed.
    provider_id
        Who was rung.
    procedure
        A slug.
    status
        "offered" or "not_offered".
    who
        Who said so, by role.
    when
        The day of the call.

    Raises
    ------
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    said = "It is done here" if status == "offered" else "It is not done here"
    row = {
        "provider_id": provider_id,
        "procedure": procedure,
        "status": status,
        "statement": f"{said}, said {who} when asked",
        "as_of": when.isoformat(),
        "as_of_basis": "stated",
        "source_kind": "official",
        "note": f"{ASKED}{who}",
    }

    def change(folder: Path) -> None:
        path = resource_path(folder, read_descriptor(folder), "evidence")
        if path is None:
            path = folder / "evidence.csv"
            path.write_text(",".join(row) + "\n", "utf-8")
            add_resource(folder, "evidence", path.name)
        new = pd.DataFrame([row])
        if path.suffix == ".parquet":
            pd.concat([pd.read_parquet(path), new], ignore_index=True).to_parquet(path)
            return
        old = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        both = pd.concat([old, new], ignore_index=True).fillna("")
        path.write_text(both.to_csv(index=False, lineterminator="\n"), "utf-8")

    change_pack(pack.name, change)


def import_boundaries(name: str, shapes: gpd.GeoDataFrame, *, dry_run: bool = False) -> Matched:
    """Put official boundaries of the lowest regions into the user's copy of a pack.

    They are drawn instead of approximate areas and change no figure. In a pack without regions
    each polygon becomes one, and providers belong to the one they lie in.

    Parameters
    ----------
    name
        The pack.
    shapes
        Polygons with codes or names, in any projection that they name.
    dry_run
        Only say what would be matched.

    Raises
    ------
    DataError
        If nothing can be matched.
    """
    if not isinstance(shapes, gpd.GeoDataFrame) or shapes._geometry_column_name not in shapes:
        raise DataError("boundaries", "there are no polygons in the file")
    pack = open_pack(name)
    if pack.regions.empty:
        return _first_boundaries(name, shapes, dry_run=dry_run)
    lowest = int(pack.regions["level"].max())
    matched = match_boundaries(shapes, pack.regions, lowest)
    if dry_run:
        return matched

    def change(folder: Path) -> None:
        areas = matched.areas.set_geometry(matched.areas.geometry.set_precision(0.0005))
        (folder / "boundaries.geojson").write_text(areas.to_json(drop_id=True), "utf-8")
        add_resource(folder, "boundaries", "boundaries.geojson")

    change_pack(name, change)
    return matched


def _first_boundaries(name: str, shapes: gpd.GeoDataFrame, *, dry_run: bool) -> Matched:
    """Boundaries as the regions of a pack that has none."""
    areas = name_boundaries(shapes)

    def change(folder: Path) -> None:
        regions = pd.DataFrame(areas[["region_id", "name"]]).assign(level=1, boundary="surveyed")
        write_table(folder, "regions", regions)
        drawn = areas[["region_id", "geometry"]]
        drawn = drawn.set_geometry(drawn.geometry.set_precision(0.0005))
        (folder / "boundaries.geojson").write_text(drawn.to_json(drop_id=True), "utf-8")
        add_resource(folder, "boundaries", "boundaries.geojson")
        providers = read_table(folder, read_descriptor(folder), "providers")
        providers["region_id"] = region_ids(folder, providers)
        write_table(folder, "providers", providers)

    change_pack(name, change, dry_run=dry_run)
    return Matched(areas, {"name": len(areas)}, (), ())


def add_resource(folder: Path, name: str, path: str) -> None:
    """Name a file of a staged pack in its descriptor, in place of the one that was."""
    about = read_descriptor(folder)
    others = [entry for entry in about.get("resources", []) if entry["name"] != name]
    about["resources"] = [*others, {"name": name, "path": path}]
    write_descriptor(folder, about)


def write_descriptor(folder: Path, about: Mapping[str, Any]) -> None:
    """Replace the descriptor of a staged pack."""
    (folder / DESCRIPTOR).write_text(json.dumps(about, ensure_ascii=False, indent=1), "utf-8")


def write_table(folder: Path, table: str, frame: pd.DataFrame) -> None:
    """Replace a table of a staged pack by Parquet, which keeps types and gives the same bytes."""
    about = read_descriptor(folder)
    old = resource_path(folder, about, table)
    frame.to_parquet(folder / f"{table}.parquet", index=False, compression="zstd")
    if old is not None and old.name != f"{table}.parquet":
        old.unlink(missing_ok=True)
    add_resource(folder, table, f"{table}.parquet")


def region_ids(folder: Path, providers: pd.DataFrame) -> "pd.Series[str]":
    """The region of each provider; where none is known, by the boundaries of a staged pack."""
    about = read_descriptor(folder)
    path = resource_path(folder, about, "boundaries")
    known = providers["region_id"].copy()
    if path is None or not path.exists():
        return known
    shapes = read_shapes(path)
    lacking = known.isna().to_numpy()
    at = region_of_each(
        providers["lat"].to_numpy()[lacking],
        providers["lon"].to_numpy()[lacking],
        shapes.geometry.to_numpy(),
    )
    ids = shapes["region_id"].to_numpy(object)
    known[lacking] = [ids[i] if i >= 0 else pd.NA for i in at]
    return known


def pack_land(folder: Path) -> BaseGeometry | None:
    """Where a pack's rows should lie: its given shapes, which an import does not widen.

    Its outline where it has no shapes; None where it has neither.
    """
    about = read_descriptor(folder)
    for resource in ("boundaries", "region_shapes", "outline"):
        path = resource_path(folder, about, resource)
        if path is not None and path.exists():
            land: BaseGeometry = read_shapes(path).geometry.union_all()
            shapely.prepare(land)
            return land
    return None


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep other processes from changing packs meanwhile, where the system can."""
    with (home / ".lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def change_pack(
    name: str,
    change: Callable[[Path], None],
    *,
    begin: Callable[[Path], None] | None = None,
    dry_run: bool = False,
) -> None:
    """Copy a pack aside, change it, and put it in place if it still keeps every promise.

    Parameters
    ----------
    name
        The pack.
    change
        Called with the copy's folder.
    begin
        Fills the folder of a pack that does not exist yet.
    dry_run
        Do everything but put it in place.

    Raises
    ------
    UnknownNameError
        If there is no such pack, and nothing to begin one with.
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    with _turn() as home, tempfile.TemporaryDirectory(prefix=_STAGED, dir=home) as aside:
        staged = Path(aside) / name
        if begin is not None and name not in list_packs():
            staged.mkdir()
            begin(staged)
        else:
            shutil.copytree(pack_folder(name), staged)
        change(staged)
        build_pack(staged, Path(aside) / "static")
        for problem in check_pack(staged):
            raise DataError(problem.file, problem.reason, row=problem.row)
        if not dry_run:
            write_pack(staged, home / name)


def remove_pack(name: str) -> Path:
    """Delete a pack of the user; a bundled pack of the same name is seen again.

    Raises
    ------
    UnknownNameError
        If the user has no such pack.
    """
    with _turn() as home:
        folder = pack_folder(name)
        if folder.parent.resolve() != home.resolve():
            raise UnknownNameError(f"The pack {name!r} came with CareReach and cannot be removed.")
        # The descriptor first: what has none is no pack, whatever happens then.
        (folder / DESCRIPTOR).unlink()
        shutil.rmtree(folder)
        return folder


@contextlib.contextmanager
def _turn() -> Iterator[Path]:
    """The folder of the user's packs, for one change at a time."""
    home = user_folder()
    home.mkdir(parents=True, exist_ok=True)
    with _CHANGING, _alone(home):
        for left in home.glob(f"{_STAGED}*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield home
