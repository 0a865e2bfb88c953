"""The dense layer."""

from nntrain.jit.arrays import view
from nntrain.jit.kernels import kernel
from nntrain.matmul.gemm import is_large, multiply
from nntrain.matmul.transpose import transpose

MIN_ROWS_TO_TRANSPOSE = 4  # with fewer rows, transposing the weights does not pay off (measured: benchmarks/README.md)


@kernel
def dense_forward(h_in, W, b, z, mailbox):
    """Compute the pre-activations of a dense layer.

    Formula:
        z = h_in W + b        (B, O) = (B, I) (I, O) + (O)

    Source: Korea University, Straka.
    """
    multiply(h_in, W, b, z, mailbox)


@kernel
def dense_backward_weights(h_in, d, dW, mailbox):
    """Compute the gradient of a dense layer's weights from d = dL/dz (B, O), summed over the rows.

    Formula:
        dW = h_in^T d         (I, O) = (I, B) (B, O)

    Source: Korea University, Hong, Straka (backpropagation by hand).
    """
    multiply(h_in.T, d, d[0, :0], dW, mailbox)


@kernel
def dense_backward_biases(d, db):
    """Compute the gradient of a dense layer's biases.

    Formula:
        db = sum of the rows of d    (O)

    Source: Korea University, Hong, Straka (backpropagation by hand).
    """
    db[:] = 0
    whole = d.shape[0] // 4 * 4
    for i in range(0, whole, 4):  # four rows at a time: db is read and written a quarter as often
        for j in range(d.shape[1]):
            db[j] += d[i, j] + d[i + 1, j] + d[i + 2, j] + d[i + 3, j]
    for i in range(whole, d.shape[0]):
        for j in range(d.shape[1]):
            db[j] += d[i, j]


@kernel
def dense_backward_input(d, W, transposed, dh_in, mailbox):
    """Compute the gradient of a dense layer's inputs.

    Formula:
        dh_in = d W^T         (B, I) = (B, O) (O, I)

    W is transposed into ``transposed`` first, which is large enough for all but large products.

    Source: Korea University, Hong, Straka (backpropagation by hand).
    """
    if d.shape[0] < MIN_ROWS_TO_TRANSPOSE:
        for row in range(d.shape[0]):
            for i in range(W.shape[0]):
                total = W.dtype.type(0)
                for j in range(W.shape[1]):
                    total += d[row, j] * W[i, j]
                dh_in[row, i] = total
    elif W.size <= transposed.size and not is_large(d.shape[0], W.size, mailbox[0].n_threads):
        W_transposed = view(transposed, 0, (W.shape[1], W.shape[0]))
        transpose(W, 0, 0, W.shape[0], W.shape[1], W_transposed)
        multiply(d, W_transposed, d[0, :0], dh_in, mailbox)
    else:
        multiply(d, W.T, d[0, :0], dh_in, mailbox)
