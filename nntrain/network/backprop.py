"""The forward and backward pass over the layer table, for one batch.

Shape letters: B rows of a batch, L layers, P parameters, and for a layer I inputs and O outputs.
"""

from nntrain.activations import Shape, call_backward, call_forward, call_slopes_backward, call_slopes_forward
from nntrain.jit.arrays import view
from nntrain.jit.kernels import kernel
from nntrain.layers.dense import (
    dense_backward_biases,
    dense_backward_input,
    dense_backward_weights,
    dense_forward,
)
from nntrain.layers.dropout import NO_KEY, WORD, dropout_backward, dropout_forward, hash32
from nntrain.network.row_weights import batch_loss
from nntrain.norms import scale_and_shift
from nntrain.norms.batch_norm import batch_norm_backward, normalize_by_batch, normalize_by_running
from nntrain.norms.layer_norm import layer_norm_backward, normalize_by_row


@kernel
def part(values, layer, rows):
    """Return the layer's part (B·O) of an array of the workspace that holds ``rows`` rows."""
    return view(values, layer.unit * rows, (layer.n_out * rows,))


@kernel
def matrix(values, layer, rows):
    """Return the layer's part of an array of the workspace as (B, O)."""
    return view(values, layer.unit * rows, (rows, layer.n_out))


@kernel
def weights(theta, layer):
    """Return the layer's weights (I, O), or their gradient."""
    return view(theta, layer.weights, (layer.n_in, layer.n_out))


@kernel
def biases(theta, layer):
    """Return the layer's biases (O), or their gradient."""
    return view(theta, layer.biases, (layer.n_out,))


@kernel
def gamma_and_beta(theta, layer):
    """Return gamma (O) and beta (O) of the layer's norm."""
    return view(theta, layer.norm, (layer.n_out,)), view(theta, layer.norm + layer.n_out, (layer.n_out,))


@kernel
def gradients_of_norm(grad, layer):
    """Return dL/dgamma (O) and dL/dbeta (O) of the layer's norm; both are empty if they are not trained."""
    size = layer.n_out if layer.affine else 0
    return view(grad, layer.norm, (size,)), view(grad, layer.norm + size, (size,))


@kernel
def slopes_of(layer, theta):
    """Return the trainable slopes of the layer's activation, or their gradient."""
    return view(theta, layer.slopes, (layer.n_slopes,))


@kernel
def activate(layer, theta, z, h):
    """Fill the layer's h from its z."""
    if layer.n_slopes > 0:
        call_slopes_forward(layer.forward, z, h, slopes_of(layer, theta))
    else:
        call_forward(layer.forward, z, h, Shape(layer.coefficient, layer.n_out))


@kernel
def activate_backward(layer, theta, grad, z, h, d):
    """Turn the layer's d from dL/dh into dL/dz."""
    if layer.n_slopes > 0:
        call_slopes_backward(layer.backward, z, h, slopes_of(layer, theta), d, slopes_of(layer, grad))
    else:
        call_backward(layer.backward, z, h, Shape(layer.coefficient, layer.n_out), d)


@kernel
def normalize(layer, theta, workspace, rows, key):
    """Normalize the layer's z: over each row, or over the batch in training, else by the running averages."""
    z, n, scale = matrix(workspace.z, layer, rows), matrix(workspace.n, layer, rows), part(workspace.scale, layer, rows)
    gamma, beta = gamma_and_beta(theta, layer)
    if layer.by_row:
        normalize_by_row(z, n, scale, layer.eps)
    else:
        running = view(theta, layer.running, (2, layer.n_out))
        if key == NO_KEY:
            normalize_by_running(z, n, scale, running, layer.eps)
        else:
            normalize_by_batch(z, n, scale, workspace.sums, running, layer.eps, layer.momentum, layer.unbiased)
    scale_and_shift(n, gamma, beta, z)


@kernel
def normalize_backward(layer, theta, grad, workspace, rows):
    """Turn the layer's d from dL/d(gamma n + beta) into dL/dz."""
    d, n, scale = matrix(workspace.d, layer, rows), matrix(workspace.n, layer, rows), part(workspace.scale, layer, rows)
    gamma = view(theta, layer.norm, (layer.n_out,))
    dgamma, dbeta = gradients_of_norm(grad, layer)
    if layer.by_row:
        layer_norm_backward(d, n, scale, gamma, dgamma, dbeta)
    else:
        batch_norm_backward(d, n, scale, workspace.sums, gamma, dgamma, dbeta)


@kernel
def forward(table, theta, x, workspace, key):
    """Fill z and h of every layer from x (B, inputs), first layer first, and return the last h (B, outputs).

    ``key`` is the step's key for dropout, or NO_KEY outside of training.
    """
    rows = x.shape[0]
    h_in = x
    for layer in table:
        z, h = part(workspace.z, layer, rows), part(workspace.h, layer, rows)
        W, b = weights(theta, layer), biases(theta, layer)
        dense_forward(h_in, W, b, matrix(workspace.z, layer, rows), workspace.mailbox)
        if layer.norm > 0:
            normalize(layer, theta, workspace, rows, key)
        activate(layer, theta, z, h)
        if layer.dropout > 0 and key != NO_KEY:
            dropout_forward(h, layer.dropout, hash32((key + layer.unit) & WORD))
        h_in = matrix(workspace.h, layer, rows)
    return h_in


@kernel
def backward(table, theta, x, workspace, grad, key):
    """Fill d of every layer and grad (P), last layer first; the loss has filled the last layer's d = dL/dh."""
    rows = x.shape[0]
    for index in range(table.size - 1, -1, -1):
        layer = table[index]
        z, h, d = part(workspace.z, layer, rows), part(workspace.h, layer, rows), part(workspace.d, layer, rows)
        if layer.dropout > 0 and key != NO_KEY:
            dropout_backward(h, d, layer.dropout, hash32((key + layer.unit) & WORD))
        activate_backward(layer, theta, grad, z, h, d)
        if layer.norm > 0:
            normalize_backward(layer, theta, grad, workspace, rows)
        h_in = matrix(workspace.h, table[index - 1], rows) if index > 0 else x
        d_matrix = matrix(workspace.d, layer, rows)
        dense_backward_weights(h_in, d_matrix, weights(grad, layer), workspace.mailbox)
        if layer.learn_biases:
            dense_backward_biases(d_matrix, biases(grad, layer))
        if index > 0:
            dh_in = matrix(workspace.d, table[index - 1], rows)
            dense_backward_input(d_matrix, weights(theta, layer), workspace.transposed, dh_in, workspace.mailbox)


@kernel
def loss_and_gradient(table, theta, x, target, weights, loss, workspace, grad, key):
    """Return the loss of the batch (x, target, weights) and fill grad (P) with its gradient."""
    output = forward(table, theta, x, workspace, key)
    delta = matrix(workspace.d, table[table.size - 1], x.shape[0])
    value = batch_loss(loss, output, target, weights, delta)
    backward(table, theta, x, workspace, grad, key)
    return value
