"""The two streams as rich consoles: results on standard output, all else on standard error."""

import sys
from functools import cache

from rich.console import Console

PIPE_WIDTH = 200  # nothing is cut or wrapped where no terminal sets a width


@cache
def stdout_console() -> Console:
    """Return the console of standard output."""
    return _console(stderr=False)


@cache
def stderr_console() -> Console:
    """Return the console of standard error."""
    return _console(stderr=True)


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # text of the user's is never markup, and nothing is coloured by guessing
    return Console(
        stderr=stderr, markup=False, highlight=False, emoji=False, width=None if stream.isatty() else PIPE_WIDTH
    )
