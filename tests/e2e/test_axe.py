"""No serious or critical violation that axe can see, in both themes and at both widths."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

PAGES = {
    "find": "/",
    "selected": "/?provider=survey:central-regional-referral-hospital-gelephu&radius_km=60",
    "nobody": "/?radius_km=3",
}


def violations(page: object) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {v['help']} ({node['target']})"
        for v in found
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_find(visit, name: str, scheme: str, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = visitor.open(PAGES[name])
    assert violations(page) == []


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/procedures",
        "/procedures?procedure=psoriasis",
        "/?near=Thimphu&view=print",
        "/coverage?region=BT08",
        "/data",
        "/?near=Serzhong",
    ],
)
def test_other_pages(visit, path: str, scheme: str, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    visitor.page.goto(visitor.url + path)
    visitor.page.get_by_role("heading", level=1).first.wait_for()
    visitor.settle()
    assert violations(visitor.page) == []
