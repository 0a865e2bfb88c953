"""Announce a compilation, which takes a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

ONCE = "compiling (once per installation, up to half a minute)"
EVERY_RUN = (
    "compiling (up to half a minute in every run; to keep the result, set NUMBA_CACHE_DIR to a writable directory)"
)


def _on_standard_error(text: str) -> None:
    from nntrain.cli.console import stderr_console

    stderr_console().print(text, soft_wrap=True)


def announce_compiling(say: Callable[[str], None] = _on_standard_error) -> AbstractContextManager[None]:
    """Return a context that announces the first compilation inside it, through ``say`` or on standard error."""
    from nntrain.jit.kernels import announced

    def announce() -> None:
        from nntrain.jit.cache import can_write  # imports Numba

        say(ONCE if can_write() else EVERY_RUN)

    return announced(announce)
