"""GDAL reads plain files here, and nothing that leads to another file or to an address."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pyogrio
import pytest

from geo.drivers import ALLOWED
from geo.errors import DataError
from geo.packs.pack import read_shapes
from geo.sources.sheets import read_sheet

LAYER = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>'


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """An address of this machine, and what was asked of it."""
    heard: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


def test_only_readers_of_plain_files_are_there() -> None:
    assert set(pyogrio.list_drivers()) == ALLOWED


@pytest.mark.parametrize("name", ["a.kml", "a.vrt", "a.geojson", "a.gml"])
@pytest.mark.parametrize(
    "content",
    [
        LAYER.format("CSV:{secret}") + "</OGRVRTDataSource><!-- <kml -->",
        "<!-- <kml --> " + LAYER.format("{secret}") + "</OGRVRTDataSource>",
        LAYER.format("/vsicurl/{url}/x.geojson") + "</OGRVRTDataSource>",
        "<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource><!-- <kml -->",
    ],
)
def test_a_file_reads_no_other_file_and_asks_no_address(
    tmp_path: Path, asked: tuple[str, list[str]], name: str, content: str
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("name,lat,lon\nHidden,27.5,89.6\n", "utf-8")
    path = tmp_path / name
    path.write_text(content.format(secret=secret, url=asked[0]), "utf-8")
    with contextlib.suppress(DataError):
        assert "Hidden" not in read_sheet(path).cells.to_string()
    with pytest.raises(DataError):
        read_shapes(path)
    assert asked[1] == []


@pytest.mark.parametrize("where", ["/vsicurl/{}/a.geojson", "{}/a.geojson", "WFS:{}"])
def test_an_address_is_no_file(asked: tuple[str, list[str]], where: str) -> None:
    with pytest.raises(DataError, match="missing"):
        read_shapes(Path(where.format(asked[0])))
    assert asked[1] == []
