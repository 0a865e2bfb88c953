"""Event files for TensorBoard: scalars of each epoch, histograms, and the recipe as text and as settings.

A file is a sequence of records, each an Event of TensorFlow's event.proto. Few of its fields are needed, so they are
encoded here rather than by protobuf and TensorFlow.

Source: record_writer.h and event.proto of TensorFlow.
"""

import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from nntrain.artifacts.protobuf import double, integer, message
from nntrain.artifacts.run_files import EVENTS, TENSORBOARD, remove_events
from nntrain.artifacts.tensorboard_values import FAILURE, SUCCESS, ended, histogram, scalar, settings, text
from nntrain.errors import cannot_write
from nntrain.recipe.document import dump_document
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Event, Finished, Scores, Started

POLYNOMIAL, MASK_DELTA = 0x82F63B78, 0xA282EAD8  # of the CRC-32C, and of its mask


class EventFile:
    """An event file that is written value by value.

    A file that cannot be written does not stop the training: ``warn`` is called once, and nothing more is written.

    Args:
        folder: its directory; files of an earlier run in it are removed.
        recipe: the complete recipe, as plain data.
        warn: called with a message.

    Raises:
        NntrainError: if the file cannot be opened.
    """

    def __init__(self, folder: Path, recipe: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        self.path = folder / EVENTS.replace("*", f"{int(time.time())}.{socket.gethostname()}")
        self._warn, self._open = warn, True
        try:
            folder.mkdir(exist_ok=True, parents=True)
            remove_events(folder)
            self._file = self.path.open("wb")
        except OSError as error:
            raise cannot_write(self.path, error) from None
        self._record(_event(0, message(3, b"brain.Event:2")))
        indented = f"    {dump_document(dict(recipe))}".replace("\n", "\n    ")
        self.write(0, text("recipe", indented), settings(recipe))

    def write(self, step: int, *values: bytes) -> None:
        """Write an event with values (see :mod:`nntrain.artifacts.tensorboard_values`)."""
        self._record(_event(step, message(5, b"".join(message(1, value) for value in values))))

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._file.close()

    def _record(self, content: bytes) -> None:
        if not self._open:
            return
        length = struct.pack("<Q", len(content))
        try:
            self._file.write(length + _checksum(length) + content + _checksum(content))
            self._file.flush()
        except OSError as error:
            self._open = False
            self._warn(f"{cannot_write(self.path, error)}; training continues without TensorBoard's file")


class TensorBoardFile(EventFile):
    """A listener that writes an event file during a run.

    Args:
        run: the directory of the run's files.
        recipe: the complete recipe, as plain data.
        engine: the run, whose weights, gradients and activations become histograms.
        warn: called with a message.
    """

    def __init__(self, run: Path, recipe: Mapping[str, Any], engine: Engine, warn: Callable[[str], None]) -> None:
        super().__init__(run / TENSORBOARD, recipe, warn)
        self._engine = engine
        self._started: Started | None = None

    def __call__(self, event: Event) -> None:
        """Write what an event says, and histograms where the layers have been measured."""
        if isinstance(event, Started):
            self._started = event
        elif isinstance(event, EpochEnded):
            self.replay(event)
            if event.statistics is not None:
                self.write(event.epoch, *histograms(self._engine))
        elif isinstance(event, Finished):
            self.write(event.epochs, ended(SUCCESS if event.diverged is None else FAILURE))

    def replay(self, event: EpochEnded) -> None:
        """Write the scalars of an epoch, which may be one of an earlier process."""
        if self._started is not None:
            self.write(event.epoch, *(scalar(tag, value) for tag, value in scalars(event, self._started)))


def scalars(event: EpochEnded, started: Started) -> Iterator[tuple[str, float]]:
    """Yield the tags and values of an epoch."""
    yield "loss/train", event.train_loss
    if event.validation is not None:
        yield "loss/validation", event.validation.loss
        if event.validation.metric is not None:
            yield f"{started.metric}/validation", event.validation.metric
        yield from _further(event.validation, "validation")
    yield "learning_rate", event.learning_rate
    yield "samples_per_second", event.samples_per_second
    if event.gradient_norm is not None:
        yield "gradient_norm", event.gradient_norm
    if event.clipped is not None:
        yield "clipped", event.clipped
    if event.statistics is not None:
        if event.statistics.train.metric is not None:
            yield f"{started.metric}/train", event.statistics.train.metric
        yield from _further(event.statistics.train, "train")
        for facts, layer in zip(started.layers, event.statistics.layers, strict=True):
            yield f"gradient_norm/{facts.label}", layer.gradient_norm
            if layer.dead is not None:
                yield f"dead/{facts.label}", layer.dead


def histograms(engine: Engine) -> Iterator[bytes]:
    """Yield the histograms of each layer: its arrays, their last gradient, and activations of training samples."""
    network, activations = engine.plan.network, engine.activations()
    layers = zip(
        network.layers,
        network.arrays(engine.theta[: network.parameters]),
        network.arrays(engine.unclipped_gradient),
        activations,
        strict=True,
    )
    for number, (layer, arrays, gradients, h) in enumerate(layers, start=1):
        label = f"{number} {layer.label}"
        for name, values in arrays.items():
            yield histogram(f"{label}/{name}", values)
            yield histogram(f"{label}/gradient of {name}", gradients[name])
        yield histogram(f"{label}/activations", h)


def _further(scores: Scores, split: str) -> Iterator[tuple[str, float]]:
    """Yield the metrics of a split that the recipe records beside its main one."""
    for name, value in scores.further.items():
        if value is not None:
            yield f"{name}/{split}", value


def _event(step: int, field: bytes) -> bytes:
    """Encode an Event: wall_time (1), step (2) and one more field."""
    return double(1, time.time()) + integer(2, step) + field


def _checksum(content: bytes) -> bytes:
    """Return the masked CRC-32C of a record's part."""
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF)


@lru_cache(1)
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ POLYNOMIAL * (crc & 1)
        table.append(crc)
    return table
