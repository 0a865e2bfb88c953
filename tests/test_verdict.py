"""Under- and overfitting (K, N): the rule on its facts, and what real runs say about themselves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.fits.__main__ import RIGHT, verdict_on
from benchmarks.fits.cases import cases
from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import Kind, judge
from nntrain.diagnostics.wording import advice
from nntrain.training.events import (
    Baseline,
    Diverged,
    Estimate,
    Finished,
    LayerFacts,
    LayerStatistics,
    Scores,
    Started,
    Stopped,
)
from nntrain.utils.resources import shipped_recipes
from tests.helpers import CommandLine, run

EPOCHS = range(100)
FALLING = [0.98**k for k in EPOCHS]
LEVEL = [max(0.9**k, 0.04) for k in EPOCHS]
RISING = [max(0.9**k, 0.1) + 0.004 * k for k in EPOCHS]
JUMPING = [0.3 + 0.2 * (k % 2) for k in EPOCHS]
DENSE = LayerFacts("1 dense 2→8 relu", "relu", 2, 8, 24)


def facts(
    train: list[float],
    validation: list[float],
    *,
    systematic: float | None = 0.0,
    kept_best: bool = False,
    shift: float = 0.0,
    least: bool = True,
    constant: float = 1.0,
    dead: float = 0.0,
    gradient: float = 1.0,
    search: bool = False,
    steps_are: Any = "steps",
    accuracy: tuple[float, float] | None = None,
    diverged: Diverged | None = None,
    stopped: Stopped = Stopped.EPOCHS,
) -> Facts:
    """Return the facts of a run with these losses, all moved by ``shift``, beside a baseline of ``constant``."""
    train, validation = [loss + shift for loss in train], [loss + shift for loss in validation]
    baseline = Baseline(constant + shift, 0.9 if accuracy else 0.0, shift if least else None)
    losses = {"train": train} | ({"validation": validation} if validation else {})
    best = min(range(len(validation or train)), key=(validation or train).__getitem__)
    scores = [{part: Scores(loss[at], 0.5) for part, loss in losses.items()} for at in (-1, best)]
    if accuracy:
        scores = [{part: Scores(score.loss, accuracy[0]) for part, score in of.items()} for of in scores]
    started = Started(
        name="run",
        task="classification" if accuracy else "regression",
        metric="accuracy" if accuracy else "r2",
        layers=(DENSE,),
        rows=dict.fromkeys(losses, 50),
        epochs=len(train),
        steps_per_epoch=1,
        probe_rows=50,
        statistics_every=1,
        baseline=dict.fromkeys(losses, baseline),
        search=search,
        steps_are=steps_are,
    )
    finished = Finished(
        stopped=stopped,
        epochs=len(train),
        steps=len(train),
        seconds=1.0,
        best_epoch=best + 1,
        diverged=diverged,
        final=scores[0],
        best=scores[1],
        kept="best" if kept_best else "final",
        layers=(LayerStatistics(gradient, dead),),
        rise=Estimate(validation[-1] - validation[best], 0.01) if validation else None,
        validation_loss=Estimate(validation[-1], 0.02) if validation else None,
        systematic=None if systematic is None else Estimate(systematic, 0.05),
    )
    return Facts(started, finished, None, train, validation)


@pytest.mark.parametrize(
    ("train", "validation", "keys", "kind", "words"),
    [
        (LEVEL, LEVEL, {}, Kind.FITS, "no sign of over- or underfitting: the validation loss, 0.04, is 4% of"),
        (FALLING, FALLING, {}, Kind.UNDERFITS, "its mean was 0.1651 over the last fifth"),
        (FALLING, LEVEL, {}, Kind.FITS, "no sign"),  # what training longer would gain is nothing for validation
        (FALLING, RISING, {}, Kind.OVERFITS, "the validation loss rose from 0.188 at epoch 23 to 0.496 while the"),
        (JUMPING, JUMPING, {}, Kind.UNSTABLE, "the training loss rose in 25 of the last 49 epochs, by 0.2 on average"),
        (LEVEL, [], {}, Kind.FITS, "detecting overfitting needs a validation split"),
        (FALLING[:3], FALLING[:3], {}, Kind.UNDECIDED, "too few epochs to judge: 3; at least 5 needed"),
        (FALLING[:3], FALLING[:3], {"systematic": 0.9, "stopped": Stopped.CONVERGED}, Kind.UNDERFITS, "is systematic"),
        ([1.0] * 3, [1.0] * 3, {"systematic": 0.9}, Kind.UNDERFITS, "is systematic"),  # which is seen without a curve
        ([1.0] * 50, [1.0] * 50, {"systematic": 0.9}, Kind.UNDERFITS, "about 90% of this error is systematic"),
        ([1.0] * 50, [1.0] * 50, {}, Kind.NOTHING_LEARNED, "similar samples do not share errors"),
        ([1.0] * 50, [1.0] * 50, {"systematic": None}, Kind.UNDERFITS, "is not below that of the best constant"),
        ([9.0] * 50, [9.0] * 50, {}, Kind.UNDERFITS, "the training loss, 9, is 9 times that of"),
        ([0.3] * 50, [0.3] * 50, {}, Kind.FITS, "30% of that of the best constant prediction"),  # level, but noise
        ([0.3] * 50, [0.3] * 50, {"systematic": 0.8}, Kind.UNDERFITS, "try more units or layers"),
        ([0.3] * 50, [0.3] * 50, {"systematic": 0.1}, Kind.FITS, "no sign"),  # two standard errors
        ([0.01] * 50, [0.9] * 50, {}, Kind.OVERFITS, "the validation loss, 0.9, is above the training loss, 0.01"),
        ([0.01] * 50, [0.2] * 50, {}, Kind.FITS, "regularization or more data may narrow it"),
        ([1.2] * 50, [1.9] * 50, {}, Kind.UNDERFITS, "is not below that of the best constant"),  # a gap, and no fit
        ([0.01] * 100, FALLING, {}, Kind.FITS, "no sign"),  # there is nothing left to learn
        ([0.6] * 50, [0.7] * 50, {"accuracy": (0.9, 0.9)}, Kind.FITS, "not above that of always predicting"),
        ([0.8] * 50, [1.0] * 50, {}, Kind.NOTHING_LEARNED, "nothing learned that generalizes"),
        (LEVEL, LEVEL, {"search": True}, Kind.SEARCH, "the best of 100 points"),
        (LEVEL, LEVEL, {"constant": 0.0}, Kind.UNDECIDED, "all training targets are equal"),
        (
            [0.9] * 50,
            [0.9] * 50,
            {"systematic": 0.9, "dead": 0.97},
            Kind.UNDERFITS,
            "97% of the units of layer 1 dense",
        ),
        ([1.0] * 50, [1.0] * 50, {"systematic": 0.9, "gradient": 0.0}, Kind.UNDERFITS, "stuck: the gradient is zero"),
        ([0.0] * 50, [0.0] * 50, {"gradient": 0.0}, Kind.FITS, "less than 1%"),  # solved, and not stuck
    ],
)
def test_the_verdict(train: list[float], validation: list[float], keys: dict[str, Any], kind: Kind, words: str) -> None:
    verdict = judge(facts(train, validation, **keys))
    assert (verdict.kind, words in verdict.text) == (kind, True), verdict.text
    assert verdict.text.startswith(kind) or kind in (Kind.FITS, Kind.UNDECIDED, Kind.SEARCH)


def test_early_stopping_answers_a_rise_and_waits_longer_for_a_fall() -> None:
    """The weights that are kept are judged, not those after them."""
    assert judge(facts(FALLING, RISING, kept_best=True)).kind is Kind.FITS
    verdict = judge(facts(FALLING, RISING, kept_best=True, systematic=0.9))
    assert verdict.kind is Kind.UNDERFITS
    assert "early_stopping.patience" in verdict.text
    assert "train longer" not in verdict.text


def test_an_optimizer_that_searches_for_its_step_gets_no_advice_on_a_rate() -> None:
    for train in (FALLING, [0.9] * 50, [1.0] * 50):
        verdict = judge(facts(train, train, systematic=0.9, steps_are="evaluations"))
        assert verdict.kind is Kind.UNDERFITS
        assert "rate" not in verdict.text


def test_a_gap_is_weighed_against_what_has_not_been_learned() -> None:
    apart = [0.4] * 50, [1.0] * 50
    assert judge(facts(*apart, systematic=0.9)).kind is Kind.OVERFITS  # 0.36 and 0.6
    assert judge(facts([0.7] * 50, [1.2] * 50, systematic=0.9)).kind is Kind.UNDERFITS  # 0.63 and 0.5


@pytest.mark.parametrize("shift", [-1.5, 0.0, 2.0])
@pytest.mark.parametrize("least", [True, False])
@pytest.mark.parametrize("train", [FALLING, LEVEL, [1.0] * 50])
@pytest.mark.parametrize("validation", [FALLING, LEVEL, RISING, []])
def test_the_verdict_is_the_same_wherever_a_loss_begins(
    train: list[float], validation: list[float], least: bool, shift: float
) -> None:
    """A likelihood's zero means nothing; without a lower bound, the baseline is a nat above what losses count from."""
    validation = validation[: len(train)]
    moved = judge(facts(train, validation, shift=shift, least=least))
    assert moved.kind is judge(facts(train, validation)).kind


def test_a_share_of_a_loss_with_another_lower_bound_is_not_a_share_of_the_number() -> None:
    text = judge(facts(LEVEL, LEVEL, shift=-2.0)).text
    assert "the validation loss, -1.96, is 4% of the way from the minimum possible, -2, to that of" in text


FITS = {(case.kind, case.name): case for case in cases()}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("sound", name) for name in ("shipped_iris", "shipped_wine", "shipped_diabetes", "shipped_moons")),
        *(("sound", name) for name in ("diabetes_linear", "xor_hard", "line_thirty_rows", "blobs_overlap_stop")),
        *(("sound", name) for name in ("breast_cancer_patience", "wine_full_accuracy", "wine_hinge_pair", "counts")),
        *(("underfit", name) for name in ("moons_linear", "sine_line", "iris_l2", "moons_slow_steady", "dead_units")),
        *(("underfit", name) for name in ("height_unscaled", "wine_unscaled", "iris_full_batch", "deep_tanh_large")),
        *(("overfit", name) for name in ("shipped_overfit", "random_labels_mse", "sine_lbfgs", "table_linear")),
        *(("overfit", name) for name in ("regression_noisy", "hinge_flipped", "friedman_huber", "counts_wide")),
    ],
)
def test_a_run_whose_fit_is_known(kind: str, name: str) -> None:
    verdict = verdict_on(FITS[kind, name], seed=0)
    assert verdict.kind in RIGHT[kind], verdict.text


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_what_is_shipped_fits_unless_it_shows_the_opposite(name: str) -> None:
    found = judge(Facts.of(run(shipped_recipes()[name].read_text())[1])).kind
    expected = {
        "overfit": Kind.OVERFITS,
        "saturated_mse": Kind.UNDERFITS,
        "line_search": Kind.SEARCH,
        "by_hand": Kind.UNDECIDED,
        "plateau": Kind.UNDECIDED,
        "product": Kind.UNDERFITS,
        "rosenbrock": Kind.UNDECIDED,
    }
    assert found is expected.get(name, Kind.FITS)


def verdict_of(nntrain: CommandLine, folder: Path, table: pl.DataFrame, target: str, recipe: str) -> str:
    """Return the verdict on a run on a table."""
    table.write_csv(folder / "table.csv")
    source = f"source: {{name: csv, path: {folder / 'table.csv'}, target: {target}}}"
    text = recipe.replace("SOURCE", source)
    return str(nntrain("fit", "-", "--out", folder / "run", "--json", "-q", stdin=text).json["verdict"])


def test_a_rise_is_not_hidden_by_a_first_loss_that_is_far_larger(nntrain: CommandLine, tmp_path: Path) -> None:
    """Seven rows, unscaled: the training loss falls from 70,000 to 26, and the validation loss rises at last."""
    rows = [
        (-0.1041, 6.106, 6.232, 97.5, -0.1749, 0.1696, -0.4665, 0.4242, 289.4, 723.8, 2.6, 2.6, 164.0),
        (0.5134, 5.517, 12.16, 90.83, -0.07771, 0.07383, -0.2153, 0.2133, 361.6, 706.9, 2.6, 2.6, 156.5),
        (0.4028, 5.359, 9.403, 79.45, -0.05685, 0.06042, -0.2095, 0.1873, 331.9, 676.0, 2.6, 2.6, 134.5),
        (-0.02972, 5.821, 8.682, 70.49, -0.05592, 0.0469, -0.2113, 0.2078, 323.2, 649.6, 2.6, 2.6, 142.5),
        (-1.066, 6.893, 3.798, 132.0, -0.1106, 0.1094, -0.3516, 0.3494, 245.4, 800.6, 2.6, 2.6, 195.6),
        (-0.6673, 5.795, 4.824, 63.08, -0.04957, 0.0516, -0.1446, 0.1654, 265.7, 626.0, 2.6, 2.6, 134.2),
        (0.1193, 8.804, 18.63, 253.9, -0.171, 0.1727, -0.3759, 0.3657, 416.9, 995.8, 2.6, 2.6, 272.0),
    ]
    table = pl.DataFrame(rows, schema=[*(f"f{i}" for i in range(12)), "y"], orient="row")
    recipe = (
        "data: {SOURCE, standardize: false, standardize_target: false}\ntraining: {batch_size: full, epochs: 300}\n"
    )
    verdict = verdict_of(nntrain, tmp_path, table, "y", recipe)
    assert verdict.startswith("overfits: the validation loss rose from")


def test_labels_that_are_learned_by_heart_are_overfitting(nntrain: CommandLine, tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    table = pl.DataFrame(random.normal(size=(100, 20))).with_columns(y=pl.Series(random.choice(["a", "b"], 100)))
    recipe = (
        "data: {SOURCE, validation: 0.3, test: 0}\nmodel: {hidden: [64, 64]}\nloss: mse\n"
        "optimizer: {name: adam, lr: 0.01}\ntraining: {epochs: 500, batch_size: full}\n"
    )
    assert verdict_of(nntrain, tmp_path, table, "y", recipe).startswith("overfits")


def test_a_model_that_is_worse_than_the_mean_underfits(nntrain: CommandLine, tmp_path: Path) -> None:
    height = np.linspace(1.47, 1.83, 15)
    table = pl.DataFrame({"h": height, "w": 61.3 * height - 38})
    recipe = (
        "data: {SOURCE, standardize_target: false}\nmodel: {hidden: [3], activation: sigmoid}\n"
        "training: {batch_size: full, epochs: 300}\n"
    )
    verdict = verdict_of(nntrain, tmp_path, table, "w", recipe)
    assert verdict.startswith("underfits: the training loss, ")
    assert "times that of the best constant prediction" in verdict
    assert "try data.standardize_target=true" in verdict


def test_an_accuracy_that_the_most_frequent_class_has_as_well_is_told(nntrain: CommandLine, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 3))
    rare = random.uniform(size=1000) < 1 / (1 + np.exp(4 - 1.5 * x[:, 0]))
    table = pl.DataFrame(x, schema=["a", "b", "c"]).with_columns(t=pl.Series(np.where(rare, "pos", "neg")))
    verdict = verdict_of(nntrain, tmp_path, table, "t", "data: {SOURCE}\ntraining: {early_stopping: {}}\n")
    assert "not above that of always predicting the most frequent class" in verdict
    assert "underfits" not in verdict


def test_a_saturated_network_that_converged_has_not_learned(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = (
        "data: {source: diabetes, validation: 0.2, test: 0.2, standardize: false}\n"
        "model: {hidden: [20], activation: tanh}\noptimizer: lbfgs\ntraining: {epochs: 500}\n"
    )
    ended = nntrain("fit", "-", "--out", tmp_path / "run", "--json", stdin=recipe)
    assert ended.json["stopped"] == "converged"
    assert ended.json["verdict"].startswith("underfits: the training loss, ")
    assert "evaluations" in ended.err


def test_a_validation_loss_that_falls_to_the_end_has_not_risen() -> None:
    """The mean over the end of the curve reaches before its best epoch; the last weights are what is judged."""
    recipe = {
        "data": {
            "source": {"name": "friedman1", "rows": 300},
            "validation": 0.2,
            "test": 0.2,
            "standardize_target": True,
        },
        "model": {"hidden": [20], "activation": "tanh"},
        "optimizer": "lbfgs",
        "regularization": {"l2": 0.001},
        "training": {"epochs": 500, "dtype": "float64"},
    }
    verdict = judge(Facts.of(run(recipe)[1]))
    assert verdict.kind is Kind.FITS
    assert "is above the training loss" in verdict.text


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            "bias_initializer: {name: constant, value: -1000}",
            "likely cause: initial biases far from zero: model.bias_initializer is constant",
        ),
        (
            "initializer: zeros, activation: tanh, learn_biases: false",
            "likely cause: initial weights are all the same: ",
        ),
        ("activation: tanh", "underfits"),
    ],
)
def test_a_network_that_cannot_learn_is_told(nntrain: CommandLine, tmp_path: Path, model: str, words: str) -> None:
    recipe = f"data: {{source: moons}}\nmodel: {{hidden: [6], {model}}}\ntraining: {{epochs: 20}}\n"
    ended = nntrain("fit", "-", "--out", tmp_path / "run", "--json", "-q", stdin=recipe)
    assert words in ended.json["verdict"]


def test_standardized_targets_are_not_to_be_standardized() -> None:
    bad = facts([1.2] * 100, [1.3] * 100)
    scaled = replace(bad, started=replace(bad.started, loss_scale="standardized targets"))
    assert "standardize_target" in advice(bad)
    assert "standardize_target" not in advice(scaled)


def test_standardized_features_are_not_to_be_standardized() -> None:
    bad = facts([1.0] * 100, [1.0] * 100)
    scaled = replace(bad, started=replace(bad.started, scaled_features=True))
    assert "data.standardize: true" in advice(bad)
    assert "data.standardize" not in advice(scaled)
    assert "another initializer" in advice(scaled)
