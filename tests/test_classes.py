"""Single classes: the confusion matrix and each class's metrics, the decision threshold, and bootstrap intervals."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console, RenderableType
from scipy.stats import bootstrap
from sklearn import metrics as peer

from nntrain.artifacts import container
from nntrain.artifacts.model import Model
from nntrain.metrics import Predicted, metrics
from nntrain.metrics.bootstrap import Kind, intervals
from nntrain.report.classes import confusion_table
from nntrain.training.threshold import at, choose_threshold
from tests.helpers import CommandLine, refused

RARE = """
data: {source: {name: csv, path: t.csv, target: y}, validation: 0.3, test: 0.3}
model: {hidden: []}
optimizer: {lr: 0.05}
training: {epochs: 40, threshold: f1}
"""


def text_of(table: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(table)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    return [line.rstrip() for line in lines]


@pytest.fixture
def rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe of two classes of which one is rare, in the present directory."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    x = random.standard_normal(600)
    y = np.where(random.random(600) < 1 / (1 + np.exp(2.5 - 1.5 * x)), "yes", "no")
    pl.DataFrame({"x": x, "y": y}).write_csv("t.csv")
    Path("rare.yaml").write_text(RARE)
    return Path("rare.yaml")


def test_the_confusion_matrix_and_the_classes_are_those_of_scikit_learn(
    nntrain: CommandLine, iris: Path, folder: Path
) -> None:
    table = pl.read_csv(folder / "iris.csv")
    rows = pl.read_csv(io.StringIO(nntrain("predict", iris, folder / "iris.csv", "--proba").out))
    predicted = rows["species"]
    options = ("--data", folder / "iris.csv", "--confusion", "--per-class")
    found = nntrain("evaluate", iris, *options, "--json").json["data"]
    assert found["confusion"] == peer.confusion_matrix(table["species"], predicted).tolist()
    report = peer.classification_report(table["species"], predicted, output_dict=True)
    for one in found["classes"]:
        expected = report[one["class"]]
        assert one["rows"] == expected["support"]
        assert (one["precision"], one["recall"], one["f1"]) == pytest.approx(
            (expected["precision"], expected["recall"], expected["f1-score"])
        )
        auc = peer.roc_auc_score(table["species"] == one["class"], rows[f"p_{one['class']}"])
        assert one["roc_auc"] == pytest.approx(auc, abs=1e-3)  # the probabilities are rounded in the table
    shown = nntrain("evaluate", iris, *options).out
    assert "confusion matrix:" in shown
    summary = json.loads((iris.parent / "summary.json").read_text())
    own = nntrain("evaluate", iris, "--confusion", "--json").json
    assert {split: own[split]["confusion"] for split in own} == summary["confusion"]
    assert summary["classes"] == ["setosa", "versicolor", "virginica"]
    assert sum(one["rows"] for one in summary["calibration"]["test"]) == sum(map(sum, summary["confusion"]["test"]))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_confusion_matrices_fit_the_terminal(width: int) -> None:
    random = np.random.default_rng(0)
    small = text_of(
        confusion_table(random.integers(0, 500, (3, 3)), ["setosa", "versicolor", "virginica"], width), width
    )
    assert small[0].split() == ["true", "setosa", "versicolor", "virginica"]
    names = [f"quite long {i}" for i in range(10)]
    numbered = text_of(confusion_table(random.integers(0, 50, (10, 10)), names, width), width)
    assert numbered[0].split() == ["true", *map(str, range(1, 11))]
    assert numbered[1].startswith("1 quite")
    assert "by its number" in numbered[-1]
    counts = np.diag(np.full(40, 9))
    counts[3, 7], counts[5, 0] = 4, 6
    many = text_of(confusion_table(counts, [f"class {i}" for i in range(40)], width), width)
    assert many[1].split()[:5] == ["class", "5", "class", "0", "6"]
    assert many[2].split()[:5] == ["class", "3", "class", "7", "4"]
    assert "the matrix of 40 classes does not fit" in " ".join(many)
    perfect = text_of(confusion_table(np.diag(np.full(80, 9)), [f"class {i}" for i in range(80)], width), width)
    assert perfect == ["no sample of the 80 classes is confused with another class"]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_tables_of_evaluate_fit_the_terminal(iris: Path, terminal: Callable[..., str], columns: int) -> None:
    shown = terminal(columns, "evaluate", iris, "--per-class", "--confusion", "--baselines", "--bootstrap", "20")
    for word in ("versicolor", "test split, each class:", "95 % interval", "most frequent"):
        assert word in " ".join(shown.split())


def test_classes_are_for_classification(nntrain: CommandLine, diabetes: Path) -> None:
    assert "this is regression" in refused(nntrain, "evaluate", diabetes, "--confusion")
    assert "expected a number of resamples" in refused(nntrain, "evaluate", diabetes, "--bootstrap", "-1")


@pytest.mark.parametrize("name", ["f1", "accuracy", "balanced_accuracy"])
def test_no_threshold_has_a_better_value(name: str) -> None:
    random = np.random.default_rng(1)
    y = (random.random(200) < 0.2).astype(np.int64)
    p = np.round(np.clip(0.25 * y + random.random(200) * 0.6, 0, 1), 2)
    rows = Predicted(y, (p >= 0.5).astype(np.int64), 2, np.stack([1 - p, p], axis=1))
    found = choose_threshold(rows, name)
    values = [metrics()[name].score(at(rows, t)).value or 0.0 for t in np.linspace(0.001, 0.999, 999)]
    assert found.reached == pytest.approx(max(values))
    assert found.usual == metrics()[name].score(rows).value
    assert metrics()[name].score(at(rows, found.value)).value == found.reached


def test_a_threshold_is_chosen_on_the_validation_split_and_stays_with_the_model(
    nntrain: CommandLine, rare: Path
) -> None:
    told = nntrain("fit", rare, "--out", "run")
    summary = json.loads(Path("run/summary.json").read_text())
    chosen = summary["threshold"]
    assert chosen["metric"] == "f1"
    assert chosen["value"] < 0.5
    assert chosen["reached"] == summary["validation"]["f1"] > chosen["usual"]
    assert f"threshold {chosen['value']:#.4g} for 'yes': validation F1" in told.err
    assert Model.load(Path("run/model.safetensors")).threshold == chosen["value"]
    rows = pl.read_csv(io.StringIO(nntrain("predict", "run", "t.csv", "--proba").out))
    assert ((rows["p_yes"] >= chosen["value"]) == (rows["y"] == "yes")).all()
    whole = nntrain("evaluate", "run", "--data", "t.csv", "--json").json["data"]
    y = pl.read_csv("t.csv")["y"]
    assert whole["f1"] == pytest.approx(peer.f1_score(y, rows["y"], average="macro"))
    evaluated = nntrain("evaluate", "run", "--json").json
    assert evaluated["test"]["f1"] == summary["test"]["f1"]
    exported = nntrain("export", "run", "--to", "numpy")
    assert "apply that threshold" in exported.err
    given = nntrain("fit", rare, "--set", "training.threshold=0.2", "--out", "given", "--json", "-q").json
    assert given["threshold"] == {"value": 0.2, "metric": None, "reached": None, "usual": None}
    plain = nntrain("fit", rare, "--set", "training.threshold=null", "--json", "-q").json
    assert plain["threshold"] is None
    assert plain["certificate"]["weights"] == summary["certificate"]["weights"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["training.threshold=1.5"], "training.threshold"),
        (["training.threshold=roc_auc"], "training.threshold"),
        (["data.validation=0"], "needs a validation split to choose it by f1"),
        (["loss=hinge"], "hinge gives no probabilities"),
        (["data.source=iris"], "a threshold is for two classes, but this is 3 classes"),
        (["data.source=diabetes"], "a threshold is for two classes, but this is regression"),
    ],
)
def test_a_threshold_needs_two_classes_with_probabilities(
    nntrain: CommandLine, rare: Path, settings: list[str], words: str
) -> None:
    options = [part for text in settings for part in ("--set", text)]
    assert words in refused(nntrain, "fit", rare, *options)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.3, "f1", [0.5]])
def test_a_threshold_in_a_model_file_fits_the_model(nntrain: CommandLine, iris: Path, value: Any) -> None:
    tensors, facts = container.read(iris)
    container.write(iris, tensors, {**facts, "threshold": value})
    words = "a threshold needs two classes" if value == 0.3 else "threshold"
    message = refused(nntrain, "evaluate", iris)
    assert "not a valid model" in message
    assert words in message


def test_a_threshold_in_a_model_file_needs_probabilities(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "--set", "loss=hinge", "--out", "run", "-q").status == 0
    tensors, facts = container.read(Path("run/model.safetensors"))
    container.write(Path("run/model.safetensors"), tensors, {**facts, "threshold": 0.3})
    assert "a threshold needs probabilities" in refused(nntrain, "predict", "run")


@pytest.mark.parametrize("name", ["accuracy", "f1"])
@pytest.mark.parametrize(("kind", "method"), [("percentile", "percentile"), ("bca", "BCa")])
def test_intervals_are_those_of_scipy(name: str, kind: Kind, method: str) -> None:
    random = np.random.default_rng(2)
    y = random.integers(0, 3, 60)
    rows = Predicted(y, np.where(random.random(60) < 0.7, y, random.integers(0, 3, 60)), 3)

    def statistic(chosen: Any) -> float:
        value = metrics()[name].score(rows.take(chosen.astype(np.int64))).value
        assert value is not None
        return value

    expected = bootstrap(
        (np.arange(60),),
        statistic,
        n_resamples=300,
        method=method,
        vectorized=False,
        rng=np.random.default_rng(5),
    ).confidence_interval
    found = intervals(rows, [name], 300, 5, kind)[name]
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_threshold_is_an_option_too(nntrain: CommandLine, rare: Path) -> None:
    fixed = nntrain("fit", rare, "--out", "fixed", "-q", "--json", "--threshold", "0.25", "--set", "training.epochs=2")
    assert fixed.json["threshold"]["value"] == 0.25
    wrong = nntrain("fit", rare, "--out", "wrong", "-q", "--threshold", "f2")
    assert wrong.status == 2
    assert "training.threshold" in wrong.err


def test_an_interval_of_an_undefined_metric_is_left_out() -> None:
    rows = Predicted(np.array([0, 0, 0, 1]), np.zeros(4, np.int64), 2, np.full((4, 2), 0.5))
    assert intervals(rows, ["roc_auc"], 200, 0)["roc_auc"] is not None  # in the resamples with both classes
    one = Predicted(np.zeros(4, np.int64), np.zeros(4, np.int64), 2, np.full((4, 2), 0.5))
    assert intervals(one, ["roc_auc", "accuracy"], 20, 0) == {"roc_auc": None, "accuracy": (1.0, 1.0, 20)}


def test_bca_of_a_metric_that_does_not_vary_is_the_metric() -> None:
    rows = Predicted(np.array([0, 1, 1]), np.array([0, 1, 1]), 2)
    assert intervals(rows, ["accuracy"], 50, 0, "bca") == {"accuracy": (1.0, 1.0, 50)}
    one = Predicted(np.array([1]), np.array([1]), 2)
    assert intervals(one, ["accuracy"], 9, 0, "bca") == {"accuracy": (1.0, 1.0, 9)}


def test_bca_of_many_rows_leaves_out_parts() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 2500)
    rows = Predicted(y, np.where(random.random(2500) < 0.97, y, 1 - y), 2)
    kinds: tuple[Kind, ...] = ("percentile", "bca")
    percentile, bca = (intervals(rows, ["accuracy"], 200, 1, kind)["accuracy"] for kind in kinds)
    assert percentile is not None
    assert bca is not None
    assert bca != percentile
    assert abs(bca.low - percentile.low) < 0.01


def test_evaluate_shows_intervals(nntrain: CommandLine, iris: Path) -> None:
    options = ("--bootstrap", "100", "--metrics", "accuracy,log_loss")
    first = nntrain("evaluate", iris, *options, "--seed", "3", "--json").json
    assert first == nntrain("evaluate", iris, *options, "--seed", "3", "--json").json
    assert list(first["test"]["intervals"]) == ["accuracy", "log_loss"]
    assert "intervals" not in first["train"]
    for name, one in first["test"]["intervals"].items():
        assert one["low"] <= first["test"][name] <= one["high"]
        assert one["resamples"] == 100
    bca = nntrain("evaluate", iris, *options, "--seed", "3", "--interval", "bca", "--json").json
    assert bca["test"]["intervals"] != first["test"]["intervals"]
    assert "--interval: needs resamples" in nntrain("evaluate", iris, "--interval", "bca").err
    shown = nntrain("evaluate", iris, *options).out.splitlines()
    assert shown[-3].split() == ["test", "value", "95", "%", "interval"]


def test_the_report_of_a_run_shows_its_scores(nntrain: CommandLine, rare: Path) -> None:
    assert nntrain("fit", rare, "--out", "run", "-q").status == 0
    assert nntrain("report", "run").status == 0
    page = Path("run/report.html").read_text()
    summary = json.loads(Path("run/summary.json").read_text())
    for words in ("<h2>Scores</h2>", "balanced accuracy", "baselines, test", "Confusion matrix, test split"):
        assert words in page
    assert f">{summary['confusion']['test'][0][0]:,}</span>" in page
    assert "calibration: fraction of right predictions" in page
