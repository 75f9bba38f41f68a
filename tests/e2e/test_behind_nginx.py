"""Two processes behind nginx, as deploy/ says: nothing is blocked, a restart loses nothing."""

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests.conftest import ROOT
from tests.e2e.conftest import Visitor, serving, soon
from tests.e2e.test_every_page_browser import PAGES

pytestmark = pytest.mark.browser

ASKED = "pack=bhutan&procedure=epidural-blood-patch&near=Thimphu&radius_km=50"
#: What nginx needs around the file that is tried.
AROUND = """
daemon off; pid {home}/pid; error_log {home}/error.log;
events {{}}
http {{
  include /etc/nginx/mime.types;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fast;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  log_format routes '$carereach_route|$upstream_addr';
  access_log {home}/routes.log routes;
  include {home}/carereach.conf;
}}
"""


@dataclass(frozen=True)
class Site:
    """Two processes behind one address, each of which can be stopped."""

    url: str
    routes: Path
    stop: dict[str, contextlib.ExitStack]

    def served_by(self) -> dict[str, set[str]]:
        """Which processes each visitor's requests went to."""
        found: dict[str, set[str]] = defaultdict(set)
        for line in self.routes.read_text("utf-8").splitlines():
            route, processes = line.split("|")
            if processes != "-":  # nginx answered by itself
                found[route].update(processes.split(", "))
        return found


def free_port() -> int:
    with socket.socket() as spot:
        spot.bind(("127.0.0.1", 0))
        return int(spot.getsockname()[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is not installed, and a skipped browser test fails in CI.")
        pytest.skip("nginx is not installed.")
    home = tmp_path_factory.mktemp("nginx")
    key, chain = home / "privkey.pem", home / "fullchain.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    with contextlib.ExitStack() as every:
        processes = {}
        text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
        for name in ("app-1", "app-2"):
            stack = every.enter_context(contextlib.ExitStack())
            url = stack.enter_context(serving(home / "packs", home / f"{name}.log"))
            processes[url.removeprefix("http://")] = stack
            text = text.replace(f"{name}:8501", url.removeprefix("http://"))
        port = free_port()
        text = text.replace("/etc/nginx/tls", str(home)).replace("/var/log/nginx", str(home))
        # What an address was led to is what the tests look at; nobody else may.
        text = text.replace("access_log off;", "")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        (home / "carereach.conf").write_text(text, "utf-8")
        (home / "nginx.conf").write_text(AROUND.format(home=home), "utf-8")
        tried = [nginx, "-p", str(home), "-c", str(home / "nginx.conf")]
        subprocess.run([*tried, "-t"], check=True, capture_output=True)
        running = subprocess.Popen(tried, stderr=subprocess.DEVNULL)
        try:
            for _ in range(50):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield Site(f"https://127.0.0.1:{port}", home / "routes.log", processes)
        finally:
            running.terminate()
            running.wait(10)


def test_nothing_that_the_pages_need_is_blocked(
    site: Site, browser: Browser, tmp_path: Path
) -> None:
    visitor = Visitor(browser, site.url, ignore_https_errors=True, accept_downloads=True)
    page, blocked = visitor.page, []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            blocked.append(message.text)

    page.on("console", hear)
    for address in PAGES:
        page.goto(site.url + address)
        page.get_by_role("heading", level=1).first.wait_for()
        visitor.settle()
    visitor.open(f"/?{ASKED}")
    page.goto(f"{site.url}/coverage?within_km=75")
    page.get_by_role("radio", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download GeoJSON").click()
    assert download.value.path().read_bytes().startswith(b'{"type"')
    picture = tmp_path / "photo.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    page.goto(f"{site.url}/data")
    visitor.settle()
    page.locator("input[type=file]").set_input_files(picture)
    expect(page.get_by_text("is not a table: it is a PNG picture.")).to_be_visible()
    assert blocked == []
    assert visitor.errors == []
    assert visitor.outside == []
    answer = visitor.context.request.get(f"{site.url}/")
    for name in ("content-security-policy", "strict-transport-security", "x-content-type-options"):
        assert answer.headers.get(name), name
    assert visitor.context.request.get(f"{site.url}/_stcore/metrics").status == 403
    cookie = next(c for c in visitor.context.cookies() if c["name"] == "carereach_route")
    assert cookie["httpOnly"]
    assert cookie["secure"]
    assert cookie["expires"] == -1
    visitor.context.close()


def test_a_visitor_stays_at_one_process_and_visitors_are_spread(site: Site) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    for _ in range(24):
        with urllib.request.urlopen(f"{site.url}/_stcore/health", context=trusting) as answer:
            assert answer.status == 200
    served = site.served_by()
    assert all(len(processes) == 1 for processes in served.values())
    assert len(set().union(*served.values())) == 2


def test_who_is_connected_goes_on_when_their_process_is_started_anew(
    site: Site, browser: Browser
) -> None:
    visitor = Visitor(browser, site.url, ignore_https_errors=True)
    page = visitor.open(f"/?{ASKED}")
    here = page.get_by_role("heading", name="Thimphu").first
    expect(here).to_be_visible()
    route = next(c["value"] for c in visitor.context.cookies() if c["name"] == "carereach_route")
    (process,) = site.served_by()[route]
    site.stop[process].close()
    soon(lambda: len(site.served_by()[route]), 2)
    visitor.settle()
    page.get_by_role("link", name="Coverage").first.click()
    expect(page).to_have_url(re.compile("/coverage"))
    expect(here).not_to_be_visible()
    visitor.settle()
    page.go_back()
    expect(here).to_be_visible()
    assert "near=Thimphu" in page.url
    assert "radius_km=50" in page.url
    assert visitor.errors == []
    visitor.context.close()
