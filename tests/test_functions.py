"""Activations and losses against values recorded from torch and keras."""

import json
from pathlib import Path

import numpy as np
import pytest

from nntrain.activations import Activation
from nntrain.losses import Loss
from nntrain.losses.likelihood import GaussianNLL
from nntrain.losses.squared_error import MeanSquaredError
from nntrain.registry import members
from tests.helpers import Activated, make, relative_error
from tests.test_gradients import central

DOUBLE = np.dtype(np.float64)
RECORDED = Path(__file__).parent / "recorded"
ACTIVATIONS = json.loads((RECORDED / "activations.json").read_text())
LOSSES = json.loads((RECORDED / "losses.json").read_text())["cases"]


def test_every_activation_and_loss_is_recorded() -> None:
    assert {case.split()[0] for case in ACTIVATIONS["cases"]} == set(members(Activation))
    assert {case.split()[0] for case in LOSSES} == set(members(Loss))


@pytest.mark.parametrize("case", ACTIVATIONS["cases"])
def test_an_activation_is_torchs(case: str) -> None:
    recorded = ACTIVATIONS["cases"][case]
    activation = make(Activation, case.split()[0], **recorded["keys"])
    z = np.array(ACTIVATIONS["z"])
    d, f = np.array(ACTIVATIONS["dh"]), Activated(activation, ACTIVATIONS["units"])
    h = f.forward(z)
    np.testing.assert_allclose(h, recorded["h"], rtol=1e-12, atol=1e-15)
    f.backward(z, h, d)
    np.testing.assert_allclose(d, recorded["dz"], rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(f.gradient, recorded["dlearnt"], rtol=1e-12)


@pytest.mark.parametrize("case", LOSSES)
def test_a_loss_is_torchs_or_kerass(case: str) -> None:
    recorded = LOSSES[case]
    loss = make(Loss, case.split()[0], **recorded["keys"])
    output, target = np.array(recorded["output"]), np.array(recorded["target"])
    n_classes = None if "regression" in loss.tasks else loss.classes or output.shape[1]
    encoded = np.ascontiguousarray(loss.encode(target if n_classes is None else target.astype(int).ravel(), n_classes))
    delta, numbers = np.empty_like(output), np.array(loss.numbers(), np.float64)
    function = loss.function[DOUBLE]
    # keras computes these two in float32
    exact = 1e-7 if case in ("hinge", "bce weighted by keras") else 1e-11
    assert function(output, encoded, delta, numbers) == pytest.approx(recorded["value"], rel=exact)
    np.testing.assert_allclose(delta, recorded["delta"], rtol=exact, atol=1e-15)
    ignored = np.empty_like(output)
    difference = central(lambda o: function(o, encoded, ignored, numbers), output)
    if "bounded" in case:  # the gradient ignores the bound, beyond which the loss does not change
        bounded = np.exp(output[:, 2:]) < least_variance(loss)
        assert 0 < bounded.sum() < bounded.size
        assert (difference[:, 2:][bounded] == 0).all()
        assert (delta[:, 2:][bounded] != 0).all()
        delta[:, 2:][bounded] = 0
    assert relative_error(delta, difference) < 1e-8


def least_variance(loss: Loss) -> float:
    """Return the smallest variance of a Gaussian loss."""
    assert isinstance(loss, GaussianNLL)
    return loss.eps


def test_a_huge_error_of_a_huge_sigma_is_no_overflow() -> None:
    """The square of the error would overflow in float32."""
    loss = GaussianNLL(sigma=1e25)
    output, target = np.full((1, 1), 3e25, np.float32), np.zeros((1, 1), np.float32)
    delta = np.empty_like(output)
    value = loss.function[np.dtype(np.float32)](output, target, delta, np.array(loss.numbers()))
    assert value == pytest.approx(np.log(1e25) + 4.5, rel=1e-5)
    assert delta[0, 0] == pytest.approx(3e-25, rel=1e-5)


def test_mse_is_a_gaussian_of_variance_one_half() -> None:
    """Korea University, Hong, Straka: least squares is maximum likelihood for a Gaussian with a fixed sigma."""
    random = np.random.default_rng(0)
    output, target = random.standard_normal((2, 5, 3))
    deltas = np.empty((2, 5, 3))
    gaussian = GaussianNLL(sigma=0.5**0.5)
    likelihood = gaussian.function[DOUBLE](output, target, deltas[0], np.array(gaussian.numbers()))
    squares = MeanSquaredError.function[DOUBLE](output, target, deltas[1], np.zeros(0))
    assert likelihood + 0.5 * np.log(2) == pytest.approx(squares, rel=1e-14)
    np.testing.assert_allclose(deltas[0], deltas[1], rtol=1e-14)


def test_a_predicted_sigma_doubles_the_outputs_and_the_mean_is_what_is_predicted() -> None:
    loss = make(Loss, "gaussian_nll", sigma=None)
    assert loss.outputs(3, None) == 6
    assert loss.prediction(np.arange(12.0).reshape(2, 6)).tolist() == [[0, 1, 2], [6, 7, 8]]
    assert make(Loss, "gaussian_nll").outputs(3, None) == 3
    np.testing.assert_allclose(make(Loss, "poisson").prediction(np.array([[0.0, 1.0]])), [[1, np.e]])
