"""Ctrl-C, SIGTERM and SIGHUP: a run ends where its result can be saved, everything else ends at once."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from time import monotonic
from types import FrameType, TracebackType
from typing import Self

from nntrain.errors import Status

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
GRACE_SECONDS = 0.5  # time after the first signal in which a second Ctrl-C is ignored
REPEAT_SECONDS = 0.02  # delay before a lost signal is repeated
Handler = Callable[[int, FrameType | None], None]


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command.

    Attributes:
        number: of the signal.
        status: the exit status: 128 plus that number, as shells report it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number, self.status = number, Status(128 + number)


@contextmanager
def handling(handler: Handler) -> Iterator[None]:
    """While entered, call ``handler`` on each of these signals.

    An ignored signal stays ignored, as nohup and a shell's ``&`` request.
    """
    wanted = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.getsignal(number) for number in wanted}
    try:
        for number in wanted:
            signal.signal(number, handler)
        yield
    finally:
        for number, handler_before in before.items():
            if handler_before is not None:  # None: not set by Python
                signal.signal(number, handler_before)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let a signal raise Interrupted while entered."""
    hook_before = sys.unraisablehook

    def raise_again(lost: "sys.UnraisableHookArgs") -> None:
        """Repeat a signal whose exception was lost because it came while Python ran a callback."""
        if isinstance(lost.exc_value, Interrupted):
            Timer(REPEAT_SECONDS, signal.raise_signal, [lost.exc_value.number]).start()
        else:
            hook_before(lost)

    sys.unraisablehook = raise_again
    try:
        with handling(_interrupt):
            yield
    except BaseException as error:
        signalled = _behind(error)
        if signalled is None:
            raise
        raise signalled from None
    finally:
        sys.unraisablehook = hook_before


def _behind(error: BaseException | None) -> Interrupted | None:
    """Return the signal that caused an error: Typer, and Python while creating a class, replace the exception."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return error


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


class Interrupts:
    """While entered, a first signal only sets a flag.

    Until ``wanted`` is first called there is nothing to save, and a signal raises Interrupted. Afterwards a second
    signal raises it only if ``insist`` is set; otherwise it is ignored, so that the model is saved. With ``insist``, a
    Ctrl-C within ``grace`` seconds of the first signal is ignored too: a program that passes signals on makes them
    arrive twice.
    """

    def __init__(self, insist: bool = False, grace: float = 0.0) -> None:
        self._insist, self._grace = insist, grace
        self._first_at = 0.0
        self._number: int | None = None
        self._anyone_listens = False
        self._handling = handling(self._ask)

    def __enter__(self) -> Self:
        self._handling.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._handling.__exit__(kind, error, traceback)

    def wanted(self) -> bool:
        """Return whether there was a signal.

        Raises:
            Interrupted: if the signal came before the first call, and its exception was lost in a callback.
        """
        if self._number is not None and not self._anyone_listens:
            raise Interrupted(self._number)
        self._anyone_listens = True
        return self._number is not None

    @property
    def status(self) -> Status:
        """The exit status of a command that the first signal has ended."""
        return Status.INTERRUPTED if self._number is None else Status(128 + self._number)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = monotonic()
        if self._number is None:
            self._number, self._first_at = number, now
            insists = False
        else:
            insists = self._insist and now >= self._first_at + self._grace
        if not self._anyone_listens or insists:
            raise Interrupted(number)
