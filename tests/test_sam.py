"""SAM: against pytorch_optimizer, and in a run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.diagnostics.step_trace import take_steps
from nntrain.optimizers import Optimizer
from nntrain.optimizers.sam import SAM, climb, packed
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built, compiled, make, relative_error
from tests.recorded.problems import PROBLEMS, START, STEPS, rate
from tests.test_optimizers import Stepper

CASES = json.loads((Path(__file__).parent / "recorded" / "sam.json").read_text())["cases"]
RECIPE: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"hidden": [5], "norm": "batch"},
    "optimizer": {"name": "sgd", "lr": 0.1},
    "training": {"epochs": 2, "dtype": "float64"},
}


def with_sam(recipe: dict[str, Any], **sam: Any) -> dict[str, Any]:
    """Return a recipe with ``training.sam``."""
    return {**recipe, "training": {**recipe["training"], "sam": sam}}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_trajectory_is_the_reference_librarys(case: str, problem: str) -> None:
    recorded, gradient = CASES[case], PROBLEMS[problem]
    numbers, optimizer = packed(SAM(**recorded["sam"])), make(Optimizer, **recorded["optimizer"])
    stepper = Stepper(optimizer, START.copy())
    for k in range(1, STEPS + 1):
        higher = stepper.theta.copy()
        compiled(climb)(higher, gradient(higher), numbers)
        stepper.step(gradient(higher), rate(optimizer.lr, k))
        if str(k) in recorded[problem]:
            assert relative_error(stepper.theta - START, np.array(recorded[problem][str(k)]) - START) < 1e-9, k


@pytest.mark.parametrize("adaptive", [False, True])
def test_a_step_uses_the_gradient_at_the_higher_point(adaptive: bool) -> None:
    engine = Engine(built(with_sam(RECIPE, rho=0.2, adaptive=adaptive)).plan)
    rows, size, start = np.arange(32), engine.grad.size, engine.theta.copy()
    loss, gradient = engine.loss_and_gradient(rows)
    weights, g = start[:size], gradient.copy()
    e = 0.2 * g / np.linalg.norm(g)
    if adaptive:
        e = 0.2 * weights**2 * g / np.linalg.norm(weights * g)
    engine.theta[:size] += e
    expected = start[:size] - 0.1 * engine.loss_and_gradient(rows)[1].copy()
    engine.theta[:] = start
    taken = engine.take_steps(rows, 0, np.array([0.1]))
    assert taken[0] == loss
    np.testing.assert_allclose(engine.theta[:size], expected, rtol=1e-11, atol=1e-13)


def test_only_the_first_gradient_enters_the_running_averages() -> None:
    """The batch is the same in both, so the averages of one step are those without SAM."""
    plain, sam = (Engine(built(recipe).plan) for recipe in (RECIPE, with_sam(RECIPE, rho=0.5)))
    for engine in (plain, sam):
        engine.take_steps(np.arange(32), 0, np.array([0.1]))
    size = plain.grad.size
    assert (plain.theta[size:] == sam.theta[size:]).all()
    assert (plain.theta[:size] != sam.theta[:size]).any()


def test_a_trace_takes_the_same_step() -> None:
    recipe = {**RECIPE, "model": {"hidden": [5]}}
    plain, sam = built(recipe).plan, built(with_sam(recipe, rho=0.5)).plan
    (without,), (step,) = take_steps(plain, 1, 1), take_steps(sam, 1, 1)
    assert step.loss == without.loss
    assert (step.arrays[0].gradient != without.arrays[0].gradient).any()
    np.testing.assert_allclose(step.arrays[0].update, 0.1 * step.arrays[0].gradient, rtol=1e-10, atol=1e-15)


def test_lbfgs_refuses_it(nntrain: CommandLine) -> None:
    refused = nntrain("fit", "-", stdin="data: {source: iris}\noptimizer: lbfgs\ntraining: {sam: {}}\n")
    assert refused.status == 2
    assert "3:12: training.sam: lbfgs runs its own full-batch iterations" in refused.err
