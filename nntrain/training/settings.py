"""The recipe's ``training`` and ``regularization`` sections: how a run goes, and what keeps it from going astray."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.optimizers.averaging import Averaging, Lookahead
from nntrain.registry import Amount, Choice, Count, Positive, Strict

BATCH_SIZE = 32  # where a recipe says nothing; data with fewer rows are one batch


class EarlyStopping(Strict):
    """Stop when the validation loss has not improved for some epochs, and keep the best weights."""

    patience: Annotated[Count, Field(description="epochs to wait for an improvement")] = 10
    min_delta: Annotated[Amount, Field(description="what counts as an improvement of the loss")] = 0.0


class Regularization(Strict):
    """What is done to inputs, gradient and weights beside descending the loss."""

    l1: Annotated[Amount, Field(description="l1 Σ |w| is added to what is descended")] = 0.0
    l2: Annotated[
        Amount,
        Field(description="½ l2 Σ w² is added to what is descended (torch's weight_decay; see clip_first)"),
    ] = 0.0
    weight_decay: Annotated[
        Amount, Field(description="share of each weight taken off a step, times the learning rate (decoupled)")
    ] = 0.0
    biases: Annotated[bool, Field(description="whether the three above are for biases too")] = False
    clip_norm: Annotated[
        Positive | None,
        Field(description="largest norm of the gradient of all parameters together"),
    ] = None
    clip_value: Annotated[Positive | None, Field(description="largest size of each number of the gradient")] = None
    clip_first: Annotated[
        bool,
        Field(description="clip the loss's gradient alone, and add that of l1 and l2 to it afterwards, as torch does"),
    ] = False
    input_noise: Annotated[
        Amount, Field(description="deviation of the Gaussian noise that a training step adds to each feature")
    ] = 0.0

    @property
    def clips(self) -> bool:
        """Whether gradients are clipped."""
        return self.clip_norm is not None or self.clip_value is not None


class Training(Strict):
    """How a run goes."""

    epochs: Annotated[Count, Field(description="at most so many passes over the training data")] = 100
    batch_size: Annotated[
        Count | Literal["full"],
        Field(description="rows a step, or `full`; the last batch of an epoch may be smaller"),
    ] = BATCH_SIZE
    dtype: Annotated[Literal["float32", "float64"], Field(description="precision of all numbers")] = "float32"
    early_stopping: Annotated[EarlyStopping | None, Field(description="stop on the validation loss")] = None
    grad_tol: Annotated[
        Positive | None,
        Field(description="stop when the norm of the full gradient falls under this; needs batch_size: full"),
    ] = None
    lookahead: Annotated[
        Lookahead | None, Field(description="slow weights that the optimizer's go back to, as in lookahead: {}")
    ] = None
    averaging: Annotated[
        Annotated[Averaging, Choice()] | None,
        Field(description="ema or swa: measure and keep a mean over the weights of many steps"),
    ] = None
    statistics_every: Annotated[
        Count | None,
        Field(description="epochs between two statistics of the layers; null: twenty times, or as often as is cheap"),
    ] = None

    @model_validator(mode="after")
    def _tolerance_is_for_the_full_gradient(self) -> Self:
        if self.grad_tol is not None and self.batch_size != "full":
            raise PydanticCustomError(
                "grad_tol_needs_full_batch",
                "grad_tol needs batch_size: full, since the gradient of a mini-batch does not vanish at the optimum",
            )
        return self
