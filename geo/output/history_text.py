"""The history of a pack in words."""

from collections.abc import Sequence

from geo.output.answer_text import date_text
from geo.packs.history import Difference, Version

#: What the tables hold, in the plural, in the order in which they are told.
TABLES = {
    "providers": "providers",
    "evidence": "statements",
    "places": "places",
    "demand": "populated places",
    "regions": "regions",
    "roads": "road legs",
    "road_nodes": "road nodes",
    "survey": "survey calls",
}


def version_text(version: Version) -> str:
    """When a version was put in place and what was done."""
    day = date_text(version.when.date().isoformat())
    return f"{day}, {version.when:%H:%M} UTC: {version.what}"


def rows_text(version: Version, before: Version | None = None) -> str:
    """How many rows a version has, and how many more or fewer than the one before."""
    parts = []
    for table, words in TABLES.items():
        count = version.rows.get(table, 0)
        more = count - before.rows.get(table, 0) if before else 0
        if count or more:
            told = words.removesuffix("s") if count == 1 else words
            parts.append(f"{count:,} {told}" + (f" ({more:+,})" if more else ""))
    return ", ".join(parts) or "no rows"


def history_lines(versions: Sequence[Version]) -> list[str]:
    """A line for each version, the newest first."""
    lines = [
        f"{version.number}\t{version_text(version)}\t{rows_text(version, before)}"
        for before, version in zip([None, *versions], versions, strict=False)
    ]
    return lines[::-1] or ["Nothing has been changed here."]


def difference_text(differences: Sequence[Difference]) -> str:
    """What became of the rows between two versions, in a sentence."""
    parts = []
    for found in differences:
        told = ("added", found.added), ("removed", found.removed), ("changed", found.changed)
        counts = ", ".join(f"{count:,} {what}" for what, count in told if count)
        parts.append(f"{TABLES[found.table]}: {counts}")
    return f"{'; '.join(parts)}." if parts else "every row is the same."
