"""Progress of a comparison on standard error: a live display on a terminal, plain lines elsewhere, or nothing."""

from collections.abc import Sequence
from time import monotonic
from typing import Protocol, Self

from rich.live import Live

from nntrain.cli.console import stderr_console
from nntrain.cli.live import FRAME_SECONDS, LINE_SECONDS
from nntrain.comparison.measure import Measure
from nntrain.comparison.protocol import RunEnded
from nntrain.report.compare_progress import Comparing


class Listener(Protocol):
    """Is told what is compared, every run, and notes beside them."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def begin(self, names: Sequence[str], measure: Measure) -> None:
        """Take in what is compared."""

    def __call__(self, event: RunEnded) -> None:
        """Take in a run."""

    def note(self, text: str) -> None:
        """Show a line of text."""


def listener_for(quiet: bool) -> Listener:
    """Return the listener that suits standard error."""
    if quiet:
        return Silent()
    return LiveComparing() if stderr_console().is_terminal else PlainComparing()


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def begin(self, names: Sequence[str], measure: Measure) -> None:
        """Ignore what is compared."""

    def __call__(self, event: RunEnded) -> None:
        """Ignore a run."""

    def note(self, text: str) -> None:
        """Ignore a note."""


class PlainComparing(Silent):
    """A line every ten seconds, and one for the last run."""

    def begin(self, names: Sequence[str], measure: Measure) -> None:
        """Remember what is compared."""
        self._comparing = Comparing(names, measure)
        self._began = self._shown = monotonic()

    def __call__(self, event: RunEnded) -> None:
        """Print a line if it is time for one."""
        self._comparing.take(event)
        now = monotonic()
        if now - self._shown >= LINE_SECONDS or event.done == event.total:
            self._shown = now
            self.note(self._comparing.plain(now - self._began))

    def note(self, text: str) -> None:
        """Print a line."""
        stderr_console().print(text, soft_wrap=True)


class LiveComparing(Silent):
    """A table that fills in, drawn anew eight times a second at most."""

    def __init__(self) -> None:
        self._console = stderr_console()
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop", transient=True)
        self._next = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def begin(self, names: Sequence[str], measure: Measure) -> None:
        """Remember what is compared."""
        self._comparing = Comparing(names, measure)
        self._began = monotonic()

    def __call__(self, event: RunEnded) -> None:
        """Draw the table if it is time for it."""
        self._comparing.take(event)
        now = monotonic()
        if now >= self._next or event.done == event.total:
            self._live.update(self._comparing.picture(self._console.width, now - self._began), refresh=True)
            self._next = now + FRAME_SECONDS

    def note(self, text: str) -> None:
        """Show a line above the table."""
        self._console.print(text)
