"""Coverage in words: what the page, the command line and the summary say of its figures."""

from collections.abc import Mapping

import numpy as np

from geo.coverage.coverage import Coverage
from geo.output.answer_text import BY, min_text, off_road_text
from geo.travel.times import OFF_ROAD_KM
from geo.units import shown, threshold_number

SUPPLY_PHRASES: Mapping[str, str] = {
    "confirmed": "confirmed",
    "reported": "confirmed or reported",
    "likely": "likely or better",
    "unknown": "every place that could do it",
}
_CAUSES = {
    "evidence": "Evidence",
    "travel": "Travel",
    "placement": "Where people are taken to live",
    "slower": "Slower travel",
}


def distance_bands(coverage: Coverage) -> tuple[float, ...]:
    """Where the classes of the map break: the threshold is always one of them."""
    return tuple(coverage.within * factor for factor in (0.5, 1, 2, 3))


def within_text(coverage: Coverage) -> str:
    """The threshold, e.g. "50 km", "30 min"."""
    if coverage.unit == "min":
        return min_text(coverage.within)
    return f"{threshold_number(coverage.within, coverage.units)} {coverage.units}"


def far_text(far: float, unit: str) -> str:
    """A distance in km or a time for a reader, in "km", "mi" or "min"; "none" for NaN.

    Examples
    --------
    >>> far_text(12.3, "km"), far_text(0.2, "km"), far_text(150, "min"), far_text(80.5, "mi")
    ('12 km', 'under 1 km', '2 h 30 min', '50 mi')
    """
    if not np.isfinite(far):
        return "none"
    if unit == "min":
        return min_text(far)
    number = shown(far, unit)
    return f"{number:.0f} {unit}" if number >= 0.5 else f"under 1 {unit}"


def band_text(coverage: Coverage) -> list[str]:
    """The classes of the map in words; the last holds those who have nobody at all too."""
    edges = distance_bands(coverage)
    unit = coverage.shown_unit
    first, *middle = [threshold_number(edge, unit) for edge in edges]
    pairs = zip([first, *middle], middle, strict=False)
    between = [f"{low} to {high} {unit}" for low, high in pairs]
    return [f"up to {first} {unit}", *between, f"over {middle[-1]} {unit}"]


def percent_text(share: float) -> str:
    """A share for a reader: whole per cent, and never 0 or 100 where that is not quite so.

    Examples
    --------
    >>> percent_text(0.6043), percent_text(0.0004), percent_text(0.9996), percent_text(0.0)
    ('60 %', 'under 1 %', 'over 99 %', '0 %')
    """
    if np.isnan(share):
        return "not known"
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def lead_text(coverage: Coverage) -> tuple[str, str, str]:
    """What is known, what follows if the chosen supply is right, what moves that, what to expect.

    Parameters
    ----------
    coverage
        The figures.

    Returns
    -------
    tuple of str
        Three sentences; the second and third may be empty.
    """
    pack = coverage.pack
    if not coverage.population:
        return (
            f"Where people live in {pack.country} is not known here.",
            f"Bring it with “carereach import demand FILE --pack {pack.name}”"
            + ("." if len(pack.regions) else ", and regions with “carereach import boundaries”."),
            "",
        )
    if coverage.supplied.added or coverage.supplied.removed:
        return _what_if_text(coverage), "", ""
    if not coverage.providers["unknown"]:
        return f"No place that could do it is in the data for {pack.country}.", "", ""
    second, others = _wider_text(coverage), "; ".join(_others(coverage))
    if others:
        second = f"{second} ({others})" if second else others[:1].upper() + others[1:]
    cause = f"{_cause_text(coverage)} {_expected_text(coverage)}".strip()
    return _known_text(coverage), second + "." if second else "", cause


def _within(coverage: Coverage) -> str:
    """Within how far, by what."""
    return f"within {within_text(coverage)} {BY[coverage.measure.name]}"


def _known_text(coverage: Coverage) -> str:
    """What is confirmed or reported."""
    known = coverage.providers["reported"]
    if coverage.procedure.kind == "condition":
        return "A list can only say who is likely to treat this."
    if not known:
        return f"Nobody in {coverage.pack.country} has confirmed or reported it."
    places = "places have" if known != 1 else "place has"
    return (
        f"{known:,} {places} it confirmed or reported: {percent_text(coverage.share['reported'])} "
        f"of {coverage.population:,} people are {_within(coverage)}."
    )


def _wider_text(coverage: Coverage) -> str:
    """What follows if the chosen supply is right, without a full stop; "" where nothing more."""
    known, wider = coverage.providers["reported"], coverage.providers[coverage.supply]
    if not wider:
        return (
            "Who is left out is therefore not known until somebody asks the places that could do it"
        )
    if coverage.supply == "confirmed" and known:
        return f"Confirmed only: {percent_text(coverage.share['confirmed'])}"
    if coverage.supply not in ("likely", "unknown") or wider <= known:
        return ""
    kind = "likely" if coverage.supply == "likely" else "possible"
    share = percent_text(coverage.share[coverage.supply])
    if known:
        return f"With the {kind} places too, {wider:,} in all, it is {share}"
    places = f"1 {kind} place does" if wider == 1 else f"{wider:,} {kind} places do"
    people = f"{coverage.population:,} people"
    return f"If the {places} it, {share} of {people} are {_within(coverage)}"


def _others(coverage: Coverage) -> list[str]:
    """The shares at the other end of the ranges."""
    others = []
    known, wider = coverage.providers["reported"], coverage.providers[coverage.supply]
    if "travel" in coverage.ranges and wider:
        low, high = map(percent_text, coverage.ranges["travel"])
        named = {
            "road": f"straight line: {high}",
            "drive": f"on foot: {low}",
            "walk": f"by car: {high}",
        }
        others.append(named.get(coverage.measure.name, f"by road, high estimate: {low}"))
    share = coverage.share
    if coverage.supply == "likely" and wider > known and share["unknown"] > share["likely"]:
        others.append(f"every place that could: {percent_text(share['unknown'])}")
    return others


def _what_if_text(coverage: Coverage) -> str:
    """What would be if places were added or gone: never said as if it were known."""
    people = f"{coverage.population:,} people would be {_within(coverage)}"
    more, fewer = len(coverage.supplied.added), len(coverage.supplied.removed)
    changes = [f"{more} more place{'s' * (more != 1)} did it"] if more else []
    if fewer:
        changes.append(f"{fewer} place{'s' * (fewer != 1)} no longer did")
    share = percent_text(coverage.share[coverage.supply])
    supposed = coverage.providers[coverage.supply] - coverage.providers["reported"]
    also = ""
    if supposed:
        kind = "likely" if coverage.supply == "likely" else "possible"
        places = "place does" if supposed == 1 else "places do"
        also = f", if the {supposed:,} {kind} {places} it too"
    low, high = coverage.ranges.get("travel", (np.nan, np.nan))
    span = (
        f" ({percent_text(low)} to {percent_text(high)} depending on the roads)"
        if high > low
        else ""
    )
    return f"What if {' and '.join(changes)}: {share} of {people}{also}{span}."


def _cause_text(coverage: Coverage) -> str:
    if coverage.main_cause is None:
        return ""
    ranked = sorted(coverage.ranges.items(), key=lambda r: r[1][0] - r[1][1])
    said = [
        f"{_CAUSES[name] if not place else 'then ' + _CAUSES[name].lower()} "
        f"{'moves this figure most ' if not place else ''}"
        f"({_low_text(coverage, name, low)} to {percent_text(high)})"
        for place, (name, (low, high)) in enumerate(ranked)
        if high > low
    ]
    return ", ".join(said) + "."


def _low_text(coverage: Coverage, cause: str, low: float) -> str:
    """The low end of a range: nobody on record is no zero."""
    nobody = cause == "evidence" and not coverage.providers["confirmed"]
    return "not known" if nobody else percent_text(low)


def beyond_text(coverage: Coverage) -> str:
    """How many people have nobody of the supply within the threshold, in a sentence."""
    supply = f"place counted ({SUPPLY_PHRASES[coverage.supply]})"
    if coverage.people_beyond is None:
        return f"No {supply} is on record: how many people have none near is not known."
    return (
        f"{coverage.people_beyond:,} of {coverage.population:,} people are farther than "
        f"{within_text(coverage)} from the nearest {supply}."
    )


def _expected_text(coverage: Coverage) -> str:
    """How many people a place that does it is expected for; "" where that is not known."""
    expected = coverage.expected
    if expected is None:
        return ""
    ends = (expected.share, expected.low, expected.high)
    digits = 0 if expected.high - expected.low >= 0.02 else 1
    share, low, high = (f"{100 * end:.{digits}f}" for end in ends)
    return f"Expected, from how often such places turn out to do it: {share} % ({low} to {high})."


def detour_text(coverage: Coverage) -> list[str]:
    """How far the straight line would have been wrong, and who lives off the roads.

    Parameters
    ----------
    coverage
        The figures.

    Returns
    -------
    list of str
        Sentences; none where no minutes are measured.
    """
    detours = coverage.detours
    if detours is None:
        return []
    said = []
    if np.isfinite(detours.circuity):
        said.append(f"The way is {detours.circuity:.2g} times as long as the straight line.")
    if detours.misled > 0:
        much = f"half of them {far_text(detours.extra_min, 'min')} more or longer"
        said.append(
            f"For {percent_text(detours.misled)} of those who have a way, the place that is "
            "nearest in a straight line is not the quickest: going there would take "
            + (much if np.isfinite(detours.extra_min) else "most of them where no way leads")
            + "."
        )
    people = coverage.pack.demand["population"].to_numpy(float)
    off_km = coverage.supplied.reach.timed[coverage.measure.name].from_road_km
    far = people[~(off_km <= OFF_ROAD_KM)].sum()
    if far:
        said.append(
            f"{far:,.0f} people live more than {off_road_text(coverage.units)} from any road on "
            "the map: no time is known for them, and they count as beyond."
        )
    return said
