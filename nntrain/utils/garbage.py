"""When Python's garbage collector runs: the one place that switches it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def disable() -> None:
    """Stop collecting: what a command imports stays, and looking through it takes 50 ms."""
    gc.disable()


@contextmanager
def collecting_new() -> Iterator[None]:
    """Collect garbage, but skip the objects that already exist: Numba alone brings half a million."""
    was_enabled = gc.isenabled()
    gc.freeze()
    gc.enable()
    try:
        yield
    finally:
        gc.unfreeze()
        if not was_enabled:
            gc.disable()
