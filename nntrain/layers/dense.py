"""The dense layer: every output unit looks at every input."""

import numpy as np

from nntrain.kernels import kernel, view
from nntrain.products import multiply

SMALL = 4096  # weights, up to which a layer's are turned round for the backward pass (measured: benchmarks/README.md)


@kernel
def dense_forward(h_in, W, b, z):  # type: ignore[no-untyped-def]
    """Pre-activations of a dense layer.

    Formula:
        z = h_in W + b        (B, O) = (B, I) (I, O) + (O)

    Source: K, N.
    """
    multiply(h_in, W, b, z)


@kernel
def dense_backward_weights(h_in, d, dW):  # type: ignore[no-untyped-def]
    """Gradient of a dense layer's weights from d = dL/dz (B, O), summed over the B rows.

    Formula:
        dW = h_in^T d         (I, O) = (I, B) (B, O)

    Source: K, H, N (backpropagation by hand).
    """
    multiply(h_in.T, d, d[0, :0], dW)


@kernel
def dense_backward_biases(d, db):  # type: ignore[no-untyped-def]
    """Gradient of a dense layer's biases, where they are learnt.

    Formula:
        db = sum of d's rows  (O)

    Source: K, H, N (backpropagation by hand).
    """
    db[:] = 0
    for i in range(d.shape[0]):
        for j in range(d.shape[1]):
            db[j] += d[i, j]


@kernel
def dense_backward_input(d, W, turned, dh_in):  # type: ignore[no-untyped-def]
    """Pass the gradient on to the layer's inputs.

    Formula:
        dh_in = d W^T         (B, I) = (B, O) (O, I)

    A small W is turned round first, into ``turned`` if there is room: BLAS is twice as fast then.

    Source: K, H, N (backpropagation by hand).
    """
    if W.size <= turned.size:
        W_turned = view(turned, 0, (W.shape[1], W.shape[0]))
        turn(W, W_turned)
        multiply(d, W_turned, d[0, :0], dh_in)
    else:
        np.dot(d, W.T, dh_in)


@kernel
def turn(W, W_turned):  # type: ignore[no-untyped-def]
    """Fill W_turned (O, I) with W (I, O), eight rows at a time, which become part of a column."""
    whole = W.shape[0] // 8 * 8
    for start in range(0, whole, 8):
        for j in range(W.shape[1]):
            for i in range(8):
                W_turned[j, start + i] = W[start + i, j]
    for i in range(whole, W.shape[0]):
        for j in range(W.shape[1]):
            W_turned[j, i] = W[i, j]
