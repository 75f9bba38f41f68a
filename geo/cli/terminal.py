"""What is written to a terminal: text of strangers must not command it."""

import re
from typing import Any, TextIO, cast

#: Control characters but for the end of a line and a tab, and those that turn the direction of
#: text (Unicode Technical Report 36, 2.2 and 3.4).
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Plain:
    """A stream to a terminal on which control characters are shown and not obeyed.

    Parameters
    ----------
    stream
        Standard output or standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        r"""Write a text, with \x1b for what would begin a command, and the like.

        Examples
        --------
        >>> import sys
        >>> _ = Plain(sys.stdout).write("Clinic \x1b[2J\n")
        Clinic \x1b[2J
        """
        return self._stream.write(_COMMANDS.sub(lambda m: ascii(m[0])[1:-1], text))

    def __getattr__(self, name: str) -> Any:
        """Everything else is as the stream does it."""
        return getattr(self._stream, name)


def guard(stream: TextIO) -> TextIO:
    """A stream as it is, or `Plain` where it is a terminal: a file gets every byte."""
    return cast("TextIO", Plain(stream)) if stream.isatty() else stream
