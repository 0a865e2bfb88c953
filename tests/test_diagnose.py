"""``nntrain diagnose``: what is told of each layer, and which cause of a zero gradient is named."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.activations import Activation
from nntrain.diagnostics.causes import findings
from nntrain.diagnostics.layers import FLAT_SLOPE, LayerStats, network_stats
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.utils.resources import shipped_recipes
from tests.helpers import Activated, CommandLine, built, make

DEEP = {"hidden": [64] * 8, "activation": "tanh"}


def kinds(model: dict[str, Any], **recipe: Any) -> list[str]:
    """Return what is found in a network on digits, or in whatever ``recipe`` says."""
    plan = built({"data": {"source": "digits"}, "model": model, **recipe}).plan
    return [finding.kind for finding in findings(network_stats(plan))]


def layers(model: dict[str, Any]) -> tuple[LayerStats, ...]:
    """Return the layers of a network on digits."""
    return network_stats(built({"data": {"source": "digits"}, "model": model}).plan).layers


def test_each_number_is_what_plain_numpy_finds() -> None:
    recipe = {
        "data": {"source": {"name": "friedman1", "rows": 60}, "standardize_target": True},
        "model": {"hidden": [6, 5], "activation": "tanh", "dropout": 0.5, "bias_initializer": "normal"},
        "loss": "mse",
        "training": {"dtype": "float64"},
    }
    plan = built(recipe).plan
    x, y, theta = plan.data.train.x, plan.data.train.y, Engine(plan).theta
    (W1, b1), (W2, b2), (W3, b3) = plan.network.views(theta)
    z1 = x @ W1 + b1
    z2 = np.tanh(z1) @ W2 + b2
    z3 = np.tanh(z2) @ W3 + b3
    d3 = 2 * (z3 - y)  # of a row's own loss
    d2 = d3 @ W3.T * (1 - np.tanh(z2) ** 2)
    d1 = d2 @ W2.T * (1 - np.tanh(z1) ** 2)
    found = network_stats(plan)
    assert found.rows == len(x)
    assert found.loss == pytest.approx(np.square(z3 - y).mean())
    whole = []
    for layer, z, h, d, h_in in zip(
        found.layers,
        (z1, z2, z3),
        (np.tanh(z1), np.tanh(z2), z3),
        (d1, d2, d3),
        (x, np.tanh(z1), np.tanh(z2)),
        strict=True,
    ):
        gradient = [*(h_in.T @ d / len(x)).ravel(), *d.mean(axis=0)]
        whole += gradient
        assert layer.z_mean == pytest.approx(z.mean())
        assert layer.z_deviation == pytest.approx(z.std())
        assert layer.mean == pytest.approx(h.mean())
        assert layer.deviation == pytest.approx(h.std())
        assert layer.delta == pytest.approx(np.sqrt(np.square(d).mean()))
        assert layer.gradient_norm == pytest.approx(np.linalg.norm(gradient))
    assert found.gradient_norm == pytest.approx(np.linalg.norm(whole))
    hidden = (np.tanh(z1), np.tanh(z2))
    span = (min(h.min() for h in hidden), max(h.max() for h in hidden))
    assert found.span == pytest.approx(span)
    for layer, h in zip(found.layers, hidden, strict=False):
        assert sum(layer.histogram) == h.size
        assert list(layer.histogram) == np.histogram(h, len(layer.histogram), found.span)[0].tolist()


@pytest.mark.parametrize("name", sorted(set(members(Activation)) - {"softmax"}))
def test_flat_is_where_the_slope_is_next_to_nothing(name: str) -> None:
    """The slope by central differences, which is all that this test and the code have in common."""
    activation = make(Activation, name)
    model = {"hidden": [40], "activation": name, "initializer": {"name": "normal", "scale": 1.0}}
    plan = built({"data": {"source": "iris"}, "model": model, "training": {"dtype": "float64"}}).plan
    (W, b), _ = plan.network.views(Engine(plan).theta)
    z = (plan.data.train.x @ W + b).ravel()
    looped = Activated(activation, 1)

    def slope(at: Any) -> Any:
        return np.abs(looped.forward(at + 1e-6) - looped.forward(at - 1e-6)) / 2e-6

    flat = slope(z) < FLAT_SLOPE * slope(np.linspace(-10, 10, 4001) + 1e-4).max()
    layer = network_stats(plan).layers[0]
    assert layer.flat == pytest.approx(flat.mean(), abs=2 / z.size)  # but for where a step crosses a corner
    assert layer.stuck == pytest.approx(flat.reshape(-1, 40).all(axis=0).mean())


@pytest.mark.parametrize(
    ("output", "biases", "wrong"),
    [("softmax", [60.0, 0.0], 1), ("softmax", [0.0, 60.0], 2), ("sigmoid", [40.0, -40.0], 1)],
)
def test_a_saturated_output_is_a_fault_where_it_is_wrong_only(output: str, biases: list[float], wrong: int) -> None:
    rows = {"name": "given", "x": [[1.0], [2.0], [3.0]], "o": ["a", "a", "b"]}
    model = {
        "hidden": [],
        "output": output,
        "initializer": "zeros",
        "bias_initializer": {"name": "given", "values": biases},
    }
    data = {"source": rows, "validation": 0, "test": 0}
    found = network_stats(built({"data": data, "loss": "mse", "model": model}).plan)
    (layer,) = found.layers
    assert (layer.flat, layer.stuck, layer.hidden, layer.histogram) == (1.0, 1.0, False, ())
    assert layer.held == pytest.approx(wrong / 3)
    assert "saturated" in [finding.kind for finding in findings(found)]


def test_the_lectures_three_initializations() -> None:
    """H: too small, and the activations of the top layers are almost zero; too large, and they saturate; Xavier."""
    small = layers({**DEEP, "initializer": {"name": "normal", "scale": 0.01}})
    for below, above in pairwise(small[:8]):
        assert above.deviation == pytest.approx(0.01 * np.sqrt(64) * below.deviation, rel=0.15)
    large = layers({**DEEP, "initializer": {"name": "normal", "scale": 1.0}})
    for layer in large[:8]:
        assert layer.deviation > 0.9
        assert layer.histogram[0] + layer.histogram[-1] > 0.6 * sum(layer.histogram)
    xavier = layers({**DEEP, "initializer": "glorot_normal"})
    assert all(0.2 < layer.deviation < 0.7 for layer in xavier[:8])
    assert all((layer.flat or 0) < 0.02 for layer in xavier)


def test_the_lectures_causes_of_a_zero_gradient() -> None:
    zeros = {**DEEP, "initializer": "zeros"}
    assert kinds(zeros) == ["zero_activations", "zero_weights", "equal_units"]
    assert kinds({**DEEP, "initializer": {"name": "normal", "scale": 0.01}}) == [
        "fading_activations",
        "fading_gradient",
    ]
    assert kinds({**DEEP, "initializer": {"name": "normal", "scale": 1.0}}) == ["saturated"]


def test_weights_too_large_make_the_gradient_grow(nntrain: CommandLine) -> None:
    """H: it does not vanish."""
    shown = nntrain("diagnose", "recipes/deep_tanh.yaml", "--set", "model.initializer={name: normal, scale: 1}").out
    words = "dL/dz still grows, from 0.34 in layer 8 to 74.6 in layer 1"
    assert words in " ".join(shown.split())
    dead = {"hidden": [16, {"units": 16, "bias_initializer": {"name": "constant", "value": -50}}]}
    assert kinds(dead) == ["zero_activations", "zero_slopes"]
    assert kinds(DEEP) == []
    assert kinds({"hidden": [], "initializer": "zeros"}) == []  # nothing lies before its weights


def test_an_optimum_is_told_from_what_blocks_the_gradient(nntrain: CommandLine, tmp_path: Path) -> None:
    fit = ("fit", "recipes/line.yaml", "--out", tmp_path / "run", "-q", "--set", "training.epochs=5000")
    assert nntrain(*fit, "--set", "training.dtype=float64").status == 0
    found = nntrain("diagnose", tmp_path / "run", "--json").json
    assert [finding["kind"] for finding in found["findings"]] == ["stationary"]
    assert found["loss"] < 1e-8


def test_causes_that_lie_in_units_and_inputs() -> None:
    constant = {"name": "constant", "value": 0.1}
    assert kinds({"hidden": [16, 8], "initializer": constant}) == ["equal_units"]
    parting = [{"units": 16, "initializer": constant}]  # the next layer's weights differ, and so do the gradients
    assert kinds({"hidden": parting}) == []
    half = {"hidden": [{"units": 64, "bias_initializer": {"name": "normal", "scale": 30}}]}
    assert kinds(half) == ["dead_units"]
    assert "exploding_gradient" in kinds({"hidden": [64] * 8, "initializer": {"name": "normal", "scale": 1.0}})
    assert "growing_activations" in kinds(
        {**DEEP, "activation": "relu", "initializer": {"name": "normal", "scale": 0.5}}
    )
    wine = {"source": "wine", "standardize": False}
    assert "input_scale" in kinds({"hidden": [8]}, data=wine)
    assert kinds({"hidden": [8]}, data={"source": "wine"}) == []


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_cause_in_the_middle_is_named_there(activation: str) -> None:
    zeros = {"units": 16, "initializer": "zeros"}
    model = {"hidden": [16, zeros, 16], "activation": activation}
    plan = built({"data": {"source": "iris"}, "model": model}).plan
    found = {finding.kind: finding for finding in findings(network_stats(plan))}
    assert set(found) - {"equal_units"} == {"zero_activations", "zero_weights"}
    assert (found["zero_activations"].layers, found["zero_weights"].layers) == ((3, 4), (2,))
    assert "model.initializer null" in found["zero_activations"].advice


def test_each_dead_layer_is_named() -> None:
    dead = {"units": 16, "bias_initializer": {"name": "constant", "value": -50}}
    plan = built({"data": {"source": "iris"}, "model": {"hidden": [16, dead, dead]}}).plan
    assert [found.layers for found in findings(network_stats(plan)) if found.kind == "zero_slopes"] == [(2,), (3,)]


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_losss_scale_makes_no_optimum(scale: float, dtype: str) -> None:
    o = [2 * scale, 3 * scale, 5 * scale, 4 * scale]
    rows = {"name": "given", "x": [[1.0], [2.0], [3.0], [4.0]], "o": o}
    data = {"source": rows, "validation": 0, "test": 0}
    plan = built({"data": data, "model": {"hidden": []}, "training": {"dtype": dtype}}).plan
    assert not network_stats(plan).still
    x, y = plan.data.train.x[:, 0], plan.data.train.y[:, 0]
    fitted = np.array([(x @ y) / (x @ x), y.mean()], dtype)  # least squares: the rows' gradients cancel
    assert network_stats(plan, fitted).still


def test_a_dead_first_layer_is_the_cause() -> None:
    dead = {"units": 4, "bias_initializer": {"name": "constant", "value": -100}}
    plan = built({"data": {"source": "iris"}, "model": {"hidden": [dead, 32]}}).plan
    assert [(found.kind, found.layers) for found in findings(network_stats(plan))] == [
        ("zero_activations", (2, 3)),
        ("zero_slopes", (1,)),
    ]


def test_activations_that_underflow_have_too_small_weights() -> None:
    plan = built(
        {"data": {"source": "digits"}, "model": {**DEEP, "initializer": {"name": "normal", "scale": 1e-20}}}
    ).plan
    found = {finding.kind: finding for finding in findings(network_stats(plan))}
    assert "equal_units" not in found
    assert "he_normal or glorot_uniform" in found["zero_activations"].advice


def test_inputs_that_are_all_zero_are_named() -> None:
    rows = {"name": "given", "x": [[3.0]] * 4, "o": [1.0, 2.0, 3.0, 4.0]}
    plan = built({"data": {"source": rows, "validation": 0, "test": 0}, "model": {"hidden": [4]}}).plan
    assert "all inputs are zero" in findings(network_stats(plan))[0].text


def test_a_constant_column_has_no_scale() -> None:
    rows = {"name": "given", "x": [[0.1, k / 7] for k in range(210)], "o": [float(k) for k in range(210)]}
    assert kinds({"hidden": []}, data={"source": rows, "standardize": False}, training={"dtype": "float64"}) == []


def test_numbers_that_are_none_are_found(nntrain: CommandLine) -> None:
    arguments = ("recipes/deep_tanh.yaml", "--set", "model.activation=identity")
    huge = nntrain("diagnose", *arguments, "--set", "model.initializer={name: normal, scale: 1e9}", "--json")
    (finding,) = huge.json["findings"]
    assert finding["kind"] == "not_finite"
    assert finding["text"].startswith("the pre-activations of layer 4 (dense 64→64 identity) became infinite or NaN")
    assert nntrain("diagnose", *arguments, "--set", "model.initializer={name: normal, scale: 1e9}").status == 0


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_a_norm_keeps_deep_layers_alive(norm: str) -> None:
    assert kinds({**DEEP, "initializer": {"name": "normal", "scale": 1.0}, "norm": norm}) == []


FLAT_AT_THE_START = ("saturated_mse", "product", "two_minima")  # what these recipes are for


def test_nothing_stands_out_in_what_is_shipped(nntrain: CommandLine) -> None:
    for name in shipped_recipes():
        found = nntrain("diagnose", f"recipes/{name}.yaml")
        assert found.status == 0
        assert ("no problems found" in found.out) == (name not in FLAT_AT_THE_START), name


def test_a_trained_model_is_looked_into_on_its_own_rows(nntrain: CommandLine, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fit = nntrain("fit", "recipes/iris.yaml", "--out", run, "-q", "--json").json
    found = nntrain("diagnose", run, "--json").json
    assert found == nntrain("diagnose", run / "model.safetensors", "--json").json
    assert found["loss"] == pytest.approx(fit["train"]["loss"], rel=1e-5)
    assert [layer["label"] for layer in found["layers"]] == [layer["label"] for layer in fit["layers"]]
    refused = nntrain("diagnose", run, "--set", "seed=1")
    assert (refused.status, refused.out) == (2, "")
    assert "--set does not apply to a trained model" in refused.err


def test_what_has_not_learned_points_to_it(nntrain: CommandLine, tmp_path: Path) -> None:
    fit = ("fit", "recipes/deep_tanh.yaml", "--out", tmp_path / "run", "--set", "training.epochs=5")
    for first in ("model.initializer=zeros", "optimizer.lr=1e-9"):
        ended = nntrain(*fit, "--overwrite", "--set", first, "--json")
        assert "nntrain doctor tries the likely cures" in ended.json["verdict"]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_table_suits_the_terminal(nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    from nntrain.cli import console

    console.stdout_console.cache_clear()
    monkeypatch.setattr(console, "PIPE_WIDTH", columns)
    out = nntrain("diagnose", "recipes/deep_tanh.yaml").out
    console.stdout_console.cache_clear()
    assert max(map(len, out.splitlines())) <= columns
    assert "…" not in out
    assert ("gradient norm  " in out) == (columns == 120)
    assert "8 dense 64→64 tanh" in out
