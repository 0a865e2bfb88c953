"""The summary of a run as a few lines and tables."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.errors import counted
from nntrain.metrics import lower_is_better, metric_label
from nntrain.report.baselines import baseline_lines
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import duration, number, percent
from nntrain.report.scores import loss_note, scores_table, shown_metrics, undefined_notes
from nntrain.report.summary import Summary, advice
from nntrain.training.events import Stopped

WHY = {
    Stopped.EPOCHS: "all epochs done",
    Stopped.EARLY: "the validation {monitor} stopped improving",
    Stopped.GRADIENT: "the gradient norm fell below grad_tol",
    Stopped.CONVERGED: "L-BFGS converged: the gradient is small, or no step lowers the loss",
    Stopped.DIVERGED: "diverged",
    Stopped.INTERRUPTED: "interrupted",
}


def why(stopped: Stopped, search: bool, monitor: str = "loss") -> str:
    """Return why a run ended.

    Args:
        stopped: the reason.
        search: whether it was a search, which ends with its last point.
        monitor: what early stopping monitored.
    """
    if search and stopped is Stopped.CONVERGED:
        return "all points tried"
    return WHY[stopped].format(monitor=metric_label(monitor))


def short_table(summary: Summary, width: int, names: Sequence[str] | None = None) -> RenderableType:
    """Return loss and metrics by split, for ``width`` columns; ``names``: the metrics to show."""
    return scores_table(summary.scores, summary.started.task, width, names)


def score_notes(summary: Summary, names: Sequence[str] | None = None) -> list[str]:
    """Return the scale of the loss, and why metrics that the user named have no value; ``names``: those."""
    task = summary.started.task
    shown = shown_metrics(task, summary.scores) if names is None else names
    notes = loss_note(task, summary.started.loss_scale, shown)
    return [*notes, *(undefined_notes(summary.undefined, names) if names else ())]


def details(summary: Summary, width: int, layers: bool) -> RenderableType:
    """Return the details of a run.

    Args:
        summary: of the run.
        width: columns of the terminal.
        layers: whether to add a table of the layers.
    """
    started, finished = summary.started, summary.finished
    steps = counted(finished.steps, started.steps_are.removesuffix("s"))
    facts = [counted(finished.epochs, "epoch"), steps, duration(finished.seconds)]
    if summary.samples_per_second:
        facts.append(f"{summary.samples_per_second:,.0f} samples/s")
    lines = [f"{why(finished.stopped, started.search, started.monitor)} after {', '.join(facts)}"]
    if best_text := _best(summary):
        lines.append(best_text)
    lines.append(summary.verdict)
    if finished.diverged is not None and summary.cause is None:
        lines[-1] += f"; {advice(finished.diverged, started)}"
    lines += _threshold(summary)
    lines += baseline_lines(summary.evaluated.baselines, started.task)
    if finished.parameters is not None:
        lines.append("parameters: " + ", ".join(map(number, finished.parameters)))
    if summary.last is not None and summary.last.clipped is not None:
        lines.append(f"the gradient was clipped in {percent(summary.last.clipped)} of the steps")
    lines.append(f"run: {summary.run}")
    text = Text("\n".join(lines) + "\n")
    return Group(text, _layers(summary, width), "") if layers else text


def _threshold(summary: Summary) -> list[str]:
    """Return a line on the decision threshold, if it is not the usual one."""
    found = summary.evaluated.threshold
    if found is None:
        return []
    of = "" if not summary.classes else f" for {summary.classes[1]!r}"
    line = f"threshold {number(found.value)}{of}"
    if not found.metric:
        return [line]
    return [f"{line}: validation {metric_label(found.metric)} {number(found.reached)}, at 0.5 {number(found.usual)}"]


def _best(summary: Summary) -> str:
    """Return which weights were kept, if not the last ones, or which had a lower loss; empty if neither applies."""
    started, finished, epoch = summary.started, summary.finished, summary.finished.best_epoch
    split = "validation" if "validation" in finished.best else "train"
    best = "lowest" if lower_is_better(started.monitor) else "highest"
    lowest = f"the {best} {'validation' if split == 'validation' else 'training'} {metric_label(started.monitor)}"
    which = f"the weights of epoch {epoch}" if epoch else "the initial weights"
    if finished.epochs == 0:  # nothing was measured
        return f"kept {which}" if finished.diverged else ""
    if finished.kept == "best":
        return f"kept {which}, which had {lowest}"
    if finished.best == finished.final:
        return ""
    scores = {name: score for name, score in finished.best.items() if name != "train" or split == "train"}
    metric = metric_label(started.metric)
    best_text = (f"{name} loss {number(score.loss)}, {metric} {number(score.metric)}" for name, score in scores.items())
    return f"{which} had {lowest}: {'; '.join(best_text)}"


def _layers(summary: Summary, width: int) -> RenderableType:
    layers = list(zip(summary.started.layers, summary.finished.layers, strict=True))
    return fitted(
        [
            Column("layer", [facts.label for facts, _ in layers], right=False),
            Column("parameters", [f"{facts.parameters:,}" for facts, _ in layers], drop=1),
            Column("gradient norm", [number(layer.gradient_norm) for _, layer in layers]),
            Column("dead units", [percent(layer.dead) for _, layer in layers]),
        ],
        width,
    )
