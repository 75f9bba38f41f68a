"""How a command ends that could not answer."""

import typer

EXIT_OTHER, EXIT_USAGE, EXIT_DATA = 1, 2, 3


def stop(message: str, code: int) -> typer.Exit:
    """Say one line; what is returned is to be raised, and ends with an exit code."""
    typer.echo(message, err=True)
    return typer.Exit(code)
