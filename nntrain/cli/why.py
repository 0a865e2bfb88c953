"""``nntrain why``: the story of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import JsonOption

if TYPE_CHECKING:
    from nntrain.report.story import Story


def command(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="Directory of a finished run.", show_default=False, autocompletion=completion.runs
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Tell what happened in a run.

    From the numbers that the run recorded, by epoch: how the training loss fell, its plateaus and its largest rise,
    the largest gradient, where units died, where the gradient vanished, what the learning rate did, and what early
    stopping saw. What the run did not record is listed at the end.

    nntrain doctor tries what would improve the recipe; nntrain report draws the curves.
    """
    from nntrain.cli.result import print_json, print_table
    from nntrain.report.story_text import story_text

    found = why(run)
    if json:
        print_json(found.to_json())
    else:
        print_table(story_text(found))


def why(run: Path) -> Story:
    """Return the story of a run.

    Raises:
        InputError: if it is not the directory of a finished run, or a file is damaged.
    """
    from nntrain.artifacts.history import read_history
    from nntrain.report.story import story

    return story(read_history(run))
