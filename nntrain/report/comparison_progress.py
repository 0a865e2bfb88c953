"""The progress of a comparison: a table of variants that fills in."""

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
COLORS = (*PLAIN, *(f"bright_{name}" for name in PLAIN))
BARS = "▁▂▃▄▅▆▇█"
SPARKLINE_WIDTH, MAX_VARIANTS = 16, 12
PHASES = {DEFAULT: "defaults", TRIAL: "trials", "tuned": "tuned"}


@dataclass(frozen=True)
class ComparisonStarted:
    """The first event of a comparison.

    Attributes:
        names: the variants.
        measure: what they are compared by.
        title: the problem, if there are several.
    """

    names: Sequence[str]
    measure: Measure
    title: str = ""


@dataclass
class VariantProgress:
    """The runs of a variant so far."""

    done: int = 0
    diverged: int = 0
    values: list[float] = field(default_factory=list)
    curve: Sequence[float] = ()


@dataclass
class ComparisonProgress:
    """What the events of a comparison have reported so far."""

    started: ComparisonStarted | None = None
    variants: dict[int, VariantProgress] = field(default_factory=dict)
    last: RunEnded | None = None
    executed: int = 0  # new runs, as opposed to those from an earlier call

    def update(self, event: ComparisonStarted | RunEnded) -> None:
        """Update the progress with the start or a run."""
        if isinstance(event, ComparisonStarted):
            self.started, self.variants, self.last = event, {}, None
            return
        self.last = event
        self.executed += not event.reused
        line = self.variants.setdefault(event.job.variant, VariantProgress())
        line.done += 1
        line.diverged += event.row.diverged
        if self.started is not None and event.job.phase != TRIAL:
            line.values.append(self.started.measure.of(event.row))
        if len(event.row.curve):
            line.curve = event.row.curve[:, TRAIN_LOSS].tolist()

    @property
    def urgent(self) -> bool:
        """Whether this was the last run."""
        return self.last is not None and self.last.done == self.last.total

    def render(self, width: int, seconds: float) -> RenderableType:
        """Return what a terminal of ``width`` columns shows ``seconds`` after the start."""
        if self.started is None or self.last is None:
            return Text("preparing")
        names, measure = self.started.names, self.started.measure
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("variant", no_wrap=True, overflow="ellipsis", max_width=max(12, width - 56))
        for name in ("runs", f"median {measure.split} {measure.name}", "diverged"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("last training loss", no_wrap=True)
        for index, name in list(enumerate(names))[:MAX_VARIANTS]:
            line = self.variants.get(index, VariantProgress())
            median = number(float(np.median(line.values))) if line.values else "–"
            diverged = str(line.diverged) if line.diverged else ""
            spark = Text(sparkline(line.curve), COLORS[index % len(COLORS)])
            table.add_row(Text(name), str(line.done), median, diverged, spark)
        if len(names) > MAX_VARIANTS:
            table.add_row(f"and {len(names) - MAX_VARIANTS} more")
        title = [Text(self.started.title, "bold")] if self.started.title else []
        return Group(*title, self._bar(self.last, width, seconds), table)

    def _bar(self, last: RunEnded, width: int, seconds: float) -> RenderableType:
        done, total, phase = last.done, last.total, last.job.phase
        left = f"{duration(seconds / self.executed * (total - done))} left" if self.executed and done < total else ""
        grid = Table.grid(padding=(0, 2))
        bar = ProgressBar(total, done, width=max(8, min(30, width - 50)))
        grid.add_row(f"run {done:,}/{total:,}", bar, PHASES[phase], left)
        return grid

    def line(self, seconds: float) -> str:
        """Return a line about the runs so far; empty before the first one."""
        if self.last is None:
            return ""
        title = f"{self.started.title}  " if self.started and self.started.title else ""
        return f"{title}run {self.last.done:,}/{self.last.total:,}  {PHASES[self.last.job.phase]}  {duration(seconds)}"


def sparkline(values: Sequence[float]) -> str:
    """Return a curve in one line of blocks, logarithmic if all its values are positive; only finite ones are drawn."""
    finite = np.array([value for value in values if np.isfinite(value)])
    if not finite.size:
        return ""
    finite = np.log(finite) if (finite > 0).all() else finite
    chosen = finite[np.linspace(0, finite.size - 1, min(SPARKLINE_WIDTH, finite.size)).astype(int)]
    span = np.ptp(chosen) or 1.0
    return "".join(BARS[int(level)] for level in (chosen - chosen.min()) / span * (len(BARS) - 1))
