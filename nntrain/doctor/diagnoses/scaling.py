"""Features and targets in unsuitable units."""

from typing import Literal

import numpy as np

from nntrain.data.table import TableFile
from nntrain.doctor.data_facts import without_outliers
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import SCALED_FEATURES, SCALED_TARGET, Edit
from nntrain.doctor.evidence import Evidence
from nntrain.errors import counted

FAR_MEAN = 30.0  # standard deviations from zero


class UnscaledFeatures(Diagnosis):
    """Features in very different units make the loss ill-conditioned: no learning rate suits all weights.

    Source: LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998.
    """

    name: Literal["unscaled_features"] = "unscaled_features"
    title = "features are not standardized"
    lecture = "K: ill-conditioning"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where features are not standardized, the more so the more their sizes differ from 1."""
        if evidence.recipe.data.standardize:
            return None
        low, high = evidence.input_scale
        worst = max(high, 1 / low if low > 0 else 1.0, high / low if low > 0 else 1.0)
        strength = 0.95 if worst > 100 else 0.85 if worst > 10 else 0.5 if worst > 4 else 0.3
        text = f"data.standardize is false, and features have sizes (root mean square) from {low:.3g} to {high:.3g}"
        return Suspicion(strength, text, (SCALED_FEATURES,), {"smallest": low, "largest": high})


class LargeOffset(Diagnosis):
    """Features far from zero leave few digits for their differences, and make the loss ill-conditioned.

    Formula:
        float32 has 7 digits: x = mean + deviation keeps 7 - log10(mean / deviation) of them for the deviation

    Source: Goldberg, What every computer scientist should know about floating-point arithmetic, 1991.
    """

    name: Literal["large_offset"] = "large_offset"
    title = "features far from zero"
    lecture = "K: ill-conditioning"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where features are not standardized, and a mean is many standard deviations from zero."""
        data, most = evidence.data, max(evidence.data.offsets, default=0.0)
        if evidence.recipe.data.standardize or most < FAR_MEAN:
            return None
        names = [name for name in evidence.case.visible.feature_names if name not in data.constant]
        name = names[int(np.argmax(data.offsets))]
        text = f"data.standardize is false, and the mean of {name} is {most:.3g} standard deviations from zero"
        if evidence.recipe.training.dtype == "float32":
            text += f", which leaves {max(7 - np.log10(most), 0):.0f} of float32's 7 digits for its differences"
        strength = 0.97 if most > 10 * FAR_MEAN else 0.6
        return Suspicion(strength, text, (SCALED_FEATURES,), {"feature": name, "offset": most})


class UnscaledTarget(Diagnosis):
    """A target far from 0, or in large units, is a long way for the outputs to go, and makes gradients huge.

    Source: LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998.
    """

    name: Literal["unscaled_target"] = "unscaled_target"
    title = "the target is not standardized"
    lecture = "K: ill-conditioning"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it in regression where mean or standard deviation are far from those of a standardized target."""
        if not evidence.regression or evidence.recipe.data.standardize_target:
            return None
        mean, std = evidence.data.target_mean, evidence.data.target_std
        size = max(mean, std)
        worst = max(size, 1 / std if std > 0 else 1.0, mean / std if std > 0 else 1.0)
        strength = 0.93 if worst > 50 else 0.8 if worst > 8 else 0.4 if worst > 3 else 0.2
        text = f"the target has mean {mean:.3g} and standard deviation {std:.3g}"
        return Suspicion(strength, text, (SCALED_TARGET,), {"mean": mean, "std": std})


class Outliers(Diagnosis):
    """A few extreme values dominate the scaling, the loss and its gradient.

    Formula:
        |x - median| > 30 interquartile ranges

    Source: Huber, Robust statistics, 1981.
    """

    name: Literal["outliers"] = "outliers"
    title = "outliers"
    lecture = "N: data preparation"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where a few values lie far from their column's median."""
        data, names = evidence.data, evidence.case.visible.feature_names
        rows = data.outliers.any(axis=1) | data.target_outliers
        if not rows.any() or data.codes:
            return None
        columns = [name for name, does in zip(names, np.asarray(data.outliers.any(axis=0)), strict=True) if does]
        places = [*columns, *(["the target"] if data.target_outliers.any() else [])]
        text = f"extreme values in {counted(int(rows.sum()), 'row')}, in {', '.join(places[:5])}"
        edits = []
        if columns:
            scaled = {} if evidence.recipe.data.standardize else SCALED_FEATURES.settings
            edits = [Edit({**scaled, "data.scaling": scaling}) for scaling in ("quantile", "robust")]
        if data.target_outliers.any():
            edits.append(Edit({"loss": "huber", "data.standardize_target": True}))
            edits.append(
                Edit(rows=without_outliers, text="with the outliers replaced by medians: correct or remove these rows")
            )
        return Suspicion(0.93, text, tuple(edits), {"rows": int(rows.sum()), "columns": places})


class MissingAsNumbers(Diagnosis):
    """Missing values are coded as numbers such as -999, and the network takes them for measurements.

    Source: Rubin, Inference and missing data, 1976.
    """

    name: Literal["missing_as_numbers"] = "missing_as_numbers"
    title = "missing values coded as numbers"
    lecture = "N: data preparation"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where one far value repeats."""
        codes = evidence.data.codes
        if not codes:
            return None
        listed = ", ".join(f"{value:g} in {name}" for name, value in list(codes.items())[:5])
        text = f"the same far value repeats: {listed}"
        edits = (Edit(rows=without_outliers, text="with these values replaced by medians: replace them in the file"),)
        source = evidence.recipe.data.source
        if isinstance(source, TableFile):
            tokens = [*source.missing, *(int(value) for value in sorted(set(codes.values())))]
            edits = (Edit({"data.source.missing": tokens}),)
        return Suspicion(0.95, text, edits, {"codes": codes})
