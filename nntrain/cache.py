"""What has been compiled, kept on disk."""

import functools
import pickle
from pathlib import Path
from typing import Any

import numba
from numba.core import caching
from numba.core.runtime import rtsys

# What an index raises that names classes of another version of nntrain, or was cut off.
UNREADABLE = (AttributeError, ImportError, EOFError, pickle.UnpicklingError)


class PackageCache(caching.FunctionCache):  # type: ignore[misc]
    """Numba's cache on disk, but keyed by all of nntrain's sources.

    Numba itself looks only at the file of the function that is compiled: a change in a helper of another file
    would go unseen, and a stale gradient would pass for a right one.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what the cache has, without all that Numba imports first to be able to compile: 0.1 s."""
        rtsys.initialize(target_context)
        try:
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)
        except UNREADABLE:
            self.flush()
            return None

    def has(self, sig: Any, target_context: Any) -> bool:
        """Return whether the cache has the code for a signature."""
        try:
            return self._index_key(sig, target_context.codegen()) in self._cache_file._load_index()
        except UNREADABLE:
            return False

    def _index_key(self, *args: Any) -> Any:
        return (*super()._index_key(*args), _fingerprint(), numba.__version__)


@functools.cache
def _fingerprint() -> tuple[tuple[str, int, int], ...]:
    folder = Path(__file__).parent
    sources = sorted(
        path
        for place in (".", "activations", "layers", "losses", "network", "norms", "optimizers")
        for path in folder.joinpath(place).glob("*.py")
    )
    return tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sources)
