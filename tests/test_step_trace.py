"""``nntrain trace --step``: from gradients to new weights."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from nntrain.cli.loading import load_plan, parse_optimizer
from nntrain.diagnostics.step_trace import Step, state_names, take_steps
from nntrain.optimizers import Optimizer
from nntrain.registry import members
from tests.helpers import CommandLine, refused

STEPPING = {name: kind for name, kind in members(Optimizer).items() if not kind.full_batch}


def steps_of(optimizer: str, steps: int = 3, correct: bool = True) -> list[Step]:
    """Take steps on the example that is computed by hand."""
    plan = load_plan("by_hand", ["model.learn_biases=true", f"optimizer={optimizer}"]).plan
    return take_steps(plan, 1, steps, correct=correct)


def test_the_first_step_of_adam_by_hand(nntrain: CommandLine) -> None:
    """The gradient of the first weight is -6: m = 0.1 g, v = 0.001 g², and the update is lr in size."""
    found = nntrain("trace", "recipes/by_hand.yaml", "--optimizer", "{name: adam, lr: 0.001}", "--json").json
    (step,) = found["steps"]
    weights = step["arrays"][0]
    assert (weights["name"], step["loss"], found["optimizer"]["name"]) == ("weights", 9, "adam")
    assert step["corrections"] == pytest.approx({"m": 0.1, "v": 0.001})
    values = [weights["gradient"], weights["state"]["m"], weights["state"]["v"], weights["corrected"]["m_hat"]]
    assert [array[0][0] for array in values] == pytest.approx([-6, -0.6, 0.036, -6])
    assert weights["effective_lr"][0][0] == pytest.approx(0.001 / 6)
    assert (weights["before"][0][0], weights["after"][0][0]) == pytest.approx((2, 2.001))
    assert weights["effective_lr"][0][1] is None  # a gradient of 0 has none
    assert step["new_loss"] == pytest.approx(8.868, abs=5e-4)


def test_adam_s_numbers_are_those_of_its_formula() -> None:
    for number, step in enumerate(steps_of("{name: adam, lr: 0.1}"), start=1):
        for array in step.arrays:
            m_hat = array.state["m"] / (1 - 0.9**number)
            v_hat = array.state["v"] / (1 - 0.999**number)
            rate = 0.1 / (np.sqrt(v_hat) + 1e-8)
            np.testing.assert_allclose(array.update, rate * m_hat, rtol=1e-9, atol=1e-15)
            moved = m_hat != 0
            np.testing.assert_allclose(array.effective_lr[moved], rate[moved], rtol=1e-9)


def test_without_bias_correction_adam_s_first_step_is_over_three_times_as_long() -> None:
    """It is lr (1 - beta1) / sqrt(1 - beta2) = 3.16 lr, of any gradient."""
    (step,) = steps_of("{name: adam, lr: 0.1}", 1, correct=False)
    assert step.corrections == {}
    for array in step.arrays:
        moved = array.gradient != 0
        np.testing.assert_allclose(np.abs(array.update[moved]), 0.1 * 0.1 / np.sqrt(0.001), rtol=1e-6)


def test_the_first_step_of_soap_is_not_counted_in_its_bias_corrections(nntrain: CommandLine) -> None:
    first, second, third = steps_of("{name: soap, beta1: 0.9, beta2: 0.8}")
    assert first.corrections == {}
    assert not any(array.update.any() for array in first.arrays)
    assert second.corrections == pytest.approx({"m": 0.1, "v": 0.2})
    assert third.corrections == pytest.approx({"m": 0.19, "v": 0.36})
    for array in second.arrays:
        np.testing.assert_allclose(array.corrected["m_hat"], array.gradient, rtol=1e-12)
    text = nntrain("trace", "recipes/by_hand.yaml", "--steps", 2, "--optimizer", "soap").out
    assert "lr_eff = update / m_hat" in text
    assert "m_hat = m / 0.05" in text.split("step 2: ")[1]


@pytest.mark.parametrize("name", STEPPING)
def test_every_optimizer_s_steps_add_up(name: str) -> None:
    steps = steps_of(name)
    assert [step.number for step in steps] == [1, 2, 3]
    for before, after in pairwise(steps):
        assert before.new_loss == pytest.approx(after.loss, rel=1e-12)
    for step in steps:
        for array in step.arrays:
            decay = 0 if array.decay is None else array.decay
            np.testing.assert_allclose(array.before - decay - array.update, array.after, rtol=1e-12)
            assert len(array.state) == STEPPING[name].state_rows


def test_state_vectors_have_the_names_of_the_rule() -> None:
    assert state_names(members(Optimizer)["adam"]) == ("m", "v")
    assert state_names(members(Optimizer)["momentum"]) == ("v",)
    assert state_names(members(Optimizer)["rmsprop"]) == ("s", "mean", "v")
    assert state_names(members(Optimizer)["sgd"]) == ()


def test_weight_decay_is_shown_apart_from_the_update() -> None:
    (step,) = steps_of("{name: adamw, lr: 0.1, weight_decay: 0.01}", 1)
    for array in step.arrays:
        assert array.decay is not None
        expected = 0.1 * 0.01 * array.before if array.name == "weights" else 0 * array.before
        np.testing.assert_allclose(array.decay, expected)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_step_on_a_terminal(terminal: Callable[..., str], columns: int) -> None:
    text = terminal(columns, "trace", "recipes/by_hand.yaml", "--step", "--optimizer", "adam")
    for words in ("m_hat = m / 0.1", "lr_eff", "unit 1 w1", "8.333e-5", "loss: 9 -> 8.868"):
        assert words in text
    text = terminal(columns, "trace", "recipes/by_hand.yaml", "--steps", 2, "--optimizer", "lamb")
    assert "depends on other parameters too" in " ".join(text.split())
    assert "step 2" in text


def test_what_takes_no_step_is_refused(nntrain: CommandLine) -> None:
    trace = ("trace", "recipes/by_hand.yaml", "--step", "--optimizer")
    assert "lbfgs takes no steps of its own" in refused(nntrain, *trace, "lbfgs")
    assert "sgd has no bias corrections" in refused(nntrain, *trace, "sgd", "--no-bias-correction")
    corrected = "{name: prodigy, use_bias_correction: true}"
    assert "of prodigy cannot be left out" in refused(nntrain, *trace, corrected, "--no-bias-correction")
    assert "yogi cannot be left out" in refused(nntrain, *trace, "yogi", "--no-bias-correction")
    assert "did you mean adam?" in refused(nntrain, *trace, "adm")
    assert "lr" in refused(nntrain, *trace, "{name: adam, lr: -1}")
    assert parse_optimizer("{name: adam, lr: 0.5}").lr == 0.5
