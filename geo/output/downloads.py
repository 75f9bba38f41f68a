"""Answers and coverage as files: CSV, JSON, GeoJSON, workbooks, with everything they depend on."""

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.care.assessed import Assessed
from geo.care.calibration import Share
from geo.care.find import LISTED, Answer
from geo.coverage.capacity import CapacityFigures
from geo.coverage.coverage import Coverage, access_scores
from geo.coverage.placement import placed_total
from geo.coverage.referral import Referral
from geo.output.answer_text import Row, plain_rows
from geo.packs.pack import read_shapes
from geo.text import guarded
from geo.travel.measure import OVER_TERRAIN
from geo.travel.road_table import DISTANCES
from geo.units import shown
from geo.version import __version__

_ESTIMATES = "Road distances are estimates where no distance is published; times are not known."
_TIMES = (
    "Minutes are measured on OpenStreetMap's roads without traffic, waiting or weather; a road "
    "that nobody has mapped is missing."
)
_OVER_TERRAIN = (
    "Minutes over terrain are of one speed for each kind of land, by day and in dry weather, from "
    "the middle of a cell; within a cell, and to the nearest cell where one can go, no time is "
    "counted; a path or bridge that the surface does not have is missing."
)
#: What the figures cannot tell: on the summary, and in the workbook and the GeoJSON.
LIMITS = (
    "A place counts by what public sources say of it, not by how good it is or how long one waits.",
    "Everybody of a demand point is taken to live at one spot, and to go to the nearest place.",
    _ESTIMATES,
    "Shares are of the people in the pack; its description says who is not in it.",
    "A new place takes staff, not a pin on a map.",
)
#: The columns of a downloaded list.
_COLUMNS = (
    *("number", "provider_id", "name", "status", "farther", *DISTANCES, "reason", "source"),
    *("source_url", "as_of", "badges", "against", "notices", "phone", "lat", "lon"),
    *("procedure", "place", "radius_km", "measure", "pack", "pack_version"),
)
#: What a row has where minutes were asked for.
_TIMED = ("minutes", "route_km", "off_road_km")
_TIMED_COLUMNS = (*_COLUMNS, *_TIMED, "within_min")
#: The properties of a point, in order.
_PROPERTIES = (
    *("number", "provider_id", "name", "status", "farther", *DISTANCES, *_TIMED, "reason"),
    *("source", "source_url", "as_of", "badges", "against", "notices", "phone", "procedure"),
    *("place", "radius_km", "measure", "within_min", "pack", "pack_version"),
)
#: What is added where distances are told in miles, beside the kilometres.
_MILES = ("distance_mi", "road_mi", "radius_mi")
#: Columns that are taken as the answer's frame has them.
_VALUES = ("provider_id", "name", "status", *DISTANCES, *_TIMED, "reason", "as_of", "phone")


def _records(answer: Answer, rows: list[Row]) -> list[dict[str, Any]]:
    """Rows of the list and beyond, as plain values for files."""
    asked = {
        "procedure": answer.procedure.slug,
        "place": answer.place.label,
        **_thresholds(answer),
        "measure": answer.measure.name,
        "pack": answer.pack.name,
        "pack_version": answer.pack.version,
    }
    return [
        {
            **{key: _plain(row.values[key]) for key in _VALUES if key in row.values},
            "number": row.number,
            "farther": row.farther,
            "source": row.source,
            "source_url": row.source_url,
            "badges": "; ".join(badge for _, badge in row.badges),
            "against": "; ".join(f"{s.text} ({s.source})" for s in row.against),
            "notices": "; ".join(f"{s.text} ({s.source})" for s in row.notices),
            "lat": row.lat,
            "lon": row.lon,
            **asked,
            **_miles(answer, row),
        }
        for row in rows
    ]


def _miles(answer: Answer, row: Row) -> dict[str, Any]:
    """Distances and the radius in miles, where these are told; None where one is not known."""
    if answer.units != "mi":
        return {}
    km = (row.values["distance_km"], row.values.get("road_km", np.nan), answer.radius_km)
    return {
        name: None if pd.isna(far) else round(shown(float(far), "mi"), 3)
        for name, far in zip(_MILES, km, strict=True)
    }


def _thresholds(answer: Answer) -> dict[str, float]:
    """How far the answer looks, in km and, where these were asked for, in minutes."""
    if answer.measure.unit == "min":
        return {"radius_km": answer.radius_km, "within_min": answer.within}
    return {"radius_km": answer.radius_km}


def answer_csv(answer: Answer, rows: list[Row]) -> str:
    """The list as CSV; a cell that a spreadsheet would run is guarded by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = _TIMED_COLUMNS if answer.measure.unit == "min" else _COLUMNS
    columns = (*columns, *(_MILES if answer.units == "mi" else ()))
    writer.writerow(columns)
    for record in _records(answer, rows):
        writer.writerow([guarded(record[column]) for column in columns])
    return out.getvalue()


def answer_geojson(answer: Answer, rows: list[Row]) -> str:
    """The list as GeoJSON points, EPSG:4326."""
    features = [
        {
            "type": "Feature",
            "id": record["provider_id"],
            "properties": {key: record[key] for key in (*_PROPERTIES, *_MILES) if key in record},
            "geometry": {"type": "Point", "coordinates": [record["lon"], record["lat"]]},
        }
        for record in _records(answer, rows)
    ]
    collection = {"type": "FeatureCollection", "features": features, "about": _about(answer)}
    return json.dumps(collection, ensure_ascii=False, indent=1)


def _about(answer: Answer) -> dict[str, Any]:
    place, pack = answer.place, answer.pack
    return {
        "procedure": answer.procedure.slug,
        "place": {"label": place.label, "kind": place.kind, "lat": place.lat, "lon": place.lon},
        **_thresholds(answer),
        "measure": answer.measure.name,
        **({"trouble": answer.reason} if answer.reason else {}),
        **({"not_measured": answer.not_measured} if answer.not_measured else {}),
        "order": answer.search.order,
        "pack": {"name": pack.name, "version": pack.version, "hash": pack.hash},
    }


def answer_json(answer: Answer, rows: list[Row]) -> dict[str, Any]:
    """The whole answer as plain values: the command line's `--format json`."""
    row_of = {row.provider_id: row for row in rows}

    def listed(frame: pd.DataFrame) -> list[dict[str, Any]]:
        found = [row_of[i] for i in frame["provider_id"] if i in row_of]
        return [{**_json_row(row), **_miles(answer, row)} for row in found]

    beyond: dict[str, Any] = {
        status: listed(answer.beyond[answer.beyond["status"] == status]) for status in LISTED
    }
    seen = [
        {**{key: _plain(row[key]) for key in ("provider_id", "name", "lat", "lon")}, **_far(row)}
        for row in plain_rows(answer.seen_at)
    ]
    return {
        **_about(answer),
        "show": answer.search.show,
        "results": listed(answer.results),
        "beyond": {**beyond, "related": listed(answer.related)},
        "seen_at": seen[0] if seen else None,
        "counts": dict(answer.counts),
        "sources": [
            {"name": s.name, "title": s.title, "as_of": s.as_of, "path": s.path}
            for s in answer.pack.sources.values()
        ],
    }


def _json_row(row: Row) -> dict[str, Any]:
    keys = ("provider_id", "name", "kind", "status", "disputed", "contrary", "old", "reason")
    values = row.values
    return {
        **{key: _plain(values[key]) for key in keys},
        "related": bool(values["related"]),
        "notices": [f"{s.text} ({s.source})" for s in row.notices],
        "against": [{"text": s.text, "source": s.source, "url": s.url} for s in row.against],
        **_far(values),
        **{key: _plain(values[key]) for key in ("lat", "lon", "phone")},
        "source": row.source,
        "source_url": row.source_url,
        "as_of": _plain(values["as_of"]),
        **({"turns_out": _share_json(row.share)} if row.share else {}),
    }


def _share_json(share: Share) -> dict[str, Any]:
    """How often such a place does it, with the 95 % interval."""
    values = {"share": share.share, "low": share.low, "high": share.high}
    return {
        **{key: _plain(value) for key, value in values.items()},
        "true": share.true,
        "answers": share.answers,
        "measured_on": share.measured_on,
        "years": [share.first, share.last],
    }


def _far(row: Mapping[str, Any]) -> dict[str, Any]:
    """How far a row is, by every measure that there is."""
    return {key: _plain(row[key]) for key in (*DISTANCES, *_TIMED) if key in row}


def _plain(value: Any) -> Any:
    """A JSON value: NA becomes null, distances keep metres."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, float):
        return round(value, 3)
    return value.item() if hasattr(value, "item") else value


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON has them, at any depth: what is not known becomes null."""
    return {
        key: plain_values(value)
        if isinstance(value, Mapping)
        else [_plain(part) for part in value]
        if isinstance(value, (list, tuple))
        else _plain(value)
        for key, value in values.items()
    }


def limits_of(coverage: Coverage) -> tuple[str, ...]:
    """What the figures of a coverage cannot tell."""
    times = _ESTIMATES if coverage.unit == "km" else _TIMES
    if coverage.measure.name == OVER_TERRAIN:
        times = _OVER_TERRAIN
    said = [times if words == _ESTIMATES else words for words in LIMITS]
    if "slower" in coverage.ranges:
        slower = coverage.pack.slower
        whose = slower.source or "CareReach’s own assumption, which has no source"
        said.append(f"Slower travel is ways that take {slower.factor:g} times as long: {whose}.")
    return tuple(said)


def _region_columns(coverage: Coverage) -> list[str]:
    """The columns of a coverage download, before what was asked."""
    return [
        *("region_id", "name", "level", "parent_id", "population", "covered", "share"),
        *("people_beyond", f"median_{coverage.unit}", "providers", "per_100k", "e2sfca", "small"),
        *(["circuity"] if coverage.detours is not None else []),
        *(["median_mi"] if coverage.shown_unit == "mi" else []),
    ]


def coverage_about(coverage: Coverage) -> dict[str, Any]:
    """Everything that a figure depends on, so that a download can be cited and repeated."""
    supplied = coverage.supplied
    pack = supplied.assessed.pack
    return {
        "procedure": supplied.assessed.procedure.slug,
        f"within_{coverage.unit}": coverage.within,
        **(
            {"within_mi": round(shown(coverage.within, "mi"), 3)}
            if coverage.shown_unit == "mi"
            else {}
        ),
        "measure": coverage.measure.name,
        "supply": coverage.supply,
        "as_of_day": supplied.assessed.today.isoformat(),
        "added": ";".join(f"{lat},{lon}" for lat, lon in supplied.added) or None,
        "removed": ";".join(supplied.removed) or None,
        **({"people": pack.grids[pack.people].title} if pack.people else {}),
        **({"slower_factor": pack.slower.factor} if "slower" in coverage.ranges else {}),
        "pack": pack.name,
        "pack_version": pack.version,
        "pack_hash": pack.hash,
        "carereach": __version__,
    }


def coverage_table(coverage: Coverage) -> pd.DataFrame:
    """Every region's figures with everything they depend on, for the chosen supply.

    `share` is a fraction of people; `e2sfca` providers per person in reach, NaN only where
    nobody lives; distances in km, or minutes, by `measure`; `circuity` is road km over straight
    km, of minutes only.
    """
    table = coverage.regions.merge(access_scores(coverage), on="region_id", how="left")
    if coverage.shown_unit == "mi":
        table["median_mi"] = (table["median"] * shown(1, "mi")).round(3)
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
    path = coverage.pack.files.get(f"areas_{level}")
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
            "expected": asdict(coverage.expected) if coverage.expected else None,
            f"nearest_{coverage.unit}": {
                "median": _plain(coverage.median),
                "p90": _plain(coverage.p90),
            },
            **_detours(coverage),
            **_placements(coverage),
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
    detours = coverage.detours
    if detours is None:
        return {}
    extra = detours.extra_min if math.isfinite(detours.extra_min) else None
    return {
        "circuity": _plain(detours.circuity),
        "misled": {"share": _plain(detours.misled), "extra_min": _plain(extra)},
    }


def capacity_json(found: CapacityFigures, level: int) -> dict[str, Any]:
    """Capacity as plain values: the command line's `--format json`."""
    regions = found.regions[found.regions["level"] == level].merge(found.scores, on="region_id")
    numbers = ("population", "in_reach", "served", "places", "unknown", "units", "per_unit", "full")
    return {
        **plain_values({name: getattr(found, name) for name in numbers}),
        "places_served": [
            plain_values({str(k): v for k, v in row.items()})
            for row in found.table.to_dict("records")
        ],
        # A score is a small number, and keeps all of its digits.
        "regions": [
            {str(k): None if pd.isna(v) else v for k, v in row.items()}
            for row in regions.to_dict("records")
        ],
    }


def referral_json(first: Assessed, following: Assessed, found: Referral) -> dict[str, Any]:
    """Referral as plain values: the command line's `--format json`."""
    unit = found.measure.unit
    table = found.table.rename(columns={"far": f"far_{unit}"})
    return {
        "procedure": first.procedure.slug,
        "to": following.procedure.slug,
        "measure": found.measure.name,
        "pack": first.pack.name,
        "pack_hash": first.pack.hash,
        "places": found.places,
        "next_places": found.next_places,
        "both": found.both,
        f"far_{unit}": plain_values({"median": found.median, "p90": found.p90, "most": found.most}),
        "rows": [
            plain_values({str(k): _finite(v) for k, v in row.items()})
            for row in table.to_dict("records")
        ],
    }


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _placements(coverage: Coverage) -> dict[str, Any]:
    """What others who place the people have, where there are any."""
    others = [
        {"people": title, "population": round(people), "share": _plain(share)}
        for title, people, share in placed_total(coverage)
    ]
    return {"placements": others} if others else {}


def _sources(coverage: Coverage) -> list[str]:
    return [
        f"{source.title} ({source.as_of or 'no date'}) {source.path or ''}".strip()
        for source in coverage.pack.sources.values()
    ]
