"""Progress on standard error: a live display on a terminal, plain lines elsewhere, or nothing."""

from time import monotonic
from typing import Any, Protocol, Self

from rich.console import RenderableType
from rich.live import Live

from nntrain.cli.console import stderr_console

FRAME_SECONDS = 0.125
FRAME_FRACTION = 0.005  # of the time that drawing may take
LINE_SECONDS = 10.0


class Progress(Protocol):
    """The progress of a run or of a comparison, according to its events so far."""

    def update(self, event: Any) -> None:
        """Take in an event."""

    @property
    def urgent(self) -> bool:
        """Whether the last event is shown at once, as the end of a run is."""

    def render(self, width: int, seconds: float) -> RenderableType:
        """Return what a terminal of ``width`` columns shows ``seconds`` after the start."""

    def line(self, seconds: float) -> str:
        """Return a line of text on what is new; empty if nothing is."""


class Listener(Protocol):
    """Receives the events of a run or comparison, and notes between them."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def __call__(self, event: Any) -> None:
        """Take in an event."""

    def replay(self, event: Any, seconds: float) -> None:
        """Take in an event from before the run was continued; it happened ``seconds`` after the start."""

    def note(self, text: str) -> None:
        """Show a line of text."""

    def warn(self, text: str) -> None:
        """Print a warning, even if nothing else is shown."""


def listener_for(progress: Progress, quiet: bool, keep: bool = True) -> Listener:
    """Return the listener that suits standard error.

    Args:
        progress: what is shown.
        quiet: show warnings only.
        keep: leave the live display's last picture on the terminal.
    """
    if quiet:
        return Silent()
    return LiveDisplay(progress, keep) if stderr_console().is_terminal else PlainLines(progress)


class Silent:
    """Shows nothing but warnings."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, event: Any) -> None:
        """Ignore an event."""

    def replay(self, event: Any, seconds: float) -> None:
        """Ignore an event."""

    def note(self, text: str) -> None:
        """Ignore a note."""

    def warn(self, text: str) -> None:
        """Print a warning."""
        stderr_console().print(f"nntrain: {text}", soft_wrap=True)


class PlainLines(Silent):
    """Prints a line at the start, at the end, and every ten seconds in between."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began: float | None = None
        self._next = 0.0

    def __call__(self, event: Any) -> None:
        """Print a line if one is due."""
        self._progress.update(event)
        now = monotonic()
        self._began = now if self._began is None else self._began
        if (now >= self._next or self._progress.urgent) and (text := self._progress.line(now - self._began)):
            self._next = now + LINE_SECONDS
            self.note(text)

    def replay(self, event: Any, seconds: float) -> None:
        """Take in an event without a line."""
        self._progress.update(event)
        self._began = monotonic() - seconds

    def note(self, text: str) -> None:
        """Print a line."""
        stderr_console().print(text, soft_wrap=True)


class LiveDisplay(Silent):
    """A display redrawn as events arrive, without a thread.

    It is drawn at most eight times a second, and less often where drawing would take more than a small fraction of the
    time.
    """

    def __init__(self, progress: Progress, keep: bool = True) -> None:
        self._progress, self._console = progress, stderr_console()
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop", transient=not keep)
        self._began: float | None = None
        self._next = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def __call__(self, event: Any) -> None:
        """Draw the picture if it is due."""
        self._progress.update(event)
        now = monotonic()
        self._began = now if self._began is None else self._began
        if now >= self._next or self._progress.urgent:
            self._live.update(self._progress.render(self._console.width, now - self._began), refresh=True)
            self._next = now + max(FRAME_SECONDS, (monotonic() - now) / FRAME_FRACTION)

    def replay(self, event: Any, seconds: float) -> None:
        """Take in an event without a picture."""
        self._progress.update(event)
        self._began = monotonic() - seconds

    def note(self, text: str) -> None:
        """Show a line above the picture."""
        self._console.print(text)
