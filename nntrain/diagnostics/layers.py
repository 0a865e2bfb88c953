"""Statistics of each layer: activations in the forward pass and gradients in the backward pass (Hong).

The probe, the first samples of the training split, goes through one training step as a single batch (a batch norm
normalizes by this batch, dropout is off); the statistics summarize what the step leaves in its buffers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation, Shape
from nntrain.diagnostics.probe import bare, in_buffers
from nntrain.training.divergence import first_not_finite
from nntrain.training.engine import PROBE_ROWS, Engine
from nntrain.training.measurements import norm
from nntrain.training.plan import Plan

FLAT_SLOPE = (
    0.005  # fraction of an activation's largest slope below which it is flat: tanh beyond ±3.3, sigmoid beyond ±6.7
)
WRONG_OUTPUT = 0.1  # minimum error of a wrong output, for outputs between 0 and 1
ROUNDING = 1e-6  # relative size below which a gradient is zero
EQUAL_UNITS = 1e-5  # relative difference below which units are equal
HISTOGRAM_BINS = 24
SLOPE_GRID = np.linspace(-10, 10, 2001)  # pre-activations at which the largest slope is searched


@dataclass(frozen=True)
class LayerStats:
    """One layer on the samples of the probe; fractions lie between 0 and 1.

    Attributes:
        label: such as ``1 dense 64→32 relu``.
        hidden: whether it is a hidden layer.
        can_die: whether its activation is exactly zero over a range.
        z_mean: mean of the pre-activations (after the norm, if any).
        z_deviation: their standard deviation.
        mean: mean of the activations.
        deviation: their standard deviation.
        histogram: counts in HISTOGRAM_BINS equal bins of the range that all hidden layers share.
        flat: fraction of the activations whose slope is at most FLAT_SLOPE of the largest; of softmax dp/dz of the same
            unit.
        stuck: fraction of the units that are flat for every sample: dead or permanently saturated.
        held: fraction of the activations that are flat; of an output layer, flat and wrong.
        equal: whether all units have the same pre-activation and the same dL/dz for every sample.
        delta: root mean square of dL/dz of each sample's own loss; with a norm, before it.
        gradient_norm: Euclidean norm of the gradient of all its parameters.
        zero_inputs: whether all its inputs are zero.
        zero_weights: whether all its weights are zero.
        zero_slopes: whether all slopes of its activation are zero.
    """

    label: str
    hidden: bool
    can_die: bool
    z_mean: float
    z_deviation: float
    mean: float
    deviation: float
    histogram: tuple[int, ...]
    flat: float
    stuck: float
    held: float
    equal: bool
    delta: float
    gradient_norm: float
    zero_inputs: bool
    zero_weights: bool
    zero_slopes: bool


@dataclass(frozen=True)
class NetworkStats:
    """A network at one set of parameters.

    Attributes:
        rows: number of samples.
        loss: their loss, without penalties.
        gradient_norm: Euclidean norm of its gradient over all parameters.
        input_deviations: the smallest and largest standard deviation of the inputs that vary; None if none does.
        span: the range of the hidden layers' histograms; None if there are no hidden layers or no finite range.
        layers: in order from the inputs.
        fitted: whether the outputs equal the targets up to rounding: nothing is left to learn.
        still: whether the gradient is zero up to rounding, either fitted or because the samples' gradients cancel.
        not_finite: the first quantity that is not finite; None if all are.
    """

    rows: int
    loss: float
    gradient_norm: float
    input_deviations: tuple[float, float] | None
    span: tuple[float, float] | None
    layers: tuple[LayerStats, ...]
    fitted: bool
    still: bool
    not_finite: str | None = None


def network_stats(plan: Plan, theta: NDArray[Any] | None = None) -> NetworkStats:
    """Measure a plan's network on the first samples of its training split.

    Args:
        plan: supplies data, network, loss and dtype.
        theta: the parameters; None for the initial ones.
    """
    engine = Engine(bare(plan, plan.data.train.take(slice(PROBE_ROWS))))
    if theta is not None:
        engine.theta[:] = theta
    before, not_finite = engine.theta.copy(), None
    loss = engine.step_without_update()
    if not (np.isfinite(loss) and np.isfinite(engine.grad).all() and np.isfinite(engine.theta).all()):
        not_finite = first_not_finite(engine, len(engine.train.x), with_gradient=bool(np.isfinite(loss)))
        engine.theta[:] = before
    with np.errstate(invalid="ignore", over="ignore"):
        hidden = [h for layer, _, h, _ in list(in_buffers(engine))[:-1]]
        span, fitted = _span(hidden), _fitted(engine)
        return NetworkStats(
            rows=len(engine.train.x),
            loss=loss if np.isfinite(loss) else np.nan,
            gradient_norm=norm(engine.grad),
            input_deviations=_deviations(engine.train.x),
            span=span,
            layers=tuple(_layers(engine, span)),
            fitted=fitted,
            still=fitted or _cancels(engine),
            not_finite=not_finite,
        )


def _span(hidden: list[NDArray[Any]]) -> tuple[float, float] | None:
    finite = [h[np.isfinite(h)] for h in hidden]
    finite = [values for values in finite if values.size]
    if not finite:
        return None
    low, high = float(min(values.min() for values in finite)), float(max(values.max() for values in finite))
    if not high - low < np.inf:
        return None
    size = max(abs(low), abs(high))
    room = 0.0 if high - low > ROUNDING * size else max(0.5, ROUNDING * size)  # otherwise the bins are empty intervals
    return low - room, high + room


def _deviations(x: NDArray[Any]) -> tuple[float, float] | None:
    varying = x.astype(np.float64)[:, np.ptp(x, axis=0) > 0].std(axis=0)
    return (float(varying.min()), float(varying.max())) if varying.size else None


def _cancels(engine: Engine) -> bool:
    """Return whether the gradient is negligible beside the sum of the samples' gradient magnitudes."""
    h_in, together = engine.train.x, 0.0
    for _, _, h, d in in_buffers(engine):
        together += float(np.square(np.abs(h_in).T.astype(np.float64) @ np.abs(d)).sum())
        together += float(np.square(np.abs(d).sum(axis=0, dtype=np.float64)).sum())
        h_in = h
    return bool(norm(engine.grad) <= ROUNDING * np.sqrt(together))


def _fitted(engine: Engine) -> bool:
    """Return whether the outputs' dL/dz is negligible beside outputs and targets, for a loss of any scale."""
    *_, (_, _, h, d) = in_buffers(engine)
    size = _rms(h.astype(np.float64)) + _rms(engine.train.target.astype(np.float64))
    wrong = h.shape == engine.train.target.shape and bool((np.abs(h - engine.train.target) > WRONG_OUTPUT * size).any())
    return _rms(d.astype(np.float64) * _own(engine)) <= ROUNDING * size and not wrong


def _own(engine: Engine) -> int:
    """Return the factor from dL/dz to that of a sample's own loss: the number of rows if the loss averages them."""
    return len(engine.train.x) if engine.plan.loss.reduction == "mean" else 1


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(values).mean()))


def _layers(engine: Engine, span: tuple[float, float] | None) -> Iterator[LayerStats]:
    network, h_in = engine.plan.network, engine.train.x
    parts = zip(network.layers, network.arrays(engine.theta), network.slices(), in_buffers(engine), strict=True)
    for layer, of_layer, part, (index, z, h, d) in parts:
        slope = slopes(layer.activation, z, h, of_layer.get("slopes"))
        slope = h * (1 - h) if slope is None else np.abs(slope)
        flat = slope <= FLAT_SLOPE * _largest_slope(layer.activation, z.dtype)
        hidden, target = index < len(network.layers) - 1, engine.train.target
        held = flat if hidden or h.shape != target.shape else flat & (np.abs(h - target) > WRONG_OUTPUT)
        z64, h64, delta = z.astype(np.float64), h.astype(np.float64), d.astype(np.float64) * _own(engine)
        counts = (
            np.histogram(h64[np.isfinite(h64)], HISTOGRAM_BINS, span)[0]
            if hidden and span is not None
            else np.empty(0, int)
        )
        yield LayerStats(
            label=f"{index + 1} {layer.label}",
            hidden=hidden,
            can_die=layer.activation.can_die,
            z_mean=float(z64.mean()),
            z_deviation=float(z64.std()),
            mean=float(h64.mean()),
            deviation=float(h64.std()),
            histogram=tuple(counts.tolist()),
            flat=float(flat.mean()),
            stuck=float(flat.all(axis=0).mean()),
            held=float(held.mean()),
            equal=layer.n_out > 1 and all(np.allclose(of, of[:, :1], rtol=EQUAL_UNITS, atol=0) for of in (z, d)),
            delta=_rms(delta),
            gradient_norm=norm(engine.grad[part]),
            zero_inputs=not h_in.any(),
            zero_weights=not of_layer["weights"].any(),
            zero_slopes=not slope.any(),
        )
        h_in = h


def slopes(
    activation: Activation, z: NDArray[Any], h: NDArray[Any], trainable: NDArray[Any] | None
) -> NDArray[Any] | None:
    """Return the activation's derivative at each z (B, O), by backpropagating dL/dh = 1; None for softmax."""
    if activation.distribution:
        return None
    d, numbers, values = np.ones(z.size, z.dtype), z.reshape(-1), h.reshape(-1)
    backward = activation.backward[z.dtype]
    if trainable is None:
        backward(numbers, values, Shape(activation.coefficient, z.shape[-1]), d)
    else:
        backward(numbers, values, trainable, d, np.empty_like(trainable))
    return d.reshape(z.shape)


def _largest_slope(activation: Activation, dtype: np.dtype[Any]) -> float:
    if activation.n_slopes(1):
        return 1.0  # of a line
    z = SLOPE_GRID.astype(dtype)
    h = np.empty_like(z)
    activation.forward[z.dtype](z, h, Shape(activation.coefficient, 1))
    slope = slopes(activation, z, h, None)
    return 0.25 if slope is None else float(np.abs(slope).max())  # of h (1 - h)
