"""The commands that answer for many: coverage, inequality, capacity, referral, calls, siting."""

import datetime as dt
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from geo.care.assessed import assess_pack
from geo.care.library import get_procedure
from geo.cli.exits import EXIT_USAGE, stop
from geo.cli.options import (
    CoverageQuestion,
    Format,
    InUnits,
    ListFormat,
    ProcedureName,
    Supply,
    grouped,
    json_text,
    measured_by,
    read_library,
    say,
    slowed,
)
from geo.cli.tables import aligned, coverage_table
from geo.coverage.calls import find_calls
from geo.coverage.capacity import measure_capacity
from geo.coverage.coverage import (
    Coverage,
    demand_measures,
    measure_coverage,
    supply_pack,
    with_placements,
)
from geo.coverage.inequality import measure_inequality
from geo.coverage.nearer import find_nearer
from geo.coverage.parts import Cluster, reach_in_parts, read_people, with_people
from geo.coverage.referral import measure_referral
from geo.coverage.siting import MOST_SITES, find_sites
from geo.output import downloads
from geo.output.capacity_text import capacity_cells, capacity_lines, referral_lines
from geo.output.coverage_text import far_text
from geo.output.inequality_text import inequality_lines
from geo.packs.pack import Pack, open_pack
from geo.packs.people import count_by, other_placements
from geo.progress import Step
from geo.sources.batch import more_text
from geo.sources.numbers import read_numbers
from geo.travel.measure import DEFAULT_MIN, IN_MINUTES, OVER_TERRAIN, Measures, pack_measures
from geo.travel.terrain import terrain_for
from geo.travel.valhalla import RoadsDownError


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
        return _coverage(question, placed=True)
    if question.within_min is not None or question.measure in IN_MINUTES:
        raise stop("With --demand or --cluster people are measured in kilometres.", EXIT_USAGE)
    if people.demand is not None and question.people:
        raise stop("Either --demand or --people says which people count.", EXIT_USAGE)
    data = slowed(count_by(open_pack(question.pack), question.people), question.slower)
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


def _coverage(question: CoverageQuestion, *, placed: bool = False) -> Coverage:
    """Measure what a command asks for; `placed` also from where others place the people."""
    data = slowed(count_by(open_pack(question.pack), question.people), question.slower)
    entry = get_procedure(read_library(data), question.procedure or data.default_procedure)
    assessed = assess_pack(data, entry, dt.date.today())
    by, engine = measured_by(data, question.measure, question.within_min, question.within_km)
    measures = None if engine is None else demand_measures(assessed, engine)
    if by == OVER_TERRAIN:
        measures = pack_measures(data, assessed.roads, terrain=terrain_for(data)[0])
    try:
        supplied = supply_pack(assessed, measures=measures, progress=_show_step)
    except RoadsDownError as error:
        say(f"{error} Distances are shown instead.")
        supplied = supply_pack(assessed)
        by = supplied.measures.kilometres.name
    if placed:
        supplied = with_placements(supplied, other_placements(data), _show_step)
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
        text = json_text(downloads.coverage_json(measured, level))
    elif form == "csv":
        text = downloads.coverage_csv(measured)
    elif form == "geojson":
        text = downloads.coverage_geojson(measured, level) + "\n"
    else:
        text = coverage_table(measured, level)
    typer.echo(text, nl=False)


@grouped
def inequality(
    question: CoverageQuestion,
    level: Annotated[int, typer.Option(min=1, help="The level of the regions.")] = 1,
    rank: Annotated[
        Path | None,
        typer.Option(help="A table that ranks regions from poor to rich: region_id and a number."),
    ] = None,
    rank_column: Annotated[str, typer.Option(help="Which of its columns ranks them.")] = "",
    form: ListFormat = "table",
) -> None:
    """Say how unequally access is spread: over regions, over people, from poor to rich."""
    ranking = None
    if rank is not None:
        ranking = read_numbers(rank, "region_id", rank_column, "--rank-column")
    measured = _coverage(question)
    if level not in set(measured.regions["level"]):
        raise stop(_no_level(measured.pack, level), EXIT_USAGE)
    if ranking is not None:
        known = measured.level(level)["region_id"]
        _say_unmatched(rank, ranking, known, f"regions of level {level}")
    found = measure_inequality(measured, level, ranking)
    if form == "json":
        about = downloads.coverage_about(measured)
        typer.echo(
            json_text(downloads.plain_values({**about, "level": level, **asdict(found)})), nl=False
        )
        return
    for line in inequality_lines(measured, found):
        typer.echo(line)


@grouped
def capacity(
    question: CoverageQuestion,
    per_unit: Annotated[float, typer.Option(help="How many people a unit is enough for.")],
    amounts: Annotated[
        Path | None,
        typer.Option(help="A table of provider_id and a number; the pack's beds by default."),
    ] = None,
    amounts_column: Annotated[str, typer.Option(help="Which of its columns it is.")] = "",
    level: Annotated[int, typer.Option(min=1, help="The level of the regions.")] = 1,
    form: ListFormat = "table",
) -> None:
    """Say who is served when the nearest place is full, and how much there is for each person."""
    given = None
    if amounts is not None:
        given = read_numbers(amounts, "provider_id", amounts_column, "--amounts-column")
    measured = _coverage(question)
    if given is None:
        own = measured.pack.providers.set_index("provider_id")["beds"].dropna().astype(float)
        given = own.rename("beds")
    if amounts is not None:
        _say_unmatched(amounts, given, measured.pack.providers["provider_id"], "places of the pack")
    found = measure_capacity(measured, given, per_unit)
    if form == "json":
        about = {**downloads.coverage_about(measured), "level": level, "counted": str(given.name)}
        typer.echo(json_text({**about, **downloads.capacity_json(found, level)}), nl=False)
        return
    for line in capacity_lines(measured, found, str(given.name)):
        typer.echo(line)
    typer.echo("\n" + "\n".join(aligned(capacity_cells(found, level))))
    typer.echo("Scores: units within reach for 100,000 people, by six floating catchment methods.")


def _say_unmatched(
    path: Path | None, given: "pd.Series[float]", known: "pd.Series[str]", what: str
) -> None:
    """Say which ids of a table are not what they should be."""
    lost = given.index[~given.index.isin(known)]
    if path is not None and len(lost):
        some = ", ".join(map(str, lost[:3])) + more_text(len(lost) - 3)
        say(f"{len(lost):,} of {len(given):,} rows of {path.name} are of no {what}: {some}.")


@dataclass(frozen=True, kw_only=True)
class ReferralQuestion:
    """Two levels of care, and how far it is from the one to the other."""

    procedure: ProcedureName = ""
    to: Annotated[str, typer.Option(help="What the next level does: slug, title or synonym.")]
    pack: Annotated[str, typer.Option(help="The data to use.")] = "bhutan"
    measure: Annotated[
        Literal["road", "straight", "terrain"] | None,
        typer.Option(help="road or straight in km, terrain in minutes."),
    ] = None
    supply: Annotated[Supply, typer.Option(help="Who counts, of either level.")] = "likely"
    units: InUnits = None


@grouped
def referral(
    question: ReferralQuestion,
    limit: Annotated[int, typer.Option(min=1, help="At most this many places.")] = 10,
    form: ListFormat = "table",
) -> None:
    """Say how far it is from each place of one level of care to the nearest of the next."""
    data = open_pack(question.pack)
    library = read_library(data)
    first, following = (
        assess_pack(data, get_procedure(library, asked), dt.date.today())
        for asked in (question.procedure or data.default_procedure, question.to)
    )
    measures = pack_measures(data, first.roads, terrain=terrain_for(data)[0])
    choice = measures.choose(question.measure or measures.kilometres.name)
    if choice.reason:
        say(choice.reason)
    found = measure_referral(first, following, choice.measure, question.supply)
    units = question.units or data.units
    if form == "json":
        typer.echo(json_text(downloads.referral_json(first, following, found)), nl=False)
        return
    titles = first.procedure.in_a_sentence, following.procedure.in_a_sentence
    for line in referral_lines(*titles, found, units):
        typer.echo(line)
    unit = found.measure.unit if found.measure.unit == "min" else units
    for _, row in found.table.head(limit).iterrows():
        way = far_text(row["far"], unit)
        typer.echo(f"{'no way' if way == 'none' else way:>12}  {row['name']}")


@grouped
def calls(
    question: CoverageQuestion,
    limit: Annotated[int, typer.Option(min=1, help="At most this many calls.")] = 10,
    form: ListFormat = "table",
) -> None:
    """Rank whom to call: the people whom a yes would bring within reach."""
    ranked = find_calls(_coverage(question), limit)
    if form == "json":
        typer.echo(json_text(json.loads(ranked.to_json(orient="records"))), nl=False)
        return
    for _, row in ranked.iterrows():
        typer.echo(f"{row['people']:>12,}  {row['name']} ({row['status']})")


@grouped
def siting(
    question: CoverageQuestion,
    add: Annotated[int, typer.Option(min=1, max=MOST_SITES, help="How many places more.")] = 3,
    aim: Annotated[
        Literal["covered", "median", "centre"],
        typer.Option(help="Most people within reach, the shortest mean way, or longest way."),
    ] = "covered",
    among: Annotated[
        Literal["facilities", "people"],
        typer.Option(help="Facilities that lack it, or wherever people live."),
    ] = "facilities",
    form: ListFormat = "table",
) -> None:
    """Choose where the next places would bring the most people within reach."""
    measured = _coverage(question)
    if aim != "covered":
        _nearer(measured, add, aim, among, form)
        return
    candidates, sites = find_sites(measured, add, among)
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
        typer.echo(json_text({**answer, "optimum": best}), nl=False)
        return
    for number, row in enumerate(rows, 1):
        typer.echo(f"{number:>2}  {row['name']}: {row['people']:,} people more")
    typer.echo(f"Together {sites.people:,.0f}; no choice reaches more than {sites.bound:,.0f}.")
    typer.echo("It takes staff, not a pin on a map.")


def _nearer(measured: Coverage, k: int, aim: str, among: str, form: str) -> None:
    """Print where next places would bring people nearest."""
    candidates, found = find_nearer(measured, k, aim, among)
    chosen = candidates.iloc[found.chosen]
    unit = measured.shown_unit
    if form == "json":
        answer = {
            "aim": aim,
            "sites": chosen.to_dict("records"),
            f"before_{measured.unit}": found.before,
            f"after_{measured.unit}": found.after,
            "proved": found.proved,
        }
        typer.echo(json_text(downloads.plain_values(answer) | {"sites": answer["sites"]}), nl=False)
        return
    for number, name in enumerate(chosen["name"], 1):
        typer.echo(f"{number:>2}  {name}")
    what = "mean way" if aim == "median" else "longest way of anybody"
    before, after = (far_text(far, unit) for far in (found.before, found.after))
    proof = "No other choice is better (proved)." if found.proved else "There may be better ones."
    typer.echo(f"The {what} would be {after} instead of {before}. {proof}")
    typer.echo("It takes staff, not a pin on a map.")
