"""Stories: guided demos, each a file of steps; a step is a text and the address of a real page.

The steps stand in the front matter of `data/stories/<slug>.md`; `CAREREACH_STORIES` names a folder
of one's own, whose stories are added, or replace ours of the same name. What stands in bold in a
text is a figure or a name that has to be on the page; a test walks every step and looks.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from geo.care.entry import Form, Text
from geo.errors import DataError
from geo.paths import DATA

STORIES = DATA / "stories"
#: What a text says that must be on the page.
BOLD = re.compile(r"\*\*(.+?)\*\*")
_FRONT = re.compile(r"\A---\n(.*?)\n---\n?(.*)\Z", re.DOTALL)


class Step(Form):
    """One step: what to see, and where."""

    title: Text
    page: Literal["find", "coverage", "procedures", "data"]
    address: Mapping[str, str] = Field(default_factory=dict)
    text: Text


class Story(Form):
    """A story: its front matter, and what its file is called."""

    slug: str
    title: Text
    audience: Text
    about: Text
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


def whole_stories() -> tuple[dict[str, Story], tuple[DataError, ...]]:
    """The bundled stories with those of one's own, and what of the latter was left out."""
    stories, _ = read_stories(STORIES)
    own = os.environ.get("CAREREACH_STORIES")
    if not own:
        return stories, ()
    more, problems = read_stories(Path(own))
    return {**stories, **more}, problems


def read_stories(folder: Path) -> tuple[dict[str, Story], tuple[DataError, ...]]:
    """Read every story of a folder.

    Parameters
    ----------
    folder
        Holds `<slug>.md` files.

    Returns
    -------
    tuple
        Slug to story, by file name (`2-name.md` is the story `name`), and what was left out: file,
        line, reason.
    """
    if not folder.is_dir():
        return {}, (DataError(folder.name, "the folder of stories cannot be read"),)
    stories, problems = {}, []
    for path in sorted(folder.glob("*.md")):
        try:
            story = _read_story(path)
            stories[story.slug] = story
        except DataError as error:
            problems.append(error)
    return stories, tuple(problems)


def _read_story(path: Path) -> Story:
    try:
        parts = _FRONT.match(path.read_text("utf-8-sig").replace("\r\n", "\n"))
    except (OSError, UnicodeDecodeError):
        raise DataError(path.name, "cannot be read as UTF-8 text") from None
    if parts is None:
        raise DataError(path.name, "does not begin with front matter between two lines of ---")
    try:
        raw = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 2 if mark else None
        raise DataError(path.name, "the front matter is not YAML", row=row) from None
    except RecursionError:
        raise DataError(path.name, "the front matter is nested too deeply") from None
    if not isinstance(raw, dict):
        raise DataError(path.name, "the front matter has no fields")
    try:
        slug = re.sub(r"^\d+-", "", path.stem)
        return Story.model_validate({**raw, "slug": slug})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(path.name, f"{where}: {first['msg'].lower()}") from None
