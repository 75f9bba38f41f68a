"""A rerun that asks nothing new computes nothing."""

from typing import Any

import pytest

from pages import _asked
from tests.pages.app import page


@pytest.mark.parametrize(
    ("name", "function", "address"),
    [
        ("", "find_care", {"near": "Thimphu", "radius_km": "17.25"}),
        ("pages/coverage.py", "measure_coverage", {"within_km": "17.25"}),
        ("pages/coverage.py", "find_calls", {"within_km": "17.75"}),
        ("pages/coverage.py", "share_by_distance", {"within_km": "18.25"}),
        ("pages/coverage.py", "coverage_map", {"within_km": "18.75"}),
    ],
)
def test_a_rerun_asks_nothing_anew(
    monkeypatch: pytest.MonkeyPatch, name: str, function: str, address: dict[str, str]
) -> None:
    real, asked = getattr(_asked, function), []

    def counted(*args: Any, **more: Any) -> Any:
        asked.append(args)
        return real(*args, **more)

    monkeypatch.setattr(_asked, function, counted)
    app = page(name, **address)
    first = len(asked)
    assert first
    app.run()
    assert not app.exception
    assert len(asked) == first
