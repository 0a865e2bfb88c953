"""Noise on the inputs: in training, the same row never comes twice, so that the network cannot learn it by heart."""

import numpy as np

from nntrain.jit.arrays import view
from nntrain.jit.kernels import kernel
from nntrain.layers.dropout import WORD, hash32

APART = 0x9E3779B9  # from the keys of the layers, which drop units by the step's key too


@kernel
def add_noise(x, deviation, key):
    """Add noise to the rows x (B, inputs) of a step, as a function of seed, step and place.

    Formula:
        x <- x + deviation n,  n ~ N(0, 1)
        n = sqrt(-2 log u1) cos(2 pi u2), sqrt(-2 log u1) sin(2 pi u2)  from two uniform numbers

    Source: Bishop 1995 (training with noise is Tikhonov regularisation); keras.layers.GaussianNoise.
    Normal numbers from uniform ones: Box and Muller 1958.
    """
    real, flat = x.dtype.type, view(x, 0, (x.size,))
    own = hash32((key + APART) & WORD)
    for i in range(0, flat.size, 2):
        u1 = (hash32(own ^ hash32(i)) + 1) / (WORD + 1)
        u2 = hash32(own ^ hash32(i + 1)) / (WORD + 1)
        radius, angle = deviation * np.sqrt(-2 * np.log(u1)), 2 * np.pi * u2
        flat[i] += real(radius * np.cos(angle))
        if i + 1 < flat.size:
            flat[i + 1] += real(radius * np.sin(angle))
