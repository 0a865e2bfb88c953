"""The compiled engine: it compiles once, and runs as plain Python too."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba import TypingError

from nntrain.jit.kernels import CompiledFunction, announced, kernel
from nntrain.matmul.gemm import fill_panels, shared_product
from nntrain.matmul.tiles import small_product
from nntrain.network.epoch import evaluate, steps
from nntrain.training.engine import Engine
from tests.helpers import ROOT, built, compiled

RECIPE = """\
data: {source: moons}
model: {hidden: [6, 5], dropout: 0.2}
training: {epochs: 3, batch_size: 50, dtype: float64}
"""


def summary_of(folder: Path, name: str, *settings: str, **environment: str) -> tuple[dict[str, float], str]:
    """Run nntrain fit in a process of its own; return the final training scores and what it said."""
    (folder / "r.yaml").write_text(RECIPE)
    options = [argument for setting in settings for argument in ("--set", setting)]
    ended = subprocess.run(
        [sys.executable, "-m", "nntrain", "fit", "r.yaml", "--out", name, "--json", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout)["train"], ended.stderr


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float], str]:
    """The folder of a first run, whose cache was empty; its final training scores and messages."""
    folder = tmp_path_factory.mktemp("first")
    return folder, *summary_of(folder, "first", NUMBA_CACHE_DIR=str(folder / "cache"))


@pytest.mark.exhaustive
def test_compiling_is_announced_and_happens_once(tmp_path: Path, first_run: tuple[Path, dict[str, float], str]) -> None:
    folder, first, said_first = first_run
    cache = {"NUMBA_CACHE_DIR": str(folder / "cache")}
    again, said_again = summary_of(tmp_path, "two", **cache)
    other, said_other = summary_of(
        tmp_path, "three", "model.hidden=[3]", "data.source=iris", "loss=cross_entropy", **cache
    )
    assert "compiling (once per installation" in said_first
    assert "compiling" not in said_again
    assert "compiling" not in said_other
    assert first == again
    assert other != first


@pytest.mark.exhaustive
def test_another_rule_loss_or_activation_does_not_compile_the_epoch_again(
    tmp_path: Path, first_run: tuple[Path, dict[str, float], str]
) -> None:
    """Only what is chosen for the first time is compiled, in a fraction of the time for the epoch."""
    cache = first_run[0] / "cache"

    def compiled() -> set[str]:
        return {path.name.split("-")[0] for path in cache.rglob("*.nbc")}

    before = compiled()
    changes = ("optimizer=nesterov", "loss=mse", "model.activation=elu")
    summary_of(tmp_path, "two", *changes, NUMBA_CACHE_DIR=str(cache))
    new = {name.split(".")[-1] for name in compiled() - before}
    assert new == {"nesterov", "mean_squared_error", "elu_forward", "elu_backward"}
    assert any(name.endswith(".steps") or name == "epoch.steps" for name in before), before


def test_plain_python_gives_the_same(tmp_path: Path) -> None:
    """With NUMBA_DISABLE_JIT=1 the same code runs uncompiled, to be stepped through in a debugger."""
    compiled, _ = summary_of(tmp_path, "one")
    plain, said = summary_of(tmp_path, "two", NUMBA_DISABLE_JIT="1")
    assert "compiling" not in said
    assert plain["loss"] == pytest.approx(compiled["loss"], rel=1e-9)
    assert plain["accuracy"] == compiled["accuracy"]


def test_what_is_compiled_already_is_not_announced() -> None:
    plan = built({"data": {"source": "moons"}}).plan
    Engine(plan)
    told: list[str] = []
    with announced(lambda: told.append("compiling")):
        Engine(plan)
    assert not told


BESIDE = """
import sys
import numpy as np
from nntrain.jit import background
from nntrain.jit.kernels import announced
from nntrain.optimizers.sgd import SGD

background.cores, sys.executable = lambda: CORES, EXECUTABLE or sys.executable
dtype, rule, told = np.dtype("float64"), SGD.update, []
assert rule.missing(dtype)
background.compile_in_background([rule], dtype)
begun = not rule.missing(dtype)
with announced(lambda: told.append("compiling")):
    rule[dtype]
print(begun, told)
"""


@pytest.mark.parametrize(
    ("cores", "executable", "said"),
    [
        (2, "", "True []"),  # compiled by the other process, and read from the cache by this one
        (2, shutil.which("false"), "True ['compiling']"),
        (2, "/not/there", "False ['compiling']"),
        (1, "", "False ['compiling']"),
    ],
)
def test_what_is_compiled_in_a_second_process_is_found(tmp_path: Path, cores: int, executable: str, said: str) -> None:
    code = BESIDE.replace("CORES", str(cores)).replace("EXECUTABLE", repr(executable))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == said


@pytest.mark.parametrize("found", [steps, evaluate, small_product, fill_panels, shared_product])
def test_an_entry_is_found_by_its_name(found: CompiledFunction) -> None:
    module, _, name = found.name.partition(":")
    assert getattr(importlib.import_module(module), name) is found


def test_a_kernel_is_compiled_for_compiled_callers_and_plain_for_python() -> None:
    called = []

    @kernel
    def half(x: int) -> float:
        return x / 2

    @kernel
    def told(x: int) -> float:
        called.append(x)  # which does not compile
        return half(x)

    assert told(3) == half(3) == compiled(half)(3) == 1.5
    assert called == [3]
    with pytest.raises(TypingError):
        compiled(told)(3)
