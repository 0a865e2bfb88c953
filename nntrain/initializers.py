"""Initialisers: where the weights start.

Zeros keep all units of a layer equal for ever; too small a spread fades out from layer to layer, too large a one
saturates. Glorot and He choose the spread that keeps the variance of the activations from layer to layer (H).
"""

from math import ceil, sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.registry import DIALECT, Component, Dialects

Draw = NDArray[np.float64]
TAIL = 2.0  # sigma, where tails are cut
WITHIN = 0.87962566103423978  # the standard deviation of a normal that is cut there
Truncated = Annotated[bool, Field(description="whether the tails beyond two sigma are cut off")]
KERAS: Dialects = {"keras": {"truncated": True}}


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
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    truncated: Truncated = False
    gain: Annotated[float, Field(gt=0, description="factor, such as 5/3 for tanh in torch")] = 1.0
    dialects: ClassVar[Dialects] = KERAS

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance gain²·2/(I + O)."""
        return _normal(random, self.gain * sqrt(2 / (n_in + n_out)), shape, self.truncated)


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
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    truncated: Truncated = False
    dialects: ClassVar[Dialects] = KERAS

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance 2/I."""
        return _normal(random, sqrt(2 / n_in), shape, self.truncated)


class LecunUniform(Initializer):
    """LeCun's uniform: keeps the variance of a layer that is linear around zero.

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
    """LeCun's normal, which SELU is made for.

    Formula:
        w ~ N(0, 1 / I)

    Source: LeCun et al. 1998; torch's kaiming_normal_(nonlinearity="linear"); keras cuts the tails at two sigma.
    """

    name: Literal["lecun_normal"] = "lecun_normal"
    dialect: Annotated[Literal["torch", "keras"], DIALECT] = "torch"
    truncated: Truncated = False
    dialects: ClassVar[Dialects] = KERAS

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws of variance 1/I."""
        return _normal(random, sqrt(1 / n_in), shape, self.truncated)


class Orthogonal(Initializer):
    """Orthogonal: columns, or rows where there are fewer of them, of length gain and at right angles.

    Formula:
        W = gain Q,  Q R = N(0, 1)^(I×O), signs such that R has a positive diagonal

    Source: Saxe et al., arXiv 1312.6120; torch.nn.init.orthogonal_. A vector (biases) gets length gain.
    """

    name: Literal["orthogonal"] = "orthogonal"
    gain: Annotated[float, Field(gt=0, description="length of a column")] = 1.0

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return a matrix whose singular values are all gain."""
        normal = random.standard_normal((shape[0], shape[-1] if len(shape) > 1 else 1))
        tall = normal if normal.shape[0] >= normal.shape[1] else normal.T
        Q, R = np.linalg.qr(tall)
        Q = Q * np.sign(np.diagonal(R))
        return np.asarray(self.gain * (Q if tall is normal else Q.T)).reshape(shape)


class Sparse(Initializer):
    """Sparse: the same number of zeros among the weights that leave each input, the others normal.

    Formula:
        w ~ N(0, scale²), and ceil(sparsity O) of the O weights of each input are 0

    Source: Martens 2010; torch.nn.init.sparse_.
    """

    name: Literal["sparse"] = "sparse"
    sparsity: Annotated[float, Field(ge=0, le=1, description="share of zeros")] = 0.9
    scale: Annotated[float, Field(gt=0, description="standard deviation of the others")] = 0.1

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws with zeros among them."""
        draws = random.normal(0.0, self.scale, shape)
        for weights in np.atleast_2d(draws):  # views
            weights[random.permutation(weights.size)[: ceil(self.sparsity * weights.size)]] = 0.0
        return draws


def _normal(random: np.random.Generator, scale: float, shape: tuple[int, ...], truncated: bool) -> Draw:
    """Return normal draws; where truncated, none is beyond two sigma, and the spread is made up for it."""
    if not truncated:
        return random.normal(0.0, scale, shape)
    draws = random.standard_normal(shape)
    while (beyond := np.abs(draws) > TAIL).any():
        draws[beyond] = random.standard_normal(np.count_nonzero(beyond))
    return draws * (scale / WITHIN)
