"""The evidence that all diagnoses share, gathered once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nntrain.data import Dataset
from nntrain.diagnostics.facts import trend
from nntrain.diagnostics.verdict import Kind, Verdict
from nntrain.doctor.data_facts import DataFacts, neighbor_scores
from nntrain.doctor.row_facts import Numbered, Shift, contradicted, numbered, repeated, shifts
from nntrain.optimizers import Range
from nntrain.recipe.schema import Layer, Recipe
from nntrain.training.events import Stopped

if TYPE_CHECKING:
    from nntrain.diagnostics.causes import Finding
    from nntrain.diagnostics.layers import NetworkStats
    from nntrain.doctor.trial import Trial

LUCK = 0.06  # by which the score of the recipe's seed may exceed the mean of other seeds


class Examined(Protocol):
    """A recipe under examination.

    Attributes:
        recipe: as written, with its file's path.
        dataset: all rows; the targets of the test split are not looked at.
        split: that scores are measured on.
        held_out: whether the doctor has split off validation rows of its own.
    """

    recipe: Recipe
    dataset: Dataset
    split: str
    held_out: bool

    @property
    def visible(self) -> Dataset:
        """The rows that may be looked at, encoded and unscaled."""
        ...


@dataclass(frozen=True)
class Evidence:
    """What is known before the experiments.

    Attributes:
        case: the recipe and its rows.
        trial: the watched run of the recipe as it is.
        verdict: whether the run under- or overfits.
        others: runs of the same recipe at other seeds.
    """

    case: Examined
    trial: "Trial"
    verdict: Verdict
    others: Sequence["Trial"] = ()

    @cached_property
    def first(self) -> "NetworkStats":
        """Statistics of the layers at the initial weights."""
        from nntrain.diagnostics.layers import network_stats

        return network_stats(self.trial.built.plan)

    @cached_property
    def last(self) -> "NetworkStats":
        """The same at the resulting weights."""
        from nntrain.diagnostics.layers import network_stats

        return network_stats(self.trial.built.plan, self.trial.theta)

    @cached_property
    def data(self) -> DataFacts:
        """Facts about the rows."""
        return DataFacts.of(self.case.visible)

    @property
    def base(self) -> "Trial":
        """The run that edits are screened against: of the recipe's seed, or of the worst seed if that one was lucky."""
        scores = [trial.score for trial in self.others]
        if not scores or fmean(scores) > self.trial.score - LUCK:
            return self.trial
        return min(self.others, key=lambda trial: trial.score)

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
    def first_kinds(self) -> "dict[str, Finding]":
        """What the initial statistics show, by kind."""
        from nntrain.diagnostics.causes import findings

        return {finding.kind: finding for finding in findings(self.first)}

    @cached_property
    def last_kinds(self) -> "dict[str, Finding]":
        """What the final statistics show, by kind."""
        from nntrain.diagnostics.causes import findings

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
    def neighbors(self) -> tuple[float, float]:
        """Score and correlation of the nearest neighbors on the training split."""
        plan = self.trial.built.plan
        classes = plan.n_classes if self.case.dataset.single_label else None
        return neighbor_scores(plan.data.train.x, plan.data.train.y, classes)

    @property
    def trials(self) -> "tuple[Trial, ...]":
        """The runs of the recipe as it is, at all seeds."""
        return (self.trial, *self.others)

    @property
    def mean_score(self) -> float:
        """The mean score over these runs."""
        return fmean(trial.score for trial in self.trials)

    @property
    def mean_train_score(self) -> float:
        """The mean score on the training split over these runs."""
        return fmean(trial.train_score for trial in self.trials)

    @cached_property
    def numbered(self) -> tuple[Numbered, ...]:
        """Columns that number the rows."""
        return numbered(self.case.visible, len(self.case.dataset.x))

    @cached_property
    def repeated(self) -> float:
        """Fraction of the validation rows that the training split has too."""
        data = self.trial.built.plan.data
        return 0.0 if data.validation is None else repeated(data.train, data.validation)

    @cached_property
    def shifts(self) -> tuple[Shift, ...]:
        """Features whose distribution differs between the training and the validation split."""
        data = self.trial.built.plan.data
        return () if data.validation is None else shifts(data.train, data.validation, self.trial.built.feature_names)

    @cached_property
    def contradicted(self) -> float:
        """Fraction of the training rows whose class hardly any of their neighbors has; 0 without a single label."""
        train = self.trial.built.plan.data.train
        return contradicted(train.x, train.y) if self.case.dataset.single_label else 0.0

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
