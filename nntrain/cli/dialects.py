"""``nntrain dialects``: how other libraries define a component."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from nntrain.cli import completion


def command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name of a component, such as adam, he_normal or batch.",
            show_default=False,
            autocompletion=completion.with_dialects,
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Show how other libraries define a component.

    The table has one column per library and one row per key of a recipe in which they differ. For an optimizer it also
    gives the first step at which its path has moved away from that of the first column by 1 % of the distance covered.
    Both minimize a quadratic with 20 curvatures from 0.001 to 10, with a learning rate that decays as
    1/(1 + 0.01 k).
    """
    from nntrain.cli.result import print_json, print_table
    from nntrain.diagnostics.dialects import dialects_of
    from nntrain.report.tables import dialects_table

    found = dialects_of(name)
    if json:
        print_json([asdict(dialect) for dialect in found])
    else:
        print_table(dialects_table(found))
