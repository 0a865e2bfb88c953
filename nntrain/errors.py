"""What can go wrong for a user, and the exit statuses of the command line.

An error says where, what and how to mend it; many problems of one file travel together, so that a user
sees them all at once. Only :mod:`nntrain.cli.main` prints errors and ends the process.
"""

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum

from nntrain.printable import one_line

MOST_PROBLEMS = 10  # shown of one file
SIMILAR = 0.65  # shared letters, from 0 to 1: mes is near mse, none is not near cosine


class Status(IntEnum):
    """Exit statuses, as the README and ``nntrain --help`` list them."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    DIVERGED = 3
    NOT_WRITTEN = 4
    HUNG_UP = 129  # 128 + SIGHUP, as shells report it
    INTERRUPTED = 130  # SIGINT
    TERMINATED = 143  # SIGTERM


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands, what was found and what is allowed, and how to mend it."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """Return ``where: what`` and, on an indented line of its own, the hint."""
        text = one_line(f"{self.where}: {self.what}" if self.where else self.what)
        return f"{text}\n  {one_line(self.hint)}" if self.hint else text


class NntrainError(Exception):
    """A problem, or several, that a user can mend."""

    status = Status.BAD_INPUT

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        """Return every problem, a line or two each."""
        return "\n".join(map(str, self.problems))


class InputError(NntrainError):
    """A recipe, a data file, a model file or an option is wrong (exit status 2)."""


class DivergedError(NntrainError):
    """Training diverged, where what was asked for needs what comes after it (exit status 3)."""

    status = Status.DIVERGED


class OutputError(NntrainError):
    """A result could not be written, though nothing was wrong with the input (exit status 4)."""

    status = Status.NOT_WRITTEN


def bad_input(where: object, what: str, hint: str = "") -> InputError:
    """Return the error for a single wrong input, to be raised."""
    return InputError(Problem(str(where), what, hint))


# The disk or the quota is full, the file too large, the device broken: nothing is wrong with the path.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def cannot_write(where: object, error: OSError, what: str = "cannot write", hint: str = "") -> NntrainError:
    """Return the error for a file that cannot be written: OutputError if the disk is the reason, else InputError."""
    kind = OutputError if error.errno in NO_ROOM else InputError
    return kind(Problem(str(where), f"{what}: {error.strerror}", hint))


def refuse(problems: Sequence[Problem], most: int = MOST_PROBLEMS) -> None:
    """Raise an error that shows the first ``most`` problems and counts the others; do nothing if there are none.

    Raises:
        InputError: if there are problems.
    """
    if not problems:
        return
    more = len(problems) - most
    rest = [Problem("", f"and {more} more problem{'s' * (more > 1)}")] if more > 0 else []
    raise InputError(*problems[:most], *rest)


def others(count: int, noun: str) -> str:
    """Return how many more there are of something of which one is shown, as in `` (and in 2 more rows)``, or ''."""
    return f" (and in {count - 1} more {noun}{'s' * (count > 2)})" if count > 1 else ""


def listed(names: Iterable[object], most: int = 12) -> str:
    """Return names with commas between them; of more than ``most`` the first ones, and how many there are beyond."""
    texts = list(map(str, names))
    more = [f"... ({len(texts) - most:,} more)"] if len(texts) > most else []
    return ", ".join(texts[:most] + more)


def nearest(name: object, known: Iterable[str]) -> str:
    """Return ``did you mean X?`` for the known name that looks most like ``name``, or an empty string."""
    lowered = {other.lower(): other for other in known}
    found = get_close_matches(str(name).lower(), lowered, n=1, cutoff=SIMILAR)
    return f"did you mean {lowered[found[0]]}?" if found else ""
