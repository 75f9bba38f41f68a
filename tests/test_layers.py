"""The order of packages: a module imports only from packages below its own."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: From the lowest to the highest; README and docs take their table from here. A module of `geo`
#: itself counts as `geo`, but for those of `TOP`.
ORDER = ("geo", "packs", "travel", "care", "coverage", "sources", "output", "cli", "api", "pages")
WHAT = {
    "geo": "errors, text, distance, progress, paths, version",
    "packs": "schema, opening, writing and history of packs, places, shapes, build, check, quality",
    "travel": "measures: straight line, road table, minutes by Valhalla; which one is used",
    "care": "procedures, evidence, calibration, surveys, filters, hours, and who is near",
    "coverage": "how far people are, who is left out, expected shares, calls, sites, areas",
    "sources": "one reader per publisher, any table, merging, and putting it into a pack",
    "output": "words, entries as HTML, maps, downloads, FHIR, reports, stories",
    "cli": "the command line",
    "api": "`import geo`: what an analyst calls",
    "pages": "the app: app.py and pages",
}
#: Modules of `geo` itself that stand above its packages.
TOP = {"__init__": "api", "__main__": "api", "api": "api"}
RANK = {name: rank for rank, name in enumerate(ORDER)}
#: What computes never opens a file.
OPENS_NO_FILE = (
    *("geo/distance.py", "geo/care/evidence.py", "geo/care/find.py", "geo/care/filters.py"),
    *("geo/travel/measure.py", "geo/travel/road_table.py", "geo/travel/times.py"),
    *("geo/care/calibration.py", "geo/coverage/expected.py"),
    *("geo/coverage/area.py", "geo/coverage/calls.py", "geo/coverage/coverage.py"),
    *("geo/coverage/reach.py", "geo/coverage/siting.py", "geo/output/maps.py"),
    *("geo/packs/gazetteer.py",),
)
MODULES = sorted(ROOT.glob("geo/**/*.py"))
PAGES = [ROOT / "app.py", *sorted(ROOT.glob("pages/*.py"))]


def imports(path: Path) -> set[str]:
    """Every module and name that a module imports, wherever it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def package_of(path: Path) -> str:
    """The package of a module, one of `ORDER`."""
    parts = path.relative_to(ROOT).parts
    if parts[0] != "geo":
        return "pages"
    if len(parts) > 2:
        return parts[1]
    return TOP.get(path.stem, "geo")


def imported_package(name: str) -> str | None:
    """The package that an imported name is of; None where it is not ours."""
    match = re.match(r"(geo|pages)(?:\.(\w+))?(?:\.|$)", name)
    if not match:
        return None
    if match[1] == "pages":
        return "pages"
    part = match[2] or "__init__"
    if part in RANK:
        return part
    return TOP.get(part, "geo") if (ROOT / "geo" / f"{part}.py").exists() else "api"


def arrows() -> dict[tuple[str, str], int]:
    """How many imports lead from one package to another."""
    counts: dict[tuple[str, str], int] = {}
    for path in (*MODULES, *PAGES):
        for name in imports(path):
            of, to = package_of(path), imported_package(name)
            if to is not None and to != of:
                counts[of, to] = counts.get((of, to), 0) + 1
    return counts


def table() -> str:
    """The packages and what they import, as Markdown."""
    counts = arrows()
    lines = ["| package | what lives in it | imports from |", "|---|---|---|"]
    for name in ORDER:
        below = [other for other in ORDER if (name, other) in counts]
        lines.append(f"| `{name}` | {WHAT[name]} | {', '.join(f'`{b}`' for b in below) or '–'} |")
    return "\n".join(lines)


@pytest.mark.parametrize("path", [*MODULES, *PAGES], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_packages_below(path: Path) -> None:
    package = package_of(path)
    assert package in RANK, f"{path.name} is in a package that ORDER does not know"
    for name in imports(path):
        other = imported_package(name)
        if other is not None and other != package:
            assert RANK[other] < RANK[package], f"{package} imports {name}"


def test_the_table_of_packages_is_the_one_in_the_docs() -> None:
    print(table())
    assert table() in (ROOT / "docs" / "how-it-is-built.md").read_text("utf-8")


def test_modules_of_a_package_do_not_import_each_other_in_a_circle() -> None:
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in (*MODULES, *PAGES)}
    leads = {
        name: {n for i in imports(p) for n in (i, i.rpartition(".")[0]) if n in names and n != name}
        for name, p in names.items()
        if p.stem != "__init__"
    }
    left = dict(leads)
    while left:
        free = [name for name, to in left.items() if not to & set(left)]
        assert free, f"These import each other in a circle: {sorted(left)}"
        for name in free:
            del left[name]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_streamlit_and_folium_stay_where_they_belong(path: Path) -> None:
    heads = {name.split(".")[0] for name in imports(path)}
    assert "streamlit" not in heads
    assert "streamlit_folium" not in heads
    if path != ROOT / "geo" / "output" / "maps.py":
        assert "folium" not in heads


@pytest.mark.parametrize("name", OPENS_NO_FILE)
def test_what_computes_opens_no_file(name: str) -> None:
    path = ROOT / name
    text = path.read_text("utf-8")
    assert not re.search(r"\bopen\(|read_text|read_bytes|read_csv|read_file|read_parquet", text)
    assert "pathlib" not in {i.split(".")[0] for i in imports(path)}


def test_today_is_an_argument_and_nothing_prints() -> None:
    for path in MODULES:
        if package_of(path) not in ("cli", "api"):
            text = path.read_text("utf-8")
            if path.name != "history.py":  # a change has its time, as every file has
                assert not re.search(r"\.today\(\)|\.now\(", text), path
            assert not re.search(r"\bprint\(|= print\b", text), path


def test_the_app_names_no_third_party_address() -> None:
    hosts = re.compile(r"unpkg|jsdelivr|cdnjs|googleapis|gstatic|tile\.openstreetmap|code\.jquery")
    for folder in ("geo", "pages", "static", ".streamlit"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".js", ".css", ".toml", ".svg"}:
                if "vendor" in path.parts:
                    continue
                assert not hosts.search(path.read_text("utf-8")), path
