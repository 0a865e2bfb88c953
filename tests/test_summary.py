"""What a run says in the end: each sentence holds, whatever the kind of run."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import CommandLine, Ended

CLASSES = "data: {source: {name: moons, rows: 200, noise: 0.3}}\nmodel: {hidden: [8]}\n"
NUMBERS = "data: {source: {name: sine, rows: 200}}\nmodel: {hidden: [8], activation: tanh}\n"
LINE = "data: {source: line_table, validation: 0, test: 0, standardize: false}\nmodel: {hidden: []}\n"
RUNS = {
    "classes": (CLASSES, "training: {epochs: 30}\n"),
    "numbers": (NUMBERS, "training: {epochs: 30}\n"),
    "one epoch": (CLASSES, "training: {epochs: 1, batch_size: full}\n"),
    "stopped early": (CLASSES, "optimizer: {lr: 0.05}\ntraining: {epochs: 500, early_stopping: {patience: 3}}\n"),
    "early stopping that never stops": (CLASSES, "training: {epochs: 5, early_stopping: {patience: 5}}\n"),
    "min_delta": (CLASSES, "training: {epochs: 500, early_stopping: {patience: 4, min_delta: 0.05}}\n"),
    "no validation": (CLASSES.replace("}}", "}, validation: 0}"), "training: {epochs: 30}\n"),
    "no test": (NUMBERS.replace("}}", "}, test: 0}"), "optimizer: {lr: 0.3}\ntraining: {epochs: 40}\n"),
    "nothing but training": (LINE, "optimizer: {name: momentum, lr: 0.08}\ntraining: {epochs: 30}\n"),
    "gradient": (
        LINE,
        "optimizer: {name: sgd, lr: 0.05}\ntraining: {epochs: 5000, batch_size: full, grad_tol: 1.0e-3}\n",
    ),
    "exhaustive": (LINE, "optimizer: {name: exhaustive, points: 4}\ntraining: {epochs: 100}\n"),
    "random search": (NUMBERS, "optimizer: {name: random_search}\ntraining: {epochs: 20}\n"),
    "lbfgs": (LINE, "optimizer: lbfgs\ntraining: {epochs: 100}\n"),
    "lbfgs, not done": (NUMBERS, "optimizer: lbfgs\ntraining: {epochs: 4}\n"),
    "averaged": (CLASSES, "training: {epochs: 30, averaging: ema, early_stopping: {}}\n"),
    "averaged without validation": (
        CLASSES.replace("}}", "}, validation: 0}"),
        "training: {epochs: 30, averaging: swa, batch_size: full}\n",
    ),
    "clipped": (NUMBERS, "regularization: {clip_norm: 0.1}\ntraining: {epochs: 30}\n"),
    "negative losses": (NUMBERS, "loss: {name: gaussian_nll, sigma: 0.1}\ntraining: {epochs: 200}\n"),
    "no lower bound": (NUMBERS, "loss: {name: gaussian_nll, sigma: null}\ntraining: {epochs: 60}\n"),
    "diverged": (NUMBERS, "optimizer: {name: sgd, lr: 1.0e+30}\n"),
    "diverged later": (LINE, "optimizer: {name: sgd, lr: 0.2}\ntraining: {epochs: 3000}\n"),
    "beyond use": (LINE, "optimizer: {name: sgd, lr: 0.085}\ntraining: {epochs: 3000, dtype: float64}\n"),
}


def ended(nntrain: CommandLine, folder: Path, kind: str) -> tuple[Ended, dict[str, Any], list[str]]:
    """Return a run, its summary, and what it says on standard error after its progress."""
    found = nntrain("fit", "-", "--out", folder / "run", "--json", stdin="".join(RUNS[kind]))
    lines = [line for line in " ".join(found.err.split("\n\nlayer")[0].splitlines()).split("  ") if line]
    told = found.err[found.err.index(" after ") - 60 :] if " after " in found.err else found.err
    assert lines
    return found, found.json, [told]


@pytest.mark.parametrize("kind", RUNS)
def test_every_sentence_of_the_summary_holds(nntrain: CommandLine, tmp_path: Path, kind: str) -> None:
    found, summary, _ = ended(nntrain, tmp_path, kind)
    told = " ".join(found.err.split())  # lines are wrapped
    parts = {part for part in ("train", "validation", "test") if part in summary}

    epochs, steps = summary["epochs"], summary["steps"]
    unit = "evaluation" if kind in ("exhaustive", "random search", "lbfgs", "lbfgs, not done") else "step"
    assert f"after {epochs:,} epoch{'s' * (epochs != 1)}, {steps:,} {unit}{'s' * (steps != 1)}, " in told
    ends = {"epochs": "all epochs done", "early_stopping": "the validation loss stopped improving"}
    ends |= {"grad_tol": "the gradient norm fell below grad_tol", "diverged": "diverged"}
    ends |= {"converged": "all points tried" if kind == "exhaustive" else "L-BFGS converged"}
    assert f"{ends[summary['stopped']]}{': ' if ends[summary['stopped']].startswith('L') else ' '}" in told
    assert summary["verdict"] in told
    assert found.status == (3 if summary["stopped"] == "diverged" else 0)

    lowest = "validation" if "validation" in parts else "training"
    assert f"the lowest {'training' if lowest == 'validation' else 'validation'} loss" not in told
    part = "validation" if "validation" in parts else "train"
    kept = re.search(r"kept the (?:weights of epoch (\d+)|initial weights)", told)
    assert (kept is not None) == (summary["kept"] == "best")
    if kept is not None:
        assert int(kept[1] or 0) == summary["best_epoch"]
        assert summary[part].items() >= summary["best"][part].items()
    if summary["stopped"] != "diverged":
        assert summary["best"][part]["loss"] <= summary["final"][part]["loss"]
    better = re.search(
        r"the (?:weights of epoch (\d+)|initial weights) had the lowest \w+ loss: (.*? R²|.*?accuracy)", told
    )
    if better is not None:
        assert summary["kept"] == "final"
        assert int(better[1] or 0) == summary["best_epoch"] != epochs
    if "validation" not in parts:
        assert "validation loss" not in told
        assert "over- or" not in told
    if "clipped in" in told:
        assert summary["clipped"] is not None


def test_the_last_weights_are_told_where_they_are_the_best(nntrain: CommandLine, tmp_path: Path) -> None:
    found, summary, _ = ended(nntrain, tmp_path, "early stopping that never stops")
    assert summary["best_epoch"] == 5
    assert "kept the weights of epoch 5, which had the lowest validation loss" in " ".join(found.err.split())


def test_a_run_that_has_no_epoch_kept_nothing_for_its_loss(
    nntrain: CommandLine, tmp_path: Path, monkeypatch: Any
) -> None:
    found = nntrain("fit", "-", "--out", tmp_path / "one", "--json", stdin="".join(RUNS["diverged"]))
    assert found.json["epochs"] == 0
    assert "kept the initial weights\n" in found.err
    monkeypatch.setattr("nntrain.cli.interrupts.Interrupts.wanted", lambda self: True)
    stopping = "training: {epochs: 5, batch_size: 1, early_stopping: {}, lookahead: {}}\n"
    monkeypatch.setattr("nntrain.training.loop.CALL_SECONDS", 0.0)
    found = nntrain("fit", "-", "--out", tmp_path / "two", "--json", stdin=CLASSES + stopping)
    assert (found.status, found.json["epochs"], found.json["stopped"]) == (130, 0, "interrupted")
    assert found.json["best"] == found.json["final"]
    assert "kept" not in found.err


def test_an_interrupted_run_is_judged_by_what_it_has(nntrain: CommandLine, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("nntrain.cli.interrupts.Interrupts.wanted", lambda self: True)
    found = nntrain("fit", "-", "--out", tmp_path / "run", "--json", stdin=CLASSES)
    assert found.status == 130
    assert found.json["stopped"] == "interrupted"
    assert "interrupted after" in found.err
    assert "all epochs" not in found.err


def test_the_report_says_once_that_a_run_diverged(nntrain: CommandLine, tmp_path: Path) -> None:
    ended(nntrain, tmp_path, "beyond use")
    nntrain("report", tmp_path / "run", "--out", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "diverged: from epoch" in page
    assert "diverged; diverged" not in page
