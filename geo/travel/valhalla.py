"""The routing engine: Valhalla in this process or as a service, and the tiles it reads.

Valhalla (https://valhalla.github.io/valhalla/) finds ways on OpenStreetMap's roads. In this
process it comes with the package `pyvalhalla`, which exists for Python 3.12 and later, and reads
tiles that `build_tiles` makes of an extract. `CAREREACH_VALHALLA` names a service instead. Both
answer the same questions; `geo.travel.times` asks them.
"""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import requests

from geo.errors import CareReachError, DataError
from geo.progress import Progress, Step, silent

#: A question to a service is given up after this.
TIMEOUT_S = 60.0
#: A service that did not answer is not asked again for so long, and longer each time: each try
#: holds a page up.
REST_S = 10.0
_LONGEST_REST_S = 160.0
#: Valhalla's limits guard a public server; in this process only `geo.travel.times` asks.
_LIMITS = {"max_distance": 1e7, "max_matrix_distance": 1e7, "max_matrix_location_pairs": 1_000_000}
_FAR = {"max_distance": 1e7, "max_time_contour": 600}
#: How often the builder's progress is told.
_TELL_S = 5.0


class RoadsDownError(CareReachError):
    """The road service does not answer; something else has to stand in."""


class Engine(Protocol):
    """Whatever answers Valhalla's questions."""

    @property
    def resting(self) -> bool:
        """Whether it did not answer a moment ago, and is not asked yet."""

    def ask(self, action: str, question: Mapping[str, Any]) -> Any:
        """One answer; None where the engine says that there is none."""


def engine_missing() -> str:
    """Why there is no engine in this process and what to do, in one sentence; "" if there is."""
    if importlib.util.find_spec("valhalla") is not None:
        return ""
    install = "the packages of requirements-roads.txt"
    if sys.version_info < (3, 12):
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"Minutes by road need Python 3.12 or later (this is {here}) and {install}."
    return f"Minutes by road need {install}."


class LocalEngine:
    """Roads in this process; questions are answered one at a time.

    Parameters
    ----------
    tiles
        The archive that `build_tiles` made.

    Raises
    ------
    CareReachError
        If the engine is not installed.
    DataError
        If the archive cannot be read.
    """

    def __init__(self, tiles: Path) -> None:
        missing = engine_missing()
        if missing:
            raise CareReachError(missing)
        from valhalla import Actor
        from valhalla.config import get_config

        with tempfile.TemporaryDirectory() as folder:
            config = get_config(tile_extract=tiles, tile_dir=folder)
        config["mjolnir"]["tile_dir"] = ""
        for costing in ("auto", "pedestrian"):
            config["service_limits"][costing] |= _LIMITS
        config["service_limits"]["isochrone"] |= _FAR
        try:
            with tarfile.open(tiles) as archive:
                archive.next()
            self._actor = Actor(config)
        except (RuntimeError, tarfile.TarError):
            raise DataError(tiles.name, "holds no road tiles; import the roads again") from None
        self._turn = threading.Lock()
        self.resting = False

    def ask(self, action: str, question: Mapping[str, Any]) -> Any:
        """One answer; None where the engine says that there is none."""
        name = "matrix" if action == "sources_to_targets" else action
        with self._turn:
            try:
                return getattr(self._actor, name)(dict(question))
            except RuntimeError:
                return None


class ServiceEngine:
    """The same from a Valhalla service.

    Parameters
    ----------
    base
        Its address, `http://…`.

    Raises
    ------
    CareReachError
        If this is not an address.
    """

    def __init__(self, base: str) -> None:
        if not base.startswith(("http://", "https://")):
            raise CareReachError(
                f"CAREREACH_VALHALLA is {base!r}; it has to be an address, http://…"
            )
        self._base = base.rstrip("/")
        self._failed_at = 0.0
        self._failures = 0

    @property
    def resting(self) -> bool:
        """Whether it did not answer a moment ago, and is not asked yet."""
        rest = min(REST_S * 2 ** (self._failures - 1), _LONGEST_REST_S) if self._failures else 0
        return time.monotonic() - self._failed_at < rest

    def ask(self, action: str, question: Mapping[str, Any]) -> Any:
        """One answer; None where the service says that there is none, or that it is too much.

        Raises
        ------
        RoadsDownError
            If the service does not answer, or did not a moment ago.
        """
        if self.resting:
            raise RoadsDownError("The road service does not answer.")
        try:
            answer = requests.post(
                f"{self._base}/{action}", data=json.dumps(question), timeout=TIMEOUT_S
            )
            found = answer.json()
            # Valhalla says with 400 and a code of its own why there is no answer; whatever else
            # comes (somebody else's page, a refusal, "too many requests") is none.
            refused = answer.status_code == 400 and "error_code" in found
            if answer.status_code != 200 and not refused:
                raise ValueError
        except (requests.RequestException, ValueError, TypeError):
            self._failed_at, self._failures = time.monotonic(), self._failures + 1
            raise RoadsDownError("The road service does not answer.") from None
        if action != "status":
            self._failures = 0
        return None if refused else found


def open_engine(tiles: Path | None) -> LocalEngine | ServiceEngine | None:
    """The engine for a pack: the service where one is named, else its tiles; None without either.

    Parameters
    ----------
    tiles
        The pack's archive of tiles, where it has one.

    Raises
    ------
    CareReachError
        If there are tiles and no engine to read them, or the service's address is none.
    DataError
        If the archive cannot be read.
    """
    service = os.environ.get("CAREREACH_VALHALLA")
    if service:
        return ServiceEngine(service)
    return LocalEngine(tiles) if tiles is not None else None


def build_tiles(extract: Path, out: Path, progress: Progress = silent) -> None:
    """Make the engine's tiles of an extract, as one archive.

    Tiles of the same extract are not the same bytes each time.

    Parameters
    ----------
    extract
        `.osm.pbf`.
    out
        The archive to write.
    progress
        Told how long it has taken and how much is built.

    Raises
    ------
    CareReachError
        If the engine is not installed.
    DataError
        If the extract cannot be read, or has no roads.
    """
    if not extract.is_file():
        raise DataError(extract.name, "the file is missing")
    if missing := engine_missing():
        raise CareReachError(missing)
    import valhalla
    from valhalla.config import get_config

    with tempfile.TemporaryDirectory(prefix=".tiles-", dir=out.parent) as name:
        folder = Path(name)
        (folder / "none.tar").touch()
        (folder / "tiles").mkdir()
        config = get_config(tile_extract=folder / "none.tar", tile_dir=folder / "tiles")
        # Without administrative areas and time zones: travel times do not depend on them.
        config["mjolnir"] |= {"tile_extract": "", "admin": "", "timezone": "", "landmarks": ""}
        settings = folder / "valhalla.json"
        settings.write_text(json.dumps(config))
        program = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
        command = [str(program), "-c", str(settings), str(extract.resolve())]
        # Its log says more than anybody wants to read, and nothing of how far it is.
        silent = subprocess.DEVNULL
        began = time.monotonic()
        with subprocess.Popen(command, stdout=silent, stderr=silent, cwd=folder) as process:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_TELL_S)
                    break
                size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                seconds = time.monotonic() - began
                doing = f"Building the road tiles: {seconds:.0f} s, {size / 1e6:,.0f} MB so far"
                progress(Step(doing, seconds))
        tiles = sorted((folder / "tiles").rglob("*.gph"))
        if process.returncode or not tiles:
            raise DataError(extract.name, "no roads could be made of it: is it an .osm.pbf file?")
        with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as archive:
            for tile in tiles:
                archive.add(tile, str(tile.relative_to(folder / "tiles")), recursive=False)
