"""The command line: `python -m geo --help`."""

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import pandas as pd
import typer

from geo import report, words
from geo.build import build_pack
from geo.checks import check_pack
from geo.coverage import (
    Coverage,
    find_calls,
    find_sites,
    measure_coverage,
    pack_times,
    stand_in,
    supply_pack,
)
from geo.coverage_words import detour_words, lead_words, percent_words
from geo.edits import remove_pack
from geo.errors import CareReachError, DataError
from geo.exports import FORMATS, export_pack
from geo.find import DEFAULT_MIN, Answer, assess_pack, find_care
from geo.import_commands import import_app
from geo.packs import DESCRIPTOR, Pack, list_packs, open_pack, pack_folder
from geo.places import find_place
from geo.procedures import Library, check_folder, find_procedure, get_procedure, whole_library
from geo.road_edits import check_road_table, refit_road_table, table_words
from geo.roads import Engine, RoadsDownError
from geo.travel import MODES, engine_for

app = typer.Typer(
    help="Who near me does this procedure, how sure are we, and who is left out?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(import_app, name="import")

EXIT_OTHER, EXIT_USAGE, EXIT_DATA = 1, 2, 3


Format = Literal["table", "json", "csv", "geojson"]
Measure = Literal["road", "straight", "drive", "walk"]
MeasureName = Annotated[
    Measure | None,
    typer.Option(help="road or straight (km), drive or walk (minutes; needs roads)."),
]
WithinMin = Annotated[float | None, typer.Option(help="The threshold for drive and walk.")]
Order = Literal["evidence", "distance"]
ExportFormat = Literal["fhir", "geojson", "parquet", "csv"]
Show = Literal["all", "likely", "reported", "confirmed", "not_offered"]


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _library() -> Library:
    """The bundled entries and one's own; those left out are named."""
    library, problems = whole_library()
    for problem in problems:
        typer.echo(f"Left out: {problem}", err=True)
    return library


@app.command(context_settings={"ignore_unknown_options": True})  # a latitude may be negative
def find(
    place: Annotated[str, typer.Argument(help='A name, "name, district", or "lat, lon".')],
    procedure: Annotated[str, typer.Option(help="Slug, title or synonym.")] = "",
    radius_km: Annotated[
        float | None, typer.Option(help="How far; the pack's own if not said.")
    ] = None,
    pack: Annotated[str, typer.Option(help="The data to search.")] = "bhutan",
    limit: Annotated[int, typer.Option(min=1, help="How many rows.")] = 20,
    measure: MeasureName = None,
    within_min: WithinMin = None,
    order: Annotated[Order, typer.Option(help="Strongest evidence or nearest first.")] = "evidence",
    show: Annotated[Show, typer.Option(help="Which statuses to list.")] = "all",
    format: Annotated[Format, typer.Option(help="How to print the answer.")] = "table",
) -> None:
    """List who near a place does a procedure, and how sure that is."""
    data = open_pack(pack)
    library = _library()
    entry = get_procedure(library, procedure or data.default_procedure)
    if procedure and find_procedure(library, procedure).corrected:
        typer.echo(f"“{procedure}” was read as {entry.title}.", err=True)
    found = find_place(data.places, place)
    if found.place and found.corrected:
        typer.echo(f"“{place}” was read as {found.place.label}.", err=True)
    if found.place is None:
        choices = [f"  {c.label} ({c.kind}; {c.lat:.3f}, {c.lon:.3f})" for c in found.choices]
        hint = "Say which:\n" + "\n".join(choices) if choices else ""
        if found.suggestions:
            hint = f"Near spellings: {'; '.join(found.suggestions)}."
        _stop(f"{found.problem} {hint}".strip(), EXIT_USAGE)
    today = dt.date.today()
    wanted = _measure(data, measure, within_min, radius_km)
    engine = _engine(data) if wanted in MODES else None
    answer = find_care(
        assess_pack(data, entry, today),
        found.place,
        data.default_radius_km if radius_km is None else radius_km,
        measure=wanted,
        within_min=DEFAULT_MIN if within_min is None else within_min,
        engine=engine,
        order_by=order,
        show=show,
        limit=limit,
    )
    if engine is not None and answer.trouble:
        typer.echo(answer.trouble, err=True)
    typer.echo(_formatted(answer, format), nl=False)


def _measure(
    data: Pack, measure: str | None, within_min: float | None, within_km: float | None
) -> str:
    """How to measure: what was said, or what the threshold is in, else the pack's own way."""
    if measure is None and within_min is not None and within_km is not None:
        raise CareReachError("Both kilometres and minutes are given: say --measure too.")
    if measure:
        return measure
    if within_min is not None:
        return data.measure if data.measure in MODES else "drive"
    if within_km is not None and data.measure in MODES:
        return "straight" if data.roads.empty else "road"
    return data.measure


def _engine(data: Pack) -> Engine | None:
    """What measures minutes; where there is nothing, one sentence says why."""
    engine, why = engine_for(data)
    if engine is None:
        typer.echo(f"{why} Kilometres stand in.", err=True)
    return engine


def _formatted(answer: Answer, format: Format) -> str:
    lines = words.describe(answer, dt.datetime.now(dt.UTC))
    if format == "json":
        found = report.answer_json(answer, lines)
        return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    if format == "csv":
        return report.answer_csv(answer, lines)
    if format == "geojson":
        return report.answer_geojson(answer, lines) + "\n"
    return _table(answer, lines)


def _table(answer: Answer, lines: list[words.Line]) -> str:
    """The answer for a terminal."""
    out = [f"{answer.procedure.title} near {answer.place.label}"]
    out.append(" ".join(part for part in words.count_words(answer) if part))
    seen = words.seen_at_words(answer)
    if seen:
        out.append(f"Nearest hospital where one can be seen: {seen[0]}, {seen[1]}.")
    if answer.pack.emergency_number:
        out.append(f"In an emergency: {answer.pack.emergency_number}.")
    farther = False
    if answer.outside_km:
        out.append(words.outside_words(answer))
    for line in lines:
        if line.farther and not farther:
            out += ["", words.farther_words(answer)]
            farther = True
        badges = "".join(f" [{badge}]" for _, badge in line.badges)
        detail = f" ({line.detail})" if line.detail else ""
        out += ["", f"{line.number:>2}  {line.name}, {line.distance}{detail}"]
        out.append(f"    {line.status_words}{badges}. {line.reason} {line.source}.")
        out += [f"    {line.facts}"] if line.facts else []
        out += [f"    Against: {s.text} ({s.source})." for s in line.against]
        out += [f"    {s.text} ({s.source})." for s in line.notices]
    return "\n".join(out) + "\n"


Supply = Literal["confirmed", "reported", "likely", "unknown"]
ProcedureName = Annotated[str, typer.Option(help="Slug, title or synonym.")]
Within = Annotated[float | None, typer.Option(help="The threshold; the pack's own if not said.")]
PackName = Annotated[str, typer.Option(help="The data to use.")]


def _coverage(
    procedure: str,
    within_km: float | None,
    supply: str,
    measure: str | None,
    within_min: float | None,
    pack: str,
) -> Coverage:
    data = open_pack(pack)
    entry = get_procedure(_library(), procedure or data.default_procedure)
    assessed = assess_pack(data, entry, dt.date.today())
    wanted = _measure(data, measure, within_min, within_km)
    engine = _engine(data) if wanted in MODES else None
    supplied = None
    if engine is not None:
        try:
            supplied = supply_pack(assessed, times=pack_times(data, engine), progress=_progress)
        except RoadsDownError as error:
            typer.echo(f"{error} Kilometres stand in.", err=True)
    if supplied is None:
        supplied = supply_pack(assessed)
        wanted = stand_in(supplied) if wanted in MODES else wanted
    if wanted in MODES:
        threshold = DEFAULT_MIN if within_min is None else within_min
    else:
        threshold = data.default_radius_km if within_km is None else within_km
    return measure_coverage(supplied, threshold, measure=wanted, supply=supply)


def _progress(done: int, whole: int) -> None:
    """Ways measured so far, on one line, where somebody looks."""
    if sys.stderr.isatty():
        end = "\n" if done >= whole else "\r"
        sys.stderr.write(f"Measured {done:,} of {whole:,} ways{end}")


@app.command()
def coverage(
    procedure: ProcedureName = "",
    within_km: Within = None,
    supply: Annotated[Supply, typer.Option(help="Who counts.")] = "likely",
    measure: MeasureName = None,
    within_min: WithinMin = None,
    pack: PackName = "bhutan",
    level: Annotated[int, typer.Option(min=1, help="The level of the regions.")] = 1,
    format: Annotated[Format, typer.Option(help="How to print the figures.")] = "table",
) -> None:
    """Count who is within reach of a procedure, and who is left out, by region."""
    found = _coverage(procedure, within_km, supply, measure, within_min, pack)
    if level not in set(found.regions["level"]):
        _stop(f"The pack has no regions of level {level}.", EXIT_USAGE)
    if format == "json":
        text = json.dumps(report.coverage_json(found, level), ensure_ascii=False, indent=1) + "\n"
    elif format == "csv":
        text = report.coverage_csv(found)
    elif format == "geojson":
        text = report.coverage_geojson(found, level) + "\n"
    else:
        text = _coverage_table(found, level)
    typer.echo(text, nl=False)


def _coverage_table(found: Coverage, level: int) -> str:
    out = [" ".join(part for part in lead_words(found) if part), *detour_words(found), ""]
    median = f"Median {found.unit}"
    out.append(f"{'Region':28s}{'People':>10s}{'Beyond':>10s}{'Covered':>12s}{median:>11s}")
    for _, row in found.level(level).iterrows():
        far = "nobody" if pd.isna(row["median"]) else f"{row['median']:.0f}"
        name = f"{row['name']}{' (small)' if row['small'] else ''}"
        out.append(
            f"{name[:27]:28s}{row['population']:>10,}{row['people_beyond']:>10,}"
            f"{percent_words(row['share']):>12s}{far:>11s}"
        )
    return "\n".join(out) + "\n"


@app.command()
def calls(
    procedure: ProcedureName = "",
    within_km: Within = None,
    supply: Annotated[Supply, typer.Option(help="Who counts already.")] = "likely",
    measure: MeasureName = None,
    within_min: WithinMin = None,
    pack: PackName = "bhutan",
    limit: Annotated[int, typer.Option(min=1, help="How many calls.")] = 10,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to print.")] = "table",
) -> None:
    """Rank whom to ring: the people whom a yes would bring within reach."""
    found = find_calls(_coverage(procedure, within_km, supply, measure, within_min, pack), limit)
    if format == "json":
        rows = json.loads(found.to_json(orient="records"))
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for _, row in found.iterrows():
        typer.echo(f"{row['people']:>12,}  {row['name']} ({row['status']})")


@app.command()
def siting(
    procedure: ProcedureName = "",
    within_km: Within = None,
    add: Annotated[int, typer.Option(min=1, max=10, help="How many places more.")] = 3,
    among: Annotated[
        Literal["facilities", "people"],
        typer.Option(help="Facilities that lack it, or wherever people live."),
    ] = "facilities",
    supply: Annotated[Supply, typer.Option(help="Who counts already.")] = "likely",
    measure: MeasureName = None,
    within_min: WithinMin = None,
    pack: PackName = "bhutan",
    format: Annotated[Literal["table", "json"], typer.Option(help="How to print.")] = "table",
) -> None:
    """Choose where the next places would bring the most people within reach."""
    found = _coverage(procedure, within_km, supply, measure, within_min, pack)
    candidates, sites = find_sites(found, add, among)
    chosen = candidates.iloc[sites.greedy]
    rows = [
        {"id": i, "name": name, "lat": lat, "lon": lon, "people": int(gain)}
        for i, name, lat, lon, gain in zip(
            *(chosen[c] for c in ("id", "name", "lat", "lon")), sites.gains, strict=True
        )
    ]
    if format == "json":
        best = None if sites.optimum is None else candidates["id"].iloc[sites.optimum].tolist()
        answer = {"sites": rows, "people": round(sites.people), "at_most": round(sites.bound)}
        typer.echo(json.dumps({**answer, "optimum": best}, ensure_ascii=False, indent=1))
        return
    for number, row in enumerate(rows, 1):
        typer.echo(f"{number:>2}  {row['name']}: {row['people']:,} people more")
    typer.echo(f"Together {sites.people:,.0f}; no choice reaches more than {sites.bound:,.0f}.")
    typer.echo("It takes staff, not a pin on a map.")


@app.command()
def roads(
    pack: PackName = "bhutan",
    refit: Annotated[
        bool, typer.Option(help="Put the measured kilometres into your copy of the pack.")
    ] = False,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to print.")] = "table",
) -> None:
    """Check a pack's road table against ways on imported roads."""
    data = open_pack(pack)
    engine, why = engine_for(data)
    if engine is None:
        _stop(why, EXIT_OTHER)
    legs = check_road_table(data, engine)
    if format == "json":
        rows = json.loads(legs.to_json(orient="records", double_precision=3))
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for leg in legs.to_dict("records"):
            routed = "no way" if pd.isna(leg["routed_km"]) else f"{leg['routed_km']:.1f} km"
            typer.echo(f"{leg['from']} to {leg['to']}: table {leg['km']:g} km, measured {routed}")
        typer.echo(table_words(legs))
    if refit:
        if os.environ.get("CAREREACH_VALHALLA"):
            _stop("Refit with imported roads: unset CAREREACH_VALHALLA.", EXIT_USAGE)
        if legs["routed_km"].isna().all():
            _stop(
                "No leg was measured: the roads are of another place. Nothing changed.", EXIT_DATA
            )
        changed = refit_road_table(pack, legs)
        typer.echo(f"{changed} legs are measured now, in {pack_folder(pack)}.", err=True)


@app.command()
def packs() -> None:
    """List the packs that can be opened."""
    broken = False
    for name, folder in list_packs().items():
        try:
            data = open_pack(folder)
        except DataError as error:
            typer.echo(f"{name}: {error}", err=True)
            broken = True
            continue
        size = f"{len(data.providers)} providers"
        typer.echo("\t".join([name, data.title, f"version {data.version}", size, str(folder)]))
    if broken:
        raise typer.Exit(EXIT_DATA)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The folder of a pack or of procedure entries.")],
) -> None:
    """Verify a pack (schema, keys, sums, positions, sources, hashes) or a folder of entries."""
    kinds = ("*.md", "codes.csv", "specialties.csv")
    entries = not (folder / DESCRIPTOR).exists() and any(any(folder.glob(k)) for k in kinds)
    problems = check_folder(folder) if entries else check_pack(folder)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(EXIT_DATA)
    if entries:
        typer.echo(f"{folder}: {len(list(folder.glob('*.md')))} entries: all checks passed.")
        return
    data = open_pack(folder)
    typer.echo(
        f"{data.name}: {len(data.providers)} providers, {len(data.evidence)} statements, "
        f"{data.demand['population'].sum()} people in {len(data.demand)} places, "
        f"{len(data.roads)} road legs: all checks passed."
    )


@app.command()
def build(folder: Annotated[Path, typer.Argument(help="A pack's folder.")]) -> None:
    """Compute what follows from a pack's curated files: outline, base map, hashes."""
    for path in build_pack(folder):
        typer.echo(str(path))


@app.command()
def remove(pack: Annotated[str, typer.Option("--pack", help="A pack of your own.")]) -> None:
    """Delete a pack of your own; a bundled one of the same name is seen again."""
    typer.echo(f"Removed {remove_pack(pack)}.")


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    pack: Annotated[str, typer.Option("--pack", help="The pack.")],
    format: Annotated[ExportFormat, typer.Option(help="What to write.")],
) -> None:
    """Write a whole pack to one file, with its sources."""
    content = export_pack(open_pack(pack), format)
    out.write_bytes(content)
    typer.echo(f"{out}: {FORMATS[format]}, {len(content):,} bytes")


def main() -> int:
    """Run the command line and turn errors into one line and an exit code."""
    try:
        app(standalone_mode=True)
    except DataError as error:
        typer.echo(str(error), err=True)
        return EXIT_DATA
    except CareReachError as error:
        typer.echo(str(error), err=True)
        return EXIT_USAGE
    except OSError as error:
        typer.echo(f"{error.filename or 'A file'}: {error.strerror}.", err=True)
        return EXIT_OTHER
    except Exception as error:  # a fault of ours: still one line, and no trace
        typer.echo(f"Something went wrong that should not: {error!r}.", err=True)
        return EXIT_OTHER
    return 0


if __name__ == "__main__":
    sys.exit(main())
