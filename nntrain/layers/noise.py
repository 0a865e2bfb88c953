"""Input noise: in training, Gaussian noise is added to the inputs, so that the network cannot memorize the rows."""

import numpy as np

from nntrain.jit.arrays import view
from nntrain.jit.kernels import kernel
from nntrain.layers.dropout import WORD, hash32

NOISE_STREAM = 0x9E3779B9  # added to the step's key, so that noise and dropout draw different numbers


@kernel
def add_noise(x, std, key):
    """Add noise to a step's batch x (B, inputs); it is a function of seed, step, row and column.

    Formula:
        x <- x + std n,  n ~ N(0, 1)
        n = sqrt(-2 log u1) cos(2 pi u2), sqrt(-2 log u1) sin(2 pi u2)  from two uniform numbers u1, u2

    Source: Bishop 1995 (training with noise is Tikhonov regularization); keras.layers.GaussianNoise; Box and Muller
    1958 (normal numbers from uniform ones).
    """
    real, flat = x.dtype.type, view(x, 0, (x.size,))
    noise_key = hash32((key + NOISE_STREAM) & WORD)
    for i in range(0, flat.size, 2):
        u1 = (hash32(noise_key ^ hash32(i)) + 1) / (WORD + 1)
        u2 = hash32(noise_key ^ hash32(i + 1)) / (WORD + 1)
        radius, angle = std * np.sqrt(-2 * np.log(u1)), 2 * np.pi * u2
        flat[i] += real(radius * np.cos(angle))
        if i + 1 < flat.size:
            flat[i + 1] += real(radius * np.sin(angle))
