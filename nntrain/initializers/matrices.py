"""Orthogonal, data-dependent and sparse matrices."""

from math import ceil
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.initializers import Draw, Initializer
from nntrain.registry import Positive


class Orthogonal(Initializer):
    """Orthogonal: the columns (or the rows, if there are fewer) are orthogonal and have length gain.

    Formula:
        W = gain Q,  Q R ~ N(0, 1)^(I×O),  the diagonal of R is positive

    Biases get length gain.

    Source: Saxe et al., arXiv 1312.6120; torch.nn.init.orthogonal_.
    """

    name: Literal["orthogonal"] = "orthogonal"
    gain: Annotated[Positive, Field(description="length of each column")] = 1.0

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return a matrix whose singular values are all gain."""
        normal = random.standard_normal((shape[0], shape[-1] if len(shape) > 1 else 1))
        tall = normal if normal.shape[0] > normal.shape[1] else normal.T  # torch transposes square ones
        Q, R = np.linalg.qr(tall)
        Q = Q * np.sign(np.diagonal(R))
        return np.asarray(self.gain * (Q if tall is normal else Q.T)).reshape(shape)


class LSUV(Initializer):
    """Layer-sequential unit variance: orthogonal, scaled so that pre-activations of the data have variance 1.

    Formula:
        W = orthogonal;  W <- W / std(h_in W)    over 512 training samples, layer by layer

    Biases are left out of the measurement.

    Source: Mishkin and Matas, arXiv 1511.06422.
    """

    name: Literal["lsuv"] = "lsuv"
    unit_variance: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return an orthogonal matrix; nntrain.network.lsuv scales it."""
        return Orthogonal().draw(shape, n_in, n_out, random)


class Sparse(Initializer):
    """Sparse: a fixed number of zeros among the weights of each input; the others are normal.

    Formula:
        w ~ N(0, scale²), and ceil(sparsity O) of the O weights of each input are 0

    Source: Martens 2010; torch.nn.init.sparse_.
    """

    name: Literal["sparse"] = "sparse"
    sparsity: Annotated[float, Field(ge=0, le=1, description="fraction of zeros")] = 0.9
    scale: Annotated[Positive, Field(description="standard deviation of the others")] = 0.1

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws with zeros among them."""
        draws = random.normal(0.0, self.scale, shape)
        for weights in np.atleast_2d(draws):  # views
            weights[random.permutation(weights.size)[: ceil(self.sparsity * weights.size)]] = 0.0
        return draws
