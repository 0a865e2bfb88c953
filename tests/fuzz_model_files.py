"""Model files as a stranger may write them, with right checksums: each is used or refused, and nothing else happens.

    python -m tests.fuzz_model_files FOLDER CASES SEED

The facts of models are changed, exchanged and left out, and often the tensors are made to fit again, so that a file
gets as far as it can; then every command runs on it. A crash ends the process: FOLDER/classes/model.safetensors is the
case then.
"""

import contextlib
import copy
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.activations import Activation
from nntrain.artifacts import container
from nntrain.artifacts.named_arrays import named_arrays
from nntrain.cli import diagnose, evaluate, job, predict, trace
from nntrain.cli.progress import Silent
from nntrain.data import Source
from nntrain.losses import Loss
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.recipe.build import network_of
from nntrain.recipe.schema import Recipe
from nntrain.registry import Component, members
from tests.fuzzing import STRANGE, Outcomes, places, settings_of

Tensors = dict[str, NDArray[Any]]

RECIPES = {
    "classes": "data: {source: {name: csv, path: d.csv, target: kind, features: [a, b, c]}}\n"
    "loss: {name: cross_entropy, class_weights: [1, 2, 0.5], smoothing: 0.1}\nmodel: {hidden: [4], norm: batch}\n",
    "two": "data: {source: {name: csv, path: d.csv, target: flag, features: [a, b]}}\n"
    "loss: {name: bce, class_weights: balanced}\nmodel: {hidden: [{units: 3, activation: prelu}]}\n",
    "numbers": "data: {source: {name: csv, path: d.csv, target: [u, v], features: [a, b]}, standardize_target: true}\n"
    "loss: {name: gaussian_nll, sigma: null}\nmodel: {hidden: [3, 2], norm: layer, activation: tanh}\n",
    "moons": "data: {source: {name: moons, rows: 40}}\nloss: mse\nmodel: {hidden: [], output: softmax}\n",
    "given": "data: {source: {name: given, x: [[1], [2], [3]], o: [3, -5, 1e9]}, validation: 0, test: 0}\n",
}
FAMILIES: dict[str, type[Component]] = {
    "loss": Loss,
    "activation": Activation,
    "output": Activation,
    "norm": Norm,
    "source": Source,
    "optimizer": Optimizer,
}
CLASSES: tuple[Any, ...] = (None, None, ["p", "q", "r"], [False, True], [0, 1, 2], [1, 2], ["p", 1], ["p"], ["3", 3])
TARGETS = (["kind"], ["flag"], ["u"], ["u", "v"], ["o"], ["class"])
MOST = 100_000  # numbers of a network whose tensors are made


def table() -> str:
    """Return a CSV file with columns for all recipes; some of its numbers are far from any class."""
    random = np.random.default_rng(0)
    lines = ["a,b,c,kind,flag,u,v"]
    for row in range(40):
        a, b, c, v = random.normal(size=4).round(3)
        lines.append(f"{a},{b},{c},{'pqr'[row % 3]},{row % 2 == 0},{(1e9, -3, 0, 1, 2)[row % 5]},{v}")
    return "\n".join(lines) + "\n"


def change(draw: st.DataObject, facts: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """Change one thing in ``facts``; ``others`` are those of other models."""
    kind = draw.draw(st.sampled_from(["value", "component", "component", "task", "task", "exchange", "less", "list"]))
    if kind == "exchange":
        key = draw.draw(st.sampled_from(["recipe", "classes", "features", "targets", "preprocessing"]))
        facts[key] = copy.deepcopy(draw.draw(st.sampled_from(others)).get(key))
    elif kind == "task":
        facts["classes"] = copy.deepcopy(draw.draw(st.sampled_from(CLASSES)))
        facts["targets"] = list(draw.draw(st.sampled_from(TARGETS)))
    elif kind == "component":
        change_component(draw, facts)
    else:
        change_value(draw, facts, kind)


def change_component(draw: st.DataObject, facts: dict[str, Any]) -> None:
    """Exchange a component of the recipe, the loss more often than others, and perhaps give it a strange key."""
    found = [keys for keys in places(facts) if keys[-1] in FAMILIES and keys[0] == "recipe"]
    loss = [keys for keys in found if keys[-1] == "loss"]
    if not found:
        return
    of_loss, strange = draw.draw(st.booleans()), draw.draw(st.booleans())
    keys = draw.draw(st.sampled_from(loss if loss and of_loss else found))
    inside: Any = inside_of(facts, keys)
    family = members(FAMILIES[str(keys[-1])])
    name = draw.draw(st.sampled_from(list(family)))
    fields = [field for field in family[name].model_fields if field != "name"]
    component: dict[str, Any] = {"name": name}
    if fields and strange:
        component[draw.draw(st.sampled_from(fields))] = draw.draw(st.sampled_from(STRANGE))
    inside[keys[-1]] = copy.deepcopy(component)


def change_value(draw: st.DataObject, facts: dict[str, Any], kind: str) -> None:
    """Change a value: in one of the facts, or one of the recipe's sections, chosen first, as some are much larger."""
    top = draw.draw(st.sampled_from(sorted(facts)))
    sections = sorted(facts[top]) if isinstance(facts[top], dict) else []
    start = (top, draw.draw(st.sampled_from(sections))) if sections else (top,)
    keys = draw.draw(st.sampled_from([keys for keys in places(facts) if keys[: len(start)] == start]))
    inside: Any = inside_of(facts, keys)
    last: Any = keys[-1]
    if kind == "less":
        del inside[last]
    elif kind == "list" and isinstance(inside[last], list):
        inside[last] = inside[last] * 2 if draw.draw(st.booleans()) else inside[last][:1]
    else:
        inside[last] = copy.deepcopy(draw.draw(st.sampled_from(STRANGE)))


def inside_of(facts: dict[str, Any], keys: tuple[str | int, ...]) -> Any:
    """Return what the last of ``keys`` is in."""
    inside: Any = facts
    for step in keys[:-1]:
        inside = inside[step]
    return inside


def fitting(facts: dict[str, Any]) -> Tensors | None:
    """Return tensors for the network that facts describe, None if they describe none."""
    with contextlib.suppress(Exception):
        recipe, classes = Recipe.model_validate(facts["recipe"]), facts["classes"]
        sizes = (len(facts["features"]), len(facts["targets"]), None if classes is None else len(classes))
        network = network_of(recipe, *sizes)
        if network.size > MOST:
            return None
        for part, count in (("inputs", sizes[0]), ("targets", sizes[1])):
            if isinstance(facts["preprocessing"][part], dict):
                facts["preprocessing"][part] = {"mean": [0.0] * count, "scale": [1.0] * count}
        theta = np.random.default_rng(0).normal(size=network.size).astype(recipe.training.dtype)
        return {
            name: np.abs(values) if name.endswith("var") else values
            for name, values in named_arrays(network, theta).items()
        }
    return None


def spoil(draw: st.DataObject, tensors: Tensors) -> None:
    """Change one tensor, if there are any."""
    if not tensors:
        return
    name = draw.draw(st.sampled_from(sorted(tensors)))
    values = tensors.pop(name)
    kind = draw.draw(st.sampled_from(["drop", "shape", "type", "huge", "nan", "minus", "name"]))
    if kind == "shape":
        tensors[name] = np.ones((*values.shape, 2), values.dtype)
    elif kind == "type":
        tensors[name] = values.astype(draw.draw(st.sampled_from(["float64", "float32", "float16", "int32"])))
    elif kind in ("huge", "nan", "minus"):
        tensors[name] = np.full_like(values, {"huge": 3e38, "nan": np.nan, "minus": -1}[kind])
    elif kind == "name":
        tensors[f"{name}x"] = values


def models(folder: Path) -> list[tuple[Tensors, dict[str, Any]]]:
    """Train the models that are changed, each in a directory of its own, and return what their files hold."""
    found = []
    for name, recipe in RECIPES.items():
        file = folder / f"{name}.yaml"
        file.write_text(f"{recipe}training: {{epochs: 1}}\n")
        job.fit(str(file), [], folder / name, True, Silent())
        tensors, facts = container.read(folder / name / "model.safetensors")
        found.append((tensors, {key: value for key, value in facts.items() if key != "sha256"}))
    return found


def fuzz(folder: Path, cases: int, chosen: int) -> Outcomes:
    """Run the commands on so many model files, and return what came of them."""
    data = str(folder / "d.csv")
    Path(data).write_text(table())
    originals = models(folder)
    file = folder / "classes" / "model.safetensors"  # in a run, whose recipe.yaml says where its data are
    outcomes = Outcomes(folder)

    @settings_of(cases, chosen)
    @given(st.data())
    def case(draw: st.DataObject) -> None:
        tensors, facts = copy.deepcopy(draw.draw(st.sampled_from(originals)))
        for _ in range(draw.draw(st.integers(1, 3))):
            change(draw, facts, [facts for _, facts in originals])
        if draw.draw(st.booleans()):
            tensors = fitting(facts) or tensors
        if draw.draw(st.integers(0, 4)) == 0:
            spoil(draw, tensors)
        container.write_texts(file, tensors, {key: json.dumps(value) for key, value in facts.items()})
        outcomes.run(file, predict.command, file, data=data)
        outcomes.run(file, evaluate.command, file)
        outcomes.run(file, evaluate.command, file, data=data)
        outcomes.run(file, diagnose.command, str(file), data=data)
        outcomes.run(file, trace.command, str(file))
        outcomes.run(file, trace.command, str(file), data=data, json=True)

    case()
    return outcomes


if __name__ == "__main__":
    fuzz(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).report()
