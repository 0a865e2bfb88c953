"""L-BFGS: curvature estimated from the last few gradients, and a line search along each direction."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, no_step
from nntrain.registry import Amount, Count


class LBFGS(Optimizer):
    """Limited-memory BFGS on full batches: SciPy's L-BFGS-B without bounds. An epoch is one of its iterations.

    Formula:
        d     = -H g,  H from the last `memory` pairs of (theta_k+1 - theta_k, g_k+1 - g_k)
        theta <- theta + a d,  a by a line search that meets the Wolfe conditions

    Steps are counted in evaluations of the loss and its gradient. An iteration takes one or more.

    Source: Larson; Liu and Nocedal 1989; scipy.optimize.minimize(method="L-BFGS-B"), as in scikit-learn's MLP.
    """

    name: Literal["lbfgs"] = "lbfgs"
    lr: Annotated[float, Field(ge=1, le=1, description="always 1: the line search finds the step")] = 1.0
    memory: Annotated[Count, Field(description="number of pairs of steps and gradient changes to keep")] = 10
    tolerance: Annotated[Amount, Field(description="stop when no element of the gradient is larger")] = 1e-5
    update: ClassVar[CompiledFunction] = no_step
    state_rows: ClassVar[int] = 0
    full_batch: ClassVar[bool] = True
