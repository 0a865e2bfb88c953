"""Errors that a user can fix, and the exit statuses of the command line.

An error says where the problem is, what was found and how to fix it. One error can carry all problems of a file, so
that a user sees them at once. Only :mod:`nntrain.cli.main` prints errors and ends the process.
"""

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum

from nntrain.printable import one_line

MAX_PROBLEMS = 10  # shown per file
MIN_SIMILARITY = 0.65  # difflib's ratio, from 0 to 1: mes is close to mse, none is not close to cosine


class Status(IntEnum):
    """Exit statuses, as docs/files.md and ``nntrain --help`` list them."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    DIVERGED = 3
    NOT_WRITTEN = 4
    HUNG_UP = 129  # 128 + SIGHUP, as shells report it
    INTERRUPTED = 130  # SIGINT
    TERMINATED = 143  # SIGTERM


@dataclass(frozen=True)
class Place:
    """Where a problem is.

    Attributes:
        source: a file or a command-line option; empty if only the key is known.
        line: line in the file, from 1; 0: the whole file.
        column: column in the line, from 1; 0: the whole line.
        key: the recipe's key, dotted, as in ``model.hidden.0``.
    """

    source: str = ""
    line: int = 0
    column: int = 0
    key: str = ""

    def __str__(self) -> str:
        """Return ``source:line:column: key`` without what is not set."""
        position = ":".join(str(part) for part in (self.source, self.line, self.column) if part)
        return ": ".join(part for part in (position, self.key) if part)


NOWHERE = Place()


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: its place, what was found and what is allowed, and how to fix it."""

    place: Place
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """Return ``place: what`` and, on a second, indented line, the hint."""
        text = one_line(f"{place}: {self.what}" if (place := str(self.place)) else self.what)
        return f"{text}\n  {one_line(self.hint)}" if self.hint else text

    @property
    def fact(self) -> str:
        """What is wrong with which key, without the file and the hint."""
        return f"{self.place.key}: {self.what}" if self.place.key else self.what


class NntrainError(Exception):
    """One or more problems that a user can fix."""

    status = Status.BAD_INPUT

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        """Return all problems, one or two lines each."""
        return "\n".join(map(str, self.problems))


class InputError(NntrainError):
    """A recipe, a data file, a model file or an option is wrong (exit status 2)."""


class DivergedError(NntrainError):
    """Training diverged before the point that a command needs (exit status 3)."""

    status = Status.DIVERGED


class OutputError(NntrainError):
    """A result could not be written although the input is valid (exit status 4)."""

    status = Status.NOT_WRITTEN


def place_of(where: object) -> Place:
    """Return a place unchanged, and anything else (a path, an option) as the source of one."""
    return where if isinstance(where, Place) else Place(str(where))


def bad_input(where: object, what: str, hint: str = "") -> InputError:
    """Return the error for one invalid input; ``where``: a place, or a path or option."""
    return InputError(Problem(place_of(where), what, hint))


def bad_key(key: str, what: str, hint: str = "") -> InputError:
    """Return the error for one invalid key of a recipe, from code that does not know the recipe's file."""
    return InputError(Problem(Place(key=key), what, hint))


# The disk or the quota is full, the file too large, the device broken: the path itself is fine.
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def cannot_write(where: object, error: OSError, what: str = "cannot write", hint: str = "") -> NntrainError:
    """Return the error for a file that cannot be written: OutputError if the disk is the reason, else InputError."""
    kind = OutputError if error.errno in DISK_ERRORS else InputError
    return kind(Problem(place_of(where), f"{what}: {error.strerror}", hint))


def refuse(problems: Sequence[Problem], most: int = MAX_PROBLEMS) -> None:
    """Raise an error that shows the first ``most`` problems and counts the rest; do nothing if there are none.

    Raises:
        InputError: if there are problems.
    """
    if not problems:
        return
    more = len(problems) - most
    rest = [Problem(NOWHERE, f"and {more} more problem{'s' * (more > 1)}")] if more > 0 else []
    raise InputError(*problems[:most], *rest)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, as in ``1 row`` or ``1,200 rows``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def others(count: int, noun: str) -> str:
    """Return the number of further cases after the first, as in `` (and in 2 more rows)``; '' for one case."""
    return f" (and in {counted(count - 1, f'more {noun}')})" if count > 1 else ""


def listed(names: Iterable[object], most: int = 12) -> str:
    """Return names joined by commas; beyond ``most``, the first ones and the number of the rest."""
    texts = list(map(str, names))
    more = [f"... ({len(texts) - most:,} more)"] if len(texts) > most else []
    return ", ".join(texts[:most] + more)


def nearest(name: object, known: Iterable[str]) -> str:
    """Return ``did you mean X?`` for the known name closest to ``name``, or an empty string."""
    lowered = {other.lower(): other for other in known}
    found = get_close_matches(str(name).lower(), lowered, n=1, cutoff=MIN_SIMILARITY)
    return f"did you mean {lowered[found[0]]}?" if found else ""
