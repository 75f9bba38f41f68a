"""Answers and coverage for a terminal."""

from collections.abc import Iterator, Sequence
from textwrap import shorten

import pandas as pd

from geo.care.find import Answer
from geo.coverage.coverage import Coverage
from geo.output.answer_text import Row, count_text, farther_text, outside_text, seen_at_text
from geo.output.coverage_text import detour_text, lead_text, percent_text
from geo.sources.batch import records_of
from geo.units import shown


def answer_table(answer: Answer, rows: list[Row]) -> str:
    """The answer for a terminal.

    Parameters
    ----------
    answer
        The answer.
    rows
        Of it, from `geo.output.answer_text.answer_rows`.
    """
    out = [f"{answer.procedure.title} near {answer.place.label}"]
    out.append(" ".join(part for part in count_text(answer) if part))
    seen = seen_at_text(answer)
    if seen:
        out.append(f"Nearest hospital where one can be seen: {seen[0]}, {seen[1]}.")
    if answer.pack.emergency_number:
        out.append(f"In an emergency: {answer.pack.emergency_number}.")
    if answer.outside_km:
        out.append(outside_text(answer))
    farther = False
    for row in rows:
        if row.farther and not farther:
            out += ["", farther_text(answer)]
            farther = True
        out += ["", *_row_lines(row)]
    return "\n".join(out) + "\n"


def _row_lines(row: Row) -> list[str]:
    badges = "".join(f" [{badge}]" for _, badge in row.badges)
    detail = f" ({row.detail})" if row.detail else ""
    return [
        f"{row.number:>2}  {row.name}, {row.distance}{detail}",
        f"    {row.status_label}{badges}. {row.reason} {row.source}.",
        *([f"    {row.facts}"] if row.facts else []),
        *(f"    Against: {s.text} ({s.source})." for s in row.against),
        *(f"    {s.text} ({s.source})." for s in row.notices),
    ]


def coverage_table(coverage: Coverage, level: int) -> str:
    """Coverage for a terminal, with the regions of a level."""
    out = [" ".join(part for part in lead_text(coverage) if part), *detour_text(coverage), ""]
    lines = [("Region", "People", "Beyond", "Covered", f"Median {coverage.shown_unit}")]
    for _, row in coverage.level(level).iterrows():
        median = shown(row["median"], coverage.shown_unit)
        far = "nobody" if pd.isna(median) else f"{median:.0f}"
        name = shorten(row["name"], 40, placeholder="…") + (" (small)" if row["small"] else "")
        beyond = row["people_beyond"]
        people = f"{row['population']:,}", "" if pd.isna(beyond) else f"{beyond:,}"
        lines.append((name, *people, percent_text(row["share"]), far))
    return "\n".join([*out, *aligned(lines)]) + "\n"


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> Iterator[str]:
    """Cells in columns as wide as their widest; all but the first few to the right.

    Parameters
    ----------
    rows
        Of one length each.
    left
        How many columns are set to the left.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if n < left else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells)


def sample_lines(rows: pd.DataFrame) -> Iterator[str]:
    """Some rows of an import as they will look, a line each.

    Parameters
    ----------
    rows
        Of `providers`, from `geo.sources.batch.Batch.sample`.
    """
    for row in records_of(rows):
        precision = (
            "" if row["location_precision"] == "exact" else f" ({row['location_precision']})"
        )
        said = (
            shorten(row["name"], 40, placeholder="…"),
            (row["facility_type"] or row["kind"]).replace("_", " "),
            f"{row['lat']:.4f}, {row['lon']:.4f}{precision}",
            row["locality"],
            row["phone"],
            row["note"],
        )
        yield "; ".join(part for part in said if part)
