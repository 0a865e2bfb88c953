"""The runs below a directory, by their summaries alone, so that thousands are listed at once."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import from_json

from nntrain.artifacts.run_files import SUMMARY
from nntrain.errors import bad_input


class Listed(NamedTuple):
    """A run: its directory, and its summary as JSON has it; None if the file is damaged."""

    folder: Path
    summary: dict[str, Any] | None


def list_runs(folder: Path) -> Iterator[Listed]:
    """Yield the complete runs in ``folder`` and below it, in the order of their names.

    Raises:
        InputError: if it is not a directory, or cannot be read.
    """
    if not folder.is_dir():
        raise bad_input(folder, "is not a directory", "name a directory with runs")
    yield from _below(folder)


def read_summary(folder: Path) -> dict[str, Any]:
    """Return the summary of the run in ``folder``.

    Raises:
        InputError: if it has none, or it is damaged.
    """
    if not (folder / SUMMARY).is_file():
        raise bad_input(folder, f"is not the directory of a finished run: it has no {SUMMARY}")
    found = _read(folder)
    if found is None:
        raise bad_input(folder / SUMMARY, "is damaged: it is not a JSON object", "train again")
    return found


def _below(folder: Path) -> Iterator[Listed]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise bad_input(folder, f"cannot read: {error.strerror}") from None
    if any(entry.name == SUMMARY for entry in entries):
        yield Listed(folder, _read(folder))
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _below(folder / entry.name)


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        found = from_json((folder / SUMMARY).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
