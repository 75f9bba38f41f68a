"""The command that lists who is near: find."""

import datetime as dt
from typing import Annotated

import typer

from geo.care.assessed import assess_pack
from geo.care.find import Answer, Search, find_care
from geo.care.library import find_procedure, get_procedure
from geo.cli.exits import EXIT_USAGE, stop
from geo.cli.options import FindQuestion, Format, grouped, json_text, measured_by, read_library, say
from geo.cli.tables import answer_table
from geo.output import downloads
from geo.output.answer_text import answer_rows
from geo.packs.gazetteer import Place
from geo.packs.pack import Pack, open_pack
from geo.travel.measure import DEFAULT_MIN, IN_MINUTES
from geo.travel.terrain import terrain_for


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
    by, engine = measured_by(data, question.measure, question.within_min, question.radius_km)
    search = Search(
        data.default_radius_km if question.radius_km is None else question.radius_km,
        DEFAULT_MIN if question.within_min is None else question.within_min,
        by,
        question.order,
        question.show,
        question.limit,
        question.units or data.units,
    )
    assessed = assess_pack(data, entry, dt.date.today())
    answer = find_care(assessed, origin, search, engine, terrain_for(data)[0])
    if by in IN_MINUTES and answer.reason:
        say(answer.reason)
    typer.echo(_formatted(answer, form), nl=False)


def _formatted(answer: Answer, form: Format) -> str:
    rows = answer_rows(answer, dt.datetime.now(dt.UTC))
    if form == "json":
        return json_text(downloads.answer_json(answer, rows))
    if form == "csv":
        return downloads.answer_csv(answer, rows)
    if form == "geojson":
        return downloads.answer_geojson(answer, rows) + "\n"
    return answer_table(answer, rows)
