"""The epoch: one compiled call for many steps, and the forward-only pass that measures.

Shape letters: N rows of data, B of a batch, K steps, P parameters, S state vectors of the optimizer, U units.
"""

from typing import Any

import numpy as np
from numba import types

from nntrain.jit.arrays import without_refcounts
from nntrain.jit.denormals import flush_denormals, restore
from nntrain.jit.kernels import compiled, kernel
from nntrain.jit.mailbox import share_again
from nntrain.layers.dropout import NO_KEY, step_key
from nntrain.layers.noise import add_noise
from nntrain.losses import call_loss
from nntrain.network.backprop import forward, loss_and_gradient, matrix
from nntrain.network.layer_table import CRITERION, STEP_RESULTS, TABLE, UPDATE, WORKSPACE
from nntrain.network.regularize import INPUT_NOISE, decay, regularize
from nntrain.network.thread_pool import gather, take_step
from nntrain.optimizers.averaging import follow


def STEPS(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(table, theta, grad, state, update, loss, x, target, order, done, rates, told, buffers)."""
    data, vector = F[:, ::1], F[::1]
    run = (TABLE, vector, vector, data, UPDATE, CRITERION)
    when = (types.int64[:, ::1], types.int64, types.float64[:, ::1])
    return types.int64(*run, data, data, *when, STEP_RESULTS(F), WORKSPACE(F))


@compiled(STEPS)
def steps(table, theta, grad, state, update, loss, x, target, order, done, rates, told, workspace):
    """Train on mini-batches, E epochs or a part of one: forward, loss, backward, regularisation and update in turns.

    Args:
        table: the layers.
        theta: all parameters (P), and the running averages of normalised layers after them, updated in place.
        grad: the last step's gradient (P), filled.
        state: the optimizer's state vectors and the weights that follow theta (S, as long as theta), updated in place.
        update: the optimizer, and what goes on beside it.
        loss: the loss.
        x: the training data (N, inputs).
        target: their targets (N, targets).
        order: for each epoch, the rows to train on, in this order, cut into batches of B; the last may be smaller.
        done: steps done before this call, since the start of the run.
        rates: the learning rate of each step (E, K).
        told: what each step and epoch led to, filled.
        workspace: for B rows.

    Returns:
        How many steps were taken: E·K, or as many as had a finite loss. A step whose loss is not finite is not taken,
        but its batch and what was computed from it stay in the buffers.
    """
    table, theta, grad, state, x, target, order = without_refcounts((table, theta, grad, state, x, target, order))
    update, loss, workspace = without_refcounts((update, loss, workspace))
    losses, clipped, norms, unclipped, ends = without_refcounts(told)
    control = flush_denormals()
    batch, trainable, k = workspace.x.shape[0], theta[: grad.size], done
    for epoch in range(rates.shape[0]):
        for step in range(rates.shape[1]):
            k += 1
            share_again(workspace.mailbox)
            rate, rows = rates[epoch, step], min(batch, order.shape[1] - step * batch)
            chosen = order[epoch, step * batch : step * batch + rows]
            key, noise = step_key(update.seed, k), update.penalty[INPUT_NOISE]
            if rows == x.shape[0] and noise == 0:  # a full batch: the order of its rows means nothing
                batch_x, batch_target = x, target
            else:
                batch_x, batch_target = workspace.x[:rows], workspace.target[:rows]
                gather(x, chosen, batch_x, workspace.mailbox)
                gather(target, chosen, batch_target, workspace.mailbox)
                if noise > 0:
                    add_noise(batch_x, noise, key)
            losses[epoch, step] = loss_and_gradient(table, theta, batch_x, batch_target, loss, workspace, grad, key)
            if not np.isfinite(losses[epoch, step]):
                restore(control)
                return k - done - 1
            last = step == rates.shape[1] - 1
            clipped[epoch, step], norm = regularize(update.tensors, trainable, grad, update.penalty, unclipped, last)
            if last:
                norms[epoch] = norm
            decay(update.tensors, trainable, update.penalty, rate)
            take_step(update, trainable, grad, state, rate, k, workspace.mailbox)
            follow(theta, state, update.averages, k)
        if ends.shape[0] > 0:
            for i in range(theta.size):
                ends[epoch, i] = theta[i]
    restore(control)
    return k - done


def AVERAGES(F: Any) -> Any:  # noqa: N802
    """(table, theta, x, key, buffers)."""
    return types.void(TABLE, F[::1], F[:, ::1], types.int64, WORKSPACE(F))


@compiled(AVERAGES)
def update_averages(table, theta, x, key, workspace):
    """Take a batch forward as in training, which updates the running averages behind the parameters and no more.

    Args:
        table: the layers; their momentum is the share of the batch in the averages.
        theta: all parameters, and the running averages after them, which are updated in place.
        x: the batch (B or fewer rows, inputs).
        key: that of a step, by which units are dropped.
        workspace: for B rows; overwritten.
    """
    table, theta, x = without_refcounts((table, theta, x))
    workspace = without_refcounts(workspace)
    control = flush_denormals()
    forward(table, theta, x, workspace, key)
    restore(control)


def EVALUATE(F: Any) -> Any:  # noqa: N802
    """(table, thetas, loss, x, target, output, losses, alive, buffers)."""
    data = F[:, ::1]
    measured = (F[:, :, ::1], types.float64[:, ::1], types.boolean[::1])
    return types.void(TABLE, data, CRITERION, data, data, *measured, WORKSPACE(F))


@compiled(EVALUATE)
def evaluate(table, thetas, loss, x, target, output, losses, alive, workspace):
    """Forward only, as many rows at a time as the buffers hold, for each of some parameters.

    Args:
        table: the layers.
        thetas: all parameters, E times (E, P).
        loss: the loss, with address 0 where only outputs are wanted.
        x: (N, inputs).
        target: (N, targets).
        output: the network's outputs (E, N, outputs), filled.
        losses: the loss of each B rows (E, C), filled.
        alive: (U), set to true for every unit that is not zero in some row; empty where nobody asks.
        workspace: for B rows; their ``d`` is overwritten.
    """
    table, thetas, loss, x, target, output, alive = without_refcounts((table, thetas, loss, x, target, output, alive))
    workspace = without_refcounts(workspace)
    batch, last = workspace.x.shape[0], table[table.size - 1]
    for one in range(thetas.shape[0]):
        for chunk in range(losses.shape[1]):
            rows = min(batch, x.shape[0] - chunk * batch)
            start, stop = chunk * batch, chunk * batch + rows
            h = forward(table, thetas[one], x[start:stop], workspace, NO_KEY)
            for i in range(rows):
                for j in range(h.shape[1]):
                    output[one, start + i, j] = h[i, j]
            if loss.address != 0:
                delta = matrix(workspace.d, last, rows)
                losses[one, chunk] = call_loss(loss.address, h, target[start:stop], delta, loss.numbers)
            if alive.size > 0:
                for layer in table:
                    mark_alive(matrix(workspace.h, layer, rows), alive[layer.unit : layer.unit + layer.n_out])


@kernel
def mark_alive(h, alive):
    """Set alive (O) where a unit of h (B, O) is not zero in some row."""
    for i in range(h.shape[0]):
        for j in range(h.shape[1]):
            if h[i, j] != 0:
                alive[j] = True
