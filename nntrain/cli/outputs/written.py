"""What commands print about the file that they write: ``export``, ``import``, ``report`` and ``init``."""

from typing import Literal

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Label, Recipe


class Exported(TypedDict):
    """An exported model; notes: in what it differs from the model."""

    model: str
    to: Literal["onnx", "torch", "keras", "numpy", "c", "sklearn", "recipe"]
    path: str
    bytes: int
    notes: list[str]


class Imported(TypedDict):
    """A model file made from weights; layers: from the first hidden one."""

    path: str
    bytes: int
    task: Literal["classification", "regression"]
    features: list[str]
    targets: list[str]
    classes: list[Label] | None
    layers: list[str]
    parameters: int


class Page(TypedDict):
    """A report; notes: why figures are left out."""

    path: str
    bytes: int
    notes: list[str]


class FirstRecipe(TypedDict):
    """A recipe for a table; notes: what looks wrong with the table."""

    recipe: Recipe
    notes: list[str]
