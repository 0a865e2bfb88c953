"""Scores that commands show, record and decide by."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as peer

from nntrain.metrics import metrics_of
from nntrain.training.events import EpochEnded
from tests.helpers import CommandLine, built, finished, refused, run

NOISY = "data: {source: {name: moons, rows: 200, noise: 0.4}}\nmodel: {hidden: [8]}\noptimizer: {lr: 0.02}\n"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_fit_and_evaluate_show_the_main_metrics_or_those_that_are_named(nntrain: CommandLine, moons: Path) -> None:
    fitted = nntrain("fit", moons, "--out", "run", "-q")
    assert fitted.out.splitlines()[0].split() == ["loss", "accuracy", "F1", "ROC", "AUC"]
    assert nntrain("evaluate", "run").out == fitted.out
    shown = nntrain("evaluate", "run", "--metrics", "brier, log_loss").out
    assert shown.splitlines()[0].split() == ["loss", "Brier", "log", "loss"]
    again = nntrain("fit", moons, "--out", "again", "-q", "--metrics", "brier,log_loss")
    assert again.out == shown
    everything = nntrain("evaluate", "run", "--metrics", "all").out
    assert len(everything.splitlines()) == 2 + len(metrics_of("classification"))  # one row each: too wide for columns
    summary = json.loads((Path("run") / "summary.json").read_text())
    evaluated = nntrain("evaluate", "run", "--json").json
    for split in ("train", "validation", "test"):
        assert list(evaluated[split]) == ["loss", *metrics_of("classification")]
        assert evaluated[split] == pytest.approx(summary[split], rel=1e-6)
    assert summary["undefined"] == {}
    assert summary["loss_scale"] == "targets"


def test_scores_are_in_the_targets_own_units(nntrain: CommandLine, diabetes: Path, folder: Path) -> None:
    found = nntrain("evaluate", diabetes, "--data", folder / "diabetes.csv", "--json").json["data"]
    predicted = pl.read_csv(io.StringIO(nntrain("predict", diabetes, folder / "diabetes.csv").out))["y"].to_numpy()
    y = pl.read_csv(folder / "diabetes.csv")["y"].to_numpy()
    for name, value in {
        "mae": peer.mean_absolute_error(y, predicted),
        "rmse": peer.root_mean_squared_error(y, predicted),
        "median_absolute_error": peer.median_absolute_error(y, predicted),
        "max_error": peer.max_error(y, predicted),
        "mape": peer.mean_absolute_percentage_error(y, predicted),
    }.items():
        assert found[name] == pytest.approx(value, rel=1e-5)
    assert found["mae"] > 10 > found["loss"]
    summary = json.loads((diabetes.parent / "summary.json").read_text())
    assert summary["loss_scale"] == "standardized targets"
    assert summary["test"]["rmse"] == pytest.approx(nntrain("evaluate", diabetes, "--json").json["test"]["rmse"])
    told = nntrain("evaluate", diabetes)
    assert told.out.splitlines()[0].split() == ["loss", "R²", "MAE", "RMSE"]
    assert "the loss is that of standardized targets; metrics are computed in the target's own units" in told.err


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("f2", "unknown metric 'f2'"),
        ("f1,acuracy", "did you mean accuracy?"),
        ("mae", "mae is for regression, but this is classification"),
        (",", "no metric is given"),
    ],
)
def test_unknown_metrics_are_refused(nntrain: CommandLine, moons: Path, names: str, words: str) -> None:
    message = refused(nntrain, "fit", moons, "--out", "run", "--metrics", names)
    assert message.startswith("nntrain: --metrics: ")
    assert words in message
    assert "allowed: " in message
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("setting", "place", "words"),
    [
        ("training.metrics=[f2]", "training.metrics.0", "found the text 'f2', expected 'accuracy', "),
        ("training.metrics=[mae]", "training.metrics.0", "mae is for regression, but this is classification"),
        ("training.early_stopping={monitor: mae}", "training.early_stopping.monitor", "mae is for regression"),
        ("training.early_stopping={monitor: f1, patience: 0}", "training.early_stopping.patience", "a number >= 1"),
    ],
)
def test_metrics_of_a_recipe_fit_its_task(
    nntrain: CommandLine, moons: Path, setting: str, place: str, words: str
) -> None:
    message = refused(nntrain, "fit", moons, "--set", setting)
    assert place in message
    assert words in message


def test_metrics_that_need_probabilities_are_refused_without(nntrain: CommandLine, moons: Path) -> None:
    hinge = ("--set", "loss=hinge")
    for option in (("--metrics", "roc_auc"), ("--set", "training.metrics=[roc_auc]"), ("--require", "test.roc_auc>0")):
        assert "roc_auc needs probabilities" in refused(nntrain, "fit", moons, *hinge, *option)
    found = nntrain("fit", moons, *hinge, "--json", "-q", "--out", "run").json
    assert found["test"]["roc_auc"] is None
    assert found["undefined"]["test.roc_auc"] == "the model gives no probabilities"
    assert "ROC" not in nntrain("evaluate", "run").out  # a column of dashes says nothing
    told = nntrain("evaluate", "run", "--metrics", "all")
    assert "no ROC AUC on train, validation, test: the model gives no probabilities" in told.err


def test_metrics_are_recorded_after_each_epoch(nntrain: CommandLine, moons: Path) -> None:
    settings = ("--set", "training.metrics=[f1, log_loss, accuracy]", "--set", "training.statistics_every=2")
    summary = nntrain("fit", moons, *settings, "--out", "run", "--json", "-q").json
    found = lines(Path("run"))
    assert [line["validation_log_loss"] for line in found] == pytest.approx(
        [line["validation_loss"] for line in found], rel=1e-5
    )
    assert found[-1]["validation_f1"] == summary["validation"]["f1"] == summary["final"]["validation"]["f1"]
    assert "probe_f1" in found[1]
    assert "validation_roc_auc" not in found[0]
    plain = nntrain("fit", moons, "--out", "plain", "--json", "-q").json
    assert plain["certificate"]["weights"] == summary["certificate"]["weights"]


def test_metrics_of_a_resumed_run_are_those_of_an_unbroken_one(nntrain: CommandLine, moons: Path) -> None:
    settings = ("--set", "training.metrics=[f1]", "--set", "training.checkpoint.keep=true")
    assert nntrain("fit", moons, *settings, "--set", "training.epochs=2", "--out", "run", "-q").status == 0
    longer = nntrain("fit", "--resume", "run", "--set", "training.epochs=4", "-q")
    assert longer.status == 0, longer.err
    nntrain("fit", moons, *settings, "--out", "whole", "-q")
    first, second = ([line["validation_f1"] for line in lines(Path(name))] for name in ("run", "whole"))
    assert first == second


@pytest.mark.parametrize("monitor", ["accuracy", "f1", "brier"])
def test_early_stopping_monitors_a_metric(monitor: str) -> None:
    stopping = f"{NOISY}training: {{epochs: 60, early_stopping: {{patience: 8, monitor: {monitor}}}}}\n"
    _, events = run(stopping)
    last = finished(events)
    measured = [event.validation for event in events if isinstance(event, EpochEnded) and event.validation is not None]
    values = np.array([one.metric if monitor == "accuracy" else one.further[monitor] for one in measured], np.float64)
    best = int(values.argmin() if monitor == "brier" else values.argmax())
    assert last.best_epoch == best + 1
    kept = last.best["validation"]
    assert (kept.metric if monitor == "accuracy" else kept.further[monitor]) == pytest.approx(values[best])
    assert last.epochs == min(60, best + 1 + 8)
    assert last.kept == "best"


def test_what_is_monitored_is_said(nntrain: CommandLine, moons: Path) -> None:
    moons.write_text(NOISY)
    told = nntrain("fit", moons, "--set", "training.early_stopping={patience: 3, monitor: f1}").err
    words = " ".join(told.split())
    assert "the validation F1 stopped improving" in words
    assert "which had the highest validation F1" in words


def test_a_metric_without_a_value_is_not_monitored(tmp_path: Path) -> None:
    table = pl.DataFrame({"x": range(60), "y": [0.0 if i % 3 else 1.0 * i for i in range(60)]})
    table.write_csv(tmp_path / "t.csv")
    recipe: dict[str, Any] = {
        "data": {"source": {"name": "csv", "path": "t.csv", "target": "y"}},
        "training": {"early_stopping": {"monitor": "mape"}},
    }
    with pytest.raises(Exception, match="mape has no value on the validation split: a target is 0"):
        built(recipe, tmp_path)


def test_conditions_are_on_any_metric(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "-q", "--out", "run", "--require", "test.f1>=0").status == 0
    missed = nntrain("fit", moons, "-q", "--out", "other", "--require", "validation.log_loss<=0")
    assert missed.status == 1
    assert "required validation.log_loss<=0, found " in missed.err
    assert nntrain("assert", "run", "test.balanced_accuracy>2").status == 1
    assert nntrain("assert", "run", "test.balanced_accuracy>=0").status == 0
    assert "rmse is for regression" in refused(nntrain, "fit", moons, "--require", "test.rmse<1")
    assert "did you mean recall?" in refused(nntrain, "fit", moons, "--require", "test.recal<1")


def test_variants_are_compared_by_any_metric(nntrain: CommandLine, moons: Path) -> None:
    options = ("--optimizers", "sgd,adam", "--seeds", "3", "-q", "--out", "compared")
    found = nntrain("compare", moons, *options, "--measure", "validation.brier", "--target", "0.2", "--json").json
    assert (found["measure"], found["metric"], found["lower"]) == ("validation.brier", "brier", True)
    medians = [variant["default"]["scores"]["validation"]["brier"]["median"] for variant in found["variants"]]
    assert medians == sorted(medians)
    row = json.loads(Path("compared/runs.jsonl").read_text().splitlines()[0])
    settings = [f"optimizer={row['variant']}", f"seed={row['seed']}", "data.test_seed=0"]
    alone = nntrain("fit", moons, "-q", "--json", *(part for text in settings for part in ("--set", text))).json
    assert row["scores"]["validation"]["metric"] == alone["validation"]["brier"]
    reached = [line[5] is not None and line[5] <= 0.2 for line in row["records"]]
    assert any(reached) == any(line["validation_brier"] <= 0.2 for line in brier_lines(nntrain, moons, settings))
    assert nntrain("report", "compared").status == 0
    assert "unknown measure" in refused(nntrain, "compare", moons, *options, "--measure", "dev.f1")
    assert "mae is for regression" in refused(nntrain, "compare", moons, *options, "--measure", "test.mae")
    variants = ("--losses", "cross_entropy,hinge")
    message = refused(nntrain, "compare", moons, *variants, "--measure", "validation.brier")
    assert "--measure for hinge: brier needs probabilities" in message


def brier_lines(nntrain: CommandLine, recipe: Path, settings: list[str]) -> list[dict[str, Any]]:
    options = [part for text in [*settings, "training.metrics=[brier]"] for part in ("--set", text)]
    assert nntrain("fit", recipe, "-q", "--out", "recorded", "--overwrite", *options).status == 0
    return lines(Path("recorded"))


def test_finished_runs_are_compared_by_any_metric(nntrain: CommandLine, moons: Path) -> None:
    for seed in range(2):
        for lr in (0.001, 0.05):
            where, settings = f"runs/{lr}-{seed}", ("--set", f"optimizer.lr={lr}", "--set", f"seed={seed}")
            assert nntrain("fit", moons, "-q", "--out", where, *settings, "--set", "data.test_seed=0").status == 0
    runs = sorted(Path("runs").iterdir())
    found = nntrain("compare", *runs, "--measure", "test.f1", "--json", "-q").json
    summaries = [json.loads((run / "summary.json").read_text()) for run in runs if "0.05" in run.name]
    variant = next(one for one in found["variants"] if "0.05" in one["name"])
    expected = np.median([summary["test"]["f1"] for summary in summaries])
    assert variant["default"]["scores"]["test"]["f1"]["median"] == pytest.approx(expected)
    message = refused(nntrain, "compare", *runs, "--measure", "validation.f1", "--target", "0.9")
    assert "it did not record f1 after each epoch" in message
    assert "training.metrics: [f1]" in message
