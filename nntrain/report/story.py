"""The story of a run, from what it recorded: what fell when, where units died, what early stopping saw."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nntrain.artifacts.history import History
from nntrain.errors import counted
from nntrain.report.details import why
from nntrain.report.story_entries import TELLERS, Curves, Entry
from nntrain.training.events import Stopped


@dataclass(frozen=True)
class Story:
    """The story of a run.

    Attributes:
        run: its directory.
        entries: in the order of their epochs.
        verdict: on under- and overfitting.
        missing: what the run did not record, and how to record it.
    """

    run: str
    entries: tuple[Entry, ...]
    verdict: str
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def story(history: History) -> Story:
    """Return the story of a finished run."""
    run = Curves(history)
    entries = [entry for tell in TELLERS for entry in tell(run)] if run.epochs else []
    entries.sort(key=lambda entry: (entry.epoch is not None, entry.epoch or 0))  # the whole run first
    ending = _ending(run)
    return Story(
        run=str(history.folder),
        entries=(*entries, ending),
        verdict=history.summary["verdict"],
        missing=tuple(_missing(run)),
    )


def _ending(run: Curves) -> Entry:
    summary = run.history.summary
    steps, stopped = summary["steps"], Stopped(summary["stopped"])
    recipe = run.history.recipe
    reason = why(stopped, recipe.optimizer.keeps_best, recipe.training.monitor)
    text = f"end after {counted(run.epochs, 'epoch')} and {counted(steps, 'step')}: {reason}"
    return Entry("end", run.epochs or None, text, {"epochs": run.epochs, "steps": steps})


def _missing(run: Curves) -> Iterator[str]:
    """Tell what cannot be told, and what to record for it."""
    layers = run.history.layers
    if not len(layers.epoch):
        yield "dead units and gradients of layers: no statistics were recorded"
    elif len(layers.epoch) < run.epochs:
        gap = int(np.diff(layers.epoch).max()) if len(layers.epoch) > 1 else run.epochs
        yield (
            f"layers between their measurements, {counted(gap, 'epoch')} apart at most: "
            "set training.statistics_every: 1 to measure each epoch"
        )
    if run.epochs and not run.history.parameters.shape[1]:
        yield "the length of single steps: parameters are recorded for networks of up to eight only"
    if not run.has_validation:
        yield "overfitting: there is no validation split"
