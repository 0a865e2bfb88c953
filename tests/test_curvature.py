"""``nntrain diagnose --curvature``: the extreme eigenvalues of the Hessian."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nntrain.diagnostics.causes import findings
from nntrain.diagnostics.curvature import Curvature, curvature
from nntrain.diagnostics.layers import network_stats
from tests.helpers import CommandLine, built


def test_the_curvature_of_the_lectures_line_is_its_formulas(nntrain: CommandLine) -> None:
    """K: o = w x + b on x = 1 ... 5. The mean squared error's Hessian is 2 [[11, 3], [3, 1]], everywhere."""
    found = nntrain("diagnose", "recipes/line.yaml", "--curvature", "--json").json["curvature"]
    smallest, largest = np.linalg.eigvalsh(2 * np.array([[11, 3], [3, 1]]))
    assert found["smallest"] == pytest.approx(smallest, rel=1e-7)
    assert found["largest"] == pytest.approx(largest, rel=1e-7)
    assert found["condition"] == pytest.approx(largest / smallest, rel=1e-7)
    limit = found["largest_lr"]
    assert limit == pytest.approx(2 / largest, rel=1e-7)
    shown = nntrain("diagnose", "recipes/line.yaml", "--curvature").out
    assert "eigenvalues of the Hessian range from 0.3381 to 23.66, condition number 69.99" in shown
    for lr, falls in ((0.99 * limit, True), (1.01 * limit, False)):  # which is where descent begins to diverge
        fit = (
            "fit",
            "recipes/line.yaml",
            "--set",
            f"optimizer.lr={lr}",
            "--set",
            "training.epochs=2000",
            "-q",
            "--json",
        )
        assert (nntrain(*fit).json["train"]["loss"] < 1) == falls


def test_lanczos_finds_the_ends_that_the_whole_hessian_has(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = {"data": {"source": "iris"}, "model": {"hidden": [8], "activation": "tanh", "norm": "batch"}}
    plan = built(recipe).plan
    whole = curvature(plan)
    monkeypatch.setattr("nntrain.diagnostics.curvature.MAX_DENSE_PARAMETERS", 0)
    lanczos = curvature(plan)
    assert whole.error < lanczos.error < 0.01 * whole.largest
    assert lanczos.largest == pytest.approx(whole.largest, abs=lanczos.error)
    assert lanczos.smallest == pytest.approx(whole.smallest, abs=lanczos.error)


def test_the_curvature_of_a_sum_is_that_of_all_rows(nntrain: CommandLine) -> None:
    """Beyond the probe's 512: full-batch descent diverges above the rate that is told."""
    data = ("--set", "data.source={name: line, rows: 2000, noise: 0.1}", "--set", "loss=sum_squared_error")
    fit = ("--set", "training.batch_size=full", "--set", "training.epochs=60", "--set", "optimizer=sgd")
    limit = nntrain("diagnose", "recipes/line.yaml", *data, "--curvature", "--json").json["curvature"]["largest_lr"]
    for share, falls in ((0.9, True), (1.1, False)):
        ended = nntrain(
            "fit", "recipes/line.yaml", *data, *fit, "--set", f"optimizer.lr={share * limit}", "-q", "--json"
        )
        assert (ended.json["train"]["loss"] < 100) == falls


def test_the_curvature_is_that_of_the_weights_that_are_given() -> None:
    """Where the loss at the first ones, which is no number, means nothing."""
    rows = {"name": "given", "x": [[1.0], [2.0]], "o": [1.0, 5.0]}
    model = {"hidden": [], "initializer": {"name": "given", "values": [[1e200]]}}
    data = {"source": rows, "validation": 0, "test": 0, "standardize": False}
    plan = built({"data": data, "model": model, "training": {"dtype": "float64"}}).plan
    found = curvature(plan, np.array([1.0, 1.0]))
    ends = np.linalg.eigvalsh(2 * np.array([[2.5, 1.5], [1.5, 1.0]]))
    assert (found.smallest, found.largest) == pytest.approx(tuple(ends), rel=1e-6)
    assert found.error < 1e-5


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("size", [1e5, 1e-3])
def test_the_curvature_of_features_in_other_units(size: float, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of logistic regression at zero weights it is X^T X / 4B; one step for all units was off by more than it said."""
    monkeypatch.setattr("nntrain.diagnostics.curvature.MAX_DENSE_PARAMETERS", 300 if whole else 0)
    x = np.random.default_rng(0).standard_normal((40, 3)) * size
    source = {"name": "given", "x": x.tolist(), "o": ["a", "b"] * 20}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False}
    recipe = {"data": data, "model": {"hidden": [], "initializer": "zeros"}, "loss": "bce"}
    found = curvature(built(recipe).plan)
    ones = np.hstack([x, np.ones((40, 1))])
    smallest, *_, largest = np.linalg.eigvalsh(ones.T @ ones / 160)
    assert found.largest == pytest.approx(largest, abs=found.error)
    assert found.smallest == pytest.approx(smallest, abs=found.error)
    assert found.error < (1e-6 if whole else 2e-3) * largest


def test_the_curvature_of_a_convex_loss_is_not_below_zero_by_more_than_its_error() -> None:
    x = np.random.default_rng(1).standard_normal((60, 4)) * 1e5
    source = {"name": "given", "x": x.tolist(), "o": ["a", "b", "c"] * 20}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False}
    model = {"hidden": [], "initializer": {"name": "normal", "scale": 1e-5}}
    found = curvature(built({"data": data, "model": model}).plan)
    assert found.largest > 1e8
    assert -found.error < found.smallest < found.error < 1e-6 * found.largest


def test_no_step_crosses_a_corner_nearby() -> None:
    """Where one does, the gradient jumps by 2 within it, and the quotient is 1e5."""
    rows = {"name": "given", "x": [[1.0]], "o": [-1.0]}
    near = [{"units": 1, "initializer": {"name": "given", "values": [[1e-7]]}}]
    model = {"hidden": near, "initializer": {"name": "constant", "value": 1.0}}
    data = {"source": rows, "validation": 0, "test": 0, "standardize": False}
    found = curvature(built({"data": data, "model": model, "training": {"dtype": "float64"}}).plan)
    assert -5 < found.smallest < found.largest < 10


def test_the_curvature_of_nothing_is_zero(nntrain: CommandLine) -> None:
    recipe = """
        data: {source: diabetes}
        model: {hidden: [64], bias_initializer: {name: constant, value: -50}, learn_biases: false}
        loss: mae
    """
    found = nntrain("diagnose", "-", "--curvature", "--json", stdin=recipe).json["curvature"]
    assert (found["smallest"], found["largest"], found["condition"], found["largest_lr"]) == (0, 0, None, None)


def test_an_ill_conditioned_loss_is_named(nntrain: CommandLine) -> None:
    steep = (
        "--set",
        "data.source={name: given, x: [[1, 1], [100, -1], [3, 0]], o: [1, 2, 3]}",
        "--curvature",
        "--json",
    )
    found = nntrain("diagnose", "recipes/line.yaml", *steep).json
    assert [finding["kind"] for finding in found["findings"]] == ["ill_conditioned"]
    assert found["curvature"]["condition"] > 1000


def test_the_curvature_tells_a_saddle_from_an_optimum(nntrain: CommandLine, tmp_path: Path) -> None:
    """Zero weights are a saddle of o = w2 tanh(w1 x): for x = o = ±1 the mixed derivative is -2."""
    recipe = """
        data: {source: {name: given, x: [[-1], [1]], o: [-1, 1]}, validation: 0, test: 0, standardize: false}
        model: {hidden: [2], activation: tanh, initializer: zeros}
    """
    found = nntrain("diagnose", "-", "--curvature", "--json", stdin=recipe).json
    kinds = [finding["kind"] for finding in found["findings"]]
    assert {"zero_activations", "zero_weights"} <= set(kinds)
    assert kinds[-1] == "stationary"
    assert found["findings"][-1]["text"].startswith("the gradient is zero, at a saddle point (Hessian eigenvalue -2)")
    assert found["curvature"]["smallest"] == pytest.approx(-2, rel=1e-6)
    assert found["curvature"]["condition"] is None

    fit = ("fit", "recipes/line.yaml", "--out", tmp_path / "run", "-q", "--set", "training.epochs=5000")
    assert nntrain(*fit, "--set", "training.dtype=float64").status == 0
    (finding,) = nntrain("diagnose", tmp_path / "run", "--curvature", "--json").json["findings"]
    assert "a minimum (the outputs equal the targets), at loss" in finding["text"]
    still = replace(network_stats(built({"data": {"source": "iris"}}).plan), still=True)
    (finding_,) = findings(still, Curvature(-0.5, 2.0, 1e-3, None, 1.0))
    assert "a saddle point (Hessian eigenvalue -0.5)" in finding_.text
    (finding_,) = findings(still, Curvature(0.5, 2.0, 1e-3, 4.0, 1.0))
    assert "a minimum (all Hessian eigenvalues are positive)" in finding_.text
    (finding_,) = findings(still)
    assert "--curvature tells them apart" in finding_.advice
