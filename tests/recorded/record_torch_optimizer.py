"""Record trajectories from the package torch-optimizer: python -m tests.recorded.record_torch_optimizer [NAME ...]

Needs torch and torch-optimizer.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch_optimizer

from tests.recorded.problems import Array
from tests.recorded.record_common import Case, Factory, Step, on_weights, torchs, write


def decoupled(kind: Any, weight_decay: float) -> Any:
    """Return a subclass of an optimizer that multiplies weights by 1 - lr weight_decay before each step."""

    class Decoupled(kind):  # type: ignore[misc]
        @torch.no_grad()
        def step(self) -> None:
            for group in self.param_groups:
                for parameter in group["params"]:
                    parameter.mul_(1 - group["lr"] * weight_decay)
            super().step()

    return Decoupled


def with_rate(kind: Any, scale: Callable[[Any, float], None]) -> Any:
    """Return a factory of an optimizer without a learning rate: ``scale`` applies one before each step."""

    class WithRate(kind):  # type: ignore[misc]
        def step(self) -> None:
            scale(self, self.param_groups[0]["lr"])
            super().step()

    return WithRate


def scale_a2grad(optimizer: Any, lr: float) -> None:
    """Divide the constants of the step size by the learning rate."""
    for group in optimizer.param_groups:
        beta, lips = group.setdefault("constants", (group["beta"], group["lips"]))
        group["beta"], group["lips"] = beta / lr, lips / lr


def scale_adafactor(optimizer: Any, lr: float) -> None:
    """Multiply the relative step by the learning rate."""
    optimizer._get_lr = lambda group, state: lr * type(optimizer)._get_lr(optimizer, group, state)


class SGDP(torch_optimizer.SGDP):  # type: ignore[misc]
    """SGDP as in the paper: the projection does not change the velocity."""

    def _projection(self, p: Any, grad: Any, perturb: Any, *settings: Any) -> Any:
        return super()._projection(p, grad, perturb.clone(), *settings)


def in_double(make: Factory) -> Factory:
    """Return a reference in which ``float()`` gives float64."""

    def patched(start: list[Array]) -> Step:
        step = make(start)

        def run(gradients: list[Array], k: int) -> list[Array]:
            single, torch.Tensor.float = torch.Tensor.float, torch.Tensor.double
            found = step(gradients, k)
            torch.Tensor.float = single
            return found

        return run

    return patched


CASES: dict[str, dict[str, Case]] = {
    "accsgd": {
        "torch-optimizer": ({}, torchs(torch_optimizer.AccSGD, 0.001)),
        "other": (
            {"lr": 0.01, "kappa": 50.0, "xi": 4.0, "small_const": 0.6},
            torchs(torch_optimizer.AccSGD, 0.01, kappa=50.0, xi=4.0, small_const=0.6),
        ),
    },
    "adabound": {
        "torch-optimizer": ({}, torchs(torch_optimizer.AdaBound, 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "final_lr": 0.05, "gamma": 0.1, "amsbound": True},
            torchs(
                torch_optimizer.AdaBound, 0.02, betas=(0.8, 0.95), eps=0.01, final_lr=0.05, gamma=0.1, amsbound=True
            ),
        ),
        "without amsbound": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "final_lr": 0.05, "gamma": 0.1},
            torchs(torch_optimizer.AdaBound, 0.02, betas=(0.8, 0.95), eps=0.01, final_lr=0.05, gamma=0.1),
        ),
    },
    "adamod": {
        "torch-optimizer": ({}, torchs(torch_optimizer.AdaMod, 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "beta3": 0.9},
            torchs(torch_optimizer.AdaMod, 0.02, betas=(0.8, 0.95), eps=0.01, beta3=0.9),
        ),
    },
    "diffgrad": {
        "torch-optimizer": ({}, torchs(torch_optimizer.DiffGrad, 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            torchs(torch_optimizer.DiffGrad, 0.02, betas=(0.8, 0.95), eps=0.01),
        ),
    },
    "aggmo": {
        "torch-optimizer": ({}, torchs(torch_optimizer.AggMo, 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.3, "beta2": 0.6, "beta3": 0.95},
            torchs(torch_optimizer.AggMo, 0.02, betas=(0.3, 0.6, 0.95)),
        ),
    },
    "qhm": {
        "torch-optimizer": ({"lr": 0.001, "momentum": 0.0}, torchs(torch_optimizer.QHM, 0.001)),
        "paper": ({}, torchs(torch_optimizer.QHM, 0.01, momentum=0.999)),
        "other": (
            {"lr": 0.02, "momentum": 0.8, "nu": 0.4, "weight_decay": 0.5},
            torchs(torch_optimizer.QHM, 0.02, momentum=0.8, nu=0.4, weight_decay=0.5, weight_decay_type="direct"),
        ),
    },
    "qhadam": {
        "torch-optimizer": ({"beta1": 0.9, "nu1": 1.0}, torchs(torch_optimizer.QHAdam, 0.001)),
        "paper": ({}, torchs(torch_optimizer.QHAdam, 0.001, betas=(0.995, 0.999), nus=(0.7, 1.0))),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "nu1": 0.4, "nu2": 0.6, "weight_decay": 0.5},
            torchs(
                *(torch_optimizer.QHAdam, 0.02),
                betas=(0.8, 0.95),
                eps=0.01,
                nus=(0.4, 0.6),
                weight_decay=0.5,
                decouple_weight_decay=True,
            ),
        ),
    },
    "pid": {
        "torch-optimizer": ({"momentum": 0.0}, torchs(torch_optimizer.PID, 0.001)),
        "paper": ({}, torchs(torch_optimizer.PID, 0.001, momentum=0.9)),
        "other": (
            {"lr": 0.002, "momentum": 0.7, "dampening": 0.3, "integral": 3.0, "derivative": 4.0},
            torchs(torch_optimizer.PID, 0.002, momentum=0.7, dampening=0.3, integral=3.0, derivative=4.0),
        ),
    },
    "sgdw": {
        "torch-optimizer": ({"momentum": 0.0, "weight_decay": 0.0}, torchs(torch_optimizer.SGDW, 0.01)),
        "other": (
            {"lr": 0.02, "momentum": 0.7, "dampening": 0.3, "weight_decay": 0.5},
            torchs(decoupled(torch_optimizer.SGDW, 0.5), 0.02, momentum=0.7, dampening=0.3),
        ),
        "nesterov": (
            {"lr": 0.02, "momentum": 0.7, "nesterov": True, "weight_decay": 0.5},
            torchs(decoupled(torch_optimizer.SGDW, 0.5), 0.02, momentum=0.7, nesterov=True),
        ),
    },
    "madgrad": {
        "torch-optimizer": ({}, torchs(torch_optimizer.MADGRAD, 0.01)),
        "without momentum": ({"momentum": 0.0}, torchs(torch_optimizer.MADGRAD, 0.01, momentum=0.0)),
        "other": (
            {"lr": 0.05, "momentum": 0.7, "eps": 0.01},
            torchs(torch_optimizer.MADGRAD, 0.05, momentum=0.7, eps=0.01),
        ),
    },
    "adamp": {
        "torch-optimizer": ({}, torchs(torch_optimizer.AdamP, 0.001, transposed=True)),
        "by output": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "delta": 2.0, "wd_ratio": 0.5, "weight_decay": 0.5},
            torchs(
                *(on_weights(torch_optimizer.AdamP, 0.5), 0.02, True),
                betas=(0.8, 0.95),
                eps=0.01,
                delta=2.0,
                wd_ratio=0.5,
            ),
        ),
        "nesterov": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "delta": 1.0, "wd_ratio": 0.5, "weight_decay": 0.5}
            | {"nesterov": True},
            torchs(
                *(on_weights(torch_optimizer.AdamP, 0.5), 0.02, True),
                betas=(0.8, 0.95),
                eps=0.01,
                delta=1.0,
                wd_ratio=0.5,
                nesterov=True,
            ),
        ),
    },
    "sgdp": {
        "torch-optimizer": ({"momentum": 0.0}, torchs(torch_optimizer.SGDP, 0.01, transposed=True)),
        "other": (
            {"lr": 0.02, "momentum": 0.7, "dampening": 0.3, "eps": 0.01, "delta": 2.0, "wd_ratio": 0.5}
            | {"weight_decay": 0.1, "nesterov": True},
            torchs(
                *(on_weights(torch_optimizer.SGDP, 0.1), 0.02, True),
                momentum=0.7,
                dampening=0.3,
                eps=0.01,
                delta=2.0,
                wd_ratio=0.5,
                nesterov=True,
            ),
        ),
        "without nesterov": (
            {"lr": 0.02, "momentum": 0.7, "delta": 1.0, "weight_decay": 0.1},
            torchs(on_weights(SGDP, 0.1), 0.02, True, momentum=0.7, delta=1.0),
        ),
    },
    "novograd": {
        "torch-optimizer": ({"beta2": 0.0}, torchs(torch_optimizer.NovoGrad, 0.001)),
        "paper": ({}, torchs(torch_optimizer.NovoGrad, 0.001, betas=(0.95, 0.98))),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 0.01, "grad_averaging": True, "amsgrad": True}
            | {"weight_decay": 0.3},
            torchs(
                *(on_weights(torch_optimizer.NovoGrad, 0.3), 0.02),
                betas=(0.8, 0.9),
                eps=0.01,
                grad_averaging=True,
                amsgrad=True,
            ),
        ),
    },
    "lars": {
        "torch-optimizer": (
            {"momentum": 0.0, "lr": 0.1},
            torchs(on_weights(torch_optimizer.LARS, 0.0005), 0.1),
        ),
        "momentum": ({}, torchs(on_weights(torch_optimizer.LARS, 0.0005), 0.1, momentum=0.9)),
        "nesterov": (
            {"lr": 0.2, "momentum": 0.7, "nesterov": True, "trust_coefficient": 0.1, "eps": 0.01, "weight_decay": 0.1},
            torchs(
                *(on_weights(torch_optimizer.LARS, 0.1), 0.2),
                momentum=0.7,
                nesterov=True,
                trust_coefficient=0.1,
                eps=0.01,
            ),
        ),
    },
    "apollo": {
        "torch-optimizer": ({}, torchs(torch_optimizer.Apollo, 0.01)),
        "other": ({"lr": 0.1, "beta": 0.7, "eps": 0.01}, torchs(torch_optimizer.Apollo, 0.1, beta=0.7, eps=0.01)),
    },
    "adafactor": {
        "torch-optimizer": ({}, torchs(with_rate(torch_optimizer.Adafactor, scale_adafactor), 1.0)),
        "warm-up": (
            {"lr": 2.0, "beta1": 0.8, "decay_rate": -0.6, "eps1": 0.01, "eps2": 0.9, "clip_threshold": 0.4}
            | {"warmup_init": True, "weight_decay": 0.1},
            torchs(
                *(on_weights(with_rate(torch_optimizer.Adafactor, scale_adafactor), 0.1), 2.0),
                beta1=0.8,
                decay_rate=-0.6,
                eps2=(0.01, 0.9),
                clip_threshold=0.4,
                warmup_init=True,
            ),
        ),
        "warm-up without scaling": (
            {"lr": 2.0, "scale_parameter": False, "warmup_init": True},
            torchs(with_rate(torch_optimizer.Adafactor, scale_adafactor), 2.0, scale_parameter=False, warmup_init=True),
        ),
        "fixed step": (
            {"lr": 0.02, "beta1": 0.8, "decay_rate": -0.6, "eps1": 0.01, "eps2": 0.9, "clip_threshold": 0.4}
            | {"weight_decay": 0.1, "relative_step": False, "scale_parameter": False},
            torchs(
                *(on_weights(torch_optimizer.Adafactor, 0.1), 0.02),
                beta1=0.8,
                decay_rate=-0.6,
                eps2=(0.01, 0.9),
                clip_threshold=0.4,
                relative_step=False,
                scale_parameter=False,
            ),
        ),
        "fixed step, scaled": (
            {"lr": 0.02, "relative_step": False},
            torchs(torch_optimizer.Adafactor, 0.02, relative_step=False),
        ),
    },
    "swats": {
        "torch-optimizer": ({}, torchs(on_weights(torch_optimizer.SWATS, 0.0), 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "tolerance": 1e-7},
            torchs(on_weights(torch_optimizer.SWATS, 0.0), 0.02, betas=(0.8, 0.95), eps=0.01),
        ),
    },
    "a2grad_uni": {
        "torch-optimizer": ({}, torchs(with_rate(torch_optimizer.A2GradUni, scale_a2grad), 1.0)),
        "other": (
            {"lr": 2.0, "beta": 3.0, "lips": 4.0},
            torchs(with_rate(torch_optimizer.A2GradUni, scale_a2grad), 2.0, beta=3.0, lips=4.0),
        ),
    },
    "a2grad_inc": {
        "torch-optimizer": ({}, torchs(with_rate(torch_optimizer.A2GradInc, scale_a2grad), 1.0)),
        "other": (
            {"lr": 2.0, "beta": 3.0, "lips": 4.0},
            torchs(with_rate(torch_optimizer.A2GradInc, scale_a2grad), 2.0, beta=3.0, lips=4.0),
        ),
    },
    "a2grad_exp": {
        "torch-optimizer": ({}, torchs(with_rate(torch_optimizer.A2GradExp, scale_a2grad), 1.0)),
        "other": (
            {"lr": 2.0, "beta": 3.0, "lips": 4.0, "rho": 0.8},
            torchs(with_rate(torch_optimizer.A2GradExp, scale_a2grad), 2.0, beta=3.0, lips=4.0, rho=0.8),
        ),
    },
    "ranger": {
        "torch-optimizer": ({}, in_double(torchs(torch_optimizer.Ranger, 0.001))),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "threshold": 6.0, "alpha": 0.7, "period": 4},
            in_double(
                torchs(
                    *(torch_optimizer.Ranger, 0.02),
                    betas=(0.8, 0.95),
                    eps=0.01,
                    N_sma_threshhold=6,
                    alpha=0.7,
                    k=4,
                )
            ),
        ),
    },
    "ranger_qh": {
        "torch-optimizer": ({}, torchs(torch_optimizer.RangerQH, 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "nu1": 0.4, "nu2": 0.6, "alpha": 0.7, "period": 4},
            torchs(torch_optimizer.RangerQH, 0.02, betas=(0.8, 0.95), eps=0.01, nus=(0.4, 0.6), alpha=0.7, k=4),
        ),
    },
    "ranger_va": {
        "torch-optimizer": ({}, in_double(torchs(torch_optimizer.RangerVA, 0.001))),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "smooth": 5.0, "amsgrad": False, "alpha": 0.7, "period": 4},
            in_double(
                torchs(
                    *(torch_optimizer.RangerVA, 0.02),
                    betas=(0.8, 0.95),
                    smooth=5.0,
                    amsgrad=False,
                    alpha=0.7,
                    k=4,
                )
            ),
        ),
    },
}

if __name__ == "__main__":
    write(CASES, "torch", "torch-optimizer", "pytorch-ranger")
