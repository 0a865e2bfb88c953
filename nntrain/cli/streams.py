"""The standard streams: open whatever the shell has closed, UTF-8 for data, and written in full."""

import errno
import os
import select
import stat
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from nntrain.printable import printable


class Escaping:
    """A text stream on which control characters show as escapes.

    Attributes:
        stream: the stream itself, for rich, which has control sequences of its own.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write text."""
        return self.stream.write(printable(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def prepare_streams() -> None:
    """Open the streams that the shell closed, encode results as UTF-8, and let any character be written.

    On a terminal standard output keeps the terminal's encoding. A character that an encoding lacks is written as its
    code. Control characters that go to a terminal, or to standard error wherever it goes, are escaped: they are shown
    and not obeyed. Where standard output is a file or a pipe it carries data, which are left as they are.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # <&- or >&-: otherwise the next file that is opened would become this stream
    os.close(number)
    _open_streams()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, Escaping) and (name == "stderr" or stream.isatty()):
            setattr(sys, name, Escaping(stream))


def unescaped(name: str) -> TextIO:
    """Return the stream ``stdout`` or ``stderr`` itself, also while a live display of rich's stands in for it."""
    stream = getattr(sys, name)
    stream = getattr(stream, "rich_proxied_file", stream)
    return stream.stream if isinstance(stream, Escaping) else stream


def _open_streams() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good
        elif isinstance(stream, TextIOWrapper):
            as_data = name == "stdout" and not stream.isatty()
            errors = "backslashreplace" if stream.errors == "strict" or as_data else stream.errors
            stream.reconfigure(encoding="utf-8" if as_data else None, errors=errors)


def write_all(text: str) -> bool:
    """Write text to standard output, and return whether anybody still reads; on a terminal, escape control characters.

    Raises:
        OSError: if it cannot be written.
    """
    return write_raw(printable(text) if isinstance(sys.stdout, Escaping) else text)


def write_raw(text: str) -> bool:
    """Write text as it is to standard output until all of it is written, and return whether anybody still reads.

    Unbuffered, a single call writes 2 GiB at most; a pipe that does not block may take less.

    Raises:
        OSError: if it cannot be written.
    """
    stream = unescaped("stdout")
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
