"""The engine of a run: its parameters, its buffers, and the compiled functions bound to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Part
from nntrain.jit.aligned import empty
from nntrain.layers.dropout import step_key
from nntrain.metrics import accuracy, r2
from nntrain.network import lsuv as unit_variance
from nntrain.network.epoch import evaluate, steps, update_averages
from nntrain.network.inference import ROWS, ForwardPass, compile_products_beside
from nntrain.network.layer_table import Criterion, StepResults, Update
from nntrain.network.thread_pool import ThreadPool
from nntrain.optimizers.averaging import MEAN, SLOW, START
from nntrain.training.baseline import Rows, baselines
from nntrain.training.events import Baseline, Scores
from nntrain.training.memory_check import check_room
from nntrain.training.plan import Plan

RUNNING = ("running_mean", "running_var")  # what batch norm keeps
MAX_LOGGED_PARAMETERS = 8  # larger networks' parameters are not in the metrics
PROBE_ROWS = 512  # training rows, at most, that dead units are looked for with


class Engine:
    """A run's arrays, allocated once, and what can be done to them.

    Attributes:
        theta: the parameters (P), and the running averages of normalised layers after them.
        grad: the gradient of the last step (P).
        state: the optimizer's state vectors, and slow weights and averages (S, as long as theta).
        gradient_norm: of the last gradient, before it was clipped.
        crew: the threads that share its large products.
        clipped: steps, so far, whose gradient was clipped.
    """

    def __init__(self, plan: Plan) -> None:
        check_room(plan)
        self.plan = plan
        self.dtype = np.dtype(plan.training.dtype)
        compile_products_beside(plan.network, self.dtype, max(plan.batch_rows, ROWS), evaluate)
        self._steps = steps[self.dtype]  # before the others are asked for: it takes as long to compile as they do
        rule, self._loss = plan.optimizer.update.address(self.dtype), Criterion(*plan.loss.criterion(self.dtype))
        self.theta = plan.network.initial(plan.seed, self.dtype)
        self.grad = empty(plan.network.parameters, self.dtype)
        self.state = empty((plan.state_rows, self.theta.size), self.dtype)
        self.grad[:], self.state[:] = 0, 0
        self._unclipped = np.zeros_like(self.grad) if plan.regularization.clips else self.grad[:0]
        self.gradient_norm = 0.0
        self.clipped = 0
        parts = {"train": plan.data.train, "validation": plan.data.validation, "test": plan.data.test}
        self.parts = {name: self.rows(part) for name, part in parts.items() if part is not None}
        self.train = self.parts["train"]
        self.probe = self.train[:PROBE_ROWS]  # the split has shuffled them
        unit_variance.fit(plan.network, self.theta, self.probe.x)
        self.state[plan.optimizer.state_rows :] = self.theta

        targets = self.train.target.shape[1]
        self.pool = ThreadPool(self.dtype)
        self.workspace = plan.network.workspace(plan.batch_rows, targets, self.dtype, self.pool)
        self._forward = ForwardPass(plan.network, self.dtype, targets, self.pool)
        self._table = self._forward.table
        hyper = np.array(plan.optimizer.hyper(), np.float64)
        tensors, self._followers = plan.network.tensors(), plan.averages
        self._update = Update(
            rule, int(plan.optimizer.elementwise), hyper, plan.penalty, plan.seed, tensors, self._followers
        )
        self._weights = plan.loss.weigh(self.train.target)
        self._measured_at = -1  # step of the weights whose running averages were measured

    def rows(self, part: Part) -> Rows:
        """Return data as the compiled functions read them."""
        target = self.plan.loss.target_columns(part.y, self.plan.n_classes, self.plan.network.outputs)
        return Rows(part.features(self.dtype), np.ascontiguousarray(target, self.dtype), part.y)

    def take(self, order: NDArray[np.int64], done: int, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take a step for each of ``rates`` on the rows ``order``, after ``done`` steps of the run.

        Returns:
            The loss of each step that was taken; fewer than ``rates`` if one was not finite.
        """
        told, taken = self._take(order[None], done, rates[None], keep_ends=False)
        self.clipped += int(told.clipped[0, :taken].sum())
        return told.losses[0, :taken]

    def take_epochs(self, orders: NDArray[np.int64], done: int, rates: NDArray[np.float64]) -> StepResults | None:
        """Train some epochs, on the rows ``orders`` (E, N) at ``rates`` (E, K), after ``done`` steps of the run.

        Returns:
            What each of them led to; None if a number was not finite.
        """
        told, taken = self._take(orders, done, rates, keep_ends=True)
        return told if taken == rates.size and self.is_finite() else None

    def is_finite(self) -> bool:
        """Return whether parameters and optimizer state are finite: squares that overflow would stop all steps."""
        return _all_finite(self.theta) and _all_finite(self.state)

    def _take(
        self, orders: NDArray[np.int64], done: int, rates: NDArray[np.float64], keep_ends: bool
    ) -> tuple[StepResults, int]:
        epochs = len(orders)
        ends = np.empty((epochs if keep_ends else 0, self.theta.size), self.dtype)
        told = StepResults(
            np.empty(rates.shape), np.zeros(rates.shape, np.bool_), np.empty(epochs), self._unclipped, ends
        )
        data = (self.train.x, self.train.target, orders)
        run = (self._table, self.theta, self.grad, self.state, self._update, self._loss)
        taken = self._steps(*run, *data, done, rates, told, self.workspace)
        self.gradient_norm = float(told.norms[-1])
        return told, taken

    def combined(self, losses: NDArray[np.float64], orders: NDArray[np.int64]) -> list[float]:
        """Return the losses of epochs from those of their steps (E, K), which took the rows ``orders`` (E, N)."""
        weights = None if self._weights is None else self._weights[orders]
        return self.plan.loss.combine(losses, orders.shape[1], self.plan.batch_rows, weights)

    def score(self, rows: Rows, alive: NDArray[np.bool_] | None = None) -> Scores:
        """Return loss and metric on ``rows``, with the parameters as they stand."""
        output, loss = self._forward.loss(self.theta, rows.x, rows.target, self.plan.loss, alive)
        if self.plan.n_classes is not None:
            return Scores(loss, float(accuracy(rows.y, self.plan.loss.predict_class(output))))
        return Scores(loss, r2(rows.y, self.plan.loss.prediction(output)))

    def scores_of(self, thetas: NDArray[Any], rows: Rows) -> list[Scores]:
        """Return loss and metric on ``rows``, with each of the parameters ``thetas`` (E, P)."""
        loss = self.plan.loss
        outputs, losses = self._forward.losses(thetas, rows.x, rows.target, loss)
        if self.plan.n_classes is None:
            metrics: list[float | None] = [r2(rows.y, loss.prediction(output)) for output in outputs]
        else:  # of all at once
            decided = loss.predict_class(outputs.reshape(-1, outputs.shape[2])).reshape(len(thetas), -1)
            metrics = list(accuracy(rows.y, decided))
        return [Scores(value, metric) for value, metric in zip(losses, metrics, strict=True)]

    def scores(self) -> dict[str, Scores]:
        """Return loss and metric on every part of the data."""
        return {name: self.score(rows) for name, rows in self.parts.items()}

    @contextmanager
    def measured_weights(self, step: int) -> Iterator[None]:
        """Put into theta, for a while, the weights that count after ``step`` steps: the mean or the slow ones."""
        training, averages = self.plan.training, self._followers
        if training.averaging is not None and step >= averages[START]:
            row = int(averages[MEAN])
        elif training.lookahead is not None:
            row = int(averages[SLOW])
        else:
            yield
            return
        if training.averaging is not None and row == averages[MEAN]:
            self._measure_averages(self.state[row], step)
        learning = self.theta.copy()
        self.theta[:] = self.state[row]
        try:
            yield
        finally:
            self.theta[:] = learning

    def _measure_averages(self, theta: NDArray[Any], step: int) -> None:
        """Measure the running averages of batch norm for weights that were averaged: the mean of theirs is not theirs.

        They become the means over the batches of the training part, each as in a training step.

        Source: Izmailov et al., arXiv 1803.05407; torch.optim.swa_utils.update_bn.
        """
        running = [arrays[name] for arrays in self.plan.network.arrays(theta) for name in arrays if name in RUNNING]
        if not running or step == self._measured_at:
            return
        for values in running:
            values[:] = 0
        table, rows, key = self._table.copy(), self.plan.batch_rows, int(step_key(self.plan.seed, step))
        update = update_averages[self.dtype]
        for number, start in enumerate(range(0, len(self.train.x), rows), start=1):
            table["momentum"] = 1 / number
            update(table, theta, self.train.x[start : start + rows], key, self.workspace)
        self._measured_at = step

    def validation(self, step: int) -> Scores | None:
        """Return loss and metric on the validation part after ``step`` steps, None where there is none."""
        rows = self.parts.get("validation")
        if rows is None:
            return None
        with self.measured_weights(step):
            return self.score(rows)

    def outputs(self, rows: Rows, theta: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the outputs (N, O) for ``rows``, with the parameters as they stand or with ``theta``."""
        return self._forward.outputs(self.theta if theta is None else theta, rows.x)

    @cached_property
    def baseline(self) -> dict[str, Baseline]:
        """What the best constant prediction reaches on each part of the data."""
        return baselines(self.plan.loss, self.plan.network.outputs, self.plan.n_classes, self.parts)

    @property
    def unclipped_gradient(self) -> NDArray[Any]:
        """The gradient of the last step (P), before it was clipped."""
        return self._unclipped if self._unclipped.size else self.grad

    def few_parameters(self) -> tuple[float, ...] | None:
        """Return the parameters of a network that has a few only, None of others."""
        return tuple(self.theta[: self.grad.size].tolist()) if self.grad.size <= MAX_LOGGED_PARAMETERS else None


def _all_finite(values: NDArray[Any]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):  # the sum is quicker, but may overflow by itself
        return bool(np.isfinite(values.sum()) or np.isfinite(values).all())
