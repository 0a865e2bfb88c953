"""What the scripts that record optimizers share: trajectories, their files, and torch's interface."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.recorded.problems import KEPT, PROBLEMS, START, STEPS, Array, rate, split

torch.set_default_dtype(torch.float64)  # for NAdam's product of mu
FOLDER = Path(__file__).parent / "optimizers"
Step = Callable[[list[Array], int], list[Array]]  # (gradients, step number) -> new parameters
Factory = Callable[[list[Array]], Step]  # initial parameters -> step function
Case = tuple[dict[str, Any], Factory]  # equivalent keys of the recipe, and the reference


def torchs(kind: Any, lr: float, transposed: bool = False, **keys: Any) -> Factory:
    """Return a factory of step functions for a class of torch.optim."""

    def make(start: list[Array]) -> Step:
        turn = (lambda a: a.T if a.ndim == 2 else a) if transposed else (lambda a: a)
        parameters = [torch.tensor(turn(part).copy(), dtype=torch.float64, requires_grad=True) for part in start]
        optimizer = kind(parameters, lr=lr, **keys)

        def step(gradients: list[Array], k: int) -> list[Array]:
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = torch.tensor(turn(gradient).copy(), dtype=torch.float64)
            for group in optimizer.param_groups:
                group["lr"] = rate(lr, k)
            optimizer.step()
            return [turn(parameter.detach().numpy()).copy() for parameter in parameters]

        return step

    return make


def in_double(make: Factory) -> Factory:
    """Return a reference in which torch.float32 is float64."""

    def patched(start: list[Array]) -> Step:
        step = make(start)

        def run(gradients: list[Array], k: int) -> list[Array]:
            single, torch.float32 = torch.float32, torch.float64
            found = step(gradients, k)
            torch.float32 = single
            return found

        return run

    return patched


def on_weights(kind: Any, weight_decay: float) -> Any:
    """Return a factory of an optimizer that decays matrices, not vectors."""

    def make(parameters: list[torch.Tensor], **keys: Any) -> Any:
        groups = [{"params": [p], "weight_decay": weight_decay if p.ndim == 2 else 0.0} for p in parameters]
        return kind(groups, **keys)

    return make


def trajectory(make: Factory, gradient: Callable[[Array], Array]) -> dict[str, list[float]]:
    """Return the parameters after the recorded steps."""
    step, theta, kept = make([part.copy() for part in split(START.copy())]), START.copy(), {}
    for k in range(1, STEPS + 1):
        theta = np.concatenate([part.ravel() for part in step(split(gradient(theta)), k)])
        if k in KEPT:
            kept[str(k)] = theta.tolist()
    return kept


def lists_in_lines(text: str) -> str:
    """Return indented JSON with each list in one line."""
    return re.sub(r"\[[^\[\]]*\]", lambda numbers: " ".join(numbers[0].split()), text)


def write(cases: Mapping[str, Mapping[str, Case]], *libraries: str) -> None:
    """Write a file for each optimizer, or for those named on the command line."""
    versions = {name: version(name) for name in (*libraries, "numpy")}
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or cases:
        found = {
            case: {"keys": keys, **{problem: trajectory(make, PROBLEMS[problem]) for problem in PROBLEMS}}
            for case, (keys, make) in cases[name].items()
        }
        text = json.dumps({"versions": versions, "cases": found}, indent=1)
        (FOLDER / f"{name}.json").write_text(lists_in_lines(text) + "\n")
        print(name, *cases[name], sep=", ")
