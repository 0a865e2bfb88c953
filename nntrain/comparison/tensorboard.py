"""The runs of a comparison as event files for TensorBoard."""

import re
from collections.abc import Callable
from contextlib import closing
from math import isfinite
from pathlib import Path

from nntrain.artifacts.run_files import TENSORBOARD
from nntrain.artifacts.tensorboard import EventFile
from nntrain.artifacts.tensorboard_values import FAILURE, SUCCESS, ended, scalar
from nntrain.comparison.protocol import DEFAULT, TUNED, Runs
from nntrain.comparison.run_result import EPOCH, LOSS, METRIC, TRAIN_LOSS, RunResult
from nntrain.comparison.variants import with_settings
from nntrain.recipe.schema import to_data


def write_event_files(folder: Path, runs: Runs, warn: Callable[[str], None]) -> Path:
    """Write an event file for each run on the seeds, and return their directory.

    Each has the recipe of its run, the curves at the epochs that the comparison keeps, and the final scores.

    Raises:
        NntrainError: if a file cannot be opened.
    """
    for (number, phase), by_seed in sorted(runs.runs.items()):
        if phase not in (DEFAULT, TUNED) or number >= runs.count:
            continue
        variant = runs.variants.all[number]
        name = re.sub(r"[^\w.=-]+", "-", variant.name) + ("-tuned" if phase == TUNED else "")
        for seed, row in sorted(by_seed.items()):
            recipe = to_data(with_settings(variant.recipe, seed, dict(row.about.get("settings") or {})))
            with closing(EventFile(folder / TENSORBOARD / name / f"seed-{seed}", recipe, warn)) as file:
                _write(file, row, runs.metric)
    return folder / TENSORBOARD


def _write(file: EventFile, row: RunResult, metric: str) -> None:
    tags = {TRAIN_LOSS: "loss/train", LOSS: "loss/validation", METRIC: f"{metric}/validation"}
    for point in row.curve:
        values = [scalar(tag, point[column]) for column, tag in tags.items() if isfinite(point[column])]
        file.write(int(point[EPOCH]), *values)
    final = [scalar(f"final loss/{split}", scores.loss) for split, scores in row.scores.items()]
    metrics = {split: scores.metric for split, scores in row.scores.items()}
    final += [scalar(f"final {metric}/{split}", value) for split, value in metrics.items() if value is not None]
    file.write(row.epochs, *final, ended(FAILURE if row.diverged else SUCCESS))
