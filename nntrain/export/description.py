"""A trained network as exporters read it: plain arrays and names, in the order in which they are applied."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.model import Model
from nntrain.data import Label
from nntrain.data.columns import FilledColumn, FittedColumn
from nntrain.data.preprocessing import Standardizer
from nntrain.data.target_scaling import TransformedTargets
from nntrain.errors import bad_input, listed

Array = NDArray[Any]
# What the outputs of a network mean, by loss. Of classes: how they become probabilities, and which one is predicted.
LINKS = {
    "cross_entropy": "softmax",
    "bce": "sigmoid",
    "hinge": "sign",
    "poisson": "exp",
    "gaussian_nll": "mean",
    **dict.fromkeys(("mse", "half_mse", "sum_squared_error", "half_sum_squared_error", "mae", "huber"), "identity"),
}
Link = Literal["softmax", "sigmoid", "sign", "exp", "mean", "identity"]


@dataclass(frozen=True)
class Norm:
    """A normalization of pre-activations: by row, over the units, or by the running averages of batches."""

    by_row: bool
    eps: float
    momentum: float
    affine: bool  # whether gamma and beta are trained, or 1 and 0
    gamma: Array  # (O)
    beta: Array  # (O)
    mean: Array | None  # (O); None by row
    variance: Array | None


@dataclass(frozen=True)
class Layer:
    """A dense layer: h = f(norm(x W + b))."""

    weights: Array  # (I, O)
    biases: Array  # (O)
    norm: Norm | None
    activation: str
    coefficient: float  # slope of leaky_relu, alpha of elu
    slopes: Array | None  # of prelu: (1) or (O)
    dropout: float


@dataclass(frozen=True)
class Description:
    """A model.

    Attributes:
        name: of its run.
        layers: from the inputs on.
        inputs: how features are standardized, or None.
        targets: how targets were scaled, or None.
        link: what the outputs mean.
        features: the names of the inputs.
        target_names: the names of the targets.
        classes: the labels of the classes, or None for regression.
        dtype: of the parameters.
        columns: how raw columns become the inputs; None if they are numbers that need no encoding.
        fills: what replaces a missing number in each input; None if there is no table.
        tokens: cells that mark missing values.
    """

    name: str
    layers: tuple[Layer, ...]
    inputs: Standardizer | None
    targets: Standardizer | None
    link: Link
    features: tuple[str, ...]
    target_names: tuple[str, ...]
    classes: tuple[Label, ...] | None
    dtype: np.dtype[Any]
    columns: tuple[FittedColumn, ...] | None = None
    fills: Array | None = None
    tokens: frozenset[str] = frozenset()

    @property
    def probabilities(self) -> Literal["softmax", "sigmoid", "outputs"] | None:
        """How outputs become probabilities of the classes; None if the model has none."""
        if self.classes is None:
            return None
        if self.layers[-1].activation == "softmax":
            return "outputs"
        return self.link if self.link in ("softmax", "sigmoid") else None

    @property
    def transformed(self) -> TransformedTargets | None:
        """The transform of the targets, or None."""
        return self.targets if isinstance(self.targets, TransformedTargets) else None

    @property
    def one_output(self) -> bool:
        """Whether the second of two classes is predicted where the only output is above 0."""
        return self.link in ("sigmoid", "sign")


def describe(model: Model, with_columns: bool = False) -> Description:
    """Return the description of a model; ``with_columns``: the format can encode the columns of a table.

    Raises:
        InputError: if it has preprocessing or components that cannot be exported.
    """
    if model.classes is not None and len(model.target_names) > 1:
        what = f"cannot export several labels: {listed(model.target_names)}"
        raise bad_input("export", what, "use nntrain predict, nntrain.load in Python, or train a model for each label")
    columns = () if model.encoder is None else model.encoder.columns
    encoded = [one.column for one in columns if one.name != "numeric" or len(one.features()) > 1]
    if encoded and not with_columns:
        what = f"this format cannot encode columns as the model does: {listed(encoded)}"
        raise bad_input("export", what, "use --to onnx, which encodes them, or train on numeric columns without gaps")
    fills = np.array([one.fill for one in columns if isinstance(one, FilledColumn)])
    parts = [model.loss, *(layer.activation for layer in model.network.layers)]
    own = next((part for part in parts if not type(part).__module__.startswith("nntrain.")), None)
    if own is not None:
        raise bad_input("export", f"cannot export {own.name}, which is not built in", f"choose another {own.family}")
    return Description(
        name=model.recipe.name or "model",
        layers=tuple(_layers(model)),
        inputs=model.inputs,
        targets=model.targets,
        link=LINKS.get(model.loss.name, "identity"),  # type: ignore[arg-type]
        features=model.feature_names,
        target_names=model.target_names,
        classes=model.classes,
        dtype=model.theta.dtype,
        columns=columns if encoded else None,
        fills=fills if columns and not encoded else None,
        tokens=getattr(model.recipe.data.source, "tokens", frozenset()),
    )


def _layers(model: Model) -> Iterator[Layer]:
    for layer, arrays in zip(model.network.layers, model.network.arrays(model.theta), strict=True):
        norm = None
        if layer.norm is not None:
            running = (arrays.get("running_mean"), arrays.get("running_var"))
            momentum, _ = layer.norm.averaging
            facts = (layer.norm.by_row, layer.norm.eps, momentum, layer.norm.affine)
            norm = Norm(*facts, arrays["gamma"], arrays["beta"], *running)
        activation, coefficient = layer.activation.name, layer.activation.coefficient
        slopes = arrays.get("slopes")
        yield Layer(arrays["weights"], arrays["biases"], norm, activation, coefficient, slopes, layer.dropout)
