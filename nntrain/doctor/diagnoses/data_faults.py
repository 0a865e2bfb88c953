"""Faults of the rows: leaks, useless columns, labels without relation to the features, too few rows."""

from statistics import fmean
from typing import Literal

from nntrain.data.table import TableFile
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence

NO_RELATION = 0.1  # correlation with the nearest neighbors' targets below which features tell nothing
RELATION_ERRORS = 3.0  # standard errors that such a correlation exceeds
FEW_ROWS = 60


class Leak(Diagnosis):
    """A feature leaks the target; it will not be there when the model is used.

    Source: Kaufman et al., Leakage in data mining, 2012.
    """

    name: Literal["leak"] = "leak"
    title = "a feature leaks the target"
    lecture = "N: generalization"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect features that are the target, or a code of it."""
        leaks = evidence.data.leaks
        if not leaks:
            return None
        text = f"{', '.join(leaks)} determines the target exactly"
        edits: tuple[Edit, ...] = ()
        if isinstance(evidence.recipe.data.source, TableFile):
            others = [name for name in evidence.case.dataset.feature_names if name not in leaks]
            edits = (Edit({"data.source.features": others}),) if others else ()
        return Suspicion(0.96, text, edits, {"features": leaks}, proven=True)


class UselessColumns(Diagnosis):
    """Constant and duplicated features cost time and teach nothing.

    Source: Guyon and Elisseeff, An introduction to variable and feature selection, 2003.
    """

    name: Literal["useless_columns"] = "useless_columns"
    title = "constant or duplicated features"
    lecture = "N: features"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Note constant and duplicated features."""
        constant, duplicated = evidence.data.constant, evidence.data.duplicated
        texts = []
        if constant:
            texts.append(
                f"{len(constant)} features do not vary ({', '.join(constant[:3])} ...)"
                if len(constant) > 3
                else f"{', '.join(constant)} does not vary"
            )
        texts += [f"{other} equals {one}" for one, other in duplicated[:3]]
        if not texts:
            return None
        return Suspicion(0.1, "; ".join(texts), evidence={"constant": len(constant)}, note=True)


class UnrelatedLabels(Diagnosis):
    """The features tell nothing about the target: labels are shuffled, or the wrong column is predicted.

    Source: Zhang et al., Understanding deep learning requires rethinking generalization, 2017.
    """

    name: Literal["unrelated_labels"] = "unrelated_labels"
    title = "the features tell nothing about the target"
    lecture = "N: generalization"
    recorded = False

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where neither the network nor the nearest neighbors beat a constant."""
        rows, (neighbors, correlation) = evidence.data.rows, evidence.neighbors
        by_luck = 2 * fmean(trial.score_error for trial in evidence.trials) / len(evidence.trials) ** 0.5
        related = correlation > max(NO_RELATION, RELATION_ERRORS / len(evidence.trial.built.plan.data.train.x) ** 0.5)
        if rows < FEW_ROWS or evidence.mean_score > 0.05 + by_luck or related:
            return None
        learned = evidence.mean_train_score
        text = f"on validation rows the network scores {evidence.mean_score:.2f} and the nearest neighbors "
        text += f"{neighbors:.2f}, where a constant scores 0"
        if learned > 0.3:
            text += f"; the training score of {learned:.2f} is learned by heart"
        numbers = {"neighbors": neighbors, "correlation": correlation, "train_score": learned}
        return Suspicion(0.85, text, evidence=numbers, proven=True)


class TooFewRows(Diagnosis):
    """There are too few rows for the network to learn more than these rows.

    Source: Vapnik, The nature of statistical learning theory, 1995.
    """

    name: Literal["too_few_rows"] = "too_few_rows"
    title = "too few rows"
    lecture = "K, N: overfitting"
    recorded = False

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the network fits few training rows and not the others."""
        rows = len(evidence.trial.built.plan.data.train.x)
        apart = evidence.mean_train_score - evidence.mean_score
        error = fmean(trial.score_error for trial in evidence.trials) / len(evidence.trials) ** 0.5
        if evidence.case.split == "train" or rows >= FEW_ROWS or apart < max(0.15, 2 * error):
            return None
        text = f"{rows} training rows: the score is {evidence.mean_train_score:.2f} on them "
        text += f"and {evidence.mean_score:.2f} on validation rows"
        return Suspicion(0.75, text, evidence={"rows": rows, "gap": apart}, proven=True)


class ClassImbalance(Diagnosis):
    """A good accuracy hides that the rare class is never found.

    Source: He and Garcia, Learning from imbalanced data, 2009.
    """

    name: Literal["class_imbalance"] = "class_imbalance"
    title = "imbalanced classes"
    lecture = "N: accuracy"
    measure = "balanced"
    recorded = False

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where one class is rare."""
        fractions = [fraction for fraction in evidence.data.class_fractions if fraction > 0]
        loss = evidence.trial.built.plan.loss
        if not fractions or min(fractions) > 0.5 / len(fractions) or loss.name not in ("cross_entropy", "bce"):
            return None
        if getattr(evidence.case.recipe.loss, "class_weights", None) == "balanced":
            return None
        balanced = fmean(1 - float(trial.errors["balanced"].mean()) for trial in evidence.trials)
        rare = min(fractions)
        strength = 0.8 if rare < 0.1 and balanced < 0.6 else 0.4
        text = f"the rarest class has {rare:.1%} of the rows; averaged over classes the score is {balanced:.2f}"
        edits = (Edit({"loss": {"name": loss.name, "class_weights": "balanced"}}),)
        return Suspicion(strength, text, edits, {"rarest": rare, "balanced_score": balanced})
