"""Record rules with second-order statistics: python -m tests.recorded.record_second_order [NAME ...]

Needs torch, torch-optimizer and pytorch_optimizer.
"""

from typing import Any

import pytorch_optimizer
import torch
import torch_optimizer

from tests.recorded.problems import curvature, split
from tests.recorded.record_common import Case, torchs, write


class PaperShampoo(torch.optim.Optimizer):
    """Shampoo as in the paper, by torch's eigenvalues: statistics of the gradient itself, and half the power."""

    def __init__(self, parameters: Any, lr: float, eps: float = 1e-4, exponent: float = 0.5, every: int = 1) -> None:
        super().__init__(parameters, {"lr": lr})
        self.eps, self.exponent, self.every, self.k = eps, exponent, every, 0

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                self.update(parameter, parameter.grad, group["lr"])
        self.k += 1

    def update(self, parameter: torch.Tensor, gradient: torch.Tensor, lr: float) -> None:
        state, preconditioned = self.state[parameter], gradient
        for side in range(gradient.ndim):
            unfolded = gradient.movedim(side, 0).reshape(gradient.shape[side], -1)
            statistics = state.get(side, self.eps * torch.eye(len(unfolded))) + unfolded @ unfolded.T
            state[side] = statistics
            if self.k % self.every == 0:
                values, vectors = torch.linalg.eigh(statistics)
                state[side, "power"] = vectors @ (values ** (-self.exponent / gradient.ndim)).diag() @ vectors.T
            preconditioned = torch.tensordot(state[side, "power"], preconditioned, dims=([1], [side])).movedim(0, side)
        parameter -= lr * preconditioned


class AdaHessian(torch_optimizer.Adahessian):  # type: ignore[misc]
    """AdaHessian with given estimates of the diagonal."""

    k = 0

    def get_trace(self, parameters: Any, gradients: Any) -> list[torch.Tensor]:
        self.k += 1
        return [torch.tensor(part.copy()) for part in split(curvature(self.k))]


class Sophia(pytorch_optimizer.SophiaH):  # type: ignore[misc]
    """Sophia-H with given estimates of the diagonal."""

    k = 0

    def compute_hutchinson_hessian(self, param_groups: Any, state: Any, **keys: Any) -> None:
        parameters = param_groups[0]["params"]
        for parameter, part in zip(parameters, split(curvature(self.k)), strict=True):
            state[parameter]["hessian"] = torch.tensor(part.copy())

    def step(self) -> None:
        self.k += 1
        super().step()


CASES: dict[str, dict[str, Case]] = {
    "shampoo": {
        "paper": ({}, torchs(PaperShampoo, 0.1)),
        "paper, other": (
            {"lr": 0.02, "eps": 0.01, "exponent": 0.7, "every": 3},
            torchs(PaperShampoo, 0.02, eps=0.01, exponent=0.7, every=3),
        ),
        "torch-optimizer": ({"dialect": "torch-optimizer"}, torchs(torch_optimizer.Shampoo, 0.1)),
        "torch-optimizer, other": (
            {"dialect": "torch-optimizer", "lr": 0.02, "momentum": 0.4, "eps": 0.01, "every": 3},
            torchs(torch_optimizer.Shampoo, 0.02, momentum=0.4, epsilon=0.01, update_freq=3),
        ),
    },
    "adahessian": {
        "torch-optimizer": ({}, torchs(AdaHessian, 0.1)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "hessian_power": 0.7},
            torchs(AdaHessian, 0.02, betas=(0.8, 0.95), eps=0.01, hessian_power=0.7),
        ),
    },
    "sophia": {
        "default": ({}, torchs(Sophia, 0.06)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "clip": 0.3, "every": 3},
            torchs(Sophia, 0.02, betas=(0.8, 0.95), eps=0.01, p=0.3, update_period=3),
        ),
    },
}

if __name__ == "__main__":
    write(CASES, "torch", "torch-optimizer", "pytorch-optimizer")
