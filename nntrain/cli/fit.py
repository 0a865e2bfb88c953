"""``nntrain fit``: train the network of a recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Recipe, Settings
from nntrain.errors import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nntrain.artifacts.run_folder import RunFolder
    from nntrain.cli.progress import Listener
    from nntrain.cli.requirements import Condition
    from nntrain.report.summary import Summary
    from nntrain.training.engine import Engine
    from nntrain.training.events import Event


def command(
    recipe: Recipe,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory for the run.  [default: runs/NAME-TIME]")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")] = False,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Exit with status 1 unless this holds, such as 'test.accuracy>=0.95'. Repeatable.",
            autocompletion=completion.measures,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Train the network of a recipe.

    Progress goes to standard error: a live display on a terminal; elsewhere a line for the first and the last epoch,
    and one every ten seconds in between. A unit is dead if its activation is zero for all of the first 512 training
    samples. Gradient norms are those of an epoch's last mini-batch.

    The run directory holds recipe.yaml (complete), metrics.jsonl (one line per epoch), summary.json and
    model.safetensors. Ctrl-C, SIGTERM and SIGHUP end a run early and still write all of them.
    """
    from nntrain.cli.interrupts import Interrupts
    from nntrain.cli.progress import listener_for
    from nntrain.cli.requirements import parse, unmet
    from nntrain.cli.result import note, print_summary
    from nntrain.report.run_progress import RunProgress
    from nntrain.training.events import Stopped

    conditions = [parse(text) for text in require or []]
    with Interrupts() as interrupts, listener_for(RunProgress(), quiet) as listener:
        summary = fit(recipe, settings or [], out, overwrite, listener, interrupts.wanted, conditions)
    print_summary(summary, as_json=json, quiet=quiet)
    misses = unmet(conditions, summary)
    note(misses)
    if summary.stopped is Stopped.DIVERGED:
        raise typer.Exit(Status.DIVERGED)
    if summary.stopped is Stopped.INTERRUPTED:
        raise typer.Exit(interrupts.status)
    if not summary.saved:
        raise typer.Exit(Status.NOT_WRITTEN)
    if misses:
        raise typer.Exit(Status.FAILED)


def fit(
    recipe: str,
    settings: Sequence[str],
    out: Path | None,
    overwrite: bool,
    listener: Listener,
    interrupted: Callable[[], bool] = lambda: False,
    conditions: Sequence[Condition] = (),
) -> Summary:
    """Train the network of the recipe that ``recipe`` names, and write the run directory.

    Args:
        recipe: a recipe, run or model, as a command's argument names it.
        settings: overrides, ``key=value``.
        out: directory of the run; None for a new one under ``runs``.
        overwrite: whether a run in ``out`` may be replaced.
        listener: called with every event.
        interrupted: returns whether to end the run early.
        conditions: on the summary; each must name a result that the run will have.

    Raises:
        InputError: if the recipe, its data, ``out`` or ``conditions`` are wrong.
    """
    from nntrain.artifacts.lookup import load_recipe
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.run_folder import MODEL, RunFolder
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.requirements import check
    from nntrain.recipe.build import build, names_absolute_path, with_path_from
    from nntrain.recipe.document import dump_document
    from nntrain.recipe.schema import to_data
    from nntrain.report.summary import summarize
    from nntrain.training.engine import Engine
    from nntrain.training.loop import train
    from nntrain.utils.garbage import collecting_new

    loaded = load_recipe(recipe, settings)
    built = build(loaded.recipe, loaded.document, loaded.folder, loaded.name)
    check(conditions, built.plan)
    for text in built.dataset.notes:
        listener.note(text)
    plan = built.plan

    def complete(folder: Path) -> str:
        absolute = names_absolute_path(loaded.recipe)
        return dump_document(to_data(built.recipe if absolute else with_path_from(built.recipe, folder)))

    def told(folder: RunFolder, engine: Engine) -> Iterator[Event]:
        for event in train(engine, interrupted):
            folder(event)
            listener(event)
            yield event

    with (
        RunFolder(plan.name, complete, out, overwrite, listener.warn) as folder,
        announce_compiling(listener.note),
        collecting_new(),
    ):
        with loaded.document.placing():
            engine = Engine(plan)
        interrupted()  # from here on a first signal no longer ends the process at once
        summary = summarize(told(folder, engine), str(folder.path), str(folder.path / MODEL))
        model = Model.of(built.recipe, plan.network, engine.theta, built.dataset, plan.data)

        def result(place: Path | None) -> Summary:
            return replace(summary, model=None if place is None else str(place), saved=folder.saved)

        place = folder.finish(model.save, lambda place: result(place).to_json())
    return result(place)
