"""Under- and overfitting, read off the curves (K, N)."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.diagnostics.curves import verdict
from nntrain.losses import Loss
from tests.helpers import CommandLine, make

EPOCHS = range(100)
FALLING = [0.97**k for k in EPOCHS]
LEVEL = [max(0.9**k, 0.05) for k in EPOCHS]
RISING = [max(0.9**k, 0.1) + 0.002 * k for k in EPOCHS]


@pytest.mark.parametrize(
    ("train", "validation", "words"),
    [
        (FALLING, FALLING, "underfits"),
        (LEVEL, LEVEL, "neither"),
        (FALLING, RISING, "overfits"),
        (LEVEL, [], "has levelled off"),
        (FALLING, [], "still falls"),
        (FALLING[:3], FALLING[:3], "too few epochs"),
        (
            [0.2 + k for k in FALLING],
            [loss / 1000 for loss in RISING],
            "underfits",
        ),  # rises, but far below the training loss
        ([1.0] * 50, [1.0] * 50, "did not learn"),
    ],
)
def test_the_verdict(train: list[float], validation: list[float], words: str) -> None:
    assert words in verdict(train, validation)


@pytest.mark.parametrize("least", [-1.5, 0.0, 2.0])
@pytest.mark.parametrize("train", [FALLING, LEVEL, [1.0] * 50])
@pytest.mark.parametrize("validation", [FALLING, LEVEL, RISING, []])
def test_the_verdict_is_the_same_wherever_a_loss_begins(
    train: list[float], validation: list[float], least: float
) -> None:
    """A likelihood's zero means nothing: the same run by mse and by a Gaussian's logarithm."""
    validation = validation[: len(train)]
    moved = verdict([loss + least for loss in train], [loss + least for loss in validation], least=least)
    assert moved.split()[:2] == verdict(train, validation).split()[:2]


@pytest.mark.parametrize(
    ("train", "validation", "words"),
    [
        (FALLING, FALLING, "underfits"),
        (LEVEL, LEVEL, "neither"),
        (FALLING, RISING, "overfits"),
        ([1.0] * 50, [], "did not"),
    ],
)
def test_the_verdict_where_nobody_knows_the_least_loss(train: list[float], validation: list[float], words: str) -> None:
    lower = [[loss - 7 for loss in losses] for losses in (train, validation)]
    assert words in verdict(lower[0], lower[1], least=None)


@pytest.mark.parametrize("sigma", [0.25, 1.0, 3.0])
def test_the_least_of_a_gaussians_loss_is_where_it_fits(sigma: float) -> None:
    loss, y, double = make(Loss, "gaussian_nll", sigma=sigma), np.array([[0.5], [-1.0]]), np.dtype(np.float64)
    value = loss.function[double](y, y, np.empty_like(y), np.array(loss.numbers()))
    assert value == pytest.approx(loss.least, abs=1e-12)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("bias_initializer: {name: constant, value: -1000}", "stuck: every unit of layer 1 dense 2→6 relu is dead"),
        ("initializer: zeros, activation: tanh, learn_biases: false", "stuck: the gradient is zero"),
        ("activation: tanh", "underfits"),
    ],
)
def test_a_network_that_cannot_learn_is_told(nntrain: CommandLine, tmp_path: Path, model: str, words: str) -> None:
    recipe = f"data: {{source: moons}}\nmodel: {{hidden: [6], {model}}}\ntraining: {{epochs: 20}}\n"
    ended = nntrain("fit", "-", "--out", tmp_path / "run", "--json", "-q", stdin=recipe)
    assert words in ended.json["verdict"]


def test_dialects_part_where_their_definitions_say(nntrain: CommandLine) -> None:
    adam = {dialect["name"]: dialect for dialect in nntrain("dialects", "adam", "--json").json}
    assert adam["keras"]["keys"] == {"eps": 1e-7, "eps_root": 0, "eps_hat": True}
    assert all(dialect["parts"] is None for dialect in adam.values())  # epsilon matters for tiny gradients only
    nadam = {dialect["name"]: dialect for dialect in nntrain("dialects", "nadam", "--json").json}
    assert nadam["torch"]["parts"] is None
    assert nadam["keras"]["parts"] == 1  # half the rate
    assert nadam["keras"]["parts_at_equal_rate"] > 1
    table = nntrain("dialects", "momentum").out
    assert "scaled_velocity" in table
    assert "never" in table  # optax does as torch
    assert "sgd means the same everywhere" in nntrain("dialects", "sgd").err
    wrong = nntrain("dialects", "adm")
    assert wrong.status == 2
    assert "did you mean adam?" in wrong.err


def test_overfitting_names_the_epoch_at_which_it_began() -> None:
    best = min(EPOCHS, key=RISING.__getitem__)
    assert f"at epoch {best + 1} to" in verdict(FALLING, RISING)
