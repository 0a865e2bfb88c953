"""Initial weights and biases that block training."""

from typing import Literal

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence

RESET = {"model.initializer": None}
BLOCKED = ("zero_weights", "zero_activations", "equal_units", "zero_slopes")


class EqualUnits(Diagnosis):
    """Units that start equal get equal gradients, and stay a single unit.

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 8.4 (breaking symmetry).
    """

    name: Literal["equal_units"] = "equal_units"
    title = "initial weights are all the same"
    lecture = "H: initialization with zeros; the causes of a zero gradient"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where a layer's weights are zero or constant at first."""
        initializer = evidence.recipe.model.initializer
        fixed = initializer is not None and initializer.name in ("zeros", "constant")
        kinds = [kind for kind in BLOCKED if kind in evidence.first_kinds]
        layers = evidence.trial.built.plan.network.layers
        own = any(layer.initializer.name in ("zeros", "constant") for layer in layers[:-1])
        if not (fixed or own) or not evidence.units:
            return None
        text = (
            evidence.first_kinds[kinds[0]].text if kinds else f"model.initializer is {initializer and initializer.name}"
        )
        settings = dict(RESET) if fixed else {**RESET, "model.hidden": list(evidence.units)}
        return Suspicion(0.97, text, (Edit(settings),))


class InitialScale(Diagnosis):
    """Initial weights are so small that activations fade, or so large that they saturate or explode.

    Formula:
        variance of a weight: 2 / n_in before ReLU (He), 2 / (n_in + n_out) otherwise (Glorot)

    Source: Glorot and Bengio, 2010; He et al., Delving deep into rectifiers, 2015.
    """

    name: Literal["initial_weights_scale"] = "initial_weights_scale"
    title = "initial weights too small or too large"
    lecture = "H: initialization too small, too large, Xavier"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the recipe chooses an initializer, and the first activations fade, grow or saturate."""
        initializer = evidence.recipe.model.initializer
        own = evidence.trial.built.plan.network.layers[:-1]
        if initializer is None and not any(hasattr(layer.initializer, "scale") for layer in own):
            return None
        if initializer is not None and initializer.name in ("zeros", "constant", "given"):
            return None
        stds = [layer.deviation for layer in evidence.first.layers if layer.hidden]
        outputs = evidence.first.layers[-1].z_deviation
        stds = [*stds, outputs]
        kinds = {"fading_activations", "growing_activations", "saturated", "exploding_gradient", "fading_gradient"}
        seen = kinds & set(evidence.first_kinds)
        low, high = min(stds), max(stds)
        strength = 0.9 if seen or high > 20 or low < 1e-4 else 0.6 if high > 5 or low < 1e-2 else 0.35
        text = f"the first activations have standard deviations from {low:.2g} to {high:.2g}"
        return Suspicion(strength, text, (Edit(RESET),), {"lowest": low, "highest": high})


class InitialBiases(Diagnosis):
    """Initial biases far from zero switch units off or saturate them before training begins.

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 8.4.
    """

    name: Literal["initial_biases"] = "initial_biases"
    title = "initial biases far from zero"
    lecture = "H: activations all zero"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the recipe chooses biases other than zero."""
        initializer = evidence.recipe.model.bias_initializer
        if initializer.name in ("zeros", "given"):
            return None
        size = abs(float(getattr(initializer, "value", getattr(initializer, "scale", 0.0))))
        strength = 0.92 if size >= 1 else 0.6 if size > 0.2 else 0.3
        text = f"model.bias_initializer is {initializer.name} of size {size:g}"
        if evidence.first_dead > 0.2:
            text += f"; {evidence.first_dead:.0%} of a layer's units are dead before training"
        edits = (Edit({"model.bias_initializer": "zeros"}),)
        return Suspicion(strength, text, edits, {"size": size, "dead_at_first": evidence.first_dead})


class DeadUnits(Diagnosis):
    """ReLU units that are zero for every sample get no gradient, and never come back.

    Formula:
        h = max(0, z) = 0 and dL/dz = 0 for every sample

    Source: Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
    """

    name: Literal["dead_units"] = "dead_units"
    title = "dead units"
    lecture = "H: dying ReLU"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where half of a layer is dead at the end."""
        if evidence.dead < 0.3:
            return None
        text = f"{evidence.dead:.0%} of a layer's units are zero for every sample"
        text += f" ({evidence.first_dead:.0%} before training)"
        edits = (Edit({"model.activation": "leaky_relu"}),)
        numbers = {"dead": evidence.dead, "dead_at_first": evidence.first_dead}
        return Suspicion(0.4 + 0.2 * evidence.dead, text, edits, numbers)


class ExplodingGradient(Diagnosis):
    """The gradient grows from layer to layer, or from step to step, until a step throws the weights away.

    Source: Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, 2013.
    """

    name: Literal["exploding_gradient"] = "exploding_gradient"
    title = "exploding gradient"
    lecture = "S: cliffs and exploding gradients"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where training diverges or is unstable without clipping."""
        if evidence.recipe.regularization.clips or not evidence.gradient_steps or not evidence.unstable:
            return None
        largest = max(evidence.trial.gradient_norms, default=evidence.first.gradient_norm)
        text = f"the gradient norm is {evidence.first.gradient_norm:.3g} at first, and up to {largest:.3g}"
        edits = (Edit({"regularization.clip_norm": 1.0}),)
        return Suspicion(0.5, text, edits, {"first": evidence.first.gradient_norm, "largest": largest})
