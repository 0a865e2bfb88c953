"""Files: texts that are read with a clear word on what is wrong, and files written whole or not at all."""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from nntrain.errors import InputError, bad_input, nearest
from nntrain.formats import format_of

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def read_text(path: str, expected: str) -> tuple[str, str]:
    """Return the name for messages and the text of the file at ``path`` (``-``: standard input).

    Args:
        path: of the file.
        expected: what it should be, for messages.

    Raises:
        InputError: if it cannot be read, is empty, or it or its name is not UTF-8 text.
    """
    name = "standard input" if path == "-" else path
    try:
        name.encode()  # it is to stand in reports
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except IsADirectoryError:
        raise bad_input(name, f"is a directory, expected {expected}") from None
    except FileNotFoundError:
        raise bad_input(name, "no such file", _nearest_file(Path(path))) from None
    except OSError as error:
        raise bad_input(name, f"cannot read: {error.strerror}") from None
    except UnicodeEncodeError:
        raise bad_input(ascii(name), "the name of this file is not UTF-8", "rename it") from None
    except ValueError as error:  # a NUL in the name
        raise bad_input(repr(name), f"cannot read: {error}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(name, content, expected, error.start) from None
    if "\0" in text:
        raise _not_text(name, content, expected, content.index(0))
    if not text.strip():
        raise bad_input(name, f"is empty, expected {expected}")
    return name, text


def _not_text(name: str, content: bytes, expected: str, wrong: int) -> InputError:
    """Return the error for a file of which the byte at ``wrong`` is not UTF-8 text."""
    found = format_of(content)
    if found is not None:
        return bad_input(name, f"{found.name}, expected {expected}", found.hint)
    if any(byte < 9 for byte in content[: wrong + 1000]):  # control characters, which no text has
        return bad_input(name, f"a binary file, expected {expected}")
    line = content.count(b"\n", 0, wrong) + 1
    hint = "if it is in Latin-1 or Windows-1252, convert it: iconv -f WINDOWS-1252 -t UTF-8"
    return bad_input(f"{name}:{line}", f"not UTF-8 text (byte 0x{content[wrong]:02X}), expected {expected}", hint)


def _nearest_file(path: Path) -> str:
    with suppress(OSError):
        return nearest(path.name, [other.name for other in path.parent.iterdir()])
    return ""


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` beside ``path`` and rename it into place, so that nobody ever finds half a file there.

    A link is followed; what is no file, such as a device or a pipe, is written to as it stands.

    Raises:
        InputError: if it cannot be written.
    """
    try:
        place = Path(os.path.realpath(path))
        if place.exists() and not place.is_file() and not place.is_dir():
            place.write_bytes(content)
            return
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.chmod(0o666 & ~_umask())  # mkstemp's 0600 would surprise in a shared directory
            beside.replace(place)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    except OSError as error:
        raise bad_input(path, f"cannot write: {error.strerror}") from None


def try_lock(handle: int) -> bool | None:
    """Lock an open file for as long as it is open, and return whether that was possible.

    The system frees the lock when its process ends, however it ends. False: somebody else holds it; None: there are no
    locks on this file system.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def make_folder(path: Path) -> None:
    """Make the directory ``path`` and those above it, unless they exist.

    Raises:
        InputError: if it cannot be made, or cannot be written into.
    """
    if path == Path("-"):
        raise bad_input("--out", "a directory cannot be written to standard output", "name a directory")
    try:
        str(path).encode()  # its name is to stand in summary.json
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except UnicodeEncodeError:
        raise bad_input(ascii(str(path)), "the name of this directory is not UTF-8", "choose another") from None
    except FileExistsError:
        raise bad_input(path, "is a file, expected a directory") from None
    except OSError as error:
        raise bad_input(path, f"cannot write into this directory: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)  # there is no way to read it without setting it
    os.umask(mask)
    return mask
