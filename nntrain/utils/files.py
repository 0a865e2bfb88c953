"""Files: reading text with clear errors, and atomic writes."""

import glob
import os
import signal
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from nntrain.errors import InputError, bad_input, cannot_write, nearest
from nntrain.utils.formats import format_of

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TEMPORARY_SUFFIX = ".nntrain"  # of incomplete files


def read_bytes(path: str, expected: str) -> tuple[str, bytes]:
    """Return the name for messages and the content of the file at ``path`` (``-``: standard input).

    Args:
        path: of the file. Pipes are read, but not devices, which may be endless.
        expected: what the file should be, for messages.

    Raises:
        InputError: if it cannot be read, or its name is not UTF-8.
    """
    name = "standard input" if path == "-" else path
    try:
        name.encode()  # it appears in reports
        if path == "-":
            return name, _standard_input(name, expected)
        if stat.S_ISCHR(mode := Path(path).stat().st_mode) or stat.S_ISBLK(mode):
            raise bad_input(name, f"is a device, expected {expected}")
        return name, Path(path).read_bytes()
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


def read_text(path: str, expected: str) -> tuple[str, str]:
    """Return the name for messages and the text of the file at ``path``.

    Raises:
        InputError: as :func:`read_bytes`, and if it is empty or not UTF-8 text.
    """
    name, content = read_bytes(path, expected)
    return name, as_text(name, content, expected)


def as_text(name: str, content: bytes, expected: str) -> str:
    """Return the content of a file as text; ``name`` and ``expected`` are for messages.

    Raises:
        InputError: if it is empty or not UTF-8 text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(name, content, expected, error.start) from None
    if "\0" in text:
        raise _not_text(name, content, expected, content.index(0))
    if not text.strip():
        raise bad_input(name, f"is empty, expected {expected}")
    return text


def _not_text(name: str, content: bytes, expected: str, wrong: int) -> InputError:
    """Return the error for a file whose byte at ``wrong`` is not UTF-8 text."""
    found = format_of(content)
    if found is not None:
        return bad_input(name, f"{found.name}, expected {expected}", found.hint)
    if any(byte < 9 for byte in content[: wrong + 1000]):  # control characters
        return bad_input(name, f"a binary file, expected {expected}")
    line = content.count(b"\n", 0, wrong) + 1
    hint = "if it is in Latin-1 or Windows-1252, convert it: iconv -f WINDOWS-1252 -t UTF-8"
    return bad_input(f"{name}:{line}", f"not UTF-8 text (byte 0x{content[wrong]:02X}), expected {expected}", hint)


def _standard_input(name: str, expected: str) -> bytes:
    if sys.stdin is None:
        raise bad_input(name, f"is closed, expected {expected}", "name a file")
    if sys.stdin.isatty():
        print(f"reading {expected} from standard input: end it with Ctrl-D", file=sys.stderr)  # noqa: T201
    if hasattr(signal, "siginterrupt"):  # polars makes Ctrl-C restart the read instead of interrupting it
        signal.siginterrupt(signal.SIGINT, True)
    return sys.stdin.buffer.read()


def _nearest_file(path: Path) -> str:
    with suppress(OSError):
        return nearest(path.name, [other.name for other in path.parent.iterdir()])
    return ""


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to a temporary file and rename it to ``path``, so that nobody ever sees half a file.

    Content and name are on the disk when this returns. Links are followed; devices and pipes are written to directly.

    Raises:
        InputError: if it cannot be written.
        OutputError: if the disk is full.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(content)
            return
        replace_file(target, content)
        sync_folder(target.parent)
    except OSError as error:
        raise cannot_write(path, error) from None


def replace_file(target: Path, content: bytes, sync: bool = True) -> None:
    """Write ``content`` to a temporary file and rename it to ``target``; with ``sync``, once it is on the disk.

    Raises:
        OSError: if it cannot be written.
    """
    remove_abandoned(target)
    handle, temporary = _temporary(target)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(handle)
            temporary.chmod(0o666 & ~_umask())  # mkstemp's 0600 would lock others out of a shared directory
            temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _temporary(target: Path) -> tuple[int, Path]:
    """Create a file next to ``target``, locked while it is open, and return its handle and path."""
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=TEMPORARY_SUFFIX)
        if try_lock(handle) is not False and os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # another process removed it before it was locked


def remove_abandoned(target: Path) -> None:
    """Remove the temporary files of ``target`` whose process has ended: nobody holds their lock."""
    for other in target.parent.glob(f".{glob.escape(target.name)}.*{TEMPORARY_SUFFIX}"):
        with suppress(OSError), other.open("rb") as file:
            if try_lock(file.fileno()):
                other.unlink()


def try_lock(handle: int) -> bool | None:
    """Lock an open file until it is closed.

    The system releases the lock when the process ends, however it ends.

    Returns:
        True if the lock was acquired, False if another process holds it, None if the file system has no locks.
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


def sync_folder(path: Path) -> None:
    """Flush the names in the directory ``path`` to the disk, if the system can do that."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(path: Path) -> None:
    """Create the directory ``path`` and its parents, unless they exist.

    Raises:
        InputError: if it cannot be created or written to.
        OutputError: if the disk is full.
    """
    if path == Path("-"):
        raise bad_input("--out", "a directory cannot be written to standard output", "name a directory")
    try:
        str(path).encode()  # its name is written to summary.json
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except UnicodeEncodeError:
        raise bad_input(ascii(str(path)), "the name of this directory is not UTF-8", "choose another") from None
    except FileExistsError:
        raise bad_input(path, "is a file, expected a directory") from None
    except OSError as error:
        raise cannot_write(path, error, "cannot write into this directory") from None


def _umask() -> int:
    mask = os.umask(0)  # it cannot be read without setting it
    os.umask(mask)
    return mask
