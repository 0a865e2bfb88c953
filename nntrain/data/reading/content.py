"""The bytes of a table: of a file, of several files that a pattern names, or of standard input, decompressed."""

import gzip
import hashlib
import importlib
import os
import sys
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nntrain.data.reading import KINDS, Reading, ending, setting
from nntrain.errors import InputError, bad_input
from nntrain.utils.files import read_bytes
from nntrain.utils.formats import Format, format_of, format_of_text

EXPECTED = "a table"
CHANGED_HINT = "in a recipe, set data.source.sha256: null to accept the change; for a model, name the file with --data"
SIGNATURES = {
    "a Parquet file": "parquet",
    "a NumPy array": "npy",
    "a NumPy archive": "npz",
    "an Excel workbook": "xlsx",
}
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
COMPRESSED_SIGNATURES = (GZIP, ZSTD, b"PAR1")  # first bytes of files whose contents are larger
WILDCARDS = "*?["
STDIN = "-"


@dataclass(frozen=True)
class Content:
    """One file.

    Attributes:
        source: its name, for messages.
        path: as given.
        raw: its bytes, not yet decompressed.
    """

    source: str
    path: str
    raw: bytes

    @property
    def sha256(self) -> str:
        """The checksum of its bytes."""
        return hashlib.sha256(self.raw).hexdigest()


def read_contents(path: str, sha256: str | None) -> tuple[list[Content], str]:
    """Return the files that ``path`` names, and their checksum: of several files, that of checksums and names.

    Args:
        path: a file, a pattern of file names, or ``-`` for standard input.
        sha256: required checksum; None: accept any file.

    Raises:
        InputError: if a file cannot be read, or has another checksum.
    """
    paths = matching(path)
    if sha256 is not None and any(Path(one).is_fifo() for one in paths):
        raise bad_input(path, "is a pipe, expected a file with the checksum data.source.sha256")
    contents = [_content(one) for one in paths]
    checksum = contents[0].sha256
    if len(contents) > 1 or paths != [path]:
        listing = "".join(f"{one.sha256}  {Path(one.path).name}\n" for one in contents)
        checksum = hashlib.sha256(listing.encode()).hexdigest()
    if sha256 is not None and checksum != sha256:
        found = f"{checksum[:12]}..., not {sha256[:12]}..."
        raise bad_input(
            contents[0].source if len(contents) == 1 else path, _changed(len(contents), found), CHANGED_HINT
        )
    return contents, checksum


def matching(path: str) -> list[str]:
    """Return the sorted files that a pattern such as ``part-*.csv`` names; of any other path, itself.

    Raises:
        InputError: if no file has such a name.
    """
    place = Path(path)
    if path == STDIN or os.path.lexists(path) or not any(mark in place.name for mark in WILDCARDS):
        return [path]
    found = sorted(str(one) for one in place.parent.glob(place.name) if one.is_file())
    if not found:
        raise bad_input(path, "no file has such a name")
    return found


def is_there(path: Path) -> bool:
    """Return whether a path names a file, or as a pattern several."""
    try:
        return all(Path(one).is_file() for one in matching(str(path)))
    except InputError:
        return False


def decompressed(content: Content) -> bytes:
    """Return the bytes of a file; gzip and zstd are recognized by their first bytes.

    Raises:
        InputError: if they are damaged, or the package for zstd is not installed.
    """
    raw = content.raw
    if raw.startswith(GZIP):
        try:
            return gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise bad_input(content.source, f"damaged gzip file: {error}") from None
    if raw.startswith(ZSTD):
        zstd = zstd_package(content.source)
        try:
            return bytes(zstd.decompress(raw))
        except zstd.ZstdError as error:
            raise bad_input(content.source, f"damaged zstd file: {error}") from None
    return raw


def kind_of(path: str, raw: bytes, reading: Reading) -> str:
    """Return the format of a file: as set, by its ending, or by its first bytes."""
    if reading.format is not None:
        return reading.format
    if known := KINDS.get(ending(path)):
        return known
    found = format_of(raw)
    if found is not None:
        return SIGNATURES.get(found.name, "csv")
    return {b"{": "jsonl", b"[": "json"}.get(raw[:1], "csv")


def text_of(source: str, raw: bytes, reading: Reading, kind: str, for_recipe: bool, line: int = 0) -> str:
    """Return the decoded text of a file, or of the part of it below ``line`` lines, without its trailing line ends.

    Raises:
        InputError: if it is empty, of another format or in another encoding.
    """
    encoding = "utf-8-sig" if reading.encoding == "utf-8" else reading.encoding
    try:
        text = raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _not_text(source, raw, error.start, reading, for_recipe, line) from None
    if "\0" in text:
        raise _not_text(source, raw, max(0, raw.find(0)), reading, for_recipe, line)
    if not text.strip():
        raise bad_input(source, f"is empty, expected {EXPECTED}")
    other = format_of_text(text) if kind == "csv" and not line else None
    if other is not None:
        raise _other_format(source, other, for_recipe)
    if "\n" not in text.rstrip("\r\n"):
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # classic Mac line ends
    return text.rstrip("\r\n")


def _changed(files: int, found: str) -> str:
    what = "its sha256 is" if files == 1 else f"the sha256 of {files} files is"
    return f"has changed: {what} {found} as in the recipe"


def _content(path: str) -> Content:
    source, raw = _standard_input(sys.stdin) if path == STDIN else read_bytes(path, EXPECTED)
    if path == STDIN and not raw.strip():
        raise bad_input(source, f"is empty, expected {EXPECTED}", "if it held the recipe, save one of both to a file")
    return Content(source, path, raw)


@lru_cache(1)
def _standard_input(stream: object) -> tuple[str, bytes]:
    """Return standard input, which can be read only once."""
    return read_bytes(STDIN, EXPECTED)


def zstd_package(source: str) -> Any:
    """Return the module that reads zstd.

    Raises:
        InputError: if it is not installed; ``source`` is the file that needs it.
    """
    for package in ("compression.zstd", "backports.zstd"):  # Python 3.14 has it
        try:
            return importlib.import_module(package)
        except ImportError:
            continue
    way = "install it with: pip install 'nntrain[zstd]', or decompress the file with unzstd"
    raise bad_input(source, "zstd-compressed, which needs the package backports.zstd", way)


def _not_text(source: str, raw: bytes, wrong: int, reading: Reading, for_recipe: bool, above: int) -> InputError:
    """Return the error for a file whose byte at ``wrong``, below ``above`` lines, is not text in the given encoding."""
    found = None if above else format_of(raw)
    if found is not None and found.name.endswith(" text"):  # UTF-16
        encoding = {"UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be"}.get(found.name.split()[0], "utf-16")
        return bad_input(source, f"looks like {found.name}", setting("encoding", encoding, for_recipe))
    if found is not None:
        return _other_format(source, found, for_recipe)
    if any(byte < 9 for byte in raw[: wrong + 1000]):  # control characters
        return bad_input(source, f"a binary file, expected {EXPECTED}")
    line = raw.count(b"\n", 0, wrong) + 1 + above
    latin = "windows-1252" if any(0x80 <= byte < 0xA0 for byte in raw) else "latin-1"
    what = f"not {reading.encoding.upper()} text (byte 0x{raw[wrong]:02X}), expected {EXPECTED}"
    hint = f"if it is in {latin}, {setting('encoding', latin, for_recipe)}"
    return bad_input(f"{source}:{line}", what, hint if reading.encoding != latin else "")


def _other_format(source: str, found: Format, for_recipe: bool) -> InputError:
    kind = {**SIGNATURES, "JSON": "json"}.get(found.name)
    hint = found.hint if kind is None else setting("format", kind, for_recipe)
    return bad_input(source, f"{found.name}, expected a CSV table", hint)
