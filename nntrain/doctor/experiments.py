"""Experiments: changes of a recipe or its rows that tell causes apart, whatever the doctor suspects."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from time import monotonic
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.doctor.case import Case
from nntrain.doctor.confirming import effect, metric
from nntrain.doctor.edits import NO_EDIT, SCALED_FEATURES, SCALED_TARGET, Edit, longer, rate_times, resized
from nntrain.doctor.report import Tried
from nntrain.doctor.trial import Trial
from nntrain.registry import Component

SEEDS = 3
MAX_COLUMNS = 100  # that are shuffled
PENALTIES = ("l1", "l2", "weight_decay", "input_noise")


class Experiment(Component, family="experiment"):
    """A change that tells causes apart.

    A member's docstring says in its first line what it does, and as its formula what the result means.
    """

    measure: ClassVar[Literal["score"]] = "score"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Return the changes, each tried on its own; none if the recipe leaves nothing to change."""
        raise NotImplementedError


class ShuffledLabels(Experiment):
    """Train on shuffled targets.

    Formula:
        the validation score stays above 0  ->  rows of the training split are in the validation split, too
        the training score                   =  what the network learns by heart

    Source: Zhang et al., Understanding deep learning requires rethinking generalization, 2017.
    """

    name: Literal["shuffled_labels"] = "shuffled_labels"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Shuffle the targets of all rows."""
        return [Edit(rows=_with_shuffled_targets, text="shuffled targets")]


class ShuffledColumns(Experiment):
    """Train with one column shuffled, for each column.

    Formula:
        the score falls                   =  what the column tells beyond the others
        it falls to 0 for a single column ->  the column may leak the target

    Source: Breiman, Random forests, 2001 (permutation importance; here the network is trained again).
    """

    name: Literal["shuffled_columns"] = "shuffled_columns"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Shuffle the first columns, one after the other."""
        names = case.dataset.feature_names[:MAX_COLUMNS]
        return [Edit(rows=_shuffling(k), text=f"{name} shuffled") for k, name in enumerate(names)]


class LinearModel(Experiment):
    """Train without hidden layers.

    Formula:
        the score is as good  ->  the hidden layers do not help, or do not learn

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 11.2 (default baseline models).
    """

    name: Literal["linear_model"] = "linear_model"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Remove the hidden layers."""
        return [Edit({"model.hidden": []})] if case.recipe.model.hidden else []


class TwiceTheWidth(Experiment):
    """Train with twice the units in each hidden layer.

    Formula:
        the score is better  ->  the network is too small

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 11.3.
    """

    name: Literal["twice_the_width"] = "twice_the_width"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Double the units."""
        wider = resized(case.recipe.model.hidden, lambda units: 2 * units)
        return [Edit({"model.hidden": wider})] if wider else []


class NoRegularization(Experiment):
    """Train without penalties, weight decay, dropout and input noise.

    Formula:
        the score is better  ->  regularization is too strong
        the score is worse   ->  it helps

    Source: Goodfellow, Bengio, Courville, Deep Learning, chapter 7.
    """

    name: Literal["no_regularization"] = "no_regularization"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Set those that are used to 0."""
        recipe = case.recipe
        settings = {f"regularization.{key}": 0.0 for key in PENALTIES if getattr(recipe.regularization, key)}
        settings |= {"model.dropout": 0.0} if recipe.model.dropout else {}
        return [Edit(settings)] if settings else []


class ScaledData(Experiment):
    """Train on standardized features and targets.

    Formula:
        the score is better  ->  the sizes of features or targets were the problem

    Source: LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998.
    """

    name: Literal["scaled_data"] = "scaled_data"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Standardize what is not standardized."""
        data, numbers = case.recipe.data, case.dataset.classes is None
        edit = NO_EDIT if data.standardize else SCALED_FEATURES
        edit = edit | SCALED_TARGET if numbers and not data.standardize_target else edit
        return [edit] if edit.settings else []


class OtherRates(Experiment):
    """Train with a tenth and with ten times the learning rate.

    Formula:
        the score is better at lr / 10  ->  the learning rate is too high
        the score is better at 10 lr    ->  it is too low

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 11.4.1.
    """

    name: Literal["other_rates"] = "other_rates"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Divide and multiply it by ten."""
        if case.recipe.optimizer.full_batch:
            return []
        return [rate_times(case.recipe, factor) for factor in (0.1, 10.0)]


class MoreEpochs(Experiment):
    """Train four times as long.

    Formula:
        the score is better  ->  training ends too soon
        the score is worse   ->  the network overfits

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 7.8.
    """

    name: Literal["more_epochs"] = "more_epochs"

    def edits(self, case: Case) -> Sequence[Edit]:
        """Multiply the epochs by four."""
        return [longer(case.recipe, 4)]


@dataclass(frozen=True)
class Outcome:
    """What an experiment changed.

    Attributes:
        experiment: its name.
        text: the change.
        tried: its effect on the judged split; None if the recipe does not allow it, or time was over.
        train_before: mean accuracy or R² on the training split without it.
        train_after: the same with it.
    """

    experiment: str
    text: str
    tried: Tried | None
    train_before: float | None
    train_after: float | None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def experiment(
    case: Case, kinds: Sequence[type[Experiment]], budget: float, stop: Callable[[], bool] = lambda: False
) -> list[Outcome]:
    """Run experiments at the recipe's seed and the next ones, and return their effects.

    Args:
        case: the recipe and its rows.
        kinds: the experiments.
        budget: seconds for all runs.
        stop: returns whether to end early.
    """
    seeds = [(case.seed + k) % 2**32 for k in range(SEEDS)]
    wanted = [(kind, edit) for kind in kinds for edit in kind().edits(case)]  # type: ignore[call-arg]
    runs = [(edit, seed) for edit in (NO_EDIT, *(edit for _, edit in wanted)) for seed in seeds]
    done, _ = case.run_all(runs, monotonic() + budget, stop)
    trials = {(trial.edit.key, trial.seed): trial for trial in done}
    found = []
    for kind, edit in wanted:
        tried = effect("score", edit, trials, seeds, case.split)
        pairs = [(NO_EDIT.key, seed) for seed in seeds if (edit.key, seed) in trials and (NO_EDIT.key, seed) in trials]
        before = [trials[key, seed] for key, seed in pairs]
        after = [trials[edit.key, seed] for _, seed in pairs]
        text = tried.text if tried is not None else edit.text or ", ".join(edit.settings)
        name = kind.model_fields["name"].default
        found.append(Outcome(name, text, tried, _train_metric(before), _train_metric(after)))
    return found


def _train_metric(trials: Sequence[Trial]) -> float | None:
    known = [value for trial in trials if (value := metric(trial, "train")) is not None]
    return fmean(known) if known else None


def _with_shuffled_targets(dataset: Dataset, train: NDArray[np.int64]) -> Dataset:
    return replace(dataset, y=np.random.default_rng(0).permutation(dataset.y))


def _shuffling(column: int) -> Callable[[Dataset, NDArray[np.int64]], Dataset]:
    def shuffled(dataset: Dataset, train: NDArray[np.int64]) -> Dataset:
        x = dataset.x.copy()
        x[:, column] = np.random.default_rng(column).permutation(x[:, column])
        return replace(dataset, x=x)

    return shuffled
