"""Regularization that is so strong that the network cannot fit."""

from typing import ClassVar, Literal

import numpy as np

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence
from nntrain.recipe.schema import Layer

UNEQUAL = 10.0  # times that the loss of one class may be that of another


class _Strong(Diagnosis):
    """What the diagnoses of this file share: settings above a harmless size, cured by their removal."""

    keys: ClassVar[tuple[str, ...]]
    harmless: ClassVar[float]
    strong: ClassVar[float]
    off: ClassVar[float | None] = 0.0
    prevents_overfitting: ClassVar[bool] = True
    lecture = "N: regularization"

    def value(self, evidence: Evidence, key: str) -> float:
        """Return the strength of a setting."""
        return float(evidence.setting(key) or 0.0)

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect the largest of the settings."""
        values = {key: self.value(evidence, key) for key in self.keys}
        key = max(values, key=values.__getitem__)
        value = values[key]
        if not value > self.harmless:
            return None
        place = np.log(value / self.harmless) / np.log(self.strong / self.harmless)
        strength = float(np.clip(0.4 + 0.5 * place, 0.4, 0.95))
        if evidence.overfits and self.prevents_overfitting:
            strength *= 0.5
        text = f"{key} is {value:g}"
        if evidence.trial.train_score < 0.9:
            text += f", and the training score is only {evidence.trial.train_score:.2f}"
        return Suspicion(strength, text, (self.cure(evidence, key),), {key: value})

    def cure(self, evidence: Evidence, key: str) -> Edit:
        """Return the edit that removes a setting."""
        return Edit({key: self.off})


class DecayTooStrong(_Strong):
    """Weight decay pulls the weights to zero faster than the loss moves them.

    Formula:
        w <- w - lr · (gradient + l2 · w)

    Source: Krogh and Hertz, A simple weight decay can improve generalization, 1991.
    """

    name: Literal["weight_decay_too_strong"] = "weight_decay_too_strong"
    title = "weight decay too strong"
    keys = ("regularization.l2", "regularization.weight_decay", "optimizer.weight_decay")
    harmless, strong = 3e-3, 0.3

    def value(self, evidence: Evidence, key: str) -> float:
        """Decoupled decay is about ten times weaker than the same L2 penalty."""
        return super().value(evidence, key) * (1.0 if key.endswith("l2") else 0.3)


class L1TooStrong(_Strong):
    """The L1 penalty sets most weights to zero.

    Formula:
        l1 · Σ |w|

    Source: Tibshirani, Regression shrinkage and selection via the lasso, 1996.
    """

    name: Literal["l1_too_strong"] = "l1_too_strong"
    title = "L1 penalty too strong"
    keys = ("regularization.l1",)
    harmless, strong = 2e-4, 1e-2


class DropoutTooStrong(_Strong):
    """Dropout removes so many units that what remains cannot fit.

    Source: Srivastava et al., Dropout, 2014 (0.5 for hidden units).
    """

    name: Literal["dropout_too_strong"] = "dropout_too_strong"
    title = "dropout too strong"
    keys = ("model.dropout",)
    harmless, strong = 0.3, 0.75

    def value(self, evidence: Evidence, key: str) -> float:
        """Return the largest dropout of a layer."""
        return max((layer.dropout for layer in evidence.trial.built.plan.network.layers), default=0.0)

    def cure(self, evidence: Evidence, key: str) -> Edit:
        """Remove it from the layers that have their own, too."""
        layers = evidence.recipe.model.hidden
        if not any(isinstance(layer, Layer) and layer.dropout for layer in layers):
            return super().cure(evidence, key)
        plain = [
            {**layer.model_dump(exclude_unset=True, exclude={"dropout"})} if isinstance(layer, Layer) else layer
            for layer in layers
        ]
        return Edit({"model.hidden": plain, key: 0.0})


class SmoothingTooStrong(_Strong):
    """Label smoothing hides which class is right.

    Source: Szegedy et al., Rethinking the Inception architecture, 2016 (0.1).
    """

    name: Literal["smoothing_too_strong"] = "smoothing_too_strong"
    title = "label smoothing too strong"
    keys = ("loss.smoothing",)
    prevents_overfitting = False  # its loss rises while accuracies improve
    harmless, strong = 0.2, 0.8


class NoiseTooStrong(_Strong):
    """The input noise drowns the features.

    Source: Bishop, Training with noise is equivalent to Tikhonov regularization, 1995.
    """

    name: Literal["input_noise_too_strong"] = "input_noise_too_strong"
    title = "input noise too strong"
    keys = ("regularization.input_noise",)
    harmless, strong = 0.2, 2.0


class ClassWeightsTooStrong(Diagnosis):
    """A class weighs so much that the others hardly count.

    Formula:
        a class's part of the loss = weight · rows of the class / Σ over classes

    Source: King and Zeng, Logistic regression in rare events data, 2001.
    """

    name: Literal["class_weights_too_strong"] = "class_weights_too_strong"
    title = "class weights too strong"
    lecture = "N: accuracy"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the classes' parts of the loss are far from equal, and farther than their frequencies."""
        weights = getattr(evidence.case.recipe.loss, "class_weights", None)
        fractions = evidence.data.class_fractions
        if not isinstance(weights, list) or len(weights) != len(fractions):
            return None
        parts = [weight * fraction for weight, fraction in zip(weights, fractions, strict=True) if fraction > 0]
        plain = [fraction for fraction in fractions if fraction > 0]
        ratio = max(parts) / min(parts) if min(parts) > 0 else np.inf
        if ratio < max(UNEQUAL, 2 * max(plain) / min(plain)):
            return None
        largest = max(parts) / sum(parts)
        text = f"loss.class_weights are from {min(weights):g} to {max(weights):g}; "
        text += f"one class makes {largest:.1%} of the loss"
        loss = evidence.case.recipe.loss
        kept = {} if loss is None else loss.model_dump(exclude_unset=True, exclude={"class_weights"})
        edits = (Edit({"loss": {**kept, "name": evidence.trial.built.plan.loss.name}}),)
        strength = 0.95 if ratio > 10 * UNEQUAL else 0.6
        return Suspicion(strength, text, edits, {"weights": list(weights), "largest_part": largest})


class ClippingTooTight(Diagnosis):
    """Gradients are clipped so far that the steps are tiny.

    Formula:
        g <- g · clip_norm / |g|  if |g| > clip_norm

    Source: Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, 2013.
    """

    name: Literal["clipping_too_tight"] = "clipping_too_tight"
    title = "gradient clipping too tight"
    lecture = "S: gradient clipping"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where most steps are clipped to a small part of the gradient."""
        settings, last = evidence.recipe.regularization, evidence.trial.facts.last
        if not settings.clips or last is None:
            return None
        key = "clip_norm" if settings.clip_norm is not None else "clip_value"
        limit = float(getattr(settings, key) or 1.0)
        clipped = last.clipped or 0.0
        size = evidence.first.gradient_norm
        if clipped < 0.3 or not size > 0:
            return None
        part = limit / size
        strength = 0.95 if part < 0.003 else 0.8 if part < 0.03 else 0.4
        text = f"{key} {limit:g} clipped {clipped:.0%} of the steps; the first gradient has norm {size:.3g}"
        edits = (Edit({f"regularization.{key}": None}),)
        return Suspicion(strength, text, edits, {key: limit, "clipped": clipped, "gradient_norm": size})
