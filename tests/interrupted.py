"""Runs that are interrupted, and what they have to be equal to."""

import signal
from dataclasses import replace
from typing import Any

import pytest

from nntrain.artifacts.run_folder import RunFolder
from nntrain.optimizers import Optimizer
from nntrain.registry import members
from nntrain.training.events import EpochEnded, Event, Finished
from tests.helpers import CommandLine

FIT = "data: {source: {name: moons, rows: 300}}\nmodel: {hidden: [8], norm: batch, dropout: 0.2}\n" + (
    "training: {epochs: 60, batch_size: 8, checkpoint: {seconds: 0.001}}\nschedule: cosine\n"
)
FULL_BATCH = [name for name, optimizer in members(Optimizer).items() if optimizer.full_batch]
STEPPING = [name for name in members(Optimizer) if name not in FULL_BATCH]
VARIANTS: dict[str, dict[str, Any]] = {
    "batch norm": {"model": {"hidden": [3], "norm": "batch"}},
    "dropout": {"model": {"hidden": [3], "dropout": 0.3}, "regularization": {"clip_norm": 0.1, "input_noise": 0.1}},
    "schedule": {"schedule": "cosine"},
    "plateau": {"schedule": {"name": "reduce_on_plateau", "patience": 0, "threshold": 0.9}},
    "averaging": {"training": {"averaging": {"name": "swa", "start": 0.3}}, "model": {"hidden": [3], "norm": "batch"}},
    "ema": {"training": {"averaging": "ema", "lookahead": {"period": 2}}},
    "early stopping": {"training": {"early_stopping": {"patience": 1, "min_delta": 10}, "epochs": 5}},
}


def recipe(optimizer: str, changes: dict[str, Any]) -> dict[str, Any]:
    data = {"source": {"name": "moons", "rows": 24}, "validation": 0.2, "test": 0}
    training = {"epochs": 3, "batch_size": "full" if optimizer in FULL_BATCH else 7, "statistics_every": 2}
    return {
        "data": data,
        "model": {"hidden": [3]},
        "optimizer": optimizer,
        **changes,
        "training": {**training, **changes.get("training", {})},
    }


def variants_of(optimizer: str) -> list[str]:
    """Return the variants that an optimizer accepts."""
    kind, refused = members(Optimizer)[optimizer], set[str]()
    if kind.curvature_row is not None:  # products with the Hessian
        refused |= {"batch norm", "dropout", "averaging"}
    if kind.evaluated_row is not None:  # an average of its own
        refused |= {"averaging", "ema"}
    return [variant for variant in VARIANTS if variant not in refused]


def timeless(events: list[Event]) -> list[Event]:
    """Return the epochs and the end of a run without their times."""
    found: list[Event] = []
    for event in events:
        if isinstance(event, EpochEnded):
            found.append(event._replace(seconds=0.0, samples_per_second=0.0))
        elif isinstance(event, Finished):
            found.append(replace(event, seconds=0.0))
    return found


def interrupt(nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch, folder: str, epoch: int, *options: str) -> None:
    """Start a run that a signal ends after an epoch."""
    call = RunFolder.__call__

    def signalled(self: RunFolder, event: Event) -> None:
        call(self, event)
        if isinstance(event, EpochEnded) and event.epoch == epoch:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "__call__", signalled)
        patch.setattr("nntrain.training.epoch_chunks.CHUNK_SECONDS", 0.0)
        ended = nntrain("fit", "r.yaml", "--out", folder, "-q", *options)
    assert ended.status == 143
    assert f"run the same command with --resume {folder}, or: nntrain fit --resume {folder}\n" in ended.err
