"""Capacity and referral in words."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from geo.coverage.capacity import CapacityFigures
from geo.coverage.catchments import METHODS
from geo.coverage.coverage import Coverage
from geo.coverage.referral import Referral
from geo.output.answer_text import BY
from geo.output.coverage_text import SUPPLY_PHRASES, far_text, percent_text, within_text
from geo.units import Units


def capacity_lines(coverage: Coverage, found: CapacityFigures, units: str) -> Iterator[str]:
    """Who is served when the nearest place is full, in sentences.

    Parameters
    ----------
    coverage
        The figures that it is of.
    found
        From `geo.coverage.capacity.measure_capacity`.
    units
        What the capacity is counted in: "beds".
    """
    places = "place" if found.places == 1 else "places"
    yield (
        f"{found.places:,} {places} ({SUPPLY_PHRASES[coverage.supply]}) with {found.units:,.0f} "
        f"{units} in all, each enough for {found.per_unit:,g} people: room for "
        f"{found.units * found.per_unit:,.0f}."
    )
    if found.unknown:
        some = "1 place more is" if found.unknown == 1 else f"{found.unknown:,} places more are"
        yield f"{some} on record, whose {units} nobody knows: left out, not counted as none."
    far = f"{within_text(coverage)} {BY[coverage.measure.name]}"
    near = found.in_reach / found.population if found.population else np.nan
    served = found.served / found.population if found.population else np.nan
    yield (
        f"{percent_text(near)} of {found.population:,.0f} people are within {far} of one of them; "
        f"{percent_text(served)} are served, the nearest first, until the places are full."
    )
    left = found.in_reach - found.served
    full = "1 of the places is" if found.full == 1 else f"{found.full:,} of the places are"
    yield f"{left:,.0f} people are within reach and left over; {full} full."


def capacity_rows(found: CapacityFigures, level: int) -> tuple[tuple[str, ...], pd.DataFrame]:
    """The regions of a level, those with the most people left over first, and their headings."""
    rows = found.regions[found.regions["level"] == level].merge(found.scores, on="region_id")
    rows = rows.sort_values(["left_over", "name"], ascending=[False, True], ignore_index=True)
    return ("Region", "People", "Within reach", "Served", "Left over", *METHODS), rows


def capacity_cells(found: CapacityFigures, level: int, most: int | None = None) -> list[list[str]]:
    """The same as text, scores as units for 100,000 people; the headings first."""
    head, rows = capacity_rows(found, level)
    cells = [list(head)]
    for _, row in rows.head(most if most is not None else len(rows)).iterrows():
        people = [f"{row[c]:,.0f}" for c in ("population", "in_reach", "served", "left_over")]
        scores = ["" if pd.isna(row[m]) else f"{1e5 * row[m]:,.1f}" for m in METHODS]
        cells.append([str(row["name"]), *people, *scores])
    return cells


def referral_lines(first: str, following: str, found: Referral, units: Units) -> Iterator[str]:
    """How far it is from one level to the next, in sentences.

    Parameters
    ----------
    first, following
        What the two levels do.
    found
        From `geo.coverage.referral.measure_referral`.
    units
        What distances are told in.
    """
    unit = found.measure.unit if found.measure.unit == "min" else units
    by = BY[found.measure.name]
    yield (
        f"{found.places:,} places for {first}; {found.both:,} of them are among the "
        f"{found.next_places:,} for {following}."
    )
    if found.table.empty:
        return
    median, p90 = (far_text(far, unit) for far in (found.median, found.p90))
    yield (
        f"From the others to the nearest of these: half have it within {median} {by}, nine tenths "
        f"within {p90}; the farthest, {found.table['name'].iloc[0]}, "
        + (f"{far_text(found.most, unit)}." if np.isfinite(found.most) else "has no way there.")
    )
