"""AdamW: Adam with weight decay beside the step and not inside the gradient."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Beta1, Beta2, Eps, EpsHat, EpsRoot, Optimizer, Rate
from nntrain.optimizers.adam import adam
from nntrain.registry import DIALECT, Amount, Dialects


class AdamW(Optimizer):
    """Adam with decoupled weight decay: weights shrink by the same share whatever their gradients are.

    Formula:
        theta <- theta (1 - lr weight_decay)    weights only, biases are left as they are
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps)    as Adam

    torch, keras and optax decay biases too unless told otherwise; their defaults for weight_decay differ by a factor of
    100.

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
    weight_decay: Annotated[Amount, Field(description="share of a weight taken off a step, times the rate")] = 0.01
    update: ClassVar[CompiledFunction] = adam
    state_rows: ClassVar[int] = 2
    dialects: ClassVar[Dialects] = {
        "keras": {"eps": 1e-7, "eps_hat": True, "weight_decay": 0.004},
        "optax": {"weight_decay": 1e-4},
    }

    @property
    def decay(self) -> float:
        """Return the weight decay."""
        return self.weight_decay

    def hyper(self) -> tuple[float, ...]:
        """Return (beta1, beta2, eps, eps_root, eps_hat)."""
        return (self.beta1, self.beta2, self.eps, self.eps_root, self.eps_hat)
