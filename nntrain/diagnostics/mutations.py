"""Classic gradient mistakes, planted on purpose to test the gradient check.

A mistake in a loss or an activation replaces its compiled loop; a mistake in a layer changes the resulting gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import BACKWARD, Activation
from nntrain.activations.rectifiers import ELU, ReLU
from nntrain.activations.saturating import Sigmoid, Tanh
from nntrain.diagnostics.compared import TensorCheck
from nntrain.diagnostics.gradcheck import Settings, check
from nntrain.diagnostics.small import small_plan
from nntrain.errors import bad_input, nearest
from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.losses import LOSS, Loss
from nntrain.losses.cross_entropy import CrossEntropy
from nntrain.losses.squared_error import MeanSquaredError
from nntrain.network.network import Network
from nntrain.norms.batch_norm import BatchNorm
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

Vector = NDArray[np.float64]


@compiled(LOSS)
def summed_not_averaged(output, target, delta, numbers):
    """Omit the factor 1/(B·O) from the gradient, but not from the loss."""
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            delta[i, j] = 2 * (output[i, j] - target[i, j])
    error = output - target
    return (error * error).sum() / output.size


@compiled(LOSS)
def softmax_without_truth(output, target, delta, numbers):
    """Use p as the gradient, without subtracting 1 for the true class."""
    total, rows = 0.0, output.shape[0]
    for i in range(rows):
        largest = output[i].max()
        e = np.exp(output[i] - largest)
        delta[i] = e / (e.sum() * rows)
        total += np.log(e.sum()) + largest - output[i, int(target[i, 0])]
    return total / rows


@compiled(BACKWARD)
def elu_of_the_wrong_value(z, h, shape, d):
    """Compute alpha·exp of the output h instead of z."""
    zero, a = z.dtype.type(0), z.dtype.type(shape.coefficient)
    for i in range(z.size):
        d[i] = d[i] if z[i] > zero else a * np.exp(h[i]) * d[i]


@compiled(BACKWARD)
def sigmoid_of_z(z, h, shape, d):
    """Use z (1 - z) instead of h (1 - h)."""
    for i in range(z.size):
        d[i] *= z[i] * (1 - z[i])


@compiled(BACKWARD)
def tanh_without_square(z, h, shape, d):
    """Use 1 - h instead of 1 - h²."""
    for i in range(z.size):
        d[i] *= 1 - h[i]


@compiled(BACKWARD)
def relu_lets_all_through(z, h, shape, d):
    """Pass the gradient back where z < 0 too."""


def forgotten_bias(engine: Engine, gradient: Vector) -> Vector:
    """Leave the biases' gradient at zero."""
    changed = gradient.copy()
    for _, db in engine.plan.network.views(changed):
        db[:] = 0
    return changed


def transposed_weights(engine: Engine, gradient: Vector) -> Vector:
    """Store the gradient of the weights (I, O) in the order of an (O, I) array."""
    changed = gradient.copy()
    for dW, _ in engine.plan.network.views(changed):
        dW[:] = dW.T.reshape(dW.shape)
    return changed


def doubled(engine: Engine, gradient: Vector) -> Vector:
    """Add the gradient of a batch to that of the previous one, which was not zeroed."""
    return 2 * gradient


def batch_norm_without_mean(engine: Engine, gradient: Vector) -> Vector:
    """Ignore, in the first layer's batch norm, that the batch mean depends on each row.

    The mean's term subtracts gamma scale dbeta / B from dz in every row; without it, dz is larger by that much.
    """
    changed, network = gradient.copy(), engine.plan.network
    x, first = engine.train.x, network.layers[0]
    here, *_ = network.arrays(engine.theta)
    of_gradient, *_ = network.arrays(changed)
    dW, db = of_gradient["weights"], of_gradient["biases"]
    missing = here["gamma"] * engine.workspace.scale[: first.n_out] * of_gradient["beta"]
    dW += np.outer(x.sum(axis=0), missing / len(x))
    db += missing
    return changed


@dataclass(frozen=True)
class Mutation:
    """A mistake: what it is called, what is wrong, where it is planted."""

    name: str
    about: str
    activation: type[Activation] = Tanh
    loss: type[Loss] = MeanSquaredError
    backward: CompiledFunction | None = None  # in place of the activation's
    function: CompiledFunction | None = None  # in place of the loss's
    tamper: Callable[[Engine, Vector], Vector] | None = None
    normalized: bool = False  # whether the hidden layers have batch norm

    def plan(self) -> Plan:
        """Return a small run that contains the mistake, unless the mistake tampers with the gradient."""
        norm = BatchNorm() if self.normalized else None
        plan = small_plan(self.activation.model_validate({}), self.loss.model_validate({}), norm)
        if self.function is not None:
            return replace(plan, loss=cast("Loss", _Mistaken(plan.loss, function=self.function)))
        if self.backward is not None:
            changed = [
                replace(layer, activation=cast("Activation", _Mistaken(layer.activation, backward=self.backward)))
                for layer in plan.network.layers[:-1]
            ]
            return replace(plan, network=Network([*changed, plan.network.layers[-1]]))
        return plan


MUTATIONS = {
    mutation.name: mutation
    for mutation in (
        Mutation("missing_mean", "the loss is a mean, its gradient a sum", function=summed_not_averaged),
        Mutation("softmax_delta", "p in place of p - truth", loss=CrossEntropy, function=softmax_without_truth),
        Mutation("elu_value", "ELU's derivative at h, not at z", ELU, backward=elu_of_the_wrong_value),
        Mutation("sigmoid_value", "sigmoid's derivative z (1 - z)", Sigmoid, backward=sigmoid_of_z),
        Mutation("tanh_square", "tanh's derivative 1 - h", backward=tanh_without_square),
        Mutation("relu_gate", "ReLU lets all gradients through", ReLU, backward=relu_lets_all_through),
        Mutation("forgotten_bias", "the biases get no gradient", tamper=forgotten_bias),
        Mutation("transposed_weights", "the weights' gradient is transposed", tamper=transposed_weights),
        Mutation(
            "batch_norm_mean",
            "batch norm's backward pass without the mean's term",
            tamper=batch_norm_without_mean,
            normalized=True,
        ),
        Mutation("not_zeroed", "the last batch's gradient is not zeroed", tamper=doubled),
    )
}


@dataclass(frozen=True)
class Caught:
    """Whether the check noticed a mistake, and the worst array."""

    name: str
    about: str
    caught: bool
    worst: TensorCheck


def plant(name: str) -> list[Caught]:
    """Plant the mistake ``name``, or ``all`` of them, and check the gradient.

    Raises:
        InputError: if the name is unknown.
    """
    if name != "all" and name not in MUTATIONS:
        hint = f"{nearest(name, MUTATIONS)} allowed: all, {', '.join(MUTATIONS)}".strip()
        raise bad_input("--mutate", f"unknown mistake {name!r}", hint)
    chosen = MUTATIONS.values() if name == "all" else [MUTATIONS[name]]
    found = []
    for mutation in chosen:
        checks = check(mutation.plan(), tamper=mutation.tamper, settings=Settings(dtypes=("float64",)))
        worst = max(checks, key=lambda one: one.error)
        found.append(Caught(mutation.name, mutation.about, any(one.failed for one in checks), worst))
    return found


class _Mistaken:
    """A component with another compiled loop; everything else is the original's."""

    def __init__(self, original: Any, **changed: CompiledFunction) -> None:
        self._original = original
        self.__dict__ |= changed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def differentiable(self) -> "_Mistaken":
        """Return itself: the original would not have the mistake."""
        return self

    def criterion(self, dtype: np.dtype[Any]) -> tuple[int, Vector]:
        """Return the mistaken function's address, and the original's numbers."""
        return self.__dict__["function"].address(dtype), np.array(self._original.numbers(), np.float64)
