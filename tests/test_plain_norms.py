"""Normalization without gamma and beta: neither is a parameter, and both keep their initial values."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nntrain.activations.saturating import Tanh
from nntrain.artifacts.model import Model
from nntrain.artifacts.named_arrays import named_arrays
from nntrain.diagnostics.gradcheck import check
from nntrain.diagnostics.small import small_plan
from nntrain.losses.cross_entropy import CrossEntropy
from nntrain.norms import Norm
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from tests.helpers import CommandLine, built, make

NORMS = pytest.mark.parametrize("norm", members(Norm))


def small(norm: str, affine: bool = False, dtype: str = "float64") -> Plan:
    plan = small_plan(Tanh(), CrossEntropy(), make(Norm, norm, eps=0.01, affine=affine))
    return replace(plan, training=plan.training.model_copy(update={"dtype": dtype}))


@NORMS
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_gradient_has_neither(norm: str, dtype: str) -> None:
    checks = check(small(norm, dtype=dtype))
    assert {one.name for one in checks} == {f"{layer} {name}" for layer in (1, 2, 3) for name in ("weights", "biases")}
    assert not any(one.failed for one in checks)


@NORMS
def test_the_other_gradients_are_those_of_gamma_1_and_beta_0(norm: str) -> None:
    engines = [Engine(small(norm, affine)) for affine in (False, True)]
    losses = [engine.loss_and_gradient()[0] for engine in engines]
    assert losses[0] == losses[1]
    ours, theirs = (list(engine.plan.network.arrays(engine.grad)) for engine in engines)
    assert np.abs(ours[0]["weights"]).max() > 0
    for plain, affine in zip(ours, theirs, strict=True):
        assert not {"gamma", "beta"} & plain.keys()
        for name, values in plain.items():
            np.testing.assert_array_equal(values, affine[name])


@NORMS
def test_no_optimizer_decay_or_penalty_changes_them(norm: str) -> None:
    regularization = {"weight_decay": 0.5, "l2": 0.5, "biases": True}
    model = {"hidden": [6, 5], "norm": {"name": norm, "affine": False}}
    recipe = {"data": {"source": "iris"}, "model": model, "optimizer": "yogi", "regularization": regularization}
    plan = built(recipe).plan
    affine = built({**recipe, "model": {**model, "norm": norm}}).plan
    assert affine.network.parameters - plan.network.parameters == 2 * (6 + 5)
    engine = Engine(plan)
    before = engine.theta.copy()
    engine.take_steps(np.arange(len(engine.train.x)), 0, np.full(4, 0.01))
    arrays = list(plan.network.arrays(engine.theta))
    for layer, start in zip(arrays, plan.network.arrays(before), strict=True):
        assert (layer["weights"] != start["weights"]).all()
    for layer in arrays[:-1]:
        assert (layer["gamma"] == 1).all()
        assert (layer["beta"] == 0).all()


@NORMS
def test_a_model_file_holds_neither(norm: str, tmp_path: Path, nntrain: CommandLine) -> None:
    """As in a state dict of torch with affine=False, which is imported, too."""
    keys = ("--set", f"model.norm={{name: {norm}, affine: false}}", "--set", "model.hidden=[4]")
    fitted = nntrain("fit", "iris", *keys, "--set", "training.epochs=3", "--out", tmp_path / "run", "-q", "--json").json
    path = tmp_path / "run" / "model.safetensors"
    arrays = load_file(path)
    running = {"1.running_mean", "1.running_var"} if norm == "batch" else set()
    assert arrays.keys() == {"0.weight", "0.bias", "3.weight", "3.bias"} | running
    evaluated = nntrain("evaluate", path, "--json").json
    assert evaluated["test"]["accuracy"] == fitted["test"]["accuracy"]
    assert evaluated["test"]["loss"] == pytest.approx(fitted["test"]["loss"], rel=1e-5)

    save_file(arrays, tmp_path / "torch.safetensors")
    imported = ("import", tmp_path / "torch.safetensors", "-o", tmp_path / "model.safetensors")
    assert nntrain(*imported, "--recipe", "iris", *keys).status == 0
    model, ours = Model.load(tmp_path / "model.safetensors"), Model.load(path)
    np.testing.assert_array_equal(model.theta, ours.theta)
    assert named_arrays(model.network, model.theta).keys() == arrays.keys()
    first, _ = model.network.arrays(model.theta)
    assert (first["gamma"] == 1).all()
    assert (first["beta"] == 0).all()

    other = nntrain(*imported, "--recipe", "iris", "--set", f"model.norm={norm}", "--set", "model.hidden=[4]")
    assert other.status == 2
    assert "1: weight 4, bias 4" in other.err
