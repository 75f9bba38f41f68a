"""Answers as files: CSV, GeoJSON, JSON."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from geo.find import LISTED, Answer
from geo.words import Line, records_of

__all__ = [
    "answer_csv",
    "answer_geojson",
    "answer_json",
]

#: A spreadsheet takes a cell that starts so for a formula.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
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
