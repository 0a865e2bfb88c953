"""Record from pytorch_optimizer and prodigyopt: python -m tests.recorded.record_pytorch_optimizer [NAME ...]

Needs torch and both packages.
"""

from typing import Any

import prodigyopt
import pytorch_optimizer
import torch

from tests.recorded.record_common import Case, in_double, on_weights, torchs, write

CLIP = {"clip_lambda": lambda k: (k - 1) ** 0.25}  # as in the paper and the authors' code


def adam_mini(by_unit: bool) -> Any:
    """Return a factory of Adam-mini; by unit, with the package's blocks for attention, one for each row."""

    def make(parameters: list[torch.Tensor], **keys: Any) -> Any:
        model = torch.nn.Module()
        model.named_parameters = lambda: [
            (f"{number}.wq.weight" if by_unit and parameter.ndim == 2 else f"{number}.bias", parameter)
            for number, parameter in enumerate(parameters)
        ]
        optimizer = pytorch_optimizer.AdamMini(model, weight_decay=0.0, **keys)
        for group in optimizer.param_groups:
            group["parameter_per_head"] = group["params"][0].shape[-1]
        return optimizer

    return make


CASES: dict[str, dict[str, Case]] = {
    "signsgd": {
        "signum": ({}, torchs(pytorch_optimizer.SignSGD, 0.001, momentum=0.9)),
        "other": ({"lr": 0.02, "momentum": 0.7}, torchs(pytorch_optimizer.SignSGD, 0.02, momentum=0.7)),
        "without momentum": ({"momentum": 0.0}, torchs(pytorch_optimizer.SignSGD, 0.001, momentum=0.0)),
    },
    "adopt": {
        "default": ({}, torchs(pytorch_optimizer.ADOPT, 0.001, **CLIP)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            torchs(pytorch_optimizer.ADOPT, 0.02, betas=(0.8, 0.95), eps=0.01, **CLIP),
        ),
    },
    "adan": {
        "default": ({}, torchs(pytorch_optimizer.Adan, 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.7, "beta3": 0.95, "eps": 0.01},
            torchs(pytorch_optimizer.Adan, 0.02, betas=(0.8, 0.7, 0.95), eps=0.01),
        ),
    },
    "ademamix": {
        "default": ({}, torchs(pytorch_optimizer.AdEMAMix, 0.001)),
        "other": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "beta3": 0.99, "alpha": 3.0, "t_alpha_beta3": 50, "eps": 0.01},
            torchs(
                *(pytorch_optimizer.AdEMAMix, 0.02),
                betas=(0.8, 0.95, 0.99),
                alpha=3.0,
                t_alpha_beta3=50.0,
                eps=0.01,
            ),
        ),
    },
    "adam_mini": {
        "paper": ({"dialect": "paper"}, in_double(torchs(adam_mini(True), 0.001, transposed=True))),
        "pytorch-optimizer": ({"dialect": "pytorch-optimizer"}, in_double(torchs(adam_mini(False), 0.001))),
        "by unit": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01},
            in_double(torchs(adam_mini(True), 0.02, transposed=True, betas=(0.8, 0.95), eps=0.01)),
        ),
        "by array": (
            {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "by_unit": False},
            in_double(torchs(adam_mini(False), 0.02, betas=(0.8, 0.95), eps=0.01)),
        ),
    },
    "prodigy": {
        "default": ({}, torchs(prodigyopt.Prodigy, 1.0)),
        "other": (
            {"lr": 0.5, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "d0": 0.001, "d_coef": 2.0, "weight_decay": 0.1}
            | {"use_bias_correction": True, "safeguard_warmup": True},
            torchs(
                *(on_weights(prodigyopt.Prodigy, 0.1), 0.5),
                betas=(0.8, 0.95),
                eps=0.01,
                d0=0.001,
                d_coef=2.0,
                use_bias_correction=True,
                safeguard_warmup=True,
            ),
        ),
        "bias correction": (
            {"use_bias_correction": True, "d0": 0.01},
            torchs(prodigyopt.Prodigy, 1.0, use_bias_correction=True, d0=0.01),
        ),
    },
}

if __name__ == "__main__":
    write(CASES, "torch", "pytorch-optimizer", "prodigyopt")
