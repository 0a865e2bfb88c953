"""A network: its layers, the layout of their parameters in theta, and its initial weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.initializers import Initializer
from nntrain.initializers.fixed import Zeros
from nntrain.jit.aligned import empty
from nntrain.matmul.gemm import is_large
from nntrain.network.layer_table import LAYER, Workspace
from nntrain.norms import Norm
from nntrain.utils.random import stream


@dataclass(frozen=True)
class Dense:
    """A dense layer of I inputs and O outputs."""

    n_in: int
    n_out: int
    activation: Activation
    initializer: Initializer
    bias_initializer: Initializer = field(default_factory=Zeros)
    dropout: float = 0.0  # fraction of its units that a training step drops
    norm: Norm | None = None  # of its pre-activations
    learn_biases: bool = True  # else they keep their initial values

    @property
    def trainable(self) -> dict[str, tuple[int, ...]]:
        """The shapes of its trainable arrays by name, in their order in theta."""
        shapes: dict[str, tuple[int, ...]] = {"weights": (self.n_in, self.n_out)}
        if self.learn_biases:
            shapes["biases"] = (self.n_out,)
        if self.norm is not None and self.norm.affine:
            shapes |= {"gamma": (self.n_out,), "beta": (self.n_out,)}
        if slopes := self.activation.n_slopes(self.n_out):
            shapes["slopes"] = (slopes,)
        return shapes

    @property
    def parameters(self) -> int:
        """Its number of trainable parameters."""
        return sum(prod(shape) for shape in self.trainable.values())

    @property
    def buffers(self) -> dict[str, tuple[int, ...]]:
        """The shapes of its other arrays by name: biases, gamma and beta that are not trained, and running averages."""
        shapes: dict[str, tuple[int, ...]] = {} if self.learn_biases else {"biases": (self.n_out,)}
        if self.norm is not None and not self.norm.affine:
            shapes |= {"gamma": (self.n_out,), "beta": (self.n_out,)}
        if self.norm is not None and not self.norm.by_row:
            shapes |= {"running_mean": (self.n_out,), "running_var": (self.n_out,)}
        return shapes

    @property
    def label(self) -> str:
        """Such as ``dense 64→32 relu``."""
        return f"dense {self.n_in}→{self.n_out} {self.activation.name}"


class Network:
    """A multi-layer perceptron as data.

    Attributes:
        layers: its layers, the first one first.
        parameters: the number of trainable parameters (P). One vector ``theta`` holds them layer by layer: weights
            (I, O) in C order, biases (O), gamma (O) and beta (O) of the norm, and slopes of the activation.
        size: the length of theta: the parameters, and after them the buffers, such as running averages.
        units: units in all layers (U).
        inputs: of the first layer.
        outputs: of the last layer.
    """

    def __init__(self, layers: Sequence[Dense]) -> None:
        self.layers = tuple(layers)
        self.parameters = sum(layer.parameters for layer in layers)
        self.size = self.parameters + sum(prod(shape) for layer in layers for shape in layer.buffers.values())
        self.units = sum(layer.n_out for layer in layers)
        self.inputs = layers[0].n_in
        self._sizes = [layer.n_in * layer.n_out for layer in layers]
        self.outputs = layers[-1].n_out

    def largest_product(self, rows: int) -> int:
        """Return the multiply-adds of the largest product for ``rows`` rows, 0 if none is worth sharing."""
        return max((rows * size for size in self._sizes if is_large(rows, size, 2)), default=0)

    def table(self, dtype: np.dtype[Any], plain: bool = False) -> NDArray[Any]:
        """Return the layer table for compiled or plain Python code; its addresses are valid in this process only."""
        table = np.recarray(len(self.layers), LAYER)
        unit = 0
        for record, layer, offsets in zip(table, self.layers, self._offsets(), strict=True):
            record.n_in, record.n_out, record.unit = layer.n_in, layer.n_out, unit
            record.weights, record.biases = offsets["weights"], offsets["biases"]
            record.learn_biases = layer.learn_biases
            forward, backward = layer.activation.forward, layer.activation.backward
            record.forward = forward.plain_address() if plain else forward.address(dtype)
            record.backward = backward.plain_address() if plain else backward.address(dtype)
            record.coefficient = layer.activation.coefficient
            record.slopes, record.n_slopes = offsets.get("slopes", 0), layer.activation.n_slopes(layer.n_out)
            record.dropout = layer.dropout
            record.norm = record.affine = record.running = record.by_row = record.unbiased = 0
            record.eps = record.momentum = 0.0
            if layer.norm is not None:
                record.norm, record.affine = offsets["gamma"], layer.norm.affine
                record.by_row = layer.norm.by_row
                record.running = offsets.get("running_mean", 0)
                record.eps = layer.norm.eps
                record.momentum, record.unbiased = layer.norm.averaging
            unit += layer.n_out
        return table

    def tensors(self) -> NDArray[np.int64]:
        """Return offset in theta, rows (0 for a vector) and columns of each trainable array (T, 3)."""
        found = [
            (offsets[name], shape[0] if len(shape) == 2 else 0, shape[-1])
            for layer, offsets in zip(self.layers, self._offsets(), strict=True)
            for name, shape in layer.trainable.items()
        ]
        return np.array(found, np.int64)

    def workspace(self, rows: int, targets: int, dtype: np.dtype[Any], mailbox: Any) -> Workspace:
        """Return the arrays for batches of up to ``rows`` rows with ``targets`` target columns.

        ``mailbox`` is that of the thread pool that shares large products.
        """
        x, target = empty((rows, self.inputs), dtype), empty((rows, targets), dtype)
        weights = empty(rows, dtype)
        z, h, d = (empty(rows * self.units, dtype) for _ in range(3))
        normalized = any(layer.norm is not None for layer in self.layers)
        n, scale = (empty(rows * self.units if normalized else 0, dtype) for _ in range(2))
        transposed = empty(max((size for size in self._sizes[1:] if not is_large(rows, size, 1)), default=0), dtype)
        sums = np.empty(2 * max(layer.n_out for layer in self.layers) if normalized else 0)
        return Workspace(x, target, weights, z, h, d, n, scale, sums, transposed, mailbox)

    def arrays(self, theta: NDArray[Any]) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield each layer's arrays by name, as views of ``theta`` or a vector with its layout.

        They are the trainable ones (weights, biases, gamma, beta, slopes) and, if the vector has the length of
        theta rather than P, the buffers (running_mean, running_var, and biases, gamma and beta that are not trained).
        """
        for layer, offsets in zip(self.layers, self._offsets(), strict=True):
            shapes = {**layer.trainable, **layer.buffers} if theta.size == self.size else layer.trainable
            yield {
                name: theta[offsets[name] : offsets[name] + prod(shape)].reshape(shape)
                for name, shape in shapes.items()
            }

    def views(self, theta: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield each layer's weights (I, O) and biases (O), as views of ``theta`` or a vector with its layout."""
        for arrays in self.arrays(theta):
            yield arrays["weights"], arrays["biases"]

    def by_layer(self, values: NDArray[Any], rows: int) -> list[NDArray[Any]]:
        """Split an array of the workspace that holds ``rows`` rows into views (rows, O), one for each layer."""
        views, unit = [], 0
        for layer in self.layers:
            views.append(values[rows * unit : rows * (unit + layer.n_out)].reshape(rows, layer.n_out))
            unit += layer.n_out
        return views

    def _offsets(self) -> list[dict[str, int]]:
        """Return the offsets of each layer's arrays in theta by name: all parameters come before all buffers."""
        found: list[dict[str, int]] = [{} for _ in self.layers]
        offset = 0
        for shapes in ([layer.trainable for layer in self.layers], [layer.buffers for layer in self.layers]):
            for offsets, of_layer in zip(found, shapes, strict=True):
                for name, shape in of_layer.items():
                    offsets[name] = offset
                    offset += prod(shape)
        return found

    def slices(self) -> Iterator[slice]:
        """Yield the slice of theta that holds each layer's parameters."""
        offset = 0
        for layer in self.layers:
            yield slice(offset, offset + layer.parameters)
            offset += layer.parameters

    def penalized(self, biases: bool) -> NDArray[np.float64]:
        """Return a mask (P): 1 where penalties and decay apply (weights, or all parameters if ``biases``), else 0."""
        mask = np.full(self.parameters, float(biases))
        for arrays in self.arrays(mask):
            arrays["weights"][:] = 1
        return mask

    def blank(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return theta with zeros for weights and biases, and initial values for norms and slopes."""
        theta = np.zeros(self.size, dtype)
        for layer, arrays in zip(self.layers, self.arrays(theta), strict=True):
            for name, value in (("gamma", 1.0), ("running_var", 1.0), ("slopes", layer.activation.coefficient)):
                if name in arrays:
                    arrays[name][:] = value
        return theta

    def initial(self, seed: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the initial theta. It is drawn in float64, so that float32 starts from the same numbers, rounded."""
        theta = self.blank(np.dtype(np.float64))
        for index, (layer, arrays) in enumerate(zip(self.layers, self.arrays(theta), strict=True)):
            fans = (layer.n_in, layer.n_out)
            W, b = arrays["weights"], arrays["biases"]
            W[:] = layer.initializer.draw(W.shape, *fans, stream(seed, "weights", index))
            b[:] = layer.bias_initializer.draw(b.shape, *fans, stream(seed, "biases", index))
        rounded = empty(self.size, dtype)
        rounded[:] = theta
        return rounded

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the matrix products in a forward pass of one row."""
        return sum(self._sizes)
