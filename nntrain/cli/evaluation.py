"""The evaluation of a trained model: scores, and on request baselines, intervals and single classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nntrain.cli.loading import check_reading
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nntrain.artifacts.model import Model
    from nntrain.metrics import Predicted, Score
    from nntrain.metrics.bootstrap import Interval, Kind
    from nntrain.training.evaluation import Baselines

MOST = 2e10  # multiply-adds that a linear model may take: a few seconds
MAX_RESAMPLES = 1_000_000
LAST = ("data", "test", "validation", "train")  # the first of these is the split to judge a model by


@dataclass(frozen=True)
class Request:
    """What to evaluate.

    Attributes:
        target: a run or model, as a command's argument names it.
        data: a file; None for the model's own data.
        separator: cell separator of the file; None for the one in the model's recipe.
        read: how to read the file, as ``--read`` sets it.
        unseen: what to do with categories that training has not seen; None: what the recipe says.
        metrics: the metrics to show, as ``--metrics`` names them.
        baselines: whether to fit baselines on the model's training split.
        classes: whether single classes are asked for.
        resamples: of the bootstrap; 0 for no intervals.
        seed: of the resamples.
        interval: the kind of intervals, percentile or bca; None for percentile.
    """

    target: str
    data: str | None = None
    separator: str | None = None
    read: Sequence[str] = ()
    unseen: str | None = None
    metrics: str | None = None
    baselines: bool = False
    classes: bool = False
    resamples: int = 0
    seed: int = 0
    interval: Kind | None = None


@dataclass(frozen=True)
class Judged:
    """The rows of one split: their loss, the predictions for them, and all metrics."""

    loss: float
    predicted: Predicted
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a model.

    Attributes:
        model: the model.
        splits: ``train``, ``validation`` and ``test`` of its recipe, or ``data`` of a file.
        named: the metrics that the user named; None for the main ones.
        baselines: what simple models reach on the same rows, if asked for.
        intervals: of the metrics on the last split, if asked for.
    """

    model: Model
    splits: Mapping[str, Judged]
    named: Sequence[str] | None = None
    baselines: Baselines | None = None
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, dict[str, float | None]]:
        """The loss and all metrics by split."""
        from nntrain.metrics import values

        return {split: {"loss": judged.loss, **values(judged.scores)} for split, judged in self.splits.items()}

    def targets(self, split: str) -> dict[str, dict[str, float | None]]:
        """All metrics of each of several targets in regression, by target; empty for a single target."""
        from nntrain.metrics import metrics_of, scores, values

        names = self.model.target_names
        if self.model.classes is not None or len(names) == 1:
            return {}
        rows = self.splits[split].predicted
        return {name: values(scores(metrics_of("regression"), rows.target(k))) for k, name in enumerate(names)}

    @property
    def last(self) -> str:
        """The split to judge the model by: that of a file, or the test split if there is one."""
        return next(split for split in LAST if split in self.splits)

    @property
    def shown(self) -> list[str]:
        """The metrics to show."""
        from nntrain.report.scores import shown_metrics

        return shown_metrics(self.model.task, self.values) if self.named is None else list(self.named)

    @property
    def notes(self) -> list[str]:
        """The scale of the loss, and why metrics that the user named have no value."""
        from nntrain.data.preprocessing import loss_scale
        from nntrain.metrics import undefined
        from nntrain.report.scores import loss_note, undefined_notes

        reasons = undefined({split: judged.scores for split, judged in self.splits.items()})
        notes = loss_note(self.model.task, loss_scale(self.model.targets), self.shown)
        return [*notes, *(undefined_notes(reasons, self.named) if self.named else ())]

    def to_json(self, per_class: bool = False, confusion: bool = False) -> dict[str, Any]:
        """Return the loss and all metrics by split as plain data, and what else was asked for."""
        found: dict[str, dict[str, Any]] = {split: dict(of) for split, of in self.values.items()}
        for split, judged in self.splits.items():
            if targets := self.targets(split):
                found[split]["targets"] = targets
            if per_class:
                from nntrain.report.classes import class_facts

                found[split]["classes"] = class_facts(judged.predicted, self.model.classes or ())
            if confusion:
                found[split]["confusion"] = judged.predicted.confusion
        if self.intervals:
            found[self.last]["intervals"] = {name: one and one._asdict() for name, one in self.intervals.items()}
        if self.baselines is not None:
            found["baselines"] = self.baselines.to_json()
        return found


def evaluate(request: Request) -> Evaluation:
    """Evaluate a model on the splits of its recipe, or on a file.

    Raises:
        InputError: if the model or the data cannot be read, or do not match, or an option does not fit the model.
    """
    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import labeled_rows, recipe_parts
    from nntrain.artifacts.model_table import model_table
    from nntrain.cli.result import note
    from nntrain.metrics import metrics_of, scores
    from nntrain.metrics.bootstrap import intervals
    from nntrain.metrics.names import chosen
    from nntrain.training.evaluation import baselines
    from nntrain.training.scoring import gives_probabilities

    check_reading(request.separator, request.read, request.data)
    if request.unseen is not None and request.data is None:
        raise bad_input("--unseen", "needs a file", "add --data FILE")
    if not 0 <= request.resamples <= MAX_RESAMPLES:
        raise bad_input("--bootstrap", f"found {request.resamples}, expected a number of resamples, as in 1000")
    if request.interval is not None and not request.resamples:
        raise bad_input("--interval", "needs resamples", "add --bootstrap 1000")
    path = find_model(request.target)
    model = Model.load(path)
    named = chosen(request.metrics, model.task, gives_probabilities(model.network.layers[-1].activation, model.loss))
    if request.classes and (model.classes is None or len(model.target_names) > 1):
        what = "regression" if model.classes is None else "a model with several labels"
        raise bad_input("evaluate", f"--per-class and --confusion are for classification, but this is {what}")
    own = recipe_parts(model, path) if request.data is None or request.baselines else {}
    splits = own
    if request.data is not None:
        given, notes = labeled_rows(
            model, model_table(model, request.data, request.separator, request.read), request.unseen
        )
        splits = {"data": given}
        note(notes)
    judged = {}
    for name, split in splits.items():
        loss, predicted = model.judge(split)
        judged[name] = Judged(loss, predicted, scores(metrics_of(model.task), predicted))
    simple = None
    if request.baselines:
        prepared = {name: model.prepared(split) for name, split in splits.items()}
        simple = baselines(model.plan(own["train"]), prepared, most=MOST)
    found = Evaluation(model, judged, named, simple)
    if not request.resamples:
        return found
    predicted, kind = judged[found.last].predicted, request.interval or "percentile"
    ranges = intervals(predicted, found.shown, request.resamples, request.seed, kind)
    return Evaluation(model, judged, named, simple, ranges)
