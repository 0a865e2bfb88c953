"""``nntrain diagnose``: statistics of each layer, and why a network does not learn."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from nntrain.cli.arguments import (
    Code,
    DataOption,
    FormatOption,
    JsonOption,
    Opened,
    ReadOption,
    SeparatorOption,
    Settings,
    TableFormat,
)
from nntrain.cli.loading import load_target


def command(
    what: Opened,
    settings: Settings = None,
    code: Code = None,
    data: DataOption = None,
    separator: SeparatorOption = None,
    read: ReadOption = None,
    curvature: Annotated[
        bool,
        typer.Option(
            "--curvature", help="Also compute the Hessian's extreme eigenvalues; takes minutes for a large network."
        ),
    ] = False,
    form: FormatOption = TableFormat.TABLE,
    json: JsonOption = False,
) -> None:
    """Inspect each layer and say why a network does not learn.

    Runs one forward and one backward pass over the first 512 training samples, or over the file given by --data. For
    each layer, the table shows the mean and standard deviation (std) of its activations; the fraction of flat
    activations, where the slope is below 0.5 % of its maximum (tanh beyond ±3.3, ReLU below 0); the fraction of stuck
    units, flat for every sample: dead or saturated; the root mean square of dL/dz, the gradient that flows back; and a
    histogram of the activations, with one range for all layers. Wide terminals also show the pre-activations z and the
    gradient norm.

    With --curvature, it also computes the curvature of the loss: the smallest and largest eigenvalue of the Hessian,
    its condition number, and the learning rate below which plain gradient descent is stable.

    It detects the causes of a zero gradient (activations, weights or slopes that are all zero, an optimum, a saddle)
    or of a nearly zero one (vanishing, exploding or saturated activations, vanishing or exploding gradients, dead
    units), units that stay identical, and inputs of different scales.
    """
    from nntrain.cli.compiling import announce_compiling
    from nntrain.cli.result import print_json, print_table, table_width
    from nntrain.diagnostics.causes import findings
    from nntrain.diagnostics.curvature import curvature as measure
    from nntrain.diagnostics.layers import network_stats
    from nntrain.report.layers import layers_table

    with announce_compiling():
        target = load_target(what, settings or [], data, separator, read)
        seen = network_stats(target.plan, target.theta)
        finite = seen.not_finite is None
        curved = measure(target.plan, target.theta) if curvature and finite else None
    found = findings(seen, curved)
    if json:
        print_json(
            {
                **asdict(seen),
                "learned": seen.fitted,
                "curvature": curved and asdict(curved),
                "findings": [asdict(finding) for finding in found],
            }
        )
    else:
        print_table(layers_table(seen, curved, found, table_width(form)), form)
