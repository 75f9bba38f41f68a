"""The layers of the README hold: a module imports only from lower ones."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {
    0: {"errors", "version"},
    1: {"schema", "text"},
    2: {"packs", "entries", "places", "query", "hours", "roads", "stories"},
    3: {"procedures", "evidence", "travel", "areas", "filters"},
    4: {"access", "maps", "find", "build", "quality", "checks"},
    5: {"words", "siting", "edits", "sources"},
    6: {"coverage", "explain", "new_packs", "demand", "road_edits"},
    7: {"coverage_text", "exports", "imports"},
    8: {"report", "import_commands"},
    9: {"__main__", "offline"},
}
LEVEL = {name: level for level, names in LAYERS.items() for name in names}
OPENS_NO_FILE = {"query", "evidence", "travel", "access", "siting", "places", "maps", "find"}
MODULES = sorted(ROOT.glob("geo/**/*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def module_of(path: Path) -> str:
    part = path.relative_to(ROOT / "geo").parts[0]
    return part.removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_lower_layers(path: Path) -> None:
    name = module_of(path)
    if name == "__init__":
        return
    for imported in imports(path):
        match = re.match(r"geo\.(\w+)", imported)
        if match and match[1] != name:
            assert LEVEL[match[1]] < LEVEL[name], f"{name} imports {match[1]}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_streamlit_and_folium_stay_where_they_belong(path: Path) -> None:
    heads = {name.split(".")[0] for name in imports(path)}
    assert "streamlit" not in heads
    assert "streamlit_folium" not in heads
    if module_of(path) != "maps":
        assert "folium" not in heads


@pytest.mark.parametrize("name", sorted(OPENS_NO_FILE & {p.stem for p in MODULES}))
def test_pure_modules_open_no_file(name: str) -> None:
    path = ROOT / "geo" / f"{name}.py"
    text = path.read_text("utf-8")
    assert not re.search(r"\bopen\(|read_text|read_bytes|read_csv|read_file|read_parquet", text)
    assert "pathlib" not in {i.split(".")[0] for i in imports(path)}


def test_today_is_an_argument_and_never_read_in_the_library() -> None:
    for path in MODULES:
        if path.name not in ("__main__.py", "import_commands.py"):
            assert not re.search(r"\.today\(\)|\.now\(", path.read_text("utf-8")), path


def test_the_app_names_no_third_party_address() -> None:
    hosts = re.compile(r"unpkg|jsdelivr|cdnjs|googleapis|gstatic|tile\.openstreetmap|code\.jquery")
    for folder in ("geo", "pages", "static", ".streamlit"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".js", ".css", ".toml", ".svg"}:
                if "vendor" in path.parts:
                    continue
                assert not hosts.search(path.read_text("utf-8")), path
