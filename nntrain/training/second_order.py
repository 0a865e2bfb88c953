"""What an engine does with second derivatives: products with the Hessian, and steps that need them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.network.layer_table import Workspace
from nntrain.training.baseline import Rows
from nntrain.training.hessian import hessian_product, random_signs
from nntrain.training.plan import Plan

Indices = NDArray[np.int64]
Reals = NDArray[np.float64]


class SecondOrder:
    """A base of the engine, which has these attributes."""

    plan: Plan
    dtype: np.dtype[Any]
    theta: NDArray[Any]
    grad: NDArray[Any]
    state: NDArray[Any]
    train: Rows
    workspace: Workspace

    def hessian_product(self, rows: Indices, vector: NDArray[Any]) -> NDArray[Any]:
        """Return the Hessian of a batch's loss, with the l2 penalty, times ``vector`` (P), where there is a formula."""
        self.loss_and_gradient(rows)  # fills z and h
        x, target = self.train.x[rows], self.train.target[rows]
        return hessian_product(self.plan, self.theta, x, target, self.workspace, vector)

    def take_steps(self, order: Indices, done: int, learning_rates: Reals) -> Reals:
        """Take a step for each of ``learning_rates`` on the rows ``order``, after ``done`` steps.

        Returns:
            The loss of each step taken; fewer than ``learning_rates`` if a loss was not finite.
        """
        if self.plan.optimizer.curvature_row is not None:
            return self._take_curved_steps(order, done, learning_rates)
        return self._take_steps(order, done, learning_rates)

    def _take_curved_steps(self, order: Indices, done: int, learning_rates: Reals) -> Reals:
        """Take the steps one by one, with an estimate of the curvature before each that needs one."""
        optimizer, rows, losses = self.plan.optimizer, self.plan.batch_rows, np.empty(0)
        for k, rate in enumerate(learning_rates, start=done + 1):
            batch = order[(k - done - 1) * rows : (k - done) * rows]
            if optimizer.estimates_curvature(k):
                z = random_signs(self.plan.seed, k, self.grad.size, self.dtype)
                self.state[optimizer.curvature_row, : z.size] = z * self.hessian_product(batch, z)
            losses = np.concatenate([losses, self._take_steps(batch, k - 1, np.array([rate]))])
            if losses.size < k - done:
                break
        return losses

    def loss_and_gradient(self, rows: Indices | None = None, done: int = 0) -> tuple[float, NDArray[Any]]:
        """Return the loss of a batch and its gradient; see the engine."""
        raise NotImplementedError

    def _take_steps(self, order: Indices, done: int, learning_rates: Reals) -> Reals:
        raise NotImplementedError
