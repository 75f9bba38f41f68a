"""Text of strangers on a terminal: shown, never obeyed; in a file, byte for byte."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.cli.terminal import Plain, guard
from tests.command import run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    screen = Terminal()
    guard(screen).write(text)
    shown = screen.getvalue()
    assert all(c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160) for c in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_file_gets_what_is_written() -> None:
    file = io.StringIO()
    guard(file).write("\x1b[2J\x9b")
    assert file.getvalue() == "\x1b[2J\x9b"
    assert not isinstance(guard(file), Plain)


@pytest.mark.parametrize("word", ["\udcff", "a\ud800b"])
def test_an_argument_that_is_no_text_is_said(word: str) -> None:
    done = run("find", "Thimphu", "--procedure", word)
    assert done.returncode == 2
    assert done.stderr == "An argument is not text that can be read (UTF-8).\n"


def test_a_procedure_of_ten_thousand_letters_is_not_known() -> None:
    done = run("find", "Thimphu", "--procedure", "a " * 5000)
    assert done.returncode == 2
    assert "No procedure called" in done.stderr
