"""Overfitting, and no way to see it."""

from typing import Literal

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit, resized
from nntrain.doctor.evidence import Evidence


class Overfitting(Diagnosis):
    """The network learns the noise of the training rows.

    Source: Goodfellow, Bengio, Courville, Deep Learning, chapter 7.
    """

    name: Literal["overfitting"] = "overfitting"
    title = "overfitting"
    lecture = "K, N: overfitting, early stopping, weight decay"
    measure = "loss"
    recorded = False

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the verdict on the curves says so."""
        if not evidence.overfits or evidence.case.split == "train":
            return None
        edits = [Edit({"training.early_stopping": {"patience": 10}}), Edit({"regularization.l2": 0.01})]
        if evidence.gradient_steps and evidence.units:
            edits.append(Edit({"model.dropout": 0.3}))
        if evidence.units and max(evidence.units) > 16:
            edits.append(
                Edit({"model.hidden": resized(evidence.recipe.model.hidden, lambda count: max(4, count // 8))})
            )
        if evidence.recipe.training.early_stopping is not None:
            edits = edits[1:]
        numbers = {"rise": evidence.trial.facts.rise, "gap": evidence.trial.facts.gap}
        return Suspicion(0.7, evidence.verdict.seen, tuple(edits), numbers)


class NoValidation(Diagnosis):
    """Without a validation split nobody sees whether the network overfits, and early stopping is impossible.

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 5.3.
    """

    name: Literal["no_validation"] = "no_validation"
    title = "no validation split"
    lecture = "N: validation data"
    measure = "loss"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Note it, and suspect it where the network overfits on rows that the doctor holds out."""
        if not evidence.case.held_out:
            return None
        text = "data.validation is 0"
        if not evidence.overfits:
            return Suspicion(0.1, f"{text}: the run itself cannot show overfitting", note=True)
        settings = {"data.validation": 0.2, "training.early_stopping": {"patience": 10}}
        text += ", and on held-out rows the network overfits"
        return Suspicion(0.9, text, (Edit(settings),))
