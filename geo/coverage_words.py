"""Coverage in words: what the page, the command line and the summary say of its figures."""

from collections.abc import Mapping

import numpy as np

from geo.coverage import Coverage

__all__ = ["SUPPLY_WORDS", "band_words", "distance_bands", "lead_words", "percent_words"]

SUPPLY_WORDS: Mapping[str, str] = {
    "confirmed": "confirmed",
    "reported": "confirmed or reported",
    "likely": "likely or better",
    "unknown": "every place that could do it",
}
_BY = {"road": "by road", "straight": "in a straight line"}
_CAUSES = {"evidence": "Evidence", "travel": "Travel"}


def distance_bands(coverage: Coverage) -> tuple[float, ...]:
    """Where the classes of the map break: the threshold is always one of them."""
    return tuple(coverage.within_km * factor for factor in (0.5, 1, 2, 3))


def band_words(coverage: Coverage) -> list[str]:
    """The classes of the map in words; the last holds those who have nobody at all too."""
    edges = distance_bands(coverage)
    first, *middle = [f"{edge:g}" for edge in edges]
    between = [f"{low} to {high} km" for low, high in zip([first, *middle], middle, strict=False)]
    return [f"up to {first} km", *between, f"over {edges[-1]:g} km"]


def percent_words(share: float) -> str:
    """A share for a reader: whole per cent, and never 0 or 100 where that is not quite so.

    Examples
    --------
    >>> percent_words(0.6043), percent_words(0.0004), percent_words(0.9996), percent_words(0.0)
    ('60 %', 'under 1 %', 'over 99 %', '0 %')
    """
    if np.isnan(share):
        return "no figure"
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def lead_words(coverage: Coverage) -> tuple[str, str, str]:
    """What is known, what follows if the chosen supply is right, and what moves that most.

    Parameters
    ----------
    coverage
        The figures.

    Returns
    -------
    tuple of str
        Three sentences; the second and third may be empty.
    """
    pack = coverage.supplied.assessed.pack
    if not coverage.population:
        return f"No people are in the data for {pack.country}.", "", ""
    within = f"within {coverage.within_km:g} km {_BY[coverage.measure]}"
    people = f"{coverage.population:,} people"
    if coverage.supplied.added or coverage.supplied.removed:
        return _what_if_words(coverage, f"{people} would be {within}"), "", ""
    known, wider = coverage.providers["reported"], coverage.providers[coverage.supply]
    if not coverage.providers["unknown"]:
        return f"No place that could do it is in the data for {pack.country}.", "", ""
    condition = coverage.supplied.assessed.procedure.kind == "condition"
    if condition:
        first = "A list can only say who is likely to treat this."
    elif known:
        first = (
            f"{known:,} {'places have' if known != 1 else 'place has'} it confirmed or reported: "
            f"{percent_words(coverage.share['reported'])} of {people} are {within}."
        )
    else:
        first = f"Nobody in {pack.country} has confirmed or reported it."
    others = []
    if "travel" in coverage.ranges and wider:
        low, high = map(percent_words, coverage.ranges["travel"])
        by_road = coverage.measure == "road"
        others.append(f"straight line: {high}" if by_road else f"by road, high estimate: {low}")
    second = ""
    if coverage.supply in ("likely", "unknown") and wider > known:
        kind = "likely" if coverage.supply == "likely" else "possible"
        share = percent_words(coverage.share[coverage.supply])
        if known:
            second = f"With the {kind} places too, {wider:,} in all, it is {share}"
        elif wider == 1:
            second = f"If the 1 {kind} place does it, {share} of {people} are {within}"
        else:
            second = f"If the {wider:,} {kind} places do it, {share} of {people} are {within}"
        if coverage.supply == "likely" and coverage.share["unknown"] > coverage.share["likely"]:
            others.append(f"every place that could: {percent_words(coverage.share['unknown'])}")
    elif coverage.supply == "confirmed" and known:
        second = f"Confirmed only: {percent_words(coverage.share['confirmed'])}"
    if others:
        said = "; ".join(others)
        second = f"{second} ({said})" if second else said[:1].upper() + said[1:]
    return first, second + "." if second else "", _cause_words(coverage)


def _what_if_words(coverage: Coverage, people: str) -> str:
    """What would be if places were added or gone: never said as if it were known."""
    more, fewer = len(coverage.supplied.added), len(coverage.supplied.removed)
    changes = [f"{more} more place{'s' * (more != 1)} did it"] if more else []
    if fewer:
        changes.append(f"{fewer} place{'s' * (fewer != 1)} no longer did")
    share = percent_words(coverage.share[coverage.supply])
    return f"What if {' and '.join(changes)}: {share} of {people}."


def _cause_words(coverage: Coverage) -> str:
    if coverage.main_cause is None:
        return ""
    ranked = sorted(coverage.ranges.items(), key=lambda r: r[1][0] - r[1][1])
    said = [
        f"{_CAUSES[name] if not place else 'then ' + name} "
        f"{'moves this figure most ' if not place else ''}"
        f"({percent_words(low)} to {percent_words(high)})"
        for place, (name, (low, high)) in enumerate(ranked)
        if high > low
    ]
    return ", ".join(said) + "."
