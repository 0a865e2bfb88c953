"""``nntrain list``: the components that a recipe can name."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Code, FormatOption, TableFormat

if TYPE_CHECKING:
    from nntrain.registry import Component


class Family(StrEnum):
    """The families of components."""

    OPTIMIZERS = "optimizers"
    LOSSES = "losses"
    FUNCTIONS = "functions"
    ACTIVATIONS = "activations"
    INITIALIZERS = "initializers"
    SCHEDULES = "schedules"
    NORMS = "norms"
    AVERAGES = "averages"
    SOURCES = "sources"
    COLUMNS = "columns"
    METRICS = "metrics"
    DIAGNOSES = "diagnoses"
    EXPERIMENTS = "experiments"


def command(
    family: Annotated[
        Family,
        typer.Argument(
            metavar="FAMILY",
            help="Family to list.",
            show_default=False,
        ),
    ],
    code: Code = None,
    form: FormatOption = TableFormat.TABLE,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List components with their keys and formulas.

    Components are what a recipe can name: optimizers, losses, activations and so on. Each is shown with its keys,
    their defaults and its formula; --json adds its source.
    """
    from nntrain.cli.result import print_json, print_table, table_width
    from nntrain.registry import members
    from nntrain.report.components import component_facts, components_text

    found = members(base_of(family))
    if json:
        print_json([component_facts(member) for member in found.values()])
    else:
        print_table(components_text(found, table_width(form)), form)


def base_of(family: Family) -> type[Component]:
    """Return the base class of a family."""
    from nntrain.activations import Activation
    from nntrain.data import Source
    from nntrain.data.columns import Column
    from nntrain.doctor.diagnoses import Diagnosis
    from nntrain.doctor.experiments import Experiment
    from nntrain.initializers import Initializer
    from nntrain.losses import Loss
    from nntrain.losses.test_functions import TestFunction
    from nntrain.metrics import Metric
    from nntrain.norms import Norm
    from nntrain.optimizers import Optimizer
    from nntrain.optimizers.averaging import Averaging
    from nntrain.schedules import Schedule

    bases: dict[Family, type[Component]] = {
        Family.OPTIMIZERS: Optimizer,
        Family.LOSSES: Loss,
        Family.FUNCTIONS: TestFunction,
        Family.ACTIVATIONS: Activation,
        Family.INITIALIZERS: Initializer,
        Family.SCHEDULES: Schedule,
        Family.NORMS: Norm,
        Family.AVERAGES: Averaging,
        Family.SOURCES: Source,
        Family.COLUMNS: Column,
        Family.METRICS: Metric,
        Family.DIAGNOSES: Diagnosis,
        Family.EXPERIMENTS: Experiment,
    }
    return bases[family]
