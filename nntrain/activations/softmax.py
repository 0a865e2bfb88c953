"""Softmax as an activation: the numbers of a row become probabilities."""

from typing import ClassVar, Literal

from nntrain.activations import BACKWARD, FORWARD, Activation
from nntrain.jit.fastmath import exp
from nntrain.jit.kernels import CompiledFunction, compiled, kernel


@kernel
def softmax(z, h, units):
    """Fill h with the softmax of each row; its largest number is subtracted first, so that exp does not overflow."""
    for start in range(0, z.size, units):
        largest = z[start]
        for i in range(start + 1, start + units):
            largest = max(largest, z[i])
        for i in range(start, start + units):
            h[i] = z[i] - largest
    for i in range(z.size):
        h[i] = exp(h[i])
    for start in range(0, z.size, units):
        total = z.dtype.type(0)
        for i in range(start, start + units):
            total += h[i]
        for i in range(start, start + units):
            h[i] /= total


@compiled(FORWARD)
def softmax_forward(z, h, shape):
    """h_j = exp(z_j) / Σ_k exp(z_k)."""
    softmax(z, h, shape.units)


@compiled(BACKWARD)
def softmax_backward(z, h, shape, d):
    """dz_j = h_j (dh_j - Σ_k h_k dh_k), with h recomputed from z, since dropout may have changed it."""
    softmax(z, h, shape.units)
    for start in range(0, z.size, shape.units):
        stop = start + shape.units
        dot = z.dtype.type(0)
        for i in range(start, stop):
            dot += h[i] * d[i]
        for i in range(start, stop):
            d[i] = h[i] * (d[i] - dot)


class Softmax(Activation):
    """Softmax over a layer's units: positive, and with sum 1 in each row.

    Formula:
        h_j  = exp(z_j) / Σ_k exp(z_k)
        dz_j = h_j (dh_j - Σ_k h_k dh_k)

    For an output layer with a squared error. cross_entropy includes softmax, in a form that does not saturate.

    Source: Korea University, Larson, Lan, Straka.
    """

    name: Literal["softmax"] = "softmax"
    forward: ClassVar[CompiledFunction] = softmax_forward
    backward: ClassVar[CompiledFunction] = softmax_backward
    distribution: ClassVar[bool] = True
