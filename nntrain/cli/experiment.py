"""``nntrain experiment``: changes of a recipe that tell causes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import JsonOption, Recipe, Settings
from nntrain.cli.doctor import BudgetOption, seconds_of
from nntrain.errors import bad_input, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nntrain.doctor.experiments import Outcome


def command(
    recipe: Recipe,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EXPERIMENT]...",
            help="Experiments to run; see nntrain list experiments.  [default: all but shuffled_columns]",
            show_default=False,
            autocompletion=completion.experiments,
        ),
    ] = None,
    settings: Settings = None,
    budget: BudgetOption = "30s",
    json: JsonOption = False,
) -> None:
    """Try changes of a recipe that tell causes apart.

    shuffled_labels, shuffled_columns, linear_model, twice_the_width, no_regularization, scaled_data, other_rates and
    more_epochs: each change is tried on its own at three seeds, and compared with the recipe as it is on the same
    validation rows. Without a validation split, a fifth of the training rows is held out. The test split is not used.

    nntrain doctor chooses experiments by what it suspects; lr and overfit are experiments of their own.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.interrupts import Interrupts
    from nntrain.cli.result import print_json, print_table, table_width
    from nntrain.report.experiments import experiments_table

    seconds = seconds_of(budget)
    with Interrupts() as interrupts, announce_compiling():
        found, metric = run(recipe, names or [], settings or [], seconds, interrupts.wanted)
    if interrupts.wanted():
        raise typer.Exit(interrupts.status)
    if json:
        print_json({"recipe": recipe, "metric": metric, "outcomes": [outcome.to_json() for outcome in found]})
    else:
        print_table(experiments_table(found, metric, table_width()))


def run(
    recipe: str,
    names: Sequence[str],
    settings: Sequence[str],
    budget: float,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[list[Outcome], str]:
    """Run experiments on the recipe that ``recipe`` names, and return their outcomes and the metric.

    Raises:
        InputError: if the recipe or its data are wrong, or there is no such experiment.
    """
    from nntrain.artifacts.lookup import load_recipe
    from nntrain.doctor.case import Case
    from nntrain.doctor.experiments import Experiment, ShuffledColumns, experiment
    from nntrain.registry import members

    known = members(Experiment)
    for name in names:
        if name not in known:
            raise bad_input("experiment", f"unknown {name!r}", nearest(name, known) or f"one of {', '.join(known)}")
    kinds = [known[name] for name in dict.fromkeys(names)]
    loaded = load_recipe(recipe, settings)
    case = Case(loaded.document, loaded.folder, loaded.name)
    found = experiment(case, kinds or [kind for kind in known.values() if kind is not ShuffledColumns], budget, stop)
    return found, "R²" if case.dataset.classes is None else "accuracy"
