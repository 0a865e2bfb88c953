"""Under- and overfitting, read off the curves (K, N)."""

import pytest

from nntrain.diagnostics.curves import verdict

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


def test_overfitting_names_the_epoch_at_which_it_began() -> None:
    best = min(EPOCHS, key=RISING.__getitem__)
    assert f"at epoch {best + 1} to" in verdict(FALLING, RISING)
