"""The recipe's ``training`` and ``regularization`` sections."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.metrics import DEFAULTS, Task
from nntrain.metrics.names import MetricName, Monitor, OfClasses
from nntrain.optimizers.averaging import Averaging, Lookahead
from nntrain.optimizers.sam import SAM
from nntrain.registry import Amount, Choice, Count, Positive, Strict

BATCH_SIZE = 32  # the default; if there are fewer rows, they form one batch


class EarlyStopping(Strict):
    """Stop when the validation loss or a metric has not improved for some epochs, and keep the best weights."""

    patience: Annotated[Count, Field(description="epochs to wait for an improvement")] = 10
    min_delta: Annotated[Amount, Field(description="smallest change for the better that counts as an improvement")] = (
        0.0
    )
    monitor: Annotated[
        Monitor, Field(description="what has to improve on the validation split: loss, or a metric such as f1")
    ] = "loss"


class Regularization(Strict):
    """Penalties, weight decay, gradient clipping and input noise."""

    l1: Annotated[Amount, Field(description="adds l1 Σ |w| to the training objective")] = 0.0
    l2: Annotated[
        Amount,
        Field(description="adds ½ l2 Σ w² to the training objective (torch's weight_decay; see clip_first)"),
    ] = 0.0
    weight_decay: Annotated[
        Amount, Field(description="fraction of each weight subtracted per step, times the learning rate (decoupled)")
    ] = 0.0
    biases: Annotated[bool, Field(description="whether l1, l2 and weight_decay apply to biases too")] = False
    clip_norm: Annotated[
        Positive | None,
        Field(description="maximum norm of the gradient of all parameters together"),
    ] = None
    clip_value: Annotated[Positive | None, Field(description="maximum absolute value of each gradient component")] = (
        None
    )
    clip_first: Annotated[
        bool,
        Field(description="clip the loss's gradient alone, then add the gradient of l1 and l2, as torch does"),
    ] = False
    input_noise: Annotated[
        Amount,
        Field(description="standard deviation of the Gaussian noise that each training step adds to the features"),
    ] = 0.0

    @property
    def clips(self) -> bool:
        """Whether gradients are clipped."""
        return self.clip_norm is not None or self.clip_value is not None


class Checkpoint(Strict):
    """When the state of a run is saved, from which it can continue after an interruption."""

    epochs: Annotated[Count | None, Field(description="save after each multiple of so many epochs")] = None
    seconds: Annotated[
        Positive | None,
        Field(description="save after so many seconds, or after more, so that saving takes under 1 % of the time"),
    ] = 10.0
    keep: Annotated[bool, Field(description="keep the final state, from which a longer run can continue")] = False
    keep_every: Annotated[
        Count | None,
        Field(description="also keep the state after each multiple of so many epochs, for nntrain branch and replay"),
    ] = None


class Training(Strict):
    """Length, batches and precision of a run, and when it stops."""

    epochs: Annotated[Count, Field(description="maximum number of passes over the training data")] = 100
    batch_size: Annotated[
        Count | Literal["full"],
        Field(description="rows per step, or `full`; the last batch of an epoch may be smaller"),
    ] = BATCH_SIZE
    dtype: Annotated[Literal["float32", "float64"], Field(description="precision of all numbers")] = "float32"
    early_stopping: Annotated[
        EarlyStopping | None, Field(description="stop when the validation loss no longer improves")
    ] = None
    grad_tol: Annotated[
        Positive | None,
        Field(description="stop when the norm of the full gradient falls below this; needs batch_size: full"),
    ] = None
    lookahead: Annotated[
        Lookahead | None, Field(description="slow weights that the optimizer's are reset to, as in lookahead: {}")
    ] = None
    sam: Annotated[
        SAM | None,
        Field(description="gradients at a nearby point with a higher loss (SAM), as in sam: {}; takes twice the time"),
    ] = None
    averaging: Annotated[
        Annotated[Averaging, Choice()] | None,
        Field(description="ema or swa: measure and keep the mean of the weights over many steps"),
    ] = None
    checkpoint: Annotated[
        Checkpoint | None, Field(description="when the state is saved; null: never, so that a run cannot be resumed")
    ] = Checkpoint()
    metrics: Annotated[
        list[MetricName],
        Field(description="metrics to record after each epoch, beside accuracy or r2; see nntrain list metrics"),
    ] = Field(default_factory=list[MetricName])
    threshold: Annotated[
        Annotated[float, Field(gt=0, lt=1)] | OfClasses | None,
        Field(
            description="of two classes: probability from which the second is predicted, or the metric by which it is "
            "chosen on the validation split after training; null: 0.5"
        ),
    ] = None
    statistics_every: Annotated[
        Count | None,
        Field(
            description="epochs between statistics of the layers; null: at least 20 times per run, more often if cheap"
        ),
    ] = None

    @model_validator(mode="after")
    def _tolerance_is_for_the_full_gradient(self) -> Self:
        if self.grad_tol is not None and self.batch_size != "full":
            raise PydanticCustomError(
                "grad_tol_needs_full_batch",
                "grad_tol needs batch_size: full, since the gradient of a mini-batch does not vanish at the optimum",
            )
        return self

    @property
    def monitor(self) -> str:
        """What decides which weights are the best: ``loss`` or a metric."""
        return "loss" if self.early_stopping is None else self.early_stopping.monitor

    def further_metrics(self, task: Task) -> tuple[str, ...]:
        """Return the metrics to measure after each epoch beside the task's default."""
        names = dict.fromkeys([*self.metrics, self.monitor])
        return tuple(name for name in names if name not in ("loss", DEFAULTS[task]))
