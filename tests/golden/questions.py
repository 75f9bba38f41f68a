"""Ask the product some eighty questions and write down every form of each answer.

`python -m tests.golden.questions FOLDER` writes the whole texts, to be compared by hand, and
`--accept` in place of the folder takes them as right: `answers.json` has a mark of each.
"""

import argparse
import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geo.care.assessed import assess_pack, narrow
from geo.care.filters import Filters
from geo.care.find import Answer, Search, find_care
from geo.care.library import open_library
from geo.cli.tables import answer_table, coverage_table
from geo.coverage.calls import find_calls
from geo.coverage.coverage import Coverage, demand_measures, measure_coverage, supply_pack
from geo.coverage.siting import find_sites
from geo.output import downloads, entry_html, handouts, maps, pack_export, reports
from geo.output.answer_text import answer_rows, plain_rows
from geo.output.coverage_map import coverage_map
from geo.packs.gazetteer import find_place
from geo.packs.pack import Pack, open_pack
from geo.travel.times import isochrone, route
from geo.travel.valhalla import Engine, ServiceEngine
from geo.version import __version__
from pages import _find_parts
from tests.valhalla import RoadService

ANSWERS = Path(__file__).with_name("answers.json")
TODAY = dt.date(2026, 11, 22)
NOW = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)

FIND: tuple[tuple[str, str, str, float, dict[str, Any]], ...] = (
    ("bhutan", "epidural-blood-patch", "Serzhong, Sarpang", 50, {}),
    ("bhutan", "epidural-blood-patch", "Serzhong, Mongar", 60, {}),
    ("bhutan", "epidural-blood-patch", "Serzhong, Sarpang", 3, {}),
    ("bhutan", "epidural-blood-patch", "Thimphu", 50, {"measure": "straight"}),
    ("bhutan", "epidural-blood-patch", "Thimphu", 500, {"order": "distance"}),
    ("bhutan", "epidural-blood-patch", "Paro", 100, {"show": "likely"}),
    ("bhutan", "epidural-blood-patch", "48.85, 2.35", 50, {}),
    ("bhutan", "epidural-blood-patch", "27.0, 90.2", 75, {"limit": 3}),
    ("bhutan", "epidural-blood-patch", "Trongsa", 200, {"show": "not_offered"}),
    ("bhutan", "haemodialysis", "Thimphu", 50, {}),
    ("bhutan", "haemodialysis", "Lunana, Gasa", 100, {}),
    ("bhutan", "haemodialysis", "Trashigang", 150, {"order": "distance"}),
    ("bhutan", "caesarean-section", "Gasa", 100, {}),
    ("bhutan", "caesarean-section", "Zhemgang", 60, {"measure": "straight"}),
    ("bhutan", "cataract-surgery", "Thimphu", 30, {}),
    ("bhutan", "coronary-angioplasty", "Phuentsholing", 200, {}),
    ("bhutan", "upper-gi-endoscopy", "Mongar", 100, {"show": "reported"}),
    ("bhutan", "labour-epidural", "Thimphu", 20, {}),
    ("bhutan", "lumbar-puncture", "Samtse", 80, {}),
    ("bhutan", "psoriasis", "Thimphu", 50, {}),
    ("bhutan", "psoriasis-phototherapy", "Thimphu", 50, {}),
    ("bhutan", "colposcopy", "Bumthang", 125, {"show": "confirmed"}),
    ("bhutan", "hospital-care", "Trongsa", 50, {}),
    ("bhutan", "hospital-care", "Serzhong, Sarpang", 20, {"measure": "straight"}),
    ("bhutan", "primary-care", "Thimphu", 20, {}),
    ("bhutan", "knee-replacement", "Haa", 100, {}),
    ("us", "hospital-care", "Portland, Maine", 30, {}),
    ("us", "primary-care", "Portland, Maine", 5, {"limit": 10}),
    ("us", "hospital-care", "Fairbanks, Alaska", 100, {}),
    ("us", "epidural-blood-patch", "Denver, Colorado", 25, {"limit": 10}),
    ("us", "hospital-care", "52.0, -179.5", 400, {}),
    ("us", "hospital-care", "Boston, Massachusetts", 50, {"order": "distance", "limit": 20}),
)
MINUTES: tuple[tuple[str, str, str, float, dict[str, Any]], ...] = (
    ("bhutan", "epidural-blood-patch", "Serzhong, Sarpang", 60, {"measure": "drive"}),
    ("bhutan", "haemodialysis", "Thimphu", 120, {"measure": "drive", "order": "distance"}),
    ("bhutan", "hospital-care", "Trongsa", 240, {"measure": "walk"}),
    ("bhutan", "hospital-care", "26.25, 92.25", 60, {"measure": "drive"}),
    ("bhutan", "hospital-care", "48.85, 2.35", 60, {"measure": "drive"}),
    ("us", "hospital-care", "Portland, Maine", 45, {"measure": "drive"}),
)
COVERAGE: tuple[tuple[str, str, float, dict[str, Any], int], ...] = (
    ("bhutan", "epidural-blood-patch", 50, {}, 1),
    ("bhutan", "epidural-blood-patch", 100, {"supply": "unknown"}, 2),
    ("bhutan", "epidural-blood-patch", 50, {"measure": "straight", "supply": "confirmed"}, 1),
    ("bhutan", "haemodialysis", 50, {"supply": "reported"}, 1),
    ("bhutan", "haemodialysis", 75, {"measure": "straight"}, 2),
    ("bhutan", "caesarean-section", 50, {}, 1),
    ("bhutan", "psoriasis", 50, {}, 1),
    ("bhutan", "hospital-care", 20, {"supply": "confirmed"}, 2),
    ("bhutan", "primary-care", 20, {}, 1),
    ("us", "hospital-care", 30, {}, 1),
    ("us", "primary-care", 10, {"supply": "unknown"}, 1),
)
TIMED: tuple[tuple[str, float, dict[str, Any], int], ...] = (
    ("haemodialysis", 60, {"measure": "drive"}, 1),
    ("epidural-blood-patch", 120, {"measure": "walk", "supply": "unknown"}, 2),
    ("epidural-blood-patch", 50, {"measure": "road"}, 1),
)


def ask(
    pack: Pack,
    slug: str,
    near: str,
    within: float,
    options: dict[str, Any],
    engine: Engine | None = None,
) -> Answer:
    """The answer to one question."""
    place = find_place(pack.places, near).place
    assert place is not None, near
    assessed = assess_pack(pack, open_library()[slug], TODAY)
    if engine is None:
        return find_care(assessed, place, Search(within, **options))
    search = Search(pack.default_radius_km, within, **options)
    return find_care(assessed, place, search, engine)


def answer_texts(
    answer: Answer, area: dict[str, Any] | None = None, way: tuple[tuple[float, float], ...] = ()
) -> dict[str, str]:
    """Every form of an answer."""
    rows = answer_rows(answer, NOW)
    chosen = rows[0].provider_id if rows else None
    drawn = maps.SearchMap.of(answer, rows)
    drawn = dataclasses.replace(drawn, area=area, way=way)
    selected = dataclasses.replace(drawn, selected=chosen)
    return {
        "json": json.dumps(downloads.answer_json(answer, rows), ensure_ascii=False, indent=1),
        "table": answer_table(answer, rows),
        "csv": downloads.answer_csv(answer, rows),
        "geojson": downloads.answer_geojson(answer, rows),
        "list": json.dumps(_find_parts.list_data(answer, rows, chosen), ensure_ascii=False),
        "map": json.dumps(selected.data(), ensure_ascii=False),
        "leaflet": handouts.leaflet_html(answer, rows, TODAY),
        "report": reports.patient_report(answer, drawn, TODAY),
    }


def coverage_texts(coverage: Coverage, level: int) -> dict[str, str]:
    """Every form of a coverage."""
    calls = find_calls(coverage)
    drawn = dataclasses.replace(coverage_map(coverage), areas="x", outlines="y")
    candidates, sites = find_sites(coverage, 2)
    data = drawn.data() | {"areas": "x", "outlines": "y"}
    chosen = candidates.iloc[sites.greedy].to_dict("records")
    texts = {
        "json": json.dumps(downloads.coverage_json(coverage, level), ensure_ascii=False, indent=1),
        "table": coverage_table(coverage, level),
        "csv": downloads.coverage_csv(coverage),
        "geojson": downloads.coverage_geojson(coverage, level),
        "calls": calls.to_json(orient="records"),
        "sites": json.dumps([chosen, sites.gains.tolist(), sites.bound, sites.optimum_people]),
        "map": json.dumps(data, ensure_ascii=False),
        "summary": handouts.summary_html(coverage, level, calls, "/coverage?x=1"),
        "analyst": reports.analyst_report(coverage, level, calls, "/coverage?x=1", drawn),
        "decision": reports.decision_report(coverage, calls, (candidates, sites), drawn),
    }
    if len(calls):
        texts["script"] = handouts.call_script_html(coverage, plain_rows(calls.head(1))[0])
    return texts


@contextlib.contextmanager
def road_engine() -> Iterator[ServiceEngine]:
    service = RoadService()
    try:
        yield ServiceEngine(service.url)
    finally:
        service.close()


def answers() -> Iterator[tuple[str, dict[str, str]]]:
    """Each question, and every form of its answer."""
    packs = {name: open_pack(name) for name in ("bhutan", "us")}
    for number, (name, slug, near, radius, options) in enumerate(FIND, 1):
        yield (
            f"find-{number:02d}-{name}-{slug}",
            answer_texts(ask(packs[name], slug, near, radius, options)),
        )
    narrowed = narrow(
        assess_pack(packs["bhutan"], open_library()["hospital-care"], TODAY),
        Filters(emergency=True),
        NOW,
    )
    place = find_place(packs["bhutan"].places, "Thimphu").place
    assert place is not None
    yield "find-filters", answer_texts(find_care(narrowed, place, Search(50)))
    with road_engine() as engine:
        for number, (name, slug, near, minutes, options) in enumerate(MINUTES, 1):
            answer = ask(packs[name], slug, near, minutes, options, engine)
            area: dict[str, Any] | None = None
            way: tuple[tuple[float, float], ...] = ()
            if answer.measure.unit == "min" and len(answer.results):
                first = answer.results.iloc[0]
                mode = str(options["measure"])
                origin = (answer.place.lat, answer.place.lon)
                shape = isochrone(engine, origin, minutes, mode)
                area = None if shape is None else shape.__geo_interface__
                quickest = route(engine, origin, (first["lat"], first["lon"]), mode)
                way = () if quickest is None else quickest.line
            yield f"minutes-{number:02d}-{name}-{slug}", answer_texts(answer, area, way)
        assert ask(packs["bhutan"], "hospital-care", "Thimphu", 60, {"measure": "drive"}).reason
        for number, (slug, within, options, level) in enumerate(TIMED, 1):
            pack = packs["bhutan"]
            assessed = assess_pack(pack, open_library()[slug], TODAY)
            supplied = supply_pack(assessed, measures=demand_measures(assessed, engine))
            yield (
                f"timed-{number:02d}-{slug}",
                coverage_texts(measure_coverage(supplied, within, **options), level),
            )
    for number, (name, slug, within, options, level) in enumerate(COVERAGE, 1):
        supplied = supply_pack(assess_pack(packs[name], open_library()[slug], TODAY))
        coverage = measure_coverage(supplied, within, **options)
        yield f"coverage-{number:02d}-{name}-{slug}", coverage_texts(coverage, level)
    assessed = assess_pack(packs["bhutan"], open_library()["haemodialysis"], TODAY)
    supplied = supply_pack(assessed, [(27.2, 90.5)], [assessed.rows["provider_id"].iloc[0]])
    yield "coverage-what-if", coverage_texts(measure_coverage(supplied, 50, supply="likely"), 1)
    for name, pack in packs.items():
        for form in pack_export.FORMATS:
            content = pack_export.export_pack(pack, form)
            yield f"export-{name}-{form}", {"sha256": hashlib.sha256(content).hexdigest()}
    for slug, entry in open_library().items():
        yield (
            f"entry-{slug}",
            {"page": entry_html.entry_html(entry), "short": entry_html.short_form_html(entry)},
        )


_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_LONG = re.compile(r"-?\d+\.\d{7,}")


def marks() -> dict[str, str]:
    """The SHA-256 of every text, without what says which version and pack it is from.

    Decimals end at the sixth: beyond it processors differ.
    """
    made = {}
    for key, texts in answers():
        for form, text in texts.items():
            plain = text if key.startswith("export") else _HASH.sub("HASH", text)
            plain = _LONG.sub(lambda n: f"{float(n[0]):.6f}", plain.replace(__version__, "VERSION"))
            made[f"{key}.{form}"] = hashlib.sha256(plain.encode()).hexdigest()
    return made


def write_texts(folder: Path) -> None:
    """Write every text into a folder, to compare two versions by `diff -r`."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, texts in answers():
        for form, text in texts.items():
            (folder / f"{key}.{form}").write_text(text, "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Accept the answers, or write their texts.")
    parser.add_argument("--accept", action="store_true", help="take the answers of now as right")
    parser.add_argument("folder", nargs="?", type=Path, help="where the texts are written")
    chosen = parser.parse_args()
    if chosen.accept:
        ANSWERS.write_text(json.dumps(marks(), indent=1) + "\n", "utf-8")
    if chosen.folder:
        write_texts(chosen.folder)
