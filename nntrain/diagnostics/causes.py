"""Why a network does not learn, from the statistics of its layers.

Hong's lecture names four causes of a zero gradient: all activations are zero, so the weights that follow get none; all
weights are zero, so nothing flows back through them; the activation's derivative is zero; or the point is stationary,
a minimum or a saddle point. A gradient nearly vanishes if the initial weights are too small (activations shrink from
layer to layer) or too large (activations saturate).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nntrain.diagnostics.curvature import Curvature
from nntrain.diagnostics.layers import LayerStats, NetworkStats

Kind = Literal[
    "not_finite",
    "zero_activations",
    "zero_weights",
    "zero_slopes",
    "stationary",
    "equal_units",
    "dead_units",
    "saturated",
    "fading_activations",
    "growing_activations",
    "fading_gradient",
    "exploding_gradient",
    "input_scale",
    "ill_conditioned",
]
SATURATED_HIDDEN = 0.5  # fraction of a hidden layer's activations
SATURATED_OUTPUT = 0.1  # fraction of the outputs, wrong ones only
MIN_ROWS_FOR_DEAD = 16  # on fewer, a healthy unit may be zero for all
DEAD_UNITS = 0.25  # fraction of a layer's units; fewer are common
MAX_STD_RATIO = 100.0  # of the standard deviations of two hidden layers' activations
MAX_GRADIENT_RATIO = 1000.0  # of dL/dz between two layers
GROWS = 10.0  # times that dL/dz is larger in the first saturated layer than in the last, and worth telling
MAX_CONDITION = 1000.0  # of the Hessian
MAX_INPUT_RATIO = 100.0  # of the standard deviations of two inputs


@dataclass(frozen=True)
class Finding:
    """One thing that stops a network from learning.

    Attributes:
        kind: its name, for programs.
        layers: the layers concerned, counted from 1; empty if it concerns the whole network.
        text: a description for people.
        advice: what to try.
    """

    kind: Kind
    layers: tuple[int, ...]
    text: str
    advice: str


DRAWN_ADVICE = "try model.initializer null, which draws random weights scaled to each layer"
SPREAD_ADVICE = "try model.initializer he_normal or glorot_uniform, which preserve the variance, or model.norm batch"
FLOW_ADVICE = f"{SPREAD_ADVICE}, or relu instead of a saturating activation"
SMALLER_ADVICE = (
    "harmless if the data are fitted; else try smaller initial weights, data.standardize true, or model.norm batch"
)
ALIVE_ADVICE = "try another initializer, biases not far below zero, a lower learning rate, or leaky_relu"


def findings(stats: NetworkStats, curvature: Curvature | None = None) -> list[Finding]:
    """Return what is wrong, causes before their consequences; empty if nothing stands out.

    Args:
        stats: statistics of the layers.
        curvature: measured at the same weights, if at all: it tells a minimum from a saddle point.
    """
    if stats.not_finite is not None:
        text = f"{stats.not_finite} became infinite or NaN"
        return [Finding("not_finite", (), text, "try a lower learning rate, smaller initial weights, or clip_norm")]
    found = [*_blocked(stats.layers), *_equal(stats.layers)]
    flows = not found  # otherwise those findings already explain a vanishing gradient
    found += [*_flat(stats), *_spread(stats.layers), *(_flow(stats.layers) if flows else ())]
    if stats.still and (not found or _is_saddle(curvature)):
        found.append(_stationary(stats, curvature, blocked=bool(found)))
    if stats.input_deviations is not None and stats.input_deviations[1] > MAX_INPUT_RATIO * stats.input_deviations[0]:
        least, most = stats.input_deviations
        text = f"the inputs have very different scales: standard deviations from {least:.3g} to {most:.3g}"
        found.append(Finding("input_scale", (), text, "try data.standardize true"))
    if curvature is not None and (curvature.condition or 0) > MAX_CONDITION:
        text = f"the loss is ill-conditioned: {curvature.condition:,.0f} times as steep in one direction as in another"
        found.append(Finding("ill_conditioned", (), text, "try optimizer momentum or adam, or data.standardize true"))
    return found


def _is_saddle(curvature: Curvature | None) -> bool:
    return curvature is not None and curvature.smallest < -curvature.error


def _stationary(stats: NetworkStats, curvature: Curvature | None, blocked: bool) -> Finding:
    """Return what a zero gradient means; ``blocked``: another finding explains it."""
    text, advice = "a minimum or a saddle point", "--curvature tells them apart"
    if curvature is not None and _is_saddle(curvature):
        text, advice = f"a saddle point (Hessian eigenvalue {curvature.smallest:.3g})", "try another initializer"
    elif stats.fitted:
        text, advice = "a minimum (the outputs equal the targets)", "nothing is left to learn"
    elif curvature is not None and curvature.smallest > curvature.error:
        text, advice = "a minimum (all Hessian eigenvalues are positive)", "nothing is left to learn here"
    why = "at" if blocked else "although nothing blocks it: this is"
    text = f"the gradient is zero, {why} {text}, at loss {stats.loss:.4g}"
    return Finding("stationary", (), text, advice)


def _blocked(layers: Sequence[LayerStats]) -> Iterator[Finding]:
    """Yield the causes of an exactly zero gradient."""
    if layers[0].zero_inputs:
        text = "the weights of layer 1 get no gradient: all inputs are zero"
        yield Finding("zero_activations", (1,), text, "provide features that vary")
    inactive = _layers_where(layers[1:], lambda layer: layer.zero_inputs)
    if inactive:
        numbers = tuple(number + 1 for number in inactive)
        them = "it" if len(numbers) == 1 else "them"
        text = f"the weights of {_layer_names(numbers)} get no gradient: all activations that enter {them} are zero"
        yield Finding("zero_activations", numbers, text, _advice_on(layers[numbers[0] - 2]))
    zero = _layers_where(layers, lambda layer: layer.zero_weights and layer is not layers[0])
    if zero:
        text = f"nothing flows back through {_layer_names(zero)}: all weights there are zero"
        yield Finding("zero_weights", zero, text, DRAWN_ADVICE)
    for number, layer in enumerate(layers, 1):
        by_itself = not (layer.zero_inputs or layer.zero_weights) or (layer.can_die and layer.z_mean < 0)
        if layer.zero_slopes and by_itself:
            text = f"nothing flows back through layer {layer.label}: its slope is zero for every sample and unit"
            yield Finding("zero_slopes", (number,), text, ALIVE_ADVICE if layer.can_die else SMALLER_ADVICE)


def _advice_on(layer: LayerStats) -> str:
    """Return what to try if all activations of a layer are zero."""
    if layer.zero_weights:
        return DRAWN_ADVICE
    return ALIVE_ADVICE if layer.can_die and layer.z_deviation > 0 else SPREAD_ADVICE


def _equal(layers: Sequence[LayerStats]) -> Iterator[Finding]:
    same = _layers_where(
        layers,
        lambda layer: (
            layer.equal and layer.hidden and not layer.zero_inputs and (layer.zero_weights or layer.z_mean != 0)
        ),
    )
    if same:
        text = f"all units of {_layer_names(same)} are equal and get equal gradients: they never differ"
        yield Finding("equal_units", same, text, DRAWN_ADVICE)


def _flat(stats: NetworkStats) -> Iterator[Finding]:
    layers, enough = stats.layers, stats.rows >= MIN_ROWS_FOR_DEAD
    dead = _layers_where(layers, lambda layer: enough and layer.can_die and DEAD_UNITS <= layer.stuck < 1)
    if dead:
        shares = _range([layers[number - 1].stuck for number in dead])
        text = f"{shares} of the units of {_layer_names(dead)} are dead: zero for every sample"
        yield Finding("dead_units", dead, text, ALIVE_ADVICE)
    saturated = _layers_where(layers, _is_saturated)
    if saturated:
        shares = _range([layers[number - 1].held for number in saturated])
        text = f"{shares} of the activations of {_layer_names(saturated)} are saturated: their slope is nearly zero"
        yield Finding("saturated", saturated, f"{text}{_growth(layers, saturated)}", SMALLER_ADVICE)


def _growth(layers: Sequence[LayerStats], numbers: tuple[int, ...]) -> str:
    """Return that the gradient grows from the last to the first of some layers, as large weights make it."""
    first, last = layers[numbers[0] - 1].delta, layers[numbers[-1] - 1].delta
    if not first > GROWS * last > 0:
        return ""
    grows = f"the weights are so large that dL/dz still grows, from {last:.3g} in layer {numbers[-1]}"
    return f"; {grows} to {first:.3g} in layer {numbers[0]}"


def _is_saturated(layer: LayerStats) -> bool:
    share = SATURATED_HIDDEN if layer.hidden else SATURATED_OUTPUT
    return layer.held >= share and not layer.zero_slopes and not layer.can_die


def _spread(layers: Sequence[LayerStats]) -> Iterator[Finding]:
    deviations = [layer.deviation for layer in layers if layer.hidden]
    low, high = min(deviations, default=0), max(deviations, default=0)
    if high <= MAX_STD_RATIO * low or low == 0:
        return
    places = [(deviations.index(value) + 1, value) for value in (low, high)]
    way = " and ".join(f"{value:.3g} in layer {number}" for number, value in sorted(places))
    if places[0] > places[1]:
        text = f"the activations shrink from layer to layer (initial weights too small?): standard deviation {way}"
        yield Finding("fading_activations", (), text, SPREAD_ADVICE)
    else:
        text = f"the activations grow from layer to layer (initial weights too large?): standard deviation {way}"
        yield Finding("growing_activations", (), text, SPREAD_ADVICE)


def _flow(layers: Sequence[LayerStats]) -> Iterator[Finding]:
    deltas = [layer.delta for layer in layers]
    low, high = min(deltas), max(deltas)
    if high <= MAX_GRADIENT_RATIO * low:
        return
    places = [(deltas.index(value) + 1, value) for value in (low, high)]
    way = " and ".join(f"{value:.3g} in layer {number}" for number, value in sorted(places, reverse=True))
    if places[0] < places[1]:
        yield Finding("fading_gradient", (), f"the gradient vanishes on its way back: dL/dz is {way}", FLOW_ADVICE)
    else:
        text = f"the gradient explodes on its way back: dL/dz is {way}"
        yield Finding("exploding_gradient", (), text, f"{SPREAD_ADVICE}; or clip it (regularization.clip_norm)")


def _layers_where(layers: Sequence[LayerStats], condition: Callable[[LayerStats], bool]) -> tuple[int, ...]:
    return tuple(number for number, layer in enumerate(layers, 1) if condition(layer))


def _layer_names(numbers: Sequence[int]) -> str:
    """Such as ``layer 3``, ``layers 1 to 3`` or ``layers 1, 3``."""
    if len(numbers) == 1:
        return f"layer {numbers[0]}"
    if list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"layers {numbers[0]} to {numbers[-1]}"
    return "layers " + ", ".join(map(str, numbers))


def _range(shares: Sequence[float]) -> str:
    low, high = f"{min(shares):.0%}".replace("%", " %"), f"{max(shares):.0%}".replace("%", " %")
    return low if low == high else f"{low[:-2]} to {high}"
