"""What shells complete: names, keys and values, without importing what they stand for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.activations import Activation
from nntrain.cli import completion
from nntrain.diagnostics.dialects import dialects_of
from nntrain.diagnostics.mutations import MUTATIONS
from nntrain.initializers import Initializer
from nntrain.losses import Loss
from nntrain.optimizers import Optimizer
from nntrain.registry import Component, members
from nntrain.schedules import Schedule
from nntrain.utils.resources import shipped_recipes
from tests.helpers import ROOT, CommandLine


def in_bash(nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """Return what bash is offered for the last of ``words``, which it splits at ``=``."""
    monkeypatch.setenv("COMP_WORDS", "\n".join(("nntrain", *words)))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    monkeypatch.setenv(completion.VARIABLE, "complete_bash")
    ended = nntrain()
    assert ended.status == 0
    return ended.out.split()


@pytest.mark.parametrize(
    ("words", "some", "none"),
    [
        ([""], ["fit", "recipes"], ["digits"]),
        (["fi"], ["fit"], ["compare"]),
        (["fit", "--o"], ["--out", "--overwrite"], ["--quiet"]),
        (["fit", "mo"], ["moons", "moons.yaml"], ["digits"]),
        (["fit", "runs/"], ["runs/one", "runs/two"], []),
        (["evaluate", ""], ["runs/one", "best.safetensors"], ["runs/two", "moons", "moons.yaml"]),
        (["report", ""], ["runs/one"], ["runs/two"]),
        (["fit", "x", "--set", ""], ["optimizer=", "optimizer.", "seed=", "data."], ["optimizer.lr=", "data="]),
        (["fit", "x", "--set", "optimizer.be"], ["optimizer.beta1=", "optimizer.beta2="], ["optimizer.lr="]),
        (["fit", "x", "--set", "optimizer.beta2"], ["optimizer.beta2=0.999"], ["optimizer.beta2="]),
        (["fit", "x", "--set", "training.dt"], ["training.dtype=float32", "training.dtype=float64"], []),
        (["fit", "x", "--set", "regul"], ["regularization.l2="], ["regularization."]),
        (["fit", "x", "--set", "optimizer", "=", "ad"], ["adam", "adamw"], ["sgd", "optimizer=adam"]),
        (["fit", "x", "--set", "optimizer", "=", ""], ["adam", "sgd"], []),
        (["fit", "x", "--set", "optimizer", "="], ["adam", "sgd"], []),
        (["fit", "x", "--set", "=", "optimizer", "=", "ad"], ["adam"], ["sgd"]),
        (["fit", "x", "--set", "'optimizer=ad"], ["optimizer=adam"], ["adam"]),
        (["fit", "x", "--set", "model.norm", "=", ""], ["batch", "layer"], []),
        (["fit", "x", "--set", "data.stratify", "=", ""], ["true", "false"], []),
        (["fit", "x", "--set", "data.source.ta"], ["data.source.target="], []),
        (["fit", "x", "--set", "seed=1", "--set", "nothing.at."], [], []),
        (["fit", "x", "--require", "test."], ["test.loss", "test.accuracy", "test.r2", "test.f1"], ["train.loss"]),
        (["fit", "x", "--metrics", "f1,r"], ["f1,r2", "f1,recall"], ["f1,f1", "r2"]),
        (["schema", "result", "e"], ["evaluate", "experiment", "export"], ["fit"]),
        (["schema", "result", "h"], [], ["help"]),
        (["importance", "x", "--metric", "lo"], ["loss", "log_loss"], ["f1"]),
        (["compare", "--optimizers", "sgd,a"], ["sgd,adam"], ["adam", "sgd,sgd"]),
        (["compare", "--optimizers", "=", "mo"], ["momentum"], ["adam"]),
        (["compare", "--vary", "model.drop"], ["model.dropout=0.0"], []),
        (["compare", "--measure", "v"], ["validation.accuracy"], ["test.loss"]),
        (["list", "o"], ["optimizers"], ["losses"]),
        (["dialects", ""], ["adam", "adagrad", "batch"], ["lbfgs", "iris"]),
        (["gradcheck", "--mutate", "a"], ["all"], []),
        (["recipes", "copy", "d"], ["digits", "deep_tanh"], ["iris"]),
        (["predict", "best.safetensors", ""], [], []),  # the shell's own: any file
    ],
)
def test_bash_is_offered(
    words: list[str],
    some: list[str],
    none: list[str],
    moons: Path,
    nntrain: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, files in {"one": ("recipe.yaml", "model.safetensors", "summary.json"), "two": ("recipe.yaml",)}.items():
        Path("runs", name).mkdir(parents=True)
        for file in files:
            Path("runs", name, file).touch()
    Path("best.safetensors").touch()
    offered = in_bash(nntrain, monkeypatch, *words)
    assert set(some) <= set(offered)
    assert not set(none) & set(offered)
    assert len(set(offered)) == len(offered)
    if not some:
        assert offered == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_do_not_split_at_equals_signs(
    shell: str, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "nntrain fit digits --set optimizer=adamw")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv(completion.VARIABLE, f"complete_{shell}")
    assert "optimizer=adamw" in nntrain().out


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("optimizer", Optimizer),
        ("loss", Loss),
        ("model.activation", Activation),
        ("model.initializer", Initializer),
        ("schedule", Schedule),
    ],
)
def test_all_names_are_offered(key: str, family: type[Component]) -> None:
    members(family)  # imports them all
    below = [name for subfamily in family.subfamilies for name in subfamily.members]
    assert set(completion.names_of(key)("")) == {*family.members, *below}  # with aliases


def test_names_that_are_told_elsewhere_are_the_same() -> None:
    assert completion.mistakes("") == ["all", *MUTATIONS]
    assert completion.shipped("") == list(shipped_recipes())
    for name in completion.with_dialects(""):
        assert dialects_of(name)


def test_completing_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom nntrain.cli.main import main\nsys.argv = ['nntrain']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    words = ["nntrain", "fit", "digits", "--set", "optimizer", "=", "ad"]
    environment = {"PYTHONPATH": str(ROOT), "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment, completion.VARIABLE: "complete_bash"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "adam" in ended.stdout.split()
    heavy = {"numpy", "numba", "sklearn", "scipy", "polars", "yaml", "rich"}
    assert not {name.split(".")[0] for name in ended.stderr.split()} & heavy
