"""How a function is compiled: one decorator for loops, one for what is called by address.

Numba compiles plain loops, which read as the lectures write them. Two kinds of function are compiled:

- ``@kernel``: a helper that is compiled together with its caller, for whatever types the caller has, and is plain
  Python where Python calls it;
- ``@entry(SIGNATURE)``: a function of one fixed signature for each of float32 and float64. The epoch is one, and
  so are activations, losses and update rules, which the epoch calls by their address: choosing another one compiles
  only that one and never the epoch again. Entries are kept in a cache on disk, so that each is compiled once after
  installation.

An address is a plain integer, and the layer table can hold it. Numba's own first-class functions say the same, but
each one that is passed to a compiled function costs 36 µs a call, where ten training steps of a small net cost 40.

With ``NUMBA_DISABLE_JIT=1`` all of them stay plain Python: an epoch can then be stepped through in a debugger.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numba
import numpy as np
from numba import types
from numba.core import cgutils, event
from numba.extending import intrinsic

from nntrain.jit.cache import PackageCache, can_keep
from nntrain.jit.compiler import INLINE, INNER, compiled_within, overload

if TYPE_CHECKING:
    import subprocess

# Sums may be reordered (which lets them use vector instructions) and a*b+c fused, but NaN and infinity keep
# their meaning: divergence is found by them.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}

P = ParamSpec("P")
R = TypeVar("R")
Signature = Callable[[Any], Any]  # a Numba float type -> the function's Numba signature


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` into whichever entry calls it."""
    return compiled_within(function, {**OPTIONS, **INLINE})


def noinline(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function``, which has to call ``stay_apart``, once for all its callers within an entry.

    For what is large, and called seldom enough that the price of a call is none.
    """
    options = {**OPTIONS, **INNER, "forceinline": False}  # Numba passes options on to what is called
    return compiled_within(function, options)


@intrinsic
def stay_apart(typing_context: Any) -> Any:
    """Keep the function that calls this from being copied into its callers; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


def compiles() -> bool:
    """Return whether functions are compiled, and not left to plain Python."""
    return not numba.config.DISABLE_JIT


class CompiledFunction:
    """A function of one signature for each of float32 and float64, compiled when first asked for.

    ``entry[dtype]`` can be called from Python; ``entry.address(dtype)`` is what compiled code calls it by.
    """

    def __init__(self, function: Callable[..., Any], signature: Signature, fastmath_flags: frozenset[str]) -> None:
        self.function = function
        self.signature = signature
        self.fastmath_flags = fastmath_flags  # what may be taken with floating point, beyond FASTMATH
        self.__doc__ = function.__doc__

    @property
    def name(self) -> str:
        """Where it is to be found, as module:name."""
        return f"{self.function.__module__}:{self.function.__name__}"

    def missing(self, dtype: np.dtype[Any]) -> bool:
        """Return whether nobody has begun to compile it, and there is a cache on disk to keep it in."""
        with _one_at_a_time:
            if (self, dtype) in _compiled_by:
                return False
            dispatcher = _dispatcher(self, dtype)
            cache, signature = getattr(dispatcher, "_cache", None), self.signature(numba.from_dtype(dtype))
            return isinstance(cache, PackageCache) and not cache.has(signature, dispatcher.targetctx) and can_keep()

    def comes_from(self, process: "subprocess.Popen[bytes]", dtype: np.dtype[Any]) -> None:
        """Let whoever asks for it wait for a process that compiles it."""
        _compiled_by[self, dtype] = process

    def __getitem__(self, dtype: np.dtype[Any]) -> Callable[..., Any]:
        with _one_at_a_time:
            return _compiled(self, np.dtype(dtype))

    def address(self, dtype: np.dtype[Any]) -> int:
        """Return the function's address in memory; in plain Python, its place among the entries."""
        if numba.config.DISABLE_JIT:
            _plain[id(self)] = self.function
            return id(self)
        with _one_at_a_time:
            return _address(self, np.dtype(dtype))


_plain: dict[int, Callable[..., Any]] = {}
_compiled_by: dict[
    tuple[CompiledFunction, np.dtype[Any]], "subprocess.Popen[bytes] | None"
] = {}  # None: by this process
_one_at_a_time = RLock()  # threads that want the same function wait for one of them to compile it


def by_address(signature: Signature) -> Callable[..., Any]:
    """Return ``call(address, *arguments)``, for compiled code and plain Python, which calls an entry of ``signature``.

    The float type is that of the first argument.
    """

    def call(address: int, *arguments: Any) -> Any:
        return _plain[address](*arguments)

    @overload(call)
    def compiled_call(address, *arguments):
        function = types.FunctionType(signature(arguments[0].dtype))

        @intrinsic
        def at(typing_context: Any, address: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                value = cgutils.create_struct_proxy(function)(context, builder)
                value.c_addr = builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))
                return value._getvalue()

            return function(address), generate

        return lambda address, *arguments: at(address)(*arguments)

    return call


def compiled(
    signature: Signature, fastmath_flags: frozenset[str] = frozenset()
) -> Callable[[Callable[..., Any]], CompiledFunction]:
    """Mark a function that is compiled on its own, with ``signature(F)`` for a float type F."""
    return lambda function: CompiledFunction(function, signature, fastmath_flags)


@functools.cache
def _dispatcher(compiled: CompiledFunction, dtype: np.dtype[Any]) -> Any:
    dispatcher = numba.njit(**{**OPTIONS, "fastmath": FASTMATH | compiled.fastmath_flags})(compiled.function)
    if compiles():
        with suppress(OSError):  # typed in, and not in a file: compiled anew each time
            dispatcher._cache = PackageCache(compiled.function)
    return dispatcher


@functools.cache
def _compiled(compiled: CompiledFunction, dtype: np.dtype[Any]) -> Callable[..., Any]:
    dispatcher = _dispatcher(compiled, dtype)
    if not compiles():
        return dispatcher  # type: ignore[no-any-return]
    if process := _compiled_by.setdefault((compiled, dtype), None):
        process.wait()
    dispatcher.compile(compiled.signature(numba.from_dtype(dtype)))
    dispatcher.disable_compile()
    return dispatcher  # type: ignore[no-any-return]


@functools.cache
def _address(compiled: CompiledFunction, dtype: np.dtype[Any]) -> int:
    dispatcher: Any = compiled[dtype]
    result = dispatcher.get_compile_result(compiled.signature(numba.from_dtype(dtype)))
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


@contextmanager
def announced(announce: Callable[[], None]) -> Iterator[None]:
    """Call ``announce`` once if anything has to be compiled (and not just loaded from the cache) inside."""

    class Listener(event.Listener):  # type: ignore[misc]
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                self.told = True
                announce()

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield
