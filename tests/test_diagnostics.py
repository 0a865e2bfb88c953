"""Under- and overfitting, read off the curves (K, N)."""

import pytest

from nntrain.diagnostics.curves import verdict
from tests.helpers import CommandLine

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
    wrong = nntrain("dialects", "adm")
    assert wrong.status == 2
    assert "did you mean adam?" in wrong.err


def test_overfitting_names_the_epoch_at_which_it_began() -> None:
    best = min(EPOCHS, key=RISING.__getitem__)
    assert f"at epoch {best + 1} to" in verdict(FALLING, RISING)
