"""Inference: plain Python for a few rows, and the compiled pass for the rest."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nntrain.activations import Activation
from nntrain.losses import Loss
from nntrain.losses.test_functions import TestFunction
from nntrain.network.inference import PLAIN_ACTIVATIONS, is_small, plain_outputs
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.registry import members, named
from nntrain.training.engine import Engine
from tests.helpers import built, make
from tests.test_house import modules_after


@pytest.mark.parametrize(
    ("activation", "norm"),
    [*((activation, "none") for activation in members(Activation)), *(("tanh", norm) for norm in members(Norm))],
)
def test_plain_python_gives_the_outputs_of_compiled_code(activation: str, norm: str) -> None:
    hidden = {"hidden": [8, 5], "activation": activation, "dropout": 0.5}
    model = hidden if norm == "none" else {**hidden, "norm": make(Norm, norm).model_dump()}
    engine = Engine(built({"data": {"source": "iris"}, "model": model}).plan)
    engine.take_steps(np.arange(32), 0, np.full(1, 0.1))  # with running averages other than the initial ones
    plain = plain_outputs(engine.plan.network, engine.theta, engine.train.x)
    assert plain.dtype == engine.dtype
    np.testing.assert_allclose(plain, engine.outputs(engine.train), rtol=1e-4, atol=1e-5)


def test_numbers_that_overflow_are_not_finite_in_plain_python_either() -> None:
    engine = Engine(built({"data": {"source": "iris"}, "model": {"hidden": [4], "activation": "elu"}}).plan)
    huge = np.full((2, 4), 1e38, np.float32)
    engine.theta[:] = 10
    assert not np.isfinite(plain_outputs(engine.plan.network, engine.theta, huge)).any()


def test_only_small_inputs_are_computed_in_plain_python() -> None:
    network = built({"data": {"source": "iris"}, "model": {"hidden": [17]}}).plan.network
    assert is_small(network, PLAIN_ACTIVATIONS // 20)
    assert not is_small(network, PLAIN_ACTIVATIONS // 20 + 1)


def test_commands_that_compile_nothing_do_not_import_numba(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,y\n" + "".join(f"{i},{'pq'[i % 2]}\n" for i in range(40)))
    (tmp_path / "r.yaml").write_text("data: {source: {name: csv, path: d.csv, target: y}}\ntraining: {epochs: 1}\n")
    recipe, run = str(tmp_path / "r.yaml"), str(tmp_path / "run")
    assert "numba" in modules_after("fit", recipe, "--out", run, "-q")
    for arguments in (("predict", run, str(tmp_path / "d.csv")), ("show", recipe), ("list", "optimizers"), ("schema",)):
        assert not modules_after(*arguments) & {"numba", "llvmlite"}, arguments


def test_components_are_found_by_name_and_alias() -> None:
    for family in (Activation, Norm, Optimizer, Loss):
        for name in [*family.members]:
            assert named(family, name) is family.members[name]
    assert named(Loss, "rosenbrock") is members(TestFunction)["rosenbrock"]  # of a subfamily
    for name in ("", "adam\x00", "\udcff", "x" * 10**6):
        assert named(Optimizer, name) is None


def test_only_the_components_of_a_recipe_are_imported(tmp_path: Path) -> None:
    """To import and build all of them takes longer than a prediction."""
    (tmp_path / "r.yaml").write_text("data: {source: {name: line}}\noptimizer: lion\n")
    code = (
        "import sys\nfrom nntrain.recipe.load import load\n"
        f"load({str(tmp_path / 'r.yaml')!r})\n"
        "print(*(name for name in sys.modules if name.startswith('nntrain.optimizers.')))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = {name.rpartition(".")[2] for name in ended.stdout.split()}
    assert names == {"adam", "averaging", "lion", "sam"}  # what a recipe has by default, and what this one names
