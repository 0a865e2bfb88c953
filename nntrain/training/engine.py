"""The engine of a run: its parameters, its workspace, and the compiled functions bound to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.mapped.split import release
from nntrain.data.prepare import Split
from nntrain.jit.aligned import empty
from nntrain.network import lsuv
from nntrain.network.epoch import evaluate, steps
from nntrain.network.inference import CHUNK_ROWS, ForwardPass, compile_products_in_background
from nntrain.network.layer_table import StepResults, Update
from nntrain.network.row_weights import criterion_of
from nntrain.network.thread_pool import ThreadPool
from nntrain.optimizers.averaging import MEAN, SLOW, START
from nntrain.training.baseline import Rows, baselines
from nntrain.training.events import Baseline, Scores
from nntrain.training.memory_check import check_memory
from nntrain.training.plan import Plan
from nntrain.training.running_statistics import measure_averages
from nntrain.training.scoring import Scorer
from nntrain.training.second_order import SecondOrder
from nntrain.training.windows import WindowedOrder
from nntrain.utils.finite import all_finite

MAX_LOGGED_PARAMETERS = 8  # larger networks' parameters are not in the metrics
Indices = NDArray[np.int64]
Reals = NDArray[np.float64]
PROBE_ROWS = 512  # maximum number of training rows for statistics


class Engine(SecondOrder):
    """A run's arrays, allocated once, and the operations on them.

    Attributes:
        theta: the parameters (P), followed by the buffers, such as the running averages of batch norm.
        grad: the gradient of the last step (P).
        state: state vectors of the optimizer, Lookahead's slow weights, averaged weights (S, as long as theta).
        gradient_norm: norm of the last gradient before clipping.
        pool: the threads that compute large products.
        splits: the rows of each split; of a training split in a mapped file, a sample.
        clipped: number of steps so far whose gradient was clipped.
    """

    def __init__(self, plan: Plan, n_threads: int | None = None, theta: NDArray[Any] | None = None) -> None:
        """Allocate the arrays of a run.

        Args:
            plan: what to train.
            n_threads: the maximum number of threads that share a step; None for as many as there are cores.
            theta: the first parameters; None for those that the plan's initializers draw.
        """
        check_memory(plan)
        self.plan = plan
        self.dtype = np.dtype(plan.training.dtype)
        rows = max(plan.batch_rows, CHUNK_ROWS)
        compile_products_in_background(plan.network, self.dtype, rows, evaluate)
        self._steps = steps[self.dtype]  # first, as it takes as long to compile as all others together
        rule = plan.optimizer.update.address(self.dtype)
        self.theta = plan.network.initial(plan.seed, self.dtype)
        self.theta[:] = self.theta if theta is None else theta
        self.grad = empty(plan.network.parameters, self.dtype)
        self.state = empty((plan.state_rows, self.theta.size), self.dtype)
        self.grad[:], self.state[:] = 0, 0
        self._unclipped = np.zeros_like(self.grad) if plan.regularization.clips else self.grad[:0]
        self.gradient_norm = 0.0
        self.clipped = 0
        splits = {"train": plan.sample, "validation": plan.data.validation, "test": plan.data.test}
        self.splits = {name: self.rows(part) for name, part in splits.items() if part is not None}
        self.train = self.splits["train"]
        self.probe = self.train[:PROBE_ROWS]  # in random order, as the split shuffles
        self.pool = ThreadPool(self.dtype, plan.network.largest_product(rows), n_threads)
        if theta is None:
            lsuv.fit(plan.network, self.theta, self.probe.x, self.pool)
        self.state[plan.optimizer_rows :] = self.theta

        targets = self.train.target.shape[1]
        self.workspace = plan.network.workspace(plan.batch_rows, targets, self.dtype, self.pool.mailbox)
        self._forward = ForwardPass(plan.network, self.dtype, targets, self.pool)
        self._table = self._forward.table
        hyper = np.array(plan.optimizer.hyper(), np.float64)
        tensors, self._averages = plan.network.tensors(), plan.averages
        self._update = Update(
            rule, int(plan.optimizer.elementwise), hyper, plan.penalty, plan.seed, tensors, self._averages, plan.sam
        )
        self._loss = criterion_of(plan.loss, self.dtype, self.train.target, self.train.weights)
        self._sample_weights = plan.loss.sample_weights(self.train.target, self.train.weights)
        self._scorer = Scorer(plan)
        self._measured_at = -1  # step after which the running averages of averaged weights were last computed

    def rows(self, part: Split) -> Rows:
        """Return data as the compiled functions read them."""
        target = self.plan.loss.target_columns(part.y, self.plan.n_classes, self.plan.network.outputs)
        return Rows(part.features(self.dtype), np.ascontiguousarray(target, self.dtype), part.y, part.weights)

    def _take_steps(self, order: Indices, done: int, learning_rates: Reals) -> Reals:
        at_once, batch, found = self.plan.steps_in_memory or max(1, learning_rates.size), self.plan.batch_rows, []
        for start in range(0, learning_rates.size, at_once):
            stop = start + at_once
            rates, rows = learning_rates[None, start:stop], order[None, start * batch : stop * batch]
            results, taken = self._run(rows, done + start, rates, self._update, keep_epoch_thetas=False)
            self.clipped += int(results.clipped[0, :taken].sum())
            found.append(results.losses[0, :taken])
            if taken < rates.size:
                break
        return np.concatenate([np.empty(0), *found])

    def loss_and_gradient(self, rows: Indices | None = None, done: int = 0) -> tuple[float, NDArray[Any]]:
        """Return the loss of a batch and its gradient, with penalties; parameters, buffers and state stay as they are.

        Args:
            rows: indices of up to ``plan.batch_rows`` training rows; None for all of them, in full-batch training.
            done: the steps taken before, which select the units that dropout drops.

        Returns:
            The loss without penalties, and ``grad`` (P), which this fills, as it fills the workspace. If the loss is
            not finite, the gradient is without penalties.

        Raises:
            ValueError: if there are more rows than a batch has.
        """
        buffers = self.theta[self.grad.size :].copy()
        loss = self.step_without_update(rows, done)
        self.theta[self.grad.size :] = buffers
        return loss, self.grad

    def step_without_update(self, rows: Indices | None = None, done: int = 0) -> float:
        """Do the same as ``loss_and_gradient``, but also update the running averages; return the loss."""
        rows = np.arange(len(self.plan.data.train.x)) if rows is None else rows
        if rows.size > self.plan.batch_rows:
            raise ValueError(f"{rows.size} rows do not fit into a batch of {self.plan.batch_rows}")
        no_update = self._update._replace(address=0)
        results, _ = self._run(rows[None], done, np.zeros((1, 1)), no_update, keep_epoch_thetas=False)
        return float(results.losses[0, 0])

    def take_epochs(self, orders: Indices, done: int, learning_rates: Reals) -> StepResults | None:
        """Train E epochs on the rows ``orders`` (E, N) at ``learning_rates`` (E, K), after ``done`` steps.

        Returns:
            The results of each; None if a number was not finite.
        """
        results, taken = self._run(orders, done, learning_rates, self._update, keep_epoch_thetas=True)
        return results if taken == learning_rates.size and self.is_finite() else None

    def is_finite(self) -> bool:
        """Return whether parameters and optimizer state are finite. Infinite second moments would make all steps 0."""
        return all_finite(self.theta) and all_finite(self.state)

    def _run(
        self, orders: Indices, done: int, learning_rates: Reals, update: Update, keep_epoch_thetas: bool
    ) -> tuple[StepResults, int]:
        epochs = len(orders)
        ends = np.empty((epochs if keep_epoch_thetas else 0, self.theta.size), self.dtype)
        shape = learning_rates.shape
        results = StepResults(np.empty(shape), np.zeros(shape, np.bool_), np.empty(epochs), self._unclipped, ends)
        data = self._rows_of(orders)
        run = (self._table, self.theta, self.grad, self.state, update, self._loss)
        taken = self._steps(*run, *data, done, learning_rates, results, self.workspace)
        self.gradient_norm = float(results.norms[-1])
        return results, taken

    def _rows_of(self, orders: Indices) -> tuple[NDArray[Any], NDArray[Any], Indices]:
        """Return features, targets and the orders (E, N) of rows in them: all rows, or of a mapped file these alone."""
        train = self.plan.data.train
        if train.in_memory:
            return self.train.x, self.train.target, orders
        rows = self.rows(train.take(orders[0]))
        release(train.x)
        release(train.y)
        return rows.x, rows.target, np.arange(orders.size)[None]

    def epoch_loss(self, losses: Reals, order: Indices | WindowedOrder) -> float:
        """Return the loss of an epoch from those of its steps (K), taken on the rows ``order``."""
        if isinstance(order, WindowedOrder):  # all rows weigh the same
            return self.plan.loss.combine(losses[None], order.size, self.plan.batch_rows)[0]
        return self.epoch_losses(losses[None], order[None])[0]

    def epoch_losses(self, losses: Reals, orders: Indices) -> list[float]:
        """Return the loss of each epoch from those of its steps (E, K), taken on the rows ``orders`` (E, N)."""
        weights = None if self._sample_weights is None else self._sample_weights[orders]
        return self.plan.loss.combine(losses, orders.shape[1], self.plan.batch_rows, weights)

    def score(self, rows: Rows, alive: NDArray[np.bool_] | None = None) -> Scores:
        """Return loss and metric of the current parameters on ``rows``."""
        output, loss = self._forward.loss(self.theta, rows.x, rows.target, self.plan.loss, alive, rows.weights)
        return self._scorer.scores(output[None], [loss], rows)[0]

    def scores_of(self, thetas: NDArray[Any], rows: Rows) -> list[Scores]:
        """Return loss and metric of each of the parameters ``thetas`` (E, P) on ``rows``."""
        outputs, losses = self._forward.losses(thetas, rows.x, rows.target, self.plan.loss, weights=rows.weights)
        return self._scorer.scores(outputs, losses, rows)

    def scores(self) -> dict[str, Scores]:
        """Return loss and metric on every split."""
        return {name: self.score(rows) for name, rows in self.splits.items()}

    @contextmanager
    def measured_weights(self, step: int) -> Iterator[None]:
        """Within the context, theta holds the weights to evaluate after ``step`` steps: averaged, slow or current."""
        training, averages, own = self.plan.training, self._averages, self.plan.optimizer.evaluated_row
        if training.averaging is not None and step >= averages[START]:
            row = mean = int(averages[MEAN])
        elif training.lookahead is not None:
            row, mean = int(averages[SLOW]), None
        elif own is not None and step > 0:
            row = mean = own
        else:
            yield
            return
        if row == mean and step != self._measured_at:
            self.state[row, self.grad.size :] = self.theta[self.grad.size :]  # biases that are not trainable, too
            measure_averages(self.plan, self._table, self.state[row], step, self.workspace)
            self._measured_at = step
        current = self.theta.copy()
        self.theta[:] = self.state[row]
        try:
            yield
        finally:
            self.theta[:] = current

    def validation(self, step: int) -> Scores | None:
        """Return loss and metric on the validation split after ``step`` steps, None without validation."""
        rows = self.splits.get("validation")
        if rows is None:
            return None
        with self.measured_weights(step):
            return self.score(rows)

    def outputs(self, rows: Rows, theta: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the outputs (N, O) for ``rows``, of the current parameters or of ``theta``."""
        return self._forward.outputs(self.theta if theta is None else theta, rows.x)

    def activations(self) -> list[NDArray[Any]]:
        """Return each layer's activations (N, O) for the first rows of the probe."""
        return self._forward.activations(self.theta, self.probe.x[:CHUNK_ROWS])

    @cached_property
    def baseline(self) -> dict[str, Baseline]:
        """Loss and metric of the best constant prediction on each split."""
        plan = self.plan
        return baselines(plan.loss, plan.network.outputs, plan.n_classes, self.splits, plan.data.targets)

    @property
    def unclipped_gradient(self) -> NDArray[Any]:
        """The gradient of the last step (P), before it was clipped."""
        return self._unclipped if self._unclipped.size else self.grad

    def few_parameters(self) -> tuple[float, ...] | None:
        """Return the parameters of a small network, None for a larger one."""
        return tuple(self.theta[: self.grad.size].tolist()) if self.grad.size <= MAX_LOGGED_PARAMETERS else None
