"""Count how often the doctor was right, as Markdown."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.fits.__main__ import RIGHT

CLOSES = 0.8  # fraction of the distance that a repair has to close

Line = dict[str, Any]


def report(out: Path) -> None:
    """Print the counts and the confusions."""
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    broken, pairs, healthy = (
        [line for line in lines if line["kind"] == kind] for kind in ("broken", "pair", "healthy")
    )
    print("| | recipes | |\n|---|---|---|")
    if broken:
        _row("the true cause first", broken, [line["place"] == 0 for line in broken])
        _row("among the first three", broken, [_within(line["place"]) for line in broken])
    if pairs:
        _row("two faults: one of them first", pairs, [line["place"] == 0 for line in pairs])
        _row("two faults: both among the first three", pairs, [_within(line["second"]) for line in pairs])
    closed = [line for line in (*broken, *pairs) if line["closed"] is not None]
    if closed:
        _row("the repair closes 80 % of the distance", closed, [line["closed"] >= CLOSES for line in closed])
    _row("fit by itself names a true cause", (*broken, *pairs), [line["named_true"] for line in (*broken, *pairs)])
    wrong = [line["named"] is not None and not line["named_true"] for line in (*broken, *pairs)]
    _row("fit by itself names another cause", (*broken, *pairs), wrong)
    if healthy:
        _row("healthy: fit by itself names a cause", healthy, [line["named"] is not None for line in healthy])
        _row("healthy: false alarms", healthy, [bool(line["found"]) for line in healthy])
        right = {kind.value for kind in RIGHT["sound"]}
        _row("healthy: the verdict of fit is right", healthy, [line["verdict"] in right for line in healthy])
    seconds = sorted(line["seconds"] for line in lines)
    print(f"\nseconds of an examination: median {seconds[len(seconds) // 2]:.1f}, most {seconds[-1]:.1f}\n")
    _confusions(broken)


def _row(what: str, lines: Sequence[Line], right: Sequence[bool]) -> None:
    if lines:
        print(f"| {what} | {len(lines)} | {sum(right)} ({sum(right) / len(lines):.1%}) |")


def _within(place: int | None) -> bool:
    return place is not None and place < 3


def _confusions(broken: Sequence[Line]) -> None:
    print("| true cause | named first instead | times |\n|---|---|---|")
    wrong = [line for line in broken if line["place"] != 0]
    for (cause, found), count in Counter(
        (line["causes"][0], (line["found"] or ["nothing"])[0]) for line in wrong
    ).most_common():
        print(f"| {cause} | {found} | {count} |")
