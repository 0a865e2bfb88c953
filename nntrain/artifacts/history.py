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
        values = [[number(line.get(key)) for key in keys] for line in self.lines]
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
    try:
        summary = json.loads(run.summary.read_text())
        lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
        told = _Summary.model_validate(summary)
        of_parameters = len(told.parameters or ())
        for line in _LINES.validate_python(lines):
            if len(line.parameters or ()) != of_parameters or len(line.layers or told.layers) != len(told.layers):
                raise ValueError(f"epoch {line.epoch} has others than the summary")
        metric = "r2" if told.task == "regression" else "accuracy"
        found = History(folder, recipe, summary, lines, metric)
    except ValidationError as error:
        first = error.errors()[0]
        raise damaged(folder, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError as error:
        raise damaged(folder, error) from None
    return found


def damaged(folder: Path, error: object) -> InputError:
    """Return the error for a run whose files do not hold what they should."""
    return bad_input(folder, f"cannot be read as a run: {error}")


def number(value: float | None) -> float:
    """Return a number of a JSON file, which has null where there is none."""
    return np.nan if value is None else float(value)
