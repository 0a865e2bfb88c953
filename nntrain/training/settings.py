"""The recipe's ``training`` section: how long, in which batches, and when to stop earlier."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.registry import Strict

BATCH_SIZE = 32  # where a recipe says nothing; data with fewer rows are one batch


class EarlyStopping(Strict):
    """Stop when the validation loss has not improved for some epochs, and keep the best weights."""

    patience: Annotated[int, Field(ge=1, description="epochs to wait for an improvement")] = 10
    min_delta: Annotated[float, Field(ge=0, description="what counts as an improvement of the loss")] = 0.0


class Training(Strict):
    """How a run goes."""

    epochs: Annotated[int, Field(ge=1, description="at most so many passes over the training data")] = 100
    batch_size: Annotated[
        Annotated[int, Field(ge=1)] | Literal["full"],
        Field(description="rows a step, or `full`; the last batch of an epoch may be smaller"),
    ] = BATCH_SIZE
    dtype: Annotated[Literal["float32", "float64"], Field(description="precision of all numbers")] = "float32"
    early_stopping: Annotated[EarlyStopping | None, Field(description="stop on the validation loss")] = None
    grad_tol: Annotated[
        Annotated[float, Field(gt=0)] | None,
        Field(description="stop when the norm of the full gradient falls under this; needs batch_size: full"),
    ] = None
    statistics_every: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="epochs between two statistics of the layers; null: as often as costs little"),
    ] = None

    @model_validator(mode="after")
    def _tolerance_is_for_the_full_gradient(self) -> Self:
        if self.grad_tol is not None and self.batch_size != "full":
            raise PydanticCustomError(
                "grad_tol_needs_full_batch",
                "grad_tol needs batch_size: full, since the gradient of a mini-batch does not vanish at the optimum",
            )
        return self
