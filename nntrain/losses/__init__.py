"""Losses: how far outputs are from targets, and the gradient from which backpropagation starts.

A loss is one compiled function that returns its value and fills ``delta`` with dL/do. One loop computes both, so that
they cannot contradict each other. The base class says how targets are encoded and what the outputs mean.

Sources named by an author alone are lecture slides: see :mod:`nntrain.optimizers`.
"""

from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.kernels import CompiledFunction, by_address
from nntrain.jit.lazy import types
from nntrain.registry import Component


def LOSS(F: Any) -> Any:  # noqa: N802 - one constant per float type F
    """(output (B, O), target (B, T), delta (B, O), numbers): fill delta with dL/do and return L."""
    return types.float64(F[:, ::1], F[:, ::1], F[:, ::1], types.float64[::1])


call_loss = by_address(LOSS)


RowWeights = NDArray[np.float64] | None


def mean(values: NDArray[Any], weights: RowWeights = None) -> NDArray[np.float64]:
    """Return the mean of each column of ``values`` (N, T), with the rows' ``weights`` (N)."""
    if weights is None:
        return np.asarray(values.mean(axis=0, dtype=np.float64))
    return np.asarray(np.average(values.astype(np.float64), axis=0, weights=weights))


class Loss(Component, family="loss"):
    """A loss L(o, o*) of the outputs o (B samples, O units) and the targets o*.

    The defaults suit a loss of O real targets, such as squared errors. Classes are one-hot encoded for it.
    """

    function: ClassVar[CompiledFunction]
    reduction: ClassVar[Literal["mean", "sum"]] = "mean"  # over the samples of a batch
    tasks: ClassVar[tuple[str, ...]] = ("regression", "classification")
    classes: ClassVar[int | None] = None  # the number that the loss requires, if any
    several: ClassVar[bool] = False  # whether it suits several labels of two classes, yes and no, at once
    has_kinks: ClassVar[bool] = False  # whether its derivative has jumps
    needs_counts: ClassVar[bool] = False  # whether targets must be counts, which are never negative
    included_activation: ClassVar[str] = (
        ""  # the output activation that the loss includes: the output layer must be linear
    )

    def lower_bound(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> float | None:
        """Return the lower bound of the loss on ``target`` (N, T) for a number of outputs; None if it has none.

        ``weights`` are those of the rows (N); None: all weigh the same.
        """
        return 0.0

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return the constant outputs (O) with the lowest loss on ``target`` (N, T), with the rows' ``weights`` (N).

        They are the baseline: the best prediction without any features.
        """
        return mean(target, weights)

    def numbers(self) -> tuple[float, ...]:
        """Return the loss's parameters in the order in which its function reads them."""
        return ()

    def criterion(self, dtype: np.dtype[Any]) -> tuple[int, NDArray[np.float64]]:
        """Return the address of the function for ``dtype``, and the parameters."""
        return self.function.address(dtype), np.array(self.numbers(), np.float64)

    def hessian_product(
        self, output: NDArray[Any], target: NDArray[Any], direction: NDArray[Any]
    ) -> NDArray[Any] | None:
        """Return d²L/do² times ``direction`` (B, O), with rows of equal weight; None if there is no formula."""
        return None

    def prediction(self, output: NDArray[Any]) -> NDArray[Any]:
        """Return the predicted targets (N, T) for ``output``, for regression."""
        return output

    def outputs(self, n_targets: int, n_classes: int | None) -> int:
        """Return the number of output units: one for each target (``n_classes`` None) or class."""
        return n_targets if n_classes is None else n_classes

    def resolved(self, counts: NDArray[Any]) -> Self:
        """Return the loss with data-dependent settings resolved.

        ``counts`` is the number of training samples of each class, or their total weight.

        Raises:
            ValueError: if it does not fit the classes.
        """
        return self

    def differentiable(self) -> Self:
        """Return the loss in a form whose gradient is its derivative everywhere, for comparison with differences."""
        return self

    def sample_weights(self, target: NDArray[Any], weights: RowWeights = None) -> RowWeights:
        """Return the weight of each sample of ``target`` (N, T) in the mean, or None if all weigh the same.

        ``weights`` are those of the rows (N), which the loss may multiply by weights of its own.
        """
        return weights

    def combine(
        self, losses: NDArray[np.float64], rows: int, batch: int, weights: NDArray[np.float64] | None = None
    ) -> list[float]:
        """Return the losses over all samples, for E epochs or sets of parameters, from the losses of batches.

        Args:
            losses: of each batch (E, C).
            rows: number of samples (N).
            batch: samples in a batch; the last may have fewer.
            weights: of each sample, as :meth:`sample_weights` returns them, in the order of the batches: (N) or (E, N).
        """
        with np.errstate(over="ignore"):  # infinity is the right result
            if self.reduction == "sum":
                combined = losses.sum(axis=1)
            elif weights is not None:
                masses = np.add.reduceat(weights, np.arange(0, rows, batch), axis=-1)
                combined, total = (losses * masses).sum(axis=1), masses.sum(axis=-1)
                combined = combined / np.where(total > 0, total, 1)  # if all weights are 0, so is the sum
            else:
                last = losses.shape[1] - 1
                combined = (losses[:, :last].sum(axis=1) * batch + losses[:, last] * (rows - last * batch)) / rows
            return list(combined.tolist())

    def target_columns(self, y: NDArray[Any], n_classes: int | None, outputs: int) -> NDArray[np.float64]:
        """Return ``y`` as the target columns that the loss reads: (N, T) reals, (N,) class indices, or (N, L) labels.

        Compiled losses do not check them against the network's ``outputs``: this does.

        Raises:
            ValueError: if they do not fit, or a class index is not below ``n_classes``.
        """
        if n_classes is None:
            fits = "regression" in self.tasks and y.ndim == 2 and self.outputs(y.shape[1], None) == outputs
        else:
            labels = y.shape[1] if y.ndim == 2 and self.several and n_classes == 2 else 1
            known = y.dtype == np.int64 and bool(((y >= 0) & (y < n_classes)).all())
            shaped = y.ndim == 1 or labels > 1
            fits = known and shaped and "classification" in self.tasks and self.outputs(labels, n_classes) == outputs
        if not fits:
            raise ValueError(f"targets {y.shape} of {y.dtype} do not fit {self.name} with {outputs} outputs")
        return self.encode(y, n_classes)

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return ``y`` as :meth:`target_columns` does, without checks."""
        if n_classes is None:
            return np.asarray(y, np.float64)
        columns = np.zeros((y.size, n_classes))
        columns[np.arange(y.size), y] = 1
        return columns

    def predict_class(self, output: NDArray[Any]) -> NDArray[np.int64]:
        """Return the predicted class index for each row of ``output`` (N, O); of several labels (N, L)."""
        return np.asarray(np.argmax(output, axis=1))

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return the class probabilities (N, C) for ``output``, or None if the loss defines none.

        Of several labels, it is the probability of each (N, L).
        """
        return None
