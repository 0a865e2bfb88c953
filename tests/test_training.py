"""Training as a loop of events: batches, orders, losses, when it ends, and what it keeps."""

from typing import Any

import numpy as np
import pytest

from nntrain.training.divergence import penalty_that_grows
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Started, Stopped
from tests.helpers import built, finished, run

MOONS: dict[str, Any] = {"data": {"source": "moons"}, "model": {"hidden": [8]}, "training": {"epochs": 12}}


def test_a_step_that_is_not_full_is_taken_too() -> None:
    """500 rows, 350 to train on, batches of 100: four steps an epoch, the last one of 50 rows."""
    _, events = run({**MOONS, "training": {"epochs": 2, "batch_size": 100}})
    assert [event.step for event in events if isinstance(event, EpochEnded)] == [4, 8]


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows() -> None:
    """Not over its batches, of which the last is smaller; at this rate the weights stay where they are."""
    still = {"optimizer": {"name": "sgd", "lr": 1e-12}, "training": {"epochs": 1, "batch_size": 100}}
    engine, events = run({**MOONS, **still})
    (ended,) = [event for event in events if isinstance(event, EpochEnded)]
    assert ended.train_loss == pytest.approx(engine.score(engine.train).loss, rel=1e-5)


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 350), ("full", 1), (350, 1), (349, 2)])
def test_batch_sizes(batch_size: int | str, steps: int) -> None:
    _, events = run({**MOONS, "training": {"epochs": 1, "batch_size": batch_size}})
    assert finished(events).steps == steps


def test_the_training_loss_is_that_of_all_rows() -> None:
    """With a rate of almost zero all batches see the same weights: their combined loss is that of the part."""
    for loss in ("cross_entropy", "mse", "sum_squared_error"):
        _, events = run({**MOONS, "loss": loss, "optimizer": {"name": "sgd", "lr": 1e-300}, "training": {"epochs": 1}})
        (epoch,) = [event for event in events if isinstance(event, EpochEnded)]
        assert epoch.train_loss == pytest.approx(finished(events).final["train"].loss, rel=1e-5)


def test_every_epoch_has_an_order_of_its_own_and_sees_every_row() -> None:
    plan = built(MOONS).plan
    first, second = plan.order(0)[:], plan.order(1)[:]
    assert (first != second).any()
    assert sorted(first) == sorted(second) == list(range(350))


def test_early_stopping_keeps_the_best_weights() -> None:
    recipe = {
        "data": {"source": {"name": "moons", "rows": 60, "noise": 0.5}},
        "model": {"hidden": [64, 64]},
        "optimizer": {"lr": 0.01},
        "training": {"epochs": 500, "early_stopping": {"patience": 7}},
    }
    engine, events = run(recipe)
    losses = [event.validation.loss for event in events if isinstance(event, EpochEnded) and event.validation]
    last = finished(events)
    assert last.stopped is Stopped.EARLY
    assert last.kept == "best"
    assert last.best_epoch == int(np.argmin(losses)) + 1
    assert last.epochs == last.best_epoch + 7
    assert engine.score(engine.splits["validation"]).loss == pytest.approx(min(losses), rel=1e-6)
    assert last.best["validation"].loss < last.final["validation"].loss


def test_descent_stops_under_the_gradient_tolerance() -> None:
    training = {"epochs": 10_000, "batch_size": "full", "grad_tol": 1e-3, "dtype": "float64"}
    recipe = {
        "data": {"source": "line_table", "validation": 0, "test": 0, "standardize": False},
        "model": {"hidden": []},
        "optimizer": {"name": "sgd", "lr": 0.05},
        "training": training,
    }
    _, events = run(recipe)
    last = finished(events)
    norms = [event.gradient_norm or 0.0 for event in events if isinstance(event, EpochEnded)]
    assert last.stopped is Stopped.GRADIENT
    assert norms[-1] <= 1e-3 < norms[-2]


def test_the_cooling_rate_is_the_one_of_the_formula() -> None:
    schedule = {"name": "inverse_time_decay", "eps": 0.5, "per": "epoch"}
    _, events = run({**MOONS, "optimizer": {"lr": 0.1}, "schedule": schedule})
    rates = [event.learning_rate for event in events if isinstance(event, EpochEnded)]
    assert rates == pytest.approx([0.1 / (1 + 0.5 * k) for k in range(12)])


def test_float32_and_float64_agree() -> None:
    """The same batches and almost the same weights: what one shows the other shows too."""
    scores = [
        finished(run({**MOONS, "training": {"epochs": 3, "dtype": dtype}})[1]).final for dtype in ("float32", "float64")
    ]
    assert scores[0]["train"].loss == pytest.approx(scores[1]["train"].loss, rel=1e-4)


def test_dead_units_are_those_that_are_zero_for_every_row_of_the_probe() -> None:
    model = {"hidden": [4], "bias_initializer": {"name": "constant", "value": -1e3}}
    _, events = run({**MOONS, "model": model, "training": {"epochs": 1}})
    assert [layer.dead for layer in finished(events).layers] == [1.0, None]
    model["bias_initializer"] = {"name": "constant", "value": 1e3}
    _, events = run({**MOONS, "model": model, "training": {"epochs": 1}})
    assert [layer.dead for layer in finished(events).layers] == [0.0, None]


def test_zeros_never_learn_more_than_the_output_bias() -> None:
    """H: all units of a layer stay equal, and with ReLU the weights stay zero altogether."""
    engine, _ = run({**MOONS, "model": {"hidden": [4], "initializer": "zeros"}})
    (W1, b1), (W2, b2) = engine.plan.network.views(engine.theta)
    assert not W1.any()
    assert not b1.any()
    assert not W2.any()
    assert b2.any()


@pytest.mark.parametrize("optimizer", ["adam", "amsgrad", "rmsprop"])
def test_a_state_that_overflows_is_divergence_and_not_a_run_that_stands_still(optimizer: str) -> None:
    """The mean of squares of a gradient of 1e21 is infinite in float32, and all later steps would be 0."""
    source = {"name": "given", "x": [[1e21], [2e21]], "o": [1, 2]}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False}
    recipe = {"data": data, "model": {"hidden": []}, "loss": "mae", "optimizer": {"name": optimizer, "lr": 1e-30}}
    _, events = run({**recipe, "training": {"epochs": 3}})
    diverged = finished(events).diverged
    assert diverged is not None
    assert diverged.step == 1
    assert "layer 1" in diverged.where
    _, events = run({**recipe, "training": {"epochs": 3, "dtype": "float64"}})
    assert finished(events).diverged is None


def test_running_averages_that_overflow_are_named() -> None:
    source = {"name": "given", "x": [[1e300], [2e300], [-1e300]], "o": [1, 2, 3]}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False}
    _, events = run({"data": data, "model": {"hidden": [3], "norm": "batch"}, "training": {"dtype": "float64"}})
    diverged = finished(events).diverged
    assert diverged is not None
    assert diverged.where == "the running averages of layer 1 (dense 1→3 relu)"


def test_divergence_names_the_penalty_that_makes_the_weights_grow() -> None:
    """A step of sgd takes lr l2 times a weight off it: beyond 2, what is left is larger than before."""

    def blamed(optimizer: dict[str, Any], **regularization: float) -> str | None:
        engine = Engine(built({**MOONS, "optimizer": optimizer, "regularization": regularization}).plan)
        return penalty_that_grows(engine.plan, engine.plan.optimizer.lr)

    assert blamed({"name": "sgd", "lr": 0.3}, l2=10) == "regularization.l2"
    assert blamed({"name": "sgd", "lr": 0.3}, l2=6.6) is None
    assert blamed({"name": "sgd", "lr": 0.3}, l2=6.7) == "regularization.l2"
    assert blamed({"name": "momentum", "lr": 0.3}, l2=10) is None  # of momentum 0.9 the limit is 3.8
    assert blamed({"name": "momentum", "lr": 0.3}, l2=13) == "regularization.l2"
    assert blamed({"name": "adam", "lr": 0.3}, l2=1e6) is None
    assert blamed({"name": "adam", "lr": 0.3}, weight_decay=7) == "regularization.weight_decay"
    assert blamed({"name": "adamw", "lr": 0.3, "weight_decay": 7.0}) == "optimizer.weight_decay"
    assert blamed({"name": "lbfgs"}, l2=100) is None


def test_divergence_names_the_first_layer_whose_numbers_are_not_finite() -> None:
    recipe = {
        "data": {"source": "diabetes", "standardize_target": True},
        "model": {"hidden": [8, 8]},
        "optimizer": {"name": "sgd", "lr": 1e30},
        "training": {"batch_size": "full", "dtype": "float32"},
    }
    engine, events = run(recipe)
    last = finished(events)
    assert last.diverged is not None
    assert last.diverged.step <= 3
    assert "layer" in last.diverged.where
    assert np.isfinite(engine.theta).all()


def test_the_events_of_a_run_come_in_order() -> None:
    _, events = run({**MOONS, "training": {"epochs": 3}})
    assert isinstance(events[0], Started)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2, 3]
    assert events[0].rows == {"train": 350, "validation": 75, "test": 75}
    assert events[0].probe_rows == 350
