"""The metadata of a checkpoint: everything of a run's state that is not an array."""

from collections.abc import Mapping
from math import inf, isfinite, nan
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from nntrain.artifacts.wall import Outside
from nntrain.schedules.plateau import Plateau
from nntrain.training.events import Diverged
from nntrain.training.state import TrainingState

REALS = {"inf": inf, "-inf": -inf, "nan": nan}  # JSON has none of them: they are written as text


def _named_real(value: Any) -> Any:
    return REALS.get(value, value) if isinstance(value, str) else value


Count = Annotated[int, Field(ge=0, le=2**53)]
Real = Annotated[float, Field(allow_inf_nan=True), BeforeValidator(_named_real)]


class _Best(Outside):
    loss: Real
    epoch: Count
    waited: Count
    counted: Real


class _Diverged(Outside):
    epoch: Count
    step: Count
    where: str
    learning_rate: Real


class _Growth(Outside):
    limit: Real
    left: _Diverged | None
    last: _Diverged


class _Plateau(Outside):
    best: Real
    waited: Count
    factor: Real


class ChangedKey(Outside):
    """A recipe key that has another value from the start state on."""

    key: str
    before: Any
    after: Any


class Origin(Outside):
    """Why a run does not start from the initial weights of its recipe.

    Attributes:
        kind: ``branch`` of another run; ``weights`` of another model; ``change`` of the recipe within the run.
        run: the run, or the model, that it starts from.
        epoch: the number of epochs before the start.
        changes: keys of the recipe that were different before.
    """

    kind: Literal["branch", "weights", "change"]
    run: str
    epoch: Count
    changes: list[ChangedKey]

    def __str__(self) -> str:
        """Return it in words, as in ``branch of runs/a after epoch 20``."""
        if self.kind == "weights":
            return f"started from {self.run}"
        what = f"branch of {self.run}" if self.kind == "branch" else "continued with another recipe"
        return f"{what} after epoch {self.epoch:,}"


def origin_in(summary: Mapping[str, Any]) -> Origin | None:
    """Return the origin that the summary of a run has; None if there is none, or it is damaged."""
    try:
        return Origin.model_validate(summary.get("origin"))
    except ValidationError:
        return None


class Facts(Outside):
    """The metadata of a checkpoint."""

    generation: Count
    epoch: Count
    step: Count
    seconds: Annotated[float, Field(ge=0)]
    epoch_seconds: Annotated[float, Field(ge=0)]
    clipped: Count
    best: _Best
    growth: _Growth
    plateau: _Plateau | None
    metrics: Count  # bytes of metrics.jsonl that belong to the complete epochs
    recipe: dict[str, Any]
    data: str  # fingerprint
    origin: Origin | None = None  # of a start state


def facts_of(
    state: TrainingState,
    generation: int,
    metrics: int,
    recipe: Mapping[str, Any],
    data: str,
    origin: Origin | None = None,
) -> dict[str, Any]:
    """Return the metadata of a state.

    Args:
        state: of the run.
        generation: counts the checkpoints of the run.
        metrics: bytes of metrics.jsonl that belong to the complete epochs.
        recipe: the complete recipe.
        data: fingerprint of the data.
        origin: of a start state.
    """
    best, growth, plateau = state.best, state.growth, state.plateau
    return {
        "generation": generation,
        "epoch": state.epoch,
        "step": state.step,
        "seconds": state.seconds,
        "epoch_seconds": state.epoch_seconds,
        "clipped": state.clipped,
        "best": {
            "loss": _real(best.loss),
            "epoch": best.epoch,
            "waited": best.waited,
            "counted": _real(best.reference),
        },
        "growth": {
            "limit": _real(growth.limit),
            "left": None if growth.exceeded_at is None else _diverged(growth.exceeded_at),
            "last": _diverged(growth.last),
        },
        "plateau": None
        if not isinstance(plateau, Plateau)
        else {"best": _real(plateau.best), "waited": plateau.waited, "factor": plateau.factor},
        "metrics": metrics,
        "recipe": recipe,
        "data": data,
        "origin": None if origin is None else origin.model_dump(),
    }


def _diverged(diverged: Diverged) -> dict[str, Any]:
    return {
        "epoch": diverged.epoch,
        "step": diverged.step,
        "where": diverged.where,
        "learning_rate": _real(diverged.learning_rate),
    }


def _real(value: float) -> float | str:
    return value if isfinite(value) else str(float(value))
