"""A network: its layers, where each one's parameters lie in theta, and its first weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.initializers import Initializer, Zeros
from nntrain.layers.batch_norm import Norm
from nntrain.network.table import LAYER, Buffers
from nntrain.random import stream


@dataclass(frozen=True)
class Dense:
    """A dense layer: I inputs, O outputs, the activation of its outputs, and where its weights start."""

    n_in: int
    n_out: int
    activation: Activation
    initializer: Initializer
    bias_initializer: Initializer = field(default_factory=Zeros)
    dropout: float = 0.0  # share of its units that a training step drops
    norm: Norm | None = None  # of its pre-activations

    @property
    def parameters(self) -> int:
        """How many numbers it learns: I·O weights, O biases, and gamma and beta (O each) where it is normalised."""
        return self.n_in * self.n_out + self.n_out * (1 if self.norm is None else 3)

    @property
    def label(self) -> str:
        """Such as ``dense 64→32 relu``."""
        return f"dense {self.n_in}→{self.n_out} {self.activation.name}"


class Network:
    """A multi-layer perceptron as data.

    Attributes:
        layers: its layers, from the inputs on.
        parameters: how many numbers it learns (P); all of them lie in one vector ``theta``, a layer's weights (I, O)
            row by row before its biases (O) and, where it is normalised, gamma (O) and beta (O).
        size: how many numbers theta has: the parameters, and after them running means and variances, which are not
            learnt.
        units: units in all layers (U).
    """

    def __init__(self, layers: Sequence[Dense]) -> None:
        self.layers = tuple(layers)
        self.parameters = sum(layer.parameters for layer in layers)
        self.size = self.parameters + sum(2 * layer.n_out for layer in layers if layer.norm is not None)
        self.units = sum(layer.n_out for layer in layers)
        self.inputs = layers[0].n_in
        self.outputs = layers[-1].n_out

    def table(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the layer table for the compiled walk; its addresses are good in this process only."""
        table = np.recarray(len(self.layers), LAYER)
        offset, unit, running = 0, 0, self.parameters
        for record, layer in zip(table, self.layers, strict=True):
            record.n_in, record.n_out = layer.n_in, layer.n_out
            record.weights, record.biases = offset, offset + layer.n_in * layer.n_out
            record.unit = unit
            record.forward = layer.activation.forward.address(dtype)
            record.backward = layer.activation.backward.address(dtype)
            record.parameter = layer.activation.parameter
            record.dropout = layer.dropout
            record.norm = record.running = record.unbiased = 0
            record.eps = record.momentum = 0.0
            if layer.norm is not None:
                record.norm, record.running = record.biases + layer.n_out, running
                record.eps, record.momentum = layer.norm.eps, layer.norm.momentum
                record.unbiased = layer.norm.unbiased
                running += 2 * layer.n_out
            offset += layer.parameters
            unit += layer.n_out
        return table

    def tensors(self) -> NDArray[np.int64]:
        """Return where each weight matrix and each bias vector begins in theta, its rows (0: a vector) and columns."""
        found, offset = [], 0
        for layer in self.layers:
            middle = offset + layer.n_in * layer.n_out
            found += [(offset, layer.n_in, layer.n_out), (middle, 0, layer.n_out)]
            if layer.norm is not None:
                found += [(middle + layer.n_out, 0, layer.n_out), (middle + 2 * layer.n_out, 0, layer.n_out)]
            offset += layer.parameters
        return np.array(found, np.int64)

    def buffers(self, rows: int, targets: int, dtype: np.dtype[Any]) -> Buffers:
        """Return buffers for batches of up to ``rows`` rows with ``targets`` target columns."""
        x, target = np.empty((rows, self.inputs), dtype), np.empty((rows, targets), dtype)
        z, h, d = (np.empty(rows * self.units, dtype) for _ in range(3))
        normalised = any(layer.norm is not None for layer in self.layers)
        n = np.empty(rows * self.units if normalised else 0, dtype)
        return Buffers(x, target, z, h, d, n, np.empty(self.units if normalised else 0, dtype))

    def views(self, theta: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield each layer's weights (I, O) and biases (O) in ``theta`` (P), or in any vector laid out like it."""
        offset = 0
        for layer in self.layers:
            middle = offset + layer.n_in * layer.n_out
            yield theta[offset:middle].reshape(layer.n_in, layer.n_out), theta[middle : middle + layer.n_out]
            offset += layer.parameters

    def slices(self) -> Iterator[slice]:
        """Yield where each layer's parameters lie in theta."""
        offset = 0
        for layer in self.layers:
            yield slice(offset, offset + layer.parameters)
            offset += layer.parameters

    def penalised(self, biases: bool) -> NDArray[np.float64]:
        """Return 1 for each parameter (P) that penalties and decay are for, 0 for the others: all, or weights alone."""
        mask = np.full(self.parameters, float(biases))
        for W, _ in self.views(mask):
            W[:] = 1
        return mask

    def norms(self, theta: NDArray[Any]) -> Iterator[tuple[NDArray[Any], ...] | None]:
        """Yield gamma, beta, running mean and variance (O each) of each layer in theta, None where it has none."""
        running = self.parameters
        for layer, part in zip(self.layers, self.slices(), strict=True):
            if layer.norm is None:
                yield None
                continue
            n, end = layer.n_out, part.stop
            starts = (end - 2 * n, end - n, running, running + n)
            yield tuple(theta[start : start + n] for start in starts)
            running += 2 * n

    def initial(self, seed: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the first theta (P). It is drawn in float64, so that float32 starts from the same numbers, rounded."""
        theta = np.empty(self.size)
        for norm in filter(None, self.norms(theta)):
            for values, first in zip(norm, (1.0, 0.0, 0.0, 1.0), strict=True):  # gamma, beta, running mean and variance
                values[:] = first
        for index, (layer, (W, b)) in enumerate(zip(self.layers, self.views(theta), strict=True)):
            fans = (layer.n_in, layer.n_out)
            W[:] = layer.initializer.draw(W.shape, *fans, stream(seed, "weights", index))
            b[:] = layer.bias_initializer.draw(b.shape, *fans, stream(seed, "biases", index))
        return theta.astype(dtype)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one row's forward pass, in the matrix products alone."""
        return sum(layer.n_in * layer.n_out for layer in self.layers)
