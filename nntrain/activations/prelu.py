"""PReLU: a leaky ReLU with a trainable slope."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.activations import SLOPES_BACKWARD, SLOPES_FORWARD, Activation
from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.registry import DIALECT, Dialects, Real


@compiled(SLOPES_FORWARD)
def prelu_forward(z, h, slope):
    """h = z where z > 0, else slope·z; one slope for the layer, or one per unit."""
    zero = z.dtype.type(0)
    for start in range(0, z.size, slope.size):
        for j in range(slope.size):
            value = z[start + j]
            h[start + j] = value if value > zero else slope[j] * value


@compiled(SLOPES_BACKWARD)
def prelu_backward(z, h, slope, d, dslope):
    """dz = dh where z > 0, else slope·dh and dslope += z·dh."""
    zero = z.dtype.type(0)
    dslope[:] = 0
    for start in range(0, z.size, slope.size):
        for j in range(slope.size):
            if z[start + j] <= zero:
                dslope[j] += z[start + j] * d[start + j]
                d[start + j] *= slope[j]


class PReLU(Activation):
    """Parametric ReLU: the slope for z < 0 is trainable, one for the layer or one per unit.

    Formula:
        h      = z   if z > 0, else slope·z
        dz     = dh  if z > 0, else slope·dh
        dslope = Σ z dh  over z <= 0

    torch has one slope for the layer, 0.25 at first; keras has one per unit, 0 at first.

    Source: He et al., arXiv 1502.01852.
    """

    name: Literal["prelu"] = "prelu"
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    slope: Annotated[Real, Field(description="initial slope for z < 0")] = 0.25
    shared: Annotated[bool, Field(description="whether all units of a layer share one slope")] = True
    forward: ClassVar[CompiledFunction] = prelu_forward
    backward: ClassVar[CompiledFunction] = prelu_backward
    kinks: ClassVar[tuple[float, ...]] = (0.0,)
    rectifier: ClassVar[bool] = True
    dialects: ClassVar[Dialects] = {"keras": {"slope": 0.0, "shared": False}}

    @property
    def coefficient(self) -> float:
        """The initial slope."""
        return self.slope

    def n_slopes(self, units: int) -> int:
        """Return the number of slopes."""
        return 1 if self.shared else units
