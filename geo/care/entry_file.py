"""How an entry of the procedure library is read from its file.

Front matter is YAML, between two lines of `---`; the text follows. Every fault of a file is named
by its line.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from geo.care.entry import MARK, SECTIONS, Claim, Comfort, Front, Procedure
from geo.errors import DataError
from geo.packs.schema import CENTRE_TYPES, FACILITY_TYPES

#: The same as the safe loader and ten times as fast, where PyYAML was built with it; but what is
#: nested without end ends the process, so that only our own files are read with it.
_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Sections that report no findings, so that a number in them needs no source.
_UNCITED = frozenset({"Questions to ask", "What we could not verify"})
#: CPT, HCPCS and SNOMED CT need a licence in any product that holds them: not by name, and not as
#: a code (numbers are written with a comma: 12,345).
_LICENSED = re.compile(
    r"\b(?:CPT|HCPCS|SNOMED)\b|(?<![\d.,])(?:\d{5,}|\d{4}[TFMU]|[A-V]\d{4})\b(?![.,]\d)"
)
#: Specialty to its label and to the words for who practises it.
Words = Mapping[str, tuple[str, str]]


def read_entries(
    folder: Path, words: Words, *, ours: bool = False
) -> tuple[dict[str, Procedure], list[DataError]]:
    """The entries of a folder that keep the form, and what is wrong with the others.

    Parameters
    ----------
    folder
        Holds `<slug>.md` files.
    words
        The specialties that entries may name.
    ours
        Whether the files came with CareReach.

    Returns
    -------
    tuple
        Slug to entry, and every fault: file, line, reason.
    """
    entries: dict[str, Procedure] = {}
    problems: list[DataError] = []
    for path in sorted(folder.glob("*.md")):
        if path.name.startswith("."):
            continue
        try:
            entries[path.stem] = _read_entry(path, words, _FAST_LOADER if ours else yaml.SafeLoader)
        except _BadEntryError as error:
            problems += [DataError(path.name, why, row=row) for row, why in error.problems]
    return entries, problems


class _BadEntryError(Exception):
    """An entry that does not keep the form: (line, reason) of each fault."""

    def __init__(self, problems: Iterable[tuple[int | None, str]]) -> None:
        self.problems = list(problems)


#: What pydantic says, as a reader of the file would.
_SAID = {"missing": "is missing", "extra_forbidden": "is not a field of an entry"}


def _read_entry(path: Path, words: Words, loader: Any) -> Procedure:
    try:
        text = path.read_text("utf-8-sig")
    except (UnicodeDecodeError, OSError):
        raise _BadEntryError([(None, "cannot be read as text in UTF-8")]) from None
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0]:
        raise _BadEntryError([(1, "does not begin with front matter between two lines of ---")])
    try:
        reader = loader(parts[1])
        try:
            tree = reader.get_single_node()
            twice = list(_repeated(tree))  # before merges are written out in the tree
            raw = None if tree is None else reader.construct_document(tree)
        finally:
            reader.dispose()
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise _BadEntryError(
            [(mark.line + 1 if mark else 1, "the front matter is not YAML")]
        ) from None
    if not isinstance(raw, dict):
        raise _BadEntryError([(1, "the front matter is not a list of fields")])
    try:
        front = Front.model_validate(raw)
    except ValidationError as error:
        raise _BadEntryError(
            [*twice, *(_said(tree, e["loc"], e["type"], e["msg"]) for e in error.errors())]
        ) from None
    sections = _sections(parts[2])
    problems = [
        *twice,
        *_front_problems(front, words, tree),
        *_body_problems(front, parts[2], text.count("\n") - parts[2].count("\n") + 1),
        *_citation_problems(front, parts[2], text, tree),
        *_licensed(raw, tree),
    ]
    if problems:
        raise _BadEntryError(problems)
    # Numbered as they first appear, so that footnotes count up as one reads.
    used = dict.fromkeys([*_front_keys(front), *MARK.findall(parts[2])])
    known = {w: words[w] for w in (*front.specialties, front.specialty) if w is not None}
    return Procedure(
        **{
            **dict(front),
            "slug": path.stem,
            "sections": sections,
            "citations": {key: front.citations[key] for key in used},
            "labels": {w: label for w, (label, _) in known.items()},
            "practitioners": {w: who for w, (_, who) in known.items()},
        }
    )


def _sections(body: str) -> dict[str, str]:
    pieces = re.split(r"^## (.+)$", body, flags=re.MULTILINE)
    return {h.strip(): t.strip() for h, t in zip(pieces[1::2], pieces[2::2], strict=True)}


def _front_keys(front: Front) -> list[str]:
    """Citations that the front matter uses, in the order of reading."""
    keys = [*front.red_flags.cite, *front.first_step_cite]
    keys += [key for _, claim in _claims(front) for key in claim.cite]
    keys += [key for picture in front.pictures for key in picture.cite]
    return keys + [key for option in front.options for key in option.cite]


def _claims(front: Front) -> list[tuple[str, Claim | Comfort]]:
    """The lines of an entry in short, by their field."""
    return [(name, claim) for name, claim in front.in_short or () if claim is not None]


def _cited_at(front: Front, key: str) -> list[Any]:
    """The field of the front matter that cites a source."""
    if key in front.red_flags.cite:
        return ["red_flags", "cite"]
    for name, claim in _claims(front):
        if key in claim.cite:
            return ["in_short", name, "cite"]
    for number, picture in enumerate(front.pictures):
        if key in picture.cite:
            return ["pictures", number, "cite"]
    for number, option in enumerate(front.options):
        if key in option.cite:
            return ["options", number, "cite"]
    return ["first_step_cite"]


def _line(tree: yaml.Node | None, path: Iterable[Any]) -> int:
    """The line on which a field stands, or the nearest thing around it."""
    line = 1
    node = tree
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _repeated(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Fields that are given twice: YAML would quietly keep the second."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"{key.value} is given twice"
            seen.add(key.value)
            yield from _repeated(value)


def _said(
    tree: yaml.Node | None, path: tuple[int | str, ...], kind: str, message: str
) -> tuple[int, str]:
    words = _SAID.get(kind) or message.removeprefix("Value error, ")
    return _line(tree, path), f"{'.'.join(map(str, path))} {words[:1].lower()}{words[1:]}"


def _front_problems(
    front: Front, words: Mapping[str, Any], tree: yaml.Node | None
) -> Iterator[tuple[int, str]]:
    for field, used in (("performed_by", front.specialties), ("specialty", (front.specialty,))):
        for word in used:
            if word is not None and word not in words:
                yield _line(tree, [field]), f"{word!r} is not in specialties.csv"
    for word in front.settings:
        if word not in FACILITY_TYPES:
            yield _line(tree, ["settings"]), f"{word!r} is not a facility type"
    for word in front.centres:
        if word not in CENTRE_TYPES:
            yield _line(tree, ["centres"]), f"{word!r} is not a kind of specialist centre"


def _body_problems(front: Front, body: str, first: int) -> Iterator[tuple[int, str]]:
    """What is wrong with the text of an entry.

    `first` is the line of the file on which the body begins.
    """
    headings = [
        (body[: m.start()].count("\n") + first, m[1].strip())
        for m in re.finditer(r"^## (.+)$", body, flags=re.MULTILINE)
    ]
    for place, wanted in enumerate(SECTIONS):
        line, heading = headings[place] if place < len(headings) else (first, "the end")
        if heading != wanted:
            yield line, f"the section “{wanted}” is expected, not “{heading}”"
            break
    for line, heading in headings[len(SECTIONS) :]:
        yield line, f"the section “{heading}” is one too many"
    yield from _section_problems(headings, body, first)
    yield from _claim_problems(body, first)


def _section_problems(
    headings: list[tuple[int, str]], body: str, first: int
) -> Iterator[tuple[int, str]]:
    """Sections without text, and questions that are not a list."""
    for number, (line, heading) in enumerate(headings):
        end = headings[number + 1][0] if number + 1 < len(headings) else None
        between = body.split("\n")[line - first + 1 : end and end - first]
        if not "".join(between).strip():
            yield line, f"the section “{heading}” is empty"
        if heading == "Questions to ask":
            for offset, words in enumerate(between, 1):
                if words.strip() and not words.startswith("- "):
                    yield line + offset, "each question is one line that begins with “- ”"


def _claim_problems(body: str, first: int) -> Iterator[tuple[int, str]]:
    """Figures without a source, codes under licence, text outside sections."""
    heading = ""
    for block in re.finditer(r"\S.*(?:\n(?!\n|\s*(?:[-*+]|\d+[.)]) |## ).+)*", body):
        line, claim = body[: block.start()].count("\n") + first, block[0]
        if claim.startswith("## "):
            heading = claim.removeprefix("## ").strip()
            continue
        if not heading:
            yield line, "text before the first section is shown nowhere"
        if _LICENSED.search(MARK.sub("", claim)):
            yield line, "a licensed code may stand in codes.csv of your own folder only"
        words = re.sub(r"^(\d+[.)]|[-*+]) ", "", MARK.sub("", claim))
        if heading not in _UNCITED and re.search(r"\d", words) and not MARK.search(claim):
            yield line, "a figure has no source mark"


def _citation_problems(
    front: Front, body: str, text: str, tree: yaml.Node | None
) -> Iterator[tuple[int, str]]:
    used = {*_front_keys(front), *MARK.findall(body)}
    if re.search(r"\d", front.first_step) and not front.first_step_cite:
        yield _line(tree, ["first_step"]), "a figure has no source mark"
    for key in sorted(used - set(front.citations)):
        mark = text.find(f"[^{key}]")
        line = text[:mark].count("\n") + 1 if mark >= 0 else _line(tree, _cited_at(front, key))
        yield line, f"the source {key!r} is not among the citations"
    for key in front.citations:
        if key not in used:
            yield _line(tree, ["citations", key]), f"the citation {key!r} is used nowhere"


def _licensed(raw: Mapping[str, Any], tree: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Codes under licence in front matter, but for the addresses of sources and free codes."""
    for field, value in raw.items():
        texts = str(value) if field not in ("citations", "mesh", "icd10pcs") else ""
        if _LICENSED.search(texts):
            why = "a licensed code may stand in codes.csv of your own folder only"
            yield _line(tree, [field]), why
