"""Optimizers: how a gradient becomes a step.

All parameters lie in one vector theta and their gradient in another. An optimizer is one loop over them, written as in
its paper, and as many state vectors of the same length as it needs. A new file in this folder adds an optimizer.

Libraries give the same name to different rules: eps inside or outside the root, the learning rate inside or outside the
velocity, accumulators that start from 0 or from 0.1. Each difference is a key, and a dialect is a set of defaults for
the keys.

Sources named by an author alone are lecture slides: Korea University, Larson, Lan, Hong and Straka.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.jit.kernels import CompiledFunction, by_address, compiled, kernel
from nntrain.jit.lazy import types
from nntrain.registry import Amount, Component, Dialects, Positive


def RULE(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(theta (P), grad (P), state (S, P), tensors (T, 3), hyper, rate, k, start, stop): update theta.

    hyper holds the optimizer's keys after ``lr``, in the order of its fields. k counts steps from 1. Only parameters
    from ``start`` to ``stop`` - 1 are updated: other calls update the rest. A row of ``tensors`` is an array's first
    index in theta, its number of rows (0 for a vector), and its number of columns.
    """
    vectors, index = (F[::1], F[::1], F[:, ::1]), types.uint64  # unsigned: no check for negative indices
    return types.void(*vectors, types.int64[:, ::1], types.float64[::1], types.float64, types.int64, index, index)


call_rule = by_address(RULE)

# In float32, roots and quotients may be estimated and then corrected. The result is off by a unit in the last place and
# takes two thirds of the time: roots and quotients limit Adam's speed. An infinity may get lost on the way, but then
# the next loss is not finite.
ESTIMATED = frozenset({"afn", "ninf"})


def rule(function: Callable[..., Any]) -> CompiledFunction:
    """Compile an update rule, with the signature RULE."""
    return compiled(RULE, ESTIMATED)(function)


@kernel
def squared(x):
    """Return x².

    A mean of squares adds (sqrt(1 - beta) g)², never g²: in float32, g² overflows from 1.8e19 on, and the compiler may
    turn (1 - beta) g g into (1 - beta) g².
    """
    return x * x


Rate = Annotated[Positive, Field(description="learning rate")]
Momentum = Annotated[float, Field(ge=0, lt=1, description="decay factor of the velocity")]
Beta1 = Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean gradient")]
Beta2 = Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean squared gradient")]
Rho = Annotated[float, Field(ge=0, lt=1, description="decay factor of the mean squared gradient")]
Eps = Annotated[Amount, Field(description="added to the root in the denominator, so that it is never zero")]
EpsRoot = Annotated[Amount, Field(description="added under the root")]
EpsHat = Annotated[
    bool,
    Field(
        description="whether eps is added to sqrt(v) ('epsilon hat' in the paper), and eps_root, if any, to v itself"
    ),
]
ScaledVelocity = Annotated[
    bool, Field(description="whether the velocity includes the learning rate: past steps then keep the rate they had")
]
WeightDecay = Annotated[
    Amount, Field(description="decoupled weight decay: each step subtracts lr * weight_decay times the weight")
]

# Which libraries keep the learning rate inside the velocity, for momentum and Nesterov momentum alike.
VELOCITIES: Dialects = {
    "keras": {"scaled_velocity": True},
    "scikit-learn": {"lr": 0.001, "scaled_velocity": True},
    "optax": {},
    "lecture": {"scaled_velocity": True},
}


@dataclass(frozen=True)
class Range:
    """The range in which a hyper-parameter is searched, evenly on a logarithmic scale.

    For one that is close to 1, such as beta1, ``complement`` makes it the range of 1 minus the hyper-parameter.
    """

    low: float
    high: float
    complement: bool = False

    def at(self, fraction: float) -> float:
        """Return the value at ``fraction`` (0 to 1) of the range."""
        value = self.low * float((self.high / self.low) ** fraction)
        return 1 - value if self.complement else value


# Ranges of the keys searched in addition to the learning rate, from AlgoPerf's baselines and Sivaprasad et al.
SEARCH_RANGES = {"momentum": Range(0.005, 0.3, True), "beta1": Range(0.02, 0.5, True), "eps": Range(1e-10, 1e-2)}
# Trials from which momentum (or beta1) and eps are searched.
MOMENTUM_TRIALS, EPS_TRIALS = 10, 25

NOT_HYPER = ("name", "dialect", "lr")  # fields that rules do not read from hyper


class Optimizer(Component, family="optimizer"):
    """An update rule, its hyper-parameters, and the number of state vectors that it needs."""

    lr: Rate
    lr_range: ClassVar[Range] = Range(1e-4, 1e-1)  # in which the best learning rate is searched
    update: ClassVar[CompiledFunction]
    state_rows: ClassVar[int]
    bias_corrections: ClassVar[Mapping[str, str]] = {}  # state vector -> key, if it is divided by 1 - key^k
    setup_steps: ClassVar[int] = 0  # first steps that leave theta alone, and that k of bias corrections does not count
    elementwise: ClassVar[bool] = True  # no parameter's update depends on other parameters: threads can share the work
    decoupled: ClassVar[bool] = False  # whether its weight_decay is applied before the rule, to weights only
    curvature_row: ClassVar[int | None] = None  # state vector that gets estimates of the Hessian's diagonal
    evaluated_row: ClassVar[int | None] = None  # state vector that is evaluated and saved instead of theta
    solves: ClassVar[bool] = False  # a linear system with a row for each parameter in each iteration
    full_batch: ClassVar[bool] = False  # runs its own full-batch iterations instead of a step for each batch
    keeps_best: ClassVar[bool] = False  # returns the best point that it evaluated, not the last

    def space(self, trials: int) -> dict[str, Range]:
        """Return the range in which each key is searched, given the number of trials.

        Fewer than 10 trials search the learning rate alone; 10 and more also momentum or beta1; 25 and more also eps.
        """
        if self.full_batch:
            return {}
        keys = list(type(self).model_fields)
        wanted: list[str] = []
        if trials >= MOMENTUM_TRIALS:
            wanted += [key for key in ("momentum", "beta1") if key in keys and getattr(self, key) > 0][:1]
        if trials >= EPS_TRIALS:
            wanted += [key for key in ("eps",) if key in keys]
        return {"lr": self.lr_range, **{key: SEARCH_RANGES[key] for key in wanted}}

    def rows(self, tensors: NDArray[np.int64]) -> int:
        """Return the number of state vectors for a network's arrays, as in ``RULE``."""
        return self.state_rows

    def estimates_curvature(self, k: int) -> bool:
        """Return whether step k, counted from 1, needs a new estimate of the Hessian's diagonal."""
        return self.curvature_row is not None

    @property
    def decay(self) -> float:
        """Return the decoupled weight decay of the optimizer itself, as in AdamW."""
        return float(getattr(self, "weight_decay")) if self.decoupled else 0.0  # noqa: B009 - a field of some only

    def hyper(self) -> tuple[float, ...]:
        """Return the keys that rules read from ``hyper``, in the order of the fields."""
        left_out = (*NOT_HYPER, "weight_decay") if self.decoupled else NOT_HYPER
        return tuple(float(getattr(self, key)) for key in type(self).model_fields if key not in left_out)


@rule
def no_step(theta, grad, state, tensors, hyper, rate, k, start, stop):
    """Leave theta alone: full-batch optimizers move it between the calls (nntrain.training.full_batch)."""
