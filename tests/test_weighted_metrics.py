"""Metrics of weighted rows and of several labels: equal to scikit-learn's, or undefined with a reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as peer

from nntrain.metrics import Predicted, metrics, metrics_of
from tests.helpers import CommandLine
from tests.test_metrics import CASES, RTOL

AVERAGES = {"": "macro", "_weighted": "weighted", "_micro": "micro", "_samples": "samples"}
OF_CLASSES = {"precision": peer.precision_score, "recall": peer.recall_score, "f1": peer.f1_score}


def weighted(rows: Predicted, weights: Any) -> Predicted:
    return Predicted(rows.y, rows.predicted, rows.n_classes, rows.probabilities, weights)


def weights_of(rows: Predicted, zeros: bool = False) -> Any:
    random = np.random.default_rng(5)
    return random.integers(0 if zeros else 1, 4, len(rows.y)) * 0.75


def expected(rows: Predicted, w: Any) -> dict[str, Any]:
    """Return scikit-learn's metrics of rows with these weights."""
    y, o, p = rows.y, rows.predicted, rows.probabilities
    if rows.n_classes is None:
        errors = {
            "r2": peer.r2_score,
            "mae": peer.mean_absolute_error,
            "rmse": peer.root_mean_squared_error,
            "mse": peer.mean_squared_error,
            "mape": peer.mean_absolute_percentage_error,
            "median_absolute_error": peer.median_absolute_error,
        }
        return {name: error(y, o, sample_weight=w) for name, error in errors.items()}
    assert p is not None
    found: dict[str, Any] = {
        "accuracy": peer.accuracy_score(y, o, sample_weight=w),
        "hamming_loss": peer.hamming_loss(y, o, sample_weight=w),
    }
    for suffix, average in AVERAGES.items():
        if average != "samples" or rows.several:
            for name, score in OF_CLASSES.items():
                found[name + suffix] = score(y, o, average=average, sample_weight=w, zero_division=0)
    if rows.several:
        found["roc_auc"] = peer.roc_auc_score(y, p, sample_weight=w)
        found["average_precision"] = peer.average_precision_score(y, p, sample_weight=w)
        pairs = list(zip(y.T, p.T, strict=True))
        both = [np.stack([1 - one, one], axis=1) for _, one in pairs]
        losses = [peer.log_loss(t, q, sample_weight=w) for (t, _), q in zip(pairs, both, strict=True)]
        return {
            **found,
            "log_loss": np.mean(losses),
            "brier": np.mean([peer.brier_score_loss(t, q, sample_weight=w) for t, q in pairs]),
        }
    labels = range(rows.n_classes)
    ranked, truth = (p[:, 1], y) if rows.n_classes == 2 else (p, np.eye(rows.n_classes)[y])
    return {
        **found,
        "balanced_accuracy": peer.balanced_accuracy_score(y, o, sample_weight=w),
        "roc_auc": peer.roc_auc_score(y, ranked, sample_weight=w, multi_class="ovr"),
        "average_precision": peer.average_precision_score(truth, ranked, sample_weight=w),
        "log_loss": peer.log_loss(y, p, sample_weight=w, labels=labels),
        "brier": peer.brier_score_loss(y, p, sample_weight=w, labels=labels),
    }


def several(seed: int = 0, n: int = 60, labels: int = 3) -> Predicted:
    random = np.random.default_rng(seed)
    y = (random.random((n, labels)) < [0.2, 0.5, 0.8][:labels]).astype(np.int64)
    p = np.round((y + random.random((n, labels))) / 2, 1)
    return Predicted(y, (p > 0.5).astype(np.int64), 2, np.clip(p, 0, 1))


ALL = {**{name: rows for name, rows in CASES.items() if name != "two samples"}, "several labels": several()}


@pytest.mark.parametrize("case", ALL)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_weighted_metrics_equal_those_of_scikit_learn(case: str) -> None:
    rows = ALL[case]
    for w in (None, weights_of(rows)):
        for name, value in expected(rows, w).items():
            score = metrics()[name].score(weighted(rows, w))
            assert score.value == pytest.approx(value, rel=RTOL, abs=1e-15), (name, score.reason)


@pytest.mark.parametrize("case", ALL)
def test_every_metric_of_whole_weights_is_that_of_repeated_rows(case: str) -> None:
    """Also where a row has weight 0: it does not count in any way."""
    rows = ALL[case]
    w = weights_of(rows, zeros=True) / 0.75
    w[: rows.n_classes or 1] += 1  # each class occurs
    repeated = rows.take(np.repeat(np.arange(len(rows.y)), w.astype(np.int64)))
    for name, metric in metrics_of("regression" if rows.n_classes is None else "classification").items():
        found, wanted = metric.score(weighted(rows, w)), metric.score(repeated)
        assert found.reason == wanted.reason
        if wanted.value is not None:
            assert found.value == pytest.approx(wanted.value, rel=1e-9, abs=1e-12), name


def test_what_several_labels_and_weights_do_not_define_has_a_reason() -> None:
    rows = several()
    for name in ("balanced_accuracy", "calibration_error"):
        assert metrics()[name].score(rows) == (None, "it is not measured for several labels")
    same = Predicted(rows.y * [1, 1, 0], rows.predicted, 2, rows.probabilities)
    assert metrics()["roc_auc"].score(same) == (None, "1 label is the same in all rows")
    assert metrics()["f1"].score(weighted(rows, np.zeros(60))) == (None, "all rows have weight 0")
    for name in ("log_loss", "roc_auc", "brier"):
        assert metrics()[name].score(Predicted(rows.y, rows.predicted, 2)).reason == "the model gives no probabilities"


LABELED = "target: [short, narrow], task: classification"


def tables(folder: Path) -> dict[str, str]:
    """Write a table, and return the source of a recipe for weighted rows, several labels and several targets."""
    random = np.random.default_rng(2)
    x = random.normal(size=(90, 2))
    pl.DataFrame(
        {
            "a": x[:, 0],
            "b": x[:, 1],
            "short": (x[:, 0] + random.normal(size=90) > 0).astype(int),
            "narrow": (x[:, 1] > 0.5).astype(int),
            "w": random.integers(0, 4, 90) / 2,
        }
    ).write_csv(folder / "t.csv")
    return {
        "weighted": "target: short, exclude: [narrow], weights: w",
        "labels": f"{LABELED}, exclude: [w]",
        "weighted labels": f"{LABELED}, weights: w",
    }


@pytest.mark.parametrize("kind", ["weighted", "labels", "weighted labels"])
def test_commands_know_all_metrics_of_weighted_rows_and_several_labels(
    nntrain: CommandLine, tmp_path: Path, kind: str
) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        f"data: {{source: {{name: table, path: t.csv, {tables(tmp_path)[kind]}}}}}\nmodel: {{hidden: [4]}}\n"
        "training: {epochs: 4, metrics: [f1, log_loss], early_stopping: {patience: 9, monitor: f1}}\n"
    )
    run = tmp_path / "run"
    told = nntrain("fit", recipe, "--out", run, "-q", "--json", "--require", "test.f1>=0", "--require", "test.brier<1")
    assert told.status == 0
    missing = {name for name, value in told.json["test"].items() if value is None}
    assert missing == ({"balanced_accuracy", "calibration_error"} if "labels" in kind else set())
    assert {key.partition(".")[2] for key in told.json["undefined"]} == missing
    line = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert line["validation_f1"] is not None
    assert line["validation_log_loss"] is not None
    found = nntrain("evaluate", run, "--data", tmp_path / "t.csv", "--json", "--bootstrap", "20").json["data"]
    table = pl.read_csv(tmp_path / "t.csv")
    names = ["short", "narrow"] if "labels" in kind else ["short"]
    predicted = pl.read_csv(nntrain("predict", run, tmp_path / "t.csv").out.encode()).select(names)
    average = "macro"
    w = table["w"].to_numpy() if "weighted" in kind else None
    y, o = (one.select(names).to_numpy().squeeze() for one in (table, predicted))
    assert found["f1"] == pytest.approx(peer.f1_score(y, o, average=average, sample_weight=w, zero_division=0))
    assert found["intervals"]["f1"]["low"] <= found["intervals"]["f1"]["high"]
    assert nntrain("assert", run, "test.f1>=0").status == 0
    if kind == "weighted labels":
        measured = ["--measure", "test.f1", "--seeds", "2", "--optimizers", "sgd,adam", "--out", tmp_path / "c"]
        ended = nntrain("compare", recipe, *measured, "--json", "-q")
        assert ended.status == 0, ended.err
        runs = [json.loads(text) for text in (tmp_path / "c" / "runs.jsonl").read_text().splitlines()]
        assert len(runs) == 4
        assert all(one["scores"]["test"]["metric"] is not None for one in runs)


def test_scores_of_single_targets_are_those_of_the_target(nntrain: CommandLine, tmp_path: Path) -> None:
    tables(tmp_path)
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "data: {source: {name: table, path: t.csv, target: [a, b], weights: w}}\nmodel: {hidden: [4]}\n"
        "training: {epochs: 4}\n"
    )
    run = tmp_path / "run"
    assert nntrain("fit", recipe, "--out", run, "-q").status == 0
    found = nntrain("evaluate", run, "--data", tmp_path / "t.csv", "--json").json["data"]
    table = pl.read_csv(tmp_path / "t.csv")
    predicted = pl.read_csv(nntrain("predict", run, tmp_path / "t.csv").out.encode())
    y, o, w = table.select("a", "b").to_numpy(), predicted.select("a", "b").to_numpy(), table["w"].to_numpy()
    for name, score in (("r2", peer.r2_score), ("mae", peer.mean_absolute_error), ("max_error", None)):
        each = [found["targets"][target][name] for target in ("a", "b")]
        if score is not None:
            assert each == pytest.approx(score(y, o, sample_weight=w, multioutput="raw_values").tolist(), rel=1e-6)
            assert found[name] == pytest.approx(np.mean(each))
        else:
            assert found[name] == max(each)
    lines = nntrain("evaluate", run).out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("test split, each target:"))
    assert lines[head + 1].split() == ["R²", "MAE", "RMSE"]
    assert [line.split()[0] for line in lines[head + 2 :]] == ["a", "b"]
