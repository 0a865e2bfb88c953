"""What a comparison has found, as one record."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nntrain.comparison.statistics import Pair, Spread, fewest_seeds


@dataclass(frozen=True)
class Target:
    """How soon runs reached the target: medians over all, of which those that missed it are the slowest."""

    reached: int
    missed: int
    steps: float | None  # of the optimizer, each with one gradient; evaluations, for one that searches
    seconds: float | None  # of training alone


@dataclass(frozen=True)
class Outcome:
    """The runs of a variant with one setting, on all seeds.

    Attributes:
        settings: keys of the optimizer that were tuned.
        diverged: share of the runs.
        scores: of the weights that were kept: part of the data -> loss and accuracy or r2 -> spread.
        auc: mean of the validation loss over all epochs (of the training loss, where there is no validation part).
        seconds: of a run's training.
        steps: of a run.
        target: None where there is none.
        curve: medians of that loss over the runs that did not diverge, at equal distances from the first epoch to the
            last; a run that ended early keeps its last value.
        epochs: the last of these epochs.
    """

    settings: Mapping[str, float]
    runs: int
    diverged: float
    scores: Mapping[str, Mapping[str, Spread]]
    auc: Spread
    seconds: Spread
    steps: Spread
    target: Target | None
    curve: tuple[float | None, ...]
    epochs: int


@dataclass(frozen=True)
class Tuning:
    """The trials of a variant.

    Attributes:
        trials: settings of each and its value on the validation part, None if it diverged.
        best: settings of the best one; None where nothing could be tuned.
        at_edge: keys whose best value lies at the edge of its range: the range may be too small.
        expected_best: of 1, 2, ... trials.
        within: share of the trials that are within a fifth of the best one: how little the rate matters.
        diverged: share of the trials.
    """

    trials: tuple[Mapping[str, Any], ...]
    best: Mapping[str, float] | None
    at_edge: tuple[str, ...]
    expected_best: tuple[float | None, ...]
    within: float | None
    diverged: float


@dataclass(frozen=True)
class VariantResult:
    """A variant: with its defaults and, where there were trials, tuned.

    Attributes:
        name: what varies of it; of finished runs their directories.
        recipe: complete.
        differs: keys of the recipe that differ between finished runs, and this variant's values.
        lr: learning rate of the defaults; None for a search that has none.
        tunable: whether the optimizer has anything to tune.
    """

    name: str
    recipe: Mapping[str, Any]
    differs: Mapping[str, str]
    lr: float | None
    tunable: bool
    default: Outcome
    tuned: Outcome | None
    tuning: Tuning | None

    @property
    def counts(self) -> Outcome:
        """The outcome that is compared."""
        return self.tuned or self.default


@dataclass(frozen=True)
class Result:
    """What a comparison has found; the variants with the best median first.

    Attributes:
        measure: what runs are compared by, such as ``validation.loss``.
        lower: whether less is better.
        metric: accuracy or r2.
        seeds: of the runs that count: those that all variants have run.
        trials: of each variant; 0: nothing was tuned.
        finished: whether these are runs that were made before.
        varied: keys of the recipe that options vary.
        target: value on the validation part.
        variants: ranked.
        pairs: in the order of the ranking.
        notes: what a reader should know.
    """

    measure: str
    lower: bool
    metric: str
    seeds: tuple[int, ...]
    trials: int
    finished: bool
    varied: tuple[str, ...]
    target: float | None
    variants: tuple[VariantResult, ...]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "verdict": self.verdict}

    @property
    def diverged(self) -> bool:
        """Whether every run did."""
        return all(variant.counts.diverged == 1 for variant in self.variants)

    @property
    def verdict(self) -> str:
        """A sentence on the first of the ranking."""
        first, *others = self.variants
        if self.diverged:
            return "every run diverged: there is nothing to rank"
        few = [pair for pair in self.pairs if pair.n < fewest_seeds(len(self.pairs))]
        if few:
            return few[0].verdict
        of_first = [pair for pair in self.pairs if pair.a == first.name]
        beaten_by = [pair.b for pair in of_first if pair.better == pair.b]
        if beaten_by:
            return f"{first.name} has the best median, but seed by seed {' and '.join(beaten_by)} did better"
        unclear = [pair.b for pair in of_first if not pair.better]
        if not unclear:
            return f"{first.name} is better than " + ("all others" if len(others) > 1 else others[0].name)
        return f"{first.name} has the best median, but no difference is shown to {', '.join(unclear)}"
