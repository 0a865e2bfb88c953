"""A run that is too short: too few epochs, too large a batch, too little patience."""

from typing import Literal

from nntrain.diagnostics.verdict import MIN_EPOCHS
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit, longer
from nntrain.doctor.evidence import Evidence
from nntrain.errors import counted

FEW_STEPS = 300  # a run with fewer can hardly be finished
STILL_FALLS = 0.1  # relative fall of the training loss over the last fifth of the epochs


class TooFewEpochs(Diagnosis):
    """Training ends while the loss is still falling.

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 7.8 (underfitting for want of time).
    """

    name: Literal["too_few_epochs"] = "too_few_epochs"
    title = "too few epochs"
    lecture = "N: underfitting"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the loss still falls at the end, or there are few epochs."""
        if evidence.stopped_early or evidence.diverged or evidence.recipe.optimizer.keeps_best:
            return None
        epochs, steps = evidence.recipe.training.epochs, evidence.steps
        strength = 0.8 if epochs <= 5 else 0.65 if epochs <= 12 else 0.5 if epochs <= 25 else 0.3
        if steps < FEW_STEPS and epochs <= 25:
            strength += 0.1
        if evidence.falling < 0.01 and epochs >= 10:
            strength -= 0.15
        text = f"{counted(epochs, 'epoch')}, {counted(steps, 'step')}"
        if evidence.falling > 0.01:
            text += f", and the training loss still fell by {evidence.falling:.0%} over the last fifth"
        factors = (5, 25) if epochs <= 12 else (5,)
        edits = tuple(longer(evidence.recipe, factor) for factor in factors)
        return Suspicion(strength, text, edits, {"epochs": epochs, "steps": steps, "falling": evidence.falling})


class BatchTooLarge(Diagnosis):
    """The batch is so large that few steps are left.

    Source: Keskar et al., On large-batch training for deep learning, 2017.
    """

    name: Literal["batch_too_large"] = "batch_too_large"
    title = "batch too large: too few steps"
    lecture = "N: mini-batch against full-batch descent"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where an epoch has few steps."""
        plan = evidence.trial.built.plan
        if not evidence.gradient_steps or plan.batch_rows <= 64 or plan.steps_per_epoch > 8:
            return None
        per_epoch, steps = plan.steps_per_epoch, evidence.steps
        epochs = max(evidence.recipe.training.epochs, 1)
        strength = 0.9 if per_epoch == 1 else 0.75 if per_epoch <= 3 else 0.5
        if steps > 20 * FEW_STEPS or epochs <= 3:
            strength -= 0.3
        text = (
            f"a batch of {plan.batch_rows:,} leaves {per_epoch} step{'s' * (per_epoch > 1)} per epoch, {steps:,} in all"
        )
        unfinished = per_epoch == 1 and steps < FEW_STEPS and evidence.falling > STILL_FALLS
        if unfinished:
            text += f", and the training loss still fell by {evidence.falling:.0%} over the last fifth"
        edits = (Edit({"training.batch_size": 32}),)
        numbers = {"batch_rows": plan.batch_rows, "steps": steps, "falling": evidence.falling}
        return Suspicion(strength, text, edits, numbers, proven=unfinished and epochs > MIN_EPOCHS)


class BatchTooSmall(Diagnosis):
    """The batch is so small that its gradient is mostly noise, or batch norm cannot estimate a variance.

    Formula:
        standard deviation of the gradient ~ 1 / sqrt(batch size)

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 8.1.3.
    """

    name: Literal["batch_too_small"] = "batch_too_small"
    title = "batch too small: noisy gradients"
    lecture = "N: stochastic gradient descent is unbiased but very noisy"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it below 8 rows, more so with batch norm."""
        plan = evidence.trial.built.plan
        rows = plan.batch_rows
        if not evidence.gradient_steps or rows >= 8 or len(plan.data.train.x) < 4 * rows:
            return None
        normed = any(layer.norm is not None and not layer.norm.by_row for layer in plan.network.layers)
        strength = 0.9 if normed and rows <= 4 else 0.7 if rows <= 2 else 0.45
        text = f"a batch has {rows} row{'s' * (rows > 1)}" + (
            ", from which batch norm estimates mean and variance" * normed
        )
        return Suspicion(strength, text, (Edit({"training.batch_size": 32}),), {"batch_rows": rows})


class PatienceTooShort(Diagnosis):
    """Early stopping ends the run at the first bump of the validation loss.

    Source: Prechelt, Early stopping - but when?, 1998.
    """

    name: Literal["patience_too_short"] = "patience_too_short"
    title = "early stopping ends the run too soon"
    lecture = "K, N: early stopping"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where early stopping ended the run after little patience or small improvements."""
        stopping = evidence.recipe.training.early_stopping
        if stopping is None or not evidence.stopped_early:
            return None
        epochs = evidence.trial.facts.finished.epochs
        strength = 0.85 if stopping.patience <= 2 else 0.6 if stopping.patience <= 5 else 0.4
        text = f"patience {stopping.patience} ended the run after {epochs} of {evidence.recipe.training.epochs} epochs"
        settings: dict[str, object] = {"training.early_stopping.patience": max(20, 4 * stopping.patience)}
        if stopping.min_delta > 0:
            strength = max(strength, 0.9)
            text += f", as improvements below {stopping.min_delta:g} do not count"
            settings["training.early_stopping.min_delta"] = 0.0
        numbers = {"patience": stopping.patience, "min_delta": stopping.min_delta, "epochs": epochs}
        return Suspicion(strength, text, (Edit(settings),), numbers)
