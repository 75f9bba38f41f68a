"""Nothing that axe can see and the app can change, in both themes and at both widths."""

import pytest

from tests.e2e.conftest import MakeVisitor

pytestmark = pytest.mark.browser

PAGES = {
    "find": "/",
    "selected": "/?provider=survey:central-regional-referral-hospital-gelephu&radius_km=60",
    "nobody": "/?radius_km=3",
}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_find(visit: MakeVisitor, name: str, scheme: str, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    visitor.open(PAGES[name])
    assert visitor.violations() == []


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
        "/method",
        "/stories",
        "/?story=headache-in-serzhong&near=Serzhong, Sarpang&step=2",
        "/?near=Serzhong",
    ],
)
def test_other_pages(visit: MakeVisitor, path: str, scheme: str, width: int) -> None:
    visitor = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    visitor.page.goto(visitor.url + path)
    visitor.page.get_by_role("heading", level=1).first.wait_for()
    assert visitor.violations() == []
