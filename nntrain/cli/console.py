"""The two streams as rich consoles: results on standard output, all else on standard error."""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from rich.console import Console

from nntrain.cli.streams import give_up, write_all

PIPE_WIDTH = 200  # nothing is cut or wrapped where no terminal sets a width


@cache
def stdout_console() -> Console:
    """Return the console of standard output."""
    return _console(stderr=False)


@cache
def stderr_console() -> Console:
    """Return the console of standard error."""
    return _console(stderr=True)


class _StandardOutput:
    """Standard output, which gets all of a text, or nothing more if its reader has gone."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stdout, name)

    def write(self, text: str) -> None:
        """Write text."""
        if text:
            write_all(text)

    def flush(self) -> None:
        """Do nothing: all is written."""


class _StandardError:
    """Standard error, which nobody has to read: if its reader goes, what is written goes nowhere, and work goes on."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)

    def write(self, text: str) -> None:
        """Write text, if anybody reads it."""
        self._unless_gone(sys.stderr.write, text)

    def flush(self) -> None:
        """Flush it, if anybody reads it."""
        self._unless_gone(sys.stderr.flush)

    def _unless_gone(self, call: Callable[..., object], *arguments: str) -> None:
        try:
            call(*arguments)
        except OSError:
            give_up(sys.stderr)


class _ModelessConsole(Console):
    """A console that leaves the terminal's modes alone: no end of the process, not even a crash, can leave them set."""

    def show_cursor(self, show: bool = True) -> bool:
        """Leave the cursor visible."""
        return False


def _console(stderr: bool) -> Console:
    file: Any = _StandardError() if stderr else _StandardOutput()
    # text of the user's is never markup, and nothing is coloured by guessing
    width = None if file.isatty() else PIPE_WIDTH
    return _ModelessConsole(file=file, markup=False, highlight=False, emoji=False, width=width)
