"""Optimizers with their own full-batch iterations: SciPy's L-BFGS-B, conjugate gradients, gradient-free search."""

import queue
import threading
from collections.abc import Generator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.network.regularize import L2
from nntrain.optimizers.conjugate_gradients import ConjugateGradients
from nntrain.optimizers.damped_newton import DampedNewton, Newton
from nntrain.optimizers.gradient_free import Search
from nntrain.optimizers.lbfgs import LBFGS
from nntrain.training.conjugate_directions import iterate
from nntrain.training.curvature_matrix import gauss_newton, hessian
from nntrain.training.damped_steps import iterate as damped_iterate
from nntrain.training.engine import Engine
from nntrain.utils.random import stream

Vector = NDArray[np.float64]


def search_of(engine: Engine) -> Generator[tuple[Vector, int]] | None:
    """Return an iterator over parameters and the number of evaluations so far, None if the optimizer takes steps."""
    match engine.plan.optimizer:
        case LBFGS() as optimizer:
            return iterations(engine, optimizer, engine.plan.training.epochs)
        case ConjugateGradients() as optimizer:
            return conjugate(engine, optimizer)
        case DampedNewton() as optimizer:
            return damped(engine, optimizer)
        case Search() as optimizer:
            return candidates(engine, optimizer)
    return None


def candidates(engine: Engine, optimizer: Search) -> Generator[tuple[Vector, int]]:
    """Yield the points that a gradient-free optimizer evaluates, and their number so far."""
    points = optimizer.candidates(engine.grad.size, stream(engine.plan.seed, "search"))
    yield from ((point, number) for number, point in enumerate(points, start=1))


def conjugate(engine: Engine, optimizer: ConjugateGradients) -> Generator[tuple[Vector, int]]:
    """Yield the parameters after each iteration, and the number of evaluations of loss and gradient so far."""
    objective = Objective(engine)
    start = engine.theta[: engine.grad.size].astype(np.float64)
    yield from ((one.theta, objective.evaluations) for one in iterate(objective, start, optimizer))


def damped(engine: Engine, optimizer: DampedNewton) -> Generator[tuple[Vector, int]]:
    """Yield the parameters after each iteration, and the number of evaluations of loss and gradient so far."""
    objective = Objective(engine)
    start = engine.theta[: engine.grad.size].astype(np.float64)
    matrix = partial(hessian if isinstance(optimizer, Newton) else gauss_newton, engine)
    yield from ((theta, objective.evaluations) for theta in damped_iterate(objective, matrix, start, optimizer))


def iterations(engine: Engine, optimizer: LBFGS, most: int) -> Generator[tuple[Vector, int]]:
    """Yield the parameters after each iteration, and the number of evaluations of loss and gradient so far.

    SciPy reports iterations through a callback instead of returning after each, so it runs in a thread, which waits
    while the consumer uses the yielded parameters.

    Args:
        engine: the engine whose loss is minimized, from its current parameters. Its arrays are overwritten.
        optimizer: the settings.
        most: maximum number of iterations.
    """
    from scipy.optimize import minimize  # takes 0.1 s

    objective = Objective(engine)
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


class Objective:
    """Loss plus penalty and its gradient as a function of the parameters."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.evaluations = 0
        self._l2 = engine.plan.penalty[L2]
        self._mask = engine.plan.network.penalized(engine.plan.regularization.biases)

    def __call__(self, theta: Vector) -> tuple[float, Vector]:
        """Return the loss plus penalty and its gradient (P), infinity and zeros if the loss is not finite."""
        self.evaluations += 1
        self.engine.theta[: theta.size] = theta
        loss, gradient = self.engine.loss_and_gradient()
        if not np.isfinite(loss):  # the line search tries a shorter step
            return np.inf, np.zeros(theta.size)
        penalty = self._l2 / 2 * float((self._mask * theta * theta).sum())
        return loss + penalty, gradient.astype(np.float64)
