"""Forward and backward: the walk over the layer table that every mini-batch takes.

Shape letters: B rows of a batch, L layers, P parameters, and for a layer I inputs and O outputs.
"""

from nntrain.activations import Shape, call_backward, call_forward, call_learnt_backward, call_learnt_forward
from nntrain.jit.arrays import view
from nntrain.jit.kernels import kernel
from nntrain.layers.dense import (
    dense_backward_biases,
    dense_backward_input,
    dense_backward_weights,
    dense_forward,
)
from nntrain.layers.dropout import NO_KEY, WORD, dropout_backward, dropout_forward, scrambled
from nntrain.losses import call_loss
from nntrain.norms import scale_and_shift
from nntrain.norms.batch_norm import batch_norm_backward, normalise_by_batch, normalise_by_running
from nntrain.norms.layer_norm import layer_norm_backward, normalise_by_row


@kernel
def part(buffer, layer, rows):  # type: ignore[no-untyped-def]
    """Return the layer's (B·O) part of a buffer that holds ``rows`` rows."""
    return view(buffer, layer.unit * rows, (layer.n_out * rows,))


@kernel
def matrix(buffer, layer, rows):  # type: ignore[no-untyped-def]
    """Return the layer's part of a buffer as (B, O)."""
    return view(buffer, layer.unit * rows, (rows, layer.n_out))


@kernel
def weights(theta, layer):  # type: ignore[no-untyped-def]
    """Return the layer's (I, O) part of the parameters or of their gradient."""
    return view(theta, layer.weights, (layer.n_in, layer.n_out))


@kernel
def biases(theta, layer):  # type: ignore[no-untyped-def]
    """Return the layer's (O) part of the parameters or of their gradient."""
    return view(theta, layer.biases, (layer.n_out,))


@kernel
def gamma_and_beta(theta, layer):  # type: ignore[no-untyped-def]
    """Return the normalisation's two parts (O) of the parameters or of their gradient."""
    return view(theta, layer.norm, (layer.n_out,)), view(theta, layer.norm + layer.n_out, (layer.n_out,))


@kernel
def learnt_of(layer, theta):  # type: ignore[no-untyped-def]
    """Return what the layer's activation learns, of the parameters or of their gradient."""
    return view(theta, layer.learnt, (layer.learns,))


@kernel
def activate(layer, theta, z, h):  # type: ignore[no-untyped-def]
    """Fill the layer's h from its z."""
    if layer.learns > 0:
        call_learnt_forward(layer.forward, z, h, learnt_of(layer, theta))
    else:
        call_forward(layer.forward, z, h, Shape(layer.number, layer.n_out))


@kernel
def activate_backward(layer, theta, grad, z, h, d):  # type: ignore[no-untyped-def]
    """Turn the layer's d from dL/dh into dL/dz."""
    if layer.learns > 0:
        call_learnt_backward(layer.backward, z, h, learnt_of(layer, theta), d, learnt_of(layer, grad))
    else:
        call_backward(layer.backward, z, h, Shape(layer.number, layer.n_out), d)


@kernel
def normalise(layer, theta, buffers, rows, key):  # type: ignore[no-untyped-def]
    """Normalise the layer's z: each row by itself, or by the batch in training, else by the running averages."""
    z, n, scale = matrix(buffers.z, layer, rows), matrix(buffers.n, layer, rows), part(buffers.scale, layer, rows)
    gamma, beta = gamma_and_beta(theta, layer)
    if layer.by_row:
        normalise_by_row(z, n, scale, layer.eps)
    else:
        running = view(theta, layer.running, (2, layer.n_out))
        if key == NO_KEY:
            normalise_by_running(z, n, scale, running, layer.eps)
        else:
            normalise_by_batch(z, n, scale, buffers.sums, running, layer.eps, layer.momentum, layer.unbiased)
    scale_and_shift(n, gamma, beta, z)


@kernel
def normalise_backward(layer, theta, grad, buffers, rows):  # type: ignore[no-untyped-def]
    """Turn the layer's d from dL/d(gamma n + beta) into dL/dz."""
    d, n, scale = matrix(buffers.d, layer, rows), matrix(buffers.n, layer, rows), part(buffers.scale, layer, rows)
    gamma = view(theta, layer.norm, (layer.n_out,))
    dgamma, dbeta = gamma_and_beta(grad, layer)
    if layer.by_row:
        layer_norm_backward(d, n, scale, gamma, dgamma, dbeta)
    else:
        batch_norm_backward(d, n, scale, buffers.sums, gamma, dgamma, dbeta)


@kernel
def forward(table, theta, x, buffers, key):  # type: ignore[no-untyped-def]
    """Fill z and h of every layer from x (B, inputs), first layer first, and return the last h (B, outputs).

    ``key`` is that of the step, by which units are dropped, or NO_KEY outside of training.
    """
    rows = x.shape[0]
    h_in = x
    for layer in table:
        z, h = part(buffers.z, layer, rows), part(buffers.h, layer, rows)
        W, b = weights(theta, layer), biases(theta, layer)
        dense_forward(h_in, W, b, matrix(buffers.z, layer, rows), buffers.board)
        if layer.norm > 0:
            normalise(layer, theta, buffers, rows, key)
        activate(layer, theta, z, h)
        if layer.dropout > 0 and key != NO_KEY:
            dropout_forward(h, layer.dropout, scrambled((key + layer.unit) & WORD))
        h_in = matrix(buffers.h, layer, rows)
    return h_in


@kernel
def backward(table, theta, x, buffers, grad, key):  # type: ignore[no-untyped-def]
    """Fill d of every layer and grad (P), last layer first, from the last d = dL/dh, which the loss has filled."""
    rows = x.shape[0]
    for index in range(table.size - 1, -1, -1):
        layer = table[index]
        z, h, d = part(buffers.z, layer, rows), part(buffers.h, layer, rows), part(buffers.d, layer, rows)
        if layer.dropout > 0 and key != NO_KEY:
            dropout_backward(h, d, layer.dropout, scrambled((key + layer.unit) & WORD))
        activate_backward(layer, theta, grad, z, h, d)
        if layer.norm > 0:
            normalise_backward(layer, theta, grad, buffers, rows)
        h_in = matrix(buffers.h, table[index - 1], rows) if index > 0 else x
        d_matrix = matrix(buffers.d, layer, rows)
        dense_backward_weights(h_in, d_matrix, weights(grad, layer), buffers.board)
        if layer.learn_biases:
            dense_backward_biases(d_matrix, biases(grad, layer))
        if index > 0:
            dh_in = matrix(buffers.d, table[index - 1], rows)
            dense_backward_input(d_matrix, weights(theta, layer), buffers.turned, dh_in, buffers.board)


@kernel
def loss_and_gradient(table, theta, x, target, loss, buffers, grad, key):  # type: ignore[no-untyped-def]
    """Return the loss of the batch (x, target) and fill grad (P) with its gradient."""
    output = forward(table, theta, x, buffers, key)
    delta = matrix(buffers.d, table[table.size - 1], x.shape[0])
    value = call_loss(loss.address, output, target, delta, loss.numbers)
    backward(table, theta, x, buffers, grad, key)
    return value
