"""The likely cause of a bad run from its recipe, its rows and what it recorded, without any experiment.

``nntrain fit`` asks for it when a run has ended. The diagnoses and their rules are those of the doctor.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import BAD, Verdict
from nntrain.recipe.build import Built
from nntrain.training.engine import Engine

MIN_STRENGTH = 0.8  # of a suspicion that is named without an experiment
TOO_GOOD = 0.99  # validation score from which features are checked for leaks
MAX_ROWS = 2000  # that facts about columns are measured on


@dataclass(frozen=True)
class Cause:
    """The likely cause of a bad run.

    Attributes:
        id: name of the diagnosis.
        title: for people.
        text: what was seen.
        cure: settings that the doctor would try first, as ``--set`` takes them; empty if it has none.
    """

    id: str
    title: str
    text: str
    cure: str

    @property
    def sentence(self) -> str:
        """Title, text and cure."""
        return f"{self.title}: {self.text}" + (f"; try {self.cure}" if self.cure else "")

    def to_json(self) -> Mapping[str, Any]:
        """Return plain data."""
        return asdict(self)


class FinishedRun:
    """A run that has ended, as a recipe under examination.

    Attributes:
        recipe: resolved.
        dataset: all rows.
        split: that the run is judged by.
        held_out: False: the run has the splits of its recipe.
    """

    held_out = False

    def __init__(self, built: Built) -> None:
        """Take the splits of a run."""
        self.recipe, self.dataset, self._built = built.recipe, built.dataset, built
        self.split = "train" if built.plan.data.validation is None else "validation"

    @cached_property
    def visible(self) -> Dataset:
        """Up to 2000 rows of the training split, evenly spaced, encoded and unscaled."""
        data, whole = self._built.plan.data, self._built.dataset
        rows = _spaced(len(data.train.x))
        x, y = data.train.x[rows], data.train.y[rows]
        x = x if data.inputs is None else _snapped(data.inputs.invert(x))
        y = y if data.targets is None else _snapped(data.targets.invert(y))
        return Dataset(x, y, self._built.feature_names, whole.target_names, whole.classes)


def cause_finder(built: Built, engine: Engine) -> Callable[[Facts, Verdict], Cause | None]:
    """Return :func:`likely_cause` for a run that ``engine`` trains."""
    return lambda facts, verdict: likely_cause(built, facts, verdict, engine.theta)


def likely_cause(built: Built, facts: Facts, verdict: Verdict, theta: NDArray[Any]) -> Cause | None:
    """Return the likely cause of a run that went wrong, or why one is too good to be true; None if nothing is clear.

    Rows in mapped files are not looked at.

    Args:
        built: recipe, rows and plan of the run.
        facts: its curves and final scores.
        verdict: on it.
        theta: its parameters.
    """
    if not built.plan.data.train.in_memory:  # looking at all rows would take as long as an epoch
        return None
    run, bad = FinishedRun(built), verdict.kind in BAD
    if not bad and not (facts.score(run.split) >= TOO_GOOD and _tells_target(run.visible, len(built.dataset.x))):
        return None
    from nntrain.doctor.recorded import suspicions
    from nntrain.doctor.words import settings_text

    for kind, suspicion in suspicions(run, built, facts, verdict, theta):
        if suspicion.strength >= MIN_STRENGTH and (bad or suspicion.proven):
            cure = next((settings_text(edit.settings) for edit in suspicion.edits if edit.settings), "")
            return Cause(kind.model_fields["name"].default, kind.title, suspicion.text, cure)
    return None


def _tells_target(visible: Dataset, rows: int) -> bool:
    """Return whether a feature tells the target exactly."""
    from nntrain.doctor.data_facts import leaks
    from nntrain.doctor.row_facts import numbered

    found = leaks(visible.x, visible.y, visible.feature_names, visible.classes is None)
    return bool(found) or any(one.tells_target for one in numbered(visible, rows))


def _spaced(rows: int) -> Sequence[int] | slice | NDArray[np.int64]:
    return slice(None) if rows <= MAX_ROWS else np.linspace(0, rows - 1, MAX_ROWS).astype(np.int64)


def _snapped(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers that scaling has moved slightly off whole numbers as these."""
    whole = np.round(values)
    return np.where(np.abs(values - whole) <= 1e-9 * np.maximum(np.abs(values), 1), whole, values)
