"""The mailbox: how the first thread gives jobs to worker threads inside compiled code, and learns that they are done.

The first thread writes a job and then increments the number of jobs posted; the workers poll that number without system
calls. That takes 0.2 µs, whereas a lock or a queue takes 10 µs, as long as the shared work itself.
"""

import os
import time
from typing import Any

import numpy as np

from nntrain.jit.aligned import CACHE_LINE, empty
from nntrain.jit.arrays import address_of, at_address
from nntrain.jit.denormals import X86
from nntrain.jit.kernels import kernel
from nntrain.jit.lazy import cgutils, intrinsic, ir, numba, types

PRODUCT, UPDATE, GATHER, PING = 1, 2, 3, 4  # kinds of jobs; a ping has no work: it tests that a worker is running
JOB_WORDS = 13  # integers of the largest record that describes a job

# Fields that different threads write lie in different cache lines, so that threads do not wait for each other's writes.
_LINES: list[dict[str, Any]] = [
    {
        "n_threads": np.int64,  # threads that share the next job
        "pool_size": np.int64,  # threads in the pool, including the first one
        "scratch": np.int64,  # address of the first thread's scratch (nntrain.matmul.gemm)
        "small_product": np.int64,  # addresses of compiled functions (nntrain.matmul)
        "shared_product": np.int64,
        "fill_panels": np.int64,
        "alone_until": np.int64,  # ns; until then the first thread works alone
        "alone_for": np.int64,  # ns; length of that period
    },
    {"n_posted": np.int64},  # jobs posted so far
    {
        "kind": np.int64,  # of the last job
        "n_wanted": np.int64,  # threads that share it
        "posted_at": np.int64,  # ns
        "job": (np.int64, JOB_WORDS),  # a record of its kind, see job_of
    },
    {"n_done": np.int64},  # jobs that this thread has done
]


def _record() -> np.dtype[Any]:
    fields, offsets, start = {}, [], 0
    for line in _LINES:
        for name, kind in line.items():
            fields[name] = np.dtype(kind)
            offsets.append(start)
            start += fields[name].itemsize
        start += -start % CACHE_LINE
    formats = list(fields.values())
    return np.dtype({"names": list(fields), "formats": formats, "offsets": offsets, "itemsize": start}, align=True)


# One record for each thread: in a worker's only ``n_done`` is used, in the first thread's only the other fields.
MAILBOX_RECORD = _record()
_OFFSETS = {name: int(field[1]) for name, field in (MAILBOX_RECORD.fields or {}).items()}
_RECORD_BYTES, _JOB = MAILBOX_RECORD.itemsize, _OFFSETS["job"]
_N_POSTED, _N_DONE = _OFFSETS["n_posted"], _OFFSETS["n_done"]

SPINS = 20_000  # polls before a thread sleeps between polls: about a millisecond
LONGEST_SLEEP_US = 5_000  # each sleep is 1 µs longer than the one before

# When other programs keep a worker from its core, the first thread has to wait. If it waits more than LATE_NS longer
# than its own part of the work took, it then works alone: for ALONE_FACTOR times the wait or, if such a period ended
# recently, for twice that period if this is longer, but for at most LONGEST_ALONE_NS.
LATE_NS, LONGEST_ALONE_NS = 100_000, 1_000_000_000
ALONE_FACTOR = 20


def MAILBOX() -> Any:  # noqa: N802 - a type
    """Return the compiled type of a mailbox."""
    return types.Array(numba.from_dtype(MAILBOX_RECORD), 1, "C")


def new_mailbox(n_threads: int) -> Any:
    """Return the mailbox for up to ``n_threads`` threads, of which only the first exists yet."""
    mailbox = empty(n_threads * _RECORD_BYTES, np.dtype(np.uint8))
    mailbox[:] = 0
    records = mailbox.view(MAILBOX_RECORD).view(np.recarray)
    records[0].n_threads = records[0].pool_size = 1
    return records


@kernel
def job_of(mailbox, record):
    """Return the job as a record of the dtype ``record``."""
    return at_address(address_of(mailbox) + _JOB, (1,), record)[0]


@kernel
def posted_jobs(mailbox):
    """Return the address of the number of jobs posted."""
    return address_of(mailbox) + _N_POSTED


@kernel
def done_jobs(mailbox, worker):
    """Return the address of the number of jobs that a worker has done."""
    return address_of(mailbox) + worker * _RECORD_BYTES + _N_DONE


@kernel
def post(mailbox, kind, n_wanted):
    """Publish the job that has been written to the mailbox."""
    mailbox[0].kind, mailbox[0].n_wanted, mailbox[0].posted_at = kind, n_wanted, clock()
    store_release(posted_jobs(mailbox), mailbox[0].n_posted + 1)


@kernel
def wait_for_workers(mailbox):
    """Return when all workers have done the last job; if one was late, work alone for a while."""
    began = clock()
    for worker in range(1, mailbox[0].n_threads):
        wait_for(done_jobs(mailbox, worker), mailbox[0].n_posted)
    now = clock()
    waited = now - began
    if waited > began - mailbox[0].posted_at + LATE_NS:
        again = now - mailbox[0].alone_until < mailbox[0].alone_for
        alone_for = max(ALONE_FACTOR * waited, 2 * mailbox[0].alone_for * again)
        mailbox[0].alone_for = min(alone_for, LONGEST_ALONE_NS)
        mailbox[0].alone_until = now + mailbox[0].alone_for
        mailbox[0].n_threads = 1


@kernel
def share_again(mailbox):
    """Share jobs again if the period of working alone is over and all workers have answered a ping."""
    if mailbox[0].n_threads < mailbox[0].pool_size and clock() >= mailbox[0].alone_until:
        if mailbox[0].kind != PING:
            post(mailbox, PING, 0)
            return
        for worker in range(1, mailbox[0].pool_size):
            if load_acquire(done_jobs(mailbox, worker)) < mailbox[0].n_posted:
                return
        mailbox[0].n_threads = mailbox[0].pool_size


@kernel
def wait_for(address, value):
    """Return when the integer at an address is at least ``value``."""
    polls = 0
    while load_acquire(address) < value:
        polls += 1
        spin_wait(min(polls - SPINS, LONGEST_SLEEP_US))


@intrinsic
def store_release(typing_context: Any, address: Any, value: Any) -> Any:
    """Store an integer at an address, ordered after all earlier memory accesses; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        builder.store_atomic(arguments[1], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def load_acquire(typing_context: Any, address: Any) -> Any:
    """Load the integer at an address, ordered before all later memory accesses; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(types.int64), generate


@intrinsic
def spin_wait(typing_context: Any, sleep: Any) -> Any:
    """Pause briefly, and sleep for ``sleep`` microseconds if that is positive; compiled code only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if X86:
            pause = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"
            )
            builder.call(pause, [])
        if os.name == "posix":
            kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
            usleep = cgutils.get_or_insert_function(builder.module, kind, "usleep")
            positive = builder.icmp_signed(">", arguments[0], ir.IntType(64)(0))
            with builder.if_then(positive, likely=False):
                builder.call(usleep, [builder.trunc(arguments[0], ir.IntType(32))])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def clock(typing_context: Any) -> Any:
    """Return a monotonic time in ns, 0 on systems without POSIX clocks; compiled code only."""
    kind, timespec = getattr(time, "CLOCK_MONOTONIC", None), ir.LiteralStructType([ir.IntType(64), ir.IntType(64)])

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if kind is None:
            return ir.Constant(ir.IntType(64), 0)
        function = ir.FunctionType(ir.IntType(32), [ir.IntType(32), timespec.as_pointer()])
        clock_gettime = cgutils.get_or_insert_function(builder.module, function, "clock_gettime")
        now = cgutils.alloca_once(builder, timespec)
        builder.call(clock_gettime, [ir.Constant(ir.IntType(32), kind), now])
        seconds, rest = (builder.load(cgutils.gep_inbounds(builder, now, 0, i)) for i in range(2))
        return builder.add(builder.mul(seconds, ir.Constant(ir.IntType(64), 10**9)), rest)

    return types.int64(), generate
