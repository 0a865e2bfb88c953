"""The layer table: a network as data, so that one compiled forward and backward pass serves all recipes.

Shape letters: B rows of a batch, L layers, P parameters, U units in all layers, and for a layer I inputs and O outputs.
An array of the workspace holds the layers one after the other, each as (B, O).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.lazy import numba, types
from nntrain.jit.mailbox import MAILBOX

LAYER = np.dtype(
    [
        ("n_in", np.int64),
        ("n_out", np.int64),
        ("weights", np.int64),  # offset of the weights (I, O) in theta
        ("biases", np.int64),  # offset of the biases (O)
        ("learn_biases", np.int64),
        ("unit", np.int64),  # index of its first unit: the number of units in the layers before
        ("forward", np.int64),  # address of the activation's forward loop
        ("backward", np.int64),  # address of its backward loop
        ("coefficient", np.float64),  # of the activation, such as the slope of leaky_relu
        ("slopes", np.int64),  # offset of the activation's trainable slopes
        ("n_slopes", np.int64),  # 0: it has none
        ("dropout", np.float64),  # fraction of the units that a training step drops
        ("norm", np.int64),  # offset of gamma (O) and beta (O); 0: no norm
        ("affine", np.int64),  # whether gamma and beta are trained
        ("running", np.int64),  # offset of the running mean and variance (2, O)
        ("by_row", np.int64),  # whether the norm is over each row, as in layer norm
        ("eps", np.float64),
        ("momentum", np.float64),
        ("unbiased", np.int64),  # whether the running variance is unbiased
    ],
    align=True,
)


def TABLE() -> Any:  # noqa: N802 - a type
    """Return the compiled type of a layer table."""
    return types.Array(numba.from_dtype(LAYER), 1, "C")


class Workspace(NamedTuple):
    """The arrays for a batch of up to B rows; allocated once per run."""

    x: NDArray[Any]  # (B, inputs): the batch's rows
    target: NDArray[Any]  # (B, targets)
    weights: NDArray[Any]  # (B): the weights of the batch's rows
    z: NDArray[Any]  # (B·U): pre-activations
    h: NDArray[Any]  # (B·U): activations
    d: NDArray[Any]  # (B·U): dL/dh, then dL/dz
    n: NDArray[Any]  # (B·U): normalized pre-activations; empty if no layer is normalized
    scale: NDArray[Any]  # (B·U): 1 / standard deviation of each unit or row, at the start of the layer's part
    sums: NDArray[np.float64]  # two sums for each unit of the largest layer; empty if no layer is normalized
    transposed: NDArray[Any]  # scratch for transposed weights, unless their product is large (gemm packs those)
    mailbox: Any  # where the threads find shared work (nntrain.jit.mailbox)


def WORKSPACE(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """Return the compiled type of :class:`Workspace`."""
    return types.NamedTuple([F[:, ::1], F[:, ::1], *[F[::1]] * 6, types.float64[::1], F[::1], MAILBOX()], Workspace)


class StepResults(NamedTuple):
    """What a compiled call reports about its E epochs of K steps."""

    losses: NDArray[np.float64]  # (E, K): loss of each step, without penalties
    clipped: NDArray[np.bool_]  # (E, K): whether its gradient was clipped
    norms: NDArray[np.float64]  # (E): norm of each epoch's last gradient, before it was clipped
    gradient: NDArray[Any]  # (P): the last gradient before it was clipped; empty if nothing is clipped
    epoch_thetas: NDArray[Any]  # (E, size of theta): theta at the end of each epoch; empty if not needed


def STEP_RESULTS(F: Any) -> Any:  # noqa: N802
    """Return the compiled type of :class:`StepResults`."""
    of_steps = (types.float64[:, ::1], types.boolean[:, ::1])
    return types.NamedTuple([*of_steps, types.float64[::1], F[::1], F[:, ::1]], StepResults)


class Criterion(NamedTuple):
    """A loss of some rows of data, as compiled code reads it."""

    address: int  # of its function; 0 for none
    numbers: NDArray[np.float64]  # its parameters
    weights: NDArray[Any]  # (N): the weight of each row of the data; empty if all rows weigh the same
    sums: int  # whether it is a sum over the rows, and not their mean


def CRITERION(F: Any) -> Any:  # noqa: N802
    """Return the compiled type of :class:`Criterion`."""
    return types.NamedTuple([types.intp, types.float64[::1], F[::1], types.int64], Criterion)


class Update(NamedTuple):
    """An optimizer, regularization and weight averaging, as compiled code reads them."""

    address: int  # of the update rule; 0: only compute the gradient
    elementwise: int  # whether a parameter's update depends on no other parameter, so that threads can share it
    hyper: NDArray[np.float64]  # its hyperparameters
    penalty: NDArray[np.float64]  # see nntrain.network.regularize
    seed: int  # of dropout and input noise
    tensors: NDArray[np.int64]  # (T, 3): the arrays that make up the parameters, see nntrain.optimizers.RULE
    averages: NDArray[np.float64]  # see nntrain.optimizers.averaging
    sam: NDArray[np.float64]  # see nntrain.optimizers.sam


def UPDATE() -> Any:  # noqa: N802
    """Return the compiled type of :class:`Update`."""
    vector = types.float64[::1]
    fields = [types.intp, types.int64, vector, vector, types.int64, types.int64[:, ::1], vector, vector]
    return types.NamedTuple(fields, Update)
