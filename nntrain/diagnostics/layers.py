"""What goes on in each layer: activations on the way forward, gradients on the way back, as the lectures plot them.

A whole batch of the probe, the first rows of the training part, is taken through the network as a training step does
it (a batch norm sees this batch, nothing is dropped), and what the step leaves in its buffers is summed up.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.activations import Activation, Shape
from nntrain.data.prepare import Prepared, Split
from nntrain.network.network import Network
from nntrain.optimizers.sgd import SGD
from nntrain.schedules.decay import Constant
from nntrain.training.divergence import first_not_finite
from nntrain.training.engine import PROBE_ROWS, Engine
from nntrain.training.measurements import norm
from nntrain.training.plan import Plan
from nntrain.training.settings import Regularization, Training

FLAT = 0.005  # of an activation's largest slope, below which it is called flat: tanh beyond ±3.3, sigmoid beyond ±6.7
WRONG = 0.1  # that an output is off its target, at least, to be called wrong: of what lies between 0 and 1
ROUNDING = 1e-6  # relative, below which a gradient is zero
ALIKE = 1e-5  # relative, within which units do the same
BINS = 24  # of a histogram
GRID = np.linspace(-10, 10, 2001)  # on which an activation's largest slope is looked for


@dataclass(frozen=True)
class LayerLook:
    """One layer, on the rows of the probe; shares lie between 0 and 1.

    Attributes:
        label: such as ``1 dense 64→32 relu``.
        hidden: whether it is no output layer.
        can_die: whether its activation is exactly zero over a range.
        z_mean: mean of the pre-activations, as the activation gets them.
        z_deviation: their standard deviation.
        mean: mean of the activations.
        deviation: their standard deviation.
        histogram: how many of them lie in each of BINS equal parts of the range that all hidden layers share.
        flat: share of the activations at which the slope is below FLAT of its largest; of softmax the slope of a share
            by its own z.
        stuck: share of the units that are flat for every row: dead, or saturated for good.
        held: share of the activations that are flat, and of an output those alone that are WRONG.
        equal: whether all its units get the same pre-activation and the same dL/dz, in every row.
        delta: root mean square of dL/dz of a row's own loss; with a norm, before it.
        gradient_norm: Euclidean norm of the gradient of all its parameters.
        zero_inputs: whether all that enters it is zero.
        zero_weights: whether all its weights are.
        zero_slopes: whether all its activation's slopes are.
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
    """A network at one moment.

    Attributes:
        rows: how many were taken through it.
        loss: their loss, without penalties.
        gradient_norm: of its gradient, over all parameters.
        input_deviations: the smallest and largest standard deviation of an input that varies, if any does.
        span: the range of the hidden layers' histograms; None where there is no hidden layer, nothing finite in one,
            or the range itself is not finite.
        layers: from the inputs on.
        learnt: whether the outputs are the targets but for rounding: nothing is left to learn.
        still: whether the gradient is zero but for rounding, because of that or because the rows' cancel.
        not_finite: the first thing that is not finite, None if all is.
    """

    rows: int
    loss: float
    gradient_norm: float
    input_deviations: tuple[float, float] | None
    span: tuple[float, float] | None
    layers: tuple[LayerLook, ...]
    trainable: bool
    still: bool
    not_finite: str | None = None


def look(plan: Plan, theta: NDArray[Any] | None = None) -> NetworkStats:
    """Look at a plan's network on the first rows of its training part.

    Args:
        plan: its data, network and loss count, and the type of its numbers.
        theta: the parameters to look at; None for the first ones.
    """
    train = plan.data.train
    engine = Engine(bare(plan, Split(train.x[:PROBE_ROWS], train.y[:PROBE_ROWS])))
    if theta is not None:
        engine.theta[:] = theta
    before, not_finite = engine.theta.copy(), None
    loss = engine.step_without_update()
    if not (np.isfinite(loss) and np.isfinite(engine.grad).all() and np.isfinite(engine.theta).all()):
        not_finite = first_not_finite(engine, len(engine.train.x), with_gradient=bool(np.isfinite(loss)))
        engine.theta[:] = before
    with np.errstate(invalid="ignore", over="ignore"):
        hidden = [h for layer, _, h, _ in list(in_buffers(engine))[:-1]]
        span, trainable = _span(hidden), _learnt(engine)
        return NetworkStats(
            rows=len(engine.train.x),
            loss=loss if np.isfinite(loss) else np.nan,
            gradient_norm=norm(engine.grad),
            input_deviations=_deviations(engine.train.x),
            span=span,
            layers=tuple(_layers(engine, span)),
            trainable=trainable,
            still=trainable or _cancels(engine),
            not_finite=not_finite,
        )


def bare(plan: Plan, part: Split, dtype: Literal["float32", "float64"] | None = None) -> Plan:
    """Return a plan of which a step is one of the loss alone, over all rows of ``part``, with nothing dropped."""
    return replace(
        plan,
        data=Prepared(part, None, None, None, None),
        network=Network([replace(layer, dropout=0.0) for layer in plan.network.layers]),
        optimizer=SGD(),
        schedule=Constant(),
        training=Training(batch_size="full", dtype=dtype or plan.training.dtype),
        regularization=Regularization(),
    )


def in_buffers(engine: Engine) -> Iterator[tuple[int, NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Yield each layer's place, and z, h and dL/dz (B, O) of the step that the buffers hold."""
    rows, network, workspace = len(engine.train.x), engine.plan.network, engine.workspace
    buffers = (network.by_layer(buffer, rows) for buffer in (workspace.z, workspace.h, workspace.d))
    yield from zip(itertools.count(), *buffers)


def _span(hidden: list[NDArray[Any]]) -> tuple[float, float] | None:
    finite = [h[np.isfinite(h)] for h in hidden]
    finite = [values for values in finite if values.size]
    if not finite:
        return None
    low, high = float(min(values.min() for values in finite)), float(max(values.max() for values in finite))
    if not high - low < np.inf:
        return None
    size = max(abs(low), abs(high))
    room = 0.0 if high - low > ROUNDING * size else max(0.5, ROUNDING * size)  # else all parts would be the same
    return low - room, high + room


def _deviations(x: NDArray[Any]) -> tuple[float, float] | None:
    varying = x.astype(np.float64)[:, np.ptp(x, axis=0) > 0].std(axis=0)
    return (float(varying.min()), float(varying.max())) if varying.size else None


def _cancels(engine: Engine) -> bool:
    """Return whether the gradient is next to nothing beside what the rows' would be together if none cancelled."""
    h_in, together = engine.train.x, 0.0
    for _, _, h, d in in_buffers(engine):
        together += float(np.square(np.abs(h_in).T.astype(np.float64) @ np.abs(d)).sum())
        together += float(np.square(np.abs(d).sum(axis=0, dtype=np.float64)).sum())
        h_in = h
    return bool(norm(engine.grad) <= ROUNDING * np.sqrt(together))


def _learnt(engine: Engine) -> bool:
    """Return whether the outputs' dL/dz is next to nothing beside them and the targets, whatever the loss' scale."""
    *_, (_, _, h, d) = in_buffers(engine)
    size = _rms(h.astype(np.float64)) + _rms(engine.train.target.astype(np.float64))
    wrong = h.shape == engine.train.target.shape and bool((np.abs(h - engine.train.target) > WRONG * size).any())
    return _rms(d.astype(np.float64) * _own(engine)) <= ROUNDING * size and not wrong


def _own(engine: Engine) -> int:
    """Return what turns a row's dL/dz into that of its own loss: the rows, where the loss is their mean."""
    return len(engine.train.x) if engine.plan.loss.reduction == "mean" else 1


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(values).mean()))


def _layers(engine: Engine, span: tuple[float, float] | None) -> Iterator[LayerLook]:
    network, h_in = engine.plan.network, engine.train.x
    parts = zip(network.layers, network.arrays(engine.theta), network.slices(), in_buffers(engine), strict=True)
    for layer, of_layer, part, (index, z, h, d) in parts:
        slope = slopes(layer.activation, z, h, of_layer.get("slopes"))
        slope = h * (1 - h) if slope is None else np.abs(slope)
        flat = slope < FLAT * _largest_slope(layer.activation, z.dtype)
        hidden, target = index < len(network.layers) - 1, engine.train.target
        held = flat if hidden or h.shape != target.shape else flat & (np.abs(h - target) > WRONG)
        z64, h64, delta = z.astype(np.float64), h.astype(np.float64), d.astype(np.float64) * _own(engine)
        counts = np.histogram(h64[np.isfinite(h64)], BINS, span)[0] if hidden and span is not None else np.empty(0, int)
        yield LayerLook(
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
            equal=layer.n_out > 1 and all(np.allclose(of, of[:, :1], rtol=ALIKE, atol=0) for of in (z, d)),
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
    """Return the activation's derivative at each z (B, O): what becomes of dL/dh = 1; None for softmax."""
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
    z = GRID.astype(dtype)
    h = np.empty_like(z)
    activation.forward[z.dtype](z, h, Shape(activation.coefficient, 1))
    slope = slopes(activation, z, h, None)
    return 0.25 if slope is None else float(np.abs(slope).max())  # of h (1 - h)
