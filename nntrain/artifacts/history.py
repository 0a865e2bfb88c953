"""The history of a finished run, read from its directory.

The files may have been edited, truncated or written by somebody else, so the type and range of every value that is
used are checked here.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from nntrain.artifacts.history_facts import SPLITS, Line, SummaryFacts
from nntrain.artifacts.run_files import METRICS, RECIPE, SUMMARY, settle
from nntrain.errors import InputError, bad_input, counted
from nntrain.recipe.document import load_document
from nntrain.recipe.schema import Recipe, parse

Numbers = NDArray[np.float64]
NUMBERS = tuple(key for key in Line.model_fields if key not in ("parameters", "layers", "measured"))


class Layers(NamedTuple):
    """The statistics of each layer (L) at the M epochs that have them."""

    epoch: Numbers  # (M,)
    gradient_norm: Numbers  # (M, L)
    dead: Numbers  # (M, L), NaN where units cannot die


@dataclass(frozen=True)
class History:
    """A finished run.

    Attributes:
        folder: its directory.
        recipe: the complete recipe.
        summary: the used keys of ``summary.json``; splits that do not exist are left out.
        columns: the numbers of ``metrics.jsonl`` by key, one per epoch (E,), NaN where one is missing.
        parameters: the parameters after each epoch (E, P) of a small network; (E, 0) of a larger one.
        layers: the measurements of each layer.
        metric: ``accuracy`` or ``r2``.
    """

    folder: Path
    recipe: Recipe
    summary: dict[str, Any]
    columns: Mapping[str, Numbers]
    parameters: Numbers
    layers: Layers
    metric: str

    def column(self, *keys: str) -> Numbers:
        """Return the values of some keys at each epoch (E, keys), NaN where one is missing or was not recorded."""
        nothing = np.full(len(self.columns["epoch"]), np.nan)
        return np.stack([self.columns.get(key, nothing) for key in keys], axis=1)


def read_history(folder: Path) -> History:
    """Read the directory of a run.

    Raises:
        InputError: if it is not one, the run has not finished, or a file is damaged.
    """
    while True:
        settle(folder)
        before = _identities(folder)
        history = _whole(folder)
        if _identities(folder) == before:  # another run has not replaced it meanwhile
            return history


def _identities(folder: Path) -> list[tuple[int, int] | None]:
    found = [folder / name for name in (RECIPE, METRICS, SUMMARY)]
    return [(path.stat().st_dev, path.stat().st_ino) if path.exists() else None for path in found]


def _whole(folder: Path) -> History:
    missing = [name for name in (RECIPE, METRICS, SUMMARY) if not (folder / name).is_file()]
    if missing:
        raise bad_input(folder, f"is not the directory of a finished run: it has no {', '.join(missing)}")
    recipe = parse(load_document(str(folder / RECIPE)))
    try:
        summary = SummaryFacts.model_validate_json((folder / SUMMARY).read_bytes())
        return _read(folder, recipe, summary, folder / METRICS)
    except ValidationError as error:
        raise damaged(folder / SUMMARY, first_problem(error)) from None
    except OSError as error:
        raise bad_input(error.filename, f"cannot read: {error.strerror}") from None


def _read(folder: Path, recipe: Recipe, summary: SummaryFacts, metrics: Path) -> History:
    further = recipe.training.further_metrics(summary.task)
    measured = [f"validation_{name}" for name in (summary.metric, *further)]
    columns: dict[str, array[float]] = {key: array("d") for key in (*NUMBERS, *measured)}
    parameters, epochs, norms, dead = (array("d") for _ in range(4))
    count = 0
    with metrics.open("rb") as file:
        for count, text in enumerate(file, start=1):
            line = _line(metrics, count, text, summary)
            for key in NUMBERS:
                columns[key].append(or_nan(getattr(line, key)))
            for key in measured:
                columns[key].append(or_nan(line.measured.get(key)))
            parameters.extend(map(or_nan, line.parameters or ()))
            if line.layers:
                epochs.append(line.epoch)
                norms.extend(or_nan(layer.gradient_norm) for layer in line.layers)
                dead.extend(or_nan(layer.dead) for layer in line.layers)
    if count != summary.epochs:
        raise damaged(metrics, f"has {counted(count, 'epoch')}, but the summary has {summary.epochs}")
    layers = [np.array(values).reshape(len(epochs), len(summary.layers)) for values in (norms, dead)]
    facts = summary.model_dump()
    for part in SPLITS:
        if facts[part] is not None:
            facts[part] |= facts[part].pop("measured")
    return History(
        folder=folder,
        recipe=recipe,
        summary={key: value for key, value in facts.items() if key not in SPLITS or value is not None},
        columns={key: np.array(column) for key, column in columns.items()},
        parameters=np.array(parameters).reshape(count, len(summary.parameters or ())),
        layers=Layers(np.array(epochs), *layers),
        metric=summary.metric,
    )


def _line(file: Path, number: int, text: bytes, summary: SummaryFacts) -> Line:
    """Return a line, after checking that it belongs to the next epoch and matches the summary."""
    try:
        line = Line.model_validate_json(text)
    except ValidationError as error:
        raise damaged(file, f"line {number}, {first_problem(error)}") from None
    if line.epoch != number:
        raise damaged(file, f"line {number} has epoch {line.epoch}")
    for what in ("parameters", "layers"):
        found, expected = getattr(line, what), len(getattr(summary, what) or ())
        if len(found or ()) != expected and (what == "parameters" or found is not None):
            raise damaged(file, f"epoch {number} has {len(found or ())} {what}, but the summary has {expected}")
    return line


def first_problem(error: ValidationError) -> str:
    """Return the first problem and its place."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def damaged(file: Path, problem: str) -> InputError:
    """Return the error for a damaged file of a run."""
    return bad_input(file, f"is damaged: {problem}", "train again")


def or_nan(value: float | None) -> float:
    """Return a number of a JSON file, NaN for null."""
    return np.nan if value is None else float(value)
