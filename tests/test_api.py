"""What `import geo` promises."""

import inspect
import re
from pathlib import Path

import geopandas as gpd
import nbformat
import pytest
from nbclient import NotebookClient

import geo
from geo import api
from tests.conftest import ROOT, TODAY

NAMES = {
    *("Answer", "CareReachError", "Coverage", "Search", "__version__", "count_by"),
    *("draw_map", "e2sfca"),
    *("find_calls", "find_care", "find_gaps", "find_place", "find_procedure", "find_sites"),
    *("import_table", "list_packs", "measure_coverage", "open_pack"),
}


def test_the_names_are_those_promised_and_documented() -> None:
    assert set(geo.__all__) == NAMES
    assert {*api.__all__, "__version__"} == NAMES
    for name in NAMES - {"__version__"}:
        assert inspect.getdoc(getattr(geo, name)), name
    with pytest.raises(AttributeError, match="find_nobody"):
        _ = geo.find_nobody


def test_an_answer_and_a_coverage_show_themselves_without_a_third_party() -> None:
    pack = geo.open_pack("bhutan")
    answer = geo.find_care(pack, "hospital-care", "Trongsa", today=TODAY)
    coverage = geo.measure_coverage(pack, "haemodialysis", 50, today=TODAY)
    points, areas = answer.to_geodataframe(), coverage.to_geodataframe()
    assert points.crs == areas.crs == "EPSG:4326"
    assert isinstance(areas, gpd.GeoDataFrame)
    assert len(points) == len(answer.results) + len(answer.beyond)
    assert len(areas) == 205
    for shown in (answer._repr_html_(), coverage._repr_html_()):
        assert not re.findall(r"(?:src|href)=(?:&quot;|\")https?://[^\"&]*\.(?:js|css|png)", shown)
        assert "<iframe" in shown


def test_an_unknown_place_is_refused_with_what_it_could_be() -> None:
    with pytest.raises(geo.CareReachError, match="Serzhong, Sarpang"):
        geo.find_place(geo.open_pack("bhutan"), "Serzhong")


def test_the_version_is_the_newest_of_the_change_log() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest is not None
    assert newest[1] == geo.__version__


def test_the_example_notebook_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(ROOT / "examples" / "who-is-left-out.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("text/html" in out.get("data", {}) for out in shown)
