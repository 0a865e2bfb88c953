"""What has been compiled, kept on disk: a file for each function, signature and processor.

Numba's own cache looks only at the file of the function that is compiled: a change in a helper of another file would go
unseen, and a stale gradient would pass for a right one. It also runs whatever it finds: a bit that has flipped on the
disk crashes the process. Here an entry is keyed by all of nntrain's sources, and has a checksum.
"""

import functools
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from nntrain.utils.files import replace_file

DIGEST = hashlib.sha256().digest_size
PROBE = 1 << 20  # bytes that have to fit on the disk
PACKAGE = Path(__file__).parents[1]
# Folders that no compiled code depends on, which tests/test_cache.py checks: a change there compiles nothing anew.
WITHOUT_KERNELS = {
    *("artifacts", "cli", "comparison", "data", "diagnostics", "initializers", "recipe", "report", "schedules"),
    *("training", "utils"),
}
# What an entry raises that names something which an installed library does not have any more.
UNREADABLE = (AttributeError, ImportError, EOFError, TypeError, ValueError, pickle.UnpicklingError)


class PackageCache:
    """The entries of one function.

    A file is the sha256 of the key (32 bytes), that of the rest (32 bytes), and Numba's pickled code. What does not fit
    is never unpickled: it counts as missing, and is replaced.

    Raises:
        OSError: if the function has no source file, by which to know whether its entries are up to date.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        code = function.__code__
        source = Path(code.co_filename).stat()
        self._stamp = (hashlib.sha256(code.co_code).hexdigest(), source.st_size, source.st_mtime_ns)
        self._closure = [cell.cell_contents for cell in function.__closure__ or ()]
        name = f"{function.__module__}.{function.__qualname__}".removeprefix("nntrain.")
        self._name = f"{name.replace('<', '').replace('>', '')}-{code.co_firstlineno}"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what is kept for a signature, without all that Numba imports first to be able to compile: 0.1 s."""
        rtsys.initialize(target_context)
        name, key = self._place(sig, target_context.codegen())
        for folder in folders():
            content = _content(folder / name, key)
            if content is not None:
                with suppress(*UNREADABLE):
                    return CompileResult._rebuild(target_context, *pickle.loads(content))  # noqa: S301 - by ourselves
        return None

    def save_overload(self, sig: Any, compiled: Any) -> None:
        """Keep what was compiled, in the first place that takes it; without one it is compiled anew each time."""
        name, key = self._place(sig, compiled.codegen)
        content = dumps(compiled._reduce())
        for folder in folders():
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                replace_file(folder / name, key + hashlib.sha256(content).digest() + content, sync=False)
                return

    def has(self, sig: Any, target_context: Any) -> bool:
        """Return whether there is an entry for a signature."""
        name, key = self._place(sig, target_context.codegen())
        for folder in folders():
            with suppress(OSError), (folder / name).open("rb") as file:
                if file.read(DIGEST) == key:
                    return True
        return False

    def _place(self, sig: Any, codegen: Any) -> tuple[str, bytes]:
        """Return the name of an entry's file, and the digest of all that it depends on."""
        kind = repr((sig, codegen.magic_tuple(), sys.implementation.cache_tag)).encode()
        kind += dumps(self._closure) if self._closure else b""
        version = repr((self._stamp, _fingerprint(), numba.__version__)).encode()
        return f"{self._name}.{hashlib.sha256(kind).hexdigest()[:16]}.nbc", hashlib.sha256(kind + version).digest()


def folders() -> list[Path]:
    """Return where entries may be, in the order of preference: NUMBA_CACHE_DIR, or else beside the code or the user's.

    An entry is read wherever it is, and written where that can be done.
    """
    own = f"nntrain_{hashlib.sha256(os.fsencode(PACKAGE)).hexdigest()[:16]}"
    if config.CACHE_DIR:
        return [Path(config.CACHE_DIR) / own]
    return [PACKAGE / "__pycache__", Path(AppDirs("numba", appauthor=False).user_cache_dir) / own]


@functools.cache
def can_keep() -> bool:
    """Return whether there is a place for new entries: a directory that can be written, on a disk with room."""
    for folder in folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(PROBE))
            return True
    return False


def _content(path: Path, key: bytes) -> bytes | None:
    """Return what an entry holds, if it is that of the key and nothing in it has changed."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checked = content[2 * DIGEST :]
    fits = content[:DIGEST] == key and content[DIGEST : 2 * DIGEST] == hashlib.sha256(checked).digest()
    return checked if fits else None


@functools.cache
def _fingerprint() -> tuple[tuple[str, int, int], ...]:
    """Return the name, size and time of change of each source file that compiled code may depend on."""
    files = [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))]
    stats = {path.as_posix(): PACKAGE.joinpath(path).stat() for path in files if path.parts[0] not in WITHOUT_KERNELS}
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats.items())
