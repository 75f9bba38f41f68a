"""A PostgreSQL with PostGIS of the tests' own: on a free loopback port, gone when they end."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def programs() -> Path | None:
    """Where PostgreSQL's programs lie, of the newest version with PostGIS; None without any."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    for home in reversed(homes):
        share = Path("/usr/share/postgresql") / home.parent.name / "extension/postgis.control"
        if (home / "initdb").exists() and share.exists():
            return home
    return None


class Server:
    """A server that a test can stop and start.

    Parameters
    ----------
    home
        Where PostgreSQL's programs lie.
    folder
        Where its data lie.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.data = home, folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        # PostgreSQL refuses to run as root.
        self.as_whom = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_whom:
            shutil.chown(folder, "postgres")
        self.run("initdb", "--auth=trust", "--username=tests", "--no-sync", "--encoding=UTF8")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
        self.start_options = ("-w", "-o", options, "-l", str(folder / "log"), "start")
        self.start()

    @property
    def address(self) -> str:
        """Of a user who may do everything."""
        return f"postgresql://tests@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on the data."""
        command = [*self.as_whom, str(self.home / program), "-D", str(self.data), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.run("pg_ctl", *self.start_options)

    def stop(self) -> None:
        """Stop it at once; whoever is connected is thrown out."""
        self.run("pg_ctl", "-m", "immediate", "stop")


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A server for some tests; they are skipped where PostgreSQL or PostGIS is missing."""
    home = programs()
    if home is None:
        pytest.skip("PostgreSQL with PostGIS is not installed (Debian: postgresql-postgis)")
    with tempfile.TemporaryDirectory(prefix="carereach-pg-") as folder:
        Path(folder).chmod(0o755)
        running = Server(home, Path(folder))
        try:
            yield running
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                running.stop()
