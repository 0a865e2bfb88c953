"""``nntrain dialects``: what other libraries mean by a name."""

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
            help="Such as adam, he_normal or batch.",
            show_default=False,
            autocompletion=completion.with_dialects,
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Show what other libraries mean by a name.

    A column for each library, with the keys of a recipe in which they differ; for an optimizer also the step at which
    its way parts by 1 % from the first column's, on a quadratic of 20 curvatures from 0.001 to 10, with a rate that
    falls by 1/(1 + 0.01 k).
    """
    from nntrain.cli.result import print_json, print_table
    from nntrain.diagnostics.dialects import dialects_of
    from nntrain.report.tables import dialects_table

    found = dialects_of(name)
    if json:
        print_json([asdict(dialect) for dialect in found])
    else:
        print_table(dialects_table(found))
