"""The rounding error of each number of a gradient, estimated by random rounding.

A step is repeated in float64, layer by layer with the same compiled loops, and every number that float32 would store is
perturbed by about float32's rounding error. The spread over several such steps estimates the rounding error, which may
exceed the gradient of a saturated unit or of cancelling terms.

Source: Parker, Monte Carlo Arithmetic, 1997.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Shape
from nntrain.layers.dropout import WORD, dropout_forward, hash32, step_key
from nntrain.network.network import Dense
from nntrain.training.baseline import loss_of
from nntrain.training.engine import Engine

Matrix = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]
Rows = NDArray[np.int64] | None
ROUNDING_SAMPLES = 8
PARTIAL_SUMS = 8  # of a product, at least: the error grows with the square root of a partial sum's length
FLOAT64 = np.dtype(np.float64)


def rounding_stds(engine: Engine, dtype: np.dtype[Any], random: np.random.Generator) -> Matrix:
    """Return the standard deviation that rounding to ``dtype`` gives each number of the gradient (P).

    Args:
        engine: in float64, with the parameters and samples of the gradient.
        dtype: the dtype to round to.
        random: source of the perturbations.
    """
    unit, least = float(np.finfo(dtype).eps) / 2, float(np.finfo(dtype).tiny)
    with np.errstate(all="ignore"):  # overflow gives infinite estimates
        exact, step = _Step(engine, 0.0, 0.0, random).gradient(), _Step(engine, unit, least, random)
        samples = [step.gradient(ties=bool(sample % 2)) for sample in range(ROUNDING_SAMPLES)]
        square = np.mean(np.square(np.array(samples) - exact), axis=0)
    return np.where(np.isfinite(square), np.sqrt(square) + least, np.inf)


def _dropped(engine: Engine) -> Iterator[NDArray[np.bool_] | None]:
    """Yield the dropout mask of each layer in a run's first step (B, O), True where dropped."""
    rows, unit, key = len(engine.train.x), 0, step_key(engine.plan.seed, 1)
    for layer in engine.plan.network.layers:
        kept = np.ones(rows * layer.n_out)
        if layer.dropout:
            dropout_forward(kept, layer.dropout, hash32((key + unit) & WORD))
        yield (kept == 0).reshape(rows, -1) if layer.dropout else None
        unit += layer.n_out


def _drop(values: Matrix, dropped: NDArray[np.bool_] | None, share: float) -> Matrix:
    return values if dropped is None else np.where(dropped, 0.0, values / (1 - share))


class _Step:
    """A step of the loss alone over all rows, with the batch norms and dropout masks of the engine's own step."""

    def __init__(self, engine: Engine, unit: float, least: float, random: np.random.Generator) -> None:
        """Use a relative rounding error of about ``unit``, and flush magnitudes below ``least`` to 0."""
        self._plan, self._theta, self._rows, self._random = engine.plan, engine.theta.copy(), engine.train, random
        self._unit, self._least = unit, least
        self._dropped = list(_dropped(engine))
        x, of_loss = self._rows.x, [self._rows.target]
        if self._rows.weights is not None:
            of_loss.append(self._rows.weights[:, None])
        # equal rows are rounded equally
        self._forward_rows = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)
        self._backward_rows = np.unique(np.hstack([x, *of_loss]), axis=0, return_inverse=True)[1].reshape(-1)

    def gradient(self, ties: bool = True) -> Matrix:
        """Return a gradient with random rounding; ``ties``: keep z exactly at its mean if all values are equal."""
        network, found = self._plan.network, np.zeros(self._plan.network.parameters)
        layers = list(zip(network.layers, network.arrays(self._theta), network.arrays(found), strict=True))
        h, passed = self._rows.x, []
        for (layer, arrays, _), dropped in zip(layers, self._dropped, strict=True):
            passed.append((h, *self._forward(layer, arrays, h, ties)))
            h = _drop(passed[-1][2], dropped, layer.dropout)
        d = self._delta(h)
        for (layer, arrays, into), dropped, forward in zip(
            reversed(layers), reversed(self._dropped), reversed(passed), strict=True
        ):
            d = self._backward(layer, arrays, into, forward, _drop(d, dropped, layer.dropout))
        return found

    def _forward(self, layer: Dense, arrays: Arrays, h_in: Matrix, ties: bool) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """Return z, h, and the norm's n and scale (meaningless without a norm)."""
        rows = self._forward_rows
        z = self._rounded(self._product(h_in, arrays["weights"], rows) + arrays["biases"], rows)
        n = scale = z
        if layer.norm is not None:
            axis = int(layer.norm.by_row)
            groups = rows if layer.norm.by_row else None
            scale = self._rounded(1 / np.sqrt(z.var(axis=axis, keepdims=True) + layer.norm.eps), groups)
            mean = z.mean(axis=axis, keepdims=True)
            off = z - self._rounded(mean, groups)
            if ties:
                off = np.where(np.ptp(z, axis=axis, keepdims=True) == 0, 0.0, off)
            n = self._rounded(off * scale, rows)
            z = self._rounded(arrays["gamma"] * n + arrays["beta"], rows)
        h = np.empty_like(z)
        shape: Any = arrays.get("slopes", Shape(layer.activation.coefficient, layer.n_out))
        layer.activation.forward[FLOAT64](z.reshape(-1), h.reshape(-1), shape)
        h = self._rounded(h, rows)
        return z, (h + self._noise(z, rows) if layer.activation.cancels else h), n, scale

    def _delta(self, output: Matrix) -> Matrix:
        loss, rows = self._plan.loss, self._backward_rows
        delta = self._rounded(loss_of(loss, output, self._rows)[1], rows)
        if loss.included_activation:  # a difference of probabilities, which may cancel
            _, probabilities = loss_of(loss, np.zeros_like(output), self._rows)
            delta += self._noise(np.abs(probabilities).max(axis=1, keepdims=True) * np.ones_like(delta), rows)
        return delta

    def _backward(self, layer: Dense, arrays: Arrays, into: Arrays, forward: tuple[Matrix, ...], dh: Matrix) -> Matrix:
        """Fill the layer's part of the gradient; return dL/dh of the layer before."""
        (h_in, z, h, n, scale), d, rows = forward, dh.copy(), self._backward_rows
        flat = z.reshape(-1), h.reshape(-1)
        if "slopes" in arrays:
            layer.activation.backward[FLOAT64](*flat, arrays["slopes"], d.reshape(-1), into["slopes"])
        else:
            layer.activation.backward[FLOAT64](*flat, Shape(layer.activation.coefficient, layer.n_out), d.reshape(-1))
        if layer.activation.cancels:
            d += self._noise(dh, rows)
        if layer.activation.distribution:  # a probability times a difference, which may cancel
            d += self._noise(h * np.abs(dh).max(axis=1, keepdims=True), rows)
        d = self._rounded(d, rows)
        if layer.norm is not None:
            axis, e = int(layer.norm.by_row), arrays["gamma"] * d
            if layer.norm.affine:
                into["gamma"][:], into["beta"][:] = (d * n).sum(axis=0), d.sum(axis=0)
            groups = rows if layer.norm.by_row else None
            mean, along = (self._rounded(each.mean(axis=axis, keepdims=True), groups) for each in (e, e * n))
            d = self._rounded(scale * (e - mean - n * along), rows)
        into["weights"][:] = self._product(h_in.T, d)
        if "biases" in into:
            into["biases"][:] = self._product(np.ones((1, len(d))), d)[0]
        return self._rounded(self._product(d, arrays["weights"].T, rows), rows)

    def _product(self, a: Matrix, b: Matrix, rows: Rows = None) -> Matrix:
        square = np.square(a) @ np.square(b)
        return np.asarray(a @ b + self._noise(np.sqrt((1 + a.shape[1] / PARTIAL_SUMS) * square), rows))

    def _rounded(self, values: Matrix, rows: Rows = None) -> Matrix:
        moved = values + self._noise(values, rows)
        return np.where(np.abs(moved) < self._least, 0.0, moved)

    def _noise(self, size: Matrix, rows: Rows) -> Matrix:
        """Return random errors of numbers of a magnitude; equal ``rows`` get equal errors."""
        if rows is None:
            return np.asarray(self._unit * size * self._random.standard_normal(size.shape))
        return np.asarray(self._unit * size * self._random.standard_normal((rows.max() + 1, size.shape[1]))[rows])
