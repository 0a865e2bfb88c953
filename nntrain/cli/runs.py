"""``nntrain runs``: the runs below a directory, filtered and sorted by their results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli import completion
from nntrain.errors import bad_input, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.artifacts.run_list import Listed

TEXTS = ("run", "name", "stopped", "origin")
SCORES = tuple(f"{split}.{key}" for split in ("validation", "test") for key in ("loss", "accuracy", "r2"))
COLUMNS = ("epochs", "train.loss", *SCORES)
DROPPED = {
    "origin": 5,
    "stopped": 4,
    "epochs": 3,
    "train.loss": 2,
}  # on a narrow terminal, the column with the largest number first


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Directory with runs.")] = Path("runs"),
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="List only runs that meet the condition, as in 'test.accuracy>0.97'. Repeatable.",
            autocompletion=completion.measures,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Sort by a number or by run, name, stopped or origin; -KEY: in descending order."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array of the summaries.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a CSV table.")] = False,
) -> None:
    """List the runs in a directory and below it.

    Only summaries are read, so that thousands of runs are listed in a second. Runs that have not finished are left
    out. Conditions and --sort use the numbers of the summary: train, validation and test with .loss or a metric, as in
    test.accuracy, and epochs, steps, seconds, best_epoch, gradient_norm, dead, clipped and samples_per_second.
    """
    from nntrain.artifacts.run_list import list_runs
    from nntrain.cli.requirements import parse, unmet
    from nntrain.cli.result import note, print_json, print_table, print_text

    if json and csv:
        raise bad_input("--csv", "cannot be combined with --json", "choose one")
    conditions = [parse(text, "--where") for text in where or []]
    key, descending = _sort_key(sort)
    found, damaged = [], []
    for run in list_runs(folder):
        if run.summary is None:
            damaged.append(f"{run.folder}/summary.json: is damaged, and left out")
        elif not unmet(conditions, run.summary):
            found.append(run)
    found = sorted_runs(found, key, descending)
    note(damaged)
    if json:
        print_json([{**run.summary, "run": str(run.folder)} for run in found if run.summary is not None])
    elif csv:
        print_text(_csv(found))
    else:
        print_table(_table(found))


def sorted_runs(runs: Sequence[Listed], key: str, descending: bool) -> list[Listed]:
    """Return runs in the order of a value; those without it come last."""
    having = [run for run in runs if _value(run, key) is not None]
    having.sort(key=lambda run: _value(run, key), reverse=descending)  # type: ignore[arg-type,return-value]
    return [*having, *(run for run in runs if _value(run, key) is None)]


def _sort_key(text: str | None) -> tuple[str, bool]:
    from nntrain.cli.requirements import FACTS, keys

    key = (text or "run").removeprefix("-")
    if key not in (*keys(), *TEXTS):
        allowed = (*TEXTS, *FACTS, "SPLIT.loss and SPLIT.METRIC")
        hint = f"{nearest(key, [*keys(), *TEXTS])} allowed: {', '.join(allowed)}".strip()
        raise bad_input("--sort", f"unknown key {key!r}", hint)
    return key, (text or "").startswith("-")


def _value(run: Listed, key: str) -> str | float | None:
    from nntrain.cli.requirements import number_at

    if run.summary is None or key == "run":
        return str(run.folder)
    if key == "origin":
        return _origin(run)
    if key in TEXTS:
        return str(run.summary.get(key))
    return number_at(run.summary, key)


def _origin(run: Listed) -> str | None:
    if run.summary is None or not run.summary.get("origin"):
        return None
    from nntrain.artifacts.checkpoint_facts import origin_in  # slow to import, and few runs have one

    origin = origin_in(run.summary)
    return None if origin is None else str(origin)


def _columns(runs: Sequence[Listed]) -> list[str]:
    return [key for key in COLUMNS if any(_value(run, key) is not None for run in runs)]


def _csv(runs: Sequence[Listed]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [*TEXTS, *_columns(runs)]
    writer.writerow(columns)
    for run in runs:
        writer.writerow("" if (value := _value(run, key)) is None else value for key in columns)
    return text.getvalue()


def _table(runs: Sequence[Listed]) -> Any:
    from nntrain.cli.console import stdout_console
    from nntrain.report.fitting import Column, fitted
    from nntrain.report.numbers import number

    if not runs:
        return "no runs"

    def cell(run: Listed, key: str) -> str:
        value = _value(run, key)
        if key == "epochs" and isinstance(value, int):
            return f"{value:,}"
        if key == "origin" and value is None:
            return ""
        return value if isinstance(value, str) else number(value)

    keys = ["stopped", *_columns(runs), *(["origin"] if any(map(_origin, runs)) else [])]
    columns = [Column("run", [str(run.folder) for run in runs], right=False)]
    columns += [
        Column(key, [cell(run, key) for run in runs], right=key not in TEXTS, drop=DROPPED.get(key, 1)) for key in keys
    ]
    return fitted(columns, stdout_console().width)
