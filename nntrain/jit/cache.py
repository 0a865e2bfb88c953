"""The cache of compiled code on disk: a file for each function, signature and processor.

Numba's own cache checks only the source file of the compiled function: after a change to a helper in another file it
would still run the old gradient. It also runs whatever it finds: a flipped bit on the disk crashes the process. Here an
entry is keyed by all sources that compiled code may depend on, and has a checksum.
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

from nntrain.jit.lazy import register_recorded
from nntrain.utils.files import replace_file

DIGEST_BYTES = hashlib.sha256().digest_size
FREE_BYTES = 1 << 20  # needed on the disk for new entries
PACKAGE = Path(__file__).parents[1]
# Packages that no compiled code depends on (checked by tests/test_cache.py): a change there recompiles nothing.
WITHOUT_KERNELS = {
    *("api", "artifacts", "cli", "comparison", "data", "diagnostics", "doctor", "estimators", "export"),
    *("initializers", "metrics", "recipe", "report", "schedules", "training", "utils"),
}
# Raised when loading an entry that was written with other versions of the installed libraries.
UNREADABLE = (AttributeError, ImportError, EOFError, TypeError, ValueError, pickle.UnpicklingError)


class PackageCache:
    """The entries of one function.

    A file holds the SHA-256 of the key, the SHA-256 of the content, and the content: code pickled by Numba. A file
    whose hashes do not match is never unpickled: it counts as missing, and is replaced.

    Raises:
        OSError: if the function has no source file, without which its entries cannot be checked.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        code = function.__code__
        path = Path(code.co_filename)
        source = path.stat()
        own = PACKAGE in path.parents  # of a user's file, its helpers have no other key than its content
        content = "" if own else hashlib.sha256(path.read_bytes()).hexdigest()
        self._stamp = (hashlib.sha256(code.co_code).hexdigest(), source.st_size, source.st_mtime_ns, content)
        self._closure = [cell.cell_contents for cell in function.__closure__ or ()]
        name = f"{function.__module__}.{function.__qualname__}".removeprefix("nntrain.")
        self._name = f"{name.replace('<', '').replace('>', '')}-{code.co_firstlineno}"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the entry for a signature, None if missing, without the imports that only compiling needs (0.1 s)."""
        rtsys.initialize(target_context)
        name, key = self._name_and_key(sig, target_context.codegen())
        for folder in folders():
            content = _content(folder / name, key)
            if content is not None:
                with suppress(*UNREADABLE):
                    return CompileResult._rebuild(target_context, *pickle.loads(content))  # noqa: S301 - written by us
        register_recorded()  # Numba is about to compile
        return None

    def save_overload(self, sig: Any, compiled: Any) -> None:
        """Write an entry to the first writable folder; if there is none, each process compiles again."""
        name, key = self._name_and_key(sig, compiled.codegen)
        content = dumps(compiled._reduce())
        for folder in folders():
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                replace_file(folder / name, key + hashlib.sha256(content).digest() + content, sync=False)
                return

    def has(self, sig: Any, target_context: Any) -> bool:
        """Return whether there is an up-to-date entry for a signature."""
        name, key = self._name_and_key(sig, target_context.codegen())
        for folder in folders():
            with suppress(OSError), (folder / name).open("rb") as file:
                if file.read(DIGEST_BYTES) == key:
                    return True
        return False

    def _name_and_key(self, sig: Any, codegen: Any) -> tuple[str, bytes]:
        """Return the file name of an entry, and the hash of all that it depends on."""
        kind = repr((sig, codegen.magic_tuple(), sys.implementation.cache_tag)).encode()
        kind += dumps(self._closure) if self._closure else b""
        version = repr((self._stamp, _fingerprint(), numba.__version__)).encode()
        return f"{self._name}.{hashlib.sha256(kind).hexdigest()[:16]}.nbc", hashlib.sha256(kind + version).digest()


def folders() -> list[Path]:
    """Return the folders of entries, the preferred one first.

    If NUMBA_CACHE_DIR is set, the only one is a folder in it; otherwise they are the package's ``__pycache__`` and a
    folder in the user's cache directory. Entries are read from all of them, and written to the first that is writable.
    """
    own = f"nntrain_{hashlib.sha256(os.fsencode(PACKAGE)).hexdigest()[:16]}"
    if config.CACHE_DIR:
        return [Path(config.CACHE_DIR) / own]
    return [PACKAGE / "__pycache__", Path(AppDirs("numba", appauthor=False).user_cache_dir) / own]


@functools.cache
def can_write() -> bool:
    """Return whether entries can be written: to a folder that is writable, on a disk that is not full."""
    for folder in folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(FREE_BYTES))
            return True
    return False


def _content(path: Path, key: bytes) -> bytes | None:
    """Return the content of an entry, None if it has another key or is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    found_key, checksum = content[:DIGEST_BYTES], content[DIGEST_BYTES : 2 * DIGEST_BYTES]
    pickled = content[2 * DIGEST_BYTES :]
    return pickled if found_key == key and checksum == hashlib.sha256(pickled).digest() else None


@functools.cache
def _fingerprint() -> tuple[tuple[str, int, int], ...]:
    """Return name, size and modification time of each source file that compiled code may depend on."""
    files = [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))]
    stats = {path.as_posix(): PACKAGE.joinpath(path).stat() for path in files if path.parts[0] not in WITHOUT_KERNELS}
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats.items())
