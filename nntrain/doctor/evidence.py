"""The evidence that all diagnoses share, gathered once."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from nntrain.diagnostics.causes import Finding, findings
from nntrain.diagnostics.facts import trend
from nntrain.diagnostics.layers import NetworkStats
from nntrain.diagnostics.verdict import Kind, Verdict
from nntrain.doctor.case import Case, Trial
from nntrain.doctor.data_facts import DataFacts, neighbor_score
from nntrain.optimizers import Range
from nntrain.recipe.schema import Layer, Recipe
from nntrain.training.events import Stopped


@dataclass(frozen=True)
class Evidence:
    """What is known before the experiments.

    Attributes:
        case: the recipe and its rows.
        trial: the watched run of the recipe as it is.
        first: statistics of the layers at the initial weights.
        last: the same at the resulting weights.
        data: facts about the rows.
        verdict: whether the run under- or overfits.
    """

    case: Case
    trial: Trial
    first: NetworkStats
    last: NetworkStats
    data: DataFacts
    verdict: Verdict
    trials: list[Trial] = field(default_factory=list)

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return self.trial.built.recipe

    @property
    def gradient_steps(self) -> bool:
        """Whether the optimizer takes a step per batch."""
        return not self.recipe.optimizer.full_batch

    @property
    def steps(self) -> int:
        """Optimizer steps of the watched run."""
        return self.trial.facts.finished.steps

    @property
    def diverged(self) -> bool:
        """Whether it diverged."""
        return self.trial.facts.finished.diverged is not None

    @property
    def regression(self) -> bool:
        """Whether the targets are numbers."""
        return self.trial.built.plan.n_classes is None

    @property
    def stopped_early(self) -> bool:
        """Whether early stopping ended it."""
        return self.trial.facts.finished.stopped is Stopped.EARLY

    @property
    def overfits(self) -> bool:
        """Whether the verdict says so."""
        return self.verdict.kind is Kind.OVERFITS

    @property
    def unstable(self) -> bool:
        """Whether it diverged or its training loss jumps."""
        return self.diverged or self.verdict.kind is Kind.UNSTABLE

    @property
    def rates(self) -> Range:
        """The usual learning rates of the optimizer."""
        return self.recipe.optimizer.lr_range

    @cached_property
    def units(self) -> list[int]:
        """Units of each hidden layer."""
        return [layer.units if isinstance(layer, Layer) else layer for layer in self.recipe.model.hidden]

    @cached_property
    def falling(self) -> float:
        """The relative fall of the training loss over the last fifth of the epochs."""
        facts = self.trial.facts
        end = trend(facts.train)
        if end is None:
            return 1.0 if len(facts.train) < 10 else 0.0
        left = end.before - facts.baseline("train").floor
        return (end.before - end.after) / left if left > 0 else 0.0

    @cached_property
    def first_kinds(self) -> dict[str, Finding]:
        """What the initial statistics show, by kind."""
        return {finding.kind: finding for finding in findings(self.first)}

    @cached_property
    def last_kinds(self) -> dict[str, Finding]:
        """What the final statistics show, by kind."""
        return {finding.kind: finding for finding in findings(self.last)}

    @cached_property
    def dead(self) -> float:
        """Largest fraction of dead units in a hidden layer at the end."""
        return max((layer.stuck for layer in self.last.layers if layer.hidden and layer.can_die), default=0.0)

    @cached_property
    def first_dead(self) -> float:
        """The same at the initial weights."""
        return max((layer.stuck for layer in self.first.layers if layer.hidden and layer.can_die), default=0.0)

    @cached_property
    def neighbors(self) -> float:
        """Score of the nearest neighbors on the training split: what the features tell about the target."""
        plan = self.trial.built.plan
        return neighbor_score(plan.data.train.x, plan.data.train.y, plan.n_classes)

    def setting(self, key: str) -> Any:
        """Return the value of a dotted key of the resolved recipe; None if it has none."""
        value: Any = self.recipe
        for name in key.split("."):
            value = getattr(value, name, None)
        return value

    @cached_property
    def input_scale(self) -> tuple[float, float]:
        """The smallest and the largest root mean square of a feature that varies, as the network gets them."""
        x = self.trial.built.plan.data.train.x
        varying = x[:, np.ptp(x, axis=0) > 0]
        size = np.sqrt(np.square(varying).mean(axis=0))
        return (float(size.min()), float(size.max())) if size.size else (1.0, 1.0)
