"""An answer in words: what list, print, map and command line say of its rows and of the whole."""

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import phonenumbers

from geo.care.american import in_english_text
from geo.care.calibration import Share
from geo.care.find import LISTED, SHOW, Answer
from geo.care.opening_hours import hours_text
from geo.output.calibration_text import share_text
from geo.packs.pack import ASKED, FROM_LIST, Pack, publisher, record_page
from geo.packs.place_words import country_code
from geo.travel.times import MAX_KM, MODES, OFF_ROAD_KM
from geo.units import Units, shown, threshold_number

STATUS_LABELS: Mapping[str, str] = {
    "confirmed": "Confirmed",
    "reported": "Reported",
    "likely": "Likely",
    "unknown": "Unknown",
    "not_offered": "Not offered",
}
#: What a status that may be wrong is; how often it is right is said where that was measured.
_UNPROVED = frozenset({"reported", "likely", "unknown"})
_NOTICE_LABELS = {"visiting": "Visiting team", "planned": "Planned", "outage": "Break in service"}
#: From this many straight km off the published roads on, a reader is told so.
FAR_FROM_ROADS_KM = 10.0
#: From so far off its road on a reader is told that the minutes do not count the way there.
OFF_ROAD_SAID_KM = 0.2
BY: Mapping[str, str] = {
    "road": "by road",
    "straight": "in a straight line",
    "drive": "by car",
    "walk": "on foot",
    "terrain": "over terrain",
}


@dataclass(frozen=True)
class Statement:
    """Something that a source said."""

    text: str
    source: str
    url: str | None


@dataclass(frozen=True)
class Row:
    """One provider of an answer, as list, map, print, files and reports take it.

    Attributes
    ----------
    number
        Its place in the list, from 1; it runs on beyond the threshold.
    farther
        Whether it lies beyond the threshold.
    values
        Everything that the answer's frame has of it: provider, assessment, distances.
    distance, detail
        By the measure of the answer; the others, and the range where one was estimated.
    badges
        Each (kind, text).
    source, source_url
        Who says so, and where.
    record_url
        Its own page in the register; None where there is none.
    basis, against, notices, history, related, services
        What was said, as the assessment sorted it; services are shown and never assessed.
    facts
        Address, hours, and what else is on record of the place.
    share
        How often such a place does it, where the status may be wrong and that was measured;
        `reason` says it too.
    reach
        How to ask before going.
    phone, phone_shown
        E.164, None where none is on record; and as the country writes it, "" then.
    """

    number: int
    farther: bool
    values: Mapping[str, Any]
    distance: str
    detail: str
    badges: tuple[tuple[str, str], ...]
    source: str
    source_url: str | None
    record_url: str | None
    basis: tuple[Statement, ...]
    against: tuple[Statement, ...]
    notices: tuple[Statement, ...]
    history: tuple[Statement, ...]
    related: tuple[Statement, ...]
    services: tuple[Statement, ...]
    facts: str
    reach: str
    phone: str | None
    phone_shown: str
    provider_id: str
    name: str
    status: str
    reason: str
    share: Share | None
    note: str
    lat: float
    lon: float

    @property
    def status_label(self) -> str:
        """The status as shown."""
        return STATUS_LABELS[self.status]

    @property
    def town(self) -> str | None:
        """The town, where the position is only that of its town or postcode; else None."""
        placed = self.values["location_precision"] in _PLACED
        return (_text(self.values["locality"]) or "its town") if placed else None


def distance_text(km: float, units: Units, *, about: bool = False) -> str:
    """A distance for a reader: whole numbers, *about* where something was estimated.

    Examples
    --------
    >>> distance_text(12.498, "km", about=True), distance_text(0.4, "km"), distance_text(50, "mi")
    ('about 12 km', 'under 1 km', '31 mi')
    """
    if pd.isna(km):
        return "distance unknown"
    far = shown(km, units)
    if far < 1:
        return f"under 1 {units}"
    return f"{'about ' if about else ''}{far:.0f} {units}"


def off_road_text(units: Units) -> str:
    """How far from a road nobody is measured."""
    return f"{threshold_number(OFF_ROAD_KM, units)} {units}"


def min_text(minutes: float) -> str:
    """Minutes for a reader: whole ones, hours from two on.

    Examples
    --------
    >>> min_text(0.4), min_text(37.5), min_text(150), min_text(float("nan"))
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


def threshold_text(answer: Answer) -> str:
    """How far an answer looks, e.g. "50 km by road", "30 min by car"."""
    by = BY[answer.measure.name]
    if answer.measure.unit == "min":
        return f"{min_text(answer.within)} {by}"
    return f"{threshold_number(answer.within, answer.units)} {answer.units} {by}"


def date_text(as_of: object, *, basis: object = None) -> str:
    """A date for a reader, e.g. "Nov 2020", "about 2021"; "no date" for NA."""
    if not isinstance(as_of, str):
        return "no date"
    style = {4: "%Y", 7: "%b %Y", 10: "%d %b %Y"}[len(as_of)]
    words = pd.Period(as_of).strftime(style)
    return f"about {words}" if basis == "implied" else words


def answer_rows(answer: Answer, now: dt.datetime | None = None) -> list[Row]:
    """Every row of an answer, numbered through the list and beyond it.

    Parameters
    ----------
    answer
        From `find_care`.
    now
        A time with its zone, to say who is open; hours are left out without it.
    """
    shown = SHOW[answer.search.show]
    beyond = answer.beyond[answer.beyond["status"].isin(shown)]
    extra = answer.related[answer.related["status"].isin(shown)]
    extra = extra[~extra["provider_id"].isin(beyond["provider_id"])]
    beyond = pd.concat([beyond, extra]) if len(extra) else beyond
    parts = [(False, values) for values in plain_rows(answer.results)]
    parts += [(True, values) for values in plain_rows(beyond)]
    writer = _RowWriter(answer, [values for _, values in parts], now)
    return [writer.row(n, farther, values) for n, (farther, values) in enumerate(parts, 1)]


def nearest_rows(rows: Sequence[Row], most: int) -> tuple[list[Row], list[Row]]:
    """The first rows within the threshold, and where there are fewer, the first beyond it."""
    near = [row for row in rows if not row.farther][:most]
    return near, [row for row in rows if row.farther][: most - len(near)]


class _RowWriter:
    """Puts rows of one answer into words; what the rows rest on is looked up once."""

    def __init__(self, answer: Answer, rows: list[dict[str, Any]], now: dt.datetime | None) -> None:
        self._answer, self._now = answer, now
        columns = ("rows", "against", "notices", "history", "related_rows")
        labels = list(dict.fromkeys(x for row in rows for column in columns for x in row[column]))
        evidence = answer.pack.evidence
        evidence = evidence.loc[labels] if labels else evidence.iloc[:0]
        self._statement_of = dict(zip(labels, plain_rows(evidence), strict=True))
        self._services = _services(answer.pack, {row["provider_id"] for row in rows})

    def row(self, number: int, farther: bool, values: Mapping[str, Any]) -> Row:
        """One row."""
        source, url = self._source(values)
        distance, detail = _distances(self._answer, values)
        phone, share = _text(values["phone"]), self._share(values)
        often = f" {share_text(share, self._answer.pack.country)}" if share else ""
        return Row(
            number=number,
            farther=farther,
            values=values,
            distance=distance,
            detail=detail,
            badges=_badges(values),
            source=source,
            source_url=url,
            record_url=record_page(self._answer.pack, values["provider_id"], values["sources"]),
            basis=self._statements(values["rows"]),
            against=self._statements(values["against"]),
            notices=self._statements(values["notices"], notice=True),
            history=self._statements(values["history"]),
            related=self._statements(values["related_rows"]),
            services=tuple(self._services.get(values["provider_id"], ())),
            facts=_facts(values, self._now),
            reach=_reach(self._answer.pack, values, phone),
            phone=phone,
            phone_shown=phone_text(phone, self._answer.pack.country) if phone else "",
            **{key: str(values[key]) for key in ("provider_id", "name", "status")},
            reason=in_english_text(self._answer.pack.country, f"{values['reason']}{often}"),
            share=share,
            note=_text(values.get("note")) or "",
            lat=float(values["lat"]),
            lon=float(values["lon"]),
        )

    def _share(self, values: Mapping[str, Any]) -> Share | None:
        """How often such a status is right, where it may be wrong and that was measured."""
        if values["status"] not in _UNPROVED:
            return None
        measured = self._answer.assessed.calibration
        return measured.share(*(values[c] for c in ("status", "kind", "facility_type")))

    def _source(self, values: Mapping[str, Any]) -> tuple[str, str | None]:
        """Who says so and when, and where: the first statement, else the provider's register."""
        if values["rows"]:
            first = self._statement_of[values["rows"][0]]
            when = date_text(first["as_of"], basis=first["as_of_basis"])
            return _source_text(self._answer.pack, first, when), _text(first["url"])
        when = date_text(values["source_as_of"])
        # A register that only knows its year is dated roughly.
        about = "about " if re.fullmatch(r"\d{4}", str(values["source_as_of"])) else ""
        return f"{values['source_title']}, {about}{when}", _text(values["source_url"])

    def _statements(self, labels: Any, *, notice: bool = False) -> tuple[Statement, ...]:
        statements = []
        for row in (self._statement_of[label] for label in labels):
            text = row["statement"]
            if notice:
                named = (_text(row[c]) for c in ("procedure", "specialty", "service"))
                service = next(filter(None, named), None)
                text = f"{_NOTICE_LABELS[row['status']]}, {str(service).replace('-', ' ')}: {text}"
            if pd.notna(row["volume"]):
                text += f" ({row['volume']} patients in the year; others may not be counted)"
            when = date_text(row["as_of"], basis=row["as_of_basis"])
            text = text if text.endswith((".", "!", "?")) else f"{text}."
            source = _source_text(self._answer.pack, row, when)
            statements.append(Statement(text, source, _text(row["url"])))
        return tuple(statements)


def _badges(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a reader must know of the status at a glance: (kind, text)."""
    badges: list[tuple[str, str]] = []
    if values["old"] is None:
        badges.append(("nodate", "No date"))
    elif values["old"] and isinstance(values["as_of"], str):
        badges.append(("old", f"Old: {values['as_of'][:4]}"))
    if values["disputed"]:
        badges.append(("against", "Sources disagree"))
    elif values["contrary"]:
        badges.append(("against", "Another source disagrees"))
    if values["related"]:
        badges.append(("related", "Related service"))
    return tuple(badges)


#: A place that is known to its town or postcode only may be so far from where it is shown.
ROUGH_KM = 3.0
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
        parts.append(hours_text(row["opening_hours"], row["lat"], row["lon"], now))
    parts += [words for column, words in _YES.items() if row[column] is True]
    if isinstance(row["languages"], list):
        parts.append(f"speaks {', '.join(row['languages'])}")
    return " · ".join(filter(None, parts))


def phone_text(number: str, country: str) -> str:
    """A telephone number as its country writes it; with the country's prefix from abroad.

    Parameters
    ----------
    number
        E.164.
    country
        Of the reader, by name.

    Examples
    --------
    >>> phone_text("+12078793000", "the United States"), phone_text("+12078793000", "Bhutan")
    ('(207) 879-3000', '+1 207-879-3000')
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    if phonenumbers.region_code_for_number(parsed) == country_code(country):
        form = phonenumbers.PhoneNumberFormat.NATIONAL
    return str(phonenumbers.format_number(parsed, form))


def _reach(pack: Pack, row: Mapping[str, Any], phone: str | None) -> str:
    if phone:
        return f"Call first: {phone_text(phone, pack.country)}."
    helper = f" The {pack.emergency_name.split(':')[0]} ({pack.emergency_number}) may help."
    website = _text(row["website"])
    if website:
        return f"No phone number is on record; ask at {website}."
    return "No phone number is on record." + (helper if pack.emergency_name else "")


def _distances(answer: Answer, row: Mapping[str, Any]) -> tuple[str, str]:
    """How far by the measure of the answer, and what else is known of the distance."""
    units = answer.units

    def told(km: float, *, about: bool = False) -> str:
        # Rounding must not put a row on the other side of the radius.
        far, radius = shown(km, units), shown(answer.radius_km, units)
        if round(far) <= radius < far:
            digits = next((n for n in range(1, 9) if round(far, n) > radius), 9)
            return f"{'about ' if about else ''}{far:.{digits}f} {units}"
        return distance_text(km, units, about=about)

    rough = row["location_precision"] in _PLACED
    straight = f"{told(row['distance_km'], about=rough)} in a straight line"
    town = _text(row["locality"])
    if rough and town:
        # It stands at its town or postcode: nobody knows how far it is within that.
        near = row["distance_km"] < ROUGH_KM
        straight = f"in {town}" if near else f"in {town}, {straight}"
    measure, detour = answer.measure, answer.pack.detour
    if measure.unit == "min":
        way = _way(measure.name, row, units)
        return _timed(answer, row), "; ".join(filter(None, [way, straight]))
    by_road = measure.column == "road_km"
    if pd.isna(row["road_km"]) or detour is None:
        return straight, "no road on record" if by_road else ""
    road = f"{told(row['road_km'], about=row['road_about'])} by road"
    low, high = (f"{shown(row[column], units):.0f}" for column in ("road_low_km", "road_high_km"))
    differ = row["road_about"] and low != high
    spread = f"estimates run from {low} to {high} {units}" if differ else ""
    off_road_km = (row["road_high_km"] - row["road_low_km"]) / (detour.high - detour.low)
    if off_road_km > FAR_FROM_ROADS_KM and detour.median * off_road_km > row["road_km"] / 2:
        spread += ", and no road is published for most of the way"
    if by_road:
        return road, "; ".join(filter(None, [straight, spread]))
    return straight, "; ".join(filter(None, [road, spread]))


def _timed(answer: Answer, row: Mapping[str, Any]) -> str:
    """How long it takes; rounding must not put a row on the other side of the threshold."""
    time, by = row["minutes"], BY[answer.measure.name]
    if pd.isna(time):
        far = row["distance_km"] > MAX_KM.get(answer.measure.name, math.inf)
        return "farther than is measured" if far else f"no way {by}"
    if round(time) <= answer.within < time:
        return f"just over {min_text(answer.within)} {by}"
    return f"{min_text(time)} {by}"


def _way(mode: str, row: Mapping[str, Any], units: Units) -> str:
    """The way that the minutes are of, and what they leave out."""
    if mode not in MODES:
        return ""
    off = row["off_road_km"]
    if pd.isna(off) or off > OFF_ROAD_KM:
        return f"no road within {off_road_text(units)} of it is on the map"
    if pd.isna(row["minutes"]):
        return "" if row["distance_km"] > MAX_KM[mode] else "no road on the map leads there"
    far, rest = shown(row["route_km"], units), shown(off, units)
    way = f"{far:.{1 if far < 10 else 0}f} {units} to {mode}"
    if off < OFF_ROAD_SAID_KM:
        return way
    return f"{way}, and {rest:.1f} {units} from there to the place"


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, with column names as text."""
    names = [str(name) for name in frame.columns]
    if frame.empty:
        return []
    columns = [column.tolist() for _, column in frame.items()]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _services(pack: Pack, providers: set[str]) -> dict[str, list[Statement]]:
    """What else is on record of providers: shown, never assessed."""
    evidence = pack.evidence
    if evidence["service"].isna().all():
        return {}
    rows = evidence[evidence["service"].notna() & evidence["provider_id"].isin(providers)]
    services: dict[str, list[Statement]] = {}
    for row in plain_rows(rows):
        when = date_text(row["as_of"], basis=row["as_of_basis"])
        name = row["service"].replace("-", " ")
        name = name.upper() if len(name) <= len("ESWL") else name.capitalize()
        text = f"{name}: {row['statement']}."
        source = _source_text(pack, row, when)
        statement = Statement(text, source, _text(row["url"]))
        services.setdefault(row["provider_id"], []).append(statement)
    return services


def _source_text(pack: Pack, row: Mapping[str, Any], when: str) -> str:
    """Who published a statement and when; an answer to a call has no publisher."""
    note = str(row["note"])
    who = publisher(pack, _text(row["url"]))
    if note.startswith(ASKED):
        who = "Asked and recorded here"
    elif not who and note.startswith(FROM_LIST):
        who = pack.sources[note.removeprefix(FROM_LIST)].title
    return f"{who}, {when}" if who else when


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def count_text(answer: Answer) -> tuple[str, str]:
    """Say how many were found: what is proved first, then the rest.

    Returns
    -------
    tuple of str
        The lead, to be set strong, and what follows it.
    """
    lead, rest = _counted(answer)
    if answer.not_measured:
        rest += (
            f" Only the nearest in a straight line were measured: {answer.not_measured:,} more lie "
            "where they might be in reach."
        )
    if answer.off_road_km >= OFF_ROAD_SAID_KM:
        off = f"{shown(answer.off_road_km, answer.units):.1f} {answer.units}"
        rest += f" {answer.place.name} is {off} from where the minutes begin."
    return lead, rest.strip()


def _counted(answer: Answer) -> tuple[str, str]:
    """How many were found."""
    counts, pack, kind = answer.counts, answer.pack, answer.procedure.kind
    within = f"within {threshold_text(answer)}"
    proved = counts["confirmed"] + counts["reported"]
    named = [f"{counts[s]:,} {s}" for s in LISTED if counts[s]]
    rest = f"{', '.join(named)} {within}." if named else f"Nobody who may do it is known {within}."
    places = "place is" if proved == 1 else "places are"
    if answer.assessed.narrowed and not proved:
        # What the filters left out may well be proved: nothing is said of it.
        if not named:
            return f"Nobody {within} passes your filters.", ""
        return "None who pass your filters have it confirmed or reported.", rest
    if answer.procedure.by_type:
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
    what = "this procedure" if kind == "procedure" else "it"
    return f"Nobody has confirmed or reported {what} in {pack.country}.", rest


def outside_text(answer: Answer) -> str:
    """Say that a place lies far outside the country, where even the number may differ; else ""."""
    if not answer.outside_km:
        return ""
    pack, far = answer.pack, shown(answer.outside_km, answer.units)
    return (
        f"This place is about {far:,.0f} {answer.units} outside {pack.country}, and nothing is "
        "known there. In an emergency call the number of the country where you are."
    )


def seen_at_text(answer: Answer) -> tuple[str, str] | None:
    """The nearest hospital where one can at least be seen, and how far; None if there is none."""
    if answer.seen_at.empty:
        return None
    row = plain_rows(answer.seen_at)[0]
    return row["name"], _distances(answer, row)[0]


def farther_text(answer: Answer) -> str:
    """The heading over the rows beyond the radius."""
    return f"Farther than {threshold_text(answer)}"
