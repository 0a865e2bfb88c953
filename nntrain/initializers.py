"""Initialisers: where the weights start.

Zeros keep all units of a layer equal for ever; too small a spread fades out from layer to layer, too large a one
saturates. Glorot and He choose the spread that keeps the variance of the activations from layer to layer (H).
"""

from math import sqrt
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.registry import Component

Draw = NDArray[np.float64]


class Initializer(Component, family="initializer"):
    """A rule to draw the first weights of a layer with I inputs (fan in) and O outputs (fan out)."""

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return float64 numbers of ``shape``, (I, O) for weights and (O,) for biases, drawn from ``random``."""
        raise NotImplementedError


class Zeros(Initializer):
    """All zero: right for biases, and for weights the lecture's example of units that never part.

    Formula:
        w = 0

    Source: H.
    """

    name: Literal["zeros"] = "zeros"

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return zeros."""
        return np.zeros(shape)


class Constant(Initializer):
    """All the same value.

    Formula:
        w = value

    Source: torch.nn.init.constant_.
    """

    name: Literal["constant"] = "constant"
    value: Annotated[float, Field(description="the value of every weight")] = 0.01

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return the value everywhere."""
        return np.full(shape, self.value)


class Normal(Initializer):
    """Normal of a given spread, whatever the layer's size: the lecture's too small (0.01) and too large (1).

    Formula:
        w ~ N(0, scale²)

    Source: H.
    """

    name: Literal["normal"] = "normal"
    scale: Annotated[float, Field(gt=0, description="standard deviation")] = 0.01

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of standard deviation ``scale``."""
        return random.normal(0.0, self.scale, shape)


class Uniform(Initializer):
    """Uniform in a given range, whatever the layer's size.

    Formula:
        w ~ U(-scale, scale)

    Source: N.
    """

    name: Literal["uniform"] = "uniform"
    scale: Annotated[float, Field(gt=0, description="half the width of the range")] = 0.05

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws within ±scale."""
        return random.uniform(-self.scale, self.scale, shape)


class GlorotUniform(Initializer):
    """Glorot's (Xavier's) uniform: keeps the variance of activations and of gradients, for sigmoid and tanh.

    Formula:
        w ~ U(-b, b),  b = gain sqrt(6 / (I + O))

    Source: H; Glorot and Bengio 2010. As torch's xavier_uniform_ and keras' glorot_uniform (gain 1).
    """

    name: Literal["glorot_uniform"] = "glorot_uniform"
    gain: Annotated[float, Field(gt=0, description="factor, such as 5/3 for tanh in torch")] = 1.0

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws of variance gain²·2/(I + O)."""
        bound = self.gain * sqrt(6 / (n_in + n_out))
        return random.uniform(-bound, bound, shape)


class GlorotNormal(Initializer):
    """Glorot's (Xavier's) normal.

    Formula:
        w ~ N(0, gain² 2 / (I + O))

    Source: H; Glorot and Bengio 2010. As torch's xavier_normal_; keras cuts the tails at two sigma.
    """

    name: Literal["glorot_normal"] = "glorot_normal"
    gain: Annotated[float, Field(gt=0, description="factor, such as 5/3 for tanh in torch")] = 1.0

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance gain²·2/(I + O)."""
        return random.normal(0.0, self.gain * sqrt(2 / (n_in + n_out)), shape)


class HeUniform(Initializer):
    """He's (Kaiming's) uniform: Glorot's argument for ReLU, which lets half of the variance through.

    Formula:
        w ~ U(-b, b),  b = sqrt(6 / I)

    Source: H; He et al., arXiv 1502.01852. As torch's kaiming_uniform_(nonlinearity="relu") and keras' he_uniform.
    """

    name: Literal["he_uniform"] = "he_uniform"

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return uniform draws of variance 2/I."""
        bound = sqrt(6 / n_in)
        return random.uniform(-bound, bound, shape)


class HeNormal(Initializer):
    """He's (Kaiming's) normal.

    Formula:
        w ~ N(0, 2 / I)

    Source: H; He et al., arXiv 1502.01852. As torch's kaiming_normal_; keras cuts the tails at two sigma.
    """

    name: Literal["he_normal"] = "he_normal"

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance 2/I."""
        return random.normal(0.0, sqrt(2 / n_in), shape)
