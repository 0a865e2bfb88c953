"""The standard streams: opened if the shell closed them, UTF-8 for data, and written in full."""

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
    """A text stream that escapes control characters.

    Attributes:
        stream: the wrapped stream, for rich, which sends control sequences itself.
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
    """Open the streams that the shell closed, encode results as UTF-8, and allow any character.

    On a terminal, standard output keeps the terminal's encoding. Characters outside an encoding are written as escapes.
    Control characters are escaped on a terminal and always on standard error. Standard output to a file or pipe carries
    data and is not changed.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # after <&- or >&-, the next file to be opened would become this stream
    os.close(number)
    _open_streams()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, Escaping) and (name == "stderr" or stream.isatty()):
            setattr(sys, name, Escaping(stream))


def unescaped(name: str) -> TextIO:
    """Return the stream ``stdout`` or ``stderr`` itself, even while a live display of rich replaces it."""
    stream = getattr(sys, name)
    stream = getattr(stream, "rich_proxied_file", stream)
    return stream.stream if isinstance(stream, Escaping) else stream


def _open_streams() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - stays open
        elif isinstance(stream, TextIOWrapper):
            as_data = name == "stdout" and not stream.isatty()
            errors = "backslashreplace" if stream.errors == "strict" or as_data else stream.errors
            stream.reconfigure(encoding="utf-8" if as_data else None, errors=errors)


def write_all(text: str) -> bool:
    """Write text to standard output, with control characters escaped on a terminal; return whether it has a reader.

    Raises:
        OSError: if it cannot be written.
    """
    return write_raw(printable(text) if isinstance(sys.stdout, Escaping) else text)


def write_raw(text: str) -> bool:
    """Write all of a text unchanged to standard output, and return whether it still has a reader.

    A single unbuffered call writes at most 2 GiB, and a non-blocking pipe may take less.

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
    """Write some of ``data``, waiting until the stream takes any, and return the number of bytes."""
    try:
        count = stream.write(data)
    except BlockingIOError as full:
        count = full.characters_written
    if not count:  # 0, or None from an unbuffered stream
        select.select([], [stream], [])
    return count or 0


def _hung_up(stream: Any, error: OSError) -> bool:
    """Return whether the stream was a terminal that has been closed."""
    return error.errno == errno.EIO and stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)


def give_up(stream: Any) -> None:
    """Redirect a stream without a reader to the null device: Python would report it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
