"""What ``list``, ``dialects``, ``recipes`` and ``show`` print."""

from typing import Any

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Recipe


class Key(TypedDict):
    """A recipe key of a component."""

    default: Any
    required: bool
    about: str


class Component(TypedDict):
    """A component with its formula and recipe keys."""

    name: str
    about: str
    formula: str
    source: str
    keys: dict[str, Key]


class Dialect(TypedDict):
    """The keys of a dialect, and the step at which it diverges by 1 % from the first one, if it does."""

    name: str
    keys: dict[str, Any]
    family: str
    parts: int | None
    parts_at_equal_rate: int | None


class ShippedRecipe(TypedDict):
    """A shipped recipe."""

    name: str
    about: str


class ShownLayer(TypedDict):
    """A layer; multiply_adds: in a step."""

    layer: str
    activation: str
    dropout: float
    norm: str | None
    initializer: str
    input: int
    output: int
    parameters: int
    multiply_adds: int


class Memory(TypedDict):
    """Bytes: of parameters, gradient and optimizer state, and of a batch."""

    parameters: int
    batch: int


class Network(TypedDict):
    """The network of a recipe; rows: by split."""

    layers: list[ShownLayer]
    parameters: int
    multiply_adds: int
    memory: Memory
    batch_rows: int
    steps_per_epoch: int
    rows: dict[str, int]


class Shown(TypedDict):
    """A recipe with all defaults, and its network."""

    recipe: Recipe
    network: Network
