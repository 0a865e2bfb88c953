"""The epoch: one compiled call for many training steps, and the forward pass for evaluation.

Shape letters: N rows of data, B of a batch, K steps, P parameters, S state vectors of the optimizer, U units.
"""

from typing import Any

import numpy as np

from nntrain.jit.arrays import without_refcounts
from nntrain.jit.denormals import flush_denormals, restore
from nntrain.jit.kernels import compiled, kernel
from nntrain.jit.lazy import types
from nntrain.jit.mailbox import share_again
from nntrain.layers.dropout import NO_KEY, step_key
from nntrain.layers.noise import add_noise
from nntrain.network.backprop import forward, loss_and_gradient, matrix
from nntrain.network.layer_table import CRITERION, STEP_RESULTS, TABLE, UPDATE, WORKSPACE
from nntrain.network.regularize import INPUT_NOISE, decay, regularize
from nntrain.network.row_weights import batch_loss
from nntrain.network.shared_work import gather, take_step
from nntrain.optimizers.averaging import update_weight_averages
from nntrain.optimizers.sam import RHO, climb


@kernel
def gradient_for_step(table, theta, x, target, weights, loss, workspace, grad, key, update):
    """Return the loss of the batch, and fill grad (P) with its gradient, or with SAM with that at a higher point.

    The loss is that at theta; NaN if that at the higher point is not finite.
    """
    twice = update.address != 0 and update.sam[RHO] > 0
    first = 0.0
    for second in range(2 if twice else 1):
        if second:
            before = theta.copy()
            climb(theta[: grad.size], grad, update.sam)
        value = loss_and_gradient(table, theta, x, target, weights, loss, workspace, grad, key)
        if second:
            for i in range(theta.size):
                theta[i] = before[i]
            return first if np.isfinite(value) else np.nan
        first = value
        if not np.isfinite(first):
            return first
    return first


def STEPS(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """(table, theta, grad, state, update, loss, x, target, order, done, rates, results, workspace)."""
    data, vector = F[:, ::1], F[::1]
    run = (TABLE(), vector, vector, data, UPDATE(), CRITERION(F))
    when = (types.int64[:, ::1], types.int64, types.float64[:, ::1])
    return types.int64(*run, data, data, *when, STEP_RESULTS(F), WORKSPACE(F))


@compiled(STEPS)
def steps(table, theta, grad, state, update, loss, x, target, order, done, rates, results, workspace):
    """Train on mini-batches, for E epochs or a part of one: forward, loss, backward, regularization, update.

    Args:
        table: the layers.
        theta: all parameters (P), and the buffers after them, updated in place.
        grad: filled with the last step's gradient (P).
        state: the optimizer's state vectors and averaged weights (S, size of theta), updated in place.
        update: the optimizer and regularization. With address 0, only the running averages are updated.
        loss: the loss, with the weights of the rows.
        x: the training data (N, inputs).
        target: their targets (N, targets).
        order: the rows of each epoch (E, N), cut into batches of B; the last one may be smaller.
        done: steps of the run before this call.
        rates: the learning rate of each step (E, K).
        results: filled with the results of each step and epoch.
        workspace: for B rows.

    Returns:
        The number of steps taken: E·K, or those before the first loss that was not finite. That step is not taken,
        but its batch and what was computed from it stay in the workspace.
    """
    table, theta, grad, state, x, target, order = without_refcounts((table, theta, grad, state, x, target, order))
    update, loss, workspace = without_refcounts((update, loss, workspace))
    losses, clipped, norms, unclipped, ends = without_refcounts(results)
    control = flush_denormals()
    batch, trainable, k = workspace.x.shape[0], theta[: grad.size], done
    for epoch in range(rates.shape[0]):
        for step in range(rates.shape[1]):
            k += 1
            share_again(workspace.mailbox)
            rate, rows = rates[epoch, step], min(batch, order.shape[1] - step * batch)
            chosen = order[epoch, step * batch : step * batch + rows]
            key, noise = step_key(update.seed, k), update.penalty[INPUT_NOISE]
            if rows == x.shape[0] and noise == 0:  # a full batch: the order of its rows does not matter
                batch_x, batch_target, weights = x, target, loss.weights
            else:
                batch_x, batch_target = workspace.x[:rows], workspace.target[:rows]
                gather(x, chosen, batch_x, workspace.mailbox)
                gather(target, chosen, batch_target, workspace.mailbox)
                weights = workspace.weights[: min(rows, loss.weights.size)]
                for i in range(weights.size):
                    weights[i] = loss.weights[chosen[i]]
                if noise > 0:
                    add_noise(batch_x, noise, key)
            losses[epoch, step] = gradient_for_step(
                table, theta, batch_x, batch_target, weights, loss, workspace, grad, key, update
            )
            if not np.isfinite(losses[epoch, step]):
                restore(control)
                return k - done - 1
            last = step == rates.shape[1] - 1
            clipped[epoch, step], norm = regularize(update.tensors, trainable, grad, update.penalty, unclipped, last)
            if last:
                norms[epoch] = norm
            if update.address != 0:
                decay(update.tensors, trainable, update.penalty, rate)
                take_step(update, trainable, grad, state, rate, k, workspace.mailbox)
                update_weight_averages(theta, state, update.averages, k)
        if ends.shape[0] > 0:
            for i in range(theta.size):
                ends[epoch, i] = theta[i]
    restore(control)
    return k - done


def AVERAGES(F: Any) -> Any:  # noqa: N802
    """(table, theta, x, key, workspace)."""
    return types.void(TABLE(), F[::1], F[:, ::1], types.int64, WORKSPACE(F))


@compiled(AVERAGES)
def update_averages(table, theta, x, key, workspace):
    """Run a forward pass as in training, which updates the running averages and nothing else.

    Args:
        table: the layers; their momentum is the weight of the batch in the averages.
        theta: all parameters, and the running averages after them, which are updated in place.
        x: the batch (up to B rows, inputs).
        key: a step's key for dropout.
        workspace: for B rows; overwritten.
    """
    table, theta, x = without_refcounts((table, theta, x))
    workspace = without_refcounts(workspace)
    control = flush_denormals()
    forward(table, theta, x, workspace, key)
    restore(control)


def EVALUATE(F: Any) -> Any:  # noqa: N802
    """(table, thetas, loss, x, target, output, losses, alive, workspace)."""
    data = F[:, ::1]
    measured = (F[:, :, ::1], types.float64[:, ::1], types.boolean[::1])
    return types.void(TABLE(), data, CRITERION(F), data, data, *measured, WORKSPACE(F))


@compiled(EVALUATE)
def evaluate(table, thetas, loss, x, target, output, losses, alive, workspace):
    """Compute outputs and losses for each of E vectors of parameters, B rows at a time.

    Args:
        table: the layers.
        thetas: the parameters and buffers (E, size of theta).
        loss: the loss, with the weights of the rows; with address 0 only outputs are computed.
        x: (N, inputs).
        target: (N, targets).
        output: filled with the network's outputs (E, N, outputs).
        losses: filled with the loss of each of the C chunks of B rows (E, C).
        alive: (U), set to true for every unit whose activation is not zero for at least one row; may be empty.
        workspace: for B rows; overwritten.
    """
    table, thetas, loss, x, target, output, alive = without_refcounts((table, thetas, loss, x, target, output, alive))
    workspace = without_refcounts(workspace)
    batch, last = workspace.x.shape[0], table[table.size - 1]
    for e in range(thetas.shape[0]):
        for chunk in range(losses.shape[1]):
            rows = min(batch, x.shape[0] - chunk * batch)
            start, stop = chunk * batch, chunk * batch + rows
            h = forward(table, thetas[e], x[start:stop], workspace, NO_KEY)
            for i in range(rows):
                for j in range(h.shape[1]):
                    output[e, start + i, j] = h[i, j]
            if loss.address != 0:
                delta = matrix(workspace.d, last, rows)
                weights = loss.weights[min(start, loss.weights.size) : min(stop, loss.weights.size)]
                losses[e, chunk] = batch_loss(loss, h, target[start:stop], weights, delta)
            if alive.size > 0:
                for layer in table:
                    mark_alive(matrix(workspace.h, layer, rows), alive[layer.unit : layer.unit + layer.n_out])


@kernel
def mark_alive(h, alive):
    """Set alive (O) to true for the units of h (B, O) that are not zero for at least one row."""
    for i in range(h.shape[0]):
        for j in range(h.shape[1]):
            if h[i, j] != 0:
                alive[j] = True
