"""Rich consoles for standard output, which gets results, and standard error, which gets everything else."""

import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from nntrain.cli.streams import give_up, unescaped, write_raw
from nntrain.printable import printable

PIPE_WIDTH = 200  # columns where no terminal sets a width


@cache
def stdout_console() -> Console:
    """Return the console of standard output."""
    return _console(stderr=False)


@cache
def stderr_console() -> Console:
    """Return the console of standard error."""
    return _console(stderr=True)


class SafeConsole(Console):
    """A console that escapes control characters in text, but not those that rich itself sends.

    It never changes the terminal's modes, so that not even a crash can leave them changed.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable, with control characters escaped."""
        for segment in super().render(renderable, options):
            text = printable(segment.text)
            yield segment if segment.control or text == segment.text else Segment(text, segment.style)

    def show_cursor(self, show: bool = True) -> bool:
        """Leave the cursor visible."""
        return False


class _StandardOutput:
    """Standard output: text is written in full, or dropped if the reader has gone."""

    def __getattr__(self, name: str) -> Any:
        return getattr(unescaped("stdout"), name)

    def write(self, text: str) -> None:
        """Write text."""
        if text:
            write_raw(text)

    def flush(self) -> None:
        """Do nothing: ``write`` leaves nothing in a buffer."""


class _StandardError:
    """Standard error: if its reader has gone, output is dropped and work continues."""

    def __getattr__(self, name: str) -> Any:
        return getattr(unescaped("stderr"), name)

    def write(self, text: str) -> None:
        """Write text, unless the reader has gone."""
        self._unless_gone(unescaped("stderr").write, text)

    def flush(self) -> None:
        """Flush, unless the reader has gone."""
        self._unless_gone(unescaped("stderr").flush)

    def _unless_gone(self, call: Callable[..., object], *arguments: str) -> None:
        try:
            call(*arguments)
        except OSError:
            give_up(sys.stderr)


def _console(stderr: bool) -> Console:
    file: Any = _StandardError() if stderr else _StandardOutput()
    # the user's text is never markup, and nothing is highlighted automatically
    width = None if file.isatty() else PIPE_WIDTH
    return SafeConsole(file=file, markup=False, highlight=False, emoji=False, width=width)
