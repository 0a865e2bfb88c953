"""The names of metrics in recipes and options, and what is said about a name that does not fit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from nntrain.errors import Place, bad_input, nearest
from nntrain.metrics import Task, metrics, metrics_of


def usable(task: Task, probabilities: bool = True) -> list[str]:
    """Return the metrics of a task; ``probabilities``: whether the model gives probabilities."""
    return [name for name, metric in metrics_of(task).items() if probabilities or not metric.needs_probabilities]


if TYPE_CHECKING:
    MetricName = str
    Monitor = str
    OfClasses = str
else:  # for recipes and their schema
    MetricName = Literal[tuple(metrics())]
    Monitor = Literal[("loss", *metrics())]
    OfClasses = Literal[tuple(usable("classification", probabilities=False))]


def check_metric(
    place: Place | str, name: str, task: Task, probabilities: bool = True, also: Sequence[str] = ()
) -> None:
    """Refuse a name that is not a metric of a task.

    Args:
        place: where it was given.
        name: what was given.
        task: of the recipe or model.
        probabilities: whether it gives probabilities.
        also: further allowed names, such as loss.

    Raises:
        InputError: if it is unknown or of another task, or needs probabilities.
    """
    known = [*also, *usable(task, probabilities)]
    if name in known:
        return
    allowed = f"allowed: {', '.join(known)}"
    if name not in metrics():
        raise bad_input(place, f"unknown metric {name!r}", f"{nearest(name, known)} {allowed}".strip())
    if metrics()[name].task != task:
        raise bad_input(place, f"{name} is for {metrics()[name].task}, but this is {task}", allowed)
    raise bad_input(place, f"{name} needs probabilities, which the loss does not give", allowed)


def chosen(text: str | None, task: Task, probabilities: bool) -> list[str] | None:
    """Return the metrics that the option ``--metrics`` names; None without it: those that have a value of the default.

    Raises:
        InputError: if a name does not fit.
    """
    if text is None:
        return None
    if text.strip() == "all":
        return usable(task)
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise bad_input("--metrics", "no metric is given", f"allowed: all, {', '.join(usable(task, probabilities))}")
    for name in names:
        check_metric("--metrics", name, task, probabilities, ("all", "loss"))
    return [name for name in names if name not in ("loss", "all")]
