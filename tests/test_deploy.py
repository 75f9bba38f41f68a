"""The files of deploy/ fit together and fit the app; nginx itself is tried in tests/e2e."""

import ipaddress
import json
import re

import yaml

from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")


def test_nginx_leads_to_every_app_of_the_compose_file() -> None:
    (command,) = re.findall(r"^CMD (\[.*\])$", CONTAINER, re.MULTILINE)
    port = next(a.split("=")[1] for a in json.loads(command) if a.startswith("--server.port="))
    apps = {name for name in COMPOSE["services"] if name.startswith("app-")}
    assert len(apps) > 1
    assert set(re.findall(r"^  server (\S+)", NGINX, re.MULTILINE)) == {f"{a}:{port}" for a in apps}
    assert set(COMPOSE["services"]["nginx"]["depends_on"]) == apps


def test_what_is_copied_and_mounted_is_there() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    for line in re.findall(r"^COPY (?:--\S+ )?(.*)$", CONTAINER, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    left_out = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    assert not {"app.py", "data", "geo", "pages", "static", ".streamlit"} & set(left_out)
    assert "deploy/tls" in left_out  # a private key
    assert "deploy/bring" in left_out
    for volume in COMPOSE["services"]["nginx"]["volumes"]:
        source = volume.split(":")[0].removeprefix("./")
        assert (DEPLOY / source).exists() or f"deploy/{source}/" in ignored
    built = [service["build"] for service in COMPOSE["services"].values() if "build" in service]
    assert len(built) == 1
    assert (DEPLOY / built[0]["context"] / built[0]["dockerfile"]).exists()


def test_nginx_finds_a_container_that_was_made_anew() -> None:
    (network,) = COMPOSE["networks"].values()
    home = ipaddress.ip_network(network["ipam"]["config"][0]["subnet"])
    apps = [service for name, service in COMPOSE["services"].items() if name.startswith("app-")]
    fixed = {app["networks"]["site"]["ipv4_address"] for app in apps}
    assert len(fixed) == len(apps)
    assert all(ipaddress.ip_address(address) in home for address in fixed)


def test_no_log_holds_a_question() -> None:
    assert "access_log off;" in NGINX
    assert re.search(r"error_log \S+ crit;", NGINX)


def test_settings_are_ones_that_the_app_knows() -> None:
    code = "".join(
        path.read_text("utf-8") for part in ("geo", "pages") for path in (ROOT / part).rglob("*.py")
    )
    named = [*COMPOSE["x-app"]["environment"], *re.findall(r"CAREREACH_\w+", CONTAINER)]
    assert named
    for name in named:
        assert f'"{name}"' in code, name
    volume = COMPOSE["x-app"]["volumes"][0].split(":")[1]
    assert f"CAREREACH_DATA={volume}" in CONTAINER
    assert f"VOLUME {volume}" in CONTAINER
