"""The file of finished runs: one JSON line per run, written as it ends, so that no run is repeated.

Each line ends with its checksum. The file is locked while open, and each line is written by one call: a killed process
leaves complete lines and at most one truncated line.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from time import sleep
from types import TracebackType
from typing import Self

from nntrain.comparison.run_result import RunResult
from nntrain.errors import bad_input, cannot_write
from nntrain.utils.files import try_lock

START = b'{"key":"'  # start of a line
CHECKSUM = b',"checksum":"'  # at the end of a line, before 16 hexadecimal digits
CHECKSUM_DIGITS = 16
RESUME = "finished runs are kept: run the same command again to resume"
LOCK_POLL_INTERVAL = 0.1  # seconds


class Ledger:
    """The runs of a directory by key; a context manager that holds the lock.

    Args:
        path: the file, runs.jsonl.
        note: called with messages for the user.

    Attributes:
        rows: results by key.
    """

    def __init__(self, path: Path, note: Callable[[str], None] = lambda text: None) -> None:
        self.path = path
        self.rows: dict[str, RunResult] = {}
        self._note = note
        self._file = -1
        self._size = 0  # bytes of complete lines

    def __enter__(self) -> Self:
        """Lock the file, waiting for other processes, and read it.

        Raises:
            InputError: if it cannot be read or written, or a line is corrupt.
        """
        try:
            self._file = self._locked()
            self._read()
        except OSError as error:
            self._close()
            raise cannot_write(self.path, error) from None
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def add(self, row: RunResult) -> None:
        """Append a result.

        Raises:
            NntrainError: if it cannot be written; earlier lines stay intact.
        """
        line = with_checksum(row.to_json())
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise cannot_write(self.path, error, hint=RESUME) from None
        self._size += len(line)
        self.rows[row.key] = row

    def _locked(self) -> int:
        waiting = False
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                if not S_ISREG(os.fstat(file).st_mode):
                    raise bad_input(self.path, "is not a regular file", "choose another directory with --out")
                free = try_lock(file) is not False
                if free and _same(file, self.path):  # otherwise the file was removed or replaced meanwhile
                    return file
                if not free and not waiting:
                    self._note(f"waiting for another process, which is running a comparison in {self.path.parent}")
                    waiting = True
                if not free:
                    sleep(LOCK_POLL_INTERVAL)
            except BaseException:
                os.close(file)
                raise
            os.close(file)

    def _read(self) -> None:
        with os.fdopen(os.dup(self._file), "rb") as file:
            content = file.read()
        self.rows, rest = rows_of(content, self.path)
        self._size = len(content) - len(rest)
        if rest:
            self._note(f"{self.path}: the last line is truncated (killed process or full disk?); its run is repeated")
            os.ftruncate(self._file, self._size)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)  # also unlocks it
            self._file = -1


def rows_of(content: bytes, path: Path) -> tuple[dict[str, RunResult], bytes]:
    """Return the results of a ledger by key, and its last line if truncated.

    Args:
        content: of the file.
        path: its name, for messages.

    Raises:
        InputError: if a line is corrupt.
    """
    rows = {}
    *lines, rest = content.split(b"\n")
    if not rest.startswith(START[: len(rest)]):
        lines, rest = [*lines, rest], b""  # not written by this class
    for number, line in enumerate(lines, start=1):
        try:
            row = RunResult.from_json(without_checksum(line))
        except ValueError as error:
            hint = "delete the line to repeat that run, or choose another directory with --out"
            raise bad_input(f"{path}:{number}", f"not a valid run: {error}", hint) from None
        rows[row.key] = row
    return rows, rest


def with_checksum(line: bytes) -> bytes:
    """Append a checksum as the last key of a JSON object on one line."""
    body = line.rstrip(b"\n").removesuffix(b"}")
    return body + CHECKSUM + _digest(body) + b'"}\n'


def without_checksum(line: bytes) -> bytes:
    """Return the object of a line that :func:`with_checksum` wrote, without its checksum.

    Raises:
        ValueError: if the checksum is missing or wrong.
    """
    body, found, end = line.rpartition(CHECKSUM)
    if not found or len(end) != CHECKSUM_DIGITS + 2 or not end.endswith(b'"}'):
        raise ValueError("it has no checksum")
    if end[:CHECKSUM_DIGITS] != _digest(body):
        raise ValueError("it does not match its checksum")
    return body + b"}"


def _digest(body: bytes) -> bytes:
    return sha256(body).hexdigest()[:CHECKSUM_DIGITS].encode()


def _same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
