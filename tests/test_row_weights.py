"""Row weights: a row of weight w counts like w equal rows, in the loss, its gradient and the metrics."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn import neural_network
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.class_weight import compute_class_weight

from nntrain import MLPClassifier, MLPRegressor
from nntrain.data.prepare import Split
from nntrain.diagnostics.gradcheck import Settings, check
from nntrain.losses import Loss
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.evidence import validation_loss
from nntrain.training.plan import Plan
from tests.helpers import CommandLine, built

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = NDArray[Any]
CLASSES: dict[str, dict[str, Any]] = {
    "cross_entropy": {"class_weights": [1, 2, 3], "smoothing": 0.1},
    "bce": {"class_weights": [1, 2]},
    "hinge": {},
}


def plan_of(loss: str, batch_size: int | str = "full", **keys: Any) -> Plan:
    """Return a plan in float64 whose rows have small whole weights, 0 among them."""
    found = members(Loss)[loss]
    source: dict[str, Any] = {"name": "friedman1"}
    if "regression" not in found.tasks:
        source = {"name": "blobs", "classes": found.classes or 3}
    recipe = {
        "data": {"source": {**source, "rows": 90}, "standardize_target": loss != "poisson"},
        "model": {"hidden": [5], "activation": "tanh"},
        "loss": {"name": loss, **CLASSES.get(loss, {}), **keys},
        "training": {"epochs": 2, "dtype": "float64", "batch_size": batch_size},
    }
    plan = built(recipe).plan

    def weighted(split: Split | None) -> Split:
        assert split is not None
        weights = np.random.default_rng(0).integers(0, 4, len(split.x)).astype(float)
        return Split(split.x, split.y, weights)

    data = replace(plan.data, train=weighted(plan.data.train), validation=weighted(plan.data.validation))
    return replace(plan, data=data)


def repeated(plan: Plan) -> Plan:
    def twice(split: Split | None) -> Split:
        assert split is not None
        assert split.weights is not None
        return replace(split.take(np.arange(len(split.x)).repeat(split.weights.astype(int))), weights=None)

    return replace(
        plan, data=replace(plan.data, train=twice(plan.data.train), validation=twice(plan.data.validation), test=None)
    )


@pytest.mark.parametrize("loss", members(Loss))
def test_a_weight_is_a_row_repeated(loss: str) -> None:
    """Loss, gradient, scores and baselines: of every loss, class weights included."""
    plan = plan_of(loss)
    weighted, plain = Engine(plan), Engine(repeated(plan))
    found, gradient = weighted.loss_and_gradient()
    expected, same = plain.loss_and_gradient()
    assert found == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, same, rtol=1e-9, atol=1e-12)
    for split in ("train", "validation"):
        (ours, theirs) = (engine.score(engine.splits[split]) for engine in (weighted, plain))
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-12)
        assert ours.metric == pytest.approx(theirs.metric, rel=1e-10)
        (here, there) = (engine.baseline[split] for engine in (weighted, plain))
        assert here.loss == pytest.approx(there.loss, rel=1e-6), split
        assert (here.metric, here.lower_bound) == pytest.approx((there.metric, there.lower_bound), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("loss", ["mse", "sum_squared_error", "cross_entropy"])
def test_gradients_with_weights_are_checked_against_differences(loss: str) -> None:
    found = check(plan_of(loss), settings=Settings(rows=20))
    assert {tensor.verdict for tensor in found} == {"good"}


def test_a_batch_of_weight_0_changes_nothing() -> None:
    plan = plan_of("mse", batch_size=16)
    train = plan.data.train
    weights = np.zeros(len(train.x))
    weights[:5] = 2.0
    engine = Engine(replace(plan, data=replace(plan.data, train=Split(train.x, train.y, weights))))
    before = engine.theta.copy()
    losses = engine.take_steps(np.arange(5, 21), 0, np.array([0.1]))
    assert losses.tolist() == [0.0]
    assert (engine.theta == before).all()
    assert not engine.grad.any()


@pytest.mark.parametrize("loss", ["mse", "sum_squared_error", "bce"])
def test_the_loss_of_an_epoch_is_that_of_its_rows(loss: str) -> None:
    """However the rows are cut into batches and groups."""
    plan = plan_of(loss, batch_size=16)
    engine = Engine(plan)
    order = plan.order(0)[:]
    losses = engine.take_steps(order, 0, np.zeros(plan.steps_per_epoch))
    assert engine.epoch_losses(losses[None], order[None])[0] == pytest.approx(engine.score(engine.train).loss, rel=1e-9)
    estimate, scores = validation_loss(engine), engine.score(engine.splits["validation"])
    assert estimate is not None
    assert estimate.value == pytest.approx(scores.loss, rel=1e-9)


def weights_like(y: Array) -> Array:
    return np.random.default_rng(1).uniform(0, 3, len(y))


@pytest.fixture(scope="module")
def blobs() -> tuple[Array, Array]:
    random = np.random.default_rng(0)
    y = np.arange(300) % 3
    return random.normal(size=(300, 4)) + y[:, None], y


@pytest.mark.parametrize(
    "keys",
    [
        {"alpha": 0.1},
        {"alpha": 0.0, "batch_size": 70},
        {"alpha": 1.0, "solver": "sgd", "learning_rate_init": 0.1, "batch_size": 50},
        {"early_stopping": True, "learning_rate_init": 0.05},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_scikit_learns_loss_curve_with_weights(kind: str, keys: dict[str, Any], blobs: tuple[Array, Array]) -> None:
    X, y = blobs
    weights = weights_like(y)
    ours, theirs = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[kind], getattr(neural_network, kind)
    found, expected = (one(random_state=0, max_iter=12, **keys).fit(X, y, weights) for one in (ours, theirs))
    assert found.n_iter_ == expected.n_iter_
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-8)
    for here, there in zip(found.coefs_, expected.coefs_, strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-8)
    if keys.get("early_stopping"):
        assert found.validation_scores_ == pytest.approx(expected.validation_scores_, rel=1e-9)


def test_lbfgs_and_partial_fit_with_weights(blobs: tuple[Array, Array]) -> None:
    X, y = blobs
    weights = weights_like(y)
    keys: dict[str, Any] = {"solver": "lbfgs", "alpha": 1.0, "random_state": 0, "max_iter": 10}
    found, expected = (one.fit(X, y, weights) for one in (MLPClassifier(**keys), neural_network.MLPClassifier(**keys)))
    assert found.loss_ == pytest.approx(expected.loss_, rel=1e-6)
    found, expected = (
        one.partial_fit(X, y, weights, classes=[0, 1, 2])
        for one in (MLPClassifier(random_state=0), neural_network.MLPClassifier(random_state=0))
    )
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], rtol=1e-7)


def test_balanced_classes_count_the_weights(blobs: tuple[Array, Array]) -> None:
    X, y = blobs
    weights = weights_like(y)
    model = MLPClassifier(class_weight="balanced", max_iter=1).fit(X, y, weights)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=y, sample_weight=weights)
    np.testing.assert_allclose(model._trained_loss().numbers()[3:], expected, rtol=1e-12)


def test_wrong_weights_are_value_errors(blobs: tuple[Array, Array]) -> None:
    for weights, words in ((-np.ones(300), "[Nn]egative"), (np.zeros(300), "zero"), (np.ones(3), "shape")):
        with pytest.raises(ValueError, match=words):
            MLPClassifier(max_iter=1).fit(*blobs, sample_weight=weights)


def table(path: Path) -> pl.DataFrame:
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"x": random.normal(size=120), "w": random.integers(0, 4, 120)})
    frame = frame.with_columns(
        y=pl.when(pl.col("x") + random.normal(size=120) > 0).then(pl.lit("b")).otherwise(pl.lit("a"))
    )
    frame.write_csv(path)
    return frame


RECIPE = """data:
  source: {name: csv, path: rows.csv, target: y, weights: w}
  test: 0
model: {hidden: [4]}
training: {epochs: 5}
"""


def test_a_column_of_weights(nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = table(Path("rows.csv"))
    Path("recipe.yaml").write_text(RECIPE)
    fitted = nntrain("fit", "recipe.yaml", "-q", "--json", "--out", "run")
    assert fitted.status == 0, fitted.err
    assert nntrain("evaluate", "run", "--json").json["train"]["loss"] == pytest.approx(
        fitted.json["train"]["loss"], rel=1e-6
    )
    everything = nntrain("evaluate", "run", "--data", "rows.csv", "--json").json["data"]
    predicted = nntrain("predict", "run", "rows.csv").out.split()[1:]
    assert everything["accuracy"] == pytest.approx(
        accuracy_score(frame["y"].to_list(), predicted, sample_weight=frame["w"].to_list())
    )
    frame.drop("w").write_csv("bare.csv")
    assert nntrain("predict", "run", "bare.csv").out.split()[1:] == predicted
    bare = nntrain("evaluate", "run", "--data", "bare.csv", "--json")
    assert "no column 'w'" in bare.err
    assert bare.json["data"]["accuracy"] == pytest.approx(accuracy_score(frame["y"].to_list(), predicted))


def test_comparisons_see_the_weights(nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = table(Path("rows.csv"))
    options = (
        "--optimizers",
        "sgd,adam",
        "--seeds",
        "2",
        "-q",
        "--json",
        "--set",
        "training.epochs=2",
        "--out",
        "runs",
    )
    Path("recipe.yaml").write_text(RECIPE)
    first = nntrain("compare", "recipe.yaml", *options)
    assert first.status == 0, first.err
    frame.with_columns(w=pl.lit(1)).write_csv("rows.csv")
    second = nntrain("compare", "recipe.yaml", *options).json["variants"]
    scores = [variants[0]["default"]["scores"]["validation"] for variants in (first.json["variants"], second)]
    assert scores[0] != scores[1]
    refused = nntrain("compare", "recipe.yaml", "--vary", "data.source.weights=w,null", "-q")
    assert refused.status == 2
    assert "different data" in refused.err


def test_r2_is_weighted_as_scikit_learns() -> None:
    engine = Engine(plan_of("mse"))
    found = engine.score(engine.train).metric
    expected = r2_score(engine.train.y, engine.outputs(engine.train), sample_weight=engine.train.weights)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("weights: v", "no column 'v'"),
        ("weights: y", "data.source.weights: 'y' is the target"),
        ("features: [x, w], weights: w", "data.source.weights: 'w' is the target, a feature"),
    ],
)
def test_weights_that_are_none(
    nntrain: CommandLine, change: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table(Path("rows.csv"))
    refused = nntrain("fit", "-", "-q", stdin=RECIPE.replace("weights: w", change))
    assert refused.status == 2
    assert words in refused.err


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("-1", "rows.csv:2: column 'w': found the weight -1"),
        ("1e40", "expected a number from 0 to 1e+30"),
        ("", "rows.csv:2: column 'w': expected a finite number, found an empty cell"),
        ("much", "found 'much'"),
    ],
)
def test_cells_that_are_no_weights(
    nntrain: CommandLine, cell: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = table(Path("rows.csv")).with_columns(pl.col("w").cast(pl.String))
    weights = [cell, *frame["w"].to_list()[1:]]
    frame.with_columns(w=pl.Series(weights)).write_csv("rows.csv")
    refused = nntrain("fit", "-", "-q", stdin=RECIPE)
    assert refused.status == 2
    assert words in refused.err


def test_a_split_without_weight_is_refused(
    nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = table(Path("rows.csv"))
    frame.with_columns(w=pl.Series([1, *[0] * 119])).write_csv("rows.csv")
    refused = nntrain("fit", "-", "-q", stdin=RECIPE)
    assert refused.status == 2
    assert "data.source.weights: all rows of the" in refused.err
