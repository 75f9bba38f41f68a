"""Answers in words: what the list on the page, the print view, the map and the command line say."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from geo.find import LISTED, SHOW, Answer
from geo.hours import hours_words
from geo.packs import ASKED, Pack, publisher
from geo.travel import DETOUR, DETOUR_HIGH, DETOUR_LOW, MAX_KM, MODES, OFF_ROAD_KM

__all__ = [
    "BY",
    "STATUS_WORDS",
    "Line",
    "Statement",
    "count_words",
    "date_words",
    "describe",
    "farther_words",
    "km_words",
    "min_words",
    "outside_words",
    "records_of",
    "seen_at_words",
    "threshold_words",
]

STATUS_WORDS: Mapping[str, str] = {
    "confirmed": "Confirmed",
    "reported": "Reported",
    "likely": "Likely",
    "unknown": "Unknown",
    "not_offered": "Not offered",
}
_NOTICE_WORDS = {"visiting": "Visiting team", "planned": "Planned", "outage": "Break in service"}
#: From this many straight km off the published roads on, a reader is told so.
FAR_FROM_ROADS_KM = 10.0
#: From so far off its road on a reader is told that the minutes do not count the way there.
OFF_ROAD_SAID_KM = 0.2
BY: Mapping[str, str] = {
    "road": "by road",
    "straight": "in a straight line",
    "drive": "by car",
    "walk": "on foot",
}


@dataclass(frozen=True)
class Statement:
    """Something that a source said."""

    text: str
    source: str
    url: str | None


@dataclass(frozen=True)
class Line:
    """One provider, as every list shows it."""

    number: int
    provider_id: str
    name: str
    status: str
    status_words: str
    badges: tuple[tuple[str, str], ...]  # (kind, words)
    distance: str
    detail: str  # the other measure, and the range where one was estimated
    reason: str
    source: str
    source_url: str | None
    against: tuple[Statement, ...]
    notices: tuple[Statement, ...]
    basis: tuple[Statement, ...]
    history: tuple[Statement, ...]
    related: tuple[Statement, ...]
    services: tuple[Statement, ...]
    note: str
    facts: str  # address, hours, and what else is on record of the place
    phone: str | None
    reach: str
    lat: float
    lon: float
    farther: bool


def km_words(km: float, *, about: bool = False) -> str:
    """Kilometres for a reader: whole numbers, *about* where something was estimated.

    Examples
    --------
    >>> km_words(12.498, about=True), km_words(0.4)
    ('about 12 km', 'under 1 km')
    """
    if pd.isna(km):
        return "distance unknown"
    if km < 1:
        return "under 1 km"
    return f"{'about ' if about else ''}{km:.0f} km"


def min_words(minutes: float) -> str:
    """Minutes for a reader: whole ones, hours from two on.

    Examples
    --------
    >>> min_words(0.4), min_words(37.5), min_words(150), min_words(float("nan"))
    ('under 1 min', '38 min', '2 h 30 min', 'time unknown')
    """
    if pd.isna(minutes):
        return "time unknown"
    whole = round(minutes + 1e-9)
    if whole < 1:
        return "under 1 min"
    if whole < 120:
        return f"{whole} min"
    return f"{whole // 60} h {whole % 60} min".removesuffix(" 0 min")


def threshold_words(answer: Answer) -> str:
    """How far an answer looks, e.g. "50 km by road", "30 min by car"."""
    if answer.within_min is not None:
        return f"{min_words(answer.within_min)} {BY[answer.measure]}"
    return f"{answer.radius_km:g} km {BY[answer.measure]}"


def date_words(as_of: object, *, basis: object = None) -> str:
    """A date for a reader, e.g. "Nov 2020", "about 2021"; "no date" for NA."""
    if not isinstance(as_of, str):
        return "no date"
    style = {4: "%Y", 7: "%b %Y", 10: "%d %b %Y"}[len(as_of)]
    words = pd.Period(as_of).strftime(style)
    return f"about {words}" if basis == "implied" else words


def describe(answer: Answer, now: dt.datetime | None = None) -> list[Line]:
    """Put every row of an answer into words, numbered through the list and beyond it.

    Parameters
    ----------
    answer
        From `find_care`.
    now
        A time with its zone, to say who is open; hours are left out without it.
    """
    wanted = SHOW[answer.show]
    beyond = answer.beyond[answer.beyond["status"].isin(wanted)]
    extra = answer.related[answer.related["status"].isin(wanted)]
    extra = extra[~extra["provider_id"].isin(beyond["provider_id"])]
    beyond = pd.concat([beyond, extra]) if len(extra) else beyond
    rows = [(False, row) for row in records_of(answer.results)]
    rows += [(True, row) for row in records_of(beyond)]
    said = _said(answer.pack, [row for _, row in rows])
    services = _services(answer.pack, {row["provider_id"] for _, row in rows})
    return [_line(answer, said, services, n, row, far, now) for n, (far, row) in enumerate(rows, 1)]


def _said(pack: Pack, rows: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Every statement that the rows rest on, by its label, looked up once."""
    labels = list(
        dict.fromkeys(
            label
            for row in rows
            for column in ("rows", "against", "notices", "history", "related_rows")
            for label in row[column]
        )
    )
    return dict(zip(labels, records_of(pack.evidence.loc[labels]), strict=True))


def _line(
    answer: Answer,
    said: Mapping[Any, Mapping[str, Any]],
    services: Mapping[str, list[Statement]],
    number: int,
    row: Mapping[str, Any],
    farther: bool,
    now: dt.datetime | None,
) -> Line:
    pack = answer.pack
    basis = _statements(pack, said, row["rows"])
    if basis:
        first = said[row["rows"][0]]
        when = date_words(first["as_of"], basis=first["as_of_basis"])
        source, url = _source_words(pack, first, when), _text(first["url"])
    else:
        when = date_words(row["source_as_of"])
        # A register that only knows its year is dated roughly.
        about = "about " if re.fullmatch(r"\d{4}", str(row["source_as_of"])) else ""
        source, url = f"{row['source_title']}, {about}{when}", _text(row["source_url"])
    badges: list[tuple[str, str]] = []
    if row["old"] is None:
        badges.append(("nodate", "No date"))
    elif row["old"] and isinstance(row["as_of"], str):
        badges.append(("old", f"Old: {row['as_of'][:4]}"))
    if row["disputed"]:
        badges.append(("against", "Sources disagree"))
    elif row["contrary"]:
        badges.append(("against", "Another source disagrees"))
    if row["related"]:
        badges.append(("related", "Related service"))
    distance, detail = _distances(answer, row)
    phone = _text(row["phone"])
    return Line(
        number=number,
        provider_id=row["provider_id"],
        name=row["name"],
        status=row["status"],
        status_words=STATUS_WORDS[row["status"]],
        badges=tuple(badges),
        distance=distance,
        detail=detail,
        reason=row["reason"],
        source=source,
        source_url=url,
        against=_statements(pack, said, row["against"]),
        notices=_statements(pack, said, row["notices"], notice=True),
        basis=basis,
        history=_statements(pack, said, row["history"]),
        related=_statements(pack, said, row["related_rows"]),
        services=tuple(services.get(row["provider_id"], ())),
        note=_text(row.get("note")) or "",
        facts=_facts(row, now),
        phone=phone,
        reach=_reach(pack, row, phone),
        lat=row["lat"],
        lon=row["lon"],
        farther=farther,
    )


_PLACED = {"postcode": "placed in the middle of its postcode", "locality": "placed in its town"}
_YES = {
    "wheelchair": "wheelchair access",
    "emergency": "emergency department",
    "telehealth": "by video or telephone too",
    "accepting_new": "takes new patients",
}


def _facts(row: Mapping[str, Any], now: dt.datetime | None) -> str:
    """What else is on record of a provider, in one line."""
    address = _text(row["address"])
    placed = _PLACED.get(str(row["location_precision"]))
    parts = [f"{address} ({placed})" if placed else address] if address else []
    if now is not None:
        parts.append(hours_words(row["opening_hours"], row["lat"], row["lon"], now))
    parts += [words for column, words in _YES.items() if row[column] is True]
    if isinstance(row["languages"], list):
        parts.append(f"speaks {', '.join(row['languages'])}")
    return " · ".join(filter(None, parts))


def _reach(pack: Pack, row: Mapping[str, Any], phone: str | None) -> str:
    if phone:
        return f"Call first: {phone}."
    helper = f" The {pack.emergency_name.split(':')[0]} ({pack.emergency_number}) may help."
    website = _text(row["website"])
    if website:
        return f"No phone number is on record; ask at {website}."
    return "No phone number is on record." + (helper if pack.emergency_name else "")


def _distances(answer: Answer, row: Mapping[str, Any]) -> tuple[str, str]:
    def words(km: float, *, about: bool = False) -> str:
        # Rounding must not put a row on the other side of the radius.
        if round(km) <= answer.radius_km < km:
            digits = next(n for n in range(1, 9) if round(km, n) > answer.radius_km)
            return f"{'about ' if about else ''}{km:.{digits}f} km"
        return km_words(km, about=about)

    rough = row["location_precision"] == "postcode"
    straight = f"{words(row['distance_km'], about=rough)} in a straight line"
    if answer.measure in MODES:
        return _timed(answer, row), "; ".join(filter(None, [_way(answer.measure, row), straight]))
    if pd.isna(row["road_km"]):
        return straight, "" if answer.measure == "straight" else "no road on record"
    road = f"{words(row['road_km'], about=row['road_about'])} by road"
    low, high = (f"{row[column]:.0f}" for column in ("road_low_km", "road_high_km"))
    spread = f"estimates run from {low} to {high} km" if row["road_about"] and low != high else ""
    off_road_km = (row["road_high_km"] - row["road_low_km"]) / (DETOUR_HIGH - DETOUR_LOW)
    if off_road_km > FAR_FROM_ROADS_KM and DETOUR * off_road_km > row["road_km"] / 2:
        spread += ", and no road is published for most of the way"
    if answer.measure == "road":
        return road, "; ".join(filter(None, [straight, spread]))
    return straight, "; ".join(filter(None, [road, spread]))


def _timed(answer: Answer, row: Mapping[str, Any]) -> str:
    """How long it takes; rounding must not put a row on the other side of the threshold."""
    time = row["minutes"]
    if pd.isna(time):
        far = row["distance_km"] > MAX_KM[answer.measure]
        return "farther than is measured" if far else f"no way {BY[answer.measure]}"
    within = answer.within_min or 0.0
    if round(time) <= within < time:
        return f"just over {min_words(within)} {BY[answer.measure]}"
    return f"{min_words(time)} {BY[answer.measure]}"


def _way(mode: str, row: Mapping[str, Any]) -> str:
    """The way that the minutes are of, and what they leave out."""
    off = row["off_road_km"]
    if pd.isna(off) or off > OFF_ROAD_KM:
        return f"no road within {OFF_ROAD_KM:g} km of it is on the map"
    if pd.isna(row["minutes"]):
        return "" if row["distance_km"] > MAX_KM[mode] else "no road on the map leads there"
    km = row["route_km"]
    way = f"{km:.{1 if km < 10 else 0}f} km to {mode}"
    return way if off < OFF_ROAD_SAID_KM else f"{way}, and {off:.1f} km from there to the place"


def _statements(
    pack: Pack, said: Mapping[Any, Mapping[str, Any]], labels: Any, *, notice: bool = False
) -> tuple[Statement, ...]:
    found = []
    for row in (said[label] for label in labels):
        text = row["statement"]
        if notice:
            service = _text(row["procedure"]) or _text(row["specialty"]) or _text(row["service"])
            text = f"{_NOTICE_WORDS[row['status']]}, {str(service).replace('-', ' ')}: {text}"
        if pd.notna(row["volume"]):
            text += f" ({row['volume']} patients in the year; others may not be counted)"
        when = date_words(row["as_of"], basis=row["as_of_basis"])
        text = text if text.endswith((".", "!", "?")) else f"{text}."
        found.append(Statement(text, _source_words(pack, row, when), _text(row["url"])))
    return tuple(found)


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, with column names as text."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _services(pack: Pack, providers: set[str]) -> dict[str, list[Statement]]:
    """What else is on record of providers: shown, never assessed."""
    evidence = pack.evidence
    rows = evidence[evidence["service"].notna() & evidence["provider_id"].isin(providers)]
    found: dict[str, list[Statement]] = {}
    for row in records_of(rows):
        when = date_words(row["as_of"], basis=row["as_of_basis"])
        name = row["service"].replace("-", " ")
        name = name.upper() if len(name) <= len("ESWL") else name.capitalize()
        text = f"{name}: {row['statement']}."
        source = _source_words(pack, row, when)
        statement = Statement(text, source, _text(row["url"]))
        found.setdefault(row["provider_id"], []).append(statement)
    return found


def _source_words(pack: Pack, row: Mapping[str, Any], when: str) -> str:
    """Who published a statement and when; an answer to a call has no publisher."""
    called = str(row["note"]).startswith(ASKED)
    who = "Asked and recorded here" if called else publisher(pack, _text(row["url"]))
    return f"{who}, {when}" if who else when


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def count_words(answer: Answer) -> tuple[str, str]:
    """Say how many were found: what is proved first, then the rest.

    Returns
    -------
    tuple of str
        The lead, to be set strong, and what follows it.
    """
    lead, rest = _counted(answer)
    if answer.cut:
        rest += (
            f" Only the nearest in a straight line were measured: {answer.cut:,} more lie where "
            "they might be in reach."
        )
    if answer.off_road_km >= OFF_ROAD_SAID_KM:
        rest += f" {answer.place.name} is {answer.off_road_km:.1f} km from where the minutes begin."
    return lead, rest.strip()


def _counted(answer: Answer) -> tuple[str, str]:
    """How many were found."""
    counts, pack, kind = answer.counts, answer.pack, answer.procedure.kind
    within = f"within {threshold_words(answer)}"
    proved = counts["confirmed"] + counts["reported"]
    named = [f"{counts[s]:,} {s}" for s in LISTED if counts[s]]
    rest = f"{', '.join(named)} {within}." if named else f"Nobody who may do it is known {within}."
    places = "place is" if proved == 1 else "places are"
    if answer.narrowed and not proved:
        # What the filters left out may well be proved: nothing is said of it.
        if not named:
            return f"Nobody {within} passes your filters.", ""
        return "None who pass your filters have it confirmed or reported.", rest
    if kind == "care":
        if proved:
            return f"{proved:,} {places} on record {within}.", ""
        if answer.beyond.empty:
            return f"No place of this kind is in the data for {pack.country}.", ""
        return f"No place of this kind is on record {within}.", ""
    if proved:
        return f"{proved:,} {places} confirmed or reported.", rest
    if kind == "condition":
        return "A list can only say who is likely to treat this.", rest
    if answer.beyond["status"].isin(LISTED[:2]).any():
        return f"Nobody {within} has confirmed or reported it.", rest
    return f"Nobody has confirmed or reported this procedure in {pack.country}.", rest


def outside_words(answer: Answer) -> str:
    """Say that a place lies far outside the country, where even the number may differ; else ""."""
    if not answer.outside_km:
        return ""
    pack = answer.pack
    return (
        f"This place is about {answer.outside_km:,.0f} km outside {pack.country}, and nothing is "
        f"known there. {pack.emergency_number} is the emergency number in {pack.country}; where "
        "you are it may be another."
    )


def seen_at_words(answer: Answer) -> tuple[str, str] | None:
    """The nearest hospital where one can at least be seen, and how far; None if there is none."""
    if answer.seen_at.empty:
        return None
    row = records_of(answer.seen_at)[0]
    return row["name"], _distances(answer, row)[0]


def farther_words(answer: Answer) -> str:
    """The heading over the rows beyond the radius."""
    return f"Farther than {threshold_words(answer)}"
