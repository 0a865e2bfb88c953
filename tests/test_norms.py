"""Normalizations against torch and keras, and within a network: gradients, running averages, model files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from nntrain.activations import Activation
from nntrain.artifacts.model import Model
from nntrain.diagnostics.gradcheck import check
from nntrain.diagnostics.small import small_plan
from nntrain.errors import InputError
from nntrain.losses import Loss
from nntrain.losses.cross_entropy import CrossEntropy
from nntrain.network.network import Network
from nntrain.norms import Norm, scale_and_shift
from nntrain.norms.batch_norm import batch_norm_backward, normalize_by_batch, normalize_by_running
from nntrain.norms.layer_norm import layer_norm_backward, normalize_by_row
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from nntrain.utils.resources import shipped_recipes
from tests.helpers import CommandLine, built, compiled, finished, make, run

RECORDED = json.loads((Path(__file__).parent / "recorded" / "norms.json").read_text())
GAMMA, BETA, WEIGHTS = (np.array(RECORDED[name]) for name in ("gamma", "beta", "weights"))


@pytest.mark.parametrize("case", RECORDED["cases"])
def test_two_batches_are_the_reference_librarys(case: str) -> None:
    expected = RECORDED["cases"][case]
    norm = make(Norm, case.split()[0], **expected["keys"])
    running = np.array([np.zeros(4), np.ones(4)])
    n, scale, z = np.empty((6, 4)), np.empty(6), np.empty((6, 4))
    gamma, beta = (GAMMA, BETA) if norm.affine else (np.ones(4), np.zeros(4))

    def normalize(batch: NDArray[Any], training: bool) -> NDArray[Any]:
        z = batch.copy()
        if norm.by_row:
            compiled(normalize_by_row)(z, n, scale, norm.eps)
        elif training:
            compiled(normalize_by_batch)(z, n, scale[:4], np.empty(8), running, norm.eps, *norm.averaging)
        else:
            compiled(normalize_by_running)(z, n, scale[:4], running, norm.eps)
        compiled(scale_and_shift)(n, gamma, beta, z)
        return z

    for batch in np.array(RECORDED["batches"]):
        z = normalize(batch, training=True)
    exact = 1e-6 if "keras" in case else 1e-11  # keras computes the moments in float32
    np.testing.assert_allclose(z, expected["output"], rtol=exact, atol=exact)
    if "running_mean" in expected:
        np.testing.assert_allclose(running, [expected["running_mean"], expected["running_var"]], rtol=exact)
    if "dz" in expected:
        d, (dgamma, dbeta) = WEIGHTS.copy(), np.empty((2, 4 if norm.affine else 0))
        if norm.by_row:
            compiled(layer_norm_backward)(d, n, scale, gamma, dgamma, dbeta)
        else:
            compiled(batch_norm_backward)(d, n, scale, np.empty(8), gamma, dgamma, dbeta)
        np.testing.assert_allclose(d, expected["dz"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(dgamma, expected.get("dgamma", []), rtol=1e-11)
        np.testing.assert_allclose(dbeta, expected.get("dbeta", []), rtol=1e-11)
    evaluated = normalize(np.array(RECORDED["batches"])[0], training=False)
    np.testing.assert_allclose(evaluated, expected["evaluated"], rtol=exact, atol=exact)


def test_every_norm_is_recorded_in_each_of_its_dialects() -> None:
    """The lecture's dialect has no library."""
    recorded = {tuple(case.replace(",", "").split()[:3:2]) for case in RECORDED["cases"]}
    named = {(name, dialect) for name, kind in members(Norm).items() for dialect in ("torch", *kind.dialects)}
    assert recorded == named - {("batch", "lecture")}


def normalized(plan: Plan, name: str = "batch", **keys: Any) -> Plan:
    layers = plan.network.layers
    norm = make(Norm, name, **keys)
    return replace(plan, network=Network([*(replace(layer, norm=norm) for layer in layers[:-1]), layers[-1]]))


@pytest.mark.parametrize("activation", members(Activation))
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("norm", members(Norm))
def test_the_gradient_in_training_mode(activation: str, loss: str, norm: str) -> None:
    plan = normalized(small_plan(make(Activation, activation), make(Loss, loss)), norm, eps=0.01)
    checks = check(plan)
    assert [one.name for one in checks][:4] == ["1 weights", "1 biases", "1 gamma", "1 beta"]
    assert not any(one.failed for one in checks)
    sizes = {one.name: abs(one.analytic) for one in checks}
    if activation != "identity":  # the next layer's normalization takes a shift away again
        assert sizes["1 gamma"] > 0
        assert sizes["1 beta"] > 0


def test_a_forgotten_share_of_the_mean_would_be_caught() -> None:
    """Without d's mean, the bias before the normalization would get a gradient; with it, it can change nothing."""
    engine = Engine(normalized(small_plan(make(Activation, "tanh"), CrossEntropy())))
    engine.loss_and_gradient()
    (_, db), *_ = engine.plan.network.views(engine.grad)
    assert np.abs(db).max() < 1e-15
    assert np.abs(engine.grad).max() > 1e-3


RECIPE: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"hidden": [8, 5], "norm": "batch"},
    "training": {"epochs": 30},
}


def test_evaluation_takes_the_running_averages() -> None:
    """What is predicted for a row does not depend on the rows beside it; in training it does."""
    engine, events = run(RECIPE)
    rows = engine.train
    whole, alone = engine.score(rows), engine.score(rows[:1])
    assert finished(events).final["test"].metric is not None
    outputs = engine._forward.outputs(engine.theta, rows.x)
    np.testing.assert_allclose(engine._forward.outputs(engine.theta, rows.x[:1]), outputs[:1], rtol=1e-5, atol=1e-6)
    assert whole.loss != alone.loss
    first, *_ = engine.plan.network.arrays(engine.theta)
    assert (first["running_mean"] != 0).all()
    assert (first["running_var"] != 1).all()


def test_running_averages_are_no_parameters() -> None:
    """No optimizer, decay or penalty touches them."""
    plan = built(
        {**RECIPE, "optimizer": "yogi", "regularization": {"weight_decay": 0.5, "l2": 0.5, "biases": True}}
    ).plan
    engine = Engine(plan)
    assert engine.grad.size == plan.network.parameters == plan.network.size - 2 * (8 + 5)
    engine.take_steps(np.arange(len(engine.train.x)), 0, np.full(4, 0.01))
    first, *_ = plan.network.arrays(engine.theta)
    assert (first["running_var"] > 0).all()


def test_the_model_file_has_torchs_names(tmp_path: Path, nntrain: CommandLine) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: iris}\nmodel: {hidden: [8, {units: 5, norm: {name: batch, dialect: keras}}]}\n")
    nntrain("fit", recipe, "--out", tmp_path / "run", "-q", "--set", "training.epochs=20")
    model = tmp_path / "run" / "model.safetensors"
    shapes = {name: values.shape for name, values in load_file(model).items()}
    norm = {f"3.{name}": (5,) for name in ("weight", "bias", "running_mean", "running_var")}
    linear = {
        "0.weight": (8, 4),
        "0.bias": (8,),
        "2.weight": (5, 8),
        "2.bias": (5,),
        "5.weight": (3, 5),
        "5.bias": (3,),
    }
    assert shapes == {**linear, **norm}
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    evaluated = nntrain("evaluate", model, "--json").json
    assert evaluated["test"]["accuracy"] == summary["test"]["accuracy"]
    assert evaluated["test"]["loss"] == pytest.approx(summary["test"]["loss"], rel=1e-5)
    assert Model.load(model).network.layers[1].norm == make(Norm, "batch", dialect="keras")


def test_early_stopping_keeps_the_averages_that_belong_to_the_weights() -> None:
    stopping = {"epochs": 400, "early_stopping": {"patience": 5}}
    engine, events = run({**RECIPE, "optimizer": {"lr": 0.02}, "training": stopping})
    assert engine.score(engine.splits["validation"]).loss == pytest.approx(finished(events).best["validation"].loss)


def test_it_rescues_bad_first_weights(nntrain: CommandLine, tmp_path: Path) -> None:
    """S, H: eight tanh layers that learn nothing from small weights learn with batch norm."""
    small = (
        "--set",
        "model.initializer={name: normal, scale: 0.01}",
        "--out",
        tmp_path / "run",
        "--overwrite",
        "-q",
        "--json",
    )
    recipe = shipped_recipes()["deep_tanh"]
    assert nntrain("fit", recipe, *small).json["validation"]["accuracy"] < 0.2
    assert nntrain("fit", recipe, *small, "--set", "model.norm=batch").json["validation"]["accuracy"] > 0.8


def test_a_layer_norm_has_no_running_averages(tmp_path: Path, nntrain: CommandLine) -> None:
    """A row's outputs are the same alone and in a batch, and a model file holds torch's two arrays."""
    recipe = {**RECIPE, "model": {"hidden": [8, 5], "norm": "layer", "activation": {"name": "prelu", "shared": False}}}
    engine, _ = run(recipe)
    assert engine.theta.size == engine.grad.size
    outputs = engine._forward.outputs(engine.theta, engine.train.x)
    alone = engine._forward.outputs(engine.theta, engine.train.x[:1])
    np.testing.assert_allclose(alone, outputs[:1], rtol=1e-5, atol=1e-6)

    settings = ("--set", "model={hidden: [8, 5], norm: layer, activation: {name: prelu, shared: false}}")
    fitted = nntrain("fit", shipped_recipes()["iris"], *settings, "--out", tmp_path / "run", "-q", "--json").json
    model = tmp_path / "run" / "model.safetensors"
    shapes = {name: values.shape for name, values in load_file(model).items()}
    first = {"0.weight": (8, 4), "0.bias": (8,), "1.weight": (8,), "1.bias": (8,), "2.weight": (8,)}
    second = {"3.weight": (5, 8), "3.bias": (5,), "4.weight": (5,), "4.bias": (5,), "5.weight": (5,)}
    assert shapes == {**first, **second, "6.weight": (3, 5), "6.bias": (3,)}
    evaluated = nntrain("evaluate", model, "--json").json
    assert evaluated["test"]["accuracy"] == fitted["test"]["accuracy"]


def test_slopes_are_learned_and_not_penalized() -> None:
    engine = Engine(built({**RECIPE, "model": {"hidden": [8, 5], "activation": "prelu"}}).plan)
    first, *_ = engine.plan.network.arrays(engine.theta)
    assert first["slopes"].tolist() == [0.25]
    engine.take_steps(np.arange(len(engine.train.x)), 0, np.full(4, 0.01))
    assert first["slopes"][0] != 0.25
    mask, *_ = engine.plan.network.arrays(engine.plan.network.penalized(biases=False))
    assert mask["slopes"].tolist() == [0]
    assert mask["weights"].all()


def test_a_last_batch_of_one_row_has_no_variance() -> None:
    recipe = {"data": {"source": "moons", "validation": 0, "test": 0}, "model": {"hidden": [4], "norm": "batch"}}
    engine = Engine(built({**recipe, "training": {"batch_size": 64}}).plan)
    layer, *_ = engine.plan.network.arrays(engine.theta)
    before = layer["running_var"].copy(), layer["running_mean"].copy()
    engine.step_without_update(np.arange(1))
    np.testing.assert_array_equal((layer["running_var"], layer["running_mean"]), before)
    engine.step_without_update(np.arange(2))
    assert (layer["running_var"] != before[0]).all()


def test_batch_norm_of_single_rows_is_refused() -> None:
    with pytest.raises(InputError, match="batch norm needs the mean and variance of several rows"):
        built({"data": {"source": "moons"}, "model": {"norm": "batch"}, "training": {"batch_size": 1}})
