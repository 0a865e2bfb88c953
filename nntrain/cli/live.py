"""Progress on standard error: a live display on a terminal, plain lines elsewhere, or nothing."""

from time import monotonic
from types import TracebackType
from typing import Protocol, Self

from rich.live import Live

from nntrain.cli.console import stderr_console
from nntrain.report.numbers import number
from nntrain.report.progress import Progress, plain_line
from nntrain.training.events import EpochEnded, Event, Finished, Started, StepsDone

FRAME_SECONDS = 0.125
FRAME_SHARE = 0.005  # of the time that drawing may take
LINE_SECONDS = 10.0


class Listener(Protocol):
    """Is told every event of a run, and notes beside them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def __call__(self, event: Event) -> None:
        """Take in an event."""

    def note(self, text: str) -> None:
        """Show a line of text."""

    def warn(self, text: str) -> None:
        """Show what went wrong, whatever else is shown."""


def listener_for(quiet: bool) -> Listener:
    """Return the listener that suits standard error."""
    if quiet:
        return Silent()
    return LiveProgress() if stderr_console().is_terminal else PlainProgress()


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Ignore an event."""

    def note(self, text: str) -> None:
        """Ignore a note."""

    def warn(self, text: str) -> None:
        """Print a warning."""
        stderr_console().print(f"nntrain: {text}", soft_wrap=True)


class PlainProgress(Silent):
    """A line for the first epoch, the last one, and one every ten seconds between them."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._shown: EpochEnded | None = None
        self._last: EpochEnded | None = None
        self._next = 0.0

    def __call__(self, event: Event) -> None:
        """Print a line if it is time for one."""
        if isinstance(event, Started):
            self._started = event
        if self._started is None:
            return
        if isinstance(event, EpochEnded):
            self._last = event
        if isinstance(event, StepsDone) and monotonic() >= self._next:
            total = self._started.steps_per_epoch
            self._print(f"epoch {event.epoch}  step {event.step_in_epoch:,}/{total:,}  train loss {number(event.loss)}")
        elif (
            self._last is not None
            and self._last is not self._shown
            and (isinstance(event, Finished) or monotonic() >= self._next)
        ):
            self._shown = self._last
            self._print(plain_line(self._last, self._started))

    def _print(self, text: str) -> None:
        self._next = monotonic() + LINE_SECONDS
        self.note(text)

    def note(self, text: str) -> None:
        """Print a line."""
        stderr_console().print(text, soft_wrap=True)


class LiveProgress(Silent):
    """A display that is drawn anew now and then, by whoever tells the events: no thread runs beside.

    That is eight times a second at most, and so seldom that drawing takes a small share of the time.
    """

    def __init__(self) -> None:
        self._console = stderr_console()
        self._progress = Progress()
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._began = self._next = monotonic()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Draw the event if it is time for it."""
        self._progress.take(event)
        now = monotonic()
        if isinstance(event, Started):
            self._began = now
        if now >= self._next or isinstance(event, Finished):
            self._live.update(self._progress.picture(self._console.width, now - self._began), refresh=True)
            self._next = now + max(FRAME_SECONDS, (monotonic() - now) / FRAME_SHARE)

    def note(self, text: str) -> None:
        """Show a line above the display."""
        self._console.print(text)
