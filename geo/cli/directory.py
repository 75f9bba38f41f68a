"""The commands that say how right a directory is: calibrate."""

import datetime as dt
import json
from typing import Annotated, Literal

import typer

from geo.care.find import assess_pack
from geo.care.library import get_procedure
from geo.cli.options import ListFormat, read_library, say
from geo.cli.tables import aligned
from geo.output.calibration_text import COLUMNS, NO_ANSWERS, calibration_table, table_rows
from geo.packs.pack import open_pack


def calibrate(
    procedure: Annotated[str, typer.Option(help="Slug, title or synonym; every one without.")] = "",
    pack: Annotated[str, typer.Option(help="The data to use.")] = "us",
    by: Annotated[
        Literal["place", "state", "urban"], typer.Option(help="What to tell apart.")
    ] = "place",
    form: ListFormat = "table",
) -> None:
    """Say how often each status turns out true: known answers are hidden and compared."""
    data, library = open_pack(pack), read_library()
    entries = [get_procedure(library, procedure)] if procedure else list(library.values())
    found = [assess_pack(data, entry, dt.date.today()) for entry in entries]
    known = [assessed for assessed in found if len(assessed.calibration.answers)]
    if form == "json":
        rows = [
            {"procedure": assessed.procedure.slug, **row}
            for assessed in known
            for row in json.loads(calibration_table(assessed, by).to_json(orient="records"))
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if not known:
        say(NO_ANSWERS)
    for assessed in known:
        typer.echo(assessed.procedure.title)
        for line in aligned([COLUMNS, *table_rows(calibration_table(assessed, by))], left=2):
            typer.echo(f"  {line}")
