"""Charts of a comparison beside its curves: loss against capacity, and histograms of final losses."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nntrain.comparison.record import Compared
from nntrain.comparison.run_result import RunResult
from nntrain.errors import bad_input, counted
from nntrain.report.html.lines import Line, LineChart

BINS = 30
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
Values = NDArray[np.float64]


def capacity_chart(compared: Compared) -> list[LineChart]:
    """Return training and validation loss against the one key that a comparison varies.

    The value of ``model.hidden`` is the number of hidden units.

    Raises:
        InputError: if the comparison varies something else than numbers of one key.
    """
    record = compared.record
    key = record.varied[0] if len(record.varied) == 1 else None
    values = {one.name: _value(one.name) for one in record.variants}
    if key is None or None in values.values() or len(set(values.values())) < len(values):
        hint = "compare with one of them, as in --vary 'model.hidden=[2],[8],[32]'"
        raise bad_input("plot capacity", "the comparison does not vary the numbers of one key", hint)
    order = sorted(record.variants, key=lambda one: float(values[one.name] or 0))
    x = np.array([values[one.name] for one in order], np.float64)
    runs = [_finished(compared, one.name, next(iter(one.phases))) for one in order]
    lines = []
    for index, (split, label) in enumerate({"train": "training", "validation": "validation"}.items()):
        losses = [[run.scores[split].loss for run in some if split in run.scores] for some in runs]
        low, middle, high = np.array([np.quantile(some or [np.nan], (0.25, 0.5, 0.75)) for some in losses]).T
        lines.append(Line(label, x, middle, index, low=low, high=high))
    title = "loss against the number of hidden units" if key == "model.hidden" else f"loss against {key}"
    note = f"median over {counted(len(record.seeds), 'seed')}; band: first to third quartile"
    return [LineChart(title, lines, "hidden units" if key == "model.hidden" else key, ratio=True, note=note)]


def loss_histograms(compared: Compared) -> list[LineChart]:
    """Return a histogram of the final training losses of each variant's runs, one per seed."""
    charts = []
    for rank, one in enumerate(compared.record.variants):
        runs = _finished(compared, one.name, next(iter(one.phases)))
        losses = np.array([run.scores["train"].loss for run in runs if "train" in run.scores], np.float64)
        if not losses.size:
            continue
        counts, edges = np.histogram(losses, BINS)
        x = np.repeat(edges, 2)[1:-1]
        note = f"{counted(losses.size, 'run')}: lowest {losses.min():.4g}, median {np.median(losses):.4g}, "
        charts.append(
            LineChart(
                f"{one.name}: final training loss",
                [Line("runs", x, np.repeat(counts, 2).astype(np.float64), rank)],
                "loss",
                note=f"{note}highest {losses.max():.4g}",
            )
        )
    return charts


def _finished(compared: Compared, name: str, phase: str) -> Sequence[RunResult]:
    return [run for run in compared.runs.get((name, phase), {}).values() if not run.diverged]


def _value(name: str) -> float | None:
    """Return the number of a variant's name, or the sum of its list."""
    label = name.rpartition("=")[2]
    numbers = [float(found) for found in NUMBER.findall(label)]
    return sum(numbers) if numbers or label.strip() == "[]" else None
