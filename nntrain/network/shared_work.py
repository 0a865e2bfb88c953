"""The update and the gathering of a batch, shared by the threads of a pool."""

import numpy as np

from nntrain.jit.arrays import address_of, at_address
from nntrain.jit.kernels import kernel
from nntrain.jit.mailbox import GATHER, UPDATE, job_of, post, wait_for_workers
from nntrain.matmul.gemm import portion
from nntrain.matmul.microkernel import TILE_ROWS
from nntrain.optimizers import call_rule

MIN_PORTION = 16_384  # minimum of numbers that a thread updates or gathers
# Each thread's part starts at a multiple of this many parameters. The last numbers of a loop, too few for a vector, are
# rounded differently; this way they are the same parameters for any number of threads.
UPDATE_UNIT = 1024
UPDATE_CHUNK = 32 * UPDATE_UNIT  # parameters that one call of the update rule updates

UPDATE_JOB = np.dtype(
    [
        ("rule", np.int64),  # address
        ("theta", np.int64),
        ("grad", np.int64),
        ("size", np.int64),  # of both
        ("state", np.int64),
        ("state_rows", np.int64),
        ("state_columns", np.int64),
        ("tensors", np.int64),
        ("n_tensors", np.int64),
        ("hyper", np.int64),
        ("n_hyper", np.int64),
        ("rate", np.float64),
        ("k", np.int64),
    ],
    align=True,
)
GATHER_JOB = np.dtype(
    [
        ("data", np.int64),  # address
        ("data_rows", np.int64),
        ("columns", np.int64),
        ("order", np.int64),
        ("rows", np.int64),
        ("batch", np.int64),
    ],
    align=True,
)


@kernel
def take_step(update, theta, grad, state, rate, k, mailbox):
    """Take step k of the optimizer, on as many of the pool's threads as the work keeps busy."""
    n_threads = min(mailbox[0].n_threads, max(1, theta.size // MIN_PORTION)) if update.elementwise else 1
    tensors, hyper = update.tensors, update.hyper
    if n_threads > 1:
        job = job_of(mailbox, UPDATE_JOB)
        job.rule, job.theta, job.grad, job.size = update.address, address_of(theta), address_of(grad), theta.size
        job.state, job.state_rows, job.state_columns = address_of(state), state.shape[0], state.shape[1]
        job.tensors, job.n_tensors, job.hyper = address_of(tensors), tensors.shape[0], address_of(hyper)
        job.n_hyper, job.rate, job.k = hyper.size, rate, k
        post(mailbox, UPDATE, n_threads)
    if not update.elementwise:
        call_rule(update.address, theta, grad, state, tensors, hyper, rate, k, np.uint64(0), np.uint64(theta.size))
    else:
        update_portion(update.address, theta, grad, state, tensors, hyper, rate, k, 0, n_threads)
    if n_threads > 1:
        wait_for_workers(mailbox)


@kernel
def work_on_update(mailbox, worker, n_threads, like):
    """Update a worker's part of the parameters."""
    job = job_of(mailbox, UPDATE_JOB)
    theta, grad = at_address(job.theta, (job.size,), like), at_address(job.grad, (job.size,), like)
    state = at_address(job.state, (job.state_rows, job.state_columns), like)
    tensors = at_address(job.tensors, (job.n_tensors, 3), np.int64)
    hyper = at_address(job.hyper, (job.n_hyper,), np.float64)
    update_portion(job.rule, theta, grad, state, tensors, hyper, job.rate, job.k, worker, n_threads)


@kernel
def update_portion(rule, theta, grad, state, tensors, hyper, rate, k, worker, n_threads):
    """Update a thread's part of the parameters, from its end to its start.

    The backward pass has computed the first layers' gradients last, and the next forward pass starts with their
    weights: both stay in the cache.
    """
    start, stop = portion(theta.size, UPDATE_UNIT, worker, n_threads)
    while stop > start:
        begin = start + (stop - start - 1) // UPDATE_CHUNK * UPDATE_CHUNK
        call_rule(rule, theta, grad, state, tensors, hyper, rate, k, np.uint64(begin), np.uint64(stop))
        stop = begin


@kernel
def gather(data, order, batch, mailbox):
    """Copy the rows ``order`` of ``data`` to ``batch``, on as many of the pool's threads as the work keeps busy."""
    n_threads = min(mailbox[0].n_threads, max(1, batch.size // MIN_PORTION))
    if n_threads > 1:
        job = job_of(mailbox, GATHER_JOB)
        job.data, job.data_rows, job.columns = address_of(data), data.shape[0], data.shape[1]
        job.order, job.rows, job.batch = address_of(order), order.size, address_of(batch)
        post(mailbox, GATHER, n_threads)
    copy_rows(data, order, batch, 0, n_threads)
    if n_threads > 1:
        wait_for_workers(mailbox)


@kernel
def work_on_gather(mailbox, worker, n_threads, like):
    """Copy a worker's part of a batch's rows."""
    job = job_of(mailbox, GATHER_JOB)
    data = at_address(job.data, (job.data_rows, job.columns), like)
    order = at_address(job.order, (job.rows,), np.int64)
    copy_rows(data, order, at_address(job.batch, (job.rows, job.columns), like), worker, n_threads)


@kernel
def copy_rows(data, order, batch, worker, n_threads):
    """Copy a thread's part of the rows: those that its part of the next product reads."""
    start, stop = portion(order.size, TILE_ROWS, worker, n_threads)
    for i in range(start, stop):
        row = order[i]
        for j in range(data.shape[1]):
            batch[i, j] = data[row, j]
