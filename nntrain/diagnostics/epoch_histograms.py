"""How the activations and the gradients of each layer are distributed, at several sets of weights of one network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.probe import bare, in_buffers
from nntrain.training.engine import PROBE_ROWS, Engine
from nntrain.training.plan import Plan

BINS = 40


@dataclass(frozen=True)
class Histograms:
    """The histograms of a quantity of one layer, over the same bins.

    Attributes:
        layer: label of the layer, such as ``1 dense 2→8 tanh``.
        quantity: ``activations`` or ``gradient of the weights``.
        ends: of the bins, which are equal.
        fractions: of the values in each bin (E, BINS); NaN where a value is not finite.
    """

    layer: str
    quantity: str
    ends: tuple[float, float]
    fractions: NDArray[np.float64]


def layer_histograms(plan: Plan, weights: Sequence[NDArray[Any]]) -> list[Histograms]:
    """Return the histograms of each layer, on the first training samples as one batch.

    Args:
        plan: supplies data, network and loss.
        weights: E sets of parameters.
    """
    engine = Engine(bare(plan, plan.data.train.take(slice(PROBE_ROWS))))
    found: dict[tuple[str, str], list[NDArray[Any]]] = {}
    for theta in weights:
        engine.theta[:] = theta
        engine.loss_and_gradient()
        gradients = engine.plan.network.arrays(engine.grad)
        parts = zip(engine.plan.network.layers, in_buffers(engine), gradients, strict=True)
        for layer, (index, _, h, _), arrays in parts:
            label = f"{index + 1} {layer.label}"
            found.setdefault((label, "activations"), []).append(h.ravel().copy())
            found.setdefault((label, "gradient of the weights"), []).append(arrays["weights"].ravel().copy())
    return [_histograms(*key, values) for key, values in found.items()]


def _histograms(layer: str, quantity: str, values: Sequence[NDArray[Any]]) -> Histograms:
    known = np.concatenate([one[np.isfinite(one)] for one in values]).astype(np.float64)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if quantity != "activations":
        low, high = -max(-low, high), max(-low, high)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts = [
        np.histogram(one, BINS, (low, high))[0] / one.size if np.isfinite(one).all() else np.full(BINS, np.nan)
        for one in values
    ]
    return Histograms(layer, quantity, (low, high), np.array(counts, np.float64))
