"""What ``nntrain compare`` shows: tables at every width, what stands beside the ranking, curves, notes."""

import io
import json
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console, RenderableType

from nntrain.comparison.analysis import result_of
from nntrain.comparison.differences import differing
from nntrain.comparison.jobs import Variants
from nntrain.comparison.measure import Measure
from nntrain.comparison.protocol import DEFAULT, TUNED, Budget, Runs
from nntrain.comparison.result import Result
from nntrain.comparison.run_result import RunResult
from nntrain.comparison.tuning import Trial
from nntrain.comparison.variants import axis, variants_of
from nntrain.report.comparison_export import as_markdown
from nntrain.report.comparison_tables import loss_curves, notes, ranking, verdicts
from nntrain.training.events import Scores, Stopped
from tests.helpers import CommandLine


def row(loss: float, test: float) -> RunResult:
    scores = {"train": Scores(loss, 0.9), "validation": Scores(loss, 0.9), "test": Scores(test, 0.8)}
    curve = np.array([[1, 5, 0.1, loss, loss, 0.9]])
    stopped = Stopped.DIVERGED if loss == inf else Stopped.EPOCHS
    return RunResult("k", stopped, 1, 5, 0.1, scores, curve, curve, loss)


def result(losses: dict[str, list[float]], target: float | None = None, tuned: bool = False) -> Result:
    """Return the result of variants with these validation losses, one a seed, and worse test losses."""
    axes = [axis("--optimizers", "optimizer", ",".join(losses))]
    found = variants_of(["moons.yaml"], [], axes)
    budget = Budget(len(next(iter(losses.values()))), int(tuned), 0, target)
    findings = Runs(Variants(found), Measure("validation", "loss"), budget, len(found), "accuracy", target=target)
    findings.varied = ("optimizer",)
    for v, (name, values) in enumerate(losses.items()):
        rows = {seed: row(loss, 1 + loss) for seed, loss in enumerate(values, start=1)}
        findings.runs[v, DEFAULT] = rows
        if tuned:
            findings.runs[v, TUNED], findings.runs[v, "trial"] = rows, {0: row(0.1, 0.1)}
            findings.trials[v], findings.best[v] = [Trial({"lr": 0.0123}, {"lr": 0.5})], 0
        assert found[v].name == name
    return result_of(findings)


def shown(picture: RenderableType, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(picture)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_fit_and_nothing_is_cut(moons: Path, width: int) -> None:
    found = result({"sgd": [0.5, 0.52, 0.3, 0.6], "adam": [0.1, 0.52, 0.2, 0.7]}, target=0.15, tuned=True)
    text = shown(ranking(found, width), width)
    assert all(len(line) <= width for line in text.splitlines())
    words = " ".join(text.split())
    for word in ("3 of 4", "4 of 4", "missed", "adam", "lr=0.0123", "defaults", "lr=0.001", "0.3600"):
        assert word in words
    assert words.count("missed") == 4
    for head in ("quartiles", "time", "accuracy"):
        assert head in words  # at 60 columns as what there is no room for
    pairs = " ".join(shown(verdicts(found, width), width).split())
    for word in ("adam,", "sgd", "0.05", "too few seeds", "p (Holm)"):
        assert word in pairs


def test_variants_are_ranked_by_validation_and_test_stands_beside(moons: Path) -> None:
    """The medians rank one way, the pairs another: each is told as it is."""
    one = np.array([11.0] * 5 + [21.0] * 4)
    other = one + np.array([-0.1, -0.11, -0.12, -0.13, 1, -0.2, -0.21, -0.22, -0.23])
    found = result({"sgd": one.tolist(), "adam": other.tolist()})
    assert [variant.name for variant in found.variants] == ["sgd", "adam"]
    (pair,) = found.pairs
    assert (pair.a, pair.b) == ("sgd", "adam")
    assert pair.difference == pytest.approx(-0.13)
    text = shown(ranking(found, 120), 120)
    assert "validation loss" in text
    assert text.splitlines()[1].split()[:2] == ["sgd", "0.01"]
    assert {"11.00", "12.00"} <= set(text.splitlines()[1].split())  # validation, test
    assert "higher rank | lower rank | median difference" in as_markdown(found)
    assert "-0.13" in shown(verdicts(found, 120), 120)


def test_one_that_is_better_seed_by_seed_though_its_median_is_worse(moons: Path) -> None:
    one = np.array([0.0] * 9 + [10.0] * 8)
    other = one + np.array(
        [-0.1, -0.11, -0.12, -0.13, -0.14, -0.15, -0.16, -0.17, 1, *[-0.2 - k / 100 for k in range(8)]]
    )
    found = result({"sgd": (11 + one).tolist(), "adam": (11 + other).tolist()})
    assert [variant.name for variant in found.variants] == ["sgd", "adam"]
    assert found.pairs[0].verdict == "adam is better than sgd"
    assert found.verdict == "sgd has the best median, but paired by seed adam is better"


def test_rates_that_were_not_tuned_are_told(moons: Path) -> None:
    losses = {"sgd": [0.5, 0.6], "adam": [0.1, 0.2]}
    text = shown(ranking(result(losses), 120), 120)
    assert [line.split()[:2] for line in text.splitlines()[:3]] == [
        ["variant", "lr"],
        ["adam", "0.001"],
        ["sgd", "0.01"],
    ]
    assert "learning rate not tuned: each variant ran at the lr shown" in text
    assert "| adam |  | 0.001 |" in as_markdown(result(losses))
    assert "not tuned" not in shown(ranking(result(losses, tuned=True), 120), 120)
    same = result({"sgd": [0.5, 0.6], "rmsprop": [0.1, 0.2]})
    assert "learning rate not tuned: every variant ran at 0.01" in shown(ranking(same, 120), 120)
    assert "not tuned" not in shown(ranking(result({"lbfgs": [0.5], "random_search": [0.1]}), 120), 120)
    varied = replace(result(losses), varied=("optimizer.lr",))
    assert "not tuned" not in shown(ranking(varied, 120), 120)


def test_a_single_run_has_no_quartiles_and_no_interval(moons: Path) -> None:
    found = result({"sgd": [5.99e-17], "adam": [6.1e-17]})
    text = shown(ranking(found, 120), 120) + shown(verdicts(found, 120), 120) + as_markdown(found)
    assert "–5.99e-17" not in text
    assert "1.1e-18 – " not in text
    assert found.pairs[0].difference == pytest.approx(1.1e-18)
    assert "quartiles" not in shown(ranking(found, 120), 120)


def test_runs_that_diverged_are_infinitely_bad(moons: Path) -> None:
    found = result({"sgd": [inf, inf], "adam": [0.1, inf], "rmsprop": [inf, inf]})
    text = shown(ranking(found, 120), 120)
    assert [line.split()[2] for line in text.splitlines()[1:4]] == ["∞", "∞", "∞"]
    assert "100.0%" in text
    pairs = [line.split("  ")[0] for line in shown(verdicts(found, 120), 120).splitlines() if "neither" in line]
    assert pairs == ["sgd, rmsprop"]
    assert "0.1" not in next(line for line in shown(verdicts(found, 120), 120).splitlines() if "neither" in line)
    assert "median validation loss of the runs that did not diverge" in shown(loss_curves(found, 80), 80)


@pytest.mark.parametrize("count", [8, 14])
def test_all_variants_are_drawn_or_named(moons: Path, count: int) -> None:
    names = ["sgd", "adam", "momentum", "nesterov", "rmsprop", "adagrad", "nadam", "radam", "lion", "yogi", "adamw"]
    names += ["adamax", "amsgrad", "lamb"]
    found = result({name: [0.1 + k / 10, 0.2 + k / 10] for k, name in enumerate(names[:count])})
    text = shown(loss_curves(found, 80), 80)
    for mark, name in zip("abcdefghijkl", names[:count], strict=False):
        assert f"{mark} {name}" in " ".join(text.split())
    assert ("not drawn: amsgrad, lamb; see --json for all curves" in text) == (count == 14)
    assert ("not drawn" in text) == (count == 14)
    assert "epochs 1 to 1" in text


def test_a_target_that_only_the_defaults_reach_is_not_said_to_be_missed_by_all(moons: Path) -> None:
    assert notes(result({"sgd": [0.5], "adam": [0.4]}, target=0.1))[-1].startswith("no run reached the target")
    assert notes(result({"sgd": [0.5], "adam": [0.4]}, target=0.1, tuned=True))[-1].startswith("no tuned run reached")
    assert not any("reached" in note for note in notes(result({"sgd": [0.5], "adam": [0.1]}, target=0.1)))


def test_whoever_ranks_by_test_is_told(nntrain: CommandLine, moons: Path) -> None:
    ended = nntrain("compare", moons, "--optimizers", "sgd,adam", "--seeds", 2, "--measure", "test.loss", "--json")
    assert ended.json["measure"] == "test.loss"
    assert "ranked on the test split" in ended.err
    without = nntrain(
        "compare", moons, "--optimizers", "sgd,adam", "--seeds", 2, "--set", "data.validation=0", "--json"
    )
    assert without.json["measure"] == "test.loss"
    assert "ranked on the test split" in without.json["notes"][0]


def test_a_run_that_nearly_diverges_is_told_without_a_warning(nntrain: CommandLine, moons: Path) -> None:
    """Losses around 1e300, whose squares are beyond all numbers; here a warning is an error."""
    Path("line.yaml").write_text(
        "data: {source: line_table, validation: 0, test: 0, standardize: false}\n"
        "model: {hidden: []}\noptimizer: {name: sgd}\n"
        "training: {epochs: 10000, batch_size: full, dtype: float64, grad_tol: 1e-8}\n"
    )
    ended = nntrain("compare", "line.yaml", "--lrs", "0.01,0.086", "--seeds", 6, "--json", "-q")
    assert ended.status in (0, 3)
    assert ended.err == ""
    assert ended.json["variants"][0]["name"] == "lr=0.01"


def test_only_what_differs_is_named() -> None:
    adam = {"name": "adam", "lr": 0.001, "beta1": 0.9}
    base = {"name": "a", "seed": 0, "optimizer": adam, "training": {"epochs": 5, "early_stopping": None}}
    sgd = {**base, "name": "b", "seed": 3, "optimizer": {"name": "sgd", "lr": 0.01}}
    assert differing([base, sgd], ("name", "seed")) == [
        {"optimizer": "adam", "lr": "0.001"},
        {"optimizer": "sgd", "lr": "0.01"},
    ]
    other = {**base, "optimizer": {**adam, "beta1": 0.8}}
    assert differing([base, other, sgd], ("name", "seed"))[:2] == [
        {"optimizer": "adam", "lr": "0.001", "beta1": "0.9"},
        {"optimizer": "adam", "lr": "0.001", "beta1": "0.8"},
    ]
    early = {**base, "training": {"epochs": 5, "early_stopping": {"patience": 3}}}
    assert differing([base, early]) == [{"early_stopping": "null"}, {"early_stopping": "{patience: 3}"}]
    twice = [{"a": {"x": 1, "y": k}, "b": {"y": [k]}} for k in (1, 2)]
    assert differing(twice) == [{"a.y": "1", "b.y": "[1]"}, {"a.y": "2", "b.y": "[2]"}]


def test_json_of_a_comparison_has_numbers_only(moons: Path) -> None:
    found = result({"sgd": [0.4459], "adam": [0.4762]})
    (pair,) = json.loads(json.dumps(found.to_json()))["pairs"]
    assert [pair[key] for key in ("difference", "low", "high")] == pytest.approx([0.0303] * 3)
