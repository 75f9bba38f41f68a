"""A server of our own and Chromium; nothing may leave this machine."""

import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from geo.packs.build import build_pack
from geo.sources.into_pack import import_into
from geo.sources.new_pack import NewPack
from tests.conftest import ROOT
from tests.samples import REGISTER, small

HOSTILE = '<script>alert(1)</script> "O\'Neil" & Söhne 医院'
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
MAP = 'iframe[title="streamlit_folium.st_folium"]'
#: What axe finds that only Streamlit can change; the README names it.
STREAMLITS = frozenset(
    {"presentation-role-conflict"}  # the drop zone of its file uploader
)
PATIENCE = 60  # seconds, for a machine that has other things to do
expect.set_options(timeout=1000 * PATIENCE)


def soon(read: Callable[[], object], wanted: object = True) -> None:
    """What is read becomes what is wanted, now or when the app has caught up."""
    end = time.monotonic() + PATIENCE
    while (found := read()) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    assert found == wanted


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed, and a skipped browser test fails in CI.")
        pytest.skip("Chromium is not installed.")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@contextlib.contextmanager
def serving(packs: Path, log: Path, **settings: Any) -> Iterator[str]:
    """The app on a free port, with packs and settings of one's own."""
    with socket.socket() as spot:
        spot.bind(("127.0.0.1", 0))
        port = spot.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, f"--server.port={port}", "--server.address=127.0.0.1"],
            cwd=ROOT,
            env={**os.environ, "CAREREACH_DATA": str(packs), **settings},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail(f"The server did not start: {log.read_text('utf-8')[-800:]}")
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a second pack whose first hospital has a hostile name."""
    packs = tmp_path_factory.mktemp("packs")
    folder = Path(shutil.copytree(ROOT / "data" / "bhutan", packs / "hostile"))
    providers = folder / "providers.csv"
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    text = providers.read_text("utf-8")
    providers.write_text(
        text.replace('"Central Regional Referral Hospital, Gelephu"', quoted, 1), "utf-8"
    )
    about = folder / "datapackage.json"
    about.write_text(
        about.read_text("utf-8").replace('"name": "bhutan"', '"name": "hostile"', 1), "utf-8"
    )
    build_pack(folder, tmp_path_factory.mktemp("static"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREREACH_DATA", str(packs))
        doctors = dataclasses.replace(small("s"), providers=REGISTER.assign(phone="+358401234567"))
        import_into("doctors", [doctors], NewPack("Doctors"))
    with serving(packs, tmp_path_factory.mktemp("log") / "server.log") as url:
        yield url


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[str]:
    """The app as nobody has seen it yet."""
    with serving(tmp_path / "packs", tmp_path / "server.log") as url:
        yield url


def href(page: Page) -> str:
    """The address in the browser's bar now; `Page.url` is what it was at the last event."""
    return str(page.evaluate("location.href"))


class Visitor:
    """A browser context that remembers everything a healthy page must not do."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(
            **{"viewport": {"width": 1440, "height": 1000}, **options}
        )
        self.context.set_default_timeout(1000 * PATIENCE)
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.received = 0
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        self.page.on("request", self._request)
        self.page.on("websocket", lambda ws: ws.on("framereceived", lambda data: self._count(data)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.outside.append(request.url)

    def _count(self, data: bytes | str) -> None:
        self.received += len(data)

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.url + path)
        self.pins.first.wait_for(state="attached")  # on a phone the list hides the map
        self.settle()
        return self.page

    @property
    def map(self) -> FrameLocator:
        return self.page.frame_locator(MAP)

    @property
    def pins(self) -> Locator:
        return self.map.locator(".cr-pin:not(.cr-more)")

    @property
    def names(self) -> Locator:
        return self.page.locator("button.name")

    def settle(self) -> None:
        """Wait until the app has had nothing to do for a while: a click comes late from a map."""
        quiet = 0
        idle = self.page.locator('[data-test-script-state="notRunning"]')
        while quiet < 4:
            self.page.wait_for_timeout(120)
            quiet = quiet + 1 if idle.count() else 0

    def violations(self) -> list[str]:
        """Everything that axe finds once the page is quiet, but for what is `STREAMLITS`."""
        for _ in range(3):
            self.settle()
            found = [
                f"{v['impact']} {v['id']}: {v['help']} ({node['target']})"
                for v in Axe().run(self.page).response["violations"]
                if v["id"] not in STREAMLITS
                for node in v["nodes"]
            ]
            if not found:
                break
            # What is fading in or out has little contrast for a moment.
            self.page.wait_for_timeout(1000)
        return found


#: Makes a visitor; options are those of a browser context.
MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[MakeVisitor]:
    """Make visitors; afterwards none of them has left the machine or met an error."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(Visitor(browser, server, **options))
        return made[-1]

    yield make
    for visitor in made:
        visitor.context.close()
    assert [error for visitor in made for error in visitor.errors] == []
    assert [url for visitor in made for url in visitor.outside] == []
