"""Power transforms of targets in regression, fitted on the training split only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nntrain.data.preprocessing import Numbers, Standardizer
from nntrain.data.text_table import Table
from nntrain.errors import InputError, Problem, bad_key, others

Transform = Literal["log", "log1p", "yeo_johnson"]
BOUNDS: dict[Transform, float] = {"log": 0.0, "log1p": -1.0}  # targets have to be larger
KEY = "data.target_transform"
TOLERANCE = 1e-9  # of the range of the targets: the error of a transform and its inverse


@dataclass(frozen=True)
class TransformedTargets(Standardizer):
    """Transforms targets, subtracts the mean and divides by the standard deviation of the transformed targets.

    Formula:
        y <- (g(y) - mean) / scale

        log:          g(y) = ln y
        log1p:        g(y) = ln (1 + y)
        yeo_johnson:  g(y) =  ((1 + y)^λ - 1) / λ              for y >= 0; ln (1 + y) for λ = 0
                      g(y) = -((1 - y)^(2 - λ) - 1) / (2 - λ)  for y < 0; -ln (1 - y) for λ = 2
                      with the λ under which g(y) is most likely a sample of a normal distribution

    Predictions are limited to one range of the training targets beyond the smallest and the largest of them, as a small
    error of a logarithm is a large one of its exponential.

    Source: sklearn.preprocessing.PowerTransformer; Yeo and Johnson, A new family of power transformations, 2000.

    Attributes:
        transform: which g.
        lambdas: the λ of each target (T); 1 for other transforms.
        low: the smallest prediction of each target (T).
        high: the largest one.
    """

    transform: Transform
    lambdas: Numbers
    low: Numbers
    high: Numbers
    affine: ClassVar[bool] = False

    @property
    def result(self) -> str:
        """What the targets become."""
        standardized = bool((self.mean != 0).any() or (self.scale != 1).any())
        return f"{'standardized ' if standardized else ''}{self.transform} of the targets"

    def apply(self, x: Numbers) -> Numbers:
        """Return targets (N, T) transformed and standardized; NaN or infinite where the transform is not defined."""
        return super().apply(transformed(x, self.transform, self.lambdas))

    def invert(self, x: Numbers) -> Numbers:
        """Return transformed and standardized targets (N, T) in their original units."""
        return inverse(super().invert(x), self.transform, self.lambdas)

    def prediction(self, x: Numbers) -> Numbers:
        """Return predicted transformed and standardized targets (N, T) in original units, within the limits."""
        return np.clip(self.invert(x), self.low, self.high)

    def problems(self, table: Table, names: Sequence[str], y: Numbers) -> list[Problem]:
        """Return a problem if a table has targets (N, T) of these ``names`` that the transform cannot take."""
        bound = BOUNDS.get(self.transform)
        if bound is None or not (wrong := y <= bound).any():
            return []
        row, column = map(int, np.unravel_index(int(wrong.argmax()), wrong.shape))
        rows = others(int(wrong.any(axis=1).sum()), "row")
        hint = (
            f"the model's data.target_transform, {self.transform}, needs targets above {bound:g}; leave those rows out"
        )
        return [Problem(table.place(row), f"column {names[column]!r}: found {y[row, column]:g}{rows}", hint)]

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain data."""
        arrays = {"lambdas": self.lambdas.tolist(), "low": self.low.tolist(), "high": self.high.tolist()}
        return {**super().to_json(), "transform": self.transform, **arrays}

    @classmethod
    def fit_transform(cls, y: Numbers, transform: Transform, standardize: bool) -> Self:
        """Return the scaling learned from the targets (N, T) of the training split, which the transform can take.

        Raises:
            InputError: if the fitted transform cannot be inverted.
        """
        lambdas = (
            np.array([best_lambda(column) for column in y.T]) if transform == "yeo_johnson" else np.ones(y.shape[1])
        )
        t = transformed(y, transform, lambdas)
        if not np.isfinite(t).all():
            raise _not_invertible(transform, lambdas)
        plain = Standardizer.of(t, "standard" if standardize else "none")
        low, high = y.min(axis=0), y.max(axis=0)
        with np.errstate(over="ignore"):
            low, high = (np.nan_to_num(end) for end in (low - (high - low), high + (high - low)))
        return cls(plain.mean, plain.scale, transform, lambdas, low, high)

    def check(self, y: Numbers) -> None:
        """Refuse targets (N, T) whose transform cannot be inverted, as its values differ too little.

        Raises:
            InputError: if that is so.
        """
        error = np.abs(self.invert(self.apply(y)) - y)
        if not (error <= TOLERANCE * np.maximum(np.ptp(y, axis=0), np.abs(y).max(axis=0))).all():
            raise _not_invertible(self.transform, self.lambdas)


def _not_invertible(transform: Transform, lambdas: Numbers) -> InputError:
    what = f"{transform} cannot be inverted exactly for these targets"
    if transform == "yeo_johnson":
        what += f" (λ = {', '.join(f'{one:.3g}' for one in lambdas)})"
    return bad_key(KEY, what, "choose log or log1p, or remove the key: standardized targets are usually good enough")


def best_lambda(y: Numbers) -> float:
    """Return the λ of the Yeo-Johnson transform for the targets ``y`` (N,); 1 for a constant.

    Source: scipy.stats.yeojohnson, which scikit-learn uses as well.
    """
    from scipy.stats import yeojohnson

    if np.ptp(y) == 0:
        return 1.0
    with np.errstate(all="ignore"):
        try:
            return float(yeojohnson(y)[1])
        except (ValueError, FloatingPointError):  # numbers near the largest float
            return float("nan")


def transformed(y: NDArray[Any], transform: Transform, lambdas: Numbers) -> Numbers:
    """Return g(y) for targets (N, T); NaN or infinite where it is not defined."""
    with np.errstate(all="ignore"):
        if transform == "log":
            return np.asarray(np.log(y))
        if transform == "log1p":
            return np.asarray(np.log1p(y))
        power, logarithm = np.where(y >= 0, lambdas, 2 - lambdas), np.log1p(np.abs(y))
        safe = np.where(power == 0, 1, power)
        return np.asarray(np.sign(y) * np.where(power == 0, logarithm, np.expm1(safe * logarithm) / safe))


def inverse(t: Numbers, transform: Transform, lambdas: Numbers) -> Numbers:
    """Return y (N, T) with g(y) = ``t``; infinite where no y has it."""
    with np.errstate(all="ignore"):
        if transform == "log":
            return np.asarray(np.exp(t))
        if transform == "log1p":
            return np.asarray(np.expm1(t))
        power, size = np.where(t >= 0, lambdas, 2 - lambdas), np.abs(t)
        safe = np.where(power == 0, 1, power)
        logarithm = np.where(power == 0, size, np.log1p(np.maximum(safe * size, -1)) / safe)
        return np.asarray(np.sign(t) * np.expm1(logarithm))


def targets_from_json(state: dict[str, Any] | None, columns: int) -> Standardizer | None:
    """Return the scaling of targets with this state, or None for None.

    Raises:
        ValueError: if the state is invalid.
    """
    plain = Standardizer.from_json(state, columns)
    if state is None or plain is None or state.get("transform") is None:
        return plain
    arrays = [np.array(state[key], np.float64) for key in ("lambdas", "low", "high")]
    if {array.shape for array in arrays} != {(columns,)} or not np.isfinite(arrays).all():
        raise ValueError("invalid state of a target transform")
    lambdas, low, high = arrays
    if (low > high).any():
        raise ValueError("invalid limits of a target transform")
    return TransformedTargets(plain.mean, plain.scale, state["transform"], lambdas, low, high)
