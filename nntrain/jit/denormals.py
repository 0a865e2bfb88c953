"""Denormal numbers, which compiled training flushes to zero.

Arithmetic on denormals, below 1e-38 in float32, runs in microcode and is about a hundred times slower. The moments of a
dead unit's weights decay to such numbers and stay there: a step of a small network then takes twice as long. jax
flushes them to zero too. Bits of the processor's control register enable this, and are restored afterwards.
"""

import platform
from typing import Any

from nntrain.jit.lazy import cgutils, intrinsic, ir, overload, types

X86_FLUSH = 0x8040  # FTZ (results) and DAZ (operands)
ARM_FLUSH = 1 << 24  # FZ
MACHINE = platform.machine().lower()
X86, ARM = MACHINE in ("x86_64", "amd64"), MACHINE in ("aarch64", "arm64")  # on others nothing is flushed


def flush_denormals() -> int:
    """Flush denormals to zero from here on, and return the old control register for ``restore``; compiled code only."""
    return 0


def restore(control: int) -> None:
    """Set the control register to what ``flush_denormals`` returned."""


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
            pointer = cgutils.alloca_once(builder, ir.IntType(32))
            _call(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), pointer)
            return builder.zext(builder.load(pointer), wide)
        if ARM:
            return _call(builder, "llvm.aarch64.get.fpcr", wide)
        return ir.Constant(wide, 0)

    return types.int64(), generate


@intrinsic
def _set_control(typing_context: Any, control: Any) -> Any:
    """Write the control register."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if X86:
            pointer = cgutils.alloca_once_value(builder, builder.trunc(arguments[0], ir.IntType(32)))
            _call(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), pointer)
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
