"""Record SAM's trajectories from pytorch_optimizer: python -m tests.recorded.record_sam

Needs torch and pytorch_optimizer. The file holds the keys of `training.sam` and of the optimizer, and the parameters
after some steps on each problem.
"""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_optimizer import SAM

from tests.recorded.problems import KEPT, PROBLEMS, START, STEPS, Array, rate, split
from tests.recorded.record_common import lists_in_lines

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "sgd": ({"rho": 0.05}, {"name": "sgd", "lr": 0.05}, torch.optim.SGD),
    "adam": ({"rho": 0.3}, {"name": "adam", "lr": 0.01}, torch.optim.Adam),
    "adaptive": ({"rho": 0.5, "adaptive": True}, {"name": "sgd", "lr": 0.05}, torch.optim.SGD),
}


def trajectory(sam: dict[str, Any], lr: float, kind: Any, gradient: Callable[[Array], Array]) -> dict[str, list[float]]:
    """Return the parameters after the recorded steps."""
    parameters = [torch.tensor(part.copy(), requires_grad=True) for part in split(START.copy())]
    optimizer, kept = SAM(parameters, kind, lr=lr, **sam), {}

    def vector() -> Array:
        return np.concatenate([parameter.detach().numpy().ravel() for parameter in parameters])

    def set_gradient() -> None:
        for parameter, part in zip(parameters, split(gradient(vector())), strict=True):
            parameter.grad = torch.tensor(part.copy())

    for k in range(1, STEPS + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate(lr, k)
        set_gradient()
        single, torch.Tensor.float = torch.Tensor.float, torch.Tensor.double  # of the gradient's norm
        optimizer.first_step()
        torch.Tensor.float = single
        set_gradient()
        optimizer.second_step()
        if k in KEPT:
            kept[str(k)] = vector().tolist()
    return kept


if __name__ == "__main__":
    found = {
        name: {
            "sam": sam,
            "optimizer": keys,
            **{problem: trajectory(sam, keys["lr"], kind, PROBLEMS[problem]) for problem in PROBLEMS},
        }
        for name, (sam, keys, kind) in CASES.items()
    }
    versions = {name: version(name) for name in ("torch", "pytorch-optimizer", "numpy")}
    text = json.dumps({"versions": versions, "cases": found}, indent=1)
    (Path(__file__).parent / "sam.json").write_text(lists_in_lines(text) + "\n")
