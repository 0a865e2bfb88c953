"""Dropout: in training, random units are set to zero in each step, so that no unit can rely on another.

Which ones is a function of seed, step, layer and unit alone: a resumed run drops the same units as an uninterrupted
one, and a gradient check sees the same network at every call.
"""

from nntrain.jit.kernels import kernel

WORD = 0xFFFFFFFF
NO_KEY = -1  # outside of training: nothing is dropped


@kernel
def hash32(x):
    """Return a 32-bit hash. No product exceeds 63 bits, so that compiled code and plain Python agree.

    Source: Wellons' hash prospector, 2018 (lowbias32, with its later constants).
    """
    x ^= x >> 16
    x = (x * 0x21F0AAAD) & WORD
    x ^= x >> 15
    x = (x * 0x735A2D97) & WORD
    return x ^ (x >> 15)


@kernel
def step_key(seed, k):
    """Return the key of step ``k`` of a run, which its random numbers derive from."""
    return hash32((hash32(seed & WORD) + k) & WORD)


@kernel
def dropout_forward(h, rate, key):
    """Drop a fraction of the activations, and scale the others so that the mean stays the same.

    Formula:
        h <- 0 with probability `rate`, else h / (1 - rate)

    Source: Srivastava et al. 2014; torch.nn.Dropout.
    """
    zero, scale = h.dtype.type(0), h.dtype.type(1 / (1 - rate))
    bound = int(rate * (WORD + 1))
    for i in range(h.size):
        h[i] = zero if hash32(key ^ hash32(i)) < bound else scale * h[i]


@kernel
def dropout_backward(h, d, rate, key):
    """Turn d from dL/d(dropout's output) into dL/dh, and undo the scaling of h where it was not dropped.

    Formula:
        d <- 0 where h was dropped, else d / (1 - rate)
    """
    zero, scale, back = h.dtype.type(0), h.dtype.type(1 / (1 - rate)), h.dtype.type(1 - rate)
    bound = int(rate * (WORD + 1))
    for i in range(h.size):
        if hash32(key ^ hash32(i)) < bound:
            d[i] = zero
        else:
            d[i] *= scale
            h[i] *= back
