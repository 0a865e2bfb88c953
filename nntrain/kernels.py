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
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, ParamSpec, TypeVar

import numba
import numpy as np
from numba import types
from numba.core import caching, cgutils, event
from numba.core.runtime import rtsys
from numba.extending import intrinsic, overload

from nntrain.compiler import Kernel

# Sums may be reordered (which lets them use vector instructions) and a*b+c fused, but NaN and infinity keep
# their meaning: divergence is found by them.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}
# What C and Python would call a function by is left out where neither does.
INNER = {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}
# An array is seven or nine arguments: handing some of them to each function takes a sixth of a small net's step.
INLINE = {"forceinline": True, **INNER}

P = ParamSpec("P")
R = TypeVar("R")
Signature = Callable[[Any], Any]  # a Numba float type -> the function's Numba signature


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` into whichever entry calls it."""
    return _compiled_within(function, INLINE)


def apart(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function``, which has to call ``stay_apart``, once for all its callers within an entry.

    For what is large, and called seldom enough that the price of a call is none.
    """
    return _compiled_within(function, {**INNER, "forceinline": False})  # Numba passes options on to what is called


def _compiled_within(function: Callable[P, R], options: dict[str, bool]) -> Callable[P, R]:
    return function if numba.config.DISABLE_JIT else Kernel(function, {**OPTIONS, **options})


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


class Entry:
    """A function of one signature for each of float32 and float64, compiled when first asked for.

    ``entry[dtype]`` can be called from Python; ``entry.address(dtype)`` is what compiled code calls it by.
    """

    def __init__(self, function: Callable[..., Any], signature: Signature, liberties: frozenset[str]) -> None:
        self.function = function
        self.signature = signature
        self.liberties = liberties  # what may be taken with floating point, beyond FASTMATH
        self.__doc__ = function.__doc__

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
_one_at_a_time = RLock()  # threads that want the same function wait for one of them to compile it


def by_address(signature: Signature) -> Callable[..., Any]:
    """Return ``call(address, *arguments)``, for compiled code and plain Python, which calls an entry of ``signature``.

    The float type is that of the first argument.
    """

    def call(address: int, *arguments: Any) -> Any:
        return _plain[address](*arguments)

    @overload(call, jit_options=INLINE)
    def compiled_call(address, *arguments):  # type: ignore[no-untyped-def]
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


def entry(signature: Signature, liberties: frozenset[str] = frozenset()) -> Callable[[Callable[..., Any]], Entry]:
    """Mark a function that is compiled on its own, with ``signature(F)`` for a float type F."""
    return lambda function: Entry(function, signature, liberties)


@functools.cache
def _compiled(entry: Entry, dtype: np.dtype[Any]) -> Callable[..., Any]:
    dispatcher = numba.njit(**{**OPTIONS, "fastmath": FASTMATH | entry.liberties})(entry.function)
    if numba.config.DISABLE_JIT:
        return dispatcher  # type: ignore[no-any-return]
    # Without a folder that can be written, compiling anew each time is slow but right.
    with _ignored(RuntimeError):
        dispatcher._cache = _PackageCache(entry.function)
    dispatcher.compile(entry.signature(numba.from_dtype(dtype)))
    dispatcher.disable_compile()
    return dispatcher  # type: ignore[no-any-return]


@functools.cache
def _address(entry: Entry, dtype: np.dtype[Any]) -> int:
    dispatcher: Any = entry[dtype]
    compiled = dispatcher.get_compile_result(entry.signature(numba.from_dtype(dtype)))
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name))


@contextmanager
def _ignored(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind:
        return


# What an index raises that names classes of another version of nntrain, or was cut off.
UNREADABLE = (AttributeError, ImportError, EOFError, pickle.UnpicklingError)


class _PackageCache(caching.FunctionCache):  # type: ignore[misc]
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
