"""The results of optimizers on a loss surface as a table."""

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.comparison.paths import Contender
from nntrain.report.comparison_progress import COLORS
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import number, short
from nntrain.report.surface_chart import LETTERS

NONE = "–"


def surface_text(contenders: Sequence[Contender], about: str, notes: Sequence[str], width: int) -> RenderableType:
    """Return the table of the optimizers, best first, with the conditions and the notes below it."""
    lines: list[RenderableType] = [Text(about, "dim"), *(Text(note) for note in notes)]
    if not contenders:
        return Group(*lines)
    order = sorted(range(len(contenders)), key=lambda i: float(np.median(contenders[i].results)))
    found = [contenders[i] for i in order]
    marks = [Text(LETTERS[i % len(LETTERS)], COLORS[i % len(COLORS)]) for i in order]
    several = len(found[0].paths) > 1
    columns = [
        Column("", marks, right=False),
        Column("optimizer", [one.name for one in found], right=False, folds=True),
        Column("settings", [settings_text(one) for one in found], right=False, folds=True, drop=2),
        Column("median loss" if several else "loss", [result(float(np.median(one.results))) for one in found]),
    ]
    if several:
        columns += [
            Column("best", [result(float(one.results.min())) for one in found], drop=4),
            Column("worst", [result(float(one.results.max())) for one in found], drop=3),
        ]
    else:
        columns.append(Column("end", [_end(one) for one in found], right=False, drop=3))
    columns.append(Column("evaluations", [_evaluations(one) for one in found], drop=1))
    return Group(fitted(columns, width), *lines)


def settings_text(one: Contender) -> str:
    """Return the learning rate, and what else was tuned."""
    if one.optimizer.full_batch:
        return NONE
    keys = ["lr"] if not one.trials else list(one.optimizer.space(one.trials))
    return ", ".join(f"{key} {getattr(one.optimizer, key):.3g}" for key in keys)


def result(loss: float) -> str:
    """Return a loss; infinity stands for divergence."""
    return number(loss) if np.isfinite(loss) else "diverged"


def _end(one: Contender) -> str:
    path = one.paths[0]
    return ", ".join(short(w, 4) for w in path.points[path.best if one.searches else -1].tolist())


def _evaluations(one: Contender) -> str:
    return f"{int(np.median([path.evaluations[-1] for path in one.paths])):,}"
