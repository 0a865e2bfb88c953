"""What a run came to: one record, as JSON for programs and as a few lines for people."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.curves import stuck, verdict
from nntrain.report.curve import Curve
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import duration, number, share
from nntrain.training.events import Diverged, EpochEnded, Event, Finished, Scores, Started, Stopped

SPEEDS = 1 << 12  # last epochs whose median speed is told: the first ones warm up
ADVICE = "try a smaller optimizer.lr, a smaller initializer, or data.standardize: true"
WHY = {
    Stopped.EPOCHS: "all epochs done",
    Stopped.EARLY: "the validation loss did not improve any more",
    Stopped.GRADIENT: "the gradient norm fell under grad_tol",
    Stopped.CONVERGED: "converged",
    Stopped.DIVERGED: "diverged",
    Stopped.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True)
class Summary:
    """The result of a run."""

    started: Started
    finished: Finished
    last: EpochEnded | None  # None: no epoch was completed
    verdict: str
    samples_per_second: float | None
    run: str
    model: str | None  # None: it could not be saved
    saved: bool = True  # whether all files of the run could be written

    @property
    def stopped(self) -> Stopped:
        """Why the run ended."""
        return self.finished.stopped

    @property
    def kept(self) -> Mapping[str, Scores]:
        """Loss and metric of the weights in the model file, on each part of the data."""
        return self.finished.best if self.finished.kept == "best" else self.finished.final

    @property
    def dead(self) -> float | None:
        """Share of dead units among all that could be dead, or None."""
        mortal = [
            (facts.n_out, layer.dead)
            for facts, layer in zip(self.started.layers, self.finished.layers, strict=True)
            if layer.dead is not None
        ]
        units = sum(n for n, _ in mortal)
        return sum(n * dead for n, dead in mortal) / units if units else None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON.

        Keys: name, run (directory), model (file), task, epochs, steps, seconds, stopped; train, validation and test,
        each {loss, accuracy or r2}, of the weights that were kept (validation and test where there is such a part);
        kept (final or best), best_epoch, final and best, each with the scores of all parts; verdict, gradient_norm,
        dead, clipped (share of the steps, or null), samples_per_second, layers, each {label, parameters,
        gradient_norm, dead}; parameters (of a network of up to eight, or null); diverged, null or {epoch, step, where,
        learning_rate, advice}.
        """
        finished, metric = self.finished, self.started.metric
        layers = [
            {
                "label": facts.label,
                "parameters": facts.parameters,
                "gradient_norm": layer.gradient_norm,
                "dead": layer.dead,
            }
            for facts, layer in zip(self.started.layers, finished.layers, strict=True)
        ]
        return {
            "name": self.started.name,
            "run": self.run,
            "model": self.model,
            "task": self.started.task,
            "epochs": finished.epochs,
            "steps": finished.steps,
            "seconds": finished.seconds,
            "stopped": finished.stopped.value,
            **_scores(self.kept, metric),
            "kept": finished.kept,
            "best_epoch": finished.best_epoch,
            "final": _scores(finished.final, metric),
            "best": _scores(finished.best, metric),
            "verdict": self.verdict,
            "gradient_norm": self.last and self.last.gradient_norm,
            "dead": self.dead,
            "clipped": self.last and self.last.clipped,
            "samples_per_second": self.samples_per_second,
            "layers": layers,
            "parameters": finished.parameters,
            "diverged": finished.diverged and _divergence(finished.diverged),
        }


def _scores(scores: Mapping[str, Scores], metric: str) -> dict[str, Any]:
    return {part: {"loss": score.loss, metric: score.metric} for part, score in scores.items()}


def _divergence(diverged: Diverged) -> dict[str, Any]:
    return {
        "epoch": diverged.epoch,
        "step": diverged.step,
        "where": diverged.where,
        "learning_rate": diverged.learning_rate,
        "advice": ADVICE,
    }


def summarize(events: Iterable[Event], run: str, model: str) -> Summary:
    """Return the summary of a run whose ``events`` have all come.

    Args:
        events: from Started to Finished.
        run: the run's directory.
        model: its model file.
    """
    started = finished = last = None
    train, validation = Curve(), Curve()
    speeds: deque[float] = deque(maxlen=SPEEDS)
    for event in events:
        match event:
            case EpochEnded():
                last = event
                train.append(event.train_loss)
                if event.validation is not None:
                    validation.append(event.validation.loss)
                speeds.append(event.samples_per_second)
            case Started():
                started = event
            case Finished():
                finished = event
    if started is None or finished is None:
        raise ValueError("a run begins with Started and ends with Finished")
    return Summary(
        started=started,
        finished=finished,
        last=last,
        verdict=_verdict(started, finished, train, validation),
        samples_per_second=sorted(speeds)[len(speeds) // 2] if speeds else None,
        run=run,
        model=model,
    )


def _verdict(started: Started, finished: Finished, train: Curve, validation: Curve) -> str:
    if finished.diverged:
        return "diverged"
    labels = [facts.label for facts in started.layers]
    norms, dead = [layer.gradient_norm for layer in finished.layers], [layer.dead for layer in finished.layers]
    curves = (train.values.tolist(), validation.values.tolist())
    return stuck(labels, norms, dead) or verdict(*curves, finished.kept == "best", started.least_loss, train.every)


def short_table(summary: Summary) -> Table:
    """Return loss and metric on each part: the result of a run."""
    return scores_table(summary.started.metric, summary.kept)


def scores_table(metric: str, scores: Mapping[str, Scores]) -> Table:
    """Return a table of loss and metric on each part of the data."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("loss", justify="right")
    table.add_column(metric_name(metric), justify="right")
    for part, score in scores.items():
        table.add_row(part, number(score.loss), number(score.metric))
    return table


def metric_name(metric: str) -> str:
    """Return the metric's name as people write it."""
    return "R²" if metric == "r2" else metric


def details(summary: Summary, width: int, layers: bool) -> RenderableType:
    """Return what people want to know of a run beside its result.

    Args:
        summary: of the run.
        width: columns of the terminal.
        layers: whether each layer gets a line too.
    """
    finished, metric = summary.finished, metric_name(summary.started.metric)
    speed = f", {summary.samples_per_second:,.0f} samples/s" if summary.samples_per_second else ""
    lines = [
        f"{WHY[finished.stopped]} after {finished.epochs} epochs, {finished.steps:,} steps, "
        f"{duration(finished.seconds)}{speed}"
    ]
    if finished.diverged is not None:
        diverged = finished.diverged
        lines.append(
            f"at step {diverged.step:,} (epoch {diverged.epoch}, learning rate {diverged.learning_rate:g}) "
            f"{diverged.where} ceased to be finite; {ADVICE}; the last finite weights were kept"
        )
    elif finished.kept == "best":
        lines.append(f"kept the weights of epoch {finished.best_epoch}, which had the lowest validation loss")
    elif finished.best_epoch != finished.epochs:
        best = {part: f"{number(score.loss)}, {metric} {number(score.metric)}" for part, score in finished.best.items()}
        scores = "; ".join(f"{part} loss {text}" for part, text in best.items() if part != "train" or len(best) == 1)
        lines.append(f"best epoch {finished.best_epoch}: {scores}")
    if finished.diverged is None:
        lines.append(summary.verdict)
    if finished.parameters is not None:
        lines.append("parameters: " + ", ".join(map(number, finished.parameters)))
    if summary.last is not None and summary.last.clipped is not None:
        lines.append(f"the gradient was clipped in {share(summary.last.clipped)} of the steps")
    lines.append(f"run: {summary.run}")
    text = Text("\n".join(lines) + "\n")
    return Group(text, _layers(summary, width), "") if layers else text


def _layers(summary: Summary, width: int) -> RenderableType:
    layers = list(zip(summary.started.layers, summary.finished.layers, strict=True))
    return fitted(
        [
            Column("layer", [facts.label for facts, _ in layers], right=False),
            Column("parameters", [f"{facts.parameters:,}" for facts, _ in layers], drop=1),
            Column("gradient norm", [number(layer.gradient_norm) for _, layer in layers]),
            Column("dead units", [share(layer.dead) for _, layer in layers]),
        ],
        width,
    )
