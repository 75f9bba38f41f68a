"""Answers in words and files: the lines of a list, a printable page, CSV, GeoJSON, JSON.

The list on the page, the print view, the map and the command line all say what `describe` says.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from geo.find import LISTED, Answer
from geo.packs import Pack, publisher
from geo.procedures import inline_html, section_html
from geo.text import escape

__all__ = [
    "STATUS_WORDS",
    "Line",
    "Statement",
    "answer_csv",
    "answer_geojson",
    "answer_json",
    "count_words",
    "describe",
    "km_words",
    "picture_html",
    "print_html",
    "seen_at_words",
]

STATUS_WORDS: Mapping[str, str] = {
    "confirmed": "Confirmed",
    "reported": "Reported",
    "likely": "Likely",
    "unknown": "Unknown",
    "not_offered": "Not offered",
}
_NOTICE_WORDS = {"visiting": "Visiting team", "planned": "Planned", "outage": "Break in service"}
_BY = {"road": "by road", "straight": "in a straight line"}
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")


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
    phone: str | None
    reach: str
    lat: float
    lon: float
    farther: bool

    @property
    def sentence(self) -> str:
        """The line in one sentence, for a tooltip or a screen reader."""
        return f"{self.number}. {self.name}: {self.status_words.lower()}, {self.distance}"


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


def date_words(as_of: object, *, basis: object = None) -> str:
    """A date for a reader, e.g. "Nov 2020", "about 2021"; "no date" for NA."""
    if not isinstance(as_of, str):
        return "no date"
    style = {4: "%Y", 7: "%b %Y", 10: "%d %b %Y"}[len(as_of)]
    words = pd.Period(as_of).strftime(style)
    return f"about {words}" if basis == "implied" else words


def describe(answer: Answer) -> list[Line]:
    """Put every row of an answer into words, numbered through the list and beyond it."""
    known = set(answer.beyond["provider_id"])
    extra = answer.related[~answer.related["provider_id"].isin(known)]
    beyond = pd.concat([answer.beyond, extra]) if len(extra) else answer.beyond
    rows = [(False, row) for row in _dicts(answer.results)]
    rows += [(True, row) for row in _dicts(beyond)]
    said = _said(answer.pack, [row for _, row in rows])
    return [_line(answer, said, n, row, far) for n, (far, row) in enumerate(rows, 1)]


def _said(pack: Pack, rows: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Every statement that the rows rest on, by its label, looked up once."""
    labels = list(
        dict.fromkeys(
            label
            for row in rows
            for column in ("rows", "against", "notices", "history")
            for label in row[column]
        )
    )
    return dict(zip(labels, _dicts(pack.evidence.loc[labels]), strict=True))


def _line(
    answer: Answer,
    said: Mapping[Any, Mapping[str, Any]],
    number: int,
    row: Mapping[str, Any],
    farther: bool,
) -> Line:
    pack = answer.pack
    basis = _statements(pack, said, row["rows"])
    if basis:
        first = said[row["rows"][0]]
        when = date_words(first["as_of"], basis=first["as_of_basis"])
        source, url = f"{publisher(pack, first['url'])}, {when}", _text(first["url"])
    else:
        when = date_words(row["source_as_of"])
        # A register that only knows its year is dated roughly.
        about = "about " if len(str(row["source_as_of"])) == 4 else ""
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
        phone=phone,
        reach=_reach(pack, row, phone),
        lat=row["lat"],
        lon=row["lon"],
        farther=farther,
    )


def _reach(pack: Pack, row: Mapping[str, Any], phone: str | None) -> str:
    if phone:
        return f"Call first: {phone}."
    helper = f" The {pack.emergency_name.split(':')[0]} ({pack.emergency_number}) may help."
    website = _text(row["website"])
    if website:
        return f"No phone number is on record; ask at {website}."
    return "No phone number is on record." + (helper if pack.emergency_name else "")


def _distances(answer: Answer, row: Mapping[str, Any]) -> tuple[str, str]:
    straight = f"{km_words(row['distance_km'])} in a straight line"
    if pd.isna(row["road_km"]):
        return straight, "" if answer.measure == "straight" else "no road on record"
    road = f"{km_words(row['road_km'], about=row['road_about'])} by road"
    spread = ""
    if row["road_about"] and f"{row['road_low_km']:.0f}" != f"{row['road_high_km']:.0f}":
        spread = f", estimate {row['road_low_km']:.0f} to {row['road_high_km']:.0f} km"
    if answer.measure == "road":
        return road, straight + (f"; by road{spread[1:]}" if spread else "")
    return straight, road + spread


def _statements(
    pack: Pack, said: Mapping[Any, Mapping[str, Any]], labels: Any, *, notice: bool = False
) -> tuple[Statement, ...]:
    found = []
    for row in (said[label] for label in labels):
        text = row["statement"]
        if notice:
            text = f"{_NOTICE_WORDS[row['status']]}: {text}"
        if pd.notna(row["volume"]):
            text += f" ({row['volume']} patients in the year; others may not be counted)"
        when = date_words(row["as_of"], basis=row["as_of_basis"])
        found.append(Statement(text, f"{publisher(pack, row['url'])}, {when}", _text(row["url"])))
    return tuple(found)


def _dicts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def count_words(answer: Answer) -> tuple[str, str]:
    """Say how many were found: what is proved first, then the rest.

    Returns
    -------
    tuple of str
        The lead, to be set strong, and what follows it.
    """
    counts, pack, kind = answer.counts, answer.pack, answer.procedure.kind
    within = f"within {answer.radius_km:g} km {_BY[answer.measure]}"
    named = [f"{counts[s]:,} {s}" for s in LISTED if counts[s]]
    rest = f"{', '.join(named)} {within}." if named else f"Nobody who may do it is known {within}."
    proved = counts["confirmed"] + counts["reported"]
    if proved:
        return f"{proved:,} {'place is' if proved == 1 else 'places are'} on record.", rest
    if kind == "condition":
        return "A list can only say who is likely to treat this.", rest
    if answer.beyond["status"].isin(LISTED[:2]).any():
        return f"Nobody {within} has confirmed or reported it.", rest
    if kind == "care":
        return f"No place of this kind is in the data for {pack.country}.", ""
    return f"Nobody has confirmed or reported this procedure in {pack.country}.", rest


def seen_at_words(answer: Answer) -> tuple[str, str] | None:
    """The nearest hospital where one can at least be seen, and how far; None if there is none."""
    if answer.seen_at.empty:
        return None
    row = _dicts(answer.seen_at)[0]
    return row["name"], _distances(answer, row)[0]


def picture_html(procedure: Any) -> str:
    """Icon arrays as HTML, each with its words as the text equivalent."""
    blocks = []
    for picture in procedure.pictures:
        bars = []
        for bar in picture.bars:
            words = f"{bar['label']}: {bar['count']} of 100"
            bars.append(
                f'<div class="cr-bar"><strong>{escape(words)}</strong>'
                f"<span>{escape(bar['detail'])}</span>{_dots_html(bar['count'])}</div>"
            )
        note = inline_html(procedure, picture.note, picture.cite)
        blocks.append(
            f'<div class="cr-picture"><h3>{escape(picture.title)}</h3>'
            f'<div class="cr-bars">{"".join(bars)}</div><p class="cr-note">{note}</p></div>'
        )
    return "".join(blocks)


def _dots_html(count: int) -> str:
    """A hundred dots, so many of them filled: whole rows, then the rest of one."""
    rows, rest = divmod(count, 10)
    return (
        '<div class="cr-dots" aria-hidden="true">'
        f'<i style="height:{10 * rows}%"></i>'
        f'<i style="top:{10 * rows}%;height:10%;width:{10 * rest}%"></i></div>'
    )


def print_html(answer: Answer, today: dt.date) -> str:
    """The list and the short form of the explainer, as HTML for one or two printed pages."""
    procedure, pack = answer.procedure, answer.pack
    lead, rest = count_words(answer)
    seen = seen_at_words(answer)
    flags = procedure.red_flags
    parts = [
        f"<h1>{escape(procedure.title)} near {escape(answer.place.label)}</h1>",
        f'<p class="cr-flags"><strong>Get help now: {escape(pack.emergency_number)}</strong> '
        f"{escape(flags['lead'])} {escape(', '.join(flags['signs']))}. "
        f"{escape(flags.get('also') or '')}</p>",
        f"<p><strong>First step:</strong> {inline_html(procedure, procedure.first_step)}"
        + (
            f" Nearest hospital where you can be seen: <strong>{escape(seen[0])}</strong>, "
            f"{escape(seen[1])}."
            if seen
            else ""
        )
        + "</p>",
        f"<p><strong>{escape(lead)}</strong> {escape(rest)}</p>",
    ]
    lines = describe(answer)
    for far, heading in ((False, ""), (True, farther_heading(answer))):
        chosen = [line for line in lines if line.farther == far]
        if not chosen:
            continue
        if heading:
            parts.append(f"<h2>{escape(heading)}</h2>")
        parts.append(f'<ol start="{chosen[0].number}">')
        parts += [_print_line(line) for line in chosen]
        parts.append("</ol>")
    parts.append(f"<h2>About: {escape(procedure.title)}</h2>")
    parts.append(section_html(procedure, "What it is"))
    parts.append(picture_html(procedure))
    for heading in ("Who does it", "The day", "Questions to ask"):
        parts.append(f"<h3>{escape(heading)}</h3>" + section_html(procedure, heading))
    reviewed = (
        f"reviewed by {procedure.reviewed_by}"
        if procedure.reviewed_by
        else ("not yet reviewed by a clinician")
    )
    sources = "; ".join(
        f"{i}. {escape(c.authors)} {escape(c.year)}"
        for i, c in enumerate(procedure.citations.values(), 1)
    )
    parts.append(
        f'<p class="cr-note">Printed {today.isoformat()}. Data: {escape(pack.title)}, version '
        f"{escape(pack.version)}. Text written {escape(procedure.written)}, {escape(reviewed)}. "
        f"No substitute for care. Sources: {sources}.</p>"
    )
    return f'<article class="cr-print">{"".join(parts)}</article>'


def farther_heading(answer: Answer) -> str:
    """The heading over the rows beyond the radius."""
    return f"Farther than {answer.radius_km:g} km {_BY[answer.measure]}"


def _print_line(line: Line) -> str:
    badges = "; ".join(words for _, words in line.badges)
    against = "".join(f"<br>Against: {escape(s.text)} ({escape(s.source)})." for s in line.against)
    notices = "".join(f"<br>{escape(s.text)} ({escape(s.source)})." for s in line.notices)
    return (
        f"<li><strong>{escape(line.name)}</strong>, {escape(line.distance)}"
        f" <small>({escape(line.detail)})</small><br>{escape(line.status_words)}"
        f"{'; ' + escape(badges) if badges else ''}. {escape(line.reason)} "
        f"{escape(line.source)}.{against}{notices}<br>{escape(line.reach)}</li>"
    )


def _records(answer: Answer) -> list[dict[str, Any]]:
    """Rows of the list and beyond, as plain values for files."""
    return [
        {
            "number": line.number,
            "provider_id": line.provider_id,
            "name": line.name,
            "status": line.status,
            "farther": line.farther,
            "distance": line.distance,
            "detail": line.detail,
            "reason": line.reason,
            "source": line.source,
            "source_url": line.source_url or "",
            "notes": "; ".join(words for _, words in line.badges),
            "against": "; ".join(f"{s.text} ({s.source})" for s in line.against),
            "notices": "; ".join(f"{s.text} ({s.source})" for s in line.notices),
            "phone": line.phone or "",
            "lat": line.lat,
            "lon": line.lon,
        }
        for line in describe(answer)
    ]


def _guarded(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_START):
        return "'" + value
    return value


def answer_csv(answer: Answer) -> str:
    """The list as CSV; a cell that a spreadsheet would run is guarded by an apostrophe."""
    records = _records(answer)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if records:
        writer.writerow(records[0])
        writer.writerows([_guarded(v) for v in record.values()] for record in records)
    return out.getvalue()


def answer_geojson(answer: Answer) -> str:
    """The list as GeoJSON points, EPSG:4326."""
    features = [
        {
            "type": "Feature",
            "id": record["provider_id"],
            "properties": {k: v for k, v in record.items() if k not in ("lat", "lon")},
            "geometry": {"type": "Point", "coordinates": [record["lon"], record["lat"]]},
        }
        for record in _records(answer)
    ]
    collection = {"type": "FeatureCollection", "features": features, "about": _about(answer)}
    return json.dumps(collection, ensure_ascii=False, indent=1)


def _about(answer: Answer) -> dict[str, Any]:
    return {
        "procedure": answer.procedure.slug,
        "place": {
            "label": answer.place.label,
            "kind": answer.place.kind,
            "lat": answer.place.lat,
            "lon": answer.place.lon,
        },
        "radius_km": answer.radius_km,
        "measure": answer.measure,
        "order": answer.order,
        "pack": {
            "name": answer.pack.name,
            "version": answer.pack.version,
            "hash": answer.pack.hash,
        },
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """The whole answer as plain values: the command line's `--format json`."""
    lines = {line.provider_id: line for line in describe(answer)}

    def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
        return [_json_row(row, lines[row["provider_id"]]) for row in _dicts(frame)]

    beyond: dict[str, Any] = {
        status: rows(answer.beyond[answer.beyond["status"] == status]) for status in LISTED
    }
    seen = [
        {key: _plain(row[key]) for key in ("provider_id", "name", *_DISTANCES, "lat", "lon")}
        for row in _dicts(answer.seen_at)
    ]
    return {
        **_about(answer),
        "show": answer.show,
        "results": rows(answer.results),
        "beyond": {**beyond, "related": rows(answer.related)},
        "seen_at": seen[0] if seen else None,
        "counts": dict(answer.counts),
        "sources": [
            {"name": s.name, "title": s.title, "as_of": s.as_of, "path": s.path}
            for s in answer.pack.sources.values()
        ],
    }


_DISTANCES = ("distance_km", "road_km", "road_low_km", "road_high_km", "road_about")


def _json_row(row: Mapping[str, Any], line: Line) -> dict[str, Any]:
    keys = ("provider_id", "name", "kind", "status", "disputed", "contrary", "old", "reason")
    return {
        **{key: _plain(row[key]) for key in keys},
        "related": bool(row["related"]),
        "notices": [s.text for s in line.notices],
        "against": [{"text": s.text, "source": s.source, "url": s.url} for s in line.against],
        **{key: _plain(row[key]) for key in (*_DISTANCES, "lat", "lon", "phone")},
        "source": line.source,
        "source_url": line.source_url,
        "as_of": _plain(row["as_of"]),
    }


def _plain(value: Any) -> Any:
    """A JSON value: NA becomes null, distances keep metres."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, float):
        return round(value, 3)
    return value.item() if hasattr(value, "item") else value
