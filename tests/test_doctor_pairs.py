"""Two faults at once, and results that depend on the seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nntrain.artifacts.lookup import load_recipe
from nntrain.doctor.case import Case
from nntrain.doctor.diagnoses.curves import LuckySeed
from nntrain.doctor.edits import Edit, resized
from nntrain.doctor.evidence import Evidence
from nntrain.doctor.examine import examine
from nntrain.recipe.schema import Layer


@pytest.mark.parametrize(
    ("one", "other", "compatible"),
    [
        ({"optimizer.lr": 1}, {"optimizer.eps": 1}, True),
        ({"optimizer.lr": 1}, {"optimizer": "adam"}, False),
        ({"model.hidden": []}, {"model.hidden": [3]}, False),
        ({"loss": "mse"}, {"loss_": 1}, True),
    ],
)
def test_edits_of_the_same_key_cannot_be_tried_together(one: Any, other: Any, compatible: bool) -> None:
    assert Edit(one).compatible(Edit(other)) is Edit(other).compatible(Edit(one)) is compatible
    if compatible:
        assert (Edit(one) | Edit(other)).settings == {**one, **other}


def test_resized_layers_keep_their_other_settings() -> None:
    layers: Sequence[int | Layer] = [3, Layer(units=2, dropout=0.5)]
    assert resized(layers, lambda units: 4 * units) == [12, {"units": 8, "dropout": 0.5}]


def test_two_faults_are_both_named_and_repaired_together() -> None:
    settings = ["regularization.l1=0.3", "model.bias_initializer={name: constant, value: -20}", "training.epochs=40"]
    loaded = load_recipe("moons", settings)
    report = examine(Case(loaded.document, loaded.folder, "moons"), 120)
    assert {one.id for one in report.found[:2]} == {"l1_too_strong", "initial_biases"}
    assert report.fix == {"regularization.l1": 0.0, "model.bias_initializer": "zeros"}
    assert report.found[0].tried[0].gain > 0.5


@dataclass(frozen=True)
class Run:
    """A run with its score."""

    score: float
    seed: int = 0
    rows: int = 200

    @property
    def errors(self) -> dict[str, np.ndarray]:
        return {"score": (np.arange(self.rows) >= self.score * self.rows).astype(float)}


def evidence(own: float, others: Sequence[float]) -> Any:
    """Return the evidence of runs with these scores."""
    trial, rest = Run(own), tuple(Run(score, seed) for seed, score in enumerate(others, 1))
    return SimpleNamespace(trial=trial, others=rest, trials=(trial, *rest))


def test_a_result_that_depends_on_the_seed() -> None:
    assert LuckySeed().suspect(evidence(0.95, [0.94, 0.96, 0.9])) is None
    found = LuckySeed().suspect(evidence(0.95, [0.2, 0.3, 0.9]))
    assert found is not None
    assert "is 0.95 at seed 0, and from 0.20 to 0.90 at 3 other seeds" in found.text
    noisy = evidence(0.95, [0.6, 0.8, 0.7])
    assert LuckySeed().suspect(noisy) is not None
    noisy.trials = [Run(run.score, 0, 12) for run in noisy.trials]  # so few samples differ by as much
    assert LuckySeed().suspect(noisy) is None


def test_edits_are_screened_at_the_worst_seed_if_the_recipes_own_was_lucky() -> None:
    base = Evidence.base.fget  # type: ignore[attr-defined]
    assert base(evidence(0.95, [0.93, 0.9, 0.96])).seed == 0
    assert base(evidence(0.95, [0.93, 0.2, 0.96])).seed == 2
    assert base(evidence(0.2, [0.93, 0.9, 0.96])).seed == 0
    assert base(evidence(0.2, [])).seed == 0
    assert np.isclose(Evidence.mean_score.fget(evidence(0.5, [0.7])), 0.6)  # type: ignore[attr-defined]
