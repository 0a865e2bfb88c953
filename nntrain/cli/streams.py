"""The standard streams: open whatever the shell has closed, UTF-8 for data, and written in full."""

import errno
import os
import select
import stat
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any


def prepare_streams() -> None:
    """Open the streams that the shell closed, encode results as UTF-8, and let any character be written.

    On a terminal standard output keeps the terminal's encoding. A character that an encoding lacks is written as its
    code.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # <&- or >&-: otherwise the next file that is opened would become this stream
    os.close(number)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good
        elif isinstance(stream, TextIOWrapper):
            as_data = name == "stdout" and not stream.isatty()
            errors = "backslashreplace" if stream.errors == "strict" or as_data else stream.errors
            stream.reconfigure(encoding="utf-8" if as_data else None, errors=errors)


def write_all(text: str) -> bool:
    """Write text to standard output until all of it is written, and return whether anybody still reads.

    Unbuffered, a single call writes 2 GiB at most; a pipe that does not block may take less.

    Raises:
        OSError: if it cannot be written.
    """
    stream = sys.stdout
    left = memoryview(text.encode(stream.encoding, stream.errors or "strict"))
    try:
        stream.flush()
        while left:
            left = left[_written(stream.buffer, left) :]
        stream.buffer.flush()
    except OSError as error:
        if error.errno != errno.EPIPE and not _hung_up(stream, error):
            raise
        give_up(stream)
        return False
    return True


def _written(stream: Any, data: memoryview) -> int:
    """Write some of ``data``, after waiting for room where there is none, and return how many bytes."""
    try:
        count = stream.write(data)
    except BlockingIOError as full:
        count = full.characters_written
    if not count:  # 0, or None of an unbuffered stream
        select.select([], [stream], [])
    return count or 0


def _hung_up(stream: Any, error: OSError) -> bool:
    """Return whether the stream was a terminal that has gone."""
    return error.errno == errno.EIO and stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)


def give_up(stream: Any) -> None:
    """Let what is written to a stream whose reader has gone go nowhere: Python would complain once more at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
