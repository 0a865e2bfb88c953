"""Several yes/no labels at once: in recipes and tables, in the estimators, and in everything that reads a model."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn import neural_network
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import accuracy_score

import nntrain as package
from nntrain import MLPClassifier
from nntrain.artifacts.model import Model
from nntrain.diagnostics.gradcheck import check
from nntrain.errors import InputError
from nntrain.export import FORMATS, export
from nntrain.losses import Loss
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built, make

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = NDArray[Any]
RECIPE = """data:
  source: {name: table, path: rows.csv, target: [wet, warm, windy]}
model: {hidden: [8]}
optimizer: {lr: 0.02}
training: {epochs: 20}
"""


def rows(words: tuple[str, str] = ("false", "true")) -> pl.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 3))
    labels = (x @ random.normal(size=(3, 3)) + 0.2 * random.normal(size=(120, 3)) > 0).astype(int)
    columns = {name: np.array(words)[labels[:, i]] for i, name in enumerate(("wet", "warm", "windy"))}
    return pl.DataFrame({f"x{i}": x[:, i] for i in range(3)} | columns)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows().write_csv("rows.csv")
    return tmp_path


def test_labels_of_a_table(folder: Path, nntrain: CommandLine) -> None:
    fitted = nntrain("fit", "-", "-q", "--json", "--out", "run", stdin=RECIPE)
    assert fitted.status == 0, fitted.err
    assert fitted.json["task"] == "classification"
    printed = pl.read_csv(nntrain("predict", "run", "rows.csv", "--proba").out.encode())
    assert printed.columns == ["wet", "warm", "windy", "p_wet", "p_warm", "p_windy"]
    probabilities = printed.select(pl.col("^p_.*$")).to_numpy()
    assert (printed[:, :3].to_numpy() == (probabilities > 0.5)).all()
    truth = rows()[:, 3:].to_numpy() == "true"
    expected = accuracy_score(truth, printed[:, :3].to_numpy())
    assert nntrain("evaluate", "run", "--data", "rows.csv", "--json").json["data"]["accuracy"] == expected
    evaluated, tested = nntrain("evaluate", "run", "--json").json["test"], fitted.json["test"]
    assert {key: tested[key] for key in tested if tested[key] is not None} == pytest.approx(
        {key: evaluated[key] for key in evaluated if evaluated[key] is not None}, rel=1e-6
    )
    loaded = package.load("run")
    assert (loaded.predict(rows()) == printed[:, :3].to_numpy()).all()
    np.testing.assert_allclose(loaded.predict_proba(rows()), probabilities)


@pytest.mark.parametrize(
    ("words", "task", "classes"),
    [
        (("No", "Yes"), "auto", ("no", "yes")),
        (("FALSE", "TRUE"), "auto", (False, True)),
        (("0", "1"), "classification", (0, 1)),
        (("0", "1"), "auto", None),
    ],
)
def test_what_is_read_as_labels(folder: Path, words: tuple[str, str], task: str, classes: Any) -> None:
    rows(words).write_csv("rows.csv")
    made = built(RECIPE.replace("rows.csv,", f"rows.csv, task: {task},"), folder)
    assert made.dataset.classes == classes
    assert made.dataset.y.shape == (120, 3)
    assert made.recipe.loss is not None
    assert made.recipe.loss.name == ("mse" if classes is None else "bce")
    assert (made.dataset.y == (rows()[:, 3:].to_numpy() == "true")).all()


def test_the_loss_is_the_mean_over_labels_or_their_sum() -> None:
    random = np.random.default_rng(0)
    output, y = random.normal(size=(5, 3)), random.integers(0, 2, (5, 3))
    single, delta = make(Loss, "bce"), np.empty((5, 1))
    found = []
    for j in range(3):
        column = np.ascontiguousarray(output[:, j : j + 1])
        target = single.encode(y[:, j], 2)
        found.append(single.function[np.dtype(float)](column, target, delta, np.array(single.numbers(), float)))
    for dialect, expected in (("torch", np.mean(found)), ("keras", np.mean(found)), ("scikit-learn", np.sum(found))):
        loss = make(Loss, "bce", dialect=dialect)
        value = loss.function[np.dtype(float)](
            output, loss.encode(y, 2), np.empty((5, 3)), np.array(loss.numbers(), float)
        )
        assert value == pytest.approx(expected, rel=1e-12)


def test_gradients_and_the_baseline_of_labels(folder: Path) -> None:
    plan = built(RECIPE, folder).plan
    assert {tensor.verdict for tensor in check(plan)} == {"good"}
    engine = Engine(plan)
    train = engine.splits["train"]
    combinations, counts = np.unique(train.y, axis=0, return_counts=True)
    expected = accuracy_score(train.y, np.tile(combinations[counts.argmax()], (len(train.y), 1)))
    assert engine.baseline["train"].metric == pytest.approx(expected)
    frequency = train.y.mean(axis=0)
    entropy = -(frequency * np.log(frequency) + (1 - frequency) * np.log(1 - frequency)).mean()
    assert engine.baseline["train"].loss == pytest.approx(entropy, rel=1e-6)
    many = engine.scores_of(np.stack([engine.theta, engine.theta]), train)
    assert many[0].metric == many[1].metric == engine.score(train).metric


def test_every_command_takes_labels(folder: Path, nntrain: CommandLine) -> None:
    (folder / "recipe.yaml").write_text(RECIPE)
    assert nntrain("fit", "recipe.yaml", "-q", "--out", "run").status == 0
    for command in (
        ("show", "recipe.yaml"),
        ("diagnose", "run"),
        ("trace", "recipe.yaml"),
        ("trace", "run", "--json"),
        ("gradcheck", "recipe.yaml"),
        ("report", "run"),
        ("inspect", "rows.csv", "--target", "wet", "--target", "warm"),
        ("compare", "recipe.yaml", "--optimizers", "sgd,adam", "--seeds", "2", "-q"),
    ):
        ended = nntrain(*command)
        assert ended.status == 0, (command, ended.err)
    written = nntrain("init", "rows.csv", "--target", "wet", "--target", "warm", "--target", "windy").out
    assert "task: classification" in written
    assert nntrain("fit", "-", "-q", "--set", "training.epochs=2", "--out", "again", stdin=written).status == 0
    assert nntrain("doctor", "recipe.yaml", "--set", "optimizer.lr=1e-5", "--json").json["found"][0]["id"] == (
        "learning_rate_too_low"
    )
    assert nntrain("experiment", "recipe.yaml", "linear_model").status == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("loss: cross_entropy", "cross_entropy is for a single label, but the target has 3"),
        ("loss: {name: bce, class_weights: balanced}", "class weights are for a single label"),
        ("loss: mse", "mse is for a single label"),
    ],
)
def test_losses_that_do_not_suit(folder: Path, nntrain: CommandLine, change: str, words: str) -> None:
    refused = nntrain("fit", "-", "-q", stdin=f"{RECIPE}{change}\n")
    assert refused.status == 2
    assert words in refused.err


def test_cells_that_are_no_labels(folder: Path, nntrain: CommandLine) -> None:
    nntrain("fit", "-", "-q", "--out", "run", stdin=RECIPE)
    wrong = rows().with_columns(warm=pl.Series(["maybe", *rows()["warm"][1:]]))
    wrong.write_csv("wrong.csv")
    refused = nntrain("evaluate", "run", "--data", "wrong.csv")
    assert refused.status == 2
    assert "wrong.csv:2: column 'warm': unknown class 'maybe'" in refused.err
    refused = nntrain("fit", "-", "-q", stdin=RECIPE.replace("rows.csv", "wrong.csv"))
    assert refused.status == 2
    assert "neither all numbers nor all labels" in refused.err


@pytest.mark.parametrize("to", sorted(set(FORMATS) - {"recipe"}))
def test_labels_are_not_exported(folder: Path, nntrain: CommandLine, to: str) -> None:
    nntrain("fit", "-", "-q", "--set", "training.epochs=1", "--out", "run", stdin=RECIPE)
    with pytest.raises(InputError, match="several labels"):
        export(Model.load(folder / "run" / "model.safetensors"), to)


@pytest.mark.parametrize("keys", [{}, {"early_stopping": True}, {"solver": "sgd", "batch_size": 32}], ids=str)
def test_scikit_learns_labels(keys: dict[str, Any], tmp_path: Path) -> None:
    X, Y = make_multilabel_classification(200, 6, n_classes=4, random_state=0)
    X = X / 10
    given: dict[str, Any] = {"random_state": 0, "max_iter": 15, **keys}
    ours, theirs = (one(**given).fit(X, Y) for one in (MLPClassifier, neural_network.MLPClassifier))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert ours.score(X, Y) == theirs.score(X, Y)
    assert (ours.classes_ == theirs.classes_).all()
    assert ours.out_activation_ == theirs.out_activation_ == "logistic"
    if keys.get("early_stopping"):
        assert ours.validation_scores_ == pytest.approx(theirs.validation_scores_)
    ours.save(tmp_path / "labels.safetensors")
    frame = pl.DataFrame({f"x{i}": X[:, i] for i in range(6)})
    assert (package.load(tmp_path / "labels.safetensors").predict(frame) == ours.predict(X)).all()
    with pytest.raises(ValueError, match="single label"):
        MLPClassifier(class_weight="balanced").fit(X, Y)
