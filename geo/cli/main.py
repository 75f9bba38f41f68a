"""The command line: `carereach --help`, or `python -m geo --help`."""

import sys

import typer

from geo.cli.directory import calibrate, survey_app
from geo.cli.imports import import_app
from geo.cli.maintenance import build, check, export, packs, remove, roads, run
from geo.cli.questions import EXIT_DATA, EXIT_OTHER, EXIT_USAGE, calls, coverage, find, siting
from geo.errors import CareReachError, DataError

app = typer.Typer(
    help="Who near me does this procedure, how sure are we, and who is left out?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(import_app, name="import")
app.add_typer(survey_app, name="survey")
# A latitude may be negative.
app.command(context_settings={"ignore_unknown_options": True})(find)
for _command in (coverage, calls, siting, calibrate, roads, packs, check, build, remove, export):
    app.command()(_command)
app.command(context_settings={"allow_extra_args": True})(run)


def main() -> int:
    """Run the command line and turn errors into one line and an exit code."""
    try:
        app(standalone_mode=True)
    except CareReachError as error:
        typer.echo(str(error), err=True)
        return EXIT_DATA if isinstance(error, DataError) else EXIT_USAGE
    except OSError as error:
        typer.echo(f"{error.filename or 'A file'}: {error.strerror}.", err=True)
        return EXIT_OTHER
    except Exception as error:  # a fault of ours: still one line, and no trace
        typer.echo(f"Something went wrong that should not: {error!r}.", err=True)
        return EXIT_OTHER
    return 0


def run_main() -> None:
    """The command `carereach`."""
    sys.exit(main())
