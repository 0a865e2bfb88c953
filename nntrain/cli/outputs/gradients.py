"""What ``trace``, ``replay``, ``gradcheck`` and ``surface`` print."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Array, Label, Number


class TracedClasses(TypedDict):
    """The true class (counted from 0), probabilities, and the loss if each class were the target.

    entropy: of the target distribution, below which its cross-entropy cannot be.
    """

    target: int
    probabilities: list[Number] | None
    losses: list[Number]
    entropy: Number


class TracedLayer(TypedDict):
    """A layer; names that begin with d are gradients; slope: of the activation; slopes: its trainable parameters."""

    label: str
    weights: Array
    biases: Array
    z: Array
    h: Array
    dh: Array
    slope: Array | None
    dz: Array
    dweights: Array
    dbiases: Array
    slopes: Array | None
    dslopes: Array | None


class ArrayStep(TypedDict):
    """A step of one array, with the optimizer's state after it."""

    layer: str
    name: str
    before: Array
    gradient: Array
    state: dict[str, Array]
    corrected: dict[str, Array]
    decay: Array | None
    update: Array
    effective_lr: Array
    after: Array


class Step(TypedDict):
    """A step of the optimizer on the traced sample."""

    number: int
    lr: float
    corrections: dict[str, float]
    loss: Number
    new_loss: Number
    arrays: list[ArrayStep]


class Node(TypedDict):
    """An input, a unit or the loss, with its values and gradients."""

    name: str
    column: int
    forward: list[tuple[str, Number]]
    backward: list[tuple[str, Number]]


class Edge(TypedDict):
    """A weight between two nodes, its gradient, and the terms that it adds forward and backward."""

    start: str
    end: str
    weight: Number
    term: Number
    gradient: Number
    back: Number


class Graph(TypedDict):
    """The computational graph; cut: what is left out."""

    nodes: list[Node]
    edges: list[Edge]
    cut: list[str]


class Traced(TypedDict):
    """A sample, forward and backward; optimizer and steps: with --step; graph: with --graph."""

    row: int
    x: list[Number]
    target: list[Number]
    loss: Number
    classes: TracedClasses | None
    layers: list[TracedLayer]
    dx: list[Number]
    features: list[str]
    class_names: list[Label] | None
    label: str | list[Number]
    loss_name: str
    graph: NotRequired[Graph]
    optimizer: NotRequired[dict[str, Any]]
    steps: NotRequired[list[Step]]


class ReplayedLayer(TypedDict):
    """Norms of a layer's parameters, gradient and update, and its largest absolute activation."""

    label: str
    weights: Number
    activation: Number
    gradient: Number
    update: Number


class ReplayedStep(TypedDict):
    """A step of a run; rows: of its batch, counted from 1; not_finite: the first value that is not."""

    epoch: int
    step: int
    rows: list[int]
    learning_rate: float
    loss: Number
    gradient_norm: Number
    layers: list[ReplayedLayer]
    not_finite: str | None


class ArrayCheck(TypedDict):
    """The gradient of one array; error: the worst relative error, at index; sweep: h and the error, for each h."""

    name: str
    term: Literal["data", "penalty"]
    dtype: Literal["float64", "float32"]
    checked: int
    corners: int
    unresolved: int
    error: Number
    index: list[int]
    analytic: Number
    numeric: Number
    verdict: Literal["good", "fair", "doubtful", "wrong", "not checked"]
    sweep: list[tuple[Number, Number]]


class GradientCheck(ArrayCheck):
    """The gradient of one array; of: what was checked."""

    of: str
    failed: bool


class Mistake(TypedDict):
    """A planted mistake, and the check that shows it best."""

    name: str
    about: str
    caught: bool
    worst: ArrayCheck


class Path(TypedDict):
    """The path of an optimizer from one start; diverged: at this step."""

    start: list[Number]
    end: list[Number]
    best: list[Number]
    loss: Number
    evaluations: int
    diverged: int | None
    points: list[list[Number]]


class Contender(TypedDict):
    """An optimizer with its keys, and its paths."""

    name: str
    optimizer: dict[str, Any]
    trials: int
    paths: list[Path]


class Surface(TypedDict):
    """A grid: the values of each axis, and the loss at each point."""

    axes: dict[str, list[float]]
    loss: Array


class Descent(TypedDict):
    """A loss surface with the paths of optimizers."""

    of: str
    about: str
    optimizers: list[Contender]
    notes: list[str]
    surface: Surface
