"""Epochs that are trained several in one call are those that are trained one by one."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from nntrain.training import epoch_chunks
from nntrain.training.engine import Engine
from nntrain.training.events import Diverged, EpochEnded, Event, Finished, Stopped
from nntrain.training.loop import train
from nntrain.training.measurements import statistics_interval
from tests.helpers import built

MOONS: dict[str, Any] = {
    "data": {"source": {"name": "moons", "rows": 200, "noise": 0.2}},
    "model": {"hidden": [8, 8]},
    "optimizer": {"name": "adam", "lr": 0.01},
    "training": {"epochs": 60},
}


def run(recipe: dict[str, Any], statistics: bool) -> tuple[list[Event], Engine]:
    engine = Engine(built(recipe).plan)
    events = []
    for event in train(engine, statistics=statistics):
        if isinstance(event, EpochEnded):
            event = event._replace(seconds=0.0, samples_per_second=0.0)
        if isinstance(event, Finished):
            event = dataclasses.replace(event, seconds=0.0)
        events.append(event)
    return events, engine


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize(
    ("changes", "stopped"),
    [
        ({}, Stopped.EPOCHS),
        ({"training": {"epochs": 60, "statistics_every": 7}}, Stopped.EPOCHS),
        ({"training": {"epochs": 500, "early_stopping": {"patience": 5}}}, Stopped.EARLY),
        ({"training": {"epochs": 500, "grad_tol": 0.05, "batch_size": "full"}}, Stopped.GRADIENT),
        ({"regularization": {"clip_norm": 0.2}}, Stopped.EPOCHS),
        ({"schedule": {"name": "cooling", "per": "epoch"}}, Stopped.EPOCHS),
        ({"model": {"hidden": [{"units": 8, "norm": {"name": "batch"}, "dropout": 0.2}]}}, Stopped.EPOCHS),
        ({"optimizer": {"name": "sgd", "lr": 1e18}}, Stopped.DIVERGED),
    ],
)
def test_blocks_are_the_same_epochs(
    changes: dict[str, Any], stopped: Stopped, statistics: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = {**MOONS, **changes}
    monkeypatch.setattr(epoch_chunks, "CHUNK_SECONDS", 1e9)  # as many as there may be
    together, engine = run(recipe, statistics)
    monkeypatch.setattr(epoch_chunks, "CHUNK_SECONDS", 0.0)
    alone, expected = run(recipe, statistics)
    assert repr(together) == repr(alone)  # which tells NaN and NaN to be the same
    last = together[-1]
    assert isinstance(last, Finished)
    assert last.stopped is stopped
    np.testing.assert_array_equal(engine.theta, expected.theta)
    if not any(isinstance(event, Diverged) for event in together):
        np.testing.assert_array_equal(engine.grad, expected.grad)
        np.testing.assert_array_equal(engine.state, expected.state)


@pytest.mark.parametrize(("epochs", "least", "most"), [(100, 1, 5), (7, 1, 1), (1_000_000, 21, 20_000)])
def test_statistics_come_twenty_times_and_less_often_in_a_long_run(epochs: int, least: int, most: int) -> None:
    every = statistics_interval(Engine(built({**MOONS, "training": {"epochs": epochs}}).plan))
    assert least <= every <= most


def test_a_run_is_trained_in_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    take = Engine.take_epochs

    def counted(self: Engine, orders: Any, *arguments: Any) -> Any:
        calls.append(len(orders))
        return take(self, orders, *arguments)

    monkeypatch.setattr(Engine, "take_epochs", counted)
    monkeypatch.setattr(epoch_chunks, "CHUNK_SECONDS", 1e9)
    run({**MOONS, "training": {"epochs": 60, "statistics_every": 20}}, statistics=True)
    assert calls == [19, 20, 20]
