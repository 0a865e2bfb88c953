"""The dense layer: every output unit looks at every input."""

from nntrain.gemm import gemm
from nntrain.kernels import kernel, view
from nntrain.products import multiply
from nntrain.turning import turn

SMALL = 16_384  # weights, up to which a layer's are turned round for the backward pass (measured: benchmarks/README.md)


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
    whole = d.shape[0] // 4 * 4
    for i in range(0, whole, 4):  # four rows at a time: the sums are read and written a quarter as often
        for j in range(d.shape[1]):
            db[j] += d[i, j] + d[i + 1, j] + d[i + 2, j] + d[i + 3, j]
    for i in range(whole, d.shape[0]):
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
        gemm(d, W.T, dh_in)
