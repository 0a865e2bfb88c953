"""Initializers: where the weights start.

Zeros keep all units of a layer equal forever. Weights that are too small make activations vanish from layer to layer;
weights that are too large saturate them. Glorot and He choose the standard deviation that keeps the variance of the
activations from layer to layer (Hong's lecture).

Sources named by an author alone are lecture slides: see :mod:`nntrain.optimizers`.
"""

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.registry import Component, Positive

Draw = NDArray[np.float64]
Scale = Annotated[Positive, Field(description="standard deviation")]


class Initializer(Component, family="initializer"):
    """A rule to draw the initial weights of a layer with I inputs (fan in) and O outputs (fan out)."""

    unit_variance: ClassVar[bool] = False  # whether nntrain.network.lsuv then scales the weights to the data

    def shape_error(self, shape: tuple[int, ...], largest: float) -> str | None:
        """Return a description of values that do not have ``shape`` or exceed ``largest``; None if they fit."""
        return None

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return float64 numbers of ``shape``, (I, O) for weights and (O,) for biases, drawn from ``random``."""
        raise NotImplementedError
