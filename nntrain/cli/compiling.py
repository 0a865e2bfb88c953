"""Saying on standard error that something has to be compiled first, which takes a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

TEXT = "compiling, once after installation: up to half a minute"
EACH_TIME = "compiling, up to half a minute at each run: set NUMBA_CACHE_DIR to a directory that can be written"


def _on_standard_error(text: str) -> None:
    from nntrain.cli.console import stderr_console

    stderr_console().print(text, soft_wrap=True)


def compiling_said(say: Callable[[str], None] = _on_standard_error) -> AbstractContextManager[None]:
    """Say it once if it has to be done while entered, to ``say`` or on standard error."""
    from nntrain.jit.cache import can_keep
    from nntrain.jit.kernels import announced

    return announced(lambda: say(TEXT if can_keep() else EACH_TIME))
