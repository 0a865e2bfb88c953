"""The file of runs that are done: a line of JSON each, written as it ends, so that no run is made twice."""

import json
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from nntrain.as_json import as_json
from nntrain.comparison.jobs import Row
from nntrain.errors import bad_input
from nntrain.files import write_atomically


class Ledger:
    """The runs of a directory, by key.

    Attributes:
        path: the file, runs.jsonl.
        rows: what is in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, Row] = {}
        self._file: BinaryIO | None = None
        if path.exists():
            self._read()

    def _read(self) -> None:
        text = self.path.read_text(encoding="utf-8", errors="replace")
        lines = text.splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                row = Row.from_json(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
                if number < len(lines) or text.endswith("\n"):
                    hint = "delete the line, or choose another directory by --out"
                    raise bad_input(f"{self.path}:{number}", "is no line of a comparison's runs", hint) from None
                continue  # the last line of a comparison that was killed
            self.rows[row.key] = row

    def __enter__(self) -> Self:
        try:
            whole = b"".join(as_json(row.to_json()) for row in self.rows.values())
            if self.path.exists() and self.path.read_bytes() != whole:
                write_atomically(self.path, whole)  # without the line that was cut off
            self._file = self.path.open("ab")
        except OSError as error:
            raise bad_input(self.path, f"cannot write: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Row) -> None:
        """Write a row."""
        if self._file is None:
            raise ValueError("the ledger is not open")
        try:
            self._file.write(as_json(row.to_json()))
            self._file.flush()
        except OSError as error:
            raise bad_input(self.path, f"cannot write: {error.strerror}") from None
        self.rows[row.key] = row
