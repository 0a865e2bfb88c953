"""Compilation in a second process: each process finds in the cache on disk what the other has compiled."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.jit.kernels import CompiledFunction
from nntrain.utils.cpu import cores


def compile_in_background(functions: Sequence[CompiledFunction], dtype: np.dtype[Any]) -> None:
    """Start a process that compiles those of ``functions`` that are not in the cache.

    With a single core no process is started. The first use of one of the functions waits for the process, and compiles
    the function itself if the process has failed.
    """
    missing = [function for function in functions if function.missing(dtype)]
    if not missing or cores() < 2:
        return
    from subprocess import DEVNULL, Popen  # rarely needed

    names = [function.name for function in missing]
    try:  # -P: a file in the working directory may have the name of one of our modules
        process = Popen(  # noqa: S603 - this Python, and our own names
            [sys.executable, "-P", "-m", "nntrain.jit.background", dtype.name, *names],
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
    except OSError:
        return
    for function in missing:
        function.compiled_by(process, dtype)


def main(dtype: str, *names: str) -> None:
    """Compile the functions ``names`` (module:name) one after the other into the cache."""
    for name in names:
        module, _, attribute = name.partition(":")
        getattr(importlib.import_module(module), attribute)[np.dtype(dtype)]


if __name__ == "__main__":
    main(*sys.argv[1:])
