"""The runs of a comparison in MLflow: one for the comparison, and in it one for each run on the seeds."""

from collections.abc import Callable
from pathlib import Path

from nntrain.artifacts.mlflow_run import MlflowRun, mlflow_run
from nntrain.comparison.folder import COMPARISON
from nntrain.comparison.protocol import Runs
from nntrain.comparison.result import Result
from nntrain.comparison.run_result import RunResult
from nntrain.comparison.seed_runs import curves, seed_runs


def log_comparison(folder: Path, runs: Runs, result: Result, warn: Callable[[str], None]) -> None:
    """Log a finished comparison: each run with its recipe, the curves that the comparison keeps, and its scores.

    Raises:
        InputError: if the tracking store cannot be opened.
    """
    place = folder.resolve()
    with mlflow_run(place.name, warn, {"nntrain.run": str(place), "nntrain.verdict": result.verdict}) as whole:
        for run in seed_runs(runs):
            with mlflow_run(f"{run.variant} seed {run.seed}", warn, {"nntrain.variant": run.variant}) as one:
                one.parameters(run.recipe)
                _log(one, run.row, runs.metric)
        whole.file(folder / COMPARISON)
        whole.status = "FAILED" if result.diverged else "FINISHED"


def _log(one: MlflowRun, row: RunResult, metric: str) -> None:
    for epoch, values in curves(row, metric):
        one.metrics(values, epoch)
    one.metrics({f"{split}.loss": scores.loss for split, scores in row.scores.items()})
    one.metrics({f"{split}.{metric}": scores.metric for split, scores in row.scores.items()})
    one.status = "FAILED" if row.diverged else "FINISHED"
