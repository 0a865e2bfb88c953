"""Forward only: the outputs of a network, its loss and its living units, for any number of rows."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.background import compile_beside
from nntrain.jit.kernels import CompiledFunction
from nntrain.losses import Loss
from nntrain.matmul.gemm import in_panels, shared_product
from nntrain.matmul.tiles import small_product
from nntrain.network.epoch import evaluate
from nntrain.network.layer_table import Criterion
from nntrain.network.network import Network
from nntrain.network.thread_pool import ThreadPool

ROWS = 128  # taken at a time: their activations stay in the processor's cache
NO_LOSS = Criterion(0, np.empty(0))


def compile_products_beside(network: Network, dtype: np.dtype[Any], rows: int, *others: CompiledFunction) -> None:
    """Begin to compile ``others``, and the products of a network with batches of so many rows, in a second process."""
    large = (in_panels, shared_product) if network.largest_product(rows) else ()
    compile_beside([small_product, *others, *large], dtype)


class ForwardPass:
    """A network's forward pass, with the buffers for it.

    Attributes:
        table: the network's layer table.
    """

    def __init__(
        self, network: Network, dtype: np.dtype[Any], targets: int = 1, pool: ThreadPool | None = None
    ) -> None:
        self.network, self.dtype = network, np.dtype(dtype)
        compile_products_beside(network, self.dtype, ROWS)
        self._evaluate = evaluate[self.dtype]
        self.table = network.table(self.dtype)
        self._crew = pool or ThreadPool(self.dtype)
        self._buffers = network.workspace(ROWS, targets, self.dtype, self._crew)

    def outputs(self, theta: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
        """Return the outputs (N, outputs) for the rows ``x`` (N, inputs)."""
        outputs, _ = self._run(theta[None], x, np.zeros((len(x), 1), self.dtype), NO_LOSS, np.empty(0, np.bool_))
        return np.asarray(outputs[0])

    def loss(
        self,
        theta: NDArray[Any],
        x: NDArray[Any],
        target: NDArray[Any],
        loss: Loss,
        alive: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], float]:
        """Return the outputs (N, outputs) for ``x`` (N, inputs), and their loss.

        ``alive`` (U), where given, is set to true for every unit that is not zero for some row.
        """
        outputs, (value,) = self.losses(theta[None], x, target, loss, alive)
        return outputs[0], value

    def losses(
        self,
        thetas: NDArray[Any],
        x: NDArray[Any],
        target: NDArray[Any],
        loss: Loss,
        alive: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], list[float]]:
        """Return the same for each of the parameters ``thetas`` (E, P): outputs (E, N, outputs), and losses."""
        alive = np.empty(0, np.bool_) if alive is None else alive
        outputs, found = self._run(thetas, x, target, Criterion(*loss.criterion(self.dtype)), alive)
        weights = loss.weigh(target)
        return outputs, loss.combine(found, len(x), ROWS, weights)

    def _run(
        self, thetas: NDArray[Any], x: NDArray[Any], target: NDArray[Any], loss: Criterion, alive: NDArray[np.bool_]
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        output = np.empty((len(thetas), len(x), self.network.outputs), self.dtype)
        losses = np.empty((len(thetas), ceil(len(x) / ROWS)))
        with self._crew.at_work(self.network.largest_product(min(ROWS, len(x)))):
            self._evaluate(self.table, thetas, loss, x, target, output, losses, alive, self._buffers)
        return output, losses
