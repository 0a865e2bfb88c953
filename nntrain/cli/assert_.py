"""``nntrain assert``: checks the results of a finished run, for pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import JsonOption
from nntrain.errors import Status


def command(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Directory of a run.", show_default=False, autocompletion=completion.runs),
    ],
    conditions: Annotated[
        list[str],
        typer.Argument(
            metavar="CONDITION...",
            help="Conditions on its results, as in 'validation.loss<0.1'.",
            show_default=False,
            autocompletion=completion.measures,
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Exit with status 1 unless a finished run meets all conditions.

    Conditions are written as for fit --require. Prints those that are not met, or with --json all of them with the
    values found.
    """
    from nntrain.artifacts.run_files import settle
    from nntrain.artifacts.run_list import read_summary
    from nntrain.cli.requirements import judged, parse, unmet
    from nntrain.cli.result import print_json, print_text

    parsed = [parse(text, "CONDITION") for text in conditions]
    settle(run)
    summary = read_summary(run)
    misses = unmet(parsed, summary)
    if json:
        print_json({"run": str(run), "holds": not misses, "conditions": judged(parsed, summary)})
    elif misses:
        print_text("".join(f"{miss}\n" for miss in misses))
    if misses:
        raise typer.Exit(Status.FAILED)
