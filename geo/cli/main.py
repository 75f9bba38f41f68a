"""The command line: `carereach --help`, or `python -m geo --help`."""

import importlib
import os
import sys
from collections.abc import Mapping

import typer

from geo.cli.exits import EXIT_DATA, EXIT_OTHER, EXIT_USAGE
from geo.cli.terminal import guard
from geo.errors import CareReachError, DataError

#: Commands, and groups of them, by name: the module of each, and what it is called there.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "find": ("questions", "find"),
    "coverage": ("analysis", "coverage"),
    "inequality": ("analysis", "inequality"),
    "capacity": ("analysis", "capacity"),
    "referral": ("analysis", "referral"),
    "calls": ("analysis", "calls"),
    "siting": ("analysis", "siting"),
    "calibrate": ("directory", "calibrate"),
    "roads": ("maintenance", "roads"),
    "packs": ("maintenance", "packs"),
    "check": ("maintenance", "check"),
    "audit": ("maintenance", "audit"),
    "build": ("maintenance", "build"),
    "remove": ("maintenance", "remove"),
    "history": ("maintenance", "history"),
    "undo": ("maintenance", "undo"),
    "export": ("maintenance", "export"),
    "run": ("maintenance", "run"),
    "import": ("imports", "import_app"),
    "survey": ("directory", "survey_app"),
    "store": ("shared", "store_app"),
}
#: What a command's arguments may be besides its own: a latitude may be negative, and what
#: follows `--` is for Streamlit.
_SETTINGS = {"find": {"ignore_unknown_options": True}, "run": {"allow_extra_args": True}}


def _app(wanted: str) -> typer.Typer:
    """The command line with the command that is wanted, or with all where it is none of them.

    Each imports much that the others do not need, which takes longer than an answer.
    """
    app = typer.Typer(
        help="Who near me does this procedure, how sure are we, and who is left out?",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_begin)
    for name in [wanted] if wanted in _COMMANDS else _COMMANDS:
        module, called = _COMMANDS[name]
        command = getattr(importlib.import_module(f"geo.cli.{module}"), called)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name, context_settings=_SETTINGS.get(name))(command)
    return app


def _begin() -> None:
    # With it, a command keeps its name where it is the only one.
    pass


def main() -> int:
    """Run the command line and turn errors into one line and an exit code."""
    sys.stdout, sys.stderr = guard(sys.stdout), guard(sys.stderr)
    if any(word != word.encode("utf-8", "ignore").decode() for word in sys.argv):
        typer.echo("An argument is not text that can be read (UTF-8).", err=True)
        return EXIT_USAGE
    try:
        _app(sys.argv[1] if len(sys.argv) > 1 else "")(standalone_mode=True)
    except CareReachError as error:
        typer.echo(str(error), err=True)
        return EXIT_DATA if isinstance(error, DataError) else EXIT_USAGE
    except OSError as error:
        typer.echo(f"{error.filename or 'A file'}: {error.strerror}.", err=True)
        return EXIT_OTHER
    except Exception as error:  # a fault of ours: still one line, and no trace
        typer.echo(f"Something went wrong that should not: {error!r}.", err=True)
        return EXIT_OTHER
    finally:
        _tell_of_store()
    return 0


def _tell_of_store() -> None:
    """Say what is wrong with the store, where there is one."""
    if os.environ.get("CAREREACH_STORE"):
        from geo.packs.shared import store_problem

        if problem := store_problem():
            typer.echo(problem, err=True)


def run_main() -> None:
    """The command `carereach`."""
    sys.exit(main())
