"""The commands that say how right a directory is: calibrate, survey."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from geo.care.assessed import assess_pack
from geo.care.calibration import has_answers
from geo.care.entry import Procedure
from geo.care.find import LISTED
from geo.care.library import get_procedure
from geo.care.survey import (
    FIELDS,
    PER_STATUS,
    Call,
    accuracy,
    draw_sample,
    record_call,
    start_survey,
)
from geo.cli.options import ListFormat, grouped, read_library, say
from geo.cli.tables import aligned
from geo.errors import CareReachError
from geo.output.calibration_text import COLUMNS, NO_ANSWERS, calibration_table, table_rows
from geo.output.surveys import (
    ACCURACY_COLUMNS,
    accuracy_rows,
    due_text,
    progress_text,
    sheet_page,
    survey_report,
)
from geo.packs.pack import Pack, open_pack

YesNo = Literal["yes", "no"]


@dataclass(frozen=True, kw_only=True)
class CallAnswers:
    """What a call of a survey brought."""

    who: Annotated[str, typer.Option(help="Who answered, by role; without it, nobody did.")] = ""
    does_it: Annotated[YesNo | None, typer.Option(help="It is done there.")] = None
    phone_right: Annotated[YesNo | None, typer.Option(help="The number is right.")] = None
    address_right: Annotated[YesNo | None, typer.Option(help="The address is right.")] = None
    takes_new: Annotated[YesNo | None, typer.Option(help="New patients are taken.")] = None
    asked: Annotated[str, typer.Option(help="The day, YYYY-MM-DD; today by default.")] = ""

    @property
    def call(self) -> Call:
        """The same as a value of the library."""
        try:
            day = dt.date.fromisoformat(self.asked) if self.asked else dt.date.today()
        except ValueError:
            raise CareReachError(f"{self.asked!r} is not a day: write YYYY-MM-DD.") from None
        told = {
            name: None if getattr(self, name) is None else getattr(self, name) == "yes"
            for name in FIELDS
        }
        return Call(day, self.who.strip(), **told)


def calibrate(
    procedure: Annotated[str, typer.Option(help="Slug, title or synonym; every one without.")] = "",
    pack: Annotated[str, typer.Option(help="The data to use.")] = "us",
    by: Annotated[
        Literal["place", "state", "urban"], typer.Option(help="What to tell apart.")
    ] = "place",
    form: ListFormat = "table",
) -> None:
    """Say how often each status turns out true: known answers are hidden and compared."""
    data = open_pack(pack)
    library = read_library(data)
    entries = [get_procedure(library, procedure)] if procedure else list(library.values())
    known = [
        assess_pack(data, entry, dt.date.today())
        for entry in entries
        if has_answers(data.evidence, entry)
    ]
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


survey_app = typer.Typer(
    help="Measure how right a directory is: draw a fair sample, call it, and count.",
    no_args_is_help=True,
)
_Pack = Annotated[str, typer.Option("--pack", help="The pack.")]
_Procedure = Annotated[str, typer.Option("--procedure", help="Slug, title or synonym.")]


def _survey_of(pack: Pack, procedure: Procedure) -> pd.DataFrame:
    survey = pack.survey[pack.survey["procedure"] == procedure.slug]
    if survey.empty:
        raise CareReachError(
            f"No sample was drawn for {procedure.in_a_sentence} in {pack.name}: begin with "
            f"“carereach survey draw --pack {pack.name} --procedure {procedure.slug}”."
        )
    return survey.reset_index(drop=True)


@survey_app.command()
def draw(
    pack: _Pack,
    procedure: _Procedure,
    per_status: Annotated[int, typer.Option(min=1, help="So many of each status.")] = PER_STATUS,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins.")] = 1,
) -> None:
    """Draw places to call, by chance within each status; those not called yet are replaced."""
    data = open_pack(pack)
    entry = get_procedure(read_library(data), procedure)
    sample = draw_sample(assess_pack(data, entry, dt.date.today()), per_status, seed)
    start_survey(data, sample)
    for status, number in sample["status"].value_counts().reindex(LISTED).dropna().items():
        of = int(sample.loc[sample["status"] == status, "of"].iloc[0])
        typer.echo(f"{int(number):>6,} of {of:,} {status}")


@survey_app.command()
def sheet(
    out: Annotated[Path, typer.Argument(help="The HTML file to write.")],
    pack: _Pack,
    procedure: _Procedure,
) -> None:
    """Write the sheet to call by, with boxes to tick."""
    data = open_pack(pack)
    entry = get_procedure(read_library(data), procedure)
    survey = _survey_of(data, entry)
    waiting = survey[survey["asked"].isna()]
    out.write_text(sheet_page(data, entry, waiting), "utf-8")
    typer.echo(f"{out}: {len(waiting):,} places to call")


@survey_app.command()
@grouped
def record(
    provider_id: Annotated[str, typer.Argument(help="Which place was called.")],
    pack: _Pack,
    procedure: _Procedure,
    answers: CallAnswers,
) -> None:
    """Record what a call brought; whether it is done there becomes a statement too."""
    data = open_pack(pack)
    entry = get_procedure(read_library(data), procedure)
    record_call(data, provider_id, entry.slug, answers.call)
    typer.echo(progress_text(_survey_of(open_pack(pack), entry)))


@survey_app.command()
def report(
    pack: _Pack,
    procedure: _Procedure,
    form: Annotated[
        Literal["table", "json", "html"], typer.Option("--format", help="How to print.")
    ] = "table",
) -> None:
    """Say how right the directory is so far, and what is due for a check."""
    data = open_pack(pack)
    entry = get_procedure(read_library(data), procedure)
    survey, today = _survey_of(data, entry), dt.date.today()
    if form == "html":
        typer.echo(survey_report(data, entry, survey, today), nl=False)
    elif form == "json":
        rows = json.loads(accuracy(survey).to_json(orient="records", double_precision=4))
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        typer.echo(f"{progress_text(survey)} {due_text(survey, data.evidence, today)}")
        for line in aligned([ACCURACY_COLUMNS, *accuracy_rows(survey)], left=2):
            typer.echo(line)
