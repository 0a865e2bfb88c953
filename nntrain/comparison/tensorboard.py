"""The runs of a comparison as event files for TensorBoard."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from nntrain.artifacts.run_files import TENSORBOARD
from nntrain.artifacts.tensorboard import EventFile
from nntrain.artifacts.tensorboard_values import FAILURE, SUCCESS, ended, scalar
from nntrain.comparison.protocol import Runs
from nntrain.comparison.run_result import RunResult
from nntrain.comparison.seed_runs import curves, seed_runs


def write_event_files(folder: Path, runs: Runs, warn: Callable[[str], None]) -> Path:
    """Write an event file for each run on the seeds, and return their directory.

    Each has the recipe of its run, the curves at the epochs that the comparison keeps, and the final scores.

    Raises:
        NntrainError: if a file cannot be opened.
    """
    for run in seed_runs(runs):
        name = re.sub(r"[^\w.=-]+", "-", run.variant)
        with closing(EventFile(folder / TENSORBOARD / name / f"seed-{run.seed}", run.recipe, warn)) as file:
            _write(file, run.row, runs.metric)
    return folder / TENSORBOARD


def _write(file: EventFile, row: RunResult, metric: str) -> None:
    for epoch, values in curves(row, metric):
        file.write(epoch, *(scalar(tag, value) for tag, value in values.items()))
    final = [scalar(f"final loss/{split}", scores.loss) for split, scores in row.scores.items()]
    metrics = {split: scores.metric for split, scores in row.scores.items()}
    final += [scalar(f"final {metric}/{split}", value) for split, value in metrics.items() if value is not None]
    file.write(row.epochs, *final, ended(FAILURE if row.diverged else SUCCESS))
