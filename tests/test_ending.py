"""How a run ends: divergence, the best weights, and what is measured on those that are kept."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.artifacts.model import Model
from nntrain.training.divergence import Growth
from nntrain.training.engine import Engine
from nntrain.training.events import Baseline, EpochEnded, Finished, StepsDone, Stopped
from nntrain.training.evidence import rise, systematic
from nntrain.training.loop import train
from nntrain.training.stopping import Best
from nntrain.utils.resources import shipped_recipes
from tests.helpers import CommandLine, built, finished, run

LINE = shipped_recipes()["line"].read_text()
MOONS: dict[str, Any] = {"data": {"source": {"name": "moons", "rows": 60, "noise": 0.5}}, "model": {"hidden": [64, 64]}}


def losses_of(events: list[Any]) -> list[float]:
    return [event.train_loss for event in events if isinstance(event, EpochEnded)]


@pytest.mark.parametrize("rate", [0.085, 0.086])
def test_a_loss_beyond_use_is_divergence_and_the_best_weights_are_kept(
    nntrain: CommandLine, tmp_path: Path, rate: float
) -> None:
    """The line's largest curvature is 23.7: from a rate of 0.0844 on, the loss grows without end, and stays finite."""
    fit = ("fit", shipped_recipes()["line"], "--set", f"optimizer.lr={rate}")
    ended = nntrain(*fit, "--out", tmp_path / "run", "--json")
    assert ended.status == 3
    summary = ended.json
    assert (summary["stopped"], summary["kept"], summary["best_epoch"]) == ("diverged", "best", 0)
    assert summary["diverged"]["where"] == "the training loss"
    assert summary["diverged"]["grown_to"] == summary["final"]["train"]["loss"] > 1e90
    assert summary["train"]["loss"] == summary["best"]["train"]["loss"] < 100
    assert "diverged: from epoch" in ended.err
    assert "kept the initial weights, which had the lowest training loss" in ended.err
    model, engine = Model.load(tmp_path / "run" / "model.safetensors"), Engine(built(LINE).plan)
    np.testing.assert_array_equal(model.theta, engine.theta)


def test_a_rate_just_below_the_limit_is_not_divergence(nntrain: CommandLine, tmp_path: Path) -> None:
    fit = ("fit", shipped_recipes()["line"], "--set", "optimizer.lr=0.084")
    assert nntrain(*fit, "--out", tmp_path / "run", "-q").status == 0


def test_a_comparison_counts_it_as_diverged(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = shipped_recipes()["line"]
    options = ("--lrs", "0.05,0.085", "--seeds", "2", "--measure", "train.loss", "--out", tmp_path / "out", "--json")
    small, large = nntrain("compare", recipe, *options).json["variants"]
    found = {variant["name"]: variant["default"]["diverged"] for variant in (small, large)}
    assert sorted(found.values()) == [0, 1]  # shares of the runs


def test_a_loss_that_rises_and_comes_back_is_not_divergence() -> None:
    growth = Growth(Baseline(1.0, None, 0.0))
    assert growth.divergence(1e30) is None  # the first loss is not known: a search
    growth.begin(3.0)
    growth.record(2.0, 1, 10, 0.1)
    growth.record(1e6, 2, 20, 0.1)
    assert growth.divergence(29.9) is None
    growth.record(1e7, 3, 30, 0.2)
    growth.record(2.5, 4, 40, 0.2)
    growth.record(1e8, 5, 50, 0.3)
    growth.record(1e9, 6, 60, 0.4)
    found = growth.divergence(1e9)
    assert found is not None
    assert (found.epoch, found.step, found.learning_rate, found.grown_to) == (5, 50, 0.3, 1e9)


@pytest.mark.parametrize(("baseline", "first", "limit"), [(-2.0, -1.0, 17.0), (5.0, -2.5, 77.0), (-3.0, -3.0, np.inf)])
def test_growth_is_counted_from_the_lower_bound(baseline: float, first: float, limit: float) -> None:
    growth = Growth(Baseline(baseline, None, -3.0))
    growth.begin(first)
    assert growth.limit == limit


@pytest.mark.parametrize(("loss", "rows"), [("mse", 1), ("sum_squared_error", 100)])
def test_a_run_that_recovers_from_a_large_rise_ends_well(loss: str, rows: int) -> None:
    """Momentum at nearly its largest stable rate: swings grow to many times the first, and die away."""
    recipe: dict[str, Any] = {
        "data": {"source": {"name": "line", "rows": 100}, "validation": 0, "test": 0},
        "model": {"hidden": []},
        "loss": loss,
        "optimizer": {"name": "momentum", "lr": 1.965 / rows, "momentum": 0.97},
        "training": {"epochs": 1000, "batch_size": "full", "dtype": "float64"},
    }
    engine, events = run(recipe)
    losses = losses_of(events)
    assert max(losses) > 20 * max(losses[0], engine.baseline["train"].loss)
    assert losses[-1] < 0.1 * losses[0]
    assert finished(events).stopped is Stopped.EPOCHS
    recipe["training"]["epochs"] = int(np.argmax(losses))
    assert finished(run(recipe)[1]).stopped is Stopped.DIVERGED


BLOCKS: list[dict[str, Any]] = [{}, {"schedule": {"name": "reduce_on_plateau", "per": "epoch", "patience": 10_000}}]


@pytest.mark.parametrize("schedule", BLOCKS, ids=["in blocks", "epoch by epoch"])
@pytest.mark.parametrize("epochs", [40, 77])
def test_without_validation_the_best_epoch_is_that_of_the_weights_with_the_lowest_loss(
    schedule: dict[str, Any], epochs: int
) -> None:
    """A full batch's loss is that of the weights before its step, those that the epoch before it has left."""
    recipe = {
        "data": {"source": {"name": "line", "rows": 50}, "validation": 0, "test": 0},
        "model": {"hidden": []},
        "optimizer": {"name": "momentum", "lr": 0.3, "momentum": 0.98},
        "training": {"epochs": epochs, "batch_size": "full", "dtype": "float64"},
    }
    engine, events = run({**recipe, **schedule})
    after = [*losses_of(events)[1:], engine.score(engine.train).loss]  # each epoch
    last, best = finished(events), int(np.argmin(after)) + 1
    assert 1 < best < epochs
    assert last.best_epoch == best
    assert last.best["train"].loss == pytest.approx(min(after), rel=1e-9)
    assert last.final["train"].loss == pytest.approx(after[-1], rel=1e-9)


def test_the_last_weights_are_best_where_the_loss_falls_to_the_end() -> None:
    recipe = {"data": {"source": "line_table", "validation": 0, "test": 0}, "model": {"hidden": []}}
    for batch in ("full", 2):
        last = finished(run({**recipe, "optimizer": "sgd", "training": {"epochs": 9, "batch_size": batch}})[1])
        assert (last.best_epoch, last.best) == (9, last.final)


def test_the_weights_that_are_kept_have_the_lowest_validation_loss_whatever_counts_as_an_improvement() -> None:
    training = {"epochs": 100, "early_stopping": {"patience": 5, "min_delta": 0.02}}
    engine, events = run({**MOONS, "training": training})
    losses = [event.validation.loss for event in events if isinstance(event, EpochEnded) and event.validation]
    last = finished(events)
    assert last.stopped is Stopped.EARLY
    assert last.best_epoch == int(np.argmin(losses)) + 1
    assert engine.score(engine.splits["validation"]).loss == pytest.approx(min(losses), rel=1e-6)
    counted = next(e for e in range(len(losses)) if min(losses[: e + 1]) - min(losses[e + 1 :]) <= 0.02)
    assert last.best_epoch > counted  # an epoch that was lower, but not by enough


def test_patience_counts_from_the_last_improvement_that_counts() -> None:
    best = Best(np.zeros(1), min_delta=0.5)
    lowest = [best.record(loss, epoch, np.array([float(epoch)])) for epoch, loss in enumerate([9, 8.8, 8.4, 8.3, 9], 1)]
    assert lowest == [True, True, True, True, False]
    assert (best.epoch, best.loss, best.weights.tolist(), best.waited) == (4, 8.3, [4.0], 2)


def test_a_run_that_is_interrupted_in_an_epoch_keeps_the_best_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last whole epoch was the best: what was trained after it is not kept where the best weights are asked for."""
    monkeypatch.setattr("nntrain.training.loop.CALL_SECONDS", 0.0)  # a step a call
    training = {"epochs": 50, "batch_size": 1, "early_stopping": {}, "lookahead": {"period": 1, "alpha": 1.0}}
    engine = Engine(built({**MOONS, "training": training}).plan)
    events: list[Any] = []
    for event in train(engine, lambda: len(events) > 1 and isinstance(events[-1], StepsDone) and events[-1].epoch == 2):
        events.append(event)
        if isinstance(event, EpochEnded):
            best = engine.theta.copy()
    last = finished(events)
    assert (last.stopped, last.epochs, last.best_epoch) == (Stopped.INTERRUPTED, 1, 1)
    assert last.steps > 42  # more than an epoch
    assert (engine.theta == best).all()
    assert last.best != last.final


def test_what_is_not_noise_is_what_neighbors_have_in_common() -> None:
    """A line leaves the wave of a sine, and nothing of a line but noise."""
    found = {}
    for source in ("line", "sine"):
        recipe = {
            "data": {"source": {"name": source, "rows": 400, "noise": 0.3}},
            "model": {"hidden": []},
            "optimizer": "lbfgs",
        }
        share = finished(run(recipe)[1]).systematic
        assert share is not None
        found[source] = share
    assert abs(found["line"].value) < 3 * found["line"].error
    rest, noise = 0.5 - 3 / np.pi**2, 0.3**2  # the mean square of sin x - (3/π²) x over a period, and of the noise
    assert found["sine"].value == pytest.approx(rest / (rest + noise), abs=3 * found["sine"].error)


def test_rows_with_the_same_features_are_no_neighbors(tmp_path: Path) -> None:
    """Rows that a table holds twice, target and all, would make noise look like something to learn."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(200, 3)), random.normal(size=200)
    rows = "\n".join(f"{a},{b},{c},{d}" for _ in range(2) for (a, b, c), d in zip(x.tolist(), y.tolist(), strict=True))
    (tmp_path / "twice.csv").write_text(f"a,b,c,y\n{rows}\n")
    source = {"name": "csv", "path": str(tmp_path / "twice.csv"), "target": "y"}
    engine = Engine(built({"data": {"source": source}, "model": {"hidden": []}}).plan)
    engine.theta[:] = 0
    share = systematic(engine)
    assert share is not None
    assert abs(share.value) < 4 * share.error


def test_the_unit_of_a_feature_means_nothing_to_neighbors() -> None:
    recipe: dict[str, Any] = {"data": {"source": "wine", "standardize": True}, "model": {"hidden": []}}
    shares = []
    for standardize in (True, False):
        recipe["data"]["standardize"] = standardize
        engine = Engine(built(recipe).plan)
        engine.theta[:] = 0
        shares.append(systematic(engine))
    assert shares[0] == pytest.approx(shares[1], rel=1e-6)


def test_few_rows_and_solved_problems_have_nothing_systematic() -> None:
    few = {"data": {"source": "line_table", "validation": 0, "test": 0}, "model": {"hidden": []}}
    assert finished(run(few)[1]).systematic is None
    solved = Engine(built({"data": {"source": {"name": "line", "noise": 0}}, "model": {"hidden": []}}).plan)
    solved.train.target[:] = solved.outputs(solved.train)
    assert systematic(solved) is None


def test_a_rise_is_the_difference_of_two_losses_and_knows_its_error() -> None:
    for loss in ("mse", "sum_squared_error"):
        engine = Engine(built({"data": {"source": {"name": "line", "rows": 400}}, "loss": loss}).plan)
        last, best = engine.theta.copy(), engine.theta * 0.5
        scores = []
        for theta in (last, best):
            engine.theta[:] = theta
            scores.append(engine.score(engine.splits["validation"]).loss)
        found = rise(engine, last, best)
        assert found is not None
        assert found.value == pytest.approx(scores[0] - scores[1], rel=1e-4)
        assert 0 < found.error < abs(found.value)
        same = rise(engine, last, last)
        assert same == (0, 0)


def test_a_comparison_measures_no_evidence() -> None:
    (*_, last) = train(Engine(built({**MOONS, "training": {"epochs": 3}}).plan), statistics=False)
    assert isinstance(last, Finished)
    assert (last.rise, last.validation_loss, last.systematic) == (None, None, None)


def test_the_summary_holds_what_the_verdict_rests_on(nntrain: CommandLine, tmp_path: Path) -> None:
    nntrain("fit", shipped_recipes()["overfit"], "--out", tmp_path / "run", "-q")
    evidence = json.loads((tmp_path / "run" / "summary.json").read_text())["evidence"]
    assert evidence["baseline"]["train"] == {"loss": pytest.approx(np.log(2), rel=1e-6), "accuracy": 0.5}
    assert evidence["rise"]["value"] > 0
    assert evidence["validation_loss"].keys() == evidence["systematic"].keys() == {"value", "error"}
