"""Record rules that are written with torch.optim alone: python -m tests.recorded.record_torch [NAME ...]"""

from typing import Any

import torch

from tests.recorded.record_common import Case, torchs, write


class TwoGradients(torch.optim.SGD):
    """SGD along g_k + beta g_(k-1)."""

    def __init__(self, parameters: Any, lr: float, beta: float) -> None:
        super().__init__(parameters, lr=lr)
        self.beta, self.previous = beta, [torch.zeros_like(parameter) for parameter in parameters]

    def step(self, closure: Any = None) -> None:
        parameters = self.param_groups[0]["params"]
        gradients = [parameter.grad.clone() for parameter in parameters]
        for parameter, previous in zip(parameters, self.previous, strict=True):
            parameter.grad += self.beta * previous
        super().step(closure)
        self.previous = gradients


CASES: dict[str, dict[str, Case]] = {
    "two_gradients": {
        "default": ({}, torchs(TwoGradients, 0.01, beta=0.9)),
        "other": ({"lr": 0.02, "beta": 0.4}, torchs(TwoGradients, 0.02, beta=0.4)),
    },
}

if __name__ == "__main__":
    write(CASES, "torch")
