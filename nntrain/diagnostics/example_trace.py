"""Trace one sample through the forward and backward pass: every number of the computational graph.

The values are those of the compiled step on a batch of this one sample. The step does not store dL/dh and the slopes
f'(z); they follow from the lectures' formulas: dL/dh = dL/dz W^T of the next layer, dL/dz = f'(z) dL/dh.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.prepare import Split
from nntrain.diagnostics.layers import slopes
from nntrain.diagnostics.probe import bare, in_buffers
from nntrain.errors import DivergedError, Place, Problem
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan

Numbers = NDArray[Any]


@dataclass(frozen=True)
class LayerTrace:
    """One layer: I inputs, O units.

    Attributes:
        label: such as ``1 dense 2→3 relu``.
        weights: W (I, O).
        biases: b (O).
        z: pre-activations (O), h_in W + b.
        h: activations (O), f(z).
        dh: dL/dh (O), summed over the units of the next layer.
        slope: f'(z) (O); None for softmax, whose units depend on each other.
        dz: dL/dz (O).
        dweights: dL/dW (I, O), h_in^T dL/dz.
        dbiases: dL/db (O), also if the layer has no trainable biases.
        slopes: trainable slopes of its activation; None if it has none.
        dslopes: dL/dslopes.
    """

    label: str
    weights: Numbers
    biases: Numbers
    z: Numbers
    h: Numbers
    dh: Numbers
    slope: Numbers | None
    dz: Numbers
    dweights: Numbers
    dbiases: Numbers
    slopes: Numbers | None
    dslopes: Numbers | None


@dataclass(frozen=True)
class ClassTrace:
    """The outputs as probabilities and losses of C classes.

    Attributes:
        target: index of the sample's class, counted from 0.
        probabilities: p (C) if the loss contains a softmax or a sigmoid; else None.
        losses: the loss for each class as target (C): for cross-entropy, -log p.
        entropy: H(q) of the target distribution q, the lowest possible loss, if the loss contains probabilities p; the
            rest of the loss is the Kullback-Leibler divergence of p from q. Only smoothed targets have any.
    """

    target: int
    probabilities: Numbers | None
    losses: Numbers
    entropy: float | None


@dataclass(frozen=True)
class Trace:
    """The trace of one sample.

    Attributes:
        row: its number in the training split, counted from 1.
        x: its features (I) after preprocessing.
        target: its target after preprocessing.
        loss: its loss.
        classes: its outputs by class; None for regression.
        layers: in order from the inputs.
        dx: dL/dx (I).
    """

    row: int
    x: Numbers
    target: Numbers
    loss: float
    classes: ClassTrace | None
    layers: tuple[LayerTrace, ...]
    dx: Numbers


def trace(plan: Plan, row: int, theta: Numbers | None = None) -> Trace:
    """Trace one sample of a plan's training split.

    Args:
        plan: supplies data, network (without norms), loss and dtype.
        row: its number, counted from 1.
        theta: the parameters; None for the initial ones.

    Raises:
        DivergedError: if a number is not finite.
    """
    first = Engine(plan).theta if theta is None else theta
    train = plan.data.train
    engine = Engine(bare(plan, Split(train.x[row - 1 : row], train.y[row - 1 : row])))
    engine.theta[:] = first
    loss, gradient = engine.loss_and_gradient()
    if not np.isfinite(loss) or not np.isfinite(gradient).all():
        what = f"row {row} of the training split: an intermediate value is not finite"
        raise DivergedError(Problem(Place("trace"), what, "nntrain diagnose tells where"))
    network, found = plan.network, []
    parts = zip(network.layers, network.arrays(first), network.arrays(engine.grad), in_buffers(engine), strict=True)
    for layer, arrays, gradients, (index, *rows) in parts:
        z, h, dz = (values[0] for values in rows)
        slope = slopes(layer.activation, z[None], h[None], arrays.get("slopes"))
        found.append(
            LayerTrace(
                label=f"{index + 1} {layer.label}",
                weights=arrays["weights"],
                biases=arrays["biases"],
                z=z,
                h=h,
                dh=dz,  # replaced below
                slope=None if slope is None else slope[0],
                dz=dz,
                dweights=gradients["weights"],
                dbiases=dz,
                slopes=arrays.get("slopes"),
                dslopes=gradients.get("slopes"),
            )
        )
    into, classes = _from_the_loss(engine, found[-1]), _classes(engine, found[-1])
    layers: list[LayerTrace] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for of_layer in reversed(found):
            layers.insert(0, replace(of_layer, dh=into))
            into = of_layer.dz @ of_layer.weights.T
    return Trace(row, engine.train.x[0], engine.train.target[0], loss, classes, tuple(layers), into)


def _from_the_loss(engine: Engine, last: LayerTrace) -> Numbers:
    """Return dL/do of the outputs."""
    return _loss(engine, last, engine.train.target)[1]


def _classes(engine: Engine, last: LayerTrace) -> ClassTrace | None:
    """Return the outputs as probabilities and losses by class; None for numbers and several labels."""
    count, loss = engine.plan.n_classes, engine.plan.loss
    if count is None or engine.train.y.ndim > 1:
        return None
    targets = loss.encode(np.arange(count), count).astype(engine.dtype)
    losses = np.array([_loss(engine, last, target[None])[0] for target in targets])
    probabilities = loss.probabilities(last.h[None])
    target = int(engine.plan.data.train.y[0])
    if probabilities is None:
        return ClassTrace(target, None, losses, None)
    entropy = loss.lower_bound(engine.train.target, len(last.h))
    return ClassTrace(target, probabilities[0], losses, entropy)


def _loss(engine: Engine, last: LayerTrace, target: Numbers) -> tuple[float, Numbers]:
    """Return the loss of the outputs for a target (1, T), and dL/do."""
    loss, delta = engine.plan.loss, np.empty_like(last.h)[None]
    value = loss.function[engine.dtype](last.h[None], target, delta, np.array(loss.numbers(), np.float64))
    return float(value), np.asarray(delta[0])
