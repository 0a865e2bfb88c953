"""A network that cannot represent the function, or passes no gradient."""

from typing import Literal

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit, resized
from nntrain.doctor.evidence import Evidence

SQUASHING = ("sigmoid", "tanh", "hard_tanh", "softmax")


class TooNarrow(Diagnosis):
    """A layer has too few units to carry what the target needs.

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 5.2 (capacity).
    """

    name: Literal["too_narrow"] = "too_narrow"
    title = "network too small"
    lecture = "K, N: capacity and underfitting"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it the more the narrower the narrowest layer is."""
        units, plan = evidence.units, evidence.trial.built.plan
        least = min(units, default=0)
        if evidence.overfits and least > 4:
            return None
        if not units:
            strength, text = 0.6, "the model is linear: it has no hidden layer"
        else:
            outputs = plan.network.layers[-1].n_out
            strength = 0.9 if least <= 1 else 0.85 if least == 2 else 0.7 if least <= 4 else 0.45 if least <= 8 else 0.2
            if least < outputs:
                strength = max(strength, 0.85)
            text = f"the narrowest hidden layer has {least} unit{'s' * (least > 1)}"
        edits = (
            Edit({"model.hidden": resized(evidence.recipe.model.hidden, lambda count: max(32, 4 * count)) or [32]}),
        )
        return Suspicion(strength, text, edits, {"units": list(units), "train_score": evidence.trial.train_score})


class NoNonlinearity(Diagnosis):
    """Hidden layers without an activation collapse to a single linear map.

    Formula:
        W2 (W1 x) = (W2 W1) x

    Source: Goodfellow, Bengio, Courville, Deep Learning, chapter 6.
    """

    name: Literal["no_nonlinearity"] = "no_nonlinearity"
    title = "hidden layers are linear"
    lecture = "H: activation functions"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where a hidden activation is the identity."""
        if not evidence.units or evidence.recipe.model.activation.name != "identity":
            return None
        return Suspicion(0.95, "model.activation is identity", (Edit({"model.activation": "relu"}),))


class SquashedTwice(Diagnosis):
    """A hidden softmax outputs fractions that sum to 1, and passes back hardly any gradient: softmax is applied twice.

    Source: torch.nn.CrossEntropyLoss (expects logits).
    """

    name: Literal["softmax_twice"] = "softmax_twice"
    title = "softmax in a hidden layer"
    lecture = "K, L: softmax and cross-entropy"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where a hidden layer's activation is softmax."""
        hidden = evidence.trial.built.plan.network.layers[:-1]
        places = [index for index, layer in enumerate(hidden) if layer.activation.distribution]
        if not places:
            return None
        settings = {"model.hidden": list(evidence.units), "model.activation": "relu"}
        text = f"the activation of hidden layer {places[0] + 1} is softmax"
        return Suspicion(0.95, text, (Edit(settings),), {"layer": places[0] + 1})


class VanishingGradient(Diagnosis):
    """Saturating activations shrink the gradient from layer to layer on its way back.

    Formula:
        dL/dz of a layer = f'(z) · W^T dL/dz of the next,  f' <= 1/4 for sigmoid

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """

    name: Literal["vanishing_gradient"] = "vanishing_gradient"
    title = "vanishing gradient"
    lecture = "H: vanishing gradients, saturation"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where dL/dz fades between the layers, or sigmoids are stacked."""
        layers = evidence.trial.built.plan.network.layers[:-1]
        names = [layer.activation.name for layer in layers]
        deltas = [layer.delta for layer in evidence.first.layers]
        ratio = max(deltas) / min(deltas) if min(deltas) > 0 else float("inf")
        fades = deltas[0] < deltas[-1]
        stacked = sum(name in ("sigmoid", "softmax") for name in names)
        if not names or not (stacked >= 2 or (fades and ratio > 100)):
            return None
        strength = 0.85 if stacked >= 3 else 0.6 if stacked else 0.5
        if fades and ratio > 1000:
            strength = max(strength, 0.75)
        text = f"{len(names)} hidden layers of {names[0]}; dL/dz is {ratio:.3g} times smaller in the first"
        edits = [Edit({"model.norm": "batch"})]
        if stacked:
            edits.insert(0, Edit({"model.activation": "relu"}))
        return Suspicion(strength, text, tuple(edits), {"ratio": ratio, "layers": len(names)})


class FrozenBiases(Diagnosis):
    """Biases that are not trained force every unit's boundary through the origin.

    Formula:
        z = W x + b with b fixed

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 6.
    """

    name: Literal["frozen_biases"] = "frozen_biases"
    title = "biases are not trained"
    lecture = "K: bias"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the recipe switches them off."""
        if evidence.recipe.model.learn_biases:
            return None
        return Suspicion(0.6, "model.learn_biases is false", (Edit({"model.learn_biases": True}),))
