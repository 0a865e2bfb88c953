"""``nntrain fit``: train the network of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code, JsonOption, MetricsOption, OptionalRecipe, Settings
from nntrain.errors import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.cli.job import Job
    from nntrain.cli.requirements import Condition


def command(
    recipe: OptionalRecipe = None,
    settings: Settings = None,
    code: Code = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory for the run.  [default: runs/NAME-TIME]")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")] = False,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Continue the run in this directory.", autocompletion=completion.runs),
    ] = None,
    allow_change: Annotated[
        bool, typer.Option("--allow-change", help="With --resume: continue even if recipe or data have changed.")
    ] = False,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=1000,
            metavar="N",
            help="Cross-validate with N folds: a run for each, in DIR/fold-1, DIR/fold-2, ...",
        ),
    ] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table with the rows of the test split, like the recipe's.")
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Exit with status 1 unless this holds, such as 'test.accuracy>=0.95'. Repeatable.",
            autocompletion=completion.measures,
        ),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Start from the weights of a trained model with the same layers: a run directory or model file.",
            autocompletion=completion.targets,
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write an event file for TensorBoard into the run directory.")
    ] = False,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC|NUMBER",
            help="Of two classes, predict the second one from this probability on, or from the one with the best "
            "metric on the validation split, such as f1.  [default: the recipe's training.threshold]",
        ),
    ] = None,
    mlflow: Annotated[
        bool,
        typer.Option("--mlflow", help="Log the run to MLflow, where MLFLOW_TRACKING_URI says. Needs nntrain[mlflow]."),
    ] = False,
    metrics: MetricsOption = None,
    json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Train the network of a recipe.

    Progress goes to standard error: a live display on a terminal; elsewhere a line for the first and the last epoch,
    and one every ten seconds in between. A unit is dead if its activation is zero for all of the first 512 training
    samples. Gradient norms are those of an epoch's last mini-batch.

    The run directory holds recipe.yaml (complete), metrics.jsonl (one line per epoch), summary.json and
    model.safetensors. Ctrl-C, SIGTERM and SIGHUP end a run early and still write all of them, with a checkpoint. A
    second Ctrl-C stops at once.

    --resume RUN continues a run that was interrupted or killed; the result is that of an uninterrupted run. Without
    RECIPE it uses the recipe of the run; --set training.epochs=N makes it longer. If recipe or data have changed, it
    shows the changes and refuses, unless --allow-change is given.

    --folds N makes each row a test row once. The result is the mean and standard deviation of the test scores over
    the folds; DIR holds folds.json and predictions.csv, with a prediction for each row by the model that did not see
    it. --resume DIR keeps the finished folds.
    """
    from nntrain.cli.cross_validation import cross_validate
    from nntrain.cli.folds import Folds, is_cross_validation
    from nntrain.cli.job import Job
    from nntrain.cli.requirements import parse

    conditions = [parse(text) for text in require or []]
    settings = [*(settings or []), *(_test_file(test) if test is not None else [])]
    settings += [f"training.threshold={threshold}"] if threshold is not None else []
    job = Job(
        recipe,
        settings,
        out,
        overwrite,
        resume,
        allow_change,
        start=from_,
        tensorboard=tensorboard,
        mlflow=mlflow,
        metrics=metrics,
    )
    if folds is not None or (resume is not None and is_cross_validation(resume)):
        cross_validate(Folds(job, folds), conditions, json, quiet)
        return
    train(job, conditions, json, quiet)


def train(job: Job, conditions: Sequence[Condition], json: bool, quiet: bool) -> None:
    """Train as ``job`` says, print the result, and exit with its status."""
    from nntrain.cli.interrupts import GRACE_SECONDS, Interrupted, Interrupts
    from nntrain.cli.progress import listener_for
    from nntrain.cli.requirements import unmet
    from nntrain.cli.result import note, print_summary
    from nntrain.report.run_progress import RunProgress
    from nntrain.training.events import Stopped

    with Interrupts(insist=True, grace=GRACE_SECONDS) as interrupts, listener_for(RunProgress(), quiet) as listener:
        try:
            summary = job.run(listener, interrupts.wanted, conditions)
        except Interrupted:
            note(job.how_to_resume())
            raise
    print_summary(summary, as_json=json, quiet=quiet, names=job.shown)
    misses = unmet(conditions, summary.to_json())
    note(misses)
    if summary.stopped is Stopped.DIVERGED:
        raise typer.Exit(Status.DIVERGED)
    if summary.stopped is Stopped.INTERRUPTED:
        note(job.how_to_resume())
        raise typer.Exit(interrupts.status)
    if not summary.saved:
        raise typer.Exit(Status.NOT_WRITTEN)
    if misses:
        raise typer.Exit(Status.FAILED)


def _test_file(path: Path) -> list[str]:
    """Return the override for a test file, whose path is relative to the working directory."""
    from json import dumps

    return [f"data.source.test_file={dumps(str(path.absolute()), ensure_ascii=False)}"]
