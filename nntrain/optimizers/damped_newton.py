"""Newton's method and Levenberg-Marquardt: a linear system with a matrix of curvature in each iteration."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.jit.kernels import CompiledFunction
from nntrain.optimizers import Optimizer, no_step
from nntrain.registry import Amount, Positive


class DampedNewton(Optimizer):
    """Full-batch iterations that solve (A + mu I) step = g, and choose mu so that the loss falls."""

    lr: Annotated[float, Field(ge=1, le=1, description="always 1: mu limits the step")] = 1.0
    mu: Annotated[Positive, Field(description="initial damping: large values give short steps downhill")] = 1e-3
    mu_decrease: Annotated[float, Field(gt=0, lt=1, description="factor of mu after a step that lowers the loss")] = 0.1
    mu_increase: Annotated[float, Field(gt=1, le=1e6, description="factor of mu after one that does not")] = 10.0
    mu_max: Annotated[Positive, Field(description="stop when mu is larger")] = 1e10
    tolerance: Annotated[Amount, Field(description="stop when no element of the gradient is larger")] = 1e-7
    update: ClassVar[CompiledFunction] = no_step
    state_rows: ClassVar[int] = 0
    full_batch: ClassVar[bool] = True
    solves: ClassVar[bool] = True


class LevenbergMarquardt(DampedNewton):
    """Levenberg-Marquardt: damped Gauss-Newton steps, for networks with up to 2000 parameters.

    Formula:
        A      = J^T H_L J + l2 I_w,  J: derivatives of all outputs, H_L: second derivatives of the loss by outputs
        theta <- theta - (A + mu I)^-1 g
        mu    <- mu_decrease mu if the loss falls; else the step is not taken, and mu <- mu_increase mu

    For a sum of squares, A is J^T J up to a factor; other losses have their own H_L (the generalized Gauss-Newton
    matrix). l2 I_w is for the weights that the penalty applies to. Without damping it is the Gauss-Newton method.
    Steps are counted in evaluations of the loss and its gradient.

    Source: Levenberg 1944; Marquardt 1963; Schraudolph 2002; Hagan and Menhaj 1994, whose mu MATLAB's trainlm uses.
    """

    name: Literal["levenberg_marquardt"] = "levenberg_marquardt"


class Newton(DampedNewton):
    """Newton's method with damping, for networks with up to 2000 parameters.

    Formula:
        A      = the Hessian of the loss, with penalties
        theta <- theta - (A + mu I)^-1 g
        mu    <- mu_decrease mu if the loss falls; else, or where A + mu I is not positive definite, mu_increase mu

    Near a minimum, the number of right digits doubles with each step. Far from it, the Hessian has negative
    eigenvalues, and the damping must exceed the smallest. The Hessian is exact, column by column.

    Source: Nocedal and Wright, "Numerical Optimization", 2006, chapters 3 and 4; Pearlmutter 1994.
    """

    name: Literal["newton"] = "newton"
