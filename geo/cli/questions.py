"""The commands that answer: find, coverage, calls, siting."""

import datetime as dt
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from geo.care.assessed import assess_pack
from geo.care.find import Answer, Search, find_care
from geo.care.library import find_procedure, get_procedure
from geo.cli.exits import EXIT_USAGE, stop
from geo.cli.options import (
    CoverageQuestion,
    FindQuestion,
    Format,
    ListFormat,
    grouped,
    read_library,
    say,
)
from geo.cli.tables import answer_table, coverage_table
from geo.coverage.calls import find_calls
from geo.coverage.coverage import Coverage, demand_measures, measure_coverage, supply_pack
from geo.coverage.parts import Cluster, reach_in_parts, read_people, with_people
from geo.coverage.siting import find_sites
from geo.errors import CareReachError
from geo.output import downloads
from geo.output.answer_text import answer_rows
from geo.packs.gazetteer import Place
from geo.packs.pack import Pack, open_pack
from geo.progress import Step
from geo.travel.measure import DEFAULT_MIN, Measures, pack_measures
from geo.travel.road_table import RoadTable
from geo.travel.times import MODES, engine_for
from geo.travel.valhalla import Engine, RoadsDownError


def _place(data: Pack, text: str) -> Place:
    match = data.gazetteer.find(text)
    if match.place is not None:
        for sentence in match.notes(text):
            say(sentence)
        return match.place
    hint = ""
    if match.choices:
        choices = [f"  {c.label} ({c.kind}; {c.lat:.3f}, {c.lon:.3f})" for c in match.choices]
        hint = "Say which:\n" + "\n".join(choices)
    if match.suggestions:
        hint = f"Near spellings: {'; '.join(match.suggestions)}."
    raise stop(f"{match.problem} {hint}".strip(), EXIT_USAGE)


def _measured_by(
    data: Pack, measure: str | None, within_min: float | None, within_km: float | None
) -> tuple[str, Engine | None]:
    """Which measure is meant, and the engine for it; what stands in is said."""
    if measure is None and within_min is not None and within_km is not None:
        raise CareReachError("Both kilometres and minutes are given: say --measure too.")
    table = RoadTable.from_frames(data.roads, data.road_nodes, data.detour)
    known = pack_measures(data, table)
    asked = known.wanted(measure, km=within_km is not None, minutes=within_min is not None)
    engine, why = engine_for(data) if asked in MODES else (None, "")
    choice = pack_measures(data, table, engine, f"{why} Distances are shown instead.").choose(asked)
    if choice.reason:
        say(choice.reason)
    return choice.measure.name, engine


@grouped
def find(
    place: Annotated[str, typer.Argument(help='A name, "name, district", or "lat, lon".')],
    question: FindQuestion,
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = "table",
) -> None:
    """List who near a place does a procedure, and how sure that is."""
    data = open_pack(question.pack)
    library, asked = read_library(data), question.procedure
    entry = get_procedure(library, asked or data.default_procedure)
    if asked and find_procedure(library, asked).corrected:
        say(f"“{asked}” was read as {entry.title}.")
    origin = _place(data, place)
    by, engine = _measured_by(data, question.measure, question.within_min, question.radius_km)
    search = Search(
        data.default_radius_km if question.radius_km is None else question.radius_km,
        DEFAULT_MIN if question.within_min is None else question.within_min,
        by,
        question.order,
        question.show,
        question.limit,
        question.units or data.units,
    )
    answer = find_care(assess_pack(data, entry, dt.date.today()), origin, search, engine)
    if engine is not None and answer.reason:
        say(answer.reason)
    typer.echo(_formatted(answer, form), nl=False)


def _formatted(answer: Answer, form: Format) -> str:
    rows = answer_rows(answer, dt.datetime.now(dt.UTC))
    if form == "json":
        return _json(downloads.answer_json(answer, rows))
    if form == "csv":
        return downloads.answer_csv(answer, rows)
    if form == "geojson":
        return downloads.answer_geojson(answer, rows) + "\n"
    return answer_table(answer, rows)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, kw_only=True)
class People:
    """Whose way is measured, where these are not the pack's."""

    demand: Annotated[
        Path | None,
        typer.Option(help="People from Parquet (a file or a folder): population, lat, lon."),
    ] = None
    cluster: Annotated[
        str, typer.Option(help="A scheduler of Dask whose workers measure: tcp://host:port.")
    ] = ""


def _coverage_of(question: CoverageQuestion, people: People) -> Coverage:
    """Measure what a command asks for, for people from files or on a cluster."""
    if people.demand is None and not people.cluster:
        return _coverage(question)
    if question.within_min is not None or question.measure in MODES:
        raise stop("With --demand or --cluster people are measured in kilometres.", EXIT_USAGE)
    data = open_pack(question.pack)
    entry = get_procedure(read_library(data), question.procedure or data.default_procedure)
    assessed = assess_pack(data, entry, dt.date.today())
    if people.demand is not None:
        given = read_people(people.demand, data)
        outside = given["region_id"].isna()
        say(
            f"{given['population'].sum():,.0f} people at {len(given):,} points of {people.demand}; "
            f"{given['population'][outside].sum():,.0f} of them in no region of {data.name}."
        )
        assessed = with_people(assessed, given, people.demand)
    cluster = Cluster(people.cluster) if people.cluster else None
    find = cluster.find_reach if cluster else reach_in_parts
    try:
        supplied = supply_pack(assessed, progress=_show_step, find=find)
    finally:
        if cluster:
            cluster.close()
    choice = supplied.measures.choose(question.measure)
    if choice.reason:
        say(choice.reason)
    by = choice.measure.name
    threshold = _threshold(question, data, supplied.measures, by)
    units = question.units or data.units
    return measure_coverage(supplied, threshold, measure=by, supply=question.supply, units=units)


def _coverage(question: CoverageQuestion) -> Coverage:
    """Measure what a command asks for."""
    data = open_pack(question.pack)
    entry = get_procedure(read_library(data), question.procedure or data.default_procedure)
    assessed = assess_pack(data, entry, dt.date.today())
    by, engine = _measured_by(data, question.measure, question.within_min, question.within_km)
    measures = None if engine is None else demand_measures(assessed, engine)
    try:
        supplied = supply_pack(assessed, measures=measures, progress=_show_step)
    except RoadsDownError as error:
        say(f"{error} Distances are shown instead.")
        supplied = supply_pack(assessed)
        by = supplied.measures.kilometres.name
    threshold = _threshold(question, data, supplied.measures, by)
    units = question.units or data.units
    return measure_coverage(supplied, threshold, measure=by, supply=question.supply, units=units)


def _threshold(question: CoverageQuestion, data: Pack, measures: Measures, by: str) -> float:
    """The threshold in the unit of the measure."""
    if measures.by_name[by].unit == "min":
        return DEFAULT_MIN if question.within_min is None else question.within_min
    return data.default_radius_km if question.within_km is None else question.within_km


def _no_level(pack: Pack, level: int) -> str:
    """Why there are no regions of a level, and what to do."""
    levels = sorted(set(pack.regions["level"]))
    if not levels:
        return (
            f"The pack {pack.name} has no regions: bring them with "
            f"“carereach import boundaries FILE --pack {pack.name}”."
        )
    if level in levels:
        return f"None of these people is in a region of level {level} of {pack.name}."
    known = " and ".join(str(n) for n in levels)
    return f"The pack {pack.name} has no regions of level {level}; it has level {known}."


def _show_step(step: Step) -> None:
    """Ways measured so far, on one line, where somebody looks."""
    if sys.stderr.isatty() and step.whole:
        end = "\n" if step.done >= step.whole else "\r"
        sys.stderr.write(f"{step.doing}: {step.done:,.0f} of {step.whole:,.0f}{end}")


@grouped
def coverage(
    question: CoverageQuestion,
    people: People,
    level: Annotated[int, typer.Option(min=1, help="The level of the regions.")] = 1,
    form: Annotated[Format, typer.Option("--format", help="How to print the figures.")] = "table",
) -> None:
    """Count who is within reach of a procedure, and who is left out, by region."""
    measured = _coverage_of(question, people)
    if level not in set(measured.regions["level"]):
        raise stop(_no_level(measured.pack, level), EXIT_USAGE)
    if form == "json":
        text = _json(downloads.coverage_json(measured, level))
    elif form == "csv":
        text = downloads.coverage_csv(measured)
    elif form == "geojson":
        text = downloads.coverage_geojson(measured, level) + "\n"
    else:
        text = coverage_table(measured, level)
    typer.echo(text, nl=False)


@grouped
def calls(
    question: CoverageQuestion,
    limit: Annotated[int, typer.Option(min=1, help="At most this many calls.")] = 10,
    form: ListFormat = "table",
) -> None:
    """Rank whom to call: the people whom a yes would bring within reach."""
    ranked = find_calls(_coverage(question), limit)
    if form == "json":
        typer.echo(_json(json.loads(ranked.to_json(orient="records"))), nl=False)
        return
    for _, row in ranked.iterrows():
        typer.echo(f"{row['people']:>12,}  {row['name']} ({row['status']})")


@grouped
def siting(
    question: CoverageQuestion,
    add: Annotated[int, typer.Option(min=1, max=10, help="How many places more.")] = 3,
    among: Annotated[
        Literal["facilities", "people"],
        typer.Option(help="Facilities that lack it, or wherever people live."),
    ] = "facilities",
    form: ListFormat = "table",
) -> None:
    """Choose where the next places would bring the most people within reach."""
    candidates, sites = find_sites(_coverage(question), add, among)
    chosen = candidates.iloc[sites.greedy]
    rows = [
        {"id": i, "name": name, "lat": lat, "lon": lon, "people": int(gain)}
        for i, name, lat, lon, gain in zip(
            *(chosen[c] for c in ("id", "name", "lat", "lon")), sites.gains, strict=True
        )
    ]
    if form == "json":
        best = None if sites.optimum is None else candidates["id"].iloc[sites.optimum].tolist()
        answer = {"sites": rows, "people": round(sites.people), "at_most": round(sites.bound)}
        typer.echo(_json({**answer, "optimum": best}), nl=False)
        return
    for number, row in enumerate(rows, 1):
        typer.echo(f"{number:>2}  {row['name']}: {row['people']:,} people more")
    typer.echo(f"Together {sites.people:,.0f}; no choice reaches more than {sites.bound:,.0f}.")
    typer.echo("It takes staff, not a pin on a map.")
