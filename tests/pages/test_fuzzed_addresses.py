"""Addresses that no page has made: each is a page, whatever its values are."""

import random

import pytest

from tests.pages.app import page

#: Of each page.
TRIES = 40
VALUES = (
    *("", "0", "-1", "-0.0", "1e999", "nan", "inf", "1" * 4301, "50", "27.5", "٣", "1_000", "0x10"),
    *(
        "bhutan",
        "us",
        "../us",
        "/etc/passwd",
        "bhutan/../us",
        "C:\\x",
        "nul\0l",
        "a" * 5000,
        "a " * 900,
    ),
    *("epidural-blood-patch", "haemodialysis", "Thimphu", "Serzhong", "near me", "27.47, 89.64"),
    *("91, 181", "27.47,89.64;x", "<script>alert(1)</script>", "' OR 1=1 --", "{{7*7}}", "%00%2e"),
    *("\u202egpj.exe", "🏥", "yes", "no", "all", "likely", "drive", "road", "mi", "print"),
    *(
        "easy",
        "list",
        "map",
        "survey:paro-hospital",
        "BT08",
        "27,89;27,90;28,90",
        "$$x$$",
        ":red[a]",
    ),
)
KEYS = {
    "pages/find.py": (
        *("procedure", "near", "radius_km", "within_min", "measure", "order", "show", "provider"),
        *("pack", "units", "view", "part", "kind", "specialty", "language", "open_now", "story"),
        *("step", "embed", "wheelchair", "x" * 300),
    ),
    "pages/coverage.py": (
        *("procedure", "pack", "within_km", "within_min", "supply", "measure", "level", "region"),
        *("compare_km", "add", "remove", "sites", "area", "view", "units", "story", "step"),
    ),
    "pages/procedures.py": ("procedure", "pack", "view", "story", "step"),
    "pages/data.py": ("pack", "story", "step"),
    "pages/method.py": ("pack", "procedure"),
    "pages/stories.py": ("story", "step", "present"),
}


@pytest.mark.parametrize("script", KEYS)
def test_any_address_is_a_page(script: str) -> None:
    chance = random.Random(script)
    for _ in range(TRIES if script in ("pages/find.py", "pages/coverage.py") else TRIES // 4):
        keys = chance.sample(KEYS[script], chance.randrange(1, min(6, len(KEYS[script]) + 1)))
        address = {key: chance.choice(VALUES) for key in keys if key != "story"}
        app = page(script, **address)
        assert not app.exception, address
