"""Exported models predict what nntrain predicts: for every activation, norm, output and loss."""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.artifacts.model import Model
from nntrain.errors import InputError
from nntrain.export import FORMATS, export
from nntrain.export.description import LINKS
from nntrain.losses import Loss
from nntrain.norms import Norm
from nntrain.recipe.document import read_document
from nntrain.recipe.schema import parse
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from tests.helpers import CommandLine, built

Array = NDArray[Any]
ROWS = 60


@dataclass(frozen=True)
class Case:
    """A model, rows for it, and what it predicts for them."""

    model: Model
    x: Array
    path: Path

    @property
    def outputs(self) -> Array:
        (found,) = self.model.outputs(self.x)
        return found

    @property
    def predicted(self) -> Any:
        found = self.model.predictions(self.outputs)
        classes = self.model.classes
        return found if classes is None else [classes[i] for i in found]

    @property
    def probabilities(self) -> Array | None:
        return self.model.probabilities(self.outputs)


def table(target: str, folder: Path) -> Path:
    """Write a CSV file with three features of very different sizes and a target."""
    random = np.random.default_rng(3)
    x: Array = (random.normal(size=(ROWS, 3)) * [1, 1000, 0.01] + [0, 50000, 1]).astype(np.float32).astype(np.float64)
    z = random.normal(size=ROWS) * 0.1 + x[:, 0]
    targets = {
        "two": ["yes" if one > 0 else "no" for one in z],
        "three": [f'class "{int(one > -0.5) + int(one > 0.5)}" ü'.replace('"', "'") for one in z],
        "whole": [int(one > -0.5) + 7 * int(one > 0.5) for one in z],
        "number": (100 * z + 300).tolist(),
        "count": random.poisson(np.exp(z)).tolist(),
    }[target]
    lines = [",".join(map(repr, row)) + f",{one}" for row, one in zip(x.tolist(), targets, strict=True)]
    path = folder / f"{target}.csv"
    path.write_text("a,b,c,y\n" + "\n".join(lines) + "\n")
    return path


def trained(folder: Path, target: str = "three", **sections: Any) -> Case:
    """Return a model that was trained for a few epochs."""
    path = table(target, folder)
    regression = target in ("number", "count")
    source = {
        "name": "table",
        "path": str(path),
        "target": "y",
        "task": "regression" if regression else "classification",
    }
    keys = {"standardize": True, "standardize_target": False, "target_transform": None}
    data = {"source": source} | {key: sections.pop(key, default) for key, default in keys.items()}
    recipe = {"name": "my model", "data": data, "training": {"epochs": 3, "dtype": sections.pop("dtype", "float32")}}
    made = built(recipe | sections)
    engine = Engine(made.plan)
    list(train(engine, statistics=False))
    model = Model.of(made.recipe, made.plan.network, engine.theta, made.dataset, made.plan.data)
    file = folder / "model.safetensors"
    model.save(file)
    return Case(Model.load(file), np.asarray(made.dataset.x), file)


MODELS: dict[str, dict[str, Any]] = {
    **{f"hidden {name}": {"model": {"hidden": [5, 4], "activation": name}} for name in members(Activation)},
    **{f"output {name}": {"model": {"hidden": [5], "output": name}, "loss": "mse"} for name in members(Activation)},
    **{f"norm {name}": {"model": {"hidden": [5, 4], "norm": name, "dropout": 0.2}} for name in members(Norm)},
    "norms without gamma and beta": {
        "model": {
            "hidden": [
                {"units": 5, "norm": {"name": "batch", "affine": False}},
                {"units": 4, "norm": {"name": "layer", "affine": False}},
            ]
        }
    },
    "several": {
        "model": {
            "hidden": [
                {"units": 6, "activation": {"name": "leaky_relu", "slope": 0.3}, "norm": "batch"},
                {"units": 5, "activation": {"name": "prelu", "shared": False}, "norm": "layer"},
                {"units": 4, "activation": {"name": "elu", "alpha": 0.5}},
            ]
        }
    },
    "linear": {"model": {"hidden": []}},
    "not standardized": {"standardize": False},
    "float64": {"dtype": "float64"},
    "bce": {"target": "two", "loss": "bce"},
    "hinge": {"target": "two", "loss": "hinge"},
    "two classes": {"target": "two"},
    "integers": {"target": "whole"},
    "mse": {"target": "number", "loss": "mse", "standardize_target": True},
    "half_mse": {"target": "number", "loss": "half_mse"},
    "sum_squared_error": {"target": "number", "loss": "sum_squared_error", "standardize_target": True},
    "half_sum_squared_error": {"target": "number", "loss": "half_sum_squared_error", "standardize_target": True},
    "mae": {"target": "number", "loss": "mae"},
    "huber": {"target": "number", "loss": "huber"},
    "gaussian_nll": {"target": "number", "loss": "gaussian_nll", "standardize_target": True},
    "poisson": {"target": "count", "loss": "poisson"},
    **{
        f"target {name}": {"target": "number", "loss": "mse", "standardize_target": True, "target_transform": name}
        for name in ("log", "log1p", "yeo_johnson")
    },
}


@pytest.fixture(params=MODELS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return trained(tmp_path, **MODELS[request.param])


def test_every_loss_has_a_meaning() -> None:
    assert set(LINKS) == set(members(Loss))
    assert {name for name in MODELS if name in LINKS} | {"cross_entropy"} == set(LINKS)


def imported(path: Path, content: bytes) -> ModuleType:
    """Return a written Python file as a module."""
    path.write_bytes(content)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_predicts(case: Case, predicted: Any, probabilities: Any, rtol: float) -> None:
    """Compare labels, or numbers relative to the largest one, and probabilities."""
    if case.model.classes is not None:
        assert list(predicted) == case.predicted
    else:
        scale = float(np.abs(case.predicted).max())
        np.testing.assert_allclose(np.asarray(predicted) / scale, case.predicted / scale, rtol=0, atol=rtol)
    assert (probabilities is None) == (case.probabilities is None)
    if probabilities is not None:
        assert case.probabilities is not None
        np.testing.assert_allclose(probabilities, case.probabilities, rtol=0, atol=rtol)


def test_numpy(case: Case, tmp_path: Path) -> None:
    module = imported(tmp_path / "exported.py", export(case.model, "numpy"))
    np.testing.assert_allclose(module.outputs(case.x), case.outputs, rtol=1e-5, atol=1e-6)
    probabilities = module.predict_proba(case.x) if hasattr(module, "predict_proba") else None
    assert_predicts(case, module.predict(case.x).tolist(), probabilities, 2e-6)


def test_numpy_needs_numpy_alone(tmp_path: Path) -> None:
    case = trained(tmp_path)
    path = tmp_path / "exported.py"
    path.write_bytes(export(case.model, "numpy"))
    code = f"import sys, exported; print(exported.predict([{case.x[0].tolist()}])); print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": ""}, capture_output=True, text=True, check=True
    )
    predicted, loaded = run.stdout.splitlines()
    assert case.predicted[0] in predicted
    assert not {"nntrain", "sklearn", "numba"} & {name.split(".")[0] for name in loaded.split()}


def test_onnx(case: Case) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(export(case.model, "onnx"), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    x = case.x.astype(np.float32)
    results = dict(zip(names, session.run(None, {"features": x}), strict=True))
    if case.model.classes is None:
        assert_predicts(case, results["prediction"], None, 1e-5)
    else:
        assert_predicts(case, results["label"].tolist(), results.get("probabilities"), 1e-5)
    one = dict(zip(names, session.run(None, {"features": x[:1]}), strict=True))  # any number of rows
    assert all(len(values) == 1 for values in one.values())


def test_onnx_opens_everywhere(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(export(trained(tmp_path).model, "onnx"))
    assert model.ir_version == 8
    assert [one.version for one in model.opset_import] == [17]
    assert model.metadata_props[0].value == "a, b, c"


def test_onnx_without_the_library_says_how_to_get_it(
    nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = trained(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    ended = nntrain("export", case.path, "--to", "onnx", "-o", tmp_path / "m.onnx")
    assert ended.status == 2
    assert "pip install 'nntrain[onnx]'" in ended.err
    assert not (tmp_path / "m.onnx").exists()


def compiled_c(folder: Path, header: bytes, main: str) -> str:
    """Return what a program prints that includes the header, compiled as strict C99."""
    (folder / "model.h").write_bytes(header)
    (folder / "main.c").write_text('#include <stdio.h>\n#include "model.h"\nint main(void) {\n' + main + "}\n")
    command = ["cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wno-unused-function", "-Wno-unused-variable"]
    subprocess.run([*command, "-Werror", "main.c", "-o", "main", "-lm"], cwd=folder, check=True)
    return subprocess.run([str(folder / "main")], capture_output=True, check=True).stdout.decode()


def test_c(case: Case, tmp_path: Path) -> None:
    n = case.outputs.shape[1] if case.model.classes is None else len(case.model.classes)
    n = len(case.model.target_names) if case.model.classes is None else n
    rows = ", ".join("{" + ", ".join(f"{value:.9g}" for value in row) + "}" for row in case.x)
    body = f"    static const float x[{ROWS}][3] = {{{rows}}};\n    float p[{n}];\n"
    calls = "my_model_predict(x[i], p);"
    if case.model.classes is not None:
        calls = 'printf("%s\\n", my_model_classes[my_model_predict(x[i])]);'
        if case.probabilities is not None:
            calls += " my_model_predict_proba(x[i], p);"
        else:
            calls += f" for (int j = 0; j < {n}; j++) p[j] = 0;"
    loop = f'        for (int j = 0; j < {n}; j++) printf("%.9g ", p[j]);\n        puts("");\n'
    body += f"    for (int i = 0; i < {ROWS}; i++) {{\n        {calls}\n{loop}    }}\n    return 0;\n"
    lines = compiled_c(tmp_path, export(case.model, "c"), body).splitlines()
    numbers = np.array([line.split() for line in (lines if case.model.classes is None else lines[1::2])], float)
    if case.model.classes is None:
        assert_predicts(case, numbers, None, 1e-5)
    else:
        labels = [str(label) for label in case.predicted]
        assert lines[::2] == labels
        if case.probabilities is not None:
            np.testing.assert_allclose(numbers, case.probabilities, rtol=0, atol=1e-5)


def test_torch(case: Case, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    module = imported(tmp_path / "exported.py", export(case.model, "torch"))
    network = module.load(str(case.path))
    np.testing.assert_allclose(network.outputs(case.x).detach().numpy(), case.outputs, rtol=1e-5, atol=1e-6)
    predicted = network.predict(case.x)
    predicted = predicted if case.model.classes is not None else predicted.numpy()
    probabilities = network.predict_proba(case.x).numpy() if hasattr(network, "predict_proba") else None
    assert_predicts(case, predicted, probabilities, 2e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras and NumPy
def test_keras(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    module = imported(tmp_path / "exported.py", export(case.model, "keras"))
    network = module.load(str(case.path))
    np.testing.assert_allclose(module.outputs(network, case.x), case.outputs, rtol=1e-5, atol=2e-6)
    probabilities = module.predict_proba(network, case.x) if hasattr(module, "predict_proba") else None
    assert_predicts(case, module.predict(network, case.x).tolist(), probabilities, 2e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "identity"])
@pytest.mark.parametrize(
    ("target", "loss"), [("three", "cross_entropy"), ("two", "bce"), ("number", "mse"), ("number", "half_mse")]
)
def test_sklearn(activation: str, target: str, loss: str, tmp_path: Path) -> None:
    case = trained(tmp_path, target, loss=loss, model={"hidden": [5, 4], "activation": activation})
    pipeline = imported(tmp_path / "exported.py", export(case.model, "sklearn")).build()
    predicted = pipeline.predict(case.x)
    if case.model.classes is None:
        assert_predicts(case, predicted.reshape(-1, 1), None, 1e-5)
    else:
        assert_predicts(case, predicted.tolist(), pipeline.predict_proba(case.x), 1e-5)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model": {"hidden": [4], "norm": "batch"}}, "normalized layers"),
        ({"model": {"hidden": [4], "activation": "gelu"}}, "the activation gelu"),
        ({"target": "number", "standardize_target": True}, "standardized targets"),
        ({"target": "number", "target_transform": "log"}, "transformed targets"),
        ({"target": "two", "loss": "hinge"}, "this loss"),
        ({"target": "two"}, "two classes with two outputs"),
    ],
    ids=str,
)
def test_sklearn_refuses_what_it_has_not(keys: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        export(trained(tmp_path, **keys).model, "sklearn")


def test_encoded_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,y\n" + "".join(f"{i}.5,{'uvw'[i % 3]},{i % 2}\n" for i in range(60)))
    source = {"name": "table", "path": str(tmp_path / "t.csv"), "target": "y"}
    made = built({"data": {"source": source}, "training": {"epochs": 1}})
    model = Model.of(made.recipe, made.plan.network, Engine(made.plan).theta, made.dataset, made.plan.data)
    with pytest.raises(InputError, match="cannot encode columns as the model does: b"):
        export(model, "numpy")


def test_recipe(tmp_path: Path) -> None:
    case = trained(tmp_path)
    document = read_document("exported", export(case.model, "recipe").decode())
    assert parse(document) == case.model.recipe


def test_the_command_writes_a_file_or_prints(nntrain: CommandLine, tmp_path: Path) -> None:
    case = trained(tmp_path)
    assert nntrain("export", case.path, "--to", "c", "-o", tmp_path / "model.h").out == ""
    assert (tmp_path / "model.h").read_bytes() == export(case.model, "c")
    assert nntrain("export", case.path, "--to", "numpy").out == export(case.model, "numpy").decode()
    assert "not text" in nntrain("export", case.path, "--to", "onnx").err
    assert "did you mean onnx" in nntrain("export", case.path, "--to", "onx").err
    assert nntrain("export", tmp_path / "three.csv", "--to", "c").status == 2


def test_the_help_lists_all_formats(nntrain: CommandLine) -> None:
    text = " ".join(nntrain("export", "--help").out.split())
    assert all(f"{name}:" in text for name in FORMATS)


HOSTILE = ('x"""; import os; os._exit(3)\n', "*/ int evil; /*", '\\"', "?" + "?/")


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_names_are_data_and_not_code(name: str, tmp_path: Path) -> None:
    """Labels, columns and names of a run may come from anyone."""
    case = trained(tmp_path, "two", loss="bce")
    recipe = case.model.recipe.model_copy(update={"name": name})
    model = replace(case.model, feature_names=(name, "b", "c"), classes=(name, "yes"), recipe=recipe)
    module = imported(tmp_path / "exported.py", export(model, "numpy"))
    assert module.FEATURES[0] == name
    assert set(module.predict(case.x)) <= {name, "yes"}
    for to in ("torch", "keras"):
        compile(export(model, to), "exported", "exec")
    header = export(model, "c")
    symbol = header.decode().split("#ifndef NNTRAIN_")[1].split("_H\n")[0].lower()
    main = f"    fputs({symbol}_classes[0], stdout);\n    return 0;\n"
    assert compiled_c(tmp_path, header, main) == name
