"""What ``diagnose`` prints."""

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Number


class LayerStatistics(TypedDict):
    """A layer over all rows; z: pre-activation; flat, stuck and held: fractions of activations and units."""

    label: str
    hidden: bool
    can_die: bool
    z_mean: Number
    z_deviation: Number
    mean: Number
    deviation: Number
    histogram: list[int]
    flat: Number
    stuck: Number
    held: Number
    equal: bool
    delta: Number
    gradient_norm: Number
    zero_inputs: bool
    zero_weights: bool
    zero_slopes: bool


class Curvature(TypedDict):
    """The extreme eigenvalues of the Hessian; largest_lr: below it, plain gradient descent is stable."""

    smallest: Number
    largest: Number
    error: Number
    condition: Number
    largest_lr: Number


class Finding(TypedDict):
    """Something that stops a network from learning; layers: counted from 1."""

    kind: str
    layers: list[int]
    text: str
    advice: str


class Diagnosis(TypedDict):
    """The statistics of a network over some rows, and what they show."""

    rows: int
    loss: Number
    gradient_norm: Number
    input_deviations: tuple[Number, Number] | None
    span: tuple[Number, Number] | None
    layers: list[LayerStatistics]
    fitted: bool
    still: bool
    not_finite: str | None
    learned: bool
    curvature: Curvature | None
    findings: list[Finding]
