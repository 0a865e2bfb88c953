"""Record trajectories from the package schedulefree: python -m tests.recorded.record_schedulefree [NAME ...]

Needs torch and schedulefree. The parameters are those at which gradients are computed (y).
"""

from typing import Any

import schedulefree

from tests.recorded.record_common import Case, on_weights, torchs, write


class AdamW(schedulefree.AdamWScheduleFreeReference):  # type: ignore[misc]
    """In training mode from the start."""

    def __init__(self, parameters: Any, **keys: Any) -> None:
        super().__init__(parameters, **keys)
        self.train()


CASES: dict[str, dict[str, Case]] = {
    "schedule_free_sgd": {
        "default": ({"lr": 0.1}, torchs(schedulefree.SGDScheduleFreeReference, 0.1)),
        "other": (
            {"lr": 0.05, "momentum": 0.7, "r": 0.5, "weight_lr_power": 1.0},
            torchs(schedulefree.SGDScheduleFreeReference, 0.05, momentum=0.7, r=0.5, weight_lr_power=1.0),
        ),
    },
    "schedule_free_adamw": {
        "default": ({}, torchs(AdamW, 0.0025)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "r": 0.5, "weight_lr_power": 1.0}
            | {"weight_decay": 0.1},
            torchs(
                *(on_weights(AdamW, 0.1), 0.02),
                betas=(0.8, 0.95),
                eps=0.01,
                r=0.5,
                weight_lr_power=1.0,
            ),
        ),
    },
}

if __name__ == "__main__":
    write(CASES, "torch", "schedulefree")
