"""``nntrain verify``: trains a run again, and compares the results bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code
from nntrain.errors import Status, bad_input, counted

if TYPE_CHECKING:
    from collections.abc import Mapping


def command(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Directory of a run.", show_default=False, autocompletion=completion.runs),
    ],
    code: Code = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Train a finished run again and compare the results bit by bit.

    Uses the recipe of the run and reads its data again. If the results differ, prints the first difference, and whether
    another version of a library, another processor or other data may explain it. Exit status: 0 identical; 1 not.
    """
    import tempfile

    from nntrain.artifacts.history import read_history
    from nntrain.artifacts.run_diff import difference
    from nntrain.artifacts.run_list import read_summary
    from nntrain.cli.job import Job
    from nntrain.cli.progress import listener_for
    from nntrain.cli.result import print_json, print_text
    from nntrain.recipe.files import check_pinned
    from nntrain.report.run_progress import RunProgress
    from nntrain.training.events import Stopped

    history = read_history(run)
    check_pinned(history.recipe, run)
    if history.summary["stopped"] == Stopped.INTERRUPTED:
        raise bad_input(run, "was interrupted, so there is nothing to compare", f"nntrain fit --resume {run}")
    recorded = read_summary(run).get("certificate")
    with tempfile.TemporaryDirectory(prefix="nntrain-verify-") as folder:
        again = Path(folder) / "run"
        with listener_for(RunProgress(), quiet, keep=False) as listener:
            summary = Job(str(run), out=again).run(listener)
        found = difference(run, again)
    reasons = explanations(recorded if isinstance(recorded, dict) else {}, summary.certificate or {})
    if json:
        print_json({**found.to_json(), "explanations": reasons})
    elif found.identical:
        print_text(f"identical: {counted(found.epochs[0], 'epoch')} and all weights are the same to the bit\n")
    else:
        lines = [
            "not identical",
            *found.lines()[1:],
            *(reasons or ["the environment is the same: it does not explain this"]),
        ]
        print_text("".join(f"{line}\n" for line in lines))
    if not found.identical:
        raise typer.Exit(Status.FAILED)


def explanations(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what has changed since the certificate of a run was ``recorded``, and may change its result."""
    if not recorded:
        return ["environment: not recorded by the version of nntrain that made the run"]
    found = []
    if recorded.get("data") != now.get("data"):
        found.append("data: have changed")
    before, after = recorded.get("versions"), now.get("versions")
    if isinstance(before, dict) and isinstance(after, dict):
        changed = [name for name in after if before.get(name) != after[name]]
        found += [f"{name}: {before.get(name)} when the run was made, {after[name]} now" for name in changed]
    for key in ("processor", "system"):
        if recorded.get(key) != now.get(key):
            found.append(f"{key}: {recorded.get(key)} when the run was made, {now.get(key)} now")
    return found
