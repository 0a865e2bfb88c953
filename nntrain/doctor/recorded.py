"""The evidence of a finished run, and what the diagnoses suspect from it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import Verdict
from nntrain.doctor.edits import NO_EDIT
from nntrain.doctor.evidence import Evidence, Examined
from nntrain.doctor.row_facts import Shift
from nntrain.doctor.screening import Suspected, suspect
from nntrain.doctor.trial import Trial
from nntrain.recipe.build import Built

MAX_COMPARED = 20_000  # training rows up to which they are compared with those of the validation split


class RecordedEvidence(Evidence):
    """The evidence of a finished run; its splits are compared only if they are small."""

    @property
    def repeated(self) -> float:
        """Fraction of the validation rows that the training split has too."""
        return super().repeated if self._small else 0.0

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """Features whose distribution differs between the training and the validation split."""
        return super().shifts if self._small else ()

    @property
    def _small(self) -> bool:
        return len(self.trial.built.plan.data.train.x) <= MAX_COMPARED


def suspicions(case: Examined, built: Built, facts: Facts, verdict: Verdict, theta: NDArray[Any]) -> list[Suspected]:
    """Return what the diagnoses that need no experiment suspect, the strongest first; arguments as of likely_cause."""
    trial = Trial(
        edit=NO_EDIT,
        seed=built.plan.seed,
        built=built,
        facts=facts,
        errors={"score": np.full(1, 1 - facts.score(case.split))},
        train_score=facts.score("train"),
        theta=theta,
        gradient_norms=[],
        complete=True,
    )
    return suspect(RecordedEvidence(case, trial, verdict), recorded=True)
