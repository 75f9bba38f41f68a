"""Minutes by road through a service: distances, figures, and what happens when it is down."""

import dataclasses
import datetime as dt
import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.care.assessed import assess_pack, narrow
from geo.care.entry import Procedure
from geo.care.filters import Filters
from geo.care.find import Search, find_care
from geo.coverage import coverage as cover
from geo.coverage.calls import find_calls
from geo.coverage.reach import SUPPLIES
from geo.distance import distance_km
from geo.errors import CareReachError
from geo.output import answer_text, coverage_text, downloads, handouts
from geo.packs.gazetteer import Place, find_place
from geo.packs.pack import Pack, open_pack
from geo.progress import Step
from geo.sources.roads import check_road_table, refit_road_table, table_text
from geo.travel import times as travel
from geo.travel import valhalla as roads
from geo.travel.times import MODES, Times, engine_for, isochrone, minutes, route
from geo.travel.valhalla import RoadsDownError, ServiceEngine
from tests.command import Done, run
from tests.conftest import ROOT, TODAY
from tests.valhalla import BENDS, KMH, SEA, RoadService, way_km

SERZHONG = "Serzhong, Sarpang"
AT_SEA = ((SEA[0] + SEA[1]) / 2, (SEA[2] + SEA[3]) / 2)


@pytest.fixture
def service() -> Iterator[RoadService]:
    made = RoadService()
    yield made
    made.close()


@pytest.fixture
def engine(service: RoadService) -> ServiceEngine:
    return ServiceEngine(service.url)


def place_of(pack: Pack, name: str = SERZHONG) -> Place:
    found = find_place(pack.places, name).place
    assert found is not None
    return found


POINT = st.tuples(st.floats(26.7, 28.2), st.floats(88.8, 91.9))


@settings(max_examples=25, deadline=None)
@given(st.lists(POINT, min_size=1, max_size=4), st.lists(POINT, min_size=1, max_size=4))
def test_minutes_are_those_of_the_service_pair_by_pair(starts: list[Any], ends: list[Any]) -> None:
    service = RoadService()
    try:
        trips = minutes(ServiceEngine(service.url), starts, ends, "drive")
    finally:
        service.close()
    for i, start in enumerate(starts):
        for j, end in enumerate(ends):
            km = way_km(start, end)
            whole = round(3600 * km / KMH["auto"]) / 60
            # The engine is not asked for what a service refuses as it comes.
            if distance_km(start[0], start[1], end[0], end[1]) > travel.MAX_KM["drive"]:
                assert np.isnan(trips.minutes[i, j])
            else:
                assert trips.minutes[i, j] == pytest.approx(whole)
                assert trips.km[i, j] == pytest.approx(km)


def test_a_place_off_every_road_is_na_and_said_to_be_so(engine: ServiceEngine) -> None:
    trips = minutes(engine, [(27.0, 90.0), AT_SEA], [(27.1, 90.1), AT_SEA])
    assert np.isfinite(trips.minutes[0, 0])
    assert np.isnan(trips.minutes[1]).all()
    assert np.isnan(trips.minutes[:, 1]).all()
    assert np.isnan(trips.to_road_km[1])
    assert isochrone(engine, AT_SEA, 30) is None
    assert route(engine, (27.0, 90.0), AT_SEA) is None


def test_no_question_is_larger_than_a_service_allows(
    service: RoadService, engine: ServiceEngine
) -> None:
    points = [(27 + n / 1000, 90.0) for n in range(120)]
    told: list[tuple[float, float | None]] = []
    trips = minutes(
        engine, points, points, progress=lambda step: told.append((step.done, step.whole))
    )
    asked = [q for action, q in service.asked if action == "sources_to_targets"]
    assert max(len(q["sources"]) * len(q["targets"]) for q in asked) <= travel.PAIRS_AT_ONCE
    assert told[-1] == (14_400, 14_400)
    assert (np.diag(trips.minutes) == 0).all()
    assert np.isfinite(trips.minutes).all()


def test_a_refused_block_is_asked_pair_by_pair(service: RoadService, engine: ServiceEngine) -> None:
    points = [(27.0, 90.0), (27.1, 90.1), (27.2, 90.0)]
    whole = minutes(engine, points, points)
    service.refuses_pairs = True
    np.testing.assert_allclose(minutes(engine, points, points).minutes, whole.minutes)


def test_what_nobody_can_reach_in_time_is_not_asked(
    service: RoadService, engine: ServiceEngine
) -> None:
    trips = minutes(engine, [(27.0, 90.0)], [(27.0, 90.2), (28.0, 90.0)], "walk", within_min=60)
    assert np.isnan(trips.minutes).all()
    asked = [q for action, q in service.asked if action == "sources_to_targets"]
    assert asked == []


def test_an_unknown_mode_and_an_address_that_is_none(engine: ServiceEngine) -> None:
    with pytest.raises(CareReachError, match="mode is 'fly'; it can be drive, walk"):
        minutes(engine, [(27.0, 90.0)], [(27.0, 90.0)], "fly")
    with pytest.raises(CareReachError, match="CAREREACH_VALHALLA is 'localhost'"):
        ServiceEngine("localhost")


def test_a_service_that_is_down_rests_and_is_asked_again(
    service: RoadService, engine: ServiceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.working = False
    with pytest.raises(RoadsDownError, match="does not answer"):
        minutes(engine, [(27.0, 90.0)], [(27.1, 90.0)])
    service.working = True
    before = len(service.asked)
    with pytest.raises(RoadsDownError):
        minutes(engine, [(27.0, 90.0)], [(27.1, 90.0)])
    assert len(service.asked) == before
    monkeypatch.setattr(roads, "REST_S", 0.0)
    assert np.isfinite(minutes(engine, [(27.0, 90.0)], [(27.1, 90.0)]).minutes).all()


def test_nothing_listens_there() -> None:
    engine = ServiceEngine("http://127.0.0.1:9")
    with pytest.raises(RoadsDownError, match="does not answer"):
        engine.ask("status", {})


def test_why_there_are_no_minutes(bhutan: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAREREACH_VALHALLA", raising=False)
    engine, why = engine_for(bhutan)
    assert engine is None
    assert "python -m geo import roads" in why
    if sys.version_info < (3, 12):
        assert "need Python 3.12 or later" in why
    monkeypatch.setenv("CAREREACH_VALHALLA", "nonsense")
    assert engine_for(bhutan) == (
        None,
        "CAREREACH_VALHALLA is 'nonsense'; it has to be an address, http://…",
    )


def test_the_list_is_cut_and_ordered_by_minutes(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    assessed = assess_pack(bhutan, library["epidural-blood-patch"], TODAY)
    place = place_of(bhutan)
    answer = find_care(
        assessed, place, Search(50, measure="drive", within_min=120, order="distance"), engine
    )
    here = place.lat, place.lon
    every = assessed.rows[assessed.rows["status"] != "not_offered"]
    time = [
        60 * way_km(here, there) / KMH["auto"]
        for there in zip(every["lat"], every["lon"], strict=True)
    ]
    wanted = set(every["provider_id"][np.array(time) <= 120])
    assert set(answer.results["provider_id"]) == wanted
    assert len(wanted) == 3
    assert sum(answer.counts.values()) == len(wanted)
    assert answer.results["minutes"].is_monotonic_increasing
    assert (answer.beyond["minutes"].dropna() > 120).all()
    assert (answer.measure.name, answer.within, answer.reason) == ("drive", 120, "")
    lines = answer_text.answer_rows(answer)
    assert lines[0].distance.endswith("by car")
    assert "to drive" in lines[0].detail
    assert answer_text.count_text(answer)[1].endswith("within 2 h by car.")
    asked = downloads.answer_json(answer, lines)
    assert asked["within_min"] == 120
    assert asked["results"][0]["minutes"] == pytest.approx(min(time), abs=0.01)
    header = downloads.answer_csv(answer, lines).splitlines()[0]
    assert header.endswith("minutes,route_km,off_road_km,within_min")


def test_filters_and_walking_go_together(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    assessed = assess_pack(bhutan, library["hospital-care"], TODAY)
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    some = narrow(assessed, Filters(kind="facility"), now)
    found = find_care(some, place_of(bhutan), Search(50, measure="walk", within_min=240), engine)
    near = [line for line in answer_text.answer_rows(found) if not line.farther]
    assert near
    assert all("on foot" in line.distance for line in near)


def test_what_cannot_be_reached_says_so(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    moved = bhutan.providers.copy()
    moved[["lat", "lon"]] = AT_SEA
    pack = dataclasses.replace(bhutan, providers=moved, outline=None)
    assessed = assess_pack(pack, library["hospital-care"], TODAY)
    here = Place("x", "Here", "point", "", AT_SEA[0] + 1.0, AT_SEA[1], "Here")
    answer = find_care(
        assessed, here, Search(50, measure="drive", within_min=60, order="distance"), engine
    )
    assert answer.results.empty
    lines = answer_text.answer_rows(answer)
    assert lines
    for line in lines:
        assert line.distance == "no way by car"
        assert "no road within 3 km of it is on the map" in line.detail
    adrift = find_care(
        assessed, dataclasses.replace(here, lat=AT_SEA[0]), Search(50, measure="drive"), engine
    )
    assert adrift.reason == "Here is more than 3 km from any road on the map."
    assert adrift.measure.unit == "km"
    assert not adrift.down


def test_without_roads_kilometres_stand_in(bhutan: Pack, library: dict[str, Procedure]) -> None:
    assessed = assess_pack(bhutan, library["epidural-blood-patch"], TODAY)
    place = place_of(bhutan)
    nothing = find_care(assessed, place, Search(50, measure="drive"))
    assert (nothing.measure.name, nothing.measure.unit) == ("road", "km")
    assert nothing.reason
    down = find_care(
        assessed, place, Search(50, measure="walk"), ServiceEngine("http://127.0.0.1:9")
    )
    usual = find_care(assessed, place, Search(50))
    assert down.reason == "The road service does not answer."
    assert down.results["provider_id"].tolist() == usual.results["provider_id"].tolist()
    assert answer_text.threshold_text(down) == "50 km by road"
    for wrong in (0, 601, float("nan")):
        with pytest.raises(CareReachError, match="minutes; it can be above 0 and up to 600"):
            find_care(assessed, place, Search(50, measure="drive", within_min=wrong))


def test_coverage_in_minutes(
    bhutan: Pack, library: dict[str, Procedure], service: RoadService, engine: ServiceEngine
) -> None:
    assessed = assess_pack(bhutan, library["haemodialysis"], TODAY)
    measures = cover.demand_measures(assessed, engine)
    supplied = cover.supply_pack(assessed, measures=measures)
    found = cover.measure_coverage(supplied, 90, measure="drive")
    rows = cover.in_supply(assessed.rows, "likely")
    demand = bhutan.demand
    expected = 0
    for lat, lon, people in zip(demand["lat"], demand["lon"], demand["population"], strict=True):
        far = [way_km((lat, lon), spot) for spot in zip(rows["lat"], rows["lon"], strict=True)]
        expected += people if round(3600 * min(far) / KMH["auto"]) / 60 <= 90 else 0
    assert found.covered["likely"] == expected
    assert 0 < expected < found.population
    walking = cover.measure_coverage(supplied, 90, measure="walk")
    assert found.ranges["travel"] == (walking.share["likely"], found.share["likely"])
    assert walking.ranges["travel"] == found.ranges["travel"]
    assert found.unit == "min"
    # A threshold, a supply, a score: nothing is asked again; a new place is one column more.
    before = service.count("sources_to_targets")
    cover.measure_coverage(supplied, 45, measure="walk", supply="reported")
    cover.access_scores(found)
    find_calls(found)
    cover.supply_pack(assessed, removed=[assessed.rows["provider_id"].iloc[0]], measures=measures)
    assert service.count("sources_to_targets") == before
    cover.supply_pack(assessed, added=[(27.3, 90.9)], measures=measures)
    asked = [q for action, q in service.asked if action == "sources_to_targets"][before:]
    assert {len(question["targets"]) for question in asked} == {1}
    shown = downloads.coverage_json(found, 1)
    assert shown["within_min"] == 90
    assert set(shown["total"]["nearest_min"]) == {"median", "p90"}
    assert {"median_min", "circuity"} <= set(shown["regions"][0])
    assert "90 min" in handouts.summary_html(found, 1, find_calls(found), "/coverage")
    assert any("without traffic" in limit for limit in downloads.limits_of(found))
    first, second, _ = coverage_text.lead_text(found)
    assert "within 90 min by car" in first
    assert "on foot:" in second.lower()


def test_the_straight_line_would_have_been_wrong(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    assessed = assess_pack(bhutan, library["haemodialysis"], TODAY)
    supplied = cover.supply_pack(assessed, measures=cover.demand_measures(assessed, engine))
    found = cover.measure_coverage(supplied, 120, measure="drive")
    rows = cover.in_supply(assessed.rows, "likely")
    spots = list(zip(rows["lat"], rows["lon"], strict=True))
    road = line = wrong = people = 0.0
    demand = bhutan.demand
    for lat, lon, n in zip(demand["lat"], demand["lon"], demand["population"], strict=True):
        ways = np.array([way_km((lat, lon), spot) for spot in spots])
        straight = distance_km(lat, lon, *np.array(spots).T)
        time = np.round(3600 * ways / KMH["auto"]) / 60
        best, near = time.argmin(), straight.argmin()
        if time[best] > travel.MAX_MIN:
            continue
        road, line, people = road + n * ways[best], line + n * straight[best], people + n
        wrong += n if time[near] - time[best] >= 1 else 0
    assert found.detours is not None
    assert found.detours.circuity == pytest.approx(road / line, rel=1e-6)
    assert found.detours.misled == pytest.approx(wrong / people, rel=1e-6)
    assert BENDS <= found.detours.circuity <= 2 * BENDS
    said = coverage_text.detour_text(found)
    assert any("as long as the straight line" in sentence for sentence in said)
    assert cover.measure_coverage(supplied, 50).detours is None


def test_people_off_the_roads_are_counted_and_said(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    demand = bhutan.demand.copy()
    demand.loc[demand.index[:2], ["lat", "lon"]] = AT_SEA
    pack = dataclasses.replace(bhutan, demand=demand)
    assessed = assess_pack(pack, library["hospital-care"], TODAY)
    supplied = cover.supply_pack(assessed, measures=cover.demand_measures(assessed, engine))
    found = cover.measure_coverage(supplied, 600, measure="drive")
    lost = demand["population"].iloc[:2].sum()
    assert (found.people_beyond or 0) >= lost
    assert np.isinf(found.far[:2]).all()
    said = " ".join(coverage_text.detour_text(found))
    assert f"{lost:,} people live more than 3 km from any road" in said


def test_too_many_pairs_are_refused_in_one_sentence(
    engine: ServiceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travel, "MOST_PAIRS", 5)
    times = Times(engine, "drive", [27.0, 27.1], [90.0, 90.0])
    with pytest.raises(CareReachError, match="2 settlements to 3 places are too many"):
        times.to([27.2, 27.3, 27.4], [90.0, 90.1, 90.2])


def test_minutes_without_measuring_are_refused(bhutan: Pack, library: dict[str, Procedure]) -> None:
    supplied = cover.supply_pack(assess_pack(bhutan, library["haemodialysis"], TODAY))
    with pytest.raises(CareReachError, match="No minutes are measured"):
        cover.measure_coverage(supplied, 30, measure="drive")


def test_the_road_table_is_checked_and_refitted(
    bhutan: Pack, engine: ServiceEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    checked = check_road_table(bhutan, engine)
    assert len(checked) == len(bhutan.roads)
    leg = checked[checked["routed_km"].notna()].iloc[0]
    nodes = bhutan.road_nodes.set_index("node")[["lat", "lon"]]
    ends = [tuple(nodes.loc[leg[end]]) for end in ("from", "to")]
    assert leg["routed_km"] == pytest.approx(min(way_km(*ends), way_km(*ends[::-1])), abs=0.01)
    assert f"of {len(checked)} legs measured" in table_text(checked, bhutan.detour)
    with pytest.raises(CareReachError, match="no imported roads to name as the source"):
        refit_road_table("bhutan", checked)
    folder = tmp_path / "bhutan"
    assert not folder.exists()


def command(service: RoadService, *words: object) -> Done:
    """The command line with a road service."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREREACH_VALHALLA", service.url)
        return run(*words)


def test_the_command_line_in_minutes_and_with_the_service_down(service: RoadService) -> None:
    asked: tuple[object, ...] = ("find", SERZHONG, "--within-min", 90, "--format", "json")
    found = json.loads(command(service, *asked).stdout)
    assert (found["measure"], found["within_min"]) == ("drive", 90)
    assert all(row["minutes"] <= 90 for row in found["results"])
    asked = ("coverage", "--procedure", "haemodialysis", "--measure", "walk", "--within-min", 120)
    assert "within 2 h" not in (done := command(service, *asked)).stderr
    assert "on foot" in done.stdout
    assert "Median min" in done.stdout
    service.working = False
    done = command(service, "find", SERZHONG, "--measure", "drive")
    assert done.returncode == 0
    assert done.stderr.strip() == "The road service does not answer."
    assert "within 50 km by road" in done.stdout
    done = command(service, "coverage", "--measure", "drive")
    assert done.stderr.strip() == "The road service does not answer. Distances are shown instead."
    assert "Median km" in done.stdout


def test_supplies_are_cumulative_in_minutes(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    assessed = assess_pack(bhutan, library["caesarean-section"], TODAY)
    reach = cover.supply_pack(assessed, measures=cover.demand_measures(assessed, engine)).reach
    for mode in MODES:
        table = reach.far[mode]
        assert (table[1:] <= table[:-1]).all()
        assert table.shape == (len(SUPPLIES), len(bhutan.demand))


def test_sites_in_minutes_on_the_command_line(service: RoadService) -> None:
    done = command(service, "siting", "--within-min", 60, "--procedure", "haemodialysis")
    assert "people more" in done.stdout
    assert open_pack("bhutan").measure == "road"


@pytest.mark.parametrize("code", [401, 403, 404, 429, 500, 503])
def test_a_refusal_is_no_answer_and_no_missing_road(
    service: RoadService, engine: ServiceEngine, code: int
) -> None:
    service.refuses = code
    with pytest.raises(RoadsDownError):
        minutes(engine, [(27.0, 90.0)], [(27.1, 90.0)])


def test_an_answer_of_another_shape_is_none(
    service: RoadService, engine: ServiceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_sources_to_targets", lambda _: (200, {"hello": "world"}))
    with pytest.raises(RoadsDownError, match="answers that are not Valhalla's"):
        minutes(engine, [(27.0, 90.0)], [(27.1, 90.0)])


def test_each_failure_in_turn_is_followed_by_a_longer_rest(
    service: RoadService, engine: ServiceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    service.working = False
    for rest in (10, 20, 40, 80, 160, 160):
        with pytest.raises(RoadsDownError):
            engine.ask("locate", {"locations": []})
        now[0] += rest - 1
        assert engine.resting
        now[0] += 2
        assert not engine.resting
    service.working = True
    engine.ask("locate", {"locations": []})
    assert not engine.resting


def test_what_was_measured_is_kept_when_the_service_fails(
    service: RoadService, engine: ServiceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = Times(engine, "drive", [27.0, 27.1], [90.0, 90.0])
    lat, lon = [27 + n / 100 for n in range(120)], [90.2] * 120

    def fail_late(step: Step) -> None:
        service.working = step.done < 150

    with pytest.raises(RoadsDownError):
        times.to(lat, lon, fail_late)
    service.working = True
    monkeypatch.setattr(roads, "REST_S", 0.0)
    before = service.count("sources_to_targets")
    times.to(lat, lon)
    assert service.count("sources_to_targets") == before + 1


def test_old_ways_make_room_for_new_ones(
    engine: ServiceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travel, "MOST_PAIRS", 6)
    times = Times(engine, "drive", [27.0, 27.1], [90.0, 90.0])
    for n in range(5):
        found, _ = times.to([27.2 + n / 10, 27.3 + n / 10], [90.0, 90.0])
        assert np.isfinite(found).all()


def test_nobody_is_off_the_roads_where_nobody_does_it(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    none = dataclasses.replace(bhutan, providers=bhutan.providers.iloc[:0])
    assessed = assess_pack(none, library["haemodialysis"], TODAY)
    supplied = cover.supply_pack(assessed, measures=cover.demand_measures(assessed, engine))
    found = cover.measure_coverage(supplied, 60, measure="drive")
    assert coverage_text.detour_text(found) == []
    assert found.people_beyond is None


def test_a_pack_without_regions_has_its_downloads(
    bhutan: Pack, library: dict[str, Procedure], engine: ServiceEngine
) -> None:
    bare = dataclasses.replace(bhutan, regions=bhutan.regions.iloc[:0])
    assessed = assess_pack(bare, library["hospital-care"], TODAY)
    supplied = cover.supply_pack(assessed, measures=cover.demand_measures(assessed, engine))
    found = cover.measure_coverage(supplied, 60, measure="drive")
    assert "median_min" in downloads.coverage_csv(found)


def test_only_the_nearest_of_very_many_are_measured_and_that_is_said(
    bhutan: Pack,
    library: dict[str, Procedure],
    engine: ServiceEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("geo.travel.measure.ByEngine.most_rows", 4)
    assessed = assess_pack(bhutan, library["hospital-care"], TODAY)
    answer = find_care(
        assessed,
        place_of(bhutan, "Trongsa, Bhutan"),
        Search(50, within_min=240, measure="drive"),
        engine,
    )
    every = find_care(
        assessed, place_of(bhutan, "Trongsa, Bhutan"), Search(500, measure="straight")
    )
    assert answer.not_measured > 10
    assert answer.not_measured < sum(every.counts.values())
    assert (
        f"{answer.not_measured:,} more lie where they might be in reach"
        in answer_text.count_text(answer)[1]
    )
    assert (
        downloads.answer_json(answer, answer_text.answer_rows(answer))["not_measured"]
        == answer.not_measured
    )


def test_kilometres_asked_for_stay_kilometres(
    service: RoadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREREACH_DATA", str(tmp_path))
    folder = Path(shutil.copytree(ROOT / "data" / "bhutan", tmp_path / "bhutan"))
    about = folder / "datapackage.json"
    text = about.read_text("utf-8").replace('"measure": "road"', '"measure": "drive"', 1)
    about.write_text(text, "utf-8")
    assert "within 40 km by road" in command(service, "find", SERZHONG, "--radius-km", 40).stdout
    assert "within 60 min by car" in command(service, "find", SERZHONG).stdout
    asked = ("coverage", "--within-km", 40)
    assert "within 40 km by road" in command(service, *asked).stdout
    both = command(service, "find", SERZHONG, "--radius-km", 40, "--within-min", 30)
    assert both.returncode == 2
    assert "say --measure too" in both.stderr
