"""Convert a table to memory-mapped files, in blocks of rows.

The first pass over the table finds the roles of its columns and its target (survey.py). The second one writes the raw
numbers of each column to a temporary file. From the training rows in these files each column learns what it needs, and
then all rows are encoded, scaled and written, split by split, in the order of the table.
"""

import errno
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.data.columns import FittedColumn, Numbers, RawColumn
from nntrain.data.columns.date import Date
from nntrain.data.encoder import Encoder
from nntrain.data.mapped.arrays import ArrayFile
from nntrain.data.mapped.columns import ColumnFiles
from nntrain.data.mapped.statistics import Blocks, scaling
from nntrain.data.mapped.store import Stored
from nntrain.data.mapped.survey import Say, Survey, survey
from nntrain.data.mapped.values import ValuesInBlocks
from nntrain.data.partition import Splitting, partition
from nntrain.data.preprocessing import Scaling, Standardizer
from nntrain.data.reading.blocks import BlockReader
from nntrain.data.split import SPLITS, SplitColumn
from nntrain.data.split_columns import read_split
from nntrain.data.table import TableFile
from nntrain.errors import refuse

LARGEST = float(np.finfo(np.float64).max)  # stands for numbers that are not finite, which JSON does not have


@dataclass(frozen=True)
class Preparation:
    """How rows are split and scaled.

    Attributes:
        splitting: how they are split.
        scaling: how features are scaled, unless their column has a scaling of its own.
        standardize_target: whether targets are standardized, in regression; None: if they are numbers.
    """

    splitting: Splitting
    scaling: Scaling
    standardize_target: bool


def convert(
    source: TableFile, reader: BlockReader, how: Preparation, folder: Path, key: dict[str, Any], say: Say
) -> Stored:
    """Write the arrays of a table into ``folder``, and return its facts.

    Args:
        source: the table's columns, target and tokens.
        reader: of its blocks.
        how: rows are split and scaled.
        folder: which is empty.
        key: what identifies the table, to be stored with it.
        say: is told the progress.

    Raises:
        InputError: if the table cannot be used.
        OSError: if a file cannot be written.
    """
    found = survey(source, reader, say)
    used = [name for name, role in found.roles.items() if role.column.used]
    targets = len(found.targets)
    _check_space(folder, found.rows, len(used), targets)
    with ColumnFiles(folder, len(used) + targets) as columns:
        by = _read(source, reader, found, used, columns, say)
        codes = _split(found, columns, len(used), how.splitting, by)
        keep = codes == SPLITS.index("train")
        fitted, inputs = _learn(found, used, columns, keep, how.scaling, say)
        standardized = None
        if how.standardize_target and found.classes is None:
            pairs = [scaling(columns.chosen(len(used) + place, keep), "standard") for place in range(targets)]
            standardized = Standardizer(*(np.array(one) for one in zip(*pairs, strict=True)))
        encoder = Encoder(fitted)
        writer = _Writer(folder, encoder, inputs, standardized, found, say)
        rows, checksums, peaks = writer.write(columns, codes)
    return Stored(
        key=key,
        task=source.task,
        rows=rows,
        checksums=checksums,
        peaks=peaks,
        sha256=reader.sha256,
        columns=list(fitted),
        inputs=None if inputs is None else inputs.to_json(),
        scaled_targets=None if standardized is None else standardized.to_json(),
        features=used,
        targets=found.targets,
        classes=None if found.classes is None else list(found.classes),
        notes=list(found.notes),
    )


def _check_space(folder: Path, rows: int, columns: int, targets: int) -> None:
    """Check that the files of a table fit onto the disk: raw numbers, features and targets.

    Raises:
        OSError: if they do not.
    """
    if shutil.disk_usage(folder).free < rows * (8 * (columns + targets) + 4 * columns + 8 * targets):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read(
    source: TableFile, reader: BlockReader, found: Survey, used: list[str], columns: ColumnFiles, say: Say
) -> SplitColumn | None:
    """Write the raw numbers of all columns and targets; return the column by which rows are split, if there is one."""
    by = []
    for whole in reader:
        block = found.labeled(whole)
        if not block.height:
            continue
        read = {name: found.roles[name].column.read(block, name) for name in used}
        refuse([problem for raw in read.values() for problem in raw.problems])
        y = found.target(block)
        if source.split:
            split, problems = read_split(block, source.split)
            refuse(problems)
            by.append((split.values if split else np.empty(0)).astype(np.uint8))
        numbers = [
            _recoded(raw.values, raw.levels, found.levels[name]) if name in found.levels else raw.values
            for name, raw in read.items()
        ]
        columns.append([*numbers, *y.T.astype(np.float64)])
        say("converting", columns.rows)
    return SplitColumn(source.split, "split", np.concatenate(by)) if source.split else None


def _recoded(values: Numbers, levels: tuple[str, ...], known: tuple[str, ...]) -> Numbers:
    """Return numbers that index the ``levels`` of a block as numbers that index those of the table."""
    index = {level: place for place, level in enumerate(known)}
    places = np.array([*(index[level] for level in levels), np.nan])
    return places[np.where(np.isnan(values), len(levels), values).astype(np.int64)]


def _split(
    found: Survey, columns: ColumnFiles, first: int, how: Splitting, by: SplitColumn | None
) -> NDArray[np.uint8]:
    """Return the split of each row (N,), as an index of SPLITS: that of the same table in memory."""
    y: NDArray[Any] = np.zeros((columns.rows, 1), np.uint8)
    if found.classes is not None and len(found.targets) == 1:
        y = np.empty(columns.rows, np.int16 if len(found.classes) < 1 << 15 else np.int32)
        for rows in columns.blocks():
            y[rows] = columns.read(first, rows.start, rows.stop)
    x = np.broadcast_to(np.float64(0), (columns.rows, 1))
    names = ("row",)
    codes = np.empty(columns.rows, np.uint8)
    for name, places in partition(Dataset(x, y, names, names, found.classes, split_by=by), how).items():
        codes[places] = SPLITS.index(name)
    return codes


def _learn(
    found: Survey, used: list[str], columns: ColumnFiles, keep: NDArray[np.bool_], default: Scaling, say: Say
) -> tuple[tuple[FittedColumn, ...], Standardizer | None]:
    """Return what each column learns from the training rows, and the scaling of its features."""
    fitted, means, scales, scaled = [], list[float](), list[float](), False
    for place, name in enumerate(used):
        blocks, role = columns.chosen(place, keep), found.roles[name].column
        levels = found.levels.get(name) or ((str(role.format),) if isinstance(role, Date) else ())
        column = role.fit(name, ValuesInBlocks(name, blocks), levels)
        fitted.append(column)
        kind = column.scale or default
        scaled = scaled or kind != "none"
        for feature, (_, indicator) in enumerate(column.features()):
            plain = indicator or kind == "none"
            center, scale = (0.0, 1.0) if plain else scaling(_feature(column, blocks, feature), kind)
            means.append(center)
            scales.append(scale)
        say("learning from", columns.rows * (place + 1) // len(used))
    return tuple(fitted), Standardizer(np.array(means), np.array(scales)) if scaled else None


def _feature(column: FittedColumn, blocks: Blocks, feature: int) -> Blocks:
    return lambda: (np.ascontiguousarray(column.encode(block)[:, feature]) for block in blocks())


@dataclass(frozen=True)
class _Writer:
    """Writes the features and targets of each split."""

    folder: Path
    encoder: Encoder
    inputs: Standardizer | None
    targets: Standardizer | None
    found: Survey
    say: Say

    def write(
        self, columns: ColumnFiles, codes: NDArray[np.uint8]
    ) -> tuple[dict[Any, int], dict[str, int], dict[str, float]]:
        """Return the rows of each split, the checksum of each file, and the largest magnitude in each split."""
        counts = {name: int(np.count_nonzero(codes == place)) for place, name in enumerate(SPLITS)}
        rows = {name: count for name, count in counts.items() if count}
        width, features, targets = len(self.encoder.names), len(self.encoder.columns), len(self.found.targets)
        peaks = dict.fromkeys(rows, 0.0)
        roles, levels = self.found.roles, self.found.levels
        known = [
            RawColumn(one.column, roles[one.column].column, levels.get(one.column, ())) for one in self.encoder.columns
        ]
        with ExitStack() as stack:
            files = {}
            for name, count in rows.items():
                dtype = "<f8" if self.found.classes is None else "<i8"
                shape = (count,) if self.found.classes is not None and targets == 1 else (count, targets)
                for key, kind, of in (("x", "<f4", (count, width)), ("y", dtype, shape)):
                    file = f"{name}.{key}.npy"
                    files[file] = stack.enter_context(ArrayFile(self.folder / file, of, kind))
            for part in columns.blocks():
                numbers = [columns.read(place, part.start, part.stop) for place in range(features + targets)]
                raw, y = np.stack(numbers[:features], axis=1), np.stack(numbers[features:], axis=1)
                x = self.encoder.apply(self.encoder.recode(known, raw))
                x = x if self.inputs is None else self.inputs.apply(x)
                y = y if self.targets is None else self.targets.apply(y)
                for name in rows:
                    chosen = codes[part] == SPLITS.index(name)
                    if chosen.any():
                        files[f"{name}.x.npy"].append(x[chosen])
                        files[f"{name}.y.npy"].append(y[chosen])  # (n, 1) class indices have the bytes of (n,)
                        largest = max(np.abs(x[chosen]).max(), np.abs(y[chosen]).max())
                        peaks[name] = max(peaks[name], float(np.nan_to_num(largest, nan=LARGEST)))
                self.say("writing", part.stop)
            for written in files.values():
                written.sync()
            return rows, {name: written.checksum for name, written in files.items()}, peaks
