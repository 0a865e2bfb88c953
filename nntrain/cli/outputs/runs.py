"""What ``fit``, ``branch``, ``runs``, ``assert``, ``diff``, ``verify`` and ``why`` print."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import BySplit, ChangedKey, Label, Number, Scores
from nntrain.cli.outputs.scores import Baselines, Bin, Threshold


class Estimate(TypedDict):
    """A value with its standard error."""

    value: Number
    error: Number


class Evidence(TypedDict):
    """What a verdict is based on: scores of constant predictions, and how the validation loss ended."""

    baseline: BySplit
    rise: Estimate | None
    validation_loss: Estimate | None
    systematic: Estimate | None


class Cause(TypedDict):
    """The likely cause of a bad run; cure: settings as --set takes them, empty if there are none."""

    id: str
    title: str
    text: str
    cure: str


class Layer(TypedDict):
    """A layer at the end; dead: fraction of its units, null if they cannot die."""

    label: str
    parameters: int
    gradient_norm: Number
    dead: float | None


class Divergence(TypedDict):
    """Where a run diverged; grown_to: its last training loss, if that is finite."""

    epoch: int
    step: int
    where: str
    learning_rate: float
    grown_to: float | None
    advice: str


class Certificate(TypedDict):
    """What a run depends on: hashes of data and weights, versions, processor and operating system."""

    data: str
    weights: str
    versions: dict[str, str]
    processor: str
    system: str


class Origin(TypedDict):
    """Why a run does not start from the initial weights of its recipe."""

    kind: Literal["branch", "weights", "change"]
    run: str
    epoch: int
    changes: list[ChangedKey]


class Run(TypedDict):
    """The summary of a run; train, validation and test are scores of the kept weights."""

    name: str
    run: str
    model: str
    task: Literal["classification", "regression"]
    epochs: int
    steps: int
    seconds: float
    stopped: Literal["epochs", "early_stopping", "grad_tol", "converged", "diverged", "interrupted"]
    train: Scores
    validation: NotRequired[Scores]
    test: NotRequired[Scores]
    undefined: dict[str, str]
    loss_scale: str
    baselines: Baselines
    threshold: Threshold | None
    classes: list[Label] | None
    confusion: dict[str, list[list[int]]] | None
    calibration: dict[str, list[Bin]] | None
    kept: Literal["final", "best"]
    best_epoch: int
    final: BySplit
    best: BySplit
    verdict: str
    cause: Cause | None
    evidence: Evidence
    gradient_norm: Number
    dead: float | None
    clipped: float | None
    samples_per_second: float | None
    layers: list[Layer]
    parameters: list[Number] | None
    diverged: Divergence | None
    certificate: Certificate | None
    origin: Origin | None


class FoldSpread(TypedDict):
    """A score over the folds; std: sample standard deviation."""

    mean: Number
    std: Number
    values: list[Number]


class FoldRun(TypedDict):
    """The run of a fold."""

    run: str
    epochs: int
    stopped: str


class CrossValidation(TypedDict):
    """The result of --folds; predictions: a CSV file of the out-of-fold predictions."""

    run: str
    folds: int
    train: dict[str, FoldSpread]
    validation: NotRequired[dict[str, FoldSpread]]
    test: dict[str, FoldSpread]
    predictions: str
    predicted_rows: int
    runs: list[FoldRun]


class JudgedCondition(TypedDict):
    """A condition on a number of a run; value: the number, null if the run has none."""

    text: str
    key: str
    comparison: Literal[">=", "<=", ">", "<", "=="]
    bound: Number
    value: Number
    holds: bool


class Judgment(TypedDict):
    """Whether a run meets all conditions."""

    run: str
    holds: bool
    conditions: list[JudgedCondition]


class Parting(TypedDict):
    """The first metric that differs between two runs."""

    epoch: int
    key: str
    before: Number
    after: Number


class WeightChange(TypedDict):
    """The largest difference of weights, and the norm of the difference relative to that of the weights."""

    largest: Number
    relative: Number


class Difference(TypedDict):
    """How two runs differ; epochs: of both."""

    identical: bool
    recipe: list[ChangedKey]
    epochs: tuple[int, int]
    parting: Parting | None
    weights: WeightChange | None
    origins: dict[str, Origin]


class Repetition(Difference):
    """How a repeated run differs from the recorded one, and what may explain it."""

    explanations: list[str]


class Entry(TypedDict):
    """Something that happened in a run; epoch: null for the whole run."""

    kind: str
    epoch: int | None
    text: str
    numbers: dict[str, Any]


class Story(TypedDict):
    """What happened in a run; missing: what it did not record."""

    run: str
    entries: list[Entry]
    verdict: str
    missing: list[str]
