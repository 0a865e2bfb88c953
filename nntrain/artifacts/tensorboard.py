"""An event file for TensorBoard: scalars of each epoch, and the recipe as text.

A file is a sequence of records, each an Event of TensorFlow's event.proto. Few of its fields are needed, so they are
encoded here rather than by protobuf and TensorFlow.

Source: record_writer.h, event.proto and summary.proto of TensorFlow.
"""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from nntrain.errors import cannot_write
from nntrain.training.events import EpochEnded, Event, Started

FOLDER = "tensorboard"  # in the directory of a run
PREFIX, SUFFIX = "events.out.tfevents.", ".nntrain"
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types of protobuf
POLYNOMIAL, MASK_DELTA = 0x82F63B78, 0xA282EAD8  # of the CRC-32C, and of its mask


class TensorBoardFile:
    """A listener that writes an event file during a run.

    A file that cannot be written does not stop the training: ``warn`` is called once, and nothing more is written.

    Args:
        run: the directory of the run; files of an earlier run in it are removed.
        recipe: the recipe as text.
        warn: called with a message.

    Raises:
        NntrainError: if the file cannot be opened.
    """

    def __init__(self, run: Path, recipe: str, warn: Callable[[str], None]) -> None:
        folder = run / FOLDER
        self.path = folder / f"{PREFIX}{int(time.time())}.{socket.gethostname()}{SUFFIX}"
        self._warn, self._open = warn, True
        self._started: Started | None = None
        try:
            folder.mkdir(exist_ok=True)
            for old in folder.glob(f"{PREFIX}*{SUFFIX}"):
                old.unlink()
            self._file = self.path.open("wb")
        except OSError as error:
            raise cannot_write(self.path, error) from None
        self._write(_event(0, _bytes(3, b"brain.Event:2")))
        self._write(_event(0, _bytes(5, _text("recipe", f"    {recipe}".replace("\n", "\n    ")))))

    def __call__(self, event: Event) -> None:
        """Write the scalars of an epoch that has ended."""
        if isinstance(event, Started):
            self._started = event
        elif isinstance(event, EpochEnded) and self._started is not None:
            values = b"".join(_bytes(1, _scalar(tag, value)) for tag, value in scalars(event, self._started))
            self._write(_event(event.epoch, _bytes(5, values)))

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._file.close()

    def _write(self, content: bytes) -> None:
        if not self._open:
            return
        length = struct.pack("<Q", len(content))
        try:
            self._file.write(length + _checksum(length) + content + _checksum(content))
            self._file.flush()
        except OSError as error:
            self._open = False
            self._warn(f"{cannot_write(self.path, error)}; training continues without TensorBoard's file")


def scalars(event: EpochEnded, started: Started) -> Iterator[tuple[str, float]]:
    """Yield the tags and values of an epoch."""
    yield "loss/train", event.train_loss
    if event.validation is not None:
        yield "loss/validation", event.validation.loss
        if event.validation.metric is not None:
            yield f"{started.metric}/validation", event.validation.metric
    yield "learning_rate", event.learning_rate
    yield "samples_per_second", event.samples_per_second
    if event.gradient_norm is not None:
        yield "gradient_norm", event.gradient_norm
    if event.clipped is not None:
        yield "clipped", event.clipped
    if event.statistics is not None:
        if event.statistics.train.metric is not None:
            yield f"{started.metric}/train", event.statistics.train.metric
        for facts, layer in zip(started.layers, event.statistics.layers, strict=True):
            yield f"gradient_norm/{facts.label}", layer.gradient_norm
            if layer.dead is not None:
                yield f"dead/{facts.label}", layer.dead


def _event(step: int, field: bytes) -> bytes:
    """Encode an Event: wall_time (1), step (2) and one more field."""
    return _key(1, FIXED64) + struct.pack("<d", time.time()) + _key(2, VARINT) + _varint(step) + field


def _scalar(tag: str, value: float) -> bytes:
    """Encode a Summary.Value: tag (1) and simple_value (2)."""
    return _bytes(1, tag.encode()) + _key(2, FIXED32) + struct.pack("<f", value)


def _text(tag: str, text: str) -> bytes:
    """Encode a Summary with a string tensor for the text plugin.

    Value: tag (1), tensor (8) with dtype (1) DT_STRING (7), shape (2) and string_val (8), metadata (9) with plugin_data
    (1), whose plugin_name (1) is text.
    """
    shape = _bytes(2, _key(1, VARINT) + _varint(1))
    tensor = _key(1, VARINT) + _varint(7) + _bytes(2, shape) + _bytes(8, text.encode())
    metadata = _bytes(1, _bytes(1, b"text"))
    return _bytes(1, _bytes(1, tag.encode()) + _bytes(8, tensor) + _bytes(9, metadata))


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, BYTES) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Encode an integer by groups of seven bits, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


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
