"""Stories are read from files, and what is wrong in one is named."""

from pathlib import Path

import pytest

from geo.output.stories import Step, read_stories, whole_stories

GOOD = """---
title: Mine
audience: For me
about: Something.
steps:
  - {title: First, page: find, address: {radius_km: 20}, text: Look at **this**.}
---
"""


def test_a_deployer_adds_and_replaces_without_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "9-mine.md").write_text(GOOD, "utf-8")
    (tmp_path / "1-which-call.md").write_text(GOOD, "utf-8")
    monkeypatch.setenv("CAREREACH_STORIES", str(tmp_path))
    stories, problems = whole_stories()
    assert problems == ()
    assert stories["mine"].steps == (
        Step(title="First", page="find", address={"radius_km": "20"}, text="Look at **this**."),
    )
    assert stories["which-call"].title == "Mine"
    assert "far-from-dialysis" in stories


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title: x", "does not begin with front matter"),
        ("---\ntitle: [\n---\n", "the front matter is not YAML"),
        ("---\n- 1\n---\n", "has no fields"),
        (GOOD.replace("page: find", "page: home"), "steps.0.page"),
        (GOOD.replace("about", "abuot"), "about: field required"),
        (GOOD[: GOOD.index("steps")] + "steps: []\n---\n", "steps"),
        ("---\n" + "[" * 5000 + "\n---\n", "9-mine.md"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "9-mine.md").write_text(text, "utf-8")
    stories, problems = read_stories(tmp_path)
    assert stories == {}
    assert reason in str(problems[0])


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (_, problems) = read_stories(tmp_path / "nowhere")
    assert "cannot be read" in str(problems[0])
