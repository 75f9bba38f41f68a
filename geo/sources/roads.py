"""Roads of a pack: bring an extract's, and check or refit the published road table with them."""

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd

from geo.distance import distance_km
from geo.errors import CareReachError, DataError
from geo.packs.detour import Detour
from geo.packs.pack import Pack, open_pack, pack_folder, read_descriptor, user_folder
from geo.packs.store import add_resource, change_pack, with_source, write_descriptor, write_table
from geo.packs.tables import read_table, sha256_of
from geo.progress import Progress, silent
from geo.travel.times import ROAD_TILES, minutes
from geo.travel.valhalla import Engine, LocalEngine, build_tiles

#: The name of the source of imported roads.
SOURCE = "osm-roads"
_ASIDE = ".roads-"
_OLD_S = 86_400


def import_roads(
    name: str,
    extract: Path,
    *,
    as_of: str | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> bool:
    """Put the roads of an OpenStreetMap extract beside the user's copy of a pack.

    From then on the pack measures minutes to drive unless it is asked for something else. The
    engine does not make the same bytes of an extract each time; the same extract again changes
    nothing.

    Parameters
    ----------
    name
        The pack.
    extract
        `.osm.pbf`.
    as_of
        The extract's date; what the file itself says by default.
    dry_run
        Build the roads and change nothing.
    progress
        Told how long it has taken and how much is built.

    Returns
    -------
    bool
        Whether there was anything new.

    Raises
    ------
    UnknownNameError
        If there is no such pack.
    DataError
        If the extract has no roads.
    CareReachError
        If the engine is not installed.
    """
    if not extract.is_file():
        raise DataError(extract.name, "the file is missing")
    pack = open_pack(name)
    digest = sha256_of(extract)
    date = as_of or _date_of(extract)
    if _has_roads(pack, digest, date):
        return False
    # Beside the packs: the tiles of a country are larger than many a /tmp.
    with tempfile.TemporaryDirectory(prefix=_ASIDE, dir=_tidied_home()) as aside:
        tiles = Path(aside) / f"{ROAD_TILES}.tar"
        build_tiles(extract, tiles, progress)

        def change(folder: Path) -> None:
            tiles.replace(folder / tiles.name)
            add_resource(folder, ROAD_TILES, tiles.name)
            write_descriptor(folder, _with_roads(read_descriptor(folder), extract, digest, date))

        change_pack(name, change, f"Roads from {extract.name}", dry_run=dry_run)
    return True


def _tidied_home() -> Path:
    """The folder of the user's packs, without what a run that was killed left there."""
    home = user_folder()
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(f"{_ASIDE}*"):
        if time.time() - left.stat().st_mtime > _OLD_S:
            shutil.rmtree(left, ignore_errors=True)
    return home


def _has_roads(pack: Pack, digest: str, date: str | None) -> bool:
    """Whether a pack has the roads of just this extract, and they can be read."""
    known = read_descriptor(pack.folder).get("resources", [])
    same = any(e["name"] == ROAD_TILES and e.get("extract") == digest for e in known)
    dated = SOURCE in pack.sources and pack.sources[SOURCE].as_of == date
    if not (same and dated and ROAD_TILES in pack.files):
        return False
    try:
        LocalEngine(pack.files[ROAD_TILES])
    except DataError:
        return False
    return True


def _date_of(extract: Path) -> str | None:
    """The day of an extract's data, as its header says it."""
    try:
        with osmium.io.Reader(str(extract)) as reader:
            stamp = reader.header().get("osmosis_replication_timestamp")
    except RuntimeError:
        raise DataError(extract.name, "cannot be read: is it an .osm.pbf file?") from None
    return str(stamp)[:10] or None


def _with_roads(
    about: Mapping[str, Any], extract: Path, digest: str, date: str | None
) -> dict[str, Any]:
    """A descriptor that says from which extract its roads are, and that they are measured by."""
    resources = [
        entry | {"extract": digest} if entry["name"] == ROAD_TILES else entry
        for entry in about["resources"]
    ]
    source = {
        "name": SOURCE,
        "title": f"Roads: © OpenStreetMap contributors ({extract.name})",
        "path": "https://www.openstreetmap.org/copyright",
        "license": "ODbL 1.0",
        "description": "Travel times without traffic, measured with Valhalla.",
        "kind": "other",
        **({"as_of": date} if date else {}),
    }
    return {**with_source(about, source), "resources": resources, "measure": "drive"}


def check_road_table(pack: Pack, engine: Engine) -> pd.DataFrame:
    """Compare the legs of a pack's road table with ways on real roads.

    Parameters
    ----------
    pack
        With a road table.
    engine
        From `geo.travel.times.engine_for`.

    Returns
    -------
    pandas.DataFrame
        A row for each leg: `from`, `to`, `km` (the table's), `reliability`, `routed_km` and
        `minutes` (by car; NA where no road leads there, or a node has no position), `straight_km`
        and `ratio` (table over route).

    Raises
    ------
    CareReachError
        If the pack has no road table, or the engine does not answer.
    """
    if pack.roads.empty:
        raise CareReachError(f"The pack {pack.name!r} has no road table to check.")
    nodes = pack.road_nodes.set_index("node")[["lat", "lon"]]
    legs = pack.roads[["from", "to", "km", "reliability"]].reset_index(drop=True)
    routed, taken, straight = (np.full(len(legs), np.nan) for _ in range(3))
    for i, (a, b) in enumerate(zip(legs["from"], legs["to"], strict=True)):
        ends = nodes.loc[[a, b]].to_numpy(float)
        if np.isnan(ends).any():
            continue
        # The shorter of there and back: a leg of the table runs both ways.
        trips = minutes(engine, ends, ends)
        both = [(trips.km[0, 1], trips.minutes[0, 1]), (trips.km[1, 0], trips.minutes[1, 0])]
        routed[i], taken[i] = min(both, key=lambda way: (np.isnan(way[0]), way[0]))
        straight[i] = distance_km(ends[0, 0], ends[0, 1], ends[1:, 0], ends[1:, 1])[0]
    return legs.assign(
        routed_km=routed, minutes=taken, straight_km=straight, ratio=legs["km"] / routed
    )


def refit_road_table(name: str, checked: pd.DataFrame) -> int:
    """Put routed kilometres into the road table of the user's copy of a pack.

    Parameters
    ----------
    name
        The pack; it has imported roads, whose source the legs then name.
    checked
        From `check_road_table`; legs without a route stay as they are.

    Returns
    -------
    int
        How many legs were changed.

    Raises
    ------
    CareReachError
        If the pack has no imported roads that the legs could name as their source.
    """
    if SOURCE not in {s["name"] for s in read_descriptor(pack_folder(name)).get("sources", [])}:
        raise CareReachError(
            f"The pack {name!r} has no imported roads to name as the source of its legs; "
            "`python -m geo import roads` brings them."
        )
    found = checked[checked["routed_km"] > 0].set_index(["from", "to"])["routed_km"]

    def change(folder: Path) -> None:
        about = read_descriptor(folder)
        roads = read_table(folder, about, "roads")
        pairs = list(zip(roads["from"], roads["to"], strict=True))
        new = pd.Series([found.get(pair, np.nan) for pair in pairs], roads.index, float)
        changed = new.notna()
        roads["km"] = new.round(1).clip(lower=0.1).fillna(roads["km"])
        roads.loc[changed, "reliability"] = "high"
        roads.loc[changed, "source"] = SOURCE
        write_table(folder, "roads", roads)

    change_pack(name, change, f"Road table refitted: {len(found)} legs")
    return len(found)


def table_text(checked: pd.DataFrame, detour: Detour | None) -> str:
    """What a check of the road table shows, in one line.

    Parameters
    ----------
    checked
        From `check_road_table`.
    detour
        What the pack's estimates off the table use.
    """
    legs = checked[checked["routed_km"] > 0]
    if legs.empty:
        return f"None of {len(checked)} legs could be measured."
    ratio, off = legs["ratio"], (legs["ratio"] - 1).abs()
    quartiles = (legs["routed_km"] / legs["straight_km"]).quantile([0.25, 0.5, 0.75]).round(2)
    used = "none" if detour is None else f"{detour.low:g}, {detour.median:g}, {detour.high:g}"
    return (
        f"{len(legs)} of {len(checked)} legs measured: the table says {ratio.median():.2f} times "
        f"the measured way in the median; {int((off > 0.1).sum())} legs differ by more than 10 %. "
        f"Measured ways are {', '.join(f'{q:g}' for q in quartiles)} times the straight line "
        f"(quartiles; estimates off the table use {used})."
    )
