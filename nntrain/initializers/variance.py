"""Distributions scaled by the layer's size, so that the variance stays the same from layer to layer."""

from math import sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.initializers import Draw, Initializer
from nntrain.registry import DIALECT, Dialects, Positive, Real

CUTOFF = 2.0  # standard deviations at which a truncated normal ends
TRUNCATED_STD = 0.87962566103423978  # the standard deviation of a standard normal that ends there
Truncated = Annotated[bool, Field(description="whether the distribution ends at two standard deviations")]
Slope = Annotated[Real, Field(description="slope of a leaky rectifier for z < 0")]
Gain = Annotated[Positive, Field(description="factor of the standard deviation; torch suggests 5/3 for tanh")]
KERAS: Dialects = {"keras": {"truncated": True}}


class GlorotUniform(Initializer):
    """Glorot (Xavier) uniform: keeps the variance of activations and gradients, for sigmoid and tanh.

    Formula:
        w ~ U(-b, b),  b = gain sqrt(6 / (I + O))

    Source: Hong; Glorot and Bengio 2010; torch's xavier_uniform_, keras' glorot_uniform (gain 1).
    """

    name: Literal["glorot_uniform"] = "glorot_uniform"
    gain: Gain = 1.0

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws of variance gain²·2/(I + O)."""
        bound = self.gain * sqrt(6 / (n_in + n_out))
        return random.uniform(-bound, bound, shape)


class GlorotNormal(Initializer):
    """Glorot (Xavier) normal.

    Formula:
        w ~ N(0, gain² 2 / (I + O))

    Source: Hong; Glorot and Bengio 2010; torch's xavier_normal_. keras truncates at two standard deviations.
    """

    name: Literal["glorot_normal"] = "glorot_normal"
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    truncated: Truncated = False
    gain: Gain = 1.0
    dialects: ClassVar[Dialects] = KERAS

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance gain²·2/(I + O)."""
        return normal(random, self.gain * sqrt(2 / (n_in + n_out)), shape, self.truncated)


class HeUniform(Initializer):
    """He (Kaiming) uniform: like Glorot, for ReLU, which halves the variance.

    Formula:
        w ~ U(-b, b),  b = sqrt(6 / ((1 + slope²) I))

    torch's Linear uses slope sqrt(5) for both weights and biases: U(±1/sqrt(I)).

    Source: He et al., arXiv 1502.01852; torch's kaiming_uniform_, keras' he_uniform.
    """

    name: Literal["he_uniform"] = "he_uniform"
    slope: Slope = 0.0

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws of variance 2/((1 + slope²) I)."""
        bound = sqrt(6 / ((1 + self.slope**2) * n_in))
        return random.uniform(-bound, bound, shape)


class HeNormal(Initializer):
    """He (Kaiming) normal.

    Formula:
        w ~ N(0, 2 / ((1 + slope²) I))

    Source: He et al., arXiv 1502.01852; torch's kaiming_normal_. keras truncates at two standard deviations.
    """

    name: Literal["he_normal"] = "he_normal"
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    truncated: Truncated = False
    slope: Slope = 0.0
    dialects: ClassVar[Dialects] = KERAS

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance 2/((1 + slope²) I)."""
        return normal(random, sqrt(2 / ((1 + self.slope**2) * n_in)), shape, self.truncated)


class LecunUniform(Initializer):
    """LeCun uniform: keeps the variance of activations that are linear around zero.

    Formula:
        w ~ U(-b, b),  b = sqrt(3 / I)

    Source: LeCun et al. 1998; keras' lecun_uniform, torch's kaiming_uniform_(nonlinearity="linear").
    """

    name: Literal["lecun_uniform"] = "lecun_uniform"

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws of variance 1/I."""
        bound = sqrt(3 / n_in)
        return random.uniform(-bound, bound, shape)


class LecunNormal(Initializer):
    """LeCun normal, which SELU requires.

    Formula:
        w ~ N(0, 1 / I)

    Source: LeCun et al. 1998; torch's kaiming_normal_(nonlinearity="linear"). keras truncates.
    """

    name: Literal["lecun_normal"] = "lecun_normal"
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    truncated: Truncated = False
    dialects: ClassVar[Dialects] = KERAS

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance 1/I."""
        return normal(random, sqrt(1 / n_in), shape, self.truncated)


def normal(random: np.random.Generator, scale: float, shape: tuple[int, ...], truncated: bool) -> Draw:
    """Return draws of standard deviation ``scale`` from a normal or, if ``truncated``, from one that ends at CUTOFF."""
    if not truncated:
        return random.normal(0.0, scale, shape)
    draws = random.standard_normal(shape)
    while (beyond := np.abs(draws) > CUTOFF).any():
        draws[beyond] = random.standard_normal(np.count_nonzero(beyond))
    return draws * (scale / TRUNCATED_STD)
