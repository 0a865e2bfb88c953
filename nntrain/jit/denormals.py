"""Denormal numbers, which compiled training takes as zero.

A float32 below 1e-38 has no room left in its exponent and is computed with by microcode, some hundred times as slowly.
The moments of a dead unit's weights decay to such numbers and stay there: a step of a small net then takes twice as
long. jax flushes them to zero too. A processor is told by bits of its control register, which are put back afterwards.
"""

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.jit.compiler import overload

X86_FLUSH = 0x8040  # results and operands
ARM_FLUSH = 1 << 24
MACHINE = platform.machine().lower()
X86, ARM = MACHINE in ("x86_64", "amd64"), MACHINE in ("aarch64", "arm64")  # others are told nothing


def flush_denormals() -> int:
    """Take denormal numbers as zero from here on, and return what ``restore`` has to be given; compiled code only."""
    return 0


def restore(control: int) -> None:
    """Put the control register back to what ``flush_denormals`` returned."""


@overload(flush_denormals)
def _compiled_flush_denormals():
    flush = X86_FLUSH if X86 else ARM_FLUSH

    def implementation():
        control = _control()
        _set_control(control | flush)
        return control

    return implementation


@overload(restore)
def _compiled_restore(control):
    return lambda control: _set_control(control)


@intrinsic
def _control(typing_context: Any) -> Any:
    """Read the control register."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(64)
        if X86:
            place = cgutils.alloca_once(builder, ir.IntType(32))
            _call(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), place)
            return builder.zext(builder.load(place), wide)
        if ARM:
            return _call(builder, "llvm.aarch64.get.fpcr", wide)
        return ir.Constant(wide, 0)

    return types.int64(), generate


@intrinsic
def _set_control(typing_context: Any, control: Any) -> Any:
    """Write the control register."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if X86:
            place = cgutils.alloca_once_value(builder, builder.trunc(arguments[0], ir.IntType(32)))
            _call(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), place)
        elif ARM:
            _call(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), arguments[0])
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _call(builder: Any, name: str, returns: Any, *arguments: Any) -> Any:
    if arguments and isinstance(arguments[0].type, ir.PointerType):
        arguments = (builder.bitcast(arguments[0], ir.IntType(8).as_pointer()),)
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(returns, [argument.type for argument in arguments]), name
    )
    return builder.call(function, arguments)
