"""Metrics: equal to scikit-learn's, and undefined with a reason where they mean nothing."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as peer

from nntrain.metrics import Metric, Predicted, metrics, metrics_of
from nntrain.metrics.f1 import of_classes
from nntrain.metrics.probability import calibration
from nntrain.registry import members

Values = NDArray[Any]
RTOL = 1e-12


def of_labels(function: Callable[..., Any], **keys: Any) -> Callable[[Predicted], Any]:
    return lambda rows: function(rows.y, rows.predicted, **keys)


def ranked(function: Callable[..., Any], **keys: Any) -> Callable[[Predicted], Any]:
    def value(rows: Predicted) -> Any:
        assert rows.probabilities is not None
        if rows.n_classes == 2:
            return function(rows.y, rows.probabilities[:, 1])
        truth = rows.y if keys else np.eye(rows.probabilities.shape[1])[rows.y]
        return function(truth, rows.probabilities, **keys)

    return value


def of_probabilities(function: Callable[..., Any]) -> Callable[[Predicted], Any]:
    return lambda rows: function(rows.y, rows.probabilities, labels=range(rows.n_classes or 0))


AVERAGED = {"zero_division": 0}
PEERS: dict[str, Callable[[Predicted], Any]] = {
    "accuracy": of_labels(peer.accuracy_score),
    "balanced_accuracy": of_labels(peer.balanced_accuracy_score),
    "precision": of_labels(peer.precision_score, average="macro", **AVERAGED),
    "precision_weighted": of_labels(peer.precision_score, average="weighted", **AVERAGED),
    "recall": of_labels(peer.recall_score, average="macro", **AVERAGED),
    "recall_weighted": of_labels(peer.recall_score, average="weighted", **AVERAGED),
    "f1": of_labels(peer.f1_score, average="macro", **AVERAGED),
    "f1_weighted": of_labels(peer.f1_score, average="weighted", **AVERAGED),
    **{
        f"{name}_micro": of_labels(score, average="micro")
        for name, score in (("precision", peer.precision_score), ("recall", peer.recall_score), ("f1", peer.f1_score))
    },
    # scikit-learn has no mean over samples of a single label, which is their accuracy
    **{f"{name}_samples": of_labels(peer.accuracy_score) for name in ("precision", "recall", "f1")},
    "hamming_loss": of_labels(peer.hamming_loss),
    "roc_auc": ranked(peer.roc_auc_score, multi_class="ovr"),
    "average_precision": ranked(peer.average_precision_score),
    "log_loss": of_probabilities(peer.log_loss),
    "brier": of_probabilities(peer.brier_score_loss),
    "r2": of_labels(peer.r2_score),
    "mae": of_labels(peer.mean_absolute_error),
    "rmse": of_labels(peer.root_mean_squared_error),
    "mse": of_labels(peer.mean_squared_error),
    "mape": of_labels(peer.mean_absolute_percentage_error),
    "median_absolute_error": of_labels(peer.median_absolute_error),
    "max_error": of_labels(peer.max_error),
}


def classified(seed: int, n: int, n_classes: int, *, ties: bool = False, sure: bool = False) -> Predicted:
    """Return random predictions; with ``ties`` few distinct probabilities, with ``sure`` some of exactly 0 and 1."""
    random = np.random.default_rng(seed)
    y = random.choice(n_classes, n, p=np.arange(1, n_classes + 1) / sum(range(n_classes + 1)))
    y[:n_classes] = range(n_classes)
    p = random.random((n, n_classes)) + 0.7 * np.eye(n_classes)[y]
    p = np.round(4 * p) + 1 if ties else p
    p = np.where(p == p.max(axis=1, keepdims=True), 1.0, 0.0) if sure else p
    p /= p.sum(axis=1, keepdims=True)
    return Predicted(y, p.argmax(axis=1), n_classes, p)


def numbers(seed: int, n: int, targets: int) -> Predicted:
    random = np.random.default_rng(seed)
    y = 10 ** random.uniform(-3, 3, targets) * (random.standard_normal((n, targets)) + 5)
    return Predicted(y, y * random.uniform(0.5, 1.5, y.shape))


CASES = {
    "two classes": classified(0, 50, 2),
    "two classes, ties": classified(1, 60, 2, ties=True),
    "five classes": classified(2, 80, 5),
    "five classes, ties": classified(3, 200, 5, ties=True),
    "sure": classified(4, 80, 3, sure=True),
    "a class is never predicted": Predicted(
        np.array([0, 1, 2, 0]), np.array([0, 1, 1, 1]), 3, classified(5, 4, 3).probabilities
    ),
    "one target": numbers(0, 40, 1),
    "two samples": numbers(1, 2, 1),
    "three targets": numbers(2, 41, 3),
}


@pytest.mark.parametrize("case", CASES)
def test_metrics_equal_those_of_scikit_learn(case: str) -> None:
    rows = CASES[case]
    for name, metric in metrics_of("regression" if rows.n_classes is None else "classification").items():
        if name in PEERS and (name != "max_error" or rows.y.shape[1] == 1):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of classes that are never predicted
                expected = float(PEERS[name](rows))
            assert metric.score(rows).value == pytest.approx(expected, rel=RTOL, abs=1e-15), name


def test_every_metric_is_compared_with_another_implementation() -> None:
    assert set(metrics()) - set(PEERS) == {"calibration_error"}


def test_the_largest_error_is_that_of_any_target() -> None:
    rows = CASES["three targets"]
    assert metrics()["max_error"].score(rows).value == np.abs(rows.y - rows.predicted).max()


@pytest.mark.parametrize("case", ["two classes", "five classes, ties", "sure"])
def test_the_calibration_error_is_that_of_a_loop(case: str) -> None:
    rows = CASES[case]
    assert rows.probabilities is not None
    total = 0.0
    for k in range(15):
        inside = [i for i, p in enumerate(rows.probabilities) if k / 15 < p.max() <= (k + 1) / 15]
        if inside:
            right = sum(rows.probabilities[i].argmax() == rows.y[i] for i in inside) / len(inside)
            sure = sum(rows.probabilities[i].max() for i in inside) / len(inside)
            total += len(inside) / len(rows.y) * abs(right - sure)
    assert metrics()["calibration_error"].score(rows).value == pytest.approx(total, rel=RTOL, abs=1e-15)
    assert sum(one.rows for one in calibration(rows)) == len(rows.y)


def test_values_of_single_classes_equal_those_of_scikit_learn() -> None:
    rows = CASES["a class is never predicted"]
    expected = peer.precision_recall_fscore_support(rows.y, rows.predicted, labels=[0, 1, 2], zero_division=np.nan)
    np.testing.assert_allclose(of_classes(rows.confusion), expected, rtol=RTOL)
    np.testing.assert_array_equal(rows.confusion, peer.confusion_matrix(rows.y, rows.predicted))


ONE_CLASS = Predicted(np.array([1, 1]), np.array([1, 0]), 2, np.array([[0.4, 0.6], [0.7, 0.3]]))
NO_PROBABILITIES = Predicted(np.array([1, 0]), np.array([1, 0]), 2)
NOT_FINITE = Predicted(np.array([1, 0]), np.array([1, 0]), 2, np.array([[np.nan, np.nan], [0.7, 0.3]]))
WEIGHTED = Predicted(np.array([1, 0, 1]), np.array([1, 1, 1]), 2, None, np.array([0.5, 2.0, 1.0]))
SEVERAL = Predicted(np.array([[1, 0], [0, 0]]), np.array([[1, 0], [1, 0]]), 2)
UNDEFINED = [
    ("roc_auc", ONE_CLASS, "only one class occurs"),
    ("average_precision", ONE_CLASS, "only one class occurs"),
    ("roc_auc", Predicted(np.array([0, 1]), np.array([0, 1]), 3, np.eye(3)[:2]), "1 class does not occur"),
    ("roc_auc", Predicted(np.array([0, 1]), np.array([0, 1]), 4, np.eye(4)[:2]), "2 classes do not occur"),
    *((name, NO_PROBABILITIES, "no probabilities") for name in ("roc_auc", "log_loss", "brier", "calibration_error")),
    *((name, NOT_FINITE, "a probability is not finite") for name in ("roc_auc", "log_loss", "calibration_error")),
    ("r2", numbers(0, 1, 1), "at least two samples"),
    ("mape", Predicted(np.array([[0.0], [1.0]]), np.ones((2, 1))), "a target is 0"),
    *(
        (name, Predicted(np.ones((2, 1)), np.array([[np.nan], [1.0]])), "not finite")
        for name in metrics_of("regression")
    ),
    ("balanced_accuracy", SEVERAL, "not measured for several labels"),
    ("mse", Predicted(np.full((2, 1), 1e300), np.full((2, 1), -1e300)), "too large"),
]


@pytest.mark.parametrize(("name", "rows", "reason"), UNDEFINED)
def test_what_is_undefined_has_no_value_but_a_reason(name: str, rows: Predicted, reason: str) -> None:
    score = metrics()[name].score(rows)
    assert score.value is None
    assert reason in score.reason


def test_weights_and_several_labels_count_in_the_main_metrics() -> None:
    expected = peer.accuracy_score(WEIGHTED.y, WEIGHTED.predicted, sample_weight=WEIGHTED.weights)
    assert metrics()["accuracy"].score(WEIGHTED).value == pytest.approx(expected, rel=RTOL)
    assert metrics()["accuracy"].score(WEIGHTED.take(np.array([0, 2]))).value == 1
    assert metrics()["accuracy"].score(SEVERAL).value == peer.accuracy_score(SEVERAL.y, SEVERAL.predicted) == 0.5
    rows, weights = CASES["three targets"], np.arange(1.0, 42.0)
    expected = peer.r2_score(rows.y, rows.predicted, sample_weight=weights)
    found = metrics()["r2"].score(Predicted(rows.y, rows.predicted, weights=weights))
    assert found.value == pytest.approx(expected, rel=RTOL)


@pytest.mark.parametrize("name", members(Metric))
def test_no_rows_have_no_score(name: str) -> None:
    empty = np.empty((0, 1)) if metrics()[name].task == "regression" else np.empty(0, np.int64)
    assert metrics()[name].score(Predicted(empty, empty, 2)) == (None, "there are no rows")


def test_what_one_class_allows_is_defined() -> None:
    found = {name: metric.score(ONE_CLASS).value for name, metric in metrics_of("classification").items()}
    assert found["accuracy"] == found["balanced_accuracy"] == 0.5
    assert found["f1"] == pytest.approx(1 / 3)
    assert found["log_loss"] == pytest.approx(-(np.log(0.6) + np.log(0.3)) / 2)


def test_metrics_of_a_sample_of_rows_are_those_of_the_rows() -> None:
    rows, chosen = CASES["five classes"], np.array([3, 3, 0, 1, 2, 4, 7, 9])
    sample = rows.take(chosen)
    np.testing.assert_array_equal(sample.y, rows.y[chosen])
    assert metrics()["accuracy"].score(sample).value == np.mean(rows.y[chosen] == rows.predicted[chosen])
