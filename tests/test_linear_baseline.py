"""The linear model beside a network's scores: scikit-learn's, and what commands show of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from nntrain.training.evaluation import TOO_LARGE, baselines
from nntrain.training.linear import linear_model, logistic, ridge, softmax, with_constant
from tests.helpers import CommandLine, built


@pytest.mark.parametrize("n_classes", [2, 4])
def test_logistic_regression_is_that_of_scikit_learn(n_classes: int) -> None:
    random = np.random.default_rng(n_classes)
    x = random.standard_normal((300, 5)) @ random.standard_normal((5, 5)) + 2
    y = (x @ random.standard_normal((5, n_classes)) + random.gumbel(size=(300, n_classes))).argmax(axis=1)
    weights = logistic(with_constant(x), y, n_classes)
    peer = LogisticRegression(tol=1e-8, max_iter=5000).fit(x, y)
    theirs = np.vstack([peer.coef_.T, peer.intercept_])
    if n_classes == 2:
        theirs = np.hstack([-theirs / 2, theirs / 2])

    def objective(weights: NDArray[np.float64]) -> float:
        p = softmax(with_constant(x) @ weights)[np.arange(300), y]
        return float(-np.log(p).sum() + (2 if n_classes == 2 else 1) / 2 * np.square(weights[:-1]).sum())

    assert objective(weights) == pytest.approx(objective(theirs), rel=1e-5)
    np.testing.assert_allclose(softmax(with_constant(x) @ weights), peer.predict_proba(x), atol=0.01)


def test_ridge_regression_equals_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    x, y = random.standard_normal((50, 4)) + 3, random.standard_normal((50, 2))
    weights, peer = ridge(with_constant(x), y), Ridge().fit(x, y)
    np.testing.assert_allclose(weights[:-1].T, peer.coef_, rtol=1e-9)
    np.testing.assert_allclose(weights[-1], peer.intercept_, rtol=1e-9)


@pytest.mark.parametrize("source", ["iris", "diabetes"])
def test_baselines_equal_those_of_scikit_learn(source: str) -> None:
    plan = built({"data": {"source": source, "standardize_target": source == "diabetes"}}).plan
    train, test = plan.data.train, plan.data.test
    assert test is not None
    found = baselines(plan, {"test": test})
    if plan.n_classes is None:
        name, constant, linear = "r2", DummyRegressor(), Ridge()
    else:
        name, constant, linear = "accuracy", DummyClassifier(), LogisticRegression(tol=1e-6, max_iter=1000)
        assert found.constant["test"]["roc_auc"].value == 0.5
    for scores, peer in ((found.constant, constant), (found.linear, linear)):
        assert scores["test"][name].value == pytest.approx(peer.fit(train.x, train.y).score(test.x, test.y), abs=1e-6)


def test_a_linear_model_that_takes_too_long_is_left_out() -> None:
    plan = built({"data": {"source": "iris"}}).plan
    assert linear_model(plan, most=1e3) is None
    found = baselines(plan, {"train": plan.data.train}, most=1e3)
    assert found.skipped == TOO_LARGE
    assert found.to_json()["linear"] is None
    assert found.to_json()["constant"]["train"]["accuracy"] > 0.3


def test_commands_show_the_baselines(nntrain: CommandLine, moons: Path) -> None:
    told = nntrain("fit", moons, "--out", "run")
    summary = json.loads(Path("run/summary.json").read_text())
    constant, linear = (summary["baselines"][name]["test"]["accuracy"] for name in ("constant", "linear"))
    line = next(line for line in told.err.splitlines() if line.startswith("baselines: "))
    shown = f"baselines: test accuracy {constant:#.4g} (most frequent class), {linear:#.4g} (logistic regression)"
    assert line == shown
    assert summary["baselines"]["skipped"] is None
    evaluated = nntrain("evaluate", "run", "--baselines", "--json").json
    for kind in ("constant", "linear"):
        for split, scores in summary["baselines"][kind].items():
            assert evaluated["baselines"][kind][split] == pytest.approx(scores, rel=0.01)  # features in float32
    table = nntrain("evaluate", "run", "--baselines", "--metrics", "accuracy").out.splitlines()
    assert table[0].split() == ["model", "most", "frequent", "class", "logistic", "regression"]
    assert [float(cell) for cell in table[3].split()[2:]] == pytest.approx(
        [summary["test"]["accuracy"], constant, linear], abs=1e-4
    )


def test_baselines_of_numbers_are_in_the_targets_own_units(nntrain: CommandLine, diabetes: Path, folder: Path) -> None:
    data = ("--data", folder / "diabetes.csv")
    found = nntrain("evaluate", diabetes, "--baselines", *data, "--json").json["baselines"]
    assert found["constant"]["data"]["rmse"] == pytest.approx(77, abs=1)  # the standard deviation of the target
    assert found["linear"]["data"]["rmse"] == pytest.approx(54, abs=2)
    shown = nntrain("evaluate", diabetes, "--baselines", *data).out
    assert shown.splitlines()[0].split() == ["model", "mean", "ridge", "regression"]
