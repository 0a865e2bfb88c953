"""Initialisers: where the weights start.

Zeros keep all units of a layer equal for ever; too small a spread fades out from layer to layer, too large a one
saturates. Glorot and He choose the spread that keeps the variance of the activations from layer to layer (H).
"""

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.registry import Component, Positive

Draw = NDArray[np.float64]
Scale = Annotated[Positive, Field(description="standard deviation")]


class Initializer(Component, family="initializer"):
    """A rule to draw the first weights of a layer with I inputs (fan in) and O outputs (fan out)."""

    unit_variance: ClassVar[bool] = False  # whether the weights are scaled by what comes into the layer at first

    def misfit(self, shape: tuple[int, ...], largest: float) -> str | None:
        """Return in words what the rule gives that does not suit an array of ``shape`` and size, None if all does."""
        return None

    def draw(self, shape: tuple[int, ...], n_in: int, n_out: int, random: np.random.Generator) -> Draw:
        """Return float64 numbers of ``shape``, (I, O) for weights and (O,) for biases, drawn from ``random``."""
        raise NotImplementedError
