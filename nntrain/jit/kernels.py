"""The decorators that compile functions.

Numba compiles plain loops, which read like the formulas of a lecture. There are two kinds of compiled function:

- ``@kernel``: a helper that is compiled into its callers, for the types that they pass. Python code that calls it gets
  the plain Python function.
- ``@compiled(SIGNATURE)``: a function with one fixed signature for each of float32 and float64. The epoch is one, and
  so are activations, losses and update rules, which the epoch calls by address: another activation compiles only
  that activation, never the epoch. They are cached on disk, so that each is compiled once after installation.

An address is a plain integer, which fits into the layer table. Numba's first-class functions would do the same, but
each one passed to a compiled function costs 36 µs per call; ten training steps of a small network take 40 µs.

With ``NUMBA_DISABLE_JIT=1`` all of them stay plain Python, and a debugger can step through an epoch.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from nntrain.jit.lazy import cgutils, numba, overload, record, register_recorded, types

if TYPE_CHECKING:
    import subprocess

# Sums may be reordered (which vectorizes them) and a*b+c fused, but NaN and infinity keep their meaning: they show
# that training diverged.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}

P = ParamSpec("P")
R = TypeVar("R")
Signature = Callable[[Any], Any]  # a Numba float type -> the function's Numba signature


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` into its callers."""
    return kernel_with(OPTIONS)(function)


def kernel_with(options: dict[str, Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that compiles a function into its callers, with Numba's ``options``."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        def register() -> None:
            from nntrain.jit.compiler import INLINE, compiled_into_callers

            compiled_into_callers(function, {**options, **INLINE})

        record(register)
        return function

    return decorate


def noinline(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` like a kernel, but call it instead of inlining it.

    For large functions that are called so rarely that the cost of a call does not matter.
    """

    def register() -> None:
        from nntrain.jit.compiler import INNER, NoinlineCompiler, compiled_into_callers

        options = {**OPTIONS, **INNER, "forceinline": False}  # explicit: Numba passes a caller's options to its callees
        compiled_into_callers(function, options, NoinlineCompiler)

    record(register)
    return function


def compiles() -> bool:
    """Return whether functions are compiled, which NUMBA_DISABLE_JIT turns off."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


class CompiledFunction:
    """A function with one signature for each of float32 and float64, compiled on first use.

    Python calls ``function[dtype]``; compiled code calls it by ``function.address(dtype)``.
    """

    def __init__(self, function: Callable[..., Any], signature: Signature, fastmath_flags: frozenset[str]) -> None:
        self.function = function
        self.signature = signature
        self.fastmath_flags = fastmath_flags  # in addition to FASTMATH
        self.__doc__ = function.__doc__

    @property
    def name(self) -> str:
        """Its module and name, as ``module:name``."""
        return f"{self.function.__module__}:{self.function.__name__}"

    def missing(self, dtype: np.dtype[Any]) -> bool:
        """Return whether it is absent from a writable cache, and no process has started to compile it."""
        with _compile_lock:
            if (self, dtype) in _compiled_by:
                return False
            if not compiles():
                return False
            from nntrain.jit.cache import PackageCache, can_write

            dispatcher = _dispatcher(self, dtype)
            cache, signature = getattr(dispatcher, "_cache", None), self.signature(numba.from_dtype(dtype))
            return isinstance(cache, PackageCache) and not cache.has(signature, dispatcher.targetctx) and can_write()

    def compiled_by(self, process: "subprocess.Popen[bytes]", dtype: np.dtype[Any]) -> None:
        """Record that ``process`` compiles it into the cache: its first use waits for that process."""
        _compiled_by[self, dtype] = process

    def __getitem__(self, dtype: np.dtype[Any]) -> Callable[..., Any]:
        with _compile_lock:
            return _compiled(self, np.dtype(dtype))

    def address(self, dtype: np.dtype[Any]) -> int:
        """Return the function's address in memory; with NUMBA_DISABLE_JIT, its plain address."""
        if not compiles():
            return self.plain_address()
        with _compile_lock:
            return _address(self, np.dtype(dtype))

    def plain_address(self) -> int:
        """Return the integer by which plain Python code calls the function, in place of an address."""
        _plain[id(self)] = self.function
        return id(self)


_plain: dict[int, Callable[..., Any]] = {}
# Functions whose compilation has started, and the process that compiles each; None: this process.
_compiled_by: dict[tuple[CompiledFunction, np.dtype[Any]], "subprocess.Popen[bytes] | None"] = {}
_compile_lock = RLock()  # threads that need the same function wait for one of them to compile it


def by_address(signature: Signature) -> Callable[..., Any]:
    """Return ``call(address, *arguments)``, which calls a compiled function with ``signature`` by its address.

    It works in compiled code and in plain Python. The float type is that of the first argument.
    """

    def call(address: int, *arguments: Any) -> Any:
        return _plain[address](*arguments)

    @overload(call)
    def compiled_call(address, *arguments):
        function = types.FunctionType(signature(arguments[0].dtype))

        @numba.extending.intrinsic
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
    """Compile a function on its own, with the signature ``signature(F)`` for a float type F."""
    return lambda function: CompiledFunction(function, signature, fastmath_flags)


@functools.cache
def _dispatcher(compiled: CompiledFunction, dtype: np.dtype[Any]) -> Any:
    from nntrain.jit.cache import PackageCache

    dispatcher = numba.njit(**{**OPTIONS, "fastmath": FASTMATH | compiled.fastmath_flags})(compiled.function)
    try:
        dispatcher._cache = PackageCache(compiled.function)
    except OSError:  # defined in an interactive session, without a source file
        register_recorded()
    return dispatcher


@functools.cache
def _compiled(compiled: CompiledFunction, dtype: np.dtype[Any]) -> Callable[..., Any]:
    if not compiles():
        return compiled.function
    dispatcher = _dispatcher(compiled, dtype)
    if process := _compiled_by.setdefault((compiled, dtype), None):
        process.wait()
    with _announcing():
        try:
            dispatcher.compile(compiled.signature(numba.from_dtype(dtype)))
        except Exception as error:
            from nntrain.jit.user_code import not_compiled

            raise not_compiled(compiled.function, error) from None
    dispatcher.disable_compile()
    return dispatcher  # type: ignore[no-any-return]


@functools.cache
def _address(compiled: CompiledFunction, dtype: np.dtype[Any]) -> int:
    dispatcher: Any = compiled[dtype]
    result = dispatcher.get_compile_result(compiled.signature(numba.from_dtype(dtype)))
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


_announcements: list[Callable[[], None]] = []  # callbacks to run when something is compiled next


@contextmanager
def announced(announce: Callable[[], None]) -> Iterator[None]:
    """Call ``announce`` once if the block compiles anything; loading from the cache does not count."""
    _announcements.append(announce)
    try:
        yield
    finally:
        with suppress(ValueError):  # already called
            _announcements.remove(announce)


@contextmanager
def _announcing() -> Iterator[None]:
    from numba.core import event

    class Listener(event.Listener):  # type: ignore[misc]
        def on_start(self, event: Any) -> None:
            while _announcements:
                _announcements.pop()()

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield
