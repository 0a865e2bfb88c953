"""How threads of compiled code tell each other that there is work, and that it is done.

A board of integers that all of them see: who has something to tell writes it, and then raises a count; the others look
at the count, again and again, without asking the system. That takes a fifth of a microsecond, where a lock or a queue
takes ten, as long as the work that is shared.
"""

import os
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.jit.denormals import X86
from nntrain.jit.kernels import kernel

BOARD = types.int64[::1]
LINE = 8  # integers of a line of the cache: two threads that write into one wait for each other
# On the board: how many threads there are, where the first has room for copies, and the addresses of three entries of
# nntrain.matmul.tiles and nntrain.matmul.gemm; jobs so far; what the last one is, how many threads it is for, and its
# numbers; what each has done.
HANDS, ROOM, SMALL_PRODUCT, LARGE_PRODUCT, PANELS_OF = range(5)
TURN, KIND, WANTED, JOB, DONE = LINE, 2 * LINE, 2 * LINE + 1, 2 * LINE + 2, 5 * LINE
PRODUCT, UPDATE, BATCH = 1, 2, 3  # kinds

LOOKS = 20_000  # that a thread looks for news before it naps between looks: about a millisecond
NAPS = 5_000  # microseconds of the longest nap; each is one longer than the one before


def board_for(hands: int) -> int:
    """Return how many integers the board of so many threads has."""
    return DONE + LINE * hands


@kernel
def post(board, kind, wanted):  # type: ignore[no-untyped-def]
    """Let the others see the job whose numbers have been written to the board."""
    board[KIND], board[WANTED] = kind, wanted
    tell(board, TURN, board[TURN] + 1)


@kernel
def wait_for_the_others(board):  # type: ignore[no-untyped-def]
    """Return when all hands but the first have done the last job."""
    for hand in range(1, board[HANDS]):
        wait_for(board, DONE + LINE * hand, board[TURN])


@kernel
def wait_for(board, place, value):  # type: ignore[no-untyped-def]
    """Return when the board's count at ``place`` is at ``value``."""
    looks = 0
    while seen(board, place) < value:
        looks += 1
        breathe(min(looks - LOOKS, NAPS))


def _at(context: Any, builder: Any, kind: Any, value: Any, place: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, value=value).data, [place])


@intrinsic
def tell(typing_context: Any, board: Any, place: Any, value: Any) -> Any:
    """Raise a count on the board, after all that was written before; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[2], _at(context, builder, board, *arguments[:2]), "release", 8)
        return context.get_dummy_value()

    return types.void(board, types.intp, types.int64), generate


@intrinsic
def seen(typing_context: Any, board: Any, place: Any) -> Any:
    """Return a count on the board, before all that is read after it; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_at(context, builder, board, *arguments), "acquire", 8)

    return types.int64(board, types.intp), generate


@intrinsic
def breathe(typing_context: Any, nap: Any) -> Any:
    """Let the processor do something else for a moment or, where ``nap`` is above 0, for so many microseconds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if X86:
            pause = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"
            )
            builder.call(pause, [])
        if os.name == "posix":
            kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
            sleep = cgutils.get_or_insert_function(builder.module, kind, "usleep")
            tired = builder.icmp_signed(">", arguments[0], ir.IntType(64)(0))
            with builder.if_then(tired, likely=False):
                builder.call(sleep, [builder.trunc(arguments[0], ir.IntType(32))])
        return context.get_dummy_value()

    return types.void(types.int64), generate
