"""The iterations of Newton's method and of Levenberg-Marquardt."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from nntrain.optimizers.damped_newton import DampedNewton

Vector = NDArray[np.float64]
SMALLEST_MU = 1e-20


def iterate(
    objective: Callable[[Vector], tuple[float, Vector]],
    matrix: Callable[[], NDArray[np.float64]],
    start: Vector,
    optimizer: DampedNewton,
) -> Iterator[Vector]:
    """Yield the parameters after each iteration, until the gradient is small or no step lowers the loss.

    Args:
        objective: returns the loss and its gradient (P).
        matrix: returns the curvature (P, P) where the objective was last evaluated.
        start: the first parameters (P).
        optimizer: the settings.
    """
    theta, (loss, gradient), mu = start, objective(start), optimizer.mu
    while np.isfinite(loss) and np.abs(gradient).max(initial=0) > optimizer.tolerance:
        curvature = matrix()
        while True:
            step = _solve(curvature, mu, gradient)
            if step is not None:
                new_loss, new_gradient = objective(theta - step)
                if new_loss < loss:
                    break
            mu *= optimizer.mu_increase
            if mu > optimizer.mu_max:
                return
        theta, loss, gradient = theta - step, new_loss, new_gradient
        yield theta
        mu = max(SMALLEST_MU, optimizer.mu_decrease * mu)


def _solve(curvature: NDArray[np.float64], mu: float, gradient: Vector) -> Vector | None:
    """Return (curvature + mu I)^-1 gradient; None if the matrix is not positive definite."""
    try:
        L = np.linalg.cholesky(curvature + mu * np.eye(gradient.size))
    except np.linalg.LinAlgError:
        return None
    step = np.linalg.solve(L.T, np.linalg.solve(L, gradient))
    return np.asarray(step) if np.isfinite(step).all() else None
