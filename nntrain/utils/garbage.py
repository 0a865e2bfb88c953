"""When Python's garbage collector runs; nothing else switches it on or off."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def disable() -> None:
    """Disable collection: a command's imports are never garbage, and scanning them takes 50 ms."""
    gc.disable()


@contextmanager
def collecting_new() -> Iterator[None]:
    """Collect garbage, but skip the objects that already exist: Numba alone creates half a million."""
    was_enabled = gc.isenabled()
    gc.freeze()
    gc.enable()
    try:
        yield
    finally:
        gc.unfreeze()
        if not was_enabled:
            gc.disable()
