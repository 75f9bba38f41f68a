"""What tests share: the bundled pack, the library, a fixed day, small frames."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from geo.care.assessed import Assessed
from geo.care.assessment import Assessment
from geo.care.entry import Procedure
from geo.care.evidence import ASSESSED
from geo.care.library import open_library
from geo.packs.contract import conform
from geo.packs.pack import Pack, open_pack
from geo.packs.schema import COLUMNS

# How long an example takes depends on what else the machine does: no test fails by the clock.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
TODAY = dt.date(2026, 11, 22)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the reading grades of the explainers, and the points of the text we began with.

    They are properties of tests' reports: what a worker keeps in a variable is not seen here.
    """
    grades: dict[str, tuple[float, float, str]] = {}
    points: dict[str, tuple[str, str]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "grade":
                grades[value[0]] = value[1:]
            elif name == "point":
                points[value[0]] = value[1:]
    if grades:
        terminalreporter.section("Flesch-Kincaid grade of the explainers")
        terminalreporter.line(f"{'':30s} first screen (to 6)   hardest section (to 8)")
        for slug, (first, hardest, heading) in sorted(grades.items()):
            terminalreporter.line(f"{slug:30s} {first:4.1f}   {hardest:4.1f}  {heading}")
    if points:
        terminalreporter.section("Epidural blood patch, beside the text this project began with")
        for said, (became, words) in points.items():
            terminalreporter.line(f'{said:40s} {became}: "{words}"')


@pytest.fixture(scope="session")
def bhutan() -> Pack:
    return open_pack("bhutan")


@pytest.fixture(scope="session")
def library() -> dict[str, Procedure]:
    return open_library()


@pytest.fixture(scope="session")
def today() -> dt.date:
    return TODAY


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packs of one's own."""
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path / "packs"))
    return tmp_path / "packs"


def entry(slug: str, **fields: Any) -> Procedure:
    """An entry of the library from the few fields that a test is about."""
    needed = {
        "title": slug.title(),
        "in_a_sentence": slug,
        "kind": "procedure",
        "specialty": None,
        "performed_by": (),
        "settings": (),
        "why": {"performed_by": "", "related": "", "settings": ""},
        "red_flags": {"lead": "if", "signs": ["fever"], "cite": ["someone"]},
        "first_step": "Ring.",
        "citations": {},
        "written": "2026-11",
        "reviewed_by": None,
        "next_review": "2027-11",
        "sections": {},
    }
    return Procedure.model_validate({"slug": slug, **needed, **fields})


def table(name: str, *rows: dict[str, str]) -> pd.DataFrame:
    """A frame of the contract from a few cells."""
    columns = list(COLUMNS[name])
    return conform(pd.DataFrame(rows, columns=columns, dtype=str).fillna(""), name, name)


def with_rows(assessed: Assessed, rows: pd.DataFrame) -> Assessed:
    """The same with other rows: each a provider with its own answer."""
    answers = [name for name in ASSESSED if name in rows.columns]
    at = np.arange(len(rows))
    providers = rows.drop(columns=answers).reset_index(drop=True)
    return dataclasses.replace(
        assessed,
        pack=dataclasses.replace(assessed.pack, providers=providers),
        found=Assessment(at, at, rows[answers].reset_index(drop=True)),
    )
