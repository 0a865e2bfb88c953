"""The progress of a run, drawn for a given width or written as a line."""

from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nntrain.metrics import metric_label
from nntrain.report.braille import curves
from nntrain.report.curve import Curve
from nntrain.report.numbers import duration, number, percent
from nntrain.training.events import EpochEnded, Event, Finished, Started, Statistics, StepsDone

TRAIN, VALIDATION = "cyan", "magenta"
SIDE_BY_SIDE_WIDTH = 100  # minimum width in columns for curves beside the tables
CURVE_WIDTH, CURVE_HEIGHT = 46, 7
MAX_LAYERS = 8


@dataclass
class RunProgress:
    """What the events of a run have reported so far."""

    started: Started | None = None
    last: EpochEnded | None = None
    statistics: Statistics | None = None
    steps: StepsDone | None = None  # of the epoch in progress
    train: Curve = field(default_factory=Curve)
    validation: Curve = field(default_factory=Curve)
    finished: bool = False
    _written: EpochEnded | None = None

    def update(self, event: Event) -> None:
        """Update the progress with an event."""
        match event:
            case EpochEnded():
                self.last, self.steps = event, None
                self.statistics = event.statistics or self.statistics
                self.train.append(event.train_loss)
                if event.validation is not None:
                    self.validation.append(event.validation.loss)
            case StepsDone():
                self.steps = event
            case Started():
                self.started = event
            case Finished():
                self.steps, self.finished = None, True

    @property
    def urgent(self) -> bool:
        """Whether the run has ended."""
        return self.finished

    @property
    def done(self) -> float:
        """Epochs done, including the fraction of the one in progress."""
        if self.started is None:
            return 0.0
        fraction = self.steps.step_in_epoch / self.started.steps_per_epoch if self.steps else 0.0
        return (self.last.epoch if self.last else 0) + fraction

    def line(self, seconds: float) -> str:
        """Return a line about the last steps or the last epoch; empty if it has been written."""
        if self.started is None:
            return ""
        if self.steps is not None:
            done, total = self.steps.step_in_epoch, self.started.steps_per_epoch
            return f"epoch {self.steps.epoch}  step {done:,}/{total:,}  train loss {number(self.steps.loss)}"
        if self.last is None or self.last is self._written:
            return ""
        self._written = self.last
        return epoch_line(self.last, self.started)

    def render(self, width: int, seconds: float) -> RenderableType:
        """Return what a terminal of ``width`` columns shows ``seconds`` after the start."""
        if self.started is None:
            return Text("preparing")
        parts: list[RenderableType] = [_head(self.started), self._bar(self.started, width, seconds)]
        tables = Group(self._scores(self.started), "", self._layers(self.started))
        if width >= SIDE_BY_SIDE_WIDTH:
            grid = Table.grid(padding=(0, 4))
            grid.add_row(tables, self._curves(CURVE_WIDTH))
            return Group(*parts, grid)
        return Group(*parts, tables, self._curves(min(width, CURVE_WIDTH + 9)))

    def _bar(self, started: Started, width: int, seconds: float) -> RenderableType:
        done = self.done
        running = not self.finished and done < started.epochs
        left = f"{duration(seconds / done * (started.epochs - done))} left" if running and done else ""
        facts = [f"epoch {int(done) + running}/{started.epochs}", left]
        if self.last is not None:
            facts += [f"{self.last.samples_per_second:,.0f} samples/s", f"lr {self.last.learning_rate:.3g}"]
        side = "  ".join(filter(None, facts[1:]))
        size = max(8, min(30, width - 66))
        bar = ProgressBar(started.epochs, done, width=size)
        grid = Table.grid(padding=(0, 2))
        if len(facts[0]) + size + len(side) + 4 <= width:
            grid.add_row(facts[0], bar, side)
            return grid
        grid.add_row(facts[0], bar)
        return Group(grid, Text(side))

    def _scores(self, started: Started) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("")
        table.add_column("loss", justify="right", min_width=9)
        table.add_column(metric_label(started.metric), justify="right", min_width=9)
        probe = self.statistics.train.metric if self.statistics else None
        loss = number(self.train.last) if len(self.train) else "–"
        table.add_row(Text("train", TRAIN), loss, number(probe))
        if "validation" in started.rows:
            scores = self.last.validation if self.last else None
            values = ("–", "–") if scores is None else (number(scores.loss), number(scores.metric))
            table.add_row(Text("validation", VALIDATION), *values)
        return table

    def _layers(self, started: Started) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("layer", no_wrap=True)
        table.add_column("gradient norm", justify="right")
        table.add_column("dead", justify="right")
        measured = self.statistics.layers if self.statistics else (None,) * len(started.layers)
        for facts, layer in list(zip(started.layers, measured, strict=True))[:MAX_LAYERS]:
            dead = layer.dead if layer else None
            norm = number(layer.gradient_norm) if layer else "–"
            table.add_row(facts.label, norm, Text(percent(dead), "red" if dead else ""))
        if len(started.layers) > MAX_LAYERS:
            table.add_row(f"and {len(started.layers) - MAX_LAYERS} more", "", "")
        return table

    def _curves(self, width: int) -> Text:
        series = [(TRAIN, self.train.values)]
        if len(self.validation):
            series.append((VALIDATION, self.validation.values))
        return curves(series, width, CURVE_HEIGHT)


def _head(started: Started) -> Text:
    widths = "→".join(map(str, [started.layers[0].n_in, *(layer.n_out for layer in started.layers)]))
    parameters = sum(layer.parameters for layer in started.layers)
    rows = ", ".join(f"{count:,} {part}" for part, count in started.rows.items())
    return Text.assemble((started.name, "bold"), f"  {widths}, {parameters:,} parameters; rows: {rows}")


def epoch_line(event: EpochEnded, started: Started) -> str:
    """Return an epoch as a line of text."""
    line = f"epoch {event.epoch}/{started.epochs}  train loss {number(event.train_loss)}"
    if event.validation is not None:
        metric = metric_label(started.metric)
        line += f"  validation loss {number(event.validation.loss)}  {metric} {number(event.validation.metric)}"
    return f"{line}  lr {event.learning_rate:.3g}  gradient norm {number(event.gradient_norm)}"
