"""Why a network does not learn, read off its layers: the lecture's causes of a zero gradient, and what leads there.

The lecture's four (H): the activations are all zero, and the weights that they enter get no gradient; the weights are
all zero, and nothing flows back through them; the derivative of the nonlinearity is zero; or nothing is wrong, and
this is an optimum or a saddle. Its causes of a gradient that is nearly zero: first weights too small, so that the
activations fade from layer to layer; too large, so that they saturate.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nntrain.diagnostics.curvature import Curvature
from nntrain.diagnostics.layers import LayerLook, NetworkStats

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
SATURATED = 0.5  # share of a hidden layer's activations
LOST = 0.1  # share of the outputs, which are wrong then
FEW = 16  # rows, below which they say nothing of dead units
DEAD = 0.25  # share of a layer's units: fewer are usual
SPREAD = 100.0  # times, that the deviation of a hidden layer's activations is that of another's
FLOW = 1000.0  # times, that dL/dz of a layer is that of another
CONDITION = 1000.0  # of the Hessian
SCALES = 100.0  # times, that an input's deviation is another's


@dataclass(frozen=True)
class Finding:
    """Something that keeps a network from learning.

    Attributes:
        kind: what it is, for programs.
        layers: where, counted from 1; none where it is about all of it.
        text: what it is, for people.
        advice: what to try.
    """

    kind: Kind
    layers: tuple[int, ...]
    text: str
    advice: str


DRAWN_ADVICE = "try model.initializer null, which draws weights at random, as wide as suits the layer"
SPREAD_ADVICE = "try model.initializer he_normal or glorot_uniform, which keep the spread, or model.norm batch"
FLOW_ADVICE = f"{SPREAD_ADVICE}, or relu in place of what saturates"
SMALLER_ADVICE = (
    "no harm where all is learnt; else try smaller first weights and biases, data.standardize true, or model.norm batch"
)
ALIVE_ADVICE = "try other first weights, biases that are not far below zero, a smaller learning rate, or leaky_relu"


def findings(look: NetworkStats, curvature: Curvature | None = None) -> list[Finding]:
    """Return what is wrong, the causes in front of what follows from them; nothing where nothing stands out.

    Args:
        look: at the layers.
        curvature: there, if it was measured: it tells an optimum from a saddle.
    """
    if look.not_finite is not None:
        text = f"{look.not_finite} ceased to be finite"
        return [Finding("not_finite", (), text, "try a smaller learning rate, smaller first weights, or clip_norm")]
    found = [*_blocked(look.layers), *_equal(look.layers)]
    flows = not found  # else it is known where the gradient ends, or it is that of equal units, which cancels
    found += [*_flat(look), *_spread(look.layers), *(_flow(look.layers) if flows else ())]
    if look.still and (not found or _is_saddle(curvature)):
        found.append(_stationary(look, curvature, blocked=bool(found)))
    if look.input_deviations is not None and look.input_deviations[1] > SCALES * look.input_deviations[0]:
        least, most = look.input_deviations
        text = f"the inputs have very different scales: their deviations lie from {least:.3g} to {most:.3g}"
        found.append(Finding("input_scale", (), text, "try data.standardize true"))
    if curvature is not None and (curvature.condition or 0) > CONDITION:
        text = f"the loss is ill-conditioned: {curvature.condition:,.0f} times as steep in one direction as in another"
        found.append(Finding("ill_conditioned", (), text, "try optimizer momentum or adam, or data.standardize true"))
    return found


def _is_saddle(curvature: Curvature | None) -> bool:
    return curvature is not None and curvature.smallest < -curvature.error


def _stationary(look: NetworkStats, curvature: Curvature | None, blocked: bool) -> Finding:
    """Return what a gradient of zero means; ``blocked``: something else was found that stops it."""
    text, advice = "an optimum or a saddle", "if the loss could be lower it is a saddle; --curvature tells them apart"
    if curvature is not None and _is_saddle(curvature):
        text, advice = f"a saddle (eigenvalue {curvature.smallest:.3g} of the Hessian)", "try other first weights"
    elif look.trainable:
        text, advice = "an optimum (the outputs are the targets)", "nothing is left to learn here"
    elif curvature is not None and curvature.smallest > curvature.error:
        text, advice = "an optimum (the Hessian's eigenvalues are all positive)", "nothing is left to learn here"
    why = "at" if blocked else "and nothing blocks it:"
    text = f"the gradient is zero, {why} {text}, at loss {look.loss:.4g}"
    return Finding("stationary", (), text, advice)


def _blocked(layers: Sequence[LayerLook]) -> Iterator[Finding]:
    """Yield what makes a gradient exactly zero."""
    if layers[0].zero_inputs:
        text = "the weights of layer 1 get no gradient: all inputs are zero"
        yield Finding("zero_activations", (1,), text, "give features that vary from row to row")
    asleep = _which(layers[1:], lambda layer: layer.zero_inputs)
    if asleep:
        numbers = tuple(number + 1 for number in asleep)
        place = "it" if len(numbers) == 1 else "them"
        text = f"the weights of {_words(numbers)} get no gradient: all activations that enter {place} are zero"
        yield Finding("zero_activations", numbers, text, _advice_on(layers[numbers[0] - 2]))
    zero = _which(layers, lambda layer: layer.zero_weights and layer is not layers[0])
    if zero:
        text = f"nothing flows back through {_words(zero)}: all weights there are zero"
        yield Finding("zero_weights", zero, text, DRAWN_ADVICE)
    for number, layer in enumerate(layers, 1):
        by_itself = not (layer.zero_inputs or layer.zero_weights) or (layer.can_die and layer.z_mean < 0)
        if layer.zero_slopes and by_itself:
            text = f"nothing flows back through layer {layer.label}: its slope is zero for every row and unit"
            yield Finding("zero_slopes", (number,), text, ALIVE_ADVICE if layer.can_die else SMALLER_ADVICE)


def _advice_on(layer: LayerLook) -> str:
    """Return what to try where a layer's activations are all zero."""
    if layer.zero_weights:
        return DRAWN_ADVICE
    return ALIVE_ADVICE if layer.can_die and layer.z_deviation > 0 else SPREAD_ADVICE


def _equal(layers: Sequence[LayerLook]) -> Iterator[Finding]:
    same = _which(
        layers,
        lambda layer: (
            layer.equal and layer.hidden and not layer.zero_inputs and (layer.zero_weights or layer.z_mean != 0)
        ),
    )
    if same:
        text = f"all units of {_words(same)} do the same, and get the same gradients: they stay one unit"
        yield Finding("equal_units", same, text, DRAWN_ADVICE)


def _flat(look: NetworkStats) -> Iterator[Finding]:
    layers, enough = look.layers, look.rows >= FEW  # of a few rows a unit is easily zero for all
    dead = _which(layers, lambda layer: enough and layer.can_die and DEAD <= layer.stuck < 1)
    if dead:
        shares = _range([layers[number - 1].stuck for number in dead])
        text = f"{shares} of the units of {_words(dead)} are dead: zero for every row"
        yield Finding("dead_units", dead, text, ALIVE_ADVICE)
    saturated = _which(layers, _is_saturated)
    if saturated:
        shares = _range([layers[number - 1].held for number in saturated])
        text = f"{shares} of the activations of {_words(saturated)} are saturated: their slope is next to nothing"
        yield Finding("saturated", saturated, text, SMALLER_ADVICE)


def _is_saturated(layer: LayerLook) -> bool:
    share = SATURATED if layer.hidden else LOST
    return layer.held >= share and not layer.zero_slopes and not layer.can_die


def _spread(layers: Sequence[LayerLook]) -> Iterator[Finding]:
    deviations = [layer.deviation for layer in layers if layer.hidden]
    low, high = min(deviations, default=0), max(deviations, default=0)
    if high <= SPREAD * low or low == 0:
        return
    places = [(deviations.index(value) + 1, value) for value in (low, high)]
    way = " and ".join(f"{value:.3g} in layer {number}" for number, value in sorted(places))
    if places[0] > places[1]:
        text = f"the activations fade from layer to layer, as they do by weights that are too small: deviation {way}"
        yield Finding("fading_activations", (), text, SPREAD_ADVICE)
    else:
        text = f"the activations grow from layer to layer, as they do by weights that are too large: deviation {way}"
        yield Finding("growing_activations", (), text, SPREAD_ADVICE)


def _flow(layers: Sequence[LayerLook]) -> Iterator[Finding]:
    deltas = [layer.delta for layer in layers]
    low, high = min(deltas), max(deltas)
    if high <= FLOW * low:
        return
    places = [(deltas.index(value) + 1, value) for value in (low, high)]
    way = " and ".join(f"{value:.3g} in layer {number}" for number, value in sorted(places, reverse=True))
    if places[0] < places[1]:
        yield Finding("fading_gradient", (), f"the gradient fades on its way back: dL/dz is {way}", FLOW_ADVICE)
    else:
        text = f"the gradient explodes on its way back: dL/dz is {way}"
        yield Finding("exploding_gradient", (), text, f"{SPREAD_ADVICE}; or clip it (regularization.clip_norm)")


def _which(layers: Sequence[LayerLook], is_so: Callable[[LayerLook], bool]) -> tuple[int, ...]:
    return tuple(number for number, layer in enumerate(layers, 1) if is_so(layer))


def _words(numbers: Sequence[int]) -> str:
    """Such as ``layer 3``, ``layers 1 to 3`` or ``layers 1, 3``."""
    if len(numbers) == 1:
        return f"layer {numbers[0]}"
    if list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"layers {numbers[0]} to {numbers[-1]}"
    return "layers " + ", ".join(map(str, numbers))


def _range(shares: Sequence[float]) -> str:
    low, high = f"{min(shares):.0%}".replace("%", " %"), f"{max(shares):.0%}".replace("%", " %")
    return low if low == high else f"{low[:-2]} to {high}"
