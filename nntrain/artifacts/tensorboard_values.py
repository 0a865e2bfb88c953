"""What an event of TensorBoard holds: scalars, texts, histograms, and the settings of a run.

Each function returns a Summary.Value.

Source: summary.proto of TensorFlow; plugin_data.proto and api.proto of TensorBoard's plugin hparams.
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.protobuf import double, doubles, integer, message, single
from nntrain.artifacts.protobuf import text as string

BINS = 30  # of a histogram
DT_STRING = 7
SUCCESS, FAILURE = 1, 2  # status of a run that has ended
START, END = "_hparams_/session_start_info", "_hparams_/session_end_info"


def scalar(tag: str, value: float) -> bytes:
    """Encode tag (1) and simple_value (2)."""
    return string(1, tag) + single(2, value)


def text(tag: str, value: str) -> bytes:
    """Encode tag (1), tensor (8) with dtype (1), shape (2) and string_val (8), and the plugin's name."""
    shape = message(2, integer(1, 1))
    tensor = integer(1, DT_STRING) + message(2, shape) + string(8, value)
    return string(1, tag) + message(8, tensor) + _plugin("text")


def histogram(tag: str, values: NDArray[Any]) -> bytes:
    """Encode tag (1) and histo (5): min, max, num, sum, sum_squares, bucket_limit and bucket.

    Values that are not finite are left out.
    """
    values = values[np.isfinite(values)].astype(np.float64).ravel()
    counts, edges = np.histogram(values, BINS) if values.size else (np.zeros(1), np.zeros(2))
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    with np.errstate(over="ignore"):
        sums = (float(values.size), float(values.sum()), float(np.square(values).sum()))
    numbers = b"".join(double(field, number) for field, number in enumerate((low, high, *sums), start=1))
    return string(1, tag) + message(5, numbers + doubles(6, edges[1:].tolist()) + doubles(7, counts.tolist()))


def settings(values: Mapping[str, Any]) -> bytes:
    """Encode the settings that a run starts with, so that runs can be filtered and compared by them.

    Keys are dotted; None is left out, and lists are text.
    """
    found = b"".join(message(1, string(1, key) + message(2, _value(value))) for key, value in flat(values).items())
    return string(1, START) + _plugin("hparams", message(3, found + double(5, time.time())))


def ended(status: int) -> bytes:
    """Encode how a run ended: ``SUCCESS`` or ``FAILURE``."""
    return string(1, END) + _plugin("hparams", message(4, integer(1, status) + double(2, time.time())))


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested settings by their dotted keys, without those that are None."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        elif value is not None:
            found[f"{before}{key}"] = value
    return found


def _value(value: Any) -> bytes:
    """Encode a google.protobuf.Value: number_value (2), string_value (3) or bool_value (4)."""
    if isinstance(value, bool):
        return integer(4, value)
    return double(2, value) if isinstance(value, int | float) else string(3, str(value))


def _plugin(name: str, content: bytes = b"") -> bytes:
    """Encode metadata (9) with plugin_data (1): plugin_name (1) and content (2)."""
    return message(9, message(1, string(1, name) + (message(2, content) if content else b"")))
