"""The epochs of a run, read back from metrics.jsonl, for a run that continues."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

from pydantic import ValidationError

from nntrain.artifacts.history import damaged, first_problem
from nntrain.artifacts.history_facts import Line, Positive
from nntrain.errors import bad_input, counted
from nntrain.training.events import EpochEnded, LayerStatistics, Scores, Statistics


class _Whole(Line):
    samples_per_second: Positive | None
    improved: bool
    probe_loss: float | None = None


def read_epochs(path: Path, size: int, epochs: int, metric: str, further: Sequence[str] = ()) -> list[EpochEnded]:
    """Return the epochs in the first ``size`` bytes of the file.

    The file has null for a loss that is not finite, which is read as infinity.

    Args:
        path: of the file.
        size: bytes to read.
        epochs: number of epochs expected.
        metric: accuracy or r2.
        further: the other metrics that the recipe records.

    Raises:
        InputError: if the file cannot be read or does not have ``epochs`` epochs.
    """
    try:
        with path.open("rb") as file:
            content = file.read(size)
    except OSError as error:
        raise bad_input(path, f"cannot read: {error.strerror}") from None
    found = []
    for number, text in enumerate(content.splitlines(), start=1):
        try:
            line = _Whole.model_validate_json(text)
        except ValidationError as error:
            raise damaged(path, f"line {number}, {first_problem(error)}") from None
        if line.epoch != number:
            raise damaged(path, f"line {number} has epoch {line.epoch}")
        found.append(_event(line, (metric, *further)))
    if len(content) < size or len(found) != epochs:
        raise damaged(path, f"has {counted(len(found), 'epoch')}, but the checkpoint was saved after {epochs}")
    return found


def _event(line: _Whole, metrics: Sequence[str]) -> EpochEnded:
    def scores(split: str, loss: float | None) -> Scores:
        first, *others = (line.measured.get(f"{split}_{name}") for name in metrics)
        return Scores(_loss(loss), first, dict(zip(metrics[1:], others, strict=True)))

    validation = statistics = None
    if "validation_loss" in line.model_fields_set:
        validation = scores("validation", line.validation_loss)
    if line.layers is not None:
        layers = tuple(LayerStatistics(_loss(layer.gradient_norm), layer.dead) for layer in line.layers)
        statistics = Statistics(layers, scores("probe", line.probe_loss))
    return EpochEnded(
        epoch=line.epoch,
        step=line.step,
        seconds=line.seconds,
        learning_rate=line.learning_rate,
        train_loss=_loss(line.train_loss),
        gradient_norm=line.gradient_norm,
        samples_per_second=line.samples_per_second or 0.0,
        validation=validation,
        statistics=statistics,
        clipped=line.clipped,
        improved=line.improved,
        parameters=None if line.parameters is None else tuple(map(_loss, line.parameters)),
    )


def _loss(value: float | None) -> float:
    return inf if value is None else value
