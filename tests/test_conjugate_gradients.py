"""Conjugate gradients and their line search."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from nntrain.optimizers import Optimizer
from nntrain.optimizers.conjugate_gradients import ConjugateGradients
from nntrain.training.conjugate_directions import iterate
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Stopped
from nntrain.training.full_batch import Objective
from nntrain.training.line_search import MAX_TRIALS, LineSearch
from tests.helpers import CommandLine, built, finished, make, run

FORMULAS = ("polak-ribiere", "fletcher-reeves")
RECIPE: dict[str, Any] = {
    "data": {"source": {"name": "friedman1", "rows": 100}, "standardize_target": True},
    "model": {"hidden": [6], "activation": "tanh"},
    "optimizer": "cg",
    "training": {"epochs": 30, "dtype": "float64"},
}
LINES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "parabola": (lambda a: (a - 1) ** 2, lambda a: 2 * (a - 1)),
    "far minimum": (lambda a: (a / 100 - 1) ** 2, lambda a: (a / 100 - 1) / 50),
    "near minimum": (lambda a: (1000 * a - 1) ** 2, lambda a: 2000 * (1000 * a - 1)),
    "more and thuente 1": (
        lambda a: -a / (a * a + 2),
        lambda a: (a * a - 2) / (a * a + 2) ** 2,
    ),
    "barrier": (lambda a: -np.log(2 - a) - 2 * a if a < 2 else np.inf, lambda a: 1 / (2 - a) - 2 if a < 2 else np.nan),
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("first", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("c1", "c2"), [(1e-4, 0.4), (0.1, 0.15)])
def test_a_line_search_meets_both_conditions(line: str, first: float, c1: float, c2: float) -> None:
    value, derivative = LINES[line]
    loss, slope = value(0.0), derivative(0.0)
    search = LineSearch(lambda step: (value(step), derivative(step)), loss, slope, c1, c2)
    found = search.find(first)
    assert found is not None
    assert found is search.trials[-1]
    assert search.trials[0].step == first
    assert value(found.step) <= loss + c1 * found.step * slope
    assert abs(derivative(found.step)) <= c2 * abs(slope)


def test_a_line_without_a_minimum_ends() -> None:
    search = LineSearch(lambda step: (-step, -1.0), 0.0, -1.0, 1e-4, 0.4)
    assert search.find(1.0) is None
    assert len(search.trials) == MAX_TRIALS


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_quadratic_takes_as_many_iterations_as_it_has_curvatures(formula: str) -> None:
    """With a nearly exact line search, the directions are conjugate."""
    curvatures = np.repeat([1.0, 3.0, 10.0, 20.0], 3)
    optimizer = make(Optimizer, "cg", formula=formula, c1=1e-9, c2=1e-8, tolerance=1e-6)
    assert isinstance(optimizer, ConjugateGradients)
    start = np.linspace(-1, 2, curvatures.size)
    found = list(iterate(lambda w: (0.5 * float(curvatures @ w**2), curvatures * w), start, optimizer))
    assert len(found) == 4
    np.testing.assert_allclose(found[-1].theta, 0, atol=1e-6)


@pytest.mark.parametrize("formula", FORMULAS)
def test_it_finds_the_minimum_that_scipy_finds(formula: str) -> None:
    """Logistic regression with a penalty is convex."""
    recipe = {
        "data": {"source": "iris", "validation": 0, "test": 0},
        "model": {"hidden": []},
        "optimizer": {"name": "cg", "formula": formula, "tolerance": 1e-8},
        "regularization": {"l2": 0.01, "biases": True},
        "training": {"epochs": 500, "dtype": "float64"},
    }
    objective = Objective(Engine(built(recipe).plan))
    start = objective.engine.theta.copy()
    expected = minimize(objective, start, jac=True, method="CG", options={"gtol": 1e-8})
    engine, events = run(recipe)
    assert finished(events).stopped is Stopped.CONVERGED
    assert objective(engine.theta)[0] == pytest.approx(expected.fun, rel=1e-12)
    np.testing.assert_allclose(engine.theta, expected.x, atol=1e-5)
    if formula == "polak-ribiere":  # as SciPy
        assert finished(events).steps < 1.5 * expected.nfev


def test_a_network_trains_downhill_all_the_way() -> None:
    engine, events = run(RECIPE)
    losses = [event.train_loss for event in events if isinstance(event, EpochEnded)]
    assert len(losses) == 30
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.2 * losses[0]
    again = Engine(engine.plan)
    objective, start = Objective(again), again.theta.copy()
    followed = list(islice(iterate(objective, start, make(ConjugateGradients, "cg")), 30))
    np.testing.assert_array_equal(followed[-1].theta, engine.theta)
    assert objective.evaluations == finished(events).steps == 1 + sum(len(one.trials) for one in followed)


def test_bad_constants_are_refused(nntrain: CommandLine) -> None:
    recipe = "data: {source: iris}\noptimizer: {name: cg, c1: 0.5, c2: 0.4}\n"
    refused = nntrain("fit", "-", stdin=recipe)
    assert refused.status == 2
    assert "c1 must be smaller than c2" in refused.err
    refused = nntrain("fit", "-", "--set", "training.batch_size=32", stdin="data: {source: iris}\noptimizer: cg\n")
    assert "cg needs the gradient of all rows" in refused.err


def test_a_trace_lists_the_trials(nntrain: CommandLine) -> None:
    trace = ("trace", "recipes/by_hand.yaml", "--steps", 2, "--optimizer", "cg")
    found = nntrain(*trace, "--json").json["iterations"]
    assert [one["number"] for one in found] == [1, 2][: len(found)]
    first = found[0]
    assert first["loss"] == 9
    assert first["beta"] == 0
    accepted = first["trials"][-1]
    assert accepted == first["accepted"]
    assert accepted["decreases"]
    assert accepted["flattens"]
    assert accepted["loss"] <= 9 + 1e-4 * accepted["step"] * first["slope"]
    text = nntrain(*trace).out
    assert "iteration 1: d = -g" in text
    assert "accepted: a =" in text


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_its_table_fits_a_terminal(terminal: Callable[..., str], columns: int) -> None:
    text = terminal(columns, "trace", "recipes/by_hand.yaml", "--step", "--optimizer", "cg")
    for words in ("trial", "L(a)", "L'(a)", "holds", "accepted"):
        assert words in text
