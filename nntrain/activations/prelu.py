"""PReLU: a leaky ReLU that learns its slope."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.activations import SLOPES_BACKWARD, SLOPES_FORWARD, Activation
from nntrain.jit.kernels import CompiledFunction, compiled
from nntrain.registry import DIALECT, Dialects, Real


@compiled(SLOPES_FORWARD)
def prelu_forward(z, h, slope):
    """h = z where z > 0, else slope·z; one slope, or as many as there are units in a row."""
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
    """Parametric ReLU: the slope for z < 0 is learnt, one for the layer or one for each unit.

    Formula:
        h      = z   if z > 0, else slope·z
        dz     = dh  if z > 0, else slope·dh
        dslope = Σ z dh  over z <= 0

    torch has one slope for the layer, which starts from 0.25; keras one for each unit, which start from 0.

    Source: He et al., arXiv 1502.01852.
    """

    name: Literal["prelu"] = "prelu"
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    slope: Annotated[Real, Field(description="the slope for z < 0 that learning starts from")] = 0.25
    shared: Annotated[bool, Field(description="whether all units of a layer have one slope")] = True
    forward: ClassVar[CompiledFunction] = prelu_forward
    backward: ClassVar[CompiledFunction] = prelu_backward
    kinks: ClassVar[tuple[float, ...]] = (0.0,)
    rectifier: ClassVar[bool] = True
    dialects: ClassVar[Dialects] = {"keras": {"slope": 0.0, "shared": False}}

    @property
    def coefficient(self) -> float:
        """The first slope."""
        return self.slope

    def n_slopes(self, units: int) -> int:
        """Return the number of slopes."""
        return 1 if self.shared else units
