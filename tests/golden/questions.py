"""Ask the product some sixty questions and write down every form of each answer.

`python -m tests.golden.questions FOLDER` writes the whole texts, to be compared by hand.
"""

import contextlib
import datetime as dt
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from geo import coverage as cover
from geo import explain, exports, maps, offline, report, words
from geo.__main__ import _coverage_table, _table
from geo.find import Answer, assess_pack, find_care, narrow
from geo.filters import Filters
from geo.packs import Pack, open_pack
from geo.places import find_place
from geo.procedures import open_library
from geo.roads import ServiceEngine
from geo.travel import isochrone, route
from pages import _cover, _results
from tests.valhalla import RoadService

TODAY = dt.date(2026, 11, 22)
NOW = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)

FIND: tuple[tuple[str, str, str, float, dict[str, object]], ...] = (
    ("bhutan", "epidural-blood-patch", "Serzhong, Sarpang", 50, {}),
    ("bhutan", "epidural-blood-patch", "Serzhong, Mongar", 60, {}),
    ("bhutan", "epidural-blood-patch", "Serzhong, Sarpang", 3, {}),
    ("bhutan", "epidural-blood-patch", "Thimphu", 50, {"measure": "straight"}),
    ("bhutan", "epidural-blood-patch", "Thimphu", 500, {"order_by": "distance"}),
    ("bhutan", "epidural-blood-patch", "Paro", 100, {"show": "likely"}),
    ("bhutan", "epidural-blood-patch", "48.85, 2.35", 50, {}),
    ("bhutan", "epidural-blood-patch", "27.0, 90.2", 75, {"limit": 3}),
    ("bhutan", "epidural-blood-patch", "Trongsa", 200, {"show": "not_offered"}),
    ("bhutan", "haemodialysis", "Thimphu", 50, {}),
    ("bhutan", "haemodialysis", "Lunana, Gasa", 100, {}),
    ("bhutan", "haemodialysis", "Trashigang", 150, {"order_by": "distance"}),
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
    ("us", "hospital-care", "Boston, Massachusetts", 50, {"order_by": "distance", "limit": 20}),
)
MINUTES: tuple[tuple[str, str, str, float, dict[str, object]], ...] = (
    ("bhutan", "epidural-blood-patch", "Serzhong, Sarpang", 60, {"measure": "drive"}),
    ("bhutan", "haemodialysis", "Thimphu", 120, {"measure": "drive", "order_by": "distance"}),
    ("bhutan", "hospital-care", "Trongsa", 240, {"measure": "walk"}),
    ("bhutan", "hospital-care", "26.25, 92.25", 60, {"measure": "drive"}),
    ("bhutan", "hospital-care", "48.85, 2.35", 60, {"measure": "drive"}),
    ("us", "hospital-care", "Portland, Maine", 45, {"measure": "drive"}),
)
COVERAGE: tuple[tuple[str, str, float, dict[str, str], int], ...] = (
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
TIMED: tuple[tuple[str, float, dict[str, str], int], ...] = (
    ("haemodialysis", 60, {"measure": "drive"}, 1),
    ("epidural-blood-patch", 120, {"measure": "walk", "supply": "unknown"}, 2),
    ("epidural-blood-patch", 50, {"measure": "road"}, 1),
)


def ask(pack: Pack, slug: str, near: str, radius: float, options: dict, engine=None) -> Answer:
    place = find_place(pack.places, near).place
    assert place is not None, near
    assessed = assess_pack(pack, open_library()[slug], TODAY)
    if engine is not None:
        options = {"within_min": radius, "engine": engine, **options}
        radius = pack.default_radius_km
    return find_care(assessed, place, radius, **options)


def found_texts(answer: Answer, area=None, way=None) -> dict[str, str]:
    lines = words.describe(answer, NOW)
    place = answer.place
    radius = 0.0 if answer.within_min is not None else answer.radius_km
    chosen = lines[0].provider_id if lines else None
    view = SimpleNamespace(provider=chosen)
    return {
        "json": json.dumps(report.answer_json(answer, lines), ensure_ascii=False, indent=1),
        "table": _table(answer, lines),
        "csv": report.answer_csv(answer, lines),
        "geojson": report.answer_geojson(answer, lines),
        "list": json.dumps(_results.list_data(view, answer, lines), ensure_ascii=False),
        "map": json.dumps(
            maps.search_data(
                (place.lat, place.lon), place.name, radius, _results.markers(lines), chosen, area,
                way,
            ),
            ensure_ascii=False,
        ),
        "leaflet": explain.leaflet_html(answer, lines, TODAY),
        "report": offline.patient_report(answer, lines, TODAY, area, way),
    }


def coverage_texts(pack: Pack, found: cover.Coverage, level: int) -> dict[str, str]:
    calls = cover.find_calls(found)
    lowest = int(pack.regions["level"].max())
    classes, places = _cover.classes(found, lowest), _cover.places(found)
    drawn = offline.AreaMap(classes, _cover.COLORS, places)
    sites = cover.find_sites(found, 2)
    texts = {
        "json": json.dumps(report.coverage_json(found, level), ensure_ascii=False, indent=1),
        "table": _coverage_table(found, level),
        "csv": report.coverage_csv(found),
        "geojson": report.coverage_geojson(found, level),
        "calls": calls.to_json(orient="records"),
        "sites": json.dumps(
            [sites[0].iloc[sites[1].greedy].to_dict("records"), sites[1].gains.tolist(),
             sites[1].bound, sites[1].optimum_people]
        ),
        "map": json.dumps(
            maps.area_data("x", "y", classes, _cover.COLORS, places, None, []), ensure_ascii=False
        ),
        "summary": report.summary_html(found, level, calls, "/coverage?x=1"),
        "analyst": offline.analyst_report(found, level, calls, "/coverage?x=1", drawn),
        "decision": offline.decision_report(found, calls, sites, drawn),
    }
    if len(calls):
        texts["script"] = report.call_script_html(found, calls.iloc[0].to_dict())
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
        yield f"find-{number:02d}-{name}-{slug}", found_texts(
            ask(packs[name], slug, near, radius, options)
        )
    narrowed = narrow(
        assess_pack(packs["bhutan"], open_library()["hospital-care"], TODAY),
        Filters(emergency=True), NOW,
    )
    place = find_place(packs["bhutan"].places, "Thimphu").place
    assert place is not None
    yield "find-filters", found_texts(find_care(narrowed, place, 50))
    with road_engine() as engine:
        for number, (name, slug, near, minutes, options) in enumerate(MINUTES, 1):
            answer = ask(packs[name], slug, near, minutes, options, engine)
            area = way = None
            if answer.within_min is not None and len(answer.results):
                first = answer.results.iloc[0]
                mode = str(options["measure"])
                origin = (answer.place.lat, answer.place.lon)
                shape = isochrone(engine, origin, minutes, mode)
                area = None if shape is None else shape.__geo_interface__
                found = route(engine, origin, (first["lat"], first["lon"]), mode)
                way = None if found is None else list(found.line)
            yield f"minutes-{number:02d}-{name}-{slug}", found_texts(answer, area, way)
        assert ask(packs["bhutan"], "hospital-care", "Thimphu", 60, {"measure": "drive"}).trouble
        for number, (slug, within, options, level) in enumerate(TIMED, 1):
            pack = packs["bhutan"]
            assessed = assess_pack(pack, open_library()[slug], TODAY)
            supplied = cover.supply_pack(assessed, times=cover.pack_times(pack, engine))
            yield f"timed-{number:02d}-{slug}", coverage_texts(
                pack, cover.measure_coverage(supplied, within, **options), level
            )
    for number, (name, slug, within, options, level) in enumerate(COVERAGE, 1):
        supplied = cover.supply_pack(assess_pack(packs[name], open_library()[slug], TODAY))
        found = cover.measure_coverage(supplied, within, **options)
        yield f"coverage-{number:02d}-{name}-{slug}", coverage_texts(packs[name], found, level)
    assessed = assess_pack(packs["bhutan"], open_library()["haemodialysis"], TODAY)
    supplied = cover.supply_pack(assessed, [(27.2, 90.5)], [assessed.rows["provider_id"].iloc[0]])
    yield "coverage-what-if", coverage_texts(
        packs["bhutan"], cover.measure_coverage(supplied, 50, supply="likely"), 1
    )
    for name, pack in packs.items():
        for form in exports.FORMATS:
            content = exports.export_pack(pack, form)
            yield f"export-{name}-{form}", {"sha256": hashlib.sha256(content).hexdigest()}
    for slug, entry in open_library().items():
        yield f"entry-{slug}", {
            "page": explain.entry_html(entry),
            "short": explain.short_form_html(entry),
        }


def main(folder: Path) -> None:
    """Write every text into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, texts in answers():
        for form, text in texts.items():
            (folder / f"{key}.{form}").write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
