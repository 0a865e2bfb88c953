"""A network: its layers, where each one's parameters lie in theta, and its first weights."""

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
from nntrain.network.thread_pool import ThreadPool
from nntrain.norms import Norm
from nntrain.utils.random import stream


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
    learn_biases: bool = True  # else they stay as they are at first

    @property
    def trainable(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays that it learns, by name, in the order in which they lie in theta."""
        shapes: dict[str, tuple[int, ...]] = {"weights": (self.n_in, self.n_out)}
        if self.learn_biases:
            shapes["biases"] = (self.n_out,)
        if self.norm is not None:
            shapes |= {"gamma": (self.n_out,), "beta": (self.n_out,)}
        if slopes := self.activation.n_slopes(self.n_out):
            shapes["slopes"] = (slopes,)
        return shapes

    @property
    def parameters(self) -> int:
        """How many numbers it learns."""
        return sum(prod(shape) for shape in self.trainable.values())

    @property
    def buffers(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays that it keeps beside them: biases that stay, and running averages of batches."""
        shapes: dict[str, tuple[int, ...]] = {} if self.learn_biases else {"biases": (self.n_out,)}
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
        layers: its layers, from the inputs on.
        parameters: how many numbers it learns (P); all of them lie in one vector ``theta``, a layer's weights (I, O)
            row by row before its biases (O), gamma (O) and beta (O) where it is normalised, and what its activation
            learns.
        size: how many numbers theta has: the parameters, and after them what is kept and not learnt, such as running
            averages.
        units: units in all layers (U).
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
        """Return the multiply-adds of the largest product with so many rows, 0 if none is worth to be shared."""
        return max((rows * size for size in self._sizes if is_large(rows, size, 2)), default=0)

    def table(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the layer table for the compiled walk; its addresses are good in this process only."""
        table = np.recarray(len(self.layers), LAYER)
        unit = 0
        for record, layer, starts in zip(table, self.layers, self._starts(), strict=True):
            record.n_in, record.n_out, record.unit = layer.n_in, layer.n_out, unit
            record.weights, record.biases = starts["weights"], starts["biases"]
            record.learn_biases = layer.learn_biases
            record.forward = layer.activation.forward.address(dtype)
            record.backward = layer.activation.backward.address(dtype)
            record.coefficient = layer.activation.coefficient
            record.slopes, record.n_slopes = starts.get("slopes", 0), layer.activation.n_slopes(layer.n_out)
            record.dropout = layer.dropout
            record.norm = record.running = record.by_row = record.unbiased = 0
            record.eps = record.momentum = 0.0
            if layer.norm is not None:
                record.norm, record.by_row = starts["gamma"], layer.norm.by_row
                record.running = starts.get("running_mean", 0)
                record.eps = layer.norm.eps
                record.momentum, record.unbiased = layer.norm.averaging
            unit += layer.n_out
        return table

    def tensors(self) -> NDArray[np.int64]:
        """Return where each array that is learnt begins in theta, its rows (0: a vector) and columns."""
        found = [
            (starts[name], shape[0] if len(shape) == 2 else 0, shape[-1])
            for layer, starts in zip(self.layers, self._starts(), strict=True)
            for name, shape in layer.trainable.items()
        ]
        return np.array(found, np.int64)

    def workspace(self, rows: int, targets: int, dtype: np.dtype[Any], pool: ThreadPool) -> Workspace:
        """Return buffers for batches of up to ``rows`` rows with ``targets`` target columns.

        ``pool`` are the threads that share large products.
        """
        x, target = empty((rows, self.inputs), dtype), empty((rows, targets), dtype)
        z, h, d = (empty(rows * self.units, dtype) for _ in range(3))
        normalised = any(layer.norm is not None for layer in self.layers)
        n, scale = (empty(rows * self.units if normalised else 0, dtype) for _ in range(2))
        transposed = empty(max((size for size in self._sizes[1:] if not is_large(rows, size, 1)), default=0), dtype)
        if self.largest_product(rows):
            pool.allocate()
        sums = np.empty(2 * max(layer.n_out for layer in self.layers) if normalised else 0)
        return Workspace(x, target, z, h, d, n, scale, sums, transposed, pool.mailbox)

    def arrays(self, theta: NDArray[Any]) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield each layer's arrays, by name, as views of ``theta``, or of any vector laid out like it.

        They are weights (I, O) and biases (O), gamma and beta (O) where it is normalised, slopes where its activation
        learns them, and running_mean and running_var (O) where batches normalise it; of a vector of the parameters
        alone (P), those that are learnt.
        """
        for layer, starts in zip(self.layers, self._starts(), strict=True):
            shapes = {**layer.trainable, **layer.buffers} if theta.size == self.size else layer.trainable
            yield {
                name: theta[starts[name] : starts[name] + prod(shape)].reshape(shape) for name, shape in shapes.items()
            }

    def views(self, theta: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield each layer's weights (I, O) and biases (O) in ``theta`` (P), or in any vector laid out like it."""
        for arrays in self.arrays(theta):
            yield arrays["weights"], arrays["biases"]

    def _starts(self) -> list[dict[str, int]]:
        """Return where each layer's arrays begin in theta, by name: first all that is learnt, then what is kept."""
        found: list[dict[str, int]] = [{} for _ in self.layers]
        offset = 0
        for shapes in ([layer.trainable for layer in self.layers], [layer.buffers for layer in self.layers]):
            for starts, of_layer in zip(found, shapes, strict=True):
                for name, shape in of_layer.items():
                    starts[name] = offset
                    offset += prod(shape)
        return found

    def slices(self) -> Iterator[slice]:
        """Yield where each layer's parameters lie in theta."""
        offset = 0
        for layer in self.layers:
            yield slice(offset, offset + layer.parameters)
            offset += layer.parameters

    def penalised(self, biases: bool) -> NDArray[np.float64]:
        """Return 1 for each parameter (P) that penalties and decay are for, 0 for the others: all, or weights alone."""
        mask = np.full(self.parameters, float(biases))
        for arrays in self.arrays(mask):
            arrays["weights"][:] = 1
        return mask

    def initial(self, seed: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the first theta (P). It is drawn in float64, so that float32 starts from the same numbers, rounded."""
        theta = np.zeros(self.size)
        for index, (layer, arrays) in enumerate(zip(self.layers, self.arrays(theta), strict=True)):
            fans = (layer.n_in, layer.n_out)
            W, b = arrays["weights"], arrays["biases"]
            W[:] = layer.initializer.draw(W.shape, *fans, stream(seed, "weights", index))
            b[:] = layer.bias_initializer.draw(b.shape, *fans, stream(seed, "biases", index))
            for name, first in (("gamma", 1.0), ("running_var", 1.0), ("slopes", layer.activation.coefficient)):
                if name in arrays:
                    arrays[name][:] = first
        rounded = empty(self.size, dtype)
        rounded[:] = theta
        return rounded

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one row's forward pass, in the matrix products alone."""
        return sum(self._sizes)
