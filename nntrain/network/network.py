"""A network: its layers, where each one's parameters lie in theta, and its first weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.initializers import Initializer, Zeros
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

    @property
    def parameters(self) -> int:
        """How many numbers it learns: I·O weights and O biases."""
        return self.n_in * self.n_out + self.n_out

    @property
    def label(self) -> str:
        """Such as ``dense 64→32 relu``."""
        return f"dense {self.n_in}→{self.n_out} {self.activation.name}"


class Network:
    """A multi-layer perceptron as data.

    Attributes:
        layers: its layers, from the inputs on.
        parameters: how many numbers it learns (P); all of them lie in one vector ``theta``, a layer's weights (I, O)
            row by row before its biases (O).
        units: units in all layers (U).
    """

    def __init__(self, layers: Sequence[Dense]) -> None:
        self.layers = tuple(layers)
        self.parameters = sum(layer.parameters for layer in layers)
        self.units = sum(layer.n_out for layer in layers)
        self.inputs = layers[0].n_in
        self.outputs = layers[-1].n_out

    def table(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the layer table for the compiled walk; its addresses are good in this process only."""
        table = np.recarray(len(self.layers), LAYER)
        offset = unit = 0
        for record, layer in zip(table, self.layers, strict=True):
            record.n_in, record.n_out = layer.n_in, layer.n_out
            record.weights, record.biases = offset, offset + layer.n_in * layer.n_out
            record.unit = unit
            record.forward = layer.activation.forward.address(dtype)
            record.backward = layer.activation.backward.address(dtype)
            record.parameter = layer.activation.parameter
            record.dropout = layer.dropout
            offset += layer.parameters
            unit += layer.n_out
        return table

    def tensors(self) -> NDArray[np.int64]:
        """Return where each weight matrix and each bias vector begins in theta, its rows (0: a vector) and columns."""
        found, offset = [], 0
        for layer in self.layers:
            middle = offset + layer.n_in * layer.n_out
            found += [(offset, layer.n_in, layer.n_out), (middle, 0, layer.n_out)]
            offset += layer.parameters
        return np.array(found, np.int64)

    def buffers(self, rows: int, targets: int, dtype: np.dtype[Any]) -> Buffers:
        """Return buffers for batches of up to ``rows`` rows with ``targets`` target columns."""
        x, target = np.empty((rows, self.inputs), dtype), np.empty((rows, targets), dtype)
        return Buffers(x, target, *(np.empty(rows * self.units, dtype) for _ in range(3)))

    def views(self, theta: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield each layer's weights (I, O) and biases (O) in ``theta`` (P), or in any vector laid out like it."""
        offset = 0
        for layer in self.layers:
            middle, end = offset + layer.n_in * layer.n_out, offset + layer.parameters
            yield theta[offset:middle].reshape(layer.n_in, layer.n_out), theta[middle:end]
            offset = end

    def initial(self, seed: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the first theta (P). It is drawn in float64, so that float32 starts from the same numbers, rounded."""
        theta = np.empty(self.parameters)
        for index, (layer, (W, b)) in enumerate(zip(self.layers, self.views(theta), strict=True)):
            fans = (layer.n_in, layer.n_out)
            W[:] = layer.initializer.draw(W.shape, *fans, stream(seed, "weights", index))
            b[:] = layer.bias_initializer.draw(b.shape, *fans, stream(seed, "biases", index))
        return theta.astype(dtype)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one row's forward pass, in the matrix products alone."""
        return sum(layer.n_in * layer.n_out for layer in self.layers)
