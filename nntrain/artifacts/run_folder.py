"""The directory that a run leaves: recipe.yaml, metrics.jsonl, summary.json and model.safetensors."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from nntrain.as_json import as_json
from nntrain.errors import bad_input
from nntrain.files import make_folder, write_atomically
from nntrain.training.events import EpochEnded, Event, Started

NAMES = ("recipe.yaml", "metrics.jsonl", "summary.json", "model.safetensors")
FLUSH_SECONDS = 0.1  # between two writes to the disk, at least: an epoch of a small net takes less than the write
BUFFER = 1 << 20  # bytes, which is more than comes in that time


class RunFolder:
    """A run's directory, and a listener that writes a line of metrics.jsonl an epoch.

    Entered for as long as the run is made: if it fails, the files of a run that was there before are put back.

    Attributes:
        path: the directory.
        recipe: the complete recipe, from which the run can be repeated.
        metrics: one JSON object an epoch, flushed as it goes; its keys are those of :func:`epoch_line`.
        summary: what ``nntrain fit --json`` prints.
        model: the model file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._old = {path / name: path / f".{name}.old" for name in NAMES}  # what it is to take the place of
        self._new = not path.exists()
        self.recipe, self.metrics, self.summary, self.model = (path / name for name in NAMES)
        self._lines: BinaryIO | None = None
        self._flush_at = 0.0
        self._metric = ""

    @classmethod
    def create(cls, name: str, out: Path | None, overwrite: bool) -> Self:
        """Make the directory ``out``, or one under ``runs`` named after the run and the time.

        Raises:
            InputError: if ``out`` holds a run and ``overwrite`` is not set, or it cannot be made or written.
        """
        if out is None:
            safe = re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"
            folder = cls(_new_name(Path("runs"), f"{safe}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"))
        else:
            folder = cls(out)
            found = [name for name in NAMES if (out / name).exists()] if out.is_dir() else []
            if found and not overwrite:
                raise bad_input(out, f"holds a run already ({', '.join(found)})", "choose another, or add --overwrite")
        make_folder(folder.path)
        return folder

    def __enter__(self) -> Self:
        try:
            for place, old in self._old.items():
                if place.exists():
                    place.replace(old)
            self._lines = self.metrics.open("wb", BUFFER)
        except OSError as error:
            self._leave_as_it_was()
            raise bad_input(self.metrics, f"cannot write: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failure = None
        if self._lines is not None:
            try:
                self._lines.close()
            except OSError as found:  # the last lines are written here
                failure = found
        if kind is None and failure is None:
            for old in self._old.values():
                old.unlink(missing_ok=True)
        else:
            self._leave_as_it_was()
        if failure is not None:
            raise bad_input(self.metrics, f"cannot write: {failure.strerror}") from None

    def _leave_as_it_was(self) -> None:
        """Put back what was there before; what a failed run has measured is left where nothing was."""
        if any(old.exists() for old in self._old.values()):
            for place, old in self._old.items():
                place.unlink(missing_ok=True)
                if old.exists():
                    old.replace(place)
        elif not self.metrics.exists() or not self.metrics.stat().st_size:
            for place in self._old:
                place.unlink(missing_ok=True)
            if self._new:
                with suppress(OSError):  # somebody has put something there
                    self.path.rmdir()

    def __call__(self, event: Event) -> None:
        """Write the line of an epoch that has ended."""
        if isinstance(event, EpochEnded) and self._lines is not None:
            try:
                self._lines.write(as_json(epoch_line(event, self._metric)))
                if event.seconds > self._flush_at:
                    self._lines.flush()
                    self._flush_at = event.seconds + FLUSH_SECONDS
            except OSError as error:
                raise bad_input(self.metrics, f"cannot write: {error.strerror}") from None
        elif isinstance(event, Started):
            self._metric = event.metric

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write summary.json, when all epochs have been written."""
        if self._lines is not None:
            self._lines.flush()
        write_atomically(self.summary, as_json(summary, indent=2))


def epoch_line(event: EpochEnded, metric: str) -> dict[str, Any]:
    """Return an epoch as plain data for JSON.

    Keys: epoch, step, seconds, learning_rate, train_loss, gradient_norm, samples_per_second, improved; with a
    validation part validation_loss and validation_accuracy or validation_r2; of a network of up to eight parameters,
    parameters; where gradients are clipped, clipped; at epochs with statistics probe_loss, probe_accuracy or probe_r2,
    and layers, a list of {gradient_norm, dead}. :mod:`nntrain.training.events` tells what each means.
    """
    line: dict[str, Any] = {
        "epoch": event.epoch,
        "step": event.step,
        "seconds": event.seconds,
        "learning_rate": event.learning_rate,
        "train_loss": event.train_loss,
        "gradient_norm": event.gradient_norm,
        "samples_per_second": event.samples_per_second,
        "improved": event.improved,
    }
    if event.validation is not None:
        line["validation_loss"] = event.validation.loss
        line[f"validation_{metric}"] = event.validation.metric
    if event.parameters is not None:
        line["parameters"] = event.parameters
    if event.clipped is not None:
        line["clipped"] = event.clipped
    if event.statistics is not None:
        train = event.statistics.train
        layers = [{"gradient_norm": layer.gradient_norm, "dead": layer.dead} for layer in event.statistics.layers]
        line |= {"probe_loss": train.loss, f"probe_{metric}": train.metric, "layers": layers}
    return line


def _new_name(parent: Path, name: str) -> Path:
    path, number = parent / name, 1
    while path.exists():
        number += 1
        path = parent / f"{name}-{number}"
    return path
