"""``nntrain verify``: trains a run again, and compares the results bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli import completion
from nntrain.cli.arguments import Code, JsonOption
from nntrain.errors import InputError, Status, bad_input, counted

if TYPE_CHECKING:
    from collections.abc import Mapping


def command(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Directory of a run.", show_default=False, autocompletion=completion.runs),
    ],
    code: Code = None,
    json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Train a finished run again and compare the results bit by bit.

    Uses the recipe of the run and reads its data again. A branch is trained again from where it starts. The weights in
    the model file are also compared with the hash that the run recorded. If the results differ, prints the first
    difference, and whether another version of a library, another processor or other data may explain it. Exit status: 0
    identical; 1 not.
    """
    import shlex
    import tempfile
    from dataclasses import replace

    from nntrain.artifacts.checkpoint import read_start
    from nntrain.artifacts.history import read_history
    from nntrain.artifacts.repeat import copy_start
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
        raise bad_input(
            run, "was interrupted, so there is nothing to compare", f"nntrain fit --resume {shlex.quote(str(run))}"
        )
    found = read_summary(run).get("certificate")
    recorded = found if isinstance(found, dict) else {}
    altered = altered_model(run, recorded)
    start = read_start(run)
    with tempfile.TemporaryDirectory(prefix="nntrain-verify-") as folder:
        again = Path(folder) / "run"
        job = Job(str(run), out=again)
        if start is not None:
            copy_start(run, start, again)
            job = Job(str(run), resume=again)
        with listener_for(RunProgress(), quiet, keep=False) as listener:
            summary = job.run(listener)
        differs = replace(difference(run, again), origins=())
    reasons = [*altered, *explanations(recorded, summary.certificate or {})]
    identical = differs.identical and not altered
    if json:
        print_json({**differs.to_json(), "identical": identical, "explanations": reasons})
    elif identical:
        since = f" from epoch {start.facts.epoch + 1:,} on" if start is not None and start.facts.epoch else ""
        print_text(f"identical: {counted(differs.epochs[0], 'epoch')} and all weights are the same to the bit{since}\n")
    else:
        lines = [
            "not identical",
            *differs.lines()[1:],
            *(reasons or ["the environment is the same: it does not explain this"]),
        ]
        print_text("".join(f"{line}\n" for line in lines))
    if not identical:
        raise typer.Exit(Status.FAILED)


def altered_model(run: Path, recorded: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the model file of a run: it is damaged, or its weights are not those recorded."""
    from nntrain.artifacts.certificate import weights_hash
    from nntrain.artifacts.model import Model
    from nntrain.artifacts.run_files import MODEL

    try:
        found = weights_hash(Model.load(run / MODEL).theta)
    except InputError as error:
        return [f"model: {error.problems[0].what}"]
    if recorded.get("weights") in (None, found):
        return []
    return ["model: its weights are not those that the run recorded when it ended: the file was replaced or altered"]


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
