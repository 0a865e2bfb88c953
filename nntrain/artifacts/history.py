"""What a run that has ended tells of itself: the files of its directory, read back."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter, ValidationError

from nntrain.artifacts.run_folder import RunFolder
from nntrain.errors import InputError, bad_input
from nntrain.recipe.document import load_document
from nntrain.recipe.schema import Recipe, parse
from nntrain.training.events import Stopped

Parameters = list[float | None] | None


class _Layer(BaseModel):
    label: str = ""
    gradient_norm: float | None
    dead: float | None


class _Scores(BaseModel):
    loss: float | None
    accuracy: float | None = None
    r2: float | None = None


class _Summary(BaseModel):
    """What of summary.json has to be so."""

    task: Literal["classification", "regression"]
    stopped: Stopped
    verdict: str
    epochs: int
    steps: int
    seconds: float
    layers: list[_Layer]
    parameters: Parameters
    train: _Scores
    validation: _Scores | None = None
    test: _Scores | None = None


class _Line(BaseModel):
    """What of a line of metrics.jsonl has to be so."""

    epoch: int
    step: int
    seconds: float
    learning_rate: float
    train_loss: float | None
    gradient_norm: float | None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    validation_r2: float | None = None
    clipped: float | None = None
    parameters: Parameters = None
    layers: list[_Layer] | None = None


_LINES = TypeAdapter(list[_Line])


@dataclass(frozen=True)
class History:
    """A run that has ended.

    Attributes:
        folder: its directory.
        recipe: the complete recipe.
        summary: what ``summary.json`` holds.
        lines: of ``metrics.jsonl``, one an epoch.
        metric: ``accuracy`` or ``r2``.
    """

    folder: Path
    recipe: Recipe
    summary: dict[str, Any]
    lines: list[dict[str, Any]]
    metric: str

    def column(self, *keys: str) -> NDArray[np.float64]:
        """Return the values of some keys at each epoch (E, keys), NaN where there is none."""
        values = [[or_nan(line.get(key)) for key in keys] for line in self.lines]
        return np.array(values, np.float64).reshape(-1, len(keys))


def read_history(folder: Path) -> History:
    """Read the directory of a run.

    Raises:
        InputError: if it is none, or the run has not ended, or a file of it is damaged.
    """
    run = RunFolder(folder)
    missing = [path.name for path in (run.recipe, run.metrics, run.summary) if not path.is_file()]
    if missing:
        raise bad_input(folder, f"is not the directory of a run that has ended: it lacks {', '.join(missing)}")
    recipe = parse(load_document(str(run.recipe)))
    file = run.summary
    try:
        summary = json.loads(file.read_text())
        told = _Summary.model_validate(summary)
        file = run.metrics
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        _check(told, _LINES.validate_python(lines))
    except ValidationError as error:
        first = error.errors()[0]
        places = [f"line {step + 1}" if isinstance(step, int) else step for step in first["loc"]]
        raise _damaged(file, f"{', '.join(places)}: {first['msg']}") from None
    except ValueError as error:
        raise _damaged(file, error) from None
    return History(folder, recipe, summary, lines, "r2" if told.task == "regression" else "accuracy")


def _check(summary: _Summary, lines: list[_Line]) -> None:
    if len(lines) != summary.epochs:
        raise ValueError(f"has {len(lines)} epochs, and the summary {summary.epochs}")
    parameters, layers = len(summary.parameters or ()), len(summary.layers)
    for line in lines:
        if len(line.parameters or ()) != parameters or len(line.layers or summary.layers) != layers:
            raise ValueError(f"epoch {line.epoch} has others than the summary")


def _damaged(file: Path, error: object) -> InputError:
    """Return the error for a file of a run that does not hold what it should."""
    return bad_input(file, f"is damaged: {error}", "make the run again")


def or_nan(value: float | None) -> float:
    """Return a number of a JSON file, which has null where there is none."""
    return np.nan if value is None else float(value)
