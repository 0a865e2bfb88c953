"""The result of a comparison."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nntrain.comparison.statistics import Pair, Spread, min_seeds


@dataclass(frozen=True)
class Target:
    """When runs reached the target: medians over all runs, counting a miss as infinitely slow."""

    reached: int
    missed: int
    steps: float | None  # of the optimizer; for a search, evaluations
    seconds: float | None  # of training


@dataclass(frozen=True)
class Outcome:
    """The runs of a variant with one setting, over all seeds.

    Attributes:
        settings: the tuned optimizer keys.
        diverged: fraction of the runs that diverged.
        scores: of the kept weights: split -> loss and accuracy or r2 -> spread.
        auc: mean validation loss over all epochs (training loss without a validation split).
        seconds: training time of a run.
        steps: of a run.
        target: None if there is no target.
        curve: median of that loss over the runs that did not diverge, at equally spaced epochs; a run that ended early
            keeps its last value.
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
        trials: the settings and validation value of each; None if it diverged.
        best: settings of the best trial; None if nothing could be tuned.
        at_edge: keys whose best value lies at the edge of its range, which may be too small.
        expected_best: expected best value of 1, 2, ... trials.
        within: fraction of the trials within 20 % of the best: a measure of robustness.
        diverged: fraction of the trials that diverged.
    """

    trials: tuple[Mapping[str, Any], ...]
    best: Mapping[str, float] | None
    at_edge: tuple[str, ...]
    expected_best: tuple[float | None, ...]
    within: float | None
    diverged: float


@dataclass(frozen=True)
class VariantResult:
    """A variant: with its defaults and, if there were trials, tuned.

    Attributes:
        name: what varies; for finished runs, their directories.
        recipe: the complete recipe.
        differs: recipe keys that differ between finished runs, with this variant's values.
        lr: default learning rate; None for a search without one.
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
    def ranked(self) -> Outcome:
        """The outcome that is ranked."""
        return self.tuned or self.default


@dataclass(frozen=True)
class Result:
    """The result of a comparison, variants ranked by their median.

    Attributes:
        measure: such as ``validation.loss``.
        lower: whether lower is better.
        metric: that is shown beside the loss: accuracy, r2 or the measure.
        seeds: of the evaluation runs, as far as all variants have run them.
        trials: of each variant; 0 without tuning.
        finished: whether the runs already existed.
        varied: recipe keys varied by options.
        target: target value on the validation split.
        variants: ranked, best first.
        pairs: in the order of the ranking.
        notes: for the reader.
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
        """Whether every run diverged."""
        return all(variant.ranked.diverged == 1 for variant in self.variants)

    @property
    def verdict(self) -> str:
        """A sentence on the first-ranked variant."""
        first, *others = self.variants
        if self.diverged:
            return "every run diverged: nothing to rank"
        few = [pair for pair in self.pairs if pair.n < min_seeds(len(self.pairs))]
        if few:
            return few[0].verdict
        of_first = [pair for pair in self.pairs if pair.a == first.name]
        beaten_by = [pair.b for pair in of_first if pair.better == pair.b]
        if beaten_by:
            verb = "is" if len(beaten_by) == 1 else "are"
            return f"{first.name} has the best median, but paired by seed {' and '.join(beaten_by)} {verb} better"
        unclear = [pair.b for pair in of_first if not pair.better]
        if not unclear:
            return f"{first.name} is better than " + ("all others" if len(others) > 1 else others[0].name)
        return f"{first.name} has the best median, but is not significantly better than {', '.join(unclear)}"
