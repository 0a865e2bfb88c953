"""Losses: how far the outputs are from the targets, and the gradient that backpropagation starts from.

A loss is one compiled function that returns its value and fills ``delta`` with dL/do, value and gradient side by
side in one loop, so that they cannot drift apart. The family's base says how targets are coded for it and what its
outputs mean.
"""

from typing import Any, ClassVar, Literal, Self

import numpy as np
from numba import types
from numpy.typing import NDArray

from nntrain.jit.kernels import CompiledFunction, by_address
from nntrain.registry import Component


def LOSS(F: Any) -> Any:  # noqa: N802 - a constant of a float type
    """(output (B, O), target (B, T), delta (B, O), numbers): fill delta with dL/do and return L."""
    return types.float64(F[:, ::1], F[:, ::1], F[:, ::1], types.float64[::1])


call_loss = by_address(LOSS)


class Loss(Component, family="loss"):
    """A loss L(o, o*) of the outputs o (B rows, O units) and the targets o*.

    The base describes a loss on real targets, which squared errors share: O columns of numbers; a class is coded
    as 1 among zeros.
    """

    function: ClassVar[CompiledFunction]
    reduction: ClassVar[Literal["mean", "sum"]] = "mean"  # over the rows of a batch
    tasks: ClassVar[tuple[str, ...]] = ("regression", "classification")
    classes: ClassVar[int | None] = None  # how many there have to be, for a loss that can tell so many apart only
    has_kinks: ClassVar[bool] = False  # whether its derivative jumps somewhere
    counts: ClassVar[bool] = False  # whether targets are counts, which are never negative
    inside: ClassVar[str] = ""  # the output activation that the loss contains: the output layer is to be linear then

    def least(self, target: NDArray[Any], outputs: int) -> float | None:
        """Return the lower bound of the loss on ``target`` (N, T) with so many outputs; None if there is none."""
        return 0.0

    def constant(self, target: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Return the outputs (O) with the least loss on ``target`` (N, T) among those that are the same for all rows.

        They are the baseline: what a model predicts that does not look at the features.
        """
        return np.asarray(target.mean(axis=0, dtype=np.float64))

    def numbers(self) -> tuple[float, ...]:
        """Return the loss's own numbers in the order in which its function unpacks them."""
        return ()

    def criterion(self, dtype: np.dtype[Any]) -> tuple[int, NDArray[np.float64]]:
        """Return the address of the function for ``dtype``, and the numbers."""
        return self.function.address(dtype), np.array(self.numbers(), np.float64)

    def prediction(self, output: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers (N, T) that ``output`` predicts, for regression."""
        return output

    def outputs(self, n_targets: int, n_classes: int | None) -> int:
        """Return how many output units the network needs, a unit for each target or class (None: regression)."""
        return n_targets if n_classes is None else n_classes

    def resolved(self, counts: NDArray[np.int64]) -> Self:
        """Return the loss with nothing left open, for ``counts`` training rows of each class.

        Raises:
            ValueError: if it does not suit so many classes.
        """
        return self

    def differentiable(self) -> Self:
        """Return the loss as differences can check its gradient: without bounds that the gradient passes through."""
        return self

    def weigh(self, target: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return what each row of ``target`` (N, T) counts in the mean, or None where all count the same."""
        return None

    def combine(
        self, losses: NDArray[np.float64], rows: int, batch: int, weights: NDArray[np.float64] | None = None
    ) -> list[float]:
        """Return the losses over all rows, of E epochs or parameters, from those of their batches.

        Args:
            losses: of each batch (E, C).
            rows: how many there are (N).
            batch: rows of a batch; the last may have fewer.
            weights: of each row, as :meth:`weigh` returns them, in the order of the batches: (N) or (E, N).
        """
        with np.errstate(over="ignore"):  # infinity is what it is then
            if self.reduction == "sum":
                whole = losses.sum(axis=1)
            elif weights is not None:
                masses = np.add.reduceat(weights, np.arange(0, rows, batch), axis=-1)
                whole, total = (losses * masses).sum(axis=1), masses.sum(axis=-1)
                whole = whole / np.where(total > 0, total, 1)  # nothing counts: the sum is 0 too
            else:
                last = losses.shape[1] - 1
                whole = (losses[:, :last].sum(axis=1) * batch + losses[:, last] * (rows - last * batch)) / rows
            return list(whole.tolist())

    def target_columns(self, y: NDArray[Any], n_classes: int | None, outputs: int) -> NDArray[np.float64]:
        """Return ``y`` ((N, T) reals or (N,) class indices) as the target columns that the loss reads.

        Compiled losses take them, and the network's ``outputs``, at their word.

        Raises:
            ValueError: if they do not suit each other, or a class index is not below ``n_classes``.
        """
        if n_classes is None:
            fits = "regression" in self.tasks and y.ndim == 2 and self.outputs(y.shape[1], None) == outputs
        else:
            known = y.ndim == 1 and y.dtype == np.int64 and bool(((y >= 0) & (y < n_classes)).all())
            fits = known and "classification" in self.tasks and self.outputs(1, n_classes) == outputs
        if not fits:
            raise ValueError(f"targets {y.shape} of {y.dtype} do not suit {self.name} of {outputs} outputs")
        return self.encode(y, n_classes)

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return ``y`` as :meth:`target_columns` does, taking for granted that it suits the loss."""
        if n_classes is None:
            return np.asarray(y, np.float64)
        columns = np.zeros((y.size, n_classes))
        columns[np.arange(y.size), y] = 1
        return columns

    def predict_class(self, output: NDArray[Any]) -> NDArray[np.int64]:
        """Return the class index that each row of ``output`` (N, O) speaks for."""
        return np.asarray(np.argmax(output, axis=1))

    def probabilities(self, output: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return the class probabilities (N, C) that ``output`` means, or None where it means none."""
        return None
