"""The scikit-learn estimators: scikit-learn's own checks, its loss curves, and what they can do beyond."""

import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn import neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data, parametrize_with_checks

from nntrain import MLPClassifier, MLPRegressor
from nntrain.artifacts.model import Model
from nntrain.network.thread_pool import ThreadPool
from nntrain.optimizers import Optimizer
from nntrain.registry import members
from nntrain.training.events import EpochEnded

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = NDArray[Any]
VARIANTS: list[dict[str, Any]] = [
    {},
    {"norm": "batch", "dropout": 0.1, "optimizer": {"name": "adamw", "lr": 0.01}},
    {"solver": "lbfgs"},
]


CHECKED = [MLPClassifier(**VARIANTS[1]), MLPRegressor(**VARIANTS[2])]
OTHERS = [MLPClassifier(), MLPClassifier(**VARIANTS[2]), MLPRegressor(), MLPRegressor(**VARIANTS[1])]


def run_check(estimator: Any, check: Any) -> None:
    repeats_rows = check.func is check_sample_weight_equivalence_on_dense_data
    if repeats_rows and (estimator.dropout or estimator.norm == "batch"):
        pytest.skip("a repeated row is no heavier row: dropout draws a mask for each row, and batch norm counts rows")
    check(estimator)


@parametrize_with_checks(CHECKED)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass(estimator: Any, check: Callable[[Any], None]) -> None:
    run_check(estimator, check)


@pytest.mark.filterwarnings("ignore")
def test_a_heavier_row_is_a_repeated_row() -> None:
    check_sample_weight_equivalence_on_dense_data("MLPClassifier", MLPClassifier(max_iter=100))


@pytest.mark.exhaustive
@parametrize_with_checks(OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass_in_other_variants(estimator: Any, check: Callable[[Any], None]) -> None:
    run_check(estimator, check)


@pytest.fixture(scope="module")
def digits() -> tuple[Array, Array]:
    X, y = load_digits(return_X_y=True)
    return X[:700] / 16, y[:700]


@pytest.fixture(scope="module")
def cancer() -> tuple[Array, Array]:
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def numbers() -> tuple[Array, Array]:
    X, y = make_regression(400, 6, n_informative=5, noise=5.0, random_state=0)
    return StandardScaler().fit_transform(X), y / y.std()


def both(kind: str, X: Array, y: Array, **keys: Any) -> tuple[Any, Any]:
    """Return scikit-learn's estimator and ours, with the same parameters, fitted."""
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[kind]
    return getattr(neural_network, kind)(**keys).fit(X, y), ours(**keys).fit(X, y)


def assert_same(theirs: Any, ours: Any) -> None:
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    for here, there in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-6, atol=1e-9)
    for name in ("best_loss_", "loss_", "best_validation_score_", "validation_scores_"):
        expected = getattr(theirs, name)
        assert getattr(ours, name) == (None if expected is None else pytest.approx(expected, rel=1e-9)), name
    for name in ("t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize(
    "keys",
    [
        {"max_iter": 15},
        {"max_iter": 15, "shuffle": False, "batch_size": 100},
        {"max_iter": 10, "activation": "logistic", "alpha": 1.0, "hidden_layer_sizes": (20, 15), "batch_size": 37},
        {"max_iter": 10, "activation": "tanh", "alpha": 0.0, "hidden_layer_sizes": 30},
        {"max_iter": 10, "activation": "identity"},
        {"max_iter": 60, "early_stopping": True, "learning_rate_init": 0.01},
        {"max_iter": 15, "solver": "sgd", "learning_rate_init": 0.2},
        {"max_iter": 15, "solver": "sgd", "learning_rate_init": 0.2, "nesterovs_momentum": False},
        {"max_iter": 15, "solver": "sgd", "learning_rate_init": 0.2, "momentum": 0, "learning_rate": "invscaling"},
        {"max_iter": 200, "solver": "sgd", "learning_rate_init": 0.5, "learning_rate": "adaptive", "tol": 0.01},
        {"max_iter": 100, "tol": 0.02, "n_iter_no_change": 3},
    ],
    ids=str,
)
def test_the_loss_curve_is_scikit_learns(digits: tuple[Array, Array], keys: dict[str, Any]) -> None:
    """Same weights at first, same order, same penalty, same stopping: the numbers agree to rounding."""
    assert_same(*both("MLPClassifier", *digits, random_state=3, **keys))


@pytest.mark.parametrize("keys", [{}, {"early_stopping": True}], ids=str)
def test_two_classes_too(cancer: tuple[Array, Array], keys: dict[str, Any]) -> None:
    X, y = cancer
    theirs, ours = both("MLPClassifier", X, np.where(y == 1, "good", "bad"), random_state=0, max_iter=40, **keys)
    assert_same(theirs, ours)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-7, atol=1e-12)
    assert (ours.predict(X) == theirs.predict(X)).all()


@pytest.mark.parametrize("keys", [{}, {"early_stopping": True}, {"solver": "sgd", "batch_size": 32}], ids=str)
def test_regression_too(numbers: tuple[Array, Array], keys: dict[str, Any]) -> None:
    X, y = numbers
    theirs, ours = both("MLPRegressor", X, y, random_state=0, max_iter=40, **keys)
    assert_same(theirs, ours)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7, atol=1e-9)


def test_of_several_targets_the_loss_is_the_one_whose_gradient_is_followed(numbers: tuple[Array, Array]) -> None:
    X, y = numbers
    theirs, ours = both("MLPRegressor", X, np.stack([y, y**2], axis=1), random_state=0, max_iter=20, alpha=0.0, tol=0)
    np.testing.assert_allclose(ours.loss_curve_, 2 * np.array(theirs.loss_curve_), rtol=1e-9)
    assert ours.predict(X).shape == (len(X), 2)


def test_lbfgs_takes_scikit_learns_steps(digits: tuple[Array, Array]) -> None:
    theirs, ours = both("MLPClassifier", *digits, solver="lbfgs", random_state=0, max_iter=10)
    assert ours.n_iter_ == theirs.n_iter_ == 10
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)


def test_partial_fit_goes_on_as_scikit_learns(digits: tuple[Array, Array]) -> None:
    X, y = digits
    theirs, ours = neural_network.MLPClassifier(random_state=1), MLPClassifier(random_state=1)
    for start in range(0, 700, 140):
        for estimator in (theirs, ours):
            estimator.partial_fit(X[start : start + 140], y[start : start + 140], classes=np.arange(10))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-6, atol=1e-9)
    assert ours.t_ == theirs.t_
    with pytest.raises(ValueError, match="classes that are not in classes_"):
        ours.partial_fit(X[:2], [11, 12])


def test_warm_start_goes_on_from_the_weights(digits: tuple[Array, Array]) -> None:
    X, y = digits
    theirs = neural_network.MLPClassifier(random_state=1, warm_start=True, max_iter=5)
    ours = MLPClassifier(random_state=1, warm_start=True, max_iter=5)
    for _ in range(3):
        theirs.fit(X, y)
        ours.fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    with pytest.raises(ValueError, match="layers"):
        ours.set_params(hidden_layer_sizes=(3,)).fit(X, y)


def test_a_run_that_stops_at_max_iter_warns(digits: tuple[Array, Array]) -> None:
    with pytest.warns(ConvergenceWarning, match="increase max_iter"):
        MLPClassifier(max_iter=2).fit(*digits)


SAMPLE = {"sgd", "adam", "lbfgs", "rprop", "exhaustive"}
OPTIMIZERS = [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.exhaustive) for name in members(Optimizer)]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_trains(name: str, cancer: tuple[Array, Array]) -> None:
    X, y = cancer
    search = members(Optimizer)[name].keeps_best
    hidden, features, alpha = ((), 1, 0.0) if search else ((8,), 30, 1e-4)
    model = MLPClassifier(hidden, optimizer=name, alpha=alpha, max_iter=100, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X[:, :features], y)
    assert model.loss_curve_[-1] <= model.loss_curve_[0]
    assert np.isfinite(model.coefs_[0]).all()


def test_what_scikit_learn_has_not(cancer: tuple[Array, Array]) -> None:
    X, y = cancer
    model = MLPClassifier(
        ({"units": 16, "activation": {"name": "leaky_relu", "slope": 0.1}}, {"units": 8, "dropout": 0.2}),
        activation="gelu",
        optimizer={"name": "nadam", "lr": 0.005},
        schedule={"name": "cosine"},
        initializer="he_normal",
        norm="batch",
        class_weight="balanced",
        loss={"name": "bce"},
        regularization={"clip_norm": 1.0, "weight_decay": 0.01},
        averaging={"name": "ema", "decay": 0.9},
        sam={"rho": 0.01},
        dtype="float32",
        max_iter=20,
        random_state=0,
    )
    model.fit(X[:400], y[:400], validation_data=(X[400:], y[400:]))
    assert model.validation_loss_curve_ is not None
    assert len(model.validation_loss_curve_) == len(model.loss_curve_) == model.n_iter_
    assert model.coefs_[0].dtype == np.float32
    assert model.score(X[400:], y[400:]) > 0.9
    assert [layer.activation.name for layer in model.to_model().network.layers] == ["leaky_relu", "gelu", "identity"]


def test_sam_takes_the_gradient_at_a_higher_point(cancer: tuple[Array, Array]) -> None:
    """One step of SGD: its length is that of another gradient, but the loss is still that at the start."""
    X, y = cancer
    keys: dict[str, Any] = {"optimizer": {"name": "sgd", "lr": 0.1}, "max_iter": 1, "batch_size": len(X)}
    plain, sharp = (
        MLPClassifier((3,), activation="tanh", random_state=0, sam=sam, **keys).fit(X, y)
        for sam in (None, {"rho": 0.5})
    )
    assert sharp.loss_curve_ == plain.loss_curve_
    assert np.abs(sharp.coefs_[0] - plain.coefs_[0]).max() > 1e-4
    with pytest.raises(ValueError, match="rho"):
        MLPClassifier(sam={"rho": -1}).fit(X, y)


def test_class_weights_are_by_label(cancer: tuple[Array, Array]) -> None:
    X, y = cancer
    labels = np.where(y == 1, "good", "bad")
    keys: dict[str, Any] = {"hidden_layer_sizes": (4,), "random_state": 0, "max_iter": 50}
    bad = MLPClassifier(class_weight={"bad": 100.0}, **keys).fit(X, labels)
    good = MLPClassifier(class_weight={"good": 100.0}, **keys).fit(X, labels)
    assert (bad.predict(X) == "bad").sum() > (good.predict(X) == "bad").sum()
    with pytest.raises(ValueError, match="not in y"):
        MLPClassifier(class_weight={"ugly": 1.0}).fit(X, labels)


def test_callbacks_see_each_epoch_and_can_stop(digits: tuple[Array, Array]) -> None:
    seen = []

    def watch(estimator: Any, event: EpochEnded) -> bool:
        seen.append(event.train_loss)
        assert event.gradient_norm
        assert event.gradient_norm > 0
        return event.epoch == 4

    model = MLPClassifier(callbacks=[watch], alpha=0.0, random_state=0).fit(*digits)
    assert model.n_iter_ == 4
    assert seen == model.loss_curve_


def test_the_same_random_state_gives_the_same_model(digits: tuple[Array, Array]) -> None:
    keys: dict[str, Any] = {"max_iter": 3, "dropout": 0.3}
    first, again, other = (MLPClassifier(random_state=seed, **keys).fit(*digits) for seed in (0, 0, 1))
    assert (first.coefs_[0] == again.coefs_[0]).all()
    assert (first.coefs_[0] != other.coefs_[0]).any()
    free = MLPClassifier(**keys)
    assert (clone(free).fit(*digits).coefs_[0] != free.fit(*digits).coefs_[0]).any()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"activation": "rellu"}, "did you mean relu"),
        ({"solver": "adamw"}, "optimizer takes all others"),
        ({"optimizer": {"name": "adam", "beta": 0.9}}, "unknown key"),
        ({"hidden_layer_sizes": (0,)}, "must be > 0"),
        ({"alpha": -1.0}, "not negative"),
        ({"batch_size": 0}, "positive integer"),
        ({"learning_rate": "cosine"}, "schedule takes all others"),
        ({"max_iter": 0}, "epochs"),
        ({"loss": "mse", "optimizer": {"name": "sgd", "lr": 1e9}, "activation": "identity"}, "diverged"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_a_value_error(digits: tuple[Array, Array], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**keys).fit(*digits)


def test_numpy_numbers_are_parameters_too(digits: tuple[Array, Array]) -> None:
    keys: dict[str, Any] = {"max_iter": np.int64(2), "beta_1": np.float32(0.9), "batch_size": np.int32(50)}
    model = MLPClassifier(np.array([8, 4]), alpha=np.float64(0.1), **keys)
    assert len(model.fit(*digits).coefs_) == 3


def test_probabilities_are_there_only_if_the_loss_models_them(digits: tuple[Array, Array]) -> None:
    X, y = digits
    assert not hasattr(MLPClassifier(loss="hinge"), "predict_proba")
    model = MLPClassifier(loss="hinge", max_iter=5).fit(X, y == 0)
    assert model.predict(X).dtype == bool
    np.testing.assert_allclose(MLPClassifier(max_iter=5).fit(X, y).predict_proba(X).sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(("text", "allowed"), [("1", 1), ("", None), ("many", None)])
def test_threads_do_not_multiply_with_those_of_joblib(
    text: str, allowed: int | None, digits: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joblib sets OMP_NUM_THREADS in its workers; results do not depend on the number of threads."""
    wide: dict[str, Any] = {"hidden_layer_sizes": (500, 500), "max_iter": 2, "random_state": 0}
    expected = MLPClassifier(**wide).fit(*digits).predict_proba(digits[0])
    seen: list[int | None] = []
    pool = ThreadPool.__init__

    def noting(self: ThreadPool, dtype: Any, largest: int, n_threads: int | None = None) -> None:
        seen.append(n_threads)
        pool(self, dtype, largest, n_threads)

    monkeypatch.setattr(ThreadPool, "__init__", noting)
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert (MLPClassifier(**wide).fit(*digits).predict_proba(digits[0]) == expected).all()
    assert set(seen) == {allowed}


def test_tools_of_scikit_learns(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    frame = pl.DataFrame(X, schema=["a", "b", "c", "d"])
    columns = ColumnTransformer([("scaled", StandardScaler(), ["a", "b", "c"])], remainder="passthrough")
    model = make_pipeline(columns.set_output(transform="polars"), MLPClassifier((8,), max_iter=200, random_state=0))
    grid = GridSearchCV(model, {"mlpclassifier__alpha": np.logspace(-3, 0, 2)}, cv=2, n_jobs=2)
    assert grid.fit(frame, y).best_score_ > 0.6
    network = grid.best_estimator_[-1]
    assert list(network.feature_names_in_) == columns.fit(frame).get_feature_names_out().tolist()
    scores = cross_validate(MLPRegressor((8,), max_iter=30), X, y, cv=2)
    assert len(scores["test_score"]) == 2
    calibrated = CalibratedClassifierCV(MLPClassifier((8,), max_iter=30), cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (150, 3)
    again = pickle.loads(pickle.dumps(network))  # noqa: S301 - our own
    z = columns.fit(frame).transform(frame)
    assert (again.predict_proba(z) == network.predict_proba(z)).all()


def test_a_fitted_estimator_is_saved_as_a_model(nntrain: Any, tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    frame = pl.DataFrame(X, schema=["a", "b", "c", "d"])
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    model = MLPClassifier((8,), max_iter=30, random_state=0).fit(frame, labels)
    model.save(tmp_path / "iris.safetensors")
    loaded = Model.load(tmp_path / "iris.safetensors")
    assert loaded.classes == ("setosa", "versicolor", "virginica")
    frame.write_csv(tmp_path / "rows.csv")
    printed = nntrain("predict", tmp_path / "iris.safetensors", tmp_path / "rows.csv").out.split()
    assert printed == ["y", *model.predict(frame)]
    assert "--data" in nntrain("evaluate", tmp_path / "iris.safetensors").err


def test_importing_the_package_is_instant() -> None:
    code = "import sys, nntrain; print(*sys.modules); assert nntrain.MLPClassifier; assert 'sklearn' in sys.modules"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "sklearn", "numba", "pydantic", "typer", "polars"} & set(loaded)
    assert "MLPRegressor" in dir(__import__("nntrain"))
    with pytest.raises(AttributeError, match="MLPClasifier"):
        __import__("nntrain").MLPClasifier  # noqa: B018


def test_unsuitable_classes_and_validation_data_are_refused() -> None:
    x = np.arange(12.0).reshape(4, 3)
    with pytest.raises(ValueError, match=r"^found one class, 1\.0; a classifier needs two$"):
        MLPClassifier().fit(x, np.ones(4))
    wrong: list[Any] = [x[:2], (x,), [x, x, x, x]]
    for held_out in wrong:
        with pytest.raises(ValueError, match=r"must be \(X, y\) or \(X, y, sample_weight\)"):
            MLPRegressor().fit(x, x[:, 0], validation_data=held_out)
