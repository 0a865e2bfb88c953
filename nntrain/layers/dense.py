"""The dense layer: every output unit looks at every input."""

import numpy as np

from nntrain.kernels import kernel


@kernel
def dense_forward(h_in, W, b, z):  # type: ignore[no-untyped-def]
    """Pre-activations of a dense layer.

    Formula:
        z = h_in W + b        (B, O) = (B, I) (I, O) + (O)

    Source: K, N.
    """
    np.dot(h_in, W, z)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] += b[j]


@kernel
def dense_backward_weights(h_in, d, dW):  # type: ignore[no-untyped-def]
    """Gradient of a dense layer's weights from d = dL/dz (B, O), summed over the B rows.

    Formula:
        dW = h_in^T d         (I, O) = (I, B) (B, O)

    Source: K, H, N (backpropagation by hand).
    """
    np.dot(h_in.T, d, dW)


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
def dense_backward_input(d, W, dh_in):  # type: ignore[no-untyped-def]
    """Pass the gradient on to the layer's inputs.

    Formula:
        dh_in = d W^T         (B, I) = (B, O) (O, I)

    Source: K, H, N (backpropagation by hand).
    """
    np.dot(d, W.T, dh_in)
