"""Checks of the metrics and the decision threshold that a recipe asks for."""

from nntrain.errors import bad_input
from nntrain.metrics import metrics
from nntrain.metrics.names import check_metric
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe
from nntrain.training.plan import Plan
from nntrain.training.scoring import gives_probabilities, perfect


def check_threshold(recipe: Recipe, plan: Plan, document: Document) -> None:
    """Reject a decision threshold where there are not two classes with probabilities, or nothing to choose it on."""
    threshold = recipe.training.threshold
    if threshold is None:
        return
    place, remove = document.place("training", "threshold"), "remove the key"
    several = plan.n_classes is not None and plan.data.train.y.ndim > 1
    if plan.n_classes != len("ab") or several:
        many = "several labels" if several else f"{plan.n_classes} classes"
        what = "regression" if plan.n_classes is None else many
        raise bad_input(place, f"a threshold is for two classes, but this is {what}", remove)
    if not gives_probabilities(plan.network.layers[-1].activation, plan.loss):
        raise bad_input(place, f"{plan.loss.name} gives no probabilities", "choose loss cross_entropy or bce")
    if isinstance(threshold, str) and plan.data.validation is None:
        hint = "set data.validation to a fraction such as 0.15, or give a number"
        raise bad_input(place, f"needs a validation split to choose it by {threshold}, but data.validation is 0", hint)
    if isinstance(threshold, str) and plan.data.validation is not None:
        score = metrics()[threshold].score(perfect(plan, plan.data.validation))
        if score.value is None:
            raise bad_input(place, f"{threshold} has no value on the validation split: {score.reason}", "give a number")


def check_metrics(recipe: Recipe, plan: Plan, document: Document) -> None:
    """Reject metrics of another task, and one to monitor that has no value on the validation split."""
    training, probabilities = recipe.training, gives_probabilities(plan.network.layers[-1].activation, plan.loss)
    for index, name in enumerate(training.metrics):
        check_metric(document.place("training", "metrics", index), name, plan.task, probabilities)
    if training.monitor == "loss" or plan.data.validation is None:
        return
    place = document.place("training", "early_stopping", "monitor")
    check_metric(place, training.monitor, plan.task, probabilities, ("loss",))
    score = metrics()[training.monitor].score(perfect(plan, plan.data.validation))
    if score.value is None:
        raise bad_input(
            place,
            f"{training.monitor} has no value on the validation split: {score.reason}",
            "choose another metric or loss, or a larger data.validation",
        )
