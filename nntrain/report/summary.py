"""The summary of a run, as JSON for programs."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.data import Label
from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import Verdict, judge
from nntrain.doctor.quick import Cause
from nntrain.metrics import undefined, values
from nntrain.training.evaluation import NOT_EVALUATED, Evaluated
from nntrain.training.events import Baseline, Diverged, EpochEnded, Estimate, Event, Finished, Scores, Started, Stopped

SPEED_EPOCHS = 1 << 12  # number of last epochs whose median speed is reported
ADVICE = "try a smaller optimizer.lr or smaller initial weights"
ADVICE_UNSCALED = "try a smaller optimizer.lr, smaller initial weights, or data.standardize: true"


@dataclass(frozen=True)
class Summary:
    """The result of a run."""

    started: Started
    finished: Finished
    last: EpochEnded | None  # None: no epoch was completed
    verdict: str
    cause: Cause | None
    samples_per_second: float | None
    run: str
    model: str | None  # None: it could not be saved
    saved: bool = True  # whether all files of the run could be written
    certificate: Mapping[str, Any] | None = None  # what determines the result, and the hash of the weights
    evaluated: Evaluated = NOT_EVALUATED
    classes: Sequence[Label] | None = None  # their labels; None for regression
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
    def scores(self) -> dict[str, dict[str, float | None]]:
        """The loss and all metrics of the weights in the model file, by split."""
        found = _scores(self.kept, self.started.metric)
        for split, scores in self.evaluated.scores.items():
            found[split] |= values(scores)
        return found

    @property
    def undefined(self) -> dict[str, str]:
        """Why a metric has no value, by split and name, as in ``test.roc_auc``."""
        return undefined(self.evaluated.scores)

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

        Keys: name, run (directory), model (file), task, epochs, steps, seconds, stopped; train, validation and test,
        each {loss, METRIC ...} with all metrics of the task (validation and test if there is such a split), of the
        weights that were kept; undefined, why a metric is null, as in {"test.roc_auc": "only one class occurs"};
        loss_scale, what the loss is measured on: "targets", "standardized targets", "standardized log of the targets";
        baselines, {constant, linear}, each with the metrics by split, linear null if it was skipped, and then skipped;
        threshold, null or {value, metric, reached, usual}, of two classes; classes, their labels; confusion, null or
        the rows of each true class (outer list) and predicted class by split; calibration, null or lists of {low,
        high, rows, confidence, accuracy} by split;
        kept (final or best), best_epoch (0: the initial weights), final and best, each with loss, accuracy or r2 and
        the recipe's metrics by split;
        verdict; cause, null or the likely cause of a bad run, {id, title, text, cure}, which the verdict includes;
        the verdict's evidence: baseline, by split, and rise, validation_loss and systematic, each null or {value,
        error}, as :mod:`nntrain.training.events` explains; gradient_norm, dead, clipped (fraction of steps, or null),
        samples_per_second, layers, each {label, parameters, gradient_norm, dead}; parameters (of a network of up to
        eight, or null); diverged, null or {epoch, step, where, learning_rate, grown_to, advice}; certificate, {data,
        weights, versions, processor, system}, as :mod:`nntrain.artifacts.certificate` explains; origin, null or the
        keys of :class:`nntrain.artifacts.checkpoint_facts.Origin`.
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
            **self.scores,
            "undefined": self.undefined,
            "loss_scale": self.started.loss_scale,
            "baselines": self.evaluated.baselines.to_json(),
            "threshold": self.evaluated.threshold and self.evaluated.threshold.to_json(),
            "classes": self.classes,
            "confusion": self.evaluated.confusion or None,
            "calibration": {split: [one._asdict() for one in of] for split, of in self.evaluated.calibration.items()}
            or None,
            "kept": finished.kept,
            "best_epoch": finished.best_epoch,
            "final": _scores(finished.final, metric),
            "best": _scores(finished.best, metric),
            "verdict": self.verdict,
            "cause": self.cause and self.cause.to_json(),
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
            "diverged": finished.diverged and _divergence(finished.diverged, self.started),
            "certificate": self.certificate,
            "origin": self.origin,
        }


def _scores(scores: Mapping[str, Scores | Baseline], metric: str) -> dict[str, Any]:
    return {
        split: {"loss": score.loss, metric: score.metric, **getattr(score, "further", {})}
        for split, score in scores.items()
    }


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else estimate._asdict()


def _divergence(diverged: Diverged, started: Started) -> dict[str, Any]:
    return {
        "epoch": diverged.epoch,
        "step": diverged.step,
        "where": diverged.where,
        "learning_rate": diverged.learning_rate,
        "grown_to": diverged.grown_to,
        "advice": advice(diverged, started),
    }


def advice(diverged: Diverged, started: Started) -> str:
    """Return what to try after divergence."""
    if diverged.penalty is None:
        return ADVICE if started.scaled_features else ADVICE_UNSCALED
    return (
        f"at this learning rate, {diverged.penalty} alone makes the weights grow at every step: "
        f"try a smaller {diverged.penalty} or optimizer.lr"
    )


def summarize(
    events: Iterable[Event],
    run: str,
    model: str,
    cause_of: Callable[[Facts, Verdict], Cause | None] = lambda facts, verdict: None,
) -> Summary:
    """Return the summary of a run.

    Args:
        events: all events, from Started to Finished.
        run: the run's directory.
        model: its model file.
        cause_of: returns the likely cause of a run that went wrong.
    """
    speeds: deque[float] = deque(maxlen=SPEED_EPOCHS)
    facts = Facts.of(_with_speeds(events, speeds))
    verdict = judge(facts)
    cause = cause_of(facts, verdict)
    return Summary(
        started=facts.started,
        finished=facts.finished,
        last=facts.last,
        verdict=(verdict if cause is None else verdict.because(cause.sentence)).text,
        cause=cause,
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
