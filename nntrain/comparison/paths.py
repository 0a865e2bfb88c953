"""Optimizers on one loss surface: from the same starts, with the same budget of evaluations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.comparison.tuning import trials_of
from nntrain.diagnostics.loss_surface import losses_at
from nntrain.optimizers import Optimizer
from nntrain.optimizers.gradient_free import Search
from nntrain.training.engine import Engine
from nntrain.training.full_batch import search_of
from nntrain.training.plan import Plan

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """The path of an optimizer.

    Attributes:
        points: the start and the parameters after each step or iteration (E, P); of a search, the points it tried.
        evaluations: of the loss or the gradient, up to each point (E).
        losses: at each point, without the noise of batches (E).
        diverged: step at which a number was not finite; None if all are.
    """

    points: Points
    evaluations: NDArray[np.int64]
    losses: Points
    diverged: int | None

    @property
    def best(self) -> int:
        """Index of the point with the lowest loss."""
        return int(np.where(np.isfinite(self.losses), self.losses, np.inf).argmin())


@dataclass(frozen=True)
class Contender:
    """An optimizer with its paths, one from each start.

    Attributes:
        name: as given.
        optimizer: with the settings that were used.
        trials: number of tuning trials; 0: its settings are as given.
        paths: one from each start.
    """

    name: str
    optimizer: Optimizer
    trials: int
    paths: tuple[Path, ...]

    @property
    def searches(self) -> bool:
        """Whether it tries points instead of taking steps."""
        return isinstance(self.optimizer, Search)

    @property
    def results(self) -> Points:
        """The loss at the end of each path (infinite after divergence); of a search, the lowest."""
        losses = [path.losses[path.best if self.searches else -1] for path in self.paths]
        pairs = zip(losses, self.paths, strict=True)
        return np.array([loss if path.diverged is None and np.isfinite(loss) else np.inf for loss, path in pairs])


def contend(name: str, plan: Plan, starts: Points, budget: int, trials: int, seed: int = 0) -> Contender:
    """Run the optimizer of a plan from each start, with its own settings or the best of ``trials``.

    Args:
        name: what to call it.
        plan: network, loss, data and optimizer.
        starts: the initial parameters (S, P).
        budget: evaluations of the gradient (or, in a search, of the loss) from each start.
        trials: tuning trials over the optimizer's search space, each with the whole budget on all starts; the one with
            the lowest median result is kept. 0: no tuning.
        seed: of the trials.
    """
    optimizers = [
        plan.optimizer.model_copy(update=dict(one.settings)) for one in trials_of(plan.optimizer, trials, seed)
    ]
    best: Contender | None = None
    for optimizer in optimizers or [plan.optimizer]:
        varied = replace(plan, optimizer=optimizer)
        paths = tuple(path_from(varied, start, budget) for start in starts)
        found = Contender(name, optimizer, len(optimizers), paths)
        if best is None or np.median(found.results) < np.median(best.results):
            best = found
    assert best is not None  # noqa: S101 - there is at least one optimizer
    return best


def path_from(plan: Plan, start: Points, budget: int) -> Path:
    """Return the path of a plan's optimizer from ``start`` (P), with at most ``budget`` evaluations.

    Optimizers that take steps evaluate the gradient once in each, on a mini-batch if the plan has any.
    """
    engine = Engine(plan)
    engine.theta[: start.size] = start
    engine.state[plan.optimizer_rows :] = engine.theta
    search = search_of(engine)
    if search is None:
        points, diverged = _steps(engine, budget)
        evaluations = np.arange(len(points))
    else:
        found = [(start, 0)] if not isinstance(plan.optimizer, Search) else []
        for theta, taken in search:
            if taken > budget:
                break
            found.append((theta, taken))
            if taken == budget:
                break
        search.close()
        points, diverged = np.array([point for point, _ in found], np.float64), None
        evaluations = np.array([taken for _, taken in found])
    return Path(points, evaluations, losses_at(plan, points), diverged)


def _steps(engine: Engine, budget: int) -> tuple[Points, int | None]:
    """Take ``budget`` steps; return the points (E, P), and the step at which a number was not finite."""
    plan, size = engine.plan, engine.grad.size
    points: list[NDArray[Any]] = [engine.theta[:size].copy()]
    for step, (rows, rate) in enumerate(_batches(plan, budget)):
        taken = engine.take_steps(rows, step, rate)
        if not taken.size or not engine.is_finite():
            return np.array(points, np.float64), step + 1
        with engine.measured_weights(step + 1):
            points.append(engine.theta[:size].copy())
    return np.array(points, np.float64), None


def _batches(plan: Plan, budget: int) -> Iterator[tuple[NDArray[np.int64], Points]]:
    """Yield the rows and the learning rate of each step, as in training."""
    step, rows = 0, plan.batch_rows
    for epoch in count():
        order, (rates,) = plan.order(epoch), plan.learning_rates(step, epoch, 1)
        for number in range(plan.steps_per_epoch):
            if step == budget:
                return
            yield order[number * rows : (number + 1) * rows], rates[number : number + 1]
            step += 1


def starts_in(box: tuple[Sequence[float], Sequence[float]], first: Sequence[float], number: int, seed: int) -> Points:
    """Return ``number`` starts (S, P): ``first``, and points drawn uniformly from a box with these corners."""
    low, high = np.array(box, np.float64)
    drawn = np.random.default_rng(seed).uniform(low, high, (number - 1, low.size))
    return np.concatenate([np.array([first], np.float64), drawn])
