"""``nntrain diff``: how two runs differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code, JsonOption

Run = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="Directory of a run.", show_default=False, autocompletion=completion.runs),
]


def command(
    one: Run,
    other: Run,
    code: Code = None,
    json: JsonOption = False,
) -> None:
    """Show how two finished runs differ.

    Compares their recipes, their metrics (with the first epoch at which they differ) and their weights.
    """
    from nntrain.artifacts.run_diff import difference
    from nntrain.cli.result import print_json, print_text

    found = difference(one, other)
    if json:
        print_json(found.to_json())
    else:
        print_text("".join(f"{line}\n" for line in found.lines()))
