"""Weights from other libraries and from earlier runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier

from nntrain.artifacts.model import Model
from nntrain.artifacts.named_arrays import named_arrays
from tests.helpers import CommandLine, refused

Array = NDArray[Any]
IRIS = "data: {source: iris, standardize: false}\nmodel: {hidden: [5, 4], activation: tanh}\n"
NORMED = "data: {source: iris}\nmodel: {hidden: [5, {units: 4, activation: prelu}], norm: batch}\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "iris.yaml"
    path.write_text(IRIS + "training: {dtype: float64}\n")
    return path


def state_dict(prefixes: list[str], shapes: list[tuple[int, int]]) -> dict[str, Array]:
    random = np.random.default_rng(0)
    found = {}
    for prefix, (n_out, n_in) in zip(prefixes, shapes, strict=True):
        found[f"{prefix}.weight"] = random.normal(size=(n_out, n_in)).astype(np.float32)
        found[f"{prefix}.bias"] = random.normal(size=n_out).astype(np.float32)
    return found


SHAPES = [(5, 4), (4, 5), (3, 4)]


@pytest.mark.parametrize("prefixes", [["0", "2", "4"], ["fc1", "fc2", "fc10"], ["net.0", "net.2", "net.4"]], ids=str)
def test_a_state_dict_of_torch(prefixes: list[str], nntrain: CommandLine, recipe: Path, tmp_path: Path) -> None:
    arrays = state_dict(prefixes, SHAPES)
    save_file(arrays, tmp_path / "w.safetensors")
    model = tmp_path / "m.safetensors"
    assert nntrain("import", tmp_path / "w.safetensors", "--recipe", recipe, "-o", model).status == 0
    loaded = Model.load(model)
    for ours, theirs in zip(named_arrays(loaded.network, loaded.theta).values(), arrays.values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_scikit_learns_weights_predict_the_same(nntrain: CommandLine, recipe: Path, tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    theirs = MLPClassifier((5, 4), "tanh", solver="lbfgs", random_state=0, max_iter=300).fit(X, y)
    arrays: dict[str, Any] = {f"coefs_{i}": values for i, values in enumerate(theirs.coefs_)}
    arrays |= {f"intercepts_{i}": values for i, values in enumerate(theirs.intercepts_)}
    np.savez(tmp_path / "w.npz", **arrays)
    model = tmp_path / "m.safetensors"
    done = nntrain("import", tmp_path / "w.npz", "--recipe", recipe, "-o", model, "--set", "data.standardize=false")
    assert done.status == 0
    loaded = Model.load(model)
    (outputs,) = loaded.outputs(X)
    probabilities = loaded.probabilities(outputs)
    assert probabilities is not None
    np.testing.assert_allclose(probabilities, theirs.predict_proba(X), rtol=1e-9, atol=1e-12)


def test_norms_and_slopes(nntrain: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "normed.yaml"
    path.write_text(NORMED + "training: {epochs: 2}\n")
    assert nntrain("fit", path, "--out", tmp_path / "run", "-q").status == 0
    trained = Model.load(tmp_path / "run" / "model.safetensors")
    arrays: dict[str, Any] = {
        f"net.{name}": values.copy() for name, values in named_arrays(trained.network, trained.theta).items()
    }
    arrays["net.1.num_batches_tracked"] = np.array(7)
    np.savez(tmp_path / "w.npz", **arrays)
    assert nntrain("import", tmp_path / "w.npz", "--recipe", path, "-o", tmp_path / "m.safetensors").status == 0
    np.testing.assert_array_equal(Model.load(tmp_path / "m.safetensors").theta, trained.theta)


def test_without_biases_they_are_zero(nntrain: CommandLine, recipe: Path, tmp_path: Path) -> None:
    arrays = {name: values for name, values in state_dict(["0", "2", "4"], SHAPES).items() if name != "2.bias"}
    save_file(arrays, tmp_path / "w.safetensors")
    model = tmp_path / "m.safetensors"
    assert nntrain("import", tmp_path / "w.safetensors", "--recipe", recipe, "-o", model).status == 0
    loaded = Model.load(model)
    assert not named_arrays(loaded.network, loaded.theta)["2.bias"].any()


def test_what_does_not_suit_is_refused(nntrain: CommandLine, recipe: Path, tmp_path: Path) -> None:
    path, model = tmp_path / "w.safetensors", tmp_path / "m.safetensors"
    save_file(state_dict(["0", "2"], SHAPES[:2]), path)
    told = refused(nntrain, "import", path, "--recipe", recipe, "-o", model)
    assert "2: weight 4×5, bias 4" in told
    assert "4: weight 3×4, bias 3" in told
    arrays = state_dict(["0", "2", "4"], SHAPES)
    arrays["2.bias"][1] = np.nan
    save_file(arrays, path)
    assert "2.bias has numbers that are not finite" in refused(nntrain, "import", path, "--recipe", recipe, "-o", model)
    np.savez(tmp_path / "o.npz", x=np.array([{}], object))
    assert "not a file of arrays" in refused(nntrain, "import", tmp_path / "o.npz", "--recipe", recipe, "-o", model)
    (tmp_path / "t.npz").write_text("text")
    assert "not a file of arrays" in refused(nntrain, "import", tmp_path / "t.npz", "--recipe", recipe, "-o", model)
    assert "cannot read" in refused(nntrain, "import", tmp_path / "no.npz", "--recipe", recipe, "-o", model)
    assert not model.exists()


def test_fit_goes_on_from_a_model(nntrain: CommandLine, moons: Path) -> None:
    plain = ("--set", "optimizer=sgd", "--set", "training.batch_size=full", "-q", "--json")
    whole = nntrain("fit", moons, "--out", "whole", *plain, "--set", "training.epochs=8").json
    nntrain("fit", moons, "--out", "first", *plain, "--set", "training.epochs=5")
    rest = nntrain("fit", moons, "--out", "rest", *plain, "--set", "training.epochs=3", "--from", "first").json
    assert rest["train"]["loss"] == pytest.approx(whole["train"]["loss"], rel=1e-6)


def test_a_run_that_continues_has_its_own_weights(nntrain: CommandLine, moons: Path) -> None:
    assert "continues from its own weights" in refused(nntrain, "fit", "--resume", "run", "--from", "other")


def test_a_model_of_other_layers_is_no_start(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "--out", "first", "-q").status == 0
    told = refused(nntrain, "fit", moons, "--from", "first", "--set", "model.hidden=[9]", "-q")
    assert "dense 2→8 relu" in told
    assert "dense 2→9 relu" in told
    assert "is a recipe" in refused(nntrain, "fit", moons, "--from", moons, "-q")
