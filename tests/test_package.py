"""The wheel: it installs into another environment and works in an empty folder."""

import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment that has the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run(build, check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    purelib = subprocess.check_output([scripts / "python", "-c", code], text=True).strip()
    Path(purelib, "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (wheel,) = folder.glob("*.whl")
    subprocess.run(
        [*pip, "--python", scripts / "python", "install", "--no-deps", wheel], check=True
    )
    # What the wheel asks for is what the pinned requirements install.
    subprocess.run([*pip, "--python", scripts / "python", "check"], check=True)
    return scripts


def _around(folder: Path) -> dict[str, str]:
    around = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "CAREREACH_DATA"}}
    return {**around, "XDG_DATA_HOME": str(folder)}


def test_the_seed_question_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    words = ["find", "Serzhong, Sarpang", "--procedure", "epidural-blood-patch"]
    done = subprocess.run(
        [installed / "carereach", *words],
        cwd=tmp_path,
        env=_around(tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Nobody has confirmed or reported this procedure in Bhutan" in done.stdout


@pytest.fixture
def url(installed: Path, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command: list[str | Path] = [installed / "carereach", "run", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=_around(tmp_path)) as process:
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def test_run_starts_the_app(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url + "/_stcore/health") as answer:
                assert answer.read() == b"ok"
            with urllib.request.urlopen(url + "/app/static/list.js") as answer:
                assert answer.status == 200
            return
        except urllib.error.URLError:
            assert time.monotonic() < until, "no answer in a minute"
            time.sleep(0.2)
