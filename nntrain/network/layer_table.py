"""The layer table: a network as data, which one compiled forward and backward pass serves for all recipes.

Shape letters: B rows of a batch, L layers, P parameters, U units in all layers, and for a layer I inputs and O outputs.
The workspace holds all layers one after the other, a layer's part being (B, O).
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from nntrain.jit.mailbox import MAILBOX

LAYER = np.dtype(
    [
        ("n_in", np.int64),
        ("n_out", np.int64),
        ("weights", np.int64),  # where the weights (I, O) begin in theta
        ("biases", np.int64),  # where the biases (O) begin
        ("learn_biases", np.int64),
        ("unit", np.int64),  # units in the layers before this one
        ("forward", np.int64),  # address of the activation's forward loop
        ("backward", np.int64),  # address of its backward loop
        ("coefficient", np.float64),  # shapes the activation, such as the slope of leaky_relu
        ("slopes", np.int64),  # where the activation's trainable parameters begin
        ("n_slopes", np.int64),  # 0: it has none
        ("dropout", np.float64),  # fraction of the units that a training step drops
        ("norm", np.int64),  # where gamma (O) and beta (O) begin; 0: no norm
        ("running", np.int64),  # where the running mean and variance (2, O) begin
        ("by_row", np.int64),  # whether the norm goes by row, as layer norm does
        ("eps", np.float64),
        ("momentum", np.float64),
        ("unbiased", np.int64),  # whether the running variance is the unbiased one
    ],
    align=True,
)
TABLE = types.Array(numba.from_dtype(LAYER), 1, "C")


class Workspace(NamedTuple):
    """What a batch of at most B rows needs beside the parameters; allocated once a run."""

    x: NDArray[Any]  # (B, inputs): the batch's rows
    target: NDArray[Any]  # (B, targets)
    z: NDArray[Any]  # (B·U): pre-activations
    h: NDArray[Any]  # (B·U): activations
    d: NDArray[Any]  # (B·U): dL/dh, then dL/dz
    n: NDArray[Any]  # (B·U): normalised pre-activations; empty where no layer is normalised
    scale: NDArray[Any]  # (B·U): what they were divided by, inverted: a layer's part begins with its units' or rows'
    sums: NDArray[np.float64]  # two for each unit of the largest layer; empty where no layer is normalised
    transposed: NDArray[Any]  # room for the transposed weights of the largest layer whose product is not large
    mailbox: NDArray[np.int64]  # on which threads find the work that they share (nntrain.jit.mailbox)


SUMS = types.float64[::1]


def WORKSPACE(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """Return the compiled type of :class:`Workspace`."""
    return types.NamedTuple([F[:, ::1], F[:, ::1], *[F[::1]] * 5, SUMS, F[::1], MAILBOX], Workspace)


class StepResults(NamedTuple):
    """What a compiled call tells of its E epochs of K steps."""

    losses: NDArray[np.float64]  # (E, K): of each step, without penalties
    clipped: NDArray[np.bool_]  # (E, K): whether its gradient was clipped
    norms: NDArray[np.float64]  # (E): of each epoch's last gradient, before it was clipped
    gradient: NDArray[Any]  # (P): the last of those gradients; empty where nothing is clipped
    ends: NDArray[Any]  # (E, as long as theta): theta after each epoch; empty where nobody asks


def STEP_RESULTS(F: Any) -> Any:  # noqa: N802
    """Return the compiled type of :class:`StepResults`."""
    of_steps = (types.float64[:, ::1], types.boolean[:, ::1])
    return types.NamedTuple([*of_steps, types.float64[::1], F[::1], F[:, ::1]], StepResults)


class Criterion(NamedTuple):
    """A loss, as compiled code reads it."""

    address: int  # of its function; 0 for none
    numbers: NDArray[np.float64]  # its own


CRITERION = types.NamedTuple([types.intp, types.float64[::1]], Criterion)


class Update(NamedTuple):
    """An optimizer and what goes on beside it, as compiled code reads them."""

    address: int  # of the update rule
    elementwise: int  # whether threads can share the parameters: none depends on others
    hyper: NDArray[np.float64]  # its hyper-parameters
    penalty: NDArray[np.float64]  # see nntrain.network.regularize
    seed: int  # of the units that are dropped
    tensors: NDArray[np.int64]  # (T, 3): the arrays of which the parameters consist, see nntrain.optimizers.RULE
    averages: NDArray[np.float64]  # slow weights and averages, see nntrain.optimizers.averaging


TENSORS = types.int64[:, ::1]
UPDATE = types.NamedTuple(
    [types.intp, types.int64, types.float64[::1], types.float64[::1], types.int64, TENSORS, types.float64[::1]], Update
)
