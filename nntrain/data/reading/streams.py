"""The bytes of a text file in blocks of whole lines, decompressed while they are read."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import NamedTuple

from nntrain.data.reading.content import GZIP, ZSTD, zstd_package
from nntrain.errors import bad_input, cannot_write

BLOCK_BYTES = 1 << 21
MAX_RECORD = 1 << 26  # bytes of a line or a quoted cell; beyond it, a quote is not closed


class Lines(NamedTuple):
    """Some lines of a file.

    Attributes:
        raw: their bytes, without the last line end.
        above: the number of lines above them.
    """

    raw: bytes
    above: int


def line_blocks(path: str, quoted: bool) -> Iterator[Lines]:
    """Yield the lines of a file in blocks of about 2 MB; blank lines at its end are left out.

    Args:
        path: of the file.
        quoted: whether a line end within double quotes ends no line.

    Raises:
        InputError: if it cannot be read, or its compression is damaged.
    """
    rest, above = b"", 0
    with opened(path) as file:
        while piece := file.read(BLOCK_BYTES):
            rest += piece
            end = _last_end(rest, quoted)
            if end < 0 and len(rest) < MAX_RECORD:
                continue
            block = (rest[:end] if end >= 0 else rest).rstrip(b"\r\n")
            if not block:
                continue
            yield Lines(block, above)
            above += block.count(b"\n") + 1
            rest = rest[len(block) :]
            rest = rest[2 if rest.startswith(b"\r\n") else 1 :]
    if rest := rest.rstrip(b"\r\n"):
        yield Lines(rest, above)


@contextmanager
def opened(path: str) -> Iterator[BufferedIOBase]:
    """Open a file for reading; gzip and zstd are recognized by their first bytes.

    Raises:
        InputError: if it cannot be read, also later while it is open.
    """
    damaged: tuple[type[Exception], ...] = (gzip.BadGzipFile, EOFError, zlib.error)
    kind = ""
    try:
        with Path(path).open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start.startswith(GZIP):
                kind = "gzip"
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            elif start.startswith(ZSTD):
                kind, zstd = "zstd", zstd_package(path)
                damaged = (zstd.ZstdError, EOFError)
                with zstd.ZstdFile(file) as unpacked:
                    yield unpacked
            else:
                yield file
    except damaged as error:
        raise bad_input(path, f"damaged {kind} file: {error}") from None
    except OSError as error:
        raise cannot_write(path, error, "cannot read") from None


def _last_end(raw: bytes, quoted: bool) -> int:
    """Return the place of the last line end, or of the last one outside quotes; -1 if there is none."""
    end = raw.rfind(b"\n")
    if not quoted or end < 0:
        return end
    quotes = raw.count(b'"', 0, end)
    while end >= 0 and quotes % 2:
        before = raw.rfind(b"\n", 0, end)
        quotes -= raw.count(b'"', before + 1, end)
        end = before
    return end
