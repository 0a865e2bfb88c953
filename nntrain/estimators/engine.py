"""A run by scikit-learn's rules: its order of samples, its penalty, and its learning rate that falls on a plateau."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.network.network import Network
from nntrain.network.regularize import L2
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

MAX_NUMBERS = 1_000_000  # in the parameters that a compiled call returns, one vector per step


@dataclass
class Course:
    """What changes during a run.

    Attributes:
        random: the generator that shuffles the samples; None: they stay in order.
        factor: of the learning rate.
        order: the samples as they were shuffled last.
    """

    random: RandomState | None
    factor: float = 1.0
    order: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class SklearnPlan(Plan):
    """A plan with scikit-learn's order of samples: each epoch shuffles the order of the one before."""

    course: Course = field(default_factory=lambda: Course(None))

    @classmethod
    def of(cls, plan: Plan, course: Course) -> "SklearnPlan":
        """Return ``plan`` with a course of its own."""
        return cls(**{one.name: getattr(plan, one.name) for one in fields(plan)}, course=course)

    @property
    def in_chunks(self) -> bool:
        """Return False: an epoch's order and rate depend on the one before."""
        return False

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the samples of the next epoch, in the order in which they are trained on."""
        rows, course = np.arange(len(self.data.train.x)), self.course
        if course.random is None or self.steps_per_epoch == 1:
            return rows
        course.random.shuffle(rows)
        course.order = rows if course.order is None else course.order[rows]
        return course.order

    def learning_rates(self, step: int, epoch: int, count: int) -> NDArray[np.float64]:
        """Return the learning rates of ``count`` epochs (count, K)."""
        return super().learning_rates(step, epoch, count) * self.course.factor


class SklearnEngine(Engine):
    """An engine whose loss of an epoch is scikit-learn's: batches count by their samples, whatever those weigh."""

    def epoch_losses(self, losses: NDArray[np.float64], orders: NDArray[np.int64]) -> list[float]:
        """Return the loss of each epoch from those of its steps (E, K), taken on the rows ``orders`` (E, N)."""
        if self.train.weights is None:
            return super().epoch_losses(losses, orders)
        return self.plan.loss.combine(losses, orders.shape[1], self.plan.batch_rows)


class PenalizedEngine(SklearnEngine):
    """An engine whose penalty is alpha/n of a batch's own n samples, and whose losses include it.

    Formula:
        L <- L + alpha/(2 n) Σ w²

    If samples have weights, n is their total weight.

    Source: sklearn.neural_network.MLPClassifier, which divides by fewer samples in an epoch's last batch.
    """

    def __init__(self, plan: Plan, alpha: float, theta: NDArray[Any] | None, n_threads: int | None) -> None:
        super().__init__(plan, n_threads, theta)
        self._alpha = alpha
        self._penalized = plan.network.penalized(plan.regularization.biases)

    def take_steps(
        self, order: NDArray[np.int64], done: int, learning_rates: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Take a step for each of ``learning_rates`` on the rows ``order``, after ``done`` steps.

        Returns:
            The loss of each step taken, with the penalty; fewer than ``learning_rates`` if a loss was not finite.
        """
        batch, losses = self.plan.batch_rows, np.empty(0)
        # batches of weighted samples have a penalty each
        at_once = max(1, MAX_NUMBERS // self.theta.size) if self.train.weights is None else 1
        full = order.size // batch
        starts = [*range(0, full, at_once), *([full] if order.size % batch else [])]
        for start in starts:
            stop = min(start + at_once, full) if start < full else full + 1
            rows = order[start * batch : stop * batch].reshape(stop - start, -1)
            found = self._batches(rows, done + start, learning_rates[start:stop, None])
            losses = np.concatenate([losses, found])
            if found.size < stop - start:
                break
        return losses

    def _batches(
        self, orders: NDArray[np.int64], done: int, learning_rates: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Take a step on each of the batches ``orders`` (K, n)."""
        before, penalties = self.theta.copy(), self._update.penalty.copy()
        weights = self.train.weights
        mass = float(orders.shape[1] if weights is None else weights[orders].sum())
        mass = mass or 1.0  # the loss and gradient of samples of weight 0 are 0
        penalties[L2] = self._alpha / mass
        update = self._update._replace(penalty=penalties)
        results, taken = self._run(orders, done, learning_rates, update, keep_epoch_thetas=True)
        self.clipped += int(results.clipped[:taken].sum())
        thetas = [before, *results.epoch_thetas[: taken - 1]][:taken]
        penalty = np.array([self.penalty(theta, mass) for theta in thetas])
        return np.asarray(results.losses[:taken, 0] + penalty)

    def penalty(self, theta: NDArray[Any], mass: float) -> float:
        """Return the penalty of the parameters ``theta`` for a batch of samples with the total weight ``mass``."""
        return penalty(theta, self._penalized, self._alpha, mass)


def mass_of(samples: Split) -> float:
    """Return the number of samples, or their total weight."""
    return float(len(samples.x) if samples.weights is None else samples.weights.sum())


def penalty(theta: NDArray[Any], penalized: NDArray[np.float64], alpha: float, mass: float) -> float:
    """Return alpha/(2 mass) Σ w² over the parameters that ``penalized`` (P) marks with 1."""
    weights = theta[: penalized.size]
    return alpha / (2 * mass) * float(np.einsum("i,i,i->", weights, weights, penalized))


def first_weights(
    network: Network, seed: int, dtype: np.dtype[Any], random: RandomState, factor: float
) -> NDArray[Any]:
    """Return the parameters that scikit-learn starts from.

    Formula:
        w, b ~ U(-a, a),  a = sqrt(factor / (I + O))

    Source: sklearn.neural_network.MLPClassifier: factor 2 for the logistic activation, else 6.
    """
    theta = network.initial(seed, dtype)
    for layer, arrays in zip(network.layers, network.arrays(theta), strict=True):
        bound = np.sqrt(factor / (layer.n_in + layer.n_out))
        for name in ("weights", "biases"):
            arrays[name][:] = random.uniform(-bound, bound, arrays[name].shape)
    return theta
