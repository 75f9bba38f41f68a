"""The command line, run in this process: as `carereach` does it, and a hundred times as fast."""

import contextlib
import io
from dataclasses import dataclass
from unittest import mock

from geo.cli.main import run_main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(*words: object) -> Done:
    """Run a command with these words."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch("sys.argv", ["carereach", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            run_main()
        except SystemExit as end:
            code = end.code
    return Done(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())
