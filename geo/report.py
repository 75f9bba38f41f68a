"""Answers as files: tables, maps and one-page summaries, with everything they depend on."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from geo.coverage import Coverage, access_scores
from geo.coverage_words import SUPPLY_WORDS, detour_words, lead_words, percent_words, within_words
from geo.entries import Procedure
from geo.find import LISTED, Answer
from geo.packs import read_shapes
from geo.text import escape, guarded
from geo.version import VERSION
from geo.words import Line, records_of

__all__ = [
    "answer_csv",
    "answer_geojson",
    "answer_json",
    "call_needs",
    "call_script_html",
    "coverage_about",
    "coverage_areas",
    "coverage_csv",
    "coverage_geojson",
    "coverage_geoparquet",
    "coverage_json",
    "coverage_table",
    "coverage_xlsx",
    "summary_html",
]

_ESTIMATES = "Road distances are estimates where no distance is published; times are not known."
_TIMES = (
    "Minutes are measured on OpenStreetMap's roads without traffic, waiting or weather; a road "
    "that nobody has mapped is missing."
)
#: What the figures cannot tell: on the summary, and in the workbook and the GeoJSON.
LIMITS = (
    "A place counts by what public sources say of it, not by how good it is or how long one waits.",
    "Everybody of a demand point is taken to live at one spot, and to go to the nearest place.",
    _ESTIMATES,
    "Shares are of the people in the pack; its description says who is not in it.",
    "A new place takes staff, not a pin on a map.",
)
_DISTANCES = ("distance_km", "road_km", "road_low_km", "road_high_km", "road_about")
#: The columns of a downloaded list.
_COLUMNS = (
    *("number", "provider_id", "name", "status", "farther", *_DISTANCES, "reason", "source"),
    *("source_url", "as_of", "badges", "against", "notices", "phone", "lat", "lon"),
    *("procedure", "place", "radius_km", "measure", "pack", "pack_version"),
)
#: What a row has where minutes were asked for.
_TIMED = ("minutes", "route_km", "off_road_km")
_TIMED_COLUMNS = (*_COLUMNS, *_TIMED, "within_min")


def _records(answer: Answer, lines: list[Line]) -> list[dict[str, Any]]:
    """Rows of the list and beyond, as plain values for files."""
    rows = records_of(pd.concat([answer.results, answer.beyond, answer.related]))
    raw = {row["provider_id"]: row for row in rows}
    asked = {
        "procedure": answer.procedure.slug,
        "place": answer.place.label,
        "radius_km": answer.radius_km,
        "measure": answer.measure,
        **({} if answer.within_min is None else {"within_min": answer.within_min}),
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
            **_far(raw[line.provider_id]),
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


def answer_csv(answer: Answer, lines: list[Line]) -> str:
    """The list as CSV; a cell that a spreadsheet would run is guarded by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = _COLUMNS if answer.within_min is None else _TIMED_COLUMNS
    writer.writerow(columns)
    for record in _records(answer, lines):
        writer.writerow([guarded(record[column]) for column in columns])
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
        **({} if answer.within_min is None else {"within_min": answer.within_min}),
        "measure": answer.measure,
        **({"trouble": answer.trouble} if answer.trouble else {}),
        **({"not_measured": answer.cut} if answer.cut else {}),
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
        {
            **{key: _plain(row[key]) for key in ("provider_id", "name", "lat", "lon")},
            **_far(row),
        }
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
        **_far(row),
        **{key: _plain(row[key]) for key in ("lat", "lon", "phone")},
        "source": line.source,
        "source_url": line.source_url,
        "as_of": _plain(row["as_of"]),
    }


def _far(row: Mapping[str, Any]) -> dict[str, Any]:
    """How far a row is, by every measure that there is."""
    return {key: _plain(row[key]) for key in (*_DISTANCES, *_TIMED) if key in row}


def _plain(value: Any) -> Any:
    """A JSON value: NA becomes null, distances keep metres."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, float):
        return round(value, 3)
    return value.item() if hasattr(value, "item") else value


def limits_of(coverage: Coverage) -> tuple[str, ...]:
    """What the figures of a coverage cannot tell."""
    timed = coverage.unit == "min"
    return tuple(_TIMES if timed and words == _ESTIMATES else words for words in LIMITS)


def _region_columns(coverage: Coverage) -> list[str]:
    """The columns of a coverage download, before what was asked."""
    return [
        *("region_id", "name", "level", "parent_id", "population", "covered", "share"),
        *("people_beyond", f"median_{coverage.unit}", "providers", "per_100k", "e2sfca", "small"),
        *(["circuity"] if coverage.unit == "min" else []),
    ]


def coverage_about(coverage: Coverage) -> dict[str, Any]:
    """Everything that a figure depends on, so that a download can be cited and repeated."""
    supplied = coverage.supplied
    pack = supplied.assessed.pack
    return {
        "procedure": supplied.assessed.procedure.slug,
        f"within_{coverage.unit}": coverage.within,
        "measure": coverage.measure,
        "supply": coverage.supply,
        "as_of_day": supplied.assessed.today.isoformat(),
        "added": ";".join(f"{lat},{lon}" for lat, lon in supplied.added) or None,
        "removed": ";".join(supplied.removed) or None,
        "pack": pack.name,
        "pack_version": pack.version,
        "pack_hash": pack.hash,
        "carereach": VERSION,
    }


def coverage_table(coverage: Coverage) -> pd.DataFrame:
    """Every region's figures with everything they depend on, for the chosen supply.

    `share` is a fraction of people; `e2sfca` providers per person in reach, NaN only where
    nobody lives; distances in km, or minutes, by `measure`; `circuity` is road km over straight
    km, of minutes only.
    """
    scores, _ = access_scores(coverage)
    table = coverage.regions.merge(scores, on="region_id", how="left")
    table = table.rename(columns={"median": f"median_{coverage.unit}"})[_region_columns(coverage)]
    return table.assign(**coverage_about(coverage))


def coverage_csv(coverage: Coverage) -> str:
    """The regions as CSV; a cell that a spreadsheet would run is guarded by an apostrophe."""
    table = coverage_table(coverage).map(guarded)
    return str(table.to_csv(index=False, lineterminator="\n"))


def coverage_xlsx(coverage: Coverage) -> bytes:
    """The regions as a workbook, with what was asked, the limits and the sources on a sheet."""
    out = io.BytesIO()
    # Text stays text: nothing in a cell is taken for a formula or a link.
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with pd.ExcelWriter(out, engine="xlsxwriter", engine_kwargs={"options": options}) as book:
        coverage_table(coverage)[_region_columns(coverage)].to_excel(
            book, sheet_name="Regions", index=False
        )
        about = [
            *coverage_about(coverage).items(),
            *(("limit", words) for words in limits_of(coverage)),
        ]
        about += [("source", source) for source in _sources(coverage)]
        pd.DataFrame(about, columns=["what", "value"]).to_excel(
            book, sheet_name="About", index=False
        )
    return out.getvalue()


def coverage_areas(coverage: Coverage, level: int) -> gpd.GeoDataFrame:
    """The regions of a level with their areas, EPSG:4326; empty areas where none are known."""
    table = coverage_table(coverage)
    table = table[table["level"] == level]
    path = coverage.supplied.assessed.pack.files.get(f"areas_{level}")
    if path is None:
        return gpd.GeoDataFrame(table.assign(geometry=None), geometry="geometry", crs=4326)
    areas = read_shapes(path)[["region_id", "boundary", "geometry"]]
    return gpd.GeoDataFrame(table.merge(areas, on="region_id", how="left"), crs=4326)


def coverage_geojson(coverage: Coverage, level: int) -> str:
    """The regions as GeoJSON, with everything they depend on."""
    collection = json.loads(coverage_areas(coverage, level).to_json(na="null", drop_id=True))
    collection["about"] = {
        **coverage_about(coverage),
        "limits": limits_of(coverage),
        "sources": _sources(coverage),
    }
    return json.dumps(collection, ensure_ascii=False)


def coverage_geoparquet(coverage: Coverage, level: int) -> bytes:
    """The regions as GeoParquet."""
    out = io.BytesIO()
    coverage_areas(coverage, level).to_parquet(out, index=False)
    return out.getvalue()


def coverage_json(coverage: Coverage, level: int) -> dict[str, Any]:
    """The figures as plain values: the command line's `--format json`."""
    table = coverage_table(coverage)
    regions = table.loc[table["level"] == level, _region_columns(coverage)].drop(
        columns="parent_id"
    )
    return {
        **coverage_about(coverage),
        "level": level,
        "total": {
            "population": coverage.population,
            "covered": dict(coverage.covered),
            "share": {supply: _plain(share) for supply, share in coverage.share.items()},
            "ranges": {
                cause: [_plain(low), _plain(high)] for cause, (low, high) in coverage.ranges.items()
            },
            "main_cause": coverage.main_cause,
            f"nearest_{coverage.unit}": {
                "median": _plain(coverage.median),
                "p90": _plain(coverage.p90),
            },
            **_detours(coverage),
            "people_beyond": coverage.people_beyond,
            "providers": dict(coverage.providers),
        },
        "regions": [
            {
                key: value if key == "e2sfca" and pd.notna(value) else _plain(value)
                for key, value in row.items()
            }
            for row in regions.to_dict("records")
        ],
        "sources": _sources(coverage),
    }


def _detours(coverage: Coverage) -> dict[str, Any]:
    """How far the straight line would have been wrong, where minutes are measured."""
    found = coverage.detours
    if found is None:
        return {}
    extra = found.extra_min if math.isfinite(found.extra_min) else None
    return {
        "circuity": _plain(found.circuity),
        "misled": {"share": _plain(found.misled), "extra_min": _plain(extra)},
    }


def _sources(coverage: Coverage) -> list[str]:
    return [
        f"{source.title} ({source.as_of or 'no date'}) {source.path or ''}".strip()
        for source in coverage.supplied.assessed.pack.sources.values()
    ]


def summary_html(coverage: Coverage, level: int, calls: pd.DataFrame, url: str) -> str:
    """One page for paper: the figures, the largest gaps, the calls, the method and its limits.

    Parameters
    ----------
    coverage
        The figures.
    level
        Of the regions in the table.
    calls
        From `find_calls`.
    url
        The address of the view, relative to the app.
    """
    supplied = coverage.supplied
    pack = supplied.assessed.pack
    first, second, cause = lead_words(coverage)
    gaps = coverage.level(level)
    gaps = gaps[gaps["people_beyond"] > 0].head(8)
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{beyond:,}</td><td>{percent_words(share)}</td></tr>"
        for name, beyond, share in zip(
            gaps["name"], gaps["people_beyond"], gaps["share"], strict=True
        )
    )
    asked = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(status)}</td><td>+{people:,}</td></tr>"
        for name, status, people in zip(
            calls["name"].head(5), calls["status"].head(5), calls["people"].head(5), strict=True
        )
    )
    given = "; ".join(f"{key} {value}" for key, value in coverage_about(coverage).items() if value)
    area = escape(pack.level_names.get(level, "Region"))
    said = (*detour_words(coverage), *limits_of(coverage))
    limits = "".join(f"<li>{escape(words)}</li>" for words in said)
    return (
        f'<article class="cr-leaflet cr-summary"><h1>{escape(supplied.assessed.procedure.title)} '
        f"in {escape(pack.country)}: who is within {within_words(coverage)}</h1>"
        f"<p><strong>{escape(first)}</strong> {escape(second)} {escape(cause)}</p>"
        f"<p>{coverage.people_beyond:,} people are farther than {within_words(coverage)} from "
        f"the nearest place counted ({escape(SUPPLY_WORDS[coverage.supply])}).</p>"
        f'<div class="cr-sheet"><section><h2>Largest gaps</h2><table><tr><th>{area}</th>'
        f"<th>People beyond</th><th>Covered</th></tr>{rows}</table></section>"
        "<section><h2>Which call would change it most</h2><table><tr><th>Ask</th><th>Now</th>"
        f"<th>Reached if yes</th></tr>{asked}</table></section></div>"
        f"<h2>Method and limits</h2><ul>{limits}</ul>"
        f"<footer><p>Asked: {escape(given)}.</p><p>Sources: "
        f"{escape('; '.join(s.title for s in pack.sources.values()))}. The view: "
        f"{escape(url)}</p></footer></article>"
    )


def call_needs(procedure: Procedure) -> str:
    """Whom a procedure takes, in words; "" where nobody in particular."""

    def either(group: Iterable[str]) -> str:
        *others, last = (procedure.practitioners[word] for word in group)
        return f"{', '.join(others)} or {last}" if others else last

    return ", and ".join(either(group) for group in procedure.performed_by)


def call_script_html(coverage: Coverage, call: Mapping[str, Any]) -> str:
    """What to say and to write down when ringing a place, on one page.

    Parameters
    ----------
    coverage
        Whose gap the call is about.
    call
        A row of `find_calls`.
    """
    supplied = coverage.supplied
    procedure = supplied.assessed.procedure
    wanted = call_needs(procedure)
    known = isinstance(call["phone"], str)
    number = f"Number: {call['phone']}." if known else "No number is on record."
    team = f"<li>Is there {escape(wanted)}, all year?</li>" if wanted else ""
    return (
        f'<article class="cr-leaflet"><h1>Call {escape(call["name"])}</h1>'
        f"<p>If they say yes, {int(call['people']):,} people more have somebody within "
        f"{within_words(coverage)}. On record now: {escape(call['status'])}. "
        f"{escape(number)}</p><p>“I am ringing for a public map of who does what. May I ask about "
        f"{escape(procedure.in_a_sentence)}?”</p><ul>"
        "<li>Do you do it here? Since when? How many in the last year?</li>"
        f"{team}<li>If not: did you ever, and where do you send people?</li>"
        "<li>May we write down that you said so, with your role and today's date?</li></ul>"
        "<p>Answer: ____________ &nbsp; Name and role: ____________________ &nbsp; "
        "Date: ____________</p></article>"
    )
