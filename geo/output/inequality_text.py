"""Inequality of access in words, each figure with what it means."""

from collections.abc import Iterator

import numpy as np

from geo.coverage.coverage import Coverage
from geo.coverage.inequality import Inequality
from geo.output.coverage_text import SUPPLY_PHRASES, percent_text, within_text


def inequality_lines(coverage: Coverage, found: Inequality) -> Iterator[str]:
    """What is known of how unequally access is spread, a sentence or two for each figure.

    Parameters
    ----------
    coverage
        The figures that it is of.
    found
        From `geo.coverage.inequality.measure_inequality`.
    """
    if not coverage.on_record:
        yield (
            f"No place counted ({SUPPLY_PHRASES[coverage.supply]}) is on record: how unequal "
            "access is, is not known."
        )
        return
    if found.best and found.worst:
        (best, most), (worst, least) = found.best, found.worst
        yield (
            f"Regions: from {percent_text(least)} of the people within {within_text(coverage)} in "
            f"{worst} to {percent_text(most)} in {best}."
        )
    if found.small:
        regions = "region has" if found.small == 1 else "regions have"
        yield (
            f"{found.small:,} {regions} fewer than 100 people and "
            f"{'is' if found.small == 1 else 'are'} left out of that comparison."
        )
    if np.isfinite(found.theil.total):
        far = "time" if coverage.unit == "min" else "distance"
        part = ""
        if found.theil.total > 0:
            between = percent_text(found.theil.between / found.theil.total)
            part = f" {between} of it lies between regions, the rest inside them."
        yield (
            f"Theil index of the {far} to the nearest: {found.theil.total:.3f}, where 0 would be "
            f"the same {far} for everybody.{part}"
        )
        if np.isfinite(found.palma):
            yield (
                f"Palma ratio of that {far}: {found.palma:.1f}. The tenth of the people who have "
                f"it farthest have {found.palma:.1f} times as much of the whole {far} as the four "
                "tenths who have it nearest; 0.25 would be equal."
            )
    if found.nobody:
        yield (
            f"{found.nobody:,} people have no way to any such place, and are in neither of the two."
        )
    if np.isfinite(found.concentration):
        index = found.concentration
        if abs(index) < 0.005:
            said = "regions of low and high ones are about as often within reach"
        else:
            said = f"regions of {'higher' if index > 0 else 'lower'} ones are more often in reach"
        left = (
            f" {found.unranked:,} people of regions without a rank are left out."
            if found.unranked
            else ""
        )
        yield (
            f"Concentration index by {found.ranked_by} (Erreygers): {index:+.3f}, on a scale from "
            f"-1 to 1. {said[:1].upper()}{said[1:]}; 0 would be no difference.{left}"
        )
