"""The two streams as rich consoles: results on standard output, all else on standard error."""

import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from nntrain.cli.streams import give_up, unescaped, write_raw
from nntrain.printable import printable

PIPE_WIDTH = 200  # nothing is cut or wrapped where no terminal sets a width


@cache
def stdout_console() -> Console:
    """Return the console of standard output."""
    return _console(stderr=False)


@cache
def stderr_console() -> Console:
    """Return the console of standard error."""
    return _console(stderr=True)


class SafeConsole(Console):
    """A console on which control characters in the text show as escapes; those that rich itself sends stay.

    It leaves the terminal's modes alone: no end of the process, not even a crash, can leave them set.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable, and of all that it is made of."""
        for segment in super().render(renderable, options):
            text = printable(segment.text)
            yield segment if segment.control or text == segment.text else Segment(text, segment.style)

    def show_cursor(self, show: bool = True) -> bool:
        """Leave the cursor visible."""
        return False


class _StandardOutput:
    """Standard output, which gets all of a text, or nothing more if its reader has gone."""

    def __getattr__(self, name: str) -> Any:
        return getattr(unescaped("stdout"), name)

    def write(self, text: str) -> None:
        """Write text."""
        if text:
            write_raw(text)

    def flush(self) -> None:
        """Do nothing: all is written."""


class _StandardError:
    """Standard error, which nobody has to read: if its reader goes, what is written goes nowhere, and work goes on."""

    def __getattr__(self, name: str) -> Any:
        return getattr(unescaped("stderr"), name)

    def write(self, text: str) -> None:
        """Write text, if anybody reads it."""
        self._unless_gone(unescaped("stderr").write, text)

    def flush(self) -> None:
        """Flush it, if anybody reads it."""
        self._unless_gone(unescaped("stderr").flush)

    def _unless_gone(self, call: Callable[..., object], *arguments: str) -> None:
        try:
            call(*arguments)
        except OSError:
            give_up(sys.stderr)


def _console(stderr: bool) -> Console:
    file: Any = _StandardError() if stderr else _StandardOutput()
    # text of the user's is never markup, and nothing is coloured by guessing
    width = None if file.isatty() else PIPE_WIDTH
    return SafeConsole(file=file, markup=False, highlight=False, emoji=False, width=width)
