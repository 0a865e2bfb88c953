"""``nntrain fit --mlflow``: what a run and its end are to MLflow."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nntrain.artifacts.mlflow_run import MlflowRun
    from nntrain.recipe.schema import Recipe
    from nntrain.report.summary import Summary


@contextmanager
def tracked(folder: Path, recipe: Recipe, warn: Callable[[str], None]) -> Iterator[MlflowRun]:
    """Provide the run in MLflow of the training run in ``folder``, with the recipe as its parameters.

    Raises:
        InputError: if MLflow is not installed or its tracking store cannot be opened.
    """
    from nntrain.artifacts.mlflow_run import mlflow_run
    from nntrain.cli.interrupts import Interrupted
    from nntrain.recipe.schema import to_data

    with mlflow_run(folder.resolve().name, warn, {"nntrain.run": str(folder.resolve())}) as run:
        run.parameters(to_data(recipe))
        try:
            yield run
        except Interrupted:
            run.status = "KILLED"
            raise


def log_end(run: MlflowRun, summary: Summary, folder: Path) -> None:
    """Log how a training run ended: its scores, verdict, files and report."""
    from nntrain.artifacts.run_files import RECIPE, SUMMARY
    from nntrain.cli.report import PAGE, report
    from nntrain.cli.requirements import SPLITS
    from nntrain.errors import InputError
    from nntrain.training.events import Stopped

    found = summary.to_json()
    scores = {split: found[split] for split in SPLITS if split in found}
    run.metrics({f"{split}.{name}": value for split, of in scores.items() for name, value in of.items()})
    run.tags({"nntrain.verdict": summary.verdict, "nntrain.stopped": summary.stopped.value})
    files = [folder / RECIPE, folder / SUMMARY, Path(summary.model or "")]
    for file in files:
        if file.is_file():
            run.file(file)
    if summary.saved:
        try:
            run.text(report([folder]), PAGE)
        except InputError as error:
            run.warn(f"no report for MLflow: {error}")
    ends = {Stopped.INTERRUPTED: "KILLED", Stopped.DIVERGED: "FAILED"}
    run.status = ends.get(summary.stopped, "FINISHED")
