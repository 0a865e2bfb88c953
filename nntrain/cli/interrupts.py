"""Ctrl-C and SIGTERM: the first asks the run to end where it can be kept, the second ends it at once."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While entered, a first signal only sets a flag; a second raises KeyboardInterrupt.

    Until ``wanted`` is first called there is nothing to keep, and nobody who would end anything: the first raises too.
    """

    def __enter__(self) -> Self:
        self._asked, self._anyone_listens = False, False
        self._before: dict[signal.Signals, Any] = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wanted(self) -> bool:
        """Whether a signal has come."""
        self._anyone_listens = True
        return self._asked

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked or not self._anyone_listens:
            raise KeyboardInterrupt
        self._asked = True
