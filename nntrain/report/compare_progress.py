"""The picture of a comparison that goes on: a table of variants that fills in."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nntrain.comparison.measure import Measure
from nntrain.comparison.protocol import DEFAULT, TRIAL, RunEnded
from nntrain.comparison.run_result import TRAIN_LOSS
from nntrain.report.numbers import duration, number

PLAIN = ("cyan", "magenta", "yellow", "green", "blue", "red")
COLOURS = (*PLAIN, *(f"bright_{name}" for name in PLAIN))
BARS = "▁▂▃▄▅▆▇█"
SPARK, MOST_ROWS = 16, 12
PHASES = {DEFAULT: "defaults", TRIAL: "trials", "tuned": "tuned"}


@dataclass
class Line:
    """What is known of a variant while a comparison goes on."""

    done: int = 0
    diverged: int = 0
    values: list[float] = field(default_factory=list)
    curve: Sequence[float] = ()


@dataclass
class Comparing:
    """What a comparison has told so far."""

    names: Sequence[str]
    measure: Measure
    lines: dict[int, Line] = field(default_factory=dict)
    last: RunEnded | None = None
    made: int = 0  # runs that were not there already

    def take(self, event: RunEnded) -> None:
        """Take in a run."""
        self.last = event
        self.made += not event.reused
        line = self.lines.setdefault(event.job.variant, Line())
        line.done += 1
        line.diverged += event.row.diverged
        if event.job.phase != TRIAL:
            line.values.append(self.measure.of(event.row))
        if len(event.row.curve):
            line.curve = event.row.curve[:, TRAIN_LOSS].tolist()

    def picture(self, width: int, seconds: float) -> RenderableType:
        """Return what a terminal of ``width`` columns shows ``seconds`` after the start."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("variant", no_wrap=True, overflow="ellipsis", max_width=max(12, width - 56))
        for name in ("runs", f"median {self.measure.part} {self.measure.name}", "diverged"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("last training loss", no_wrap=True)
        for index, name in list(enumerate(self.names))[:MOST_ROWS]:
            line = self.lines.get(index, Line())
            median = number(float(np.median(line.values))) if line.values else "–"
            diverged = str(line.diverged) if line.diverged else ""
            spark = Text(sparkline(line.curve), COLOURS[index % len(COLOURS)])
            table.add_row(Text(name), str(line.done), median, diverged, spark)
        if len(self.names) > MOST_ROWS:
            table.add_row(f"and {len(self.names) - MOST_ROWS} more")
        return Group(self._bar(width, seconds), table)

    def _bar(self, width: int, seconds: float) -> RenderableType:
        if self.last is None:
            return Text("preparing")
        done, total, phase = self.last.done, self.last.total, self.last.job.phase
        left = f"{duration(seconds / self.made * (total - done))} left" if self.made and done < total else ""
        grid = Table.grid(padding=(0, 2))
        bar = ProgressBar(total, done, width=max(8, min(30, width - 50)))
        grid.add_row(f"run {done:,}/{total:,}", bar, PHASES[phase], left)
        return grid

    def plain(self, seconds: float) -> str:
        """Return a line of text."""
        if self.last is None:
            return "preparing"
        return f"run {self.last.done:,}/{self.last.total:,}  {PHASES[self.last.job.phase]}  {duration(seconds)}"


def sparkline(values: Sequence[float]) -> str:
    """Return a curve in one line of blocks, by its logarithm where it is positive; what is not finite is left out."""
    finite = np.array([value for value in values if np.isfinite(value)])
    if not finite.size:
        return ""
    finite = np.log(finite) if (finite > 0).all() else finite
    chosen = finite[np.linspace(0, finite.size - 1, min(SPARK, finite.size)).astype(int)]
    span = np.ptp(chosen) or 1.0
    return "".join(BARS[int(level)] for level in (chosen - chosen.min()) / span * (len(BARS) - 1))
