"""Optimizers that search by themselves: SciPy's L-BFGS-B, an iteration at a time, and points one by one."""

import queue
import threading
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.network.regularize import L2
from nntrain.optimizers.gradient_free import Search
from nntrain.optimizers.lbfgs import LBFGS
from nntrain.training.engine import Engine
from nntrain.utils.random import stream

Vector = NDArray[np.float64]


def search_of(engine: Engine) -> Generator[tuple[Vector, int]] | None:
    """Return the search of a run whose optimizer searches: points, and how often the loss has been evaluated."""
    match engine.plan.optimizer:
        case LBFGS() as optimizer:
            return iterations(engine, optimizer, engine.plan.training.epochs)
        case Search() as optimizer:
            return candidates(engine, optimizer)
    return None


def candidates(engine: Engine, optimizer: Search) -> Generator[tuple[Vector, int]]:
    """Yield the points that an optimizer wants to look at, and how many there have been."""
    points = optimizer.candidates(engine.grad.size, stream(engine.plan.seed, "search"))
    yield from ((point, number) for number, point in enumerate(points, start=1))


def iterations(engine: Engine, optimizer: LBFGS, most: int) -> Generator[tuple[Vector, int]]:
    """Yield the parameters after each iteration, and how often loss and gradient have been evaluated.

    SciPy calls back and does not return between iterations: it works on a thread of its own, which waits while whoever
    iterates looks at what it has found.

    Args:
        engine: whose loss is minimised, from where its parameters are. Its arrays are used, and left, as they come.
        optimizer: the settings.
        most: iterations at most.
    """
    from scipy.optimize import minimize  # 0.1 s, for this optimizer only

    objective = _Objective(engine)
    found: queue.Queue[Any] = queue.Queue()
    resume, ended = threading.Semaphore(0), threading.Event()

    def report(theta: Vector) -> None:
        found.put(theta.copy())
        resume.acquire()
        if ended.is_set():
            raise StopIteration

    def work() -> None:
        options = {
            "maxiter": most,
            "maxfun": 100 * most,
            "maxcor": optimizer.memory,
            "gtol": optimizer.tolerance,
            "ftol": 0.0,
        }
        try:
            minimize(objective, start, jac=True, method="L-BFGS-B", callback=report, options=options)
            found.put(None)
        except BaseException as error:
            found.put(error)

    start = engine.theta[: engine.grad.size].astype(np.float64)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            theta = found.get()
            if theta is None:
                return
            if isinstance(theta, BaseException):
                raise theta
            yield theta, objective.evaluations
            resume.release()
    finally:
        ended.set()
        resume.release()
        thread.join()


class _Objective:
    """Loss and penalty, and their gradient, as a function of the parameters."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.evaluations = 0
        self._l2 = engine.plan.penalty[L2]
        self._mask = engine.plan.network.penalised(engine.plan.regularization.biases)

    def __call__(self, theta: Vector) -> tuple[float, Vector]:
        self.evaluations += 1
        self.engine.theta[: theta.size] = theta
        loss, gradient = self.engine.loss_and_gradient()
        if not np.isfinite(loss):  # too far: the line search comes back
            return np.inf, np.zeros(theta.size)
        penalty = self._l2 / 2 * float((self._mask * theta * theta).sum())
        return loss + penalty, gradient.astype(np.float64)
