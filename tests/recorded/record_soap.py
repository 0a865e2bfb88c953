"""Record SOAP from pytorch_optimizer, with float64 in its power iteration: python -m tests.recorded.record_soap

Needs torch and pytorch_optimizer. optimizers/soap.json is for the problems of all optimizers. There, only sides of up
to three rows or columns are rotated: the gradient G of their 4x2 matrix has rank 2, so that G G^T has the eigenvalue 0
twice and two arbitrary eigenvectors. soap.json is for both sides of matrices, on the disturbed quadratic.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pytorch_optimizer import SOAP

from tests.recorded.problems import BASIS_SHAPES, BASIS_START, KEPT, STEPS, Array, disturbed
from tests.recorded.record_common import Case, Factory, in_double, lists_in_lines, on_weights, torchs, write


def case(keys: dict[str, Any]) -> Case:
    """Return the recipe's keys and the reference."""
    names = {"eps": "eps", "every": "precondition_frequency", "max_precondition_dim": "max_precondition_dim"}
    others = {theirs: keys[ours] for ours, theirs in names.items() if ours in keys}
    betas = (keys.get("beta1", 0.95), keys.get("beta2", 0.95))
    kind = on_weights(SOAP, keys.get("weight_decay", 0.01))
    return keys, in_double(torchs(kind, keys.get("lr", 0.003), betas=betas, **others))


OTHER = {"lr": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 0.01, "weight_decay": 0.1}
CASES = {
    "soap": {
        "smaller sides": case({"max_precondition_dim": 3}),
        "other": case({**OTHER, "every": 3, "max_precondition_dim": 3}),
        "each step": case({"every": 1, "max_precondition_dim": 3}),
        "not rotated": case({"max_precondition_dim": 1}),
    }
}
BOTH_SIDES = {"default": case({}), "each step": case({"every": 1}), "other": case({**OTHER, "every": 3})}


def parts(theta: Array) -> list[Array]:
    """Return the arrays of the disturbed quadratic."""
    ends = np.cumsum([int(np.prod(shape)) for shape in BASIS_SHAPES])
    return [part.reshape(shape) for part, shape in zip(np.split(theta, ends[:-1]), BASIS_SHAPES, strict=True)]


def trajectory(make: Factory) -> dict[str, list[float]]:
    """Return the parameters after the recorded steps."""
    step, theta, kept = make([part.copy() for part in parts(BASIS_START)]), BASIS_START, {}
    for k in range(1, STEPS + 1):
        theta = np.concatenate([part.ravel() for part in step(parts(disturbed(theta, k)), k)])
        if k in KEPT:
            kept[str(k)] = theta.tolist()
    return kept


if __name__ == "__main__":
    write(CASES, "torch", "pytorch-optimizer")
    found = {name: {"keys": keys, "theta": trajectory(make)} for name, (keys, make) in BOTH_SIDES.items()}
    versions = {name: version(name) for name in ("torch", "pytorch-optimizer", "numpy")}
    text = lists_in_lines(json.dumps({"versions": versions, "cases": found}, indent=1))
    (Path(__file__).parent / "soap.json").write_text(text + "\n")
