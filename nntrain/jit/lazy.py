"""Numba on demand: importing it takes half a second, and most commands compile nothing.

Decorated functions are recorded, and registered with Numba when the first function has to be compiled. ``numba``,
``types``, ``ir`` and ``cgutils`` stand for Numba's and llvmlite's modules, which are imported on first use.
"""

import functools
import importlib
from collections.abc import Callable
from typing import Any


class _LazyModule:
    """A module that is imported when an attribute is first looked up."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


numba: Any = _LazyModule("numba")
types: Any = _LazyModule("numba.types")
cgutils: Any = _LazyModule("numba.core.cgutils")
ir: Any = _LazyModule("llvmlite.ir")

_recorded: list[Callable[[], object]] = []
_compiling = False  # whether recorded functions have been registered, since compiling has begun


def record(register: Callable[[], object]) -> None:
    """Call ``register`` before the first function is compiled, or at once if compiling has begun."""
    if _compiling:
        register()
    else:
        _recorded.append(register)


def register_recorded() -> None:
    """Register all decorated functions with Numba, as a function is about to be compiled."""
    global _compiling
    _compiling = True
    while _recorded:
        _recorded.pop()()


def overload(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace ``function`` in compiled code with what the decorated function returns for its argument types."""

    def decorate(choose: Callable[..., Any]) -> Callable[..., Any]:
        def register() -> None:
            from nntrain.jit.compiler import overload

            overload(function)(choose)

        record(register)
        return choose

    return decorate


class Intrinsic:
    """A function that only compiled code can call; ``definition`` generates its LLVM code, as for a Numba intrinsic."""

    def __init__(self, definition: Callable[..., Any]) -> None:
        functools.update_wrapper(self, definition)
        self._definition = definition
        record(self._register)

    def _register(self) -> None:
        from nntrain.jit.compiler import register_intrinsic

        register_intrinsic(self, self._definition)

    def __call__(self, *arguments: Any) -> Any:
        """Raise an error: Python cannot call it."""
        raise NotImplementedError(f"{self._definition.__name__} can be called by compiled code only")


intrinsic = Intrinsic
