"""Compiling in a second process, beside this one: each finds in the cache on disk what the other has compiled."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.jit.kernels import CompiledFunction
from nntrain.utils.cpu import cores


def compile_beside(entries: Sequence[CompiledFunction], dtype: np.dtype[Any]) -> None:
    """Begin to compile those of ``entries`` that have yet to be, in a process of their own.

    Nothing is begun where there is one core only. Whoever asks for one of them waits for that process, and compiles it
    if that has failed.
    """
    missing = [compiled for compiled in entries if compiled.missing(dtype)]
    if not missing or cores() < 2:
        return
    from subprocess import DEVNULL, Popen  # seldom wanted

    names = [compiled.name for compiled in missing]
    try:  # -P: a file beside the user's recipe may be called like one of ours
        process = Popen(  # noqa: S603 - this Python, and names of ours
            [sys.executable, "-P", "-m", "nntrain.jit.background", dtype.name, *names],
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
    except OSError:
        return
    for compiled in missing:
        compiled.comes_from(process, dtype)


def main(dtype: str, *names: str) -> None:
    """Compile the entries of these names, one after the other, and keep them in the cache."""
    for name in names:
        module, _, within = name.partition(":")
        getattr(importlib.import_module(module), within)[np.dtype(dtype)]


if __name__ == "__main__":
    main(*sys.argv[1:])
