"""The best constant prediction, and the lower bound of each loss."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from nntrain.losses import Loss
from nntrain.registry import members
from nntrain.training.engine import Engine
from tests.helpers import built, make

DOUBLE = np.dtype(np.float64)
CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in members(Loss)),
    ("gaussian_nll", {"sigma": None}),
    ("huber", {"threshold": 0.3}),
    ("cross_entropy", {"smoothing": 0.2}),
    ("cross_entropy", {"smoothing": 0.2, "class_weights": [1.0, 3.0, 0.5]}),
    ("cross_entropy", {"smoothing": 0.2, "class_weights": [1.0, 3.0, 0.5], "weighted_mean": False}),
    ("bce", {"class_weights": [1.0, 3.0], "weighted_mean": True}),
]


def rows_of(loss: Loss) -> tuple[NDArray[Any], int]:
    """Return 40 targets as the loss reads them, and how many outputs it wants."""
    random = np.random.default_rng(1)
    if "regression" in loss.tasks:
        y = random.poisson(2.0, (40, 2)) if loss.needs_counts else random.standard_exponential((40, 2))
        return loss.encode(y.astype(np.float64), None), loss.outputs(2, None)
    n_classes = loss.classes or 3
    y = random.choice(n_classes, 40, p=[0.6, 0.4] if n_classes == 2 else [0.5, 0.3, 0.2])
    return loss.encode(y, n_classes), loss.outputs(1, n_classes)


@pytest.mark.parametrize(("name", "keys"), CASES)
def test_no_constant_prediction_has_a_lower_loss(name: str, keys: dict[str, Any]) -> None:
    loss = make(Loss, name, **keys)
    target, outputs = rows_of(loss)
    constant = loss.constant(target, outputs)

    def value(output: NDArray[Any]) -> float:
        tiled = np.tile(output, (len(target), 1))
        numbers = np.array(loss.numbers(), np.float64)
        return float(loss.function[DOUBLE](tiled, target, np.empty_like(tiled), numbers))

    assert constant.shape == (outputs,)
    around = [minimize(value, constant + shift, method="Nelder-Mead").fun for shift in (-1.0, 0.0, 1.0)]
    assert value(constant) <= min(around) + 1e-6


@pytest.mark.parametrize(("name", "keys"), CASES)
def test_the_lower_bound_of_a_loss_is_where_it_cannot_fall_any_further(name: str, keys: dict[str, Any]) -> None:
    loss = make(Loss, name, **keys)
    target, outputs = rows_of(loss)
    least, numbers = loss.lower_bound(target, outputs), np.array(loss.numbers(), np.float64)
    if least is None:
        assert name == "gaussian_nll"
        return

    def value(flat: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        output, delta = flat.reshape(-1, outputs), np.empty((len(target), outputs))
        return float(loss.function[DOUBLE](output, target, delta, numbers)), delta.ravel()

    start = np.random.default_rng(2).normal(size=target.shape[0] * outputs)
    if name == "mae":  # whose corners stop the search
        start = target.ravel()
    options = {"maxiter": 20_000, "maxfun": 100_000}
    found = minimize(value, start, jac=True, method="L-BFGS-B", options=options).fun
    assert least - 1e-9 <= found <= least + 1e-3


def test_the_baseline_is_found_on_the_training_part() -> None:
    engine = Engine(built({"data": {"source": "iris"}}).plan)
    shares = np.bincount(engine.train.y) / len(engine.train.y)
    for name, rows in engine.splits.items():
        baseline = engine.baseline[name]
        assert baseline.loss == pytest.approx(-np.log(shares[rows.y]).mean(), rel=1e-5)
        assert baseline.metric == pytest.approx((rows.y == shares.argmax()).mean())
        assert (baseline.lower_bound, baseline.floor, baseline.span) == (0, 0, baseline.loss)


def test_the_baseline_of_a_regression_is_the_mean() -> None:
    engine = Engine(built({"data": {"source": "diabetes"}}).plan)
    assert engine.baseline["train"].metric == pytest.approx(0, abs=1e-9)
    y, mean = engine.splits["test"].y, engine.train.y.mean()
    assert engine.baseline["test"].loss == pytest.approx(np.square(y - mean).mean(), rel=1e-5)
    assert engine.baseline["test"].metric == pytest.approx(
        1 - np.square(y - mean).sum() / np.square(y - y.mean()).sum()
    )


def test_a_baseline_of_many_rows_is_that_of_its_chunks() -> None:
    for loss in ("mse", "sum_squared_error", {"name": "cross_entropy", "class_weights": "balanced"}):
        source = {"name": "moons" if isinstance(loss, dict) else "line", "rows": 10_001}
        data = {"source": source, "validation": 0, "test": 0, "stratify": False}
        engine = Engine(built({"data": data, "loss": loss}).plan)
        constant = engine.plan.loss.constant(engine.train.target, engine.plan.network.outputs)
        tiled = np.tile(constant.astype(np.float32), (10_001, 1))
        numbers = np.array(engine.plan.loss.numbers(), np.float64)
        whole = engine.plan.loss.function[engine.dtype](tiled, engine.train.target, np.empty_like(tiled), numbers)
        assert engine.baseline["train"].loss == pytest.approx(whole, rel=1e-4)
