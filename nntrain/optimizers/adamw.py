"""AdamW: Adam with weight decay outside the gradient."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsHat, EpsRoot, Optimizer, Rate, WeightDecay
from nntrain.optimizers.adam import adam
from nntrain.registry import DIALECT, Dialects


class AdamW(Optimizer):
    """Adam with decoupled weight decay: weights shrink by the same fraction, whatever their gradients.

    Formula:
        theta <- theta (1 - lr weight_decay)               weights only, not biases
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps)    as Adam

    torch, keras and optax also decay biases by default. Their defaults of weight_decay differ by a factor of 100.

    Source: Loshchilov and Hutter, arXiv 1711.05101.
    """

    name: Literal["adamw"] = "adamw"
    dialect: Annotated[Literal["torch", "keras", "optax"], DIALECT] = "torch"
    lr: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    eps_root: EpsRoot = 0.0
    eps_hat: EpsHat = False
    weight_decay: WeightDecay = 0.01
    update: ClassVar[CompiledFunction] = adam
    decoupled: ClassVar[bool] = True
    state_rows: ClassVar[int] = 2
    bias_corrections: ClassVar[Mapping[str, str]] = {"m": "beta1", "v": "beta2"}
    dialects: ClassVar[Dialects] = {
        "keras": {"eps": 1e-7, "eps_hat": True, "weight_decay": 0.004},
        "optax": {"weight_decay": 1e-4},
    }
