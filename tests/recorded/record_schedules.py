"""Record learning rates from torch, keras and scikit-learn: python -m tests.recorded.record_schedules

Needs torch, keras (with jax) and scikit-learn beside NumPy; the tests need only what is written here.
"""

import json
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import keras
import torch
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

keras.backend.set_floatx("float64")
FILE = Path(__file__).parent / "schedules.json"
STEPS = 60
LOSSES = [1.0, 0.9, 0.8, 0.8, 0.79999, 0.7999, 0.7998, 0.7, 0.71, 0.72, 0.7, 0.69999, 0.65, 0.66, 0.66, 0.66, 0.66, 0.5]
T, K = torch.optim.lr_scheduler, keras.optimizers.schedules


def torchs(kind: Any, **keys: Any) -> list[float]:
    """Return the rates of a torch scheduler that starts at 1, step by step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = kind(optimizer, **keys), []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def kerass(schedule: Any) -> list[float]:
    """Return a keras schedule's rates."""
    return [float(schedule(k)) for k in range(STEPS)]


def torchs_warm_up(kind: Any, warmup: int, **keys: Any) -> list[float]:
    """Return the rates of a torch scheduler after a warm-up."""

    def both(optimizer: Any) -> Any:
        first = T.LinearLR(optimizer, start_factor=1 / (warmup + 1), end_factor=1.0, total_iters=warmup)
        return T.SequentialLR(optimizer, [first, kind(optimizer, **keys)], milestones=[warmup])

    return torchs(both)


def sklearns(power: float, rows: int) -> list[float]:
    """Return the rates of scikit-learn's invscaling, for epochs of that many samples."""
    optimizer, rates = SGDOptimizer([], learning_rate_init=1.0, lr_schedule="invscaling", power_t=power), []
    for k in range(STEPS):
        rates.append(float(optimizer.learning_rate))
        optimizer.iteration_ends(rows * (k + 1))
    return rates


def plateau(**keys: Any) -> list[float]:
    """Return torch's rate after each of LOSSES."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = T.ReduceLROnPlateau(optimizer, **keys), []
    for loss in LOSSES:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


CASES: dict[str, tuple[dict[str, Any], list[float]]] = {
    "keras inverse time": ({"name": "inverse_time_decay", "eps": 0.05}, kerass(K.InverseTimeDecay(1.0, 10, 0.5))),
    "scikit-learn invscaling": ({"name": "inverse_time_decay", "eps": 50.0, "power": 0.7}, sklearns(0.7, 50)),
    "torch linear": (
        {"name": "linear", "tau": 40, "end": 0.2},
        torchs(T.LinearLR, start_factor=1.0, end_factor=0.2, total_iters=40),
    ),
    "torch step": ({"name": "step", "every": 7, "gamma": 0.5}, torchs(T.StepLR, step_size=7, gamma=0.5)),
    "torch exponential": ({"name": "exponential", "gamma": 0.9}, torchs(T.ExponentialLR, gamma=0.9)),
    "torch polynomial": (
        {"name": "polynomial", "tau": 40, "power": 1.5},
        torchs(T.PolynomialLR, total_iters=40, power=1.5),
    ),
    "keras polynomial": (
        {"name": "polynomial", "tau": 40, "power": 2.0, "end": 0.1},
        kerass(K.PolynomialDecay(1.0, 40, 0.1, power=2.0)),
    ),
    "keras polynomial, other": (
        {"name": "polynomial", "tau": 40, "power": 3.0, "end": 0.1},
        kerass(K.PolynomialDecay(1.0, 40, 0.1, power=3.0)),
    ),
    "torch cosine": (
        {"name": "cosine", "end": 0.1},
        torchs(T.CosineAnnealingLR, T_max=STEPS, eta_min=0.1),
    ),
    "torch cosine, periodic": (
        {"name": "cosine", "tau": 25, "end": 0.1, "periodic": True},
        torchs(T.CosineAnnealingLR, T_max=25, eta_min=0.1),
    ),
    "torch cosine after a warm-up": (
        {"name": "cosine", "warmup": 4, "tau": 25, "end": 0.1, "periodic": True},
        torchs_warm_up(T.CosineAnnealingLR, 4, T_max=25, eta_min=0.1),
    ),
    "keras cosine": ({"name": "cosine", "tau": 40, "end": 0.1}, kerass(K.CosineDecay(1.0, 40, alpha=0.1))),
    "torch warm restarts": (
        {"name": "warm_restarts", "first": 5, "longer": 2, "end": 0.01},
        torchs(T.CosineAnnealingWarmRestarts, T_0=5, T_mult=2, eta_min=0.01),
    ),
    "torch warm restarts, other": (
        {"name": "warm_restarts", "first": 4, "longer": 3, "end": 0.2},
        torchs(T.CosineAnnealingWarmRestarts, T_0=4, T_mult=3, eta_min=0.2),
    ),
    "torch one cycle, other": (
        {"name": "one_cycle", "share": 0.4, "div": 10.0, "final_div": 50.0},
        torchs(T.OneCycleLR, max_lr=1.0, total_steps=STEPS + 1, pct_start=0.4, div_factor=10.0, final_div_factor=50.0)[
            :STEPS
        ],
    ),
    "torch one cycle": ({"name": "one_cycle"}, torchs(T.OneCycleLR, max_lr=1.0, total_steps=STEPS + 1)[:STEPS]),
    "torch plateau": (
        {"name": "reduce_on_plateau", "patience": 2, "lower": 0.5},
        plateau(patience=2, factor=0.5),
    ),
    "torch plateau least": (
        {"name": "reduce_on_plateau", "patience": 0, "lower": 0.1, "threshold": 0.01, "least": 0.002},
        plateau(patience=0, factor=0.1, threshold=0.01, min_lr=0.002),
    ),
    "torch plateau, other": (
        {"name": "reduce_on_plateau", "patience": 1, "lower": 0.5, "threshold": 0.05, "least": 0.2},
        plateau(patience=1, factor=0.5, threshold=0.05, min_lr=0.2),
    ),
}


def main() -> None:
    """Write the file."""
    versions = {name: version(name) for name in ("torch", "keras", "scikit-learn")}
    cases = {name: {"keys": keys, "rates": rates} for name, (keys, rates) in CASES.items()}
    text = json.dumps({"versions": versions, "steps": STEPS, "losses": LOSSES, "cases": cases}, indent=1)
    FILE.write_text(re.sub(r"\[[^\[\]]*\]", lambda numbers: " ".join(numbers[0].split()), text) + "\n")


if __name__ == "__main__":
    main()
