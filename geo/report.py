"""Answers as files: HTML for the page and for paper, CSV, GeoJSON, JSON."""

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from geo.find import LISTED, Answer
from geo.packs import Pack
from geo.procedures import Procedure, inline_html, section_html
from geo.text import escape
from geo.words import (
    Line,
    count_words,
    farther_words,
    outside_words,
    records_of,
    seen_at_words,
)

__all__ = [
    "answer_csv",
    "answer_geojson",
    "answer_json",
    "picture_html",
    "print_html",
    "reviewed_words",
    "short_form_html",
    "sources_html",
    "urgent_html",
]

#: A spreadsheet takes a cell that starts so for a formula.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
#: The sections of the short form, beside the picture.
_SHORT = ("What it is", "Who does it", "The day")


def urgent_html(procedure: Procedure, pack: Pack, seen: tuple[str, str] | None) -> str:
    """Red flags with the emergency number, and the first step.

    Parameters
    ----------
    procedure
        What is asked about.
    pack
        Whose emergency number counts.
    seen
        The nearest hospital and how far it is, from `seen_at_words`.
    """
    flags, number = procedure.red_flags, escape(pack.emergency_number)
    *most, last = flags["signs"]
    signs = ", or ".join(filter(None, [", ".join(most), last]))
    marks = inline_html(procedure, "", tuple(flags["cite"]))
    first = inline_html(procedure, procedure.first_step, procedure.first_step_cite)
    nearest = (
        f"<br>Nearest hospital where you can be seen: <strong>{escape(seen[0])}</strong>, "
        f"{escape(seen[1])}."
        if seen
        else ""
    )
    return (
        '<div class="cr-urgent"><section class="cr-flags" aria-label="Emergency">'
        f'<strong>Get help now: <a href="tel:{number}">{number}</a></strong> '
        f"{escape(flags['lead'])} {escape(signs)}. "
        f"{escape(flags.get('also') or '')}{marks}</section>"
        '<section class="cr-first" aria-label="First step"><strong>First step:</strong> '
        f"{first}{nearest}</section></div>"
    )


def short_form_html(procedure: Procedure) -> str:
    """The short form of an entry: what it is, its numbers, who does it, the day, the sources."""
    what, who, day = (section_html(procedure, heading) for heading in _SHORT)
    text = (
        f"<h2>What is {escape(_with_article(procedure))}?</h2>{what}{picture_html(procedure)}"
        f"<h3>{_SHORT[1]}</h3>{who}<h3>{_SHORT[2]}</h3>{day}"
    )
    marks = inline_html(procedure, "", (*procedure.red_flags["cite"], *procedure.first_step_cite))
    used = "".join(
        f'<li value="{number}">{escape(source.authors)} ({escape(source.year)}). '
        f"{escape(source.title)}.</li>"
        for number, source in enumerate(procedure.citations.values(), 1)
        if f">{number}</sup>" in text + marks
    )
    return f"{text}<details><summary>The numbered sources</summary><ol>{used}</ol></details>"


def _with_article(procedure: Procedure) -> str:
    title = procedure.title[:1].lower() + procedure.title[1:]
    if procedure.kind != "procedure":
        return title
    return f"{'an' if title[0] in 'aeiou' else 'a'} {title}"


def sources_html(procedure: Procedure) -> str:
    """Every source of an entry, numbered like its footnotes."""
    items = [
        f"<li>{escape(source.authors)} ({escape(source.year)}). {escape(source.title)}. "
        f'{escape(source.publisher)}. <a href="{escape(source.address)}" rel="noreferrer" '
        f'target="_blank">{escape(source.address)}</a>. Supports: {escape(source.supports)}. '
        f"Read: {escape(source.read)}.</li>"
        for source in procedure.citations.values()
    ]
    return f"<ol>{''.join(items)}</ol>"


def reviewed_words(procedure: Procedure) -> str:
    """When the text was written and who has checked it."""
    who = procedure.reviewed_by
    state = f"reviewed by {who}" if who else "not yet reviewed by a clinician"
    return f"Written {procedure.written}, {state}; next review due {procedure.next_review}."


def picture_html(procedure: Procedure) -> str:
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


def print_html(answer: Answer, lines: list[Line], today: dt.date) -> str:
    """The list and the short form of the explainer, as HTML for paper.

    Parameters
    ----------
    answer
        What was found.
    lines
        The same in words, from `words.describe`.
    today
        The day of printing.
    """
    procedure, pack = answer.procedure, answer.pack
    lead, rest = count_words(answer)
    parts = [
        f"<h1>{escape(procedure.title)} near {escape(answer.place.label)}</h1>",
        urgent_html(procedure, pack, seen_at_words(answer)),
        f"<p><strong>{escape(lead)}</strong> {escape(rest)} {escape(outside_words(answer))}</p>",
    ]
    for far, heading in ((False, ""), (True, farther_words(answer))):
        chosen = [line for line in lines if line.farther == far]
        if chosen:
            title = f"<h2>{escape(heading)}</h2>" if heading else ""
            rows = "".join(_print_line(line) for line in chosen)
            parts.append(f'{title}<ol start="{chosen[0].number}">{rows}</ol>')
    reach = dict.fromkeys(line.reach for line in lines if not line.phone)
    parts += [f"<p>{escape(words)}</p>" for words in reach]
    questions = section_html(procedure, "Questions to ask")
    parts += [short_form_html(procedure), "<h3>Questions to ask</h3>", questions]
    return (
        f'<article class="cr-print">{"".join(parts)}<p class="cr-note">'
        f"Printed {today.isoformat()}. Data: {escape(pack.title)}, version "
        f"{escape(pack.version)}. {escape(reviewed_words(procedure))} No substitute for care.</p>"
        "</article>"
    )


def _print_line(line: Line) -> str:
    badges = "; ".join(words for _, words in line.badges)
    against = "".join(f"<br>Against: {escape(s.text)} ({escape(s.source)})." for s in line.against)
    notices = "".join(f"<br>{escape(s.text)} ({escape(s.source)})." for s in line.notices)
    reach = f"<br>{escape(line.reach)}" if line.phone else ""
    detail = f" <small>({escape(line.detail)})</small>" if line.detail else ""
    return (
        f"<li><strong>{escape(line.name)}</strong>, {escape(line.distance)}{detail}"
        f"<br>{escape(line.status_words)}{'; ' + escape(badges) if badges else ''}. "
        f"{escape(line.reason)} {escape(line.source)}.{against}{notices}{reach}</li>"
    )


_DISTANCES = ("distance_km", "road_km", "road_low_km", "road_high_km", "road_about")
#: The columns of a downloaded list.
_COLUMNS = (
    *("number", "provider_id", "name", "status", "farther", *_DISTANCES, "reason", "source"),
    *("source_url", "as_of", "badges", "against", "notices", "phone", "lat", "lon"),
    *("procedure", "place", "radius_km", "measure", "pack", "pack_version"),
)


def _records(answer: Answer, lines: list[Line]) -> list[dict[str, Any]]:
    """Rows of the list and beyond, as plain values for files."""
    rows = records_of(pd.concat([answer.results, answer.beyond, answer.related]))
    raw = {row["provider_id"]: row for row in rows}
    asked = {
        "procedure": answer.procedure.slug,
        "place": answer.place.label,
        "radius_km": answer.radius_km,
        "measure": answer.measure,
        "pack": answer.pack.name,
        "pack_version": answer.pack.version,
    }
    return [
        {
            "number": line.number,
            "provider_id": line.provider_id,
            "name": line.name,
            "status": line.status,
            "farther": line.farther,
            **{key: _plain(raw[line.provider_id][key]) for key in _DISTANCES},
            "reason": line.reason,
            "source": line.source,
            "source_url": line.source_url,
            "as_of": _plain(raw[line.provider_id]["as_of"]),
            "badges": "; ".join(badge for _, badge in line.badges),
            "against": "; ".join(f"{s.text} ({s.source})" for s in line.against),
            "notices": "; ".join(f"{s.text} ({s.source})" for s in line.notices),
            "phone": line.phone,
            "lat": line.lat,
            "lon": line.lon,
            **asked,
        }
        for line in lines
    ]


def _guarded(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_START):
        return "'" + value
    return value


def answer_csv(answer: Answer, lines: list[Line]) -> str:
    """The list as CSV; a cell that a spreadsheet would run is guarded by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for record in _records(answer, lines):
        writer.writerow([_guarded(record[column]) for column in _COLUMNS])
    return out.getvalue()


def answer_geojson(answer: Answer, lines: list[Line]) -> str:
    """The list as GeoJSON points, EPSG:4326."""
    features = [
        {
            "type": "Feature",
            "id": record["provider_id"],
            "properties": {k: v for k, v in record.items() if k not in ("lat", "lon")},
            "geometry": {"type": "Point", "coordinates": [record["lon"], record["lat"]]},
        }
        for record in _records(answer, lines)
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


def answer_json(answer: Answer, lines: list[Line]) -> dict[str, Any]:
    """The whole answer as plain values: the command line's `--format json`."""
    said = {line.provider_id: line for line in lines}

    def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
        rows = (row for row in records_of(frame) if row["provider_id"] in said)
        return [_json_row(row, said[row["provider_id"]]) for row in rows]

    beyond: dict[str, Any] = {
        status: rows(answer.beyond[answer.beyond["status"] == status]) for status in LISTED
    }
    seen = [
        {key: _plain(row[key]) for key in ("provider_id", "name", *_DISTANCES, "lat", "lon")}
        for row in records_of(answer.seen_at)
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


def _json_row(row: Mapping[str, Any], line: Line) -> dict[str, Any]:
    keys = ("provider_id", "name", "kind", "status", "disputed", "contrary", "old", "reason")
    return {
        **{key: _plain(row[key]) for key in keys},
        "related": bool(row["related"]),
        "notices": [f"{s.text} ({s.source})" for s in line.notices],
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
