"""The layer table: a network as data, which one compiled walk serves for all recipes.

Shape letters: B rows of a batch, L layers, P parameters, U units in all layers, and for a layer I inputs and O outputs.
Buffers hold all layers one after the other, a layer's part being (B, O).
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from nntrain.jit.mailbox import BOARD

# One record a layer: where its weights (I, O) and biases (O) begin in theta, whether the biases are learnt, the number
# of units in the layers before it, and its activation: the addresses of the two loops, the number that shapes the
# function, and where those that it learns begin, and how many they are. Then the share of its units that a training
# step drops. Last, where gamma (O) and beta (O) of its normalisation begin (0: it has none), where its running mean and
# variance (2, O) do, whether it goes by row, and what shapes it.
LAYER = np.dtype(
    [
        ("n_in", np.int64),
        ("n_out", np.int64),
        ("weights", np.int64),
        ("biases", np.int64),
        ("learn_biases", np.int64),
        ("unit", np.int64),
        ("forward", np.int64),
        ("backward", np.int64),
        ("number", np.float64),
        ("learnt", np.int64),
        ("learns", np.int64),
        ("dropout", np.float64),
        ("norm", np.int64),
        ("running", np.int64),
        ("by_row", np.int64),
        ("eps", np.float64),
        ("momentum", np.float64),
        ("unbiased", np.int64),
    ],
    align=True,
)
TABLE = types.Array(numba.from_dtype(LAYER), 1, "C")


class Buffers(NamedTuple):
    """What a batch of at most B rows needs beside the parameters; allocated once a run."""

    x: NDArray[Any]  # (B, inputs): the batch's rows
    target: NDArray[Any]  # (B, targets)
    z: NDArray[Any]  # (B·U): pre-activations
    h: NDArray[Any]  # (B·U): activations
    d: NDArray[Any]  # (B·U): dL/dh, then dL/dz
    n: NDArray[Any]  # (B·U): normalised pre-activations; empty where no layer is normalised
    scale: NDArray[Any]  # (B·U): what they were divided by, inverted: a layer's part begins with its units' or rows'
    sums: NDArray[np.float64]  # two for each unit of the largest layer; empty where no layer is normalised
    turned: NDArray[Any]  # room for the weights of the largest layer whose product is not large, turned round
    board: NDArray[np.int64]  # on which threads find the work that they share (nntrain.jit.mailbox)


SUMS = types.float64[::1]


def BUFFERS(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """Return the compiled type of :class:`Buffers`."""
    return types.NamedTuple([F[:, ::1], F[:, ::1], *[F[::1]] * 5, SUMS, F[::1], BOARD], Buffers)


class Told(NamedTuple):
    """What a compiled call tells of its E epochs of K steps."""

    losses: NDArray[np.float64]  # (E, K): of each step, without penalties
    clipped: NDArray[np.bool_]  # (E, K): whether its gradient was clipped
    norms: NDArray[np.float64]  # (E): of each epoch's last gradient, before it was clipped
    gradient: NDArray[Any]  # (P): the last of those gradients; empty where nothing is clipped
    ends: NDArray[Any]  # (E, as long as theta): theta after each epoch; empty where nobody asks


def TOLD(F: Any) -> Any:  # noqa: N802
    """Return the compiled type of :class:`Told`."""
    of_steps = (types.float64[:, ::1], types.boolean[:, ::1])
    return types.NamedTuple([*of_steps, types.float64[::1], F[::1], F[:, ::1]], Told)


class Criterion(NamedTuple):
    """A loss, as compiled code reads it."""

    address: int  # of its function; 0 for none
    numbers: NDArray[np.float64]  # its own


CRITERION = types.NamedTuple([types.intp, types.float64[::1]], Criterion)


class Update(NamedTuple):
    """An optimizer and what goes on beside it, as compiled code reads them."""

    address: int  # of the update rule
    whole: int  # whether it looks at all parameters for each: threads cannot share them
    hyper: NDArray[np.float64]  # its hyper-parameters
    penalty: NDArray[np.float64]  # see nntrain.network.regularize
    seed: int  # of the units that are dropped
    tensors: NDArray[np.int64]  # (T, 3): the arrays of which the parameters consist, see nntrain.optimizers.RULE
    followers: NDArray[np.float64]  # slow weights and averages, see nntrain.optimizers.averaging


TENSORS = types.int64[:, ::1]
UPDATE = types.NamedTuple(
    [types.intp, types.int64, types.float64[::1], types.float64[::1], types.int64, TENSORS, types.float64[::1]], Update
)
