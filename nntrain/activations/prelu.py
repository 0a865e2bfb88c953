"""PReLU: a leaky ReLU that learns its slope."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.activations import LEARNT_BACKWARD, LEARNT_FORWARD, Activation
from nntrain.jit.kernels import Entry, entry
from nntrain.registry import DIALECT, Dialects, Real


@entry(LEARNT_FORWARD)
def prelu_forward(z, h, slope):  # type: ignore[no-untyped-def]
    """h = z where z > 0, else slope·z; one slope, or as many as there are units in a row."""
    zero = z.dtype.type(0)
    for start in range(0, z.size, slope.size):
        for j in range(slope.size):
            value = z[start + j]
            h[start + j] = value if value > zero else slope[j] * value


@entry(LEARNT_BACKWARD)
def prelu_backward(z, h, slope, d, dslope):  # type: ignore[no-untyped-def]
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
    forward: ClassVar[Entry] = prelu_forward
    backward: ClassVar[Entry] = prelu_backward
    corners: ClassVar[tuple[float, ...]] = (0.0,)
    rectifier: ClassVar[bool] = True
    dialects: ClassVar[Dialects] = {"keras": {"slope": 0.0, "shared": False}}

    @property
    def number(self) -> float:
        """The first slope."""
        return self.slope

    def learns(self, units: int) -> int:
        """Return the number of slopes."""
        return 1 if self.shared else units
