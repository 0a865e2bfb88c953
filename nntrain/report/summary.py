"""The summary of a run, as JSON for programs and as a few lines for people."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import judge
from nntrain.errors import counted
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import duration, number, percent
from nntrain.training.events import Baseline, Diverged, EpochEnded, Estimate, Event, Finished, Scores, Started, Stopped

SPEED_EPOCHS = 1 << 12  # number of last epochs whose median speed is reported
ADVICE = "try a smaller optimizer.lr, smaller initial weights, or data.standardize: true"
WHY = {
    Stopped.EPOCHS: "all epochs done",
    Stopped.EARLY: "the validation loss stopped improving",
    Stopped.GRADIENT: "the gradient norm fell below grad_tol",
    Stopped.CONVERGED: "L-BFGS converged: the gradient is small, or no step lowers the loss",
    Stopped.DIVERGED: "diverged",
    Stopped.INTERRUPTED: "interrupted",
}


def why(stopped: Stopped, search: bool) -> str:
    """Return why a run ended; ``search``: whether it was a search, which ends with its last point."""
    return "all points tried" if search and stopped is Stopped.CONVERGED else WHY[stopped]


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
    certificate: Mapping[str, Any] | None = None  # what determines the result, and the hash of the weights
    origin: Mapping[str, Any] | None = None  # where it starts, if not from the initial weights of its recipe

    @property
    def stopped(self) -> Stopped:
        """Why the run ended."""
        return self.finished.stopped

    @property
    def kept(self) -> Mapping[str, Scores]:
        """Loss and metric of the weights in the model file, by split."""
        return self.finished.best if self.finished.kept == "best" else self.finished.final

    @property
    def dead(self) -> float | None:
        """Fraction of dead units among those that can die, or None if none can."""
        can_die = [
            (facts.n_out, layer.dead)
            for facts, layer in zip(self.started.layers, self.finished.layers, strict=True)
            if layer.dead is not None
        ]
        units = sum(n for n, _ in can_die)
        return sum(n * dead for n, dead in can_die) / units if units else None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON.

        Keys: name, run (directory), model (file), task, epochs, steps, seconds, stopped; train and any validation and
        test, each {loss, accuracy or r2}, of the weights kept; kept (final or best), best_epoch (0: the initial
        weights), final and best, each with the scores by split; verdict, and its evidence: baseline, by split, and
        rise, validation_loss and systematic, each null or {value, error} (:mod:`nntrain.training.events`);
        gradient_norm, dead, clipped (fraction of steps, or null), samples_per_second, layers, each {label, parameters,
        gradient_norm, dead}; parameters (of a network of up to eight, or null); diverged, null or {epoch, step, where,
        learning_rate, grown_to, advice}; certificate, {data, weights, versions, processor, system}
        (:mod:`nntrain.artifacts.certificate`); origin, null or the keys of
        :class:`nntrain.artifacts.checkpoint_facts.Origin`.
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
            "evidence": {
                "baseline": _scores(self.started.baseline, metric),
                "rise": _estimate(finished.rise),
                "validation_loss": _estimate(finished.validation_loss),
                "systematic": _estimate(finished.systematic),
            },
            "gradient_norm": self.last and self.last.gradient_norm,
            "dead": self.dead,
            "clipped": self.last and self.last.clipped,
            "samples_per_second": self.samples_per_second,
            "layers": layers,
            "parameters": finished.parameters,
            "diverged": finished.diverged and _divergence(finished.diverged),
            "certificate": self.certificate,
            "origin": self.origin,
        }


def _scores(scores: Mapping[str, Scores | Baseline], metric: str) -> dict[str, Any]:
    return {split: {"loss": score.loss, metric: score.metric} for split, score in scores.items()}


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else estimate._asdict()


def _divergence(diverged: Diverged) -> dict[str, Any]:
    return {
        "epoch": diverged.epoch,
        "step": diverged.step,
        "where": diverged.where,
        "learning_rate": diverged.learning_rate,
        "grown_to": diverged.grown_to,
        "advice": advice(diverged),
    }


def advice(diverged: Diverged) -> str:
    """Return what to try after divergence."""
    if diverged.penalty is None:
        return ADVICE
    return (
        f"at this learning rate, {diverged.penalty} alone makes the weights grow at every step: "
        f"try a smaller {diverged.penalty} or optimizer.lr"
    )


def summarize(events: Iterable[Event], run: str, model: str) -> Summary:
    """Return the summary of a run.

    Args:
        events: all events, from Started to Finished.
        run: the run's directory.
        model: its model file.
    """
    speeds: deque[float] = deque(maxlen=SPEED_EPOCHS)
    facts = Facts.of(_with_speeds(events, speeds))
    return Summary(
        started=facts.started,
        finished=facts.finished,
        last=facts.last,
        verdict=judge(facts).text,
        samples_per_second=sorted(speeds)[len(speeds) // 2] if speeds else None,
        run=run,
        model=model,
    )


def _with_speeds(events: Iterable[Event], speeds: deque[float]) -> Iterator[Event]:
    """Yield ``events``, appending the speed of each epoch to ``speeds``."""
    for event in events:
        if isinstance(event, EpochEnded):
            speeds.append(event.samples_per_second)
        yield event


def short_table(summary: Summary) -> Table:
    """Return loss and metric by split."""
    return scores_table(summary.started.metric, summary.kept)


def scores_table(metric: str, scores: Mapping[str, Scores]) -> Table:
    """Return a table of loss and metric by split."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("loss", justify="right")
    table.add_column(metric_name(metric), justify="right")
    for split, score in scores.items():
        table.add_row(split, number(score.loss), number(score.metric))
    return table


def metric_name(metric: str) -> str:
    """Return the name of a metric for people."""
    return "R²" if metric == "r2" else metric


def details(summary: Summary, width: int, layers: bool) -> RenderableType:
    """Return the details of a run for ``width`` columns; ``layers``: whether to add a table of the layers."""
    started, finished = summary.started, summary.finished
    steps = counted(finished.steps, started.steps_are.removesuffix("s"))
    facts = [counted(finished.epochs, "epoch"), steps, duration(finished.seconds)]
    if summary.samples_per_second:
        facts.append(f"{summary.samples_per_second:,.0f} samples/s")
    lines = [f"{why(finished.stopped, started.search)} after {', '.join(facts)}"]
    if best_text := _best(summary):
        lines.append(best_text)
    lines.append(f"{summary.verdict}; {advice(finished.diverged)}" if finished.diverged else summary.verdict)
    if finished.parameters is not None:
        lines.append("parameters: " + ", ".join(map(number, finished.parameters)))
    if summary.last is not None and summary.last.clipped is not None:
        lines.append(f"the gradient was clipped in {percent(summary.last.clipped)} of the steps")
    lines.append(f"run: {summary.run}")
    text = Text("\n".join(lines) + "\n")
    return Group(text, _layers(summary, width), "") if layers else text


def _best(summary: Summary) -> str:
    """Return which weights were kept, if not the last ones, or which had a lower loss; empty if neither applies."""
    started, finished, epoch = summary.started, summary.finished, summary.finished.best_epoch
    split = "validation" if "validation" in finished.best else "train"
    lowest = f"the lowest {'validation' if split == 'validation' else 'training'} loss"
    which = f"the weights of epoch {epoch}" if epoch else "the initial weights"
    if finished.epochs == 0:  # nothing was measured
        return f"kept {which}" if finished.diverged else ""
    if finished.kept == "best":
        return f"kept {which}, which had {lowest}"
    if finished.best == finished.final:
        return ""
    scores = {name: score for name, score in finished.best.items() if name != "train" or split == "train"}
    metric = metric_name(started.metric)
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
