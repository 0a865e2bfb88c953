"""How threads of compiled code tell each other that there is work, and that it is done.

A board of integers that all of them see: who has something to tell writes it, and then raises a count; the others look
at the count, again and again, without asking the system. That takes a fifth of a microsecond, where a lock or a queue
takes ten, as long as the work that is shared.
"""

import os
import time
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.jit.denormals import X86
from nntrain.jit.kernels import kernel

MAILBOX = types.int64[::1]
LINE = 8  # integers of a line of the cache: two threads that write into one wait for each other
# On the board: how many threads share the next job, where the first has room for copies, and the addresses of three
# entries of nntrain.matmul.tiles and nntrain.matmul.gemm; how many threads there are, until when the first works alone,
# and for how long (ns); jobs so far; what the last one is, how many threads it is for, its numbers, and when it was
# posted (ns); what each has done.
N_THREADS, SCRATCH, SMALL_PRODUCT, LARGE_PRODUCT, PANELS_OF, POOL_SIZE, ALONE_UNTIL, ALONE_FOR = range(8)
TURN, KIND, WANTED, JOB, POSTED, DONE = LINE, 2 * LINE, 2 * LINE + 1, 2 * LINE + 2, 4 * LINE, 5 * LINE
PRODUCT, UPDATE, BATCH, CALL = 1, 2, 3, 4  # kinds; a call is for nobody: who answers it is awake

LOOKS = 20_000  # that a thread looks for news before it naps between looks: about a millisecond
NAPS = 5_000  # microseconds of the longest nap; each is one longer than the one before

# Where other programs keep a worker from its core, the first thread waits for longer than the work itself takes.
# It then works alone for TIMES_ALONE as long as it has waited, and twice as long each time if that goes on.
LATE, LONGEST_ALONE = 100_000, 1_000_000_000  # ns
TIMES_ALONE = 20


def mailbox_size(n_threads: int) -> int:
    """Return how many integers the board of so many threads has."""
    return DONE + LINE * n_threads


@kernel
def post(mailbox, kind, wanted):
    """Let the others see the job whose numbers have been written to the board."""
    mailbox[KIND], mailbox[WANTED], mailbox[POSTED] = kind, wanted, clock()
    store_release(mailbox, TURN, mailbox[TURN] + 1)


@kernel
def wait_for_workers(mailbox):
    """Return when all workers have done the last job; work alone for a while if one was late."""
    began = clock()
    for worker in range(1, mailbox[N_THREADS]):
        wait_for(mailbox, DONE + LINE * worker, mailbox[TURN])
    now = clock()
    waited = now - began
    if waited > began - mailbox[POSTED] + LATE:
        again = now - mailbox[ALONE_UNTIL] < mailbox[ALONE_FOR]
        mailbox[ALONE_FOR] = min(max(TIMES_ALONE * waited, 2 * mailbox[ALONE_FOR] * again), LONGEST_ALONE)
        mailbox[ALONE_UNTIL] = now + mailbox[ALONE_FOR]
        mailbox[N_THREADS] = 1


@kernel
def share_again(mailbox):
    """Share jobs again when the time for working alone is over, and the workers have answered a call."""
    if mailbox[N_THREADS] < mailbox[POOL_SIZE] and clock() >= mailbox[ALONE_UNTIL]:
        if mailbox[KIND] != CALL:
            post(mailbox, CALL, 0)
            return
        for worker in range(1, mailbox[POOL_SIZE]):
            if load_acquire(mailbox, DONE + LINE * worker) < mailbox[TURN]:
                return
        mailbox[N_THREADS] = mailbox[POOL_SIZE]


@kernel
def wait_for(mailbox, place, value):
    """Return when the board's count at ``place`` is at ``value``."""
    looks = 0
    while load_acquire(mailbox, place) < value:
        looks += 1
        spin_wait(min(looks - LOOKS, NAPS))


def _at(context: Any, builder: Any, kind: Any, value: Any, place: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, value=value).data, [place])


@intrinsic
def store_release(typing_context: Any, mailbox: Any, place: Any, value: Any) -> Any:
    """Raise a count on the board, after all that was written before; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[2], _at(context, builder, mailbox, *arguments[:2]), "release", 8)
        return context.get_dummy_value()

    return types.void(mailbox, types.intp, types.int64), generate


@intrinsic
def load_acquire(typing_context: Any, mailbox: Any, place: Any) -> Any:
    """Return a count on the board, before all that is read after it; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_at(context, builder, mailbox, *arguments), "acquire", 8)

    return types.int64(mailbox, types.intp), generate


@intrinsic
def spin_wait(typing_context: Any, nap: Any) -> Any:
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


@intrinsic
def clock(typing_context: Any) -> Any:
    """Return the time in ns, from some fixed moment on; 0 on systems without POSIX's clock. Compiled code only."""
    kind, moment = getattr(time, "CLOCK_MONOTONIC", None), ir.LiteralStructType([ir.IntType(64), ir.IntType(64)])

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if kind is None:
            return ir.Constant(ir.IntType(64), 0)
        function = ir.FunctionType(ir.IntType(32), [ir.IntType(32), moment.as_pointer()])
        read = cgutils.get_or_insert_function(builder.module, function, "clock_gettime")
        now = cgutils.alloca_once(builder, moment)
        builder.call(read, [ir.Constant(ir.IntType(32), kind), now])
        seconds, rest = (builder.load(cgutils.gep_inbounds(builder, now, 0, i)) for i in range(2))
        return builder.add(builder.mul(seconds, ir.Constant(ir.IntType(64), 10**9)), rest)

    return types.int64(), generate
