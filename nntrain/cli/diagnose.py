"""``nntrain diagnose``: what goes on in each layer, and why a network does not learn."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from nntrain.cli.arguments import Opened, Settings
from nntrain.cli.evaluate import DataOption, SeparatorOption
from nntrain.cli.load_target import load_target


def command(
    what: Opened,
    settings: Settings = None,
    data: DataOption = None,
    separator: SeparatorOption = None,
    curvature: Annotated[
        bool,
        typer.Option(
            "--curvature", help="Find the ends of the Hessian's spectrum too, which takes a large network minutes."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look into each layer, and say why a network does not learn.

    The first 512 rows of the training part, or for a model of the file that --data names, are taken through the network
    and back. Of each layer are shown: mean and deviation (dev) of its activations; the share of them that is flat,
    where the activation's slope is below 0.5 % of its largest (tanh beyond 3.3, half of ReLU's); the share of its units
    that are stuck, flat for every row: dead or saturated; the root mean square of dL/dz, which is the gradient on its
    way back; and a histogram of its activations, all over one range. Wide terminals also get the pre-activations z and
    the gradient's norm.

    With --curvature the loss' curvature is found too: the smallest and largest eigenvalue of its Hessian, the
    condition number, and the learning rate that plain gradient descent has to stay below.

    Found are the causes of a zero gradient (activations, weights or slopes that are all zero, an optimum or saddle),
    of one that is nearly so (activations that fade, grow or saturate, a gradient that fades or explodes, dead units),
    units that never part, and inputs of different scales.
    """
    from nntrain.cli.compiling import compiling_said
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_json, print_table
    from nntrain.diagnostics.causes import findings
    from nntrain.diagnostics.curvature import curvature as measure
    from nntrain.diagnostics.layers import look
    from nntrain.report.layers import look_table

    with compiling_said():
        inside = load_target(what, settings or [], data, separator)
        seen = look(inside.plan, inside.theta)
        finite = seen.not_finite is None
        curved = measure(inside.plan, inside.theta) if curvature and finite else None
    found = findings(seen, curved)
    if json:
        print_json(
            {
                **asdict(seen),
                "curvature": curved and asdict(curved),
                "findings": [asdict(finding) for finding in found],
            }
        )
    else:
        print_table(look_table(seen, curved, found, stdout_console().width))
