"""Inference: the outputs and loss of a network, and which units are not dead, for any number of rows."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.mapped.split import pieces
from nntrain.jit.background import compile_in_background
from nntrain.jit.kernels import CompiledFunction
from nntrain.jit.mailbox import new_mailbox
from nntrain.layers.dropout import NO_KEY
from nntrain.losses import Loss, RowWeights
from nntrain.matmul.gemm import fill_panels, shared_product
from nntrain.matmul.tiles import small_product
from nntrain.network.backprop import forward
from nntrain.network.epoch import evaluate
from nntrain.network.layer_table import Criterion
from nntrain.network.network import Network
from nntrain.network.row_weights import criterion_of
from nntrain.network.thread_pool import ThreadPool

PLAIN_ACTIVATIONS = 20_000  # units times rows up to which plain Python (20 to 60 ms) is faster than importing Numba
CHUNK_ROWS = 128  # rows at a time: their activations stay in the cache


def is_small(network: Network, rows: int) -> bool:
    """Return whether plain Python computes the outputs for ``rows`` rows in less time than importing Numba takes."""
    return network.units * rows <= PLAIN_ACTIVATIONS


def plain_outputs(network: Network, theta: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """Return the outputs (N, outputs) for the rows ``x`` (N, inputs), by running the same code uncompiled."""
    table, workspace = network.table(theta.dtype, plain=True), network.workspace(len(x), 1, theta.dtype, new_mailbox(1))
    with np.errstate(all="ignore"):  # infinity and NaN are visible in the outputs
        return np.asarray(forward(table, theta, x, workspace, NO_KEY))


def compile_products_in_background(
    network: Network, dtype: np.dtype[Any], rows: int, *others: CompiledFunction
) -> None:
    """Start compiling ``others`` and the products of a network for batches of ``rows`` rows in a second process."""
    large = (fill_panels, shared_product) if network.largest_product(rows) else ()
    compile_in_background([small_product, *others, *large], dtype)


class ForwardPass:
    """The forward pass of a network, with its workspace.

    Attributes:
        table: the network's layer table.
    """

    def __init__(
        self, network: Network, dtype: np.dtype[Any], targets: int = 1, pool: ThreadPool | None = None
    ) -> None:
        self.network, self.dtype = network, np.dtype(dtype)
        compile_products_in_background(network, self.dtype, CHUNK_ROWS)
        self._evaluate = evaluate[self.dtype]
        self.table = network.table(self.dtype)
        self._pool = pool or ThreadPool(self.dtype, network.largest_product(CHUNK_ROWS))
        self._workspace = network.workspace(CHUNK_ROWS, targets, self.dtype, self._pool.mailbox)

    def outputs(self, theta: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
        """Return the outputs (N, outputs) for the rows ``x`` (N, inputs)."""
        no_loss = Criterion(0, np.empty(0), np.empty(0, self.dtype), 0)
        outputs, _ = self._run(theta[None], x, np.zeros((len(x), 1), self.dtype), no_loss, np.empty(0, np.bool_))
        return np.asarray(outputs[0])

    def activations(self, theta: NDArray[Any], x: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the activations of each layer (N, O) for up to ``CHUNK_ROWS`` rows ``x`` (N, inputs)."""
        self.outputs(theta, x)
        return [h.copy() for h in self.network.by_layer(self._workspace.h, len(x))]

    def loss(
        self,
        theta: NDArray[Any],
        x: NDArray[Any],
        target: NDArray[Any],
        loss: Loss,
        alive: NDArray[np.bool_] | None = None,
        weights: RowWeights = None,
    ) -> tuple[NDArray[Any], float]:
        """Return the outputs (N, outputs) for ``x`` (N, inputs), and their loss with the rows' ``weights`` (N).

        ``alive`` (U), if given, is set to true for every unit whose activation is not zero for at least one row.
        """
        outputs, (value,) = self.losses(theta[None], x, target, loss, alive, weights)
        return outputs[0], value

    def losses(
        self,
        thetas: NDArray[Any],
        x: NDArray[Any],
        target: NDArray[Any],
        loss: Loss,
        alive: NDArray[np.bool_] | None = None,
        weights: RowWeights = None,
    ) -> tuple[NDArray[Any], list[float]]:
        """Return outputs (E, N, outputs) and losses for each of ``thetas`` (E, size of theta)."""
        alive = np.empty(0, np.bool_) if alive is None else alive
        outputs, found = self._run(thetas, x, target, criterion_of(loss, self.dtype, target, weights), alive)
        return outputs, loss.combine(found, len(x), CHUNK_ROWS, loss.sample_weights(target, weights))

    def _run(
        self, thetas: NDArray[Any], x: NDArray[Any], target: NDArray[Any], loss: Criterion, alive: NDArray[np.bool_]
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        output = np.empty((len(thetas), len(x), self.network.outputs), self.dtype)
        losses = np.empty((len(thetas), ceil(len(x) / CHUNK_ROWS)))
        with self._pool.at_work(self.network.largest_product(min(CHUNK_ROWS, len(x)))):
            for rows in pieces(x, CHUNK_ROWS):
                chunks = slice(rows.start // CHUNK_ROWS, ceil(rows.stop / CHUNK_ROWS))
                data = (x[rows], target[rows], output[:, rows], losses[:, chunks])
                self._evaluate(self.table, thetas, loss, *data, alive, self._workspace)
        return output, losses
