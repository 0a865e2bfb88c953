"""A loss, an output activation or a task that does not fit the target."""

from typing import Literal

import numpy as np

from nntrain.data.table import TableFile
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence

RANGES = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0)}
HALF_LINES = {"relu": 0.0, "softplus": 0.0, "elu": -1.0, "leaky_relu": 0.0, "silu": -0.3, "gelu": -0.2, "selu": -1.76}
PLAIN = ("cross_entropy", "bce")
MAX_CLASS_CODES = 50


class WrongOutput(Diagnosis):
    """The output activation cannot reach the targets, or passes no gradient.

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 6.2.2.
    """

    name: Literal["wrong_output"] = "wrong_output"
    title = "output activation does not fit the target"
    lecture = "K, L: output units"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect an output activation other than the identity, the more so if targets lie outside its range."""
        output = evidence.recipe.model.output.name
        if output == "identity":
            return None
        if not evidence.regression:
            settings: dict[str, object] = {"model.output": "identity", "loss": None}
            strength = 0.45 if output in ("sigmoid", "softmax") else 0.8
            text = f"model.output is {output} for classes"
            return Suspicion(strength, text, (Edit(settings), Edit({"model.output": "softmax"})))
        y = evidence.trial.built.plan.data.train.y
        low, high = RANGES.get(output, (HALF_LINES.get(output, -np.inf), np.inf))
        outside = float(np.mean((y < low) | (y > high)))
        strength = 0.97 if outside > 0.02 else 0.5
        text = f"model.output is {output}; {outside:.0%} of the targets lie outside its range"
        return Suspicion(strength, text, (Edit({"model.output": "identity"}),), {"outside": outside})


class WrongLoss(Diagnosis):
    """The loss does not fit the task: a squared error on classes has tiny gradients where outputs are wrong.

    Formula:
        d mse / dz = 2 (p - t) p (1 - p),  d cross-entropy / dz = p - t

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 6.2.2.2.
    """

    name: Literal["wrong_loss"] = "wrong_loss"
    title = "loss does not fit the task"
    lecture = "L: cross-entropy against squared error at a saturated output"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect squared and absolute errors on classes, and losses for special targets on others."""
        loss, recipe = evidence.trial.built.plan.loss, evidence.recipe
        if not evidence.regression:
            if loss.name in PLAIN:
                return None
            edits = (Edit({"loss": "cross_entropy", "model.output": "identity"}),)
            strength = 0.85 if loss.name != "hinge" else 0.4
            return Suspicion(strength, f"the loss is {loss.name}, and the target has classes", edits)
        if loss.name == "mse":
            return None
        threshold, sigma = getattr(loss, "threshold", 1.0), getattr(loss, "sigma", 1.0)
        summed = loss.reduction == "sum"
        odd = (threshold is not None and threshold < 0.2) or (sigma is not None and not 0.1 <= sigma <= 10)
        strength = 0.75 if loss.needs_counts or odd else 0.6 if summed and evidence.unstable else 0.35
        text = f"the loss is {loss.name}"
        if summed:
            text += f", which sums over the batch: gradients are {evidence.trial.built.plan.batch_rows} times larger"
        settings: dict[str, object] = {"loss": "mse"}
        if recipe.model.output.name != "identity":
            settings["model.output"] = "identity"
        return Suspicion(strength, text, (Edit(settings),))


class ClassesAsNumbers(Diagnosis):
    """Class codes are fitted as if 2 lay between 1 and 3.

    Source: Hastie, Tibshirani, Friedman, The elements of statistical learning, section 4.2.
    """

    name: Literal["classes_as_numbers"] = "classes_as_numbers"
    title = "classes read as numbers"
    lecture = "N: classification against regression"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where a target of few whole numbers is fitted as numbers, and not by a loss for counts."""
        source, kinds = evidence.recipe.data.source, evidence.data.whole_targets
        rows = evidence.data.rows
        few = 2 <= kinds <= min(MAX_CLASS_CODES, rows / 8)
        counts = evidence.trial.built.plan.loss.needs_counts
        if not isinstance(source, TableFile) or not evidence.regression or not few or counts:
            return None
        settings: dict[str, object] = {"data.source.task": "classification", "loss": None, "model.output": "identity"}
        if evidence.recipe.data.standardize_target:
            settings["data.standardize_target"] = False
        if evidence.recipe.data.target_transform is not None:
            settings["data.target_transform"] = None
        text = f"the target has {kinds} different whole numbers in {rows:,} rows, and data.source.task reads numbers"
        strength = 0.95 if kinds <= 20 else 0.6
        return Suspicion(strength, text, (Edit(settings),), {"values": kinds}, proven=kinds <= 20)


class NumbersAsClasses(Diagnosis):
    """Numbers are treated as classes without order: every value has its own output, and few rows.

    Source: Hastie, Tibshirani, Friedman, The elements of statistical learning, chapter 2.
    """

    name: Literal["numbers_as_classes"] = "numbers_as_classes"
    title = "numbers read as classes"
    lecture = "N: classification against regression"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where numeric labels are many, with few rows each."""
        source, classes = evidence.recipe.data.source, evidence.case.dataset.classes
        if not isinstance(source, TableFile) or classes is None:
            return None
        numbers = [label for label in classes if isinstance(label, int) and not isinstance(label, bool)]
        text_numbers = [label for label in classes if isinstance(label, str) and _is_number(label)]
        count, rows = len(classes), evidence.data.rows
        if len(numbers) + len(text_numbers) < count or count < 12:
            return None
        settings: dict[str, object] = {
            "data.source.task": "regression",
            "data.standardize_target": True,
            "loss": None,
            "model.output": "identity",
        }
        text = f"the target has {count} numeric classes with {rows / count:.1f} rows each"
        return Suspicion(0.95, text, (Edit(settings),), {"classes": count}, proven=True)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
