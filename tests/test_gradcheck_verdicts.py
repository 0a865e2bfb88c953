"""nntrain gradcheck: right gradients pass in any units, wrong ones fail at any depth, and nothing passes unchecked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nntrain.diagnostics.compared import TensorCheck
from nntrain.diagnostics.gradcheck import Settings, check
from nntrain.recipe.document import dump_document
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((24, 3))
SAME_ROWS = {"name": "given", "x": [[1.0, 2.0, 3.0]] * 8, "o": [1.0, 2.0, 3.0, 4.0] * 2}


def given(x: Any, o: Any, **keys: Any) -> dict[str, Any]:
    """Return the data of a recipe, as they are."""
    source = {"name": "given", "x": np.asarray(x).tolist(), "o": np.asarray(o).tolist()}
    return {"source": source, "validation": 0, "test": 0, "standardize": False, **keys}


@pytest.mark.parametrize("steps", [0, 10])
@pytest.mark.parametrize(
    "recipe",
    [
        {"data": given(X, 1e5 * (2 + X[:, 0]), standardize_target=False)},
        {"data": {"source": "diabetes", "standardize": False}},
        {"data": given(1e5 * X, X[:, 1])},
        {"data": given(1e-5 * X, X[:, 1]), "model": {"activation": "tanh"}},
        {"data": {**given([], []), "source": SAME_ROWS}, "model": {"norm": "batch"}},
        {"data": given(X, X[:, 0]), "model": {"norm": {"name": "batch", "eps": 1e-12}}},
    ],
    ids=["targets of 1e5", "diabetes", "features of 1e5", "features of 1e-5", "identical rows", "eps 1e-12"],
)
def test_right_gradients_pass_in_any_units(nntrain: CommandLine, recipe: dict[str, Any], steps: int) -> None:
    model = {"hidden": [8, 5], **recipe.get("model", {})}
    found = check(built({**recipe, "model": model}).plan) if not steps else _after_steps(nntrain, recipe, model, steps)
    verdicts = [one.verdict if isinstance(one, TensorCheck) else one["verdict"] for one in found]
    assert not {"wrong", "doubtful"} & set(verdicts)
    assert {"good", "fair"} & set(verdicts)


def _after_steps(nntrain: CommandLine, recipe: dict[str, Any], model: dict[str, Any], steps: int) -> Any:
    ended = nntrain("gradcheck", "-", "--steps", steps, "--json", stdin=dump_document({**recipe, "model": model}))
    assert ended.status == 0
    return ended.json


def test_what_could_not_be_checked_has_not_passed(nntrain: CommandLine) -> None:
    """Of a ReLU layer of zeros every unit is on its corner, and no later gradient but that of the last biases is not 0.

    Where nothing at all could be checked the exit status is 1.
    """
    zeros = ("--set", "model.hidden=[{units: 6, activation: relu, initializer: zeros}]", "--steps", 0)
    found = nntrain("gradcheck", "-", *zeros, "--json", stdin="data: {source: moons}\n").json
    verdicts = {(one["name"], one["dtype"]): (one["verdict"], one["checked"]) for one in found}
    assert verdicts["1 weights", "float64"] == verdicts["1 biases", "float64"] == ("not checked", 0)
    assert verdicts["1 weights", "float32"] == ("not checked", 0)
    nothing = ("--set", "model.initializer=zeros", "--set", "model.learn_biases=false")
    ended = nntrain("gradcheck", "-", *zeros, *nothing, stdin="data: {source: moons}\n")
    assert ended.status == 1
    assert "not checked" in ended.out


@pytest.mark.parametrize("factor", [0.0, -1.0])
@pytest.mark.parametrize(
    ("hidden", "activation", "initializer"),
    [([5] * 12, "sigmoid", "glorot_uniform"), ([5] * 6, "tanh", {"name": "normal", "scale": 0.01})],
)
def test_a_wrong_gradient_of_a_deep_network_is_wrong(
    hidden: Sequence[int], activation: str, initializer: Any, factor: float
) -> None:
    model = {"hidden": hidden, "activation": activation, "initializer": initializer}
    plan = built({"data": {"source": "iris"}, "model": model}).plan
    assert not any(one.failed for one in check(plan))

    def tamper(engine: Engine, gradient: Any) -> Any:
        return factor * gradient

    found = check(plan, tamper=tamper, settings=Settings(dtypes=("float64",)))
    verdicts = {one.name: one.verdict for one in found}
    told = [name for name, verdict in verdicts.items() if verdict != "not checked"]
    assert len(told) > len(verdicts) / 2
    assert {verdicts[name] for name in told} == {"wrong"}


def test_the_float32_gradient_is_checked_against_the_float64_one(
    nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = nntrain("gradcheck", "iris", "--dtype", "float32", "--json").json
    assert {one["dtype"] for one in only} == {"float32"}
    assert all(one["verdict"] == "good" for one in only)
    original = Engine.loss_and_gradient

    def off_in_float32(self: Engine, *arguments: Any, **keys: Any) -> Any:
        loss, gradient = original(self, *arguments, **keys)
        if self.dtype == np.float32:
            gradient *= np.float32(1.1)
        return loss, gradient

    monkeypatch.setattr(Engine, "loss_and_gradient", off_in_float32)
    ended = nntrain("gradcheck", "iris", "--steps", 0, "--json")
    assert ended.status == 1
    assert all(one["failed"] == (one["dtype"] == "float32") for one in ended.json)


def test_options(nntrain: CommandLine) -> None:
    coarse = nntrain("gradcheck", "iris", "--h", "0.01", "--dtype", "float64", "--steps", 0, "--json").json
    fine = nntrain("gradcheck", "iris", "--dtype", "float64", "--steps", 0, "--json").json
    assert max(one["error"] for one in coarse) > 100 * max(one["error"] for one in fine)
    few = nntrain("gradcheck", "iris", "--rows", "1", "--dtype", "float64", "--steps", 0, "--json").json
    assert [one["analytic"] for one in few] != [one["analytic"] for one in fine]
    for option, value in (("--h", "0"), ("--rows", "0"), ("--dtype", "float16")):
        assert nntrain("gradcheck", "iris", option, value).status == 2
