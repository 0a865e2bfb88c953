"""What the curves and other seeds show: plateaus, saturated units, results that depend on the seed."""

from statistics import stdev
from typing import Literal

import numpy as np

from nntrain.diagnostics.facts import longest_plateau
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit, rate_times
from nntrain.doctor.evidence import Evidence

PLATEAU = 0.4  # fraction of the run
MIN_SEEDS = 3
SPREAD = 0.25  # of the scores of some seeds
SPREAD_ERRORS = 3.0  # standard errors of a score that their standard deviation exceeds


class Plateau(Diagnosis):
    """The loss hardly changes for a large part of the run: the gradient is small far from a minimum.

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 8.2.3 (plateaus, saddle points, flat regions).
    """

    name: Literal["plateau"] = "plateau"
    title = "plateau"
    lecture = "K, S: plateaus and saddle points"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the training loss stays level far above its lowest possible value."""
        train, facts = evidence.trial.facts.train, evidence.trial.facts
        if evidence.diverged or not evidence.gradient_steps or len(train) < 10:
            return None
        first, last = longest_plateau(train)
        level = facts.fraction("train", train[first] - facts.baseline("train").floor)
        if last - first < PLATEAU * len(train) or not level > 0.3:
            return None
        text = f"the training loss stayed at {train[first]:.4g} from epoch {first + 1} to {last + 1}"
        edits = [rate_times(evidence.recipe, 10)]
        if evidence.recipe.optimizer.name in ("sgd", "momentum", "nesterov"):
            edits.append(Edit({"optimizer": {"name": "adam", "lr": 0.003}}))
        return Suspicion(0.3, text, tuple(edits), {"first": first + 1, "last": last + 1, "loss": train[first]})


class Saturation(Diagnosis):
    """Units are driven where their slope is nearly zero, so that they stop learning.

    Source: Glorot and Bengio, 2010.
    """

    name: Literal["saturation"] = "saturation"
    title = "saturated units"
    lecture = "H: saturation of sigmoid and tanh"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where most activations of a layer are flat after training, and were not before."""
        found = evidence.last_kinds.get("saturated")
        if found is None or "saturated" in evidence.first_kinds or not evidence.gradient_steps:
            return None
        edits = (rate_times(evidence.recipe, 0.1), Edit({"model.norm": "batch"}))
        return Suspicion(0.4, found.text, edits, {"layers": list(found.layers)})


class LuckySeed(Diagnosis):
    """The result depends on the seed: one run says little about the recipe.

    Formula:
        std of the scores over seeds > 3 standard errors of a single score

    Source: Henderson et al., Deep reinforcement learning that matters, 2018.
    """

    name: Literal["lucky_seed"] = "lucky_seed"
    title = "the result depends on the seed"
    lecture = "N: random initialization"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the scores of some seeds differ by more than their samples explain."""
        trials = evidence.trials
        if len(evidence.others) < MIN_SEEDS:
            return None
        scores = [trial.score for trial in trials]
        samples = np.concatenate([trial.errors["score"] for trial in trials])
        error = float(samples.std()) / (len(samples) / len(trials)) ** 0.5
        apart = max(scores) - min(scores)
        if apart < SPREAD or stdev(scores) < SPREAD_ERRORS * error or max(scores) < 0.3:
            return None
        others = [trial.score for trial in evidence.others]
        text = f"on a scale from 0 (a constant prediction) to 1, the score is {scores[0]:.2f} at seed "
        text += f"{evidence.trial.seed}, and from {min(others):.2f} to {max(others):.2f} at {len(others)} other seeds"
        numbers = {"scores": scores, "error": error}
        return Suspicion(0.3, text, evidence=numbers, proven=True)  # a symptom: whatever cures it comes first
