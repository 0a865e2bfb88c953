"""``nntrain why``: the story of a run, from what it recorded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.artifacts.history import History, Layers, read_history
from nntrain.diagnostics.facts import longest_plateau
from nntrain.report.story import Story, story
from tests.helpers import CommandLine

EPOCHS = 50


@pytest.fixture
def history(nntrain: CommandLine, tmp_path: Path) -> History:
    """Returns a run of moons with early stopping that does not end it."""
    settings = [f"training.epochs={EPOCHS}", "training.early_stopping.patience=40", "training.statistics_every=1"]
    options = [part for setting in settings for part in ("--set", setting)]
    ended = nntrain("fit", "moons", "-q", "--out", tmp_path / "moons", *options)
    assert ended.status == 0, ended.err
    return read_history(tmp_path / "moons")


def changed(history: History, dead: Any = None, norms: Any = None, **columns: np.ndarray) -> Story:
    """Return the story of the run with other numbers."""
    layers = history.layers
    found = Layers(
        layers.epoch, layers.gradient_norm if norms is None else norms, layers.dead if dead is None else dead
    )
    return story(replace(history, columns={**history.columns, **columns}, layers=found))


def entry(story: Story, kind: str) -> Any:
    """Return the entry of a kind; None if there is none."""
    return next((entry for entry in story.entries if entry.kind == kind), None)


def test_what_fell_when(history: History) -> None:
    losses = np.r_[np.full(12, 1.0), 0.4, np.linspace(0.4, 0.1, 37)]
    told = changed(history, train_loss=losses)
    fastest, done, plateau = (entry(told, kind) for kind in ("fastest_fall", "most_of_fall", "plateau"))
    assert (fastest.epoch, fastest.numbers) == (13, {"before": 1.0, "after": 0.4})
    assert done.numbers["lowest"] == pytest.approx(0.1)
    assert losses[done.epoch - 1] <= 0.19 < losses[done.epoch - 2]
    assert (plateau.epoch, plateau.numbers["last"]) == (1, 12)
    assert entry(told, "largest_rise") is None


def test_the_largest_rise_and_a_loss_that_does_not_fall(history: History) -> None:
    losses = np.linspace(1, 0.1, EPOCHS)
    losses[30] += 0.5
    rise = entry(changed(history, train_loss=losses), "largest_rise")
    assert (rise.epoch, rise.numbers["times"]) == (31, 1)
    level = changed(history, train_loss=np.full(EPOCHS, 0.7))
    assert entry(level, "no_fall").text == "the training loss hardly fell: 0.7000 at first, 0.7000 at the lowest"
    assert entry(level, "fastest_fall") is None


def test_where_units_died_and_the_gradient_vanished(history: History) -> None:
    dead, norms = np.zeros((EPOCHS, 3)), np.ones((EPOCHS, 3))
    dead[:, 2] = np.nan  # the output layer's units cannot die
    dead[20:, 0], dead[40:, 0] = 0.25, 0.5
    norms[7, 1] = 1e-4
    told = changed(history, dead=dead, norms=norms)
    units, gradient = entry(told, "dead_units"), entry(told, "vanishing_gradient")
    assert (units.epoch, units.numbers) == (21, {"layer": 1, "dead": 0.25, "last": 0.5})
    assert "25% of the units of layer 1 dense" in units.text
    assert (gradient.epoch, gradient.numbers["layer"], gradient.numbers["norm"]) == (8, 2, 1e-4)
    assert entry(changed(history, dead=dead * 0, norms=norms * 0 + 1), "vanishing_gradient") is None


def test_what_early_stopping_saw(history: History) -> None:
    losses = np.linspace(1, 0.5, EPOCHS)
    losses[-10:] = 0.8
    told = changed(history, validation_loss=losses)
    lowest, stopping = entry(told, "lowest_validation"), entry(told, "early_stopping")
    assert (lowest.epoch, lowest.numbers["last"]) == (40, 0.8)
    assert (stopping.epoch, stopping.numbers) == (EPOCHS, {"patience": 40, "best_epoch": 40})


def test_what_was_not_recorded_is_said(history: History) -> None:
    few = Layers(history.layers.epoch[::10], history.layers.gradient_norm[::10], history.layers.dead[::10])
    assert any("10 epochs apart" in text for text in story(replace(history, layers=few)).missing)
    assert not any("apart" in text for text in story(history).missing)
    none = Layers(np.empty(0), np.empty((0, 3)), np.empty((0, 3)))
    assert any("no statistics" in text for text in story(replace(history, layers=none)).missing)


def test_the_moves_of_few_parameters_are_told(nntrain: CommandLine, tmp_path: Path) -> None:
    nntrain("fit", "ravine", "-q", "--out", tmp_path / "run")
    told = nntrain("why", tmp_path / "run", "--json").json
    moves = [entry for entry in told["entries"] if entry["kind"] == "largest_move"]
    parameters = read_history(tmp_path / "run").parameters
    distances = np.linalg.norm(np.diff(parameters, axis=0), axis=1)
    assert moves[0]["numbers"]["distance"] == pytest.approx(distances.max())
    assert moves[0]["epoch"] == distances.argmax() + 2
    assert [one["epoch"] for one in told["entries"]] == sorted(one["epoch"] for one in told["entries"])


def test_the_command(nntrain: CommandLine, history: History, tmp_path: Path) -> None:
    shown = nntrain("why", history.folder)
    assert shown.status == 0
    assert "the training loss fell fastest" in shown.out
    assert f"end after {EPOCHS} epochs" in shown.out
    assert nntrain("why", tmp_path).status == 2


@pytest.mark.parametrize(
    ("losses", "expected"),
    [([3.0, 1.0, 1.0, 1.0, 0.5], (1, 3)), ([1.0], (0, 0)), ([1.0] * 1000, (0, 999))],
)
def test_the_longest_plateau(losses: list[float], expected: tuple[int, int]) -> None:
    assert longest_plateau(losses) == expected
