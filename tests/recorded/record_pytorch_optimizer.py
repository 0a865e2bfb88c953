"""Record from pytorch_optimizer and prodigyopt: python -m tests.recorded.record_pytorch_optimizer [NAME ...]

Needs both packages beside what record_optimizers.py needs, whose problems and file format it shares.
"""

import prodigyopt
import pytorch_optimizer

from tests.recorded.record_optimizers import Case, torchs, write
from tests.recorded.record_torch_optimizer import on_weights

CLIP = {"clip_lambda": lambda k: (k - 1) ** 0.25}  # as in the paper and the authors' code

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
