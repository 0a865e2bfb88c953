"""``nntrain diagnose``: what goes on in each layer, and why a network does not learn."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.fit import Settings
from nntrain.errors import bad_input

if TYPE_CHECKING:
    from nntrain.diagnostics.layers import Look

MODEL = "model.safetensors"


def command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|MODEL", help="Recipe, at its first weights; model file or a run's directory, as trained."
        ),
    ],
    settings: Settings = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look into each layer, and say why a network does not learn.

    The first 512 rows of the training part are taken through the network and back. Of each layer are shown: mean and
    deviation (dev) of its activations; the share of them that is flat, where the activation's slope is below 0.5 % of
    its largest (tanh beyond 3.3, half of ReLU's); the share of its units that are stuck, flat for every row: dead or
    saturated; the root mean square of dL/dz, which is the gradient on its way back; and a histogram of its
    activations, all over one range. Wide terminals also get the pre-activations z and the gradient's norm.

    Found are the causes of a zero gradient (activations, weights or slopes that are all zero, an optimum or saddle),
    of one that is nearly so (activations that fade, grow or saturate, a gradient that fades or explodes, dead units),
    units that never part, and inputs of different scales.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table
    from nntrain.diagnostics.causes import findings
    from nntrain.report.layers import look_table

    with compiling_said():
        look = diagnose(what, settings or [])
    found = findings(look)
    if json:
        print_json({**asdict(look), "findings": [asdict(finding) for finding in found]})
    else:
        print_table(look_table(look, found, stdout_console().width))


def diagnose(what: str, settings: list[str]) -> Look:
    """Look into the network of a recipe at its first weights, or of a model file or a run's directory as trained.

    Raises:
        InputError: if it cannot be read, or its data cannot.
    """
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.table import recipe_parts
    from nntrain.cli.show import show
    from nntrain.diagnostics.layers import look

    path = Path(what)
    if path.is_dir():
        path /= MODEL
    if path.suffix != Path(MODEL).suffix:
        return look(show(what, settings).plan)
    if settings:
        raise bad_input("diagnose", "--set is for recipes", "a model has been trained by its own")
    model = Model.load(path)
    return look(model.plan(recipe_parts(model)["train"]), model.theta)
