"""Dropout: in training, each unit is left out of a step by chance, so that no unit can rely on another.

The chance is a function of seed, step, layer and unit, and of nothing that happened before: a resumed run drops what an
unbroken one does, and a gradient check sees the same network at every call.
"""

from nntrain.jit.kernels import kernel

WORD = 0xFFFFFFFF
NO_KEY = -1  # not training: nothing is dropped


@kernel
def hash32(x):
    """Return 32 bits that look random, from 32 that do not; no product goes beyond 63 bits, so that Python agrees.

    Source: Wellons' hash prospector, 2018 (lowbias32, with the constants found later).
    """
    x ^= x >> 16
    x = (x * 0x21F0AAAD) & WORD
    x ^= x >> 15
    x = (x * 0x735A2D97) & WORD
    return x ^ (x >> 15)


@kernel
def step_key(seed, k):
    """Return the key of step ``k`` of a run."""
    return hash32((hash32(seed & WORD) + k) & WORD)


@kernel
def dropout_forward(h, share, key):
    """Drop a share of the activations, and scale the others up by as much: the mean stays.

    Formula:
        h <- 0 with probability `share`, else h / (1 - share)

    Source: Srivastava et al. 2014; torch.nn.Dropout.
    """
    zero, scale = h.dtype.type(0), h.dtype.type(1 / (1 - share))
    bound = int(share * (WORD + 1))
    for i in range(h.size):
        h[i] = zero if hash32(key ^ hash32(i)) < bound else scale * h[i]


@kernel
def dropout_backward(h, d, share, key):
    """Turn d from dL/d(dropped h) into dL/dh, and h back into what the activation made, where it was kept.

    Formula:
        d <- 0 where h was dropped, else d / (1 - share)
    """
    zero, scale, back = h.dtype.type(0), h.dtype.type(1 / (1 - share)), h.dtype.type(1 - share)
    bound = int(share * (WORD + 1))
    for i in range(h.size):
        if hash32(key ^ hash32(i)) < bound:
            d[i] = zero
        else:
            d[i] *= scale
            h[i] *= back
