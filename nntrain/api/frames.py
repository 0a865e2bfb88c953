"""Tables in memory: polars or pandas frames, and NumPy arrays, as the CSV text that nntrain reads."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nntrain.errors import bad_input

FILE = "data.csv"  # the file name that a model file holds for a table from memory
TABLE_AXES = 2  # axes of a table


def as_frame(data: Any, names: Sequence[str] | None = None) -> pl.DataFrame:
    """Return a table as a polars frame.

    Args:
        data: a frame of polars or pandas, a mapping of columns, or an array (N, I).
        names: the columns of an array.

    Raises:
        InputError: if it is none of these, or has other columns than ``names``.
    """
    if isinstance(data, pl.DataFrame):
        return data
    if hasattr(data, "iloc"):  # pandas, without importing it
        return pl.DataFrame({str(name): data[name].to_numpy() for name in data.columns})
    if isinstance(data, dict):
        return pl.DataFrame(data)
    array = np.asarray(data)
    if array.ndim != TABLE_AXES:
        raise bad_input("data", f"found an array of shape {array.shape}, expected rows and columns (N, I)")
    names = names or [f"x{i}" for i in range(array.shape[1])]
    if array.shape[1] != len(names):
        raise bad_input("data", f"found {array.shape[1]} columns, expected {len(names)}: {', '.join(names)}")
    return pl.DataFrame({name: array[:, i] for i, name in enumerate(names)})


def with_targets(x: Any, y: Any) -> tuple[pl.DataFrame, str | list[str]]:
    """Return features (N, I) and targets, (N,) or (N, T), as one frame, and the names of the targets."""
    frame, targets = as_frame(x), np.asarray(y)
    columns = targets.reshape(len(targets), -1)
    names = ["y"] if columns.shape[1] == 1 else [f"y{i}" for i in range(columns.shape[1])]
    if len(frame) != len(columns):
        raise bad_input("data", f"X has {len(frame)} rows, and y has {len(columns)}")
    frame = frame.with_columns(**{name: pl.Series(columns[:, i]) for i, name in enumerate(names)})
    return frame, names[0] if len(names) == 1 else names


@contextmanager
def as_file(frame: pl.DataFrame) -> Iterator[Path]:
    """Write a frame to a temporary CSV file; numbers keep all their digits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        frame.write_csv(path)
        yield path
