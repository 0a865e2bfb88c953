"""Optimizers: how a gradient becomes a step.

All parameters lie in one vector theta, the gradient in another; an optimizer is one loop over them, written as its
paper writes it, and as many state vectors of the same length as it needs. A new file in this folder is a new
optimizer.

The same name means different things in different libraries: where epsilon stands, whether the velocity holds the rate,
what an accumulator starts from. Each such difference is a key, and a dialect a set of defaults for the keys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from numba import types
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, by_address, compiled, kernel
from nntrain.registry import Amount, Component, Dialects, Positive


def RULE(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(theta (P), grad (P), state (S, P), tensors (T, 3), hyper, rate, k, start, stop): step theta.

    k counts the steps from 1. The parameters from ``start`` to before ``stop`` are stepped: threads share the others. A
    row of ``tensors`` is where one of the parameters' arrays begins, its rows, and its columns; a vector has 0 rows.
    """
    vectors, place = (F[::1], F[::1], F[:, ::1]), types.uint64  # no sign: an index need not be looked at for one
    return types.void(*vectors, types.int64[:, ::1], types.float64[::1], types.float64, types.int64, place, place)


call_rule = by_address(RULE)

# A float32 root or quotient may be estimated and corrected, which is off by a unit in the last place and takes two
# thirds of the time: Adam is bound by both. Infinity need not survive that; the loss that follows it is not finite.
ESTIMATED = frozenset({"afn", "ninf"})


def rule(function: Callable[..., Any]) -> CompiledFunction:
    """Mark an update rule."""
    return compiled(RULE, ESTIMATED)(function)


@kernel
def squared(x):
    """Return x².

    A mean of squares is taken of (sqrt(1 - beta) g)², never of g²: in float32 g² overflows from 1.8e19 on, and
    (1 - beta) g g may be compiled to that.
    """
    return x * x


Rate = Annotated[Positive, Field(description="learning rate")]
Momentum = Annotated[float, Field(ge=0, lt=1, description="share of the velocity that is kept")]
Beta1 = Annotated[float, Field(ge=0, lt=1, description="share of the mean gradient that is kept")]
Beta2 = Annotated[float, Field(ge=0, lt=1, description="share of the mean square that is kept")]
Rho = Annotated[float, Field(ge=0, lt=1, description="share of the mean square that is kept")]
Eps = Annotated[Amount, Field(description="added to the root, so that it is never zero")]
EpsRoot = Annotated[Amount, Field(description="added under the root")]
EpsHat = Annotated[
    bool, Field(description="whether eps stands beside sqrt(v), as 'epsilon hat', and not beside sqrt(v_hat)")
]
ScaledVelocity = Annotated[
    bool, Field(description="whether the velocity holds the learning rate too: old steps then keep their old rate")
]

# Who keeps the rate inside the velocity, for momentum and Nesterov alike.
VELOCITIES: Dialects = {
    "keras": {"scaled_velocity": True},
    "scikit-learn": {"lr": 0.001, "scaled_velocity": True},
    "optax": {},
    "lecture": {"scaled_velocity": True},
}


@dataclass(frozen=True)
class Range:
    """Where a hyper-parameter is looked for: between two numbers, evenly in their logarithms.

    Of one that is close to 1, such as beta1, it is ``complement``, 1 less it, that is.
    """

    low: float
    high: float
    complement: bool = False

    def at(self, share: float) -> float:
        """Return the value at ``share`` (0 to 1) of the range."""
        value = self.low * float((self.high / self.low) ** share)
        return 1 - value if self.complement else value


# Beside the learning rate, where there is a budget for it: the ranges of AlgoPerf's baselines, and of Sivaprasad et al.
MORE, MOST = 10, 25  # trials, from which on they are looked for
SPACE = {"momentum": Range(0.005, 0.3, True), "beta1": Range(0.02, 0.5, True), "eps": Range(1e-10, 1e-2)}


class Optimizer(Component, family="optimizer"):
    """An update rule, its hyper-parameters, and the number of state vectors that it keeps."""

    lr: Rate
    rates: ClassVar[Range] = Range(1e-4, 1e-1)  # where the best learning rate is looked for
    update: ClassVar[CompiledFunction]
    state_rows: ClassVar[int]
    whole: ClassVar[bool] = False  # looks at all parameters for each: threads cannot share them
    full_batch: ClassVar[bool] = False  # goes its own way by full batches, where others take a step for each batch
    keeps_best: ClassVar[bool] = False  # the result is the best point that it came by, and not the last

    def space(self, trials: int) -> dict[str, Range]:
        """Return where hyper-parameters are looked for in so many trials, by key.

        Up to nine trials look for the learning rate alone, more for momentum or beta1 too, 25 and more also for eps.
        """
        if self.full_batch:
            return {}
        keys = list(type(self).model_fields)
        wanted: list[str] = []
        if trials >= MORE:
            wanted += [key for key in ("momentum", "beta1") if key in keys and getattr(self, key) > 0][:1]
        if trials >= MOST:
            wanted += [key for key in ("eps",) if key in keys]
        return {"lr": self.rates, **{key: SPACE[key] for key in wanted}}

    @property
    def decay(self) -> float:
        """Return the decoupled weight decay that belongs to the optimizer itself, as in AdamW."""
        return 0.0

    def hyper(self) -> tuple[float, ...]:
        """Return the hyper-parameters in the order in which the rule unpacks them, the learning rate left out."""
        return ()


@rule
def no_step(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Leave theta as it is: an optimizer that searches decides between the calls where to go (training.search)."""
