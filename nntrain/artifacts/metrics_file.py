"""metrics.jsonl: one line of JSON per epoch, written during the run."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from nntrain.errors import cannot_write
from nntrain.training.events import EpochEnded, Event, Scores, Started
from nntrain.utils.json import as_json

FLUSH_SECONDS = 0.1  # minimum time between writes: an epoch of a small network is shorter than a write
BUFFER_BYTES = 1 << 20  # more than accumulates in that time
BLOCK_BYTES = 1 << 16  # read at a time


class MetricsFile:
    """A listener that writes one line per epoch, with the keys of :func:`epoch_line`.

    A file that cannot be written does not stop the training: ``warn`` is called once, and the file ends with the last
    complete line.

    Args:
        path: of the file.
        warn: called with a message if it cannot be written.
        keep: number of bytes that stay, the lines of a run that is resumed.

    Attributes:
        complete: whether all lines so far could be written.

    Raises:
        NntrainError: if the file cannot be opened.
    """

    def __init__(self, path: Path, warn: Callable[[str], None], keep: int = 0) -> None:
        self.path, self.complete, self._warn = path, True, warn
        self._flush_at, self._metric = 0.0, ""
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            if stat.S_ISREG(os.fstat(handle).st_mode):
                os.truncate(handle, keep)
                os.lseek(handle, keep, os.SEEK_SET)
            self._file = os.fdopen(handle, "wb", BUFFER_BYTES)
        except OSError as error:
            raise cannot_write(path, error) from None

    def __call__(self, event: Event) -> None:
        """Write the line of a finished epoch."""
        if isinstance(event, EpochEnded) and self.complete:
            try:
                self._file.write(as_json(epoch_line(event, self._metric)))
                if event.seconds > self._flush_at:
                    self._file.flush()
                    self._flush_at = event.seconds + FLUSH_SECONDS
            except OSError as error:
                self._fail(error)
        elif isinstance(event, Started):
            self._metric = event.metric

    @property
    def empty(self) -> bool:
        """Whether nothing has been written."""
        return self._file.closed or self._file.tell() == 0

    def sync(self) -> int | None:
        """Write all lines to the disk, and return their size in bytes; None if some could not be written."""
        if self.complete:
            try:
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                self._fail(error)
        return self._file.tell() if self.complete else None

    def copy_to(self, path: Path) -> None:
        """Copy the lines so far to ``path``, after the directory of the file was removed."""
        with path.open("wb") as copy:
            start = 0
            while block := os.pread(self._file.fileno(), BLOCK_BYTES, start):
                copy.write(block)
                start += len(block)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # reported already
            self._file.close()

    def _fail(self, error: OSError) -> None:
        self.complete = False
        self._warn(f"{cannot_write(self.path, error)}; training continues without metrics")
        with suppress(OSError):
            os.ftruncate(self._file.fileno(), self._end_of_last_line())

    def _end_of_last_line(self) -> int:
        end = os.fstat(self._file.fileno()).st_size
        while end > 0:
            start = max(0, end - BLOCK_BYTES)
            found = os.pread(self._file.fileno(), end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
        return 0


def epoch_line(event: EpochEnded, metric: str) -> dict[str, Any]:
    """Return an epoch as JSON data.

    Keys: epoch, step, seconds, learning_rate, train_loss, gradient_norm, samples_per_second, improved; with a
    validation split validation_loss, validation_accuracy or validation_r2, and validation_METRIC for each further
    metric of the recipe; of a network of up to eight parameters, parameters; where gradients are clipped, clipped; at
    epochs with statistics probe_loss, probe_accuracy or probe_r2, probe_METRIC, and layers, a list of {gradient_norm,
    dead}. :mod:`nntrain.training.events` explains them.
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
        line |= _scores("validation", event.validation, metric)
    if event.parameters is not None:
        line["parameters"] = event.parameters
    if event.clipped is not None:
        line["clipped"] = event.clipped
    if event.statistics is not None:
        train = event.statistics.train
        layers = [{"gradient_norm": layer.gradient_norm, "dead": layer.dead} for layer in event.statistics.layers]
        line |= _scores("probe", train, metric) | {"layers": layers}
    return line


def _scores(split: str, scores: Scores, metric: str) -> dict[str, float | None]:
    further = {f"{split}_{name}": value for name, value in scores.further.items()}
    return {f"{split}_loss": scores.loss, f"{split}_{metric}": scores.metric, **further}
