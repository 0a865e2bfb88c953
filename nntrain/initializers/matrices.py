"""Matrices of a certain kind: orthogonal, scaled by the data, sparse."""

from math import ceil
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.initializers import Draw, Initializer
from nntrain.registry import Positive


class Orthogonal(Initializer):
    """Orthogonal: columns, or rows where there are fewer of them, of length gain and at right angles.

    Formula:
        W = gain Q,  Q R = N(0, 1)^(I×O), signs such that R has a positive diagonal

    Source: Saxe et al., arXiv 1312.6120; torch.nn.init.orthogonal_. A vector (biases) gets length gain.
    """

    name: Literal["orthogonal"] = "orthogonal"
    gain: Annotated[Positive, Field(description="length of a column")] = 1.0

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return a matrix whose singular values are all gain."""
        normal = random.standard_normal((shape[0], shape[-1] if len(shape) > 1 else 1))
        tall = normal if normal.shape[0] > normal.shape[1] else normal.T  # a square one transposed, as in torch
        Q, R = np.linalg.qr(tall)
        Q = Q * np.sign(np.diagonal(R))
        return np.asarray(self.gain * (Q if tall is normal else Q.T)).reshape(shape)


class LSUV(Initializer):
    """Layer-sequential unit variance: orthogonal, and scaled so that the data's own pre-activations have variance 1.

    Formula:
        W = orthogonal;  W <- W / deviation of h_in W    over 512 training rows, first layer first

    Biases are left out of the measure: they are zero at first, or else somebody's wish.

    Source: Mishkin and Matas, arXiv 1511.06422.
    """

    name: Literal["lsuv"] = "lsuv"
    unit_variance: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return an orthogonal matrix, which the network scales."""
        return Orthogonal().draw(shape, n_in, n_out, random)


class Sparse(Initializer):
    """Sparse: the same number of zeros among the weights that leave each input, the others normal.

    Formula:
        w ~ N(0, scale²), and ceil(sparsity O) of the O weights of each input are 0

    Source: Martens 2010; torch.nn.init.sparse_.
    """

    name: Literal["sparse"] = "sparse"
    sparsity: Annotated[float, Field(ge=0, le=1, description="share of zeros")] = 0.9
    scale: Annotated[Positive, Field(description="standard deviation of the others")] = 0.1

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return normal draws with zeros among them."""
        draws = random.normal(0.0, self.scale, shape)
        for weights in np.atleast_2d(draws):  # views
            weights[random.permutation(weights.size)[: ceil(self.sparsity * weights.size)]] = 0.0
        return draws
