"""What tests share: the bundled pack, the library, a fixed day, small frames."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from geo.packs import Pack, open_pack
from geo.procedures import Procedure, open_library
from geo.schema import SCHEMAS, conform

ROOT = Path(__file__).resolve().parent.parent
TODAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="session")
def bhutan() -> Pack:
    return open_pack("bhutan")


@pytest.fixture(scope="session")
def library() -> dict[str, Procedure]:
    return open_library()


@pytest.fixture(scope="session")
def today() -> dt.date:
    return TODAY


def table(name: str, *rows: dict[str, str]) -> pd.DataFrame:
    """A frame of the contract from a few cells."""
    columns = list(SCHEMAS[name].columns)
    return conform(pd.DataFrame(rows, columns=columns, dtype=str).fillna(""), name, name)
