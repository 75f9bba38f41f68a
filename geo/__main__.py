"""The command line: `python -m geo find | packs | check | build`."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from geo import report, words
from geo.build import build_pack
from geo.checks import check_pack
from geo.errors import CareReachError, DataError
from geo.find import Answer, assess_pack, find_care
from geo.packs import DESCRIPTOR, list_packs, open_pack
from geo.places import find_place
from geo.procedures import Library, check_folder, find_procedure, get_procedure, whole_library

app = typer.Typer(
    help="Who near me does this procedure, how sure are we, and who is left out?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

EXIT_OTHER, EXIT_USAGE, EXIT_DATA = 1, 2, 3


Format = Literal["table", "json", "csv", "geojson"]
Measure = Literal["road", "straight"]
Order = Literal["evidence", "distance"]
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
    measure: Annotated[Measure | None, typer.Option(help="road or straight.")] = None,
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
    answer = find_care(
        assess_pack(data, entry, today),
        found.place,
        data.default_radius_km if radius_km is None else radius_km,
        measure=measure,
        order_by=order,
        show=show,
        limit=limit,
    )
    typer.echo(_formatted(answer, format), nl=False)


def _formatted(answer: Answer, format: Format) -> str:
    lines = words.describe(answer)
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
        out += [f"    Against: {s.text} ({s.source})." for s in line.against]
        out += [f"    {s.text} ({s.source})." for s in line.notices]
    return "\n".join(out) + "\n"


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
