"""A converted table on the disk: the arrays of its splits, and what was learned from it.

A directory holds ``train.x.npy`` (N, I) in float32, ``train.y.npy``, the same of validation and test, and
``facts.json``. It is written under another name and renamed when it is complete.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from nntrain.data import Dataset, Label
from nntrain.data.columns import FittedColumn
from nntrain.data.encoder import Encoder
from nntrain.data.mapped.arrays import checksum_of, map_array
from nntrain.data.mapped.split import MappedSplit
from nntrain.data.prepare import Prepared
from nntrain.data.preprocessing import Standardizer
from nntrain.data.split import SPLITS
from nntrain.data.target import Task
from nntrain.registry import Choice

FACTS = "facts.json"
FORMAT: Literal[1] = 1  # version of the files


class Stored(BaseModel):
    """The facts of a converted table.

    Attributes:
        key: what it was converted from, and how.
        task: as the recipe said it.
        rows: the number of rows of each split.
        checksums: CRC-32 of each file.
        peaks: the largest magnitude in each split.
        sha256: the checksum of the table.
        columns: what each column has learned.
        inputs: how features are scaled.
        scaled_targets: how targets are standardized.
        features: the names of the columns.
        targets: the names of the targets.
        classes: the label of each class, or None for numbers.
        notes: messages to the user.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    format: Literal[1] = FORMAT
    key: dict[str, Any]
    task: Task
    rows: dict[Literal["train", "validation", "test"], int]
    checksums: dict[str, int]
    peaks: dict[str, float]
    sha256: str
    columns: list[Annotated[FittedColumn, Choice()]]
    inputs: dict[str, list[float]] | None
    scaled_targets: dict[str, list[float]] | None
    features: list[str]
    targets: list[str]
    classes: list[Label] | None
    notes: list[str]

    def dataset(self) -> Dataset:
        """Return the table without its rows."""
        import numpy as np

        width = len(self.features)
        return Dataset(
            np.empty((0, width)),
            np.empty(0, np.int64) if self.classes is not None else np.empty((0, len(self.targets))),
            tuple(self.features),
            tuple(self.targets),
            None if self.classes is None else tuple(self.classes),
            tuple(self.notes),
            self.sha256,
        )

    def prepared(self, folder: Path) -> Prepared:
        """Return the splits, mapped from the files in ``folder``.

        Raises:
            ValueError: if a file does not fit.
        """
        encoder = Encoder(tuple(self.columns))
        width, targets = len(encoder.names), len(self.targets)
        splits: dict[str, MappedSplit | None] = dict.fromkeys(SPLITS)
        for name, rows in self.rows.items():
            x, y = (map_array(folder / f"{name}.{key}.npy") for key in ("x", "y"))
            single = self.classes is not None and targets == 1
            dtype = "<f8" if self.classes is None else "<i8"
            expected = ((rows, width), "<f4", (rows,) if single else (rows, targets), dtype)
            if (x.shape, x.dtype.str, y.shape, y.dtype.str) != expected:
                raise ValueError(f"the arrays of the {name} split do not fit")
            splits[name] = MappedSplit(x, y, peak=self.peaks[name])
        train = splits["train"]
        if train is None:
            raise ValueError("no training rows")
        inputs = Standardizer.from_json(self.inputs, width)
        of_targets = Standardizer.from_json(self.scaled_targets, targets)
        return Prepared(train, splits["validation"], splits["test"], inputs, of_targets, encoder)


def open_stored(folder: Path, key: dict[str, Any], task: Task) -> tuple[Dataset, Prepared] | None:
    """Return a converted table whose files are whole and were made from ``key`` for ``task``; None if there is none."""
    try:
        stored = Stored.model_validate_json((folder / FACTS).read_bytes())
        found: Task = "regression" if stored.classes is None else "classification"
        if stored.key != json.loads(json.dumps(key)) or task not in (stored.task, found):
            return None
        wanted = {f"{name}.{part}.npy" for name in stored.rows for part in ("x", "y")}
        if set(stored.checksums) != wanted:
            return None
        if any(checksum_of(folder / file) != found for file, found in stored.checksums.items()):
            return None
        return stored.dataset(), stored.prepared(folder)
    except (OSError, ValueError, ValidationError, KeyError, TypeError):
        return None
